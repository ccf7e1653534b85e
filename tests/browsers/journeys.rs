//! The whole procedure, as people go through it.

use serde_json::json;

use crate::accounts::open_account;
use crate::browser::Browser;
use crate::engines::Look;
use crate::http;
use crate::people::{
    APPLICATION, EMAIL, ESTABLISHMENT, OTHER_PASSWORD, PASSWORD, SIRET, SIRET_DIGITS, TICKET,
};
use crate::stage::{Stage, in_chromium, in_every_engine};

#[tokio::test]
async fn a_person_opens_an_account_and_logs_in_and_out() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/").await;
        browser.click(".app-card a[href='/creer-mon-espace/'].govuk-button").await;
        apply(stage).await;
        assert_eq!(browser.text("#sent-to").await, EMAIL);
        assert_eq!(browser.text("#valid-minutes").await, "60");

        let mail = stage.portal.mail(1).await;
        assert_eq!(mail.to, [EMAIL]);
        let identifier = choose_password(stage, mail.fragment(), PASSWORD).await;
        assert!(!browser.place().await.contains('#'), "the token stays in the address");
        let welcome = stage.portal.mail(2).await;
        assert!(welcome.text.contains(&identifier), "{}", welcome.text);

        // The activation has logged in.
        browser.click("#to-space").await;
        browser.sees("#account").await;
        assert_eq!(browser.text("#who").await, "Jeanne Martin-Ruiz");
        browser.reads("#establishments", ESTABLISHMENT).await;
        browser.reads("#establishments", SIRET).await;

        browser.click("#log-out").await;
        browser.sees("#done").await;
        browser.go("/mon-espace/").await;
        browser.sees("#no-session").await;
    })
    .await;
}

#[tokio::test]
async fn who_has_logged_out_finds_no_password_by_going_back() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        browser.go("/").await;
        browser.fill_all("#login", &[("identifier", &identifier), ("password", PASSWORD)]).await;
        browser.submit("#login").await;
        browser.click("#log-out").await;
        browser.sees("#done").await;
        browser.client.back().await.unwrap();
        browser.ready("#login [type=submit]").await;
        assert_eq!(browser.value("#login #password").await, "");
        browser.client.forward().await.unwrap();
        browser.sees("#no-session").await;
    })
    .await;
}

#[tokio::test]
async fn a_scanner_that_opens_the_link_first_does_not_use_it_up() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        for method in ["GET", "GET", "HEAD"] {
            let answer = http::ask(stage.portal.port, method, "/mot-de-passe/", "").await.unwrap();
            assert_eq!(answer.status(), 200);
        }
        // One that runs scripts, in a tab of its own, twice.
        let here = browser.client.window().await.unwrap();
        for _ in 0..2 {
            let tab = browser.client.new_window(false).await.unwrap();
            browser.client.switch_to_window(tab.handle).await.unwrap();
            browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
            browser.ready("#set-password [type=submit]").await;
            browser.client.close_window().await.unwrap();
            browser.client.switch_to_window(here.clone()).await.unwrap();
        }
        choose_password(stage, mail.fragment(), PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn an_establishment_with_an_account_has_three_ways_out() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account(stage).await;

        // Log in, or get identifier and password back.
        for (link, place) in [
            ("#exists a[href='/#login']", "/#login"),
            ("#exists a[href='/identifiant-oublie/']", "/identifiant-oublie/"),
            ("#exists a[href='/mot-de-passe-oublie/']", "/mot-de-passe-oublie/"),
        ] {
            exists(stage).await;
            browser.click(link).await;
            browser.ready("main form [type=submit]").await;
            assert_eq!(browser.place().await, place);
        }

        // Another SIRET can be checked.
        exists(stage).await;
        assert_eq!(browser.text("#exists-siret").await, SIRET);
        browser.click("#exists-change-siret").await;
        browser.ready("#check-siret [type=submit]").await;

        // The person who opened the account has left: the request knows its motive and its SIRET.
        exists(stage).await;
        browser.click("#colleague-left").await;
        browser.ready("#submit-ticket [type=submit]").await;
        assert_eq!(browser.value("#siret").await, SIRET_DIGITS);
        assert_eq!(browser.value("[name=motive]:checked").await, "extranet-access");
        browser.fill_all("#submit-ticket", &TICKET).await;
        let case = [("left_name", "Paul Durand"), ("left_date", "octobre 2026"), ("own_function", "gérante")];
        browser.fill_all("#submit-ticket", &case).await;
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        assert_tickets(stage, 4).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_person_has_filled_in_is_not_replaced_by_what_a_page_hands_over() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/demande-assistance/").await;
        browser.fill("#submit-ticket #description", TICKET[4].1).await;
        browser.click("[name=motive][value=indemnity-claim]").await;
        // From a page about something else, then from one that hands the motive over.
        for path in ["/aide/trouver-mon-siret/", "/courriel-non-recu/"] {
            browser.go(path).await;
            browser.click("main a.govuk-button[href='/demande-assistance/']").await;
            browser.ready("#submit-ticket [type=submit]").await;
            assert_eq!(browser.value("[name=motive]:checked").await, "indemnity-claim");
            assert_eq!(browser.value("#description").await, TICKET[4].1);
        }
        // A help sheet has no motive for who has chosen none.
        browser.run("sessionStorage.clear()", json!([])).await;
        browser.go("/aide/trouver-mon-siret/").await;
        browser.click("main a.govuk-button[href='/demande-assistance/']").await;
        browser.ready("#submit-ticket [type=submit]").await;
        assert_eq!(browser.run("return document.querySelector(':checked')", json!([])).await, json!(null));
    })
    .await;
}

#[tokio::test]
async fn who_got_no_mail_can_ask_for_assistance() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        stage.portal.mail(1).await;
        browser.click("#done a[href='/courriel-non-recu/']").await;
        browser.click("#to-request").await;
        browser.ready("#submit-ticket [type=submit]").await;
        assert_eq!(browser.value("[name=motive]:checked").await, "extranet-access");
        browser.fill("#submit-ticket #siret", SIRET).await;
        browser.fill_all("#submit-ticket", &TICKET).await;
        browser.click("[name=motive][value=other]").await;
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        assert_tickets(stage, 3).await;
    })
    .await;
}

#[tokio::test]
async fn a_person_gets_a_lost_identifier_and_password_back() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;

        browser.go("/").await;
        browser.click("a[href='/identifiant-oublie/']").await;
        browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", EMAIL)]).await;
        browser.submit("#recover-identifier").await;
        browser.sees("#done").await;
        let reminder = stage.portal.mail(3).await;
        assert!(reminder.text.contains(&identifier), "{}", reminder.text);

        browser.go("/mot-de-passe-oublie/").await;
        browser.fill("#recover-password #identifier", &identifier.to_lowercase()).await;
        browser.submit("#recover-password").await;
        browser.sees("#done").await;
        let mail = stage.portal.mail(4).await;
        assert_eq!(choose_password(stage, mail.fragment(), OTHER_PASSWORD).await, identifier);
        stage.portal.mail(5).await;

        log_in_where_the_password_was_chosen(stage, &identifier, OTHER_PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn an_account_is_opened_in_a_browser_that_keeps_nothing() {
    in_chromium(Look { has_storage: false, ..Look::default() }, async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        let kept = "try { return sessionStorage.length } catch { return 'forbidden' }";
        assert_eq!(browser.run(kept, json!([])).await, "forbidden");
        apply(stage).await;
        // The link comes into a tab where another one was opened.
        let mail = stage.portal.mail(1).await;
        browser.go("/mot-de-passe/#un-autre-jeton").await;
        browser.sees("#link-unknown").await;
        browser.run("window.isOld = true; location.hash = arguments[0]", json!([mail.fragment()])).await;
        browser.until("the page is loaded again", "return window.isOld === undefined", json!([])).await;
        browser.fill("#set-password #password", PASSWORD).await;
        browser.submit("#set-password").await;
        browser.reads("#identifier-value", "AP-").await;
    })
    .await;
}

/// After a recovery the login stands where the password was chosen: the identifier is there, and the focus.
pub async fn log_in_where_the_password_was_chosen(stage: &Stage, identifier: &str, password: &str) {
    let browser = &stage.browser;
    browser.ready("#login [type=submit]").await;
    assert_eq!(browser.value("#login #identifier").await, identifier);
    let focus = "return document.activeElement.matches('#login #password')";
    browser.until("the focus is in the password", focus, json!([])).await;
    browser.client.active_element().await.unwrap().send_keys(password).await.unwrap();
    browser.submit("#login").await;
    browser.sees("#account").await;
    assert_eq!(browser.place().await, "/mon-espace/");
}

/// Both steps of opening an account, up to what is to be done next.
pub async fn apply(stage: &Stage) {
    apply_as(stage, EMAIL).await;
}

/// The same, with that address.
pub async fn apply_as(stage: &Stage, email: &str) {
    let browser = &stage.browser;
    check_siret(stage, SIRET_DIGITS).await;
    browser.sees("#step-account").await;
    assert_eq!(browser.text("#checked-siret").await, SIRET);
    browser.fill_all("#create-account", &APPLICATION).await;
    browser.fill("#create-account #email", email).await;
    browser.submit("#create-account").await;
    browser.sees("#done").await;
}

/// The first step, on its page.
pub async fn check_siret(stage: &Stage, siret: &str) {
    let browser = &stage.browser;
    browser.fill("#check-siret #siret", siret).await;
    browser.tick("#accept_terms").await;
    browser.submit("#check-siret").await;
}

/// Follows a mail's link and chooses a password; gives the identifier.
pub async fn choose_password(stage: &Stage, fragment: &str, password: &str) -> String {
    let browser = &stage.browser;
    browser.go(&format!("/mot-de-passe/{fragment}")).await;
    browser.fill("#set-password #password", password).await;
    browser.submit("#set-password").await;
    browser.sees("#done").await;
    browser.text("#identifier-value").await
}

/// A request for assistance, ready to be sent.
pub async fn fill_ticket(browser: &Browser) {
    browser.go("/demande-assistance/").await;
    browser.fill("#submit-ticket #siret", SIRET).await;
    browser.fill_all("#submit-ticket", &TICKET).await;
    browser.click("#motive").await;
}

/// Asks for an account where there is one.
async fn exists(stage: &Stage) {
    let browser = &stage.browser;
    browser.go("/creer-mon-espace/").await;
    check_siret(stage, SIRET).await;
    browser.sees("#exists").await;
    browser.reads("#exists-message", "a déjà créé un compte utilisateur").await;
}

/// The request that was just sent has one receipt and one mail to the agency; `count` mails in all.
async fn assert_tickets(stage: &Stage, count: usize) {
    let reference = stage.browser.text("#reference").await;
    assert!(reference.starts_with("T-"), "{reference}");
    stage.portal.mail(count).await;
    let mails = stage.portal.mails().await;
    let about_it = mails.iter().filter(|mail| mail.subject.contains(&reference));
    let mut to: Vec<_> = about_it.flat_map(|mail| mail.to.iter().map(String::as_str)).collect();
    to.sort_unstable();
    assert_eq!(to, ["contact-ap@asp-public.fr", EMAIL]);
}
