//! Grants: a function does what it states and nothing else, and states nothing in vain.

use std::collections::BTreeSet;

use platform::function::Operation;
use serde_json::json;
use sesame::functions::ALL;
use sesame::grants::Caller;

use crate::support::{App, EMAIL, OTHER_PASSWORD, OTHER_SIRET, SIRET, code, cookie, ticket, token};
use crate::{agents, desk, mandates, me, presence, space, succession, successors};

/// One story that uses every grant: an account is opened, lost, found, guessed at, used and left. `look` is
/// called on the way.
pub async fn story(app: &App, mut look: impl FnMut(&App)) {
    let form = json!({"siret": SIRET, "accept_terms": true});
    app.post_proven("/api/check-siret", "check-siret", form).await;
    app.apply(SIRET, EMAIL).await;
    let applied = token(&app.next_mail().await);
    look(app);
    assert_eq!(app.post("/api/link", &json!({"token": applied})).await.body["state"], "open");
    app.post_proven("/api/link/renew", "recover", json!({"token": applied})).await;
    app.deliver().await;
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_identifier(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let link = token(&app.next_mail().await);
    assert_eq!(app.post("/api/link", &json!({"token": link})).await.body["state"], "open");
    assert_eq!(app.set_password(&link, OTHER_PASSWORD).await.status, 200);
    app.close_to_passwords(&identifier).await;
    look(app);
    app.wait_minutes(24 * 60);
    let form = json!({"identifier": identifier, "password": OTHER_PASSWORD});
    let login = app.post_proven("/api/session", "session", form).await;
    assert_eq!(login.status, 200, "{}", login.body);
    let cookie = cookie(&login);
    look(app);
    assert_eq!(app.with_cookie("GET", "/api/session", &cookie).await.status, 200);
    let journal = format!("/api/space/journal?siret={SIRET}");
    assert_eq!(app.with_cookie("GET", &journal, &cookie).await.status, 200);
    assert_eq!(app.with_cookie("DELETE", "/api/session", &cookie).await.status, 204);
    let submission = ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70");
    app.post_proven("/api/submit-ticket", "submit-ticket", submission).await;
    app.get("/api/notices").await;
    app.deliver().await;
    app.fill_agency_quota().await;
    let another = || ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f71");
    app.post_proven("/api/submit-ticket", "submit-ticket", another()).await;
    app.takes_no_mail("exmple.fr");
    app.apply(OTHER_SIRET, "jeanne@exmple.fr").await;
    app.deliver().await;
    assert_eq!(app.apply(OTHER_SIRET, "jeanne@exmple.fr").await.status, 422);
    let mistyped = json!({"email": "jeanne@exmple.fr", "submission": "0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f72"});
    let mut form = another();
    form.as_object_mut().unwrap().extend(mistyped.as_object().unwrap().clone());
    assert_eq!(app.post_proven("/api/submit-ticket", "submit-ticket", form).await.status, 422);
    app.wait_minutes(17);
    app.deliver().await;
    look(app);
    follow_mails(app).await;
    look(app);
    space::story(app).await;
    me::story(app).await;
    mandates::story(app).await;
    look(app);
    successors::story(app).await;
    desk::story(app).await;
    look(app);
    agents::story(app, &mut look).await;
    succession::story(app).await;
    look(app);
    // A year passes: last.
    presence::story(app).await;
    look(app);
}

/// A mail that comes back, a corrected address, a code, the health of a domain, a banner of delays.
async fn follow_mails(app: &App) {
    let applied = app.apply(OTHER_SIRET, "jeanne@inconnu.example").await;
    let mail = applied.body["mail"].as_str().unwrap().to_owned();
    assert_eq!(app.mail(&mail).await["state"], "queued");
    app.deliver().await;
    app.wait_seconds(3);
    app.track().await;
    assert_eq!(app.mail(&mail).await["state"], "bounced");
    assert_eq!(app.correct(&mail, "jeanne@exmple.fr").await.status, 422);
    assert_eq!(app.correct(&mail, EMAIL).await.status, 202);
    let code = code(&app.next_mail().await);
    let wrong = json!({"code": "0000-0000", "siret": OTHER_SIRET, "password": OTHER_PASSWORD});
    assert_eq!(app.post("/api/set-password", &wrong).await.status, 404);
    let form = json!({"code": code, "siret": OTHER_SIRET, "password": OTHER_PASSWORD});
    assert_eq!(app.post("/api/set-password", &form).await.status, 200);
    assert_eq!(app.get("/api/delivery?domain=exemple.fr").await.status, 200);
    for minutes in [61, 6] {
        app.apply("41816609600069", EMAIL).await;
        app.wait_minutes(minutes);
        app.deliver().await;
    }
    app.apply("41816609600069", EMAIL).await;
    app.wait_minutes(6);
    app.portal.tracker.judge_alarm().await;
    app.deliver().await;
    app.portal.tracker.judge_alarm().await;
}

#[tokio::test]
async fn no_grant_is_there_in_vain() {
    let app = App::paced();
    story(&app, |_| ()).await;
    for (function, caller) in app.portal.callers() {
        let stated: BTreeSet<_> = function.grants.iter().copied().collect();
        assert_eq!(stated.len(), function.grants.len(), "{} states a grant twice", function.name);
        let idle: Vec<_> = stated.difference(&caller.used()).copied().collect();
        assert!(idle.is_empty(), "no story has {} use {idle:?}", function.name);
    }
}

#[tokio::test]
async fn what_no_grant_covers_is_refused_before_the_database() {
    let app = App::new();
    let key = |pk: &str| json!({"pk": {"S": pk}, "sk": {"S": "ACCOUNT"}});
    let get = |pk: &str| json!({"TableName": sesame::emulator::TABLE, "Key": key(pk)});
    let recover = ALL.iter().find(|function| function.name == "recover").unwrap();
    let caller = Caller::function(recover);
    let asked = |operation: &str, request: &serde_json::Value| {
        let target = format!("DynamoDB_20120810.{operation}");
        app.portal.emulator.answer(&caller, &target, request.to_string().as_bytes())
    };
    let denied = asked("GetItem", &get("ACCOUNT#AP-7K3M-Q2FD"));
    assert_eq!(denied.status, 400);
    assert!(
        denied.body.contains("#AccessDeniedException") && !denied.body.contains("7K3M"),
        "{}",
        denied.body
    );
    for operation in ["Scan", "BatchWriteItem", "DeleteTable"] {
        assert!(asked(operation, &json!({})).body.contains("#AccessDeniedException"), "{operation}");
    }
    let put = |pk: &str| json!({"Put": {"TableName": sesame::emulator::TABLE, "Item": key(pk)}});
    let transaction = json!({"TransactItems": [put("MAIL#1"), put("ACCOUNT#1")]});
    assert!(asked("TransactWriteItems", &transaction).body.contains("#AccessDeniedException"));
    assert!(app.rows("MAIL#").is_empty(), "nothing of a refused transaction is written");
    assert_eq!(asked("GetItem", &get("WARMUP")).status, 200, "the read that warms the connection");
    assert!(caller.used().iter().all(|grant| grant.operation != Operation::DeleteItem));
}
