//! What a click waits for, and what the page says meanwhile.

use std::time::Duration;

use serde_json::json;

use crate::journeys::fill_ticket;
use crate::people::{EMAIL, SIRET};
use crate::proxy::Fate;
use crate::stage::in_every_engine;

/// The first screen of a small phone.
const PHONE: (u32, u32) = (360, 740);

#[tokio::test]
async fn the_proof_is_looked_for_before_the_first_key_and_spoken_of_only_while_it_is_waited_for() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/identifiant-oublie/").await;
        let asked = "
            const names = performance.getEntriesByType('resource').map(({ name }) => name);
            return document.activeElement === document.body
                && ['/api/challenge', '/assets/proof.', '/assets/proof-worker']
                    .every((part) => names.some((name) => name.includes(part)));";
        browser.until("all has come and nothing was touched", asked, json!([])).await;
        assert_eq!(browser.text(".app-proof").await, "");
        // The click that finds none waits for it, and says so once.
        stage.proxy.plan("/api/challenge", [Fate::Silence]);
        browser.go("/identifiant-oublie/").await;
        browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", EMAIL)]).await;
        assert_eq!(browser.text(".app-proof").await, "");
        browser.submit("#recover-identifier").await;
        browser.reads(".app-proof", "Vérification anti-robot en cours…").await;
        browser.sees("#done").await;
        assert_eq!(browser.text(".app-proof").await, "");
    })
    .await;
}

#[tokio::test]
async fn the_button_says_that_it_sends_and_stays_in_sight() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.size(PHONE.0, PHONE.1).await;
        browser.go("/identifiant-oublie/").await;
        browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", EMAIL)]).await;
        stage.proxy.plan("/api/recover/identifier", [Fate::Refused(503, Some(600))]);
        let button = "#recover-identifier [type=submit]";
        browser.submit("#recover-identifier").await;
        browser.reads(button, "Envoi en cours…").await;
        let in_sight = "
            const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return box.top >= 0 && box.bottom <= innerHeight;";
        browser.until("the button is in sight", in_sight, json!([button])).await;
        browser.click(".app-sending--waiting button").await;
        browser.reads(button, "M'envoyer").await;
    })
    .await;
}

#[tokio::test]
async fn the_network_that_is_back_ends_a_wait() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        // The wait after the fourth is eight seconds at least.
        stage.proxy.plan("/api/submit-ticket", vec![Fate::Broken; 4]);
        browser.submit("#submit-ticket").await;
        stage.proxy.posted("/api/submit-ticket", 4).await;
        browser.sees(".app-sending--waiting button").await;
        browser.run("dispatchEvent(new Event('online'))", json!([])).await;
        browser.sees("#done").await;
        let pause = stage.proxy.pauses("/api/submit-ticket").pop().unwrap();
        assert!(pause < Duration::from_secs(8), "{pause:?}");
    })
    .await;
}
