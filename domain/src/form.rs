//! Fields of forms: parsing, and JSON Schema.

use crate::refusal::FieldCode;

/// A type of field.
pub trait FieldValue: Sized {
    /// Its JSON type: a string, a boolean, or an array of strings.
    type Json;

    /// Parses the field.
    ///
    /// # Errors
    /// `Required` when nothing is in it; what else is wrong with it.
    fn read(json: Self::Json) -> Result<Self, FieldCode>;

    /// What `read` requires, as far as JSON Schema can state it. `read` takes everything that the schema
    /// takes, and also what people paste around it.
    fn schema() -> Schema;
}

/// Gives back a text that is not blank.
///
/// # Errors
/// `Required`.
pub fn present(text: &str) -> Result<&str, FieldCode> {
    if text.trim().is_empty() { Err(FieldCode::Required) } else { Ok(text) }
}

#[derive(Debug, Clone)]
pub struct Schema {
    pub name: &'static str,
    /// Its description in the API document.
    pub description: String,
    pub rule: Rule,
}

/// The constraints of a schema.
#[derive(Debug, Clone)]
pub enum Rule {
    True,
    /// One of these texts.
    OneOf(Vec<&'static str>),
    /// An array of at least one of these texts, in any order.
    SomeOf(Vec<&'static str>),
    /// An array of at least one and at most so many objects, with these members and no others.
    Objects {
        members: Vec<(&'static str, Rule)>,
        length_max: usize,
    },
    Text(TextRule),
}

/// The constraints of a text.
#[derive(Debug, Clone, Default)]
pub struct TextRule {
    pub length_min: usize,
    pub length_max: Option<usize>,
    /// A regular expression (ECMA 262).
    pub pattern: Option<String>,
    /// Whether values that match may be invalid: a check digit, the lengths of the parts of an address.
    pub format: Option<&'static str>,
    /// A valid one.
    pub example: Option<&'static str>,
}

/// The general conditions are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedTerms;

impl FieldValue for AcceptedTerms {
    type Json = bool;

    fn read(is_ticked: bool) -> Result<Self, FieldCode> {
        if is_ticked { Ok(Self) } else { Err(FieldCode::TermsNotAccepted) }
    }

    fn schema() -> Schema {
        Schema {
            name: "AcceptedTerms",
            description: "The general conditions are accepted.".to_owned(),
            rule: Rule::True,
        }
    }
}
