//! Whom a mail goes to and what it says, looked up when it is sent and not before.

use domain::time::Timestamp;
use domain::{Account, Email, Identifier, MailJob, Reference, Siret, Ticket};
use platform::Error;
use platform::outbox::Leased;

use crate::Sender;
use crate::render::{self, Content};
use crate::ses::Mail;

/// What a job comes down to.
pub enum Prepared {
    /// A mail to be sent.
    Mail(Box<Mail>),
    /// No account, or none any more: nobody to write to, and nobody is told.
    Nobody,
    /// The address has had its mails of this kind for this hour.
    TooMany,
    /// The mail's link has served, or another that came later: it would serve nothing any more.
    Served,
    /// The job cannot be carried out, ever.
    Broken(String),
}

/// Looks up what a job needs. The link of a mail is minted here, with the minutes that begin now.
pub async fn prepare(sender: &Sender, leased: &Leased) -> Result<Prepared, Error> {
    match &leased.job {
        MailJob::Activation { identifier } => {
            with_account(sender, identifier, async |account| {
                if account.is_active {
                    Ok(Prepared::Served)
                } else {
                    link_mail(sender, leased, account).await
                }
            })
            .await
        }
        MailJob::PasswordReset { identifier } => {
            with_account(sender, identifier, async |account| {
                // Asked for before the password was set, it must not undo that.
                if account.password_set_at.is_some_and(|set_at| leased.created_at < set_at) {
                    return Ok(Prepared::Served);
                }
                link_mail(sender, leased, account).await
            })
            .await
        }
        MailJob::Welcome { identifier } => {
            with_account(sender, identifier, async |account| {
                Ok(to_person(sender, &account.application.email, render::welcome(site(sender), account)))
            })
            .await
        }
        MailJob::PasswordChanged { identifier } => {
            with_account(sender, identifier, async |account| {
                let content = render::password_changed(site(sender), account, leased.created_at);
                Ok(to_person(sender, &account.application.email, content))
            })
            .await
        }
        MailJob::LoginsBlocked { identifier } => {
            with_account(sender, identifier, async |account| {
                if !account.is_active {
                    return Ok(Prepared::Nobody);
                }
                let content = render::logins_blocked(site(sender), account, leased.created_at);
                Ok(to_person(sender, &account.application.email, content))
            })
            .await
        }
        MailJob::IdentifierReminder { siret, address } => reminder(sender, leased, siret, address).await,
        MailJob::TicketReceipt { reference } => {
            with_ticket(sender, reference, async |reference, ticket, at| {
                if !is_within_quota(sender, leased, &ticket.email).await? {
                    return Ok(Prepared::TooMany);
                }
                let content = render::ticket_receipt(site(sender), reference, ticket, at);
                Ok(to_person(sender, &ticket.email, content))
            })
            .await
        }
        MailJob::TicketToAgency { reference } => {
            with_ticket(sender, reference, async |reference, ticket, at| {
                Ok(mail(&sender.agency, &ticket.email, render::ticket_to_agency(reference, ticket, at)))
            })
            .await
        }
    }
}

/// All identifiers of that establishment whose holder has that address, to the address that the account
/// has: never to what a stranger typed.
async fn reminder(sender: &Sender, leased: &Leased, siret: &Siret, address: &str) -> Result<Prepared, Error> {
    let outbox = &sender.platform.outbox;
    let mut accounts = Vec::new();
    for account in sender.platform.accounts.of_establishment(siret).await? {
        if outbox.address_fingerprint(&account.application.email)? == address {
            accounts.push(account);
        }
    }
    let Some(email) = accounts.first().map(|account| account.application.email.clone()) else {
        return Ok(Prepared::Nobody);
    };
    if !is_within_quota(sender, leased, &email).await? {
        return Ok(Prepared::TooMany);
    }
    let identifiers: Vec<Identifier> = accounts.into_iter().map(|account| account.identifier).collect();
    let content = render::identifier_reminder(site(sender), siret, &identifiers, leased.created_at);
    Ok(to_person(sender, &email, content))
}

async fn link_mail(sender: &Sender, leased: &Leased, account: &Account) -> Result<Prepared, Error> {
    if !is_within_quota(sender, leased, &account.application.email).await? {
        return Ok(Prepared::TooMany);
    }
    let now = sender.clock().now();
    let Some((token, valid_until)) = sender.platform.links.mint(leased.id, account, now).await? else {
        return Ok(Prepared::Served);
    };
    let content = if account.is_active {
        render::password_reset(site(sender), account, &token, valid_until, leased.created_at)
    } else {
        render::activation(site(sender), account, &token, valid_until)
    };
    Ok(to_person(sender, &account.application.email, content))
}

async fn is_within_quota(sender: &Sender, leased: &Leased, email: &Email) -> Result<bool, Error> {
    match leased.job.quota() {
        Some(quota) => sender.platform.outbox.is_within_quota(leased.id, quota, email).await,
        None => Ok(true),
    }
}

async fn with_account(
    sender: &Sender,
    identifier: &Identifier,
    prepare: impl AsyncFnOnce(&Account) -> Result<Prepared, Error>,
) -> Result<Prepared, Error> {
    match sender.platform.accounts.find(identifier).await? {
        Some(account) => prepare(&account).await,
        None => Ok(Prepared::Nobody),
    }
}

async fn with_ticket(
    sender: &Sender,
    reference: &Reference,
    prepare: impl AsyncFnOnce(&Reference, &Ticket, Timestamp) -> Result<Prepared, Error>,
) -> Result<Prepared, Error> {
    match sender.platform.tickets.find(reference).await? {
        Some((ticket, received_at)) => prepare(reference, &ticket, received_at).await,
        None => Ok(Prepared::Nobody),
    }
}

fn to_person(sender: &Sender, to: &Email, content: Result<Content, askama::Error>) -> Prepared {
    mail(to, &sender.agency, content)
}

fn mail(to: &Email, reply_to: &Email, content: Result<Content, askama::Error>) -> Prepared {
    match content {
        Ok(content) => Prepared::Mail(Box::new(Mail { to: to.clone(), reply_to: reply_to.clone(), content })),
        Err(error) => Prepared::Broken(error.to_string()),
    }
}

fn site(sender: &Sender) -> &str {
    &sender.platform.config.site
}
