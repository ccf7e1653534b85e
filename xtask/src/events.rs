//! `cargo xtask event`: one sample event for each route, as API Gateway and SQS give them.
//!
//! Their proofs are signed with the development key and live until the year 2100: they serve where that
//! key does, on one machine, and nowhere else.

use std::fs;
use std::path::PathBuf;

use domain::proof::Action;
use platform::clock::Clock;
use platform::config::LoginProof;
use platform::random::Random;
use serde_json::{Value, json};
use sesame::{Hooks, Options, Portal};

use crate::{Error, Outcome, Usage};

/// The last day on which the events serve.
const PROOFS_UNTIL: &str = "2099-12-31T23:40:00Z";

/// Writes all events, or the one of that name.
pub fn run(arguments: &[&str]) -> Outcome {
    let name = match arguments {
        [] => None,
        [name] => Some(*name),
        _ => return Err(Usage.into()),
    };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events");
    let events = events()?;
    if name.is_some_and(|name| events.iter().all(|(known, _)| *known != name)) {
        let known: Vec<&str> = events.iter().map(|(known, _)| *known).collect();
        return Err(format!("no such event; there are: {}", known.join(", ")).into());
    }
    for (known, event) in events.iter().filter(|(known, _)| name.is_none_or(|name| name == *known)) {
        fs::write(folder.join(format!("{known}.json")), serde_json::to_string_pretty(event)? + "\n")?;
        println!("events/{known}.json");
    }
    Ok(())
}

fn events() -> Result<Vec<(&'static str, Value)>, Error> {
    let proof = |action| proof(action);
    let siret = "732 829 320 00074";
    let email = "jeanne.martin@exemple.fr";
    let establishment = "Boulangerie du Marché";
    Ok(vec![
        ("challenge", event("GET", "/api/challenge", "action=check-siret", None)),
        (
            "check-siret",
            post(
                "/api/check-siret",
                json!({"siret": siret, "accept_terms": true, "proof": proof(Action::CheckSiret)?}),
            ),
        ),
        (
            "create-account",
            post(
                "/api/create-account",
                json!({
                    "siret": siret,
                    "establishment_name": establishment,
                    "first_name": "Jeanne",
                    "last_name": "Martin-Ruiz",
                    "email": email,
                    "phone": "01 23 45 67 89",
                    "accept_terms": true,
                    "proof": proof(Action::CreateAccount)?,
                }),
            ),
        ),
        (
            "set-password",
            post(
                "/api/set-password",
                json!({"token": "0".repeat(52), "password": "fenêtre sirop balcon 47 tambour"}),
            ),
        ),
        (
            "recover-identifier",
            post(
                "/api/recover/identifier",
                json!({"siret": siret, "email": email, "proof": proof(Action::Recover)?}),
            ),
        ),
        (
            "recover-password",
            post(
                "/api/recover/password",
                json!({"identifier": "AP-7K3M-Q2FD", "proof": proof(Action::Recover)?}),
            ),
        ),
        (
            "submit-ticket",
            post(
                "/api/submit-ticket",
                json!({
                    "submission": "0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70",
                    "siret": siret,
                    "establishment_name": establishment,
                    "full_name": "Jeanne Martin-Ruiz",
                    "phone": "01 23 45 67 89",
                    "email": email,
                    "motive": "extranet-access",
                    "description": "Ma collègue est partie.\nSa messagerie est fermée.",
                    "proof": proof(Action::SubmitTicket)?,
                }),
            ),
        ),
        (
            "session-open",
            post(
                "/api/session",
                json!({"identifier": "AP-7K3M-Q2FD", "password": "fenêtre sirop balcon 47 tambour"}),
            ),
        ),
        ("session-show", event("GET", "/api/session", "", None)),
        ("session-close", event("DELETE", "/api/session", "", None)),
        ("notices", event("GET", "/api/notices", "", None)),
        ("mail-sender", batch("01K9ZZZZZZ0000000000000000")),
    ])
}

/// A proof as a browser would make it, in the last minutes of [`PROOFS_UNTIL`]'s year.
fn proof(action: Action) -> Result<String, Error> {
    let last_day: domain::time::Timestamp = PROOFS_UNTIL.parse()?;
    let portal = Portal::open(&Options {
        data: None,
        site: "http://localhost:8080".to_owned(),
        proof_counter: 1,
        clock: Clock::new(move || last_day),
        random: Random::system(),
        login_proof: LoginProof::AfterFailures,
        hooks: Hooks::default(),
    })?;
    let platform = portal.platform(challenge::FUNCTION.name).ok_or("no function makes challenges")?;
    let challenge = platform.proofs.challenge(action)?;
    testkit::proof::solve(&serde_json::to_value(challenge)?)
}

fn post(path: &str, body: Value) -> Value {
    event("POST", path, "", Some(body))
}

/// A request as API Gateway's HTTP API gives it to a function (payload format 2.0).
fn event(method: &str, path: &str, query: &str, body: Option<Value>) -> Value {
    let mut event = json!({
        "version": "2.0",
        "routeKey": format!("ANY {path}"),
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"accept": "application/json", "host": "localhost:8080", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "sample",
            },
            "requestId": "sample",
            "routeKey": format!("ANY {path}"),
            "stage": "$default",
            "time": "23/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1_795_428_000_000_u64,
        },
        "isBase64Encoded": false,
    });
    if let Some((name, value)) = query.split_once('=') {
        event["queryStringParameters"] = json!({name: value});
    }
    if let Some(body) = body {
        event["headers"]["content-type"] = "application/json".into();
        event["body"] = body.to_string().into();
    }
    event
}

/// A batch of one due mail, as SQS gives it.
fn batch(mail_id: &str) -> Value {
    json!({"Records": [{
        "messageId": "00000000-0000-4000-8000-000000000001",
        "receiptHandle": "sample",
        "body": json!({"mail_id": mail_id}).to_string(),
        "attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": "1795428000000",
            "SenderId": "sample", "ApproximateFirstReceiveTimestamp": "1795428000000",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-3:000000000000:sesame-mails",
        "awsRegion": "eu-west-3",
    }]})
}
