//! Opaque ids: 80 bits as 16 symbols of base 32, in lower case.

use crate::base32;
use crate::secret::SecretKey;

/// Symbols of an id, five bits each.
pub const OPAQUE_SYMBOLS: usize = 16;

/// The bytes of an id that is derived with a secret key: the same for the same text.
pub(crate) fn derive(key: &SecretKey, text: &str) -> [u8; OPAQUE_SYMBOLS] {
    let signed = key.sign(text.as_bytes());
    std::array::from_fn(|rank| signed[rank])
}

/// Prints the low five bits of each byte.
pub(crate) fn print(bytes: [u8; OPAQUE_SYMBOLS]) -> String {
    bytes.into_iter().map(low_symbol).collect()
}

/// Whether a text is an id as it was printed.
pub(crate) fn is_printed(text: &str) -> bool {
    let is_symbol = |c: char| base32::value(c).map(low_symbol) == Some(c);
    text.len() == OPAQUE_SYMBOLS && text.chars().all(is_symbol)
}

fn low_symbol(value: u8) -> char {
    base32::symbol(value).to_ascii_lowercase()
}

/// Declares a type of opaque id.
macro_rules! opaque_id {
    ($(#[$meta:meta])* $kind:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $kind(String);

        impl $kind {
            /// From random or derived bytes, of which the low five bits each are used.
            #[must_use]
            pub fn from_bytes(bytes: [u8; $crate::opaque::OPAQUE_SYMBOLS]) -> Self {
                Self($crate::opaque::print(bytes))
            }

            /// Parses a printed id.
            #[must_use]
            pub fn parse(printed: &str) -> Option<Self> {
                $crate::opaque::is_printed(printed).then(|| Self(printed.to_owned()))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        $crate::as_text::as_text!($kind, $kind::parse);
    };
}

pub(crate) use opaque_id;
