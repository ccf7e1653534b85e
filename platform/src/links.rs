//! Links that set a password: minted when their mail is sent, found by the hash of their token.

use domain::code::link_code;
use domain::link::{LINK_REMEMBERED, LinkPurpose, link_token};
use domain::time::{Timestamp, after};
use std::sync::Arc;

use domain::{Account, Code, Identifier, Link, MailId, Token, TokenHash};

use crate::accounts;
use crate::codes::{CodeOwner, Codes};
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::table::{Change, Key, Outcome, Row, Table, TableError};

/// A link as its mail tells it.
pub struct Minted {
    pub token: Token,
    pub code: Code,
    pub valid_until: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Links {
    table: Table,
    config: Arc<Config>,
    codes: Codes,
}

impl Links {
    pub(crate) fn new(table: &Table, config: &Arc<Config>, codes: &Codes) -> Self {
        Self { table: table.clone(), config: config.clone(), codes: codes.clone() }
    }

    /// The link of a token, unless it is unknown or its row has expired.
    pub async fn find(&self, token: &TokenHash, now: Timestamp) -> Result<Option<Link>, TableError> {
        let row = self.table.find(&Key::link(token)).await?;
        let row = row.filter(|row| !row.is_past(now));
        row.as_ref().map(read).transpose()
    }

    /// Mints a mail's link to an account with its code, valid from `now`; minted again, its validity begins
    /// anew. `None` when the link was used, or the account's epoch has changed since.
    pub async fn mint(
        &self,
        mail: MailId,
        account: &Account,
        now: Timestamp,
    ) -> Result<Option<Minted>, Error> {
        let token = link_token(self.config.keys.of(Secret::Link)?, mail, &account.identifier);
        let valid_until = Link::valid_until(now);
        let valid_until = account.expires_at.map_or(valid_until, |expires_at| valid_until.min(expires_at));
        let purpose = if account.is_active { LinkPurpose::PasswordReset } else { LinkPurpose::Activation };
        let change = Change::new(
            Key::link(&token.hash()),
            "SET purpose = :purpose, identifier = :identifier, credentials_epoch = :epoch, \
             valid_until = :until, expires_at = :expires_at, siret = :siret, \
             establishment_name = :establishment_name, first_name = :first_name, last_name = :last_name, \
             email = :email, phone = :phone",
            "attribute_not_exists(pk) OR (attribute_not_exists(used_at) AND credentials_epoch = :epoch)",
        )
        .value("purpose", purpose_name(purpose))
        .value("identifier", account.identifier.as_str())
        .value("epoch", account.credentials_epoch)
        .value("until", valid_until)
        .value("expires_at", after(valid_until, LINK_REMEMBERED));
        let change = accounts::with_application(change, &account.application);
        let Outcome::Done(_) = self.table.update(change).await? else { return Ok(None) };
        let code = link_code(self.config.keys.of(Secret::Link)?, mail, &account.identifier);
        let owner = match purpose {
            LinkPurpose::Activation => CodeOwner::Establishment(account.application.siret.clone()),
            LinkPurpose::PasswordReset => CodeOwner::Account(account.identifier.clone()),
        };
        self.codes.add(&owner, &code, &token.hash()).await?;
        Ok(Some(Minted { token, code, valid_until }))
    }
}

fn purpose_name(purpose: LinkPurpose) -> &'static str {
    match purpose {
        LinkPurpose::Activation => "activation",
        LinkPurpose::PasswordReset => "password_reset",
    }
}

/// Reads a link from its row.
pub(crate) fn read(row: &Row) -> Result<Link, TableError> {
    let purpose = row.parsed("purpose", |name| {
        [LinkPurpose::Activation, LinkPurpose::PasswordReset]
            .into_iter()
            .find(|purpose| purpose_name(*purpose) == name)
            .ok_or(())
    })?;
    Ok(Link {
        purpose,
        identifier: row.parsed("identifier", Identifier::parse)?,
        credentials_epoch: row.number("credentials_epoch")?,
        valid_until: row.moment("valid_until")?,
        used_at: row.find_moment("used_at"),
        application: accounts::read_application(row)?,
    })
}
