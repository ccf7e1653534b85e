//! The table before a load, the requests of the load, and the table after it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use domain::Identifier;
use domain::proof::Action;
use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use platform::proofs::Effort;
use platform::random::Random;
use serde_json::{Value, json};
use sesame::emulator::TABLE;
use sesame::{Options, Portal};
use testkit::proof;

use crate::Error;

/// Rows that are written at once.
const CHUNK: usize = 50_000;
/// Far enough for no row to expire meanwhile.
const EXPIRES_AT: &str = "4000000000";

/// One request, ready to be written to a socket.
pub struct Request {
    /// Head and body.
    pub bytes: Vec<u8>,
    /// Whether the account exists.
    pub is_known: bool,
}

/// The existing accounts, and a source of proofs.
pub struct Seed {
    known: Vec<Identifier>,
    portal: Portal,
}

impl Seed {
    /// Fills the table of a data folder with active accounts and with mails of earlier days.
    pub fn fill(folder: &Path, accounts: usize, mails: usize) -> Result<Self, Error> {
        let random = Random::system();
        let options =
            |data| Options { data, random: random.clone(), ..Options::in_memory("http://localhost:18080") };
        // Opening makes the table.
        drop(Portal::open(&options(Some(folder.to_owned())))?);
        let database = Database::new(&folder.join("table.sqlite").to_string_lossy())?;
        database.enable_bulk_loading()?;
        let known: Vec<Identifier> = (0..accounts).map(|_| Identifier::from_random(random.bytes())).collect();
        import(&database, known.iter().enumerate().map(|(rank, identifier)| account(rank, identifier)))?;
        import(&database, (0..mails).map(old_mail))?;
        database.disable_bulk_loading()?;
        Ok(Self { known, portal: Portal::open(&options(None))? })
    }

    /// Requests for a password, of known and unknown identifiers in turn, each with a proof of its own.
    pub fn requests(&self, count: usize) -> Result<Vec<Request>, Error> {
        let platform =
            self.portal.platform(challenge::FUNCTION.name).ok_or("no function makes challenges")?;
        let (proofs, random) = (&platform.proofs, &platform.random);
        (0..count)
            .map(|rank| {
                let is_known = rank % 2 == 0;
                let identifier = match self.known.get(rank / 2 % self.known.len()) {
                    Some(known) if is_known => known.clone(),
                    _ => Identifier::from_random(random.bytes()),
                };
                let effort = Effort { cost: 1, counter: 0 };
                let challenge = proofs.challenge_of(Action::Recover, effort)?;
                let proof = proof::solve(&serde_json::to_value(challenge)?)?;
                let body = json!({"identifier": identifier.as_str(), "proof": proof}).to_string();
                let head = format!(
                    "POST /api/recover/password HTTP/1.1\r\nhost: localhost\r\n\
                     content-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                Ok(Request { bytes: (head + &body).into_bytes(), is_known })
            })
            .collect()
    }
}

/// Mails of the load by state; those of earlier days have no kind.
pub fn mails(folder: &Path) -> Result<BTreeMap<String, usize>, Error> {
    let database = Database::new(&folder.join("table.sqlite").to_string_lossy())?;
    let mut states = BTreeMap::new();
    let mut start = Value::Null;
    loop {
        let mut scan = json!({
            "TableName": TABLE,
            "FilterExpression": "attribute_exists(job)",
            "ProjectionExpression": "mail_state",
        });
        if !start.is_null() {
            scan["ExclusiveStartKey"] = start;
        }
        let page = serde_json::to_value(database.scan(serde_json::from_value(scan)?)?)?;
        for row in page["Items"].as_array().into_iter().flatten() {
            let state = row["mail_state"]["S"].as_str().unwrap_or("none").to_owned();
            *states.entry(state).or_insert(0) += 1;
        }
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            return Ok(states);
        }
    }
}

fn import(database: &Database, rows: impl Iterator<Item = Item>) -> Result<(), Error> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Item> = rows.by_ref().take(CHUNK).collect();
        database.import_items(TABLE, chunk, ImportOptions::default())?;
    }
    Ok(())
}

fn account(rank: usize, identifier: &Identifier) -> Item {
    let email = format!("personne{rank}@exemple.fr");
    let texts = [
        ("pk", format!("ACCOUNT#{identifier}")),
        ("sk", "ACCOUNT".to_owned()),
        ("siret", "73282932000074".to_owned()),
        ("establishment_name", "Boulangerie du Marché".to_owned()),
        ("first_name", "Jeanne".to_owned()),
        ("last_name", "Martin".to_owned()),
        ("email", email),
        ("phone", "+33123456789".to_owned()),
    ];
    let mut row = row(texts);
    row.insert("is_active".to_owned(), AttributeValue::BOOL(true));
    row.insert("credentials_epoch".to_owned(), AttributeValue::N("1".to_owned()));
    row
}

fn old_mail(rank: usize) -> Item {
    let mut row = row([
        ("pk", format!("MAIL#OLD{rank:022}")),
        ("sk", "MAIL".to_owned()),
        ("mail_state", "sent".to_owned()),
        ("note", "0".repeat(60)),
    ]);
    row.insert("expires_at".to_owned(), AttributeValue::N(EXPIRES_AT.to_owned()));
    row
}

fn row<const N: usize>(texts: [(&str, String); N]) -> Item {
    HashMap::from(texts.map(|(name, text)| (name.to_owned(), AttributeValue::S(text))))
}
