//! SES on one machine: takes mails as its v2 API does, keeps them, shows them, and tells what became of them.

pub mod deliveries;
pub mod events;
mod limits;
mod page;
pub mod receivers;
mod request;
pub mod smtp;
mod store;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sesv2::config::{Credentials, Region};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::MailId;
use domain::time::SignedDuration;
use platform::clock::Clock;
use platform::random::Random;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::deliveries::Deliveries;
use self::events::Accepted;
use self::limits::{Rate, Sent, account};
use self::receivers::Receivers;
use self::request::SendEmail;
use self::smtp::Relay;
use self::store::Store;
use crate::emulator::{ServiceResponse, Transit, in_process};

pub use limits::UNLIMITED_MAILS_MAX;

/// Where SES's v2 API takes a mail.
pub const SEND_PATH: &str = "/v2/email/outbound-emails";
/// Where SES's v2 API tells an account's limits.
pub const ACCOUNT_PATH: &str = "/v2/email/account";
/// A mail as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The mail's id in the outbox; a message id if it came without one.
    pub id: String,
    /// When it arrived, RFC 3339.
    pub at: String,
    pub from: String,
    pub to: Vec<String>,
    pub reply_to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The mails of one machine.
#[derive(Debug, Clone)]
pub struct Mailbox {
    store: Arc<Mutex<Store>>,
    sent: Arc<Mutex<Sent>>,
    rate: Option<Rate>,
    onward: Onward,
    clock: Clock,
    random: Random,
}

/// Where a mail goes from here.
#[derive(Debug, Clone)]
enum Onward {
    Nowhere,
    Receivers(Arc<Receivers>, Arc<Deliveries>),
    Relay(Arc<Relay>),
}

impl Mailbox {
    /// A mailbox that ends with the process.
    #[must_use]
    pub fn in_memory(clock: Clock, random: Random) -> Self {
        Self::of(Store::Memory(Vec::new()), Sent::default(), clock, random)
    }

    /// The mailbox of a data folder.
    pub fn in_folder(folder: &Path, clock: Clock, random: Random) -> io::Result<Self> {
        let store = Store::in_folder(folder)?;
        let sent = store.sent(clock.now())?;
        Ok(Self::of(store, sent, clock, random))
    }

    fn of(store: Store, sent: Sent, clock: Clock, random: Random) -> Self {
        let (store, sent) = (Arc::new(Mutex::new(store)), Arc::new(Mutex::new(sent)));
        Self { store, sent, rate: None, onward: Onward::Nowhere, clock, random }
    }

    /// The same, taking no more than one mail in each interval, as an account with that send rate.
    #[must_use]
    pub fn with_interval(self, interval: SignedDuration) -> Self {
        Self { rate: (!interval.is_zero()).then(|| Rate::of(interval)), ..self }
    }

    /// The same, whose mails go to these receivers: what becomes of each is put into the queue, with the
    /// time at which it is due.
    #[must_use]
    pub fn with_receivers(self, receivers: Receivers, deliveries: Arc<Deliveries>) -> Self {
        Self { onward: Onward::Receivers(Arc::new(receivers), deliveries), ..self }
    }

    /// The same, whose mails go to an SMTP server. There are no receivers then.
    #[must_use]
    pub fn with_relay(self, relay: Relay) -> Self {
        Self { onward: Onward::Relay(Arc::new(relay)), ..self }
    }

    /// SES's `GetAccount`.
    #[must_use]
    pub fn account(&self) -> ServiceResponse {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).since(self.clock.now());
        account(self.rate.as_ref(), sent)
    }

    /// An SES client of this mailbox; `answer` is given the body of each mail.
    pub fn client(
        &self,
        transit: Option<Transit>,
        answer: impl Fn(&[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync + 'static,
    ) -> aws_sdk_sesv2::Client {
        let mailbox = self.clone();
        client_of(transit, move || mailbox.account(), answer)
    }

    /// SES's `SendEmail`.
    #[must_use]
    pub fn take(&self, body: &[u8]) -> ServiceResponse {
        let Ok(request) = serde_json::from_slice::<SendEmail>(body) else {
            let message = "not a SendEmail request with a simple message";
            return ServiceResponse { status: 400, body: json!({"message": message}).to_string() };
        };
        let now = self.clock.now();
        if self.is_full() || self.rate.as_ref().is_some_and(|rate| !rate.admits(now)) {
            let body =
                json!({"__type": "TooManyRequestsException", "message": "Maximum sending rate exceeded."});
            return ServiceResponse { status: 429, body: body.to_string() };
        }
        let accepted = request.accepted(MailId::new(now, self.random.bytes()).to_string(), now);
        let pushed = self.store().push(accepted.mail.clone());
        match pushed {
            Ok(()) => {
                self.sent.lock().unwrap_or_else(PoisonError::into_inner).count(now);
                let body = json!({"MessageId": accepted.message_id}).to_string();
                self.send_on(accepted);
                ServiceResponse::ok(body)
            }
            Err(error) => {
                ServiceResponse { status: 500, body: json!({"message": error.to_string()}).to_string() }
            }
        }
    }

    fn is_full(&self) -> bool {
        matches!(&self.onward, Onward::Relay(relay) if relay.is_full())
    }

    fn send_on(&self, accepted: Accepted) {
        match &self.onward {
            Onward::Nowhere => {}
            Onward::Receivers(receivers, deliveries) => {
                let events = receivers.events(&accepted, &self.random);
                events.into_iter().for_each(|(due_at, event)| deliveries.push(due_at, event));
            }
            Onward::Relay(relay) => relay.push(accepted),
        }
    }

    /// Every mail, newest first, as a JSON array.
    pub fn json(&self) -> io::Result<String> {
        serde_json::to_string(&self.newest(usize::MAX)?).map_err(io::Error::other)
    }

    /// The newest mails, newest first.
    pub fn newest(&self, count_max: usize) -> io::Result<Vec<Mail>> {
        self.pick(count_max, |mail| Some(mail.clone()))
    }

    /// What `pick` takes of the mails, newest first, until it has that many.
    pub fn pick<T>(&self, count_max: usize, mut pick: impl FnMut(&Mail) -> Option<T>) -> io::Result<Vec<T>> {
        let store = self.store();
        let mut picked = Vec::new();
        for rank in (0..store.len()).rev() {
            if picked.len() == count_max {
                break;
            }
            picked.extend(store.mail(rank)?.and_then(|mail| pick(&mail)));
        }
        Ok(picked)
    }

    fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An SES client of an account without limit; `answer` is given the body of each mail.
pub fn client(
    transit: Option<Transit>,
    answer: impl Fn(&[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync + 'static,
) -> aws_sdk_sesv2::Client {
    client_of(transit, || account(None, 0), answer)
}

fn client_of(
    transit: Option<Transit>,
    account: impl Fn() -> ServiceResponse + Send + Sync + 'static,
    answer: impl Fn(&[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync + 'static,
) -> aws_sdk_sesv2::Client {
    let answered = move |request: &HttpRequest| {
        if request.method() == "GET" && request.uri().ends_with(ACCOUNT_PATH) {
            return Ok(account());
        }
        answer(request.body().bytes().unwrap_or_default())
    };
    let config = mail_sender::ses_config()
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url("http://localhost")
        .http_client(in_process(transit, answered));
    aws_sdk_sesv2::Client::from_conf(config.build())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::sync::atomic::AtomicI64;
    use std::sync::atomic::Ordering::Relaxed;

    use domain::time::Timestamp;

    use super::limits::{COUNTED_SPAN, QUOTA_WINDOW};
    use super::store::FILE;
    use super::*;

    fn take(mailbox: &Mailbox, subject: &str) {
        assert_eq!(status(mailbox, subject), 200);
    }

    fn status(mailbox: &Mailbox, subject: &str) -> u16 {
        let body = json!({
            "FromEmailAddress": "a@exemple.fr",
            "Destination": {"ToAddresses": ["b@exemple.fr"]},
            "ConfigurationSetName": "proven",
            "EmailTags": [{"Name": "mail_id", "Value": "mail-7"}],
            "Content": {"Simple": {
                "Subject": {"Data": subject},
                "Body": {"Text": {"Data": "text"}, "Html": {"Data": "<p>html</p>"}},
            }},
        });
        mailbox.take(body.to_string().as_bytes()).status
    }

    #[test]
    fn what_is_over_the_rate_is_throttled_and_not_kept() {
        let seconds = Arc::new(AtomicI64::new(0));
        let quarter = SignedDuration::from_millis(250);
        let mailbox = memory(clock_of(&seconds)).with_interval(quarter);
        let second = || [0; 6].map(|_| status(&mailbox, "x"));
        assert_eq!(second(), [200, 200, 200, 200, 429, 429]);
        seconds.fetch_add(1, Relaxed);
        assert_eq!(second(), [200, 200, 200, 200, 429, 429]);
        assert_eq!(mailbox.newest(usize::MAX).unwrap().len(), 8);
    }

    fn clock_of(seconds: &Arc<AtomicI64>) -> Clock {
        let now = seconds.clone();
        Clock::new(move || Timestamp::from_second(now.load(Relaxed)).unwrap())
    }

    fn memory(clock: Clock) -> Mailbox {
        Mailbox::in_memory(clock, Random::system())
    }

    #[test]
    fn a_mail_that_was_taken_goes_to_its_receivers_and_no_other() {
        let deliveries = Arc::new(Deliveries::default());
        let clock = clock_of(&Arc::new(AtomicI64::new(100)));
        let interval = SignedDuration::from_secs(1);
        let mailbox = memory(clock).with_receivers(Receivers::default(), deliveries.clone());
        let mailbox = mailbox.with_interval(interval);
        assert_eq!([status(&mailbox, "first"), status(&mailbox, "throttled")], [200, 429]);
        let at = |second| Timestamp::from_second(second).unwrap();
        let types = |events: Vec<serde_json::Value>| -> Vec<String> {
            events.iter().map(|event| event["detail"]["eventType"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(types(deliveries.take_due(at(100))), ["Send"]);
        assert_eq!(deliveries.next_due(), Some(at(101)));
        let delivered = deliveries.take_due(at(101));
        let mail = &delivered[0]["detail"]["mail"];
        assert_eq!(mail["commonHeaders"]["subject"], "first");
        assert_eq!(mail["tags"]["mail_id"], json!(["mail-7"]));
        assert_eq!(mail["tags"]["ses:configuration-set"], json!(["proven"]));
        assert_eq!(mailbox.newest(1).unwrap()[0].id, "mail-7");
        assert_eq!(types(delivered), ["Delivery"]);
        assert_eq!(deliveries.take_all().len(), 0);
    }

    async fn quota(client: &aws_sdk_sesv2::Client) -> (f64, f64, f64) {
        let account = client.get_account().send().await.unwrap();
        assert!(account.sending_enabled() && account.production_access_enabled());
        let quota = account.send_quota().unwrap();
        (quota.max_send_rate(), quota.max24_hour_send(), quota.sent_last24_hours())
    }

    #[tokio::test]
    async fn an_account_tells_its_rate_and_what_it_sent_within_a_day() {
        let seconds = Arc::new(AtomicI64::new(0));
        let quarter = SignedDuration::from_millis(250);
        let mailbox = memory(clock_of(&seconds)).with_interval(quarter);
        let sent = Arc::new(Mutex::new(0));
        let (entrance, count) = (mailbox.clone(), sent.clone());
        let client = mailbox.client(None, move |body| {
            *count.lock().unwrap() += 1;
            Ok(entrance.take(body))
        });
        assert_eq!(quota(&client).await, (4.0, 345_600.0, 0.0));
        take(&mailbox, "x");
        seconds.store(QUOTA_WINDOW.as_secs() - 1, Relaxed);
        take(&mailbox, "y");
        assert_eq!(quota(&client).await, (4.0, 345_600.0, 2.0));
        seconds.fetch_add(COUNTED_SPAN.as_secs(), Relaxed);
        assert_eq!(quota(&client).await, (4.0, 345_600.0, 1.0));
        assert_eq!(*sent.lock().unwrap(), 0, "the hook is given mails only");
        let unlimited = UNLIMITED_MAILS_MAX;
        let other = super::client(None, |_| Ok(ServiceResponse::ok(String::new())));
        assert_eq!(quota(&other).await, (unlimited, unlimited * 86_400.0, 0.0));
    }

    #[test]
    fn a_broken_line_spoils_only_itself() {
        let folder = std::env::temp_dir().join(format!("sesame-mailbox-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let open = || Mailbox::in_folder(&folder, Clock::system(), Random::system()).unwrap();
        let mailbox = open();
        take(&mailbox, "before");
        // Another program writes into the file, and no mail.
        let mut other = OpenOptions::new().append(true).open(folder.join(FILE)).unwrap();
        other.write_all(b"{\"id\":\n\xff\n{}\n\n").unwrap();
        take(&mailbox, "after");
        for mailbox in [mailbox, open()] {
            let mails = mailbox.newest(usize::MAX).unwrap();
            let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
            assert_eq!(subjects, ["after", "before"]);
            assert_eq!(serde_json::from_str::<Vec<Mail>>(&mailbox.json().unwrap()).unwrap(), mails);
            assert_eq!(mailbox.html(&mails[1].id).unwrap().as_deref(), Some("<p>html</p>"));
            assert!(mailbox.page().unwrap().contains("<h2>before</h2>"));
            assert_eq!(mailbox.newest(1).unwrap(), mails[..1]);
            let account: serde_json::Value = serde_json::from_str(&mailbox.account().body).unwrap();
            assert_eq!(account["SendQuota"]["SentLast24Hours"], 2.0);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
