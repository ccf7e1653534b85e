//! Invitations into an establishment: validity, states, and who may accept.

use crate::email::Email;
use crate::identifier::Identifier;
use crate::mail::MailId;
use crate::membership::{Change, ESTABLISHMENTS_MAX, Effect, MEMBERS_MAX, Membership, Role, count};
use crate::name::FullName;
use crate::opaque::{self, opaque_id};
use crate::opening::Opening;
use crate::refusal::{FieldCode, Refusal};
use crate::secret::SecretKey;
use crate::siret::Siret;
use crate::time::{SignedDuration, Timestamp, after};
use crate::token::Token;

/// Validity of an invitation, in days (contract).
pub const INVITATION_VALID_DAYS: i64 = 7;
pub const INVITATION_VALID: SignedDuration = SignedDuration::from_hours(INVITATION_VALID_DAYS * 24);
/// Open invitations of one establishment: each is a mail to an address that a holder typed.
pub const OPEN_INVITATIONS_MAX: u64 = 20;

opaque_id! {
    /// The id of an invitation among the holders. It opens nothing: the token of its mail does.
    InvitationId
}

impl InvitationId {
    /// Of the invitation that takes another's place at a right address: sent again, a correction is known.
    #[must_use]
    pub fn of_correction(key: &SecretKey, former: &Self, email: &Email) -> Self {
        Self::from_bytes(opaque::derive(key, &format!("correction\0{former} {}", email.normalised())))
    }
}

/// The place that an invitation offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offer {
    Member,
    Holder,
    /// A holder in the inviter's place: the acceptance is the inviter's leave. For one who is to take over
    /// only if it comes to that, see [`Designation`].
    Successor,
}

impl Offer {
    /// The offer of a role, to a successor or not.
    ///
    /// # Errors
    /// `RoleUnknown` for a successor who would be no holder.
    pub fn new(role: Role, is_successor: bool) -> Result<Self, FieldCode> {
        match (role, is_successor) {
            (Role::Holder, true) => Ok(Self::Successor),
            (Role::Holder, false) => Ok(Self::Holder),
            (Role::Member, false) => Ok(Self::Member),
            (Role::Member, true) => Err(FieldCode::RoleUnknown),
        }
    }

    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Member => Role::Member,
            Self::Holder | Self::Successor => Role::Holder,
        }
    }

    #[must_use]
    pub fn is_successor(self) -> bool {
        self == Self::Successor
    }
}

/// Who invites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inviter {
    /// A holder. The write of the invitation has the condition that they still are one.
    Holder(Identifier),
    /// The agency, at the end of a succession. No member withdraws it, nor ends it.
    Agency,
}

impl Inviter {
    /// How the table says the agency.
    const AGENCY: &str = "agency";

    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Holder(identifier) => identifier.as_str(),
            Self::Agency => Self::AGENCY,
        }
    }

    /// Reads what the table holds.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        match printed {
            Self::AGENCY => Some(Self::Agency),
            identifier => Identifier::parse(identifier).ok().map(Self::Holder),
        }
    }

    #[must_use]
    pub fn holder(&self) -> Option<&Identifier> {
        match self {
            Self::Holder(identifier) => Some(identifier),
            Self::Agency => None,
        }
    }

    #[must_use]
    pub fn is(&self, identifier: &Identifier) -> bool {
        self.holder() == Some(identifier)
    }

    /// Whether its word counts, by what it is in the establishment now.
    #[must_use]
    pub fn decides(&self, membership: Option<Membership>) -> bool {
        *self == Self::Agency || membership.is_some_and(Membership::is_active_holder)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvitationState {
    Open,
    Accepted,
    /// Its days are over.
    Expired,
    /// By a holder.
    Withdrawn,
    /// Its mail came back: the address is to be corrected.
    Bounced,
}

impl InvitationState {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Bounced => "bounced",
        }
    }
}

/// An invitation of one mailbox into one establishment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub siret: Siret,
    /// The one in which it was sent.
    pub opening: Opening,
    pub invited_by: Inviter,
    pub email: Email,
    /// As the inviter wrote it.
    pub name: FullName,
    pub offer: Offer,
    pub valid_until: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub withdrawn_at: Option<Timestamp>,
    /// When its mail came back for good.
    pub bounced_at: Option<Timestamp>,
}

/// Who accepts an invitation.
#[derive(Debug, Clone, Copy)]
pub enum Acceptor<'a> {
    /// Nobody yet: the account is opened for the invited address.
    NewAccount,
    /// The account of a session.
    Account {
        identifier: &'a Identifier,
        email: &'a Email,
        /// In the establishment of the invitation.
        membership: Option<Membership>,
        /// How many it is a member of.
        establishments: u64,
    },
}

impl Acceptor<'_> {
    fn is(&self, inviter: &Inviter) -> bool {
        matches!(self, Self::Account { identifier, .. } if inviter.is(identifier))
    }
}

/// How an invitation is accepted, by the rows that were read for it.
///
/// The write has these conditions: the invitation is still open, the establishment's row has this opening,
/// and the inviter's row says the same; and those of each [`Effect`]. A suspension at the same time withdraws
/// the invitation, so that the first condition holds for `others` too.
#[derive(Debug, Clone, Copy)]
pub struct Acceptance<'a> {
    /// The address of the mail whose token was brought.
    pub sent_to: &'a Email,
    pub by: Acceptor<'a>,
    /// What any other account with the invited address is in the establishment.
    pub others: &'a [Membership],
    /// What the inviter is in it; of the agency it says nothing.
    pub inviter: Option<Membership>,
    /// Of the establishment, as its row says.
    pub opening: Opening,
}

/// What an acceptance does, in one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// To who accepts.
    pub joins: Effect,
    /// To the inviter, in whose place a successor comes: a [`Change::Leave`] with all that it ends.
    pub leaves: Option<Effect>,
}

impl Accepted {
    /// What is added to `holders`. With a successor it is 0, or -1 when they were a holder already.
    #[must_use]
    pub fn holders_added(self) -> i64 {
        self.joins.holders_added() + self.leaves.map_or(0, Effect::holders_added)
    }

    /// The number of active holders after it. When it takes one away, the write has the condition
    /// `holders > HOLDERS_MIN`.
    ///
    /// # Errors
    /// `LastHolder`.
    pub fn count(self, holders: u64) -> Result<u64, Refusal> {
        count(holders, self.holders_added())
    }
}

impl Invitation {
    /// The end of validity of an invitation that is sent `now`.
    #[must_use]
    pub fn valid_until(now: Timestamp) -> Timestamp {
        after(now, INVITATION_VALID)
    }

    /// As its holders see it. A mail that came back is told even when the days are over: the holder can
    /// correct the address.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> InvitationState {
        match self.state_by_link(now) {
            InvitationState::Open | InvitationState::Expired if self.bounced_at.is_some() => {
                InvitationState::Bounced
            }
            state => state,
        }
    }

    /// As its link says: whoever opens it has the mail, whatever came back.
    #[must_use]
    pub fn state_by_link(&self, now: Timestamp) -> InvitationState {
        if self.accepted_at.is_some() {
            InvitationState::Accepted
        } else if self.withdrawn_at.is_some() {
            InvitationState::Withdrawn
        } else if now > self.valid_until {
            InvitationState::Expired
        } else {
            InvitationState::Open
        }
    }

    /// What its acceptance does. Nobody gets in by the link of another's mail, or by the word of one who is
    /// no active holder now; a suspended person does not come back by an invitation, nor by another account;
    /// a holder stays one.
    ///
    /// # Errors
    /// `LinkUsed`; `SpaceClosed`; `LinkExpired`, also when it was withdrawn, or its inviter decides no
    /// longer; `InvitationForAnotherAddress`; `NotAllowed` for a suspended member; `AlreadyMember`;
    /// `TooManyEstablishments`.
    pub fn accept(&self, acceptance: &Acceptance<'_>, now: Timestamp) -> Result<Accepted, Refusal> {
        self.check(acceptance, now)?;
        check_person(acceptance)?;
        let role = self.offer.role();
        let joins = match acceptance.by {
            Acceptor::NewAccount | Acceptor::Account { membership: None, .. } => Effect::join(role),
            Acceptor::Account { membership: Some(member), .. } => match role {
                Role::Holder => member.change(Change::Promote),
                Role::Member => Effect { before: Some(member), after: Some(member) },
            },
        };
        let has_successor = self.offer.is_successor() && !acceptance.by.is(&self.invited_by);
        let leaver = acceptance.inviter.filter(|_| has_successor);
        Ok(Accepted { joins, leaves: leaver.map(|holder| holder.change(Change::Leave)) })
    }

    /// Whether it serves, by this mail and for this mailbox.
    fn check(&self, acceptance: &Acceptance<'_>, now: Timestamp) -> Result<(), Refusal> {
        let state = self.state_by_link(now);
        if state == InvitationState::Accepted {
            return Err(Refusal::LinkUsed);
        }
        if acceptance.opening != self.opening {
            return Err(Refusal::SpaceClosed);
        }
        let has_inviter = self.invited_by.decides(acceptance.inviter);
        if state != InvitationState::Open || !has_inviter {
            return Err(Refusal::LinkExpired);
        }
        let own = match acceptance.by {
            Acceptor::NewAccount => None,
            Acceptor::Account { email, .. } => Some(email),
        };
        let invited = self.email.normalised();
        if own.into_iter().chain([acceptance.sent_to]).any(|email| email.normalised() != invited) {
            return Err(Refusal::InvitationForAnotherAddress);
        }
        Ok(())
    }

    /// Whether it ends with a change of a member, whose account has this address. That of the agency keeps
    /// the place of a holder who is gone, and ends with nobody.
    #[must_use]
    pub fn ends_with(&self, change: Change, member: &Identifier, address: &Email, now: Timestamp) -> bool {
        let is_theirs = self.invited_by.is(member) || self.email.normalised() == address.normalised();
        let is_holders = self.invited_by.holder().is_some();
        change.ends_invitations()
            && is_holders
            && is_theirs
            && self.state_by_link(now) == InvitationState::Open
    }

    /// With another address: this one, withdrawn, and the one that takes its place with its own id, mail and
    /// days. The link of the first mail, which somebody else may have, serves no longer. The inviter stays
    /// the same, whoever corrects it: it is their place that a successor takes.
    ///
    /// # Errors
    /// `LinkUsed` when it was accepted, `LinkExpired` when it was withdrawn.
    pub fn corrected(&self, email: Email, now: Timestamp) -> Result<(Self, Self), Refusal> {
        let withdrawn = self.withdraw(now)?;
        if self.withdrawn_at.is_some() {
            return Err(Refusal::LinkExpired);
        }
        let valid_until = Self::valid_until(now);
        Ok((withdrawn, Self { email, valid_until, bounced_at: None, ..self.clone() }))
    }

    /// Withdraws it. Twice is once.
    ///
    /// # Errors
    /// `LinkUsed` when it was accepted.
    pub fn withdraw(&self, now: Timestamp) -> Result<Self, Refusal> {
        if self.accepted_at.is_some() {
            return Err(Refusal::LinkUsed);
        }
        Ok(Self { withdrawn_at: self.withdrawn_at.or(Some(now)), ..self.clone() })
    }
}

/// Checks who accepts: no second account of a member, and not too many establishments.
fn check_person(acceptance: &Acceptance<'_>) -> Result<(), Refusal> {
    let (own, establishments) = match acceptance.by {
        Acceptor::NewAccount => (None, 0),
        Acceptor::Account { membership, establishments, .. } => (membership, establishments),
    };
    if own.iter().chain(acceptance.others).any(|member| !member.is_active()) {
        return Err(Refusal::NotAllowed);
    }
    if !acceptance.others.is_empty() {
        return Err(Refusal::AlreadyMember);
    }
    if own.is_none() && establishments >= ESTABLISHMENTS_MAX {
        return Err(Refusal::TooManyEstablishments);
    }
    Ok(())
}

/// A successor whom a holder names in advance. It has no token and no expiry and lets nobody in: it is shown
/// to whoever handles a later succession.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Designation {
    pub siret: Siret,
    /// The one in which it was made.
    pub opening: Opening,
    pub by: Identifier,
    /// The successor, as the holder wrote it.
    pub name: FullName,
    pub email: Email,
    pub made_at: Timestamp,
}

impl Designation {
    /// Whether it counts: it is the word of an active holder of the space as it is open now. `by` is what its
    /// author is there.
    #[must_use]
    pub fn stands(&self, by: Option<Membership>, opening: Opening) -> bool {
        opening == self.opening && by.is_some_and(Membership::is_active_holder)
    }
}

/// Checks that one more invitation may be sent. `open` are those whose link would serve; whoever accepts
/// them must find a place.
///
/// # Errors
/// `TooManyInvitations` from [`OPEN_INVITATIONS_MAX`] on, or when members and invitations together come to
/// [`MEMBERS_MAX`].
pub fn check_number(members: u64, open: u64) -> Result<(), Refusal> {
    if open >= OPEN_INVITATIONS_MAX || members.saturating_add(open) >= MEMBERS_MAX {
        return Err(Refusal::TooManyInvitations);
    }
    Ok(())
}

/// The token of an invitation's mail: derived, so that a mail sent twice carries the same link and no row
/// holds a token.
#[must_use]
pub fn invitation_token(key: &SecretKey, mail: MailId) -> Token {
    Token::from_bytes(key.sign(format!("invitation {mail}").as_bytes()))
}
