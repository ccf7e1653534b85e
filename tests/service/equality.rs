//! Enumeration: known and unknown accounts get equal answers for equal work.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Answer, App, EMAIL, HASHING, OTHER_SIRET, PASSWORD, SIRET};

async fn observed(app: &App, answer: impl Future<Output = Answer>) -> (u16, Value, Vec<String>, Vec<String>) {
    app.table.calls();
    let answer = answer.await;
    let headers =
        answer.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    (answer.status, answer.body, headers, app.table.calls())
}

#[tokio::test]
async fn recovering_a_password_looks_the_same_for_everybody() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let known = observed(&app, app.recover_password(&identifier)).await;
    let unknown = observed(&app, app.recover_password("AP-7K3M-Q2FD")).await;
    assert_eq!(known, unknown);
    assert_eq!(known.3, ["TransactWriteItems"]);
}

#[tokio::test]
async fn recovering_an_identifier_looks_the_same_for_everybody() {
    let app = App::new();
    app.account(SIRET, EMAIL).await;
    let known = observed(&app, app.recover_identifier(SIRET, EMAIL)).await;
    let another_address = observed(&app, app.recover_identifier(SIRET, "autre@exemple.fr")).await;
    let another_siret = observed(&app, app.recover_identifier(OTHER_SIRET, EMAIL)).await;
    assert_eq!(known, another_address);
    assert_eq!(known, another_siret);
}

/// The time is paused: only what waits takes any.
#[tokio::test(start_paused = true)]
async fn a_wrong_password_looks_like_an_unknown_identifier_and_takes_a_step_of_time() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let step = HASHING.refusal_step.as_millis();
    let timed = async |answer| {
        let began = Instant::now();
        (observed(&app, answer).await, began.elapsed().as_millis())
    };
    for _ in 0..5 {
        let known = timed(app.login(&identifier, "ce n'est pas lui")).await;
        let unknown = timed(app.login("AP-7K3M-Q2FD", "ce n'est pas lui")).await;
        assert_eq!(known, unknown);
        assert_eq!(known.1, step);
    }
    let form = |identifier: &str| json!({"identifier": identifier, "password": "ce n'est pas lui"});
    let known = observed(&app, app.post_proven("/api/session", "session", form(&identifier))).await;
    let unknown = observed(&app, app.post_proven("/api/session", "session", form("AP-7K3M-Q2FD"))).await;
    assert_eq!(known, unknown);
    assert_eq!(timed(app.login(&identifier, PASSWORD)).await.1, step, "a proof is required");
}
