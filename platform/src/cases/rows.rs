//! The rows of cases, read and written.

use domain::case::{Effect, EntryBy, EntryKind, Held, Lease, SENDER_WINDOW, Template};
use domain::time::{Timestamp, after};
use domain::{AgentSub, Case, CaseState, Name, Reference, Siret, Ticket};

use super::{CaseFile, Entry};
use crate::agents::Agent;
use crate::table::{Change, Key, Row, TableError};
use crate::tickets;

/// What every act writes, besides what follows.
macro_rules! writing {
    ($($more:literal)?) => {
        concat!(
            "SET case_state = :state, entries = :after, unanswered = :unanswered, last_act = :act",
            $($more)?
        )
    };
}

const WRITE: &str = writing!();
const WRITE_MESSAGE: &str = writing!(", message_at = :now");
const WRITE_AND_HOLD: &str = writing!(", held_by = :sub, held_name = :name, held_until = :until");
const WRITE_AND_END: &str = writing!(" REMOVE held_by, held_name, held_until");
const EXTEND: &str = "SET held_until = :until";
/// Nothing was added yet, and so nobody holds it.
const IS_NEW: &str = "attribute_exists(pk) AND attribute_not_exists(entries)";
const STANDS: &str = "entries = :entries";
/// The same, and no other agent holds it.
const STANDS_FREE: &str =
    "entries = :entries AND (attribute_not_exists(held_by) OR held_by = :sub OR held_until <= :now)";
const STILL_HELD: &str = "held_by = :sub AND held_until > :now";

/// Where a request stands among others: by when it came, to the second, then by its reference.
pub(super) fn place(received_at: Timestamp, reference: &Reference) -> String {
    let second = Timestamp::from_second(received_at.as_second()).unwrap_or(received_at);
    format!("{second}#{}", reference.as_str())
}

/// The places of a request that comes in: in the queue, among those of its establishment and of its mailbox.
pub(crate) fn arrival(
    reference: &Reference,
    ticket: &Ticket,
    (now, expires_at): (Timestamp, Timestamp),
    sender: &str,
) -> [Row; 3] {
    let place = place(now, reference);
    let of_establishment = Row::new(&Key::case_of(&ticket.siret, &place))
        .with("reference", reference.as_str())
        .with("motive", ticket.motive.as_str())
        .with("expires_at", expires_at);
    let of_mailbox = Row::new(&Key::case_by(sender, &place))
        .with("siret", ticket.siret.as_str())
        .with("expires_at", after(now, SENDER_WINDOW));
    let key = Key::place(CaseState::Waiting, ticket.motive, &place);
    [queued(&key, (reference, &ticket.siret), (now, now), expires_at), of_establishment, of_mailbox]
}

impl CaseFile {
    fn place(&self, state: CaseState) -> Key {
        Key::place(state, self.ticket.motive, &place(self.received_at, &self.reference))
    }

    /// The place that it leaves, and the one that it comes to.
    pub(super) fn moved(&self, state: CaseState, now: Timestamp) -> (Key, Row) {
        let of = (&self.reference, &self.ticket.siret);
        let row = queued(&self.place(state), of, (self.received_at, now), self.expires_at);
        (self.place(self.case.state), row)
    }

    /// The row of the entry that comes next.
    pub(super) fn entry(&self, (kind, by): (EntryKind, EntryBy), now: Timestamp) -> Row {
        Row::new(&Key::entry(&self.reference, self.case.entries + 1))
            .with("entry_kind", kind.as_str())
            .with("entry_by", by.as_str())
            .with("at", now)
            .with("expires_at", self.expires_at)
    }

    /// The write of an effect, if the case stands as it was read, and for an agent if nobody else holds it.
    pub(super) fn change(&self, effect: &Effect, act: &str, agent: Option<&Agent>, now: Timestamp) -> Change {
        let agent = agent.filter(|_| effect.lease != Lease::Left);
        let is_message = effect.entry == Some(EntryKind::Message);
        let update = match (agent, effect.lease) {
            (Some(_), Lease::Until(_)) => WRITE_AND_HOLD,
            (Some(_), _) => WRITE_AND_END,
            (None, _) if is_message => WRITE_MESSAGE,
            (None, _) => WRITE,
        };
        let condition = match (self.case.entries, agent) {
            (0, _) => IS_NEW,
            (_, Some(_)) => STANDS_FREE,
            (_, None) => STANDS,
        };
        let key = Key::ticket(self.reference.as_str());
        let mut change = Change::new(key, update, condition)
            .value("state", effect.state.as_str())
            .value("after", self.case.entries + 1)
            .value("unanswered", effect.unanswered)
            .value("act", act);
        if condition != IS_NEW {
            change = change.value("entries", self.case.entries);
        }
        if is_message || condition == STANDS_FREE {
            change = change.value("now", now);
        }
        match (agent, effect.lease) {
            (Some(agent), Lease::Until(until)) => change
                .value("sub", agent.sub.as_str())
                .value("name", agent.name.as_str())
                .value("until", until),
            (Some(agent), _) if condition == STANDS_FREE => change.value("sub", agent.sub.as_str()),
            _ => change,
        }
    }

    /// A longer lease for who holds it.
    pub(super) fn extension(&self, agent: &Agent, until: Timestamp, now: Timestamp) -> Change {
        Change::new(Key::ticket(self.reference.as_str()), EXTEND, STILL_HELD)
            .value("sub", agent.sub.as_str())
            .value("until", until)
            .value("now", now)
    }
}

fn queued(
    key: &Key,
    (reference, siret): (&Reference, &Siret),
    (received_at, since): (Timestamp, Timestamp),
    expires_at: Timestamp,
) -> Row {
    Row::new(key)
        .with("reference", reference.as_str())
        .with("siret", siret.as_str())
        .with("created_at", received_at)
        .with("since", since)
        .with("expires_at", expires_at)
}

/// A request without what acts write has none yet.
pub(super) fn read(reference: &Reference, row: &Row) -> Result<CaseFile, TableError> {
    let (ticket, received_at) = tickets::read(row)?;
    let state = row.find_text("case_state").map(CaseState::parse).transpose();
    let case = Case {
        state: state.map_err(|_| TableError::corrupt("case_state"))?.unwrap_or(CaseState::Waiting),
        entries: row.find_number("entries").unwrap_or(0),
        unanswered: row.find_number("unanswered").unwrap_or(0),
        message_at: row.find_moment("message_at"),
        held: read_held(row)?,
    };
    Ok(CaseFile {
        reference: reference.clone(),
        ticket,
        received_at,
        case,
        last_act: row.find_text("last_act").map(str::to_owned),
        expires_at: row.moment("expires_at")?,
    })
}

fn read_held(row: &Row) -> Result<Option<Held>, TableError> {
    let Some(until) = row.find_moment("held_until") else { return Ok(None) };
    let by = row.parsed("held_by", |sub| AgentSub::parse(sub).ok_or(()))?;
    Ok(Some(Held { by, name: row.parsed("held_name", Name::parse)?, until }))
}

/// The request that a row of a list names.
pub(super) fn reference_of(row: &Row) -> Result<Reference, TableError> {
    row.parsed("reference", |text| Reference::parse(text).ok_or(()))
}

pub(super) fn read_entry(row: &Row) -> Result<Entry, TableError> {
    let number = row.text("sk")?.strip_prefix(Key::ENTRIES).and_then(|number| number.parse().ok());
    Ok(Entry {
        number: number.ok_or(TableError::corrupt("sk"))?,
        kind: row.parsed("entry_kind", |kind| EntryKind::parse(kind).ok_or(()))?,
        by: row.parsed("entry_by", |by| EntryBy::parse(by).ok_or(()))?,
        name: row
            .find_text("agent_name")
            .map(Name::parse)
            .transpose()
            .map_err(|_| TableError::corrupt("agent_name"))?,
        text: row.find_text("text").map(str::to_owned),
        template: row.find_text("template").and_then(Template::find),
        at: row.moment("at")?,
    })
}
