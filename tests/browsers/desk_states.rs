//! Every state of the desk and of a request's own page, by answers given in the portal's place; what an agent
//! types outlives a conflict, a wait and a login; the queue by letters.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::keyboard::press;
use crate::people::{COLLEAGUE_EMAIL, COLLEAGUE_NAME, ESTABLISHMENT, SIRET_DIGITS};
use crate::proxy::Fate;
use crate::stage::{Stage, in_every_engine};

const ME: &str = "/api/agents/me";
const CASES: &str = "/api/agents/cases";
const REFERENCE: &str = "T-261126-7K3MQ2";
const OTHER: &str = "T-261126-9ABCD4";
const PAGE: &str = "/agents/demande/#T-261126-7K3MQ2";
const MOMENT: &str = "2026-11-26T13:02:00Z";
/// Later than any run.
const LATE: &str = "2099-01-01T13:02:00Z";
const TYPED: &str = "Bonjour, il nous faut une pièce.";
const ENTER: char = '\u{e007}';

/// Goes through all of them; `look` is told the name of each.
pub async fn visit(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    browser.go("/agents/connexion/?refus=agent-unknown#demo-inconnu").await;
    browser.reads("#sub", "demo-inconnu").await;
    look("agents-connexion-inconnu").await;
    stage.proxy.plan(ME, [no_session()]);
    browser.go("/agents/").await;
    browser.sees("#no-session").await;
    look("agents-sans-session").await;
    stage.proxy.plan(ME, [agent()]);
    stage.proxy.plan(CASES, [queue(Some("suite"))]);
    browser.go("/agents/").await;
    browser.sees("#cases li").await;
    browser.click("#filters summary").await;
    look("agents-file").await;
    browser.click("#open-shortcuts").await;
    browser.sees("#shortcuts").await;
    look("agents-raccourcis").await;
    browser.click("#close-shortcuts").await;
    for (name, more) in [
        ("libre", json!({})),
        ("tenue", json!({"held": {"by": "Claire Petit", "until": LATE, "is_mine": false}})),
        ("fermee", json!({"state": "closed"})),
        ("delai", json!({"succession": succession("waiting")})),
        ("contestee", json!({"succession": succession("contested")})),
    ] {
        show(stage, case(more)).await;
        look(&format!("agents-demande-{name}")).await;
    }
    show(stage, case(json!({}))).await;
    browser.click("#propose-place summary").await;
    browser.submit("#propose-succession").await;
    browser.sees("#propose-succession .govuk-error-summary").await;
    look("agents-demande-proposer-erreurs").await;
    requests(stage, look).await;
    contests(stage, look).await;
}

async fn requests(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    for (name, state, about) in [
        ("attente", "waiting", None),
        ("delai", "answered", Some("waiting")),
        ("contestee", "answered", Some("contested")),
        ("fermee", "closed", None),
    ] {
        stage.proxy.plan("/api/request", [request(state, about)]);
        browser.go("/ma-demande/#jeton").await;
        browser.sees("#request").await;
        look(&format!("ma-demande-{name}")).await;
    }
    stage.proxy.plan("/api/request", [problem(410, "link-expired", "Ce lien a expiré")]);
    browser.go("/ma-demande/#jeton").await;
    browser.sees("#link-expired").await;
    look("ma-demande-expiree").await;
}

async fn contests(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    let contested = json!({
        "siret": SIRET_DIGITS, "establishment_name": ESTABLISHMENT, "contested_at": MOMENT,
    });
    for (name, fate, view) in [
        ("faite", Fate::Given(200, contested), "#done"),
        ("trop-tard", problem(409, "succession-state", "La succession est déjà faite"), "#too-late"),
    ] {
        browser.go("/contester/#jeton").await;
        browser.ready("#contest [type=submit]").await;
        stage.proxy.plan("/api/contest", [fate]);
        browser.submit("#contest").await;
        browser.sees(view).await;
        look(&format!("contester-{name}")).await;
    }
}

#[tokio::test]
async fn what_an_agent_types_outlives_a_conflict_a_wait_and_a_reload_and_is_of_its_own_case() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        show(stage, case(json!({}))).await;
        browser.fill("#answer_text", TYPED).await;
        let held = json!({"held": {"by": "Claire Petit", "until": LATE, "is_mine": false}});
        let refused = problem(409, "case-held", "Un autre agent traite cette demande");
        stage.proxy.plan(CASES, [refused, Fate::Given(200, case(held))]);
        browser.submit("#answer-case").await;
        browser.reads("#answer-case .govuk-error-summary", "Claire Petit traite cette demande").await;
        browser.sees("#held-by-other").await;
        assert_eq!(browser.value("#answer_text").await, TYPED);

        // Another case has nothing of it.
        stage.proxy.plan(ME, [agent()]);
        stage.proxy.plan(CASES, [Fate::Given(200, case(json!({"reference": OTHER})))]);
        browser.go(&format!("/agents/demande/#{OTHER}")).await;
        browser.sees("#answer-case").await;
        assert_eq!(browser.value("#answer_text").await, "");

        show(stage, case(json!({}))).await;
        assert_eq!(browser.value("#answer_text").await, TYPED);
        let answered = case(json!({"state": "answered"}));
        stage.proxy.plan(CASES, [Fate::Refused(503, Some(1)), Fate::Given(200, answered)]);
        browser.submit("#answer-case").await;
        browser.reads("#news", "Réponse envoyée").await;
        assert_eq!(browser.value("#answer_text").await, "");
        let path = format!("{CASES}/{REFERENCE}/answer");
        assert_eq!(stage.proxy.bodies(&path).last(), Some(&json!({"text": TYPED})));
    })
    .await;
}

#[tokio::test]
async fn an_agent_whose_session_is_over_logs_in_and_finds_the_text_in_its_place() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        show(stage, case(json!({}))).await;
        browser.fill("#answer_text", TYPED).await;
        stage.proxy.plan(CASES, [no_session()]);
        browser.submit("#answer-case").await;
        browser.sees("#session-over").await;
        // Logged in in another tab meanwhile.
        stage.proxy.plan(ME, [agent()]);
        stage.proxy.plan(CASES, [Fate::Given(200, case(json!({})))]);
        browser.click("#again").await;
        browser.sees("#answer-case").await;
        assert_eq!(browser.value("#answer_text").await, TYPED);
    })
    .await;
}

#[tokio::test]
async fn the_queue_is_gone_through_by_letters_which_do_nothing_while_something_is_typed() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.plan(ME, [agent(), agent()]);
        stage.proxy.plan(CASES, [queue(None), Fate::Given(200, case(json!({})))]);
        browser.go("/agents/").await;
        browser.sees("#cases li").await;
        for (key, place) in [('j', REFERENCE), ('j', OTHER), ('k', REFERENCE)] {
            press(browser, key).await;
            let focus = "return document.activeElement.closest('#cases li')?.dataset.name === arguments[0]";
            browser.until("the focus is on the case", focus, json!([place])).await;
        }
        press(browser, ENTER).await;
        browser.reads("#case #reference", REFERENCE).await;
        browser.sees("#case").await;
        press(browser, 'e').await;
        let in_answer = "return document.activeElement.id === 'answer_text'";
        browser.until("the focus is in the answer", in_answer, json!([])).await;
        press(browser, '?').await;
        assert_eq!(browser.value("#answer_text").await, "?");
        browser.sees_not("#shortcuts").await;
    })
    .await;
}

/// The page of a case that is answered so, to an agent.
async fn show(stage: &Stage, case: Value) {
    stage.proxy.plan(ME, [agent()]);
    stage.proxy.plan(CASES, [Fate::Given(200, case)]);
    stage.browser.go(PAGE).await;
    stage.browser.sees("#case").await;
    ready(&stage.browser).await;
}

/// What binds the forms has come.
async fn ready(browser: &Browser) {
    let bound = "return !document.querySelector('#note-case [type=submit]').disabled";
    browser.until("the forms are bound", bound, json!([])).await;
}

fn agent() -> Fate {
    Fate::Given(200, json!({"name": "Marc Le Goff", "roles": ["agent"]}))
}

fn no_session() -> Fate {
    problem(401, "no-session", "Vous n'êtes pas connecté")
}

fn problem(status: u16, name: &str, title: &str) -> Fate {
    Fate::Given(status, json!({"type": format!("/problems/{name}"), "title": title, "status": status}))
}

fn queued(reference: &str) -> Value {
    json!({
        "reference": reference, "siret": SIRET_DIGITS, "establishment_name": ESTABLISHMENT,
        "motive": "extranet-access", "state": "waiting", "created_at": MOMENT, "held": null,
    })
}

fn queue(next: Option<&str>) -> Fate {
    Fate::Given(200, json!({"cases": [queued(REFERENCE), queued(OTHER)], "next": next}))
}

/// A case as the service says it, with something else in it.
fn case(more: Value) -> Value {
    let mut case = queued(REFERENCE);
    let whole = json!({
        "full_name": COLLEAGUE_NAME, "phone": "+33123456789", "email": COLLEAGUE_EMAIL,
        "description": "Ma collègue est partie en octobre.\nSa messagerie est fermée.",
        "thread": [
            {"entry": 1, "kind": "answer", "by": "agent", "name": "Claire Petit", "text": "Bonjour.",
                "reason": "Il nous manque un élément.", "at": MOMENT},
            {"entry": 2, "kind": "note", "by": "agent", "name": "Claire Petit", "text": "Vu.", "at": MOMENT},
        ],
        "known": {
            "account": {"state": "open", "holders": 1, "members": 3}, "failed_logins": 2,
            "mails": [{"kind": "ticket-receipt", "at": MOMENT, "state": "delivered"}],
            "holders": [{"member": "0h4m7q2x9zc1v5ka", "name": "Jeanne Martin-Ruiz"}],
            "designated": [{"name": COLLEAGUE_NAME, "email": "p•••@exemple.fr", "named_at": MOMENT}],
            "requests": [{"reference": OTHER, "motive": "other", "state": "closed", "created_at": MOMENT}],
            "signals": [{"kind": "free-mail", "reason": "Adresse d'une messagerie grand public."}],
        },
        "succession": null,
        "templates": [{"name": "more-details", "label": "Demander des précisions",
            "reason": "Il nous manque un élément.", "text": "Bonjour,\n\nPouvez-vous préciser ?"}],
    });
    for part in [whole, more] {
        let (Value::Object(case), Value::Object(part)) = (&mut case, part) else { panic!("objects") };
        case.extend(part);
    }
    case
}

fn succession(state: &str) -> Value {
    json!({
        "succession": "7k3mq2fd9w4t5r6y", "state": state, "holder": "Jeanne Martin-Ruiz",
        "successor": COLLEAGUE_NAME, "email": "p•••@exemple.fr",
        "evidence": [{"kind": "letter", "text": "Lettre signée de la gérante."}],
        "proposed_by": "Claire Petit", "proposed_at": MOMENT, "approved_by": null, "lifted_by": null,
        "window": {"days": 7, "opened_at": MOMENT, "contest_until": LATE, "because": "delivered"},
        "notices": [{"to": "holder", "sent_to": "j•••@exemple.fr", "state": "delivered"}],
        "contested_at": (state == "contested").then_some(MOMENT), "executed_at": null, "missing": null,
        "is_mine": false,
    })
}

fn request(state: &str, about: Option<&str>) -> Fate {
    let succession =
        about.map(|state| json!({"state": state, "contest_until": (state == "waiting").then_some(LATE)}));
    Fate::Given(
        200,
        json!({
            "reference": REFERENCE, "siret": SIRET_DIGITS, "establishment_name": ESTABLISHMENT,
            "motive": "extranet-access", "state": state, "description": "Ma collègue est partie.",
            "created_at": MOMENT, "valid_until": LATE, "succession": succession,
            "thread": [{"by": "agency", "kind": "answer", "text": "Bonjour.", "reason": null, "at": MOMENT}],
        }),
    )
}
