//! Prepares a mail when it is sent: looks up its recipient, counts its quotas; then mints its links.

mod addresses;
mod mandates;
mod presence;
mod requests;
mod space;
mod succession;

use domain::mail::{Bounded, MailState};
use domain::time::Timestamp;
use domain::{Account, Email, Identifier, MailJob, Siret};
use platform::Error;
use platform::links::Minted;
use platform::outbox::{Leased, Standing};
use platform::table::TableError;

use self::addresses::Changing;
use self::presence::Asking;
use self::requests::Requesting;
use self::space::Inviting;
use self::succession::Noticing;
use crate::Sender;
use crate::render::{self, Content, RecoveryLink};

/// Accounts in one recovery mail: far more than a person has at one establishment.
const ACCOUNTS_MAX: usize = 20;

/// A mail whose recipient and quotas are settled, and whose links are not minted yet.
pub struct Draft {
    /// Each gets a message alone: holders see each other's addresses masked.
    pub to: Vec<Email>,
    /// Whether a stranger may have typed the recipient's address.
    pub is_unproven: bool,
    reply_to: Email,
    body: Body,
}

enum Body {
    Ready(Content),
    /// With the link that activates it.
    Activation {
        account: Box<Account>,
        next_at: Option<Timestamp>,
    },
    /// With a link for each account, which are one person's.
    Recovery {
        accounts: Vec<Account>,
        next_at: Option<Timestamp>,
    },
    /// With the link of an invitation.
    Invitation(Box<Inviting>),
    /// With a link of a change of address.
    Address(Box<Changing>),
    /// With the link to a request for assistance.
    Request(Box<Requesting>),
    /// With the link by which a holder says that they are still there.
    Presence(Box<Asking>),
    /// With the link by which who is told objects.
    Notice(Box<Noticing>),
}

/// A mail, ready to be sent.
pub struct Mail {
    /// Each gets a message alone.
    pub to: Vec<Email>,
    pub reply_to: Email,
    pub content: Content,
    /// Whether a stranger may have typed the recipient's address.
    pub is_unproven: bool,
}

/// Why there is no mail to send.
pub enum NoMail {
    /// Its final state, and why.
    Ended(MailState, String),
    /// A temporary failure.
    Failed(Error),
}

impl From<Error> for NoMail {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<TableError> for NoMail {
    fn from(error: TableError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<askama::Error> for NoMail {
    fn from(error: askama::Error) -> Self {
        Self::Ended(MailState::Refused, error.to_string())
    }
}

/// No recipient: the answer of the request must not have told.
fn nobody(why: &str) -> NoMail {
    NoMail::Ended(MailState::NoRecipient, why.to_owned())
}

fn superseded(why: &str) -> NoMail {
    NoMail::Ended(MailState::Superseded, why.to_owned())
}

/// Looks the recipient up and counts the quotas.
pub async fn prepare(sender: &Sender, leased: &Leased) -> Result<Draft, NoMail> {
    let (site, at) = (&*sender.platform.config.site, leased.created_at);
    match &leased.job {
        MailJob::Activation { identifier, .. } => {
            let account = find_account(sender, identifier).await?;
            if !is_application(&account) {
                return Err(superseded("the account was activated"));
            }
            activation(sender, leased, account).await
        }
        MailJob::RecoveryByIdentifier { identifier } => by_identifier(sender, leased, identifier).await,
        MailJob::RecoveryByAddress { siret, address } => {
            let is_holder =
                |email: &Email| Ok(sender.platform.outbox.address_fingerprint(email)? == *address);
            let accounts = accounts_of(sender, siret, is_holder).await?;
            recovery(sender, leased, accounts).await
        }
        MailJob::Welcome { identifier } => {
            let account = find_account(sender, identifier).await?;
            check_address(sender, leased, &account.application.email).await?;
            Ok(to_holder(sender, &account, render::welcome(site, &account)?))
        }
        MailJob::PasswordChanged { identifier } => {
            let account = find_account(sender, identifier).await?;
            check_address(sender, leased, &account.application.email).await?;
            Ok(to_holder(sender, &account, render::password_changed(site, &account, at)?))
        }
        MailJob::LoginsBlocked { identifier } => logins_blocked(sender, leased, identifier).await,
        MailJob::TicketReceipt { reference } => requests::receipt(sender, leased, reference).await,
        MailJob::RequestAnswer { reference, entry } => {
            requests::answer(sender, leased, reference, *entry).await
        }
        MailJob::TicketToAgency { reference } => requests::agency_copy(sender, leased, reference).await,
        MailJob::AgencyDigest { period } => {
            check_address(sender, leased, &sender.agency).await?;
            let lines = sender.platform.outbox.digest(*period).await?;
            Ok(to_agency(sender, &sender.agency, render::agency_digest(*period, &lines)?))
        }
        MailJob::Invitation { siret, invitation } => {
            space::invitation(sender, leased, siret, invitation).await
        }
        MailJob::InvitationRequest { siret, asker } => space::request(sender, leased, siret, asker).await,
        MailJob::MemberJoined { siret, identifier } => space::joined(sender, leased, siret, identifier).await,
        MailJob::MemberChanged { siret, identifier, change } => {
            space::changed(sender, leased, siret, (identifier, *change)).await
        }
        MailJob::Mandate { siret, other, mandate, event } => {
            mandates::news(sender, leased, (siret, other), mandate, *event).await
        }
        MailJob::AddressConfirmation { identifier, change } => {
            addresses::confirmation(sender, leased, identifier, change).await
        }
        MailJob::AddressNotice { identifier, change } => {
            addresses::notice(sender, leased, identifier, change).await
        }
        MailJob::SpaceClosed { siret, identifier } => space::closed(sender, leased, siret, identifier).await,
        MailJob::AccountClosed { identifier } => addresses::account_closed(sender, leased, identifier).await,
        MailJob::StillThere { siret, identifier } => {
            presence::still_there(sender, leased, siret, identifier).await
        }
        MailJob::SuccessionNotice { succession, round, to } => {
            succession::notice(sender, leased, (succession, *round, to)).await
        }
        MailJob::SuccessionNews { succession, to, news } => {
            succession::news(sender, leased, (succession, to, *news)).await
        }
    }
}

/// Whether its link would open an account. One that is closed has had a password.
fn is_application(account: &Account) -> bool {
    !account.is_active && account.credentials_epoch == 0
}

/// The link that activates an application, whichever way it was asked for.
async fn activation(sender: &Sender, leased: &Leased, account: Account) -> Result<Draft, NoMail> {
    let application = &account.application;
    check_address(sender, leased, &application.email).await?;
    let next_at = count(sender, leased, Bounded::Activation(&application.email, &application.siret)).await?;
    let (to, reply_to) = (application.email.clone(), sender.agency.clone());
    let body = Body::Activation { account: Box::new(account), next_at };
    Ok(Draft { to: vec![to], is_unproven: true, reply_to, body })
}

/// The link of an application, or identifier and link of an account and of its holder's others.
async fn by_identifier(sender: &Sender, leased: &Leased, identifier: &Identifier) -> Result<Draft, NoMail> {
    let account = find_account(sender, identifier).await?;
    if is_application(&account) {
        return activation(sender, leased, account).await;
    }
    if !account.is_active {
        return Err(nobody("the account is closed"));
    }
    let address = account.application.email.normalised();
    let is_holder = |email: &Email| Ok(email.normalised() == address);
    let mut accounts = accounts_of(sender, &account.application.siret, is_holder).await?;
    // Its holder has left that establishment, perhaps.
    if accounts.iter().all(|other| other.identifier != account.identifier) {
        accounts.insert(0, account);
    }
    recovery(sender, leased, accounts).await
}

/// Identifier and link of each of these accounts, which are one person's, whichever was asked for.
async fn recovery(sender: &Sender, leased: &Leased, mut accounts: Vec<Account>) -> Result<Draft, NoMail> {
    if accounts.is_empty() {
        return Err(nobody("no account of that address"));
    }
    // A link that was asked for before the password was set must not replace it.
    accounts.retain(|account| account.password_set_at.is_none_or(|set_at| set_at <= leased.created_at));
    let first = accounts.first().ok_or_else(|| superseded("the password was set since"))?;
    let to = first.application.email.clone();
    check_address(sender, leased, &to).await?;
    let next_at = count(sender, leased, Bounded::Recovery(&to)).await?;
    let reply_to = sender.agency.clone();
    Ok(Draft { to: vec![to], is_unproven: false, reply_to, body: Body::Recovery { accounts, next_at } })
}

async fn logins_blocked(sender: &Sender, leased: &Leased, identifier: &Identifier) -> Result<Draft, NoMail> {
    let account = find_account(sender, identifier).await?;
    if !account.is_active {
        return Err(nobody("the account is not active"));
    }
    check_address(sender, leased, &account.application.email).await?;
    let content = render::logins_blocked(&sender.platform.config.site, &account, leased.created_at)?;
    Ok(to_holder(sender, &account, content))
}

impl Draft {
    /// The recipient, if a stranger may have typed the address.
    pub fn unproven(&self) -> Option<&Email> {
        self.to.first().filter(|_| self.is_unproven)
    }

    /// Mints the links, whose validity begins now, and renders the mail.
    pub async fn complete(self, sender: &Sender, leased: &Leased) -> Result<Mail, NoMail> {
        let site = &*sender.platform.config.site;
        let content = match self.body {
            Body::Ready(content) => content,
            Body::Activation { account, next_at } => {
                let minted = mint(sender, leased, &account).await?;
                let minted = minted.ok_or_else(|| superseded("its link has served"))?;
                render::activation(site, &account, &minted, next_at)?
            }
            Body::Recovery { accounts, next_at } => {
                let mut links = Vec::new();
                for account in &accounts {
                    let minted = mint(sender, leased, account).await?;
                    links.extend(minted.map(|minted| RecoveryLink { account, minted }));
                }
                if links.is_empty() {
                    return Err(superseded("its links have served"));
                }
                render::recovery(site, &links, leased.created_at, next_at)?
            }
            Body::Invitation(inviting) => inviting.complete(sender, leased).await?,
            Body::Address(changing) => changing.complete(sender, leased).await?,
            Body::Request(requesting) => requesting.complete(sender, leased).await?,
            Body::Presence(asking) => asking.complete(sender, leased).await?,
            Body::Notice(noticing) => noticing.complete(sender, leased).await?,
        };
        Ok(Mail { to: self.to, reply_to: self.reply_to, content, is_unproven: self.is_unproven })
    }
}

async fn mint(sender: &Sender, leased: &Leased, account: &Account) -> Result<Option<Minted>, NoMail> {
    Ok(sender.platform.links.mint(leased.id, account, sender.platform.clock.now()).await?)
}

/// Ends a mail to an address that is not to be written to, before it takes a quota or a link.
async fn check_address(sender: &Sender, leased: &Leased, to: &Email) -> Result<(), NoMail> {
    // What becomes of an invitation is told to who typed its address, too.
    let is_told = leased.is_told || matches!(leased.job, MailJob::Invitation { .. });
    let standing = sender.platform.outbox.standing_of(to, is_told).await?;
    match standing.filter(|standing| !standing.admits(&leased.job)) {
        None => Ok(()),
        Some(standing) => Err(NoMail::Ended(MailState::Suppressed, standing.as_str().to_owned())),
    }
}

/// Counts a mail against its quotas. Gives when the next of its kind may go out, if this is the last.
async fn count(sender: &Sender, leased: &Leased, bounded: Bounded<'_>) -> Result<Option<Timestamp>, NoMail> {
    match sender.platform.outbox.count(leased.id, &bounded.quotas()).await? {
        Standing::Within => Ok(None),
        Standing::Last(next_at) => Ok(Some(next_at)),
        Standing::Beyond(quota) => Err(NoMail::Ended(MailState::Suppressed, format!("{quota} quota"))),
    }
}

async fn find_account(sender: &Sender, identifier: &Identifier) -> Result<Account, NoMail> {
    sender.platform.accounts.find(identifier).await?.ok_or_else(|| nobody("no account of that identifier"))
}

/// The active accounts of an establishment whose holder has the address that is looked for.
async fn accounts_of(
    sender: &Sender,
    siret: &Siret,
    is_holder: impl Fn(&Email) -> Result<bool, Error>,
) -> Result<Vec<Account>, NoMail> {
    let mut accounts = sender.platform.accounts.of_establishment(siret, is_holder).await?;
    accounts.truncate(ACCOUNTS_MAX);
    Ok(accounts)
}

/// To the address that the account has: never to what a stranger typed.
fn to_holder(sender: &Sender, account: &Account, content: Content) -> Draft {
    to_each(sender, vec![account.application.email.clone()], content)
}

/// To addresses of accounts, each alone.
fn to_each(sender: &Sender, to: Vec<Email>, content: Content) -> Draft {
    Draft { to, is_unproven: false, reply_to: sender.agency.clone(), body: Body::Ready(content) }
}

fn to_agency(sender: &Sender, reply_to: &Email, content: Content) -> Draft {
    let (to, reply_to) = (vec![sender.agency.clone()], reply_to.clone());
    Draft { to, is_unproven: false, reply_to, body: Body::Ready(content) }
}
