//! «Toujours là ?»: each holder is asked once a year, from when they became one, and answers by one click.

use domain::time::Timestamp;
use http::Request;
use presence::{Run, TURNS_MAX};
use serde_json::{Value, json};
use sesame::mailbox::Mail;
use testkit::form::siret;

use crate::me::Person;
use crate::support::{Answer, App, EMAIL, Fault, OTHER_SIRET, PASSWORD, SIRET, SITE, cookie};

const PAUL: (&str, &str) = ("Durand", "paul.durand@exemple.fr");
const ZOE: (&str, &str) = ("Petit", "zoe.petit@exemple.fr");
const KARIM: (&str, &str) = ("Benali", "karim.benali@exemple.fr");
const NAME: &str = "Boulangerie du Marché";
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
const YEAR_SECONDS: i64 = YEAR * 60;

/// What follows `page/#` in a mail.
pub fn link_in(mail: &Mail, page: &str) -> String {
    let (_, rest) = mail.text.split_once(&format!("{SITE}/{page}/#")).expect("a link in the mail");
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Sends a form with the person's session, by any method.
pub async fn send(app: &App, who: &Person, method: &str, path: &str, form: &Value) -> Answer {
    let request = Request::builder().method(method).uri(path).header("cookie", &who.cookie);
    let request = request.header("content-type", "application/json");
    app.send(request.body(form.to_string().into_bytes()).unwrap()).await
}

/// Somebody whom a holder invites, and who joins with a new account. All mails are delivered.
pub async fn joins(
    app: &App,
    holder: &Person,
    siret: &str,
    (last_name, email): (&str, &str),
    role: &str,
) -> Person {
    let form = json!({
        "siret": siret, "email": email, "first_name": "Alex", "last_name": last_name, "role": role,
    });
    app.deliver().await;
    let invited = holder.post(app, "/api/space/invitations", &form).await;
    assert_eq!(invited.status, 202, "{}", invited.body);
    let token = link_in(&app.next_mail().await, "invitation");
    let form = json!({"token": token, "password": PASSWORD, "phone": "01 23 45 67 89"});
    let joined = app.post("/api/invitation/accept", &form).await;
    assert_eq!(joined.status, 200, "{}", joined.body);
    app.deliver().await;
    Person { identifier: joined.body["identifier"].as_str().unwrap().to_owned(), cookie: cookie(&joined) }
}

/// The path of a colleague, whom a holder of [`SIRET`] knows by their name.
async fn path_of(app: &App, holder: &Person, last_name: &str) -> String {
    let seen = holder.get(app, &format!("/api/space?siret={SIRET}")).await;
    let members = seen.body["establishments"][0]["members"].as_array().unwrap().clone();
    let member = members.iter().find(|member| member["last_name"] == last_name).unwrap();
    format!("/api/space/members/{}", member["member"].as_str().unwrap())
}

/// Changes a colleague's role or state. All mails are delivered.
pub async fn changes(app: &App, holder: &Person, last_name: &str, what: &str, to: &str) {
    let path = path_of(app, holder, last_name).await;
    let changed = send(app, holder, "PATCH", &path, &json!({"siret": SIRET, what: to})).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    app.deliver().await;
}

async fn run(app: &App) -> Run {
    app.portal.schedule.ask_holders().await.unwrap()
}

/// Runs the function and sends its mails. Whom they went to, in the order of the alphabet.
async fn asked(app: &App) -> Vec<String> {
    app.deliver().await;
    let before = app.mails().len();
    let run = run(app).await;
    app.deliver().await;
    let mut mails = app.mails();
    mails.truncate(mails.len() - before);
    assert_eq!(mails.len(), run.asked, "{run:?}");
    let mut to: Vec<String> = mails.into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    to
}

async fn answers(app: &App, token: &str) -> Answer {
    app.post("/api/presence", &json!({"token": token})).await
}

/// The member's row.
fn row_of(app: &App, siret: &str, identifier: &str) -> Value {
    let rows = app.rows(&format!("SIRET#{siret}"));
    let key = format!("MEMBER#{identifier}");
    rows.iter().find(|row| row["sk"]["S"] == key.as_str()).cloned().unwrap_or_default()
}

fn moment(row: &Value, name: &str) -> i64 {
    row[name]["N"].as_str().unwrap().parse().unwrap()
}

fn turns(app: &App) -> usize {
    app.rows("PRESENCE#").len()
}

#[tokio::test]
async fn a_holder_is_asked_after_a_year_and_not_before() {
    let app = App::new();
    let who = Person::open(&app, SIRET, NAME, EMAIL).await;
    let since = moment(&row_of(&app, SIRET, &who.identifier), "holder_since");
    let turn = app.rows("PRESENCE#").remove(0);
    let day = Timestamp::from_second(since + YEAR_SECONDS).unwrap().to_string()[..10].to_owned();
    assert_eq!(turn["pk"]["S"], format!("PRESENCE#{day}"));
    assert_eq!(turn["sk"]["S"], format!("{SIRET}#{}", who.identifier));
    let start: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
    assert_eq!(moment(&turn, "expires_at"), start.as_second() + 60 * DAY * 60);

    for minutes in [0, 300 * DAY, 65 * DAY - HOUR] {
        app.wait_minutes(minutes);
        assert_eq!(asked(&app).await, [""; 0]);
        assert_eq!(turns(&app), 1, "it waits");
    }
    app.wait_minutes(HOUR + 1);
    assert_eq!(asked(&app).await, [EMAIL]);
    let mail = &app.mails()[0];
    assert!(mail.subject.starts_with("Êtes-vous toujours titulaire"), "{}", mail.subject);
    assert!(mail.text.contains(NAME) && mail.text.contains(&format!("{SITE}/presence/#")), "{}", mail.text);
    assert_eq!(asked(&app).await, [""; 0], "once");
    assert_eq!(turns(&app), 1, "that of the next year");
}

#[tokio::test]
async fn a_holder_is_asked_once_a_year_answered_or_not() {
    let app = App::new();
    let who = Person::open(&app, SIRET, NAME, EMAIL).await;
    app.wait_minutes(YEAR + 1);
    assert_eq!(asked(&app).await, [EMAIL]);
    app.wait_minutes(300 * DAY);
    assert_eq!(asked(&app).await, [""; 0], "nobody insists");
    // To be logged in is no answer.
    let again = who.again(&app, PASSWORD).await;
    assert_eq!(again.get(&app, "/api/space").await.status, 200);
    assert!(row_of(&app, SIRET, &who.identifier).get("presence_answered_at").is_none());
    app.wait_minutes(65 * DAY + 1);
    assert_eq!(asked(&app).await, [EMAIL], "not answered");

    let token = link_in(&app.mails()[0], "presence");
    app.wait_minutes(10 * DAY);
    assert_eq!(answers(&app, &token).await.status, 200);
    app.wait_minutes(355 * DAY + 1);
    assert_eq!(asked(&app).await, [""; 0], "ten days later, as they answered");
    assert_eq!(turns(&app), 1, "it is put off");
    app.wait_minutes(10 * DAY + 1);
    assert_eq!(asked(&app).await, [EMAIL], "answered");
}

#[tokio::test]
async fn who_is_no_active_holder_any_more_is_not_asked() {
    let app = App::new();
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let elsewhere = Person::open(&app, OTHER_SIRET, NAME, "louise@exemple.fr").await;
    for colleague in [PAUL, ZOE, KARIM] {
        joins(&app, &jeanne, SIRET, colleague, "holder").await;
    }
    joins(&app, &jeanne, SIRET, ("Leroy", "utilisateur@exemple.fr"), "member").await;
    assert_eq!(turns(&app), 5, "of holders alone");
    app.wait_minutes(100 * DAY);
    let (jeanne, elsewhere) = (jeanne.again(&app, PASSWORD).await, elsewhere.again(&app, PASSWORD).await);
    changes(&app, &jeanne, PAUL.0, "role", "member").await;
    changes(&app, &jeanne, ZOE.0, "state", "suspended").await;
    let karim = path_of(&app, &jeanne, KARIM.0).await;
    assert_eq!(send(&app, &jeanne, "DELETE", &karim, &json!({"siret": SIRET})).await.status, 204);
    assert_eq!(elsewhere.close_space(&app, OTHER_SIRET).await.status, 200);
    app.wait_minutes(265 * DAY + HOUR);
    assert_eq!(asked(&app).await, [EMAIL]);
    assert_eq!(turns(&app), 1, "the others are dropped");

    // Who acts again is asked a year later.
    app.wait_minutes(30 * DAY);
    let jeanne = jeanne.again(&app, PASSWORD).await;
    changes(&app, &jeanne, ZOE.0, "state", "active").await;
    app.wait_minutes(335 * DAY + HOUR);
    assert_eq!(asked(&app).await, [EMAIL]);
    app.wait_minutes(30 * DAY);
    assert_eq!(asked(&app).await, [ZOE.1]);
}

#[tokio::test]
async fn a_promotion_begins_anew() {
    let app = App::new();
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let paul = joins(&app, &jeanne, SIRET, PAUL, "member").await;
    app.wait_minutes(200 * DAY);
    let jeanne = jeanne.again(&app, PASSWORD).await;
    changes(&app, &jeanne, PAUL.0, "role", "holder").await;
    app.wait_minutes(165 * DAY + HOUR);
    assert_eq!(asked(&app).await, [EMAIL]);
    app.wait_minutes(200 * DAY);
    assert_eq!(asked(&app).await, [PAUL.1], "a year after it");
    let token = link_in(&app.mails()[0], "presence");

    // Once demoted, nothing is held of it, and the question is over; promoted again, it is another year.
    let jeanne = jeanne.again(&app, PASSWORD).await;
    changes(&app, &jeanne, PAUL.0, "role", "member").await;
    let row = row_of(&app, SIRET, &paul.identifier);
    let marks = ["holder_since", "presence_asked_at", "presence_answered_at"];
    assert!(marks.iter().all(|name| row.get(name).is_none()), "{row}");
    assert_eq!(answers(&app, &token).await.problem(), "link-expired");
    changes(&app, &jeanne, PAUL.0, "role", "holder").await;
    let refused = answers(&app, &token).await;
    assert_eq!((refused.status, refused.problem()), (410, "link-expired"), "it was of before");
    app.wait_minutes(166 * DAY);
    assert_eq!(asked(&app).await, [EMAIL], "her second year");
    app.wait_minutes(198 * DAY);
    assert_eq!(asked(&app).await, [""; 0]);
    app.wait_minutes(DAY + HOUR);
    assert_eq!(asked(&app).await, [PAUL.1]);
}

#[tokio::test]
async fn of_two_runs_at_once_one_asks() {
    let app = App::new();
    Person::open(&app, SIRET, NAME, EMAIL).await;
    app.wait_minutes(YEAR + 1);
    let (one, other) = tokio::join!(run(&app), run(&app));
    assert_eq!(one.asked + other.asked, 1);
    assert_eq!(run(&app).await, Run::default());
    assert_eq!(app.deliver().await, 1);
    assert_eq!(turns(&app), 1);
}

/// Lets the calls pass that come before the mail is queued: a query for each day, and what the holder is.
fn let_it_come_to_the_mail(app: &App) {
    let turn = app.rows("PRESENCE#").remove(0);
    let day = turn["pk"]["S"].as_str().unwrap().strip_prefix("PRESENCE#").unwrap().to_owned();
    let days = app.portal.platform("presence").unwrap().presences.days();
    let before = days.iter().take_while(|other| other.to_string() <= day).count();
    for _ in 0..=before {
        app.table.let_one_pass();
    }
}

#[tokio::test]
async fn a_run_that_dies_in_between_has_asked_once_or_not_at_all() {
    let app = App::new();
    Person::open(&app, SIRET, NAME, EMAIL).await;
    app.wait_minutes(YEAR + 1);
    let mails = app.rows("MAIL#").len();
    // Not written: the next run asks.
    let_it_come_to_the_mail(&app);
    app.table.plan([Fault::ThrottledInside; 6]);
    assert!(app.portal.schedule.ask_holders().await.is_err());
    assert_eq!((app.rows("MAIL#").len(), turns(&app)), (mails, 1));
    // Written, and the answer lost: the SDK asks again, and meets its own work.
    let_it_come_to_the_mail(&app);
    app.table.plan([Fault::AnswerLost]);
    assert_eq!(run(&app).await.turns, 1);
    assert_eq!(app.rows("MAIL#").len(), mails + 1);
    assert_eq!(run(&app).await, Run::default());
    assert_eq!(app.deliver().await, 1);
    // Written, and nothing heard any more.
    app.wait_minutes(YEAR + 1);
    let_it_come_to_the_mail(&app);
    app.table.plan([Fault::AnswerLost; 3]);
    assert!(app.portal.schedule.ask_holders().await.is_err());
    assert_eq!(run(&app).await, Run::default());
    assert_eq!(app.rows("MAIL#").len(), mails + 2);
}

#[tokio::test]
async fn what_cannot_be_read_holds_up_nobody_else() {
    let app = App::new();
    let first = Person::open(&app, OTHER_SIRET, NAME, "louise@exemple.fr").await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    app.operate(
        "UpdateItem",
        &json!({
            "TableName": sesame::emulator::TABLE,
            "Key": {
                "pk": {"S": format!("SIRET#{OTHER_SIRET}")},
                "sk": {"S": format!("MEMBER#{}", first.identifier)},
            },
            "UpdateExpression": "SET email = :email",
            "ExpressionAttributeValues": {":email": {"S": "none"}},
        }),
    );
    app.wait_minutes(YEAR + 1);
    assert!(app.portal.schedule.ask_holders().await.is_err(), "it is told");
    app.deliver().await;
    assert_eq!(app.mails()[0].to, [EMAIL]);
    assert!(app.mails()[0].subject.starts_with("Êtes-vous"));
    assert_eq!(turns(&app), 2, "the one that failed is tried again");
}

#[tokio::test]
async fn a_run_takes_so_many_turns_and_the_next_ones_the_rest() {
    let app = App::new();
    let days = app.portal.platform("presence").unwrap().presences.days();
    let (day, identifier) = (days[3], "AP-7K3M-Q2FD");
    let until = Timestamp::now().as_second() + YEAR_SECONDS;
    for rank in 0..=TURNS_MAX as u64 {
        let siret = siret(1_000 + rank);
        let row = json!({
            "pk": {"S": format!("PRESENCE#{day}")},
            "sk": {"S": format!("{siret}#{identifier}")},
            "siret": {"S": siret},
            "identifier": {"S": identifier},
            "expires_at": {"N": until.to_string()},
        });
        app.operate("PutItem", &json!({"TableName": sesame::emulator::TABLE, "Item": row}));
    }
    assert_eq!(run(&app).await, Run { turns: TURNS_MAX, asked: 0, is_cut_short: true });
    assert_eq!(turns(&app), 1);
    assert_eq!(run(&app).await, Run { turns: 1, asked: 0, is_cut_short: false });
    assert_eq!(turns(&app), 0);
}

#[tokio::test]
async fn a_service_that_stood_still_for_weeks_asks_all_the_same() {
    let app = App::new();
    Person::open(&app, SIRET, NAME, EMAIL).await;
    app.wait_minutes(YEAR + 58 * DAY);
    assert_eq!(asked(&app).await, [EMAIL]);
    app.wait_minutes(YEAR + 61 * DAY);
    assert_eq!(asked(&app).await, [""; 0], "the row of the turn has expired");
}

#[tokio::test]
async fn a_mail_is_not_sent_to_who_is_a_holder_no_longer() {
    let app = App::new();
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    app.wait_minutes(DAY);
    let jeanne = jeanne.again(&app, PASSWORD).await;
    joins(&app, &jeanne, SIRET, PAUL, "holder").await;
    app.wait_minutes(YEAR + 1);
    assert_eq!(run(&app).await.asked, 2);
    let jeanne = jeanne.again(&app, PASSWORD).await;
    let path = path_of(&app, &jeanne, PAUL.0).await;
    let demoted = send(&app, &jeanne, "PATCH", &path, &json!({"siret": SIRET, "role": "member"})).await;
    assert_eq!(demoted.status, 200);
    let before = app.mails().len();
    app.deliver().await;
    let mails = app.mails();
    let sent = mails[..mails.len() - before].iter().filter(|mail| mail.subject.starts_with("Êtes-vous"));
    assert_eq!(sent.flat_map(|mail| mail.to.clone()).collect::<Vec<_>>(), [EMAIL]);
    assert_eq!(app.mail_states().iter().filter(|state| *state == "superseded").count(), 1);
}

#[tokio::test]
async fn one_click_answers_and_another_does_no_harm() {
    let app = App::new();
    let who = Person::open(&app, SIRET, NAME, EMAIL).await;
    app.wait_minutes(YEAR + 1);
    assert_eq!(asked(&app).await, [EMAIL]);
    let token = link_in(&app.mails()[0], "presence");
    app.wait_minutes(3 * DAY);
    app.table.calls();
    let answer = answers(&app, &token).await;
    assert_eq!(app.table.calls(), ["GetItem", "UpdateItem"]);
    assert_eq!((answer.status, &answer.body["establishment_name"]), (200, &json!(NAME)));
    assert_eq!(answer.headers.get("set-cookie"), None, "it logs nobody in");
    let row = row_of(&app, SIRET, &who.identifier);
    let next: Timestamp = answer.body["next_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(next.as_second(), moment(&row, "presence_answered_at") + YEAR_SECONDS);
    assert!(moment(&row, "presence_answered_at") > moment(&row, "presence_asked_at"));
    for token in [token.to_uppercase(), token.clone()] {
        app.wait_minutes(1);
        assert_eq!(answers(&app, &token).await.status, 200, "in any case, and once more");
    }
    app.wait_minutes(57 * DAY);
    let late = answers(&app, &token).await;
    assert_eq!((late.status, late.problem()), (410, "link-expired"), "after sixty days");
    app.wait_minutes(7 * DAY);
    assert_eq!(answers(&app, &token).await.problem(), "link-unknown", "its row has expired");
}

#[tokio::test]
async fn a_token_that_is_none_or_of_another_mail_answers_nothing() {
    let app = App::new();
    let who = Person::open(&app, SIRET, NAME, EMAIL).await;
    let form = json!({
        "siret": SIRET, "email": PAUL.1, "first_name": "Paul", "last_name": "Durand", "role": "holder",
    });
    assert_eq!(who.post(&app, "/api/space/invitations", &form).await.status, 202);
    let invitation = link_in(&app.next_mail().await, "invitation");
    let before = app.rows("");
    for (token, calls) in [("x", 0), ("AP-7K3M-Q2FD", 0), (&*"0".repeat(52), 1), (&*invitation, 1)] {
        app.table.calls();
        let refused = answers(&app, token).await;
        assert_eq!((refused.status, refused.problem()), (404, "link-unknown"), "{token}");
        assert_eq!(app.table.calls().len(), calls, "{token}");
    }
    assert_eq!(answers(&app, "").await.faults(), ["token:required"]);
    assert_eq!(app.post("/api/presence", &json!({})).await.faults(), ["token:required"]);
    for body in ["", "[]", "{\"token\":7}", "{\"token\":\"x\",\"siret\":\"1\"}", "{\"token\""] {
        assert_eq!(app.post_text("/api/presence", body).await.problem(), "malformed-body", "{body}");
    }
    assert_eq!(app.get("/api/presence").await.status, 405);
    assert_eq!(app.rows(""), before);
}

/// What uses every grant of the yearly question, and writes each attribute.
pub async fn story(app: &App) {
    let own = siret(331);
    let holder = Person::open(app, &own, "Menuiserie du Lac", "alice.roux@exemple.fr").await;
    joins(app, &holder, &own, ("Roux", "bruno.roux@exemple.fr"), "holder").await;
    app.wait_minutes(YEAR + 1);
    assert!(run(app).await.asked >= 2);
    app.deliver().await;
    let mails = app.mails();
    let mail = mails.iter().find(|mail| mail.to == ["alice.roux@exemple.fr"]).unwrap();
    assert_eq!(answers(app, &link_in(mail, "presence")).await.status, 200);
}
