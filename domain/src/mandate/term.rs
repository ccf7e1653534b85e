//! The term of a mandate: its days in Paris.

use jiff::ToSpan;

use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::{FieldCode, FieldError};
use crate::time::{Date, Timestamp, end_of, paris_day, parse_day};

/// The longest mandate, in years from its first day (contract).
pub const MANDATE_YEARS_MAX: i64 = 1;
/// How far ahead a mandate begins at most, in years from today.
pub const MANDATE_AHEAD_YEARS_MAX: i64 = 1;
/// Characters of a day on the wire.
const DAY_LENGTH: usize = 10;

/// A day on a calendar in Paris, as `2026-11-23`.
impl FieldValue for Date {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        parse_day(present(&typed)?.trim()).ok_or(FieldCode::DateFormat)
    }

    fn schema() -> Schema {
        Schema {
            name: "Date",
            description: "A day on a calendar in Paris (RFC 3339, `full-date`).".to_owned(),
            rule: Rule::Text(TextRule {
                length_min: DAY_LENGTH,
                length_max: Some(DAY_LENGTH),
                pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$".to_owned()),
                format: Some("date"),
                example: Some("2026-11-23"),
            }),
        }
    }
}

/// The days of a mandate in Paris, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Term {
    from: Date,
    until: Date,
}

impl Term {
    /// The term of a mandate that is offered `today`. It may begin before: nothing is allowed before the
    /// acceptance.
    ///
    /// # Errors
    /// On `from`, `DateTooFar` over [`MANDATE_AHEAD_YEARS_MAX`] ahead. On `until`, `DateOrder` before `from`,
    /// `TermTooLong` over [`MANDATE_YEARS_MAX`] after it, `DatePast` before today.
    pub fn offered(from: Date, until: Date, today: Date) -> Result<Self, FieldError> {
        if from > today.saturating_add(MANDATE_AHEAD_YEARS_MAX.years()) {
            return Err(FieldError { field: "from", code: FieldCode::DateTooFar });
        }
        let of_until = |code| FieldError { field: "until", code };
        let term = Self::new(from, until).map_err(of_until)?;
        if until < today { Err(of_until(FieldCode::DatePast)) } else { Ok(term) }
    }

    /// The term of two days, whatever day it is.
    ///
    /// # Errors
    /// `DateOrder`, `TermTooLong`.
    pub fn new(from: Date, until: Date) -> Result<Self, FieldCode> {
        if until < from {
            return Err(FieldCode::DateOrder);
        }
        // A year after 29 February is 28 February.
        if until > from.saturating_add(MANDATE_YEARS_MAX.years()) {
            return Err(FieldCode::TermTooLong);
        }
        Ok(Self { from, until })
    }

    /// The first day.
    #[must_use]
    pub fn from(self) -> Date {
        self.from
    }

    /// The last day.
    #[must_use]
    pub fn until(self) -> Date {
        self.until
    }

    /// The first moment after it.
    #[must_use]
    pub fn ends_at(self) -> Timestamp {
        end_of(self.until)
    }

    #[must_use]
    pub fn has(self, moment: Timestamp) -> bool {
        (self.from..=self.until).contains(&paris_day(moment))
    }

    /// Whether a day is in both.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.from <= other.until && other.from <= self.until
    }
}
