//! Tests of moments: a clock in Paris, and back.

use domain::time::{Timestamp, from_paris, in_paris};

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
