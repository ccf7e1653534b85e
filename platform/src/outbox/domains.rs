//! Domains that accept no mail: found when a mail is sent, refused on the form from then on.

use domain::Email;
use domain::time::{SignedDuration, after};

use super::Outbox;
use crate::table::{Guard, Key, Row, TableError, Transaction};

/// The retention of a refused domain: a mended one is accepted again after it.
pub(crate) const NO_MAIL_RETENTION: SignedDuration = SignedDuration::from_hours(1);
/// The address's domain is not refused.
pub(crate) const MAIL_DOMAIN: Guard = Guard::new("mail domain");

impl Outbox {
    /// Refuses the domain of this address from now on.
    pub async fn refuse_domain(&self, email: &Email) -> Result<(), TableError> {
        let until = after(self.clock.now(), NO_MAIL_RETENTION);
        let mut transaction = Transaction::new();
        transaction.put(Row::new(&Key::domain(email.domain())).with("expires_at", until));
        self.table.commit(transaction).await.map(|_| ())
    }

    /// Makes a transaction depend on the address's domain not being refused.
    ///
    /// The check joins the transaction only when the domain is refused now. Transactions that check one row
    /// conflict with each other (`TransactionConflict`), and on the worst day half of all applicants have the
    /// same provider.
    pub(crate) async fn assert_mail_domain(
        &self,
        transaction: &mut Transaction,
        email: &Email,
    ) -> Result<(), TableError> {
        let (key, now) = (Key::domain(email.domain()), self.clock.now());
        if self.table.find(&key).await?.is_some_and(|row| !row.is_past(now)) {
            transaction.assert_absent_or_past(MAIL_DOMAIN, key, now);
        }
        Ok(())
    }
}
