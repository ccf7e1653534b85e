//! Links that set a password: minted when their mail is sent, found by the hash of their token.

use domain::link::{LINK_REMEMBERED, LinkPurpose, link_token};
use domain::time::{Timestamp, after};
use std::sync::Arc;

use domain::{Account, Identifier, Link, MailId, Token};

use crate::accounts;
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::table::{Change, Key, Outcome, Row, Table, TableError};

#[derive(Debug, Clone)]
pub struct Links {
    table: Table,
    config: Arc<Config>,
}

impl Links {
    pub(crate) fn new(table: &Table, config: &Arc<Config>) -> Self {
        Self { table: table.clone(), config: config.clone() }
    }

    /// The link of a token, unless it is unknown or its row has expired.
    pub async fn find(&self, token: &Token, now: Timestamp) -> Result<Option<Link>, TableError> {
        let row = self.table.find(&Key::link(token)).await?;
        let row = row.filter(|row| !row.is_past(now));
        row.as_ref().map(read).transpose()
    }

    /// Mints a mail's link to an account, valid from `now`; minted again, its validity begins anew. `None`
    /// when the link was used, or the account's epoch has changed since.
    pub async fn mint(
        &self,
        mail: MailId,
        account: &Account,
        now: Timestamp,
    ) -> Result<Option<(Token, Timestamp)>, Error> {
        let token = link_token(self.config.keys.of(Secret::Link)?, mail, &account.identifier);
        let valid_until = Link::valid_until(now);
        let valid_until = account.expires_at.map_or(valid_until, |expires_at| valid_until.min(expires_at));
        let purpose = if account.is_active { LinkPurpose::PasswordReset } else { LinkPurpose::Activation };
        let change = Change::new(
            Key::link(&token),
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
        match self.table.update(change).await? {
            Outcome::Done(_) => Ok(Some((token, valid_until))),
            Outcome::Refused(_) => Ok(None),
        }
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
