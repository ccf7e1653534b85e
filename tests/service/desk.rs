//! The desk: agents take cases, one at a time, answer and close them; nothing is lost, nothing is said twice.

mod answers;
mod known;
mod lease;
mod queue;

use domain::{AgentRole, AgentSub, Name};
use http::Request;
use platform::Platform;
use platform::agents::{self, Agent};
use platform::table::Transaction;
use serde_json::{Value, json};
use sesame::mailbox::Mail;

use crate::support::{Answer, App, EMAIL, SITE, ticket};

pub const QUEUE: &str = "/api/agents/cases";
pub const NAME: &str = "Boulangerie du Marché";

/// An agent who is logged in.
pub struct AtDesk {
    pub agent: Agent,
    pub cookie: String,
}

impl AtDesk {
    /// Adds an agent and opens a session for them.
    pub async fn opens(app: &App, sub: &str, name: &str) -> Self {
        let sub = AgentSub::parse(sub).unwrap();
        let agent = Agent { sub, name: Name::parse(name).unwrap(), role: AgentRole::Agent };
        write_row(app, &agent, true).await;
        let platform = operator(app);
        let token = platform.agents.open(&agent.sub).await.unwrap();
        let cookie = format!("{}={}", agents::cookie_name(&platform.config), token.print());
        Self { agent, cookie }
    }

    pub async fn get(&self, app: &App, path: &str) -> Answer {
        app.with_cookie("GET", path, &self.cookie).await
    }

    /// Does something to a case.
    pub async fn acts(&self, app: &App, reference: &str, act: &str, form: &Value) -> Answer {
        let request = Request::post(format!("{QUEUE}/{reference}/{act}"));
        let request = request.header("content-type", "application/json").header("cookie", &self.cookie);
        app.send(request.body(form.to_string().into_bytes()).unwrap()).await
    }

    /// The same, which succeeds; the case as it is then.
    pub async fn does(&self, app: &App, reference: &str, act: &str, form: &Value) -> Value {
        let answer = self.acts(app, reference, act, form).await;
        assert_eq!(answer.status, 200, "{act}: {}", answer.body);
        answer.body
    }

    pub async fn sees(&self, app: &App, reference: &str) -> Value {
        let answer = self.get(app, &format!("{QUEUE}/{reference}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// The references of a list.
    pub async fn lists(&self, app: &App, query: &str) -> Vec<String> {
        let answer = self.get(app, &format!("{QUEUE}?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cases = answer.body["cases"].as_array().unwrap();
        cases.iter().map(|case| case["reference"].as_str().unwrap().to_owned()).collect()
    }
}

/// The platform of an operator, who may do everything.
pub fn operator(app: &App) -> Platform {
    let known = app.portal.platform("desk").unwrap();
    let table = &app.portal.operator_table;
    Platform::new((*known.config).clone(), table, known.clock.clone(), known.random.clone())
}

/// Writes an agent's row.
pub async fn write_row(app: &App, agent: &Agent, is_active: bool) {
    let mut transaction = Transaction::new();
    transaction.put(agents::row(agent, is_active));
    app.portal.operator_table.commit(transaction).await.unwrap();
}

/// Sends a request for assistance, the `number`th of a test, with these fields in the place of others. Gives
/// its reference. No mail is delivered.
pub async fn asks(app: &App, number: u32, fields: &Value) -> String {
    let mut form = ticket(&format!("0192d5a2-8f0e-7c3b-9a1d-{number:012}"));
    form.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let sent = app.post_proven("/api/submit-ticket", "submit-ticket", form).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    sent.body["reference"].as_str().unwrap().to_owned()
}

/// The token of the link in a mail about a request.
pub fn request_token(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once(&format!("{SITE}/ma-demande/#")).expect("a link in the mail");
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Delivers, and gives the newest mail to the person.
pub async fn mail_to_person(app: &App) -> Mail {
    app.deliver().await;
    app.mails().into_iter().find(|mail| mail.to == [EMAIL]).expect("a mail to the person")
}

/// The kinds of a thread's entries.
pub fn kinds(case: &Value) -> Vec<&str> {
    case["thread"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

/// The sentences of every line of journals that agents caused.
pub fn told_of_agents(app: &App) -> Vec<String> {
    let lines = app.rows("JOURNAL#").into_iter().map(|row| row["line"]["S"].as_str().unwrap().to_owned());
    lines.filter(|line| line.contains("L'agent")).collect()
}

/// What a story of every grant does at the desk. The establishment of the requests has had a space.
pub async fn story(app: &App) {
    let alice = AtDesk::opens(app, "alice", "Alice Roy").await;
    let reference = asks(app, 900, &json!({"motive": "other"})).await;
    let token = request_token(&mail_to_person(app).await);
    assert!(alice.lists(app, "motive=other").await.contains(&reference));
    assert!(alice.lists(app, "siret=73282932000074").await.contains(&reference));
    alice.sees(app, &reference).await;
    alice.does(app, &reference, "take", &json!({})).await;
    let answer = json!({"text": "Bonjour.", "template": "more-details"});
    alice.does(app, &reference, "answer", &answer).await;
    assert_eq!(app.post("/api/request", &json!({"token": token})).await.body["state"], "answered");
    let message = json!({"token": token, "text": "Voici la précision."});
    assert_eq!(app.post("/api/request/message", &message).await.body["state"], "waiting");
    assert_eq!(app.post("/api/request/close", &json!({"token": token})).await.body["state"], "closed");
    // After some minutes a request also moves the end of the session.
    app.wait_minutes(6);
    assert!(alice.lists(app, "state=closed&motive=other").await.contains(&reference));
    app.portal.schedule.measure_desk().await.unwrap();
    app.deliver().await;
}

#[tokio::test]
async fn a_request_is_taken_answered_and_closed_and_the_person_follows_it() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({})).await;
    let token = request_token(&mail_to_person(&app).await);
    assert_eq!(alice.lists(&app, "").await, [&*reference]);

    let case = alice.sees(&app, &reference).await;
    assert_eq!((&case["state"], &case["held"]), (&json!("waiting"), &Value::Null));
    assert_eq!((&case["full_name"], &case["email"]), (&json!("Jeanne Martin-Ruiz"), &json!(EMAIL)));
    assert!(case["succession"].is_null() && case["templates"].as_array().unwrap().len() > 3);
    let taken = alice.does(&app, &reference, "take", &json!({})).await;
    assert_eq!((&taken["held"]["by"], &taken["held"]["is_mine"]), (&json!("Alice Roy"), &json!(true)));
    let noted = alice.does(&app, &reference, "note", &json!({"text": "À vérifier : le kbis."})).await;
    assert_eq!(kinds(&noted), ["taken", "note"]);
    let form = json!({"text": "Bonjour,\nmerci d'envoyer le contrat.", "template": "proof-of-role"});
    let answered = alice.does(&app, &reference, "answer", &form).await;
    assert_eq!(
        (&answered["state"], &answered["thread"][2]["name"]),
        (&json!("answered"), &json!("Alice Roy"))
    );
    assert!(alice.lists(&app, "").await.is_empty());
    assert_eq!(alice.lists(&app, "state=answered").await, [&*reference]);

    let mail = mail_to_person(&app).await;
    assert!(mail.subject.contains(&reference) && mail.subject.contains("réponse"), "{}", mail.subject);
    assert!(mail.text.contains("Bonjour,\nmerci d'envoyer le contrat.") && mail.text.contains("vérifie"));
    assert!(!mail.text.contains("Alice") && !mail.text.contains("kbis"), "{}", mail.text);
    assert_ne!(request_token(&mail), token, "each mail has its own link");
    for token in [&token, &request_token(&mail)] {
        let view = app.post("/api/request", &json!({"token": token})).await;
        assert_eq!((view.status, &view.body["state"]), (200, &json!("answered")));
        assert_eq!(kinds(&view.body), ["answer"]);
        assert_eq!(view.body["thread"][0]["by"], "agency");
        let text = view.body.to_string();
        assert!(!text.contains("Alice") && !text.contains("kbis"), "{text}");
    }

    let message = json!({"token": token, "text": "Le voici."});
    assert_eq!(app.post("/api/request/message", &message).await.body["state"], "waiting");
    assert_eq!(alice.lists(&app, "").await, [&*reference]);
    let closed = alice.does(&app, &reference, "close", &json!({"text": "C'est réglé."})).await;
    assert_eq!((&closed["state"], &closed["held"]), (&json!("closed"), &Value::Null));
    let mail = mail_to_person(&app).await;
    assert!(mail.subject.contains("close") && mail.text.contains("C'est réglé."), "{}", mail.text);
    alice.does(&app, &reference, "reopen", &json!({})).await;
    assert!(mail_to_person(&app).await.subject.contains("rouverte"));
    let seen = alice.sees(&app, &reference).await;
    assert_eq!(kinds(&seen), ["taken", "note", "answer", "message", "closed", "reopened"]);
    let numbers: Vec<_> = seen["thread"].as_array().unwrap().iter().map(|entry| &entry["entry"]).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn nobody_but_an_agent_in_service_sees_a_case() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let reference = asks(&app, 1, &json!({})).await;
    let path = format!("{QUEUE}/{reference}");
    for path in [QUEUE, &path] {
        assert_eq!(app.get(path).await.problem(), "no-session");
    }
    write_row(&app, &alice.agent, false).await;
    assert_eq!(alice.get(&app, &path).await.problem(), "no-session");
    for act in ["take", "release"] {
        assert_eq!(alice.acts(&app, &reference, act, &json!({})).await.problem(), "no-session");
    }
    assert_eq!(alice.acts(&app, &reference, "note", &json!({"text": "x"})).await.problem(), "no-session");
}

#[tokio::test]
async fn what_is_no_case_is_unknown_and_a_wrong_form_says_why() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    for unknown in ["T-261123-7K3MQ2", "T-1", "nothing"] {
        assert_eq!(alice.get(&app, &format!("{QUEUE}/{unknown}")).await.problem(), "case-unknown");
        assert_eq!(alice.acts(&app, unknown, "take", &json!({})).await.problem(), "case-unknown");
    }
    let reference = asks(&app, 1, &json!({})).await;
    for act in ["answer", "note"] {
        let refused = alice.acts(&app, &reference, act, &json!({})).await;
        assert_eq!(refused.faults(), ["text:required"]);
        let long = json!({"text": "é".repeat(5_001)});
        assert_eq!(alice.acts(&app, &reference, act, &long).await.faults(), ["text:too-long"]);
    }
    let unknown = json!({"text": "Bonjour", "template": "none"});
    assert_eq!(
        alice.acts(&app, &reference, "answer", &unknown).await.faults(),
        ["template:template-unknown"]
    );
    assert_eq!(alice.acts(&app, &reference, "take", &json!({"text": "x"})).await.problem(), "malformed-body");
    let wrong = alice.get(&app, &format!("{QUEUE}?state=open&motive=x&siret=1")).await;
    assert_eq!(wrong.faults(), ["state:case-state-unknown", "motive:motive-unknown", "siret:siret-format"]);
}
