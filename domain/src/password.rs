//! Passwords: length and strength, nothing else (ANSSI and OWASP: no composition rules, paste allowed).

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, zxcvbn};

use crate::account::Person;
use crate::form::{FieldValue, Rule, Schema, TextRule};
use crate::refusal::FieldCode;

pub const PASSWORD_LENGTH_MIN: usize = 12;
/// Bounds the cost of hashing.
pub const PASSWORD_LENGTH_MAX: usize = 128;
/// The shortest word of a person's data that is searched for.
const WORD_LENGTH_MIN: usize = 3;
/// Letters and digits that a password must have besides the person's words.
const OWN_LENGTH_MIN: usize = 5;
/// The prefix of a password, and of a word, that is rated: rating takes superlinear time, and a strong prefix
/// makes a strong password.
const JUDGED_LENGTH_MAX: usize = 64;
/// Words of this service (NIST SP 800-63B, 3.1.1.2).
const SERVICE_WORDS: [&str; 10] = [
    "sesame",
    "activite",
    "activité",
    "partielle",
    "chomage",
    "chômage",
    "employeur",
    "extranet",
    "siren",
    "siret",
];

/// Normalises a password (NFC), at setting and at login: keyboards type «é» as one character or as two (NIST
/// SP 800-63B, 3.1.1.2).
#[must_use]
pub fn normalised(typed: &str) -> String {
    typed.nfc().collect()
}

/// A new password: normalised, 12 to 128 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes any characters, untrimmed.
    ///
    /// # Errors
    /// `PasswordTooShort`, `PasswordTooLong`.
    pub fn parse(typed: &str) -> Result<Self, FieldCode> {
        let normalised = normalised(typed);
        match normalised.chars().count() {
            length if length < PASSWORD_LENGTH_MIN => Err(FieldCode::PasswordTooShort),
            length if length > PASSWORD_LENGTH_MAX => Err(FieldCode::PasswordTooLong),
            _ => Ok(Self(normalised)),
        }
    }

    /// Rates its strength: a zxcvbn score of 3 or more ("safely unguessable") with the person's data in the
    /// dictionary, and not that data alone side by side, which zxcvbn overrates.
    ///
    /// # Errors
    /// `PasswordTooCommon`; `PasswordContainsIdentity` when only the person's data make it weak.
    pub fn judge(&self, person: &Person) -> Result<(), FieldCode> {
        let password = beginning(&self.0);
        let person = person.words(WORD_LENGTH_MIN);
        let known: Vec<&str> = person.iter().map(|word| beginning(word)).chain(SERVICE_WORDS).collect();
        if is_only(&self.0, &person) {
            return Err(FieldCode::PasswordContainsIdentity);
        }
        if zxcvbn(password, &known).score() >= Score::Three {
            return Ok(());
        }
        if zxcvbn(password, &SERVICE_WORDS).score() >= Score::Three {
            Err(FieldCode::PasswordContainsIdentity)
        } else {
            Err(FieldCode::PasswordTooCommon)
        }
    }

    /// For hashing. Never for a log.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Not trimmed: spaces count.
impl FieldValue for Password {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(given(&typed)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "Password",
            description: format!(
                "{PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters, any of them, counted in composed \
                 form \
                 (NFC); hard to guess for somebody who knows the person (zxcvbn)."
            ),
            rule: Rule::Text(TextRule {
                length_min: PASSWORD_LENGTH_MIN,
                length_max: Some(PASSWORD_LENGTH_MAX),
                format: Some("password"),
                ..TextRule::default()
            }),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(•••)")
    }
}

/// A password typed at a login: normalised, otherwise unchecked.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedPassword(String);

impl TypedPassword {
    /// For comparison with a hash. Never for a log.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Not trimmed: spaces count.
impl FieldValue for TypedPassword {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        given(&typed).map(|typed| Self(normalised(typed)))
    }

    fn schema() -> Schema {
        Schema {
            name: "TypedPassword",
            description: "As it was chosen.".to_owned(),
            rule: Rule::Text(TextRule { length_min: 1, format: Some("password"), ..TextRule::default() }),
        }
    }
}

impl fmt::Debug for TypedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedPassword(•••)")
    }
}

fn given(typed: &str) -> Result<&str, FieldCode> {
    if typed.is_empty() { Err(FieldCode::Required) } else { Ok(typed) }
}

/// Whether little is left of a password without the person's words, however they are spaced.
fn is_only(password: &str, words: &[String]) -> bool {
    let mut words: Vec<String> = words.iter().map(|word| squeezed(word)).collect();
    words.retain(|word| !word.is_empty());
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let whole = squeezed(password);
    let without = |rest: String, word: &str| rest.replace(word, "");
    let rest = words.iter().fold(whole.clone(), |rest, word| without(rest, word));
    let is_known = rest.len() < whole.len();
    let rest = SERVICE_WORDS.into_iter().fold(rest, without);
    is_known && rest.chars().count() < OWN_LENGTH_MIN
}

/// Its letters and digits, in lower case.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(JUDGED_LENGTH_MAX).map_or(text, |(end, _)| &text[..end])
}
