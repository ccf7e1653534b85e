//! Digests for the agency: what its quota of single mails leaves out, in one mail for each period.

use domain::mail::DigestPeriod;
use domain::time::after;
use domain::{Email, MailId, MailJob, Motive, Reference, Siret};

use super::{MAIL_RETENTION, NEW_MAIL, Outbox};
use crate::error::Error;
use crate::metrics::Event;
use crate::table::{Key, Row, TableError, Transaction};

/// What a digest says of one request for assistance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestLine {
    /// What to quote.
    pub reference: Reference,
    /// For which establishment.
    pub siret: Siret,
    /// What about.
    pub motive: Motive,
    /// Where to answer.
    pub email: Email,
}

impl Outbox {
    /// Adds a request to the digest of the period under way, and makes sure of the mail that will carry it. Gives
    /// that mail's id. Done again, it changes nothing.
    ///
    /// # Errors
    /// `TableError` when the table cannot be written.
    pub async fn add_to_digest(&self, line: &DigestLine) -> Result<MailId, Error> {
        let now = self.clock.now();
        let period = DigestPeriod::of(now);
        let row = Row::new(&Key::digest(period, &line.reference))
            .with("reference", line.reference.as_str())
            .with("siret", line.siret.as_str())
            .with("motive", line.motive.as_str())
            .with("email", line.email.as_str())
            .with("expires_at", after(now, MAIL_RETENTION));
        self.table.create(row).await?;
        let job = MailJob::AgencyDigest { period };
        let mail = self.row(period.mail(), &job)?.with("due_at", period.due_at());
        let mut transaction = Transaction::new();
        transaction.create(NEW_MAIL, mail).count(Event::MailQueued(job.lane()));
        // Refused: another request of the period has queued it.
        self.table.commit(transaction).await?;
        Ok(period.mail())
    }

    /// The requests of a period's digest, by their references.
    ///
    /// # Errors
    /// `TableError` when the table cannot be read.
    pub async fn digest(&self, period: DigestPeriod) -> Result<Vec<DigestLine>, TableError> {
        let rows = self.table.find_all(&format!("{}{period}", Key::DIGEST), "").await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<DigestLine, TableError> {
    Ok(DigestLine {
        reference: row.parsed("reference", |text| Reference::parse(text).ok_or(()))?,
        siret: row.parsed("siret", Siret::parse)?,
        motive: row.parsed("motive", Motive::parse)?,
        email: row.parsed("email", Email::parse)?,
    })
}
