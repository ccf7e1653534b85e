//! Successions: an account is handed over in the place of a holder who has left. What is known of one, and
//! the state that this makes: by what shows it (`evidence`), and a window of objection that facts open
//! (`window`).

mod evidence;
mod window;

use serde::{Deserialize, Serialize};

pub use self::evidence::{
    EVIDENCE_PIECES_MAX, Evidence, EvidenceJson, EvidenceKind, EvidenceList, STATEMENT_LENGTH_MAX, Statement,
};
pub use self::window::{
    Because, CLOCKS_APART_MAX, Fact, FactKind, Facts, NOTICES_MAX, Notice, NoticeState, SUCCESSION_DAYS,
    SUCCESSION_DAYS_MAX, Told, Window, window,
};
use crate::agent::AgentSub;
use crate::email::Email;
use crate::identifier::Identifier;
use crate::invitation::InvitationId;
use crate::mail::MailId;
use crate::name::{FullName, Name};
use crate::opaque::opaque_id;
use crate::opening::Opening;
use crate::refusal::Refusal;
use crate::secret::SecretKey;
use crate::siret::Siret;
use crate::ticket::Reference;
use crate::time::Timestamp;
use crate::token::Token;

opaque_id! {
    /// The id of a succession at the desk. It opens nothing.
    SuccessionId
}

/// Where a succession is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Proposed,
    /// The notice to who is replaced has left, and nothing is known of its arrival.
    Noticed,
    /// The window is open, or over and not approved.
    Waiting,
    Approved,
    Executed,
    Contested,
    Refused,
    Withdrawn,
}

impl State {
    pub const ALL: [Self; 8] = [
        Self::Proposed,
        Self::Noticed,
        Self::Waiting,
        Self::Approved,
        Self::Executed,
        Self::Contested,
        Self::Refused,
        Self::Withdrawn,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Noticed => "noticed",
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Executed => "executed",
            Self::Contested => "contested",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether nothing can change it any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Executed | Self::Refused | Self::Withdrawn)
    }
}

/// What an agent did, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub by: AgentSub,
    pub name: Name,
    pub at: Timestamp,
}

/// A succession, by its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    pub id: SuccessionId,
    /// The request for assistance that it answers.
    pub reference: Reference,
    pub siret: Siret,
    pub opening: Opening,
    pub establishment_name: Name,
    /// Who is replaced.
    pub holder: Identifier,
    pub holder_name: FullName,
    /// Who takes over.
    pub name: FullName,
    pub email: Email,
    pub evidence: Vec<Evidence>,
    /// The window by delivery, as it was set when this was proposed.
    pub days: u32,
    /// The invitation by which who takes over comes in.
    pub invitation: InvitationId,
    pub proposed: Mark,
    /// From 1; a lifted objection begins another.
    pub round: u64,
    /// Those of the round.
    pub notices: Vec<Notice>,
    pub facts: Facts,
    pub approved: Option<Mark>,
    pub executed_at: Option<Timestamp>,
    pub contested_at: Option<Timestamp>,
    /// The first of the two agents who lift an objection.
    pub lifted: Option<Mark>,
    pub refused: Option<Mark>,
    /// What is missing, as the refusal says it.
    pub missing: Option<Statement>,
    pub withdrawn: Option<Mark>,
}

/// What an approval does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// It approves; the execution follows.
    Approve,
    /// It carries out what is approved.
    Execute,
    /// It is the first of two that lift an objection.
    Lift,
    /// It is the second: a new round begins.
    Renew,
    /// It sends the invitation again, if that is not accepted.
    SendAgain,
    /// It is the same once more.
    Nothing,
}

impl Succession {
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        window(&self.notices, &self.facts, self.days)
    }

    #[must_use]
    pub fn state(&self) -> State {
        let is_sent = |notice: &Notice| self.facts.state(notice.mail) != NoticeState::Queued;
        if self.executed_at.is_some() {
            State::Executed
        } else if self.refused.is_some() {
            State::Refused
        } else if self.withdrawn.is_some() {
            State::Withdrawn
        } else if self.contested_at.is_some() {
            State::Contested
        } else if self.approved.is_some() {
            State::Approved
        } else if self.window().is_some() {
            State::Waiting
        } else if self.notices.iter().any(|notice| notice.to.is_holder() && is_sent(notice)) {
            State::Noticed
        } else {
            State::Proposed
        }
    }

    /// Until when an objection is in time, once that is known, while there is one to wait for.
    #[must_use]
    pub fn contest_until(&self) -> Option<Timestamp> {
        let waits = matches!(self.state(), State::Waiting | State::Approved);
        self.window().filter(|_| waits).map(|window| window.contest_until)
    }

    /// What the approval of an agent does now. The write has the same conditions: another proposer than this
    /// agent; and not contested, refused, withdrawn or executed, in this round, with these facts.
    ///
    /// # Errors
    /// `TwoPersons` for who proposed; `SuccessionState` before the window is over, or after an end.
    pub fn approval(&self, by: &AgentSub, now: Timestamp) -> Result<Approval, Refusal> {
        let state = self.state();
        // Nothing is decided any more.
        if state == State::Executed {
            return Ok(Approval::SendAgain);
        }
        if self.proposed.by == *by {
            return Err(Refusal::TwoPersons);
        }
        match state {
            State::Contested => Ok(match &self.lifted {
                None => Approval::Lift,
                Some(first) if first.by == *by => Approval::Nothing,
                Some(_) => Approval::Renew,
            }),
            State::Waiting | State::Approved if self.window().is_some_and(|window| window.is_over(now)) => {
                Ok(if self.approved.is_some() { Approval::Execute } else { Approval::Approve })
            }
            _ => Err(Refusal::SuccessionState),
        }
    }

    /// Whether a refusal changes anything; the same once more does not.
    ///
    /// # Errors
    /// `SuccessionState` after another end.
    pub fn refusal(&self) -> Result<bool, Refusal> {
        self.end(State::Refused)
    }

    /// The same for a withdrawal, by who proposed or a supervisor.
    ///
    /// # Errors
    /// `NotProposer`; `SuccessionState` after another end.
    pub fn withdrawal(&self, by: &AgentSub, is_supervisor: bool) -> Result<bool, Refusal> {
        if self.proposed.by != *by && !is_supervisor {
            return Err(Refusal::NotProposer);
        }
        self.end(State::Withdrawn)
    }

    fn end(&self, end: State) -> Result<bool, Refusal> {
        match self.state() {
            state if state == end => Ok(false),
            state if state.is_over() => Err(Refusal::SuccessionState),
            _ => Ok(true),
        }
    }
}

/// What those who had a notice are told later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    Executed,
    Contested,
    /// Refused, or withdrawn.
    Dropped,
}

/// The token of a notice: derived, so that a mail sent twice carries the same link and no row holds a token.
#[must_use]
pub fn contest_token(key: &SecretKey, mail: MailId) -> Token {
    Token::from_bytes(key.sign(format!("contest {mail}").as_bytes()))
}
