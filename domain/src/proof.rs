//! Proofs of work: actions and validity.

use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::{FieldCode, Refusal};

/// Validity of a challenge.
pub const PROOF_VALID_MINUTES: i64 = 20;

/// The action of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Ask whether an establishment has an account.
    CheckSiret,
    /// Apply for an account.
    CreateAccount,
    /// Get an identifier or a password link by mail.
    Recover,
    /// Send a request for assistance.
    SubmitTicket,
    /// Log in after failed attempts.
    Session,
}

impl Action {
    pub const ALL: [Self; 5] =
        [Self::CheckSiret, Self::CreateAccount, Self::Recover, Self::SubmitTicket, Self::Session];

    /// The name on the wire, signed into the challenge.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckSiret => "check-siret",
            Self::CreateAccount => "create-account",
            Self::Recover => "recover",
            Self::SubmitTicket => "submit-ticket",
            Self::Session => "session",
        }
    }

    /// Reads an action's name.
    ///
    /// # Errors
    /// `ActionUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|action| action.as_str() == name).ok_or(FieldCode::ActionUnknown)
    }
}

impl FieldValue for Action {
    type Json = String;

    fn read(name: String) -> Result<Self, FieldCode> {
        Self::parse(present(&name)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "Action",
            description: "The one action that a proof serves.".to_owned(),
            rule: Rule::OneOf(Self::ALL.map(Self::as_str).to_vec()),
        }
    }
}

/// An unverified proof, in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedProof(String);

impl EncodedProof {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Any text: `platform::proofs` verifies it.
impl FieldValue for EncodedProof {
    type Json = String;

    fn read(encoded: String) -> Result<Self, FieldCode> {
        present(&encoded)?;
        Ok(Self(encoded))
    }

    fn schema() -> Schema {
        Schema {
            name: "Proof",
            description: "The payload that an ALTCHA widget makes of a challenge.".to_owned(),
            rule: Rule::Text(TextRule {
                length_min: 1,
                pattern: Some("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:[A-Za-z0-9+/]=|==))?$".to_owned()),
                format: Some("altcha"),
                ..TextRule::default()
            }),
        }
    }
}

/// The answer of a repetition. Refuses another request with the same proof.
///
/// # Errors
/// `ProofAlreadyUsed` when the bodies differ.
pub fn same_request<T>(asked: &str, answered: &str, answer: T) -> Result<T, Refusal> {
    if asked == answered { Ok(answer) } else { Err(Refusal::ProofAlreadyUsed) }
}
