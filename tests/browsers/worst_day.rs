//! The day when everybody comes at once: nothing typed is lost, nothing is doubled, and the page says
//! when it tries again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::accounts::{log_in, open_account};
use crate::browser::Browser;
use crate::journeys::{apply, check_siret, choose_password, fill_ticket};
use crate::people::{APPLICATION, EMAIL, OTHER_PASSWORD, PASSWORD, SIRET, SIRET_DIGITS, TICKET};
use crate::proxy::Fate;
use crate::stage::{Stage, in_every_engine};

const TICKETS: &str = "/api/submit-ticket";
const CHECKS: &str = "/api/check-siret";
const APPLICATIONS: &str = "/api/create-account";
const REMINDERS: &str = "/api/recover/identifier";
/// What a busy machine adds to a pause, in seconds.
const SLACK: f64 = 5.0;

#[tokio::test]
async fn refused_for_now_a_request_waits_as_long_as_it_is_told_and_arrives_once() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        stage
            .proxy
            .plan(TICKETS, [Fate::Refused(429, Some(6)), Fate::Refused(503, Some(2)), Fate::throttled()]);
        browser.submit("#submit-ticket").await;
        waits(browser, "très demandé").await;
        browser.reads(".app-sending [role=status]", "Nouvel essai automatique dans").await;
        browser.reads(".app-sending [role=status]", "Votre saisie est conservée").await;
        browser.reads(".app-sending [role=status]", "Le bouton « Annuler l'envoi » arrête l'attente.").await;
        // Another click while it waits is no second sending.
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        let sent = stage.proxy.bodies(TICKETS);
        assert_eq!(sent.len(), 4);
        assert!(sent.iter().all(|body| *body == sent[0]), "not the same request again: {sent:?}");
        // Never before it was told; told nothing, half of the third backoff at least.
        let pauses: Vec<_> = stage.proxy.pauses(TICKETS).iter().map(Duration::as_secs_f64).collect();
        for (pause, least) in pauses.iter().zip([6.0, 2.0, 4.0]) {
            assert!(*pause >= least && *pause < 2.0 * least + SLACK, "{pauses:?}");
        }
        stage.portal.mail(2).await;
    })
    .await;
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_sent_again_and_done_once() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        stage.proxy.plan(TICKETS, [Fate::AnswerLost]);
        browser.submit("#submit-ticket").await;
        stage.proxy.posted(TICKETS, 2).await;
        browser.sees("#done").await;
        let reference = browser.text("#reference").await;
        assert_eq!(stage.proxy.bodies(TICKETS).len(), 2);
        stage.portal.mail(2).await;
        let mails = stage.portal.mails().await;
        assert!(mails.iter().all(|mail| mail.text.contains(&reference)), "{mails:?}");
    })
    .await;
}

#[tokio::test]
async fn reloaded_while_it_waits_a_page_keeps_all_and_sends_the_same_request() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        // Carried out, never answered, and then the person loses patience.
        stage.proxy.plan(TICKETS, [Fate::AnswerLost, Fate::Refused(503, Some(600))]);
        browser.submit("#submit-ticket").await;
        stage.proxy.posted(TICKETS, 2).await;
        waits(browser, "très demandé").await;
        browser.reload().await;
        browser.ready("#submit-ticket [type=submit]").await;
        browser.reads(".app-sending", "n'a pas encore reçu de réponse").await;
        assert_eq!(browser.value("#siret").await, SIRET);
        for (field, typed) in TICKET {
            assert_eq!(browser.value(&format!("#{field}")).await, typed);
        }
        assert_eq!(browser.value("[name=motive]:checked").await, "extranet-access");
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        let sent = stage.proxy.bodies(TICKETS);
        assert!(sent.iter().all(|body| *body == sent[0]), "not the same request again: {sent:?}");
        stage.portal.mail(2).await;
        // Another tab knows nothing of it.
        let tab = browser.client.new_window(false).await.unwrap();
        browser.client.switch_to_window(tab.handle).await.unwrap();
        browser.go("/demande-assistance/").await;
        browser.ready("#submit-ticket [type=submit]").await;
        assert_eq!(browser.value("#description").await, "");
    })
    .await;
}

#[tokio::test]
async fn without_a_network_the_page_waits_and_goes_on_when_it_is_back() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        check_siret(stage, SIRET_DIGITS).await;
        browser.sees("#step-account").await;
        browser.fill_all("#create-account", &APPLICATION).await;
        stage.proxy.set_down(true);
        browser.submit("#create-account").await;
        waits(browser, "n'a pas répondu").await;
        stage.proxy.set_down(false);
        browser.sees("#done").await;
        stage.portal.mail(1).await;
    })
    .await;
}

#[tokio::test]
async fn without_a_network_from_the_first_key_on_the_page_waits_too() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        browser.ready("#check-siret [type=submit]").await;
        // Not even what finds the proof has come.
        stage.proxy.set_down(true);
        check_siret(stage, SIRET_DIGITS).await;
        waits(browser, "n'a pas répondu").await;
        stage.proxy.plan("/assets/proof-worker", [Fate::Cut]);
        stage.proxy.set_down(false);
        browser.sees("#step-account").await;
    })
    .await;
}

#[tokio::test]
async fn a_challenge_that_is_none_is_said_and_the_form_can_be_sent_again() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.plan("/api/challenge", [Fate::failed(), Fate::Given(200, json!({}))]);
        fill_ticket(browser).await;
        browser.submit("#submit-ticket").await;
        browser.reads(".govuk-error-summary", "Le service ne répond pas.").await;
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
    })
    .await;
}

#[tokio::test]
async fn a_correction_stops_what_is_on_its_way_and_is_what_is_sent_next() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/identifiant-oublie/").await;
        browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", "jeanne@exemple.fr")]).await;
        stage.proxy.plan("/api/recover/identifier", [Fate::Silence]);
        browser.submit("#recover-identifier").await;
        stage.proxy.posted("/api/recover/identifier", 1).await;
        browser.fill("#recover-identifier #email", EMAIL).await;
        browser
            .reads(
                ".app-sending",
                "L'envoi est arrêté. Il est peut-être déjà arrivé. Votre saisie est conservée",
            )
            .await;
        browser.submit("#recover-identifier").await;
        browser.sees("#done").await;
        let sent = stage.proxy.bodies("/api/recover/identifier");
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[1]["email"], EMAIL);
    })
    .await;
}

#[tokio::test]
async fn a_correction_while_the_proof_is_awaited_stops_the_sending_too() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.plan("/api/challenge", [Fate::Silence]);
        browser.go("/identifiant-oublie/").await;
        browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", "jeanne@exemple.fr")]).await;
        browser.submit("#recover-identifier").await;
        browser.reads(".app-sending", "Envoi en cours").await;
        browser.fill("#recover-identifier #email", EMAIL).await;
        // Nothing had been sent: the page says no more than that.
        browser.reads(".app-sending", "L'envoi est arrêté. Votre saisie est conservée").await;
        // The silence ends after 20 seconds; the next sending is told of it and asks again.
        browser.submit("#recover-identifier").await;
        browser.sees("#done").await;
        let sent = stage.proxy.bodies("/api/recover/identifier");
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0]["email"], EMAIL);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_made_the_server_fail_is_the_same_when_it_is_sent_again() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        stage.proxy.plan(TICKETS, [Fate::failed()]);
        browser.submit("#submit-ticket").await;
        browser.reads(".govuk-error-summary", "Une erreur est survenue").await;
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        let sent = stage.proxy.bodies(TICKETS);
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0], sent[1]);
    })
    .await;
}

#[tokio::test]
async fn what_may_have_been_done_is_asked_for_anew_by_the_person_only() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        // To check a SIRET twice does nothing twice: the page goes on by itself.
        stage.proxy.plan(CHECKS, [Fate::AnswerLost, Fate::expired_proof()]);
        check_siret(stage, SIRET_DIGITS).await;
        browser.sees("#step-account").await;
        assert_eq!(proofs(stage, CHECKS), [0, 0, 1]);

        browser.fill_all("#create-account", &APPLICATION).await;
        stage.proxy.plan(APPLICATIONS, [Fate::AnswerLost, Fate::expired_proof()]);
        browser.submit("#create-account").await;
        browser.reads("#create-account .govuk-error-summary", "Votre envoi est peut-être arrivé").await;
        assert_eq!(browser.value("#create-account #email").await, EMAIL);
        assert_eq!(proofs(stage, APPLICATIONS), [0, 0]);
        stage.portal.mail(1).await;
        browser.submit("#create-account").await;
        browser.sees("#done").await;
        assert_eq!(proofs(stage, APPLICATIONS), [0, 0, 1]);
        stage.portal.mail(2).await;
    })
    .await;
}

#[tokio::test]
async fn an_expired_proof_is_exchanged_unless_an_attempt_before_a_reload_may_have_been_done() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let ask = async || {
            browser.go("/identifiant-oublie/").await;
            browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", EMAIL)]).await;
            browser.submit("#recover-identifier").await;
        };
        // Refused each time before anything was done.
        stage.proxy.plan(REMINDERS, [Fate::Refused(429, Some(1)), Fate::expired_proof()]);
        ask().await;
        browser.sees("#done").await;
        assert_eq!(proofs(stage, REMINDERS), [0, 0, 1]);

        stage.proxy.plan(REMINDERS, [Fate::AnswerLost, Fate::Refused(503, Some(600)), Fate::expired_proof()]);
        ask().await;
        waits(browser, "très demandé").await;
        browser.reload().await;
        browser.reads(".app-sending", "n'a pas encore reçu de réponse").await;
        browser.submit("#recover-identifier").await;
        browser.reads(".govuk-error-summary", "Votre envoi est peut-être arrivé").await;
        assert_eq!(proofs(stage, REMINDERS), [0, 0, 1, 2, 2, 2]);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_a_network_puts_in_place_of_the_answer_is_no_answer() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        stage.proxy.plan(TICKETS, [Fate::Page("<h1>Hôtel de la Gare : acceptez nos conditions</h1>")]);
        browser.submit("#submit-ticket").await;
        waits(browser, "n'a pas répondu").await;
        browser.sees("#done").await;
        assert_eq!(browser.text("#sent-to").await, "j•••@exemple.fr");
    })
    .await;
}

#[tokio::test]
async fn silence_is_taken_for_a_failure_after_a_while_and_nothing_is_doubled() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        stage.proxy.plan(TICKETS, [Fate::Silence]);
        browser.submit("#submit-ticket").await;
        stage.proxy.posted(TICKETS, 2).await;
        browser.sees("#done").await;
        stage.portal.mail(2).await;
    })
    .await;
}

#[tokio::test]
async fn a_person_can_cancel_the_waiting_correct_and_send() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/identifiant-oublie/").await;
        browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", "jeanne@exemple.fr")]).await;
        stage
            .proxy
            .plan("/api/recover/identifier", [Fate::Refused(429, Some(600)), Fate::Refused(429, Some(600))]);
        browser.submit("#recover-identifier").await;
        waits(browser, "très demandé").await;
        browser.reads(".app-countdown", "Nouvel essai dans").await;
        browser.click(".app-sending--waiting button").await;
        browser.reads(".app-sending [role=status]", "L'envoi est arrêté.").await;
        browser.sees_not(".app-sending--waiting").await;
        // Editing stops it as well.
        browser.submit("#recover-identifier").await;
        waits(browser, "très demandé").await;
        browser.fill("#recover-identifier #email", EMAIL).await;
        browser.sees_not(".app-sending--waiting").await;
        browser.submit("#recover-identifier").await;
        browser.sees("#done").await;
        let sent = stage.proxy.bodies("/api/recover/identifier");
        assert_eq!(sent.last().unwrap()["email"], EMAIL);
    })
    .await;
}

#[tokio::test]
async fn a_password_is_kept_nowhere_not_even_on_the_worst_day() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        browser.go("/").await;
        browser.fill_all("#login", &[("identifier", &identifier), ("password", PASSWORD)]).await;
        stage.proxy.plan("/api/session", [Fate::Refused(503, Some(600))]);
        browser.submit("#login").await;
        waits(browser, "très demandé").await;
        keeps_no_password(browser).await;
        browser.reload().await;
        browser.ready("#login [type=submit]").await;
        assert_eq!(browser.value("#login #identifier").await, identifier);
        assert_eq!(browser.value("#login #password").await, "");

        stage.proxy.plan("/api/link", [Fate::open_link(), Fate::open_link()]);
        browser.go("/mot-de-passe/#un-jeton-quelconque").await;
        browser.fill("#set-password #password", OTHER_PASSWORD).await;
        stage.proxy.plan("/api/set-password", [Fate::Refused(503, Some(600))]);
        browser.submit("#set-password").await;
        waits(browser, "très demandé").await;
        keeps_no_password(browser).await;
        browser.reload().await;
        browser.ready("#set-password [type=submit]").await;
        assert_eq!(browser.value("#set-password #password").await, "");
        keeps_no_password(browser).await;
    })
    .await;
}

#[tokio::test]
async fn a_password_that_was_set_but_not_confirmed_is_said_to_be_set() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        stage.proxy.plan("/api/set-password", [Fate::AnswerLost]);
        browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
        browser.fill("#set-password #password", PASSWORD).await;
        browser.submit("#set-password").await;
        browser.sees("#link-used").await;
        browser.sees("#maybe-set").await;
    })
    .await;
}

#[tokio::test]
async fn a_click_given_twice_sends_once() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        fill_ticket(browser).await;
        browser.ready("#submit-ticket [type=submit]").await;
        let twice = "const button = document.querySelector(arguments[0]); button.click(); button.click();";
        browser.run(twice, json!(["#submit-ticket [type=submit]"])).await;
        browser.sees("#done").await;
        assert_eq!(stage.proxy.bodies(TICKETS).len(), 1);
        stage.portal.mail(2).await;
    })
    .await;
}

#[tokio::test]
async fn my_space_waits_for_its_answer_too_and_takes_no_failure_for_one() {
    in_every_engine(async |stage: &Stage| {
        let browser = &stage.browser;
        let later = |seconds| Fate::Refused(503, Some(seconds));
        stage.proxy.plan("/api/space", [Fate::failed(), later(600), later(3)]);
        browser.go("/mon-espace/").await;
        browser.sees("#no-answer").await;
        browser.click("#retry").await;
        waits(browser, "très demandé").await;
        browser.sees("#loading h1").await;
        browser.click(".app-sending--waiting button").await;
        browser.sees("#no-answer").await;
        browser.click("#retry").await;
        waits(browser, "très demandé").await;
        browser.sees("#no-session").await;
    })
    .await;
}

#[tokio::test]
async fn reloaded_once_it_is_answered_a_page_says_the_answer_again_and_come_anew_it_begins_anew() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        browser.reload().await;
        browser.reads("#done #sent-to", EMAIL).await;
        let mail = stage.portal.mail(1).await;
        let identifier = choose_password(stage, mail.fragment(), PASSWORD).await;
        browser.reload().await;
        browser.reads("#done #identifier-value", &identifier).await;
        // A link that comes later into the same tab is not taken for the one that has served.
        browser.run("location.hash = 'un-autre-jeton'", json!([])).await;
        browser.sees("#link-unknown").await;

        browser.go("/creer-mon-espace/").await;
        check_siret(stage, SIRET).await;
        browser.sees("#exists").await;
        browser.reload().await;
        browser.reads("#exists-message", "a déjà créé un compte utilisateur").await;
        browser.go("/creer-mon-espace/").await;
        browser.ready("#check-siret [type=submit]").await;

        fill_ticket(browser).await;
        browser.submit("#submit-ticket").await;
        browser.sees("#done").await;
        let reference = browser.text("#reference").await;
        browser.reload().await;
        browser.reads("#done #reference", &reference).await;
        browser.go("/demande-assistance/").await;
        browser.ready("#submit-ticket [type=submit]").await;
        browser.reload().await;
        browser.ready("#submit-ticket [type=submit]").await;
        assert_eq!(stage.proxy.bodies(TICKETS).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_stops_logging_out_is_told_that_they_may_be_logged_in() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        log_in(stage).await;
        browser.ready("#log-out").await;
        stage.proxy.plan("/api/session", [Fate::Refused(503, Some(600))]);
        browser.click("#log-out").await;
        waits(browser, "très demandé").await;
        browser.click(".app-sending--waiting button").await;
        browser.reads("#progress", "Vous êtes peut-être encore connecté").await;
        browser.click("#log-out").await;
        browser.sees("#done").await;
    })
    .await;
}

/// The proofs of what was posted to `path`, each by the rank of its first use.
fn proofs(stage: &Stage, path: &str) -> Vec<usize> {
    let mut known = Vec::new();
    let rank = |proof: Value| {
        known.iter().position(|one| *one == proof).unwrap_or_else(|| {
            known.push(proof);
            known.len() - 1
        })
    };
    stage.proxy.bodies(path).into_iter().map(|body| body["proof"].clone()).map(rank).collect()
}

/// The page says why it waits, counts down, and offers to stop.
async fn waits(browser: &Browser, why: &str) {
    browser.sees(".app-sending--waiting button").await;
    browser.reads(".app-sending--waiting [role=status]", why).await;
    browser.reads(".app-sending--waiting .app-countdown", "Nouvel essai dans").await;
}

async fn keeps_no_password(browser: &Browser) {
    let kept =
        "return JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href])";
    let kept = browser.run(kept, json!([])).await.to_string();
    assert!(kept.contains("draft"), "nothing was kept at all: {kept}");
    assert!(!kept.contains(PASSWORD) && !kept.contains(OTHER_PASSWORD), "{kept}");
}
