//! Moments, durations and days.

use jiff::tz::TimeZone;
pub use jiff::{SignedDuration, Timestamp, civil::Date};

#[must_use]
pub const fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// The sum of a moment and a duration; saturates at the end of the calendar.
#[must_use]
pub fn after(moment: Timestamp, span: SignedDuration) -> Timestamp {
    moment.saturating_add(span).unwrap_or(Timestamp::MAX)
}

static PARIS: TimeZone = jiff::tz::get!("Europe/Paris");

/// The moment on a clock in Paris.
#[must_use]
pub fn in_paris(moment: Timestamp) -> jiff::Zoned {
    moment.to_zoned(PARIS.clone())
}

/// The day on a calendar in Paris.
#[must_use]
pub fn paris_day(moment: Timestamp) -> Date {
    in_paris(moment).date()
}

/// The first moment of a day in Paris; saturates at the end of the calendar.
#[must_use]
pub fn start_of(day: Date) -> Timestamp {
    day.to_zoned(PARIS.clone()).map_or(Timestamp::MAX, |start| start.timestamp())
}

/// The first moment in Paris after a day; saturates at the end of the calendar.
#[must_use]
pub fn end_of(day: Date) -> Timestamp {
    day.tomorrow().map_or(Timestamp::MAX, start_of)
}

/// The day on a calendar in UTC.
#[must_use]
pub fn utc_day(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

/// The first moment of a day in UTC; saturates at the end of the calendar.
#[must_use]
pub fn start_of_utc(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |start| start.timestamp())
}

/// Reads a day as RFC 3339 prints it, `2026-11-23`, and nothing else.
#[must_use]
pub fn parse_day(printed: &str) -> Option<Date> {
    // `jiff` also takes other forms of ISO 8601, and drops a time of day.
    printed.parse().ok().filter(|day: &Date| day.year() >= 0 && day.to_string() == printed)
}

/// The moment of a clock's time in Paris, like `2026-11-23T17:00`.
pub fn from_paris(text: &str) -> Result<Timestamp, jiff::Error> {
    let clock_time: jiff::civil::DateTime = text.parse()?;
    Ok(clock_time.to_zoned(PARIS.clone())?.timestamp())
}
