//! The page of the mail «toujours là ?»: one click answers, opening it does not.

use serde_json::json;

use crate::people::ESTABLISHMENT;
use crate::proxy::Fate;
use crate::stage::{Stage, in_every_engine};

/// Of a mail that was never sent: the portal does not know it.
const LINK: &str = "/presence/#jeton";
const ROUTE: &str = "/api/presence";

/// What the service says to an answer.
fn noted() -> Fate {
    Fate::Given(200, json!({"establishment_name": ESTABLISHMENT, "next_at": "2030-11-27T09:00:00Z"}))
}

fn expired() -> Fate {
    Fate::Given(410, json!({"type": "/problems/link-expired", "title": "Ce lien a expiré"}))
}

/// Goes through all states of the page; `look` is told the name of each.
pub async fn visit(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    browser.go("/presence/").await;
    browser.sees("#link-unknown").await;
    look("presence-sans-lien").await;
    browser.go(LINK).await;
    browser.ready("#still-there [type=submit]").await;
    look("presence").await;
    browser.submit("#still-there").await;
    browser.sees("#link-unknown").await;
    look("presence-lien-inconnu").await;
    for (fate, view, name) in
        [(expired(), "#link-expired", "presence-expiree"), (noted(), "#done", "presence-notee")]
    {
        browser.go(LINK).await;
        stage.proxy.plan(ROUTE, [fate]);
        browser.submit("#still-there").await;
        browser.sees(view).await;
        look(name).await;
    }
}

#[tokio::test]
async fn one_click_answers_and_opening_the_link_does_not() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go(LINK).await;
        browser.ready("#still-there [type=submit]").await;
        assert!(!browser.place().await.contains('#'), "the token stays in the address");
        browser.reload().await;
        browser.ready("#still-there [type=submit]").await;
        assert!(stage.proxy.bodies(ROUTE).is_empty(), "a scanner that runs scripts answers nothing");
        stage.proxy.plan(ROUTE, [noted()]);
        browser.submit("#still-there").await;
        browser.reads("#establishment", ESTABLISHMENT).await;
        browser.reads("#next-day", "27 novembre 2030").await;
        assert_eq!(stage.proxy.bodies(ROUTE), [json!({"token": "jeton"})]);
        // Loaded again it says the same.
        browser.reload().await;
        browser.reads("#done #establishment", ESTABLISHMENT).await;
    })
    .await;
}

#[tokio::test]
async fn a_link_that_serves_no_longer_says_so_again_when_the_page_is_loaded_again() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.plan(ROUTE, [expired()]);
        browser.go(LINK).await;
        browser.submit("#still-there").await;
        browser.sees("#link-expired").await;
        browser.reload().await;
        browser.sees("#link-expired").await;
        browser.sees_not("#still-there").await;
        // Come to anew, it can be tried once more.
        browser.go(LINK).await;
        browser.ready("#still-there [type=submit]").await;
        assert_eq!(stage.proxy.bodies(ROUTE).len(), 1);
    })
    .await;
}
