//! Logins: sessions, and the count of those that failed.

use domain::account::{FAILED_LOGINS_MAX, FAILED_LOGINS_WINDOW, GUESSES_MAX, GUESSES_WINDOW, SESSION_VALID};
use domain::time::after;
use domain::{Account, Identifier, MailJob, Refusal, Token};

use crate::clock::Clock;
use crate::error::Error;
use crate::outbox::Outbox;
use crate::random::Random;
use crate::table::{Change, Committed, Guard, Key, Outcome, Row, Table, TableError, Transaction};

/// Times the count is begun anew when others do the same at once.
const COUNT_ATTEMPTS_MAX: usize = 3;
/// One attempt more in the window and in the count of guesses, or the first of both.
const COUNT: &str = "ADD attempts :one, guesses :one \
                     SET window_until = if_not_exists(window_until, :window_until), \
                         expires_at = if_not_exists(expires_at, :until)";
const COUNT_CONDITION: &str = "attribute_not_exists(pk) OR \
     (expires_at > :now AND window_until > :now AND attempts < :most AND guesses < :guesses_max)";
/// The window is over, the count of guesses goes on.
const BEGIN_WINDOW: &str = "SET attempts = :one, window_until = :window_until ADD guesses :one";
/// All is over, though its row may still stand.
const BEGIN_ALL: &str =
    "SET attempts = :one, guesses = :one, window_until = :window_until, expires_at = :until REMOVE told_at";
/// The holder must not have been told yet.
const NOT_TOLD: Guard = Guard("holder not told");

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
    outbox: Outbox,
    clock: Clock,
    random: Random,
}

impl Sessions {
    pub(crate) fn new(table: &Table, outbox: &Outbox, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), outbox: outbox.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// Counts an attempt on an identifier before its password is judged, so that attempts made at once all count. An
    /// attempt that is refused is not written.
    ///
    /// # Errors
    /// `ProofRequired` after [`FAILED_LOGINS_MAX`] without a proof within [`FAILED_LOGINS_WINDOW`];
    /// `TooManyAttempts` after [`GUESSES_MAX`] within [`GUESSES_WINDOW`], which the holder is told once;
    /// `Error::Table` when the table cannot be written.
    pub async fn count_attempt(&self, identifier: &Identifier, is_proven: bool) -> Result<(), Error> {
        let now = self.clock.now();
        for _ in 0..COUNT_ATTEMPTS_MAX {
            let count = self.attempt(identifier, COUNT, COUNT_CONDITION);
            let most = if is_proven { GUESSES_MAX } else { FAILED_LOGINS_MAX };
            let count = count.value("most", most).value("guesses_max", GUESSES_MAX);
            let Outcome::Refused(Some(standing)) = self.table.update(count).await? else {
                return Ok(());
            };
            let begin_anew = if standing.is_past(now) {
                self.attempt(identifier, BEGIN_ALL, "expires_at <= :now")
            } else if standing.number("guesses")? >= GUESSES_MAX {
                self.tell_holder(identifier, &standing).await?;
                let until = standing.moment("expires_at")?;
                let retry_after_seconds = self.clock.until(until).as_secs() + 1;
                return Err(Refusal::TooManyAttempts { retry_after_seconds }.into());
            } else if standing.moment("window_until")? <= now {
                self.attempt(identifier, BEGIN_WINDOW, "window_until <= :now AND expires_at > :now")
            } else {
                return Err(Refusal::ProofRequired.into());
            };
            if let Outcome::Done(_) = self.table.update(begin_anew).await? {
                return Ok(());
            }
        }
        Err(TableError::Unavailable("the count of attempts kept changing".into()).into())
    }

    fn attempt(&self, identifier: &Identifier, update: &'static str, condition: &'static str) -> Change {
        let now = self.clock.now();
        let change =
            Change::new(Key::attempts(identifier), update, condition).value("one", 1).value("now", now);
        let change = change.value("window_until", after(now, FAILED_LOGINS_WINDOW));
        if update == BEGIN_WINDOW { change } else { change.value("until", after(now, GUESSES_WINDOW)) }
    }

    /// Queues the mail that tells the holder, once for each time that the identifier is closed to passwords. Nobody
    /// looks here whether there is a holder.
    async fn tell_holder(&self, identifier: &Identifier, standing: &Row) -> Result<(), Error> {
        if standing.find_moment("told_at").is_some() {
            return Ok(());
        }
        let condition = "attribute_exists(pk) AND attribute_not_exists(told_at)";
        let told = Change::new(Key::attempts(identifier), "SET told_at = :now", condition);
        let mut transaction = Transaction::new();
        transaction.change(NOT_TOLD, told.value("now", self.clock.now()));
        self.outbox.queue(&mut transaction, &MailJob::LoginsBlocked { identifier: identifier.clone() })?;
        self.table.commit(transaction).await?;
        Ok(())
    }

    /// Opens a session and forgets the failed attempts: one transaction. Gives the cookie's token, a new
    /// one unless it is given.
    ///
    /// # Errors
    /// `Error::Table` when the table cannot be written.
    pub async fn open(&self, account: &Account, token: Option<Token>) -> Result<Token, Error> {
        let token = token.unwrap_or_else(|| Token::from_bytes(self.random.bytes()));
        let row = Row::new(&Key::session(&token))
            .with("identifier", account.identifier.as_str())
            .with("credentials_epoch", account.credentials_epoch)
            .with("expires_at", after(self.clock.now(), SESSION_VALID));
        let mut transaction = Transaction::new();
        transaction.put(row).delete(Key::attempts(&account.identifier));
        match self.table.commit(transaction).await? {
            Committed::Yes => Ok(token),
            Committed::No(_) => Err(Error::internal("a transaction without conditions was refused")),
        }
    }

    /// The session of a token, unless it has ended.
    ///
    /// # Errors
    /// `TableError` when the table cannot be read.
    pub async fn find(&self, token: &Token) -> Result<Option<Session>, TableError> {
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
    /// `TableError` when the table cannot be written.
    pub async fn close(&self, token: &Token) -> Result<(), TableError> {
        self.table.delete(&Key::session(token)).await
    }
}
