//! Tokens of links and sessions.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::base32;
use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::FieldCode;
use crate::text;

/// Symbols of a printed token: 256 bits, five to a symbol.
pub const TOKEN_SYMBOLS: usize = 52;

/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;

/// A token of 256 bits. Printed in lower-case base 32, which no mail program breaks; the table keeps its
/// [`key`](Self::key) only.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// From random bytes for a session, derived ones for a link.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses a printed token, in any case.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        if printed.len() != TOKEN_SYMBOLS {
            return None;
        }
        let mut bytes = Vec::with_capacity(TOKEN_SYMBOLS);
        let (mut buffer, mut bits) = (0_u32, 0);
        for symbol in printed.chars() {
            buffer = (buffer << 5) | u32::from(base32::value(symbol)?);
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push(u8::try_from(buffer >> bits & 0xFF).ok()?);
            }
        }
        let spare = buffer & ((1 << bits) - 1);
        (spare == 0).then_some(Self(bytes.try_into().ok()?))
    }

    /// For a link or a cookie.
    #[must_use]
    pub fn print(&self) -> String {
        let mut printed = String::with_capacity(TOKEN_SYMBOLS);
        let (mut buffer, mut bits) = (0_u32, 0);
        for &byte in &self.0 {
            buffer = (buffer << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                printed.push(low_symbol(buffer >> bits));
            }
        }
        printed.push(low_symbol(buffer << (5 - bits)));
        printed
    }

    /// Its SHA-256: a link is known by it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(self.key())
    }

    /// Its SHA-256 in hexadecimal: the table's key.
    #[must_use]
    pub fn key(&self) -> String {
        hexadecimal(&Sha256::digest(self.0))
    }
}

/// The SHA-256 of a link's token, by which the table knows the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHash(String);

impl TokenHash {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let is_hash = digits.len() == HASH_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash.then(|| Self(digits.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The token of a link, as its page sends it. `None` for what is no token: an unknown link rather than a
/// error of the form, since nobody typed it.
impl FieldValue for Option<Token> {
    type Json = String;

    fn read(printed: String) -> Result<Self, FieldCode> {
        present(&printed).map(Token::parse)
    }

    fn schema() -> Schema {
        let (symbol, last) = (base32::class(), text::class(ends_a_token));
        Schema {
            name: "Token",
            description: "What follows the `#` of a link.".to_owned(),
            rule: Rule::Text(TextRule {
                length_min: TOKEN_SYMBOLS,
                length_max: Some(TOKEN_SYMBOLS),
                pattern: Some(format!("^{symbol}{{{}}}[{last}]$", TOKEN_SYMBOLS - 1)),
                ..TextRule::default()
            }),
        }
    }
}

/// The last symbol holds one bit of the 256, and four that are zero.
fn ends_a_token(symbol: char) -> bool {
    base32::value(symbol).is_some_and(|value| value & 0xF == 0)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(•••)")
    }
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn low_symbol(bits: u32) -> char {
    base32::symbol((bits & 31) as u8).to_ascii_lowercase()
}
