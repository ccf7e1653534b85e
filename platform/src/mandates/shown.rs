//! A mandate on the wire: the same in the list of mandates and in the person's space.

use domain::mandate::MandateState;
use domain::time::Timestamp;
use domain::{Mandate, Scopes, Side, Siret};
use serde::Serialize;
use utoipa::ToSchema;

use super::{HeldMandate, MandatePage};
use crate::form::schema::{self, Schema};

/// A mandate, as one of its two establishments sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownMandate {
    /// What it is named by, for both.
    #[schema(example = "73282932000074-55208131766522-0123456789abcdef")]
    pub mandate: String,
    /// Whether one's own establishment is acted for, or acts.
    #[serde(rename = "as")]
    #[schema(schema_with = schema::inline::<Side>)]
    pub side: &'static str,
    /// Of the other establishment.
    pub siret: String,
    /// Of the other establishment, as it was called when the mandate was offered.
    pub name: String,
    #[schema(schema_with = schema::inline::<Scopes>)]
    pub scopes: Vec<&'static str>,
    /// The first day in Paris.
    #[schema(format = Date)]
    pub from: String,
    /// The last day in Paris.
    #[schema(format = Date)]
    pub until: String,
    /// Computed when it is read.
    #[schema(schema_with = state_schema)]
    pub state: &'static str,
    /// The other side accepts or declines.
    #[schema(schema_with = schema::inline::<Side>)]
    pub offered_by: &'static str,
}

impl ShownMandate {
    /// As the establishment sees it; none of a mandate that is not its own.
    #[must_use]
    pub fn of(siret: &Siret, held: &HeldMandate, state: MandateState) -> Option<Self> {
        let Mandate { scopes, term, offered_by, .. } = &held.mandate;
        let side = held.mandate.side_of(siret)?;
        Some(Self {
            mandate: held.name().to_string(),
            side: side.as_str(),
            siret: held.mandate.siret_of(side.other()).to_string(),
            name: held.name_of(side.other()).as_str().to_owned(),
            scopes: scopes.names(),
            from: term.from().to_string(),
            until: term.until().to_string(),
            state: state.as_str(),
            offered_by: offered_by.as_str(),
        })
    }

    /// Those of a page, as the establishment in whose list they are sees them.
    #[must_use]
    pub fn all(siret: &Siret, page: &MandatePage, now: Timestamp) -> Vec<Self> {
        page.mandates.iter().filter_map(|held| Self::of(siret, held, page.state_of(held, now))).collect()
    }
}

fn state_schema() -> Schema {
    schema::one_of(MandateState::ALL.map(MandateState::as_str))
}
