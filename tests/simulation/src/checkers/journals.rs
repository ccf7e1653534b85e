//! Journals at the end: each verifies, goes on from opening to opening, and tells what was answered.

use std::collections::{BTreeMap, BTreeSet};

use domain::Siret;
use domain::journal::{Chain, LineHash};

use super::Row;
use crate::model::Times;
use crate::world::World;

/// What a line says, and the name of its kind: the first that fits.
const KINDS: [(&str, &str); 17] = [
    ("a accepté l'invitation à l'adresse", "invitation-accepted"),
    ("a rejoint l'établissement comme", "joined"),
    ("a quitté l'établissement.", "left"),
    ("a retiré l'invitation de", "invitation-withdrawn"),
    ("a retiré à", "demoted"),
    ("a retiré «", "removed"),
    ("a donné à", "promoted"),
    ("a suspendu l'accès de", "suspended"),
    ("a rétabli l'accès de", "resumed"),
    ("a invité", "invited"),
    ("a proposé le mandat", "mandate-offered"),
    ("a accepté le mandat", "mandate-accepted"),
    ("a refusé le mandat", "mandate-declined"),
    ("a mis fin au mandat", "mandate-ended"),
    ("a utilisé pour la première fois le mandat", "mandate-first-used"),
    ("a changé d'adresse électronique", "address-changed"),
    ("a fermé l'espace", "space-closed"),
];

pub(super) fn check(world: &World, rows: &[Row]) {
    for own in rows.iter().filter(|row| row.is_establishment()) {
        let of_journal = |row: &&Row| row.kind() == "JOURNAL#" && row.id() == own.id();
        let mut lines: Vec<&Row> = rows.iter().filter(of_journal).collect();
        lines.sort_by(|a, b| a.sk().cmp(b.sk()));
        verifies(world, own, &lines);
        tells(world, own, &lines);
    }
}

/// The lines lead from the heading to the head that the establishment's row has.
fn verifies(world: &World, own: &Row, lines: &[&Row]) {
    let siret = own.id();
    let is_numbered = (1..).zip(lines).all(|(number, row)| row.sk() == format!("{number:010}"));
    let entries = own.number("journal_entries").unwrap_or(0);
    if !is_numbered || lines.len() as u64 != entries {
        let count = lines.len();
        world.violation(format!("the journal of {siret} has {count} lines, and {entries} entries"));
    }
    let (Ok(parsed), Some(head)) = (Siret::parse(siret), LineHash::parse(own.text("journal_head"))) else {
        world.violation(format!("the journal of {siret} has no head"));
        return;
    };
    let chain = Chain { entries, head };
    let document = chain.document(&parsed, lines.iter().map(|row| row.text("line")), world.now());
    if let Err(broken) = document {
        world.violation(format!("the journal of {siret} does not verify: {broken:?}"));
    }
}

/// One first holder for each opening, and each thing as often as it was answered.
fn tells(world: &World, own: &Row, lines: &[&Row]) {
    let siret = own.id();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for row in lines {
        let kind = KINDS.iter().find(|(words, _)| row.text("line").contains(*words));
        match kind {
            Some((_, kind)) => *told.entry(*kind).or_default() += 1,
            None => world.violation(format!("the journal of {siret} tells what nobody knows")),
        }
    }
    let count = |kind: &str| told.get(kind).copied().unwrap_or(0);
    let opening = own.number("opening").unwrap_or(0);
    let is_open = own.number("holders").is_some_and(|holders| holders > 0);
    let opened = if is_open { opening } else { opening.saturating_sub(1) };
    let (founders, closed) = (count("joined") as u64, count("space-closed") as u64);
    if founders != opened || closed + 1 != opening {
        world.violation(format!(
            "the space of {siret} was opened {opened} times by {founders} first holders, closed {closed}"
        ));
    }
    let expected = world.model.borrow().entries(siret);
    let kinds: BTreeSet<&str> = expected.keys().copied().chain(told.keys().copied()).collect();
    for kind in kinds {
        let Times { least, most } = expected.get(kind).copied().unwrap_or_default();
        let count = count(kind);
        if count < least || count > most {
            world.violation(format!("the journal of {siret} tells {count} {kind}, not {least} to {most}"));
        }
    }
}
