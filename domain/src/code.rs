//! The code beside a link, for who reads the mail on another device: `7K3M-Q2FD`.

use std::fmt;

use crate::base32;
use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::identifier::Identifier;
use crate::mail::MailId;
use crate::refusal::FieldCode;
use crate::secret::SecretKey;
use crate::text;
use crate::time::SignedDuration;

/// Wrong codes after which none serves for [`CODE_TRIES_WINDOW`]; the link does.
pub const CODE_TRIES_MAX: u64 = 5;
/// From the last try: as long as a link lives, so that a code that was killed stays dead.
pub const CODE_TRIES_WINDOW: SignedDuration = SignedDuration::from_mins(60);
/// Symbols of a code: 40 bits, of which five tries guess nothing.
const SYMBOLS: usize = 8;
/// The longest input that is parsed.
const TYPED_LENGTH_MAX: usize = 64;

/// The code of one link.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Parses what a person typed: any case, O for 0, I and L for 1, dashes and spaces or none.
    ///
    /// # Errors
    /// `CodeFormat`.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        if input.chars().count() > TYPED_LENGTH_MAX {
            return Err(FieldCode::CodeFormat);
        }
        let typed = input.chars().filter(|&c| !text::is_ignorable(c) && !text::is_dash(c));
        let values: Option<Vec<u8>> = typed.map(base32::value).collect();
        let values = values.filter(|values| values.len() == SYMBOLS).ok_or(FieldCode::CodeFormat)?;
        Ok(Self(values.into_iter().map(base32::symbol).collect()))
    }

    /// The eight symbols.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As the mail shows it.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at(SYMBOLS / 2);
        write!(f, "{first}-{second}")
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(•••)")
    }
}

impl FieldValue for Code {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        let symbol = base32::class();
        Schema {
            name: "Code",
            description: format!(
                "{SYMBOLS} symbols of Crockford's base 32; any case, O for 0, I and L for 1, with or without \
                 dashes and spaces."
            ),
            rule: Rule::Text(TextRule {
                length_min: SYMBOLS,
                length_max: Some(TYPED_LENGTH_MAX),
                pattern: Some(format!("^[ -]*(?:{symbol}[ -]*){{{SYMBOLS}}}$")),
                format: Some("code"),
                example: Some("7K3M-Q2FD"),
            }),
        }
    }
}

/// The code of a mail's link to an account: derived, as its token is.
#[must_use]
pub fn link_code(key: &SecretKey, mail: MailId, identifier: &Identifier) -> Code {
    let bytes = key.sign(format!("code {mail} {identifier}").as_bytes());
    Code(bytes.into_iter().take(SYMBOLS).map(base32::symbol).collect())
}
