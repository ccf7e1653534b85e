//! The queue: by state, motive and establishment, the oldest first, a page at a time; and how long it waits.

use domain::Motive;
use platform::cases::PAGE_CASES_MAX;
use serde_json::{Value, json};

use super::{AtDesk, QUEUE, asks, mail_to_person, request_token};
use crate::support::{App, OTHER_SIRET, SIRET};

/// Every case that pages show, from the first to the last.
async fn all_of(alice: &AtDesk, app: &App, query: &str) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), Value::Null);
    loop {
        let after = next.as_str().map(|next| next.replace('#', "%23").replace(':', "%3A"));
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let page = alice.get(app, &format!("{QUEUE}?{query}{after}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let cases = page.body["cases"].as_array().unwrap().iter();
        pages.push(cases.map(|case| case["reference"].as_str().unwrap().to_owned()).collect());
        next = page.body["next"].clone();
        if next.is_null() {
            return pages;
        }
    }
}

#[tokio::test]
async fn cases_are_listed_a_page_at_a_time_the_oldest_first() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let mut sent = Vec::new();
    for number in 0..60 {
        let motive = Motive::ALL[number as usize % Motive::ALL.len()];
        sent.push((motive, asks(&app, number, &json!({"motive": motive.as_str()})).await));
        app.wait_seconds(2);
    }
    let all: Vec<String> = sent.iter().map(|(_, reference)| reference.clone()).collect();
    let pages = all_of(&alice, &app, "").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [PAGE_CASES_MAX, PAGE_CASES_MAX, 10]);
    assert_eq!(pages.concat(), all);
    for motive in Motive::ALL {
        let of_motive: Vec<String> =
            sent.iter().filter(|(of, _)| *of == motive).map(|(_, r)| r.clone()).collect();
        assert_eq!(all_of(&alice, &app, &format!("motive={}", motive.as_str())).await.concat(), of_motive);
    }
    // What was acted on in between is not shown twice, nor does it hide another.
    alice.does(&app, &all[3], "answer", &json!({"text": "Bonjour."})).await;
    let mut left = all.clone();
    left.remove(3);
    assert_eq!(all_of(&alice, &app, "").await.concat(), left);
    assert_eq!(alice.lists(&app, "state=answered").await, [&*all[3]]);
    // One that was not handed out is no fault.
    for wrong in ["x", "2026-11-23T17:00:00Z", "2026-11-23T17:00:00Z%23T-1"] {
        assert_eq!(alice.lists(&app, &format!("after={wrong}")).await.len(), PAGE_CASES_MAX);
    }
}

#[tokio::test]
async fn one_page_of_a_motive_is_full_and_the_next_goes_on() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let mut sent = Vec::new();
    for number in 0..27 {
        sent.push(asks(&app, number, &json!({"motive": "other"})).await);
        app.wait_seconds(2);
    }
    sent.push(asks(&app, 27, &json!({"motive": "indemnity-claim"})).await);
    assert_eq!(all_of(&alice, &app, "").await.concat(), sent, "the last of another motive comes last");
    assert_eq!(all_of(&alice, &app, "motive=other").await.concat(), sent[..27]);
}

#[tokio::test]
async fn the_requests_about_an_establishment_are_listed_whatever_their_motive() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let first = asks(&app, 1, &json!({"motive": "other"})).await;
    app.wait_seconds(2);
    let second = asks(&app, 2, &json!({})).await;
    let elsewhere = asks(&app, 3, &json!({"siret": OTHER_SIRET})).await;
    assert_eq!(alice.lists(&app, &format!("siret={SIRET}")).await, [&*first, &second]);
    assert_eq!(alice.lists(&app, &format!("siret={OTHER_SIRET}")).await, [&*elsewhere]);
    let motive = format!("siret={SIRET}&motive=other");
    assert_eq!(alice.lists(&app, &motive).await, [&*first]);
    alice.does(&app, &first, "close", &json!({})).await;
    assert_eq!(alice.lists(&app, &format!("siret={SIRET}")).await, [&*second]);
    assert_eq!(alice.lists(&app, &format!("siret={SIRET}&state=closed")).await, [&*first]);
    let line = alice.get(&app, &format!("{QUEUE}?siret={SIRET}&state=closed")).await.body["cases"][0].clone();
    assert_eq!((&line["state"], &line["motive"]), (&json!("closed"), &json!("other")));
    assert!(line.get("full_name").is_none() && line.get("email").is_none(), "{line}");
}

#[tokio::test]
async fn the_watch_measures_what_waits_since_it_waits() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let measured = app.portal.schedule.measure_desk().await.unwrap();
    assert_eq!(measured.oldest_seconds, 0);
    assert!(measured.waiting.iter().all(|waiting| waiting.cases == 0 && waiting.since.is_none()));
    let reference = asks(&app, 1, &json!({"motive": "other"})).await;
    let token = request_token(&mail_to_person(&app).await);
    asks(&app, 2, &json!({"motive": "other"})).await;
    app.wait_minutes(26 * 60);
    let measured = app.portal.schedule.measure_desk().await.unwrap();
    assert!((93_600..93_700).contains(&measured.oldest_seconds), "{}", measured.oldest_seconds);
    let of_motive = measured.waiting.iter().find(|waiting| waiting.motive == Motive::Other).unwrap();
    assert_eq!(of_motive.cases, 2);
    // A session lasts eight hours.
    let alice = AtDesk::opens(&app, alice.agent.sub.as_str(), "Alice Roy").await;
    for reference in alice.lists(&app, "").await {
        alice.does(&app, &reference, "answer", &json!({"text": "Bonjour."})).await;
    }
    assert_eq!(app.portal.schedule.measure_desk().await.unwrap().oldest_seconds, 0);
    // It waits since the message, not since the request came.
    let message = json!({"token": token, "text": "Et maintenant ?"});
    assert_eq!(app.post("/api/request/message", &message).await.status, 200);
    app.wait_minutes(1);
    let measured = app.portal.schedule.measure_desk().await.unwrap();
    assert!((60..120).contains(&measured.oldest_seconds), "{}", measured.oldest_seconds);
    assert_eq!(alice.lists(&app, "").await, [&*reference]);
}
