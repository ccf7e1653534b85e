//! Cases: requests for assistance in the hands of the agency's agents. States, thread, lease; what an agent
//! or the person may do. Templates of answers are in `templates`, signals to whoever decides in `signals`.

mod signals;
pub mod templates;

use std::fmt;

pub use self::signals::{
    ESTABLISHMENTS_OF_MAILBOX_MIN, Facts, HolderFacts, RECENT_MAX, SENDER_WINDOW, Signal, SignalKind, signals,
};
pub use self::templates::Template;
use crate::agent::AgentSub;
use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::mail::MailId;
use crate::name::Name;
use crate::refusal::{FieldCode, Refusal};
use crate::secret::SecretKey;
use crate::text;
use crate::ticket::Reference;
use crate::time::{SignedDuration, Timestamp, after};
use crate::token::Token;

/// How long an act of an agent keeps a case for them. It is over by the clock, whether or not a row says so.
pub const CASE_LEASE: SignedDuration = SignedDuration::from_mins(15);
/// Validity of the link to one's request, from when its mail is handed to SES.
pub const REQUEST_LINK_VALID: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest text of a thread, in characters.
pub const CASE_TEXT_LENGTH_MAX: usize = 5_000;
/// Messages of a person that may wait for an answer, written as quickly as they like.
pub const MESSAGES_UNANSWERED_MAX: u64 = 10;
/// Beyond them, the time between two of them.
pub const MESSAGE_INTERVAL: SignedDuration = SignedDuration::from_hours(24);
/// Entries of a thread from which on a person adds none: a new request is easier to read.
pub const PERSON_ENTRIES_MAX: u64 = 120;
/// Entries from which on agents do no more than close. Of the longest texts a whole thread is within what
/// Lambda answers (6 MB).
pub const ENTRIES_MAX: u64 = 200;

/// Where a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CaseState {
    /// For the agency.
    Waiting,
    /// Answered: the person's turn, if they want one.
    Answered,
    Closed,
}

impl CaseState {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Answered, Self::Closed];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }

    /// Reads the name.
    ///
    /// # Errors
    /// `CaseStateUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or(FieldCode::CaseStateUnknown)
    }
}

impl FieldValue for CaseState {
    type Json = String;

    fn read(name: String) -> Result<Self, FieldCode> {
        Self::parse(present(&name)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "CaseState",
            description: "Where a request for assistance is.".to_owned(),
            rule: Rule::OneOf(Self::ALL.map(Self::as_str).to_vec()),
        }
    }
}

/// What an entry of a thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// The person's words.
    Message,
    /// The agency's words to the person.
    Answer,
    /// Among agents.
    Note,
    /// An agent took the case.
    Taken,
    Released,
    Closed,
    Reopened,
    /// What became of a succession: its text is for the person too.
    Succession,
}

impl EntryKind {
    pub const ALL: [Self; 8] = [
        Self::Message,
        Self::Answer,
        Self::Note,
        Self::Taken,
        Self::Released,
        Self::Closed,
        Self::Reopened,
        Self::Succession,
    ];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Answer => "answer",
            Self::Note => "note",
            Self::Taken => "taken",
            Self::Released => "released",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Succession => "succession",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether the person sees it: how agents share their work is their own.
    #[must_use]
    pub fn is_for_person(self) -> bool {
        !matches!(self, Self::Note | Self::Taken | Self::Released)
    }

    /// Whether the person is sent it by mail, when an agent wrote it.
    #[must_use]
    pub fn is_mailed(self) -> bool {
        matches!(self, Self::Answer | Self::Closed | Self::Reopened)
    }
}

/// Who wrote an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryBy {
    Person,
    Agent,
    Service,
}

impl EntryBy {
    pub const ALL: [Self; 3] = [Self::Person, Self::Agent, Self::Service];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Agent => "agent",
            Self::Service => "service",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == name)
    }
}

/// A text of a thread: 1 to 5,000 characters, on any number of lines.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseText(String);

impl CaseText {
    /// Parses what was typed or pasted, as [`Description`](crate::Description) does.
    ///
    /// # Errors
    /// `Required`, `TooLong`.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        let lines = text::lines(input);
        if text::is_blank(&lines) {
            return Err(FieldCode::Required);
        }
        if lines.chars().count() > CASE_TEXT_LENGTH_MAX {
            return Err(FieldCode::TooLong);
        }
        Ok(Self(lines))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldValue for CaseText {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        let (ink, line) = (text::ink_class(), text::line_class());
        Schema {
            name: "CaseText",
            description: format!("1 to {CASE_TEXT_LENGTH_MAX} characters, on any number of lines."),
            rule: Rule::Text(TextRule {
                length_min: 1,
                length_max: Some(CASE_TEXT_LENGTH_MAX),
                pattern: Some(format!("^{ink}(?:[^{line}]*{ink})?$")),
                example: Some("Voici le nom de la nouvelle responsable."),
                ..TextRule::default()
            }),
        }
    }
}

impl fmt::Debug for CaseText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaseText(•••)")
    }
}

/// An agent's lease of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub by: AgentSub,
    pub name: Name,
    pub until: Timestamp,
}

/// What an agent does to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    Take,
    Release,
    Answer,
    Note,
    Close,
    Reopen,
}

impl Act {
    pub const ALL: [Self; 6] =
        [Self::Take, Self::Release, Self::Answer, Self::Note, Self::Close, Self::Reopen];

    /// What the establishment's journal says of it: a noun.
    #[must_use]
    pub fn what(self, reference: &Reference) -> String {
        let noun = match self {
            Self::Take => "prise en charge",
            Self::Release => "remise en attente",
            Self::Answer => "réponse",
            Self::Note => "note interne",
            Self::Close => "clôture",
            Self::Reopen => "réouverture",
        };
        let of = if matches!(self, Self::Answer | Self::Note) { "à" } else { "de" };
        format!("{noun} {of} la demande {}", reference.as_str())
    }

    /// The entry that tells it in the thread.
    #[must_use]
    pub fn entry(self) -> EntryKind {
        match self {
            Self::Take => EntryKind::Taken,
            Self::Release => EntryKind::Released,
            Self::Answer => EntryKind::Answer,
            Self::Note => EntryKind::Note,
            Self::Close => EntryKind::Closed,
            Self::Reopen => EntryKind::Reopened,
        }
    }
}

/// What becomes of an agent's lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// It is as it was.
    Left,
    /// The agent who acts has it until then.
    Until(Timestamp),
    Ended,
}

/// What an act does to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// None when a lease alone is extended, or nothing is done.
    pub entry: Option<EntryKind>,
    pub state: CaseState,
    pub lease: Lease,
    /// Messages that wait for an answer afterwards.
    pub unanswered: u64,
}

/// A case, as its row stood at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub state: CaseState,
    /// How many entries its thread has.
    pub entries: u64,
    /// The person's messages since the agency last wrote to them.
    pub unanswered: u64,
    /// The last of them.
    pub message_at: Option<Timestamp>,
    /// The last lease, which may be over.
    pub held: Option<Held>,
}

impl Case {
    /// As a request comes in.
    pub const NEW: Self =
        Self { state: CaseState::Waiting, entries: 0, unanswered: 0, message_at: None, held: None };

    /// The lease, unless it is over.
    #[must_use]
    pub fn held(&self, now: Timestamp) -> Option<&Held> {
        self.held.as_ref().filter(|held| held.until > now)
    }

    /// What an act of an agent does. It takes the case for them, or extends their lease; closing it and
    /// releasing it end the lease.
    ///
    /// # Errors
    /// `CaseHeld` while another agent holds it; `CaseState`.
    pub fn act(&self, act: Act, by: &AgentSub, now: Timestamp) -> Result<Effect, Refusal> {
        let held = self.held(now);
        if held.is_some_and(|held| held.by != *by) {
            return Err(Refusal::CaseHeld);
        }
        let ends = matches!(act, Act::Close | Act::Release);
        if self.entries >= ENTRIES_MAX && !ends {
            return Err(Refusal::CaseState);
        }
        let state = self.state_after(act)?;
        let entry = match act {
            Act::Take if held.is_some() => None,
            Act::Release if held.is_none() => return Ok(self.nothing()),
            act => Some(act.entry()),
        };
        let lease = if ends { Lease::Ended } else { Lease::Until(after(now, CASE_LEASE)) };
        let tells = entry.is_some_and(EntryKind::is_mailed);
        Ok(Effect { entry, state, lease, unanswered: if tells { 0 } else { self.unanswered } })
    }

    fn state_after(&self, act: Act) -> Result<CaseState, Refusal> {
        let is_closed = self.state == CaseState::Closed;
        match act {
            Act::Take | Act::Release | Act::Note => Ok(self.state),
            Act::Answer if !is_closed => Ok(CaseState::Answered),
            Act::Close if !is_closed => Ok(CaseState::Closed),
            Act::Reopen if is_closed => Ok(CaseState::Waiting),
            Act::Answer | Act::Close | Act::Reopen => Err(Refusal::CaseState),
        }
    }

    /// What a message of the person does, whoever holds the case: it waits again, also when it was closed.
    ///
    /// # Errors
    /// `TooManyMessages`.
    pub fn message(&self, now: Timestamp) -> Result<Effect, Refusal> {
        let next_at = after(self.message_at.unwrap_or(now), MESSAGE_INTERVAL);
        let wait = match self.message_at {
            _ if self.entries >= PERSON_ENTRIES_MAX => MESSAGE_INTERVAL,
            Some(_) if self.unanswered >= MESSAGES_UNANSWERED_MAX && next_at > now => {
                next_at.duration_since(now)
            }
            _ => {
                let (entry, state) = (Some(EntryKind::Message), CaseState::Waiting);
                return Ok(Effect { entry, state, lease: Lease::Left, unanswered: self.unanswered + 1 });
            }
        };
        let retry_after_seconds = u64::try_from(wait.as_secs()).unwrap_or(0) + 1;
        Err(Refusal::TooManyMessages { retry_after_seconds })
    }

    /// What the person's closing does: nothing when it is closed.
    #[must_use]
    pub fn close_by_person(&self) -> Effect {
        match self.state {
            CaseState::Closed => self.nothing(),
            _ => Effect { entry: Some(EntryKind::Closed), state: CaseState::Closed, ..self.nothing() },
        }
    }

    /// What an entry of another procedure does, which may move the case to a state.
    #[must_use]
    pub fn note_procedure(&self, state: Option<CaseState>) -> Effect {
        let state = state.unwrap_or(self.state);
        Effect { entry: Some(EntryKind::Succession), state, ..self.nothing() }
    }

    /// What a note beside a decision does, which needs no lease.
    #[must_use]
    pub fn remark(&self) -> Effect {
        Effect { entry: Some(EntryKind::Note), ..self.nothing() }
    }

    fn nothing(&self) -> Effect {
        Effect { entry: None, state: self.state, lease: Lease::Left, unanswered: self.unanswered }
    }
}

impl Effect {
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.entry.is_none() && self.lease == Lease::Left
    }
}

/// The token of the link to one's request: derived, so that a mail sent twice carries the same link and no
/// row holds a token.
#[must_use]
pub fn request_token(key: &SecretKey, mail: MailId) -> Token {
    Token::from_bytes(key.sign(format!("request {mail}").as_bytes()))
}
