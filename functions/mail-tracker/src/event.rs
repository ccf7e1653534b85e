//! Events on the bus: of SES about a mail, of CloudWatch about an alarm.

use domain::delivery::{Bounce, Event, Reason};
use domain::time::Timestamp;
use domain::{Email, MailId};
use platform::outbox::Told;
use serde::Deserialize;

/// An event of EventBridge.
#[derive(Debug, Clone, Deserialize)]
pub struct BusEvent {
    /// `aws.ses` or `aws.cloudwatch`.
    pub source: String,
    /// When it was put on the bus, RFC 3339.
    pub time: String,
    pub detail: serde_json::Value,
}

/// What an event asks for.
#[derive(Debug)]
pub enum Asked {
    /// To move a mail.
    Mail(MailId, Told),
    /// To tell of delays, or to tell of them no more.
    Delays { is_ringing: bool, since: Timestamp },
    /// Nothing: another application's mail, or an event that says nothing of where a mail is.
    Nothing,
}

/// Why an event cannot be read.
#[derive(Debug)]
pub struct Unreadable(pub String);

impl BusEvent {
    /// Reads an event.
    pub fn read(&self) -> Result<Asked, Unreadable> {
        match &*self.source {
            "aws.ses" => self.read_mail(),
            "aws.cloudwatch" => self.read_alarm(),
            source => Err(Unreadable(format!("an event of {source}"))),
        }
    }

    fn read_mail(&self) -> Result<Asked, Unreadable> {
        let detail = Detail::deserialize(&self.detail).map_err(|error| Unreadable(error.to_string()))?;
        let tag = detail.mail.tags.mail_id.first();
        let Some(id) = tag.and_then(|id| MailId::parse(id)) else { return Ok(Asked::Nothing) };
        let Some(event) = detail.event() else { return Ok(Asked::Nothing) };
        let to = detail.mail.destination.first().ok_or(Unreadable("no recipient".to_owned()))?;
        let recipient = Email::parse(to).map_err(|code| Unreadable(code.as_str().to_owned()))?;
        let taken_at = moment(&detail.mail.timestamp)?;
        let at = match (event, detail.happened_at()) {
            (Event::Sent, _) => taken_at,
            (_, Some(at)) => moment(at)?,
            (_, None) => moment(&self.time)?,
        };
        Ok(Asked::Mail(id, Told { event, at, taken_at, recipient }))
    }

    fn read_alarm(&self) -> Result<Asked, Unreadable> {
        let state = &self.detail["state"];
        let since = || moment(state["timestamp"].as_str().unwrap_or_default());
        match state["value"].as_str() {
            Some("ALARM") => Ok(Asked::Delays { is_ringing: true, since: since()? }),
            Some("OK") => Ok(Asked::Delays { is_ringing: false, since: since()? }),
            Some("INSUFFICIENT_DATA") => Ok(Asked::Nothing),
            _ => Err(Unreadable("an alarm without a state".to_owned())),
        }
    }
}

fn moment(text: &str) -> Result<Timestamp, Unreadable> {
    text.parse().map_err(|_| Unreadable("not a moment".to_owned()))
}

/// What SES publishes (SES, «Examples of event data»).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    event_type: String,
    mail: Taken,
    delivery: Option<At>,
    delivery_delay: Option<At>,
    bounce: Option<Bounced>,
    complaint: Option<Complained>,
}

#[derive(Debug, Deserialize)]
struct Taken {
    timestamp: String,
    #[serde(default)]
    destination: Vec<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Debug, Default, Deserialize)]
struct Tags {
    #[serde(default)]
    mail_id: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct At {
    timestamp: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounced {
    bounce_type: String,
    #[serde(default)]
    bounce_sub_type: String,
    #[serde(default)]
    bounced_recipients: Vec<BouncedRecipient>,
    timestamp: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BouncedRecipient {
    #[serde(default)]
    status: String,
    #[serde(default)]
    diagnostic_code: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complained {
    complaint_sub_type: Option<String>,
    /// Of the report, if one is attached (RFC 5965).
    complaint_feedback_type: Option<String>,
    timestamp: String,
}

impl Detail {
    /// None for what says nothing of where the mail is: an opening, a click, a subscription, a report without
    /// a complaint.
    fn event(&self) -> Option<Event> {
        Some(match &*self.event_type {
            "Send" => Event::Sent,
            "Delivery" => Event::Delivered,
            "DeliveryDelay" => Event::Delayed,
            "Bounce" => Event::Bounced(self.bounce.as_ref()?.read()),
            "Complaint" => self.complaint.as_ref()?.read()?,
            "Reject" | "Rendering Failure" => Event::Rejected,
            _ => return None,
        })
    }

    fn happened_at(&self) -> Option<&str> {
        let plain = [&self.delivery, &self.delivery_delay].into_iter().flatten().map(|at| &at.timestamp);
        let bounced = self.bounce.iter().map(|bounce| &bounce.timestamp);
        let complained = self.complaint.iter().map(|complaint| &complaint.timestamp);
        plain.chain(bounced).chain(complained).next().map(String::as_str)
    }
}

impl Bounced {
    fn read(&self) -> Bounce {
        let told = self.bounced_recipients.first();
        let (status, diagnostic) = told.map_or(("", ""), |told| (&*told.status, &*told.diagnostic_code));
        let reason = Reason::of(&self.bounce_sub_type, status, diagnostic);
        Bounce { is_permanent: self.bounce_type == "Permanent", reason }
    }
}

impl Complained {
    /// None for a report in which no reader complains.
    fn read(&self) -> Option<Event> {
        match (self.complaint_sub_type.as_deref(), self.complaint_feedback_type.as_deref()) {
            // SES did not try: nobody received it.
            (Some(listed @ "OnAccountSuppressionList"), _) => {
                let reason = Reason::of(listed, "", "");
                Some(Event::Bounced(Bounce { is_permanent: true, reason }))
            }
            // Its reader took it out of the spam, or a server doubts its sender.
            (_, Some("not-spam" | "auth-failure")) => None,
            _ => Some(Event::Complained),
        }
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the event cannot be read: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn sample(name: &str) -> BusEvent {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/ses").join(name);
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
    }

    fn told(name: &str) -> Told {
        match sample(name).read() {
            Ok(Asked::Mail(_, told)) => told,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn every_kind_of_sample_is_read() {
        let unknown = Bounce { is_permanent: true, reason: Reason::MailboxUnknown };
        let listed = Bounce { is_permanent: true, reason: Reason::Listed };
        let expected = [
            ("send.json", Event::Sent),
            ("delivery.json", Event::Delivered),
            ("delivery-delay.json", Event::Delayed),
            ("bounce.json", Event::Bounced(unknown)),
            ("complaint.json", Event::Complained),
            ("complaint-suppressed.json", Event::Bounced(listed)),
            ("reject.json", Event::Rejected),
            ("rendering-failure.json", Event::Rejected),
        ];
        for (name, event) in expected {
            let told = told(name);
            assert_eq!(told.event, event, "{name}");
            assert!(told.at >= told.taken_at, "{name}");
        }
    }

    #[test]
    fn the_words_of_the_server_are_read_too() {
        let mut event = sample("bounce.json");
        let recipient = &mut event.detail["bounce"]["bouncedRecipients"][0];
        recipient["status"] = "5.4.1".into();
        recipient["diagnosticCode"] = "smtp; 550 5.4.1 Recipient address rejected: Access denied.".into();
        let Ok(Asked::Mail(_, told)) = event.read() else { panic!("{event:?}") };
        let unknown = Bounce { is_permanent: true, reason: Reason::MailboxUnknown };
        assert_eq!(told.event, Event::Bounced(unknown));
        // Of an automatic answer there are none.
        event.detail["bounce"]["bounceType"] = "Transient".into();
        event.detail["bounce"]["bouncedRecipients"] = serde_json::json!([{"emailAddress": "a@exemple.fr"}]);
        let Ok(Asked::Mail(_, told)) = event.read() else { panic!("{event:?}") };
        assert_eq!(told.event, Event::Bounced(Bounce { is_permanent: false, reason: Reason::Other }));
    }

    #[test]
    fn a_report_is_a_complaint_if_its_reader_complains() {
        let mut event = sample("complaint.json");
        for complaint in [Some("abuse"), Some("fraud"), Some("virus"), Some("other"), None] {
            event.detail["complaint"]["complaintFeedbackType"] = complaint.into();
            let Ok(Asked::Mail(_, told)) = event.read() else { panic!("{event:?}") };
            assert_eq!(told.event, Event::Complained, "{complaint:?}");
        }
        for none in ["not-spam", "auth-failure"] {
            event.detail["complaint"]["complaintFeedbackType"] = none.into();
            assert!(matches!(event.read(), Ok(Asked::Nothing)), "{none}");
        }
    }

    #[test]
    fn another_applications_mail_is_left_alone() {
        let mut event = sample("send.json");
        event.detail["mail"]["tags"] = serde_json::json!({"mail_id": ["their-42"]});
        assert!(matches!(event.read(), Ok(Asked::Nothing)));
        event.detail["mail"]["tags"] = serde_json::json!({});
        assert!(matches!(event.read(), Ok(Asked::Nothing)));
        let mut opened = sample("send.json");
        opened.detail["eventType"] = "Open".into();
        assert!(matches!(opened.read(), Ok(Asked::Nothing)));
    }

    #[test]
    fn an_alarm_says_since_when() {
        let mut event = sample("send.json");
        event.source = "aws.cloudwatch".to_owned();
        // As in CloudWatch's own examples.
        let timestamp = "2026-11-23T17:04:40.985+0000";
        event.detail = serde_json::json!({"state": {"value": "ALARM", "timestamp": timestamp}});
        let Ok(Asked::Delays { is_ringing: true, since }) = event.read() else { panic!("{event:?}") };
        assert_eq!(since.to_string(), "2026-11-23T17:04:40.985Z");
        event.detail["state"]["value"] = "INSUFFICIENT_DATA".into();
        assert!(matches!(event.read(), Ok(Asked::Nothing)));
        event.detail = serde_json::json!({"state": {"value": "OK"}});
        assert!(event.read().is_err());
    }

    #[test]
    fn what_is_no_event_says_why() {
        let mut event = sample("bounce.json");
        event.detail["mail"]["timestamp"] = "yesterday".into();
        assert!(event.read().is_err());
        event.source = "aws.ec2".to_owned();
        assert!(event.read().is_err());
    }
}
