//! Whom a mail goes to and what it says, looked up when it is sent and not before.

use domain::time::Timestamp;
use domain::{Account, Email, Identifier, MailJob, Reference, Siret, Ticket};
use platform::outbox::Leased;
use platform::table::Failure;

use crate::Sender;
use crate::letters::{self, Letter};
use crate::post::Mail;

/// What a job comes down to.
pub enum Resolved {
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
pub async fn resolve(sender: &Sender, leased: &Leased) -> Result<Resolved, Failure> {
    match &leased.job {
        MailJob::Activation { identifier } => {
            with_account(sender, identifier, async |account| {
                if account.is_active {
                    Ok(Resolved::Served)
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
                    return Ok(Resolved::Served);
                }
                link_mail(sender, leased, account).await
            })
            .await
        }
        MailJob::Welcome { identifier } => {
            with_account(sender, identifier, async |account| {
                Ok(to_person(sender, &account.application.email, letters::welcome(site(sender), account)))
            })
            .await
        }
        MailJob::PasswordChanged { identifier } => {
            with_account(sender, identifier, async |account| {
                let letter = letters::password_changed(site(sender), account, leased.created_at);
                Ok(to_person(sender, &account.application.email, letter))
            })
            .await
        }
        MailJob::IdentifierReminder { siret, email } => reminder(sender, leased, siret, email).await,
        MailJob::TicketReceipt { reference } => {
            with_ticket(sender, reference, async |reference, ticket, at| {
                if !is_within_quota(sender, leased, &ticket.email).await? {
                    return Ok(Resolved::TooMany);
                }
                let letter = letters::ticket_receipt(site(sender), reference, ticket, at);
                Ok(to_person(sender, &ticket.email, letter))
            })
            .await
        }
        MailJob::TicketToAgency { reference } => {
            with_ticket(sender, reference, async |reference, ticket, at| {
                Ok(mail(&sender.agency, &ticket.email, letters::ticket_to_agency(reference, ticket, at)))
            })
            .await
        }
    }
}

/// All identifiers of that establishment whose holder has that address, to the address that the account
/// has: never to what a stranger typed.
async fn reminder(sender: &Sender, leased: &Leased, siret: &str, typed: &str) -> Result<Resolved, Failure> {
    let (Ok(siret), Ok(typed)) = (Siret::parse(siret), Email::parse(typed)) else {
        return Ok(Resolved::Broken("not a siret and an address".to_owned()));
    };
    let mut members = sender.platform.accounts.members(&siret).await?;
    members.retain(|member| member.email.normalised() == typed.normalised());
    let Some(email) = members.first().map(|member| member.email.clone()) else {
        return Ok(Resolved::Nobody);
    };
    if !is_within_quota(sender, leased, &email).await? {
        return Ok(Resolved::TooMany);
    }
    let identifiers: Vec<Identifier> = members.into_iter().map(|member| member.identifier).collect();
    let letter = letters::identifier_reminder(site(sender), &siret, &identifiers, leased.created_at);
    Ok(to_person(sender, &email, letter))
}

async fn link_mail(sender: &Sender, leased: &Leased, account: &Account) -> Result<Resolved, Failure> {
    if !is_within_quota(sender, leased, &account.application.email).await? {
        return Ok(Resolved::TooMany);
    }
    let now = sender.clock().now();
    let Some((token, valid_until)) = sender.platform.links.mint(leased.id, account, now).await? else {
        return Ok(Resolved::Served);
    };
    let letter = if account.is_active {
        letters::password_reset(site(sender), account, &token, valid_until, leased.created_at)
    } else {
        letters::activation(site(sender), account, &token, valid_until)
    };
    Ok(to_person(sender, &account.application.email, letter))
}

async fn is_within_quota(sender: &Sender, leased: &Leased, email: &Email) -> Result<bool, Failure> {
    match leased.job.quota() {
        Some(quota) => sender.platform.outbox.is_within_quota(leased.id, quota, email).await,
        None => Ok(true),
    }
}

async fn with_account(
    sender: &Sender,
    identifier: &str,
    resolve: impl AsyncFnOnce(&Account) -> Result<Resolved, Failure>,
) -> Result<Resolved, Failure> {
    let Ok(identifier) = Identifier::parse(identifier) else {
        return Ok(Resolved::Broken("not an identifier".to_owned()));
    };
    match sender.platform.accounts.find(&identifier).await? {
        Some(account) => resolve(&account).await,
        None => Ok(Resolved::Nobody),
    }
}

async fn with_ticket(
    sender: &Sender,
    reference: &str,
    resolve: impl AsyncFnOnce(&Reference, &Ticket, Timestamp) -> Result<Resolved, Failure>,
) -> Result<Resolved, Failure> {
    let Some(reference) = Reference::parse(reference) else {
        return Ok(Resolved::Broken("not a reference".to_owned()));
    };
    match sender.platform.tickets.find(&reference).await? {
        Some((ticket, received_at)) => resolve(&reference, &ticket, received_at).await,
        None => Ok(Resolved::Nobody),
    }
}

fn to_person(sender: &Sender, to: &Email, letter: Result<Letter, askama::Error>) -> Resolved {
    mail(to, &sender.agency, letter)
}

fn mail(to: &Email, reply_to: &Email, letter: Result<Letter, askama::Error>) -> Resolved {
    match letter {
        Ok(letter) => Resolved::Mail(Box::new(Mail { to: to.clone(), reply_to: reply_to.clone(), letter })),
        Err(error) => Resolved::Broken(error.to_string()),
    }
}

fn site(sender: &Sender) -> &str {
    &sender.platform.config.site
}
