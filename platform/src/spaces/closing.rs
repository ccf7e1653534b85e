//! The end of a space, by its only holder, and of an account, with all its memberships.

use domain::account::CLOSED_RETENTION;
use domain::address_change::check_closing;
use domain::authority::Action;
use domain::membership::Change as MemberChange;
use domain::time::after;
use domain::{Account, MailJob, Refusal, Siret};

use super::change::{By, Draft};
use super::{Space, Spaces};
use crate::error::Error;
use crate::outbox::Outbox;
use crate::table::{Change, Committed, Guard, Key, TableError, Transaction};

/// The account is as it was read, and a member nowhere.
const SAME_ACCOUNT: Guard = Guard::new("same account");
/// The account is closed: its row is kept for the mail that tells it.
const CLOSE: &str = "SET is_active = :false, credentials_epoch = :next, expires_at = :until \
                     REMOVE password_hash";
const SAME: &str = "is_active = :true AND credentials_epoch = :epoch AND attribute_not_exists(sirets)";

impl Spaces {
    /// Closes the space of an establishment by its only active holder, and tells its members. Those whom one
    /// write cannot take are removed before it, some at once: a closing that dies on the way is asked for
    /// again.
    ///
    /// # Errors
    /// `NotAllowed`, `OtherHolders`, `AddressJustChanged`.
    pub async fn close(&self, account: &Account, siret: &Siret, outbox: &Outbox) -> Result<(), Error> {
        check_closing(account.address_changed_at, self.clock.now())?;
        let closed = |draft: &mut Draft<'_>| {
            let holder = draft.space.actor(&account.identifier, Action::CloseSpace)?;
            // Of attempts: the password was right.
            draft.transaction().delete(Key::attempts(&account.identifier));
            draft.close(holder, outbox)
        };
        while !self.change(siret, closed).await? {}
        Ok(())
    }

    /// Closes an account: it leaves its establishments one by one, then its sessions end and its password is
    /// void. What has been left is left when the rest is refused.
    ///
    /// # Errors
    /// `LastHolder` when it is the last active holder of one, before anything is left; `AddressJustChanged`;
    /// `NoSession` when its password was replaced meanwhile.
    pub async fn close_account(&self, account: &Account, outbox: &Outbox) -> Result<(), Error> {
        check_closing(account.address_changed_at, self.clock.now())?;
        let mut spaces: Vec<Space> = Vec::new();
        for siret in &account.establishments {
            spaces.extend(self.find(siret).await?);
        }
        for space in &spaces {
            if let Some(member) = space.member(&account.identifier) {
                member.membership.change(MemberChange::Leave).count(space.holders)?;
            }
        }
        for siret in &account.establishments {
            self.leave(account, siret).await?;
        }
        self.end_account(account, outbox).await
    }

    async fn end_account(&self, account: &Account, outbox: &Outbox) -> Result<(), Error> {
        let end = Change::new(Key::account(&account.identifier), CLOSE, SAME)
            .value("true", true)
            .value("false", false)
            .value("epoch", account.credentials_epoch)
            .value("next", account.credentials_epoch + 1)
            .value("until", after(self.clock.now(), CLOSED_RETENTION));
        let mut transaction = Transaction::new();
        transaction.change(SAME_ACCOUNT, end).delete(Key::attempts(&account.identifier));
        let job = MailJob::AccountClosed { identifier: account.identifier.clone() };
        outbox.queue(&mut transaction, &job)?;
        match self.table.commit(transaction).await? {
            Committed::Yes => Ok(()),
            Committed::No(refused) => match refused.standing(SAME_ACCOUNT) {
                // An answer was lost, and the SDK sent the transaction again.
                Some(row) if !row.is("is_active") => Ok(()),
                // An invitation was accepted meanwhile: the account goes on, and can be closed again.
                Some(row) if row.find_number("credentials_epoch") == Some(account.credentials_epoch) => {
                    Err(Error::Table(TableError::Unavailable("an account that joins elsewhere".into())))
                }
                _ => Err(Refusal::NoSession.into()),
            },
        }
    }

    /// Leaves an establishment, whether or not the person is still a member of it.
    async fn leave(&self, account: &Account, siret: &Siret) -> Result<(), Error> {
        let left = |draft: &mut Draft<'_>| {
            match draft.space.member(&account.identifier) {
                Some(member) => {
                    draft.change_member(member, MemberChange::Leave, &By::Person(member.who()))?;
                }
                None => draft.drop_membership(&account.identifier),
            }
            Ok(())
        };
        self.change(siret, left).await
    }
}
