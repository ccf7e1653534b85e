//! What becomes of the notices: late, twice, in any order, never; a dead mailbox, with others and without.

use super::*;

/// A mailbox that is dead by the events of its mails.
const DEAD: &str = "jeanne@inconnu.example";

/// Approves, as the second agent: the state, or the problem.
async fn approval(app: &App, id: &str) -> String {
    let answer = TWO.decides(app, id, "approve").await;
    if answer.status == 200 { answer.body["state"].as_str().unwrap() } else { answer.problem() }.to_owned()
}

/// The window's last second and its reason, as agents see it.
async fn window(app: &App, id: &str) -> Option<(u32, &'static str)> {
    let id = domain::SuccessionId::parse(id).unwrap();
    let known = app.portal.platform("successions").unwrap().successions.find(&id).await.unwrap().unwrap();
    known.window().map(|window| (window.days, window.because.as_str()))
}

#[tokio::test]
async fn without_a_delivery_nothing_is_handed_over_whatever_the_clock_says() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = proposed(&app, SIRET, 1).await;
    for days in [0, 8, 1] {
        app.wait_minutes(days * DAY);
        assert_eq!(approval(&app, &id).await, "succession-state", "not even sent");
    }
    app.deliver().await;
    let events = app.portal.tracker.deliveries().take_all();
    app.wait_minutes(15 * DAY);
    assert_eq!(approval(&app, &id).await, "succession-state", "sent, and no event has come");
    assert_eq!(window(&app, &id).await, None);
    // They come after all, in the wrong order and twice: the delivery was fifteen days ago.
    for event in events.iter().rev().chain(&events) {
        app.portal.tracker.hand(event).await.unwrap();
    }
    assert_eq!(window(&app, &id).await, Some((7, "delivered")));
    let facts = succession(&app, &id)["facts_written"]["N"].clone();
    for event in &events {
        app.portal.tracker.hand(event).await.unwrap();
    }
    assert_eq!(succession(&app, &id)["facts_written"]["N"], facts, "an event that comes again is no news");
    assert_eq!(approval(&app, &id).await, "executed");
}

#[tokio::test]
async fn a_bounce_after_a_delivery_lets_the_others_count() {
    let app = with_desk().await;
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    joins(&app, &jeanne, SIRET, ("Durand", "paul.durand@exemple.fr"), "member").await;
    let id = proposed(&app, SIRET, 1).await;
    arrive(&app).await;
    assert_eq!(window(&app, &id).await, Some((7, "delivered")));
    let notices: Value =
        serde_json::from_str(succession(&app, &id)["notices"]["S"].as_str().unwrap()).unwrap();
    let mail = notices.as_array().unwrap().iter().find(|notice| notice["to"].get("holder").is_some());
    let sample = include_str!("../../../events/ses/bounce.json");
    let mut bounce: Value = serde_json::from_str(sample).unwrap();
    bounce["detail"]["mail"]["tags"] = json!({"mail_id": [mail.unwrap()["mail"]]});
    bounce["detail"]["mail"]["destination"] = json!([EMAIL]);
    let now = app.portal.platform("mail-tracker").unwrap().clock.now().to_string();
    bounce["detail"]["bounce"]["timestamp"] = now.into();
    app.wait_minutes(6 * DAY);
    app.portal.tracker.hand(&bounce).await.unwrap();
    assert_eq!(window(&app, &id).await, Some((14, "bounced")));
    app.wait_minutes(DAY + 1);
    assert_eq!(approval(&app, &id).await, "succession-state", "seven days are not enough any more");
    app.wait_minutes(7 * DAY);
    assert_eq!(approval(&app, &id).await, "executed");
}

#[tokio::test]
async fn a_dead_mailbox_makes_the_window_longer_and_the_others_open_it() {
    let app = with_desk().await;
    let jeanne = Person::open(&app, SIRET, NAME, DEAD).await;
    cabinet(&app, &jeanne).await;
    let id = proposed(&app, SIRET, 1).await;
    arrive(&app).await;
    assert_eq!(told(&app, "Une succession est demandée"), [CABINET_EMAIL, DEAD]);
    assert_eq!(window(&app, &id).await, Some((14, "bounced")));
    app.wait_minutes(13 * DAY);
    assert_eq!(approval(&app, &id).await, "succession-state");
    // The cabinet knows where she is.
    assert_eq!(contests(&app, &link_to(&app, CABINET_EMAIL, "contester")).await.status, 200);
    app.wait_minutes(2 * DAY);
    assert_eq!(approval(&app, &id).await, "contested");
}

#[tokio::test]
async fn a_mailbox_that_is_known_to_be_dead_gets_nothing_and_counts_at_once() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, DEAD).await;
    // What came back before tells that it is dead.
    arrive(&app).await;
    let id = proposed(&app, SIRET, 1).await;
    app.deliver().await;
    assert_eq!(told(&app, "Une succession est demandée"), [""; 0]);
    assert_eq!(window(&app, &id).await, Some((14, "bounced")), "there is nobody else");
    app.wait_minutes(14 * DAY - 1);
    assert_eq!(approval(&app, &id).await, "succession-state");
    app.wait_minutes(2);
    assert_eq!(approval(&app, &id).await, "executed");
}

#[tokio::test]
async fn who_has_called_another_mail_spam_is_told_all_the_same() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, "jeanne@plainte.example").await;
    arrive(&app).await;
    let id = proposed(&app, SIRET, 1).await;
    arrive(&app).await;
    assert_eq!(told(&app, "Une succession est demandée"), ["jeanne@plainte.example"]);
    assert_eq!(window(&app, &id).await, Some((7, "delivered")));
}

#[tokio::test]
async fn a_notice_that_was_not_tracked_is_noted_when_its_event_comes_again() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = proposed(&app, SIRET, 1).await;
    app.deliver().await;
    let events = app.portal.tracker.deliveries().take_all();
    // The mail is read, and the fact is not written; as the bus does, the event comes again.
    app.table.let_one_pass();
    app.table.plan([crate::support::Fault::Throttled; 4]);
    let failed = app.portal.tracker.hand(events.last().unwrap()).await;
    assert!(failed.is_err(), "it is tried again");
    assert_eq!(window(&app, &id).await, None);
    for event in &events {
        app.portal.tracker.hand(event).await.unwrap();
    }
    assert_eq!(window(&app, &id).await, Some((7, "delivered")));
}
