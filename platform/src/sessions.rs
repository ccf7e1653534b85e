//! Logins: sessions, and the count of those that failed.

use domain::account::{FAILED_LOGINS_WINDOW, SESSION_VALID};
use domain::time::after;
use domain::{Account, Identifier, Token};

use crate::problems::Problem;
use crate::table::{Change, Committed, Failure, Key, Outcome, Row, Table, Write};
use crate::world::{Clock, Random};

/// Times the count is begun anew when others do the same at once.
const COUNT_ATTEMPTS_MAX: usize = 3;

/// A session that has not ended.
#[derive(Debug)]
pub struct Session {
    /// Whose it is.
    pub identifier: Identifier,
    /// The account's epoch when it began: a later one ends it.
    pub credentials_epoch: u64,
}

/// Logins.
#[derive(Debug, Clone)]
pub struct Sessions {
    table: Table,
    clock: Clock,
    random: Random,
}

impl Sessions {
    pub(crate) fn new(table: &Table, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// Counts an attempt on an identifier before its password is judged, so that attempts made at once
    /// all count. Gives how many there were within the window, this one included.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn count_attempt(&self, identifier: &Identifier) -> Result<u64, Failure> {
        let now = self.clock.now();
        let key = Key::attempts(identifier);
        let until = after(now, FAILED_LOGINS_WINDOW);
        for _ in 0..COUNT_ATTEMPTS_MAX {
            let count = Change::new(
                key.clone(),
                "ADD attempts :one SET expires_at = if_not_exists(expires_at, :until)",
                "attribute_not_exists(expires_at) OR expires_at > :now",
            );
            let count = count.value("one", 1).value("until", until).value("now", now);
            if let Outcome::Done(row) = self.table.update(count).await? {
                return row.number("attempts");
            }
            let begin_anew =
                Change::new(key.clone(), "SET attempts = :one, expires_at = :until", "expires_at <= :now");
            let begin_anew = begin_anew.value("one", 1).value("until", until).value("now", now);
            if let Outcome::Done(row) = self.table.update(begin_anew).await? {
                return row.number("attempts");
            }
        }
        Err(Failure::Unavailable("the count of attempts kept changing".into()))
    }

    /// Opens a session and forgets the failed attempts: one transaction. Gives the cookie's token, a new
    /// one unless it is given.
    ///
    /// # Errors
    /// 503 when the table cannot be written.
    pub async fn open(&self, account: &Account, token: Option<Token>) -> Result<Token, Problem> {
        let token = token.unwrap_or_else(|| Token::from_bytes(self.random.bytes()));
        let row = Row::new(&Key::session(&token))
            .with("identifier", account.identifier.as_str())
            .with("credentials_epoch", account.credentials_epoch)
            .with("expires_at", after(self.clock.now(), SESSION_VALID));
        let writes = vec![Write::Put(row), Write::Delete(Key::attempts(&account.identifier))];
        match self.table.transact(writes).await? {
            Committed::Yes => Ok(token),
            Committed::No(_) => Err(Problem::internal("a transaction without conditions was refused")),
        }
    }

    /// The session of a token, unless it has ended.
    ///
    /// # Errors
    /// `Failure` when the table cannot be read.
    pub async fn find(&self, token: &Token) -> Result<Option<Session>, Failure> {
        let Some(row) = self.table.find(&Key::session(token)).await? else {
            return Ok(None);
        };
        if row.moment("expires_at")? <= self.clock.now() {
            return Ok(None);
        }
        Ok(Some(Session {
            identifier: row.parsed("identifier", Identifier::parse)?,
            credentials_epoch: row.number("credentials_epoch")?,
        }))
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn close(&self, token: &Token) -> Result<(), Failure> {
        self.table.delete(&Key::session(token)).await
    }
}
