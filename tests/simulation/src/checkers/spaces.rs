//! Spaces at the end: holders as they are counted, members as their accounts, everybody as was answered.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Row, end};
use crate::world::World;

pub(super) fn check(world: &World, rows: &[Row]) {
    for own in rows.iter().filter(|row| row.is_establishment()) {
        establishment(world, rows, own);
    }
    memberships(world, rows);
    standings(world, rows);
    invitations(world, rows);
}

/// Members of the opening that an establishment's row has.
fn members<'a>(rows: &'a [Row], own: &'a Row) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| {
        row.kind() == "SIRET#"
            && row.id() == own.id()
            && row.named("MEMBER#").is_some()
            && row.number("opening") == own.number("opening")
    })
}

pub(super) fn active_holders<'a>(rows: &'a [Row], own: &'a Row) -> impl Iterator<Item = &'a Row> {
    let is_one = |row: &&Row| row.text("member_role") == "holder" && row.text("member_state") == "active";
    members(rows, own).filter(is_one)
}

/// As many active holders as are counted, at least one while the space is open; closed by who asked for it.
fn establishment(world: &World, rows: &[Row], own: &Row) {
    let model = world.model.borrow();
    let (siret, holders) = (own.id(), own.number("holders").unwrap_or(0));
    // After a succession the place of the last holder is kept until the successor comes.
    let active = active_holders(rows, own).count() as u64 + u64::from(own.has("seat"));
    if active != holders {
        world.violation(format!("{siret} counts {holders} holders and has {active}, the seat included"));
    }
    let closed = own.number("opening").unwrap_or(0).saturating_sub(1);
    let (least, most) = model.closed_times(siret);
    if closed < least || closed > most {
        world.violation(format!("the space of {siret} was closed {closed} times, not {least} to {most}"));
    }
    if holders == 0 && closed == 0 {
        world.violation(format!("{siret} has no active holder, and nobody has closed its space"));
    }
    if holders == 0 && members(rows, own).next().is_some() {
        world.violation(format!("the space of {siret} is closed, and has members"));
    }
    if holders == 0 && model.has_account(siret, end(world)) {
        world.violation(format!("the space of {siret} is closed that somebody has opened"));
    }
    let mut addresses = BTreeSet::new();
    for member in members(rows, own) {
        if !addresses.insert(member.text("email")) {
            world.violation(format!("two members of {siret} have one address"));
        }
    }
}

/// Members and the sets of their accounts say the same; so do their addresses.
fn memberships(world: &World, rows: &[Row]) {
    let accounts: Vec<&Row> = rows.iter().filter(|row| row.is_account()).collect();
    for own in rows.iter().filter(|row| row.is_establishment()) {
        let siret = own.id();
        for member in members(rows, own) {
            let account = accounts.iter().find(|row| row.id() == member.text("identifier"));
            let Some(account) = account.filter(|account| account.is("is_active")) else {
                world.violation(format!("a member of {siret} has no account"));
                continue;
            };
            if !account.set("sirets").any(|own| own == siret) {
                world.violation(format!("the account of a member of {siret} does not know it"));
            }
            if account.text("email") != member.text("email") {
                world.violation(format!("a member of {siret} has another address than their account"));
            }
        }
    }
    for account in accounts.iter().filter(|account| account.is("is_active")) {
        for siret in account.set("sirets") {
            let own = rows.iter().find(|row| row.is_establishment() && row.id() == siret);
            let is_them = |row: &Row| row.named("MEMBER#") == Some(account.id());
            if !own.is_some_and(|own| members(rows, own).any(is_them)) {
                world.violation(format!("an account belongs to {siret}, which does not know it"));
            }
        }
    }
}

/// Whoever certainly is something in an establishment is it in its rows.
fn standings(world: &World, rows: &[Row]) {
    for expected in world.model.borrow().expected(end(world)) {
        let (siret, identifier) = (&*expected.siret, &*expected.identifier);
        let own = rows.iter().find(|row| row.is_establishment() && row.id() == siret);
        let member =
            own.and_then(|own| members(rows, own).find(|row| row.named("MEMBER#") == Some(identifier)));
        if expected.is_member.is_some_and(|is_member| is_member != member.is_some()) {
            let found = member.map_or("no row", |_| "a row");
            world.violation(format!("a membership of {siret} has {found}, and other answers"));
        }
        let Some(member) = member else { continue };
        let is_holder = member.text("member_role") == "holder";
        if expected.is_holder.is_some_and(|expected| expected != is_holder) {
            world.violation(format!("a member of {siret} has another role than was answered"));
        }
        let is_suspended = member.text("member_state") == "suspended";
        heir(world, siret, member);
        if expected.is_suspended.is_some_and(|expected| expected != is_suspended) {
            world.violation(format!("a member of {siret} has another state than was answered"));
        }
    }
}

/// The successor of a member's row is the one whom they have named.
fn heir(world: &World, siret: &str, member: &Row) {
    let (model, identifier) = (world.model.borrow(), member.text("identifier"));
    let last_name = member.has("heir_named_at").then(|| member.text("heir_last_name"));
    if !model.is_heir(identifier, siret, last_name, end(world)) {
        world.violation(format!("a member of {siret} has another successor than they have named"));
    }
}

/// Each invitation has its mail; one that was accepted or withdrawn has no row, one that stands has.
fn invitations(world: &World, rows: &[Row]) {
    let invitations =
        || rows.iter().filter(|row| row.kind() == "SIRET#" && row.named("INVITATION#").is_some());
    for row in invitations() {
        let id = row.named("INVITATION#").unwrap_or_default();
        let mail = rows.iter().find(|mail| mail.kind() == "MAIL#" && mail.id() == row.text("mail"));
        let job: Value =
            mail.and_then(|mail| serde_json::from_str(mail.text("job")).ok()).unwrap_or(Value::Null);
        if job["kind"] != "invitation" || job["invitation"].as_str() != Some(id) {
            world.violation(format!("an invitation into {} has no mail of its own", row.id()));
        }
    }
    for (id, siret, stands) in world.model.borrow().standing_invitations(end(world)) {
        let has_row = invitations().any(|row| row.named("INVITATION#") == Some(&*id));
        if has_row && !stands {
            world.violation(format!("an invitation into {siret} that is over has a row"));
        }
        if stands && !has_row {
            world.violation(format!("an invitation into {siret} that stands has no row"));
        }
    }
}
