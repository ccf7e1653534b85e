//! Agents of the agency: who they are, their sessions at the desk, the cookies of both login and session.

use domain::agent::{AGENT_IDLE_MAX, AGENT_IDLE_STEP, AGENT_LOGIN_VALID, AGENT_SESSION_VALID};
use domain::agent::{AgentRole, AgentSub};
use domain::time::{Timestamp, after};
use domain::{Name, Refusal, Token};

use crate::clock::Clock;
use crate::error::Error;
use crate::http::{self, Request};
use crate::random::Random;
use crate::table::{Change, Key, Outcome, Row, Table, TableError, Transaction};
use crate::{Config, Platform};

/// `__Host-` binds it to the very host.
pub const COOKIE: &str = "__Host-sesame-agent";
/// The same on plain http at localhost, where WebKit refuses `Secure`.
const COOKIE_OF_LOCALHOST: &str = "sesame-agent";
/// The cookie of a login under way.
const LOGIN_COOKIE: &str = "__Host-sesame-agent-login";
const LOGIN_COOKIE_OF_LOCALHOST: &str = "sesame-agent-login";

const ACTIVE: &str = "active";
const REMOVED: &str = "removed";

/// Puts the end of an idle session off, unless it is over by now.
const STAY: &str = "SET idle_until = :until";
const STAY_CONDITION: &str = "attribute_exists(pk) AND idle_until > :now AND expires_at > :now";

/// An agent who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub sub: AgentSub,
    pub name: Name,
    pub role: AgentRole,
}

#[derive(Debug, Clone)]
pub struct Agents {
    table: Table,
    clock: Clock,
    random: Random,
}

/// The name of the session's cookie on this site.
#[must_use]
pub fn cookie_name(config: &Config) -> &'static str {
    if config.is_secure() { COOKIE } else { COOKIE_OF_LOCALHOST }
}

/// The token of the session that a request brings.
#[must_use]
pub fn token_of(config: &Config, request: &Request) -> Option<Token> {
    Token::parse(http::cookie(request, cookie_name(config))?)
}

/// The value of `Set-Cookie` that opens a session in the browser.
#[must_use]
pub fn opening(config: &Config, token: &Token) -> String {
    set(config, cookie_name(config), &token.print(), AGENT_SESSION_VALID.as_secs(), "Strict")
}

/// The one that ends it.
#[must_use]
pub fn closing(config: &Config) -> String {
    set(config, cookie_name(config), "", 0, "Strict")
}

/// The token of the login that a browser has begun.
#[must_use]
pub fn login_of(config: &Config, request: &Request) -> Option<Token> {
    Token::parse(http::cookie(request, login_cookie_name(config))?)
}

/// The value of `Set-Cookie` with which a login begins. `Lax`: it comes back with the browser from the
/// provider, which is another site.
#[must_use]
pub fn login_opening(config: &Config, token: &Token) -> String {
    set(config, login_cookie_name(config), &token.print(), AGENT_LOGIN_VALID.as_secs(), "Lax")
}

/// The one with which it ends, whatever came of it.
#[must_use]
pub fn login_closing(config: &Config) -> String {
    set(config, login_cookie_name(config), "", 0, "Lax")
}

fn login_cookie_name(config: &Config) -> &'static str {
    if config.is_secure() { LOGIN_COOKIE } else { LOGIN_COOKIE_OF_LOCALHOST }
}

fn set(config: &Config, name: &str, value: &str, max_age_seconds: i64, same_site: &str) -> String {
    let secure = if config.is_secure() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite={same_site}{secure}")
}

/// Refuses who comes from another network than agents do. Without the operator's list everybody may come.
///
/// # Errors
/// `AddressNotAllowed`, also when the address is not known.
pub fn allow(platform: &Platform, request: &Request) -> Result<(), Refusal> {
    let networks = &platform.config.desk.networks;
    let address = http::client_address(request);
    let is_theirs = address.is_some_and(|address| networks.iter().any(|network| network.has(address)));
    if networks.is_empty() || is_theirs { Ok(()) } else { Err(Refusal::AddressNotAllowed) }
}

impl Agent {
    /// The agent of the session that a request brings: two calls of the table, a third every five minutes.
    /// Every route of the desk begins with it.
    ///
    /// # Errors
    /// `NoSession` without a session, when it is over or idle, or the agent's row says so;
    /// `AddressNotAllowed` from another network.
    pub async fn of(platform: &Platform, request: &Request) -> Result<Self, Error> {
        allow(platform, request)?;
        let token = token_of(&platform.config, request).ok_or(Refusal::NoSession)?;
        platform.agents.of_session(&token).await
    }
}

impl Agents {
    pub(crate) fn new(table: &Table, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// The agent whom the provider names so, unless the desk does not know them, or no longer.
    pub async fn find(&self, sub: &AgentSub) -> Result<Option<Agent>, TableError> {
        self.table.find(&Key::agent(sub)).await?.as_ref().map_or(Ok(None), |row| read(row, sub))
    }

    async fn of_session(&self, token: &Token) -> Result<Agent, Error> {
        let now = self.clock.now();
        let session = self.table.find(&Key::agent_session(token)).await?;
        let session = session.filter(|row| !row.is_past(now)).ok_or(Refusal::NoSession)?;
        let idle_until = session.moment("idle_until")?;
        if idle_until <= now {
            return Err(Refusal::NoSession.into());
        }
        let sub = session.parsed("sub", |text| AgentSub::parse(text).ok_or(()))?;
        let agent = self.find(&sub).await?.ok_or(Refusal::NoSession)?;
        if after(now, AGENT_IDLE_MAX).duration_since(idle_until) >= AGENT_IDLE_STEP {
            self.stay(token, now).await?;
        }
        Ok(agent)
    }

    /// Puts the end of an idle session off. One that was closed meanwhile stays closed.
    async fn stay(&self, token: &Token, now: Timestamp) -> Result<(), Error> {
        let change = Change::new(Key::agent_session(token), STAY, STAY_CONDITION)
            .value("until", after(now, AGENT_IDLE_MAX))
            .value("now", now);
        match self.table.update(change).await? {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(_) => Err(Refusal::NoSession.into()),
        }
    }

    /// Opens a session; the cookie's token.
    pub async fn open(&self, sub: &AgentSub) -> Result<Token, Error> {
        let (now, token) = (self.clock.now(), Token::from_bytes(self.random.bytes()));
        let row = Row::new(&Key::agent_session(&token))
            .with("sub", sub.as_str())
            .with("opened_at", now)
            .with("idle_until", after(now, AGENT_IDLE_MAX))
            .with("expires_at", after(now, AGENT_SESSION_VALID));
        let mut transaction = Transaction::new();
        transaction.put(row);
        self.table.commit(transaction).await?;
        Ok(token)
    }

    /// Deletes the session of a token, if there is one.
    pub async fn close(&self, token: &Token) -> Result<(), TableError> {
        self.table.delete(&Key::agent_session(token)).await
    }
}

/// The row of an agent, for the chore that adds one and for tests.
#[must_use]
pub fn row(agent: &Agent, is_active: bool) -> Row {
    Row::new(&Key::agent(&agent.sub))
        .with("agent_name", agent.name.as_str())
        .with("agent_roles", agent.role.names().join(","))
        .with("agent_state", if is_active { ACTIVE } else { REMOVED })
}

/// An active agent; nothing of one who was removed.
fn read(row: &Row, sub: &AgentSub) -> Result<Option<Agent>, TableError> {
    if row.text("agent_state")? != ACTIVE {
        return Ok(None);
    }
    Ok(Some(Agent {
        sub: sub.clone(),
        name: row.parsed("agent_name", Name::parse)?,
        role: row.parsed("agent_roles", |text| AgentRole::parse(text).ok_or(()))?,
    }))
}
