//! Opening a link tells what it is good for and uses nothing up; a dead one is renewed by its own token.

use domain::mail::RECOVERY_MAILS_MAX;
use serde_json::{Value, json};

use crate::support::{Answer, App, EMAIL, OTHER_PASSWORD, PASSWORD, SIRET, token};

async fn open(app: &App, token: &str) -> Answer {
    app.post("/api/link", &json!({"token": token})).await
}

async fn renew(app: &App, token: &str) -> Answer {
    app.post_proven("/api/link/renew", "recover", json!({"token": token})).await
}

/// Purpose, state, and whether another account is said to exist.
async fn state(app: &App, token: &str) -> (String, String, Value) {
    let shown = open(app, token).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.body["establishment_name"], "Boulangerie du Marché");
    let text = |name: &str| shown.body[name].as_str().unwrap().to_owned();
    (text("purpose"), text("state"), shown.body["account"].clone())
}

fn is(purpose: &str, state: &str) -> (String, String, Value) {
    (purpose.to_owned(), state.to_owned(), Value::Null)
}

#[tokio::test]
async fn an_opened_link_tells_what_it_is_good_for_and_changes_nothing() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let link = token(&app.next_mail().await);
    let (before, valid_until) = (app.rows(""), app.rows("LINK#")[0]["valid_until"]["N"].clone());
    app.table.calls();
    let shown = open(&app, &link).await;
    assert_eq!(app.table.calls(), ["GetItem"; 3]);
    assert_eq!(shown.headers["cache-control"], "no-store");
    let until: domain::time::Timestamp = shown.body["until"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.as_second().to_string(), valid_until);
    let names: Vec<&String> = shown.body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["establishment_name", "purpose", "state", "until"]);
    for _ in 0..3 {
        assert_eq!(state(&app, &link).await, is("activation", "open"));
    }
    assert_eq!(app.rows(""), before, "a scanner that runs scripts writes nothing");
    assert_eq!(app.set_password(&link, PASSWORD).await.status, 200);
    assert_eq!(state(&app, &link).await, is("activation", "used"));
}

#[tokio::test]
async fn an_expired_link_is_told_before_a_password_is_invented_and_one_whose_row_has_expired_is_unknown() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let link = token(&app.next_mail().await);
    assert_eq!(state(&app, &link).await, is("recovery", "open"));
    app.wait_minutes(61);
    assert_eq!(state(&app, &link).await, is("recovery", "expired"));
    app.wait_minutes(8 * 24 * 60);
    let unknown = open(&app, &link).await;
    assert_eq!((unknown.status, unknown.problem()), (404, "link-unknown"), "its row is not swept yet");
    assert_eq!(open(&app, "AP-7K3M-Q2FD").await.problem(), "link-unknown");
    assert_eq!(renew(&app, &link).await.problem(), "link-unknown");
}

#[tokio::test]
async fn a_link_that_another_one_of_its_account_killed_is_told_used() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let first = token(&app.next_mail().await);
    app.recover_password(&identifier).await;
    let second = token(&app.next_mail().await);
    app.set_password(&second, OTHER_PASSWORD).await;
    assert_eq!(state(&app, &first).await, is("recovery", "used"));
    app.wait_minutes(120);
    assert_eq!(state(&app, &first).await, is("recovery", "used"), "used is said before expired");
}

#[tokio::test]
async fn a_link_whose_establishment_somebody_else_activated_says_so() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let late = token(&app.next_mail().await);
    app.account(SIRET, "collegue@exemple.fr").await;
    let told = ("activation".to_owned(), "used".to_owned(), json!("exists"));
    assert_eq!(state(&app, &late).await, told);
    assert_eq!(app.set_password(&late, PASSWORD).await.problem(), "establishment-has-account");
    assert_eq!(state(&app, &late).await, told, "also once it was refused");
}

#[tokio::test]
async fn the_link_of_an_application_that_has_expired_is_told_expired() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    // The mail waits until shortly before the end.
    app.wait_minutes(7 * 24 * 60 - 10);
    let link = token(&app.next_mail().await);
    app.wait_minutes(20);
    assert_eq!(state(&app, &link).await, is("activation", "expired"));
    assert_eq!(renew(&app, &link).await.status, 202, "the answer tells nothing of the account");
    app.deliver().await;
    assert_eq!(app.mail_states(), ["sent", "no_recipient"]);
}

#[tokio::test]
async fn a_dead_link_is_renewed_by_its_own_token() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let expired = token(&app.next_mail().await);
    app.wait_minutes(61);
    let asked = renew(&app, &expired).await;
    assert_eq!((asked.status, asked.body), (202, json!({"valid_minutes": 60})));
    let mail = app.next_mail().await;
    assert_eq!(mail.to, [EMAIL]);
    let activation = token(&mail);
    assert_eq!(app.set_password(&activation, PASSWORD).await.status, 200);
    app.deliver().await;

    // The link that opened the account leads back into it.
    assert_eq!(renew(&app, &activation).await.status, 202);
    let recovery = token(&app.next_mail().await);
    assert_eq!(state(&app, &recovery).await, is("recovery", "open"));
    assert_eq!(app.set_password(&recovery, OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn renewing_answers_and_works_as_a_recovery_does() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let link = token(&app.next_mail().await);
    let mut form = json!({"token": link});
    form["proof"] = app.proof("recover").await.into();
    app.table.calls();
    let first = app.post("/api/link/renew", &form).await;
    assert_eq!(app.table.calls(), ["GetItem", "TransactWriteItems"]);
    let again = app.post("/api/link/renew", &form).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body), "the same proof, the same request");
    assert_eq!(app.deliver().await, 1);
    // Counted together with those that are asked for by the identifier.
    for _ in 0..RECOVERY_MAILS_MAX {
        assert_eq!(renew(&app, &link).await.status, 202);
    }
    app.deliver().await;
    let states = app.mail_states();
    assert_eq!(states.iter().filter(|state| *state == "suppressed").count(), 2, "{states:?}");
}

#[tokio::test]
async fn an_unknown_link_is_not_renewed_and_its_proof_is_not_spent() {
    let app = App::new();
    let proof = app.proof("recover").await;
    let unknown = json!({"token": "0".repeat(52), "proof": proof});
    let refused = app.post("/api/link/renew", &unknown).await;
    assert_eq!((refused.status, refused.problem()), (404, "link-unknown"));
    let elsewhere = json!({"identifier": "AP-7K3M-Q2FD", "proof": proof});
    assert_eq!(app.post("/api/recover/password", &elsewhere).await.status, 202);
    let unproven = json!({"token": "0".repeat(52), "proof": "x"});
    assert_eq!(app.post("/api/link/renew", &unproven).await.problem(), "proof-rejected");
}
