//! Successions: proposed by one agent, told to who may object, approved by another, carried out in one write.

mod afterwards;
mod events;
mod ties;

use domain::time::paris_day;
use domain::{AgentRole, AgentSub, MandateText, Name};
use http::Request;
use platform::Platform;
use platform::agents::{self, Agent};
use platform::table::Transaction;
use serde_json::{Value, json};
use testkit::form::siret;

use crate::me::Person;
use crate::presence::{joins, link_in};
use crate::support::{Answer, App, EMAIL, OTHER_SIRET, PASSWORD, SIRET, SITE, ticket};

const NAME: &str = "Boulangerie du Marché";
/// Who takes over.
const NEW: &str = "lea.faure@exemple.fr";
const CABINET: &str = "55208131766522";
const CABINET_EMAIL: &str = "cabinet@exemple.fr";
const ROUTE: &str = "/api/agents/successions";
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
/// As ids are printed, and nobody's.
const NO_ID: &str = "0123456789abcdef";

/// Somebody of the agency, who logs in anew for each request.
#[derive(Clone, Copy)]
struct Desk(&'static str, AgentRole);

const ONE: Desk = Desk("un", AgentRole::Agent);
const TWO: Desk = Desk("deux", AgentRole::Agent);
const THREE: Desk = Desk("trois", AgentRole::Agent);
const CHIEF: Desk = Desk("quatre", AgentRole::Supervisor);

impl Desk {
    fn agent(self) -> Agent {
        let name = Name::parse(&format!("Agent {}", self.0)).unwrap();
        Agent { sub: AgentSub::parse(self.0).unwrap(), name, role: self.1 }
    }

    /// Writes the agent's row.
    async fn stands(self, app: &App, is_active: bool) {
        let mut transaction = Transaction::new();
        transaction.put(agents::row(&self.agent(), is_active));
        app.portal.operator_table.commit(transaction).await.unwrap();
    }

    /// The cookie of a new session.
    async fn cookie(self, app: &App) -> String {
        let known = app.portal.platform("successions").unwrap();
        let (config, clock, random) = ((*known.config).clone(), known.clock.clone(), known.random.clone());
        let platform = Platform::new(config, &app.portal.operator_table, clock, random);
        let token = platform.agents.open(&self.agent().sub).await.unwrap();
        format!("sesame-agent={}", token.print())
    }

    async fn posts(self, app: &App, path: &str, body: &Value) -> Answer {
        let cookie = self.cookie(app).await;
        by_cookie(app, &cookie, path, body).await
    }

    /// Approves, refuses or withdraws.
    async fn decides(self, app: &App, id: &str, verb: &str) -> Answer {
        let body = if verb == "refuse" { json!({"text": "Le contrat de travail."}) } else { json!({}) };
        self.posts(app, &format!("{ROUTE}/{id}/{verb}"), &body).await
    }
}

async fn by_cookie(app: &App, cookie: &str, path: &str, body: &Value) -> Answer {
    let request = Request::post(path).header("cookie", cookie).header("content-type", "application/json");
    app.send(request.body(body.to_string().into_bytes()).unwrap()).await
}

async fn with_desk() -> App {
    let app = App::new();
    for desk in [ONE, TWO, THREE, CHIEF] {
        desk.stands(&app, true).await;
    }
    app
}

/// Sends the request for assistance of who wants to take over; its reference.
async fn asked(app: &App, siret: &str, submission: u8) -> String {
    let mut form = ticket(&format!("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e70{submission:02}"));
    (form["siret"], form["email"], form["full_name"]) = (siret.into(), NEW.into(), "Léa Faure".into());
    let answer = app.post_proven("/api/submit-ticket", "submit-ticket", form).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    app.deliver().await;
    answer.body["reference"].as_str().unwrap().to_owned()
}

fn proposal(reference: &str, siret: &str) -> Value {
    json!({
        "reference": reference, "siret": siret, "email": NEW,
        "evidence": [{"kind": "letter", "text": "Lettre de l'employeur du 2 novembre."}],
    })
}

/// A succession of [`SIRET`] that is proposed by [`ONE`]; its id.
async fn proposed(app: &App, siret: &str, submission: u8) -> String {
    let reference = asked(app, siret, submission).await;
    let answer = ONE.posts(app, ROUTE, &proposal(&reference, siret)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["contest_until"], Value::Null, "nothing is delivered yet");
    answer.body["succession"].as_str().unwrap().to_owned()
}

/// Sends what is due and hands over the events of the next seconds.
async fn arrive(app: &App) {
    app.deliver().await;
    app.wait_seconds(10);
    app.track().await;
}

/// A succession of [`SIRET`] whose window is over.
async fn over(app: &App) -> String {
    let id = proposed(app, SIRET, 1).await;
    arrive(app).await;
    app.wait_minutes(7 * DAY + 1);
    id
}

fn row(app: &App, prefix: &str) -> Value {
    app.rows(prefix).first().cloned().unwrap_or_default()
}

fn succession(app: &App, id: &str) -> Value {
    row(app, &format!("SUCCESSION#{id}"))
}

/// The establishment's own row.
fn establishment(app: &App, siret: &str) -> Value {
    let rows = app.rows(&format!("SIRET#{siret}"));
    rows.into_iter().find(|row| row["sk"]["S"] == "ESTABLISHMENT").unwrap_or_default()
}

fn holders(app: &App) -> (String, bool) {
    let row = establishment(app, SIRET);
    (row["holders"]["N"].as_str().unwrap().to_owned(), row.get("seat").is_some())
}

fn journal(app: &App) -> Vec<String> {
    let rows = app.rows("JOURNAL#");
    rows.iter().map(|row| row["line"]["S"].as_str().unwrap().replace('\u{a0}', " ")).collect()
}

/// The newest mail to an address with that page's link.
fn link_to(app: &App, to: &str, page: &str) -> String {
    let mails = app.mails();
    let has_link = |text: &str| text.contains(&format!("{SITE}/{page}/#"));
    let mail = mails.iter().find(|mail| mail.to == [to] && has_link(&mail.text));
    link_in(mail.expect("a mail with the link"), page)
}

async fn contests(app: &App, token: &str) -> Answer {
    app.post("/api/contest", &json!({"token": token})).await
}

/// Accepts the invitation of who takes over, by a new account.
async fn takes_over(app: &App) -> Answer {
    app.deliver().await;
    let token = link_to(app, NEW, "invitation");
    let form = json!({"token": token, "password": PASSWORD, "phone": "01 23 45 67 89"});
    app.post("/api/invitation/accept", &form).await
}

/// A cabinet with a mandate of [`SIRET`].
async fn cabinet(app: &App, client: &Person) -> Person {
    let cabinet = Person::open(app, CABINET, "Cabinet Durand", CABINET_EMAIL).await;
    let today = paris_day(app.portal.platform("mandates").unwrap().clock.now()).to_string();
    let form = json!({
        "as": "client", "siret": SIRET, "other_siret": CABINET, "scopes": ["read"], "from": today,
        "until": today, "text_version": MandateText::CURRENT.version,
    });
    let offered = client.post(app, "/api/space/mandates", &form).await;
    assert_eq!(offered.status, 202, "{}", offered.body);
    let path = format!("/api/space/mandates/{}/accept", offered.body["mandate"].as_str().unwrap());
    let form = json!({"siret": CABINET, "text_version": MandateText::CURRENT.version});
    let accepted = cabinet.post(app, &path, &form).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    app.deliver().await;
    cabinet
}

/// Whom mails with that subject went to, sorted.
fn told(app: &App, subject: &str) -> Vec<String> {
    let mails = app.mails().into_iter().filter(|mail| mail.subject.replace('\u{a0}', " ").contains(subject));
    let mut to: Vec<String> = mails.flat_map(|mail| mail.to).collect();
    to.sort();
    to
}

#[tokio::test]
async fn an_account_is_handed_over_by_two_agents_after_the_window() {
    let app = with_desk().await;
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    joins(&app, &jeanne, SIRET, ("Durand", "paul.durand@exemple.fr"), "member").await;
    cabinet(&app, &jeanne).await;
    let id = proposed(&app, SIRET, 1).await;
    app.deliver().await;
    let everybody = [CABINET_EMAIL, EMAIL, "paul.durand@exemple.fr"];
    assert_eq!(told(&app, "Une succession est demandée"), everybody);
    let early = TWO.decides(&app, &id, "approve").await;
    assert_eq!((early.status, early.problem()), (409, "succession-state"));
    app.wait_seconds(10);
    app.track().await;
    app.wait_minutes(7 * DAY - 1);
    let early = TWO.decides(&app, &id, "approve").await;
    assert_eq!((early.status, early.problem()), (409, "succession-state"), "a minute before the end");
    app.wait_minutes(1);
    let jeanne = jeanne.again(&app, PASSWORD).await;
    let done = TWO.decides(&app, &id, "approve").await;
    assert_eq!((done.status, &done.body["state"]), (200, &json!("executed")), "{}", done.body);
    assert_eq!(holders(&app), ("1".to_owned(), true), "the seat is kept");
    assert!(!jeanne.is_logged_in(&app).await);
    app.deliver().await;
    assert_eq!(told(&app, "Votre place de titulaire est confiée"), [EMAIL]);
    assert_eq!(told(&app, "La place d'un titulaire est confiée").len(), 2);
    let mails = app.mails();
    let invitation =
        mails.iter().find(|mail| mail.to == [NEW] && mail.subject.contains("Invitation")).unwrap();
    assert!(invitation.text.contains("L'assistance Activité partielle"), "{}", invitation.text);
    let check = json!({"siret": SIRET, "accept_terms": true});
    let check = app.post_proven("/api/check-siret", "check-siret", check).await;
    assert_eq!(check.body["account"], "exists", "free for nobody");

    let taken = takes_over(&app).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!(holders(&app), ("1".to_owned(), false));
    let seen = app.with_cookie("GET", "/api/space", &crate::support::cookie(&taken)).await;
    let own = &seen.body["establishments"][0];
    assert_eq!((&own["siret"], &own["role"]), (&json!(SIRET), &json!("holder")));
    let states: Vec<_> = own["members"].as_array().unwrap().iter().map(|m| m["state"].clone()).collect();
    assert_eq!(states.iter().filter(|state| **state == "suspended").count(), 1, "{own}");
    let jeanne = jeanne.again(&app, PASSWORD).await;
    assert_eq!(jeanne.get(&app, "/api/space").await.body["establishments"][0]["state"], "suspended");
    assert!(app.rows("SUCCESSIONS#").iter().all(|row| row["sk"]["S"] != "LIVE"));

    let lines = journal(&app);
    for said in [
        "L'agent « Agent un » est intervenu : « succession proposée ».",
        "L'agent « Agent deux » est intervenu : « succession approuvée ».",
        "L'agent « Agent deux » est intervenu : « succession faite ».",
        "L'agent « Agent deux » a suspendu l'accès de « Jeanne Martin-Ruiz » (n° 1).",
        "L'agent « Agent deux » a invité « Léa Faure » (l•••@exemple.fr) comme titulaire.",
    ] {
        assert_eq!(lines.iter().filter(|line| line.contains(said)).count(), 1, "{said}: {lines:#?}");
    }
}

#[tokio::test]
async fn who_proposed_approves_nothing_whichever_way_they_try() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let path = format!("{ROUTE}/{id}/approve");
    let (tab, other_tab) = (ONE.cookie(&app).await, ONE.cookie(&app).await);
    for cookie in [&tab, &other_tab] {
        let refused = by_cookie(&app, cookie, &path, &json!({})).await;
        assert_eq!((refused.status, refused.problem()), (403, "two-persons"));
    }
    // As a supervisor, too.
    Desk("un", AgentRole::Supervisor).stands(&app, true).await;
    assert_eq!(by_cookie(&app, &tab, &path, &json!({})).await.problem(), "two-persons");
    assert!(succession(&app, &id).get("approved_at").is_none());
    let (approved, refused) =
        tokio::join!(TWO.decides(&app, &id, "approve"), ONE.decides(&app, &id, "approve"));
    assert_eq!(approved.status, 200, "{}", approved.body);
    // Once it is done there is nothing left to decide.
    assert!(refused.status == 403 || refused.body["state"] == "executed", "{}", refused.body);
}

#[tokio::test]
async fn a_change_of_proposer_in_a_race_makes_nobody_approve_their_own() {
    let app = App::with_way_to_the_table();
    for desk in [ONE, TWO] {
        desk.stands(&app, true).await;
    }
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let reference = asked(&app, SIRET, 1).await;
    let form = proposal(&reference, SIRET);
    let mut by = [ONE, TWO];
    for round in 0..12 {
        let id = by[0].posts(&app, ROUTE, &form).await.body["succession"].as_str().unwrap().to_owned();
        arrive(&app).await;
        app.wait_minutes(7 * DAY + 1);
        // The proposer withdraws and the other proposes, while both approve whatever is there.
        let (_, other, _, _) = tokio::join!(
            by[0].decides(&app, &id, "withdraw"),
            by[1].posts(&app, ROUTE, &form),
            by[0].decides(&app, &id, "approve"),
            by[1].decides(&app, &id, "approve"),
        );
        for row in app.rows("SUCCESSION#") {
            assert_ne!(row.get("approved_by"), Some(&row["proposed_by"]), "{row}");
        }
        if succession(&app, &id).get("executed_at").is_some() {
            return;
        }
        if let Some(other) = other.body["succession"].as_str() {
            by[1].decides(&app, other, "withdraw").await;
            if round % 2 == 0 {
                by.swap(0, 1);
            }
        }
    }
}

#[tokio::test]
async fn the_person_in_the_row_is_asked_in_the_write_itself() {
    let app = App::with_way_to_the_table();
    for desk in [ONE, TWO] {
        desk.stands(&app, true).await;
    }
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let (cookie, path) = (TWO.cookie(&app).await, format!("{ROUTE}/{id}/approve"));
    let body = json!({});
    app.table.calls();
    let approval = by_cookie(&app, &cookie, &path, &body);
    // Between the reading of the approval and its write, the second agent becomes the proposer.
    let change = async {
        let mut read = 0;
        // The session, the agent, the succession.
        while read < 3 {
            read += app.table.calls().iter().filter(|call| *call == "GetItem").count();
            tokio::task::yield_now().await;
        }
        assert!(succession(&app, &id).get("approved_at").is_none());
        app.operate(
            "UpdateItem",
            &json!({
                "TableName": sesame::emulator::TABLE,
                "Key": {"pk": {"S": format!("SUCCESSION#{id}")}, "sk": {"S": "SUCCESSION"}},
                "UpdateExpression": "SET proposed_by = :two",
                "ExpressionAttributeValues": {":two": {"S": "deux"}},
            }),
        );
    };
    let (refused, ()) = tokio::join!(approval, change);
    assert_eq!((refused.status, refused.problem()), (403, "two-persons"));
    assert!(succession(&app, &id).get("approved_at").is_none());
}

#[tokio::test]
async fn a_proposal_has_its_faults_in_the_order_of_the_form() {
    let app = with_desk().await;
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let reference = asked(&app, SIRET, 1).await;
    let right = proposal(&reference, SIRET);
    let before = app.rows("");
    let nobody = app.post(ROUTE, &right).await;
    assert_eq!((nobody.status, nobody.problem()), (401, "no-session"));
    let all = ["reference:required", "siret:required", "email:required", "evidence:required"];
    assert_eq!(ONE.posts(&app, ROUTE, &json!({})).await.faults(), all);
    let letter = json!([{"kind": "letter", "text": "Vu."}]);
    for (field, value, fault) in [
        ("reference", json!("T-261123-000000"), "reference:reference-unknown"),
        ("reference", json!("42"), "reference:reference-unknown"),
        ("siret", json!(OTHER_SIRET), "siret:siret-is-another"),
        ("email", json!(EMAIL), "email:email-taken"),
        ("evidence", json!([]), "evidence:required"),
        ("evidence", json!([{"kind": "rumour", "text": "Vu."}]), "evidence:evidence-unknown"),
        ("evidence", json!([{"kind": "letter", "text": " "}]), "evidence:required"),
        ("evidence", json!([{"kind": "named-successor", "text": "Vu."}]), "evidence:successor-not-named"),
        ("holder", json!(NO_ID), "holder:holder-unknown"),
        ("holder", json!("x"), "holder:holder-unknown"),
        ("first_name", json!("Léa"), "last_name:required"),
    ] {
        let mut form = right.clone();
        form[field] = value;
        let refused = ONE.posts(&app, ROUTE, &form).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]), "{field}");
    }
    for evidence in [json!("x"), json!([{"kind": "letter"}]), json!([1]), json!({}), json!([[]])] {
        let mut form = right.clone();
        form["evidence"] = evidence;
        assert_eq!(ONE.posts(&app, ROUTE, &form).await.problem(), "malformed-body");
    }
    let sessions = |rows: Vec<Value>| -> Vec<Value> {
        rows.into_iter().filter(|row| !row["pk"]["S"].as_str().unwrap().starts_with("DESK#")).collect()
    };
    assert_eq!(sessions(app.rows("")), sessions(before), "nothing is written");

    // A holder who named them says so, with the name that they wrote.
    let heir = json!({"siret": SIRET, "first_name": "Léa", "last_name": "Faure-Petit", "email": NEW});
    assert_eq!(jeanne.post(&app, "/api/space/successor", &heir).await.status, 200);
    let mut form = right.clone();
    form["evidence"] = json!([{"kind": "named-successor", "text": "Vu."}, letter[0]]);
    let answer = ONE.posts(&app, ROUTE, &form).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let row = succession(&app, answer.body["succession"].as_str().unwrap());
    assert_eq!((&row["last_name"]["S"], &row["days"]["N"]), (&json!("Faure-Petit"), &json!("7")));
}

#[tokio::test]
async fn of_several_holders_the_agent_says_who_is_replaced() {
    let app = with_desk().await;
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let paul = joins(&app, &jeanne, SIRET, ("Durand", "paul.durand@exemple.fr"), "holder").await;
    let reference = asked(&app, SIRET, 1).await;
    let mut form = proposal(&reference, SIRET);
    assert_eq!(ONE.posts(&app, ROUTE, &form).await.faults(), ["holder:required"]);
    let space = paul.get(&app, "/api/space").await;
    // The case says who they are, by the ids that they have among colleagues.
    let (cookie, path) = (ONE.cookie(&app).await, format!("/api/agents/cases/{reference}"));
    let named = app.with_cookie("GET", &path, &cookie).await.body["known"]["holders"].clone();
    let member = |space: &Value| space["establishments"][0]["member"].clone();
    let own = jeanne.get(&app, "/api/space").await.body;
    let ids = [member(&own), member(&space.body)];
    let names = ["Jeanne Martin-Ruiz", "Alex Durand"];
    let told = json!([{"member": ids[0], "name": names[0]}, {"member": ids[1], "name": names[1]}]);
    assert_eq!(named, told);
    form["holder"] = named[0]["member"].clone();
    let id = ONE.posts(&app, ROUTE, &form).await.body["succession"].as_str().unwrap().to_owned();
    assert_eq!(space.body["establishments"][0]["role"], "holder");
    arrive(&app).await;
    app.wait_minutes(7 * DAY + 1);
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "executed");
    assert_eq!(holders(&app), ("1".to_owned(), false), "another holder is there: no seat is needed");
    let paul = paul.again(&app, PASSWORD).await;
    let invitation = paul.get(&app, "/api/space").await.body["establishments"][0]["invitations"][0].clone();
    let path = format!("/api/space/invitations/{}", invitation["invitation"].as_str().unwrap());
    let withdrawn = app.with_cookie("DELETE", &format!("{path}?siret={SIRET}"), &paul.cookie).await;
    assert_eq!(withdrawn.problem(), "not-allowed", "the agency's is the agency's");
    let corrected = json!({"siret": SIRET, "email": "autre@exemple.fr"});
    assert_eq!(paul.post(&app, &format!("{path}/address"), &corrected).await.problem(), "not-allowed");
    assert_eq!(takes_over(&app).await.status, 200);
    assert_eq!(holders(&app), ("2".to_owned(), false));
}

#[tokio::test]
async fn a_word_on_a_decision_is_a_note_of_the_thread_whoever_holds_the_case() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let reference = asked(&app, SIRET, 1).await;
    let taken = TWO.posts(&app, &format!("/api/agents/cases/{reference}/take"), &json!({})).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    let proposed = ONE.posts(&app, ROUTE, &proposal(&reference, SIRET)).await;
    let path = format!("{ROUTE}/{}/withdraw", proposed.body["succession"].as_str().unwrap());
    for _ in 0..2 {
        let withdrawn = ONE.posts(&app, &path, &json!({"text": "Mauvais établissement."})).await;
        assert_eq!((withdrawn.status, &withdrawn.body["state"]), (200, &json!("withdrawn")));
    }
    let cookie = ONE.cookie(&app).await;
    let case = app.with_cookie("GET", &format!("/api/agents/cases/{reference}"), &cookie).await.body;
    let notes = case["thread"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "note");
    let notes: Vec<_> = notes.map(|note| (&note["name"], &note["text"])).collect();
    assert_eq!(notes, [(&json!("Agent un"), &json!("Mauvais établissement."))], "once, by whoever said it");
    assert_eq!(case["held"]["by"], "Agent deux", "the lease is left alone");
}

#[tokio::test]
async fn one_succession_of_an_establishment_is_under_way_and_a_double_click_is_one() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let reference = asked(&app, SIRET, 1).await;
    let form = proposal(&reference, SIRET);
    let (first, second) = tokio::join!(ONE.posts(&app, ROUTE, &form), ONE.posts(&app, ROUTE, &form));
    assert_eq!((first.status, &first.body), (201, &second.body));
    assert_eq!(app.deliver().await, 2, "one notice, and the news to who asked");
    let other = TWO.posts(&app, ROUTE, &form).await;
    assert_eq!((other.status, other.problem()), (409, "succession-open"));
    let mut elsewhere = form.clone();
    elsewhere["email"] = "autre@exemple.fr".into();
    assert_eq!(ONE.posts(&app, ROUTE, &elsewhere).await.problem(), "succession-open");
}

#[tokio::test]
async fn a_refusal_says_what_is_missing_and_another_proposal_is_possible() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let empty = TWO.posts(&app, &format!("{ROUTE}/{id}/refuse"), &json!({})).await;
    assert_eq!(empty.faults(), ["text:required"]);
    for _ in 0..2 {
        let refused = TWO.decides(&app, &id, "refuse").await;
        assert_eq!((refused.status, &refused.body["state"]), (200, &json!("refused")), "twice is once");
    }
    assert_eq!(succession(&app, &id)["missing_text"]["S"], "Le contrat de travail.");
    app.deliver().await;
    assert_eq!(told(&app, "Une succession n'a pas lieu"), [EMAIL]);
    for verb in ["approve", "withdraw"] {
        assert_eq!(CHIEF.decides(&app, &id, verb).await.problem(), "succession-state", "{verb}");
    }
    let link = link_to(&app, EMAIL, "contester");
    assert_eq!(contests(&app, &link).await.status, 200, "it does no harm");
    assert_eq!(TWO.decides(&app, &id, "refuse").await.body["state"], "refused");
    let reference = succession(&app, &id)["reference"]["S"].as_str().unwrap().to_owned();
    let again = ONE.posts(&app, ROUTE, &proposal(&reference, SIRET)).await;
    assert_eq!(again.status, 201, "{}", again.body);
    let last = app.rows(&format!("SUCCESSIONS#{reference}"));
    assert_eq!(last[0]["succession"]["S"], again.body["succession"]);
    for (desk, status) in [(TWO, 403), (CHIEF, 200), (ONE, 200)] {
        let withdrawn = desk.decides(&app, again.body["succession"].as_str().unwrap(), "withdraw").await;
        assert_eq!(withdrawn.status, status, "{}", withdrawn.body);
    }
    for verb in ["approve", "refuse", "withdraw"] {
        assert_eq!(TWO.decides(&app, NO_ID, verb).await.status, 404, "{verb}");
        assert_eq!(TWO.decides(&app, "x", verb).await.status, 404, "{verb}");
    }
}

#[tokio::test]
async fn two_agents_lift_an_objection_and_a_round_begins_with_notices_of_its_own() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let first_link = link_to(&app, EMAIL, "contester");
    let contested = contests(&app, &first_link).await;
    assert_eq!((contested.status, &contested.body["siret"]), (200, &json!(SIRET)), "{}", contested.body);
    assert_eq!(contests(&app, &first_link).await.body, contested.body, "twice is once");
    app.deliver().await;
    assert_eq!(told(&app, "Une succession est arrêtée"), [EMAIL]);
    assert_eq!(ONE.decides(&app, &id, "approve").await.problem(), "two-persons");
    for _ in 0..2 {
        let half = TWO.decides(&app, &id, "approve").await;
        assert_eq!((half.status, &half.body["state"]), (200, &json!("contested")), "one alone lifts nothing");
    }
    let lifted = THREE.decides(&app, &id, "approve").await;
    assert_eq!((lifted.status, &lifted.body["state"]), (200, &json!("proposed")), "{}", lifted.body);
    let second = TWO.decides(&app, &id, "approve").await;
    assert_eq!(second.problem(), "succession-state", "the window begins anew");
    arrive(&app).await;
    assert_eq!(told(&app, "Une succession est demandée"), [EMAIL, EMAIL]);
    let second_link = link_to(&app, EMAIL, "contester");
    assert_ne!(first_link, second_link);
    app.wait_minutes(7 * DAY + 1);
    // The link of the first round objects in the second.
    assert_eq!(contests(&app, &first_link).await.status, 200);
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "contested");
    assert_eq!(CHIEF.decides(&app, &id, "approve").await.body["state"], "proposed");
    arrive(&app).await;
    app.wait_minutes(7 * DAY + 1);
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "executed");
    assert_eq!(succession(&app, &id)["round"]["N"], "3");
}

#[tokio::test]
async fn an_agent_who_is_removed_does_nothing_any_more() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let cookie = TWO.cookie(&app).await;
    TWO.stands(&app, false).await;
    for verb in ["approve", "withdraw"] {
        let path = format!("{ROUTE}/{id}/{verb}");
        let refused = by_cookie(&app, &cookie, &path, &json!({})).await;
        assert_eq!((refused.status, refused.problem()), (401, "no-session"), "{verb}");
    }
    assert!(succession(&app, &id).get("approved_at").is_none());
}

/// What uses every grant of successions, and writes each attribute.
#[tokio::test]
async fn the_request_tells_what_becomes_of_it_and_a_late_objection_opens_it_again() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let reference = succession(&app, &id)["reference"]["S"].as_str().unwrap().to_owned();
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "executed");
    let path = |act: &str| format!("/api/agents/cases/{reference}/{act}");
    let closed = ONE.posts(&app, &path("close"), &json!({})).await;
    assert_eq!((closed.status, &closed.body["state"]), (200, &json!("closed")), "{}", closed.body);
    app.deliver().await;
    for _ in 0..2 {
        assert_eq!(contests(&app, &link_to(&app, EMAIL, "contester")).await.status, 409);
    }
    let seen = ONE.posts(&app, &path("take"), &json!({})).await.body;
    assert_eq!((&seen["state"], &seen["succession"]["state"]), (&json!("waiting"), &json!("executed")));
    let thread = seen["thread"].as_array().unwrap().iter();
    let told: Vec<&str> = thread
        .filter(|entry| entry["kind"] == "succession")
        .map(|entry| entry["text"].as_str().unwrap())
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for (said, words) in told.iter().zip(["est proposée", "est faite", "après la succession"]) {
        assert!(said.contains(words), "{said}");
    }
    let to_person = app.mails().into_iter().filter(|mail| mail.subject.contains(": succession")).count();
    assert_eq!(to_person, 2, "the objection is the agency's to answer");
}

pub async fn story(app: &App) {
    for desk in [ONE, TWO, THREE] {
        desk.stands(app, true).await;
    }
    let (own, left, dead) = (siret(351), siret(352), siret(353));
    let client = Person::open(app, &own, NAME, "ines.roy@exemple.fr").await;
    let cabinet = Person::open(app, &left, "Cabinet Roy", "cabinet.roy@exemple.fr").await;
    let today = paris_day(app.portal.platform("mandates").unwrap().clock.now()).to_string();
    let form = json!({
        "as": "client", "siret": own, "other_siret": left, "scopes": ["read"], "from": today,
        "until": today, "text_version": MandateText::CURRENT.version,
    });
    let offered = client.post(app, "/api/space/mandates", &form).await;
    let path = format!("/api/space/mandates/{}/accept", offered.body["mandate"].as_str().unwrap());
    let form = json!({"siret": left, "text_version": MandateText::CURRENT.version});
    assert_eq!(cabinet.post(app, &path, &form).await.status, 200);
    let id = proposed(app, &own, 41).await;
    let reference = succession(app, &id)["reference"]["S"].as_str().unwrap().to_owned();
    let again = ONE.posts(app, ROUTE, &proposal(&reference, &own)).await;
    assert_eq!(again.status, 201, "{}", again.body);
    arrive(app).await;
    let seen = app.post("/api/request", &json!({"token": link_to(app, NEW, "ma-demande")})).await.body;
    assert_eq!((&seen["reference"], &seen["succession"]["state"]), (&json!(reference), &json!("waiting")));
    app.wait_minutes(7 * DAY + 1);
    let form = json!({
        "siret": own, "email": "invite@exemple.fr", "first_name": "Zoé", "last_name": "Roy",
        "role": "member",
    });
    let client = client.again(app, PASSWORD).await;
    assert_eq!(client.post(app, "/api/space/invitations", &form).await.status, 202);
    assert_eq!(TWO.decides(app, &id, "approve").await.body["state"], "executed");
    let path = format!("/api/agents/cases/{reference}/answer");
    assert_eq!(ONE.posts(app, &path, &json!({"text": "L'invitation est partie."})).await.status, 200);
    let late = contests(app, &link_to(app, "ines.roy@exemple.fr", "contester")).await;
    assert_eq!(late.status, 409, "{}", late.body);

    let id = proposed(app, &left, 42).await;
    arrive(app).await;
    let link = link_to(app, "cabinet.roy@exemple.fr", "contester");
    assert_eq!(contests(app, &link).await.status, 200);
    assert_eq!(TWO.decides(app, &id, "approve").await.body["state"], "contested");

    // A mailbox that is known to be dead gets nothing.
    Person::open(app, &dead, "Forge du Lac", "forge@inconnu.example").await;
    arrive(app).await;
    let id = proposed(app, &dead, 43).await;
    arrive(app).await;
    assert_eq!(TWO.decides(app, &id, "refuse").await.status, 200);
    let id = proposed(app, &dead, 44).await;
    // After some minutes a request also moves the end of the session.
    let cookie = ONE.cookie(app).await;
    app.wait_minutes(6);
    let path = format!("{ROUTE}/{id}/withdraw");
    assert_eq!(by_cookie(app, &cookie, &path, &json!({})).await.status, 200);
    arrive(app).await;
}
