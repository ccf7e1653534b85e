//! Fields that are checked when they are left: at once, silent while somebody types, never in the way.

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use serde_json::json;

use crate::access::{assert_contrasts, assert_follows_wcag, assert_nothing_sticks_out};
use crate::accounts::open_account;
use crate::browser::Browser;
use crate::engines::Look;
use crate::journeys::{apply, check_siret, choose_password, fill_ticket};
use crate::people::{PASSWORD, SIRET, SIRET_DIGITS};
use crate::stage::{in_chromium, in_every_engine};

/// What is typed, and two parts of what is said.
type Slip = (&'static str, &'static str, &'static str);

/// Records what comes into live regions, all of which are there before they speak.
const LISTEN: &str = "
    window.said = [];
    for (const region of document.querySelectorAll('form [aria-live]')) {
        const note = () => region.textContent && window.said.push(region.textContent.replace(/\\s+/g, ' '));
        new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
    }";

/// Leaves the field for `next`, by the keyboard's way: the focus goes, nothing is clicked.
async fn leave(browser: &Browser, field: &str) {
    let script = "document.querySelector(arguments[0]).focus(); document.activeElement.blur()";
    browser.run(script, json!([field])).await;
}

/// What assistive technology is told of a field: whether it is wrong, and what describes it.
async fn described(browser: &Browser, field: &str) -> (bool, String) {
    let script = "
        const field = document.querySelector(arguments[0]);
        const ids = (field.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean);
        const texts = ids.map((id) => document.getElementById(id).textContent.trim());
        return [field.getAttribute('aria-invalid') === 'true', texts.join(' | ')];";
    let told = browser.run(script, json!([field])).await;
    (told[0] == true, told[1].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_siret_is_counted_and_checked_when_it_is_left() {
    const SLIPS: [Slip; 9] = [
        ("732 829 320", "C'est le SIREN", "ajoutez les 5 chiffres du NIC"),
        ("732 829 320 000", "Il manque 2 chiffres", "vous en avez tapé 12"),
        ("732 829 320 00074 9", "1 chiffre de trop", "vous en avez tapé 15"),
        ("732 829 320 00047", "une erreur de frappe", "14 chiffres"),
        ("356 000 000 09076", "une erreur de frappe", "14 chiffres"),
        ("7,32829E+13", "tableur", "format Nombre"),
        ("FR 40 732 829 320", "numéro de TVA", "SIREN 732 829 320"),
        ("732 829 320 0007O", "lettre O", "zéro"),
        ("siret inconnu", "que des chiffres", "enlevez"),
    ];
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        browser.ready("#check-siret [type=submit]").await;
        leave(browser, "#siret").await;
        for (typed, what, how) in SLIPS {
            browser.fill("#siret", typed).await;
            leave(browser, "#siret").await;
            browser.reads("#siret-error", what).await;
            browser.reads("#siret-error", how).await;
            let (is_invalid, said) = described(browser, "#siret").await;
            assert!(is_invalid && said.contains(what), "{typed}: {said}");
            assert!(!said.contains("n'existe pas"), "{typed}: {said}");
        }
        // La Poste's own rule, and a SIRET as people have it: nothing is said, and the server takes it.
        for right in ["356 000 000 09075", "SIRET n° : 732-829-32O-00074"] {
            browser.fill("#siret", right).await;
            leave(browser, "#siret").await;
            browser.sees_not("#siret-error").await;
            assert!(!described(browser, "#siret").await.0, "{right}");
        }
        assert!(stage.proxy.bodies("/api/check-siret").is_empty(), "nothing is asked of the server");
        browser.tick("#accept_terms").await;
        browser.submit("#check-siret").await;
        browser.sees("#step-account").await;
        assert_eq!(browser.text("#checked-siret").await, SIRET);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_said_while_somebody_types_and_what_was_said_goes_when_it_is_mended() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/identifiant-oublie/").await;
        browser.ready("#recover-identifier [type=submit]").await;
        browser.run(LISTEN, json!([])).await;
        let field = browser.ready("#siret").await;
        for digits in ["732", " 829", " 320"] {
            field.send_keys(digits).await.unwrap();
            assert_eq!(browser.text("#siret-error").await, "", "{digits}");
        }
        leave(browser, "#siret").await;
        browser.reads("#siret-error", "SIREN").await;
        // Come back to, it is mended digit by digit; the last takes the message away, and no more is said.
        for (digits, is_right) in [(" 0007", false), ("4", true)] {
            field.send_keys(digits).await.unwrap();
            assert_eq!(browser.text("#siret-error").await.is_empty(), is_right, "{digits}");
        }
        assert!(!described(browser, "#siret").await.0);
        leave(browser, "#siret").await;
        // An empty field is passed by in silence.
        leave(browser, "#email").await;
        browser.fill("#email", "jeanne.exemple.fr").await;
        leave(browser, "#email").await;
        browser.reads("#email-error", "Il manque le signe @").await;
        let said = browser.run("return window.said", json!([])).await;
        let said: Vec<&str> = said.as_array().unwrap().iter().filter_map(|text| text.as_str()).collect();
        assert_eq!(said.len(), 2, "each is announced once: {said:?}");
        assert!(said[0].contains("C'est le SIREN") && said[1].contains("signe @"), "{said:?}");
    })
    .await;
}

#[tokio::test]
async fn nothing_moves_from_under_the_pointer_that_leaves_a_field() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        browser.tick("#accept_terms").await;
        browser.fill("#siret", "732 829 320 000").await;
        let loaded =
            "return performance.getEntriesByType('resource').some(({ name }) => name.includes('/rules.'))";
        browser.until("the rules are here", loaded, json!([])).await;
        let button = browser.ready("#check-siret [type=submit]").await;
        let place = "return document.querySelector('#accept_terms').getBoundingClientRect().top";
        let before = browser.run(place, json!([])).await;
        let pointer = || MouseActions::new("mouse".to_owned());
        let down = PointerAction::Down { button: MOUSE_BUTTON_LEFT };
        let over = PointerAction::MoveToElement { element: button, duration: None, x: 0.0, y: 0.0 };
        browser.client.perform_actions(pointer().then(over).then(down)).await.unwrap();
        let is_left = "return document.activeElement.id !== 'siret'";
        browser.until("the field is left", is_left, json!([])).await;
        // Held down while the page is painted twice: it could have said what it has to say.
        browser.picture().await;
        assert_eq!(browser.run(place, json!([])).await, before);
        assert_eq!(browser.text("#siret-error").await, "");
        let up = PointerAction::Up { button: MOUSE_BUTTON_LEFT };
        browser.client.perform_actions(pointer().then(up)).await.unwrap();
        browser.reads("#check-siret .govuk-error-summary", "Il manque 2 chiffres").await;
    })
    .await;
}

#[tokio::test]
async fn what_a_sending_says_is_said_once() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        browser.run(LISTEN, json!([])).await;
        browser.fill("#submit-ticket #siret", "732 829 320 000").await;
        browser.submit("#submit-ticket").await;
        browser.reads(".govuk-error-summary", "Il manque 2 chiffres").await;
        assert_eq!(stage.proxy.bodies("/api/submit-ticket").len(), 1, "the server judges");
        browser.reads("#siret-error", "vous en avez tapé 12").await;
        let said = browser.run("return window.said", json!([])).await.to_string();
        assert!(!said.contains("Il manque"), "the summary has said it: {said}");
        let count = "return document.querySelectorAll('#submit-ticket .govuk-error-message').length";
        assert_eq!(browser.run(count, json!([])).await, 1);
        // Mended, what the sending said goes when the field is left; the request goes through.
        browser.fill("#submit-ticket #siret", SIRET_DIGITS).await;
        leave(browser, "#siret").await;
        browser.sees_not("#siret-error").await;
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
    })
    .await;
}

#[tokio::test]
async fn an_identifier_is_taken_as_it_is_copied_and_checked_when_it_is_left() {
    const SLIPS: [Slip; 5] = [
        ("jeanne@exemple.fr", "pas une adresse", "identifiant"),
        ("AP-7K3M-Q2F", "Il manque 1 caractère", "AP-7K3M-Q2FD"),
        ("AP-7K3M-Q2FE", "une erreur de frappe", "courriel"),
        ("AP-7K3M-Q2FU", "« U »", "AP-7K3M-Q2FD"),
        ("732 829 320 00074", "votre SIRET", "AP-"),
    ];
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        for (path, form) in [("/", "#login"), ("/mot-de-passe-oublie/", "#recover-password")] {
            browser.go(path).await;
            browser.ready(&format!("{form} [type=submit]")).await;
            for (typed, what, how) in SLIPS {
                browser.fill("#identifier", typed).await;
                leave(browser, "#identifier").await;
                browser.reads("#identifier-error", what).await;
                browser.reads("#identifier-error", how).await;
            }
        }
        browser.go("/").await;
        let copied = format!("{}.", identifier[3..].to_lowercase().replace('-', " "));
        browser.fill_all("#login", &[("identifier", &copied), ("password", PASSWORD)]).await;
        leave(browser, "#password").await;
        browser.sees_not(".govuk-error-message").await;
        browser.submit("#login").await;
        browser.reads("#identifier-value", &identifier).await;
    })
    .await;
}

#[tokio::test]
async fn a_phone_number_is_taken_without_its_zero_and_counted_when_it_is_left() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        for (typed, said) in [
            ("06 12 34 56 7", "Il manque 1 chiffre"),
            ("06 12 34 56 78 90", "2 chiffres de trop"),
            ("+33 06 12 34 56 78", "sans le 0"),
        ] {
            browser.fill("#phone", typed).await;
            leave(browser, "#phone").await;
            browser.reads("#phone-error", said).await;
        }
        for right in ["33612345678", "0033612345678", "612345678"] {
            browser.fill("#phone", right).await;
            leave(browser, "#phone").await;
            browser.sees_not("#phone-error").await;
        }
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        stage.portal.mail(2).await;
        let mails = stage.portal.mails().await;
        assert!(mails.iter().any(|mail| mail.text.contains("+33612345678")), "to the agency");
    })
    .await;
}

#[tokio::test]
async fn the_address_that_was_meant_is_proposed_and_one_tap_takes_it() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        for (path, form) in [
            ("/creer-mon-espace/", "#create-account"),
            ("/demande-assistance/", "#submit-ticket"),
            ("/identifiant-oublie/", "#recover-identifier"),
        ] {
            browser.go(path).await;
            if form == "#create-account" {
                check_siret(stage, SIRET).await;
            }
            browser.ready(&format!("{form} [type=submit]")).await;
            browser.fill(&format!("{form} #email"), "jeanne@gmial.com").await;
            leave(browser, "#email").await;
            browser.reads(".app-suggestion", "Vouliez-vous dire jeanne@gmail.com ?").await;
            browser.click(".app-suggestion button").await;
            assert_eq!(browser.value("#email").await, "jeanne@gmail.com");
            browser.sees_not(".app-suggestion button").await;
            let focus = "return document.activeElement.id";
            assert_eq!(browser.run(focus, json!([])).await, "email", "the focus is not lost with the button");
            // What was taken is kept as what was typed is.
            browser.reload().await;
            browser.ready(&format!("{form} [type=submit]")).await;
            assert_eq!(browser.value("#email").await, "jeanne@gmail.com");
        }
        // It proposes, no more: left as it is, the address is sent to.
        browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", "jeanne@exemple.con")]).await;
        leave(browser, "#email").await;
        browser.reads(".app-suggestion", "jeanne@exemple.com").await;
        browser.submit("#recover-identifier").await;
        browser.sees("#done").await;
        assert_eq!(stage.proxy.bodies("/api/recover/identifier")[0]["email"], "jeanne@exemple.con");
    })
    .await;
}

#[tokio::test]
async fn an_address_that_cannot_be_is_refused_by_page_and_server_alike() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        for end in ["local", "invalid", "f", "c0m"] {
            browser.go("/identifiant-oublie/").await;
            let typed = format!("jeanne@exemple.{end}");
            browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", &typed)]).await;
            leave(browser, "#email").await;
            browser.reads("#email-error", &format!("« .{end} »")).await;
            browser.submit("#recover-identifier").await;
            browser.reads(".govuk-error-summary", &format!("« .{end} »")).await;
        }
        assert_eq!(stage.proxy.statuses("/api/recover/identifier"), [422; 4]);
    })
    .await;
}

#[tokio::test]
async fn a_password_is_counted_when_it_is_left_and_judged_as_its_hint_says() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
        browser.fill("#set-password #password", "xK9#mQ2$v").await;
        leave(browser, "#password").await;
        browser.reads("#password-error", "Il manque 3 caractères").await;
        // Looked at, it is not left.
        browser.fill("#set-password #password", "xK9#").await;
        browser.click(".govuk-password-input__toggle").await;
        browser.reads("#password-error", "Il manque 3 caractères").await;
        for weak in ["MartinZoe1990", "Azerty123456!", "soleil soleil soleil", "JeanneMartinRuiz75"] {
            browser.fill("#set-password #password", weak).await;
            leave(browser, "#password").await;
            browser.sees_not("#password-error").await;
            browser.submit("#set-password").await;
            browser.sees("#password-error").await;
        }
        assert!(browser.text("#password-error").await.contains("vos données"));
        let hint = browser.text("#password-hint").await;
        for refused in ["prénom", "ville", "azerty", "mot répété", "SIRET"] {
            assert!(hint.contains(refused), "{refused} in «{hint}»");
        }
        choose_password(stage, mail.fragment(), PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_said_follows_wcag_and_fits_320_pixels() {
    in_chromium(Look::default(), async |stage| {
        let browser = &stage.browser;
        browser.size(320, 900).await;
        browser.go("/demande-assistance/").await;
        browser.ready("#submit-ticket [type=submit]").await;
        for (field, typed) in [
            ("#siret", "FR 40 732 829 320"),
            ("#phone", "33 06 12 34 56 78"),
            ("#email", "jeanne.marie-antoinette.dupont-lefebvre@hotmial.fr"),
        ] {
            browser.fill(field, typed).await;
            leave(browser, field).await;
        }
        browser.sees(".app-suggestion button").await;
        assert_follows_wcag(browser, "checked fields").await;
        assert_nothing_sticks_out(browser, "checked fields").await;
        browser.prefers("dark").await;
        assert_contrasts(browser, "checked fields in dark").await;
        browser.prefers("light").await;
    })
    .await;
}
