//! The identifier of an account: `AP-7K3M-Q2FD`, which a person reads from a mail and types.

use std::fmt;

use crate::as_text::as_text;
use crate::base32;
use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::FieldCode;
use crate::text;

/// The longest input that is parsed.
const TYPED_LENGTH_MAX: usize = 64;
/// What a printed identifier begins with, before a dash.
const PREFIX: &str = "AP";
/// Random symbols; a check symbol follows.
const RANDOM_SYMBOLS: usize = 7;
/// Multiplier from one symbol's weight to the next, in the field of 32 elements.
const WEIGHT: u8 = 18;

/// An account's identifier: `AP-` and 8 symbols of Crockford base 32, the last a check symbol.
///
/// The check symbol is a weighted sum in GF(32) whose weights all differ, so that one wrong symbol,
/// or any two that changed places, is always seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(String);

impl Identifier {
    /// A new identifier from seven random bytes (35 bits of them are used).
    #[must_use]
    pub fn from_random(bytes: [u8; RANDOM_SYMBOLS]) -> Self {
        let values = bytes.map(|byte| byte & 31);
        let mut symbols: String = values.iter().map(|&v| base32::symbol(v)).collect();
        symbols.push(base32::symbol(check(&values)));
        Self(format!("AP-{}-{}", &symbols[..4], &symbols[4..]))
    }

    /// Parses what a person typed: with or without `AP-`, any case, O for 0, I and L for 1, dashes and spaces
    /// or none, a full stop at the end.
    ///
    /// # Errors
    /// `IdentifierIsAnEmail` when it has an `@`; `IdentifierFormat` when it is anything else, or mistyped.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        if input.contains('@') {
            return Err(FieldCode::IdentifierIsAnEmail);
        }
        if input.chars().count() > TYPED_LENGTH_MAX {
            return Err(FieldCode::IdentifierFormat);
        }
        let typed: String = input
            .chars()
            .filter(|&c| !text::is_ignorable(c) && !text::is_dash(c))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let typed = typed.strip_suffix('.').unwrap_or(&typed);
        // Eight symbols may begin with `AP` themselves: the number of symbols tells a prefix.
        let has_prefix = typed.len() == PREFIX.len() + RANDOM_SYMBOLS + 1;
        let symbols = if has_prefix { typed.strip_prefix(PREFIX) } else { Some(typed) };
        let symbols = symbols.ok_or(FieldCode::IdentifierFormat)?;
        let values: Vec<u8> =
            symbols.chars().map(base32::value).collect::<Option<_>>().ok_or(FieldCode::IdentifierFormat)?;
        let (random, last) =
            values.split_first_chunk::<RANDOM_SYMBOLS>().ok_or(FieldCode::IdentifierFormat)?;
        if last == [check(random)] {
            Ok(Self::from_random(*random))
        } else {
            Err(FieldCode::IdentifierFormat)
        }
    }

    /// `AP-7K3M-Q2FD`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldValue for Identifier {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        let (symbol, symbols) = (base32::class(), RANDOM_SYMBOLS + 1);
        Schema {
            name: "Identifier",
            description: format!(
                "`AP-` (optional) and {symbols} symbols of Crockford's base 32, the last a check symbol; any \
                 case, O for 0, I and L for 1, with or without dashes, spaces and a full stop at the end."
            ),
            rule: Rule::Text(TextRule {
                length_min: symbols,
                length_max: Some(TYPED_LENGTH_MAX),
                pattern: Some(format!(
                    "^[ -]*(?:[Aa][ -]*[Pp])?(?:[ -]*{symbol}){{{symbols}}}[ -]*\\.?[ -]*$"
                )),
                format: Some("identifier"),
                example: Some("AP-7K3M-Q2FD"),
            }),
        }
    }
}

as_text!(Identifier, |text| Identifier::parse(text).ok());

fn check(values: &[u8; RANDOM_SYMBOLS]) -> u8 {
    let mut weight = 1;
    values.iter().fold(0, |sum, &value| {
        weight = multiply(weight, WEIGHT);
        sum ^ multiply(weight, value)
    })
}

/// The product in GF(32), modulo x⁵ + x² + 1.
fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b > 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a <<= 1;
        if a & 0b10_0000 != 0 {
            a ^= 0b10_0101;
        }
        b >>= 1;
    }
    product
}
