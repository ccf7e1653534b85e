//! A person's own data: address and way back, password, sessions, the end of a space and of an account.

use http::Request;
use serde_json::{Value, json};
use sesame::mailbox::Mail;
use testkit::form::siret;

use crate::support::{
    Answer, App, EMAIL, OTHER_PASSWORD, OTHER_SIRET, PASSWORD, SIRET, SITE, application, cookie, token,
};

const NEW_EMAIL: &str = "nouvelle@exemple.fr";
const COLLEAGUE: &str = "karim.benali@exemple.fr";
/// What removes the cookie.
const CLOSING: &str = "sesame=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict";

/// Somebody who is logged in.
pub struct Person {
    pub identifier: String,
    pub cookie: String,
}

impl Person {
    /// Opens an establishment's space. All mails are delivered.
    pub async fn open(app: &App, siret: &str, name: &str, email: &str) -> Self {
        app.deliver().await;
        let mut form = application(siret, email);
        form["establishment_name"] = name.into();
        let applied = app.post_proven("/api/create-account", "create-account", form).await;
        assert_eq!(applied.status, 202, "{}", applied.body);
        let set = app.set_password(&token(&app.next_mail().await), PASSWORD).await;
        assert_eq!(set.status, 200, "{}", set.body);
        app.deliver().await;
        Self::of(&set)
    }

    /// Whom an answer opens a session for.
    fn of(answer: &Answer) -> Self {
        Self { identifier: answer.body["identifier"].as_str().unwrap().to_owned(), cookie: cookie(answer) }
    }

    /// The same person in another browser, or after the session has ended.
    pub async fn again(&self, app: &App, password: &str) -> Self {
        let login = app.login(&self.identifier, password).await;
        assert_eq!(login.status, 200, "{}", login.body);
        Self::of(&login)
    }

    pub async fn get(&self, app: &App, path: &str) -> Answer {
        app.with_cookie("GET", path, &self.cookie).await
    }

    pub async fn post(&self, app: &App, path: &str, body: &Value) -> Answer {
        self.post_text(app, path, &body.to_string()).await
    }

    pub async fn post_text(&self, app: &App, path: &str, body: &str) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        let request = request.header("cookie", &self.cookie);
        app.send(request.body(body.as_bytes().to_vec()).unwrap()).await
    }

    pub async fn is_logged_in(&self, app: &App) -> bool {
        self.get(app, "/api/session").await.status == 200
    }

    /// Somebody whom this holder invites, and who joins with a new account. All mails are delivered.
    async fn invite(&self, app: &App, siret: &str, role: &str) -> Self {
        let form = json!({
            "siret": siret, "email": COLLEAGUE, "first_name": "Karim", "last_name": "Benali", "role": role,
        });
        let invited = self.post(app, "/api/space/invitations", &form).await;
        assert_eq!(invited.status, 202, "{}", invited.body);
        let link = link_in(&app.next_mail().await, "invitation");
        let form = json!({"token": link, "password": PASSWORD, "phone": "01 23 45 67 89"});
        let joined = app.post("/api/invitation/accept", &form).await;
        assert_eq!(joined.status, 200, "{}", joined.body);
        app.deliver().await;
        Self::of(&joined)
    }

    /// The open sessions, as my space lists them.
    async fn sessions(&self, app: &App) -> Vec<Value> {
        let shown = self.get(app, "/api/space").await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        shown.body["sessions"].as_array().unwrap().clone()
    }

    /// The id of this session.
    async fn session(&self, app: &App) -> String {
        let sessions = self.sessions(app).await;
        let this: Vec<&Value> = sessions.iter().filter(|session| session["is_this"] == true).collect();
        assert_eq!(this.len(), 1);
        this[0]["session"].as_str().unwrap().to_owned()
    }

    async fn end(&self, app: &App, session: &str) -> Answer {
        app.with_cookie("DELETE", &format!("/api/space/sessions/{session}"), &self.cookie).await
    }

    async fn close_account(&self, app: &App) -> Answer {
        self.post(app, "/api/space/close", &json!({"password": PASSWORD})).await
    }

    pub async fn close_space(&self, app: &App, siret: &str) -> Answer {
        let path = format!("/api/space/establishments/{siret}/close");
        self.post(app, &path, &json!({"password": PASSWORD})).await
    }

    /// The address of the account, which is that of its members' rows too.
    fn address(&self, app: &App) -> String {
        let of_account = app.rows(&format!("ACCOUNT#{}", self.identifier));
        let account = of_account.iter().find(|row| row["sk"]["S"] == "ACCOUNT").unwrap();
        let key = format!("MEMBER#{}", self.identifier);
        for member in app.rows("SIRET#").iter().filter(|row| row["sk"]["S"] == key.as_str()) {
            assert_eq!(member["email"], account["email"]);
        }
        account["email"]["S"].as_str().unwrap().to_owned()
    }

    /// Asks for another address. Gives the links of both mails: to that address, and to the one so far.
    async fn ask(&self, app: &App, email: &str) -> (String, String) {
        app.deliver().await;
        let before = app.mails().len();
        let asked = self.post(app, "/api/space/email", &json!({"email": email, "password": PASSWORD})).await;
        assert_eq!((asked.status, &asked.body["valid_minutes"]), (202, &json!(60)), "{}", asked.body);
        app.deliver().await;
        let mut mails = app.mails();
        mails.truncate(mails.len() - before);
        assert_eq!(mails.len(), 2);
        let is_to_new = |mail: &&Mail| mail.to == [email];
        let confirmation = mails.iter().find(is_to_new).unwrap();
        let notice = mails.iter().find(|mail| !is_to_new(mail)).unwrap();
        (link_in(confirmation, "adresse"), link_in(notice, "adresse"))
    }
}

/// The token of a mail's link to that page.
fn link_in(mail: &Mail, page: &str) -> String {
    let (_, rest) = mail.text.split_once(&format!("{SITE}/{page}/#")).expect("a link in the mail");
    rest.split_whitespace().next().unwrap().to_owned()
}

/// The lines of an establishment's journal, in order.
pub fn journal(app: &App, siret: &str) -> Vec<String> {
    let mut rows = app.rows(&format!("JOURNAL#{siret}"));
    rows.sort_by_key(|row| row["sk"]["S"].as_str().unwrap().to_owned());
    rows.iter().map(|row| row["line"]["S"].as_str().unwrap().to_owned()).collect()
}

/// How many of them say this.
pub fn told(app: &App, siret: &str, words: &str) -> usize {
    journal(app, siret).iter().filter(|line| line.contains(words)).count()
}

async fn holder(app: &App) -> Person {
    Person::open(app, SIRET, "Boulangerie du Marché", EMAIL).await
}

/// Purpose, state and address of a link.
async fn shown(app: &App, link: &str) -> Value {
    let shown = app.post("/api/address", &json!({"token": link})).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    shown.body
}

fn is(purpose: &str, state: &str, sent_to: &str) -> Value {
    json!({"purpose": purpose, "state": state, "sent_to": sent_to})
}

async fn confirm(app: &App, link: &str) -> Answer {
    app.post("/api/address/confirm", &json!({"token": link})).await
}

async fn restore(app: &App, link: &str) -> Answer {
    app.post("/api/address/restore", &json!({"token": link})).await
}

/// Chooses another password by the recovery that is on its way to this address.
async fn recover(app: &App, email: &str) {
    let mail = app.next_mail().await;
    assert_eq!(mail.to, [email]);
    assert_eq!(app.set_password(&token(&mail), OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_address_is_the_account_s_once_its_mailbox_has_confirmed_it() {
    let app = App::new();
    let who = holder(&app).await;
    let form = json!({"email": NEW_EMAIL, "password": PASSWORD});
    let asked = who.post(&app, "/api/space/email", &form).await;
    let accepted = json!({"sent_to": "n•••@exemple.fr", "valid_minutes": 60});
    assert_eq!((asked.status, asked.body), (202, accepted));
    assert!(app.rows("ATTEMPTS#").is_empty(), "a right password ends the count");
    let (link, _) = who.ask(&app, NEW_EMAIL).await;
    let before = app.rows("");
    for _ in 0..2 {
        assert_eq!(shown(&app, &link).await, is("confirm", "open", "n•••@exemple.fr"));
    }
    assert_eq!(app.rows(""), before, "a scanner that runs scripts writes nothing");
    assert_eq!(who.address(&app), EMAIL);

    let confirmed = confirm(&app, &link).await;
    assert_eq!((confirmed.status, confirmed.body), (200, json!({"sent_to": "n•••@exemple.fr"})));
    assert_eq!(who.address(&app), NEW_EMAIL, "the member's row with it");
    assert!(!who.is_logged_in(&app).await, "every session has ended");
    let who = who.again(&app, PASSWORD).await;
    assert_eq!(told(&app, SIRET, "a changé d'adresse électronique : j•••@exemple.fr, puis n•••"), 1);
    let exported = who.get(&app, "/api/space/export").await.body["address_changes"].clone();
    let confirmed = |change: &&Value| change["confirmed_at"].is_string();
    let confirmed = exported.as_array().unwrap().iter().find(confirmed).unwrap();
    assert_eq!((&confirmed["from"], &confirmed["to"]), (&json!(EMAIL), &json!(NEW_EMAIL)));
    assert!(confirmed["restored_at"].is_null());
    app.recover_password(&who.identifier).await;
    assert_eq!(app.next_mail().await.to, [NEW_EMAIL]);
    let again = confirm(&app, &link).await;
    assert_eq!((again.status, again.problem()), (410, "link-used"));
    assert_eq!(shown(&app, &link).await["state"], "used");
}

#[tokio::test]
async fn a_link_of_a_change_does_what_its_own_mailbox_was_sent_and_in_its_time() {
    let app = App::new();
    let who = holder(&app).await;
    let (link, way_back) = who.ask(&app, NEW_EMAIL).await;
    for (crossed, path) in [(&way_back, "confirm"), (&link, "restore")] {
        let refused = app.post(&format!("/api/address/{path}"), &json!({"token": crossed})).await;
        assert_eq!((refused.status, refused.problem()), (404, "link-unknown"), "{path}");
    }
    for path in ["/api/address", "/api/address/confirm", "/api/address/restore"] {
        for unknown in ["0".repeat(52), who.identifier.clone()] {
            let refused = app.post(path, &json!({"token": unknown})).await;
            assert_eq!((refused.status, refused.problem()), (404, "link-unknown"), "{path}");
        }
    }
    app.wait_minutes(61);
    assert_eq!(shown(&app, &link).await["state"], "expired");
    let late = confirm(&app, &link).await;
    assert_eq!((late.status, late.problem()), (410, "link-expired"));
    assert_eq!(who.address(&app), EMAIL);

    app.wait_minutes(7 * 24 * 60 - 62);
    assert_eq!(shown(&app, &way_back).await, is("restore", "open", "j•••@exemple.fr"));
    app.wait_minutes(2);
    assert_eq!(shown(&app, &way_back).await["state"], "expired");
    assert_eq!(restore(&app, &way_back).await.problem(), "link-expired");
}

#[tokio::test]
async fn of_two_changes_the_one_that_is_confirmed_first_ends_the_other() {
    let app = App::new();
    let who = holder(&app).await;
    let (first, _) = who.ask(&app, "premiere@exemple.fr").await;
    let (second, _) = who.ask(&app, "deuxieme@exemple.fr").await;
    let (one, other) = tokio::join!(confirm(&app, &first), confirm(&app, &second));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
    let confirmed = if one.status == 200 { "premiere@exemple.fr" } else { "deuxieme@exemple.fr" };
    assert_eq!(who.address(&app), confirmed);

    let who = who.again(&app, PASSWORD).await;
    let (third, _) = who.ask(&app, NEW_EMAIL).await;
    let form = json!({"password": PASSWORD, "new_password": OTHER_PASSWORD});
    assert_eq!(who.post(&app, "/api/space/password", &form).await.status, 200);
    assert_eq!(confirm(&app, &third).await.problem(), "link-expired", "so does a new password");
}

#[tokio::test]
async fn the_way_back_brings_the_address_back_and_voids_the_password() {
    let app = App::new();
    let who = holder(&app).await;
    let (link, way_back) = who.ask(&app, NEW_EMAIL).await;
    assert_eq!(confirm(&app, &link).await.status, 200);
    let thief = who.again(&app, PASSWORD).await;
    assert_eq!(shown(&app, &way_back).await, is("restore", "open", "j•••@exemple.fr"));

    let restored = restore(&app, &way_back).await;
    assert_eq!((restored.status, restored.body), (200, json!({"sent_to": "j•••@exemple.fr"})));
    assert_eq!(who.address(&app), EMAIL);
    assert!(!thief.is_logged_in(&app).await);
    assert_eq!(app.login(&who.identifier, PASSWORD).await.problem(), "wrong-credentials");
    recover(&app, EMAIL).await;
    assert!(who.again(&app, OTHER_PASSWORD).await.is_logged_in(&app).await);
    assert_eq!(told(&app, SIRET, "a changé d'adresse électronique"), 2);
    let again = restore(&app, &way_back).await;
    assert_eq!((again.status, again.problem()), (410, "link-used"));
    assert_eq!(shown(&app, &way_back).await["state"], "used");
}

#[tokio::test]
async fn the_way_back_serves_before_the_confirmation_too() {
    let app = App::new();
    let who = holder(&app).await;
    let (link, way_back) = who.ask(&app, NEW_EMAIL).await;
    assert_eq!(restore(&app, &way_back).await.status, 200);
    assert!(!who.is_logged_in(&app).await);
    assert_eq!(app.login(&who.identifier, PASSWORD).await.problem(), "wrong-credentials");
    assert_eq!(shown(&app, &link).await["state"], "expired");
    let late = confirm(&app, &link).await;
    assert_eq!((late.status, late.problem()), (410, "link-expired"));
    assert_eq!(who.address(&app), EMAIL);
    recover(&app, EMAIL).await;
    assert_eq!(told(&app, SIRET, "a changé d'adresse électronique"), 0, "it never did");
}

#[tokio::test]
async fn who_has_changed_an_address_twice_cannot_undo_its_way_back() {
    let app = App::new();
    let who = holder(&app).await;
    let (link, way_back) = who.ask(&app, "voleur.un@exemple.fr").await;
    assert_eq!(confirm(&app, &link).await.status, 200);
    let thief = who.again(&app, PASSWORD).await;
    let (link, thief_s_way) = thief.ask(&app, "voleur.deux@exemple.fr").await;
    assert_eq!(confirm(&app, &link).await.status, 200);
    let thief = who.again(&app, PASSWORD).await;
    let (open, another_way) = thief.ask(&app, "voleur.trois@exemple.fr").await;

    assert_eq!(restore(&app, &way_back).await.status, 200);
    for link in [&thief_s_way, &another_way] {
        assert_eq!(shown(&app, link).await["state"], "expired");
        let refused = restore(&app, link).await;
        assert_eq!((refused.status, refused.problem()), (410, "link-expired"));
    }
    assert_eq!(confirm(&app, &open).await.problem(), "link-expired");
    assert_eq!(who.address(&app), EMAIL);
    recover(&app, EMAIL).await;

    // What the holder changes later has a way back of its own.
    app.wait_minutes(61);
    let who = who.again(&app, OTHER_PASSWORD).await;
    let form = json!({"email": NEW_EMAIL, "password": OTHER_PASSWORD});
    assert_eq!(who.post(&app, "/api/space/email", &form).await.status, 202);
    app.deliver().await;
    let is_notice = |mail: &Mail| mail.to == [EMAIL] && mail.text.contains("/adresse/#");
    let notice = app.mails().into_iter().find(is_notice).unwrap();
    assert_eq!(restore(&app, &link_in(&notice, "adresse")).await.status, 200);
}

#[tokio::test]
async fn an_address_whose_domain_takes_no_mail_is_refused() {
    let app = App::new();
    app.takes_no_mail("exmple.fr");
    app.apply(OTHER_SIRET, "jeanne@exmple.fr").await;
    app.deliver().await;
    let who = holder(&app).await;
    let form = json!({"email": "jeanne@exmple.fr", "password": PASSWORD});
    let refused = who.post(&app, "/api/space/email", &form).await;
    assert_eq!((refused.status, refused.faults()), (422, vec!["email:email-domain".to_owned()]));
    assert_eq!(app.deliver().await, 0);
}

#[tokio::test]
async fn a_new_password_ends_every_session_but_the_one_that_it_opens() {
    let app = App::new();
    let who = holder(&app).await;
    let elsewhere = who.again(&app, PASSWORD).await;
    let form = json!({"password": PASSWORD, "new_password": OTHER_PASSWORD});
    let changed = who.post(&app, "/api/space/password", &form).await;
    assert_eq!((changed.status, &changed.body), (200, &json!({"identifier": who.identifier})));
    assert!(Person::of(&changed).is_logged_in(&app).await);
    assert!(!who.is_logged_in(&app).await && !elsewhere.is_logged_in(&app).await);
    let mail = app.next_mail().await;
    assert!(mail.to == [EMAIL] && mail.subject.contains("mot de passe"), "{}", mail.subject);
    assert_eq!(app.login(&who.identifier, PASSWORD).await.problem(), "wrong-credentials");
    assert_eq!(app.login(&who.identifier, OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn of_two_new_passwords_at_once_one_is_set() {
    let app = App::new();
    let who = holder(&app).await;
    let change = async |new: &str| {
        let form = json!({"password": PASSWORD, "new_password": new});
        who.post(&app, "/api/space/password", &form).await.status
    };
    let others = [OTHER_PASSWORD, "marmotte clavier 58 pastèque grenier"];
    let (one, other) = tokio::join!(change(others[0]), change(others[1]));
    assert!((one, other) == (200, 401) || (one, other) == (401, 200), "{one} {other}");
    let set = if one == 200 { others[0] } else { others[1] };
    assert_eq!(app.login(&who.identifier, set).await.status, 200);
}

#[tokio::test]
async fn a_new_password_is_judged_against_the_person_and_a_bad_one_is_no_guess() {
    let app = App::new();
    let who = holder(&app).await;
    let twice = format!("{0} {0}", who.identifier);
    for (new, code) in [
        ("court", "password-too-short"),
        ("motdepasse123", "password-too-common"),
        (EMAIL, "password-contains-identity"),
        ("73282932000074 Martin-Ruiz", "password-contains-identity"),
        (twice.as_str(), "password-contains-identity"),
    ] {
        let form = json!({"password": PASSWORD, "new_password": new});
        let refused = who.post(&app, "/api/space/password", &form).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![format!("new_password:{code}")]), "{new}");
    }
    assert!(app.rows("ATTEMPTS#").is_empty());
    assert!(who.is_logged_in(&app).await);
}

/// The routes that ask for the password, each with what else it asks for.
fn proven_routes() -> [(String, Value); 4] {
    [
        ("/api/space/email".to_owned(), json!({"email": NEW_EMAIL})),
        ("/api/space/password".to_owned(), json!({"new_password": OTHER_PASSWORD})),
        ("/api/space/close".to_owned(), json!({})),
        (format!("/api/space/establishments/{SIRET}/close"), json!({})),
    ]
}

#[tokio::test]
async fn a_wrong_password_does_nothing_and_counts_as_at_a_login() {
    let app = App::new();
    let who = holder(&app).await;
    let with = |form: &Value, password: &str| {
        let mut form = form.clone();
        form["password"] = password.into();
        form
    };
    let others = |app: &App| {
        let mut rows = app.rows("");
        rows.retain(|row| !row["pk"]["S"].as_str().unwrap().starts_with("ATTEMPTS#"));
        rows
    };
    let before = others(&app);
    for (path, form) in &proven_routes()[..3] {
        let wrong = who.post(&app, path, &with(form, "ce n'est pas lui")).await;
        assert_eq!((wrong.status, wrong.problem()), (401, "wrong-credentials"), "{path}");
    }
    for (path, form) in &proven_routes() {
        let asked = who.post(&app, path, &with(form, PASSWORD)).await;
        assert_eq!((asked.status, asked.problem()), (403, "proof-required"), "{path}");
    }
    assert_eq!(app.login(&who.identifier, PASSWORD).await.problem(), "proof-required", "one count for all");
    let mut form = with(&json!({"email": NEW_EMAIL}), "ce n'est pas lui non plus");
    form["proof"] = app.proof("recover").await.into();
    assert_eq!(who.post(&app, "/api/space/email", &form).await.problem(), "proof-rejected");
    assert_eq!(others(&app), before);

    form["proof"] = app.proof("session").await.into();
    assert_eq!(who.post(&app, "/api/space/email", &form).await.problem(), "wrong-credentials");
    form["password"] = PASSWORD.into();
    let again = who.post(&app, "/api/space/email", &form).await;
    assert_eq!((again.status, again.problem()), (409, "proof-already-used"), "a proof is one guess");
    form["proof"] = app.proof("session").await.into();
    assert_eq!(who.post(&app, "/api/space/email", &form).await.status, 202);
    assert!(app.rows("ATTEMPTS#").is_empty());
}

#[tokio::test]
async fn guesses_made_at_once_are_all_counted() {
    let app = App::new();
    let who = holder(&app).await;
    let form = json!({"password": "ce n'est pas lui"});
    let guess = || who.post(&app, "/api/space/close", &form);
    let answers = tokio::join!(guess(), guess(), guess(), guess(), guess(), guess());
    let mut statuses = <[Answer; 6]>::from(answers).map(|answer| answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [401, 401, 401, 403, 403, 403]);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let app = App::new();
    let who = holder(&app).await;
    app.wait_minutes(1);
    let (desk, phone) = (who.again(&app, PASSWORD).await, who.again(&app, PASSWORD).await);
    let stranger = Person::open(&app, OTHER_SIRET, "Bureau de poste", COLLEAGUE).await;
    let listed = who.sessions(&app).await;
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[2]["session"], who.session(&app).await, "the latest first");

    let (desk_s, phone_s) = (desk.session(&app).await, phone.session(&app).await);
    for _ in 0..2 {
        let ended = who.end(&app, &desk_s).await;
        assert_eq!((ended.status, ended.headers.get("set-cookie")), (204, None));
    }
    assert!(!desk.is_logged_in(&app).await && phone.is_logged_in(&app).await);
    assert_eq!(who.sessions(&app).await.len(), 2);
    assert_eq!(stranger.end(&app, &phone_s).await.status, 204, "nothing of theirs has that name");
    for unknown in ["0123456789abcdef", "x", "%00"] {
        assert_eq!(who.end(&app, unknown).await.status, 204, "{unknown}");
    }
    assert!(phone.is_logged_in(&app).await);
    let ended = phone.end(&app, &phone_s).await;
    assert_eq!((ended.status, ended.headers["set-cookie"].to_str().unwrap()), (204, CLOSING));
    assert_eq!(phone.end(&app, &phone_s).await.problem(), "no-session");
    assert!(who.is_logged_in(&app).await);
}

#[tokio::test]
async fn an_account_is_closed_with_its_memberships_but_never_a_last_holder_s() {
    let app = App::new();
    let who = holder(&app).await;
    let colleague = who.invite(&app, SIRET, "member").await;
    let is_member = |row: &&Value| row["sk"]["S"].as_str().unwrap().starts_with("MEMBER#");
    let members = |app: &App| app.rows("SIRET#").iter().filter(is_member).count();
    assert_eq!(members(&app), 2);
    let refused = who.close_account(&app).await;
    assert_eq!((refused.status, refused.problem()), (409, "last-holder"));
    assert!(who.is_logged_in(&app).await);
    assert_eq!(app.deliver().await, 0);

    let closed = colleague.close_account(&app).await;
    assert_eq!((closed.status, &closed.body), (200, &json!({})));
    assert_eq!(closed.headers["set-cookie"].to_str().unwrap(), CLOSING);
    assert!(!colleague.is_logged_in(&app).await);
    assert_eq!(members(&app), 1);
    assert_eq!(told(&app, SIRET, "a quitté l'établissement"), 1);
    let mail = app.next_mail().await;
    assert!(mail.to == [COLLEAGUE] && mail.subject.contains("fermé"), "{}", mail.subject);
    assert_eq!(app.login(&colleague.identifier, PASSWORD).await.problem(), "wrong-credentials");
    let before = app.mails().len();
    app.recover_password(&colleague.identifier).await;
    app.deliver().await;
    assert_eq!(app.mails().len(), before, "the identifier serves no more");
}

#[tokio::test]
async fn who_has_no_establishment_any_more_can_close_their_account() {
    let app = App::new();
    let who = holder(&app).await;
    assert_eq!(who.close_space(&app, SIRET).await.status, 200);
    assert!(app.rows("ATTEMPTS#").is_empty(), "a right password is no guess");
    assert!(who.is_logged_in(&app).await, "the account stays");
    assert_eq!(who.close_account(&app).await.status, 200);
    assert!(!who.is_logged_in(&app).await);
}

#[tokio::test]
async fn a_closed_space_is_free_for_another_and_gives_its_former_members_nothing() {
    let app = App::new();
    let former = holder(&app).await;
    let closed = former.close_space(&app, SIRET).await;
    assert_eq!((closed.status, closed.body), (200, json!({})));
    let access = format!("/api/access?siret={SIRET}");
    let refused = async || {
        for path in [&access, &format!("/api/space/mandates?siret={SIRET}")] {
            assert_eq!(former.get(&app, path).await.problem(), "not-allowed", "{path}");
        }
        assert_eq!(former.get(&app, "/api/session").await.body["establishments"], json!([]));
        assert_eq!(former.get(&app, "/api/space").await.body["establishments"], json!([]));
        assert_eq!(former.close_space(&app, SIRET).await.problem(), "not-allowed");
    };
    refused().await;
    let form = json!({"siret": SIRET, "accept_terms": true});
    let checked = app.post_proven("/api/check-siret", "check-siret", form).await;
    assert_eq!(checked.body["account"], "none");

    let next = Person::open(&app, SIRET, "Épicerie du Marché", "nadia@exemple.fr").await;
    let may = next.get(&app, &access).await;
    assert_eq!((may.status, &may.body["through"]), (200, &json!("member")));
    refused().await;
    let lines = journal(&app, SIRET);
    assert_eq!(lines.len(), 3);
    let begin = |number: &str| lines.iter().filter(|line| line.starts_with(number)).count();
    assert_eq!((begin("1 "), begin("2 ")), (2, 1), "the next one has its own: {lines:?}");
}

#[tokio::test]
async fn nothing_is_closed_while_a_changed_address_has_its_way_back() {
    let app = App::new();
    let who = holder(&app).await;
    let (link, _) = who.ask(&app, NEW_EMAIL).await;
    assert_eq!(confirm(&app, &link).await.status, 200);
    let who = who.again(&app, PASSWORD).await;
    let colleague = who.invite(&app, SIRET, "holder").await;
    for refused in [who.close_account(&app).await, who.close_space(&app, SIRET).await] {
        assert_eq!((refused.status, refused.problem()), (409, "address-just-changed"));
    }
    assert_eq!(colleague.close_account(&app).await.status, 200);
    app.wait_minutes(7 * 24 * 60 + 1);
    let who = who.again(&app, PASSWORD).await;
    assert_eq!(who.close_space(&app, SIRET).await.status, 200);
    assert!(app.next_mail().await.subject.contains("fermé"), "its holder is told");
}

#[tokio::test]
async fn a_space_is_closed_by_its_only_holder_alone() {
    let app = App::new();
    let who = holder(&app).await;
    let colleague = who.invite(&app, SIRET, "holder").await;
    let stranger = Person::open(&app, OTHER_SIRET, "Bureau de poste", "paul@exemple.fr").await;
    let refused = who.close_space(&app, SIRET).await;
    assert_eq!((refused.status, refused.problem()), (409, "other-holders"));
    for other in [SIRET, "41816609600069", "abc", "732829320000"] {
        let refused = stranger.close_space(&app, other).await;
        assert_eq!((refused.status, refused.problem()), (403, "not-allowed"), "{other}");
        app.wait_minutes(16);
    }
    assert_eq!(colleague.close_account(&app).await.status, 200, "another holder is left");
    assert_eq!(who.close_space(&app, SIRET).await.status, 200);
}

#[tokio::test]
async fn bad_input_writes_nothing() {
    let app = App::new();
    let who = holder(&app).await;
    let before = app.rows("");
    let links = ["/api/address", "/api/address/confirm", "/api/address/restore"];
    let links = links.map(|path| (path.to_owned(), json!({"token": "0".repeat(52)})));
    for (path, form) in proven_routes().into_iter().chain(links) {
        for (body, status) in [
            ("", 400),
            ("[]", 400),
            ("null", 400),
            (r#"{"password":7}"#, 400),
            (r#"{"token":["x"]}"#, 400),
            (r#"{"proof":{}}"#, 400),
            (r#"{"role":"holder"}"#, 400),
            (r#"{"password":"a","password":"b"}"#, 400),
            ("{}", 422),
        ] {
            let answer = who.post_text(&app, &path, body).await;
            assert_eq!(answer.status, status, "{path} {body}: {}", answer.body);
        }
        let huge = format!(r#"{{"password":"{}"}}"#, "x".repeat(20_000));
        assert_eq!(who.post_text(&app, &path, &huge).await.status, 413, "{path}");
        if !path.starts_with("/api/address") {
            let mut form = form;
            form["password"] = PASSWORD.into();
            assert_eq!(app.post(&path, &form).await.problem(), "no-session", "{path}");
        }
    }
    for email in ["jeanne@", "jeanne@exemple.fr\r\nBcc: x@exemple.fr"] {
        let form = json!({"email": email, "password": PASSWORD});
        assert_eq!(who.post(&app, "/api/space/email", &form).await.faults(), ["email:email-format"]);
    }
    let empty = who.post(&app, "/api/space/password", &json!({})).await;
    assert_eq!(empty.faults(), ["password:required", "new_password:required"]);
    assert_eq!(app.with_cookie("DELETE", "/api/space/sessions/x", "").await.problem(), "no-session");
    assert_eq!(app.rows(""), before);
}

#[tokio::test]
async fn each_route_keeps_to_its_number_of_calls() {
    let app = App::new();
    let who = holder(&app).await;
    let (link, way_back) = who.ask(&app, NEW_EMAIL).await;
    app.table.calls();
    shown(&app, &link).await;
    assert_eq!(app.table.calls(), ["GetItem", "BatchGetItem"]);
    confirm(&app, &link).await;
    let of_link = ["GetItem", "BatchGetItem", "Query", "TransactWriteItems"];
    assert_eq!(app.table.calls(), of_link, "one query for each establishment");
    restore(&app, &way_back).await;
    assert_eq!(app.table.calls(), of_link);
    recover(&app, EMAIL).await;
    let who = who.again(&app, OTHER_PASSWORD).await;
    let session = who.session(&app).await;
    app.table.calls();
    let form = json!({"password": OTHER_PASSWORD, "new_password": PASSWORD});
    assert_eq!(who.post(&app, "/api/space/password", &form).await.status, 200);
    // The session, its account, the count of attempts.
    assert_eq!(app.table.calls(), ["GetItem", "GetItem", "UpdateItem", "TransactWriteItems"]);
    let who = who.again(&app, PASSWORD).await;
    app.table.calls();
    who.end(&app, &session).await;
    assert_eq!(app.table.calls(), ["GetItem", "GetItem", "Query"], "it has ended with the password");
    let session = who.session(&app).await;
    app.table.calls();
    who.end(&app, &session).await;
    assert_eq!(app.table.calls(), ["GetItem", "GetItem", "Query", "TransactWriteItems"]);
}

/// What of the table a person's own data are kept with: uses each grant, writes each attribute.
pub async fn story(app: &App) {
    let (own, other) = (siret(301), siret(302));
    let who = Person::open(app, &own, "Crèmerie du Pont", "zoe.petit@exemple.fr").await;
    app.takes_no_mail("exmple.fr");
    app.apply(&other, "zoe@exmple.fr").await;
    app.deliver().await;
    let form = json!({
        "email": "zoe@exmple.fr", "password": PASSWORD, "proof": app.proof("session").await,
    });
    assert_eq!(who.post(app, "/api/space/email", &form).await.status, 422);
    let (link, way_back) = who.ask(app, "zoe.grand@exemple.fr").await;
    shown(app, &link).await;
    assert_eq!(confirm(app, &link).await.status, 200);
    assert_eq!(restore(app, &way_back).await.status, 200);
    recover(app, "zoe.petit@exemple.fr").await;
    let who = who.again(app, OTHER_PASSWORD).await;
    let form = json!({"password": OTHER_PASSWORD, "new_password": PASSWORD});
    let who = Person::of(&who.post(app, "/api/space/password", &form).await);
    let elsewhere = who.again(app, PASSWORD).await;
    let session = elsewhere.session(app).await;
    assert_eq!(who.end(app, &session).await.status, 204);
    app.deliver().await;
    let colleague = who.invite(app, &own, "member").await;
    assert_eq!(colleague.close_account(app).await.status, 200);
    assert_eq!(who.close_space(app, &own).await.status, 200);
    app.deliver().await;
    app.account(&own, "nadia.neuve@exemple.fr").await;
    let who = Person::open(app, &siret(303), "Mercerie du Pont", "ana.petit@exemple.fr").await;
    let (link, _) = who.ask(app, "ana.grand@exemple.fr").await;
    assert_eq!(confirm(app, &link).await.status, 200);
}

#[tokio::test]
async fn every_grant_is_used() {
    let app = App::new();
    story(&app).await;
    let (function, caller) = app.portal.callers().find(|(function, _)| function.name == "me").unwrap();
    let used = caller.used();
    let idle: Vec<_> = function.grants.iter().filter(|grant| !used.contains(*grant)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}
