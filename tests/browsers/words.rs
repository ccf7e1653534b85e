//! What pages ask and say: by motive, to machines, of an event, one name for each thing.

use serde_json::json;

use crate::accounts::open_account;
use crate::journeys::check_siret;
use crate::people::{SIRET, TICKET};
use crate::proxy::Fate;
use crate::stage::in_every_engine;

#[tokio::test]
async fn the_motive_shows_its_answer_first_and_asks_who_has_left() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/demande-assistance/").await;
        browser.fill("#submit-ticket #siret", SIRET).await;
        browser.sees_not("#motive-answer").await;
        browser.fill_all("#submit-ticket", &TICKET).await;
        browser.click("#motive").await;
        browser.reads("#motive-answer", "La réponse est peut-être là").await;
        browser.sees_not("#left-fields").await;
        browser.tick("#left").await;
        browser.submit("#submit-ticket").await;
        for field in ["left_name", "left_date", "own_function"] {
            browser.sees(&format!("#{field}-error")).await;
        }
        let case = [("left_name", "Paul Durand"), ("left_date", "octobre 2026"), ("own_function", "gérante")];
        browser.fill_all("#submit-ticket", &case).await;
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        let sent = stage.proxy.bodies("/api/submit-ticket").pop().unwrap();
        let description = sent["description"].as_str().unwrap();
        for words in ["Paul Durand", "octobre 2026", "gérante", TICKET[4].1] {
            assert!(description.contains(words), "{description}");
        }
        assert!(sent.get("left").is_none() && sent.get("left_name").is_none(), "{sent}");
        // From the sheet about it, the answer stands before the form, and the case is chosen.
        browser.go("/aide/collegue-parti/").await;
        browser.click("main a.govuk-button").await;
        browser.sees("#left-fields").await;
        let is_before = "
            return document.querySelector('#motive-answer').nextElementSibling.id === 'submit-ticket'";
        browser.until("the answer stands before the form", is_before, json!([])).await;
    })
    .await;
}

#[tokio::test]
async fn what_must_be_filled_in_says_so_to_machines() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let pages = ["/", "/creer-mon-espace/", "/identifiant-oublie/", "/demande-assistance/"];
        let space =
            ["/mon-espace/", "/mon-espace/collegues/", "/mon-espace/depart/", "/mon-espace/mes-donnees/"];
        let mandates = ["/mon-espace/mandats/proposer/", "/mon-espace/mandats/liste/", "/invitation/"];
        let desk = ["/ma-demande/", "/agents/demande/"];
        for path in pages.into_iter().chain(space).chain(mandates).chain(desk) {
            browser.go(path).await;
            browser.sees("main h1").await;
            let unsaid = "
                return [...document.querySelectorAll('[data-required]')]
                    .filter((field) => field.type === 'radio'
                        ? field.closest('[role=radiogroup]')?.ariaRequired !== 'true'
                            && field.closest('[role=radiogroup]')?.getAttribute('aria-required') !== 'true'
                        : field.getAttribute('aria-required') !== 'true')
                    .map(({ id }) => id);";
            assert_eq!(browser.run(unsaid, json!([])).await, json!([]), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_banner_says_when_its_event_is() {
    in_every_engine(async |stage| {
        let notice = json!([{
            "level": "closure", "title": "Fermeture pour maintenance", "body": "Revenez ensuite.",
            "from": "2026-11-23T07:00:00Z", "until": "2026-11-24T03:00:00Z",
            "event_from": "2026-11-24T01:00:00Z", "event_until": "2026-11-24T03:00:00Z",
        }]);
        stage.proxy.set_notices(Some(Fate::Given(200, notice)));
        stage.browser.go("/").await;
        let year = "return String(new Date().getFullYear())";
        let year = stage.browser.run(year, json!([])).await.as_str().unwrap().to_owned();
        let day = if year == "2026" { "24 novembre" } else { "24 novembre 2026" };
        let dates = format!("Du {day} à 2 h au {day} à 4 h (heure de Paris).");
        stage.browser.reads(".app-notice__dates", &dates).await;
    })
    .await;
}

#[tokio::test]
async fn each_thing_has_one_name() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        for path in ["/", "/creer-mon-espace/", "/conditions-generales/", "/demande-assistance/"] {
            browser.go(path).await;
            let text = browser.text("body").await;
            for other in ["support technique", "Ouvrir mon compte", "ouvrir un compte", "Veuillez-vous"] {
                assert!(!text.contains(other), "{other} on {path}");
            }
        }
        open_account(stage).await;
        browser.go("/creer-mon-espace/").await;
        check_siret(stage, SIRET).await;
        browser.reads("#exists-message", "Veuillez vous connecter sous ce compte").await;
    })
    .await;
}
