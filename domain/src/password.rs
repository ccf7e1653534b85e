//! Passwords: length and strength, nothing else (ANSSI and OWASP: no composition rules, paste allowed).

use std::fmt;

use zxcvbn::{Score, zxcvbn};

use crate::account::Person;
use crate::refusal::FaultCode;

/// The shortest password, in characters.
pub const PASSWORD_LENGTH_MIN: usize = 12;
/// The longest password, in characters: bounds what hashing costs.
pub const PASSWORD_LENGTH_MAX: usize = 128;
/// The shortest word of a person's data that is looked for, in characters.
const WORD_LENGTH_MIN: usize = 3;
/// How much of a password, and of a word, is judged, in characters: a strong beginning makes a strong
/// whole, and the time that judging takes grows faster than the length.
const JUDGED_LENGTH_MAX: usize = 64;
/// What people put into the password of this very service (NIST SP 800-63B, 3.1.1.2).
const SERVICE_WORDS: [&str; 8] =
    ["sesame", "activite", "activité", "partielle", "chomage", "chômage", "employeur", "extranet"];

/// A password as it was typed, of a length that we take.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes 12 to 128 characters, any of them, untrimmed.
    ///
    /// # Errors
    /// `PasswordTooShort`, `PasswordTooLong`.
    pub fn parse(typed: &str) -> Result<Self, FaultCode> {
        match typed.chars().count() {
            length if length < PASSWORD_LENGTH_MIN => Err(FaultCode::PasswordTooShort),
            length if length > PASSWORD_LENGTH_MAX => Err(FaultCode::PasswordTooLong),
            _ => Ok(Self(typed.to_owned())),
        }
    }

    /// Whether it would resist somebody who knows what people choose, and this person: zxcvbn's
    /// score of 3 or more ("safely unguessable") with the person's data in the attacker's dictionary.
    ///
    /// # Errors
    /// `PasswordTooCommon`; `PasswordContainsIdentity` when only the person's data make it weak.
    pub fn judge(&self, person: &Person) -> Result<(), FaultCode> {
        let password = beginning(&self.0);
        let person = person.words(WORD_LENGTH_MIN);
        let known: Vec<&str> = person.iter().map(|word| beginning(word)).chain(SERVICE_WORDS).collect();
        if zxcvbn(password, &known).score() >= Score::Three {
            return Ok(());
        }
        if zxcvbn(password, &SERVICE_WORDS).score() >= Score::Three {
            Err(FaultCode::PasswordContainsIdentity)
        } else {
            Err(FaultCode::PasswordTooCommon)
        }
    }

    /// What is hashed. Never for a log.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(•••)")
    }
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(JUDGED_LENGTH_MAX).map_or(text, |(end, _)| &text[..end])
}
