//! The desk and the succession: the request of who took over, from the page of an existing account to my
//! space; and the same, contested from the mailbox that was thought dead.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::accounts::open_account;
use crate::browser::Browser;
use crate::colleagues::{invited, join, leave_no_trace};
use crate::engines::chosen;
use crate::journeys::check_siret;
use crate::people::{COLLEAGUE_EMAIL, COLLEAGUE_NAME, EMAIL, ESTABLISHMENT, PASSWORD, PHONE, SIRET};
use crate::portal::Portal;
use crate::space::{log_in_as, log_out};
use crate::stage::{Stage, in_every_engine};

/// The people whom the provider of one machine offers.
const FIRST_AGENT: &str = "demo-agent-1";
const SECOND_AGENT: &str = "demo-agent-2";

/// What each of them writes.
const DESCRIPTION: &str = "Ma collègue est partie en octobre. Sa messagerie est fermée.";
const ANSWER: &str = "Nous avons bien votre lettre : les personnes concernées sont prévenues.";
const EVIDENCE: &str = "Lettre signée de la gérante, du 20 novembre.";
const ADDED: &str = "La lettre est partie par la poste.";

/// The window is no longer than clocks may be apart: an approval has that long to wait.
const NO_DAYS: [(&str, &str); 1] = [("SESAME_SUCCESSION_DAYS", "0")];
const WINDOW_DELAY_MAX: Duration = Duration::from_secs(60);
/// How often a case is loaded again meanwhile: each look is an entry of the journal.
const LOOK_PERIOD: Duration = Duration::from_secs(2);

const IS_APPROVABLE: &str = "
    const place = document.querySelector('#approve-place');
    return Boolean(place) && place.getClientRects().length > 0;";

#[tokio::test]
async fn a_colleague_has_left_an_agent_proposes_a_second_approves_and_the_person_is_in() {
    for engine in chosen() {
        let stage = Stage::set_at(engine, Portal::start_set(&NO_DAYS).await).await;
        let browser = &stage.browser;
        let first = open_account(&stage).await;
        leave_no_trace(browser).await;
        let reference = ask_for_access(&stage).await;
        let own_page = own_page(&stage, "/ma-demande/").await;
        browser.go(&own_page).await;
        browser.reads("#request-state", "En attente").await;
        browser.reads("#thread", DESCRIPTION).await;
        assert!(!browser.place().await.contains('#'), "the token stays in the address");

        log_in_agent(&stage, FIRST_AGENT).await;
        take_from_queue(browser, &reference).await;
        answer(browser, ANSWER).await;
        propose(browser).await;
        // Who proposed does not approve, whatever the clock says.
        browser.sees_not("#approve-place").await;
        log_out(browser).await;

        // The answer came by mail, with its text and a link of its own; what is added joins the thread.
        let answered = stage.portal.mail_to(COLLEAGUE_EMAIL, ANSWER).await;
        browser.go(&format!("/ma-demande/{}", answered.fragment_of("/ma-demande/"))).await;
        browser.reads("#thread", ANSWER).await;
        browser.sees("#succession").await;
        browser.fill("#add-message #text", ADDED).await;
        browser.submit("#add-message").await;
        browser.reads("#thread", ADDED).await;

        log_in_agent(&stage, SECOND_AGENT).await;
        approve(browser, &reference).await;
        log_out(browser).await;
        leave_no_trace(browser).await;

        browser.go(&own_page).await;
        browser.reads("#succession", "La transmission est faite").await;
        let second = join(&stage, &invited(&stage).await).await;
        assert_ne!(first, second);
        browser.reads("#establishments", ESTABLISHMENT).await;
        browser.reads("#establishments", "Titulaire").await;
        log_out(browser).await;
        log_in_as(browser, &first, PASSWORD).await;
        browser.reads("#establishments", "suspendu").await;
        stage.close().await;
    }
}

#[tokio::test]
async fn the_old_holder_contests_from_the_old_mailbox_and_nothing_changes() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let first = open_account(stage).await;
        leave_no_trace(browser).await;
        let reference = ask_for_access(stage).await;
        let own_page = own_page(stage, "/ma-demande/").await;
        log_in_agent(stage, FIRST_AGENT).await;
        take_from_queue(browser, &reference).await;
        propose(browser).await;
        log_out(browser).await;

        // A scanner opens the link first: nothing is contested by it.
        let notice = stage.portal.mail_to(EMAIL, "/contester/").await;
        let contest = format!("/contester/{}", notice.fragment_of("/contester/"));
        browser.go(&contest).await;
        browser.ready("#contest [type=submit]").await;
        assert!(stage.proxy.bodies("/api/contest").is_empty(), "opening the page contests");
        browser.submit("#contest").await;
        browser.reads("#done #establishment", ESTABLISHMENT).await;
        // Loaded again it says the same.
        browser.reload().await;
        browser.reads("#done #establishment", ESTABLISHMENT).await;

        log_in_agent(stage, SECOND_AGENT).await;
        browser.go(&format!("/agents/demande/#{reference}")).await;
        browser.reads("#succession-state", "Contestée").await;
        browser.reads("#succession-next", "Rien ne bouge").await;
        // One of the two who are needed.
        browser.submit("#approve-succession").await;
        browser.reads("#news", "il manque celui d'un deuxième agent").await;
        browser.reads("#succession-state", "Contestée").await;
        browser.sees_not("#approve-place").await;
        log_out(browser).await;

        browser.go(&own_page).await;
        browser.reads("#succession", "Quelqu'un s'y est opposé").await;
        log_in_as(browser, &first, PASSWORD).await;
        browser.reads("#establishments", "Titulaire").await;
    })
    .await;
}

/// From the page that says that there is an account; gives the reference.
async fn ask_for_access(stage: &Stage) -> String {
    let browser = &stage.browser;
    browser.go("/creer-mon-espace/").await;
    check_siret(stage, SIRET).await;
    browser.sees("#exists").await;
    browser.click("#colleague-left").await;
    browser.ready("#submit-ticket [type=submit]").await;
    let fields = [
        ("establishment_name", ESTABLISHMENT),
        ("full_name", COLLEAGUE_NAME),
        ("phone", PHONE),
        ("email", COLLEAGUE_EMAIL),
        ("description", DESCRIPTION),
        ("left_name", "Jeanne Martin-Ruiz"),
        ("left_date", "octobre 2026"),
        ("own_function", "gérant"),
    ];
    browser.fill_all("#submit-ticket", &fields).await;
    browser.submit("#submit-ticket").await;
    browser.sees("#done").await;
    browser.text("#reference").await
}

/// The page that the newest mail to who asks links to, with its fragment.
async fn own_page(stage: &Stage, page: &str) -> String {
    let mail = stage.portal.mail_to(COLLEAGUE_EMAIL, page).await;
    format!("{page}{}", mail.fragment_of(page))
}

/// By the provider of this machine, which knows the portal by its own port and no proxy before it.
async fn log_in_agent(stage: &Stage, agent: &str) {
    let browser = &stage.browser;
    browser.go("/agents/connexion/").await;
    browser.click("#log-in").await;
    browser.click(&format!("button[name=who][value={agent}]")).await;
    browser.sees("#queue").await;
    browser.go("/agents/").await;
    browser.sees("#queue").await;
}

/// Finds the case where it waits, opens it and takes it.
async fn take_from_queue(browser: &Browser, reference: &str) {
    let case = format!("#cases [data-name='{reference}']");
    browser.reads(&case, ESTABLISHMENT).await;
    browser.click(&format!("{case} a")).await;
    browser.reads("#case #reference", reference).await;
    browser.reads("#description", DESCRIPTION).await;
    browser.submit("#take-case").await;
    browser.reads("#news", "Vous traitez la demande").await;
    browser.reads("#case-held", "Vous la traitez").await;
}

async fn answer(browser: &Browser, text: &str) {
    browser.fill("#answer-case #answer_text", text).await;
    browser.submit("#answer-case").await;
    browser.reads("#news", "Réponse envoyée").await;
    browser.reads("#case-state", "Répondue").await;
    browser.reads("#thread", text).await;
    assert_eq!(browser.value("#answer_text").await, "");
}

/// A succession to who asks, with one piece of evidence; without any it is not sent.
async fn propose(browser: &Browser) {
    browser.click("#propose-place summary").await;
    assert_eq!(browser.value("#new_email").await, COLLEAGUE_EMAIL);
    browser.submit("#propose-succession").await;
    browser.reads("#propose-succession .govuk-error-summary", "Cochez une pièce").await;
    browser.tick("#evidence-letter").await;
    browser.fill("#propose-succession #text-letter", EVIDENCE).await;
    browser.submit("#propose-succession").await;
    browser.reads("#news", "Succession proposée").await;
    browser.reads("#evidence", EVIDENCE).await;
}

/// Approves once the service's window is over, by an agent who has not proposed.
async fn approve(browser: &Browser, reference: &str) {
    browser.go(&format!("/agents/demande/#{reference}")).await;
    browser.reads("#case #reference", reference).await;
    let start = Instant::now();
    while browser.run(IS_APPROVABLE, json!([])).await != true {
        assert!(start.elapsed() < WINDOW_DELAY_MAX, "the window does not end");
        tokio::time::sleep(LOOK_PERIOD).await;
        browser.reload().await;
        browser.sees("#case").await;
    }
    browser.submit("#approve-succession").await;
    browser.reads("#succession-state", "Exécutée").await;
}
