//! Successions: an account is handed over in the place of a holder who has left. What is known of one, the
//! state that this makes, and the window of objection, which opens by facts and never by a clock alone.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::agent::AgentSub;
use crate::delivery::{Bounce, Event};
use crate::email::Email;
use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::identifier::Identifier;
use crate::invitation::InvitationId;
use crate::mail::MailId;
use crate::name::{FullName, Name};
use crate::opaque::opaque_id;
use crate::opening::Opening;
use crate::refusal::{FieldCode, Refusal};
use crate::secret::SecretKey;
use crate::siret::Siret;
use crate::text;
use crate::ticket::Reference;
use crate::time::{SignedDuration, Timestamp, after};
use crate::token::Token;

/// The window of objection from the delivery of the notice to the mailbox of who is replaced, in days. An
/// operator can set another.
pub const SUCCESSION_DAYS: u32 = 7;
/// The longest that an operator can set.
pub const SUCCESSION_DAYS_MAX: u32 = 60;
/// How many times as long it is when that mailbox is dead and the others count.
const LONGER_TIMES: u32 = 2;
/// Clocks are apart by less: what is approved has waited that much longer, so that an objection of the
/// window's last second is never too late.
pub const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_secs(5);
/// Notices of one round, that of who is replaced included: one write has them all.
pub const NOTICES_MAX: usize = 40;
/// Pieces of evidence of one proposal.
pub const EVIDENCE_PIECES_MAX: usize = 10;
/// The longest text of a piece of evidence, and of a refusal.
pub const STATEMENT_LENGTH_MAX: usize = 1_000;

opaque_id! {
    /// The id of a succession at the desk. It opens nothing.
    SuccessionId
}

/// What an agent wrote: 1 to 1,000 characters, several lines.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Statement(String);

impl Statement {
    /// Parses what was typed or pasted. Line ends become `\n`; invisible characters are dropped.
    ///
    /// # Errors
    /// `Required`, `TooLong`.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        let lines = input.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
        let is_kept = |c: &char| matches!(c, '\n' | '\t') || !text::is_invisible(*c);
        let visible: String = lines.chars().filter(is_kept).collect();
        let trimmed = visible.trim();
        if text::is_blank(trimmed) {
            return Err(FieldCode::Required);
        }
        if trimmed.chars().count() > STATEMENT_LENGTH_MAX {
            return Err(FieldCode::TooLong);
        }
        Ok(Self(trimmed.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn rule() -> TextRule {
        let (ink, line) = (text::ink_class(), text::class(|c| text::is_invisible(c) && !is_line(c)));
        TextRule {
            length_min: 1,
            length_max: Some(STATEMENT_LENGTH_MAX),
            pattern: Some(format!("^(?:{ink}|{ink}[^{line}]*{ink})$")),
            example: Some("Attestation de départ signée par l'employeur."),
            ..TextRule::default()
        }
    }
}

fn is_line(c: char) -> bool {
    matches!(c, '\n' | '\t')
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Statement(•••)")
    }
}

impl FieldValue for Statement {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "Statement",
            description: format!("1 to {STATEMENT_LENGTH_MAX} characters, on any number of lines."),
            rule: Rule::Text(Self::rule()),
        }
    }
}

/// What a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Of the employer.
    #[serde(rename = "letter")]
    SignedLetter,
    /// The register of companies.
    CompanyRegister,
    /// A contract of work or of service.
    Contract,
    /// A holder had named this person to take over.
    NamedSuccessor,
    /// The word of a member of the establishment.
    MemberWord,
    /// The word of an accountant with a mandate.
    CabinetWord,
    /// What the agency knows by itself.
    AgencyKnowledge,
}

impl EvidenceKind {
    pub const ALL: [Self; 7] = [
        Self::SignedLetter,
        Self::CompanyRegister,
        Self::Contract,
        Self::NamedSuccessor,
        Self::MemberWord,
        Self::CabinetWord,
        Self::AgencyKnowledge,
    ];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedLetter => "letter",
            Self::CompanyRegister => "company-register",
            Self::Contract => "contract",
            Self::NamedSuccessor => "named-successor",
            Self::MemberWord => "member-word",
            Self::CabinetWord => "cabinet-word",
            Self::AgencyKnowledge => "agency-knowledge",
        }
    }

    /// Reads the name on the wire.
    ///
    /// # Errors
    /// `EvidenceUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(FieldCode::EvidenceUnknown)
    }
}

/// A piece of evidence, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub kind: EvidenceKind,
    pub text: Statement,
}

/// The pieces of evidence of a proposal: one to [`EVIDENCE_PIECES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceList(pub Vec<Evidence>);

/// A piece of evidence on the wire.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceJson {
    kind: String,
    text: String,
}

impl FieldValue for EvidenceList {
    type Json = Vec<EvidenceJson>;

    fn read(pieces: Vec<EvidenceJson>) -> Result<Self, FieldCode> {
        if pieces.is_empty() {
            return Err(FieldCode::Required);
        }
        if pieces.len() > EVIDENCE_PIECES_MAX {
            return Err(FieldCode::TooLong);
        }
        let read = |piece: EvidenceJson| {
            Ok(Evidence { kind: EvidenceKind::parse(&piece.kind)?, text: Statement::parse(&piece.text)? })
        };
        pieces.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    fn schema() -> Schema {
        let kinds = EvidenceKind::ALL.map(EvidenceKind::as_str).to_vec();
        Schema {
            name: "EvidenceList",
            description: format!("1 to {EVIDENCE_PIECES_MAX} pieces of evidence, each with what it says."),
            rule: Rule::Objects {
                members: vec![("kind", Rule::OneOf(kinds)), ("text", Rule::Text(Statement::rule()))],
                length_max: EVIDENCE_PIECES_MAX,
            },
        }
    }
}

/// Whom a notice is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Who is replaced.
    Holder(Identifier),
    /// Another holder, or a member.
    Member(Identifier),
    /// An establishment that has a mandate.
    Cabinet(Siret),
}

impl Told {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Holder(_) => "holder",
            Self::Member(_) => "member",
            Self::Cabinet(_) => "cabinet",
        }
    }

    #[must_use]
    pub fn is_holder(&self) -> bool {
        matches!(self, Self::Holder(_))
    }
}

/// A notice of a round, by its mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub mail: MailId,
    pub to: Told,
    /// The masked address, or the establishment's name.
    pub sent_to: String,
}

/// What an event says of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactKind {
    /// SES took it.
    Sent,
    /// The receiver's server took it.
    Delivered,
    /// It came back, and the next mail may arrive: a full mailbox, an automatic answer.
    Returned,
    /// It came back for good, or was not sent since the mailbox is known to be dead.
    Dead,
}

impl FactKind {
    pub const ALL: [Self; 4] = [Self::Sent, Self::Delivered, Self::Returned, Self::Dead];

    /// What an event of SES says; nothing of a delay.
    #[must_use]
    pub fn of(event: Event) -> Option<Self> {
        match event {
            Event::Sent => Some(Self::Sent),
            Event::Delayed => None,
            // Who calls it spam has it.
            Event::Delivered | Event::Complained => Some(Self::Delivered),
            Event::Bounced(Bounce { is_permanent: true, .. }) | Event::Rejected => Some(Self::Dead),
            Event::Bounced(_) => Some(Self::Returned),
        }
    }

    /// The name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Dead => "dead",
        }
    }
}

/// A fact of a notice, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    pub mail: MailId,
    pub kind: FactKind,
    pub at: Timestamp,
}

impl Fact {
    #[must_use]
    pub fn new(mail: MailId, kind: FactKind, at: Timestamp) -> Self {
        Self { mail, kind, at: Timestamp::from_second(at.as_second()).unwrap_or(at) }
    }

    /// Reads what the table holds.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        let mut parts = printed.split(' ');
        let (mail, kind, second) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            mail: MailId::parse(mail)?,
            kind: FactKind::ALL.into_iter().find(|known| known.as_str() == kind)?,
            at: Timestamp::from_second(second.parse().ok()?).ok()?,
        })
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.mail, self.kind.as_str(), self.at.as_second())
    }
}

/// The facts of notices: a set, so that events may come late, twice and in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(BTreeSet<Fact>);

impl Facts {
    pub fn add(&mut self, fact: Fact) {
        self.0.insert(fact);
    }

    fn of(&self, mail: MailId, kind: FactKind) -> impl Iterator<Item = Timestamp> {
        self.0.iter().filter(move |fact| fact.mail == mail && fact.kind == kind).map(|fact| fact.at)
    }

    /// When a mail first reached its receiver.
    #[must_use]
    pub fn delivered_at(&self, mail: MailId) -> Option<Timestamp> {
        self.of(mail, FactKind::Delivered).min()
    }

    /// Since when its mailbox is dead: at the latest word. One that came back for now and was delivered is an
    /// automatic answer.
    #[must_use]
    pub fn dead_at(&self, mail: MailId) -> Option<Timestamp> {
        let returned = self.of(mail, FactKind::Returned).filter(|_| self.delivered_at(mail).is_none());
        returned.chain(self.of(mail, FactKind::Dead)).max()
    }

    /// Where a notice is.
    #[must_use]
    pub fn state(&self, mail: MailId) -> NoticeState {
        if self.dead_at(mail).is_some() {
            NoticeState::Bounced
        } else if self.delivered_at(mail).is_some() {
            NoticeState::Delivered
        } else if self.of(mail, FactKind::Sent).next().is_some() {
            NoticeState::Sent
        } else {
            NoticeState::Queued
        }
    }
}

impl FromIterator<Fact> for Facts {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

/// Where a notice is, as agents see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    Queued,
    Sent,
    Delivered,
    Bounced,
}

impl NoticeState {
    pub const ALL: [Self; 4] = [Self::Queued, Self::Sent, Self::Delivered, Self::Bounced];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
        }
    }
}

/// Why the window opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The mailbox of who is replaced took its notice.
    Delivered,
    /// It is dead: the others count, and the window is longer.
    Bounced,
}

impl Because {
    pub const ALL: [Self; 2] = [Self::Delivered, Self::Bounced];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
        }
    }
}

/// The window of objection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub days: u32,
    pub opened_at: Timestamp,
    /// Its last second, which an objection has.
    pub contest_until: Timestamp,
    pub because: Because,
}

impl Window {
    fn new(days: u32, opened_at: Timestamp, because: Because) -> Self {
        let contest_until = after(opened_at, DAY * i32::try_from(days).unwrap_or(i32::MAX));
        Self { days, opened_at, contest_until, because }
    }

    /// Whether it is certainly over, by any clock.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now > after(self.contest_until, CLOCKS_APART_MAX)
    }
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The window that these facts open, if they open one.
///
/// It opens by the delivery to who is replaced. If that mailbox is dead, also after a delivery, it opens by
/// the first delivery to another, not before the last bounce; and where there is no other, or all are dead,
/// by the last bounce of all. Without such an event there is none, whatever a clock says.
#[must_use]
pub fn window(notices: &[Notice], facts: &Facts, days: u32) -> Option<Window> {
    let holder = notices.iter().find(|notice| notice.to.is_holder())?.mail;
    let Some(dead_at) = facts.dead_at(holder) else {
        let opened_at = facts.delivered_at(holder)?;
        return Some(Window::new(days, opened_at, Because::Delivered));
    };
    let others = || notices.iter().filter(|notice| !notice.to.is_holder()).map(|notice| notice.mail);
    let opened_at = match others().filter_map(|mail| facts.delivered_at(mail)).min() {
        Some(told_at) => told_at.max(dead_at),
        None => others().map(|mail| facts.dead_at(mail)).try_fold(dead_at, |last, at| Some(last.max(at?)))?,
    };
    Some(Window::new(days.saturating_mul(LONGER_TIMES), opened_at, Because::Bounced))
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
