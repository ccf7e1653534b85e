//! The rows of mandates, read and written: one on each side, and one under each live key.

use domain::mandate::{KeyWrite, ShownText, Slot, Transition};
use domain::time::{Date, SignedDuration, Timestamp, after, parse_day};
use domain::{Email, Mandate, MandateId, Name, Opening, Scopes, Side, Siret, Term};

use super::{HeldMandate, MANDATE_AS_READ, MandateName};
use crate::table::{Change, Guard, Key, Row, TableError, Transaction};

/// The retention of an offer that is not accepted: both sides see what became of it.
pub(crate) const OFFER_RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

const STANDS: &str =
    "attribute_exists(pk) AND attribute_not_exists(declined_at) AND attribute_not_exists(ended_at)";
const STANDS_UNANSWERED: &str = "attribute_exists(pk) AND attribute_not_exists(accepted_at) \
                                 AND attribute_not_exists(declined_at) AND attribute_not_exists(ended_at)";
const STANDS_UNUSED: &str = "attribute_exists(pk) AND attribute_not_exists(ended_at) \
                             AND attribute_not_exists(first_used_at)";

/// The days of a mandate, or of the row under one of its live keys.
pub(super) fn term_of(row: &Row) -> Result<Term, TableError> {
    let day = |name| row.parsed::<Date, ()>(name, |day| parse_day(day).ok_or(()));
    Term::new(day("term_from")?, day("term_until")?).map_err(|_| TableError::corrupt("term_until"))
}

pub(super) fn read(row: &Row) -> Result<HeldMandate, TableError> {
    Ok(HeldMandate {
        id: row.parsed("mandate", |id| MandateId::parse(id).ok_or(()))?,
        mandate: Mandate {
            client: row.parsed("client", Siret::parse)?,
            client_opening: Opening(row.number("client_opening")?),
            cabinet: row.parsed("cabinet", Siret::parse)?,
            cabinet_opening: Opening(row.number("cabinet_opening")?),
            scopes: row.parsed("scopes", |scopes| Scopes::parse(scopes).ok_or(()))?,
            term: term_of(row)?,
            slot: row.parsed("slot", |slot| Slot::parse(slot).ok_or(()))?,
            shown: ShownText {
                version: row.text("text_version")?.to_owned(),
                sha256: row.text("text_sha256")?.to_owned(),
            },
            offered_by: row.parsed("offered_by", Side::parse)?,
            offered_at: row.moment("offered_at")?,
            accepted_at: row.find_moment("accepted_at"),
            declined_at: row.find_moment("declined_at"),
            ended_at: row.find_moment("ended_at"),
            first_used_at: row.find_moment("first_used_at"),
        },
        client_name: row.parsed("client_name", Name::parse)?,
        cabinet_name: row.parsed("cabinet_name", Name::parse)?,
        contact: row.find_text("contact").map(Email::parse).transpose().unwrap_or_default(),
    })
}

/// The row of a mandate on the side of an establishment, among those that were read.
pub(super) fn find(
    rows: &[Row],
    siret: &Siret,
    name: &MandateName,
) -> Result<Option<HeldMandate>, TableError> {
    let partition = Key::space(siret);
    let is_it = |row: &&Row| {
        row.find_text("mandate") == Some(name.id.as_str()) && row.find_text("pk") == Some(&*partition)
    };
    rows.iter().find(is_it).map(read).transpose()
}

/// The keys of both rows.
fn keys(held: &HeldMandate) -> [Key; 2] {
    let Mandate { client, cabinet, .. } = &held.mandate;
    [
        Key::mandate(Side::Client, client, cabinet, &held.id),
        Key::mandate(Side::Cabinet, cabinet, client, &held.id),
    ]
}

/// Adds both rows of an offer.
pub(super) fn create(transaction: &mut Transaction, guard: Guard, held: &HeldMandate) {
    let HeldMandate { id, mandate, client_name, cabinet_name, contact } = held;
    for key in keys(held) {
        let row = Row::new(&key)
            .with("mandate", id.as_str())
            .with("client", mandate.client.as_str())
            .with("client_opening", mandate.client_opening.0)
            .with("client_name", client_name.as_str())
            .with("cabinet", mandate.cabinet.as_str())
            .with("cabinet_opening", mandate.cabinet_opening.0)
            .with("cabinet_name", cabinet_name.as_str())
            .with("scopes", mandate.scopes.to_string())
            .with("term_from", mandate.term.from().to_string())
            .with("term_until", mandate.term.until().to_string())
            .with("slot", mandate.slot.as_str())
            .with("text_version", &*mandate.shown.version)
            .with("text_sha256", &*mandate.shown.sha256)
            .with("offered_by", mandate.offered_by.as_str())
            .with("offered_at", mandate.offered_at)
            .with("expires_at", after(mandate.offered_at, OFFER_RETENTION));
        let row = match contact {
            Some(contact) => row.with("contact", contact.as_str()),
            None => row,
        };
        transaction.create(guard, row);
    }
}

/// Adds the marks of a transition to both rows.
pub(super) fn write(transaction: &mut Transaction, after: &HeldMandate, transition: Transition) {
    let Mandate { accepted_at, declined_at, ended_at, .. } = after.mandate;
    let (update, condition, at) = match transition {
        Transition::Accept => {
            ("SET accepted_at = :at REMOVE expires_at, contact", STANDS_UNANSWERED, accepted_at)
        }
        Transition::Decline => ("SET declined_at = :at", STANDS_UNANSWERED, declined_at),
        Transition::End => ("SET ended_at = :at", STANDS, ended_at),
    };
    let Some(at) = at else { return };
    for key in keys(after) {
        transaction.change(MANDATE_AS_READ, Change::new(key, update, condition).value("at", at));
    }
}

/// Adds the mark of the first use to both rows.
pub(super) fn write_first_use(transaction: &mut Transaction, used: &HeldMandate) {
    let Some(at) = used.mandate.first_used_at else { return };
    for key in keys(used) {
        let mark = Change::new(key, "SET first_used_at = :at", STANDS_UNUSED);
        transaction.change(MANDATE_AS_READ, mark.value("at", at));
    }
}

/// Adds what a mandate does to the rows under live keys.
pub(super) fn write_keys(
    transaction: &mut Transaction,
    guard: Guard,
    held: &HeldMandate,
    writes: &[(String, KeyWrite)],
    now: Timestamp,
) {
    let HeldMandate { id, mandate, .. } = held;
    for (key, write) in writes {
        let key = Key::live_mandate(key);
        match write {
            KeyWrite::Claim(row) => {
                let claim = Change::new(
                    key,
                    "SET mandate = :mandate, term_from = :from, term_until = :until, scopes = :scopes, \
                     offered_by = :side, expires_at = :expires_at REMOVE is_accepted",
                    "attribute_not_exists(pk) OR expires_at <= :now",
                );
                let claim = claim
                    .value("mandate", row.mandate.as_str())
                    .value("from", row.term.from().to_string())
                    .value("until", row.term.until().to_string())
                    .value("scopes", mandate.scopes.to_string())
                    .value("side", mandate.offered_by.as_str())
                    .value("expires_at", row.expires_at)
                    .value("now", now);
                transaction.change(guard, claim);
            }
            KeyWrite::Apart(term) => {
                let apart = Change::condition(
                    key,
                    "attribute_not_exists(pk) OR expires_at <= :now OR term_from > :until \
                     OR term_until < :from",
                );
                let apart = apart
                    .value("from", term.from().to_string())
                    .value("until", term.until().to_string())
                    .value("now", now);
                transaction.assert(guard, apart);
            }
            KeyWrite::Extend(until) => {
                let extend =
                    Change::new(key, "SET expires_at = :until, is_accepted = :true", "mandate = :mandate");
                let extend = extend.value("until", *until).value("true", true).value("mandate", id.as_str());
                transaction.change(guard, extend);
            }
            KeyWrite::Release => {
                let release = Change::condition(key, "attribute_not_exists(pk) OR mandate = :mandate");
                transaction.delete_if(guard, release.value("mandate", id.as_str()));
            }
        }
    }
}

/// Whether a row's other establishment is found by a text: a part of its name, case and accents aside, or the
/// beginning of its SIRET.
pub(super) fn is_found(row: &Row, search: &str, digits: &str) -> bool {
    let is_client = row.find_text("sk").is_some_and(|sk| sk.starts_with(&Key::mandates(Some(Side::Client))));
    let (siret, name) = if is_client { ("cabinet", "cabinet_name") } else { ("client", "client_name") };
    let is_siret = !digits.is_empty() && row.find_text(siret).is_some_and(|siret| siret.starts_with(digits));
    let name = row.find_text(name).and_then(|name| Name::parse(name).ok());
    is_siret || name.is_some_and(|name| name.has(search))
}
