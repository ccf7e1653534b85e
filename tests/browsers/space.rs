//! My space as a place to live in: the session that ends, the person's own data, the journal.

use serde_json::json;

use crate::accounts::{enter_as, log_in, open_account};
use crate::browser::Browser;
use crate::journeys::{apply_as, choose_password};
use crate::people::{COLLEAGUE, COLLEAGUE_EMAIL, EMAIL, OTHER_PASSWORD, PASSWORD, SIRET};
use crate::proxy::Fate;
use crate::stage::in_every_engine;

#[tokio::test]
async fn a_session_that_ends_is_opened_again_in_the_same_place_with_what_was_typed() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        browser.go("/mon-espace/collegues/#invite").await;
        browser.fill_all("#invite-colleague", &COLLEAGUE).await;
        browser.click("#invite-colleague #role").await;
        browser.forget_cookies().await;
        browser.submit("#invite-colleague").await;
        browser.sees("#no-session").await;
        browser.sees("#session-over").await;
        fill_login(browser, &identifier, PASSWORD).await;
        browser.sees("#invite").await;
        for (field, typed) in COLLEAGUE {
            assert_eq!(browser.value(&format!("#invite-colleague #{field}")).await, typed);
        }
        assert_eq!(browser.value("#invite-colleague [name=role]:checked").await, "member");
        // Loaded again, it is still the same place.
        browser.reload().await;
        browser.sees("#invite").await;
        assert_eq!(browser.value("#invite-colleague #email").await, COLLEAGUE_EMAIL);
        browser.submit("#invite-colleague").await;
        browser.reads("#news", "Invitation envoyée").await;
        stage.portal.mail_to(COLLEAGUE_EMAIL, "/invitation/").await;
    })
    .await;
}

#[tokio::test]
async fn who_logs_in_next_finds_nothing_of_the_person_before() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        log_in(stage).await;
        browser.sees("#account").await;
        browser.go("/mon-espace/collegues/#invite").await;
        browser.fill_all("#invite-colleague", &COLLEAGUE).await;
        log_out(browser).await;
        let kept = "return JSON.stringify({...sessionStorage})";
        let kept = browser.run(kept, json!([])).await.to_string();
        assert!(!kept.contains(COLLEAGUE_EMAIL), "{kept}");
    })
    .await;
}

#[tokio::test]
async fn the_worst_day_of_my_space_waits_and_keeps_what_was_typed() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        log_in(stage).await;
        browser.sees("#account").await;
        browser.go("/mon-espace/collegues/#invite").await;
        browser.fill_all("#invite-colleague", &COLLEAGUE).await;
        browser.click("#invite-colleague #role").await;
        stage.proxy.plan("/api/space/invitations", [Fate::Refused(503, Some(2)), Fate::throttled()]);
        browser.submit("#invite-colleague").await;
        browser.sees(".app-sending--waiting button").await;
        browser.reads("#news", "Invitation envoyée").await;
        let sent = stage.proxy.bodies("/api/space/invitations");
        assert_eq!(sent.len(), 3);
        assert!(sent.iter().all(|body| *body == sent[0]), "not the same request again: {sent:?}");
    })
    .await;
}

#[tokio::test]
async fn an_address_is_changed_by_the_link_of_the_new_one_and_brought_back_by_that_of_the_old_one() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        browser.go("/mon-espace/mes-donnees/").await;
        browser.click("#open-email").await;
        browser.fill("#change-email #email", COLLEAGUE_EMAIL).await;
        browser.fill("#change-email #email_password", OTHER_PASSWORD).await;
        browser.submit("#change-email").await;
        browser.reads("#email_password-error", "n'est pas celui de votre compte").await;
        assert_eq!(browser.value("#change-email #email").await, COLLEAGUE_EMAIL);
        browser.fill("#change-email #email_password", PASSWORD).await;
        browser.submit("#change-email").await;
        browser.sees("#email-asked").await;
        let new = stage.portal.mail_to(COLLEAGUE_EMAIL, "/adresse/").await;
        let old = stage.portal.mail_to(EMAIL, "/adresse/").await;

        // Opened by a scanner, nothing is changed.
        browser.go(&format!("/adresse/{}", new.fragment_of("/adresse/"))).await;
        browser.sees("#confirm").await;
        assert_eq!(stage.proxy.bodies("/api/address/confirm").len(), 0);
        browser.submit("#confirm-address").await;
        browser.sees("#confirmed").await;
        browser.fill("#login #identifier", &identifier).await;
        browser.fill("#login #password", PASSWORD).await;
        browser.submit("#login").await;
        browser.sees("#account").await;
        browser.go("/mon-espace/mes-donnees/").await;
        browser.reads("#me", COLLEAGUE_EMAIL).await;

        browser.go(&format!("/adresse/{}", old.fragment_of("/adresse/"))).await;
        browser.sees("#restore").await;
        browser.submit("#restore-address").await;
        browser.sees("#restored").await;
        let recovery = stage.portal.mail_to(EMAIL, "Votre identifiant et un lien").await;
        assert_eq!(choose_password(stage, recovery.fragment(), OTHER_PASSWORD).await, identifier);
        // Both links say that they have served.
        browser.go(&format!("/adresse/{}", old.fragment_of("/adresse/"))).await;
        browser.sees("#restore-used").await;
    })
    .await;
}

#[tokio::test]
async fn a_password_is_changed_and_the_other_sessions_end() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        replace_password(browser, PASSWORD, "court").await;
        browser.submit("#change-password").await;
        browser.sees("#new_password-error").await;
        browser.fill("#change-password #new_password", OTHER_PASSWORD).await;
        browser.submit("#change-password").await;
        browser.reads("#news", "Votre mot de passe est changé").await;
        // This one goes on.
        browser.reload().await;
        browser.sees("#my-data").await;
        log_out(browser).await;
        log_in_as(browser, &identifier, OTHER_PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn a_password_that_was_changed_without_an_answer_is_asked_for_by_the_login() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        replace_password(browser, PASSWORD, OTHER_PASSWORD).await;
        // The new session comes with the head of the answer, which is whole.
        stage.proxy.plan("/api/space/password", [Fate::AnswerLost]);
        browser.submit("#change-password").await;
        browser.reads("#news", "Votre mot de passe est changé").await;
        log_out(browser).await;
        log_in_as(browser, &identifier, OTHER_PASSWORD).await;

        replace_password(browser, OTHER_PASSWORD, PASSWORD).await;
        let out = Fate::Given(401, json!({"type": "/problems/no-session", "title": "Refus"}));
        stage.proxy.plan("/api/space/password", [Fate::Broken, out]);
        browser.submit("#change-password").await;
        browser.reads("#session-doubt", "connectez-vous avec le nouveau").await;
        browser.forget_cookies().await;
        // What was typed of the login is there again when the page is loaded again.
        browser.fill("#login #identifier", &identifier).await;
        browser.reload().await;
        browser.ready("#login [type=submit]").await;
        assert_eq!(browser.value("#login #identifier").await, identifier);
        browser.fill("#login #password", OTHER_PASSWORD).await;
        browser.submit("#login").await;
        browser.sees("#signed-in").await;
    })
    .await;
}

#[tokio::test]
async fn a_session_is_closed_and_that_is_said_where_the_person_is() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        enter_as(stage, &identifier, PASSWORD).await;
        browser.go("/mon-espace/mes-donnees/").await;
        browser.size(1280, 400).await;
        browser.click("#sessions [data-action=close]").await;
        browser.reads("#sessions-status", "La connexion est fermée").await;
        let is_there = "
            const { top, bottom } = document.querySelector('#sessions-status').getBoundingClientRect();
            return document.activeElement.textContent === 'Mes connexions'
                && top >= 0 && bottom <= innerHeight;";
        browser.until("the focus is before the list, which is on the screen", is_there, json!([])).await;
        browser.sees_not("#sessions [data-action=close]").await;
    })
    .await;
}

#[tokio::test]
async fn journal_and_own_data_come_as_files() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        log_in(stage).await;
        browser.sees("#account").await;
        for (page, button, status, file) in [
            ("/mon-espace/journal/", "#download-journal", "#journal-status", "journal-73282932000074.txt"),
            ("/mon-espace/mes-donnees/", "#export", "#export-status", "mes-donnees.json"),
        ] {
            browser.go(page).await;
            browser.click(button).await;
            browser.reads(status, file).await;
            let name = "return document.querySelector(arguments[0]).download === arguments[1]";
            browser.until("the link saves it", name, json!([format!("{status} a"), file])).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_is_closed_once_its_establishment_has_another_holder_or_none() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        log_in(stage).await;
        browser.sees("#account").await;
        browser.go("/mon-espace/mes-donnees/").await;
        browser.click("#open-closing").await;
        browser.reads("#last-holder-list", "dire qui prend la suite").await;
        browser.sees_not("#close-account").await;
        browser.click("#last-holder-list a").await;
        browser.fill("#close-establishment #closing_password", PASSWORD).await;
        browser.submit("#close-establishment").await;
        browser.reads("#news", "est fermé").await;
        browser.sees("#no-establishment").await;
        browser.go("/mon-espace/mes-donnees/").await;
        browser.click("#open-closing").await;
        browser.fill("#close-account #closing_password", PASSWORD).await;
        browser.submit("#close-account").await;
        browser.sees("#closed").await;
        browser.go("/mon-espace/").await;
        browser.sees("#no-session").await;
        // The SIRET is free again.
        browser.go("/creer-mon-espace/").await;
        apply_as(stage, COLLEAGUE_EMAIL).await;
        assert_eq!(browser.text("#checked-siret").await, SIRET);
    })
    .await;
}

/// Logs in, in my space.
pub async fn log_in_as(browser: &Browser, identifier: &str, password: &str) {
    browser.go("/mon-espace/").await;
    fill_login(browser, identifier, password).await;
    browser.reads("#identifier-value", identifier).await;
}

/// Where the login stands in the place of what a session is needed for.
pub async fn fill_login(browser: &Browser, identifier: &str, password: &str) {
    browser.fill_all("#login", &[("identifier", identifier), ("password", password)]).await;
    browser.submit("#login").await;
}

/// From any page of my space.
pub async fn log_out(browser: &Browser) {
    browser.click("#log-out").await;
    browser.sees("#done").await;
}

/// Fills in the form of another password, among the person's own data.
async fn replace_password(browser: &Browser, present: &str, new: &str) {
    browser.go("/mon-espace/mes-donnees/").await;
    browser.click("#open-password").await;
    browser.fill("#change-password #present_password", present).await;
    browser.fill("#change-password #new_password", new).await;
}
