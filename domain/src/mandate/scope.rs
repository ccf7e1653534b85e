//! Scopes: what a cabinet may do for an establishment.

use std::fmt;

use crate::as_text::as_text;
use crate::form::{FieldValue, Rule, Schema};
use crate::refusal::FieldCode;

/// A kind of act for an establishment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// See the file.
    Read,
    /// «Demandes d'autorisation».
    Declare,
    /// «Demandes d'indemnisation».
    Indemnify,
}

impl Scope {
    /// In the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Read, Self::Declare, Self::Indemnify];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Declare => "declare",
            Self::Indemnify => "indemnify",
        }
    }

    /// What it lets somebody do, in French.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Read => "consulter le dossier",
            Self::Declare => "déposer les demandes d'autorisation",
            Self::Indemnify => "déposer les demandes d'indemnisation",
        }
    }

    /// Reads the name on the wire.
    ///
    /// # Errors
    /// `ScopeUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or(FieldCode::ScopeUnknown)
    }

    fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Declare => 2,
            Self::Indemnify => 4,
        }
    }
}

/// A set of scopes. None includes another: who may declare may not read, unless that is given too.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    #[must_use]
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |&scope| self.has(scope))
    }

    /// The names on the wire, in order.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Scope::as_str).collect()
    }

    /// Parses a printed set that is not empty.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        let scopes: Self = printed.split(',').map(|name| Scope::parse(name).ok()).collect::<Option<_>>()?;
        (scopes.to_string() == printed).then_some(scopes)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, |set, scope| Self(set.0 | scope.bit()))
    }
}

/// As the table holds it: `read,declare`.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

as_text!(Scopes, Scopes::parse);

/// At least one; a scope that is named twice counts once.
impl FieldValue for Scopes {
    type Json = Vec<String>;

    fn read(names: Vec<String>) -> Result<Self, FieldCode> {
        let scopes: Self = names.iter().map(|name| Scope::parse(name)).collect::<Result<_, _>>()?;
        if scopes.is_empty() { Err(FieldCode::Required) } else { Ok(scopes) }
    }

    fn schema() -> Schema {
        Schema {
            name: "Scopes",
            description: "What the cabinet may do for the establishment.".to_owned(),
            rule: Rule::SomeOf(Scope::ALL.map(Scope::as_str).to_vec()),
        }
    }
}
