//! Texts of mandates: what both sides agree to, kept to the letter.

use sha2::{Digest, Sha256};

use crate::form::{FieldValue, Rule, Schema, present};
use crate::refusal::FieldCode;
use crate::token::hexadecimal;

/// A text that both sides agree to, never changed once it was shown: a new one has a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MandateText {
    pub version: &'static str,
    pub text: &'static str,
}

impl MandateText {
    /// The one that new offers show.
    pub const CURRENT: Self = Self { version: "2026-12", text: include_str!("text_2026_12.txt") };
    /// Every one that was ever shown: pages of past mandates show theirs.
    pub const ALL: [Self; 1] = [Self::CURRENT];

    /// The text of a version.
    #[must_use]
    pub fn find(version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|text| text.version == version)
    }

    /// Its SHA-256 in hexadecimal, which a mandate keeps with its acceptance.
    #[must_use]
    pub fn sha256(&self) -> String {
        hexadecimal(&Sha256::digest(self.text.as_bytes()))
    }
}

/// The version that the page showed: [`MandateText::CURRENT`], else the page is to be loaded anew.
impl FieldValue for MandateText {
    type Json = String;

    fn read(version: String) -> Result<Self, FieldCode> {
        let is_current = present(&version)? == Self::CURRENT.version;
        if is_current { Ok(Self::CURRENT) } else { Err(FieldCode::TextVersionUnknown) }
    }

    fn schema() -> Schema {
        Schema {
            name: "MandateText",
            description: "The version of the mandate's text that was shown.".to_owned(),
            rule: Rule::OneOf(vec![Self::CURRENT.version]),
        }
    }
}

/// Which text was shown, as a mandate keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownText {
    pub version: String,
    pub sha256: String,
}

impl ShownText {
    /// The text, to show it again. `None` when it is not the same to the letter.
    #[must_use]
    pub fn text(&self) -> Option<MandateText> {
        MandateText::find(&self.version).filter(|text| text.sha256() == self.sha256)
    }
}

impl From<MandateText> for ShownText {
    fn from(text: MandateText) -> Self {
        Self { version: text.version.to_owned(), sha256: text.sha256() }
    }
}
