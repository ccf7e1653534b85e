//! SIRET: the 14 digits that INSEE gives an establishment (SIREN 9 + NIC 5).

use std::fmt;

use crate::as_text::as_text;
use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::FieldCode;
use crate::text;

/// La Poste's establishments have another check than Luhn's (INSEE).
const LA_POSTE_SIREN: &str = "356000000";
/// Digits of a SIRET.
const SIRET_LENGTH: usize = 14;
/// Digits of a SIREN.
const SIREN_LENGTH: usize = 9;
/// The longest input that is parsed.
const TYPED_LENGTH_MAX: usize = 64;

/// A SIRET that passes INSEE's check: Luhn, or for La Poste a digit sum that is a multiple of 5.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Siret(String);

impl Siret {
    /// Parses what a person typed, without white space, dots, dashes, slashes, commas, apostrophes, quotes,
    /// and «SIRET», «N°» or colons before it; a letter O between digits is a zero.
    ///
    /// # Errors
    /// `SiretIsSiren` when 9 digits are left; `SiretFormat` unless there are 14; `SiretChecksum` when they
    /// fail the check.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        if input.chars().count() > TYPED_LENGTH_MAX {
            return Err(FieldCode::SiretFormat);
        }
        let kept: String = input.chars().filter(|&c| !is_separator(c)).collect();
        let digits = with_zeros(without_label(&kept));
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(FieldCode::SiretFormat);
        }
        match digits.len() {
            SIRET_LENGTH => {}
            SIREN_LENGTH => return Err(FieldCode::SiretIsSiren),
            _ => return Err(FieldCode::SiretFormat),
        }
        let is_known_shape = luhn(&digits) || is_la_poste(&digits);
        if is_known_shape && !digits.starts_with("000000000") {
            Ok(Self(digits))
        } else {
            Err(FieldCode::SiretChecksum)
        }
    }

    /// The 14 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first nine digits: the enterprise's number.
    #[must_use]
    pub fn siren(&self) -> &str {
        &self.0[..SIREN_LENGTH]
    }

    /// Grouped: `732 829 320 00074`.
    #[must_use]
    pub fn spaced(&self) -> String {
        let d = &self.0;
        format!("{} {} {} {}", &d[..3], &d[3..6], &d[6..9], &d[9..])
    }
}

impl fmt::Display for Siret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldValue for Siret {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        let inner = SIRET_LENGTH - 2;
        Schema {
            name: "Siret",
            description: format!(
                "{SIRET_LENGTH} digits that pass INSEE's check. Spaces, dots, dashes, slashes, commas, \
                 apostrophes, quotes and a leading «SIRET», «N°» or colon are dropped; a letter O between \
                 digits is a zero."
            ),
            rule: Rule::Text(TextRule {
                length_min: SIRET_LENGTH,
                length_max: Some(TYPED_LENGTH_MAX),
                pattern: Some(format!(
                    "^{GAP}(?:{LABEL}{GAP}){{0,3}}[0-9](?:{GAP}[0-9Oo]){{{inner}}}{GAP}[0-9]{GAP}$"
                )),
                format: Some("siret"),
                example: Some("732 829 320 00074"),
            }),
        }
    }
}

as_text!(Siret, |text| Siret::parse(text).ok());

/// Separators, as a regular expression.
const GAP: &str = "[ .,/'\"-]*";
/// What stands before the digits on a form or an invoice, as a regular expression.
const LABEL: &str = "(?:[Ss][Ii][Rr][Ee][Tt]|[Nn]°|:)";

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '/' | '\\') || text::is_ignorable(c) || text::is_dash(c) || text::is_quote(c)
}

/// Drops «SIRET», «N°» and colons from the beginning, in any order.
fn without_label(text: &str) -> &str {
    let mut rest = text;
    loop {
        let shorter = match rest.get(..5) {
            Some(word) if word.eq_ignore_ascii_case("siret") => &rest[5..],
            _ => rest.strip_prefix(':').or_else(|| without_number_sign(rest)).unwrap_or(rest),
        };
        if shorter.len() == rest.len() {
            return rest;
        }
        rest = shorter;
    }
}

/// «N°», with a degree sign, with an ordinal indicator, or as one character.
fn without_number_sign(text: &str) -> Option<&str> {
    text.strip_prefix('\u{2116}')
        .or_else(|| text.strip_prefix(['N', 'n']).and_then(|rest| rest.strip_prefix(['°', 'º'])))
}

/// Reads a letter O between digits as a zero.
fn with_zeros(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    if text.starts_with(is_digit) && text.ends_with(is_digit) {
        text.replace(['O', 'o'], "0")
    } else {
        text.to_owned()
    }
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(rank, byte)| {
            let digit = u32::from(byte - b'0');
            match (rank % 2, digit * 2) {
                (0, _) => digit,
                (_, doubled) if doubled > 9 => doubled - 9,
                (_, doubled) => doubled,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_la_poste(digits: &str) -> bool {
    let sum: u32 = digits.bytes().map(|b| u32::from(b - b'0')).sum();
    digits.starts_with(LA_POSTE_SIREN) && sum.is_multiple_of(5)
}
