//! Codes beside links: which link a code stands for, and how often a wrong one was tried.

use std::sync::Arc;

use domain::code::{CODE_TRIES_MAX, CODE_TRIES_WINDOW};
use domain::link::LINK_VALID_MINUTES;
use domain::time::{after, minutes};
use domain::{Code, Identifier, Refusal, Siret, TokenHash};

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::table::{Change, Key, Outcome, StringSet, Table, TableError};

/// Codes that one account or establishment has at once. Beyond them all are replaced: a stranger who
/// applies for an establishment a thousand times must not make its row too large to write.
const CODES_MAX: u64 = 100;
/// Tries of a write beside others of the same row.
const ATTEMPTS_MAX: usize = 3;
/// Between the code's hash and the link's.
const SEPARATOR: char = ' ';

/// What a code is typed with.
#[derive(Debug, Clone)]
pub enum CodeOwner {
    /// For a recovery.
    Account(Identifier),
    /// For an activation.
    Establishment(Siret),
}

impl CodeOwner {
    fn as_str(&self) -> &str {
        match self {
            Self::Account(identifier) => identifier.as_str(),
            Self::Establishment(siret) => siret.as_str(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Codes {
    table: Table,
    config: Arc<Config>,
    clock: Clock,
}

impl Codes {
    pub(crate) fn new(table: &Table, config: &Arc<Config>, clock: &Clock) -> Self {
        Self { table: table.clone(), config: config.clone(), clock: clock.clone() }
    }

    /// Adds the code of a link that is minted now. Idempotent.
    pub(crate) async fn add(&self, owner: &CodeOwner, code: &Code, link: &TokenHash) -> Result<(), Error> {
        let now = self.clock.now();
        let entry = format!("{}{SEPARATOR}{}", self.hash_of(owner, code)?, link.as_str());
        for _ in 0..ATTEMPTS_MAX {
            for (update, condition) in [
                (
                    "ADD codes :code SET expires_at = :until",
                    "attribute_not_exists(pk) OR (expires_at > :now AND size(codes) < :most)",
                ),
                ("SET codes = :code, expires_at = :until", "expires_at <= :now OR size(codes) >= :most"),
            ] {
                let change = Change::new(Key::codes(owner.as_str()), update, condition)
                    .value("code", StringSet(vec![entry.clone()]))
                    .value("until", after(now, minutes(LINK_VALID_MINUTES)))
                    .value("now", now)
                    .value("most", CODES_MAX);
                if let Outcome::Done(_) = self.table.update(change).await? {
                    return Ok(());
                }
            }
        }
        Err(TableError::Unavailable("the codes kept changing".into()).into())
    }

    /// The link of a code. A try counts before it is judged, the same one once; a right one is taken back.
    /// The answer and the work are the same whether or not there is such an account.
    ///
    /// # Errors
    /// `CodeUnknown`; `CodeExhausted` after [`CODE_TRIES_MAX`] wrong ones, also for the right one.
    pub async fn find(&self, owner: &CodeOwner, code: &Code) -> Result<TokenHash, Error> {
        let hash = self.hash_of(owner, code)?;
        self.count_try(owner, &hash).await?;
        let row = self.table.find(&Key::codes(owner.as_str())).await?;
        let row = row.filter(|row| !row.is_past(self.clock.now()));
        let entries = row.as_ref().map_or(&[][..], |row| row.set("codes"));
        let link = entries.iter().find_map(|entry| {
            let (code, link) = entry.split_once(SEPARATOR)?;
            (code == hash).then(|| TokenHash::parse(link)).flatten()
        });
        let link = link.ok_or(Refusal::CodeUnknown)?;
        let take_back =
            Change::new(Key::code_tries(owner.as_str()), "DELETE tried :try", "attribute_exists(tried)");
        self.table.update(take_back.value("try", StringSet(vec![hash]))).await?;
        Ok(link)
    }

    async fn count_try(&self, owner: &CodeOwner, hash: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let change = |update, condition| {
            Change::new(Key::code_tries(owner.as_str()), update, condition)
                .value("try", StringSet(vec![hash.to_owned()]))
                .value("until", after(now, CODE_TRIES_WINDOW))
                .value("now", now)
        };
        let count = change(
            "ADD tried :try SET expires_at = :until",
            "attribute_not_exists(tried) OR \
             (expires_at > :now AND (size(tried) < :most OR contains(tried, :hash)))",
        );
        let count = count.value("most", CODE_TRIES_MAX).value("hash", hash);
        let begin_anew = change("SET tried = :try, expires_at = :until", "expires_at <= :now");
        match self.table.count(&count, &begin_anew, |row| row.is_past(now)).await? {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(_) => Err(Refusal::CodeExhausted.into()),
        }
    }

    /// A keyed hash: a code alone is short enough to be guessed by who reads the table.
    fn hash_of(&self, owner: &CodeOwner, code: &Code) -> Result<String, Error> {
        let key = self.config.keys.of(Secret::Hash)?;
        Ok(key.fingerprint("code", &format!("{} {}", owner.as_str(), code.as_str())))
    }
}
