//! Members of an establishment: roles, states, and changes that never lose the last active holder.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::form::{FieldValue, Rule, Schema, present};
use crate::identifier::Identifier;
use crate::mail::MailId;
use crate::opaque::{self, opaque_id};
use crate::opening::{Opening, Openings};
use crate::refusal::{FieldCode, Refusal};
use crate::secret::SecretKey;
use crate::siret::Siret;
use crate::time::{SignedDuration, Timestamp, after};
use crate::token::Token;

/// The fewest active holders of an establishment whose space is open. A write that ends one has the condition
/// `holders > HOLDERS_MIN`.
pub const HOLDERS_MIN: u64 = 1;
/// Members of one establishment, suspended ones included: they are listed at once.
pub const MEMBERS_MAX: u64 = 200;
/// Establishments of one person: what they may do is read at once, and a change of their address is one write
/// with three rows of each.
pub const ESTABLISHMENTS_MAX: u64 = 30;
/// How long after a holder's last sign they are asked «toujours là ?».
pub const PRESENCE_PERIOD: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Validity of the link of a mail «toujours là ?», from when it is sent.
pub const PRESENCE_VALID: SignedDuration = SignedDuration::from_hours(60 * 24);

/// What a member may do in the establishment's space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// «Titulaire»: acts for the establishment, and decides who else does.
    Holder,
    /// «Utilisateur»: acts for the establishment.
    Member,
}

impl Role {
    pub const ALL: [Self; 2] = [Self::Holder, Self::Member];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Member => "member",
        }
    }

    /// In French: `titulaire`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Holder => "titulaire",
            Self::Member => "utilisateur",
        }
    }

    /// Reads the name on the wire.
    ///
    /// # Errors
    /// `RoleUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(FieldCode::RoleUnknown)
    }
}

impl FieldValue for Role {
    type Json = String;

    fn read(name: String) -> Result<Self, FieldCode> {
        Self::parse(present(&name)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "Role",
            description: "What a member may do: a holder also decides who else acts.".to_owned(),
            rule: Rule::OneOf(Self::ALL.map(Self::as_str).to_vec()),
        }
    }
}

/// Whether a member may act at present. The role is kept under a suspension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberState {
    Active,
    /// May do nothing for the establishment but leave it.
    Suspended,
}

impl MemberState {
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// Reads the name on the wire.
    ///
    /// # Errors
    /// `MemberStateUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or(FieldCode::MemberStateUnknown)
    }
}

impl FieldValue for MemberState {
    type Json = String;

    fn read(name: String) -> Result<Self, FieldCode> {
        Self::parse(present(&name)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "MemberState",
            description: "Whether a member may act; the role is kept under a suspension.".to_owned(),
            rule: Rule::OneOf(Self::ALL.map(Self::as_str).to_vec()),
        }
    }
}

opaque_id! {
    /// The id of a member among colleagues. It tells nothing of the identifier, which is half of what a
    /// person logs in with.
    MemberId
}

impl MemberId {
    /// Derived from establishment and identifier with a secret key: no row need hold it, and one person has
    /// another id in each establishment. After a change of the key the pages show new ones.
    #[must_use]
    pub fn of(key: &SecretKey, siret: &Siret, identifier: &Identifier) -> Self {
        Self::from_bytes(opaque::derive(key, &format!("member\0{siret} {identifier}")))
    }
}

/// What somebody is in an establishment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Membership {
    pub role: Role,
    pub state: MemberState,
}

impl Membership {
    #[must_use]
    pub const fn active(role: Role) -> Self {
        Self { role, state: MemberState::Active }
    }

    #[must_use]
    pub fn is_active(self) -> bool {
        self.state == MemberState::Active
    }

    /// Whether it counts among the establishment's `holders`. A suspended holder does not: with one active
    /// and one suspended holder, the active one could leave, and nobody could manage the establishment.
    #[must_use]
    pub fn is_active_holder(self) -> bool {
        self == Self::active(Role::Holder)
    }

    /// What a change does. A change to what it is already changes nothing.
    #[must_use]
    pub fn change(self, change: Change) -> Effect {
        let after = match change {
            Change::Leave | Change::Remove => None,
            Change::Promote => Some(Self { role: Role::Holder, ..self }),
            Change::Demote => Some(Self { role: Role::Member, ..self }),
            Change::Suspend => Some(Self { state: MemberState::Suspended, ..self }),
            Change::Resume => Some(Self { state: MemberState::Active, ..self }),
        };
        Effect { before: Some(self), after }
    }
}

/// What the row of a member says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub siret: Siret,
    /// The one in which they joined.
    pub opening: Opening,
    pub membership: Membership,
}

impl Member {
    /// What they are there: nothing once the space was closed, also when it is open anew.
    #[must_use]
    pub fn current(&self, openings: &Openings) -> Option<Membership> {
        openings.is_current(&self.siret, self.opening).then_some(self.membership)
    }
}

/// A change of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// By the member.
    Leave,
    /// By a holder, of somebody else.
    Remove,
    Promote,
    Demote,
    Suspend,
    Resume,
}

impl Change {
    pub const ALL: [Self; 6] =
        [Self::Leave, Self::Remove, Self::Promote, Self::Demote, Self::Suspend, Self::Resume];

    /// The change that gives a role.
    #[must_use]
    pub fn to_role(role: Role) -> Self {
        match role {
            Role::Holder => Self::Promote,
            Role::Member => Self::Demote,
        }
    }

    /// The change that brings to a state.
    #[must_use]
    pub fn to_state(state: MemberState) -> Self {
        match state {
            MemberState::Active => Self::Resume,
            MemberState::Suspended => Self::Suspend,
        }
    }

    /// The change that ends a membership.
    #[must_use]
    pub fn end(is_me: bool) -> Self {
        if is_me { Self::Leave } else { Self::Remove }
    }

    /// Whether the open invitations to and by the member end with it: they would undo it, or let somebody in
    /// by the word of one who decides no longer. Leaving is no exception: a successor is invited before, and
    /// the inviter stays a holder until the acceptance.
    #[must_use]
    pub fn ends_invitations(self) -> bool {
        match self {
            Self::Leave | Self::Remove | Self::Demote | Self::Suspend => true,
            Self::Promote | Self::Resume => false,
        }
    }
}

/// A membership before and after a change: none where somebody joins, or leaves. A row of an earlier opening
/// counts as none, and who joins anew overwrites it.
///
/// Its write has three conditions: the member's row is still as `before` says, else two changes at once would
/// count one holder twice; the establishment's row still has the opening; and, when
/// [`ends_a_holder`](Self::ends_a_holder), `holders > HOLDERS_MIN`. It also withdraws the invitations that
/// [end with the change](crate::Invitation::ends_with).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    pub before: Option<Membership>,
    pub after: Option<Membership>,
}

impl Effect {
    /// Somebody joins.
    #[must_use]
    pub fn join(role: Role) -> Self {
        Self { before: None, after: Some(Membership::active(role)) }
    }

    #[must_use]
    pub fn is_change(self) -> bool {
        self.before != self.after
    }

    /// What is added to `holders`: 1, 0 or -1.
    #[must_use]
    pub fn holders_added(self) -> i64 {
        let count =
            |membership: Option<Membership>| i64::from(membership.is_some_and(Membership::is_active_holder));
        count(self.after) - count(self.before)
    }

    /// Whether it needs another active holder: leave, removal, demotion and suspension of an active holder
    /// do, and no other change.
    #[must_use]
    pub fn ends_a_holder(self) -> bool {
        self.holders_added() < 0
    }

    /// The number of active holders after it.
    ///
    /// # Errors
    /// `LastHolder`.
    pub fn count(self, holders: u64) -> Result<u64, Refusal> {
        count(holders, self.holders_added())
    }
}

/// The number of active holders after a write that adds to it.
///
/// # Errors
/// `LastHolder` when it takes one away and would leave fewer than [`HOLDERS_MIN`].
pub(crate) fn count(holders: u64, added: i64) -> Result<u64, Refusal> {
    if added < 0 && holders <= HOLDERS_MIN {
        return Err(Refusal::LastHolder);
    }
    Ok(holders.saturating_add_signed(added))
}

/// Checks that a holder can close the establishment's space: the only way in which its last holder goes. Its
/// write has the condition `holders = HOLDERS_MIN`, so that nobody closes it over another holder's head; it
/// sets `holders` to 0 and the opening to the [next](Opening::next).
///
/// # Errors
/// `OtherHolders` while there is another active holder; `SpaceClosed` when there is none.
pub fn check_closing(holders: u64) -> Result<(), Refusal> {
    match holders.cmp(&HOLDERS_MIN) {
        Ordering::Less => Err(Refusal::SpaceClosed),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Refusal::OtherHolders),
    }
}

/// Signs of a holder's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// When they became a holder. Marks from before, when they were one already, do not count.
    pub since: Timestamp,
    /// The last mail «toujours là ?».
    pub asked_at: Option<Timestamp>,
    /// The last click on one.
    pub answered_at: Option<Timestamp>,
}

impl Presence {
    /// Of who becomes a holder.
    #[must_use]
    pub const fn new(since: Timestamp) -> Self {
        Self { since, asked_at: None, answered_at: None }
    }

    /// When they are asked next: [`PRESENCE_PERIOD`] after the last of these signs, so that there is one mail
    /// a year, answered or not.
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        let signs = self.asked_at.into_iter().chain(self.answered_at);
        after(signs.fold(self.since, Ord::max), PRESENCE_PERIOD)
    }

    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due_at()
    }

    /// Whether the last mail waits for its click.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        let asked = self.asked_at.filter(|&asked| asked >= self.since);
        asked.is_some_and(|asked| self.answered_at.is_none_or(|answered| answered < asked))
    }
}

/// The token of a mail «toujours là ?»: derived, so that a mail sent twice carries the same link and no row
/// holds a token.
#[must_use]
pub fn presence_token(key: &SecretKey, mail: MailId) -> Token {
    Token::from_bytes(key.sign(format!("presence {mail}").as_bytes()))
}
