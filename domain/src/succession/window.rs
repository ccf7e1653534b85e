//! The window of objection. It opens by facts, which are what became of notices, and never by a clock alone.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::delivery::{Bounce, Event};
use crate::identifier::Identifier;
use crate::mail::MailId;
use crate::siret::Siret;
use crate::time::{SignedDuration, Timestamp, after};

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
