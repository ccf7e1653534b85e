//! What SES publishes of a mail to EventBridge, in the shape of both.

use domain::time::{SignedDuration, Timestamp, after};
use domain::token::hexadecimal;
use platform::random::Random;
use serde_json::{Map, Value, json};

use super::Mail;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "eu-west-3";
/// The mail server that reports, and the host that a mail is sent from.
const HOST: &str = "localhost";
/// How long SES retries a mail before it bounces.
pub const RETRIES_MAX: SignedDuration = SignedDuration::from_hours(14);

/// A mail that SES accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub message_id: String,
    pub at: Timestamp,
    pub mail: Mail,
    /// Tags of the request, by name.
    pub tags: Vec<(String, String)>,
    pub configuration_set: Option<String>,
}

/// What becomes of a mail to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// SES will try to deliver it.
    Sent,
    /// The receiver's server took it, with that answer.
    Delivered(String),
    /// A temporary failure: SES retries.
    Delayed(Delay),
    /// The receiver's server, or SES before it, refused it.
    Bounced(Bounce),
    /// Its reader declared it as spam, after it was delivered.
    Complained,
    /// SES found a virus in it.
    Rejected(String),
    /// SES could not fill in a template.
    NotRendered { template: String, error: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delay {
    /// `delayType`.
    pub kind: &'static str,
    /// The enhanced status code (RFC 3463).
    pub status: String,
    pub diagnostic: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// `bounceType`.
    pub kind: &'static str,
    /// `bounceSubType`.
    pub sub_kind: &'static str,
    /// Absent from an automatic answer, which SES takes for a bounce.
    pub report: Option<Report>,
}

/// What a delivery status notification says of an address (RFC 3464).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The enhanced status code (RFC 3463).
    pub status: String,
    pub diagnostic: String,
}

impl Bounce {
    /// The bounce of a mail that a server refused: its type is what SES makes of the status.
    #[must_use]
    pub fn of_refusal(report: Report) -> Self {
        let (kind, sub_kind) = match report.status.as_str() {
            "5.2.2" => ("Transient", "MailboxFull"),
            "5.2.3" | "5.3.4" => ("Transient", "MessageTooLarge"),
            status if status.starts_with("5.6.") => ("Transient", "ContentRejected"),
            _ => ("Permanent", "General"),
        };
        Self { kind, sub_kind, report: Some(report) }
    }
}

impl Outcome {
    /// `detail-type`, `eventType`, and the name of the section.
    fn names(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Sent => ("Email Sent", "Send", "send"),
            Self::Delivered(_) => ("Email Delivered", "Delivery", "delivery"),
            Self::Delayed(_) => ("Email Delivery Delayed", "DeliveryDelay", "deliveryDelay"),
            Self::Bounced(_) => ("Email Bounced", "Bounce", "bounce"),
            Self::Complained => ("Email Complaint Received", "Complaint", "complaint"),
            Self::Rejected(_) => ("Email Rejected", "Reject", "reject"),
            Self::NotRendered { .. } => ("Email Rendering Failed", "Rendering Failure", "failure"),
        }
    }
}

impl Accepted {
    /// The event of an outcome for one address.
    #[must_use]
    pub fn event(&self, outcome: &Outcome, address: &str, at: Timestamp, random: &Random) -> Value {
        let (detail_type, event_type, section) = outcome.names();
        let id = uuid(random);
        let configuration_set = |name: &str| arn(&format!("configuration-set/{name}"));
        json!({
            "version": "0",
            "id": id,
            "detail-type": detail_type,
            "source": "aws.ses",
            "account": ACCOUNT,
            "time": at.strftime("%FT%TZ").to_string(),
            "region": REGION,
            "resources": self.configuration_set.as_deref().map(configuration_set).as_slice(),
            "detail": {
                "eventType": event_type,
                "mail": self.mail(),
                section: self.section(outcome, address, at, &id),
            },
        })
    }

    /// `mail` of every event.
    fn mail(&self) -> Value {
        let Mail { from, to, reply_to, subject, .. } = &self.mail;
        let headers = [
            ("From", from.clone()),
            ("Reply-To", reply_to.join(", ")),
            ("To", to.join(", ")),
            ("Subject", subject.clone()),
            ("MIME-Version", "1.0".to_owned()),
            ("Content-Type", "multipart/alternative".to_owned()),
        ];
        let is_given = |(_, value): &(&str, String)| !value.is_empty();
        let headers = headers.into_iter().filter(is_given);
        let headers: Vec<_> = headers.map(|(name, value)| json!({"name": name, "value": value})).collect();
        json!({
            "timestamp": instant(self.at),
            "source": from,
            "sourceArn": arn(&format!("identity/{HOST}")),
            "sendingAccountId": ACCOUNT,
            "messageId": self.message_id,
            "destination": to,
            "headersTruncated": false,
            "headers": headers,
            "commonHeaders": {
                "from": [from],
                "replyTo": reply_to,
                "to": to,
                "messageId": self.message_id,
                "subject": subject,
            },
            "tags": self.all_tags(),
        })
    }

    /// The request's tags, and those that SES adds: each has a list of values.
    fn all_tags(&self) -> Map<String, Value> {
        let own = self.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let added = [
            ("ses:operation", "SendEmail"),
            ("ses:source-ip", "127.0.0.1"),
            ("ses:from-domain", HOST),
            ("ses:caller-identity", "mail-sender"),
        ];
        let set = self.configuration_set.as_deref().map(|name| ("ses:configuration-set", name));
        let tags = added.into_iter().chain(set).chain(own);
        tags.map(|(name, value)| (name.to_owned(), json!([value]))).collect()
    }

    fn section(&self, outcome: &Outcome, address: &str, at: Timestamp, id: &str) -> Value {
        let feedback_id = || format!("{}-{id}-000000", self.message_id);
        match outcome {
            Outcome::Sent => json!({}),
            Outcome::Delivered(response) => json!({
                "timestamp": instant(at),
                "processingTimeMillis": self.at.duration_until(at).as_millis(),
                "recipients": [address],
                "smtpResponse": response,
                "remoteMtaIp": "127.0.0.1",
                "reportingMTA": HOST,
            }),
            Outcome::Delayed(delay) => json!({
                "timestamp": instant(at),
                "delayType": delay.kind,
                "expirationTime": instant(after(self.at, RETRIES_MAX)),
                "delayedRecipients": [
                    {"emailAddress": address, "status": delay.status, "diagnosticCode": delay.diagnostic},
                ],
                "reportingMTA": HOST,
            }),
            Outcome::Bounced(bounce) => {
                let mut section = json!({
                    "bounceType": bounce.kind,
                    "bounceSubType": bounce.sub_kind,
                    "bouncedRecipients": [{"emailAddress": address}],
                    "timestamp": instant(at),
                    "feedbackId": feedback_id(),
                });
                if let Some(report) = &bounce.report {
                    section["bouncedRecipients"][0]["action"] = json!("failed");
                    section["bouncedRecipients"][0]["status"] = json!(report.status);
                    section["bouncedRecipients"][0]["diagnosticCode"] = json!(report.diagnostic);
                    section["reportingMTA"] = json!(format!("dsn; {HOST}"));
                }
                section
            }
            Outcome::Complained => json!({
                "complainedRecipients": [{"emailAddress": address}],
                "timestamp": instant(at),
                "feedbackId": feedback_id(),
                "complaintSubType": null,
                "userAgent": "Amazon SES Mailbox Simulator",
                "complaintFeedbackType": "abuse",
                "arrivalDate": instant(at),
            }),
            Outcome::Rejected(reason) => json!({"reason": reason}),
            Outcome::NotRendered { template, error } => {
                json!({"errorMessage": error, "templateName": template})
            }
        }
    }
}

fn instant(at: Timestamp) -> String {
    at.strftime("%FT%T%.3fZ").to_string()
}

fn arn(resource: &str) -> String {
    format!("arn:aws:ses:{REGION}:{ACCOUNT}:{resource}")
}

fn uuid(random: &Random) -> String {
    let digits = hexadecimal(&random.bytes::<16>());
    let part = |range| digits.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    const AT: &str = "2026-11-23T10:00:00.250Z";

    fn accepted() -> Accepted {
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Accepted {
            message_id: "01K9ZZZZZZ0000000000000001".to_owned(),
            at: AT.parse().unwrap(),
            mail: Mail {
                id: "01K9ZZZZZZ0000000000000000".to_owned(),
                at: "2026-11-23T10:00:00Z".to_owned(),
                from: "Activite partielle <ne-pas-repondre@localhost>".to_owned(),
                to: vec!["jeanne@exemple.fr".to_owned()],
                reply_to: vec!["contact-ap@asp-public.fr".to_owned()],
                subject: "Votre demande".to_owned(),
                text: "text".to_owned(),
                html: "<p>html</p>".to_owned(),
            },
            tags: vec![tag(mail_sender::TAG, "01K9ZZZZZZ0000000000000000")],
            configuration_set: Some("sesame".to_owned()),
        }
    }

    fn event(outcome: &Outcome) -> Value {
        let accepted = accepted();
        let at = after(accepted.at, SignedDuration::from_secs(1));
        accepted.event(outcome, "jeanne@exemple.fr", at, &Random::new(|bytes| bytes.fill(7)))
    }

    /// The paths of all members.
    fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let path = format!("{path}/{name}");
                    paths(value, &path, found);
                    found.insert(path);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| paths(item, path, found)),
            _ => {}
        }
    }

    fn report() -> Report {
        Report { status: "5.1.1".to_owned(), diagnostic: "smtp; 550 5.1.1 user unknown".to_owned() }
    }

    fn samples() -> [(&'static str, Outcome); 7] {
        let delay = Delay {
            kind: "TransientCommunicationFailure",
            status: "4.4.1".to_owned(),
            diagnostic: "smtp; 421 4.4.1 Unable to connect to remote host".to_owned(),
        };
        let (template, error) = ("welcome".to_owned(), "Attribute 'name' is not present".to_owned());
        [
            ("send", Outcome::Sent),
            ("delivery", Outcome::Delivered("250 2.0.0 OK".to_owned())),
            ("delivery-delay", Outcome::Delayed(delay)),
            ("bounce", Outcome::Bounced(Bounce::of_refusal(report()))),
            ("complaint", Outcome::Complained),
            ("reject", Outcome::Rejected("Bad content".to_owned())),
            ("rendering-failure", Outcome::NotRendered { template, error }),
        ]
    }

    #[test]
    fn each_event_has_the_members_of_its_sample_and_its_names() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/ses");
        for (name, outcome) in samples() {
            let file = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
            let (sample, made) = (serde_json::from_str::<Value>(&file).unwrap(), event(&outcome));
            let (mut wanted, mut got) = (BTreeSet::new(), BTreeSet::new());
            paths(&sample, "", &mut wanted);
            paths(&made, "", &mut got);
            assert_eq!(got, wanted, "{name}");
            for path in ["/detail-type", "/source", "/detail/eventType", "/detail/mail/tags/mail_id"] {
                assert_eq!(made.pointer(path), sample.pointer(path), "{name}{path}");
            }
        }
    }

    #[test]
    fn an_event_names_its_mail_its_time_and_its_address() {
        let event = event(&Outcome::Delivered("250 2.0.0 OK".to_owned()));
        assert_eq!(event["id"], "07070707-0707-0707-0707-070707070707");
        assert_eq!(event["time"], "2026-11-23T10:00:01Z");
        assert_eq!(
            event["resources"],
            json!(["arn:aws:ses:eu-west-3:000000000000:configuration-set/sesame"])
        );
        let detail = &event["detail"];
        assert_eq!(detail["mail"]["tags"]["mail_id"], json!(["01K9ZZZZZZ0000000000000000"]));
        assert_eq!(detail["mail"]["timestamp"], AT);
        assert_eq!(detail["delivery"]["timestamp"], "2026-11-23T10:00:01.250Z");
        assert_eq!(detail["delivery"]["processingTimeMillis"], 1000);
        assert_eq!(detail["delivery"]["recipients"], json!(["jeanne@exemple.fr"]));
    }

    #[test]
    fn an_automatic_answer_has_no_report() {
        let bounce = Bounce { kind: "Transient", sub_kind: "General", report: None };
        let event = event(&Outcome::Bounced(bounce));
        let section = &event["detail"]["bounce"];
        assert_eq!(section["bouncedRecipients"], json!([{"emailAddress": "jeanne@exemple.fr"}]));
        assert_eq!(section.get("reportingMTA"), None);
    }

    #[test]
    fn the_status_of_a_refusal_decides_the_type_of_its_bounce() {
        let bounce = |status: &str| {
            let Bounce { kind, sub_kind, .. } =
                Bounce::of_refusal(Report { status: status.to_owned(), ..report() });
            (kind, sub_kind)
        };
        assert_eq!(bounce("5.1.1"), ("Permanent", "General"));
        assert_eq!(bounce("5.7.1"), ("Permanent", "General"));
        assert_eq!(bounce("5.2.2"), ("Transient", "MailboxFull"));
        assert_eq!(bounce("5.3.4"), ("Transient", "MessageTooLarge"));
        assert_eq!(bounce("5.6.0"), ("Transient", "ContentRejected"));
    }
}
