//! Mails to be sent: what each is about, and how many of a kind may go out.

use std::fmt;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::as_text::as_text;
use crate::email::Email;
use crate::identifier::Identifier;
use crate::siret::Siret;
use crate::ticket::Reference;
use crate::time::{SignedDuration, Timestamp, after};

/// The span over which mails are counted against a quota, from the first of them on.
pub const QUOTA_WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Recovery mails to one mailbox within [`QUOTA_WINDOW`].
pub const RECOVERY_MAILS_MAX: u64 = 5;
/// Activation links to one mailbox within [`QUOTA_WINDOW`]: an accountant opens the accounts of many establishments
/// in one evening.
pub const ACTIVATION_MAILS_MAX: u64 = 60;
/// Activation links of one establishment to one mailbox within [`QUOTA_WINDOW`]: nobody can use up what the mailbox
/// may get for others.
pub const ESTABLISHMENT_ACTIVATION_MAILS_MAX: u64 = 10;
/// Receipts of requests for assistance to one mailbox within [`QUOTA_WINDOW`].
pub const RECEIPT_MAILS_MAX: u64 = 20;
/// Copies of requests for assistance to the agency within [`QUOTA_WINDOW`], one mail each: five a minute, more than
/// its people read. Those beyond are listed in one digest for each [`DIGEST_PERIOD`].
pub const AGENCY_MAILS_MAX: u64 = 300;
/// What one digest for the agency covers.
pub const DIGEST_PERIOD: SignedDuration = SignedDuration::from_mins(15);
/// A digest is sent this long after its period: whoever added to it is done by then, or was ended by Lambda.
const DIGEST_DELAY: SignedDuration = SignedDuration::from_mins(1);

/// How many mails that a stranger can have sent may go out within [`QUOTA_WINDOW`]: nobody can flood a mailbox
/// through us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// What is bounded.
    pub name: &'static str,
    /// What is counted together: a mailbox, or a mailbox and an establishment.
    pub counted: String,
    /// The most that may be sent.
    pub mails_max: u64,
}

/// A mail that a stranger can have sent at will.
#[derive(Debug, Clone, Copy)]
pub enum Bounded<'a> {
    /// Identifier and password links, to their holder.
    Recovery(&'a Email),
    /// The link of an application, to its applicant.
    Activation(&'a Email, &'a Siret),
    /// The receipt of a request for assistance.
    Receipt(&'a Email),
    /// A copy of a request for assistance, to the agency.
    AgencyCopy,
}

impl Bounded<'_> {
    /// The quotas that the mail counts against, the narrowest first: it is sent if it is within each.
    #[must_use]
    pub fn quotas(self) -> Vec<Quota> {
        let quota = |name, counted, mails_max| Quota { name, counted, mails_max };
        match self {
            Self::Recovery(to) => vec![quota("recovery", to.mailbox(), RECOVERY_MAILS_MAX)],
            Self::Activation(to, siret) => vec![
                quota(
                    "establishment-activation",
                    format!("{siret} {}", to.mailbox()),
                    ESTABLISHMENT_ACTIVATION_MAILS_MAX,
                ),
                quota("activation", to.mailbox(), ACTIVATION_MAILS_MAX),
            ],
            Self::Receipt(to) => vec![quota("receipt", to.mailbox(), RECEIPT_MAILS_MAX)],
            Self::AgencyCopy => vec![quota("agency-copy", String::new(), AGENCY_MAILS_MAX)],
        }
    }
}

/// The span that one digest for the agency covers: quarters of an hour of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestPeriod(i64);

impl DigestPeriod {
    /// The period of a moment.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.as_second().div_euclid(DIGEST_PERIOD.as_secs()))
    }

    /// When it begins.
    #[must_use]
    pub fn start(self) -> Timestamp {
        let second = self.0.saturating_mul(DIGEST_PERIOD.as_secs());
        Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
    }

    /// When the next one begins.
    #[must_use]
    pub fn end(self) -> Timestamp {
        after(self.start(), DIGEST_PERIOD)
    }

    /// When its digest may be sent.
    #[must_use]
    pub fn due_at(self) -> Timestamp {
        after(self.end(), DIGEST_DELAY)
    }

    /// The one mail that carries its digest.
    #[must_use]
    pub fn mail(self) -> MailId {
        MailId::new(self.start(), [0; 10])
    }
}

impl fmt::Display for DigestPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.start().fmt(f)
    }
}

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
    /// Receipts of requests for assistance, the agency's copies and their digests.
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
    /// Identifier and link of each account of that establishment whose holder has that address.
    RecoveryByAddress {
        /// Of which establishment.
        siret: Siret,
        /// A keyed hash of the address that was typed: a mail goes to a holder whose address has the same, and what a
        /// stranger typed lies nowhere in clear.
        address: String,
    },
    /// Identifier and link of that account, and of its holder's others of the same establishment.
    RecoveryByIdentifier {
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
    /// To the agency: a list of the requests for assistance beyond [`AGENCY_MAILS_MAX`].
    AgencyDigest {
        /// Of which period.
        period: DigestPeriod,
    },
}

impl MailJob {
    /// Which way it takes.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Self::TicketReceipt { .. } | Self::TicketToAgency { .. } | Self::AgencyDigest { .. } => {
                Lane::Desk
            }
            Self::Activation { .. }
            | Self::Welcome { .. }
            | Self::RecoveryByAddress { .. }
            | Self::RecoveryByIdentifier { .. }
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
            Self::RecoveryByAddress { .. } => "recovery_by_address",
            Self::RecoveryByIdentifier { .. } => "recovery_by_identifier",
            Self::LoginsBlocked { .. } => "logins_blocked",
            Self::PasswordChanged { .. } => "password_changed",
            Self::TicketReceipt { .. } => "ticket_receipt",
            Self::TicketToAgency { .. } => "ticket_to_agency",
            Self::AgencyDigest { .. } => "agency_digest",
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
    /// Not sent, for it is of no more use: its link has served, or a later one, or a digest lists what it told.
    Superseded,
    /// Beyond a quota: not sent, nobody told.
    Suppressed,
    /// No account to send to: not sent, nobody told.
    NoRecipient,
    /// SES will never take it, or its receiver's domain takes no mail.
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
