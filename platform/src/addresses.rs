//! Changes of an account's address: asked for, confirmed from the new mailbox, brought back from the old one.

use std::sync::Arc;

use domain::address_change::{ADDRESS_CHANGE_RETENTION, AddressLink, Undone};
use domain::link::LINK_REMEMBERED;
use domain::time::{Timestamp, after};
use domain::{
    Account, AddressChange, AddressChangeId, Email, FieldCode, Identifier, MailId, MailJob, Refusal, Siret,
    Token, TokenHash,
};

use crate::accounts;
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::outbox::MAIL_DOMAIN;
use crate::random::Random;
use crate::spaces::{Draft, Space, Spaces, TRIES_MAX, Tools, Written, kept_changing};
use crate::table::{
    Change, Committed, Guard, Key, Outcome, Refused, Row, StringSet, TableError, Transaction,
};

/// The id of a new change must not be taken: 80 random bits.
const NEW_CHANGE: Guard = Guard::new("new change of address");
/// The account is as it was read: its address, its password, its establishments.
const SAME_ACCOUNT: Guard = Guard::new("same account");
/// The change is as it was read.
const SAME_CHANGE: Guard = Guard::new("same change of address");

const SAME_WITH_NO_ESTABLISHMENT: &str =
    "email = :before AND credentials_epoch = :epoch AND attribute_not_exists(sirets)";
const SAME: &str = "email = :before AND credentials_epoch = :epoch AND sirets = :sirets";
/// A new epoch ends sessions, and the links that were sent to the address before.
const CONFIRM: &str = "SET email = :address, credentials_epoch = :next, address_changed_at = :now";
/// Whoever asked for the change knew the password: it is void, and a link by mail sets another.
const RESTORE: &str = "SET email = :address, credentials_epoch = :next, undone_changes = :undone \
                       REMOVE password_hash, address_changed_at";

/// What the link of a change says.
#[derive(Debug, Clone)]
pub struct ChangeLink {
    pub link: AddressLink,
    pub identifier: Identifier,
    pub id: AddressChangeId,
    pub valid_until: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Addresses {
    tools: Tools,
    config: Arc<Config>,
    spaces: Spaces,
    random: Random,
}

impl Addresses {
    pub(crate) fn new(tools: &Tools, config: &Arc<Config>, spaces: &Spaces, random: &Random) -> Self {
        Self { tools: tools.clone(), config: config.clone(), spaces: spaces.clone(), random: random.clone() }
    }

    /// Asks for a change, with the mail to the new address and the notice to the one so far; deletes the
    /// count of failed logins, as a login does.
    ///
    /// # Errors
    /// `EmailDomain`; `NoSession` when the account has changed since it was read.
    pub async fn ask(&self, account: &Account, new: &Email) -> Result<(), Error> {
        let (identifier, now) = (&account.identifier, self.tools.clock.now());
        let id = AddressChangeId::from_bytes(self.random.bytes());
        let row = Row::new(&Key::address_change(identifier, &id))
            .with("former_email", account.application.email.as_str())
            .with("new_email", new.as_str())
            .with("created_at", now)
            .with("credentials_epoch", account.credentials_epoch)
            .with("expires_at", after(now, ADDRESS_CHANGE_RETENTION));
        let same = Change::condition(
            Key::account(identifier),
            "is_active = :true AND email = :before AND credentials_epoch = :epoch",
        )
        .value("true", true)
        .value("before", account.application.email.as_str())
        .value("epoch", account.credentials_epoch);
        let mut transaction = Transaction::new();
        transaction.create(NEW_CHANGE, row).assert(SAME_ACCOUNT, same).delete(Key::attempts(identifier));
        self.tools.outbox.assert_mail_domain(&mut transaction, new).await?;
        let (identifier, change) = (identifier.clone(), id.clone());
        self.tools.outbox.queue(&mut transaction, &MailJob::AddressConfirmation { identifier, change })?;
        let (identifier, change) = (account.identifier.clone(), id);
        self.tools.outbox.queue(&mut transaction, &MailJob::AddressNotice { identifier, change })?;
        match self.tools.table.commit(transaction).await? {
            Committed::Yes => Ok(()),
            Committed::No(refused) if refused.is_by(MAIL_DOMAIN) => {
                Err(Refusal::field("email", FieldCode::EmailDomain).into())
            }
            // An answer was lost, and the SDK sent the transaction again.
            Committed::No(refused) if refused.is_by(NEW_CHANGE) => Ok(()),
            // A way back was taken meanwhile, or a new password set.
            Committed::No(refused) if refused.is_by(SAME_ACCOUNT) => Err(Refusal::NoSession.into()),
            Committed::No(_) => Err(Error::internal("a transaction refused for no reason")),
        }
    }

    /// The changes of an account that are still remembered, the earliest first.
    pub async fn of(&self, identifier: &Identifier) -> Result<Vec<AddressChange>, TableError> {
        let rows = self.tools.table.find_all(&Key::account_rows(identifier), Key::ADDRESS_CHANGES).await?;
        let now = self.tools.clock.now();
        let changes = rows.iter().filter(|row| !row.is_past(now)).map(|row| read(identifier, row));
        let mut changes: Vec<AddressChange> = changes.collect::<Result<_, _>>()?;
        changes.sort_by_key(|change| change.asked_at);
        Ok(changes)
    }

    /// A change of an account.
    pub async fn find(
        &self,
        identifier: &Identifier,
        id: &AddressChangeId,
    ) -> Result<Option<AddressChange>, TableError> {
        let row = self.tools.table.find(&Key::address_change(identifier, id)).await?;
        let now = self.tools.clock.now();
        row.filter(|row| !row.is_past(now)).map(|row| read(identifier, &row)).transpose()
    }

    /// Mints a link of a change, and until when it serves. `None` when the change is over.
    pub async fn mint(
        &self,
        mail: MailId,
        link: AddressLink,
        id: &AddressChangeId,
        change: &AddressChange,
    ) -> Result<Option<(Token, Timestamp)>, Error> {
        let now = self.tools.clock.now();
        let valid_until = link.valid_until(change, now);
        let is_over = change.restored_at.is_some() || valid_until < now;
        if is_over || (link == AddressLink::Confirm && change.confirmed_at.is_some()) {
            return Ok(None);
        }
        let token = link.token(self.config.keys.of(Secret::Link)?, mail);
        let write = Change::new(
            Key::address_link(&token.hash()),
            "SET purpose = :purpose, identifier = :identifier, address_change = :id, valid_until = :until, \
             expires_at = :expires_at",
            "attribute_not_exists(pk) OR purpose = :purpose",
        )
        .value("purpose", link.as_str())
        .value("identifier", change.identifier.as_str())
        .value("id", id.as_str())
        .value("until", valid_until)
        .value("expires_at", after(valid_until, LINK_REMEMBERED));
        Ok(match self.tools.table.update(write).await? {
            Outcome::Done(_) => Some((token, valid_until)),
            Outcome::Refused(_) => None,
        })
    }

    /// What a link says, unless it is unknown or its row has expired.
    pub async fn find_link(&self, token: &TokenHash) -> Result<Option<ChangeLink>, TableError> {
        let row = self.tools.table.find(&Key::address_link(token)).await?;
        let now = self.tools.clock.now();
        let read = |row: Row| {
            Ok(ChangeLink {
                link: row.parsed("purpose", |name| AddressLink::parse(name).ok_or(()))?,
                identifier: row.parsed("identifier", Identifier::parse)?,
                id: row.parsed("address_change", |id| AddressChangeId::parse(id).ok_or(()))?,
                valid_until: row.moment("valid_until")?,
            })
        };
        row.filter(|row| !row.is_past(now)).map(read).transpose()
    }

    /// The change and the account of a link, in one call.
    ///
    /// # Errors
    /// `LinkUnknown` when either is gone.
    pub async fn of_link(&self, link: &ChangeLink) -> Result<(AddressChange, Account, Vec<Undone>), Error> {
        let keys = [Key::address_change(&link.identifier, &link.id), Key::account(&link.identifier)];
        let rows = self.tools.table.find_many(&keys).await?;
        let now = self.tools.clock.now();
        let by_sk = |is_account: bool| {
            let mut live = rows.iter().filter(|row| !row.is_past(now));
            live.find(|row| (row.find_text("sk") == Some("ACCOUNT")) == is_account)
        };
        let (Some(change), Some(account)) = (by_sk(false), by_sk(true)) else {
            return Err(Refusal::LinkUnknown.into());
        };
        let undone = account.set("undone_changes").iter().filter_map(|printed| Undone::parse(printed));
        let undone = undone.collect();
        let change = read(&link.identifier, change)?;
        let account = accounts::read(&link.identifier, account)?;
        if !account.is_active {
            return Err(Refusal::LinkUnknown.into());
        }
        Ok((change, account, undone))
    }

    /// Makes the new address the account's, among its establishments too, and ends its sessions, in one
    /// transaction.
    ///
    /// # Errors
    /// `LinkUnknown`, `LinkExpired`, `LinkUsed`.
    pub async fn confirm(&self, link: &ChangeLink) -> Result<Email, Error> {
        self.apply((link, AddressLink::Confirm), |account, (change, _), now| {
            change.check_confirm(&account.application.email, account.credentials_epoch)?;
            let confirmed = Change::new(
                Key::address_change(&link.identifier, &link.id),
                "SET confirmed_at = :now, written_by = :request",
                "attribute_exists(pk) AND attribute_not_exists(confirmed_at) \
                 AND attribute_not_exists(restored_at)",
            );
            Ok(Applied {
                address: change.new.clone(),
                account: same(account, CONFIRM).value("address", change.new.as_str()).value("now", now),
                change: confirmed.value("now", now),
                mail: None,
            })
        })
        .await
    }

    /// Brings the address back that the account had before, ends its sessions, voids its password, and queues
    /// the mail that lets a new one be set, in one transaction.
    ///
    /// # Errors
    /// `LinkUnknown`, `LinkExpired`, `LinkUsed`.
    pub async fn restore(&self, link: &ChangeLink) -> Result<Email, Error> {
        self.apply((link, AddressLink::Restore), |account, (change, undone), now| {
            change.check_restore(undone)?;
            let restored = Change::new(
                Key::address_change(&link.identifier, &link.id),
                "SET restored_at = :now, written_by = :request",
                "attribute_exists(pk) AND attribute_not_exists(restored_at)",
            );
            let standing = undone.iter().filter(|undone| !undone.is_over(now)).copied();
            let undone = standing.chain([Undone::by(change, now)]).map(|undone| undone.to_string());
            let undone = StringSet(undone.collect());
            let identifier = link.identifier.clone();
            Ok(Applied {
                address: change.former.clone(),
                account: same(account, RESTORE)
                    .value("address", change.former.as_str())
                    .value("undone", undone),
                change: restored.value("now", now),
                mail: Some(MailJob::RecoveryByIdentifier { identifier }),
            })
        })
        .await
    }

    /// Reads a change with its account and their spaces, decides, and writes; again when they have changed.
    async fn apply(
        &self,
        (link, does): (&ChangeLink, AddressLink),
        decide: impl Fn(&Account, (&AddressChange, &[Undone]), Timestamp) -> Result<Applied, Refusal>,
    ) -> Result<Email, Error> {
        if link.link != does {
            return Err(Refusal::LinkUnknown.into());
        }
        let request = self.spaces.request_name();
        for tried in 0..TRIES_MAX {
            let (change, account, undone) = self.of_link(link).await?;
            let now = self.tools.clock.now();
            // A change is of the account that it was asked for, not of a later one of the same identifier.
            if change.asked_at < account.created_at {
                return Err(Refusal::LinkExpired.into());
            }
            let applied = decide(&account, (&change, &undone), now)?;
            if now > link.valid_until {
                return Err(Refusal::LinkExpired.into());
            }
            let mut transaction = Transaction::new();
            transaction
                .change(SAME_ACCOUNT, applied.account)
                .change(SAME_CHANGE, applied.change.value("request", &*request));
            if let Some(job) = &applied.mail {
                self.tools.outbox.queue(&mut transaction, job)?;
            }
            for space in self.spaces_of(&account).await? {
                let mut draft = Draft::new(&space, now, &request);
                let member = space.member(&account.identifier);
                if let Some(member) = member.filter(|member| member.email != applied.address) {
                    draft.change_address(member, &applied.address);
                }
                transaction.append(draft.into_transaction());
            }
            match self.spaces.write(transaction, &request).await? {
                Written::Yes => return Ok(applied.address),
                // An answer was lost, and the SDK sent the transaction again.
                Written::No(refused) if is_own(&refused, &request) => return Ok(applied.address),
                Written::No(_) => self.spaces.pause(tried).await,
            }
        }
        Err(kept_changing())
    }

    async fn spaces_of(&self, account: &Account) -> Result<Vec<Space>, TableError> {
        let mut spaces = Vec::new();
        for siret in &account.establishments {
            spaces.extend(self.spaces.find(siret).await?);
        }
        Ok(spaces)
    }
}

/// What a link of a change does.
struct Applied {
    address: Email,
    account: Change,
    change: Change,
    mail: Option<MailJob>,
}

fn is_own(refused: &Refused, request: &str) -> bool {
    refused.standing(SAME_CHANGE).is_some_and(|row| row.find_text("written_by") == Some(request))
}

/// A change of an account that is as it was read.
fn same(account: &Account, update: &'static str) -> Change {
    let condition = if account.establishments.is_empty() { SAME_WITH_NO_ESTABLISHMENT } else { SAME };
    let change = Change::new(Key::account(&account.identifier), update, condition)
        .value("before", account.application.email.as_str())
        .value("epoch", account.credentials_epoch)
        .value("next", account.credentials_epoch + 1);
    if account.establishments.is_empty() {
        return change;
    }
    change.value("sirets", StringSet(account.establishments.iter().map(Siret::to_string).collect()))
}

fn read(identifier: &Identifier, row: &Row) -> Result<AddressChange, TableError> {
    Ok(AddressChange {
        identifier: identifier.clone(),
        former: row.parsed("former_email", Email::parse)?,
        new: row.parsed("new_email", Email::parse)?,
        asked_at: row.moment("created_at")?,
        credentials_epoch: row.number("credentials_epoch")?,
        confirmed_at: row.find_moment("confirmed_at"),
        restored_at: row.find_moment("restored_at"),
    })
}
