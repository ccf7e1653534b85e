//! The outbox: mails are written with what they tell of, and sent later by whoever holds their lease.

use domain::mail::{MailState, QUOTA_WINDOW, Quota};
use domain::time::{SignedDuration, Timestamp, after};
use domain::token::hexadecimal;
use domain::{Email, MailId, MailJob, SecretKey};

use crate::problems::Problem;
use crate::proofs::{Proof, Proofs, Spent};
use crate::table::{Change, Failure, Key, Outcome, Row, StringSet, Table, Write};
use crate::world::{Clock, Random};

/// How long one sender may take over one mail before another may take it up.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long a mail's row is kept.
const MAIL_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Times a quota is begun anew when others do the same at once.
const QUOTA_ATTEMPTS_MAX: usize = 3;

/// A mail that is ours to send, until its lease runs out.
#[derive(Debug, Clone)]
pub struct Leased {
    /// Which one.
    pub id: MailId,
    /// What it is about.
    pub job: MailJob,
    /// When it was taken in, with what it tells of.
    pub created_at: Timestamp,
    /// Tells this lease from a later one.
    lease: String,
}

/// What came of asking for a lease.
#[derive(Debug)]
pub enum Lease {
    /// It is ours.
    Ours(Leased),
    /// Another sender holds it: ask again later.
    Held,
    /// The mail has reached its end; nothing is left to do.
    Over,
}

/// Mails to be sent.
#[derive(Debug, Clone)]
pub struct Outbox {
    table: Table,
    key: SecretKey,
    clock: Clock,
    random: Random,
}

impl Outbox {
    pub(crate) fn new(table: &Table, key: &SecretKey, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), key: key.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// Takes a mail in, paid for by a proof: one transaction. Gives whether it was not known before.
    ///
    /// # Errors
    /// `ProofAlreadyUsed`; 503 when the table cannot be written.
    pub async fn accept(&self, proofs: &Proofs, proof: &Proof, job: &MailJob) -> Result<bool, Problem> {
        let (id, write) = self.mail(job)?;
        match proofs.spend(proof, &id.to_string(), vec![write]).await? {
            Spent::Now => Ok(true),
            Spent::Before(_) => Ok(false),
            Spent::Refused(_) => Err(Problem::internal("a new mail id is taken")),
        }
    }

    /// A mail and the write that takes it in, for a transaction that holds more.
    ///
    /// # Errors
    /// `Failure::Broken` if the job cannot be written down, which no job can cause.
    pub fn mail(&self, job: &MailJob) -> Result<(MailId, Write), Failure> {
        let now = self.clock.now();
        let id = MailId::new(now, self.random.bytes());
        let text = serde_json::to_string(job).map_err(|error| Failure::Broken(error.into()))?;
        let row = Row::new(&Key::mail(id))
            .with("mail_id", id.to_string())
            .with("mail_state", MailState::Queued.as_str())
            .with("job", text)
            .with("created_at", now)
            .with("expires_at", after(now, MAIL_KEPT));
        Ok((id, Write::Create(row)))
    }

    /// Takes a mail up, alone, for the length of [`LEASE`].
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn lease(&self, id: MailId) -> Result<Lease, Failure> {
        let now = self.clock.now();
        let lease = hexadecimal(&self.random.bytes::<16>());
        let change = Change::new(
            Key::mail(id),
            "SET mail_state = :sending, lease_until = :until, lease_by = :lease ADD sendings :one",
            "mail_state = :queued OR (mail_state = :sending AND (lease_until <= :now OR lease_by = :lease))",
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
                lease,
            })),
            Outcome::Refused(Some(row))
                if row.find_text("mail_state") == Some(MailState::Sending.as_str()) =>
            {
                Ok(Lease::Held)
            }
            Outcome::Refused(_) => Ok(Lease::Over),
        }
    }

    /// Gives a mail back, to be taken up again at once.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn release(&self, leased: &Leased) -> Result<(), Failure> {
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

    /// Writes down how a mail ended. `note` is SES's message id, or the code of its refusal.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn finish(&self, leased: &Leased, state: MailState, note: &str) -> Result<(), Failure> {
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

    /// Whether one more mail of that quota may go to that address. Asked again for the same mail, it
    /// says the same. The address itself is not kept.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn is_within_quota(&self, id: MailId, quota: Quota, email: &Email) -> Result<bool, Failure> {
        let now = self.clock.now();
        let key = Key::quota(&self.key.fingerprint(quota.name, &email.normalised()));
        for _ in 0..QUOTA_ATTEMPTS_MAX {
            let count = Change::new(
                key.clone(),
                "ADD mails :mail SET expires_at = if_not_exists(expires_at, :until)",
                "attribute_not_exists(expires_at) OR (expires_at > :now AND (size(mails) < :most OR contains(mails, :id)))",
            )
            .value("mail", StringSet(vec![id.to_string()]))
            .value("id", id.to_string())
            .value("until", after(now, QUOTA_WINDOW))
            .value("now", now)
            .value("most", quota.mails_max);
            let Outcome::Refused(standing) = self.table.update(count).await? else {
                return Ok(true);
            };
            if !standing.is_some_and(|row| row.is_past(now)) {
                return Ok(false);
            }
            let begin_anew =
                Change::new(key.clone(), "SET mails = :mail, expires_at = :until", "expires_at <= :now")
                    .value("mail", StringSet(vec![id.to_string()]))
                    .value("until", after(now, QUOTA_WINDOW))
                    .value("now", now);
            if let Outcome::Done(_) = self.table.update(begin_anew).await? {
                return Ok(true);
            }
            // Begun anew by another mail, or by this one in an answer that was lost: the count tells.
        }
        Err(Failure::Unavailable("the quota kept changing".into()))
    }
}
