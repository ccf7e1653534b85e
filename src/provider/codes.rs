//! What the provider remembers: codes, until they are used, and access tokens.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::time::Timestamp;

/// Codes and tokens at once; beyond that no login begins until some are over.
const ENTRIES_MAX: usize = 1_000;

/// Whom a code or an access token stands for.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) sub: String,
    pub(super) nonce: Option<String>,
    /// Of PKCE.
    pub(super) challenge: String,
    pub(super) until: Timestamp,
}

#[derive(Default)]
pub(super) struct Codes(Mutex<BTreeMap<String, Entry>>);

impl Codes {
    pub(super) fn put(&self, code: String, entry: Entry, now: Timestamp) {
        let mut entries = self.lock();
        entries.retain(|_, entry| entry.until > now);
        if entries.len() < ENTRIES_MAX {
            entries.insert(code, entry);
        }
    }

    /// Takes a code out: it serves once.
    pub(super) fn take(&self, code: &str, now: Timestamp) -> Option<Entry> {
        self.lock().remove(code).filter(|entry| entry.until > now)
    }

    pub(super) fn find(&self, token: &str, now: Timestamp) -> Option<Entry> {
        self.lock().get(token).filter(|entry| entry.until > now).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
