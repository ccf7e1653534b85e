//! Phone numbers, kept as E.164 (ITU-T).

use std::fmt;

use crate::refusal::FaultCode;

/// What a person may type around 15 digits, in characters, before we stop reading.
const TYPED_LENGTH_MAX: usize = 40;

/// A French number, or any other with its country, as E.164: `+33123456789`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads `01 23 45 67 89`, `+33 1 23 45 67 89`, `+33 (0)1…` or `00 44…`; spaces, dots, dashes,
    /// slashes and brackets are dropped.
    ///
    /// # Errors
    /// `PhoneFormat` when it is neither a French number nor a country and 7 to 15 digits in all.
    pub fn parse(input: &str) -> Result<Self, FaultCode> {
        if input.chars().count() > TYPED_LENGTH_MAX {
            return Err(FaultCode::PhoneFormat);
        }
        let typed: String = input.replace("(0)", "").chars().filter(|&c| !is_separator(c)).collect();
        let international = if let Some(rest) = typed.strip_prefix('+') {
            rest.to_owned()
        } else if let Some(rest) = typed.strip_prefix("00") {
            rest.to_owned()
        } else if let Some(rest) = typed.strip_prefix('0') {
            format!("33{rest}")
        } else {
            return Err(FaultCode::PhoneFormat);
        };
        let is_number = international.bytes().all(|b| b.is_ascii_digit())
            && (7..=15).contains(&international.len())
            && !international.starts_with('0');
        let is_whole = match international.strip_prefix("33") {
            Some(national) => national.len() == 9 && !national.starts_with('0'),
            None => true,
        };
        if is_number && is_whole {
            Ok(Self(format!("+{international}")))
        } else {
            Err(FaultCode::PhoneFormat)
        }
    }

    /// The number as E.164.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(•••)")
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}')
}
