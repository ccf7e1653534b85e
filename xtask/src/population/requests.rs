//! Valid requests of every route, each with what makes it another one: proof, SIRET, token, submission.

use domain::proof::Action;
use fastrand::Rng;
use platform::function::{Function, Route};
use serde_json::{Map, Value};
use sesame::functions;

use super::{PASSWORD, Person, Population, SEED, identifier, siret};
use crate::Error;
use crate::events;

/// What is sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// The token of the session's cookie.
    pub session: Option<String>,
    /// The form as JSON; empty without one.
    pub body: String,
    /// Whether who asks has an account.
    pub is_known: bool,
}

impl Request {
    /// A form that is sent.
    pub fn post(target: &str, form: &Value, is_known: bool) -> Self {
        Self { method: "POST", target: target.to_owned(), session: None, body: form.to_string(), is_known }
    }

    /// Head and body, ready to be written to a socket.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { method, target, body, .. } = self;
        let cookie = self.cookie().map(|cookie| format!("cookie: {cookie}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\n{cookie}content-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        (head + body).into_bytes()
    }

    /// The header that brings the session.
    pub fn cookie(&self) -> Option<String> {
        self.session.as_ref().map(|token| format!("sesame={token}"))
    }
}

impl Population {
    /// As many requests of a route, of people with and without an account in turn where it takes both.
    /// Each person comes once, until all have come.
    pub fn requests(
        &self,
        function: &'static Function,
        route: &Route,
        count: usize,
    ) -> Result<Vec<Request>, Error> {
        let document = serde_json::to_value(sesame::openapi::document())?;
        let form = events::form(&document, function, route)?;
        let action = functions::action_of(function);
        // Where strangers ask too, every other request is of the next person.
        let turn = if takes_strangers(route) { 2 } else { 1 };
        // Not the people's own: strangers would draw their SIRETs and identifiers.
        let mut rng = Rng::with_seed(SEED + 1);
        (0..count)
            .map(|rank| {
                let person = &self.people[rank / turn % self.people.len()];
                let is_known = rank % turn == 0;
                let body = match &form {
                    Some(form) => self.filled(form, action, person, is_known, &mut rng)?.to_string(),
                    None => String::new(),
                };
                let query = match route.path {
                    "/api/challenge" => "?action=recover".to_owned(),
                    "/api/delivery" => "?domain=exemple.fr".to_owned(),
                    "/api/access" | "/api/space/mandates" => format!("?siret={}", person.siret),
                    _ => String::new(),
                };
                let session = needs_session(route).then(|| person.session.print());
                let path = route.path.replace("{id}", &person.mail.to_string());
                let target = format!("{path}{query}");
                Ok(Request { method: route.method, target, session, body, is_known })
            })
            .collect()
    }

    /// The form with this person's fields, or a stranger's.
    fn filled(
        &self,
        form: &Map<String, Value>,
        action: Action,
        person: &Person,
        is_known: bool,
        rng: &mut Rng,
    ) -> Result<Value, Error> {
        // An application is for an establishment without an account.
        let is_known = is_known && action != Action::CreateAccount;
        let mut filled = form.clone();
        for (name, value) in &mut filled {
            *value = match name.as_str() {
                "proof" => self.proof(action)?.into(),
                "identifier" if is_known => person.identifier.as_str().into(),
                "identifier" => identifier(rng).as_str().into(),
                "siret" if is_known => person.siret.as_str().into(),
                "siret" => siret(rng)?.as_str().into(),
                "email" if is_known => person.email.as_str().into(),
                "email" => format!("personne.{:016x}@exemple.fr", rng.u64(..)).into(),
                "token" => person.link.print().into(),
                "submission" => submission(rng).into(),
                "password" => PASSWORD.into(),
                _ => continue,
            };
        }
        Ok(filled.into())
    }
}

fn needs_session(route: &Route) -> bool {
    ["/api/session", "/api/space", "/api/access"].iter().any(|path| route.path.starts_with(path))
}

/// Whether requests of a route can be made up for any person: not where they need an id or a link that
/// somebody was given, change what the person is asked with, or read a journal; nor for a fourth correction.
pub fn can_be_made_up(route: &Route) -> bool {
    match (route.method, route.path) {
        ("GET", "/api/space" | "/api/space/mandates" | "/api/space/mandates/text" | "/api/access")
        | ("POST", "/api/invitation/request") => true,
        (_, "/api/mail/{id}/address") => false,
        (_, path) => {
            let of_desk = ["/api/agents", "/api/contest", "/api/request"];
            let given = ["/api/space", "/api/invitation", "/api/address", "/api/presence"];
            !given.iter().chain(&of_desk).any(|given| path.starts_with(given))
        }
    }
}

/// Whether half of the requests come from people without an account: the routes that must not tell, and the
/// one that does.
fn takes_strangers(route: &Route) -> bool {
    matches!(
        (route.method, route.path),
        ("POST", "/api/recover/password" | "/api/recover/identifier" | "/api/check-siret")
    )
}

/// A random UUID, as the page makes one.
fn submission(rng: &mut Rng) -> String {
    let (a, b, c) = (rng.u32(..), rng.u32(..), rng.u64(..));
    format!(
        "{a:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        b >> 16,
        b & 0xfff,
        (c >> 48) & 0x3fff | 0x8000,
        c & 0xffff_ffff_ffff
    )
}
