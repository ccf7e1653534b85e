//! Mails to be sent: what each is about, and how many a mailbox may get.

use std::fmt;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::as_text::as_text;
use crate::identifier::Identifier;
use crate::siret::Siret;
use crate::ticket::Reference;
use crate::time::{SignedDuration, Timestamp};

/// The span over which the mails to one address are counted.
pub const QUOTA_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// How many mails that a stranger can have sent one address may get within [`QUOTA_WINDOW`]: beyond,
/// they are suppressed in silence, so that nobody can flood a mailbox through us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What is counted together.
    pub name: &'static str,
    /// The most that may be sent.
    pub mails_max: u64,
}

/// Identifiers and password links.
const RECOVERY: Quota = Quota { name: "recovery-quota", mails_max: 5 };
/// Activation links: an accountant opens the accounts of many establishments in one evening.
const ACTIVATION: Quota = Quota { name: "activation-quota", mails_max: 60 };
/// Receipts of requests for assistance.
const RECEIPT: Quota = Quota { name: "receipt-quota", mails_max: 20 };

/// Names a mail, from the outbox to the tag that SES gives back. Sorts by time; tells nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailId(Ulid);

impl MailId {
    /// A new id: the moment, and 80 random bits.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let mut bits = [0; 16];
        bits[6..].copy_from_slice(&random);
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Self(Ulid::from_parts(millis, u128::from_be_bytes(bits)))
    }

    /// Reads a printed id; `None` for anything else.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        // `Ulid` also reads lower case, and drops the bits of a first symbol above 7.
        Ulid::from_string(printed).ok().map(Self).filter(|id| id.to_string() == printed)
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

as_text!(MailId, MailId::parse);

/// Which way a mail takes: a crowd on one holds up nothing on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// What somebody waits for in front of the screen, or must know at once: links, and what happened to an account.
    Links,
    /// Receipts of requests for assistance, and the agency's copies.
    Desk,
}

impl Lane {
    /// Both of them, the urgent one first.
    pub const ALL: [Self; 2] = [Self::Links, Self::Desk];

    /// The name in the table, in metrics and in the deployment.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Desk => "desk",
        }
    }
}

/// What a mail is about, as the request knew it. Whom it goes to is looked up when it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MailJob {
    /// The link that activates an application.
    Activation {
        /// Of which account.
        identifier: Identifier,
    },
    /// The account is active: its identifier, to be kept.
    Welcome {
        /// Of which account.
        identifier: Identifier,
    },
    /// Every identifier of that establishment whose holder has that address.
    IdentifierReminder {
        /// Of which establishment.
        siret: Siret,
        /// A keyed hash of the address that was typed: a mail goes to a holder whose address has the same, and what a
        /// stranger typed lies nowhere in clear.
        address: String,
    },
    /// The link that replaces a password, if there is such an account.
    PasswordReset {
        /// The identifier that was typed.
        identifier: Identifier,
    },
    /// So many passwords were tried that the identifier is closed to them for a while.
    LoginsBlocked {
        /// Of which account, if there is one.
        identifier: Identifier,
    },
    /// The password was replaced.
    PasswordChanged {
        /// Of which account.
        identifier: Identifier,
    },
    /// To the person: the request for assistance has arrived.
    TicketReceipt {
        /// Of which ticket.
        reference: Reference,
    },
    /// To the agency: the request for assistance, with all that was typed.
    TicketToAgency {
        /// Of which ticket.
        reference: Reference,
    },
}

impl MailJob {
    /// What it counts against, if a stranger can have it sent at will.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        match self {
            Self::IdentifierReminder { .. } | Self::PasswordReset { .. } => Some(RECOVERY),
            Self::Activation { .. } => Some(ACTIVATION),
            Self::TicketReceipt { .. } => Some(RECEIPT),
            Self::Welcome { .. }
            | Self::LoginsBlocked { .. }
            | Self::PasswordChanged { .. }
            | Self::TicketToAgency { .. } => None,
        }
    }

    /// Which way it takes.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Self::TicketReceipt { .. } | Self::TicketToAgency { .. } => Lane::Desk,
            Self::Activation { .. }
            | Self::Welcome { .. }
            | Self::IdentifierReminder { .. }
            | Self::PasswordReset { .. }
            | Self::LoginsBlocked { .. }
            | Self::PasswordChanged { .. } => Lane::Links,
        }
    }

    /// The stable name of the kind, for metrics and logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Activation { .. } => "activation",
            Self::Welcome { .. } => "welcome",
            Self::IdentifierReminder { .. } => "identifier_reminder",
            Self::PasswordReset { .. } => "password_reset",
            Self::LoginsBlocked { .. } => "logins_blocked",
            Self::PasswordChanged { .. } => "password_changed",
            Self::TicketReceipt { .. } => "ticket_receipt",
            Self::TicketToAgency { .. } => "ticket_to_agency",
        }
    }
}

impl fmt::Debug for MailJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailJob({})", self.kind())
    }
}

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// Accepted; nobody has taken it up.
    Queued,
    /// A sender holds its lease.
    Sending,
    /// SES took it.
    Sent,
    /// Its link has served, or a later one: it would open nothing any more, and was not sent.
    Superseded,
    /// Over the hourly limit of its address: not sent, nobody told.
    Suppressed,
    /// No account to send to: not sent, nobody told.
    NoRecipient,
    /// SES will never take it.
    Refused,
}

impl MailState {
    /// The name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Superseded => "superseded",
            Self::Suppressed => "suppressed",
            Self::NoRecipient => "no_recipient",
            Self::Refused => "refused",
        }
    }
}
