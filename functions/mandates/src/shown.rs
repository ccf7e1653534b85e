//! The answers: mandates as one of their sides sees them, results of a batch, what somebody may do.

use std::collections::HashMap;

use domain::authority::{self, Through};
use domain::mandate::MandateState;
use domain::time::Timestamp;
use domain::{MandateText, Scopes, Siret};
use platform::form::schema::{self, Schema};
use platform::mandates::{HeldMandate, MandatePage, Offered, ShownMandate};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder};

use crate::asked::ClientList;

/// A page of mandates.
#[derive(Debug, Serialize, ToSchema)]
pub struct MandateList {
    pub mandates: Vec<ShownMandate>,
    /// What to ask the next page with (`after`), if there is one.
    pub next: Option<String>,
}

impl MandateList {
    #[must_use]
    pub fn of(siret: &Siret, page: &MandatePage, now: Timestamp) -> Self {
        Self { mandates: ShownMandate::all(siret, page, now), next: page.next.clone() }
    }
}

/// A mandate with its text, and what became of it when.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeMandate {
    #[serde(flatten)]
    pub shown: ShownMandate,
    /// Of the text that both sides were shown.
    pub text_version: String,
    /// None when the text of that version is not the same to the letter any more.
    pub text: Option<&'static str>,
    /// In hexadecimal, as the mandate keeps it.
    pub text_sha256: String,
    #[schema(format = DateTime)]
    pub offered_at: String,
    #[schema(format = DateTime)]
    pub accepted_at: Option<String>,
    #[schema(format = DateTime)]
    pub declined_at: Option<String>,
    /// By somebody: a last day or a closing leaves no mark.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// When the cabinet first acted by it.
    #[schema(format = DateTime)]
    pub first_used_at: Option<String>,
}

impl WholeMandate {
    /// As [`ShownMandate::of`].
    #[must_use]
    pub fn of(siret: &Siret, held: &HeldMandate, state: MandateState) -> Option<Self> {
        let mandate = &held.mandate;
        let printed = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string());
        Some(Self {
            shown: ShownMandate::of(siret, held, state)?,
            text_version: mandate.shown.version.clone(),
            text: mandate.shown.text().map(|shown| shown.text),
            text_sha256: mandate.shown.sha256.clone(),
            offered_at: mandate.offered_at.to_string(),
            accepted_at: printed(mandate.accepted_at),
            declined_at: printed(mandate.declined_at),
            ended_at: printed(mandate.ended_at),
            first_used_at: printed(mandate.first_used_at),
        })
    }
}

/// The text of new mandates.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurrentText {
    /// What an offer names it by (`text_version`).
    pub version: &'static str,
    /// French, in paragraphs.
    pub text: &'static str,
    /// In hexadecimal.
    pub sha256: String,
}

impl CurrentText {
    /// The one that an offer shows now.
    #[must_use]
    pub fn now() -> Self {
        let MandateText { version, text } = MandateText::CURRENT;
        Self { version, text, sha256: MandateText::CURRENT.sha256() }
    }
}

/// The offer stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct MandateOffered {
    /// What it is named by, for both.
    #[schema(example = "73282932000074-55208131766522-0123456789abcdef")]
    pub mandate: String,
}

/// What became of each line of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchOffered {
    /// In the order of the lines.
    pub results: Vec<LineOffered>,
}

/// What became of one line.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineOffered {
    /// Its number in the list, from 1.
    pub line: usize,
    /// The 14 digits, if it has them.
    pub siret: Option<String>,
    pub result: LineResult,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LineResult {
    /// It stands, now or since an earlier request.
    Offered,
    /// A mandate is in force, or another offer waits for its answer.
    AlreadyActive,
    /// The establishment has no space here.
    UnknownHere,
    /// No SIRET, or the cabinet's own.
    Invalid,
}

impl LineResult {
    fn of(offered: &Offered) -> Self {
        match offered {
            Offered::Offered(_) => Self::Offered,
            Offered::AlreadyActive | Offered::InTheWay => Self::AlreadyActive,
            Offered::Unknown => Self::UnknownHere,
        }
    }
}

impl BatchOffered {
    /// `offered` has what became of each of `others`, in their order.
    #[must_use]
    pub fn of(list: &ClientList, others: &[Siret], offered: &[Offered]) -> Self {
        let known: HashMap<&Siret, LineResult> =
            others.iter().zip(offered.iter().map(LineResult::of)).collect();
        let result = |(line, siret): (usize, Option<&Siret>)| LineOffered {
            line,
            siret: siret.map(Siret::to_string),
            result: siret.and_then(|siret| known.get(siret).copied()).unwrap_or(LineResult::Invalid),
        };
        Self { results: list.lines().map(result).collect() }
    }
}

/// What somebody may do for an establishment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Access {
    /// The 14 digits.
    pub siret: String,
    /// At least one of these.
    #[schema(schema_with = may_schema)]
    pub may: Vec<&'static str>,
    /// Their own membership, or a mandate of a cabinet of theirs.
    #[schema(schema_with = through_schema)]
    pub through: &'static str,
}

impl Access {
    #[must_use]
    pub fn of(siret: &Siret, access: &authority::Access) -> Self {
        Self { siret: siret.to_string(), may: access.may(), through: access.through.as_str() }
    }
}

fn through_schema() -> Schema {
    schema::one_of([Through::Member, Through::Mandate].map(Through::as_str))
}

fn may_schema() -> Array {
    let every = authority::Access { scopes: Scopes::all(), manages: true, through: Through::Member };
    ArrayBuilder::new().items(schema::one_of(every.may())).build()
}
