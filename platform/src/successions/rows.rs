//! The row of a succession, read and written.

use domain::agent::AgentSub;
use domain::succession::{Evidence, Fact, Facts, Mark, Notice, Statement};
use domain::time::after;
use domain::{Email, FullName, Identifier, InvitationId, Name, Reference, Siret, Succession, SuccessionId};

use super::{Known, SUCCESSION_RETENTION};
use crate::error::Error;
use crate::spaces::opening_of;
use crate::table::{Change, Key, Row, TableError};

/// What every act of an agent demands: the round as it was read, and no end yet.
macro_rules! standing {
    ($($more:literal)?) => {
        concat!(
            "round = :round AND attribute_not_exists(executed_at) AND attribute_not_exists(refused_at) \
             AND attribute_not_exists(withdrawn_at)",
            $($more)?
        )
    };
}

const STANDS: &str = standing!();
const APPROVES: &str = standing!(
    " AND proposed_by <> :me AND attribute_not_exists(contested_at) AND attribute_not_exists(approved_at) \
     AND facts_written = :facts"
);
/// Two persons, no objection, and the window as it was read.
const EXECUTES: &str = standing!(
    " AND proposed_by <> :me AND attribute_exists(approved_at) AND approved_by <> proposed_by \
     AND attribute_not_exists(contested_at) AND facts_written = :facts"
);
const LIFTS: &str = standing!(
    " AND proposed_by <> :me AND attribute_exists(contested_at) AND attribute_not_exists(lifted_by)"
);
const RENEWS: &str = standing!(
    " AND proposed_by <> :me AND attribute_exists(contested_at) AND attribute_exists(lifted_by) \
     AND lifted_by <> :me"
);
const APPROVE: &str = "SET approved_by = :me, approved_name = :name, approved_at = :now";
const EXECUTE: &str = "SET executed_at = :now";
const LIFT: &str = "SET lifted_by = :me, lifted_name = :name, lifted_at = :now";
const RENEW: &str = "SET round = :next, notices = :notices, facts_written = :none \
                     REMOVE facts, approved_by, approved_name, approved_at, contested_at, contest_told_at, \
                     lifted_by, lifted_name, lifted_at";
const REFUSE: &str = "SET refused_by = :me, refused_name = :name, refused_at = :now, missing_text = :missing";
const WITHDRAW: &str = "SET withdrawn_by = :me, withdrawn_name = :name, withdrawn_at = :now";

/// The row of a new succession.
pub(super) fn row(succession: &Succession) -> Result<Row, Error> {
    let Succession { proposed, holder_name, name, .. } = succession;
    Ok(Row::new(&Key::succession(&succession.id))
        .with("reference", succession.reference.as_str())
        .with("siret", succession.siret.as_str())
        .with("opening", succession.opening.0)
        .with("establishment_name", succession.establishment_name.as_str())
        .with("holder", succession.holder.as_str())
        .with("holder_first_name", holder_name.first.as_str())
        .with("holder_last_name", holder_name.last.as_str())
        .with("first_name", name.first.as_str())
        .with("last_name", name.last.as_str())
        .with("email", succession.email.as_str())
        .with("evidence", serde_json::to_string(&succession.evidence).map_err(Error::internal)?)
        .with("days", u64::from(succession.days))
        .with("invitation", succession.invitation.as_str())
        .with("proposed_by", proposed.by.as_str())
        .with("proposed_name", proposed.name.as_str())
        .with("proposed_at", proposed.at)
        .with("round", succession.round)
        .with("notices", written(&succession.notices)?)
        .with("facts_written", 0)
        .with("expires_at", after(proposed.at, SUCCESSION_RETENTION)))
}

/// The row that says which succession is under way, or was the last of a request.
pub(super) fn pointer(key: &Key, succession: &Succession) -> Row {
    Row::new(key)
        .with("succession", succession.id.as_str())
        .with("expires_at", after(succession.proposed.at, SUCCESSION_RETENTION))
}

fn written(notices: &[Notice]) -> Result<String, Error> {
    serde_json::to_string(notices).map_err(Error::internal)
}

fn change(known: &Known, update: &'static str, condition: &'static str) -> Change {
    let Known { succession, .. } = known;
    Change::new(Key::succession(&succession.id), update, condition).value("round", succession.round)
}

fn marked(change: Change, mark: &Mark) -> Change {
    change.value("me", mark.by.as_str()).value("name", mark.name.as_str()).value("now", mark.at)
}

pub(super) fn approve(known: &Known, mark: &Mark) -> Change {
    marked(change(known, APPROVE, APPROVES), mark).value("facts", known.facts_written)
}

pub(super) fn execute(known: &Known, mark: &Mark) -> Change {
    let change = change(known, EXECUTE, EXECUTES).value("facts", known.facts_written);
    change.value("me", mark.by.as_str()).value("now", mark.at)
}

pub(super) fn lift(known: &Known, mark: &Mark) -> Change {
    marked(change(known, LIFT, LIFTS), mark)
}

pub(super) fn renew(known: &Known, mark: &Mark, notices: &[Notice]) -> Result<Change, Error> {
    Ok(change(known, RENEW, RENEWS)
        .value("me", mark.by.as_str())
        .value("next", known.succession.round + 1)
        .value("notices", written(notices)?)
        .value("none", 0))
}

pub(super) fn refuse(known: &Known, mark: &Mark, missing: &Statement) -> Change {
    marked(change(known, REFUSE, STANDS), mark).value("missing", missing.as_str())
}

pub(super) fn withdraw(known: &Known, mark: &Mark) -> Change {
    marked(change(known, WITHDRAW, STANDS), mark)
}

/// What an act left in the row: who did it, under which name, and when.
type MarkNames = (&'static str, &'static str, &'static str);

fn mark_of(row: &Row, (by, name, at): MarkNames) -> Result<Option<Mark>, TableError> {
    let Some(at) = row.find_moment(at) else { return Ok(None) };
    let by = row.parsed(by, |text| AgentSub::parse(text).ok_or(()))?;
    Ok(Some(Mark { by, name: row.parsed(name, Name::parse)?, at }))
}

pub(super) fn read(row: &Row) -> Result<Known, TableError> {
    let mark = |names| mark_of(row, names);
    let proposed = mark(("proposed_by", "proposed_name", "proposed_at"))?;
    let missing =
        row.find_text("missing_text").map(|text| Statement::parse(text).map_err(|_| "missing_text"));
    let id = row.parsed("pk", |pk| pk.strip_prefix("SUCCESSION#").and_then(SuccessionId::parse).ok_or(()))?;
    let succession = Succession {
        id,
        reference: row.parsed("reference", |text| Reference::parse(text).ok_or(()))?,
        siret: row.parsed("siret", Siret::parse)?,
        opening: opening_of(row)?,
        establishment_name: row.parsed("establishment_name", Name::parse)?,
        holder: row.parsed("holder", Identifier::parse)?,
        holder_name: full_name(row, ("holder_first_name", "holder_last_name"))?,
        name: full_name(row, ("first_name", "last_name"))?,
        email: row.parsed("email", Email::parse)?,
        evidence: row.parsed("evidence", |json| serde_json::from_str::<Vec<Evidence>>(json))?,
        days: u32::try_from(row.number("days")?).map_err(|_| TableError::corrupt("days"))?,
        invitation: row.parsed("invitation", |id| InvitationId::parse(id).ok_or(()))?,
        proposed: proposed.ok_or(TableError::corrupt("proposed_at"))?,
        round: row.number("round")?,
        notices: row.parsed("notices", |json| serde_json::from_str::<Vec<Notice>>(json))?,
        facts: row.set("facts").iter().filter_map(|fact| Fact::parse(fact)).collect::<Facts>(),
        approved: mark(("approved_by", "approved_name", "approved_at"))?,
        executed_at: row.find_moment("executed_at"),
        contested_at: row.find_moment("contested_at"),
        lifted: mark(("lifted_by", "lifted_name", "lifted_at"))?,
        refused: mark(("refused_by", "refused_name", "refused_at"))?,
        missing: missing.transpose().map_err(TableError::corrupt)?,
        withdrawn: mark(("withdrawn_by", "withdrawn_name", "withdrawn_at"))?,
    };
    let is_contest_told = row.find_moment("contest_told_at").is_some();
    Ok(Known { succession, facts_written: row.number("facts_written")?, is_contest_told })
}

fn full_name(row: &Row, (first, last): (&'static str, &'static str)) -> Result<FullName, TableError> {
    Ok(FullName { first: row.parsed(first, Name::parse)?, last: row.parsed(last, Name::parse)? })
}
