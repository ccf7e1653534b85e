//! The desk at the end: threads, places in the queue, leases; and that no account changed hands but by two
//! persons, after a delivery, without an objection.

use serde_json::Value;

use super::spaces::active_holders;
use super::{Error, Row, rows};
use crate::world::World;

/// Checks everything of the desk.
///
/// # Errors
/// When the table cannot be read.
pub fn check(world: &World) -> Result<(), Error> {
    let rows = rows(world)?;
    let of = |kind: &'static str| rows.iter().filter(move |row| row.kind() == kind);
    for ticket in of("TICKET#").filter(|row| row.sk() == "TICKET") {
        threads(world, &rows, ticket);
    }
    for place in of("QUEUE#") {
        let reference = place.text("reference");
        if !of("TICKET#").any(|row| row.id() == reference) {
            world.violation("a place in the queue is of no request");
        }
    }
    for succession in of("SUCCESSION#") {
        handed_over(world, &rows, succession);
    }
    for live in of("SUCCESSIONS#").filter(|row| row.sk() == "LIVE") {
        let id = live.text("succession");
        let under_way = of("SUCCESSION#").find(|row| row.id() == id);
        if under_way.is_none_or(is_over) {
            world
                .violation(format!("a succession of {} that is over stands in the way of others", live.id()));
        }
    }
    for own in rows.iter().filter(|row| row.is_establishment()) {
        let (seats, active) = (u64::from(own.has("seat")), active_holders(&rows, own).count() as u64);
        let holders = own.number("holders").unwrap_or(0);
        if holders != seats + active {
            let siret = own.id();
            world.violation(format!("{siret} counts {holders} holders: {active} active, {seats} seats"));
        }
    }
    Ok(())
}

/// Its entries are numbered without a gap, and it has one place in the queue, that of its state.
fn threads(world: &World, rows: &[Row], ticket: &Row) {
    let reference = ticket.id();
    let entries = rows.iter().filter(|row| row.kind() == "TICKET#" && row.id() == reference);
    let mut numbers: Vec<u64> = entries.filter_map(|row| row.named("EVENT#")?.parse().ok()).collect();
    numbers.sort_unstable();
    let last = ticket.number("entries").unwrap_or(0);
    if numbers != (1..=last).collect::<Vec<_>>() {
        world.violation(format!("a thread of {last} entries has {numbers:?}"));
    }
    let state = if ticket.has("case_state") { ticket.text("case_state") } else { "waiting" };
    let places = rows.iter().filter(|row| row.kind() == "QUEUE#" && row.text("reference") == reference);
    let places: Vec<&str> = places.map(Row::id).collect();
    if places != [format!("{state}#{}", ticket.text("motive"))] {
        world.violation(format!("a request that is {state} stands in the queue as {places:?}"));
    }
}

fn is_over(succession: &Row) -> bool {
    ["executed_at", "refused_at", "withdrawn_at"].iter().any(|end| succession.has(end))
}

fn handed_over(world: &World, rows: &[Row], succession: &Row) {
    let siret = succession.text("siret");
    let ends = ["executed_at", "refused_at", "withdrawn_at"].iter().filter(|end| succession.has(end)).count();
    if ends > 1 {
        world.violation(format!("a succession of {siret} has {ends} ends"));
    }
    let holder = rows.iter().find(|row| {
        row.kind() == "SIRET#" && row.id() == siret && row.named("MEMBER#") == Some(succession.text("holder"))
    });
    let is_suspended = holder.is_some_and(|row| row.text("member_state") == "suspended");
    // Of several proposals one is carried out.
    let is_executed = rows.iter().filter(|row| row.kind() == "SUCCESSION#" && row.text("siret") == siret);
    let is_executed = is_executed.into_iter().any(|row| row.has("executed_at"));
    if is_executed != is_suspended {
        world.violation(format!("who is replaced in {siret} is suspended: {is_suspended}"));
    }
    if !succession.has("executed_at") {
        return;
    }
    if succession.has("contested_at") {
        world.violation(format!("a succession of {siret} is carried out against an objection"));
    }
    let (proposed, approved) = (succession.text("proposed_by"), succession.text("approved_by"));
    if approved.is_empty() || proposed == approved {
        world.violation(format!("a succession of {siret} is one person's work"));
    }
    let notices: Value = serde_json::from_str(succession.text("notices")).unwrap_or(Value::Null);
    let notices = notices.as_array().into_iter().flatten();
    let told = notices.filter(|notice| notice["to"].get("holder").is_some());
    let mail = told.filter_map(|notice| notice["mail"].as_str()).next().unwrap_or_default();
    // Mail, what became of it, epoch seconds.
    let facts: Vec<Vec<&str>> = succession.set("facts").map(|fact| fact.split(' ').collect()).collect();
    let at = |kinds: &[&str], own: bool| {
        let those = facts.iter().filter(|fact| (fact[0] == mail) == own && kinds.contains(&fact[1]));
        those.filter_map(|fact| fact[2].parse::<u64>().ok()).collect::<Vec<_>>()
    };
    let (delivered, dead) = (at(&["delivered"], true), at(&["dead", "returned"], true));
    // Whatever the row says of a mailbox that died.
    let is_dead = holder.is_some_and(|row| world.dead.borrow().contains(row.text("email")));
    let (days, opened) =
        if is_dead || !dead.is_empty() { (14, dead.iter().max()) } else { (7, delivered.iter().min()) };
    let executed = succession.number("executed_at").unwrap_or(0);
    if opened.is_none_or(|opened| executed <= opened + days * 86_400) {
        world.violation(format!("a succession of {siret} is carried out before its window is over"));
    }
}
