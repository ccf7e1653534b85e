//! The mail that is awaited: told, sent again, corrected, carried along, bounded.

use serde_json::json;

use crate::accounts::open_account;
use crate::browser::Browser;
use crate::journeys::apply;
use crate::people::{APPLICATION, EMAIL, SIRET, SIRET_DIGITS};
use crate::stage::in_every_engine;

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
        browser.fill("#correct-address #corrected_email", "j.martin@").await;
        browser.submit("#correct-address").await;
        browser.reads("#corrected_email-error", "Cette adresse n'est pas reconnue").await;
        assert_eq!(browser.value("#correct-address #corrected_email").await, "j.martin@");
        browser.fill("#correct-address #corrected_email", "j.martin@exemple.fr").await;
        browser.submit("#correct-address").await;
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
        assert!(said.contains(&plain(&mail.subject)) && said.contains("(heure de Paris)"), "{said}");
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
            said.push(without_numbers(&text));
        }
        assert_eq!(said[0], said[1]);
    })
    .await;
}

/// Words alone: hours and countdowns are those of each asking; a whole one («17 h», «2 min») has one unit.
fn without_numbers(text: &str) -> String {
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = |word: &&str| is_number(word) || matches!(*word, "h" | "min" | "s");
    let words = text.split_whitespace().map(|word| word.trim_end_matches('.'));
    words.filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ")
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
