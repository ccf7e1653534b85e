//! The end of a space, by its only holder, and of an account, with all its memberships.

use domain::account::CLOSED_RETENTION;
use domain::authority::Action;
use domain::membership::Change as MemberChange;
use domain::time::after;
use domain::{Account, MailJob, Refusal, Siret};

use super::change::{By, Draft, TRIES_MAX, Written, kept_changing};
use super::{Space, Spaces};
use crate::error::Error;
use crate::outbox::Outbox;
use crate::table::{Change, Guard, Key, StringSet, Transaction};

/// The account is as it was read: its password and its establishments.
const SAME_ACCOUNT: Guard = Guard("same account");
/// The account is closed: its row is kept for the mail that tells it.
const CLOSE: &str = "SET is_active = :false, credentials_epoch = :next, expires_at = :until \
                     REMOVE password_hash, sirets";
const SAME: &str = "is_active = :true AND credentials_epoch = :epoch AND sirets = :sirets";
const SAME_WITH_NO_ESTABLISHMENT: &str =
    "is_active = :true AND credentials_epoch = :epoch AND attribute_not_exists(sirets)";

impl Spaces {
    /// Closes the space of an establishment by its only active holder.
    ///
    /// # Errors
    /// `NotAllowed`, `OtherHolders`.
    pub async fn close(&self, account: &Account, siret: &Siret) -> Result<(), Error> {
        let closed = |draft: &mut Draft<'_>| {
            let holder = draft.space.actor(&account.identifier, Action::CloseSpace)?;
            draft.close(holder)?;
            // The password was right.
            draft.transaction().delete(Key::attempts(&account.identifier));
            Ok(())
        };
        self.change(siret, closed).await
    }

    /// Closes an account: it leaves every establishment, its sessions end, its password is void.
    ///
    /// # Errors
    /// `LastHolder` when it is the last active holder of one; `NoSession` when its password was replaced
    /// meanwhile.
    pub async fn close_account(&self, account: &Account, outbox: &Outbox) -> Result<(), Error> {
        let request = self.request_name();
        for _ in 0..TRIES_MAX {
            let mut spaces: Vec<Space> = Vec::new();
            let current = self.account_now(account).await?;
            for siret in &current.establishments {
                spaces.extend(self.find(siret).await?);
            }
            let now = self.clock.now();
            let mut transaction = Transaction::new();
            transaction
                .change(SAME_ACCOUNT, self.end_of(&current))
                .delete(Key::attempts(&account.identifier));
            let job = MailJob::AccountClosed { identifier: account.identifier.clone() };
            outbox.queue(&mut transaction, &job)?;
            for space in &spaces {
                let mut draft = Draft::new(space, now, &request);
                if let Some(member) = space.member(&account.identifier) {
                    let by = By::Person(member.who());
                    draft.end_with_account(member, MemberChange::Leave, &by)?;
                }
                transaction.append(draft.into_transaction());
            }
            if let Written::Yes = self.write(transaction, &request).await? {
                return Ok(());
            }
        }
        Err(kept_changing())
    }

    /// The account with the establishments that it has now.
    async fn account_now(&self, account: &Account) -> Result<Account, Error> {
        let row = self.table.find(&Key::account(&account.identifier)).await?.ok_or(Refusal::NoSession)?;
        let current = crate::accounts::read(&account.identifier, &row)?;
        if current.credentials_epoch == account.credentials_epoch && current.is_active {
            Ok(current)
        } else {
            Err(Refusal::NoSession.into())
        }
    }

    fn end_of(&self, account: &Account) -> Change {
        let is_nowhere = account.establishments.is_empty();
        let condition = if is_nowhere { SAME_WITH_NO_ESTABLISHMENT } else { SAME };
        let change = Change::new(Key::account(&account.identifier), CLOSE, condition)
            .value("true", true)
            .value("false", false)
            .value("epoch", account.credentials_epoch)
            .value("next", account.credentials_epoch + 1)
            .value("until", after(self.clock.now(), CLOSED_RETENTION));
        if is_nowhere {
            return change;
        }
        change.value("sirets", StringSet(account.establishments.iter().map(Siret::to_string).collect()))
    }
}
