//! The lease: of twenty agents at once one has the case, and after a quarter of an hour anybody goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Request;
use platform::concurrent::all;
use platform::http::Body;
use serde_json::{Value, json};
use sesame::emulator::Transit;
use sesame::{Hooks, Options, Portal};

use super::{AtDesk, QUEUE, asks, kinds, request_token, told_of_agents};
use crate::me::Person;
use crate::support::{App, EMAIL, HASHING, SIRET, SITE};

const AGENTS: u64 = 20;

/// Functions beside the application's own, whose calls take another time each, so that they run into each
/// other.
fn scattered(app: &App) -> Portal {
    let calls = AtomicU64::new(1);
    let transit: Transit = Arc::new(move || {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        let micros = call.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52;
        Box::pin(tokio::time::sleep(Duration::from_micros(micros)))
    });
    let hooks = Hooks { table_transit: Some(transit), ..Hooks::default() };
    let options = Options { hashing: HASHING, hooks, ..Options::in_memory(SITE) };
    app.portal.another(&options).unwrap()
}

async fn posts(portal: &Portal, path: &str, cookie: &str, form: &Value) -> (u16, Value) {
    let request = Request::post(path).header("content-type", "application/json").header("cookie", cookie);
    let response = portal.answer(request.body(Body::Text(form.to_string())).unwrap()).await;
    let (parts, body) = response.into_parts();
    let bytes: &[u8] = body.as_ref();
    (parts.status.as_u16(), serde_json::from_slice(bytes).unwrap())
}

#[tokio::test(start_paused = true)]
async fn of_twenty_agents_who_take_a_case_at_once_one_has_it() {
    let app = App::new();
    // With a journal, whose lines are written in the same transaction.
    Person::open(&app, SIRET, super::NAME, EMAIL).await;
    let mut agents = Vec::new();
    for number in 0..AGENTS {
        agents.push(AtDesk::opens(&app, &format!("agent-{number}"), &format!("Agent {number}")).await);
    }
    let portal = scattered(&app);
    for round in 0..5 {
        let reference = asks(&app, round, &json!({})).await;
        let path = format!("{QUEUE}/{reference}/take");
        let form = json!({});
        let takes = agents.iter().map(|agent| posts(&portal, &path, &agent.cookie, &form));
        let answers = all(takes.collect()).await;
        let (took, held): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 200);
        assert_eq!((took.len(), held.len()), (1, 19), "round {round}");
        assert!(held.iter().all(|(status, body)| *status == 409 && body["type"] == "/problems/case-held"));
        let seen = agents[0].sees(&app, &reference).await;
        assert_eq!(kinds(&seen), ["taken"]);
        assert_eq!(seen["held"]["by"], took[0].1["held"]["by"]);
        let lines = told_of_agents(&app);
        let takes = lines.iter().filter(|line| line.contains(&reference) && line.contains("prise en charge"));
        assert_eq!(takes.count(), 1, "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn twenty_double_clicks_are_one_answer_and_one_mail() {
    let app = App::new();
    Person::open(&app, SIRET, super::NAME, EMAIL).await;
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({})).await;
    app.deliver().await;
    let portal = scattered(&app);
    let (path, form) = (format!("{QUEUE}/{reference}/answer"), json!({"text": "Bonjour."}));
    let clicks = (0..AGENTS).map(|_| posts(&portal, &path, &alice.cookie, &form));
    let answers = all(clicks.collect()).await;
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    assert_eq!(kinds(&alice.sees(&app, &reference).await), ["answer"]);
    assert_eq!(app.deliver().await, 1);
    assert_eq!(told_of_agents(&app).iter().filter(|line| line.contains("réponse à")).count(), 1);
}

#[tokio::test]
async fn after_a_quarter_of_an_hour_another_goes_on_and_nothing_is_lost() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let bruno = AtDesk::opens(&app, "bruno", "Bruno Petit").await;
    let reference = asks(&app, 1, &json!({})).await;
    let token = request_token(&super::mail_to_person(&app).await);
    alice.does(&app, &reference, "take", &json!({})).await;
    let mine = bruno.sees(&app, &reference).await["held"].clone();
    assert_eq!((&mine["by"], &mine["is_mine"]), (&json!("Alice Roy"), &json!(false)));
    let text = json!({"text": "Bonjour."});
    for (act, form) in [("take", &json!({})), ("release", &json!({})), ("note", &text), ("answer", &text)] {
        assert_eq!(bruno.acts(&app, &reference, act, form).await.problem(), "case-held", "{act}");
    }
    // Each act of hers extends it.
    app.wait_minutes(10);
    alice.does(&app, &reference, "note", &json!({"text": "Appelée."})).await;
    app.wait_minutes(9);
    assert_eq!(bruno.acts(&app, &reference, "take", &json!({})).await.problem(), "case-held");
    alice.does(&app, &reference, "take", &json!({})).await;
    let bruno = AtDesk::opens(&app, "bruno", "Bruno Petit").await;
    app.wait_minutes(14);
    assert_eq!(bruno.acts(&app, &reference, "take", &json!({})).await.problem(), "case-held");
    // The person writes whoever holds it.
    let message = json!({"token": token, "text": "Toujours rien ?"});
    assert_eq!(app.post("/api/request/message", &message).await.status, 200);
    app.wait_minutes(1);
    // Sessions end after half an hour without a request.
    let bruno = AtDesk::opens(&app, "bruno", "Bruno Petit").await;
    assert_eq!(bruno.sees(&app, &reference).await["held"], Value::Null, "over by the clock alone");
    let taken = bruno.does(&app, &reference, "take", &json!({})).await;
    assert_eq!(kinds(&taken), ["taken", "note", "message", "taken"]);
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    assert_eq!(
        alice.acts(&app, &reference, "answer", &text).await.problem(),
        "case-held",
        "her turn is over"
    );
    let released = bruno.does(&app, &reference, "release", &json!({})).await;
    assert_eq!(released["held"], Value::Null);
    let again = bruno.does(&app, &reference, "release", &json!({})).await;
    assert_eq!(kinds(&again), ["taken", "note", "message", "taken", "released"], "released, it stays so");
    alice.does(&app, &reference, "answer", &text).await;
}

#[tokio::test(start_paused = true)]
async fn acts_of_one_agent_and_words_of_the_person_at_once_are_all_in_the_thread() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({})).await;
    let token = request_token(&super::mail_to_person(&app).await);
    let portal = scattered(&app);
    let note = format!("{QUEUE}/{reference}/note");
    let notes: Vec<Value> = (0..4).map(|number| json!({"text": format!("note {number}")})).collect();
    let said: Vec<Value> =
        (0..4).map(|number| json!({"token": token, "text": format!("mot {number}")})).collect();
    let of_agent = notes.iter().map(|form| posts(&portal, &note, &alice.cookie, form));
    let of_person = said.iter().map(|form| posts(&portal, "/api/request/message", "", form));
    let answers = all(of_agent.chain(of_person).collect()).await;
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    let seen = alice.sees(&app, &reference).await;
    let mut texts: Vec<&str> =
        seen["thread"].as_array().unwrap().iter().map(|entry| entry["text"].as_str().unwrap()).collect();
    texts.sort_unstable();
    let all = ["mot 0", "mot 1", "mot 2", "mot 3", "note 0", "note 1", "note 2", "note 3"];
    assert_eq!(texts, all);
}
