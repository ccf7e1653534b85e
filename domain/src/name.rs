//! Names of people and of establishments.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::FieldCode;
use crate::text;

/// The longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 100;

/// A name: one line of 1 to 100 visible characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// Parses what a person typed, trimmed.
    ///
    /// # Errors
    /// `Required`, `TooLong`, or `ControlCharacter` for an invisible one.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        text::line(input, NAME_LENGTH_MAX).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is a part of it, case and accents aside.
    #[must_use]
    pub fn has(&self, sought: &str) -> bool {
        plain(&self.0).contains(plain(sought).trim())
    }
}

/// A text without case and accents.
fn plain(text: &str) -> String {
    let letters = text.nfd().filter(|c| !is_combining_mark(*c));
    letters.flat_map(char::to_lowercase).collect()
}

/// First and last name of a person, as colleagues see them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FullName {
    pub first: Name,
    pub last: Name,
}

impl FullName {
    /// `Élodie Dupont`.
    #[must_use]
    pub fn joined(&self) -> String {
        format!("{} {}", self.first.as_str(), self.last.as_str())
    }
}

impl fmt::Debug for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullName(•••)")
    }
}

impl FieldValue for Name {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        let (visible, ink) = (text::visible_class(), text::ink_class());
        Schema {
            name: "Name",
            description: format!("One line of 1 to {NAME_LENGTH_MAX} characters that can all be seen."),
            rule: Rule::Text(TextRule {
                length_min: 1,
                length_max: Some(NAME_LENGTH_MAX),
                pattern: Some(format!("^{visible}*{ink}{visible}*$")),
                example: Some("Boulangerie du Marché"),
                ..TextRule::default()
            }),
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(•••)")
    }
}
