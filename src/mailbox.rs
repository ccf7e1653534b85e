//! SES on one machine: takes mails as its v2 API does, keeps them, and shows them.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use aws_sdk_sesv2::config::{Credentials, Region};
use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::MailId;
use domain::time::{SignedDuration, Timestamp, after};
use platform::clock::Clock;
use platform::random::Random;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::emulator::{ServiceResponse, Transit, in_process};

/// Where SES's v2 API takes a mail.
pub const SEND_PATH: &str = "/v2/email/outbound-emails";
/// The file of the mails, in the data folder: one JSON object a line.
const FILE: &str = "mailbox.jsonl";
/// Mails that are taken at once, whatever the rate: those of one second, as SES does.
const BURST: SignedDuration = SignedDuration::from_secs(1);
/// Mails on the page; all of them are in the JSON.
const SHOWN_MAILS_MAX: usize = 100;

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
    rate: Option<Rate>,
    clock: Clock,
    random: Random,
}

/// A rate limit: mails are due one interval after another, and none is taken more than [`BURST`] before.
#[derive(Debug, Clone)]
struct Rate {
    interval: SignedDuration,
    due_at: Arc<Mutex<Timestamp>>,
}

impl Rate {
    fn admits(&self, now: Timestamp) -> bool {
        let mut due_at = self.due_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = after(now.max(*due_at), self.interval);
        let is_admitted = next <= after(now, BURST.max(self.interval));
        if is_admitted {
            *due_at = next;
        }
        is_admitted
    }
}

/// The mails, oldest first: in memory, or a JSON line for each in a file, with an index of its lines.
#[derive(Debug)]
enum Store {
    Memory(Vec<Mail>),
    Disk { file: File, lines: Vec<(u64, usize)> },
}

impl Store {
    fn len(&self) -> usize {
        match self {
            Self::Memory(mails) => mails.len(),
            Self::Disk { lines, .. } => lines.len(),
        }
    }

    fn push(&mut self, mail: Mail) -> io::Result<()> {
        match self {
            Self::Memory(mails) => mails.push(mail),
            Self::Disk { file, lines } => {
                let line = serde_json::to_string(&mail).map_err(io::Error::other)?;
                let end = file.metadata()?.len();
                if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
                    // A full disk leaves half a line: cut it off, or the next one is appended to it.
                    file.set_len(end)?;
                    return Err(error);
                }
                lines.push((file.stream_position()? - line.len() as u64 - 1, line.len()));
            }
        }
        Ok(())
    }

    /// None for a line that is no mail, which is logged.
    fn mail(&self, rank: usize) -> io::Result<Option<Cow<'_, Mail>>> {
        match self {
            Self::Memory(mails) => Ok(mails.get(rank).map(Cow::Borrowed)),
            Self::Disk { file, lines } => {
                let (start, length) = lines[rank];
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, start)?;
                let mail = serde_json::from_slice(&bytes).map(Cow::Owned);
                let log = |error: &serde_json::Error| {
                    tracing::warn!(line = rank + 1, %error, "a line of {FILE} is no mail");
                };
                Ok(mail.inspect_err(log).ok())
            }
        }
    }
}

impl Mailbox {
    /// A mailbox that ends with the process.
    #[must_use]
    pub fn in_memory(clock: Clock, random: Random) -> Self {
        Self { store: Arc::new(Mutex::new(Store::Memory(Vec::new()))), rate: None, clock, random }
    }

    /// The mailbox of a data folder. An incomplete last line, left by a killed process, is cut off.
    pub fn in_folder(folder: &Path, clock: Clock, random: Random) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(folder.join(FILE))?;
        let (mut lines, mut end) = (Vec::new(), 0_u64);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            lines.push((end, line.len() - 1));
            end += line.len() as u64;
            line.clear();
        }
        file.set_len(end)?;
        let store = Store::Disk { file, lines };
        Ok(Self { store: Arc::new(Mutex::new(store)), rate: None, clock, random })
    }

    /// The same, taking no more than one mail in each interval, as an account with that send rate.
    #[must_use]
    pub fn with_interval(self, interval: SignedDuration) -> Self {
        let due_at = Arc::new(Mutex::new(Timestamp::MIN));
        Self { rate: (!interval.is_zero()).then_some(Rate { interval, due_at }), ..self }
    }

    /// SES's `SendEmail`.
    #[must_use]
    pub fn take(&self, body: &[u8]) -> ServiceResponse {
        let Ok(request) = serde_json::from_slice::<SendEmail>(body) else {
            let message = "not a SendEmail request with a simple message";
            return ServiceResponse { status: 400, body: json!({"message": message}).to_string() };
        };
        let now = self.clock.now();
        if self.rate.as_ref().is_some_and(|rate| !rate.admits(now)) {
            let body =
                json!({"__type": "TooManyRequestsException", "message": "Maximum sending rate exceeded."});
            return ServiceResponse { status: 429, body: body.to_string() };
        }
        let message_id = MailId::new(now, self.random.bytes()).to_string();
        let tag = request.email_tags.into_iter().find(|tag| tag.name == mail_sender::TAG);
        let simple = request.content.simple;
        let mail = Mail {
            id: tag.map_or_else(|| message_id.clone(), |tag| tag.value),
            at: now.strftime("%FT%TZ").to_string(),
            from: request.from_email_address,
            to: request.destination.to_addresses,
            reply_to: request.reply_to_addresses,
            subject: simple.subject.data,
            text: simple.body.text.data,
            html: simple.body.html.data,
        };
        let pushed = self.store().push(mail);
        match pushed {
            Ok(()) => ServiceResponse::ok(json!({"MessageId": message_id}).to_string()),
            Err(error) => {
                ServiceResponse { status: 500, body: json!({"message": error.to_string()}).to_string() }
            }
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

    /// The page that shows the newest mails.
    pub fn page(&self) -> io::Result<String> {
        let page = Page { mails: self.newest(SHOWN_MAILS_MAX)? };
        page.render().map_err(io::Error::other)
    }

    /// The HTML of one mail, as its reader sees it.
    pub fn html(&self, id: &str) -> io::Result<Option<String>> {
        Ok(self.pick(1, |mail| (mail.id == id).then(|| mail.html.clone()))?.pop())
    }

    fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An SES client whose requests are answered by a function.
pub fn client(
    transit: Option<Transit>,
    answer: impl Fn(&[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync + 'static,
) -> aws_sdk_sesv2::Client {
    let config = mail_sender::ses_config()
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url("http://localhost")
        .http_client(in_process(transit, move |request| answer(request.body().bytes().unwrap_or_default())));
    aws_sdk_sesv2::Client::from_conf(config.build())
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Page {
    mails: Vec<Mail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    from_email_address: String,
    destination: Destination,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    #[serde(default)]
    email_tags: Vec<EmailTag>,
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EmailTag {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    #[serde(default)]
    to_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Simple,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Data,
    body: Parts,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parts {
    text: Data,
    html: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    data: String,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn take(mailbox: &Mailbox, subject: &str) {
        assert_eq!(status(mailbox, subject), 200);
    }

    fn status(mailbox: &Mailbox, subject: &str) -> u16 {
        let body = json!({
            "FromEmailAddress": "a@exemple.fr",
            "Destination": {"ToAddresses": ["b@exemple.fr"]},
            "Content": {"Simple": {
                "Subject": {"Data": subject},
                "Body": {"Text": {"Data": "text"}, "Html": {"Data": "<p>html</p>"}},
            }},
        });
        mailbox.take(body.to_string().as_bytes()).status
    }

    #[test]
    fn what_is_over_the_rate_is_throttled_and_not_kept() {
        let seconds = Arc::new(std::sync::atomic::AtomicI64::new(0));
        let now = seconds.clone();
        let clock = Clock::new(move || {
            Timestamp::from_second(now.load(std::sync::atomic::Ordering::Relaxed)).unwrap()
        });
        let quarter = SignedDuration::from_millis(250);
        let mailbox = Mailbox::in_memory(clock, Random::system()).with_interval(quarter);
        let second = || [0; 6].map(|_| status(&mailbox, "x"));
        assert_eq!(second(), [200, 200, 200, 200, 429, 429]);
        seconds.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(second(), [200, 200, 200, 200, 429, 429]);
        assert_eq!(mailbox.newest(usize::MAX).unwrap().len(), 8);
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
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
