//! Links that set a password: purpose, validity, token.

use crate::account::{Account, Application};
use crate::identifier::Identifier;
use crate::mail::MailId;
use crate::refusal::Refusal;
use crate::secret::SecretKey;
use crate::time::{SignedDuration, Timestamp, after, minutes};
use crate::token::Token;

/// Validity of a link, from when its mail is handed to SES (procedure, case 2.2).
pub const LINK_VALID_MINUTES: i64 = 60;
/// Retention of a link's row after that, so that the page can say *expired* or *used* rather than *unknown*.
pub const LINK_REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a link does for its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Activates an application: the establishment becomes the account's.
    Activation,
    /// Replaces the password of an active account.
    PasswordReset,
}

/// What a link is good for, as its page says when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It sets a password.
    Open,
    /// Its hour is over, or its application is.
    Expired,
    /// It served, or another link of its account did.
    Used,
}

#[derive(Debug, Clone)]
pub struct Link {
    pub purpose: LinkPurpose,
    pub identifier: Identifier,
    /// The account's epoch at minting; a later one invalidates the link.
    pub credentials_epoch: u64,
    pub valid_until: Timestamp,
    pub used_at: Option<Timestamp>,
    /// The account's application: what an activation writes, and what a password must not be made of.
    pub application: Application,
}

impl Link {
    /// The end of validity of a link whose mail is handed over `now`.
    #[must_use]
    pub fn valid_until(now: Timestamp) -> Timestamp {
        after(now, minutes(LINK_VALID_MINUTES))
    }

    /// Checks that the link can be used. *Used* takes precedence over *expired*: it tells the person more.
    ///
    /// # Errors
    /// `LinkUsed` or `LinkExpired`.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.used_at.is_some() {
            return Err(Refusal::LinkUsed);
        }
        if now > self.valid_until {
            return Err(Refusal::LinkExpired);
        }
        Ok(())
    }

    /// The state of a link beside its account as it stands: what setting a password by it would say.
    #[must_use]
    pub fn state(&self, account: Option<&Account>, now: Timestamp) -> LinkState {
        let is_overtaken = account.is_some_and(|account| account.credentials_epoch != self.credentials_epoch);
        match self.check(now) {
            Err(Refusal::LinkUsed) => LinkState::Used,
            _ if is_overtaken => LinkState::Used,
            Ok(()) if account.is_some() => LinkState::Open,
            _ => LinkState::Expired,
        }
    }
}

/// The token of a mail's link to an account: derived, so that a mail sent twice carries the same link and no
/// row holds a token.
#[must_use]
pub fn link_token(key: &SecretKey, mail: MailId, identifier: &Identifier) -> Token {
    Token::from_bytes(key.sign(format!("{mail} {identifier}").as_bytes()))
}
