//! Crockford's base 32, which has no symbols that are read for one another.

use crate::text;

pub const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The symbol of a value of 0 to 31 (only the low five bits count).
#[must_use]
pub fn symbol(value: u8) -> char {
    char::from(SYMBOLS[usize::from(value & 31)])
}

/// The class of the symbols that have a value, as a regular expression.
pub(crate) fn class() -> String {
    format!("[{}]", text::class(|symbol| value(symbol).is_some()))
}

/// The value of a symbol in any case; O reads as 0, I and L as 1. `None` for anything else.
#[must_use]
pub fn value(symbol: char) -> Option<u8> {
    let upper = match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let rank = SYMBOLS.iter().position(|&s| char::from(s) == upper)?;
    u8::try_from(rank).ok()
}
