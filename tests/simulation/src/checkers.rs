//! What must hold at the end, once the world is well: the table, the mails and the answers agree.

pub mod desk;
mod journals;
mod mandates;
pub mod presences;
mod sessions;
mod spaces;

use std::collections::{BTreeMap, BTreeSet};

use domain::delivery::BOUNCED_RETENTION;
use domain::mail::{QUOTA_WINDOW, RECOVERY_MAILS_MAX};
use domain::time::Timestamp;
use serde_json::{Value, json};
use sesame::emulator::TABLE;
use sesame::grants::Caller;

use crate::events::STEPS;
use crate::model::Span;
use crate::people::{Employer, FIRST_NAME, MISTYPED_DOMAIN};
use crate::strangers::HIJACKER;
use crate::world::{BEGINNING, SKEW_MS_MAX, World};

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// States in which a mail has ended.
const END_STATES: [&str; 10] = [
    "sent",
    "delayed",
    "returned",
    "delivered",
    "bounced",
    "complained",
    "superseded",
    "suppressed",
    "no_recipient",
    "refused",
];
/// States of a mail that SES has taken.
const TAKEN: [&str; 6] = ["sent", "delayed", "returned", "delivered", "bounced", "complained"];

/// From when a sender has asked about an address until its mail is with SES, in milliseconds at the most.
const SENT_WITHIN_MS: u64 = 60_000;

/// One row, as DynamoDB's JSON.
struct Row(Value);

impl Row {
    fn text(&self, name: &str) -> &str {
        self.0[name]["S"].as_str().unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.0[name]["N"].as_str()?.parse().ok()
    }

    /// The texts of a set.
    fn set(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0[name]["SS"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    fn sk(&self) -> &str {
        self.text("sk")
    }

    /// The sort key after that prefix, if it begins with it.
    fn named(&self, prefix: &str) -> Option<&str> {
        self.sk().strip_prefix(prefix)
    }

    fn is_account(&self) -> bool {
        self.kind() == "ACCOUNT#" && self.sk() == "ACCOUNT"
    }

    fn is_establishment(&self) -> bool {
        self.kind() == "SIRET#" && self.sk() == "ESTABLISHMENT"
    }

    fn is(&self, name: &str) -> bool {
        self.0[name]["BOOL"] == true
    }

    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    fn kind(&self) -> &str {
        self.text("pk").split_inclusive('#').next().unwrap_or_default()
    }

    /// The partition key after its kind.
    fn id(&self) -> &str {
        self.text("pk").split_once('#').map_or("", |(_, id)| id)
    }
}

/// Checks everything.
///
/// # Errors
/// When the table cannot be read.
pub fn check(world: &World, employers: &[Employer]) -> Result<(), Error> {
    let rows = rows(world)?;
    mails(world, &rows);
    events(world, &rows);
    corrections(world, &rows);
    quotas(world);
    accounts(world, &rows, employers);
    owners(world, &rows);
    tickets(world, &rows);
    spaces::check(world, &rows);
    mandates::check(world, &rows);
    journals::check(world, &rows);
    sessions::check(world, &rows);
    presences::check(world, &rows);
    Ok(())
}

fn rows(world: &World) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    let mut start = Value::Null;
    loop {
        let mut scan = json!({"TableName": TABLE});
        if !start.is_null() {
            scan["ExclusiveStartKey"] = start;
        }
        let target = "DynamoDB_20120810.Scan";
        let page = world.first().emulator.answer(&Caller::Operator, target, scan.to_string().as_bytes());
        let mut page: Value = serde_json::from_str(&page.body)?;
        rows.extend(page["Items"].as_array().into_iter().flatten().cloned().map(Row));
        start = page["LastEvaluatedKey"].take();
        if start.is_null() {
            return Ok(rows);
        }
    }
}

/// Every mail has ended, and no request that was accepted is without its mail.
fn mails(world: &World, rows: &[Row]) {
    let arrived = world.first().mailbox.newest(usize::MAX).unwrap_or_default();
    let mut recipients: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in arrived {
        recipients.entry(mail.id).or_default().extend(mail.to);
    }
    let (mut recoveries, mut applications, mut refused) = (0, 0, 0);
    let mut ids = BTreeSet::new();
    let mut written: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind() == "MAIL#") {
        let state = row.text("mail_state");
        let job: Value = serde_json::from_str(row.text("job")).unwrap_or(Value::Null);
        let kind = job["kind"].as_str().unwrap_or_default();
        let to = recipients.get(row.id());
        let is_mistyped = |to: &Vec<String>| to.iter().any(|to| to.ends_with(MISTYPED_DOMAIN));
        if state == "bounced" && !to.is_some_and(is_mistyped) {
            world.violation(format!("a mail ({kind}) to an address that exists is said to have bounced"));
        }
        if !END_STATES.contains(&state) {
            world.violation(format!("a mail ({kind}) is {state:?} at the end"));
        }
        if TAKEN.contains(&state) && to.is_none() {
            world.violation(format!("a mail ({kind}) is sent and has not arrived"));
        }
        recoveries += usize::from(kind.starts_with("recovery"));
        applications += usize::from(kind == "activation");
        refused += u64::from(state == "refused");
        ids.insert(row.id().to_owned());
        if let Some(about) = about(&job) {
            *written.entry(about).or_default() += 1;
        }
    }
    let model = world.model.borrow();
    for (about, promised) in model.promised() {
        let written = written.get(&about).copied().unwrap_or(0);
        if written < promised {
            let (kind, id) = about.split_once(' ').unwrap_or((&*about, ""));
            let named = world.name("job", id);
            world.violation(format!("{promised} mails were promised, {written} written: {kind} {named}"));
        }
    }
    for mail in model.applications.iter().filter(|mail| !ids.contains(*mail)) {
        world.violation(format!("the mail of an accepted application is lost: {}", world.name("mail", mail)));
    }
    if recoveries > model.recoveries_asked || applications > model.applications_asked {
        world.violation("more mails were written than asked for: a request was carried out twice");
    }
    if refused > world.rejected() {
        world.violation(format!("{refused} mails are given up, SES has refused {}", world.rejected()));
    }
    if recoveries < model.recoveries {
        world.violation(format!("{} recoveries were accepted, {recoveries} mails written", model.recoveries));
    }
}

/// What a mail that somebody was promised is about.
fn about(job: &Value) -> Option<String> {
    let text = |name: &str| job[name].as_str();
    let kind = text("kind")?;
    match kind {
        "invitation" => Some(format!("{kind} {}", text("invitation")?)),
        "mandate" => Some(format!("{kind} {} {}", text("mandate")?, text("event")?)),
        "welcome"
        | "password_changed"
        | "address_confirmation"
        | "address_notice"
        | "account_closed"
        | "space_closed" => Some(format!("{kind} {}", text("identifier")?)),
        _ => None,
    }
}

/// What an event has told of a mail is not lost, and an address that bounced is not written to again.
fn events(world: &World, rows: &[Row]) {
    let model = world.model.borrow();
    let step = |state: &str| STEPS.iter().position(|(_, of_step)| *of_step == state);
    for row in rows.iter().filter(|row| row.kind() == "MAIL#") {
        let (told, state) = (model.events.get(row.id()), row.text("mail_state"));
        // SES may refuse a mail at its second try that it took at the first.
        let reached = if state == "refused" { Some(1) } else { step(state) };
        if told.is_some_and(|told| reached.is_none_or(|reached| reached < *told)) {
            world.violation(format!("a mail is {state:?} whose events have told more"));
        }
    }
    for mail in world.first().mailbox.newest(usize::MAX).unwrap_or_default() {
        let at_ms = mail.at.parse::<Timestamp>().map_or(0, |at| at.as_millisecond() - BEGINNING * 1_000);
        let (at_ms, to) = (at_ms.unsigned_abs(), mail.to.first());
        if to.is_some_and(|to| to == HIJACKER) && mail.text.contains(FIRST_NAME) {
            world.violation("a correction takes along what another has typed");
        }
        if let Some(bounced) = to.and_then(|to| model.bounced.get(to)) {
            let known =
                bounced + SENT_WITHIN_MS..bounced + BOUNCED_RETENTION.as_millis().unsigned_abs() as u64;
            if known.contains(&at_ms) {
                world.violation("an address that bounced for good is written to again");
            }
        }
    }
}

/// The application of a corrected address is over.
fn corrections(world: &World, rows: &[Row]) {
    for ((siret, email), at_ms) in &world.model.borrow().corrected {
        let of_address = |row: &&Row| {
            row.text("siret") == siret && row.text("email") == email && row.text("first_name") == FIRST_NAME
        };
        for row in rows.iter().filter(|row| row.is_account()).filter(of_address) {
            let until: i64 =
                row.0["expires_at"]["N"].as_str().and_then(|until| until.parse().ok()).unwrap_or(i64::MAX);
            if until - BEGINNING > at_ms.div_ceil(1_000) as i64 + SKEW_MS_MAX.div_euclid(1_000) {
                world.violation("an application goes on whose address was corrected");
            }
        }
    }
}

/// Nobody's mailbox is flooded, however often a stranger asks.
fn quotas(world: &World) {
    let mails = world.first().mailbox.newest(usize::MAX).unwrap_or_default();
    let mut arrivals: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for mail in mails.into_iter().filter(|mail| mail.subject.contains("pour votre mot de passe")) {
        // Of a mail that came twice, its first arrival.
        if let (Some(to), Ok(at)) = (mail.to.first(), mail.at.parse::<Timestamp>()) {
            arrivals.entry(to.clone()).or_default().insert(mail.id, at.as_second());
        }
    }
    for (to, times) in arrivals {
        let mut times: Vec<i64> = times.into_values().collect();
        times.sort_unstable();
        // A window begins with its first mail: two of them can meet within an hour.
        let most = usize::try_from(2 * RECOVERY_MAILS_MAX).unwrap_or(usize::MAX);
        let is_flooded =
            times.windows(most + 1).any(|window| window[most] - window[0] < QUOTA_WINDOW.as_secs());
        if is_flooded {
            world.violation(format!("{to} gets more than {most} recovery mails within an hour"));
        }
    }
}

/// One identifier for each SIRET and address, and an account for every employer's establishment. That each
/// opening of a space has one first holder is for its journal to say.
fn accounts(world: &World, rows: &[Row], employers: &[Employer]) {
    let model = world.model.borrow();
    let mut identifiers: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_account()) {
        let is_closed = !row.is("is_active") && row.number("credentials_epoch") != Some(0);
        if !is_closed {
            *identifiers.entry((row.text("siret"), row.text("email"))).or_default() += 1;
        }
    }
    for ((siret, email), count) in identifiers {
        // After a closing the same employer has another account beside the one that is open or was closed.
        let (_, closed) = model.closed_times(siret);
        if count > 1 + closed + u64::from(model.may_be_closed_with(email)) {
            world.violation(format!("one address has {count} identifiers for {siret}"));
        }
    }
    for siret in employers.iter().map(|employer| &*employer.siret).collect::<BTreeSet<_>>() {
        let own = rows.iter().find(|row| row.is_establishment() && row.id() == siret);
        let is_open = own.and_then(|own| own.number("holders")).is_some_and(|holders| holders > 0);
        if !is_open && (model.closed_times(siret).1 == 0 || model.has_account(siret, end(world))) {
            world.violation(format!("{siret} has no account at the end"));
        }
    }
}

/// After everything that was asked.
fn end(world: &World) -> Span {
    let at_ms = world.at_ms();
    Span { from: at_ms + 1, to: at_ms + 2 }
}

/// No row without an owner or an expiry.
fn owners(world: &World, rows: &[Row]) {
    let accounts: BTreeSet<&str> = rows.iter().filter(|row| row.is_account()).map(Row::id).collect();
    let openings: BTreeMap<&str, u64> = rows
        .iter()
        .filter(|row| row.is_establishment())
        .filter_map(|row| Some((row.id(), row.number("opening")?)))
        .collect();
    for row in rows {
        let opening = openings.get(row.id());
        let is_owned = match row.kind() {
            "ACCOUNT#" if row.is_account() => row.is("is_active") != row.has("expires_at"),
            // While its space is open.
            "SIRET#" if row.is_establishment() => {
                let is_member = |other: &Row| other.id() == row.id() && other.named("MEMBER#").is_some();
                row.number("holders") == Some(0) || rows.iter().any(is_member)
            }
            // Of an account, and of the present opening.
            "SIRET#" if row.named("MEMBER#").is_some() => {
                accounts.contains(row.text("identifier"))
                    && opening.is_some_and(|opening| row.number("opening") == Some(*opening))
            }
            // Kept once it was accepted.
            "SIRET#" if row.named("POWER#").is_some() => {
                opening.is_some() && row.has("accepted_at") != row.has("expires_at")
            }
            "JOURNAL#" => {
                let own = row.id().split_once('.').and_then(|(siret, of)| Some((openings.get(siret)?, of)));
                own.is_some_and(|(now, of)| of.parse().is_ok_and(|of: u64| (1..=*now).contains(&of)))
            }
            "TICKET#" => true,
            _ => row.has("expires_at"),
        };
        if !is_owned {
            world.violation(format!("a row of {} has neither owner nor expiry", row.kind()));
        }
    }
}

/// One ticket for each submission, and one place in the queue for each ticket: that of its state.
fn tickets(world: &World, rows: &[Row]) {
    let model = world.model.borrow();
    let written = || rows.iter().filter(|row| row.kind() == "TICKET#" && row.text("sk") == "TICKET");
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for place in rows.iter().filter(|row| row.kind() == "QUEUE#") {
        places.entry(place.text("reference")).or_default().push(place.text("pk"));
    }
    for ticket in written() {
        let state = if ticket.has("case_state") { ticket.text("case_state") } else { "waiting" };
        let own = format!("QUEUE#{state}#{}", ticket.text("motive"));
        if places.remove(ticket.id()).is_none_or(|places| places != [own.as_str()]) {
            world.violation(format!("a ticket that is {state} has another place in the queue, or several"));
        }
    }
    if !places.is_empty() {
        world.violation(format!("{} places in the queue of no ticket", places.len()));
    }
    let references: BTreeSet<&str> = written().map(Row::id).collect();
    for reference in model.tickets.values().filter(|reference| !references.contains(reference.as_str())) {
        world.violation(format!("an accepted request for assistance is lost: {reference}"));
    }
    let submissions = rows.iter().filter(|row| row.kind() == "SUBMISSION#").count();
    if submissions != references.len() {
        world.violation(format!("{} tickets for {submissions} submissions", references.len()));
    }
}
