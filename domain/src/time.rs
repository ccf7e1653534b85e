//! Moments and durations.

use jiff::tz::TimeZone;
pub use jiff::{SignedDuration, Timestamp};

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

/// The moment of a clock's time in Paris, like `2026-11-23T17:00`.
pub fn from_paris(text: &str) -> Result<Timestamp, jiff::Error> {
    let clock_time: jiff::civil::DateTime = text.parse()?;
    Ok(clock_time.to_zoned(PARIS.clone())?.timestamp())
}
