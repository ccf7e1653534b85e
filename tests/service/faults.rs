//! Faults of the table: retried, mapped to 503 or 500, never answered with success.

use serde_json::json;

use crate::support::{App, EMAIL, Fault, PASSWORD, SIRET, application, token};

#[tokio::test]
async fn a_throttled_table_is_tried_again() {
    let app = App::new();
    app.table.plan([Fault::Throttled]);
    assert_eq!(app.recover_password("AP-7K3M-Q2FD").await.status, 202);
    assert_eq!(app.rows("MAIL#").len(), 1);
}

#[tokio::test]
async fn a_table_that_stays_throttled_is_a_503_that_says_when_to_come_back() {
    let app = App::new();
    let proof = app.proof("recover").await;
    app.table.plan([Fault::Throttled; 3]);
    let form = json!({"identifier": "AP-7K3M-Q2FD", "proof": proof});
    let refused = app.post("/api/recover/password", &form).await;
    assert_eq!((refused.status, refused.problem()), (503, "unavailable"));
    assert_eq!(refused.headers["retry-after"], "5");
    assert!(app.rows("MAIL#").is_empty(), "nothing answers success when nothing is written");
    assert_eq!(app.post("/api/recover/password", &form).await.status, 202, "the same proof serves again");
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_is_found_again() {
    let app = App::new();
    let mut form = application(SIRET, EMAIL);
    form["proof"] = app.proof("create-account").await.into();
    // What is known of the address's domain is read before.
    app.table.let_one_pass();
    app.table.plan([Fault::AnswerLost]);
    assert_eq!(app.post("/api/create-account", &form).await.status, 202);
    assert_eq!(app.rows("ACCOUNT#").len(), 1);
    assert_eq!(app.deliver().await, 1);
}

#[tokio::test]
async fn a_password_set_whose_answer_is_lost_is_not_called_used() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let token = token(&app.next_mail().await);
    app.table.let_one_pass();
    app.table.plan([Fault::AnswerLost]);
    let set = app.set_password(&token, PASSWORD).await;
    assert_eq!(set.status, 200, "the transaction that is tried again meets its own work");
    assert_eq!(app.rows("MAIL#").len(), 2, "one mail of welcome");
}

#[tokio::test]
async fn a_single_write_is_retried_while_a_transaction_holds_its_row() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    // The account is read, the attempt counted; a login elsewhere holds the count.
    app.table.let_one_pass();
    app.table.plan([Fault::Conflict; 2]);
    assert_eq!(app.login(&identifier, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn conflicts_with_another_transaction_are_tried_again_and_end() {
    let app = App::new();
    app.table.plan([Fault::Conflict; 2]);
    assert_eq!(app.recover_password("AP-7K3M-Q2FD").await.status, 202);
    let proof = app.proof("recover").await;
    app.table.plan([Fault::Conflict; 6]);
    let form = json!({"identifier": "AP-7K3M-Q2FD", "proof": proof});
    assert_eq!(app.post("/api/recover/password", &form).await.problem(), "unavailable");
    assert_eq!(app.post("/api/recover/password", &form).await.status, 202);
}

#[tokio::test]
async fn throttling_inside_a_transaction_is_tried_again_like_a_conflict_and_ends() {
    let app = App::new();
    app.table.plan([Fault::ThrottledInside, Fault::BeyondCapacityInside]);
    assert_eq!(app.recover_password("AP-7K3M-Q2FD").await.status, 202);
    let proof = app.proof("recover").await;
    app.table.plan([Fault::ThrottledInside; 6]);
    let form = json!({"identifier": "AP-7K3M-Q2FD", "proof": proof});
    let refused = app.post("/api/recover/password", &form).await;
    assert_eq!((refused.status, refused.problem()), (503, "unavailable"), "six tries, then later");
    assert_eq!(refused.headers["retry-after"], "5");
    assert_eq!(app.post("/api/recover/password", &form).await.status, 202);
}

#[tokio::test]
async fn a_request_has_one_deadline_for_all_of_its_calls() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.table.calls();
    app.table.plan([Fault::Slow]);
    let late = app.login(&identifier, PASSWORD).await;
    assert_eq!((late.status, late.problem()), (503, "unavailable"));
    let calls = app.table.calls();
    assert!(
        !calls.contains(&"TransactWriteItems".to_owned()),
        "nothing is begun after the deadline: {calls:?}"
    );
    assert_eq!(app.login(&identifier, PASSWORD).await.status, 200);
}
