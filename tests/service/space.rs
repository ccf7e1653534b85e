//! My space: colleagues are invited, join, change and leave; the last holder stays, nobody learns of others.

mod invitations;

use domain::Identifier;
use http::Request;
use serde_json::{Value, json};
use sesame::emulator::TABLE;
use sesame::mailbox::Mail;
use testkit::form::siret;

use crate::support::{Answer, App, EMAIL, OTHER_SIRET, PASSWORD, SIRET, SITE, cookie};

const COLLEAGUE: &str = "paul.durand@exemple.fr";
const OTHER: &str = "marie.petit@exemple.fr";
const PHONE: &str = "06 12 34 56 78";
/// As ids are printed, and nobody's.
const NO_ID: &str = "0123456789abcdef";
const DAYS: i64 = 24 * 60;

/// Somebody who is logged in.
struct Somebody {
    identifier: String,
    cookie: String,
}

impl Somebody {
    /// Opens an account for an establishment, and logs in.
    async fn opens(app: &App, siret: &str, email: &str) -> Self {
        let identifier = app.account(siret, email).await;
        Self::logs_in(app, identifier).await
    }

    async fn logs_in(app: &App, identifier: String) -> Self {
        let login = app.login(&identifier, PASSWORD).await;
        assert_eq!(login.status, 200, "{}", login.body);
        Self { identifier, cookie: cookie(&login) }
    }

    async fn send(&self, app: &App, method: &str, path: &str, body: &Value) -> Answer {
        self.send_text(app, method, path, &body.to_string()).await
    }

    async fn send_text(&self, app: &App, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("cookie", &self.cookie);
        let request = request.header("content-type", "application/json");
        app.send(request.body(body.as_bytes().to_vec()).unwrap()).await
    }

    async fn looks(&self, app: &App) -> Value {
        let answer = app.with_cookie("GET", "/api/space", &self.cookie).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// The establishment of that SIRET, as they see it.
    async fn sees(&self, app: &App, siret: &str) -> Value {
        let seen = self.looks(app).await;
        let mut all = seen["establishments"].as_array().unwrap().iter();
        all.find(|establishment| establishment["siret"] == siret).cloned().unwrap_or_default()
    }

    /// Their own id among the members.
    async fn id(&self, app: &App, siret: &str) -> String {
        self.sees(app, siret).await["member"].as_str().unwrap().to_owned()
    }

    /// The id of another member, for a holder.
    async fn id_of(&self, app: &App, last_name: &str) -> String {
        let seen = self.sees(app, SIRET).await;
        let member = seen["members"].as_array().unwrap().iter().find(|m| m["last_name"] == last_name);
        member.unwrap()["member"].as_str().unwrap().to_owned()
    }

    async fn changes(&self, app: &App, member: &str, what: &str, to: &str) -> Answer {
        let path = format!("/api/space/members/{member}");
        self.send(app, "PATCH", &path, &json!({"siret": SIRET, what: to})).await
    }

    async fn removes(&self, app: &App, member: &str) -> Answer {
        self.send(app, "DELETE", &format!("/api/space/members/{member}"), &json!({"siret": SIRET})).await
    }

    async fn leaves(&self, app: &App) -> Answer {
        let id = self.id(app, SIRET).await;
        self.removes(app, &id).await
    }

    /// Invites, and gives the invitation's id and the token of its mail.
    async fn invites(&self, app: &App, form: &Value) -> (String, String) {
        app.deliver().await;
        let answer = self.send(app, "POST", "/api/space/invitations", form).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let id = answer.body["invitation"].as_str().unwrap().to_owned();
        (id, link(&app.next_mail().await))
    }

    async fn accepts(&self, app: &App, token: &str) -> Answer {
        self.send(app, "POST", "/api/invitation/accept", &json!({"token": token})).await
    }

    /// State and `you` of an invitation, as they are told.
    async fn is_told(&self, app: &App, token: &str) -> (String, String) {
        told(&self.send(app, "POST", "/api/invitation", &json!({"token": token})).await)
    }
}

fn told(shown: &Answer) -> (String, String) {
    assert_eq!(shown.status, 200, "{}", shown.body);
    let text = |name: &str| shown.body[name].as_str().unwrap().to_owned();
    (text("state"), text("you"))
}

fn is(state: &str, you: &str) -> (String, String) {
    (state.to_owned(), you.to_owned())
}

/// The token of an invitation's mail.
fn link(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once(&format!("{SITE}/invitation/#")).expect("a link in the mail");
    rest.split_whitespace().next().unwrap().to_owned()
}

fn invitation(email: &str, role: &str) -> Value {
    json!({"siret": SIRET, "email": email, "first_name": "Paul", "last_name": "Durand", "role": role})
}

async fn shown(app: &App, token: &str) -> Answer {
    app.post("/api/invitation", &json!({"token": token})).await
}

/// Accepts by a new account.
async fn accepted(app: &App, token: &str) -> Answer {
    let form = json!({"token": token, "password": PASSWORD, "phone": PHONE});
    app.post("/api/invitation/accept", &form).await
}

/// A colleague who has joined by an invitation.
async fn joined(app: &App, by: &Somebody, role: &str) -> Somebody {
    let (_, token) = by.invites(app, &invitation(COLLEAGUE, role)).await;
    let answer = accepted(app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    app.deliver().await;
    Somebody { identifier: answer.body["identifier"].as_str().unwrap().to_owned(), cookie: cookie(&answer) }
}

fn number(row: &Value, name: &str) -> String {
    row[name]["N"].as_str().unwrap_or_default().to_owned()
}

/// The active holders of [`SIRET`], as its row counts them.
fn holders(app: &App) -> String {
    let rows = app.rows(&format!("SIRET#{SIRET}"));
    number(rows.iter().find(|row| row["sk"]["S"] == "ESTABLISHMENT").unwrap(), "holders")
}

fn sorted(mut calls: Vec<String>) -> Vec<String> {
    calls.sort();
    calls
}

/// What uses every grant of a space: people come, rise and go, somebody asks, a mail cannot be sent.
pub async fn story(app: &App) {
    let (own, another) = (siret(321), siret(322));
    let holder = Somebody::opens(app, &own, "louis.petit@exemple.fr").await;
    app.takes_no_mail("exmple.fr");
    let form = |email: &str| {
        json!({
            "siret": own, "email": email, "first_name": "Paul", "last_name": "Durand",
            "role": "member",
        })
    };
    let (_, token) = holder.invites(app, &form("paul.durand@exemple.fr")).await;
    let joined = accepted(app, &token).await;
    assert_eq!(joined.status, 200, "{}", joined.body);
    let (_, token) = holder.invites(app, &form("jeanne.autre@exemple.fr")).await;
    let other = Somebody::opens(app, &another, "jeanne.autre@exemple.fr").await;
    assert_eq!(other.accepts(app, &token).await.status, 200);
    let (id, _) = holder.invites(app, &form("louise@exemple.fr")).await;
    let path = format!("/api/space/invitations/{id}?siret={own}");
    assert_eq!(holder.send(app, "DELETE", &path, &json!({})).await.status, 204);
    let answer = holder.send(app, "POST", "/api/space/invitations", &form("louise@exmple.fr")).await;
    assert_eq!(answer.status, 202);
    app.deliver().await;
    let asked = json!({
        "siret": own, "first_name": "Zoé", "last_name": "Petit", "email": "zoe@exemple.fr",
    });
    assert_eq!(app.post_proven("/api/invitation/request", "recover", asked).await.status, 202);
    app.deliver().await;
    let space = holder.send(app, "GET", "/api/space", &Value::Null).await;
    assert_eq!(space.body["establishments"][0]["members"].as_array().unwrap().len(), 3);
    let members = space.body["establishments"][0]["members"].as_array().unwrap();
    let others = members.iter().filter(|member| member["is_me"] == false);
    let others: Vec<&str> = others.map(|member| member["member"].as_str().unwrap()).collect();
    for (method, member, form) in [
        ("PATCH", others[0], json!({"siret": own, "role": "holder"})),
        ("DELETE", others[1], json!({"siret": own})),
    ] {
        let path = format!("/api/space/members/{member}");
        assert!(holder.send(app, method, &path, &form).await.status < 300);
    }
    assert_eq!(holder.send(app, "GET", "/api/space/export", &Value::Null).await.status, 200);
    app.deliver().await;
    // A mail that comes back is noted on its invitation.
    let answer = holder.send(app, "POST", "/api/space/invitations", &form("zoe@inconnu.example")).await;
    assert_eq!(answer.status, 202);
    app.deliver().await;
    app.wait_seconds(3);
    app.track().await;
}

#[tokio::test]
async fn a_colleague_is_invited_joins_is_promoted_and_the_first_holder_leaves() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let sent = jeanne.send(&app, "POST", "/api/space/invitations", &invitation(COLLEAGUE, "member")).await;
    let told = json!({
        "invitation": sent.body["invitation"], "sent_to": "p•••@exemple.fr", "valid_days": 7
    });
    assert_eq!((sent.status, &sent.body), (202, &told));
    let mail = app.next_mail().await;
    assert_eq!(mail.to, [COLLEAGUE]);
    let token = link(&mail);
    let said = json!({
        "siret": SIRET, "establishment_name": "Boulangerie du Marché", "invited_by": "Jeanne Martin-Ruiz",
        "role": "member", "sent_to": "p•••@exemple.fr", "first_name": "Paul", "last_name": "Durand",
        "state": "open", "is_successor": false, "you": "none",
    });
    assert_eq!(shown(&app, &token).await.body, said);
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!(listed[0]["invitation"], sent.body["invitation"]);
    assert_eq!((&listed[0]["state"], &listed[0]["is_successor"]), (&json!("open"), &json!(false)));

    let answer = accepted(&app, &token).await;
    let identifier = answer.body["identifier"].as_str().unwrap().to_owned();
    app.deliver().await;
    let mails = app.mails();
    let told = |to: &str| mails.iter().filter(|mail| mail.to == [to]).count();
    assert_eq!((told(COLLEAGUE), mails[..2].iter().any(|mail| mail.to == [EMAIL])), (2, true));
    let paul = Somebody::logs_in(&app, identifier).await;
    let seen = paul.sees(&app, SIRET).await;
    assert_eq!((&seen["role"], &seen["state"]), (&json!("member"), &json!("active")));
    assert!(seen.get("members").is_none() && seen.get("invitations").is_none(), "{seen}");

    let seen = jeanne.sees(&app, SIRET).await;
    assert_eq!((seen["members"].as_array().unwrap().len(), &seen["invitations"]), (2, &json!([])));
    let id = jeanne.id_of(&app, "Durand").await;
    assert_eq!(id, paul.id(&app, SIRET).await);
    let promoted = jeanne.changes(&app, &id, "role", "holder").await;
    assert_eq!((promoted.status, &promoted.body["role"]), (200, &json!("holder")));
    assert_eq!((&promoted.body["is_me"], &promoted.body["member"]), (&json!(false), &json!(id)));
    assert_eq!(app.next_mail().await.to, [COLLEAGUE], "who is promoted is told");
    assert_eq!(holders(&app), "2");

    assert_eq!(jeanne.leaves(&app).await.status, 204);
    assert_eq!(jeanne.looks(&app).await["establishments"], json!([]));
    let alone = paul.sees(&app, SIRET).await["members"].clone();
    assert_eq!((alone.as_array().unwrap().len(), &alone[0]["is_me"]), (1, &json!(true)));
    assert_eq!(holders(&app), "1");
    assert_eq!(app.rows("JOURNAL#").len(), 5, "joined, invited, accepted, promoted, left");
}

#[tokio::test]
async fn the_last_holder_cannot_leave_be_demoted_suspended_or_removed() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    let (own, other) = (jeanne.id(&app, SIRET).await, paul.id(&app, SIRET).await);
    let before = app.rows("");
    assert_eq!(jeanne.leaves(&app).await.problem(), "last-holder");
    assert_eq!(jeanne.changes(&app, &own, "role", "member").await.problem(), "last-holder");
    assert_eq!(jeanne.changes(&app, &own, "state", "suspended").await.problem(), "not-allowed");
    assert_eq!(paul.removes(&app, &own).await.problem(), "not-allowed");
    for (what, to) in [("role", "member"), ("state", "suspended")] {
        assert_eq!(paul.changes(&app, &own, what, to).await.problem(), "not-allowed");
    }
    assert_eq!(paul.changes(&app, &other, "role", "holder").await.problem(), "not-allowed", "for oneself");
    assert_eq!(app.rows(""), before, "nothing is written");

    // A suspended holder manages nothing: the active one is the last.
    assert_eq!(jeanne.changes(&app, &other, "role", "holder").await.status, 200);
    assert_eq!(jeanne.changes(&app, &other, "state", "suspended").await.status, 200);
    assert_eq!(holders(&app), "1");
    let refused = jeanne.leaves(&app).await;
    assert_eq!((refused.status, refused.problem()), (409, "last-holder"));
    assert_eq!(jeanne.changes(&app, &other, "state", "active").await.status, 200);
    assert_eq!(jeanne.leaves(&app).await.status, 204);
}

#[tokio::test]
async fn of_two_holders_who_leave_at_once_exactly_one_is_gone() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "holder").await;
    let (one, other) = tokio::join!(jeanne.leaves(&app), paul.leaves(&app));
    let (gone, stays) = if one.status == 204 { (one, other) } else { (other, one) };
    assert_eq!((gone.status, stays.status, stays.problem()), (204, 409, "last-holder"));
    assert_eq!(holders(&app), "1");
    let members = app.rows("SIRET#").into_iter().filter(|row| row.get("member_role").is_some());
    assert_eq!(members.count(), 1);
}

#[tokio::test]
async fn of_two_holders_who_demote_each_other_at_once_exactly_one_is_demoted() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "holder").await;
    let (hers, his) = (jeanne.id(&app, SIRET).await, paul.id(&app, SIRET).await);
    let (one, other) = tokio::join!(
        jeanne.changes(&app, &his, "role", "member"),
        paul.changes(&app, &hers, "role", "member")
    );
    let (done, refused) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!((done.status, refused.status, refused.problem()), (200, 403, "not-allowed"));
    assert_eq!(holders(&app), "1");
}

#[tokio::test]
async fn a_suspended_member_sees_that_and_nothing_else_and_can_leave() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "holder").await;
    let id = paul.id(&app, SIRET).await;
    assert_eq!(jeanne.changes(&app, &id, "state", "suspended").await.body["state"], "suspended");
    assert_eq!(app.next_mail().await.to, [COLLEAGUE]);
    let seen = json!({
        "siret": SIRET, "name": "Boulangerie du Marché", "member": id, "role": "holder", "state": "suspended",
        "mandates": [], "mandates_next": null,
    });
    assert_eq!(paul.sees(&app, SIRET).await, seen);
    let own = jeanne.id(&app, SIRET).await;
    assert_eq!(paul.removes(&app, &own).await.problem(), "not-allowed");
    let form = invitation(OTHER, "member");
    assert_eq!(paul.send(&app, "POST", "/api/space/invitations", &form).await.problem(), "not-allowed");
    assert_eq!(paul.changes(&app, &id, "state", "active").await.problem(), "not-allowed");

    // Neither they nor another account of theirs comes back by an invitation.
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(paul.is_told(&app, &token).await, is("open", "suspended"));
    assert_eq!(paul.accepts(&app, &token).await.problem(), "not-allowed");
    assert_eq!(accepted(&app, &token).await.problem(), "not-allowed");

    // The same change twice is once.
    let before = app.rows("");
    assert_eq!(jeanne.changes(&app, &id, "state", "suspended").await.status, 200);
    assert_eq!(app.rows(""), before);
    assert_eq!(jeanne.changes(&app, &id, "state", "active").await.status, 200);
    assert_eq!(app.next_mail().await.to, [COLLEAGUE]);
    assert_eq!(paul.sees(&app, SIRET).await["members"].as_array().unwrap().len(), 2, "the role was kept");
    jeanne.changes(&app, &id, "state", "suspended").await;
    let path = format!("/api/space/members/{id}?siret={SIRET}");
    assert_eq!(app.with_cookie("DELETE", &path, &paul.cookie).await.status, 204, "the query says where");
    assert_eq!(paul.looks(&app).await["establishments"], json!([]));
}

#[tokio::test]
async fn a_holder_removes_a_member_whose_session_sees_it_at_once() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    let id = paul.id(&app, SIRET).await;
    assert_eq!(jeanne.removes(&app, &id).await.status, 204);
    assert_eq!(app.next_mail().await.to, [COLLEAGUE]);
    assert_eq!(paul.looks(&app).await["establishments"], json!([]));
    let asked = app.with_cookie("GET", &format!("/api/space?siret={SIRET}"), &paul.cookie).await;
    assert_eq!((asked.status, asked.problem()), (403, "not-allowed"));
    assert_eq!(jeanne.removes(&app, &id).await.problem(), "not-allowed", "an id that is nobody's");
}

#[tokio::test]
async fn a_person_takes_along_what_is_held_about_them_and_nothing_of_others() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    joined(&app, &jeanne, "holder").await;
    jeanne.invites(&app, &invitation(OTHER, "member")).await;
    app.login(&jeanne.identifier, "ce n'est pas lui").await;
    let answer = app.with_cookie("GET", "/api/space/export", &jeanne.cookie).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"sesame-mes-donnees.json\"");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let data = &answer.body;
    assert_eq!((&data["account"]["email"], &data["failed_logins"]), (&json!(EMAIL), &json!(1)));
    assert_eq!(data["opened_with"]["siret"], SIRET);
    assert!(data["opened_with"]["at"].is_string() && data["address_changes"] == json!([]));
    let membership = &data["memberships"][0];
    assert_eq!((&membership["role"], &membership["journal_number"]), (&json!("holder"), &json!(1)));
    let sent = membership["invitations"].as_array().unwrap();
    assert_eq!((sent.len(), &sent[0]["email"]), (1, &json!(OTHER)), "as she wrote it");
    assert_eq!(data["sessions"].as_array().unwrap().iter().filter(|s| s["is_this"] == true).count(), 1);
    assert!(!data.to_string().contains(COLLEAGUE), "{data}");
    let nobody = app.get("/api/space/export").await;
    assert_eq!((nobody.status, nobody.problem()), (401, "no-session"));
}

#[tokio::test]
async fn sessions_are_listed_the_latest_first_until_their_hours_are_over() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    app.wait_seconds(60);
    let other = Somebody::logs_in(&app, jeanne.identifier.clone()).await;
    let seen = other.looks(&app).await;
    let sessions = seen["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3, "the activation's, and two logins: {seen}");
    assert_eq!((&sessions[0]["is_this"], &sessions[1]["is_this"]), (&json!(true), &json!(false)));
    assert_eq!(seen["me"]["identifier"], other.identifier.as_str());
    app.wait_minutes(8 * 60);
    let over = app.with_cookie("GET", "/api/space", &other.cookie).await;
    assert_eq!((over.status, over.problem()), (401, "no-session"));
}

#[tokio::test]
async fn a_space_with_more_members_than_one_write_takes_is_closed_whole() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    for number in 0..40 {
        colleague_like(&app, &paul, number);
    }
    app.deliver().await;
    let before = app.mails().len();
    let path = format!("/api/space/establishments/{SIRET}/close");
    let closed = jeanne.send(&app, "POST", &path, &json!({"password": PASSWORD})).await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    assert_eq!(holders(&app), "0");
    let rows = app.rows("SIRET#");
    assert!(!rows.iter().any(|row| row["sk"]["S"].as_str().unwrap().starts_with("MEMBER#")), "{rows:?}");
    let accounts = app.rows("ACCOUNT#");
    assert!(accounts.iter().all(|row| row.get("sirets").is_none()), "{accounts:?}");
    app.deliver().await;
    assert_eq!(app.mails().len() - before, 42, "each of them is told");
    assert_eq!(jeanne.sees(&app, SIRET).await, Value::Null);
}

/// Writes somebody who is a member as another is, with an account and an address of their own.
fn colleague_like(app: &App, who: &Somebody, number: u8) {
    let identifier = Identifier::from_random([1, 2, 3, 4, 5, number / 32, number % 32]).to_string();
    let email = json!({"S": format!("collegue{number}@exemple.fr")});
    let rows = [app.rows("ACCOUNT#"), app.rows("SIRET#")].concat();
    for row in rows.iter().filter(|row| row.to_string().contains(&who.identifier)) {
        let text = row.to_string().replace(&who.identifier, &identifier);
        let mut row: Value = serde_json::from_str(&text).unwrap();
        if row.get("email").is_some() {
            row["email"] = email.clone();
            app.operate("PutItem", &json!({"TableName": TABLE, "Item": row}));
        }
    }
}

#[tokio::test]
async fn each_route_keeps_to_its_number_of_calls() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    let (hers, his) = (jeanne.id(&app, SIRET).await, paul.id(&app, SIRET).await);
    let (first, used) = jeanne.invites(&app, &invitation(OTHER, "member")).await;
    app.deliver().await;
    let change = ["GetItem", "GetItem", "Query", "TransactWriteItems"];
    let calls = || sorted(app.table.calls());
    calls();
    jeanne.looks(&app).await;
    assert_eq!(calls(), ["GetItem", "GetItem", "Query", "Query"], "session, account, space, sessions");
    jeanne.changes(&app, &his, "role", "holder").await;
    assert_eq!(calls(), change);
    jeanne.changes(&app, &his, "role", "holder").await;
    assert_eq!(calls(), ["GetItem", "GetItem", "Query"], "nothing to change");
    let path = format!("/api/space/invitations/{first}");
    let form = json!({"siret": SIRET, "email": OTHER});
    let corrected = jeanne.send(&app, "POST", &format!("{path}/address"), &form).await;
    assert_eq!(calls(), change);
    let path = format!("/api/space/invitations/{}", corrected.body["invitation"].as_str().unwrap());
    app.with_cookie("DELETE", &path, &jeanne.cookie).await;
    assert_eq!(calls(), change, "with one establishment it need not be looked for");
    jeanne.removes(&app, &hers).await;
    assert_eq!(calls(), change);

    shown(&app, &used).await;
    assert_eq!(calls(), ["GetItem", "Query"]);
    accepted(&app, &"0".repeat(52)).await;
    assert_eq!(calls(), ["GetItem"], "an unknown link costs one read");
    accepted(&app, &used).await;
    assert_eq!(calls(), ["GetItem", "Query"], "nothing is hashed for one that serves no longer");
    let (_, token) = paul.invites(&app, &invitation(OTHER, "member")).await;
    calls();
    assert_eq!(accepted(&app, &token).await.status, 200);
    let with_a_new_account = calls();
    assert_eq!(with_a_new_account, ["GetItem", "Query", "TransactWriteItems"]);
}

/// Routes that take a form, each with one that it takes.
fn forms(member: &str, invited: &str) -> Vec<(&'static str, String, Value)> {
    let member = format!("/api/space/members/{member}");
    let address = format!("/api/space/invitations/{invited}/address");
    vec![
        ("POST", "/api/space/invitations".to_owned(), invitation(OTHER, "member")),
        ("POST", address, json!({"siret": SIRET, "email": OTHER})),
        ("PATCH", member.clone(), json!({"siret": SIRET, "role": "holder"})),
        ("DELETE", member, json!({"siret": SIRET})),
    ]
}

#[tokio::test]
async fn a_body_that_is_wrong_is_a_problem_and_writes_nothing() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    let member = paul.id(&app, SIRET).await;
    let (open, token) = jeanne.invites(&app, &invitation(OTHER, "member")).await;
    let before = app.rows("");
    let mut forms = forms(&member, &open);
    forms.push(("POST", "/api/invitation".to_owned(), json!({"token": token})));
    let accept = json!({"token": token, "password": PASSWORD, "phone": PHONE});
    forms.push(("POST", "/api/invitation/accept".to_owned(), accept));
    for (method, path, form) in forms {
        let whole = form.to_string();
        let tell = format!("{method} {path}");
        for cut in [1, whole.len() / 2, whole.len() - 1] {
            let cut = whole.char_indices().map(|(at, _)| at).rfind(|at| *at <= cut).unwrap();
            let answer = jeanne.send_text(&app, method, &path, &whole[..cut]).await;
            assert_eq!((answer.status, answer.problem()), (400, "malformed-body"), "{tell} cut at {cut}");
        }
        let huge = format!("{{\"siret\":\"{}\"}}", "x".repeat(1024 * 1024));
        assert_eq!(jeanne.send_text(&app, method, &path, &huge).await.problem(), "body-too-large", "{tell}");
        let mut extended = form.clone();
        extended["admin"] = true.into();
        assert_eq!(jeanne.send(&app, method, &path, &extended).await.status, 400, "{tell}");
        let request = Request::builder().method(method).uri(&path).header("cookie", &jeanne.cookie);
        let answer = app.send(request.body(whole.into_bytes()).unwrap()).await;
        assert_eq!((answer.status, answer.problem()), (415, "unsupported-media-type"), "{tell}");
        for field in form.as_object().unwrap().keys() {
            for wrong in [json!(7), json!([]), json!({}), json!(true)] {
                let mut form = form.clone();
                form[field] = wrong;
                assert_eq!(jeanne.send(&app, method, &path, &form).await.status, 400, "{tell} {field}");
            }
            let mut form = form.clone();
            form[field] = "".into();
            let answer = jeanne.send(&app, method, &path, &form).await;
            let wanted = format!("{field}:required");
            assert_eq!((answer.status, answer.faults()), (422, vec![wanted]), "{tell} {field}");
        }
        assert_eq!(jeanne.send(&app, method, &path, &json!({})).await.status, 422, "{tell}");
    }
    assert_eq!(app.rows(""), before);
}

#[tokio::test]
async fn anothers_ids_and_a_role_that_one_has_not_are_refused_and_write_nothing() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    let marie = Somebody::opens(&app, OTHER_SIRET, OTHER).await;
    let (member, theirs) = (paul.id(&app, SIRET).await, marie.id(&app, OTHER_SIRET).await);
    let (open, _) = jeanne.invites(&app, &invitation("invite@exemple.fr", "member")).await;
    app.deliver().await;
    let before = app.rows("");
    let nobody = Somebody { identifier: String::new(), cookie: "sesame=x".to_owned() };
    for (method, path, form) in forms(&member, &open) {
        let is_leave = method == "DELETE";
        for (who, status, problem) in
            [(&paul, 403, "not-allowed"), (&marie, 403, "not-allowed"), (&nobody, 401, "no-session")]
        {
            if is_leave && who.identifier == paul.identifier {
                continue;
            }
            let answer = who.send(&app, method, &path, &form).await;
            assert_eq!((answer.status, answer.problem()), (status, problem), "{method} {path}");
        }
    }
    // Ids that are unknown, of another establishment, or none at all.
    for id in [NO_ID, &theirs, &open, "x", "%00", "é"] {
        let id = if id == "é" { "%C3%A9" } else { id };
        for (method, path, form) in &forms(id, id)[1..] {
            if path.contains("invitations") && id == open {
                continue;
            }
            let answer = jeanne.send(&app, method, path, form).await;
            assert_eq!((answer.status, answer.problem()), (403, "not-allowed"), "{method} {path}");
        }
    }
    for (form, fault) in [
        (json!({"siret": SIRET, "role": "admin"}), "role:role-unknown"),
        (json!({"siret": SIRET, "state": "gone"}), "state:member-state-unknown"),
        (json!({"siret": SIRET}), "role:required"),
        (json!({"siret": "732829320", "role": "holder"}), "siret:siret-is-siren"),
    ] {
        let path = format!("/api/space/members/{member}");
        assert_eq!(jeanne.send(&app, "PATCH", &path, &form).await.faults(), [fault]);
    }
    let both = json!({"siret": SIRET, "role": "holder", "state": "suspended"});
    let path = format!("/api/space/members/{member}");
    assert_eq!(jeanne.send(&app, "PATCH", &path, &both).await.problem(), "malformed-body");
    for (path, problem) in [
        (format!("/api/space?siret={OTHER_SIRET}"), "not-allowed"),
        ("/api/space?siret=12".to_owned(), "invalid-form"),
        ("/api/space?siret=".to_owned(), "invalid-form"),
    ] {
        assert_eq!(app.with_cookie("GET", &path, &jeanne.cookie).await.problem(), problem, "{path}");
    }
    let nowhere = app.with_cookie("DELETE", &format!("/api/space/members/{member}"), &jeanne.cookie).await;
    assert_eq!(nowhere.faults(), ["siret:required"]);
    assert_eq!(app.rows(""), before);
}
