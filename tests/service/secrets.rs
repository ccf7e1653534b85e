//! No log line and no key holds an address, a phone number, a name, a password or a token.

use crate::support::{App, EMAIL, Fault, LOG, PASSWORD, SIRET, ticket, token};

#[tokio::test]
async fn nothing_personal_reaches_the_log_or_a_key() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.ses.plan([Fault::Throttled]);
    app.deliver().await;
    app.wait_seconds(31);
    let activation = token(&app.next_mail().await);
    let identifier =
        app.set_password(&activation, PASSWORD).await.body["identifier"].as_str().unwrap().to_owned();
    let login = app.login(&identifier, PASSWORD).await;
    let session = crate::support::cookie(&login);
    let (_, session) = session.split_once('=').unwrap();
    app.with_cookie("GET", "/api/session", session).await;
    app.recover_identifier(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    app.post_proven("/api/submit-ticket", "submit-ticket", ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70"))
        .await;
    app.deliver().await;
    app.table.plan([Fault::Throttled; 3]);
    app.recover_password(&identifier).await;
    app.post_text(
        "/api/recover/password?email=jeanne.martin@exemple.fr",
        "{\"email\": \"jeanne.martin@exemple.fr\"",
    )
    .await;
    app.get("/api/jeanne.martin@exemple.fr").await;

    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("\"route\":\"POST /api/create-account\"") && log.contains("\"outcome\":\"unavailable\"")
    );
    let keys: String =
        app.rows("").iter().map(|row| format!("{} {}\n", row["pk"]["S"], row["sk"]["S"])).collect();
    let reset = app
        .mails()
        .iter()
        .filter(|mail| mail.text.contains("/mot-de-passe/#"))
        .map(token)
        .collect::<Vec<_>>();
    let mut secrets = vec![
        EMAIL,
        "exemple.fr",
        PASSWORD,
        "Jeanne",
        "Martin",
        "Boulangerie",
        "23456789",
        "23 45 67 89",
        session,
        "Ma collègue",
        activation.as_str(),
    ];
    secrets.extend(reset.iter().map(String::as_str));
    for secret in secrets {
        assert!(!log.contains(secret), "a log line holds {secret}");
        assert!(!keys.contains(secret), "a key holds {secret}");
    }
}

#[tokio::test]
async fn a_log_line_says_what_happened_and_how_long_it_took() {
    let app = App::new();
    app.get("/api/notices").await;
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let line = log.lines().find(|line| line.contains("GET /api/notices")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    for field in [
        "service",
        "version",
        "cold_start",
        "function_request_id",
        "correlation_id",
        "route",
        "status",
        "outcome",
        "millis",
    ] {
        assert!(!line[field].is_null(), "{line}");
    }
}
