//! Logging in: «Mon espace personnel».

use platform::config::LoginProof;
use serde_json::json;

use crate::support::{
    Answer, App, EMAIL, Fault, OTHER_PASSWORD, PASSWORD, SIRET, cookie, identifier_in, token,
};

#[tokio::test]
async fn after_three_failures_a_proof_is_asked_for() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    for _ in 0..3 {
        let wrong = app.login(&identifier, "ce n'est pas lui").await;
        assert_eq!((wrong.status, wrong.problem()), (401, "wrong-credentials"));
    }
    let asked = app.login(&identifier, PASSWORD).await;
    assert_eq!((asked.status, asked.problem()), (403, "proof-required"), "even with the right password");
    let form = json!({"identifier": identifier, "password": PASSWORD});
    let proven = app.post_proven("/api/session", "session", form).await;
    assert_eq!(proven.status, 200, "{}", proven.body);
    assert_eq!(app.login(&identifier, PASSWORD).await.status, 200, "success forgets the failures");
}

#[tokio::test]
async fn failures_expire_after_fifteen_minutes() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    for _ in 0..4 {
        app.login(&identifier, "ce n'est pas lui").await;
    }
    app.wait_minutes(16);
    assert_eq!(app.login(&identifier, PASSWORD).await.status, 200, "expired, though not swept");
}

#[tokio::test]
async fn one_proof_buys_one_guess() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    for _ in 0..3 {
        app.login(&identifier, "ce n'est pas lui").await;
    }
    let proof = app.proof("session").await;
    let guess = |password: &str| json!({"identifier": identifier, "password": password, "proof": proof});
    assert_eq!(app.post("/api/session", &guess("premier essai")).await.status, 401);
    let other = app.post("/api/session", &guess("deuxième essai")).await;
    assert_eq!((other.status, other.problem()), (409, "proof-already-used"));
}

#[tokio::test]
async fn a_proof_sent_many_times_counts_as_one_guess() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let proof = app.proof("session").await;
    let form = json!({"identifier": identifier, "password": "ce n'est pas lui", "proof": proof});
    for _ in 0..5 {
        assert_eq!(app.post("/api/session", &form).await.problem(), "wrong-credentials");
    }
    assert_eq!(app.rows("ATTEMPTS#")[0]["guesses"]["N"], "1");
}

#[tokio::test]
async fn an_attempt_whose_answer_is_lost_on_the_way_to_us_counts_once() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    for attempts in 1..=2 {
        // The account is read; the count is written, and its answer lost twice.
        app.table.let_one_pass();
        app.table.plan([Fault::AnswerLost; 2]);
        assert_eq!(app.login(&identifier, "ce n'est pas lui").await.status, 401);
        assert_eq!(app.rows("ATTEMPTS#")[0]["attempts"]["N"], attempts.to_string());
    }
    app.wait_seconds(16 * 60);
    app.table.let_one_pass();
    // The window is over: the count is refused, and the one that begins anew loses its answer.
    app.table.let_one_pass();
    app.table.plan([Fault::AnswerLost]);
    assert_eq!(app.login(&identifier, "ce n'est pas lui").await.status, 401);
    let row = &app.rows("ATTEMPTS#")[0];
    assert_eq!((&row["attempts"]["N"], &row["guesses"]["N"]), (&json!("1"), &json!("3")));
}

#[tokio::test]
async fn guesses_made_at_once_are_all_counted() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let guess = || app.login(&identifier, "ce n'est pas lui");
    let answers = tokio::join!(guess(), guess(), guess(), guess(), guess(), guess(), guess(), guess());
    let mut statuses = <[Answer; 8]>::from(answers).map(|answer| answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [401, 401, 401, 403, 403, 403, 403, 403]);
}

#[tokio::test]
async fn an_address_is_no_identifier() {
    let app = App::new();
    let refused = app.login(EMAIL, PASSWORD).await;
    assert_eq!(refused.faults(), ["identifier:identifier-is-an-email"]);
}

#[tokio::test]
async fn a_session_lasts_eight_hours() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let login = app.login(&identifier, PASSWORD).await;
    let set = login.headers["set-cookie"].to_str().unwrap();
    assert!(set.ends_with("; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict"), "{set}");
    let cookie = cookie(&login);
    app.wait_minutes(8 * 60 - 1);
    assert_eq!(app.with_cookie("GET", "/api/session", &cookie).await.status, 200);
    app.wait_minutes(2);
    assert_eq!(app.with_cookie("GET", "/api/session", &cookie).await.status, 401);
}

#[tokio::test]
async fn an_account_that_waits_for_its_activation_cannot_log_in() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let mail = app.next_mail().await;
    assert_eq!(app.login(identifier_in(&mail), PASSWORD).await.problem(), "wrong-credentials");
}

#[tokio::test]
async fn a_login_asked_again_with_its_proof_is_the_same_session() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    for _ in 0..3 {
        app.login(&identifier, "ce n'est pas lui").await;
    }
    let proof = app.proof("session").await;
    let form = json!({"identifier": identifier, "password": PASSWORD, "proof": proof});
    // The first success deletes the count; its answer is lost, and the next attempts fail again.
    let first = app.post("/api/session", &form).await;
    for _ in 0..3 {
        app.login(&identifier, "ce n'est pas lui").await;
    }
    let again = app.post("/api/session", &form).await;
    assert_eq!((first.status, cookie(&first)), (again.status, cookie(&again)));
    assert_eq!(app.rows("SESSION#").len(), 2, "the activation's, and this one");
}

#[tokio::test]
async fn a_hundred_guesses_close_an_identifier_to_passwords_until_a_link_opens_it() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.close_to_passwords(&identifier).await;
    let form = json!({"identifier": identifier, "password": PASSWORD});
    let closed = app.post_proven("/api/session", "session", form).await;
    assert_eq!((closed.status, closed.problem()), (429, "too-many-attempts"), "even with the right password");
    let seconds: u64 = closed.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((86_000..=86_401).contains(&seconds), "{seconds}");
    let told = app.next_mail().await;
    assert!(told.subject.contains("Trop d'essais") && told.to == [EMAIL]);
    assert_eq!(app.login(&identifier, PASSWORD).await.status, 429);
    assert_eq!(app.deliver().await, 0, "told once");

    app.recover_password(&identifier).await;
    let link = token(&app.next_mail().await);
    assert_eq!(app.set_password(&link, OTHER_PASSWORD).await.status, 200);
    assert_eq!(app.login(&identifier, OTHER_PASSWORD).await.status, 200, "the link opens it at once");
}

#[tokio::test]
async fn a_closed_identifier_looks_the_same_whether_or_not_it_exists() {
    let app = App::new();
    app.close_to_passwords("AP-7K3M-Q2FD").await;
    assert_eq!(app.login("AP-7K3M-Q2FD", PASSWORD).await.problem(), "too-many-attempts");
    app.deliver().await;
    assert_eq!(app.mail_states(), ["no_recipient"]);
    let proof = app.proof("session").await;
    let proven = json!({"identifier": "AP-7K3M-Q2FD", "password": PASSWORD, "proof": proof});
    for _ in 0..3 {
        let refused = app.post("/api/session", &proven).await;
        assert_eq!(refused.problem(), "too-many-attempts", "nor does the same request pass again");
    }
    app.wait_minutes(24 * 60 + 1);
    assert_eq!(app.login("AP-7K3M-Q2FD", PASSWORD).await.status, 401, "expired, though not swept");
}

#[tokio::test]
async fn under_attack_every_login_asks_for_a_proof_before_anything_is_written() {
    let app = App::with(None, LoginProof::Always);
    let identifier = app.account(SIRET, EMAIL).await;
    app.table.calls();
    assert_eq!(app.login(&identifier, PASSWORD).await.problem(), "proof-required");
    assert!(app.table.calls().is_empty(), "a stranger has nothing written or read");
    let form = json!({"identifier": identifier, "password": PASSWORD});
    assert_eq!(app.post_proven("/api/session", "session", form).await.status, 200);
}

#[tokio::test]
async fn an_attempt_without_the_proof_that_is_due_is_not_counted() {
    let app = App::new();
    for _ in 0..9 {
        app.login("AP-7K3M-Q2FD", PASSWORD).await;
    }
    assert_eq!(app.rows("ATTEMPTS#")[0]["guesses"]["N"], "3");
}

#[tokio::test]
async fn a_session_of_an_account_that_is_not_active_is_none() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let session = cookie(&app.login(&identifier, PASSWORD).await);
    app.operate(
        "UpdateItem",
        &json!({
            "TableName": sesame::emulator::TABLE,
            "Key": {"pk": {"S": format!("ACCOUNT#{identifier}")}, "sk": {"S": "ACCOUNT"}},
            "UpdateExpression": "SET is_active = :no",
            "ExpressionAttributeValues": {":no": {"BOOL": false}},
        }),
    );
    assert_eq!(app.with_cookie("GET", "/api/session", &session).await.problem(), "no-session");
}
