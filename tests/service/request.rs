//! A person's own view of their request: by the link of its mails, for thirty days, as often as they like.

use serde_json::{Value, json};

use crate::desk::{AtDesk, asks, kinds, mail_to_person, request_token};
use crate::support::{App, EMAIL, Fault, SIRET};

const DAY: i64 = 24 * 60;

async fn view(app: &App, token: &str) -> crate::support::Answer {
    app.post("/api/request", &json!({"token": token})).await
}

#[tokio::test]
async fn the_receipt_has_a_link_that_serves_for_thirty_days() {
    let app = App::new();
    let reference = asks(&app, 1, &json!({})).await;
    let token = request_token(&mail_to_person(&app).await);
    app.table.calls();
    let seen = view(&app, &token).await;
    assert_eq!(app.table.calls(), ["GetItem", "Query", "GetItem"], "it writes nothing");
    assert_eq!((seen.status, &seen.body["reference"]), (200, &json!(reference)));
    let body = &seen.body;
    assert_eq!((&body["siret"], &body["state"]), (&json!(SIRET), &json!("waiting")));
    assert_eq!((&body["motive"], &body["thread"]), (&json!("extranet-access"), &json!([])));
    assert!(body["description"].as_str().unwrap().contains("Ma collègue") && body["succession"].is_null());
    assert_eq!(body.get("email"), None);

    app.wait_minutes(30 * DAY - 5);
    assert_eq!(view(&app, &token).await.status, 200);
    app.wait_minutes(10);
    assert_eq!(view(&app, &token).await.problem(), "link-expired");
    for (path, text) in [("/api/request/message", Some("x")), ("/api/request/close", None)] {
        let form = match text {
            Some(text) => json!({"token": token, "text": text}),
            None => json!({"token": token}),
        };
        assert_eq!(app.post(path, &form).await.problem(), "link-expired", "{path}");
    }
    app.wait_minutes(8 * DAY);
    assert_eq!(view(&app, &token).await.problem(), "link-unknown");
    assert_eq!(view(&app, &"0".repeat(52)).await.problem(), "link-unknown");
}

#[tokio::test]
async fn another_link_opens_no_request() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let activation = crate::support::token(&app.next_mail().await);
    assert_eq!(view(&app, &activation).await.problem(), "link-unknown");
    asks(&app, 1, &json!({})).await;
    let token = request_token(&mail_to_person(&app).await);
    let answer = app.post("/api/link", &json!({"token": token})).await;
    assert_eq!(answer.problem(), "link-unknown", "nor does that of a request set a password");
}

#[tokio::test]
async fn a_person_adds_to_their_request_and_closes_it() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({})).await;
    let token = request_token(&mail_to_person(&app).await);
    let message = json!({"token": token, "text": "Elle est partie\r\nle 3."});
    let added = app.post("/api/request/message", &message).await;
    let entry = &added.body["thread"][0];
    assert_eq!((&entry["by"], &entry["text"]), (&json!("me"), &json!("Elle est partie\nle 3.")));
    for _ in 0..2 {
        let closed = app.post("/api/request/close", &json!({"token": token})).await;
        assert_eq!((closed.status, kinds(&closed.body)), (200, vec!["message", "closed"]), "once");
    }
    assert_eq!(alice.lists(&app, "state=closed").await, [&*reference]);
    let again = json!({"token": token, "text": "Finalement, non."});
    let added = app.post("/api/request/message", &again).await;
    assert_eq!(added.body["state"], "waiting");
    assert_eq!(alice.lists(&app, "").await, [&*reference]);
    assert_eq!(app.deliver().await, 0, "nobody is mailed what they wrote themselves");
    let empty = app.post("/api/request/message", &json!({"token": token, "text": " "})).await;
    assert_eq!(empty.faults(), ["text:required"]);
}

#[tokio::test]
async fn ten_messages_may_wait_and_then_one_a_day() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({})).await;
    let token = request_token(&mail_to_person(&app).await);
    let write = async |number: u32| {
        let form = json!({"token": token, "text": format!("précision {number}")});
        app.post("/api/request/message", &form).await
    };
    for number in 0..10 {
        assert_eq!(write(number).await.status, 200, "{number}");
    }
    let refused = write(10).await;
    assert_eq!((refused.status, refused.problem()), (429, "too-many-messages"));
    let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((86_300..=86_401).contains(&wait), "{wait}");
    assert_eq!(view(&app, &token).await.body["thread"].as_array().unwrap().len(), 10);
    app.wait_seconds(wait);
    assert_eq!(write(10).await.status, 200);
    assert_eq!(write(11).await.status, 429);
    let alice = AtDesk::opens(&app, alice.agent.sub.as_str(), "Alice Roy").await;
    alice.does(&app, &reference, "answer", &json!({"text": "Bien reçu."})).await;
    assert_eq!(write(11).await.status, 200, "an answer begins anew");
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_written_once() {
    let app = App::new();
    asks(&app, 1, &json!({})).await;
    let token = request_token(&mail_to_person(&app).await);
    for (path, form) in [
        ("/api/request/message", json!({"token": token, "text": "Une précision."})),
        ("/api/request/close", json!({"token": token})),
    ] {
        // Link and request; then the write.
        (0..2).for_each(|_| app.table.let_one_pass());
        app.table.plan([Fault::AnswerLost]);
        assert_eq!(app.post(path, &form).await.status, 200, "{path}");
    }
    assert_eq!(kinds(&view(&app, &token).await.body), ["message", "closed"]);
}

#[tokio::test]
async fn an_answer_does_not_go_to_an_address_that_bounced() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({"email": "jeanne@inconnu.example"})).await;
    app.deliver().await;
    app.wait_seconds(3);
    app.track().await;
    alice.does(&app, &reference, "answer", &json!({"text": "Bonjour."})).await;
    app.deliver().await;
    assert_eq!(app.mail_states().last().unwrap(), "suppressed");
    let known: Value = alice.sees(&app, &reference).await["known"]["mails"][0].clone();
    assert_eq!((&known["kind"], &known["state"]), (&json!("ticket-receipt"), &json!("bounced")));
}
