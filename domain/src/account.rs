//! Accounts: who applied, for which establishment, and whether the mail was answered.

use std::fmt;

use crate::email::Email;
use crate::identifier::Identifier;
use crate::name::Name;
use crate::phone::Phone;
use crate::siret::Siret;
use crate::time::{SignedDuration, Timestamp};

/// The retention of an application that waits for its activation.
pub const APPLICATION_RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a session lasts (contract).
pub const SESSION_VALID: SignedDuration = SignedDuration::from_hours(8);
/// Failed logins on one identifier after which a proof of work is asked for.
pub const FAILED_LOGINS_MAX: u64 = 3;
/// The span over which failed logins are counted.
pub const FAILED_LOGINS_WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Attempts on one identifier, proven or not, after which it is closed to passwords. A link by mail opens it.
pub const GUESSES_MAX: u64 = 100;
/// The span over which these are counted, from the first of them on; the identifier is closed until its end.
pub const GUESSES_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// What a person tells to open an account (procedure, case 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The establishment.
    pub siret: Siret,
    /// Its name.
    pub establishment_name: Name,
    /// Who applies.
    pub first_name: Name,
    /// Who applies.
    pub last_name: Name,
    /// Where the links go.
    pub email: Email,
    /// Where the agency can call.
    pub phone: Phone,
}

impl Application {
    /// What somebody who knows the applicant would try as a password.
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
    /// Its identifier.
    pub identifier: Identifier,
    /// What its holder told.
    pub application: Application,
    /// Whether the activation link was answered.
    pub is_active: bool,
    /// Counts the times that the credentials were set: every link and session of an earlier count is dead.
    pub credentials_epoch: u64,
    /// The password's hash as a PHC string, once there is one.
    pub password_hash: Option<String>,
    /// When that password was set.
    pub password_set_at: Option<Timestamp>,
    /// When an application that nobody activates is forgotten.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({})", self.identifier)
    }
}

/// A person's own data, as an attacker would put it in a dictionary.
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
