//! Phone numbers, stored as E.164 (ITU-T).

use std::fmt;

use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::FieldCode;
use crate::text;

/// The longest input that is parsed.
const TYPED_LENGTH_MAX: usize = 40;

/// The fewest digits of a number with its country.
const DIGITS_MIN: usize = 7;
/// The most digits of a number with its country (E.164).
const DIGITS_MAX: usize = 15;
/// Digits of a French number after its 0.
const NATIONAL_DIGITS: usize = 9;
/// The country code of mainland France.
const FRANCE: &str = "33";
/// Country codes whose national numbers are French ones.
const FRENCH_COUNTRIES: [&str; 5] = [FRANCE, "262", "590", "594", "596"];

/// A French number, or any other with its country, as E.164: `+33123456789`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads `01 23 45 67 89`, `+33 1 23 45 67 89`, `+33 (0)1…` or `00 44…`, and a French number without its
    /// 0 or with 33 before it; spaces, dots, dashes, slashes and brackets are dropped.
    ///
    /// # Errors
    /// `PhoneFormat` when it is neither a French number nor a country and 7 to 15 digits in all.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        if input.chars().count() > TYPED_LENGTH_MAX {
            return Err(FieldCode::PhoneFormat);
        }
        let typed: String = input.chars().filter(|&c| !is_separator(c)).collect();
        let typed = typed.replace("(0)", "").replace(['(', ')'], "");
        let international = if let Some(rest) = typed.strip_prefix('+') {
            rest.to_owned()
        } else if let Some(rest) = typed.strip_prefix("00") {
            rest.to_owned()
        } else if let Some(rest) = typed.strip_prefix('0') {
            format!("{}{rest}", country_of(rest))
        } else if typed.len() == NATIONAL_DIGITS {
            format!("{}{typed}", country_of(&typed))
        } else if typed.len() == FRANCE.len() + NATIONAL_DIGITS && typed.starts_with(FRANCE) {
            typed
        } else {
            return Err(FieldCode::PhoneFormat);
        };
        let is_number = international.bytes().all(|b| b.is_ascii_digit())
            && (DIGITS_MIN..=DIGITS_MAX).contains(&international.len())
            && !international.starts_with('0');
        let french = FRENCH_COUNTRIES.iter().find_map(|country| international.strip_prefix(country));
        let is_whole =
            french.is_none_or(|national| national.len() == NATIONAL_DIGITS && !national.starts_with('0'));
        if is_number && is_whole {
            Ok(Self(format!("+{international}")))
        } else {
            Err(FieldCode::PhoneFormat)
        }
    }

    /// The number as E.164.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is dialled in its country: `0123456789`.
    #[must_use]
    pub fn national(&self) -> String {
        let number = self.0.trim_start_matches('+');
        let own = FRENCH_COUNTRIES.iter().find_map(|country| number.strip_prefix(country));
        format!("0{}", own.unwrap_or(number))
    }
}

impl FieldValue for Phone {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        let french = FRENCH_COUNTRIES.map(spaced).join("|");
        let france = spaced(FRANCE);
        let more = NATIONAL_DIGITS - 1;
        let national = digits("[1-9]", more, more);
        let other = format!("(?!{french}){}", digits("[1-9]", DIGITS_MIN - 1, DIGITS_MAX - 1));
        let international = format!("(?:\\+|0{GAP}0){GAP}(?:(?:{french}){GAP}{national}|{other})");
        Schema {
            name: "Phone",
            description: format!(
                "A French number, also without its 0 or with {FRANCE} before it, or `+` and {DIGITS_MIN} to \
                 {DIGITS_MAX} digits that begin with the country's."
            ),
            rule: Rule::Text(TextRule {
                length_max: Some(TYPED_LENGTH_MAX),
                pattern: Some(format!("^{GAP}(?:(?:0|{france})?{GAP}{national}|{international})$")),
                example: Some("01 23 45 67 89"),
                ..TextRule::default()
            }),
        }
    }
}

/// Separators of digits, as a regular expression.
const GAP: &str = "(?:[ ./-]|\\(0\\)){0,2}";

/// A digit of the class `first` and `min` to `max` more.
fn digits(first: &str, min: usize, max: usize) -> String {
    format!("{first}(?:{GAP}[0-9]){{{min},{max}}}")
}

/// These digits with separators, as a regular expression.
fn spaced(digits: &str) -> String {
    digits.split("").filter(|digit| !digit.is_empty()).collect::<Vec<_>>().join(GAP)
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(•••)")
    }
}

/// The country code of a national number without its 0: overseas departments have their own (Arcep).
fn country_of(national: &str) -> &'static str {
    match national.get(..3) {
        Some("262" | "263" | "269" | "639" | "692" | "693") => "262",
        Some("590" | "690" | "691") => "590",
        Some("594" | "694") => "594",
        Some("596" | "696" | "697") => "596",
        _ => FRANCE,
    }
}

/// Brackets, which may be those of «(0)», are dropped after these.
fn is_separator(c: char) -> bool {
    text::is_ignorable(c) || text::is_dash(c) || matches!(c, '.' | '/')
}
