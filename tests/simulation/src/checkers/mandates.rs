//! Mandates at the end: the same on both sides, one live at a time, and live keys that agree with them.

use std::collections::BTreeMap;

use domain::Scopes;
use domain::mandate::MANDATE_OFFER_VALID;
use domain::time::{Date, Timestamp, end_of, parse_day};
use serde_json::Value;

use super::{Row, end};
use crate::world::World;

/// Seconds by which two copies can disagree about a moment.
const SLACK_SECONDS: i64 = 4;

/// A mandate, as its client's row states it.
struct Mandate<'a> {
    row: &'a Row,
    /// Cabinet and client, each with its opening.
    sides: String,
    scopes: Scopes,
    from: Date,
    until: Date,
    offered_at: i64,
    /// From when on it is live no more, by its marks and days.
    over_at: i64,
}

impl<'a> Mandate<'a> {
    fn read(row: &'a Row) -> Option<Self> {
        let moment = |name: &str| row.number(name).and_then(|at| i64::try_from(at).ok());
        let until = parse_day(row.text("term_until"))?;
        let offered_at = moment("offered_at")?;
        let unanswered = row.has("accepted_at").then_some(i64::MAX);
        let unanswered = unanswered.unwrap_or(offered_at.saturating_add(MANDATE_OFFER_VALID.as_secs()));
        let marked = moment("declined_at").or(moment("ended_at")).unwrap_or(i64::MAX);
        let side =
            |name: &str| Some(format!("{}.{}", row.text(name), row.number(&format!("{name}_opening"))?));
        Some(Self {
            row,
            sides: format!("{}#{}", side("cabinet")?, side("client")?),
            scopes: Scopes::parse(row.text("scopes"))?,
            from: parse_day(row.text("term_from"))?,
            until,
            offered_at,
            over_at: end_of(until).as_second().min(unanswered).min(marked),
        })
    }

    fn id(&self) -> &str {
        self.row.text("mandate")
    }

    fn is_live(&self, now: Timestamp) -> bool {
        now.as_second() < self.over_at
    }

    /// Keys under which it is the only live one.
    fn keys(&self) -> Vec<String> {
        let key = |scope| format!("{}#{scope}#{}", self.sides, self.row.text("slot"));
        self.scopes.names().into_iter().map(key).collect()
    }

    /// Whether both were live at one time, for one scope and one day.
    fn is_beside(&self, other: &Self) -> bool {
        let has_scope = self.scopes.iter().any(|scope| other.scopes.has(scope));
        let has_day = self.from <= other.until && other.from <= self.until;
        let has_moment = self.offered_at + SLACK_SECONDS < other.over_at
            && other.offered_at + SLACK_SECONDS < self.over_at;
        self.sides == other.sides && has_scope && has_day && has_moment
    }
}

pub(super) fn check(world: &World, rows: &[Row]) {
    let on_side = |side: &'static str| {
        rows.iter().filter(move |row| row.kind() == "SIRET#" && row.named(side).is_some())
    };
    let of_clients: Vec<&Row> = on_side("POWER#client#").collect();
    let of_cabinets: Vec<&Row> = on_side("POWER#cabinet#").collect();
    mirrored(world, &of_clients, &of_cabinets);
    let mut mandates = Vec::new();
    for row in of_clients {
        match Mandate::read(row) {
            Some(mandate) => mandates.push(mandate),
            None => world.violation(format!("a mandate of {} cannot be read", row.id())),
        }
    }
    for (rank, mandate) in mandates.iter().enumerate() {
        if mandates.iter().skip(rank + 1).any(|other| mandate.is_beside(other)) {
            world.violation(format!("two mandates of {} are live for one scope and day", mandate.row.id()));
        }
    }
    live(world, rows, &mandates);
    answered(world, &mandates);
}

/// Everything but the keys of a row.
fn content(row: &Row) -> Value {
    let mut content = row.0.clone();
    if let Some(attributes) = content.as_object_mut() {
        attributes.remove("pk");
        attributes.remove("sk");
    }
    content
}

/// The rows of one side by the ids in their keys, each in the partition and under the name where it belongs.
fn by_id(rows: &[&Row], own: &str, other: &str) -> BTreeMap<String, Value> {
    let is_own = |row: &&&Row| {
        let id = row.text("mandate");
        row.id() == row.text(own) && row.sk() == format!("POWER#{own}#{}#{id}", row.text(other))
    };
    rows.iter().filter(is_own).map(|row| (row.text("mandate").to_owned(), content(row))).collect()
}

/// Each side has the other's row to the letter.
fn mirrored(world: &World, of_clients: &[&Row], of_cabinets: &[&Row]) {
    let clients = by_id(of_clients, "client", "cabinet");
    let cabinets = by_id(of_cabinets, "cabinet", "client");
    if of_clients.len() != clients.len() || of_cabinets.len() != cabinets.len() {
        world.violation("a mandate stands where it does not belong");
    }
    if clients != cabinets {
        let odd = clients.iter().find(|(id, content)| cabinets.get(*id) != Some(*content));
        let odd = odd.map_or("of a cabinet alone".to_owned(), |(id, _)| world.name("mandate", id));
        world.violation(format!("a mandate is not the same on both sides: {odd}"));
    }
}

/// A live key names a mandate that stands, and a mandate that stands has its keys.
fn live(world: &World, rows: &[Row], mandates: &[Mandate<'_>]) {
    let now = world.now();
    let is_unexpired = |row: &&Row| {
        row.kind() == "LIVE#" && row.number("expires_at").is_some_and(|at| at as i64 > now.as_second())
    };
    for row in rows.iter().filter(is_unexpired) {
        let Some(of) = mandates.iter().find(|mandate| mandate.id() == row.text("mandate")) else {
            world.violation("a live key names no mandate");
            continue;
        };
        let has_key = of.keys().iter().any(|key| key == row.id());
        let is_same = row.text("term_from") == of.row.text("term_from")
            && row.text("term_until") == of.row.text("term_until")
            && row.is("is_accepted") == of.row.has("accepted_at");
        if !of.is_live(now) || !has_key || !is_same {
            world.violation(format!("a live key of {} names a mandate that is over", of.row.id()));
        }
    }
    for mandate in mandates.iter().filter(|mandate| mandate.is_live(now)) {
        for key in mandate.keys() {
            let standing = rows.iter().find(|row| row.kind() == "LIVE#" && row.id() == key);
            let is_own = standing.is_some_and(|row| {
                row.text("mandate") == mandate.id()
                    && row.number("expires_at") == u64::try_from(mandate.over_at).ok()
            });
            if !is_own {
                world.violation(format!("a live mandate of {} has no key of its own", mandate.row.id()));
            }
        }
    }
}

/// What was answered is marked.
fn answered(world: &World, mandates: &[Mandate<'_>]) {
    use domain::mandate::Transition as By;
    let (model, end) = (world.model.borrow(), end(world));
    for (rank, known) in model.known_mandates() {
        let Some(mandate) = mandates.iter().find(|mandate| mandate.id() == known.id()) else { continue };
        let marks = [(By::Accept, "accepted_at"), (By::Decline, "declined_at"), (By::End, "ended_at")];
        for (by, mark) in marks {
            let is_marked = mandate.row.has(mark);
            let is_right = match by {
                _ if is_marked => model.may_have_answered(rank, by, end),
                By::End => !model.is_ended(rank),
                _ => !model.has_answered(rank, by, end),
            };
            if !is_right {
                world.violation(format!("a mandate of {} has {mark} as nobody answered", known.client));
            }
        }
    }
}
