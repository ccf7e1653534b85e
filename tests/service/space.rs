//! My space: colleagues are invited, join, change and leave; the last holder stays, nobody learns of others.

use domain::Identifier;
use domain::invitation::OPEN_INVITATIONS_MAX;
use domain::mail::MAILBOX_INVITATION_MAILS_MAX;
use http::Request;
use serde_json::{Value, json};
use sesame::emulator::TABLE;
use sesame::mailbox::Mail;
use testkit::form::siret;

use crate::support::{Answer, App, EMAIL, Fault, OTHER_PASSWORD, OTHER_SIRET, PASSWORD, SIRET, SITE, cookie};

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
async fn an_invitation_that_was_accepted_withdrawn_or_expired_says_so_and_serves_no_more() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let (_, used) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(accepted(&app, &used).await.status, 200);
    assert_eq!(told(&shown(&app, &used).await), is("accepted", "none"));
    let again = accepted(&app, &used).await;
    assert_eq!((again.status, again.problem()), (410, "link-used"));

    let (id, withdrawn) = jeanne.invites(&app, &invitation(OTHER, "member")).await;
    let path = format!("/api/space/invitations/{id}?siret={SIRET}");
    let lines = app.rows("JOURNAL#").len();
    for _ in 0..2 {
        assert_eq!(app.with_cookie("DELETE", &path, &jeanne.cookie).await.status, 204, "twice is once");
    }
    assert_eq!(app.rows("JOURNAL#").len(), lines + 1);
    assert_eq!(told(&shown(&app, &withdrawn).await), is("withdrawn", "none"));
    assert_eq!(accepted(&app, &withdrawn).await.problem(), "link-expired");

    let (_, late) = jeanne.invites(&app, &invitation(OTHER, "member")).await;
    app.wait_minutes(7 * DAYS + 1);
    assert_eq!(told(&shown(&app, &late).await), is("expired", "none"));
    let refused = accepted(&app, &late).await;
    assert_eq!((refused.status, refused.problem()), (410, "link-expired"));
    let jeanne = Somebody::logs_in(&app, jeanne.identifier).await;
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!(listed[0]["state"], "expired");
    app.wait_minutes(8 * DAYS);
    assert_eq!(shown(&app, &late).await.problem(), "link-unknown");
    assert_eq!(shown(&app, "AP-7K3M-Q2FD").await.problem(), "link-unknown");
    assert_eq!(accepted(&app, &"0".repeat(52)).await.problem(), "link-unknown");
}

#[tokio::test]
async fn an_invitation_ends_with_the_space_and_with_its_inviters_word() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "holder").await;
    let (_, his) = paul.invites(&app, &invitation(OTHER, "holder")).await;
    let id = paul.id(&app, SIRET).await;
    assert_eq!(jeanne.changes(&app, &id, "role", "member").await.status, 200);
    assert_eq!(told(&shown(&app, &his).await), is("withdrawn", "none"), "he decides no longer");

    let (_, hers) = jeanne.invites(&app, &invitation(OTHER, "holder")).await;
    let path = format!("/api/space/establishments/{SIRET}/close");
    let closed = jeanne.send(&app, "POST", &path, &json!({"password": PASSWORD})).await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    assert_eq!(told(&shown(&app, &hers).await), is("closed", "none"));
    let refused = accepted(&app, &hers).await;
    assert_eq!((refused.status, refused.problem()), (410, "space-closed"));
    assert_eq!(paul.looks(&app).await["establishments"], json!([]), "nobody is a member any more");
    let form = invitation(OTHER, "member");
    assert_eq!(jeanne.send(&app, "POST", "/api/space/invitations", &form).await.problem(), "not-allowed");
}

#[tokio::test]
async fn an_invitation_whose_mail_came_back_is_corrected_and_sent_anew() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let (id, wrong) = jeanne.invites(&app, &invitation("paul.durand@inconnu.example", "holder")).await;
    app.wait_seconds(10);
    app.track().await;
    assert_eq!(jeanne.sees(&app, SIRET).await["invitations"][0]["state"], "bounced");

    let path = format!("/api/space/invitations/{id}/address");
    let sent = jeanne.send(&app, "POST", &path, &json!({"siret": SIRET, "email": COLLEAGUE})).await;
    assert_eq!((sent.status, &sent.body["sent_to"]), (202, &json!("p•••@exemple.fr")));
    assert_ne!(sent.body["invitation"], id);
    let again = jeanne.send(&app, "POST", &path, &json!({"siret": SIRET, "email": COLLEAGUE})).await;
    assert_eq!((again.status, &again.body), (202, &sent.body), "a lost answer, and the page sends it again");
    assert_eq!(app.deliver().await, 1);
    let mail = app.mails().remove(0);
    assert_eq!(mail.to, [COLLEAGUE]);
    assert_eq!(told(&shown(&app, &wrong).await), is("withdrawn", "none"), "whoever has the first mail");
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"]), (1, &json!("open")));
    assert_eq!(listed[0]["last_name"], "Durand");
    assert_eq!(accepted(&app, &link(&mail)).await.status, 200);
    assert_eq!(holders(&app), "2");
    let again = jeanne.send(&app, "POST", &path, &json!({"siret": SIRET, "email": OTHER})).await;
    assert_eq!((again.status, again.problem()), (403, "not-allowed"), "it is gone");
}

#[tokio::test]
async fn an_invitation_beyond_its_quota_is_listed_as_one_to_send_again() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let form = invitation(COLLEAGUE, "member");
    for _ in 0..MAILBOX_INVITATION_MAILS_MAX {
        let (id, _) = jeanne.invites(&app, &form).await;
        let path = format!("/api/space/invitations/{id}?siret={SIRET}");
        assert_eq!(app.with_cookie("DELETE", &path, &jeanne.cookie).await.status, 204);
    }
    assert_eq!(jeanne.send(&app, "POST", "/api/space/invitations", &form).await.status, 202);
    app.deliver().await;
    assert_eq!(jeanne.sees(&app, SIRET).await["invitations"][0]["state"], "bounced", "nothing was sent");
    app.wait_minutes(61);
    let (_, token) = jeanne.invites(&app, &form).await;
    assert_eq!(accepted(&app, &token).await.status, 200, "an hour later the same form sends one");
}

#[tokio::test]
async fn who_has_left_comes_back_with_the_account_they_have() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    assert_eq!(paul.leaves(&app).await.status, 204);
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    let anew = accepted(&app, &token).await;
    assert_eq!((anew.status, anew.problem()), (409, "account-exists"), "one account is one person");
    let back = paul.accepts(&app, &token).await;
    assert_eq!((back.status, &back.body["identifier"]), (200, &json!(paul.identifier)));
    assert_eq!(app.rows("ACCOUNT#").iter().filter(|row| row["sk"]["S"] == "ACCOUNT").count(), 2);
}

#[tokio::test]
async fn an_invitation_of_who_decides_no_longer_is_corrected_in_the_correctors_name() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "holder").await;
    let mut successor = invitation("successeur@exemple.fr", "holder");
    successor["is_successor"] = true.into();
    let (his, _) = paul.invites(&app, &invitation(OTHER, "member")).await;
    let (his_place, _) = paul.invites(&app, &successor).await;
    app.wait_minutes(7 * DAYS + 1);
    let jeanne = Somebody::logs_in(&app, jeanne.identifier).await;
    let id = jeanne.id_of(&app, "Durand").await;
    assert_eq!(jeanne.changes(&app, &id, "role", "member").await.status, 200);
    app.deliver().await;
    let form = json!({"siret": SIRET, "email": OTHER});
    let path = |id: &str| format!("/api/space/invitations/{id}/address");
    let refused = jeanne.send(&app, "POST", &path(&his_place), &form).await;
    assert_eq!((refused.status, refused.problem()), (403, "not-allowed"), "it was his place");
    assert_eq!(jeanne.send(&app, "POST", &path(&his), &form).await.status, 202);
    let shown = shown(&app, &link(&app.next_mail().await)).await;
    assert_eq!(
        (&shown.body["invited_by"], &shown.body["state"]),
        (&json!("Jeanne Martin-Ruiz"), &json!("open"))
    );
}

#[tokio::test]
async fn a_successor_takes_the_place_of_who_invited_them() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let mut form = invitation(COLLEAGUE, "member");
    form["is_successor"] = true.into();
    let refused = jeanne.send(&app, "POST", "/api/space/invitations", &form).await;
    assert_eq!(refused.faults(), ["role:role-unknown"]);
    form["role"] = "holder".into();
    let (_, token) = jeanne.invites(&app, &form).await;
    assert_eq!(jeanne.sees(&app, SIRET).await["invitations"][0]["is_successor"], true);
    let answer = accepted(&app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(jeanne.looks(&app).await["establishments"], json!([]));
    assert_eq!(holders(&app), "1");
    let paul = Somebody { identifier: String::new(), cookie: cookie(&answer) };
    assert_eq!(paul.sees(&app, SIRET).await["role"], "holder");
}

#[tokio::test]
async fn an_account_accepts_for_its_own_address_alone() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let marie = Somebody::opens(&app, OTHER_SIRET, OTHER).await;
    let (_, for_paul) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(marie.is_told(&app, &for_paul).await, is("open", "other"));
    assert_eq!(
        jeanne.is_told(&app, &for_paul).await,
        is("open", "other"),
        "a member, but not who is invited"
    );
    let before = app.rows("");
    let refused = marie.accepts(&app, &for_paul).await;
    assert_eq!((refused.status, refused.problem()), (409, "invitation-for-another-address"));
    let nobody = app.post("/api/invitation/accept", &json!({"token": for_paul})).await;
    assert_eq!((nobody.status, nobody.problem()), (401, "no-session"));
    assert_eq!(app.rows(""), before);

    let (_, for_marie) = jeanne.invites(&app, &invitation("Marie.PETIT@exemple.fr", "member")).await;
    assert_eq!(marie.is_told(&app, &for_marie).await, is("open", "same"));
    let answer = marie.accepts(&app, &for_marie).await;
    assert_eq!((answer.status, &answer.body["identifier"]), (200, &json!(marie.identifier)));
    assert_eq!(answer.headers.get("set-cookie"), None, "she is logged in already");
    let seen = marie.looks(&app).await;
    let sirets: Vec<_> = seen["establishments"].as_array().unwrap().iter().map(|e| &e["siret"]).collect();
    assert_eq!(sirets, [OTHER_SIRET, SIRET]);
    let one = app.with_cookie("GET", &format!("/api/space?siret={SIRET}"), &marie.cookie).await;
    assert_eq!(one.body["establishments"].as_array().unwrap().len(), 1);
    assert_eq!(marie.is_told(&app, &for_marie).await, is("accepted", "member"));
    assert_eq!(marie.accepts(&app, &for_marie).await.problem(), "link-used");
}

#[tokio::test]
async fn a_member_who_is_invited_again_rises_and_never_doubles() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "holder")).await;
    assert_eq!(paul.is_told(&app, &token).await, is("open", "member"));
    let second = accepted(&app, &token).await;
    assert_eq!((second.status, second.problem()), (409, "already-member"), "a second account of the address");
    assert_eq!(paul.accepts(&app, &token).await.status, 200);
    assert_eq!((paul.sees(&app, SIRET).await["role"].clone(), holders(&app)), (json!("holder"), "2".into()));

    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(paul.accepts(&app, &token).await.status, 200);
    assert_eq!(paul.sees(&app, SIRET).await["role"], "holder", "no invitation demotes");
    assert_eq!(holders(&app), "2");
}

#[tokio::test]
async fn of_two_who_accept_by_one_link_at_once_one_account_is_opened() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    let (one, other) = tokio::join!(accepted(&app, &token), accepted(&app, &token));
    let (done, refused) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!((done.status, refused.status), (200, 410));
    assert_eq!(refused.problem(), "link-used");
    assert_eq!(app.rows("ACCOUNT#").len(), 2);
}

#[tokio::test]
async fn a_new_account_is_opened_with_a_password_that_is_judged_and_with_a_number() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    let before = app.rows("");
    let with = |fields: Value| {
        let mut form = json!({"token": token});
        form.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        form
    };
    for (fields, faults) in [
        (json!({"password": PASSWORD}), vec!["phone:required"]),
        (json!({"phone": PHONE}), vec!["password:required"]),
        (
            json!({"password": "court", "phone": "12"}),
            vec!["password:password-too-short", "phone:phone-format"],
        ),
        (
            json!({"password": "Paul Durand 1990", "phone": PHONE}),
            vec!["password:password-contains-identity"],
        ),
        (json!({"password": COLLEAGUE, "phone": PHONE}), vec!["password:password-contains-identity"]),
        (json!({"password": "motdepasse123", "phone": PHONE}), vec!["password:password-too-common"]),
    ] {
        let refused = app.post("/api/invitation/accept", &with(fields)).await;
        assert_eq!(
            (refused.status, refused.faults()),
            (422, faults.into_iter().map(str::to_owned).collect())
        );
    }
    assert_eq!(app.rows(""), before);
    // A password opens an account, whoever is logged in.
    let form = with(json!({"password": OTHER_PASSWORD, "phone": PHONE}));
    let answer = jeanne.send(&app, "POST", "/api/invitation/accept", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let identifier = answer.body["identifier"].as_str().unwrap();
    assert_ne!(identifier, jeanne.identifier);
    assert_eq!(app.login(identifier, OTHER_PASSWORD).await.status, 200);
    let me = app.with_cookie("GET", "/api/space", &cookie(&answer)).await.body["me"].clone();
    assert_eq!((&me["identifier"], &me["phone"]), (&json!(identifier), &json!("+33612345678")));
    assert_eq!((&me["first_name"], &me["email"]), (&json!("Paul"), &json!(COLLEAGUE)));
}

#[tokio::test]
async fn inviting_looks_the_same_whether_or_not_the_address_is_known() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    Somebody::opens(&app, OTHER_SIRET, "p.connu@exemple.fr").await;
    joined(&app, &jeanne, "member").await;
    app.table.calls();
    let mut seen = Vec::new();
    for email in ["p.connu@exemple.fr", "p.inconnu@exemple.fr", COLLEAGUE] {
        let form = invitation(email, "member");
        let mut answer = jeanne.send(&app, "POST", "/api/space/invitations", &form).await;
        assert_eq!(answer.body["invitation"].take().as_str().map(str::len), Some(16));
        let headers: Vec<_> = answer.headers.iter().map(|(n, v)| format!("{n}: {v:?}")).collect();
        seen.push((answer.status, answer.body, headers, app.table.calls()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0].3, ["GetItem", "GetItem", "Query", "TransactWriteItems"]);
}

#[tokio::test]
async fn a_space_has_so_many_open_invitations_and_no_more() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let mut last = String::new();
    for rank in 0..OPEN_INVITATIONS_MAX {
        let form = invitation(&format!("personne.{rank}@exemple.fr"), "member");
        let sent = jeanne.send(&app, "POST", "/api/space/invitations", &form).await;
        last = sent.body["invitation"].as_str().unwrap().to_owned();
    }
    let one_more = invitation(COLLEAGUE, "member");
    let refused = jeanne.send(&app, "POST", "/api/space/invitations", &one_more).await;
    assert_eq!(refused.problem(), "too-many-invitations");
    let path = format!("/api/space/invitations/{last}/address");
    let corrected = jeanne.send(&app, "POST", &path, &json!({"siret": SIRET, "email": OTHER})).await;
    assert_eq!(corrected.status, 202, "as many as before: {}", corrected.body);
    let path = format!("/api/space/invitations/{}", corrected.body["invitation"].as_str().unwrap());
    assert_eq!(app.with_cookie("DELETE", &path, &jeanne.cookie).await.status, 204);
    assert_eq!(jeanne.send(&app, "POST", "/api/space/invitations", &one_more).await.status, 202);
}

#[tokio::test]
async fn an_invitation_is_found_for_its_withdrawal_among_all_establishments_of_its_holder() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let marie = Somebody::opens(&app, OTHER_SIRET, OTHER).await;
    let mut form = invitation(EMAIL, "member");
    form["siret"] = OTHER_SIRET.into();
    let (_, token) = marie.invites(&app, &form).await;
    assert_eq!(jeanne.accepts(&app, &token).await.status, 200);
    let (own, _) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    form["email"] = COLLEAGUE.into();
    let (foreign, foreign_link) = marie.invites(&app, &form).await;

    let withdraw = async |who: &Somebody, id: &str| {
        app.with_cookie("DELETE", &format!("/api/space/invitations/{id}"), &who.cookie).await
    };
    assert_eq!(withdraw(&marie, &own).await.status, 204, "none of hers: as one that is gone");
    // She is no holder of the establishment that it is into.
    assert_eq!(withdraw(&jeanne, &foreign).await.status, 204);
    assert_eq!(told(&shown(&app, &foreign_link).await), is("open", "none"));
    let path = format!("/api/space/invitations/{foreign}?siret={OTHER_SIRET}");
    assert_eq!(app.with_cookie("DELETE", &path, &jeanne.cookie).await.problem(), "not-allowed");
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1, "it still stands");
    assert_eq!(withdraw(&jeanne, &own).await.status, 204);
    assert_eq!(jeanne.sees(&app, SIRET).await["invitations"], json!([]));
    assert_eq!(withdraw(&jeanne, NO_ID).await.status, 204);
    for id in ["x", "0123456789ABCDEF", "0123456789abcdefg"] {
        assert_eq!(withdraw(&jeanne, id).await.problem(), "not-allowed", "{id}");
    }

    let paul = joined(&app, &jeanne, "member").await;
    assert_eq!(withdraw(&paul, NO_ID).await.problem(), "not-allowed", "he decides nowhere");
}

#[tokio::test]
async fn who_asks_for_an_invitation_learns_nothing_and_the_holders_get_one_mail_a_day() {
    let app = App::new();
    let identifier = Somebody::opens(&app, SIRET, EMAIL).await.identifier;
    let mut seen = Vec::new();
    for siret in [SIRET, OTHER_SIRET, SIRET] {
        let mut form =
            json!({"siret": siret, "first_name": "Paul", "last_name": "Durand", "email": COLLEAGUE});
        form["proof"] = app.proof("recover").await.into();
        app.table.calls();
        let answer = app.post("/api/invitation/request", &form).await;
        seen.push((answer.status, answer.body, app.table.calls()));
    }
    assert_eq!(seen[0], (202, json!({"valid_days": 7}), vec!["TransactWriteItems".to_owned()]));
    assert_eq!(seen[0], seen[1]);
    assert_eq!((seen[0].0, &seen[0].1), (seen[2].0, &seen[2].1), "the same again");
    let before = app.mails().len();
    app.deliver().await;
    let mails = app.mails();
    assert_eq!((mails.len(), mails[0].to.clone()), (before + 1, vec![EMAIL.to_owned()]));
    assert!(mails[0].text.contains(&format!("{SITE}/mon-espace/#inviter=")), "{}", mails[0].text);
    let jeanne = Somebody::logs_in(&app, identifier).await;
    let asked = jeanne.sees(&app, SIRET).await["requests"].clone();
    let who = json!({"first_name": "Paul", "last_name": "Durand", "email": COLLEAGUE});
    assert_eq!(asked.as_array().unwrap().len(), 1, "listed once, whatever becomes of the mail: {asked}");
    assert!(who.as_object().unwrap().iter().all(|(name, value)| asked[0][name] == *value), "{asked}");
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(jeanne.sees(&app, SIRET).await["requests"], json!([]), "answered");
    let paul = accepted(&app, &token).await;
    let paul = Somebody::logs_in(&app, paul.body["identifier"].as_str().unwrap().to_owned()).await;
    assert_eq!(paul.sees(&app, SIRET).await["requests"], Value::Null, "for holders alone");

    let unproven = json!({
        "siret": SIRET, "first_name": "Paul", "last_name": "Durand", "email": COLLEAGUE, "proof": "x"
    });
    assert_eq!(app.post("/api/invitation/request", &unproven).await.problem(), "proof-rejected");
    let form = json!({"siret": SIRET, "first_name": "", "last_name": "Durand", "email": "paul@"});
    let refused = app.post("/api/invitation/request", &form).await;
    assert_eq!(refused.faults(), ["first_name:required", "email:email-format", "proof:required"]);
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

#[tokio::test]
async fn an_invitation_whose_answer_was_lost_is_sent_once() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    for _ in 0..3 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::AnswerLost]);
    let sent = jeanne.send(&app, "POST", "/api/space/invitations", &invitation(COLLEAGUE, "member")).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["invitation"]), (1, &sent.body["invitation"]));
    assert_eq!(app.deliver().await, 1);

    let token = link(&app.mails()[0]);
    for _ in 0..3 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::AnswerLost]);
    let answer = accepted(&app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(app.with_cookie("GET", "/api/space", &cookie(&answer)).await.status, 200);
    assert_eq!(app.rows("JOURNAL#").len(), 3, "joined, invited, accepted");
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
