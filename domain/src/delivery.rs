//! What becomes of a mail after SES took it, and the health of the domains that receive.

use std::cmp::Ordering;

use crate::journal::MandateEvent;
use crate::mail::{MailJob, MailState};
use crate::time::{SignedDuration, Timestamp};

/// The window of a domain's health.
pub const HEALTH_WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// The fewest mails within [`HEALTH_WINDOW`] that say anything about a domain.
pub const HEALTH_MAILS_MIN: u64 = 5;
/// The median delay from which on a domain delays mails.
pub const HEALTH_DELAY: SignedDuration = SignedDuration::from_mins(5);
/// How long an address that bounced for good is not written to.
pub const BOUNCED_RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long one that complained is not.
pub const COMPLAINED_RETENTION: SignedDuration = SignedDuration::from_hours(365 * 24);

/// What an event of SES says of a mail (SES, «Monitor email sending using event publishing»).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// SES took it.
    Sent,
    /// The receiver's server put it off; SES tries again.
    Delayed,
    /// The receiver's server took it.
    Delivered,
    /// It came back.
    Bounced(Bounce),
    /// Its reader called it spam.
    Complained,
    /// SES took it and does not send it: a virus, or a template that does not render.
    Rejected,
}

/// A mail that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounce {
    /// Whether the address will refuse the next mail too. An automatic answer («I am away») is a bounce that
    /// is not.
    pub is_permanent: bool,
    pub reason: Reason,
}

/// Why a mail came back, or is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    MailboxUnknown,
    MailboxFull,
    MailboxClosed,
    DomainUnknown,
    /// The receiver takes no mail of ours, or none like this one.
    Blocked,
    TooLarge,
    /// SES did not try: the address is on one of its lists of those that bounced or complained before.
    Listed,
    Other,
}

impl Reason {
    pub const ALL: [Self; 8] = [
        Self::MailboxUnknown,
        Self::MailboxFull,
        Self::MailboxClosed,
        Self::DomainUnknown,
        Self::Blocked,
        Self::TooLarge,
        Self::Listed,
        Self::Other,
    ];

    /// The name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MailboxUnknown => "mailbox-unknown",
            Self::MailboxFull => "mailbox-full",
            Self::MailboxClosed => "mailbox-closed",
            Self::DomainUnknown => "domain-unknown",
            Self::Blocked => "blocked",
            Self::TooLarge => "too-large",
            Self::Listed => "listed",
            Self::Other => "other",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// From SES's subtype, the server's enhanced status code (RFC 3463) and its words. The code tells more
    /// than the subtype, where there is one: SES says `General` of most. The words tell apart what servers
    /// mean by one code.
    #[must_use]
    pub fn of(subtype: &str, status: &str, diagnostic: &str) -> Self {
        let code = status.split_once('.').map_or("", |(_, code)| code);
        let diagnostic = diagnostic.to_ascii_lowercase();
        let says = |words: &str| diagnostic.contains(words);
        match (code, subtype) {
            (_, "OnAccountSuppressionList") => Self::Listed,
            // On SES's list of every customer: read as the bounce that put it there, else an activation would
            // tell that a recovery has bounced before.
            (_, "Suppressed") => Self::MailboxUnknown,
            ("2.2", _) | (_, "MailboxFull") => Self::MailboxFull,
            // RFC 7505 made the code for domains without mail; Microsoft 365 says it of a mailbox.
            ("1.10", _) if says("null mx") || says("nullmx") => Self::DomainUnknown,
            ("1.1" | "1.3" | "1.6" | "1.10", _) | (_, "NoEmail") => Self::MailboxUnknown,
            // Microsoft 365 and outlook.com.
            ("4.1", _) if says("recipient address rejected") => Self::MailboxUnknown,
            ("5.0", _) if says("mailbox unavailable") => Self::MailboxUnknown,
            ("2.1", _) => Self::MailboxClosed,
            ("1.2" | "4.4", _) => Self::DomainUnknown,
            ("2.3" | "3.4", _) | (_, "MessageTooLarge") => Self::TooLarge,
            (_, "ContentRejected" | "AttachmentRejected") => Self::Blocked,
            _ if code.starts_with("7.") => Self::Blocked,
            _ => Self::Other,
        }
    }

    /// Whether it is the domain that refuses, and not one of its mailboxes: a stranger who has us write to
    /// addresses that do not exist must not make a domain look closed.
    #[must_use]
    pub fn is_of_domain(self) -> bool {
        matches!(self, Self::DomainUnknown | Self::Blocked)
    }
}

/// How far a mail has come. Events arrive in any order, twice or late: the furthest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub state: MailState,
    /// When it came so far.
    pub at: Timestamp,
    pub reason: Option<Reason>,
}

impl Progress {
    /// After an event, if it is news: a later state, or the same at a later second, as the table keeps it.
    #[must_use]
    pub fn on(self, event: Event, at: Timestamp) -> Option<Self> {
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let next = Self { state: MailState::after(event), at, reason: event.reason() };
        (next.compare(&self) == Ordering::Greater).then_some(next)
    }

    /// By state, then by moment, then by reason: total, so that the order of the events does not matter.
    fn compare(&self, other: &Self) -> Ordering {
        let rank = |progress: &Self| {
            let reason = progress.reason.map_or("", Reason::as_str);
            (progress.state.rank(), progress.at, reason)
        };
        rank(self).cmp(&rank(other))
    }
}

impl Event {
    fn reason(self) -> Option<Reason> {
        match self {
            Self::Bounced(bounce) => Some(bounce.reason),
            _ => None,
        }
    }

    /// What it teaches about the address.
    #[must_use]
    pub fn standing(self) -> Option<AddressStanding> {
        match self {
            Self::Bounced(Bounce { is_permanent: true, reason }) if !reason.is_of_domain() => {
                Some(AddressStanding::Bounced)
            }
            Self::Complained => Some(AddressStanding::Complained),
            _ => None,
        }
    }
}

/// An address that is not written to as before; the later of two counts more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressStanding {
    /// A mail to it bounced for good.
    Bounced,
    /// Its reader called a mail spam.
    Complained,
}

impl AddressStanding {
    /// The name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Bounced, Self::Complained].into_iter().find(|standing| standing.as_str() == name)
    }

    /// From the event that it came of.
    #[must_use]
    pub fn retention(self) -> SignedDuration {
        match self {
            Self::Bounced => BOUNCED_RETENTION,
            Self::Complained => COMPLAINED_RETENTION,
        }
    }

    /// Whether this mail goes there all the same. The agency's address is the operator's to mend: its mails
    /// always go.
    #[must_use]
    pub fn admits(self, job: &MailJob) -> bool {
        match job {
            MailJob::TicketToAgency { .. } | MailJob::AgencyDigest { .. } => true,
            MailJob::TicketReceipt { .. } | MailJob::RequestAnswer { .. } => self == Self::Complained,
            // What protects an account is told to who has called another mail spam.
            MailJob::AddressNotice { .. }
            | MailJob::PasswordChanged { .. }
            | MailJob::MemberJoined { .. }
            | MailJob::MemberChanged { .. }
            | MailJob::SpaceClosed { .. }
            | MailJob::SuccessionNotice { .. }
            | MailJob::SuccessionNews { .. }
            | MailJob::AccountClosed { .. } => self == Self::Complained,
            // So is what others do with one's own establishment.
            MailJob::Mandate { event, .. } => self == Self::Complained && *event != MandateEvent::Offered,
            // Its owner has just said that the address is right.
            MailJob::Activation { is_corrected, .. } => self == Self::Bounced && *is_corrected,
            _ => false,
        }
    }
}

/// Mails to one domain within a window, by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainCounts {
    /// Delivered, by [`DelayBin`].
    pub delivered: Vec<(DelayBin, u64)>,
    /// Put off at least once.
    pub delayed: u64,
    /// Those of them that are no longer.
    pub resumed: u64,
    /// Come back because of the mailbox.
    pub bounced: u64,
    /// Come back because of the domain.
    pub refused: u64,
}

/// What a domain does with mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainHealth {
    /// Too few mails to tell.
    Unknown,
    Good,
    /// With the median delay of those that it took, in seconds, if it took any.
    Delayed {
        median_seconds: Option<u64>,
    },
    Refusing,
}

impl DomainCounts {
    /// Half of the mails decide.
    #[must_use]
    pub fn health(&self) -> DomainHealth {
        let delivered: u64 = self.delivered.iter().map(|(_, count)| count).sum();
        let waiting = self.delayed.saturating_sub(self.resumed);
        let all = delivered + waiting + self.bounced + self.refused;
        if all < HEALTH_MAILS_MIN {
            return DomainHealth::Unknown;
        }
        if self.refused * 2 >= all {
            return DomainHealth::Refusing;
        }
        let median_seconds = self.median_seconds();
        let is_slow = median_seconds.is_some_and(|seconds| seconds >= HEALTH_DELAY.as_secs().unsigned_abs());
        if is_slow || waiting * 2 >= all {
            return DomainHealth::Delayed { median_seconds };
        }
        DomainHealth::Good
    }

    /// The median of the delays, to a quarter of itself.
    #[must_use]
    pub fn median_seconds(&self) -> Option<u64> {
        let delivered: u64 = self.delivered.iter().map(|(_, count)| count).sum();
        let mut bins = self.delivered.clone();
        bins.sort_by_key(|(bin, _)| *bin);
        let mut before = 0;
        for (bin, count) in bins {
            before += count;
            if before * 2 >= delivered && delivered > 0 {
                return Some(bin.seconds());
            }
        }
        None
    }
}

/// A bin of delays: each is a quarter longer than the one before, the first ends at a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DelayBin(u8);

/// The last bin: two hours and more.
const BINS_MAX: u8 = 40;

impl DelayBin {
    #[must_use]
    pub fn of(delay: SignedDuration) -> Self {
        let delay_ms = delay.as_millis().max(0);
        let is_within = |bin: &u8| delay_ms <= i128::from(Self(*bin).end_ms());
        Self((0..BINS_MAX).find(is_within).unwrap_or(BINS_MAX))
    }

    /// From the number in the table.
    #[must_use]
    pub fn parse(number: &str) -> Option<Self> {
        number.parse().ok().filter(|bin| *bin <= BINS_MAX).map(Self)
    }

    /// The number in the table.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its end, rounded.
    #[must_use]
    pub fn seconds(self) -> u64 {
        (self.end_ms() + 500) / 1_000
    }

    fn end_ms(self) -> u64 {
        (0..self.0).fold(1_000, |end, _| end + end / 4)
    }
}
