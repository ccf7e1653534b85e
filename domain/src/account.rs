//! Accounts and applications, and the limits of logins.

use std::collections::BTreeSet;
use std::fmt;

use crate::email::Email;
use crate::identifier::Identifier;
use crate::name::{FullName, Name};
use crate::phone::Phone;
use crate::siret::Siret;
use crate::time::{SignedDuration, Timestamp};

/// The retention of an application that nobody activates.
pub const APPLICATION_RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The retention of the row of a closed account: for the mail that tells it.
pub const CLOSED_RETENTION: SignedDuration = SignedDuration::from_hours(24);
/// How long a session lasts (contract).
pub const SESSION_VALID: SignedDuration = SignedDuration::from_hours(8);
/// Failed logins on one identifier after which a proof of work is asked for.
pub const FAILED_LOGINS_MAX: u64 = 3;
/// The span over which failed logins are counted.
pub const FAILED_LOGINS_WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Attempts on one identifier, with or without a proof, after which it takes no password. A link by mail
/// resets it.
pub const GUESSES_MAX: u64 = 100;
/// The window of these, from the first attempt; the identifier takes no password until its end.
pub const GUESSES_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// What a person tells to open an account (procedure, case 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub siret: Siret,
    pub establishment_name: Name,
    pub first_name: Name,
    pub last_name: Name,
    pub email: Email,
    pub phone: Phone,
}

impl Application {
    /// The applicant's data, for judging a password.
    #[must_use]
    pub fn person(&self) -> Person {
        Person(vec![
            self.first_name.as_str().to_owned(),
            self.last_name.as_str().to_owned(),
            self.email.as_str().to_owned(),
            self.establishment_name.as_str().to_owned(),
            self.siret.as_str().to_owned(),
            self.siret.siren().to_owned(),
            self.phone.as_str().to_owned(),
            self.phone.national(),
        ])
    }
}

/// An account, active or waiting for its activation.
#[derive(Clone)]
pub struct Account {
    pub identifier: Identifier,
    pub application: Application,
    /// Where it is a member, in openings that may be over: see [`Openings`](crate::Openings).
    pub establishments: BTreeSet<Siret>,
    /// Whether its activation link was used.
    pub is_active: bool,
    /// Times that the password was set. Links and sessions of an earlier epoch are invalid.
    pub credentials_epoch: u64,
    /// A PHC string, once there is a password.
    pub password_hash: Option<String>,
    pub password_set_at: Option<Timestamp>,
    /// When it was applied for, or opened by an invitation.
    pub created_at: Timestamp,
    /// When its address was last changed, unless undone: until the way back is over, it is not closed.
    pub address_changed_at: Option<Timestamp>,
    /// The expiry of an application; none once it is activated.
    pub expires_at: Option<Timestamp>,
}

impl Account {
    /// As colleagues see them.
    #[must_use]
    pub fn name(&self) -> FullName {
        FullName { first: self.application.first_name.clone(), last: self.application.last_name.clone() }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({})", self.identifier)
    }
}

/// A person's own data, as a dictionary for judging a password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person(pub Vec<String>);

impl Person {
    /// The data, whole and word by word, of at least `length_min` characters each.
    #[must_use]
    pub fn words(&self, length_min: usize) -> Vec<String> {
        let mut words: Vec<String> = self
            .0
            .iter()
            .flat_map(|value| {
                std::iter::once(value.as_str()).chain(value.split(|c: char| !c.is_alphanumeric()))
            })
            .filter(|word| word.chars().count() >= length_min)
            .map(str::to_lowercase)
            .collect();
        words.sort();
        words.dedup();
        words
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(•••)")
    }
}
