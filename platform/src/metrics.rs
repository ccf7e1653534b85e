//! Business metrics in CloudWatch's embedded metric format (log lines).
//!
//! A dimension has a handful of fixed values and holds nothing personal.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::mail::{Lane, MailState};
use domain::succession::State;
use domain::time::Timestamp;
use domain::{CaseState, Motive};
use serde_json::{Value, json};

/// The namespace in CloudWatch.
const NAMESPACE: &str = "Sesame";

/// On Lambda only.
static IS_COUNTED: AtomicBool = AtomicBool::new(false);

/// A counted event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An account was activated.
    AccountOpened,
    /// An identifier or a password link was asked for.
    Recovery,
    /// A mail was written to the outbox.
    MailQueued(Lane),
    /// A mail came to that end.
    Mail(MailState),
    /// A mail was not sent, for its receiver's domain takes none: a typing error, and no fault of SES's.
    NoMailDomain,
    /// A mail was put off, by the code of SES or the name of what failed.
    MailPutOff(&'static str),
    /// A request for assistance was taken in.
    Ticket(Motive),
    /// A request for assistance came to another state.
    Case { motive: Motive, state: CaseState },
    /// An agent's login came to that end.
    AgentLogin(AgentLogin),
    /// A succession came to that state.
    Succession(State),
    /// Somebody objected to a succession, in time or after its execution.
    Contest { is_late: bool },
}

/// The end of an agent's login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentLogin {
    Opened,
    /// What the provider said does not hold.
    Refused,
    /// The provider knows them, and the desk does not.
    Unknown,
    /// The provider does not answer.
    Unavailable,
    /// From an address that agents do not come from.
    Elsewhere,
}

impl AgentLogin {
    fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What is measured now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gauge {
    /// Requests for assistance that wait, of a motive.
    CasesWaiting { motive: Motive, cases: u64 },
    /// How long the one that has waited longest waits.
    CaseWaitingSeconds(u64),
}

pub(crate) fn begin() {
    IS_COUNTED.store(true, Ordering::Relaxed);
}

/// Counts an event, on Lambda.
pub fn count(event: Event, now: Timestamp) {
    if IS_COUNTED.load(Ordering::Relaxed) {
        println!("{}", line(event, now));
    }
}

/// Says what was measured, on Lambda.
pub fn gauge(gauge: Gauge, now: Timestamp) {
    if IS_COUNTED.load(Ordering::Relaxed) {
        println!("{}", measured(gauge, now));
    }
}

/// A dimension's name and value.
type Dimension = (&'static str, &'static str);

fn line(event: Event, now: Timestamp) -> Value {
    let (name, dimensions): (_, Vec<Dimension>) = match event {
        Event::AccountOpened => ("AccountsOpened", vec![]),
        Event::Recovery => ("Recoveries", vec![]),
        Event::MailQueued(lane) => ("MailsQueued", vec![("lane", lane.as_str())]),
        Event::Mail(state) => ("Mails", vec![("state", state.as_str())]),
        Event::NoMailDomain => ("Mails", vec![("state", "no-mail-domain")]),
        Event::MailPutOff(code) => ("MailsPutOff", vec![("code", code)]),
        Event::Ticket(motive) => ("Tickets", vec![("motive", motive.as_str())]),
        Event::Case { motive, state } => {
            ("Cases", vec![("motive", motive.as_str()), ("state", state.as_str())])
        }
        Event::AgentLogin(end) => ("AgentLogins", vec![("end", end.as_str())]),
        Event::Succession(state) => ("Successions", vec![("state", state.as_str())]),
        Event::Contest { is_late } => ("Contests", vec![("when", if is_late { "late" } else { "in-time" })]),
    };
    metric((name, "Count", 1), &dimensions, now)
}

fn measured(gauge: Gauge, now: Timestamp) -> Value {
    match gauge {
        Gauge::CasesWaiting { motive, cases } => {
            metric(("CasesWaiting", "Count", cases), &[("motive", motive.as_str())], now)
        }
        Gauge::CaseWaitingSeconds(seconds) => metric(("CaseWaitingSeconds", "Seconds", seconds), &[], now),
    }
}

fn metric((name, unit, value): (&str, &str, u64), dimensions: &[Dimension], now: Timestamp) -> Value {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let metric = json!({
        "Namespace": NAMESPACE,
        "Dimensions": [names],
        "Metrics": [{"Name": name, "Unit": unit}],
    });
    let mut line = json!({"_aws": {"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [metric]}});
    line[name] = value.into();
    for (name, value) in dimensions {
        line[*name] = (*value).into();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_cloudwatch_counts() {
        let now = Timestamp::from_millisecond(1_795_428_000_123).unwrap_or_default();
        let mail = line(Event::Mail(MailState::Suppressed), now);
        assert_eq!(
            mail,
            json!({
                "_aws": {"Timestamp": 1_795_428_000_123_u64, "CloudWatchMetrics": [{
                    "Namespace": "Sesame",
                    "Dimensions": [["state"]],
                    "Metrics": [{"Name": "Mails", "Unit": "Count"}],
                }]},
                "Mails": 1, "state": "suppressed",
            })
        );
        assert_eq!(line(Event::Ticket(Motive::Other), now)["motive"], "other");
        let login = line(Event::AgentLogin(AgentLogin::Unknown), now);
        assert_eq!((&login["AgentLogins"], &login["end"]), (&json!(1), &json!("unknown")));
        assert_eq!(
            line(Event::MailPutOff("TooManyRequestsException"), now)["code"],
            "TooManyRequestsException"
        );
        assert_eq!(line(Event::Recovery, now)["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
        assert_eq!(line(Event::AccountOpened, now)["AccountsOpened"], 1);
        let case = line(Event::Case { motive: Motive::Other, state: CaseState::Closed }, now);
        assert_eq!(case["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["motive", "state"]]));
        assert_eq!((&case["motive"], &case["state"]), (&json!("other"), &json!("closed")));
    }

    #[test]
    fn a_line_says_what_was_measured() {
        let now = Timestamp::from_millisecond(1_795_428_000_123).unwrap_or_default();
        let waiting = measured(Gauge::CasesWaiting { motive: Motive::Other, cases: 7 }, now);
        assert_eq!((&waiting["CasesWaiting"], &waiting["motive"]), (&json!(7), &json!("other")));
        let oldest = measured(Gauge::CaseWaitingSeconds(90_000), now);
        let metrics = &oldest["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(*metrics, json!([{"Name": "CaseWaitingSeconds", "Unit": "Seconds"}]));
    }
}
