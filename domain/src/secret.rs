//! Secret keys: HMAC, and keyed hashes of values that are not stored.

use std::fmt;

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::token::hexadecimal;

/// Base64 with or without padding, whatever the bits that are left over: 43 random letters and digits are 32
/// bytes.
const SEED_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A secret key; its `Debug` prints nothing of it.
#[derive(Clone)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Compares signatures, which nobody makes without the key: how long it takes tells nothing of it.
    #[must_use]
    pub fn is(&self, brought: &[u8]) -> bool {
        self.sign(&self.0) == self.sign(brought)
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

    /// The seed of a signing key (Ed25519, RFC 8032), if it is 32 bytes in base64.
    #[must_use]
    pub fn seed(&self) -> Option<[u8; 32]> {
        <[u8; 32]>::try_from(SEED_BASE64.decode(&self.0).ok()?).ok()
    }

    /// The key as text, for who asks us for it: a secret that two sides share.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// A keyed hash in hexadecimal: who reads the table cannot try values against it. `label` separates its
    /// uses.
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
