//! What a request asks for: query parameters, and fields that only these forms have.

use domain::form::{FieldValue, Rule, Schema, TextRule, present};
use domain::name::NAME_LENGTH_MAX;
use domain::siret_list::{self, ListError, ListLine};
use domain::{FieldCode, MandateText, Refusal, Side, Siret};
use platform::form::FieldErrors;
use platform::http::{self, Request};
use platform::mandates::OFFERS_AT_ONCE_MAX;

/// The longest text that is searched for: no name is longer.
pub const SEARCH_LENGTH_MAX: usize = NAME_LENGTH_MAX;
/// The longest cursor: none that was handed out is.
pub const CURSOR_LENGTH_MAX: usize = 128;

/// Which mandates a list is asked for.
pub struct Asked {
    pub siret: Siret,
    pub side: Option<Side>,
    /// The beginning of the other's SIRET, or a part of its name; empty for all.
    pub search: String,
    /// The cursor, as a page gave it (`next`).
    pub after: Option<String>,
}

impl Asked {
    /// Reads the query.
    ///
    /// # Errors
    /// `InvalidForm` with every wrong parameter.
    pub fn read(request: &Request) -> Result<Self, Refusal> {
        let mut errors = FieldErrors::default();
        let siret = siret(request).map_err(|code| errors.note("siret", code)).ok();
        let side = http::query(request, "as").filter(|name| !name.is_empty()).map(Side::parse).transpose();
        let side = side.map_err(|code| errors.note("as", code)).ok();
        let search = http::query_text(request, "search").unwrap_or_default().trim().to_owned();
        if search.chars().count() > SEARCH_LENGTH_MAX {
            errors.note("search", FieldCode::TooLong);
        }
        // One that was not handed out is no fault: the list begins anew.
        let after = http::query_text(request, "after").filter(|after| after.len() <= CURSOR_LENGTH_MAX);
        match (siret, side) {
            (Some(siret), Some(side)) if errors.is_empty() => Ok(Self { siret, side, search, after }),
            _ => Err(errors.refusal()),
        }
    }
}

/// The establishment that a query names.
///
/// # Errors
/// `Required`, or what is wrong with it.
pub fn siret(request: &Request) -> Result<Siret, FieldCode> {
    Siret::read(http::query_text(request, "siret").unwrap_or_default())
}

/// A list of clients, with a result for each line: at most [`OFFERS_AT_ONCE_MAX`], besides a header.
#[derive(Debug)]
pub struct ClientList(Vec<ListLine>);

impl ClientList {
    /// Every line, with its SIRET if it has one; a repeated one has that of the line that it repeats.
    pub fn lines(&self) -> impl Iterator<Item = (usize, Option<&Siret>)> {
        self.0.iter().map(|line| (line.number, self.siret_of(line)))
    }

    fn siret_of<'a>(&'a self, line: &'a ListLine) -> Option<&'a Siret> {
        match &line.siret {
            Ok(siret) => Some(siret),
            Err(ListError::Invalid(_)) => None,
            Err(ListError::Duplicate { first }) => {
                let earlier = self.0.iter().find(|line| line.number == *first);
                earlier.and_then(|line| line.siret.as_ref().ok())
            }
        }
    }

    /// The establishments of the list, each once, without the cabinet itself.
    #[must_use]
    pub fn others(&self, cabinet: &Siret) -> Vec<Siret> {
        let sirets = self.0.iter().filter_map(|line| line.siret.as_ref().ok());
        sirets.filter(|siret| *siret != cabinet).cloned().collect()
    }
}

impl FieldValue for ClientList {
    type Json = String;

    fn read(list: String) -> Result<Self, FieldCode> {
        let lines = siret_list::parse(present(&list)?.as_bytes())?;
        if lines.len() > OFFERS_AT_ONCE_MAX { Err(FieldCode::TooLong) } else { Ok(Self(lines)) }
    }

    fn schema() -> Schema {
        Schema {
            name: "ClientList",
            description: format!(
                "Lines with a SIRET, as a spreadsheet saves them (CSV): a header or none, then at most \
                 {OFFERS_AT_ONCE_MAX}."
            ),
            rule: Rule::Text(TextRule {
                length_min: 1,
                format: Some("siret-list"),
                example: Some("SIRET;Nom\n732 829 320 00074;Boulangerie du Marché"),
                ..TextRule::default()
            }),
        }
    }
}

/// The version of a mandate's text, present or past.
#[derive(Debug)]
pub struct ShownVersion(&'static str);

impl ShownVersion {
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0
    }
}

impl FieldValue for ShownVersion {
    type Json = String;

    fn read(version: String) -> Result<Self, FieldCode> {
        let text = MandateText::find(present(&version)?).ok_or(FieldCode::TextVersionUnknown)?;
        Ok(Self(text.version))
    }

    fn schema() -> Schema {
        Schema {
            name: "ShownVersion",
            description: "The version of the text of a mandate that was offered.".to_owned(),
            rule: Rule::OneOf(MandateText::ALL.map(|text| text.version).to_vec()),
        }
    }
}
