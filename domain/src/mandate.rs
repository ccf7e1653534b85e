//! Mandates: what a cabinet may do for an establishment, from which day until which, and by whose word.

mod scope;
mod term;
mod text;

use crate::form::{FieldValue, Rule, Schema, present};
use crate::opaque::opaque_id;
use crate::opening::{Opening, Openings};
use crate::refusal::{FieldCode, FieldError, Refusal};
use crate::siret::Siret;
use crate::time::{SignedDuration, Timestamp, after};

pub use scope::{Scope, Scopes};
pub use term::{MANDATE_AHEAD_YEARS_MAX, MANDATE_YEARS_MAX, Term};
pub use text::{MandateText, ShownText};

/// How long an offer waits for its answer.
pub const MANDATE_OFFER_VALID: SignedDuration = SignedDuration::from_hours(30 * 24);

opaque_id! {
    /// The id of a mandate, the same for both of its establishments.
    MandateId
}

/// Which of the two establishments of a mandate is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that is acted for.
    Client,
    /// The one that acts.
    Cabinet,
}

impl Side {
    pub const ALL: [Self; 2] = [Self::Client, Self::Cabinet];

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Cabinet,
            Self::Cabinet => Self::Client,
        }
    }

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Cabinet => "cabinet",
        }
    }

    /// Reads the name on the wire.
    ///
    /// # Errors
    /// `SideUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|side| side.as_str() == name).ok_or(FieldCode::SideUnknown)
    }
}

impl FieldValue for Side {
    type Json = String;

    fn read(name: String) -> Result<Self, FieldCode> {
        Self::parse(present(&name)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "Side",
            description: "Whether one's own establishment is acted for, or acts.".to_owned(),
            rule: Rule::OneOf(Self::ALL.map(Self::as_str).to_vec()),
        }
    }
}

/// What becomes of a mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MandateState {
    /// Waits for the other side.
    Offered,
    /// Accepted; it lets the cabinet act from its first day on ([`Mandate::gives`]).
    Active,
    Declined,
    /// Ended by either side, or by its last day; an offer that was taken back too.
    Ended,
    /// An offer that nobody answered in time.
    Lapsed,
}

impl MandateState {
    pub const ALL: [Self; 5] = [Self::Offered, Self::Active, Self::Declined, Self::Ended, Self::Lapsed];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Active => "active",
            Self::Declined => "declined",
            Self::Ended => "ended",
            Self::Lapsed => "lapsed",
        }
    }
}

/// What somebody does with a mandate that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transition {
    Accept,
    Decline,
    /// Ends it at once, or takes an offer back.
    End,
}

impl Transition {
    pub const ALL: [Self; 3] = [Self::Accept, Self::Decline, Self::End];

    /// The last part of its route.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::End => "end",
        }
    }

    /// Reads the last part of its route.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transition| transition.as_str() == name)
    }
}

/// Which of the live mandates of one cabinet, client and scope: there are two at most, without a common day,
/// so that a renewal can be offered and accepted while the mandate before it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The one to try first.
    First,
    /// For a renewal, where the first is taken until a day before it.
    Second,
}

impl Slot {
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// The name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }

    /// Reads the name in the table.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.as_str() == name)
    }
}

/// The row under a live key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveKey {
    pub mandate: MandateId,
    pub term: Term,
    /// The mandate's [`live_until`](Mandate::live_until).
    pub expires_at: Timestamp,
}

impl LiveKey {
    fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// What the write of a mandate does to the row under a live key, and on which condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyWrite {
    /// Puts the row. None that is live may stand there.
    Claim(LiveKey),
    /// Changes nothing. A live row that stands there may have no day of this term.
    Apart(Term),
    /// Sets the row's expiry. It must name this mandate.
    Extend(Timestamp),
    /// Deletes the row. It must name this mandate, or be gone: nothing holds a revocation up.
    Release,
}

impl KeyWrite {
    /// Whether the condition holds for the row that stands there.
    #[must_use]
    pub fn holds(&self, row: Option<&LiveKey>, this: &MandateId, now: Timestamp) -> bool {
        let live = row.filter(|row| row.is_live(now));
        match self {
            Self::Claim(_) => live.is_none(),
            Self::Apart(term) => live.is_none_or(|row| !row.term.overlaps(*term)),
            Self::Extend(_) => row.is_some_and(|row| row.mandate == *this),
            Self::Release => row.is_none_or(|row| row.mandate == *this),
        }
    }
}

/// A mandate after a transition, and what its write does to the rows under its live keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub mandate: Mandate,
    pub keys: Vec<(String, KeyWrite)>,
}

/// What lets a cabinet act for an establishment. Only marks are stored: the state is computed on read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    pub client: Siret,
    /// Of the client when it was offered.
    pub client_opening: Opening,
    pub cabinet: Siret,
    /// Of the cabinet when it was offered.
    pub cabinet_opening: Opening,
    pub scopes: Scopes,
    pub term: Term,
    pub slot: Slot,
    pub shown: ShownText,
    pub offered_by: Side,
    pub offered_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub declined_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// When the cabinet first acted by it.
    pub first_used_at: Option<Timestamp>,
}

impl Mandate {
    /// Which side an establishment is on, if it is one of the two.
    #[must_use]
    pub fn side_of(&self, siret: &Siret) -> Option<Side> {
        if *siret == self.client {
            Some(Side::Client)
        } else if *siret == self.cabinet {
            Some(Side::Cabinet)
        } else {
            None
        }
    }

    #[must_use]
    pub fn siret_of(&self, side: Side) -> &Siret {
        match side {
            Side::Client => &self.client,
            Side::Cabinet => &self.cabinet,
        }
    }

    /// Whether both spaces are still in the openings in which it was offered.
    fn is_current(&self, openings: &Openings) -> bool {
        openings.is_current(&self.client, self.client_opening)
            && openings.is_current(&self.cabinet, self.cabinet_opening)
    }

    /// Closing the space of either side ends it.
    #[must_use]
    pub fn state(&self, openings: &Openings, now: Timestamp) -> MandateState {
        let is_live = now < self.live_until() && self.is_current(openings);
        let is_accepted = self.accepted_at.is_some();
        if self.declined_at.is_some() {
            MandateState::Declined
        } else if self.ended_at.is_some() {
            MandateState::Ended
        } else {
            match (is_live, is_accepted) {
                (true, true) => MandateState::Active,
                (true, false) => MandateState::Offered,
                (false, true) => MandateState::Ended,
                (false, false) => MandateState::Lapsed,
            }
        }
    }

    /// What the cabinet may do `now`: read at each use, never kept in a session.
    #[must_use]
    pub fn gives(&self, openings: &Openings, now: Timestamp) -> Scopes {
        let is_accepted = self.accepted_at.is_some_and(|accepted| accepted <= now);
        let is_active = self.state(openings, now) == MandateState::Active;
        if is_accepted && is_active && self.term.has(now) { self.scopes } else { Scopes::NONE }
    }

    /// The mandate with the mark of its first use, if a use `now` is the first: the client's holders are told
    /// of it. The write has the condition that no first use is marked, so that of two at once one is told.
    #[must_use]
    pub fn first_used(&self, openings: &Openings, now: Timestamp) -> Option<Self> {
        let is_first = self.first_used_at.is_none() && !self.gives(openings, now).is_empty();
        is_first.then(|| Self { first_used_at: Some(now), ..self.clone() })
    }

    /// The mandate after a transition. Who may do it is for [`authority`](crate::authority) to say.
    ///
    /// # Errors
    /// `MandateState`: only an offer is accepted or declined; only an offer or an active mandate is ended;
    /// nothing is accepted whose text is no longer known.
    pub fn apply(
        &self,
        transition: Transition,
        openings: &Openings,
        now: Timestamp,
    ) -> Result<Applied, Refusal> {
        let mut mandate = self.clone();
        match (transition, self.state(openings, now)) {
            (Transition::Accept, MandateState::Offered) if self.shown.text().is_some() => {
                mandate.accepted_at = Some(now);
            }
            (Transition::Decline, MandateState::Offered) => mandate.declined_at = Some(now),
            (Transition::End, MandateState::Offered | MandateState::Active) => mandate.ended_at = Some(now),
            _ => return Err(Refusal::MandateState),
        }
        let keys = match transition {
            Transition::Accept => self.writes_apart(&KeyWrite::Extend(mandate.live_until())),
            Transition::Decline | Transition::End => self.writes_in(self.slot, &KeyWrite::Release),
        };
        Ok(Applied { mandate, keys })
    }

    /// Until when it is offered or active, if nobody does anything: the expiry of the rows under
    /// [`live_keys`](Self::live_keys).
    #[must_use]
    pub fn live_until(&self) -> Timestamp {
        let marked = self.declined_at.or(self.ended_at);
        let unanswered = self.accepted_at.is_none().then(|| after(self.offered_at, MANDATE_OFFER_VALID));
        marked.into_iter().chain(unanswered).fold(self.term.ends_at(), Ord::min)
    }

    /// The keys under which it is the only live one of its cabinet, client and slot: one for each scope. They
    /// are others after a closing, so that what was given before does not stand in the way.
    #[must_use]
    pub fn live_keys(&self) -> Vec<String> {
        self.keys_in(self.slot)
    }

    fn keys_in(&self, slot: Slot) -> Vec<String> {
        let (cabinet, client) = (&self.cabinet, &self.client);
        let sides = format!("{cabinet}.{}#{client}.{}", self.cabinet_opening, self.client_opening);
        let key = |scope: &str| format!("{sides}#{scope}#{}", slot.as_str());
        self.scopes.names().into_iter().map(key).collect()
    }

    fn writes_in(&self, slot: Slot, write: &KeyWrite) -> Vec<(String, KeyWrite)> {
        self.keys_in(slot).into_iter().map(|key| (key, write.clone())).collect()
    }

    /// A write under its own keys, and the demand that a live mandate in the other slot has no day of its
    /// term.
    fn writes_apart(&self, own: &KeyWrite) -> Vec<(String, KeyWrite)> {
        let other = KeyWrite::Apart(self.term);
        [self.writes_in(self.slot, own), self.writes_in(self.slot.other(), &other)].concat()
    }

    /// What the write of its offer does under live keys. Where a key of its own is taken by a mandate without
    /// a common day, the other slot can be tried.
    #[must_use]
    pub fn claim(&self, id: &MandateId) -> Vec<(String, KeyWrite)> {
        let row = LiveKey { mandate: id.clone(), term: self.term, expires_at: self.live_until() };
        self.writes_apart(&KeyWrite::Claim(row))
    }
}

/// Checks that a mandate is between two establishments.
///
/// # Errors
/// `SiretIsOwn` on `other_siret`.
pub fn check_sides(mine: &Siret, other: &Siret) -> Result<(), FieldError> {
    if mine == other {
        return Err(FieldError { field: "other_siret", code: FieldCode::SiretIsOwn });
    }
    Ok(())
}
