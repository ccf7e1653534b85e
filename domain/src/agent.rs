//! Agents of the agency: who they are to the identity provider, what they may do at the desk.

use crate::as_text::as_text;
use crate::time::SignedDuration;

/// How long an agent's session lasts.
pub const AGENT_SESSION_VALID: SignedDuration = SignedDuration::from_hours(8);
/// How long it lasts without a request.
pub const AGENT_IDLE_MAX: SignedDuration = SignedDuration::from_mins(30);
/// A request puts the end of an idle session off again this long after the last one that did: at most one
/// write in that time.
pub const AGENT_IDLE_STEP: SignedDuration = SignedDuration::from_mins(5);
/// How long a login may take, from our button to the provider's answer.
pub const AGENT_LOGIN_VALID: SignedDuration = SignedDuration::from_mins(10);
/// The longest subject (OpenID Connect Core, 2: 255 ASCII characters).
pub const SUB_LENGTH_MAX: usize = 255;

/// The subject of an agent, as the identity provider names it: never a mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentSub(String);

impl AgentSub {
    /// Parses a subject: 1 to 255 printable ASCII characters without `#` or white space.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_sub = !text.is_empty()
            && text.len() <= SUB_LENGTH_MAX
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
        is_sub.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for AgentSub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(AgentSub, AgentSub::parse);

/// What an agent may do: a supervisor is an agent too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentRole {
    Agent,
    Supervisor,
}

impl AgentRole {
    /// The names on the wire and in the row.
    #[must_use]
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Agent => &["agent"],
            Self::Supervisor => &["agent", "supervisor"],
        }
    }

    /// Reads the row's text: `agent` or `agent,supervisor`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "agent" => Some(Self::Agent),
            "agent,supervisor" => Some(Self::Supervisor),
            _ => None,
        }
    }
}
