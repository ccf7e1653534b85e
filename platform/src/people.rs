//! Who is asking: the person of a session.

use domain::{Account, Refusal, Token};

use crate::error::Error;
use crate::http::Request;
use crate::{Platform, cookie};

/// A person who is logged in.
#[derive(Debug)]
pub struct Person {
    pub account: Account,
    /// Of the session's cookie.
    pub token: Token,
}

impl Person {
    /// The person of the session that a request brings: two calls of the table.
    ///
    /// # Errors
    /// `NoSession` without a session, or when it has expired, or the password was set since.
    pub async fn of(platform: &Platform, request: &Request) -> Result<Self, Error> {
        let token = cookie::token_of(&platform.config, request).ok_or(Refusal::NoSession)?;
        let session = platform.sessions.find(&token).await?.ok_or(Refusal::NoSession)?;
        let account = platform.accounts.find(&session.identifier).await?;
        let is_current =
            |account: &Account| account.is_active && account.credentials_epoch == session.credentials_epoch;
        let account = account.filter(is_current).ok_or(Refusal::NoSession)?;
        Ok(Self { account, token })
    }
}
