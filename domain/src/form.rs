//! What the fields of forms are read as, and what a JSON Schema says of them.

use crate::refusal::FaultCode;

/// A value that is read from one field of a form.
pub trait FieldValue: Sized {
    /// How it comes in JSON: a text, or a box that is ticked or not.
    type Json;

    /// Reads what came.
    ///
    /// # Errors
    /// `Required` when nothing is in it; what else is wrong with it.
    fn read(json: Self::Json) -> Result<Self, FaultCode>;

    /// What `read` demands, as far as a JSON Schema can say it: it takes whatever fits, in the spelling that a
    /// program would send. What people paste around it besides is taken too, but not stated.
    fn schema() -> Schema;
}

/// A text that is not blank.
///
/// # Errors
/// `Required`.
pub fn present(text: &str) -> Result<&str, FaultCode> {
    if text.trim().is_empty() { Err(FaultCode::Required) } else { Ok(text) }
}

/// The schema of one kind of field.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Its name in the API document.
    pub name: &'static str,
    /// What a reader of the API document is told.
    pub description: String,
    /// What it demands.
    pub rule: Rule,
}

/// What a schema demands.
#[derive(Debug, Clone)]
pub enum Rule {
    /// `true`.
    True,
    /// One of these texts.
    OneOf(Vec<&'static str>),
    /// A text.
    Text(TextRule),
}

/// What a schema demands of a text.
#[derive(Debug, Clone, Default)]
pub struct TextRule {
    /// The fewest characters.
    pub length_min: usize,
    /// The most characters.
    pub length_max: Option<usize>,
    /// A regular expression (ECMA 262) of the whole text.
    pub pattern: Option<String>,
    /// What no regular expression can say: a check digit, the lengths of the parts of an address.
    pub format: Option<&'static str>,
    /// One that is taken.
    pub example: Option<&'static str>,
}

/// The general conditions are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedTerms;

impl FieldValue for AcceptedTerms {
    type Json = bool;

    fn read(is_ticked: bool) -> Result<Self, FaultCode> {
        if is_ticked { Ok(Self) } else { Err(FaultCode::TermsNotAccepted) }
    }

    fn schema() -> Schema {
        Schema {
            name: "AcceptedTerms",
            description: "The general conditions are accepted.".to_owned(),
            rule: Rule::True,
        }
    }
}
