//! Where a mail is, as the pages say it: what becomes of it, a mistyped address, a code.

use crate::journeys::{apply, apply_as, fill_ticket};
use crate::people::{EMAIL, OTHER_PASSWORD, PASSWORD, SIRET_DIGITS};
use crate::stage::in_every_engine;

/// The code of a mail.
fn code(text: &str) -> &str {
    let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b'-';
    text.lines().find(is_code).expect("a code in the mail")
}

#[tokio::test]
async fn a_mistyped_address_is_refused_within_seconds_corrected_and_gets_in() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply_as(stage, "jeanne@inconnu.example").await;
        browser.reads("#mail-state", "Refusé par inconnu.example : adresse inconnue").await;
        // Opened by itself, with what was typed.
        browser.sees("#correct-address").await;
        browser.fill("#correct-address #corrected_email", EMAIL).await;
        browser.submit("#correct-address").await;
        browser.reads("#sent-to", EMAIL).await;
        browser.reads("#mail-state", "Remis au serveur de exemple.fr à ").await;
        let mail = stage.portal.mail(2).await;
        assert_eq!(mail.to, [EMAIL]);
        browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
        browser.fill("#set-password #password", PASSWORD).await;
        browser.submit("#set-password").await;
        browser.reads("#identifier-value", "AP-").await;
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_event_is_said_in_words() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        for (domain, said) in [
            ("boite-pleine.example", "Refusé par boite-pleine.example : boîte pleine"),
            ("refus.example", "Refusé par refus.example : nos messages y sont bloqués"),
            ("lent.example", "lent.example retarde notre message"),
            ("plainte.example", "Remis au serveur de plainte.example à "),
            ("liste.example", "Refusé par liste.example : cette adresse a déjà refusé un message"),
            ("virus.example", "Notre message à virus.example n'est pas parti : notre service d'envoi"),
        ] {
            browser.run("sessionStorage.clear()", serde_json::json!([])).await;
            browser.go("/creer-mon-espace/").await;
            apply_as(stage, &format!("jeanne@{domain}")).await;
            browser.reads("#mail-state", said).await;
        }
        // The last of them is lost, and not by its address: the way to a person is open.
        browser.reads("#mail-state", "demandez à l'assistance").await;
        browser.sees("#mail-problem").await;
        browser.sees_not("#correct-address").await;
    })
    .await;
}

#[tokio::test]
async fn a_receipt_that_comes_back_is_told() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        browser.fill("#submit-ticket #email", "jeanne@boite-pleine.example").await;
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        browser.reads("#mail-state", "Refusé par boite-pleine.example : boîte pleine").await;
    })
    .await;
}

#[tokio::test]
async fn a_code_sets_the_password_on_another_device() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let typed = code(&stage.portal.mail(1).await.text).to_lowercase();
        browser.run("sessionStorage.clear()", serde_json::json!([])).await;
        browser.go("/mot-de-passe/").await;
        browser.fill("#set-password #code", "0000 0000").await;
        browser.fill("#set-password #identifier_or_siret", SIRET_DIGITS).await;
        browser.fill("#set-password #password", OTHER_PASSWORD).await;
        browser.submit("#set-password").await;
        browser.reads("#code-error", "Ce code n'est pas le bon").await;
        assert_eq!(browser.value("#set-password #password").await, OTHER_PASSWORD);
        browser.fill("#set-password #code", &typed).await;
        browser.submit("#set-password").await;
        browser.reads("#identifier-value", "AP-").await;
    })
    .await;
}

#[tokio::test]
async fn who_recovers_is_told_of_a_domain_that_refuses() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        for rank in 0..5 {
            browser.run("sessionStorage.clear()", serde_json::json!([])).await;
            browser.go("/creer-mon-espace/").await;
            apply_as(stage, &format!("personne{rank}@refus.example")).await;
            browser.reads("#mail-state", "Refusé par refus.example").await;
        }
        browser.go("/identifiant-oublie/").await;
        browser.fill("#recover-identifier #siret", SIRET_DIGITS).await;
        browser.fill("#recover-identifier #email", "jeanne@refus.example").await;
        browser.submit("#recover-identifier").await;
        browser.sees("#done").await;
        browser.reads("#mail-state", "refus.example refuse nos messages en ce moment").await;
        browser.sees("#mail-problem").await;
    })
    .await;
}
