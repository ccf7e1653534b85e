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
    /// The secrets of which every request must bring one, which the content delivery network adds: the one in force,
    /// and the one before. Empty checks nothing.
    pub origin_secrets: Vec<SecretKey>,
    /// The keys that the function states.
    pub keys: Keys,
}

impl Config {
    /// Whether the browser reaches us by TLS; on one machine it does not.
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
    /// Reads the setting.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "after-failures" => Some(Self::AfterFailures),
            "always" => Some(Self::Always),
            _ => None,
        }
    }
}

/// The keys of one function: those that it states and no other.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<(Secret, Vec<SecretKey>)>);

impl Keys {
    /// Gives the function a key, the one in force first.
    #[must_use]
    pub fn with(mut self, secret: Secret, keys: Vec<SecretKey>) -> Self {
        self.0.push((secret, keys));
        self
    }

    /// The key in force.
    ///
    /// # Errors
    /// `Error::Internal` when the function does not state that key.
    pub fn of(&self, secret: Secret) -> Result<&SecretKey, Error> {
        self.all(secret)
            .first()
            .ok_or_else(|| Error::internal(format!("the function states no key {secret:?}")))
    }

    /// The key in force and those before it that are still taken; none that the function does not state.
    #[must_use]
    pub fn all(&self, secret: Secret) -> &[SecretKey] {
        self.0.iter().find(|(known, _)| *known == secret).map_or(&[], |(_, keys)| keys)
    }
}
