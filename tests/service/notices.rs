//! Banners: shown between their moments, and not after.

use domain::time::{Timestamp, after, minutes};
use platform::notices::{Level, Notice};

use crate::support::App;

fn notice(title: &str, from: Timestamp, until: Timestamp) -> Notice {
    Notice {
        level: Level::Closure,
        title: title.to_owned(),
        body: "Fermeture du service pour maintenance de 17h à 21h ce jour.".to_owned(),
        from: from.to_string(),
        until: until.to_string(),
        event_from: None,
        event_until: None,
    }
}

#[tokio::test]
async fn a_banner_tells_when_its_event_is_and_closures_come_first() {
    let app = App::new();
    let now = Timestamp::now();
    let notices = app.notices();
    let incident = Notice { level: Level::Warning, ..notice("Incident", now, after(now, minutes(90))) };
    notices.add(&incident).await.unwrap();
    app.wait_minutes(1);
    // Shown from now on, of what takes place tomorrow.
    let (from, until) = ("2026-11-24T01:00:00Z".to_owned(), "2026-11-24T03:00:00Z".to_owned());
    let closure = notice("Fermeture", after(now, minutes(1)), after(now, minutes(90)));
    let closure = Notice { event_from: Some(from.clone()), event_until: Some(until.clone()), ..closure };
    notices.add(&closure).await.unwrap();
    let shown = app.get("/api/notices").await.body;
    assert_eq!((&shown[0]["title"], &shown[1]["title"]), (&"Fermeture".into(), &"Incident".into()));
    assert_eq!((&shown[0]["event_from"], &shown[0]["event_until"]), (&from.into(), &until.into()));
    assert_eq!(shown[0]["from"], closure.from, "what was there before is there still");
    assert!(shown[1]["event_from"].is_null() && shown[1]["event_until"].is_null());
}

#[tokio::test]
async fn a_banner_is_shown_between_its_moments() {
    let app = App::new();
    let now = Timestamp::now();
    let notices = app.notices();
    let later =
        notices.add(&notice("Maintenance", after(now, minutes(60)), after(now, minutes(120)))).await.unwrap();
    let shown = notices.add(&notice("Incident", now, after(now, minutes(90)))).await.unwrap();
    let titles = async || {
        let answer = app.get("/api/notices").await;
        let shown = answer.body.as_array().unwrap().clone();
        shown.iter().map(|notice| notice["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles().await, ["Incident"]);
    app.wait_minutes(61);
    assert_eq!(titles().await, ["Incident", "Maintenance"]);
    app.wait_minutes(30);
    assert_eq!(titles().await, ["Maintenance"]);
    notices.remove(&later).await.unwrap();
    assert!(titles().await.is_empty());
    let left: Vec<String> = notices.all().await.unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, [shown]);
}

#[tokio::test]
async fn an_unreadable_banner_hides_no_other_and_a_past_one_expires() {
    let app = App::new();
    let now = Timestamp::now();
    let notices = app.notices();
    notices.add(&notice("Incident", now, after(now, minutes(90)))).await.unwrap();
    let bad = serde_json::json!({
        "TableName": sesame::emulator::TABLE,
        "Item": {"pk": {"S": "NOTICE"}, "sk": {"S": "demain"}, "shown_from": {"S": "demain"}},
    });
    let put = app.operate("PutItem", &bad);
    assert_eq!(put, serde_json::json!({}));
    assert_eq!(app.get("/api/notices").await.body.as_array().unwrap().len(), 1);
    app.wait_minutes(32 * 24 * 60);
    app.portal.emulator.sweep().unwrap();
    assert_eq!(app.rows("NOTICE").len(), 1, "only the bad one, which nobody dated");
}
