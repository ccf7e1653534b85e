//! Keyed hashes: what lets two values be compared without either being kept.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::token::hexadecimal;

/// A secret key of the service. Never printed.
#[derive(Clone)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Whether a stranger brought this very secret. Takes the same time whatever was brought.
    #[must_use]
    pub fn is(&self, brought: &[u8]) -> bool {
        let difference = self.sign(b"compare").into_iter().zip(Self::new(brought).sign(b"compare"));
        difference.fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs)) == 0
    }

    /// `HMAC-SHA256(key, message)` (RFC 2104).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        // HMAC takes a key of any length: `new_from_slice` never fails for it.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            unreachable!("HMAC takes a key of any length")
        };
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// A hash that only the holder of the key can make: nobody who reads the table can try values
    /// against it. `label` keeps one use apart from another. In hexadecimal.
    #[must_use]
    pub fn fingerprint(&self, label: &str, value: &str) -> String {
        hexadecimal(&self.sign(format!("{label}\0{value}").as_bytes()))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(•••)")
    }
}
