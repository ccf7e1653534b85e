//! Sessions, and the count of failed logins.

use domain::account::{FAILED_LOGINS_MAX, FAILED_LOGINS_WINDOW, GUESSES_MAX, GUESSES_WINDOW, SESSION_VALID};
use domain::time::{Timestamp, after};
use domain::token::hexadecimal;
use domain::{Account, Identifier, MailJob, Refusal, Token};

use crate::clock::Clock;
use crate::error::Error;
use crate::outbox::Outbox;
use crate::proofs::{Proof, Proofs, Receipt, Spent};
use crate::random::Random;
use crate::table::{Change, Committed, Guard, Key, Outcome, Row, Table, TableError, Transaction};

/// Retries when concurrent attempts start the same count.
const COUNT_ATTEMPTS_MAX: usize = 3;
/// Increments both counters, and starts them when there is no row.
const COUNT: &str = "ADD attempts :one, guesses :one \
                     SET window_until = if_not_exists(window_until, :window_until), \
                         expires_at = if_not_exists(expires_at, :until), last_attempt = :attempt";
/// An attempt whose answer was lost, and that the SDK sends again, is not counted again.
const COUNT_CONDITION: &str = "attribute_not_exists(pk) OR \
     (expires_at > :now AND window_until > :now AND attempts < :most AND guesses < :guesses_max \
      AND last_attempt <> :attempt)";
/// Starts a new window; the day's guesses go on.
const BEGIN_WINDOW: &str =
    "SET attempts = :one, window_until = :window_until, last_attempt = :attempt ADD guesses :one";
/// Starts both anew: the row has expired and is not yet deleted.
const BEGIN_ALL: &str = "SET attempts = :one, guesses = :one, window_until = :window_until, \
                         expires_at = :until, last_attempt = :attempt REMOVE told_at";
/// The attempt is within its bounds.
const WITHIN_BOUNDS: Guard = Guard::new("attempts within bounds");
/// No mail to the holder was queued yet.
const NOT_TOLD: Guard = Guard::new("holder not told");

#[derive(Debug)]
pub struct Session {
    pub identifier: Identifier,
    /// The account's epoch at login; a later one ends the session.
    pub credentials_epoch: u64,
}

#[derive(Debug, Clone)]
pub struct Sessions {
    table: Table,
    proofs: Proofs,
    outbox: Outbox,
    clock: Clock,
    random: Random,
}

impl Sessions {
    pub(crate) fn new(
        table: &Table,
        proofs: &Proofs,
        outbox: &Outbox,
        clock: &Clock,
        random: &Random,
    ) -> Self {
        Self {
            table: table.clone(),
            proofs: proofs.clone(),
            outbox: outbox.clone(),
            clock: clock.clone(),
            random: random.clone(),
        }
    }

    /// Counts an attempt on an identifier before its password is checked, so that concurrent attempts all
    /// count, and spends its proof in the same transaction: a proof is one guess, however often it is sent. A
    /// refused attempt writes nothing.
    ///
    /// # Errors
    /// `ProofAlreadyUsed` when the proof served another body; `ProofRequired` after [`FAILED_LOGINS_MAX`]
    /// without a proof within [`FAILED_LOGINS_WINDOW`]; `TooManyAttempts` after [`GUESSES_MAX`] within
    /// [`GUESSES_WINDOW`]; the holder gets one mail.
    pub async fn count_attempt(&self, identifier: &Identifier, proof: Option<&Proof>) -> Result<(), Error> {
        let now = self.clock.now();
        let attempt = hexadecimal(&self.random.bytes::<16>());
        for _ in 0..COUNT_ATTEMPTS_MAX {
            let count = self.attempt((identifier, &attempt), COUNT, COUNT_CONDITION);
            let most = if proof.is_some() { GUESSES_MAX } else { FAILED_LOGINS_MAX };
            let count = count.value("most", most).value("guesses_max", GUESSES_MAX);
            let Outcome::Refused(Some(standing)) = self.count(count, proof).await? else {
                return Ok(());
            };
            let begin_anew = if standing.find_text("last_attempt") == Some(&*attempt) {
                return Ok(());
            } else if standing.is_past(now) {
                self.attempt((identifier, &attempt), BEGIN_ALL, "expires_at <= :now")
            } else if standing.number("guesses")? >= GUESSES_MAX {
                self.tell_holder(identifier, &standing).await?;
                let until = standing.moment("expires_at")?;
                let retry_after_seconds = self.clock.until(until).as_secs() + 1;
                return Err(Refusal::TooManyAttempts { retry_after_seconds }.into());
            } else if standing.moment("window_until")? <= now {
                let condition = "window_until <= :now AND expires_at > :now";
                self.attempt((identifier, &attempt), BEGIN_WINDOW, condition)
            } else {
                return Err(Refusal::ProofRequired.into());
            };
            if let Outcome::Done(()) = self.count(begin_anew, proof).await? {
                return Ok(());
            }
        }
        Err(TableError::Unavailable("the count of attempts kept changing".into()).into())
    }

    /// Counts by this change. An attempt that its proof has already counted is not counted again.
    async fn count(&self, change: Change, proof: Option<&Proof>) -> Result<Outcome<()>, Error> {
        let Some(proof) = proof else {
            return Ok(match self.table.update(change).await? {
                Outcome::Done(_) => Outcome::Done(()),
                Outcome::Refused(standing) => Outcome::Refused(standing),
            });
        };
        let mut transaction = Transaction::new();
        transaction.change(WITHIN_BOUNDS, change);
        Ok(match self.proofs.spend(proof, &Receipt::Login, transaction).await? {
            Spent::Now | Spent::Before(_) => Outcome::Done(()),
            Spent::Refused(refused) => Outcome::Refused(refused.standing(WITHIN_BOUNDS).cloned()),
        })
    }

    fn attempt(
        &self,
        (identifier, attempt): (&Identifier, &str),
        update: &'static str,
        condition: &'static str,
    ) -> Change {
        let now = self.clock.now();
        let change = Change::new(Key::attempts(identifier), update, condition)
            .value("one", 1)
            .value("now", now)
            .value("attempt", attempt)
            .value("window_until", after(now, FAILED_LOGINS_WINDOW));
        if update == BEGIN_WINDOW { change } else { change.value("until", after(now, GUESSES_WINDOW)) }
    }

    /// Queues one mail to the holder each time the identifier is closed to passwords. Whether there is a
    /// holder is looked up by `mail-sender`, so that the answer takes the same time.
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

    /// Deletes the count of attempts: the password was right.
    pub async fn clear_attempts(&self, identifier: &Identifier) -> Result<(), TableError> {
        self.table.delete(&Key::attempts(identifier)).await
    }

    /// Passwords tried in vain on an identifier since its count began, within [`GUESSES_WINDOW`].
    pub async fn failed_logins(&self, identifier: &Identifier) -> Result<u64, TableError> {
        let now = self.clock.now();
        let row = self.table.find(&Key::attempts(identifier)).await?.filter(|row| !row.is_past(now));
        Ok(row.and_then(|row| row.find_number("guesses")).unwrap_or(0))
    }

    /// Opens a session and deletes the count of failed attempts, in one transaction. Returns the cookie's
    /// token: the given one, else a random one.
    pub async fn open(&self, account: &Account, token: Option<Token>) -> Result<Token, Error> {
        let token = token.unwrap_or_else(|| Token::from_bytes(self.random.bytes()));
        let mut transaction = Transaction::new();
        add(&mut transaction, &token, &account.identifier, account.credentials_epoch, self.clock.now());
        transaction.delete(Key::attempts(&account.identifier));
        match self.table.commit(transaction).await? {
            Committed::Yes => Ok(token),
            Committed::No(_) => Err(Error::internal("a transaction without conditions was refused")),
        }
    }

    /// The session of a token, unless it has expired.
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

    /// The open sessions of an account, the latest first.
    pub async fn of(&self, account: &Account) -> Result<Vec<Opened>, TableError> {
        let now = self.clock.now();
        let rows = self.table.find_all(&Key::sessions(&account.identifier), "").await?;
        let is_open = |row: &&Row| {
            !row.is_past(now) && row.find_number("credentials_epoch") == Some(account.credentials_epoch)
        };
        let read = |row: &Row| {
            let token = row.text("sk")?.to_owned();
            Ok::<_, TableError>(Opened { token, opened_at: row.moment("opened_at")? })
        };
        let mut opened: Vec<Opened> = rows.iter().filter(is_open).map(read).collect::<Result<_, _>>()?;
        opened.sort_by_key(|session| std::cmp::Reverse(session.opened_at));
        Ok(opened)
    }

    /// Deletes a session of an account, by the hash of its token.
    pub async fn end(&self, identifier: &Identifier, token: &str) -> Result<(), Error> {
        let mut transaction = Transaction::new();
        transaction.delete(Key::session_by(token)).delete(Key::session_of(identifier, token));
        match self.table.commit(transaction).await? {
            Committed::Yes => Ok(()),
            Committed::No(_) => Err(Error::internal("a transaction without conditions was refused")),
        }
    }

    /// Deletes the session of a token, if there is one.
    pub async fn close(&self, token: &Token) -> Result<(), Error> {
        match self.find(token).await? {
            Some(session) => self.end(&session.identifier, &token.key()).await,
            None => Ok(()),
        }
    }
}

/// An open session, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The hash of its token.
    pub token: String,
    pub opened_at: Timestamp,
}

/// Symbols of the hash by which a person names a session.
const SESSION_ID_LENGTH: usize = 16;

impl Opened {
    /// The id among the person's own.
    #[must_use]
    pub fn id(&self) -> &str {
        self.token.get(..SESSION_ID_LENGTH).unwrap_or_default()
    }
}

/// Adds a session that is opened `now`: by its token, and among its person's.
pub(crate) fn add(
    transaction: &mut Transaction,
    token: &Token,
    identifier: &Identifier,
    credentials_epoch: u64,
    now: Timestamp,
) {
    let until = after(now, SESSION_VALID);
    let by_token = Row::new(&Key::session(token))
        .with("identifier", identifier.as_str())
        .with("credentials_epoch", credentials_epoch)
        .with("expires_at", until);
    let among_its_persons = Row::new(&Key::session_of(identifier, &token.key()))
        .with("opened_at", now)
        .with("credentials_epoch", credentials_epoch)
        .with("expires_at", until);
    transaction.put(by_token).put(among_its_persons);
}
