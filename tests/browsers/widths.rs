//! Passwords and identifiers on narrow screens and in large text.

use serde_json::json;

use crate::accounts::log_in;
use crate::journeys::check_siret;
use crate::people::SIRET;
use crate::stage::in_every_engine;

/// On how many lines the text of each of these elements stands.
const LINES: &str = "
    return [...document.querySelectorAll(arguments[0])].filter((element) => element.getClientRects().length)
        .map((element) => {
            const range = document.createRange();
            range.selectNodeContents(element);
            return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
        });";
/// Text twice as large and nothing else: no width changes that a style could ask for.
const LARGE_TEXT: &str = "document.documentElement.style.fontSize = '200%'; return true;";
const IS_WIDER: &str = "return document.documentElement.scrollWidth > innerWidth";

#[tokio::test]
async fn the_button_of_a_password_keeps_one_line_and_stands_under_the_field_on_a_narrow_screen() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/mon-espace/").await;
        browser.ready("#login [type=submit]").await;
        let toggle = ".govuk-password-input__toggle";
        let below = "
            const [field, button] = ['#password', arguments[0]].map((css) =>
                document.querySelector(css).getBoundingClientRect());
            return button.top >= field.bottom;";
        for (width, is_below) in [(1280, false), (768, false), (420, false), (390, true), (320, true)] {
            browser.size(width, 800).await;
            for word in ["Masquer", "Afficher"] {
                browser.click(toggle).await;
                browser.reads(toggle, word).await;
                assert_eq!(browser.run(LINES, json!([toggle])).await, json!([1]), "{word} at {width}");
                assert_eq!(browser.run(below, json!([toggle])).await, is_below, "{word} at {width}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn no_identifier_is_cut_and_nothing_scrolls_sideways_when_the_text_alone_is_twice_as_large() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        log_in(stage).await;
        browser.sees("#account").await;
        let pages = ["/mon-espace/", "/", "/mot-de-passe-oublie/", "/aide/difficultes-de-connexion/"];
        let others = ["/creer-mon-espace/", "/demande-assistance/", "/courriel-non-recu/"];
        let space = ["/mon-espace/collegues/", "/mon-espace/mandats/", "/mon-espace/mes-donnees/"];
        for path in pages.into_iter().chain(others).chain(space) {
            browser.size(1280, 900).await;
            browser.go(path).await;
            browser.sees("main h1").await;
            if path == "/mon-espace/" {
                browser.sees("#establishments .app-counted").await;
            }
            if path.starts_with("/mon-espace/") {
                browser.sees("#signed-in").await;
            }
            if path == "/creer-mon-espace/" {
                check_siret(stage, SIRET).await;
                browser.sees("#exists-siret").await;
            }
            browser.run(LARGE_TEXT, json!([])).await;
            for width in [360, 320] {
                browser.size(width, 740).await;
                let lines = browser.run(LINES, json!([".app-counted, .app-identifier"])).await;
                let lines = lines.as_array().unwrap().clone();
                assert!(lines.iter().all(|count| *count == 1), "{path} at {width}: {lines:?}");
                assert_eq!(browser.run(IS_WIDER, json!([])).await, false, "{path} at {width}");
            }
        }
    })
    .await;
}
