//! Each journey by keyboard alone: visible focus, and live regions that announce what happens.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use serde_json::{Value, json};

use crate::accounts::open_account;
use crate::browser::Browser;
use crate::journeys::apply;
use crate::people::{COLLEAGUE, EMAIL, ESTABLISHMENT, SIRET_DIGITS};
use crate::proxy::Fate;
use crate::space_states::space_with;
use crate::stage::{Stage, in_every_engine};

const TAB: char = '\u{e004}';
const SHIFT: char = '\u{e008}';
const ENTER: char = '\u{e007}';
const DOWN: char = '\u{e015}';
const SPACE: char = ' ';
/// More stops than any page has.
const STOPS_MAX: usize = 60;
const PASSWORD: &str = "girafe octobre 12 velours";

/// The focus indicator of an element.
const MARK: &str = "
    const markOf = (element) => {
        const isBox = ['radio', 'checkbox'].includes(element.type) && element.nextElementSibling;
        const style = isBox
            ? getComputedStyle(element.nextElementSibling, '::before')
            : getComputedStyle(element);
        const isSeen = style.outlineStyle !== 'none' && !/transparent|, 0\\)$/.test(style.outlineColor);
        const outline = isSeen ? style.outline : 'none';
        return [outline, style.boxShadow, style.backgroundColor].join(' / ');
    };";

/// Notes how everything that can have the focus looks without it.
const NOTE_MARKS: &str = "
    window.plainMarks = new Map();
    for (const element of document.querySelectorAll('a, button, input, summary, textarea, [tabindex]')) {
        if (element !== document.activeElement) window.plainMarks.set(element, markOf(element));
    }";

/// Where the focus is: whether that is what `arguments[0]` selects, and whether it looks otherwise there
/// than it did without the focus.
const FOCUS: &str = "
    const element = document.activeElement;
    const plain = window.plainMarks?.get(element);
    return {
        isThere: element.matches(arguments[0]),
        isMarked: plain !== undefined && plain !== markOf(element),
        name: element.outerHTML.slice(0, 120),
        style: [element.matches(':focus'), document.hasFocus(), plain, markOf(element)].join(' | '),
    };";

const IS_ON_SCREEN: &str = "
    const box = document.activeElement.getBoundingClientRect();
    return box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;";

/// Records announcements of live regions, which must exist before they announce.
const LISTEN: &str = "
    window.said = [];
    for (const region of document.querySelectorAll('[role=status]')) {
        const note = () => region.textContent && window.said.push(region.textContent.replace(/\\s+/g, ' '));
        new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
    }";

#[tokio::test]
async fn an_account_is_opened_used_and_left_by_keyboard_alone() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/").await;
        browser.ready("#login [type=submit]").await;
        press(browser, TAB).await;
        let on_skip_link = "return document.activeElement.matches('.govuk-skip-link')";
        assert_eq!(browser.run(on_skip_link, json!([])).await, true);
        press(browser, ENTER).await;
        tab_to(browser, "main a[href='/creer-mon-espace/']").await;
        press(browser, ENTER).await;

        browser.ready("#check-siret [type=submit]").await;
        write(browser, "#siret", SIRET_DIGITS).await;
        tab_to(browser, "#accept_terms").await;
        press(browser, SPACE).await;
        press(browser, ENTER).await;
        hears_heading(browser, "#step-account").await;
        let fields = [
            ("#establishment_name", ESTABLISHMENT),
            ("#first_name", "Jeanne"),
            ("#last_name", "Martin"),
            ("#email", EMAIL),
            ("#phone", "0123456789"),
        ];
        for (field, text) in fields {
            write(browser, field, text).await;
        }
        tab_to(browser, "#create-account [type=submit]").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;

        let mail = stage.portal.mail(1).await;
        browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
        browser.ready("#set-password [type=submit]").await;
        write(browser, "#password", PASSWORD).await;
        tab_to(browser, ".govuk-password-input__toggle").await;
        press(browser, ENTER).await;
        tab_to(browser, "#set-password [type=submit]").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;
        tab_to(browser, "#to-space").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#account").await;
        tab_to(browser, "#log-out").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;
    })
    .await;
}

#[tokio::test]
async fn identifier_and_password_are_recovered_by_keyboard_alone() {
    in_every_engine(async |stage: &Stage| {
        let browser = &stage.browser;
        browser.go("/").await;
        browser.ready("#login [type=submit]").await;
        tab_to(browser, "main a[href='/identifiant-oublie/']").await;
        press(browser, ENTER).await;
        browser.ready("#recover-identifier [type=submit]").await;
        // A fault first: the summary has the focus, its link leads to the field.
        write(browser, "#siret", SIRET_DIGITS).await;
        press(browser, ENTER).await;
        browser.sees(".govuk-error-summary").await;
        tab_to(browser, ".govuk-error-summary a[href='#email']").await;
        press(browser, ENTER).await;
        browser
            .until("the field has the focus", "return document.activeElement.id === 'email'", json!([]))
            .await;
        type_text(browser, EMAIL).await;
        browser.run(LISTEN, json!([])).await;
        // The waiting is stopped by keyboard too, and the focus is not lost with the button.
        let refusals = [Fate::Refused(429, Some(6)), Fate::Refused(429, Some(600))];
        stage.proxy.plan("/api/recover/identifier", refusals);
        tab_to(browser, "#recover-identifier [type=submit]").await;
        press(browser, ENTER).await;
        browser.sees(".app-sending--waiting button").await;
        tab_to(browser, ".app-sending button").await;
        // The button of the next wait is another one: who was on the first is on it.
        browser.reads(".app-countdown", "min").await;
        let kept = "return document.activeElement.matches('.app-sending button')";
        browser.until("the focus is on the next wait's button", kept, json!([])).await;
        press(browser, ENTER).await;
        browser.sees_not(".app-sending--waiting").await;
        let lost = "return document.activeElement.matches('#recover-identifier [type=submit]')";
        browser.until("the focus is back on the button", lost, json!([])).await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;
        let said = browser.run("return window.said", json!([])).await.to_string();
        for words in ["Envoi en cours", "Nouvel essai automatique dans", "L'envoi est arrêté."] {
            assert!(said.contains(words), "{words} was not said: {said}");
        }

        tab_to(browser, "#done a[href='/mot-de-passe-oublie/']").await;
        press(browser, ENTER).await;
        browser.ready("#recover-password [type=submit]").await;
        write(browser, "#identifier", "ap 0000 0000").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;
    })
    .await;
}

#[tokio::test]
async fn a_colleague_is_invited_and_the_invitation_withdrawn_by_keyboard_alone() {
    in_every_engine(async |stage: &Stage| {
        let browser = &stage.browser;
        open_account(stage).await;
        browser.go("/mon-espace/").await;
        browser.sees("#account").await;
        // It stands before the heading, which has the focus. Beyond the end of the page Firefox leaves the
        // page, and in a window without toolbars it comes back to it without the focus.
        back_to(browser, "#space-nav a[href='/mon-espace/collegues/']").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#colleagues").await;
        browser.run(LISTEN, json!([])).await;
        tab_to(browser, "#open-invite").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#invite").await;
        for (field, text) in COLLEAGUE {
            write(browser, &format!("#{field}"), text).await;
        }
        tab_to(browser, "#invite-colleague [name=role]").await;
        press(browser, SPACE).await;
        press(browser, DOWN).await;
        assert_eq!(browser.value("#invite-colleague [name=role]:checked").await, "holder");
        tab_to(browser, "#invite-colleague [type=submit]").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#colleagues").await;
        browser.sees("#invitations [data-action=withdraw]").await;
        tab_to(browser, "#invitations [data-action=withdraw]").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#confirm").await;
        tab_to(browser, "#confirm-change [type=submit]").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#colleagues").await;
        browser.reads("#news", "est retirée").await;
        // Lists that are drawn anew under the focus give it to their heading.
        browser.sees_not("#invitations [data-action=withdraw]").await;
        let said = browser.run("return window.said", json!([])).await.to_string();
        for words in ["Invitation envoyée à", "est retirée"] {
            assert!(said.contains(words), "{words} was not said: {said}");
        }
        tab_to(browser, "#log-out").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;
    })
    .await;
}

#[tokio::test]
async fn an_invitation_is_accepted_and_a_mandate_offered_by_keyboard_alone() {
    in_every_engine(async |stage: &Stage| {
        let browser = &stage.browser;
        let invitation = json!({
            "siret": SIRET_DIGITS, "establishment_name": ESTABLISHMENT, "invited_by": "Jeanne Martin-Ruiz",
            "role": "member", "sent_to": "p•••@exemple.fr", "first_name": "Paul", "last_name": "Durand",
            "state": "open", "you": "none",
        });
        let accepted = json!({"identifier": "AP-0000-0000"});
        stage.proxy.plan("/api/invitation", [Fate::Given(200, invitation), Fate::Given(200, accepted)]);
        browser.go("/invitation/#jeton").await;
        hears_heading(browser, "#open").await;
        write(browser, "#open-account #phone", "0123456789").await;
        write(browser, "#open-account #account_password", PASSWORD).await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;

        stage.proxy.plan("/api/space", [space_with(json!({}))]);
        browser.go("/mon-espace/mandats/proposer/").await;
        hears_heading(browser, "#offer").await;
        browser.reads("#mandate-text", "Objet").await;
        tab_to(browser, "#offer-mandate [name=as]").await;
        press(browser, SPACE).await;
        write(browser, "#other_siret", "35600000009075").await;
        tab_to(browser, "#scope_read").await;
        press(browser, SPACE).await;
        let offered = Fate::Given(202, json!({"mandate": "m9"}));
        stage.proxy.plan("/api/space", [offered, space_with(json!({}))]);
        tab_to(browser, "#offer-mandate [type=submit]").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#mandates").await;
        browser.reads("#news", "Mandat proposé").await;
    })
    .await;
}

#[tokio::test]
async fn the_skip_link_leaves_the_link_of_the_mail_alone() {
    in_every_engine(async |stage: &Stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
        browser.ready("#set-password [type=submit]").await;
        // Used, left by Back, used again, and the page loaded again: the token is still the mail's.
        skip_to_content(browser).await;
        browser.client.back().await.unwrap();
        browser.until("the fragment is gone", "return location.hash === ''", json!([])).await;
        skip_to_content(browser).await;
        browser.reload().await;
        browser.ready("#set-password [type=submit]").await;
        write(browser, "#password", PASSWORD).await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;
        browser.reads("#identifier-value", "AP-").await;
    })
    .await;
}

#[tokio::test]
async fn assistance_is_asked_for_by_keyboard_alone() {
    in_every_engine(async |stage: &Stage| {
        let browser = &stage.browser;
        browser.go("/demande-assistance/").await;
        browser.ready("#submit-ticket [type=submit]").await;
        browser.run(LISTEN, json!([])).await;
        let fields = [
            ("#siret", SIRET_DIGITS),
            ("#establishment_name", ESTABLISHMENT),
            ("#full_name", "Jeanne Martin"),
            ("#phone", "0123456789"),
            ("#email", EMAIL),
        ];
        for (field, text) in fields {
            write(browser, field, text).await;
        }
        tab_to(browser, "[name=motive]").await;
        press(browser, SPACE).await;
        press(browser, DOWN).await;
        assert_eq!(browser.value("[name=motive]:checked").await, "establishment-record");
        write(browser, "#description", "Ma fiche est fausse depuis lundi.").await;
        // Nobody waits for the proof yet: it is not spoken of.
        assert_eq!(browser.run("return window.said", json!([])).await, json!([]));
        tab_to(browser, "#submit-ticket [type=submit]").await;
        press(browser, ENTER).await;
        hears_heading(browser, "#done").await;
        stage.portal.mail(2).await;
    })
    .await;
}

pub async fn press(browser: &Browser, key: char) {
    type_text(browser, &key.to_string()).await;
}

async fn type_text(browser: &Browser, text: &str) {
    let keys = text.chars().fold(KeyActions::new("keyboard".to_owned()), |keys, value| {
        keys.then(KeyAction::Down { value }).then(KeyAction::Up { value })
    });
    browser.client.perform_actions(keys).await.unwrap();
}

/// Goes to the content by the page's first link, from the top of the page.
async fn skip_to_content(browser: &Browser) {
    browser.run("document.querySelector('.govuk-skip-link').focus()", json!([])).await;
    press(browser, ENTER).await;
    browser.until("the content is gone to", "return location.hash === '#main-content'", json!([])).await;
    assert_eq!(browser.run("return document.readyState", json!([])).await, "complete");
}

/// Presses Tab until the focus is there; it stays visible on the way.
async fn tab_to(browser: &Browser, css: &str) {
    move_to(browser, css, async || press(browser, TAB).await).await;
}

/// The same, backwards.
async fn back_to(browser: &Browser, css: &str) {
    let step = async || {
        let keys = [
            KeyAction::Down { value: SHIFT },
            KeyAction::Down { value: TAB },
            KeyAction::Up { value: TAB },
            KeyAction::Up { value: SHIFT },
        ];
        let keys = keys.into_iter().fold(KeyActions::new("keyboard".to_owned()), KeyActions::then);
        browser.client.perform_actions(keys).await.unwrap();
    };
    move_to(browser, css, step).await;
}

async fn move_to(browser: &Browser, css: &str, step: impl AsyncFn()) {
    let mut passed = Vec::new();
    for _ in 0..STOPS_MAX {
        browser.run(&format!("{MARK}{NOTE_MARKS}"), json!([])).await;
        step().await;
        let focus = browser.run(&format!("{MARK}{FOCUS}"), json!([css])).await;
        let name = focus["name"].as_str().unwrap_or_default().to_owned();
        if !name.starts_with("<body") && !name.starts_with("<html") {
            assert!(
                focus["isMarked"] == Value::Bool(true),
                "on the way to {css} the focus does not show in {:?}: {focus}",
                browser.engine
            );
            // Some engines scroll a moment later.
            browser.until(&format!("{name} is on the screen"), IS_ON_SCREEN, json!([])).await;
        }
        if focus["isThere"] == Value::Bool(true) {
            return;
        }
        passed.push(name);
    }
    panic!("{css} is not reached in {:?}; passed {passed:#?}", browser.engine);
}

async fn write(browser: &Browser, field: &str, text: &str) {
    tab_to(browser, field).await;
    type_text(browser, text).await;
    assert_eq!(browser.value(field).await, text);
}

/// A view has come, and its heading has the focus, so that it is read out.
async fn hears_heading(browser: &Browser, view: &str) {
    browser.sees(view).await;
    let heading = "return document.activeElement.matches(arguments[0] + ' h1')";
    browser.until("the heading has the focus", heading, json!([view])).await;
}
