//! The page of a link: what it is good for is said on opening, and a dead one is renewed by one click.

use serde_json::json;

use crate::accounts::open_account;
use crate::journeys::{apply, choose_password, log_in_where_the_password_was_chosen};
use crate::people::{EMAIL, ESTABLISHMENT, OTHER_PASSWORD, PASSWORD};
use crate::proxy::Fate;
use crate::stage::{Stage, in_every_engine};

/// How often a route was asked.
fn asked(stage: &Stage, path: &str) -> usize {
    stage.proxy.bodies(path).len()
}

#[tokio::test]
async fn a_link_names_its_establishment_before_a_password_is_invented() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
        browser.reads("#for-establishment", ESTABLISHMENT).await;
        browser.reload().await;
        browser.reads("#for-establishment", ESTABLISHMENT).await;
        choose_password(stage, mail.fragment(), PASSWORD).await;
        browser.reads("#done h1", "vous êtes connecté").await;
    })
    .await;
}

#[tokio::test]
async fn an_expired_link_is_told_on_opening_and_renewed_in_one_tap() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        let activation = stage.portal.mails().await.pop().unwrap();
        stage.proxy.plan("/api/link", [Fate::link("recovery", "expired")]);
        browser.go(&format!("/mot-de-passe/{}", activation.fragment())).await;
        browser.sees("#link-expired").await;
        browser.sees_not("#set-password").await;
        assert_eq!(asked(stage, "/api/set-password"), 0, "a password was asked for");
        browser.submit("#renew-link").await;
        browser.sees("#done").await;
        let mail = stage.portal.mail(3).await;
        assert_eq!(mail.to, [EMAIL]);
        // Loaded again it says the same, and asks for nothing more.
        browser.reload().await;
        browser.sees("#done").await;
        assert_eq!(asked(stage, "/api/link/renew"), 1);

        assert_eq!(choose_password(stage, mail.fragment(), OTHER_PASSWORD).await, identifier);
        log_in_where_the_password_was_chosen(stage, &identifier, OTHER_PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn a_link_that_expires_for_good_before_it_is_renewed_is_asked_for_by_the_identifier() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.plan("/api/link", [Fate::link("activation", "expired")]);
        browser.go("/mot-de-passe/#jeton").await;
        browser.sees("#link-expired").await;
        browser.submit("#renew-link").await;
        browser.sees("#link-unknown").await;
        browser.ready("#recover-password #identifier").await;
    })
    .await;
}

#[tokio::test]
async fn a_password_is_chosen_though_nobody_says_what_the_link_is_good_for() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        stage.proxy.plan("/api/link", [Fate::failed()]);
        let identifier = choose_password(stage, mail.fragment(), PASSWORD).await;
        // It is not known that this has logged in: the login stands there, and the session as well.
        log_in_where_the_password_was_chosen(stage, &identifier, PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn after_a_recovery_the_login_is_there_again_when_the_page_is_loaded_again() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.plan("/api/link", [Fate::open_link()]);
        stage.proxy.plan("/api/set-password", [Fate::Given(200, json!({"identifier": "AP-0000-0000"}))]);
        browser.go("/mot-de-passe/#jeton").await;
        browser.fill("#set-password #password", OTHER_PASSWORD).await;
        browser.submit("#set-password").await;
        for _ in 0..2 {
            browser.ready("#login [type=submit]").await;
            assert_eq!(browser.value("#login #identifier").await, "AP-0000-0000");
            assert_eq!(browser.value("#login #password").await, "");
            browser.reload().await;
        }
    })
    .await;
}
