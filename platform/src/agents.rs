//! Agents: their rows and their sessions. (Minimal until the merge.)

use domain::agent::{AGENT_IDLE_MAX, AGENT_SESSION_VALID, AgentRole, AgentSub};
use domain::time::after;
use domain::{Name, Refusal, Token};

use crate::clock::Clock;
use crate::error::Error;
use crate::http::{self, Request};
use crate::random::Random;
use crate::table::{Key, Row, Table, TableError, Transaction};
use crate::{Config, Platform};

/// `__Host-` binds it to the very host.
pub const COOKIE: &str = "__Host-sesame-agent";
/// The same on plain http at localhost, where WebKit refuses `Secure`.
const COOKIE_OF_LOCALHOST: &str = "sesame-agent";

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

impl Agent {
    /// The agent of the session that a request brings: two calls of the table.
    ///
    /// # Errors
    /// `NoSession` without a session, when it is over or idle, or the agent's row says so.
    pub async fn of(platform: &Platform, request: &Request) -> Result<Self, Error> {
        let token = http::cookie(request, cookie_name(&platform.config)).and_then(Token::parse);
        platform.agents.of_session(&token.ok_or(Refusal::NoSession)?).await
    }
}

impl Agents {
    pub(crate) fn new(table: &Table, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), clock: clock.clone(), random: random.clone() }
    }

    async fn of_session(&self, token: &Token) -> Result<Agent, Error> {
        let now = self.clock.now();
        let session = self.table.find(&Key::agent_session(token)).await?;
        let session = session.filter(|row| !row.is_past(now)).ok_or(Refusal::NoSession)?;
        if session.moment("idle_until")? <= now {
            return Err(Refusal::NoSession.into());
        }
        let sub = session.parsed("sub", |text| AgentSub::parse(text).ok_or(()))?;
        let row = self.table.find(&Key::agent(&sub)).await?.ok_or(Refusal::NoSession)?;
        let agent = read(&row)?.ok_or(Refusal::NoSession)?;
        Ok(agent)
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
}

/// The row of an agent, for the chore that adds one and for tests.
#[must_use]
pub fn row(agent: &Agent, is_active: bool) -> Row {
    Row::new(&Key::agent(&agent.sub))
        .with("agent_name", agent.name.as_str())
        .with("agent_roles", agent.role.names().join(","))
        .with("agent_state", if is_active { "active" } else { "removed" })
}

/// An active agent; nothing of one who was removed.
fn read(row: &Row) -> Result<Option<Agent>, TableError> {
    if row.text("agent_state")? != "active" {
        return Ok(None);
    }
    Ok(Some(Agent {
        sub: AgentSub::parse(row.text("pk")?.trim_start_matches("AGENT#")).ok_or_else(|| {
            TableError::Unavailable("an agent's row has no subject".into())
        })?,
        name: row.parsed("agent_name", Name::parse)?,
        role: row.parsed("agent_roles", |text| AgentRole::parse(text).ok_or(()))?,
    }))
}
