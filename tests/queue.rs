//! The full queue of password hashes. A process of its own: the queue is one for the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

#[path = "service/support.rs"]
mod support;

use std::iter;

use support::{App, EMAIL, OTHER_PASSWORD, PASSWORD, SIRET, token};

#[tokio::test]
async fn a_request_that_finds_the_queue_full_changes_nothing() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let token = token(&app.next_mail().await);
    let places: Vec<_> =
        iter::from_fn(|| app.portal.platform("session").unwrap().passwords.place().ok()).collect();
    assert!(!places.is_empty());
    for _ in 0..5 {
        let refused = app.login(&identifier, OTHER_PASSWORD).await;
        assert_eq!(refused.status, 503, "{}", refused.body);
        assert!(refused.headers.contains_key("retry-after"));
    }
    assert_eq!(app.rows("ATTEMPTS#"), Vec::<serde_json::Value>::new());
    assert_eq!(app.set_password(&token, OTHER_PASSWORD).await.status, 503);
    drop(places);
    assert_eq!(app.login(&identifier, PASSWORD).await.status, 200, "no attempt was counted");
    assert_eq!(app.set_password(&token, OTHER_PASSWORD).await.status, 200, "the link is as it was");
}
