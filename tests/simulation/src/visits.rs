//! Visits of people who are logged in: a request is sent again while nobody answers, and judged each time.

use std::rc::Rc;
use std::time::Duration;

use domain::proof::Action;
use fastrand::Rng;
use serde_json::Value;

use crate::model::{Span, What, Who};
use crate::people::{Credentials, Employer, MAIL_TIME_MAX, Person, tokens_of};
use crate::world::{Answer, World};

/// How often a page sends the same request again while nobody answers: then something is wrong.
const TRIES_MAX: u32 = 8;
/// How often somebody logs in for one request, or finds a proof for it.
const LOGINS_MAX: u32 = 3;
/// How long somebody goes on with a session, in milliseconds.
const SESSION_USED_MS_MAX: u64 = 6 * 3_600_000;
/// Between an answer and what begins after it: two things within one millisecond have no order.
const MOMENT: Duration = Duration::from_millis(2);

/// A request, and what the model is to know of it.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub form: Value,
    pub what: What,
}

impl Request {
    #[must_use]
    pub fn new(method: &'static str, path: impl Into<String>, form: Value, what: What) -> Self {
        Self { method, path: path.into(), form, what }
    }

    /// Without a body.
    #[must_use]
    pub fn plain(method: &'static str, path: impl Into<String>, what: What) -> Self {
        Self::new(method, path, Value::Null, what)
    }
}

/// What an establishment's space lets somebody do, as far as they know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Holder,
    Member,
    Nobody,
}

/// A holder whom others can log in as, on another device.
#[derive(Debug, Clone)]
pub struct Resident {
    pub me: Employer,
    pub last_name: String,
    pub credentials: Credentials,
}

/// A person with an account.
pub struct Insider {
    pub person: Person,
    pub who: Who,
    pub last_name: String,
    pub credentials: Credentials,
    /// In the space that it is about.
    pub place: Place,
    /// At home in another establishment, whose people rely on the account.
    pub is_guest: bool,
    /// The session of this device, and when it was opened.
    session: Option<(String, u64)>,
}

impl Person {
    /// Sends a request as a page does: again while nobody answers; twice at once by an impatient one.
    pub async fn insist(&self, request: &Request, cookie: Option<&str>) -> Option<Answer> {
        let world = &self.world;
        let mut pause = Duration::from_secs(1);
        for _ in 0..TRIES_MAX {
            let answer = if self.me.is_double && request.method != "GET" {
                let (first, second) = tokio::join!(ask(world, request, cookie), ask(world, request, cookie));
                better(first, second)
            } else {
                ask(world, request, cookie).await
            };
            match answer {
                Some(answer) if answer.status != 503 => return Some(answer),
                _ => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        world.violation(format!("nobody answers {} {}", request.method, world.shown(&request.path)));
        None
    }

    /// Tokens of the links to a page in the mails to an address, oldest first.
    #[must_use]
    pub fn tokens_to(&self, address: &str, page: &str) -> Vec<String> {
        self.mails_to(address).iter().flat_map(|text| tokens_of(text, page)).collect()
    }

    /// Waits for a link to a page that is not among those that are known.
    pub async fn wait_for_token(&mut self, address: &str, page: &str, known: &[String]) -> Option<String> {
        let asked = tokio::time::Instant::now();
        while asked.elapsed() < MAIL_TIME_MAX {
            self.think(5, 90).await;
            let new = self.tokens_to(address, page).into_iter().find(|token| !known.contains(token));
            if new.is_some() {
                return new;
            }
        }
        None
    }
}

/// The answer that somebody who clicked twice goes by.
fn better(first: Option<Answer>, second: Option<Answer>) -> Option<Answer> {
    let rank = |answer: &Answer| match answer.status {
        200..300 => 0,
        503 => 2,
        _ => 1,
    };
    [first, second].into_iter().flatten().min_by_key(rank)
}

/// Sends a request once, and has the model judge its answer.
async fn ask(world: &World, request: &Request, cookie: Option<&str>) -> Option<Answer> {
    let from = world.at_ms();
    let rank = world.model.borrow_mut().begin(&request.what, from);
    let answer = world.ask(request.method, &request.path, cookie, &request.form).await;
    let span = Span { from, to: world.at_ms() };
    let mut model = world.model.borrow_mut();
    let is_alone = !model.may_join_meanwhile(&request.what, span);
    let session = cookie
        .filter(|_| is_alone)
        .map_or(Ok(()), |cookie| model.session_used(cookie, span, answer.as_ref()));
    let verdict = model.answered(rank, span, answer.as_ref());
    drop(model);
    for what in [session, verdict].into_iter().filter_map(Result::err) {
        world.violation(format!("{} {}: {what}", request.method, world.shown(&request.path)));
    }
    answer
}

/// A moment passes.
pub async fn pause() {
    tokio::time::sleep(MOMENT).await;
}

impl Insider {
    #[must_use]
    pub fn new(person: Person, last_name: String, credentials: Credentials) -> Self {
        let who = person.world.model.borrow_mut().who(&credentials.identifier);
        Self { person, who, last_name, credentials, place: Place::Nobody, is_guest: false, session: None }
    }

    /// A holder whom another's people know, on a device of its own.
    #[must_use]
    pub fn of(world: &Rc<World>, resident: &Resident, rng: &mut Rng) -> Self {
        let me = Employer { seed: rng.u64(..), ..resident.me.clone() };
        let person = Person::new(world.clone(), me);
        let (last_name, credentials) = (resident.last_name.clone(), resident.credentials.clone());
        Self { is_guest: true, ..Self::new(person, last_name, credentials) }
    }

    /// The same person on another device, with a session of its own.
    #[must_use]
    pub fn another(&mut self) -> Self {
        Self {
            person: self.person.another(),
            who: self.who,
            last_name: self.last_name.clone(),
            credentials: self.credentials.clone(),
            place: self.place,
            is_guest: self.is_guest,
            session: None,
        }
    }

    /// For others to log in as.
    #[must_use]
    pub fn resident(&self) -> Resident {
        let (last_name, credentials) = (self.last_name.clone(), self.credentials.clone());
        Resident { me: self.person.me.clone(), last_name, credentials }
    }

    /// Goes on with a session that was just opened.
    pub fn goes_on_with(&mut self, cookie: Option<String>) {
        let now = self.person.world.at_ms();
        self.session = cookie.map(|cookie| (cookie, now)).or(self.session.take());
    }

    /// The session of this device, for as long as it serves; else a new one.
    pub async fn cookie(&mut self) -> Option<String> {
        let now = self.person.world.at_ms();
        if let Some((cookie, opened)) = &self.session
            && now - opened < SESSION_USED_MS_MAX
        {
            return Some(cookie.clone());
        }
        let cookie = Box::pin(self.person.log_in(&self.credentials)).await?;
        self.session = Some((cookie.clone(), self.person.world.at_ms()));
        Some(cookie)
    }

    /// Asks with a session. One that has ended is opened anew.
    pub async fn act(&mut self, request: &Request) -> Option<Answer> {
        for _ in 0..LOGINS_MAX {
            let cookie = self.cookie().await?;
            let answer = Box::pin(self.person.insist(request, Some(&cookie))).await?;
            if answer.problem() != "no-session" {
                self.goes_on_with(answer.cookie());
                return Some(answer);
            }
            self.session = None;
        }
        None
    }

    /// Asks for what the password proves, with a proof once one is asked for.
    pub async fn act_proven(&mut self, mut request: Request) -> Option<Answer> {
        for _ in 0..LOGINS_MAX {
            let answer = self.act(&request).await?;
            if answer.problem() != "proof-required" {
                return Some(answer);
            }
            request.form["proof"] = self.person.world.proof(Action::Session)?.into();
        }
        None
    }
}
