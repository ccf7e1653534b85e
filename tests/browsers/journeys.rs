//! The whole procedure, as people go through it.

use crate::people::{APPLICATION, EMAIL, ESTABLISHMENT, PASSWORD, SIRET, SIRET_DIGITS};
use crate::stage::{Stage, in_every_engine};

#[tokio::test]
async fn a_person_opens_an_account_and_logs_in_and_out() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/").await;
        browser.click("a[href='/creer-mon-espace/'].govuk-button").await;
        apply(stage).await;
        assert_eq!(browser.text("#sent-to").await, "j•••@exemple.fr");
        assert_eq!(browser.text("#valid-minutes").await, "60");

        let mail = stage.portal.mail(1).await;
        assert_eq!(mail.to, [EMAIL]);
        let identifier = choose_password(stage, mail.fragment(), PASSWORD).await;
        assert!(!browser.place().await.contains('#'), "the token stays in the address");
        let welcome = stage.portal.mail(2).await;
        assert!(welcome.text.contains(&identifier), "{}", welcome.text);

        browser.click("#to-login").await;
        browser.ready("#login #password").await;
        assert_eq!(browser.value("#login #identifier").await, identifier);
        browser.fill("#login #password", PASSWORD).await;
        browser.submit("#login").await;
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

/// Both steps of opening an account, up to what is to be done next.
pub async fn apply(stage: &Stage) {
    let browser = &stage.browser;
    check_siret(stage, SIRET_DIGITS).await;
    browser.sees("#step-account").await;
    assert_eq!(browser.text("#checked-siret").await, SIRET);
    browser.fill_all("#create-account", &APPLICATION).await;
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
