//! The crowd: who comes when, what each does, and what they do when refused or kept waiting.

/// People of whom so many are there at once in the last hour of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crowd {
    pub people: f64,
    pub at_once: f64,
}

/// The crowd that the command and its documents speak of.
pub const DEFAULT: Crowd = Crowd { people: 4_000_000.0, at_once: 150_000.0 };

/// Shares of the day's 23 other hours: a working day that ends in a deadline.
const HOURS: [u32; 23] = [1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 10, 13, 14, 14, 13, 12, 12, 13, 14, 16, 20];
const HOUR_SECONDS: f64 = 3_600.0;
/// The day's end, and the deadline.
pub const DAY_SECONDS: f64 = 24.0 * HOUR_SECONDS;
/// From the beginning of the last hour until all are there who will be.
const ARRIVAL_SECONDS: f64 = 900.0;

/// From SES to a mailbox that is open.
pub const DELIVERY_SECONDS: f64 = 5.0;
/// After which half of those who wait for a mail ask for another one.
pub const IMPATIENT_SECONDS: f64 = 300.0;
/// After which who waits for a mail leaves.
pub const PATIENT_SECONDS: f64 = 1_800.0;

/// What comes of an answered step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mail {
    /// By the lane of links; the person goes on once it is there.
    Awaited,
    /// By the lane of links; nobody waits.
    Link,
    /// By the agency's lane, to the person.
    Receipt,
    /// By the agency's lane, to the agency.
    AgencyCopy,
}

/// One request of a journey.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub route: &'static str,
    /// Reading and typing before it, in seconds.
    pub think_s: f64,
    pub mails: &'static [Mail],
}

/// What somebody came for.
#[derive(Debug, Clone, Copy)]
pub struct Journey {
    pub name: &'static str,
    /// Of those who come.
    pub percent: u32,
    pub steps: &'static [Step],
}

const fn step(route: &'static str, think_s: f64) -> Step {
    Step { route, think_s, mails: &[] }
}

const fn mailing(route: &'static str, think_s: f64, mails: &'static [Mail]) -> Step {
    Step { route, think_s, mails }
}

const CHALLENGE: &str = "GET /api/challenge";
const WHO_AM_I: &str = "GET /api/session";
const LOGIN: &str = "POST /api/session";
const SET_PASSWORD: &str = "POST /api/set-password";
const LINK: &str = "POST /api/link";
const RECOVER: &str = "POST /api/recover/password";

/// Assumptions, all of them: shares and thinking times. Notices are not there, since CloudFront keeps them
/// for 30 seconds.
pub const JOURNEYS: [Journey; 6] = [
    Journey {
        name: "opens an account",
        percent: 40,
        steps: &[
            step(WHO_AM_I, 0.0),
            step(CHALLENGE, 1.0),
            step("POST /api/check-siret", 25.0),
            step(CHALLENGE, 1.0),
            mailing("POST /api/create-account", 180.0, &[Mail::Awaited]),
            step(LINK, 30.0),
            mailing(SET_PASSWORD, 45.0, &[Mail::Link]),
            step(WHO_AM_I, 2.0),
            step(WHO_AM_I, 120.0),
        ],
    },
    Journey {
        name: "has no password",
        percent: 20,
        steps: &[
            step(WHO_AM_I, 0.0),
            step(CHALLENGE, 1.0),
            mailing(RECOVER, 25.0, &[Mail::Awaited]),
            step(LINK, 30.0),
            mailing(SET_PASSWORD, 45.0, &[Mail::Link]),
            step(LOGIN, 20.0),
            step(WHO_AM_I, 1.0),
            step(WHO_AM_I, 120.0),
        ],
    },
    Journey {
        name: "has no identifier",
        percent: 10,
        steps: &[
            step(WHO_AM_I, 0.0),
            step(CHALLENGE, 1.0),
            mailing("POST /api/recover/identifier", 40.0, &[Mail::Awaited]),
            step(LOGIN, 40.0),
            step(WHO_AM_I, 1.0),
            step(WHO_AM_I, 120.0),
        ],
    },
    Journey {
        name: "logs in",
        percent: 25,
        steps: &[step(WHO_AM_I, 0.0), step(LOGIN, 20.0), step(WHO_AM_I, 1.0), step(WHO_AM_I, 120.0)],
    },
    Journey {
        name: "asks for assistance",
        percent: 5,
        steps: &[
            step(CHALLENGE, 1.0),
            mailing("POST /api/submit-ticket", 240.0, &[Mail::Receipt, Mail::AgencyCopy]),
        ],
    },
    AGAIN,
];

/// Somebody who waits for a mail asks for it once more; counted as no person of its own.
const AGAIN: Journey = Journey {
    name: "asks again",
    percent: 0,
    steps: &[step(CHALLENGE, 1.0), mailing(RECOVER, 5.0, &[Mail::Link])],
};

/// The journey's place among [`JOURNEYS`] of who asks again.
pub const AGAIN_RANK: usize = JOURNEYS.len() - 1;

impl Journey {
    /// From the first request to the end when nothing is in the way, in seconds.
    pub fn stay_s(&self) -> f64 {
        let awaited = self.steps.iter().filter(|step| step.mails.contains(&Mail::Awaited)).count();
        self.steps.iter().map(|step| step.think_s).sum::<f64>() + awaited as f64 * DELIVERY_SECONDS
    }
}

/// The mean over those who come.
fn mean(of: impl Fn(&Journey) -> f64) -> f64 {
    JOURNEYS.iter().map(|journey| f64::from(journey.percent) / 100.0 * of(journey)).sum()
}

/// Seconds that a person is there.
pub fn stay_s() -> f64 {
    mean(Journey::stay_s)
}

/// Requests that a person makes.
pub fn requests() -> f64 {
    mean(|journey| journey.steps.len() as f64)
}

impl Crowd {
    /// A crowd of which so many come each second of the last hour, in a day of a usual shape.
    pub fn of_rate(people_a_second: f64) -> Self {
        let at_once = people_a_second * stay_s();
        Self { people: at_once * DEFAULT.people / DEFAULT.at_once, at_once }
    }

    /// The same shape, larger or smaller.
    pub fn times(self, factor: f64) -> Self {
        Self { people: self.people * factor, at_once: self.at_once * factor }
    }

    /// People who come each second of the last hour, once all are there.
    pub fn rush_rate(self) -> f64 {
        self.at_once / stay_s()
    }

    fn in_last_hour(self) -> f64 {
        self.rush_rate() * (HOUR_SECONDS - ARRIVAL_SECONDS / 2.0)
    }

    /// People who come each second, at a second of the day.
    pub fn rate(self, second: f64) -> f64 {
        let rest = (self.people - self.in_last_hour()).max(0.0) / f64::from(HOURS.iter().sum::<u32>());
        let hourly =
            |hour: usize| HOURS.get(hour).map_or(0.0, |share| rest * f64::from(*share) / HOUR_SECONDS);
        if second >= DAY_SECONDS {
            return 0.0;
        }
        let hour = (second / HOUR_SECONDS) as usize;
        if hour < HOURS.len() {
            return hourly(hour);
        }
        let come = ((second - HOURS.len() as f64 * HOUR_SECONDS) / ARRIVAL_SECONDS).min(1.0);
        come * self.rush_rate()
    }

    /// Refuses a day that has fewer people than its last hour.
    pub fn check(self) -> Result<Self, String> {
        if self.people >= self.in_last_hour() {
            return Ok(self);
        }
        let least = self.in_last_hour();
        Err(format!("{:.0} people at once in the last hour are {least:.0} people at least", self.at_once))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn journeys_call_routes_that_there_are() {
        let routes = sesame::functions::routes();
        let routes: Vec<_> = routes.map(|(_, route)| format!("{} {}", route.method, route.path)).collect();
        for step in JOURNEYS.iter().flat_map(|journey| journey.steps) {
            assert!(routes.iter().any(|route| route == step.route), "{}", step.route);
        }
        assert_eq!(JOURNEYS.iter().map(|journey| journey.percent).sum::<u32>(), 100);
        assert_eq!(JOURNEYS[AGAIN_RANK].name, "asks again");
    }

    #[test]
    fn a_day_has_its_people_and_its_last_hour_those_at_once() {
        let come: f64 = (0..86_400).map(|second| DEFAULT.rate(f64::from(second))).sum();
        assert!((come / DEFAULT.people - 1.0).abs() < 0.001, "{come}");
        assert!((DEFAULT.rate(86_000.0) * stay_s() - DEFAULT.at_once).abs() < 1.0);
        assert!(Crowd { people: 1_000_000.0, ..DEFAULT }.check().is_err());
        assert_eq!(DEFAULT.rate(DAY_SECONDS), 0.0);
    }
}
