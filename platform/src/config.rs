//! What an operator sets, and the keys that a function is given: read once, at boot.

use domain::SecretKey;

use crate::error::Error;
use crate::function::Secret;

/// What an operator sets.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address of the pages, without a slash at its end: `https://…` or `http://localhost:8080`.
    pub site: String,
    /// How many steps a proof takes, on average.
    pub proof_counter: u32,
    /// When a login asks for a proof of work.
    pub login_proof: LoginProof,
    /// Origin secrets. CloudFront adds one to each request; a request without one is refused. The current
    /// one, and the previous one during a rotation. Empty: nothing is checked.
    pub origin_secrets: Vec<SecretKey>,
    pub keys: Keys,
}

impl Config {
    /// Whether browsers reach the site by TLS; on one machine they do not.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.site.starts_with("https://")
    }
}

/// When a login asks for a proof of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProof {
    /// After a few failures on its identifier.
    AfterFailures,
    /// Always: an operator's switch, under attack.
    Always,
}

impl LoginProof {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "after-failures" => Some(Self::AfterFailures),
            "always" => Some(Self::Always),
            _ => None,
        }
    }
}

/// The keys that a function states, and no others.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<(Secret, Vec<SecretKey>)>);

impl Keys {
    /// Adds a key: the current one first, then previous ones.
    #[must_use]
    pub fn with(mut self, secret: Secret, keys: Vec<SecretKey>) -> Self {
        self.0.push((secret, keys));
        self
    }

    /// The current key.
    pub fn of(&self, secret: Secret) -> Result<&SecretKey, Error> {
        self.all(secret)
            .first()
            .ok_or_else(|| Error::internal(format!("the function states no key {secret:?}")))
    }

    /// The current key, then previous ones that are still accepted. Empty when the function does not state
    /// it.
    #[must_use]
    pub fn all(&self, secret: Secret) -> &[SecretKey] {
        self.0.iter().find(|(known, _)| *known == secret).map_or(&[], |(_, keys)| keys)
    }
}
