//! A succession on the wire: for agents, and for who made the request.

use domain::agent::AgentSub;
use domain::succession::{
    Because, Evidence, EvidenceKind, Mark, Notice, NoticeState, State, Succession, Window,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::form::schema::{self, Schema};

/// A succession, as agents see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuccessionView {
    /// Its id at the desk.
    #[schema(example = "7k3mq2fd9w4t5r6y")]
    pub succession: String,
    #[schema(schema_with = state_schema)]
    pub state: &'static str,
    /// Who is replaced.
    pub holder: String,
    /// Who takes over.
    pub successor: String,
    /// The address of who takes over, masked.
    #[schema(example = "p•••@exemple.fr")]
    pub email: String,
    pub evidence: Vec<ShownEvidence>,
    /// The agent who proposed it.
    pub proposed_by: String,
    #[schema(format = DateTime)]
    pub proposed_at: String,
    /// The agent who approved it.
    pub approved_by: Option<String>,
    /// The first of two agents who lift an objection.
    pub lifted_by: Option<String>,
    /// None before a delivery opens it.
    pub window: Option<ShownWindow>,
    pub notices: Vec<ShownNotice>,
    #[schema(format = DateTime)]
    pub contested_at: Option<String>,
    #[schema(format = DateTime)]
    pub executed_at: Option<String>,
    /// What a refusal asks for.
    pub missing: Option<String>,
    /// Whether it is who asks that proposed it.
    pub is_mine: bool,
}

/// A piece of evidence.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownEvidence {
    #[schema(schema_with = kind_schema)]
    pub kind: &'static str,
    pub text: String,
}

/// The window of objection.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownWindow {
    pub days: u32,
    #[schema(format = DateTime)]
    pub opened_at: String,
    /// Its last second.
    #[schema(format = DateTime)]
    pub contest_until: String,
    /// The mailbox of who is replaced took its notice, or is dead and the others count.
    #[schema(schema_with = because_schema)]
    pub because: &'static str,
}

/// A notice, and where it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownNotice {
    /// `holder` is who is replaced.
    #[schema(schema_with = to_schema)]
    pub to: &'static str,
    /// The masked address, or the name of a cabinet.
    pub sent_to: String,
    #[schema(schema_with = notice_schema)]
    pub state: &'static str,
}

fn state_schema() -> Schema {
    schema::one_of(State::ALL.map(State::as_str))
}

fn kind_schema() -> Schema {
    schema::one_of(EvidenceKind::ALL.map(EvidenceKind::as_str))
}

fn because_schema() -> Schema {
    schema::one_of(Because::ALL.map(Because::as_str))
}

fn to_schema() -> Schema {
    schema::one_of(["holder", "member", "cabinet"])
}

fn notice_schema() -> Schema {
    schema::one_of(NoticeState::ALL.map(NoticeState::as_str))
}

impl SuccessionView {
    /// As an agent sees it.
    #[must_use]
    pub fn of(succession: &Succession, me: &AgentSub) -> Self {
        let name = |mark: &Option<Mark>| mark.as_ref().map(|mark| mark.name.as_str().to_owned());
        let notice = |notice: &Notice| ShownNotice {
            to: notice.to.as_str(),
            sent_to: notice.sent_to.clone(),
            state: succession.facts.state(notice.mail).as_str(),
        };
        Self {
            succession: succession.id.to_string(),
            state: succession.state().as_str(),
            holder: succession.holder_name.joined(),
            successor: succession.name.joined(),
            email: succession.email.masked(),
            evidence: succession.evidence.iter().map(ShownEvidence::of).collect(),
            proposed_by: succession.proposed.name.as_str().to_owned(),
            proposed_at: succession.proposed.at.to_string(),
            approved_by: name(&succession.approved),
            lifted_by: name(&succession.lifted),
            window: succession.window().map(ShownWindow::of),
            notices: succession.notices.iter().map(notice).collect(),
            contested_at: succession.contested_at.map(|at| at.to_string()),
            executed_at: succession.executed_at.map(|at| at.to_string()),
            missing: succession.missing.as_ref().map(|missing| missing.as_str().to_owned()),
            is_mine: succession.proposed.by == *me,
        }
    }
}

impl ShownEvidence {
    fn of(evidence: &Evidence) -> Self {
        Self { kind: evidence.kind.as_str(), text: evidence.text.as_str().to_owned() }
    }
}

impl ShownWindow {
    fn of(window: Window) -> Self {
        Self {
            days: window.days,
            opened_at: window.opened_at.to_string(),
            contest_until: window.contest_until.to_string(),
            because: window.because.as_str(),
        }
    }
}
