//! Links that choose a password: from whom, for how long, how often.

use crate::account::Application;
use crate::identifier::Identifier;
use crate::mail::MailId;
use crate::refusal::Refusal;
use crate::secret::SecretKey;
use crate::time::{SignedDuration, Timestamp, after, minutes};
use crate::token::Token;

/// How long a link lives, in minutes, from when its mail is handed over (procedure, case 2.2).
pub const LINK_VALID_MINUTES: i64 = 60;
/// How long after that the page can still say *expired* or *used* rather than *unknown*.
pub const LINK_REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a link does for its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Activates an application: the establishment becomes the account's.
    Activation,
    /// Replaces the password of an active account.
    PasswordReset,
}

/// A link as it was sent.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it does.
    pub purpose: LinkPurpose,
    /// For which account.
    pub identifier: Identifier,
    /// The account's epoch when the link was minted: a later one kills it.
    pub credentials_epoch: u64,
    /// The last moment at which it serves.
    pub valid_until: Timestamp,
    /// When it served.
    pub used_at: Option<Timestamp>,
    /// Who holds the account, for which establishment: what an activation writes, and what a password
    /// must not be made of.
    pub application: Application,
}

impl Link {
    /// The last moment of a link whose mail is handed over `now`.
    #[must_use]
    pub fn valid_until(now: Timestamp) -> Timestamp {
        after(now, minutes(LINK_VALID_MINUTES))
    }

    /// Whether the link still serves. *Used* is said before *expired*: it tells the person more.
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
}

/// The token of a mail's link to one account. The same mail always carries the same one, so that a mail sent twice
/// is the same mail, and no row needs to hold a token.
#[must_use]
pub fn link_token(key: &SecretKey, mail: MailId, identifier: &Identifier) -> Token {
    Token::from_bytes(key.sign(format!("{mail} {identifier}").as_bytes()))
}
