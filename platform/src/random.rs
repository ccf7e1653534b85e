//! Random bytes. Injected, so that a simulation draws every choice from one seed.

use std::fmt;
use std::sync::Arc;

/// A source of random bytes.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Random {
    /// The operating system's source.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|bytes| {
            // A predictable token is worse than none.
            if getrandom::fill(bytes).is_err() {
                std::process::abort();
            }
        })
    }

    /// Any other source.
    #[must_use]
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A number below a bound, which is at least 1. The bias of the remainder is below 1 in 2³².
    #[must_use]
    pub fn below(&self, bound: u32) -> u32 {
        let drawn = u64::from_le_bytes(self.bytes()) % u64::from(bound.max(1));
        u32::try_from(drawn).unwrap_or(0)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}
