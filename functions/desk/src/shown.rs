//! The answers: the queue, and a case as an agent sees it.

use domain::case::{EntryBy, EntryKind, Signal, SignalKind, Template};
use domain::mail::MailState;
use domain::time::Timestamp;
use domain::{Case, CaseState, Motive, Succession};
use platform::agents::Agent;
use platform::cases::{
    AccountState, CaseFile, CasePage, Designated, Entry, Known, KnownHolder, KnownMail, OtherRequest, Place,
    WholeCase, WholeKnown,
};
use platform::form::schema::{self, Schema};
use platform::successions::SuccessionView;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of cases.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queue {
    /// The oldest first, by when the request came.
    pub cases: Vec<QueuedCase>,
    /// What to ask the next page with (`after`), if there is one.
    pub next: Option<String>,
}

/// A case among others.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueuedCase {
    #[schema(example = "T-261123-7K3MQ2")]
    pub reference: String,
    /// The 14 digits.
    pub siret: String,
    /// As the person wrote it.
    pub establishment_name: String,
    #[schema(schema_with = schema::inline::<Motive>)]
    pub motive: &'static str,
    #[schema(schema_with = schema::inline::<CaseState>)]
    pub state: &'static str,
    /// When the request came.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Who has taken it, if somebody has.
    pub held: Option<CaseHolder>,
}

/// The agent who has taken a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseHolder {
    /// Their name.
    pub by: String,
    /// From then on anybody may take it.
    #[schema(format = DateTime)]
    pub until: String,
    /// Whether it is who asks.
    pub is_mine: bool,
}

/// A case with all that an agent is shown of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseView {
    #[serde(flatten)]
    pub case: QueuedCase,
    /// As the person wrote it.
    pub full_name: String,
    /// E.164.
    #[schema(example = "+33123456789")]
    pub phone: String,
    /// Where answers go.
    pub email: String,
    /// As the person wrote it.
    pub description: String,
    /// What followed, the oldest first.
    pub thread: Vec<CaseEntry>,
    pub known: CaseKnown,
    /// Of the establishment's account, if one was proposed in this case.
    pub succession: Option<SuccessionView>,
    /// What answers may begin with.
    pub templates: Vec<AnswerTemplate>,
}

/// An entry of a thread.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseEntry {
    /// Its number, from 1.
    pub entry: u64,
    #[schema(schema_with = kind_schema)]
    pub kind: &'static str,
    #[schema(schema_with = by_schema)]
    pub by: &'static str,
    /// Of the agent.
    pub name: Option<String>,
    pub text: Option<String>,
    /// What the person was told of why they got it.
    pub reason: Option<&'static str>,
    #[schema(format = DateTime)]
    pub at: String,
}

/// What the service knows beside a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseKnown {
    pub account: CaseAccount,
    /// Passwords tried in vain within a day on accounts of that address; null without such an account.
    pub failed_logins: Option<u64>,
    /// The last mails to that address.
    pub mails: Vec<CaseMail>,
    /// The active holders, the longest-standing first: of several a succession says which it replaces.
    pub holders: Vec<CaseMember>,
    /// Whom holders named in advance to take over.
    pub designated: Vec<CaseDesignated>,
    /// Other requests about the establishment, the latest first.
    pub requests: Vec<CaseRequest>,
    /// What a decision should weigh, each with its reason.
    pub signals: Vec<CaseSignal>,
}

/// The account of the establishment.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseAccount {
    #[schema(schema_with = account_schema)]
    pub state: &'static str,
    /// Active ones.
    pub holders: u64,
    /// Holders included.
    pub members: u64,
}

/// A mail, without its link.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseMail {
    #[schema(example = "ticket-receipt")]
    pub kind: String,
    #[schema(format = DateTime)]
    pub at: String,
    #[schema(schema_with = mail_schema)]
    pub state: &'static str,
}

/// A holder, as `holder` of a succession names them.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseMember {
    #[schema(example = "0h4m7q2x9zc1v5ka")]
    pub member: String,
    pub name: String,
}

/// A successor whom a holder named.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseDesignated {
    pub name: String,
    /// Masked.
    #[schema(example = "j•••@exemple.fr")]
    pub email: String,
    #[schema(format = DateTime)]
    pub named_at: String,
}

/// Another request.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseRequest {
    #[schema(example = "T-261123-7K3MQ2")]
    pub reference: String,
    #[schema(schema_with = schema::inline::<Motive>)]
    pub motive: &'static str,
    #[schema(schema_with = schema::inline::<CaseState>)]
    pub state: &'static str,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// What a decision should weigh.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseSignal {
    #[schema(schema_with = signal_schema)]
    pub kind: &'static str,
    /// In French.
    pub reason: String,
}

/// A text that an answer may begin with.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerTemplate {
    /// What an answer that began with it names (`template`).
    pub name: &'static str,
    pub label: &'static str,
    /// Which the person is told.
    pub reason: &'static str,
    pub text: &'static str,
}

fn kind_schema() -> Schema {
    schema::one_of(EntryKind::ALL.map(EntryKind::as_str))
}

fn by_schema() -> Schema {
    schema::one_of(EntryBy::ALL.map(EntryBy::as_str))
}

fn account_schema() -> Schema {
    schema::one_of(AccountState::ALL.map(AccountState::as_str))
}

fn mail_schema() -> Schema {
    schema::one_of(MailState::ALL.map(MailState::as_str))
}

fn signal_schema() -> Schema {
    schema::one_of(SignalKind::ALL.map(SignalKind::as_str))
}

impl Queue {
    #[must_use]
    pub fn of(page: &CasePage, agent: &Agent, now: Timestamp) -> Self {
        let case = |file: &CaseFile| QueuedCase::of(file, agent, now);
        let next = page.next.as_ref().map(Place::as_str).map(str::to_owned);
        Self { cases: page.cases.iter().map(case).collect(), next }
    }
}

impl QueuedCase {
    fn of(file: &CaseFile, agent: &Agent, now: Timestamp) -> Self {
        Self {
            reference: file.reference.to_string(),
            siret: file.ticket.siret.to_string(),
            establishment_name: file.ticket.establishment_name.as_str().to_owned(),
            motive: file.ticket.motive.as_str(),
            state: file.case.state.as_str(),
            created_at: file.received_at.to_string(),
            held: CaseHolder::of(&file.case, agent, now),
        }
    }
}

impl CaseHolder {
    fn of(case: &Case, agent: &Agent, now: Timestamp) -> Option<Self> {
        let held = case.held(now)?;
        let (by, until) = (held.name.as_str().to_owned(), held.until.to_string());
        Some(Self { by, until, is_mine: held.by == agent.sub })
    }
}

impl CaseView {
    #[must_use]
    pub fn of(
        whole: WholeCase,
        (known, succession): (WholeKnown, Option<&Succession>),
        agent: &Agent,
        now: Timestamp,
    ) -> Self {
        let WholeCase { file, thread } = whole;
        let ticket = &file.ticket;
        Self {
            case: QueuedCase::of(&file, agent, now),
            full_name: ticket.full_name.as_str().to_owned(),
            phone: ticket.phone.as_str().to_owned(),
            email: ticket.email.as_str().to_owned(),
            description: ticket.description.as_str().to_owned(),
            thread: thread.into_iter().map(CaseEntry::of).collect(),
            known: CaseKnown::of(known),
            succession: succession.map(|known| SuccessionView::of(known, &agent.sub)),
            templates: Template::ALL.iter().map(AnswerTemplate::of).collect(),
        }
    }
}

impl CaseEntry {
    fn of(entry: Entry) -> Self {
        Self {
            entry: entry.number,
            kind: entry.kind.as_str(),
            by: entry.by.as_str(),
            name: entry.name.map(|name| name.as_str().to_owned()),
            text: entry.text,
            reason: entry.template.map(|template| template.reason),
            at: entry.at.to_string(),
        }
    }
}

impl CaseKnown {
    fn of(known: WholeKnown) -> Self {
        let WholeKnown { known, holders, designated, requests, signals } = known;
        let Known { account, failed_logins, mails } = known;
        Self {
            account: CaseAccount {
                state: account.state.as_str(),
                holders: account.holders,
                members: account.members,
            },
            failed_logins,
            mails: mails.iter().map(CaseMail::of).collect(),
            holders: holders.iter().map(CaseMember::of).collect(),
            designated: designated.iter().map(CaseDesignated::of).collect(),
            requests: requests.iter().map(CaseRequest::of).collect(),
            signals: signals.into_iter().map(CaseSignal::of).collect(),
        }
    }
}

impl CaseMail {
    fn of(mail: &KnownMail) -> Self {
        let kind = mail.job.kind().replace('_', "-");
        Self { kind, at: mail.at.to_string(), state: mail.state.as_str() }
    }
}

impl CaseMember {
    fn of(holder: &KnownHolder) -> Self {
        Self { member: holder.member.to_string(), name: holder.name.joined() }
    }
}

impl CaseDesignated {
    fn of(designated: &Designated) -> Self {
        Self {
            name: designated.name.joined(),
            email: designated.email.masked(),
            named_at: designated.named_at.to_string(),
        }
    }
}

impl CaseRequest {
    fn of(request: &OtherRequest) -> Self {
        Self {
            reference: request.reference.to_string(),
            motive: request.motive.as_str(),
            state: request.state.as_str(),
            created_at: request.received_at.to_string(),
        }
    }
}

impl CaseSignal {
    fn of(signal: Signal) -> Self {
        Self { kind: signal.kind.as_str(), reason: signal.reason }
    }
}

impl AnswerTemplate {
    fn of(template: &Template) -> Self {
        let Template { name, label, reason, text } = *template;
        Self { name, label, reason, text }
    }
}
