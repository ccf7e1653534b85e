//! The shorter way and its open end: both ways in on a phone, a history of steps, the mail that is awaited.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::engines::chosen;
use crate::journeys::{apply, check_siret, fill_ticket, log_in, open_account};
use crate::people::{APPLICATION, EMAIL, PASSWORD, SIRET, SIRET_DIGITS, TICKET};
use crate::portal::Portal;
use crate::proxy::Fate;
use crate::stage::{Stage, in_every_engine};

const EXTRANET: &str = "https://extranet.exemple.fr/ap/";
/// The first screen of a small phone.
const PHONE: (u32, u32) = (360, 740);
const ON_FIRST_SCREEN: &str = "
    const box = document.querySelector(arguments[0]).getBoundingClientRect();
    return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight && scrollY === 0;";
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
async fn a_phone_shows_both_doors_on_its_first_screen_and_each_leads_in() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.size(PHONE.0, PHONE.1).await;
        for (door, words, form) in
            [("#door-account", "J'ai un compte", "#login"), ("#door-first", "Première fois", "#check-siret")]
        {
            browser.go("/").await;
            browser.reads(door, words).await;
            browser.until("the door is on the first screen", ON_FIRST_SCREEN, json!([door])).await;
            browser.click(door).await;
            browser.ready(&format!("{form} [type=submit]")).await;
        }
        browser.size(1280, 900).await;
        browser.go("/").await;
        browser.sees("#login").await;
        browser.sees_not(".app-doors").await;
    })
    .await;
}

#[tokio::test]
async fn my_space_is_the_login_until_somebody_is_in_and_the_home_page_says_who() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        browser.run("localStorage.clear(); sessionStorage.clear()", json!([])).await;
        browser.client.delete_all_cookies().await.unwrap();
        browser.go("/mon-espace/").await;
        browser.sees("#no-session").await;
        browser.fill_all("#login", &[("identifier", &identifier), ("password", PASSWORD)]).await;
        browser.submit("#login").await;
        browser.reads("#account #who", "Jeanne Martin-Ruiz").await;
        browser.go("/").await;
        browser.sees("#logged-in").await;
        browser.reads("#logged-in", "Vous êtes connecté : Jeanne Martin-Ruiz").await;
        browser.click("#logged-in a[href='/mon-espace/']").await;
        browser.click("#log-out").await;
        browser.sees("#done").await;
        browser.go("/").await;
        browser.reads("#notices", "Aucun incident").await;
        browser.sees("#login").await;
        browser.sees_not("#logged-in").await;
    })
    .await;
}

#[tokio::test]
async fn the_steps_are_four_and_back_leads_to_the_one_before_with_what_was_typed() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        let has_title = "return document.title.startsWith(arguments[0])";
        browser.until("the title says the step", has_title, json!(["Étape 1 sur 4"])).await;
        check_siret(stage, SIRET).await;
        browser.sees("#step-account").await;
        browser.reads("#step-account h1", "Étape 2 sur 4").await;
        browser.until("the title says the step", has_title, json!(["Étape 2 sur 4"])).await;
        browser.fill("#create-account #first_name", "Jeanne").await;
        browser.client.back().await.unwrap();
        browser.sees("#step-siret").await;
        assert_eq!(browser.value("#check-siret #siret").await, SIRET);
        browser.reload().await;
        browser.sees("#step-siret").await;
        browser.client.forward().await.unwrap();
        browser.sees("#step-account").await;
        assert_eq!(browser.value("#create-account #first_name").await, "Jeanne");
        browser.fill_all("#create-account", &APPLICATION).await;
        browser.submit("#create-account").await;
        browser.sees("#done").await;
        browser.reads("#done h1", "Étape 3 sur 4").await;
        // Back from there is how one corrects.
        browser.client.back().await.unwrap();
        browser.sees("#step-account").await;
        assert_eq!(browser.value("#create-account #email").await, EMAIL);
        stage.portal.mail(1).await;
    })
    .await;
}

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
        for path in pages.into_iter().chain(others) {
            browser.size(1280, 900).await;
            browser.go(path).await;
            browser.sees("main h1").await;
            if path == "/mon-espace/" {
                browser.sees("#establishments .app-counted").await;
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

#[tokio::test]
async fn my_space_opens_the_extranet_for_each_establishment_or_says_what_comes_next() {
    for engine in chosen() {
        for extranet in [Some(EXTRANET), None] {
            let stage = Stage::set_at(engine, Portal::start_with(extranet).await).await;
            let browser = &stage.browser;
            log_in(&stage).await;
            browser.sees("#account").await;
            let link = "#establishments a";
            match extranet {
                Some(address) => {
                    browser.reads(link, "Déposer une demande d'activité partielle").await;
                    browser.reads(link, SIRET).await;
                    let href = "return document.querySelector(arguments[0]).href === arguments[1]";
                    browser.until("it leads there", href, json!([link, address])).await;
                    browser.sees_not("#no-extranet").await;
                }
                None => {
                    browser.reads("#no-extranet", "se dépose sur l'extranet").await;
                    browser.sees_not(link).await;
                }
            }
            stage.close().await;
        }
    }
}

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
        stage.proxy.plan("/api/submit-ticket", vec![Fate::Cut; 4]);
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

#[tokio::test]
async fn the_mail_that_is_waited_for_is_told_sent_again_and_corrected() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        assert_eq!(browser.text("#sent-to").await, EMAIL);
        for words in [EMAIL, &plain(&mail.subject), "Activite partielle (ne-pas-repondre@…)", "Demandé"] {
            browser.reads("#mail", words).await;
        }
        assert!(mail.from.starts_with("Activite partielle <ne-pas-repondre@"), "{}", mail.from);
        browser.reads("#mail-limit", "au plus 10 courriels par heure").await;
        browser.reads("#resend-countdown", "Vous pourrez le renvoyer dans").await;
        assert_eq!(browser.run("return document.querySelector('#resend').disabled", json!([])).await, true);

        wait_over(browser, 1).await;
        browser.reads("#resend-status", "Vous pouvez maintenant renvoyer").await;
        browser.click("#resend").await;
        stage.portal.mail(2).await;
        browser.reads("#mail-limit", "Vous en avez demandé 2").await;

        browser.click("#correct").await;
        browser.sees("#step-account").await;
        for (field, typed) in APPLICATION {
            assert_eq!(browser.value(&format!("#create-account #{field}")).await, typed);
        }
        assert_eq!(browser.text("#checked-siret").await, SIRET);
        browser.fill("#create-account #email", "j.martin@exemple.fr").await;
        browser.submit("#create-account").await;
        browser.reads("#sent-to", "j.martin@exemple.fr").await;
        assert_eq!(stage.portal.mail(3).await.to, ["j.martin@exemple.fr"]);
        browser.reads("#mail-limit", "Vous en avez demandé 1 ").await;
    })
    .await;
}

#[tokio::test]
async fn all_that_was_asked_for_goes_along_to_the_help_and_to_the_request_but_in_no_address() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        browser.click("#done a[href='/courriel-non-recu/']").await;
        browser.reads("#asked #mail", EMAIL).await;
        browser.reads("#asked #mail", &plain(&mail.subject)).await;
        assert_eq!(browser.place().await, "/courriel-non-recu/");
        // There and back: nothing is lost.
        browser.click("#resume").await;
        browser.reads("#done #mail", EMAIL).await;
        browser.click("#done a[href='/courriel-non-recu/']").await;
        browser.click("#to-request").await;
        browser.ready("#submit-ticket [type=submit]").await;
        assert_eq!(browser.place().await, "/demande-assistance/");
        for (field, known) in [
            ("siret", SIRET_DIGITS),
            ("establishment_name", APPLICATION[0].1),
            ("full_name", "Jeanne Martin-Ruiz"),
            ("email", EMAIL),
            ("phone", APPLICATION[4].1),
        ] {
            assert_eq!(browser.value(&format!("#submit-ticket #{field}")).await, known, "{field}");
        }
        let said = plain(&browser.value("#description").await);
        assert!(said.contains(&plain(&mail.subject)) && said.contains("Demandé 1"), "{said}");
        assert_eq!(browser.value("[name=motive]:checked").await, "extranet-access");
    })
    .await;
}

#[tokio::test]
async fn the_hourly_limit_is_said_to_everybody_in_the_same_words() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account(stage).await;
        let mut said = Vec::new();
        for email in [EMAIL, "personne@exemple.fr"] {
            browser.go("/identifiant-oublie/").await;
            browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", email)]).await;
            browser.submit("#recover-identifier").await;
            browser.reads("#mail", email).await;
            wait_over(browser, 5).await;
            browser.reads("#mail-limit", "Le prochain pourra partir à ").await;
            browser.reads("#resend-countdown", "min").await;
            let text = browser.text("#done").await.replace(email, "");
            // The hours are those of each asking.
            said.push(text.split(|c: char| c.is_ascii_digit()).collect::<String>());
        }
        assert_eq!(said[0], said[1]);
    })
    .await;
}

#[tokio::test]
async fn another_space_begins_with_what_is_the_persons_own() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        browser.click("#done #another-space").await;
        browser.ready("#check-siret [type=submit]").await;
        assert_eq!(browser.value("#check-siret #siret").await, "");
        check_siret(stage, "356 000 000 09075").await;
        browser.sees("#step-account").await;
        assert_eq!(browser.value("#create-account #establishment_name").await, "");
        for (field, typed) in &APPLICATION[1..] {
            assert_eq!(browser.value(&format!("#create-account #{field}")).await, *typed);
        }
    })
    .await;
}

#[tokio::test]
async fn my_space_offers_another_space_too() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        log_in(stage).await;
        browser.click("#another-space").await;
        browser.ready("#check-siret [type=submit]").await;
        check_siret(stage, "356 000 000 09075").await;
        browser.sees("#step-account").await;
        assert_eq!(browser.value("#create-account #last_name").await, "Martin-Ruiz");
        assert_eq!(browser.value("#create-account #establishment_name").await, "");
    })
    .await;
}

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
        for path in pages.into_iter().chain(["/mon-espace/"]) {
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

/// With plain spaces, as `Browser::text` gives them.
fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

/// Makes it look as if `count` mails had been asked for, the last one long enough ago to ask again.
async fn wait_over(browser: &Browser, count: usize) {
    let age = "
        const kept = JSON.parse(sessionStorage.getItem('sesame:asked'));
        const ago = Date.now() - 10 * 60 * 1000;
        const times = Array(arguments[0]).fill(ago);
        sessionStorage.setItem('sesame:asked', JSON.stringify({ ...kept, times }));
        return true;";
    assert_eq!(browser.run(age, json!([count])).await, true);
    browser.reload().await;
    browser.sees("#done #mail").await;
}
