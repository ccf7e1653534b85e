//! Invitations into an establishment: validity, states, and who may accept.

use crate::email::Email;
use crate::mail::MailId;
use crate::membership::{Change, Effect, MEMBERS_MAX, Membership, Role};
use crate::name::FullName;
use crate::opaque::opaque_id;
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

/// The place that an invitation offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offer {
    Member,
    Holder,
    /// A holder, named in advance by one who may leave: shown to whoever handles a succession.
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

/// Who answers an invitation, by its token.
#[derive(Debug, Clone, Copy)]
pub enum Acceptor<'a> {
    /// Nobody yet: the account is opened for the invited address.
    NewAccount,
    /// The account of a session.
    Account {
        email: &'a Email,
        /// In the establishment of the invitation.
        membership: Option<Membership>,
    },
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

    /// What its acceptance does. An account of another mailbox cannot accept; a suspended member cannot end
    /// the suspension by an invitation; a holder stays one.
    ///
    /// # Errors
    /// `LinkUsed`; `LinkExpired`, also when it was withdrawn; `InvitationForAnotherAddress`; `NotAllowed` for
    /// a suspended member.
    pub fn accept(&self, by: Acceptor<'_>, now: Timestamp) -> Result<Effect, Refusal> {
        match self.state_by_link(now) {
            InvitationState::Open => {}
            InvitationState::Accepted => return Err(Refusal::LinkUsed),
            _ => return Err(Refusal::LinkExpired),
        }
        let role = self.offer.role();
        match by {
            Acceptor::NewAccount => Ok(Effect::join(role)),
            Acceptor::Account { email, .. } if email.normalised() != self.email.normalised() => {
                Err(Refusal::InvitationForAnotherAddress)
            }
            Acceptor::Account { membership: None, .. } => Ok(Effect::join(role)),
            Acceptor::Account { membership: Some(member), .. } if !member.is_active() => {
                Err(Refusal::NotAllowed)
            }
            Acceptor::Account { membership: Some(member), .. } => Ok(match role {
                Role::Holder => member.change(Change::Promote),
                Role::Member => Effect { before: Some(member), after: Some(member) },
            }),
        }
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
