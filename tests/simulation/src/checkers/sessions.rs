//! Sessions at the end: each stands by its token and among its person's, until the same moment.

use std::collections::BTreeMap;

use super::Row;
use crate::world::World;

pub(super) fn check(world: &World, rows: &[Row]) {
    let what = |row: &Row| (row.number("credentials_epoch"), row.number("expires_at"));
    let by_token: BTreeMap<&str, _> = rows
        .iter()
        .filter(|row| row.kind() == "SESSION#")
        .map(|row| (row.id(), (row.text("identifier"), what(row))))
        .collect();
    let by_person: BTreeMap<&str, _> = rows
        .iter()
        .filter(|row| row.kind() == "SESSIONS#")
        .map(|row| (row.sk(), (row.id(), what(row))))
        .collect();
    let alone = by_token.iter().filter(|(token, session)| by_person.get(*token) != Some(*session)).count();
    if alone > 0 {
        world.violation(format!("{alone} sessions are not listed among their person's as they are"));
    }
    let dead = by_person.iter().filter(|(token, session)| by_token.get(*token) != Some(*session)).count();
    if dead > 0 {
        world.violation(format!("{dead} sessions are listed that are none, or not as they are"));
    }
}
