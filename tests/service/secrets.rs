//! No log line and no key holds an address, a phone number, a name, a password or a token.

use domain::SecretKey;
use http::Request;
use platform::function::Secret;
use platform::http::Body;
use platform::telemetry::Ids;
use platform::{Config, Platform};

use crate::support::{App, EMAIL, Fault, LOG, PASSWORD, SIRET, ticket, token};

#[tokio::test]
async fn nothing_personal_reaches_the_log_or_a_key() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.ses.plan([Fault::Unverified]);
    app.deliver().await;
    app.wait_seconds(61);
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

#[tokio::test]
async fn an_address_that_a_stranger_typed_lies_nowhere_in_clear() {
    let app = App::new();
    app.recover_identifier(SIRET, "quelqu.un@ailleurs.example").await;
    let rows = serde_json::to_string(&app.rows("")).unwrap();
    assert!(rows.contains("recovery_by_address") && !rows.contains("ailleurs"), "{rows}");
}

#[test]
fn only_the_sender_of_mails_can_make_links() {
    let holders = sesame::functions::ALL.iter().filter(|function| function.secrets.contains(&Secret::Link));
    assert_eq!(holders.map(|function| function.name).collect::<Vec<_>>(), ["mail-sender"]);
}

#[test]
fn only_the_function_of_journals_can_sign_one() {
    let all = sesame::functions::ALL.iter();
    let holders = all.filter(|function| function.secrets.contains(&Secret::Journal));
    assert_eq!(holders.map(|function| function.name).collect::<Vec<_>>(), ["journal"]);
}

#[tokio::test]
async fn where_the_operator_sets_a_secret_nobody_goes_round_the_site() {
    let app = App::new();
    let notices = sesame::functions::ALL.iter().find(|function| function.name == "notices").unwrap();
    let known = app.portal.platform("notices").unwrap();
    let secrets = ["in force", "the one before"].map(SecretKey::new);
    let config = Config { origin_secrets: secrets.to_vec(), ..(*known.config).clone() };
    let table = &app.portal.operator_table;
    let platform = Platform::new(config, table, known.clock.clone(), known.random.clone());
    let ask = async |secret: Option<&str>| {
        let mut request = Request::get("/api/notices");
        if let Some(secret) = secret {
            request = request.header("x-sesame-origin", secret);
        }
        let request = request.body(Body::Empty).unwrap();
        platform::http::respond(notices, &platform, &Ids::default(), request).await.status().as_u16()
    };
    assert_eq!(ask(None).await, 403);
    assert_eq!(ask(Some("")).await, 403);
    assert_eq!(ask(Some("in forc")).await, 403);
    assert_eq!(ask(Some("in force")).await, 200);
    assert_eq!(ask(Some("the one before")).await, 200);
}
