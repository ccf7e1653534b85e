//! Business metrics in CloudWatch's embedded metric format (log lines).
//!
//! A dimension has a handful of fixed values and holds nothing personal.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::Motive;
use domain::mail::{Lane, MailState};
use domain::succession::State;
use domain::time::Timestamp;
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
    /// A succession came to that state.
    Succession(State),
    /// Somebody objected to a succession, in time or after its execution.
    Contest { is_late: bool },
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

fn line(event: Event, now: Timestamp) -> Value {
    let (name, dimension) = match event {
        Event::AccountOpened => ("AccountsOpened", None),
        Event::Recovery => ("Recoveries", None),
        Event::MailQueued(lane) => ("MailsQueued", Some(("lane", lane.as_str()))),
        Event::Mail(state) => ("Mails", Some(("state", state.as_str()))),
        Event::NoMailDomain => ("Mails", Some(("state", "no-mail-domain"))),
        Event::MailPutOff(code) => ("MailsPutOff", Some(("code", code))),
        Event::Ticket(motive) => ("Tickets", Some(("motive", motive.as_str()))),
        Event::Succession(state) => ("Successions", Some(("state", state.as_str()))),
        Event::Contest { is_late } => ("Contests", Some(("when", if is_late { "late" } else { "in-time" }))),
    };
    let names: Vec<&str> = dimension.iter().map(|(name, _)| *name).collect();
    let metric = json!({
        "Namespace": NAMESPACE,
        "Dimensions": [names],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    });
    let mut line = json!({"_aws": {"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [metric]}});
    line[name] = 1.into();
    if let Some((name, value)) = dimension {
        line[name] = value.into();
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
        assert_eq!(
            line(Event::MailPutOff("TooManyRequestsException"), now)["code"],
            "TooManyRequestsException"
        );
        assert_eq!(line(Event::Recovery, now)["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
        assert_eq!(line(Event::AccountOpened, now)["AccountsOpened"], 1);
    }
}
