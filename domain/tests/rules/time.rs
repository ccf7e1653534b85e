//! Tests of moments: a clock and a calendar in Paris, and back.

use domain::time::{
    Date, Timestamp, end_of, from_paris, in_paris, paris_day, parse_day, start_of, start_of_utc, utc_day,
};

#[test]
fn a_clock_in_paris_is_one_hour_ahead_in_winter_and_two_in_summer() {
    for (clock, moment) in [
        ("2026-11-23T17:00", "2026-11-23T16:00:00Z"),
        ("2026-07-01T17:00", "2026-07-01T15:00:00Z"),
        ("2026-12-31T23:59:59", "2026-12-31T22:59:59Z"),
    ] {
        let moment: Timestamp = moment.parse().unwrap();
        assert_eq!(from_paris(clock).unwrap(), moment, "{clock}");
        assert_eq!(in_paris(moment).datetime(), clock.parse().unwrap(), "{clock}");
    }
}

#[test]
fn a_clock_time_that_does_not_exist_or_comes_twice_is_one_moment_all_the_same() {
    // On 29 March 2026 two o'clock is three o'clock at once; on 25 October it is two o'clock again at three.
    assert_eq!(from_paris("2026-03-29T02:30").unwrap(), "2026-03-29T01:30:00Z".parse().unwrap());
    assert_eq!(from_paris("2026-10-25T02:30").unwrap(), "2026-10-25T00:30:00Z".parse().unwrap());
}

#[test]
fn what_is_no_clock_time_is_an_error() {
    for text in ["", "17:00", "2026-11-31T17:00", "2026-11-23T25:00", "23/11/2026 17:00", "demain"] {
        assert!(from_paris(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_day_in_paris_begins_and_ends_at_its_own_midnight() {
    for (day, start, end) in [
        ("2026-11-23", "2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z"),
        // The days when clocks change have 23 and 25 hours.
        ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
    ] {
        let (day, start, end): (Date, Timestamp, Timestamp) =
            (day.parse().unwrap(), start.parse().unwrap(), end.parse().unwrap());
        assert_eq!((start_of(day), end_of(day)), (start, end), "{day}");
        assert_eq!(paris_day(start), day);
        assert_eq!(paris_day(end), day.tomorrow().unwrap());
    }
    assert_eq!(end_of(Date::MAX), Timestamp::MAX);
}

#[test]
fn a_day_in_utc_begins_at_midnight_and_has_24_hours() {
    for (moment, day) in [
        ("2027-11-26T23:59:59.9Z", "2027-11-26"),
        ("2027-11-27T00:00:00Z", "2027-11-27"),
        ("2027-03-28T23:30:00Z", "2027-03-28"),
    ] {
        let (moment, day): (Timestamp, Date) = (moment.parse().unwrap(), day.parse().unwrap());
        assert_eq!(utc_day(moment), day, "{moment}");
        let start = start_of_utc(day);
        assert!(start <= moment && start.to_string() == format!("{day}T00:00:00Z"), "{start}");
    }
    assert_eq!(utc_day(Timestamp::UNIX_EPOCH).to_string(), "1970-01-01");
}

#[test]
fn a_day_is_read_in_one_form_alone() {
    assert_eq!(parse_day("2026-11-23"), Some("2026-11-23".parse().unwrap()));
    assert_eq!(parse_day("2028-02-29"), Some("2028-02-29".parse().unwrap()));
    for text in [
        "",
        "2026-11-31",
        "2027-02-29",
        "20261123",
        "2026-11-23T10:00",
        "2026-11-23T10:00:00+01:00",
        " 2026-11-23",
        "2026-11-23 ",
        "26-11-23",
        "23/11/2026",
        "2026-W48-1",
        "+002026-11-23",
        "-000001-01-01",
        "2026-1-1",
    ] {
        assert_eq!(parse_day(text), None, "{text:?}");
    }
}
