//! Authority: the only place that decides who may do what for an establishment.

use crate::mandate::{Mandate, Scope, Scopes, Transition};
use crate::membership::{Change, Member, Membership};
use crate::opening::Openings;
use crate::refusal::Refusal;
use crate::siret::Siret;
use crate::time::Timestamp;

/// Who asks, by the rows that were read for this request: a right that was read earlier is no right.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// What the person is in establishments.
    pub memberships: &'a [Member],
    /// Mandates of the establishments that the person is a member of, in any state.
    pub mandates: &'a [Mandate],
    /// Of all these establishments, and of the clients of the mandates.
    pub openings: &'a Openings,
}

impl Actor<'_> {
    /// What the person is in an establishment, as its space is open now.
    #[must_use]
    pub fn membership(&self, siret: &Siret) -> Option<Membership> {
        let mut of_it = self.memberships.iter().filter(|member| member.siret == *siret);
        of_it.find_map(|member| member.current(self.openings))
    }

    fn is_active(&self, siret: &Siret) -> bool {
        self.membership(siret).is_some_and(Membership::is_active)
    }
}

/// Through what somebody may act for an establishment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// Their own membership.
    Member,
    /// Mandates of a cabinet whose member they are.
    Mandate,
}

impl Through {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Mandate => "mandate",
        }
    }
}

/// What somebody may do for an establishment (`GET /api/access`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub scopes: Scopes,
    /// Whether they decide who else acts for it.
    pub manages: bool,
    pub through: Through,
}

impl Access {
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// The names on the wire, in the contract's order.
    #[must_use]
    pub fn may(&self) -> Vec<&'static str> {
        let manages = self.manages.then_some("manage");
        self.scopes.names().into_iter().chain(manages).collect()
    }
}

/// What somebody may do for an establishment `now`: every scope as an active member, and manage it as a
/// holder; else what mandates in force give any active member of their cabinets. A suspension comes before
/// any mandate: it would be void otherwise.
///
/// # Errors
/// `NotAllowed` when that is nothing.
pub fn access(actor: &Actor<'_>, siret: &Siret, now: Timestamp) -> Result<Access, Refusal> {
    if let Some(own) = actor.membership(siret) {
        let access =
            Access { scopes: Scopes::all(), manages: own.is_active_holder(), through: Through::Member };
        return if own.is_active() { Ok(access) } else { Err(Refusal::NotAllowed) };
    }
    let held =
        actor.mandates.iter().filter(|mandate| mandate.client == *siret && actor.is_active(&mandate.cabinet));
    let scopes = held.map(|mandate| mandate.gives(actor.openings, now)).fold(Scopes::NONE, Scopes::union);
    if scopes.is_empty() {
        return Err(Refusal::NotAllowed);
    }
    Ok(Access { scopes, manages: false, through: Through::Mandate })
}

/// What somebody does in the space of an establishment. What a person does with their own data needs a
/// session and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// That they belong to it, and as what: a suspended member must be able to leave.
    SeeMembership,
    /// Name and mandates.
    SeeSpace,
    /// Colleagues and invitations.
    SeeMembers,
    SeeJournal,
    Invite,
    WithdrawInvitation,
    /// In advance, for a later succession.
    NameSuccessor,
    ChangeMember(Change),
    OfferMandate,
    AnswerMandate(Transition),
    CloseSpace,
}

/// What it is done to.
#[derive(Debug, Clone, Copy)]
pub enum Thing<'a> {
    Establishment(&'a Siret),
    Member {
        /// The establishment.
        of: &'a Siret,
        /// Whether the member is who asks.
        is_me: bool,
    },
    Mandate {
        /// The establishment that the person acts for, on either side.
        of: &'a Siret,
        mandate: &'a Mandate,
    },
}

impl Thing<'_> {
    fn siret(&self) -> &Siret {
        match self {
            Self::Establishment(siret) => siret,
            Self::Member { of, .. } | Self::Mandate { of, .. } => of,
        }
    }
}

/// Decides whether somebody may do something. Whether it can be done now is for [`Effect`], [`Invitation`]
/// and [`Mandate::apply`] to say.
///
/// [`Effect`]: crate::membership::Effect
/// [`Invitation`]: crate::invitation::Invitation
///
/// # Errors
/// `NotAllowed`.
pub fn may(actor: &Actor<'_>, action: Action, thing: Thing<'_>) -> Result<(), Refusal> {
    let own = actor.membership(thing.siret());
    let is_holder = own.is_some_and(Membership::is_active_holder);
    let is_allowed = match (action, thing) {
        (Action::SeeMembership, Thing::Establishment(_)) => own.is_some(),
        (Action::SeeSpace, Thing::Establishment(_)) => own.is_some_and(Membership::is_active),
        (
            Action::SeeMembers
            | Action::SeeJournal
            | Action::Invite
            | Action::WithdrawInvitation
            | Action::NameSuccessor
            | Action::OfferMandate
            | Action::CloseSpace,
            Thing::Establishment(_),
        ) => is_holder,
        (Action::ChangeMember(change), Thing::Member { is_me, .. }) => match change {
            // A suspended member can leave too.
            Change::Leave => is_me && own.is_some(),
            Change::Promote | Change::Demote => is_holder,
            Change::Suspend | Change::Resume | Change::Remove => is_holder && !is_me,
        },
        (Action::AnswerMandate(transition), Thing::Mandate { of, mandate }) => {
            is_holder
                && mandate.side_of(of).is_some_and(|side| match transition {
                    // By the other side than offered it.
                    Transition::Accept | Transition::Decline => side != mandate.offered_by,
                    Transition::End => true,
                })
        }
        _ => false,
    };
    if is_allowed { Ok(()) } else { Err(Refusal::NotAllowed) }
}
