//! Passwords: length and strength, nothing else (ANSSI and OWASP: no composition rules, paste allowed).

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zxcvbn::zxcvbn;

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
/// The fewest guesses of a password that is taken: zxcvbn's score of 3, "safely unguessable".
const GUESSES_MIN: u64 = 100_000_000;
/// The fewest letters, or digits, in a row that are a word.
const RUN_LENGTH_MIN: usize = 3;
/// Words of this service (NIST SP 800-63B, 3.1.1.2), folded.
const SERVICE_WORDS: [&str; 8] =
    ["sesame", "activite", "partielle", "chomage", "employeur", "extranet", "siren", "siret"];
/// What people in France choose, folded: rows of their keyboard, words that passwords begin with, months and
/// days, first names, towns. Written by hand, for zxcvbn's own lists are English.
const FRENCH_WORDS: &str = include_str!("french_words.txt");
/// The fewest guesses for one of them. The list has no order: without this, its first words would count as
/// guessed at once.
const FRENCH_WORD_GUESSES_MIN: usize = 100;

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

    /// Rates its strength, folded and without repeated words, against what people choose and against the
    /// person's data, which must not be nearly all of it either.
    ///
    /// # Errors
    /// `PasswordTooCommon`; `PasswordContainsIdentity` when only the person's data make it weak.
    pub fn judge(&self, person: &Person) -> Result<(), FieldCode> {
        let password = folded(&self.0);
        let person: Vec<String> = person.words(WORD_LENGTH_MIN).iter().map(|word| folded(word)).collect();
        if is_only(&password, &person) {
            Err(FieldCode::PasswordContainsIdentity)
        } else if is_guessable(&password, &[]) {
            Err(FieldCode::PasswordTooCommon)
        } else if is_guessable(&password, &person) {
            Err(FieldCode::PasswordContainsIdentity)
        } else {
            Ok(())
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

/// Whether fewer guesses than `GUESSES_MIN` find a folded password. zxcvbn's own number adds 10,000 to the
/// power of the words less one, so that any three words would do; here the guesses of the parts count alone.
fn is_guessable(password: &str, person: &[String]) -> bool {
    let person = person.iter().map(|word| beginning(word));
    let french = FRENCH_WORDS.split_whitespace().filter(|word| person.clone().all(|own| own != *word));
    let known = person.clone().chain(SERVICE_WORDS);
    let known: Vec<&str> =
        known.chain(std::iter::repeat_n("", FRENCH_WORD_GUESSES_MIN)).chain(french).collect();
    let rated = zxcvbn(beginning(&distinct(password)), &known);
    let guesses = rated.sequence().iter().filter_map(|part| part.guesses).fold(1, u64::saturating_mul);
    guesses < GUESSES_MIN
}

/// A password without what adds nothing to it: words and numbers that it has already, and what is between
/// words.
fn distinct(password: &str) -> String {
    let characters: Vec<char> = password.chars().collect();
    let runs: Vec<&[char]> = characters.chunk_by(|&a, &b| kind(a) == kind(b)).collect();
    let is_other = |run: &[char]| run.first().is_some_and(|&first| kind(first) == Kind::Other);
    let is_word = |run: &[char]| run.len() >= RUN_LENGTH_MIN && !is_other(run);
    let adds = |&(rank, run): &(usize, &[char])| {
        if is_other(run) {
            let mut beside =
                rank.checked_sub(1).into_iter().chain([rank + 1]).filter_map(|rank| runs.get(rank));
            runs.len() == 1 || beside.any(|run| !is_word(run))
        } else {
            !is_word(run) || !runs[..rank].contains(&run)
        }
    };
    runs.iter().copied().enumerate().filter(adds).flat_map(|(_, run)| run).collect()
}

#[derive(PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Other,
}

fn kind(c: char) -> Kind {
    if c.is_alphabetic() {
        Kind::Word
    } else if c.is_numeric() {
        Kind::Number
    } else {
        Kind::Other
    }
}

/// Whether little is left of a password without the person's words, however they are spaced. All is folded.
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

/// Its letters and digits.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// In lower case, without the accents that people leave out: `Zoé` is `zoe`, `Cœur` is `coeur`.
fn folded(text: &str) -> String {
    let letters = text.to_lowercase();
    let letters: String = letters.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}')).collect();
    letters.replace('œ', "oe").replace('æ', "ae")
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(JUDGED_LENGTH_MAX).map_or(text, |(end, _)| &text[..end])
}
