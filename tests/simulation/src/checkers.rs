//! What must hold at the end, once the world is well: the table, the mails and the answers agree.

use std::collections::{BTreeMap, BTreeSet};

use domain::delivery::BOUNCED_RETENTION;
use domain::mail::{QUOTA_WINDOW, RECOVERY_MAILS_MAX};
use domain::time::Timestamp;
use serde_json::{Value, json};
use sesame::emulator::TABLE;
use sesame::grants::Caller;

use crate::events::STEPS;
use crate::people::{Employer, FIRST_NAME, MISTYPED_DOMAIN};
use crate::strangers::HIJACKER;
use crate::world::{BEGINNING, SKEW_MS_MAX, World};

type Error = Box<dyn std::error::Error + Send + Sync>;

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
    let arrived: BTreeSet<String> = arrived.into_iter().map(|mail| mail.id).collect();
    let (mut recoveries, mut applications, mut refused) = (0, 0, 0);
    let mut ids = BTreeSet::new();
    for row in rows.iter().filter(|row| row.kind() == "MAIL#") {
        let state = row.text("mail_state");
        let job: Value = serde_json::from_str(row.text("job")).unwrap_or(Value::Null);
        let kind = job["kind"].as_str().unwrap_or_default();
        if state == "bounced" && !row.text("sent_to").ends_with(MISTYPED_DOMAIN) {
            world.violation(format!("a mail ({kind}) to an address that exists is said to have bounced"));
        }
        if !END_STATES.contains(&state) {
            world.violation(format!("a mail ({kind}) is {state:?} at the end"));
        }
        if TAKEN.contains(&state) && !arrived.contains(row.id()) {
            world.violation(format!("a mail ({kind}) is sent and has not arrived"));
        }
        recoveries += usize::from(kind.starts_with("recovery"));
        applications += usize::from(kind == "activation");
        refused += u64::from(state == "refused");
        ids.insert(row.id().to_owned());
    }
    let model = world.model.borrow();
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
        for row in rows.iter().filter(|row| row.kind() == "ACCOUNT#").filter(of_address) {
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

/// One account for each establishment; whoever was told of another's account has none.
fn accounts(world: &World, rows: &[Row], employers: &[Employer]) {
    let mut active: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind() == "ACCOUNT#" && row.is("is_active")) {
        active.entry(row.text("siret")).or_default().push(row);
    }
    for (siret, accounts) in &active {
        if accounts.len() > 1 {
            world.violation(format!("{siret} has {} active accounts", accounts.len()));
        }
        let establishment = rows.iter().any(|row| row.id() == *siret && row.text("sk") == "ESTABLISHMENT");
        let members = rows.iter().filter(|row| row.id() == *siret && row.text("sk").starts_with("MEMBER#"));
        if !establishment || members.count() != 1 {
            world.violation(format!("{siret} has an account and no row of its own, or not one member"));
        }
    }
    let mut applicants = BTreeSet::new();
    for row in rows.iter().filter(|row| row.kind() == "ACCOUNT#") {
        if !applicants.insert((row.text("siret"), row.text("email"))) {
            world.violation(format!("one address has two identifiers for {}", row.text("siret")));
        }
    }
    for siret in employers.iter().map(|employer| &*employer.siret).collect::<BTreeSet<_>>() {
        if !active.contains_key(siret) {
            world.violation(format!("{siret} has no account at the end"));
        }
    }
}

/// No row without an owner or an expiry.
fn owners(world: &World, rows: &[Row]) {
    let accounts: BTreeSet<&str> =
        rows.iter().filter(|row| row.kind() == "ACCOUNT#").map(|row| row.id()).collect();
    for row in rows {
        let is_owned = match row.kind() {
            "ACCOUNT#" => row.is("is_active") != row.has("expires_at"),
            "SIRET#" if row.text("sk") == "ESTABLISHMENT" => {
                rows.iter().any(|other| other.id() == row.id() && other.text("sk").starts_with("MEMBER#"))
            }
            "SIRET#" => accounts.contains(row.text("identifier")),
            "TICKET#" => true,
            _ => row.has("expires_at"),
        };
        if !is_owned {
            world.violation(format!("a row of {} has neither owner nor expiry", row.kind()));
        }
    }
}

/// One ticket for each submission.
fn tickets(world: &World, rows: &[Row]) {
    let model = world.model.borrow();
    let written = rows.iter().filter(|row| row.kind() == "TICKET#" && row.text("sk") == "TICKET");
    let references: BTreeSet<&str> = written.map(Row::id).collect();
    for reference in model.tickets.values().filter(|reference| !references.contains(reference.as_str())) {
        world.violation(format!("an accepted request for assistance is lost: {reference}"));
    }
    let submissions = rows.iter().filter(|row| row.kind() == "SUBMISSION#").count();
    if submissions != references.len() {
        world.violation(format!("{} tickets for {submissions} submissions", references.len()));
    }
}
