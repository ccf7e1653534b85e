//! Changes of an account's address: validity, states, and the way back.

use std::fmt;

use crate::email::Email;
use crate::identifier::Identifier;
use crate::mail::MailId;
use crate::opaque::opaque_id;
use crate::refusal::Refusal;
use crate::secret::SecretKey;
use crate::time::{SignedDuration, Timestamp, after};
use crate::token::Token;

/// Validity of the link to a new address, in minutes.
pub const ADDRESS_VALID_MINUTES: i64 = 60;
/// Validity of the way back to the address before, in days (contract).
pub const WAY_BACK_DAYS: i64 = 7;
/// How long the row of a change is kept: as long as its way back serves, and a day to say that it is over.
pub const ADDRESS_CHANGE_RETENTION: SignedDuration = SignedDuration::from_hours((WAY_BACK_DAYS + 1) * 24);

opaque_id! {
    /// The id of a change among an account's own.
    AddressChangeId
}

/// Checks that an account, or its last space, can be closed: whoever took it over by a change of its address
/// could end the way back by that.
///
/// # Errors
/// `AddressJustChanged` within [`WAY_BACK_DAYS`] of the change.
pub fn check_closing(changed_at: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    let has_way_back = |at| now <= after(at, SignedDuration::from_hours(WAY_BACK_DAYS * 24));
    if changed_at.is_some_and(has_way_back) { Err(Refusal::AddressJustChanged) } else { Ok(()) }
}

/// What a link of a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressLink {
    /// Makes the new address the account's.
    Confirm,
    /// Brings the address back, from before the change or after it.
    Restore,
}

impl AddressLink {
    pub const ALL: [Self; 2] = [Self::Confirm, Self::Restore];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Restore => "restore",
        }
    }

    /// Reads the name in the table.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|link| link.as_str() == name)
    }

    /// Its token, derived: a mail sent twice carries the same link, and no row holds it.
    #[must_use]
    pub fn token(self, key: &SecretKey, mail: MailId) -> Token {
        Token::from_bytes(key.sign(format!("address {} {mail}", self.as_str()).as_bytes()))
    }

    /// The last moment at which it serves.
    #[must_use]
    pub fn valid_until(self, change: &AddressChange, sent_at: Timestamp) -> Timestamp {
        match self {
            Self::Confirm => after(sent_at, SignedDuration::from_mins(ADDRESS_VALID_MINUTES)),
            Self::Restore => after(change.asked_at, SignedDuration::from_hours(WAY_BACK_DAYS * 24)),
        }
    }
}

/// A change that was asked for, with the password of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressChange {
    pub identifier: Identifier,
    pub former: Email,
    pub new: Email,
    pub asked_at: Timestamp,
    /// The account's epoch then: a password that was set since ends an unconfirmed change.
    pub credentials_epoch: u64,
    pub confirmed_at: Option<Timestamp>,
    pub restored_at: Option<Timestamp>,
}

/// The changes that a way back has ended: those that were asked for from its own on, until it was taken. Who
/// took an account over may have changed its address twice, and has a way back of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undone {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Undone {
    /// By the way back of a change that is taken `now`.
    #[must_use]
    pub fn by(change: &AddressChange, now: Timestamp) -> Self {
        Self { from: change.asked_at, until: now }
    }

    #[must_use]
    pub fn has(&self, moment: Timestamp) -> bool {
        (self.from..=self.until).contains(&moment)
    }

    /// Whether no link of a change that it has can serve any more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        after(self.until, ADDRESS_CHANGE_RETENTION) < now
    }

    /// Reads it as it is printed.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        let (from, until) = printed.split_once(' ')?;
        let moment = |seconds: &str| Timestamp::from_second(seconds.parse().ok()?).ok();
        Some(Self { from: moment(from)?, until: moment(until)? })
    }
}

/// As the table holds it: two moments in epoch seconds.
impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.from.as_second(), self.until.as_second())
    }
}

impl AddressChange {
    /// Checks that the new address can become the account's.
    ///
    /// # Errors
    /// `LinkUsed` when it has; `LinkExpired` when another change, a new password or the way back came first.
    pub fn check_confirm(&self, address: &Email, epoch: u64) -> Result<(), Refusal> {
        if self.confirmed_at.is_some() {
            return Err(Refusal::LinkUsed);
        }
        if self.restored_at.is_some() || *address != self.former || epoch != self.credentials_epoch {
            return Err(Refusal::LinkExpired);
        }
        Ok(())
    }

    /// Checks that the address before can come back.
    ///
    /// # Errors
    /// `LinkUsed` when it has; `LinkExpired` when the way back of an earlier change has ended this one.
    pub fn check_restore(&self, undone: &[Undone]) -> Result<(), Refusal> {
        if self.restored_at.is_some() {
            return Err(Refusal::LinkUsed);
        }
        if undone.iter().any(|undone| undone.has(self.asked_at)) {
            return Err(Refusal::LinkExpired);
        }
        Ok(())
    }
}
