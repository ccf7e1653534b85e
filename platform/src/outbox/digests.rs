//! Digests for the agency: one mail for each period lists the requests beyond its quota of single mails.

use domain::mail::DigestPeriod;
use domain::time::after;
use domain::{Email, MailId, MailJob, Motive, Reference, Siret};

use super::{MAIL_RETENTION, NEW_MAIL, Outbox};
use crate::error::Error;
use crate::metrics::Event;
use crate::table::{Key, Row, TableError, Transaction};

/// One request for assistance in a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestLine {
    pub reference: Reference,
    pub siret: Siret,
    pub motive: Motive,
    pub email: Email,
}

impl Outbox {
    /// Adds a request to the digest of the current period, and queues the digest's mail unless it is queued.
    /// Returns the mail's id. Idempotent.
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
        // A refusal is ignored: another request of the period has queued it.
        self.table.commit(transaction).await?;
        Ok(period.mail())
    }

    /// The requests of a period's digest, in order of their references.
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
