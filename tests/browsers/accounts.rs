//! Accounts that a story begins with, opened and entered through the API: the pages for it have stories of
//! their own.

use serde_json::{Value, json};
use testkit::form::application;
use testkit::http::Message;
use testkit::proof;

use crate::colleagues::{invited, leave_no_trace};
use crate::http;
use crate::people::{COLLEAGUE, EMAIL, ESTABLISHMENT, OTHER_PASSWORD, PASSWORD, PHONE, SIRET_DIGITS};
use crate::portal::Portal;
use crate::processes::beside;
use crate::proxy::Fate;
use crate::stage::Stage;

/// An establishment, its name, and the address of its holder.
pub type Place = (&'static str, &'static str, &'static str);

/// A page of the site, served by the proxy, where a session begins.
const SESSION_PAGE: &str = "/session-begins";
/// In the subject of the second mail. The first has the identifier too: it does not tell them apart.
const WELCOME: &str = "gardez votre identifiant";
const BAKERY: Place = (SIRET_DIGITS, ESTABLISHMENT, EMAIL);

/// Opens an account, in whose session the browser is; two mails have come then. Gives the identifier.
pub async fn open_account(stage: &Stage) -> String {
    open_account_of(stage, BAKERY).await
}

/// The same for that establishment.
pub async fn open_account_of(stage: &Stage, (siret, name, email): Place) -> String {
    let portal = &stage.portal;
    let mut form = application(siret, email);
    form["establishment_name"] = name.into();
    let challenge = http::ask(portal.port, "GET", "/api/challenge?action=create-account", "").await.unwrap();
    form["proof"] = beside(move || proof::solve(&challenge.json()).unwrap()).await.into();
    post(portal, "/api/create-account", &[], &form).await;
    let mail = portal.mail_to(email, "/mot-de-passe/").await;
    let form = json!({"token": token(mail.fragment()), "password": PASSWORD});
    let set = post(portal, "/api/set-password", &[], &form).await;
    begin_session(stage, &set).await;
    portal.mail_to(email, WELCOME).await;
    identifier_in(&set)
}

/// Opens an account and goes to my space.
pub async fn log_in(stage: &Stage) {
    open_account(stage).await;
    stage.browser.go("/mon-espace/").await;
}

/// Another person has the browser: whose account that is.
pub async fn enter_as(stage: &Stage, identifier: &str, password: &str) {
    let form = json!({"identifier": identifier, "password": password});
    let login = post(&stage.portal, "/api/session", &[], &form).await;
    leave_no_trace(&stage.browser).await;
    begin_session(stage, &login).await;
}

/// The holder in whose session the browser is has a colleague, who joined by a mail. Gives the colleague's
/// identifier.
pub async fn colleague(stage: &Stage) -> String {
    let cookies = stage.browser.client.get_all_cookies().await.unwrap();
    let cookies: Vec<_> =
        cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
    let mut form = json!({"siret": SIRET_DIGITS, "role": "member"});
    for (field, typed) in COLLEAGUE {
        form[field] = typed.into();
    }
    let cookies = cookies.join("; ");
    post(&stage.portal, "/api/space/invitations", &[("Cookie", &cookies)], &form).await;
    let fragment = invited(stage).await;
    let form = json!({"token": token(&fragment), "password": OTHER_PASSWORD, "phone": PHONE});
    identifier_in(&post(&stage.portal, "/api/invitation/accept", &[], &form).await)
}

async fn post(portal: &Portal, path: &str, headers: &[(&str, &str)], form: &Value) -> Message {
    let server = format!("localhost:{}", portal.port);
    let answer = http::send(&server, "POST", path, headers, &form.to_string()).await.unwrap();
    assert!((200..300).contains(&answer.status()), "{path}: {} {}", answer.status(), answer.json());
    answer
}

fn token(fragment: &str) -> &str {
    fragment.strip_prefix('#').unwrap()
}

fn identifier_in(answer: &Message) -> String {
    answer.json()["identifier"].as_str().unwrap().to_owned()
}

/// As a page that was told so does.
async fn begin_session(stage: &Stage, answer: &Message) {
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    stage.proxy.plan(SESSION_PAGE, [Fate::SetCookie(cookie)]);
    stage.browser.go(SESSION_PAGE).await;
    stage.browser.run("localStorage.setItem('sesame:session', String(Date.now()))", json!([])).await;
}
