//! Synthetic people: their rows in a table, and the requests that they send. What is measured is measured
//! with them.

mod requests;
mod rows;

use std::fs;
use std::path::PathBuf;

use domain::proof::Action;
use domain::time::Timestamp;
use domain::{Identifier, MailId, Siret, Token};
use dynoxide::{Database, ImportOptions, Item};
use fastrand::Rng;
use platform::passwords::Hashing;
use platform::proofs::Effort;
use sesame::emulator::TABLE;
use sesame::{Options, Portal};
use testkit::proof;

pub use requests::{Request, can_be_made_up};
pub use rows::Rows;

use crate::{Error, Outcome};

/// The site of the portals that are measured: without TLS, as they are served.
pub const SITE: &str = "http://localhost:18080";
/// The password of everybody.
pub const PASSWORD: &str = "fenêtre sirop balcon 47 tambour";
/// Accounts of a table under load; each is asked for at most five times, so that no mail is suppressed.
pub const ACCOUNTS: usize = 25_000;
/// Rows of a large table besides those of the accounts.
pub const ROWS_MANY: usize = 1_000_000;
/// Rows that are written at once.
const CHUNK: usize = 50_000;
/// The people are the same in every run.
const SEED: u64 = 20_200_401;
/// Digits of a SIRET before its check digit.
const SIRET_DIGITS: usize = 13;

/// Somebody with an active account.
#[derive(Debug, Clone)]
pub struct Person {
    pub identifier: Identifier,
    pub siret: Siret,
    pub email: String,
    /// Of a link that sets the password.
    pub link: Token,
    /// Of an open session.
    pub session: Token,
    /// Of the mail that activated the account.
    pub mail: MailId,
}

impl Person {
    fn draw(rng: &mut Rng, rank: usize) -> Result<Self, Error> {
        Ok(Self {
            identifier: identifier(rng),
            siret: siret(rng)?,
            email: format!("personne{rank}@exemple.fr"),
            link: token(rng),
            session: token(rng),
            mail: MailId::new(Timestamp::UNIX_EPOCH, std::array::from_fn(|_| rng.u8(..))),
        })
    }
}

/// A folder that is removed with its value.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// An empty one, among the machine's temporary ones.
    pub fn temporary(name: &str) -> Result<Self, Error> {
        let folder = Self(std::env::temp_dir().join(format!("sesame-{name}-{}", std::process::id())));
        let _ = fs::remove_dir_all(&folder.0);
        fs::create_dir_all(&folder.0)?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The people, and a source of proofs for what they ask.
pub struct Population {
    pub people: Vec<Person>,
    portal: Portal,
}

impl Population {
    /// As many people, the same each time.
    pub fn of(count: usize) -> Result<Self, Error> {
        let mut rng = Rng::with_seed(SEED);
        let people = (0..count).map(|rank| Person::draw(&mut rng, rank)).collect::<Result<_, _>>()?;
        Ok(Self { people, portal: Portal::open(&Options::in_memory(SITE))? })
    }

    /// A data folder with a table of everybody's rows, and of as many mails of earlier days.
    pub fn table(&self, name: &str, hashing: Hashing, mails: usize) -> Result<Folder, Error> {
        let (folder, rows) = (Folder::temporary(name)?, Rows::new(hashing)?);
        // Opening makes the table.
        drop(Portal::open(&Options { data: Some(folder.0.clone()), ..Options::in_memory(SITE) })?);
        let database = Database::new(&folder.0.join("table.sqlite").to_string_lossy())?;
        database.enable_bulk_loading()?;
        import(&database, self.people.iter().flat_map(|person| rows.of(person)))?;
        import(&database, (0..mails).map(rows::old_mail))?;
        database.disable_bulk_loading()?;
        Ok(folder)
    }

    /// A solved proof for that action. Its steps are cheap here: checking it costs the same.
    pub fn proof(&self, action: Action) -> Result<String, Error> {
        let platform =
            self.portal.platform(challenge::FUNCTION.name).ok_or("no function makes challenges")?;
        let challenge = platform.proofs.challenge_of(action, Effort { cost: 1, counter: 0 })?;
        proof::solve(&serde_json::to_value(challenge)?)
    }
}

/// An identifier that nobody has, but by chance.
pub fn identifier(rng: &mut Rng) -> Identifier {
    Identifier::from_random(std::array::from_fn(|_| rng.u8(..)))
}

/// A token that nobody has, but by chance.
pub fn token(rng: &mut Rng) -> Token {
    Token::from_bytes(std::array::from_fn(|_| rng.u8(..)))
}

/// A SIRET with its check digit.
pub fn siret(rng: &mut Rng) -> Result<Siret, Error> {
    loop {
        let digits: String = (0..SIRET_DIGITS).map(|_| rng.digit(10)).collect();
        let valid = (0..10).find_map(|check| Siret::parse(&format!("{digits}{check}")).ok());
        if let Some(siret) = valid {
            return Ok(siret);
        }
    }
}

fn import(database: &Database, rows: impl Iterator<Item = Item>) -> Outcome {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Item> = rows.by_ref().take(CHUNK).collect();
        database.import_items(TABLE, chunk, ImportOptions::default())?;
    }
    Ok(())
}
