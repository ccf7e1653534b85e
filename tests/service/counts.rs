//! How often each route reaches the table.

use serde_json::json;

use crate::support::{App, EMAIL, PASSWORD, SIRET, application, ticket, token};

async fn calls(app: &App, path: &str, action: &str, form: serde_json::Value) -> Vec<String> {
    let mut form = form;
    form["proof"] = app.proof(action).await.into();
    app.table.calls();
    let answer = app.post(path, &form).await;
    assert!(answer.status < 300, "{}", answer.body);
    let mut calls = app.table.calls();
    calls.sort();
    calls
}

#[tokio::test]
async fn each_route_keeps_to_its_number_of_calls() {
    let app = App::new();
    let form = json!({"siret": SIRET, "accept_terms": true});
    assert_eq!(calls(&app, "/api/check-siret", "check-siret", form).await, ["GetItem", "PutItem"]);
    let one_transaction = ["TransactWriteItems"];
    // What is known of the address's domain is read before.
    let read_and_transaction = ["GetItem", "TransactWriteItems"];
    let form = application(SIRET, EMAIL);
    assert_eq!(calls(&app, "/api/create-account", "create-account", form).await, read_and_transaction);
    let form = json!({"identifier": "AP-7K3M-Q2FD"});
    assert_eq!(calls(&app, "/api/recover/password", "recover", form).await, one_transaction);
    let form = json!({"siret": SIRET, "email": EMAIL});
    assert_eq!(calls(&app, "/api/recover/identifier", "recover", form).await, one_transaction);
    let form = ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70");
    assert_eq!(calls(&app, "/api/submit-ticket", "submit-ticket", form).await, read_and_transaction);
}

#[tokio::test]
async fn a_password_is_set_in_two_calls_and_hashed_for_a_link_that_serves_only() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let token = token(&app.next_mail().await);
    app.table.calls();
    app.set_password(&"0".repeat(52), PASSWORD).await;
    assert_eq!(app.table.calls(), ["GetItem"], "an unknown link costs one read");
    app.set_password(&token, PASSWORD).await;
    assert_eq!(app.table.calls(), ["GetItem", "TransactWriteItems"]);
    app.set_password(&token, PASSWORD).await;
    assert_eq!(app.table.calls(), ["GetItem"], "a used link costs one read");
}

#[tokio::test]
async fn a_challenge_does_not_reach_the_table() {
    let app = App::new();
    app.proof("recover").await;
    assert!(app.table.calls().is_empty());
}
