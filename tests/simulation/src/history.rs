//! The history of a run. Opaque strings (tokens, signatures, ids) are named in the order in which they
//! appear, so that the same seed gives the same history whatever salts a library has drawn.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

/// A hash of a whole history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(String);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Default)]
pub struct History {
    lines: Vec<String>,
    names: BTreeMap<String, usize>,
}

impl History {
    pub fn add(&mut self, at_ms: u64, event: &str) {
        self.lines.push(format!("{at_ms:>12} {event}"));
    }

    /// A short name of an opaque string: `kind` and its rank among those that have appeared.
    pub fn name(&mut self, kind: &str, opaque: &str) -> String {
        let next = self.names.len();
        let rank = *self.names.entry(opaque.to_owned()).or_insert(next);
        format!("{kind}{rank}")
    }

    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        for line in &self.lines {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        Digest(domain::token::hexadecimal(&hash.finalize()))
    }
}
