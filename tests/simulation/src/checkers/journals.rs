//! Journals at the end: one of each opening, which verifies; together they tell what was answered.

use std::collections::{BTreeMap, BTreeSet};

use domain::Siret;
use domain::journal::{Chain, LineHash};

use super::Row;
use crate::model::Times;
use crate::world::World;

/// What begins a journal, and what ends it.
const JOINED: &str = "joined";
const CLOSED: &str = "space-closed";

/// What a line says, and the name of its kind: the first that fits.
const KINDS: [(&str, &str); 17] = [
    ("a accepté l'invitation à l'adresse", "invitation-accepted"),
    ("a rejoint l'établissement comme", JOINED),
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
    ("a fermé l'espace", CLOSED),
];

pub(super) fn check(world: &World, rows: &[Row]) {
    for own in rows.iter().filter(|row| row.is_establishment()) {
        let opening = own.number("opening").unwrap_or(0);
        let journals: Vec<Vec<&Row>> = (1..=opening).map(|of| lines(rows, own.id(), of)).collect();
        let Some((present, past)) = journals.split_last() else {
            world.violation(format!("{} has no opening", own.id()));
            continue;
        };
        verifies(world, own, present);
        past.iter().for_each(|lines| is_over(world, own.id(), lines));
        tells(world, own, &journals);
    }
}

/// The lines of the journal of an opening, in order.
fn lines<'a>(rows: &'a [Row], siret: &str, opening: u64) -> Vec<&'a Row> {
    let id = format!("{siret}.{opening}");
    let mut lines: Vec<&Row> = rows.iter().filter(|row| row.kind() == "JOURNAL#" && row.id() == id).collect();
    lines.sort_by(|a, b| a.sk().cmp(b.sk()));
    lines
}

/// The lines of the present journal lead from the heading to the head that the establishment's row has.
fn verifies(world: &World, own: &Row, lines: &[&Row]) {
    let (siret, entries) = (own.id(), own.number("journal_entries").unwrap_or(0));
    let Some(head) = LineHash::parse(own.text("journal_head")) else {
        world.violation(format!("the journal of {siret} has no head"));
        return;
    };
    is_whole(world, siret, lines, &Chain { entries, head });
    let is_open = own.number("holders").is_some_and(|holders| holders > 0);
    if !is_open && !lines.is_empty() {
        world.violation(format!("the journal of {siret} goes on while its space is closed"));
    }
}

/// A journal of an opening that is over ends with the closing.
fn is_over(world: &World, siret: &str, lines: &[&Row]) {
    let Some(last) = lines.last().map(|row| row.text("line")) else {
        world.violation(format!("a journal of {siret} is lost"));
        return;
    };
    is_whole(world, siret, lines, &Chain { entries: lines.len() as u64, head: LineHash::of(last) });
    if kind(last) != Some(CLOSED) {
        world.violation(format!("a journal of {siret} is over, and not by a closing"));
    }
}

/// The lines are numbered, follow each other, and begin with a first holder.
fn is_whole(world: &World, siret: &str, lines: &[&Row], chain: &Chain) {
    let is_numbered = (1..).zip(lines).all(|(number, row)| row.sk() == format!("{number:010}"));
    let (count, entries) = (lines.len(), chain.entries);
    if !is_numbered || count as u64 != entries {
        world.violation(format!("the journal of {siret} has {count} lines, and {entries} entries"));
    }
    let Ok(parsed) = Siret::parse(siret) else {
        world.violation(format!("{siret} has a journal, and is no SIRET"));
        return;
    };
    let document = chain.document(&parsed, lines.iter().map(|row| row.text("line")), world.now());
    if let Err(broken) = document {
        world.violation(format!("the journal of {siret} does not verify: {broken:?}"));
    }
    if lines.first().is_some_and(|first| kind(first.text("line")) != Some(JOINED)) {
        world.violation(format!("the journal of {siret} does not begin with a first holder"));
    }
}

fn kind(line: &str) -> Option<&'static str> {
    KINDS.iter().find(|(words, _)| line.contains(*words)).map(|(_, kind)| *kind)
}

/// One first holder for each opening, and each thing as often as it was answered.
fn tells(world: &World, own: &Row, journals: &[Vec<&Row>]) {
    let siret = own.id();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for row in journals.iter().flatten() {
        match kind(row.text("line")) {
            Some(kind) => *told.entry(kind).or_default() += 1,
            None => world.violation(format!("the journal of {siret} tells what nobody knows")),
        }
    }
    let count = |kind: &str| told.get(kind).copied().unwrap_or(0);
    let opening = own.number("opening").unwrap_or(0);
    let is_open = own.number("holders").is_some_and(|holders| holders > 0);
    let opened = if is_open { opening } else { opening.saturating_sub(1) };
    let (founders, closed) = (count(JOINED) as u64, count(CLOSED) as u64);
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
