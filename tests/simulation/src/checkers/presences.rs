//! The question «toujours là ?»: one mail a year for each holder, and one turn of the next year.

use std::collections::{BTreeMap, BTreeSet};

use domain::membership::PRESENCE_PERIOD;
use domain::time::{SignedDuration, Timestamp, after, utc_day};
use serde_json::Value;

use super::spaces::active_holders;
use super::{Error, Row, rows};
use crate::world::{BEGINNING, World};

/// An active holder, by the row of the member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    pub siret: String,
    pub identifier: String,
    pub email: String,
}

/// The active holders of the table.
///
/// # Errors
/// When it cannot be read.
pub fn holders(world: &World) -> Result<Vec<Holder>, Error> {
    Ok(active(&rows(world)?).map(of).collect())
}

fn active(rows: &[Row]) -> impl Iterator<Item = &Row> {
    let own = rows.iter().filter(|row| row.is_establishment());
    own.flat_map(|own| active_holders(rows, own))
}

fn of(row: &Row) -> Holder {
    let (siret, identifier) = (row.id().to_owned(), row.text("identifier").to_owned());
    Holder { siret, identifier, email: row.text("email").to_owned() }
}

/// Turns that are not past.
fn standing<'a>(world: &World, rows: &'a [Row]) -> impl Iterator<Item = &'a Row> {
    let now = u64::try_from(world.now().as_second()).unwrap_or(0);
    let is_past = move |row: &Row| row.number("expires_at").is_none_or(|until| until <= now);
    rows.iter().filter(move |row| row.kind() == "PRESENCE#" && !is_past(row))
}

/// Those of somebody, by their days.
fn turns<'a>(world: &World, rows: &'a [Row], holder: &Holder) -> Vec<&'a str> {
    let sk = format!("{}#{}", holder.siret, holder.identifier);
    standing(world, rows).filter(|row| row.sk() == sk).map(Row::id).collect()
}

/// When a holder is due, by the row.
fn due_at(row: &Row) -> Timestamp {
    let signs = ["holder_since", "presence_asked_at", "presence_answered_at", "since"];
    let seconds = signs[..3].iter().filter_map(|name| row.number(name)).max();
    let seconds = seconds.or_else(|| row.number(signs[3])).unwrap_or(0);
    let last = Timestamp::from_second(i64::try_from(seconds).unwrap_or(BEGINNING)).unwrap_or_default();
    after(last, PRESENCE_PERIOD)
}

/// No holder is without a turn, on the day on which they are due or before.
pub(super) fn check(world: &World, rows: &[Row]) {
    for row in active(rows) {
        let (holder, due) = (of(row), utc_day(due_at(row)).to_string());
        let has_turn = turns(world, rows, &holder).iter().any(|day| **day <= *due);
        if !has_turn {
            world.violation(format!("a holder of {} is never asked whether they are there", holder.siret));
        }
    }
}

/// After the turns of all have come: `asked` were holders when it began.
///
/// # Errors
/// When the table cannot be read.
pub fn check_year(world: &World, asked: &[Holder]) -> Result<(), Error> {
    let rows = rows(world)?;
    let mut mails: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind() == "MAIL#") {
        let job: Value = serde_json::from_str(row.text("job")).unwrap_or(Value::Null);
        let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
        if job["kind"] == "still_there" {
            *mails.entry((text("siret"), text("identifier"))).or_default() += 1;
        }
    }
    let model = world.model.borrow();
    let holding: BTreeSet<(&str, &str)> =
        active(&rows).map(|row| (row.id(), row.text("identifier"))).collect();
    for holder in asked {
        let Holder { siret, identifier, .. } = holder;
        let count = mails.remove(&(siret.clone(), identifier.clone())).unwrap_or(0);
        let is_holder = holding.contains(&(siret, identifier));
        if count > 1 || (is_holder && count == 0) {
            world.violation(format!("a holder of {siret} gets {count} mails of one year"));
        }
        let left = turns(world, &rows, holder);
        let soon = utc_day(after(world.now(), PRESENCE_PERIOD - SignedDuration::from_hours(60 * 24)));
        if left.len() > 1 || (is_holder && left.iter().any(|day| **day < *soon.to_string())) {
            world.violation(format!("a holder of {siret} who was asked has turns on {left:?}"));
        }
    }
    if let Some(((siret, _), _)) = mails.first_key_value() {
        world.violation(format!("who was no holder of {siret} is asked whether they are there"));
    }
    for row in active(&rows) {
        let (siret, identifier) = (row.id(), row.text("identifier"));
        let (must, may) = model.answered_presence(identifier, siret);
        let is_noted = row.has("presence_answered_at");
        if (must && !is_noted) || (is_noted && !may) {
            world.violation(format!("the answer of a holder of {siret} is noted: {is_noted}"));
        }
        if !row.has("presence_asked_at") {
            world.violation(format!("a holder of {siret} was asked, and their row does not know it"));
        }
    }
    let are_left = |row: &&Row| {
        let (siret, identifier) = row.sk().split_once('#').unwrap_or_default();
        !asked.iter().any(|holder| holder.siret == siret && holder.identifier == identifier)
    };
    if standing(world, &rows).any(|row| are_left(&row)) {
        world.violation("a turn is left of who was no holder when the year began");
    }
    check(world, &rows);
    Ok(())
}
