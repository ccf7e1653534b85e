//! Proofs of work: for one action, for twenty minutes, for one body; and the idempotency key.

use platform::random::Random;
use platform::{Config, Platform};
use serde_json::json;

use crate::support::{App, EMAIL, SIRET, application, ticket};

#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_with_nothing_done_twice() {
    let app = App::new();
    let mut form = application(SIRET, EMAIL);
    form["proof"] = app.proof("create-account").await.into();
    let first = app.post("/api/create-account", &form).await;
    let again = app.post("/api/create-account", &form).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(app.rows("ACCOUNT#").len(), 1);
    assert_eq!(app.deliver().await, 1);

    let mut form = ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70");
    form["proof"] = app.proof("submit-ticket").await.into();
    let first = app.post("/api/submit-ticket", &form).await;
    let again = app.post("/api/submit-ticket", &form).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(app.deliver().await, 2);
}

#[tokio::test]
async fn a_proof_serves_one_body() {
    let app = App::new();
    let proof = app.proof("recover").await;
    let form = |identifier: &str| json!({"identifier": identifier, "proof": proof});
    assert_eq!(app.post("/api/recover/password", &form("AP-7K3M-Q2FD")).await.status, 202);
    assert_eq!(app.post("/api/recover/password", &form("AP-7K3M-Q2FD")).await.status, 202);
    let other = domain::Identifier::from_random([1; 7]);
    let refused = app.post("/api/recover/password", &form(other.as_str())).await;
    assert_eq!((refused.status, refused.problem()), (409, "proof-already-used"));
    let elsewhere = json!({"siret": SIRET, "email": EMAIL, "proof": proof});
    assert_eq!(app.post("/api/recover/identifier", &elsewhere).await.status, 409);
    assert_eq!(app.rows("MAIL#").len(), 1);
}

#[tokio::test]
async fn the_same_body_is_the_same_however_it_is_written() {
    let app = App::new();
    let proof = app.proof("recover").await;
    let spellings = [
        format!(r#"{{"siret":"{SIRET}","email":"{EMAIL}","proof":"{proof}"}}"#),
        format!("{{ \"proof\": \"{proof}\",\r\n\t\"email\": \"{EMAIL}\", \"siret\": \"{SIRET}\" }}\n"),
        format!(
            r#"{{"\u0065mail":"{}","siret":"{SIRET}","proof":"{proof}"}}"#,
            EMAIL.replace('@', "\\u0040")
        ),
    ];
    for body in spellings {
        assert_eq!(app.post_text("/api/recover/identifier", &body).await.status, 202, "{body}");
    }
    let respelled = format!(r#"{{"siret":" {SIRET}","email":"{EMAIL}","proof":"{proof}"}}"#);
    assert_eq!(app.post_text("/api/recover/identifier", &respelled).await.status, 409, "another text");
    assert_eq!(app.rows("MAIL#").len(), 1);
}

#[tokio::test]
async fn a_check_asked_again_with_its_proof_is_answered_again() {
    let app = App::new();
    let proof = app.proof("check-siret").await;
    let form = |siret: &str| json!({"siret": siret, "accept_terms": true, "proof": proof});
    let first = app.post("/api/check-siret", &form(SIRET)).await;
    assert_eq!(app.post("/api/check-siret", &form(SIRET)).await.body, first.body);
    assert_eq!(app.post("/api/check-siret", &form("35600000009075")).await.status, 409);
}

#[tokio::test]
async fn a_proof_serves_one_action_for_twenty_minutes() {
    let app = App::new();
    let form = |proof: String| json!({"identifier": "AP-7K3M-Q2FD", "proof": proof});
    let for_another = app.post("/api/recover/password", &form(app.proof("session").await)).await;
    assert_eq!((for_another.status, for_another.problem()), (403, "proof-rejected"));

    let (in_time, late) = (app.proof("recover").await, app.proof("recover").await);
    app.wait_minutes(19);
    assert_eq!(app.post("/api/recover/password", &form(in_time)).await.status, 202);
    app.wait_minutes(2);
    assert_eq!(app.post("/api/recover/password", &form(late)).await.problem(), "proof-rejected");
}

#[tokio::test]
async fn a_forged_proof_is_rejected() {
    use base64::Engine;
    let app = App::new();
    let genuine = app.proof("recover").await;
    let payload = base64::engine::general_purpose::STANDARD.decode(&genuine).unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let mut forgeries = vec!["x".to_owned(), genuine[..40].to_owned(), format!("{genuine}\u{202e}")];
    for (pointer, value) in [
        ("/challenge/parameters/cost", json!(1)),
        ("/challenge/parameters/expiresAt", json!(4_000_000_000_u64)),
        ("/challenge/parameters/data/action", json!("session")),
        ("/challenge/signature", json!("00")),
        ("/solution/derivedKey", json!("00".repeat(32))),
    ] {
        let mut forged = payload.clone();
        *forged.pointer_mut(pointer).unwrap() = value;
        forgeries.push(base64::engine::general_purpose::STANDARD.encode(forged.to_string()));
    }
    for proof in forgeries {
        let refused =
            app.post("/api/recover/password", &json!({"identifier": "AP-7K3M-Q2FD", "proof": proof})).await;
        assert_eq!((refused.status, refused.problem()), (403, "proof-rejected"), "{proof}");
    }
    assert!(app.rows("PROOF#").is_empty());
}

#[tokio::test]
async fn a_form_with_faults_does_not_cost_its_proof() {
    let app = App::new();
    let proof = app.proof("recover").await;
    let wrong = app.post("/api/recover/password", &json!({"identifier": "AP-", "proof": proof})).await;
    assert_eq!(wrong.faults(), ["identifier:identifier-format"]);
    let right =
        app.post("/api/recover/password", &json!({"identifier": "AP-7K3M-Q2FD", "proof": proof})).await;
    assert_eq!(right.status, 202);
}

#[test]
fn no_part_of_the_search_for_a_solution_can_be_skipped() {
    let app = App::new();
    let known = app.portal.platform("challenge").unwrap();
    // The least and the most that the random bytes can ask for, and what lies between.
    let counters = [0_u64, 1, 1_999, u64::MAX].map(|drawn| {
        let random = Random::new(move |bytes| {
            for (byte, value) in bytes.iter_mut().zip(drawn.to_le_bytes()) {
                *byte = value;
            }
        });
        let config = Config { proof_counter: 1_000, ..(*known.config).clone() };
        Platform::new(config, &app.portal.operator_table, known.clock.clone(), random).proofs.counter()
    });
    assert_eq!(counters[..3], [1, 2, 2_000]);
    assert!((1..=2_000).contains(&counters[3]));
}
