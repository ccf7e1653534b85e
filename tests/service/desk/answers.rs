//! Lost answers, double clicks and the journal: each act is done once, and told once.

use serde_json::{Value, json};

use super::{AtDesk, QUEUE, asks, kinds, mail_to_person, request_token, told_of_agents};
use crate::me::Person;
use crate::support::{App, EMAIL, Fault, SIRET};

/// The next request's write is done, and its answer is lost: the SDK sends it again.
fn lose_answer(app: &App, reads: usize) {
    (0..reads).for_each(|_| app.table.let_one_pass());
    app.table.plan([Fault::AnswerLost]);
}

#[tokio::test]
async fn a_lost_answer_is_found_again_and_nothing_is_done_twice() {
    for has_journal in [false, true] {
        let app = App::new();
        if has_journal {
            Person::open(&app, SIRET, super::NAME, EMAIL).await;
        }
        let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
        let reference = asks(&app, 1, &json!({})).await;
        app.deliver().await;
        let acts = [
            ("take", json!({})),
            ("note", json!({"text": "Appelée."})),
            ("answer", json!({"text": "Bonjour."})),
            ("close", json!({"text": "Réglé."})),
            ("reopen", json!({})),
            ("release", json!({})),
        ];
        for (act, form) in &acts {
            app.table.calls();
            // Session, agent, case, establishment.
            lose_answer(&app, 4);
            alice.does(&app, &reference, act, form).await;
            let writes = app.table.calls().into_iter().filter(|call| call == "TransactWriteItems").count();
            assert!(writes >= 2, "{act}: it was sent again");
        }
        let seen = alice.sees(&app, &reference).await;
        assert_eq!(kinds(&seen), ["taken", "note", "answer", "closed", "reopened", "released"]);
        assert_eq!(app.deliver().await, 3, "answer, end and opening anew");
        let lines = told_of_agents(&app);
        assert_eq!(lines.len(), if has_journal { 7 } else { 0 }, "six acts and a look: {lines:?}");
    }
}

#[tokio::test]
async fn the_same_act_again_is_that_act_and_another_is_another() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let bruno = AtDesk::opens(&app, "bruno", "Bruno Petit").await;
    let reference = asks(&app, 1, &json!({})).await;
    let token = request_token(&mail_to_person(&app).await);
    let text = json!({"text": "Bonjour."});
    for _ in 0..2 {
        alice.does(&app, &reference, "answer", &text).await;
    }
    assert_eq!(app.deliver().await, 1);
    let message = json!({"token": token, "text": "Bonjour."});
    for _ in 0..2 {
        let view = app.post("/api/request/message", &message).await;
        assert_eq!((view.status, kinds(&view.body)), (200, vec!["answer", "message"]));
    }
    // Something came between: it is said anew.
    alice.does(&app, &reference, "answer", &text).await;
    assert_eq!(app.deliver().await, 1);
    for _ in 0..2 {
        alice.does(&app, &reference, "close", &text).await;
    }
    assert_eq!(alice.acts(&app, &reference, "close", &json!({})).await.problem(), "case-state");
    assert_eq!(bruno.acts(&app, &reference, "close", &text).await.problem(), "case-state");
    assert_eq!(bruno.acts(&app, &reference, "answer", &text).await.problem(), "case-state");
    for _ in 0..2 {
        bruno.does(&app, &reference, "reopen", &json!({})).await;
    }
    assert_eq!(alice.acts(&app, &reference, "note", &text).await.problem(), "case-held", "it is his now");
    let seen = bruno.sees(&app, &reference).await;
    assert_eq!(kinds(&seen), ["answer", "message", "answer", "closed", "reopened"]);
}

#[tokio::test]
async fn every_look_and_act_of_an_agent_is_in_the_journal() {
    let app = App::new();
    let holder = Person::open(&app, SIRET, super::NAME, EMAIL).await;
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({})).await;
    alice.lists(&app, "").await;
    assert!(told_of_agents(&app).is_empty(), "the queue shows nothing of a case");
    alice.sees(&app, &reference).await;
    alice.does(&app, &reference, "take", &json!({})).await;
    alice.does(&app, &reference, "take", &json!({})).await;
    alice.does(&app, &reference, "answer", &json!({"text": "Secret de l'agence"})).await;
    let lines = told_of_agents(&app);
    let said = [
        format!("L'agent «\u{a0}Alice Roy\u{a0}» a consulté : «\u{a0}la demande {reference}\u{a0}»."),
        format!(
            "L'agent «\u{a0}Alice Roy\u{a0}» est intervenu : «\u{a0}prise en charge de la demande \
             {reference}\u{a0}»."
        ),
        format!(
            "L'agent «\u{a0}Alice Roy\u{a0}» est intervenu : «\u{a0}réponse à la demande {reference}\u{a0}»."
        ),
    ];
    assert_eq!(lines.len(), said.len(), "{lines:?}");
    for (line, said) in lines.iter().zip(&said) {
        assert!(line.contains(said.as_str()) && !line.contains("Secret"), "{line} is not {said}");
    }
    let journal = holder.get(&app, &format!("/api/space/journal?siret={SIRET}")).await;
    assert!(journal.body.as_str().unwrap().contains(&said[0]));
    // The journal's chain goes on: whoever is invited now is told in it.
    let form = json!({
        "siret": SIRET, "email": "paul@exemple.fr", "first_name": "Paul", "last_name": "Durand",
        "role": "member",
    });
    assert_eq!(holder.post(&app, "/api/space/invitations", &form).await.status, 202);
}

#[tokio::test]
async fn a_look_that_cannot_be_told_shows_nothing() {
    let app = App::new();
    Person::open(&app, SIRET, super::NAME, EMAIL).await;
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({})).await;
    // Session, agent, case with its thread, establishment; then the write.
    (0..4).for_each(|_| app.table.let_one_pass());
    app.table.plan([Fault::Conflict; 6]);
    let refused = alice.get(&app, &format!("{QUEUE}/{reference}")).await;
    assert_eq!((refused.status, refused.body["description"].clone()), (503, Value::Null));
}
