//! Mails of a change of an account's address, and of an account that is closed.

use domain::address_change::AddressLink;
use domain::mail::Bounded;
use domain::time::Timestamp;
use domain::{Account, AddressChange, AddressChangeId, Identifier};
use platform::outbox::Leased;

use super::{Body, Draft, NoMail, check_address, count, find_account, nobody, superseded, to_holder};
use crate::Sender;
use crate::render::{self, Content};

/// A change of an account's address, one of whose links is not minted yet.
pub struct Changing {
    account: Account,
    id: AddressChangeId,
    change: AddressChange,
    link: AddressLink,
    next_at: Option<Timestamp>,
}

/// The link to a new address, unless another change, a new password or the way back came first.
pub(super) async fn confirmation(
    sender: &Sender,
    leased: &Leased,
    identifier: &Identifier,
    id: &AddressChangeId,
) -> Result<Draft, NoMail> {
    let (account, change) = find(sender, identifier, id).await?;
    let checked = change.check_confirm(&account.application.email, account.credentials_epoch);
    checked.map_err(|_| superseded("the change is confirmed, or over"))?;
    let to = change.new.clone();
    check_address(sender, leased, &to).await?;
    let next_at = count(sender, leased, Bounded::AddressConfirmation(identifier, &to)).await?;
    let changing = Changing { account, id: id.clone(), change, link: AddressLink::Confirm, next_at };
    let body = Body::Address(Box::new(changing));
    Ok(Draft { to: vec![to], is_unproven: true, reply_to: sender.agency.clone(), body })
}

/// The way back, to the address that the account had when the change was asked for.
pub(super) async fn notice(
    sender: &Sender,
    leased: &Leased,
    identifier: &Identifier,
    id: &AddressChangeId,
) -> Result<Draft, NoMail> {
    let (account, change) = find(sender, identifier, id).await?;
    if change.restored_at.is_some() {
        return Err(superseded("the address is back"));
    }
    let to = change.former.clone();
    check_address(sender, leased, &to).await?;
    let changing = Changing { account, id: id.clone(), change, link: AddressLink::Restore, next_at: None };
    let body = Body::Address(Box::new(changing));
    Ok(Draft { to: vec![to], is_unproven: false, reply_to: sender.agency.clone(), body })
}

impl Changing {
    /// Mints the link and renders the mail.
    pub(super) async fn complete(&self, sender: &Sender, leased: &Leased) -> Result<Content, NoMail> {
        let Self { account, id, change, link, next_at } = self;
        let minted = sender.platform.addresses.mint(leased.id, *link, id, change).await?;
        let (token, until) = minted.ok_or_else(|| superseded("the change is over"))?;
        let site = &sender.platform.config.site;
        Ok(match link {
            AddressLink::Confirm => {
                render::address_confirmation(site, account, change, &token, until, *next_at)?
            }
            AddressLink::Restore => render::address_notice(site, account, change, &token, until)?,
        })
    }
}

async fn find(
    sender: &Sender,
    identifier: &Identifier,
    id: &AddressChangeId,
) -> Result<(Account, AddressChange), NoMail> {
    let change = sender.platform.addresses.find(identifier, id).await?;
    let change = change.ok_or_else(|| nobody("no such change"))?;
    let account = find_account(sender, identifier).await?;
    if !account.is_active {
        return Err(nobody("the account is not active"));
    }
    Ok((account, change))
}

/// The end of an account, whose row is kept until it is told.
pub(super) async fn account_closed(
    sender: &Sender,
    leased: &Leased,
    identifier: &Identifier,
) -> Result<Draft, NoMail> {
    let account = find_account(sender, identifier).await?;
    if account.is_active {
        return Err(superseded("the account is open anew"));
    }
    check_address(sender, leased, &account.application.email).await?;
    let content = render::account_closed(&sender.platform.config.site, &account, leased.created_at)?;
    Ok(to_holder(sender, &account, content))
}
