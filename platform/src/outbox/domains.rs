//! Domains that take no mail: found out when a mail is sent, told on the form to who comes next.

use domain::Email;
use domain::time::{SignedDuration, after};

use super::Outbox;
use crate::table::{Guard, Key, Row, TableError, Transaction};

/// For how long a domain is refused: who registers or mends it waits no longer.
pub(crate) const NO_MAIL_RETENTION: SignedDuration = SignedDuration::from_hours(1);
/// The address's domain must not be one that takes no mail.
pub(crate) const MAIL_DOMAIN: Guard = Guard("mail domain");

impl Outbox {
    /// Remembers that the domain of this address takes no mail.
    ///
    /// # Errors
    /// `TableError` when the table cannot be written.
    pub async fn refuse_domain(&self, email: &Email) -> Result<(), TableError> {
        let until = after(self.clock.now(), NO_MAIL_RETENTION);
        let mut transaction = Transaction::new();
        transaction.put(Row::new(&Key::domain(email.domain())).with("expires_at", until));
        self.table.commit(transaction).await.map(|_| ())
    }

    /// Makes a transaction depend on the address's domain taking mail, as far as we know.
    ///
    /// The check joins the transaction only when the domain is refused now. Transactions that check one row conflict
    /// with each other (`TransactionConflict`), and on the worst day half of all applicants have the same provider.
    ///
    /// # Errors
    /// `TableError` when the table cannot be read.
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
