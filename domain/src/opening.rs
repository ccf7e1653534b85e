//! Openings of an establishment's space: what was given in one gives nothing in the next.

use std::collections::BTreeMap;
use std::fmt;

use crate::siret::Siret;

/// The number of an opening of an establishment's space. The establishment's row holds it for good, also
/// while the space is closed; the write that closes the space raises it. Members, invitations and mandates
/// carry the one in which they were made and give nothing in another, so that closing touches no row of
/// theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opening(pub u64);

impl Opening {
    /// Of a space that was never closed, and of one that was never opened.
    pub const FIRST: Self = Self(1);

    /// The one that a closing leads to: nobody is a member in it before the SIRET is activated anew.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The openings of establishments, as their rows say when a right is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Openings(BTreeMap<Siret, Opening>);

impl Openings {
    /// Whether a space is still in an opening. One whose row was not read is in none.
    #[must_use]
    pub fn is_current(&self, siret: &Siret, opening: Opening) -> bool {
        self.0.get(siret) == Some(&opening)
    }
}

impl FromIterator<(Siret, Opening)> for Openings {
    fn from_iter<I: IntoIterator<Item = (Siret, Opening)>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}
