//! The transactional outbox: mails are written in the transaction that they tell of, and sent under a lease.

mod digests;
mod domains;
mod pace;
mod quotas;
mod tracking;

use std::sync::Arc;

use domain::mail::MailState;
use domain::time::{SignedDuration, Timestamp, after};
use domain::token::hexadecimal;
use domain::{Email, MailId, MailJob};

pub use self::digests::DigestLine;
pub(crate) use self::domains::{MAIL_DOMAIN, NO_MAIL_RETENTION};
pub(crate) use self::pace::PACE_RETENTION;
pub use self::pace::{Claim, PROGRESS_PERIOD, Turns};
pub use self::quotas::Standing;
pub(crate) use self::tracking::COUNT_RETENTION;
pub use self::tracking::{Status, Told, Tracked};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::metrics::Event;
use crate::proofs::{Proof, Proofs, Receipt, Spent};
use crate::random::Random;
use crate::scope;
use crate::table::{Change, Guard, Key, Outcome, Row, Table, TableError, Transaction};

/// The lease of a sender on a mail: more than the function's timeout, less than the queue's visibility
/// timeout.
pub const LEASE: SignedDuration = SignedDuration::from_secs(40);
/// The retention of a mail's row.
pub(crate) const MAIL_RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The application that an activation's mail is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed<'a> {
    /// A keyed hash of its words.
    pub words: &'a str,
    /// The mail of its first address, if this one corrects it.
    pub first_mail: Option<MailId>,
}

/// A leased mail.
#[derive(Debug, Clone)]
pub struct Leased {
    pub id: MailId,
    pub job: MailJob,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Of the request that queued it.
    pub correlation_id: String,
    /// Whether its progress is told to who typed its address.
    pub is_told: bool,
    /// Whether it is tried for the first time.
    pub is_first_try: bool,
    /// Tells this lease from a later one.
    lease: String,
}

/// The answer to a request for a lease.
#[derive(Debug)]
pub enum Lease {
    Ours(Leased),
    /// Another sender holds it, or it is not due yet: retry later.
    Held,
    /// The mail is finished.
    Over,
}

#[derive(Debug, Clone)]
pub struct Outbox {
    table: Table,
    config: Arc<Config>,
    clock: Clock,
    random: Random,
}

/// The id of a new mail must not be taken: 80 random bits.
const NEW_MAIL: Guard = Guard::new("new mail");

impl Outbox {
    pub(crate) fn new(table: &Table, config: &Arc<Config>, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), config: config.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// Queues the mail of a recovery and spends its proof, in one transaction.
    ///
    /// # Errors
    /// `ProofAlreadyUsed`.
    pub async fn accept(&self, proofs: &Proofs, proof: &Proof, job: &MailJob) -> Result<(), Error> {
        let mut transaction = Transaction::new();
        self.queue(&mut transaction, job)?;
        transaction.count(Event::Recovery);
        match proofs.spend(proof, &Receipt::Recovery, transaction).await? {
            Spent::Now | Spent::Before(_) => Ok(()),
            Spent::Refused(_) => Err(Error::internal("a new mail id is taken")),
        }
    }

    /// Adds a mail to a transaction: it is sent if and only if that is committed. Returns its id.
    pub fn queue(&self, transaction: &mut Transaction, job: &MailJob) -> Result<MailId, Error> {
        let id = MailId::new(self.clock.now(), self.random.bytes());
        transaction.create(NEW_MAIL, self.row(id, job)?).count(Event::MailQueued(job.lane()));
        Ok(id)
    }

    /// The same for a mail whose progress is told to who typed its address.
    pub(crate) fn queue_told(
        &self,
        transaction: &mut Transaction,
        job: &MailJob,
        to: &Email,
        typed: Option<Typed<'_>>,
    ) -> Result<MailId, Error> {
        let id = MailId::new(self.clock.now(), self.random.bytes());
        let row = self.row(id, job)?.with("sent_to", to.masked());
        let row = match typed {
            None => row,
            Some(Typed { first_mail: Some(first), .. }) => row.with("first_mail", first.to_string()),
            Some(Typed { words, .. }) => row.with("applied_words", words),
        };
        transaction.create(NEW_MAIL, row).count(Event::MailQueued(job.lane()));
        Ok(id)
    }

    fn row(&self, id: MailId, job: &MailJob) -> Result<Row, Error> {
        let now = self.clock.now();
        Ok(Row::new(&Key::mail(id))
            .with("mail_id", id.to_string())
            .with("mail_state", MailState::Queued.as_str())
            .with("lane", job.lane().as_str())
            .with("job", serde_json::to_string(job).map_err(Error::internal)?)
            .with("correlation_id", scope::correlation_id().unwrap_or_default())
            .with("created_at", now)
            .with("expires_at", after(now, MAIL_RETENTION)))
    }

    /// A keyed hash of an address, the same for the same mailbox.
    pub fn address_fingerprint(&self, email: &Email) -> Result<String, Error> {
        Ok(self.config.keys.of(Secret::Hash)?.fingerprint("address", &email.normalised()))
    }

    /// A keyed hash of a mailbox, by which its requests for assistance are counted: a tag in the address
    /// makes no other of it.
    pub(crate) fn mailbox_fingerprint(&self, email: &Email) -> Result<String, Error> {
        Ok(self.config.keys.of(Secret::Hash)?.fingerprint("sender", &email.mailbox()))
    }

    /// Leases a mail for [`LEASE`].
    pub async fn lease(&self, id: MailId) -> Result<Lease, TableError> {
        let now = self.clock.now();
        let lease = hexadecimal(&self.random.bytes::<16>());
        let change = Change::new(
            Key::mail(id),
            "SET mail_state = :sending, lease_until = :until, lease_by = :lease ADD sendings :one",
            "(attribute_not_exists(due_at) OR due_at <= :now) AND (mail_state = :queued OR \
             (mail_state = :sending AND (lease_until <= :now OR lease_by = :lease)))",
        )
        .value("sending", MailState::Sending.as_str())
        .value("queued", MailState::Queued.as_str())
        .value("lease", lease.as_str())
        .value("until", after(now, LEASE))
        .value("now", now)
        .value("one", 1);
        match self.table.update(change).await? {
            Outcome::Done(row) => Ok(Lease::Ours(Leased {
                id,
                job: row.parsed("job", |job| serde_json::from_str(job))?,
                created_at: row.moment("created_at")?,
                correlation_id: row.find_text("correlation_id").unwrap_or_default().to_owned(),
                is_told: row.find_text("sent_to").is_some(),
                is_first_try: row.find_number("sendings") == Some(1),
                lease,
            })),
            Outcome::Refused(standing) => {
                let state = standing.as_ref().and_then(|row| row.find_text("mail_state"));
                let waiting = [MailState::Queued, MailState::Sending].map(|state| Some(state.as_str()));
                Ok(if waiting.contains(&state) { Lease::Held } else { Lease::Over })
            }
        }
    }

    /// Ends a lease, so that the mail can be leased at once.
    pub async fn release(&self, leased: &Leased) -> Result<(), TableError> {
        let change = Change::new(
            Key::mail(leased.id),
            "SET mail_state = :queued REMOVE lease_until, lease_by",
            "mail_state = :sending AND lease_by = :lease",
        )
        .value("queued", MailState::Queued.as_str())
        .value("sending", MailState::Sending.as_str())
        .value("lease", leased.lease.as_str());
        self.table.update(change).await.map(|_| ())
    }

    /// Writes the final state of a mail. `note` is SES's message id, or why the mail was not sent.
    pub async fn finish(&self, leased: &Leased, state: MailState, note: &str) -> Result<(), TableError> {
        let change = Change::new(
            Key::mail(leased.id),
            "SET mail_state = :ended, note = :note, ended_at = :now REMOVE lease_until, lease_by",
            "mail_state = :sending AND lease_by = :lease",
        )
        .value("ended", state.as_str())
        .value("sending", MailState::Sending.as_str())
        .value("lease", leased.lease.as_str())
        .value("note", note)
        .value("now", self.clock.now());
        self.table.update(change).await.map(|_| ())
    }
}
