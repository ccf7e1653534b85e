//! Mails: jobs, lanes, states, quotas, digests.

use std::fmt;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::address_change::AddressChangeId;
use crate::as_text::as_text;
use crate::delivery::{Bounce, Event};
use crate::email::Email;
use crate::identifier::Identifier;
use crate::invitation::InvitationId;
use crate::journal::MandateEvent;
use crate::mandate::MandateId;
use crate::membership::Change;
use crate::siret::Siret;
use crate::succession::{News, SuccessionId, Told};
use crate::ticket::Reference;
use crate::time::{SignedDuration, Timestamp, after};

/// Corrections of an application's address.
pub const CORRECTIONS_MAX: u64 = 3;
/// The window of quotas, from the first mail.
pub const QUOTA_WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Recovery mails to one mailbox within [`QUOTA_WINDOW`].
pub const RECOVERY_MAILS_MAX: u64 = 5;
/// Activation links to one mailbox within [`QUOTA_WINDOW`]: an accountant opens the accounts of many
/// establishments in one evening.
pub const ACTIVATION_MAILS_MAX: u64 = 60;
/// Activation links of one establishment to one mailbox within [`QUOTA_WINDOW`]: a stranger cannot exhaust
/// the mailbox's quota for other establishments.
pub const ESTABLISHMENT_ACTIVATION_MAILS_MAX: u64 = 10;
/// Invitations to one mailbox within [`QUOTA_WINDOW`].
pub const INVITATION_MAILS_MAX: u64 = 30;
/// Invitations of one establishment to one mailbox within [`QUOTA_WINDOW`]: a stranger cannot exhaust the
/// mailbox's quota for other establishments.
pub const MAILBOX_INVITATION_MAILS_MAX: u64 = 3;
/// Invitations into one establishment within [`QUOTA_WINDOW`]: as many as may be open at once, and as many
/// corrections.
pub const ESTABLISHMENT_INVITATION_MAILS_MAX: u64 = 40;
/// Requests for an invitation into one establishment within [`QUOTA_WINDOW`].
pub const INVITATION_REQUEST_MAILS_MAX: u64 = 5;
/// Offers of mandates to one mailbox within [`QUOTA_WINDOW`].
pub const MANDATE_OFFER_MAILS_MAX: u64 = 60;
/// Offers of one establishment to one holder's mailbox within [`QUOTA_WINDOW`]: a cabinet offers to each
/// establishment of a chain in one list.
pub const ESTABLISHMENT_MANDATE_OFFER_MAILS_MAX: u64 = 30;
/// Offers of one establishment to one address that it typed within [`QUOTA_WINDOW`].
pub const MAILBOX_MANDATE_CONTACT_MAILS_MAX: u64 = 3;
/// Offers of one establishment to addresses that it typed within [`QUOTA_WINDOW`].
pub const MANDATE_CONTACT_MAILS_MAX: u64 = 40;
/// Offers of one establishment to one other within [`QUOTA_WINDOW`].
pub const PAIR_MANDATE_OFFER_MAILS_MAX: u64 = 3;
/// Changes of one person's membership within [`QUOTA_WINDOW`].
pub const MEMBER_CHANGE_MAILS_MAX: u64 = 20;
/// Changes of one account's address within [`QUOTA_WINDOW`].
pub const ADDRESS_CHANGE_MAILS_MAX: u64 = 5;
/// Links to one new address within [`QUOTA_WINDOW`], whoever asks: one account cannot exhaust them.
pub const NEW_ADDRESS_MAILS_MAX: u64 = 20;
/// Receipts of requests for assistance to one mailbox within [`QUOTA_WINDOW`].
pub const RECEIPT_MAILS_MAX: u64 = 20;
/// Copies of requests for assistance to the agency within [`QUOTA_WINDOW`]: five a minute, more than its
/// people read. Those beyond are listed in one digest for each [`DIGEST_PERIOD`].
pub const AGENCY_MAILS_MAX: u64 = 300;
/// The period of one digest.
pub const DIGEST_PERIOD: SignedDuration = SignedDuration::from_mins(15);
/// The delay of a digest after its period: invocations that add to it have ended by then.
const DIGEST_DELAY: SignedDuration = SignedDuration::from_mins(1);

/// A limit of mails that a stranger can cause, within [`QUOTA_WINDOW`]: nobody can flood a mailbox through
/// us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    pub name: &'static str,
    /// The key of the count: a mailbox, or a mailbox and an establishment.
    pub counted: String,
    pub mails_max: u64,
}

/// A mail that a stranger can cause at will.
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
    /// An invitation, to the invited address.
    Invitation(&'a Email, &'a Siret),
    /// A request for an invitation, to the holders.
    InvitationRequest(&'a Siret),
    /// An offer of a mandate by an establishment to another, to a holder of that one.
    MandateOffer { to: &'a Email, by: &'a Siret, other: &'a Siret },
    /// The same, to an address that the offering establishment typed.
    MandateContact(&'a Email, &'a Siret),
    /// What a holder changes for a member.
    MemberChange(&'a Identifier, &'a Siret),
    /// The link to a new address of an account.
    AddressConfirmation(&'a Identifier, &'a Email),
}

impl Bounded<'_> {
    /// The quotas of the mail, the narrowest first: it is sent if it is within each.
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
            Self::Invitation(to, siret) => vec![
                quota(
                    "mailbox-invitation",
                    format!("{siret} {}", to.mailbox()),
                    MAILBOX_INVITATION_MAILS_MAX,
                ),
                quota("establishment-invitation", siret.to_string(), ESTABLISHMENT_INVITATION_MAILS_MAX),
                quota("invitation", to.mailbox(), INVITATION_MAILS_MAX),
            ],
            Self::InvitationRequest(siret) => {
                vec![quota("invitation-request", siret.to_string(), INVITATION_REQUEST_MAILS_MAX)]
            }
            Self::MandateOffer { to, by, other } => vec![
                quota(
                    "pair-mandate-offer",
                    format!("{by} {other} {}", to.mailbox()),
                    PAIR_MANDATE_OFFER_MAILS_MAX,
                ),
                quota(
                    "establishment-mandate-offer",
                    format!("{by} {}", to.mailbox()),
                    ESTABLISHMENT_MANDATE_OFFER_MAILS_MAX,
                ),
                quota("mandate-offer", to.mailbox(), MANDATE_OFFER_MAILS_MAX),
            ],
            Self::MandateContact(to, by) => vec![
                quota(
                    "mailbox-mandate-contact",
                    format!("{by} {}", to.mailbox()),
                    MAILBOX_MANDATE_CONTACT_MAILS_MAX,
                ),
                quota("mandate-contact", by.to_string(), MANDATE_CONTACT_MAILS_MAX),
                quota("mandate-offer", to.mailbox(), MANDATE_OFFER_MAILS_MAX),
            ],
            Self::MemberChange(identifier, siret) => {
                vec![quota("member-change", format!("{siret} {identifier}"), MEMBER_CHANGE_MAILS_MAX)]
            }
            Self::AddressConfirmation(identifier, to) => vec![
                quota("address-change", identifier.to_string(), ADDRESS_CHANGE_MAILS_MAX),
                quota("new-address", to.mailbox(), NEW_ADDRESS_MAILS_MAX),
            ],
        }
    }
}

/// The period of a digest, aligned to quarters of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestPeriod(i64);

impl DigestPeriod {
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.as_second().div_euclid(DIGEST_PERIOD.as_secs()))
    }

    #[must_use]
    pub fn start(self) -> Timestamp {
        let second = self.0.saturating_mul(DIGEST_PERIOD.as_secs());
        Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
    }

    #[must_use]
    pub fn end(self) -> Timestamp {
        after(self.start(), DIGEST_PERIOD)
    }

    #[must_use]
    pub fn due_at(self) -> Timestamp {
        after(self.end(), DIGEST_DELAY)
    }

    /// The id of its digest's mail.
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

/// The id of a mail, a ULID: in the outbox, in the queue, and as a tag in SES's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailId(Ulid);

impl MailId {
    /// A new id from the moment and 80 random bits.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let mut bits = [0; 16];
        bits[6..].copy_from_slice(&random);
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Self(Ulid::from_parts(millis, u128::from_be_bytes(bits)))
    }

    /// When it was made.
    #[must_use]
    pub fn made_at(self) -> Timestamp {
        let millis = i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// Parses a printed id.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        // `Ulid` also takes lower case, and drops the overflow of a first symbol above 7.
        Ulid::from_string(printed).ok().map(Self).filter(|id| id.to_string() == printed)
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

as_text!(MailId, MailId::parse);

/// The queue of a mail: a backlog on one does not delay the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Links, which somebody waits for, and events of an account.
    Links,
    /// Receipts of requests for assistance, the agency's copies, digests; what nobody waits for: news of
    /// mandates, the yearly question.
    Desk,
}

impl Lane {
    /// By priority.
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

/// What a mail is about, as the request knew it. The recipient is looked up when it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MailJob {
    /// The activation link.
    Activation {
        identifier: Identifier,
        /// Its address was corrected by the applicant after an earlier mail.
        #[serde(default)]
        is_corrected: bool,
    },
    /// The account is active; its identifier.
    Welcome { identifier: Identifier },
    /// Identifier and link of each account of that establishment whose holder has that address.
    RecoveryByAddress {
        siret: Siret,
        /// A keyed hash of the typed address, compared with those of holders. What a stranger typed is not
        /// stored in clear.
        address: String,
    },
    /// Identifier and link of that account, and of its holder's others of the same establishment.
    RecoveryByIdentifier {
        /// The identifier that was typed.
        identifier: Identifier,
    },
    /// Too many passwords were tried: the identifier takes none for a while.
    LoginsBlocked {
        /// Of which account, if there is one.
        identifier: Identifier,
    },
    /// The password was replaced.
    PasswordChanged { identifier: Identifier },
    /// To the person: the request for assistance has arrived.
    TicketReceipt { reference: Reference },
    /// To the person: an answer, or another entry of the request's thread that is for them.
    RequestAnswer { reference: Reference, entry: u64 },
    /// To the agency: the request for assistance, with all that was typed.
    TicketToAgency { reference: Reference },
    /// To the agency: a list of the requests for assistance beyond [`AGENCY_MAILS_MAX`].
    AgencyDigest { period: DigestPeriod },
    /// To the invited address: the link of the invitation.
    Invitation { siret: Siret, invitation: InvitationId },
    /// To the active holders: somebody asks for an invitation.
    InvitationRequest {
        siret: Siret,
        /// A keyed hash of the asker's address, under which the request stands.
        asker: String,
    },
    /// To the other active holders: somebody joined by an invitation.
    MemberJoined { siret: Siret, identifier: Identifier },
    /// To the person: what a holder changed for them.
    MemberChanged { siret: Siret, identifier: Identifier, change: Change },
    /// To the active holders of one side of a mandate, or to the address that its offer named.
    Mandate {
        /// The side that is told.
        siret: Siret,
        /// The other side.
        other: Siret,
        mandate: MandateId,
        event: MandateEvent,
    },
    /// To a new address: the link that makes it the account's.
    AddressConfirmation { identifier: Identifier, change: AddressChangeId },
    /// To the address so far: the way back.
    AddressNotice { identifier: Identifier, change: AddressChangeId },
    /// To a member: the space of the establishment is closed.
    SpaceClosed { siret: Siret, identifier: Identifier },
    /// The account is closed.
    AccountClosed { identifier: Identifier },
    /// To a holder: «toujours là ?», with the link that answers.
    StillThere { siret: Siret, identifier: Identifier },
    /// To who is replaced by a succession, and to each who may know of it: the link that objects.
    SuccessionNotice { succession: SuccessionId, round: u64, to: Told },
    /// To those who had such a notice: what became of it.
    SuccessionNews { succession: SuccessionId, to: Told, news: News },
}

impl MailJob {
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Self::TicketReceipt { .. }
            | Self::RequestAnswer { .. }
            | Self::TicketToAgency { .. }
            | Self::AgencyDigest { .. }
            | Self::StillThere { .. }
            | Self::SuccessionNews { .. }
            // A cabinet offers to thousands at once.
            | Self::Mandate { .. } => Lane::Desk,
            Self::Activation { .. }
            | Self::Welcome { .. }
            | Self::RecoveryByAddress { .. }
            | Self::RecoveryByIdentifier { .. }
            | Self::LoginsBlocked { .. }
            | Self::PasswordChanged { .. }
            | Self::Invitation { .. }
            | Self::InvitationRequest { .. }
            | Self::MemberJoined { .. }
            | Self::MemberChanged { .. }
            | Self::AddressConfirmation { .. }
            | Self::AddressNotice { .. }
            | Self::SpaceClosed { .. }
            | Self::AccountClosed { .. }
            // The window of objection opens when it arrives.
            | Self::SuccessionNotice { .. } => Lane::Links,
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
            Self::RequestAnswer { .. } => "request_answer",
            Self::TicketToAgency { .. } => "ticket_to_agency",
            Self::AgencyDigest { .. } => "agency_digest",
            Self::Invitation { .. } => "invitation",
            Self::InvitationRequest { .. } => "invitation_request",
            Self::MemberJoined { .. } => "member_joined",
            Self::MemberChanged { .. } => "member_changed",
            Self::Mandate { .. } => "mandate",
            Self::AddressConfirmation { .. } => "address_confirmation",
            Self::AddressNotice { .. } => "address_notice",
            Self::SpaceClosed { .. } => "space_closed",
            Self::AccountClosed { .. } => "account_closed",
            Self::StillThere { .. } => "still_there",
            Self::SuccessionNotice { .. } => "succession_notice",
            Self::SuccessionNews { .. } => "succession_news",
        }
    }
}

impl fmt::Debug for MailJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailJob({})", self.kind())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// Waiting for a sender.
    Queued,
    /// A sender holds its lease.
    Sending,
    /// Accepted by SES.
    Sent,
    /// Put off by the receiver's server; SES tries again.
    Delayed,
    /// Given up by SES, or come back for now: the next mail to the address may arrive.
    Returned,
    /// Taken by the receiver's server.
    Delivered,
    /// Come back for good.
    Bounced,
    /// Called spam by its reader.
    Complained,
    /// Not sent, since it is obsolete: its link or a later one was used, or a digest lists it.
    Superseded,
    /// Not sent: beyond a quota, or to an address that bounced or complained.
    Suppressed,
    /// Not sent: no account.
    NoRecipient,
    /// Refused by SES for good, or the recipient's domain accepts no mail.
    Refused,
}

impl MailState {
    pub const ALL: [Self; 12] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delayed,
        Self::Returned,
        Self::Delivered,
        Self::Bounced,
        Self::Complained,
        Self::Superseded,
        Self::Suppressed,
        Self::NoRecipient,
        Self::Refused,
    ];

    /// Where an event of SES brings a mail.
    #[must_use]
    pub fn after(event: Event) -> Self {
        match event {
            Event::Sent => Self::Sent,
            Event::Delayed => Self::Delayed,
            Event::Delivered => Self::Delivered,
            Event::Bounced(Bounce { is_permanent: true, .. }) => Self::Bounced,
            Event::Bounced(_) => Self::Returned,
            Event::Complained => Self::Complained,
            Event::Rejected => Self::Refused,
        }
    }

    /// How far along it is: a mail only moves to a higher one. One that was not sent is below one that was:
    /// an earlier try, whose answer was lost, may have been.
    #[must_use]
    pub fn rank(self) -> u64 {
        match self {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Superseded | Self::Suppressed | Self::NoRecipient => 2,
            Self::Sent => 3,
            Self::Delayed => 4,
            Self::Refused => 5,
            Self::Returned => 6,
            Self::Delivered => 7,
            Self::Bounced => 8,
            Self::Complained => 9,
        }
    }

    /// Reads the name in the table.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// The name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delayed => "delayed",
            Self::Returned => "returned",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Superseded => "superseded",
            Self::Suppressed => "suppressed",
            Self::NoRecipient => "no_recipient",
            Self::Refused => "refused",
        }
    }
}
