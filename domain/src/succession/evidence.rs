//! What shows that somebody may take over, as agents write it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::FieldCode;
use crate::text;

/// Pieces of evidence of one proposal.
pub const EVIDENCE_PIECES_MAX: usize = 10;
/// The longest text of a piece of evidence, and of a refusal.
pub const STATEMENT_LENGTH_MAX: usize = 1_000;

/// What an agent wrote: 1 to 1,000 characters, several lines.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Statement(String);

impl Statement {
    /// Parses what was typed or pasted. Line ends become `\n`; invisible characters are dropped.
    ///
    /// # Errors
    /// `Required`, `TooLong`.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        let lines = text::lines(input);
        if text::is_blank(&lines) {
            return Err(FieldCode::Required);
        }
        if lines.chars().count() > STATEMENT_LENGTH_MAX {
            return Err(FieldCode::TooLong);
        }
        Ok(Self(lines))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn rule() -> TextRule {
        let (ink, line) = (text::ink_class(), text::class(|c| text::is_invisible(c) && !is_line(c)));
        TextRule {
            length_min: 1,
            length_max: Some(STATEMENT_LENGTH_MAX),
            pattern: Some(format!("^(?:{ink}|{ink}[^{line}]*{ink})$")),
            example: Some("Attestation de départ signée par l'employeur."),
            ..TextRule::default()
        }
    }
}

fn is_line(c: char) -> bool {
    matches!(c, '\n' | '\t')
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Statement(•••)")
    }
}

impl FieldValue for Statement {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "Statement",
            description: format!("1 to {STATEMENT_LENGTH_MAX} characters, on any number of lines."),
            rule: Rule::Text(Self::rule()),
        }
    }
}

/// What a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Of the employer.
    #[serde(rename = "letter")]
    SignedLetter,
    /// The register of companies.
    CompanyRegister,
    /// A contract of work or of service.
    Contract,
    /// A holder had named this person to take over.
    NamedSuccessor,
    /// The word of a member of the establishment.
    MemberWord,
    /// The word of an accountant with a mandate.
    CabinetWord,
    /// What the agency knows by itself.
    AgencyKnowledge,
}

impl EvidenceKind {
    pub const ALL: [Self; 7] = [
        Self::SignedLetter,
        Self::CompanyRegister,
        Self::Contract,
        Self::NamedSuccessor,
        Self::MemberWord,
        Self::CabinetWord,
        Self::AgencyKnowledge,
    ];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedLetter => "letter",
            Self::CompanyRegister => "company-register",
            Self::Contract => "contract",
            Self::NamedSuccessor => "named-successor",
            Self::MemberWord => "member-word",
            Self::CabinetWord => "cabinet-word",
            Self::AgencyKnowledge => "agency-knowledge",
        }
    }

    /// Reads the name on the wire.
    ///
    /// # Errors
    /// `EvidenceUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(FieldCode::EvidenceUnknown)
    }
}

/// A piece of evidence, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub kind: EvidenceKind,
    pub text: Statement,
}

/// The pieces of evidence of a proposal: one to [`EVIDENCE_PIECES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceList(pub Vec<Evidence>);

/// A piece of evidence on the wire.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceJson {
    kind: String,
    text: String,
}

impl FieldValue for EvidenceList {
    type Json = Vec<EvidenceJson>;

    fn read(pieces: Vec<EvidenceJson>) -> Result<Self, FieldCode> {
        if pieces.is_empty() {
            return Err(FieldCode::Required);
        }
        if pieces.len() > EVIDENCE_PIECES_MAX {
            return Err(FieldCode::TooLong);
        }
        let read = |piece: EvidenceJson| {
            Ok(Evidence { kind: EvidenceKind::parse(&piece.kind)?, text: Statement::parse(&piece.text)? })
        };
        pieces.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    fn schema() -> Schema {
        let kinds = EvidenceKind::ALL.map(EvidenceKind::as_str).to_vec();
        Schema {
            name: "EvidenceList",
            description: format!("1 to {EVIDENCE_PIECES_MAX} pieces of evidence, each with what it says."),
            rule: Rule::Objects {
                members: vec![("kind", Rule::OneOf(kinds)), ("text", Rule::Text(Statement::rule()))],
                length_max: EVIDENCE_PIECES_MAX,
            },
        }
    }
}
