//! Mandates: what a cabinet may do for an establishment, from which day until which, and by whose word.

use std::fmt;

use jiff::ToSpan;
use sha2::{Digest, Sha256};

use crate::as_text::as_text;
use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::opaque::opaque_id;
use crate::opening::{Opening, Openings};
use crate::refusal::{FieldCode, FieldError, Refusal};
use crate::siret::Siret;
use crate::time::{Date, SignedDuration, Timestamp, after, end_of, paris_day, parse_day};
use crate::token::hexadecimal;

/// The longest mandate, in years from its first day (contract).
pub const MANDATE_YEARS_MAX: i64 = 1;
/// How far ahead a mandate begins at most, in years from today.
pub const MANDATE_AHEAD_YEARS_MAX: i64 = 1;
/// How long an offer waits for its answer.
pub const MANDATE_OFFER_VALID: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Characters of a day on the wire.
const DAY_LENGTH: usize = 10;

opaque_id! {
    /// The id of a mandate, the same for both of its establishments.
    MandateId
}

/// A kind of act for an establishment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// See the file.
    Read,
    /// «Demandes d'autorisation».
    Declare,
    /// «Demandes d'indemnisation».
    Indemnify,
}

impl Scope {
    /// In the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Read, Self::Declare, Self::Indemnify];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Declare => "declare",
            Self::Indemnify => "indemnify",
        }
    }

    /// What it lets somebody do, in French.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Read => "consulter le dossier",
            Self::Declare => "déposer les demandes d'autorisation",
            Self::Indemnify => "déposer les demandes d'indemnisation",
        }
    }

    /// Reads the name on the wire.
    ///
    /// # Errors
    /// `ScopeUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or(FieldCode::ScopeUnknown)
    }

    fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Declare => 2,
            Self::Indemnify => 4,
        }
    }
}

/// A set of scopes. None includes another: who may declare may not read, unless that is given too.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    #[must_use]
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |&scope| self.has(scope))
    }

    /// The names on the wire, in order.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Scope::as_str).collect()
    }

    /// Parses a printed set that is not empty.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        let scopes: Self = printed.split(',').map(|name| Scope::parse(name).ok()).collect::<Option<_>>()?;
        (scopes.to_string() == printed).then_some(scopes)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, |set, scope| Self(set.0 | scope.bit()))
    }
}

/// As the table holds it: `read,declare`.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

as_text!(Scopes, Scopes::parse);

/// At least one; a scope that is named twice counts once.
impl FieldValue for Scopes {
    type Json = Vec<String>;

    fn read(names: Vec<String>) -> Result<Self, FieldCode> {
        let scopes: Self = names.iter().map(|name| Scope::parse(name)).collect::<Result<_, _>>()?;
        if scopes.is_empty() { Err(FieldCode::Required) } else { Ok(scopes) }
    }

    fn schema() -> Schema {
        Schema {
            name: "Scopes",
            description: "What the cabinet may do for the establishment.".to_owned(),
            rule: Rule::SomeOf(Scope::ALL.map(Scope::as_str).to_vec()),
        }
    }
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

/// A day on a calendar in Paris, as `2026-11-23`.
impl FieldValue for Date {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        parse_day(present(&typed)?.trim()).ok_or(FieldCode::DateFormat)
    }

    fn schema() -> Schema {
        Schema {
            name: "Date",
            description: "A day on a calendar in Paris (RFC 3339, `full-date`).".to_owned(),
            rule: Rule::Text(TextRule {
                length_min: DAY_LENGTH,
                length_max: Some(DAY_LENGTH),
                pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$".to_owned()),
                format: Some("date"),
                example: Some("2026-11-23"),
            }),
        }
    }
}

/// The days of a mandate in Paris, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Term {
    from: Date,
    until: Date,
}

impl Term {
    /// The term of a mandate that is offered `today`. It may begin before: nothing is allowed before the
    /// acceptance.
    ///
    /// # Errors
    /// On `from`, `DateTooFar` over [`MANDATE_AHEAD_YEARS_MAX`] ahead. On `until`, `DateOrder` before `from`,
    /// `TermTooLong` over [`MANDATE_YEARS_MAX`] after it, `DatePast` before today.
    pub fn offered(from: Date, until: Date, today: Date) -> Result<Self, FieldError> {
        if from > today.saturating_add(MANDATE_AHEAD_YEARS_MAX.years()) {
            return Err(FieldError { field: "from", code: FieldCode::DateTooFar });
        }
        let of_until = |code| FieldError { field: "until", code };
        let term = Self::new(from, until).map_err(of_until)?;
        if until < today { Err(of_until(FieldCode::DatePast)) } else { Ok(term) }
    }

    /// The term of two days, whatever day it is.
    ///
    /// # Errors
    /// `DateOrder`, `TermTooLong`.
    pub fn new(from: Date, until: Date) -> Result<Self, FieldCode> {
        if until < from {
            return Err(FieldCode::DateOrder);
        }
        // A year after 29 February is 28 February.
        if until > from.saturating_add(MANDATE_YEARS_MAX.years()) {
            return Err(FieldCode::TermTooLong);
        }
        Ok(Self { from, until })
    }

    /// The first day.
    #[must_use]
    pub fn from(self) -> Date {
        self.from
    }

    /// The last day.
    #[must_use]
    pub fn until(self) -> Date {
        self.until
    }

    /// The first moment after it.
    #[must_use]
    pub fn ends_at(self) -> Timestamp {
        end_of(self.until)
    }

    #[must_use]
    pub fn has(self, moment: Timestamp) -> bool {
        (self.from..=self.until).contains(&paris_day(moment))
    }

    /// Whether a day is in both.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.from <= other.until && other.from <= self.until
    }
}

/// A text that both sides agree to, never changed once it was shown: a new one has a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MandateText {
    pub version: &'static str,
    pub text: &'static str,
}

impl MandateText {
    /// The one that new offers show.
    pub const CURRENT: Self = Self { version: "2026-12", text: include_str!("mandate_text_2026_12.txt") };
    /// Every one that was ever shown: pages of past mandates show theirs.
    pub const ALL: [Self; 1] = [Self::CURRENT];

    /// The text of a version.
    #[must_use]
    pub fn find(version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|text| text.version == version)
    }

    /// Its SHA-256 in hexadecimal, which a mandate keeps with its acceptance.
    #[must_use]
    pub fn sha256(&self) -> String {
        hexadecimal(&Sha256::digest(self.text.as_bytes()))
    }
}

/// The version that the page showed: [`MandateText::CURRENT`], else the page is to be loaded anew.
impl FieldValue for MandateText {
    type Json = String;

    fn read(version: String) -> Result<Self, FieldCode> {
        let is_current = present(&version)? == Self::CURRENT.version;
        if is_current { Ok(Self::CURRENT) } else { Err(FieldCode::TextVersionUnknown) }
    }

    fn schema() -> Schema {
        Schema {
            name: "MandateText",
            description: "The version of the mandate's text that was shown.".to_owned(),
            rule: Rule::OneOf(vec![Self::CURRENT.version]),
        }
    }
}

/// Which text was shown, as a mandate keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownText {
    pub version: String,
    pub sha256: String,
}

impl ShownText {
    /// The text, to show it again. `None` when it is not the same to the letter.
    #[must_use]
    pub fn text(&self) -> Option<MandateText> {
        MandateText::find(&self.version).filter(|text| text.sha256() == self.sha256)
    }
}

impl From<MandateText> for ShownText {
    fn from(text: MandateText) -> Self {
        Self { version: text.version.to_owned(), sha256: text.sha256() }
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
