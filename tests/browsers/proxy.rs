//! A proxy between browser and portal: counts requests, takes policy reports, and injects network faults.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::http::Message;
use crate::processes::{POLL, free_port};

/// Where a browser reports what the policy forbids.
const REPORTS: &str = "/policy-reports";
const LISTENER: &str = "/listener.js";
/// A listener for console and exceptions, for a browser whose driver has no log.
const LISTENER_SCRIPT: &str = "
    const tell = (text) => navigator.sendBeacon('/policy-reports', `console: ${text}`);
    for (const level of ['error', 'warn']) console[level] = (...said) => tell(said.join(' '));
    addEventListener('error', ({ message }) => tell(message));
    addEventListener('unhandledrejection', ({ reason }) => tell(reason));";
/// Longer than a page waits for an answer.
const SILENCE: Duration = Duration::from_secs(60);

/// A page waits 20 seconds for an answer, and then some before it asks again.
const POST_DELAY_MAX: Duration = Duration::from_secs(45);

/// A fault of one request.
#[derive(Debug, Clone)]
pub enum Fate {
    /// 429 or 503, with a time to come back in seconds or without.
    Refused(u16, Option<u32>),
    /// Another answer, as JSON, than the portal's.
    Given(u16, Value),
    /// Not forwarded, and no answer.
    Silence,
    /// The connection is reset without a byte of an answer: a browser may retry by itself.
    Cut,
    /// Not forwarded, and the connection is reset in the middle of the answer.
    Broken,
    /// Forwarded, and the answer lost.
    AnswerLost,
    /// A captive portal's page, with status 200.
    Page(&'static str),
    /// A page without anything, that sets that cookie.
    SetCookie(String),
}

impl Fate {
    /// A failure of our own: an answer.
    pub fn failed() -> Self {
        Self::Given(500, json!({"type": "/problems/internal", "title": "Une erreur est survenue"}))
    }

    /// What Lambda answers by itself when it throttles.
    pub fn throttled() -> Self {
        Self::Given(500, json!({"message": "Internal Server Error"}))
    }

    /// What `/api/link` says of a link that serves.
    pub fn open_link() -> Self {
        Self::link("recovery", "open")
    }

    pub fn link(purpose: &str, state: &str) -> Self {
        let (until, name) = ("2026-11-23T18:05:00Z", "Boulangerie du Marché");
        let link = json!({"purpose": purpose, "state": state, "until": until, "establishment_name": name});
        Self::Given(200, link)
    }

    /// The proof has lived its twenty minutes.
    pub fn expired_proof() -> Self {
        Self::Given(403, json!({"type": "/problems/proof-rejected", "title": "La vérification a expiré"}))
    }
}

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub body: String,
    /// What the answer weighed on the wire, its head included; 0 if it never came.
    pub answer_bytes: usize,
    pub status: u16,
    /// When it came.
    pub at: Instant,
}

#[derive(Debug, Default)]
struct Record {
    seen: Vec<Seen>,
    reports: Vec<String>,
    /// Requests whose path begins so, and what becomes of the next ones.
    plans: Vec<(String, VecDeque<Fate>)>,
    /// The state of the service, if it is not the portal's.
    notices: Option<Fate>,
    /// Whether pages get the listener.
    has_listener: bool,
    /// Whether the network is down.
    is_down: bool,
}

#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    record: Arc<Mutex<Record>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub async fn start(portal: u16, has_listener: bool) -> Self {
        // A port that no site of this run has had: what a browser has stored and cached is by port. It may
        // still be bound for a moment, in the child of a fork that has not begun its program.
        let (port, listener) = loop {
            let port = free_port();
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
                break (port, listener);
            }
        };
        let record = Arc::new(Mutex::new(Record { has_listener, ..Record::default() }));
        let shared = record.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let record = shared.clone();
                tokio::spawn(async move {
                    // A browser may close a connection in the middle of a request.
                    let _ = pass(stream, portal, &record).await;
                });
            }
        });
        Self { port, record, task }
    }

    /// Plans a fault for each of the next requests whose path begins with `path`.
    pub fn plan(&self, path: &str, fates: impl IntoIterator<Item = Fate>) {
        self.record.lock().unwrap().plans.push((path.to_owned(), fates.into_iter().collect()));
    }

    /// Answers every request for the notices, instead of the portal.
    pub fn set_notices(&self, fate: Option<Fate>) {
        self.record.lock().unwrap().notices = fate;
    }

    /// Injects no listener any more: for measuring the weight of pages.
    pub fn stop_listening(&self) {
        self.record.lock().unwrap().has_listener = false;
    }

    /// Turns the network off and on.
    pub fn set_down(&self, is_down: bool) {
        self.record.lock().unwrap().is_down = is_down;
    }

    /// The requests since the last time this was asked, once all are answered.
    pub async fn take_seen(&self) -> Vec<Seen> {
        let start = Instant::now();
        while self.record.lock().unwrap().seen.iter().any(|seen| seen.status == 0) {
            assert!(start.elapsed() < POST_DELAY_MAX, "requests without an answer");
            tokio::time::sleep(POLL).await;
        }
        std::mem::take(&mut self.record.lock().unwrap().seen)
    }

    /// The bodies that were posted to `path` since the last time requests were taken, oldest first.
    pub fn bodies(&self, path: &str) -> Vec<Value> {
        self.of_posts(path, |seen| serde_json::from_str(&seen.body).unwrap())
    }

    /// How long the pauses were between what was posted there.
    pub fn pauses(&self, path: &str) -> Vec<Duration> {
        let times = self.of_posts(path, |seen| seen.at);
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// What was answered to what was posted there.
    pub fn statuses(&self, path: &str) -> Vec<u16> {
        self.of_posts(path, |seen| seen.status)
    }

    fn of_posts<T>(&self, path: &str, what: impl Fn(&Seen) -> T) -> Vec<T> {
        let record = self.record.lock().unwrap();
        let posted = record.seen.iter().filter(|seen| seen.method == "POST" && seen.path == path);
        posted.map(what).collect()
    }

    /// Waits until as many bodies were posted there; gives them.
    pub async fn posted(&self, path: &str, count: usize) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let bodies = self.bodies(path);
            if bodies.len() >= count {
                return bodies;
            }
            assert!(
                start.elapsed() < POST_DELAY_MAX,
                "{} of {count} bodies were posted to {path}",
                bodies.len()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// What browsers reported that the policy forbids.
    pub fn reports(&self) -> Vec<String> {
        self.record.lock().unwrap().reports.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut browser: TcpStream, portal: u16, record: &Mutex<Record>) -> std::io::Result<()> {
    let request = Message::read(&mut browser, true).await?;
    let path = request.word(1).to_owned();
    if path == REPORTS {
        record.lock().unwrap().reports.push(String::from_utf8_lossy(&request.body).into_owned());
        return browser.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
    }
    if path == LISTENER {
        let script = answer(200, "text/javascript", "", LISTENER_SCRIPT);
        browser.write_all(script.head.as_bytes()).await?;
        return browser.write_all(&script.body).await;
    }
    // A mail has a policy of its own, which allows no script at all.
    let has_listener = record.lock().unwrap().has_listener && !path.starts_with("/mailbox");
    let (fate, rank) = note(record, &request, &path);
    let answer = match fate {
        Some(Fate::Cut) => return Ok(()),
        Some(Fate::Silence) => {
            tokio::time::sleep(SILENCE).await;
            return Ok(());
        }
        Some(Fate::Refused(status, retry_after)) => refusal(status, retry_after),
        Some(Fate::Given(status, body)) => answer(status, "application/json", "", &body.to_string()),
        Some(Fate::AnswerLost) => {
            let answer = forward(&request, portal, has_listener).await?;
            return write_half(&mut browser, &answer).await;
        }
        Some(Fate::Broken) => {
            return write_half(&mut browser, &answer(200, "application/json", "", "{}")).await;
        }
        Some(Fate::Page(page)) => answer(200, "text/html", "", page),
        Some(Fate::SetCookie(cookie)) => {
            answer(200, "text/html", &format!("Set-Cookie: {cookie}\r\n"), "<link rel=icon href='data:,'>")
        }
        None => forward(&request, portal, has_listener).await?,
    };
    if let Some(seen) = record.lock().unwrap().seen.get_mut(rank) {
        seen.answer_bytes = answer.head.len() + answer.body.len();
        seen.status = answer.status();
    }
    // Written after it was weighed: what follows is the test's own.
    let answer = if has_listener { with_listener(answer) } else { answer };
    let policy = "content-security-policy: ";
    let head = match answer.head.find(policy) {
        Some(at) => {
            let (before, after) = answer.head.split_at(at + policy.len());
            format!("{before}report-uri {REPORTS}; {after}")
        }
        None => answer.head,
    };
    browser.write_all(head.as_bytes()).await?;
    browser.write_all(&answer.body).await?;
    browser.shutdown().await
}

async fn write_half(browser: &mut TcpStream, answer: &Message) -> std::io::Result<()> {
    browser.write_all(answer.head.as_bytes()).await?;
    browser.write_all(&answer.body[..answer.body.len() / 2]).await
}

/// Records a request; returns its fault and its index.
fn note(record: &Mutex<Record>, request: &Message, path: &str) -> (Option<Fate>, usize) {
    let mut record = record.lock().unwrap();
    record.seen.push(Seen {
        method: request.word(0).to_owned(),
        path: path.to_owned(),
        body: String::from_utf8_lossy(&request.body).into_owned(),
        answer_bytes: 0,
        status: 0,
        at: Instant::now(),
    });
    let rank = record.seen.len() - 1;
    if record.is_down {
        return (Some(Fate::Cut), rank);
    }
    if path == "/api/notices" && record.notices.is_some() {
        return (record.notices.clone(), rank);
    }
    let mut plans = record.plans.iter_mut().filter(|(prefix, _)| path.starts_with(prefix.as_str()));
    (plans.find_map(|(_, fates)| fates.pop_front()), rank)
}

async fn forward(request: &Message, portal: u16, has_listener: bool) -> std::io::Result<Message> {
    let mut stream = TcpStream::connect(("127.0.0.1", portal)).await?;
    let lines = request.head.trim_end().lines();
    let is_page = request.word(1).ends_with('/') || request.word(1).ends_with(".html");
    // Uncompressed, so that the listener can be injected.
    let dropped = if has_listener && is_page { "accept-encoding:" } else { "connection:" };
    let kept = lines.filter(|line| {
        let line = line.to_ascii_lowercase();
        !line.starts_with("connection:") && !line.starts_with(dropped)
    });
    let head = kept.collect::<Vec<_>>().join("\r\n") + "\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&request.body).await?;
    let mut answer = Message::read(&mut stream, false).await?;
    if !answer.head.to_ascii_lowercase().contains("connection: close") {
        answer.head.insert_str(answer.head.len() - 2, "connection: close\r\n");
    }
    Ok(answer)
}

/// A page that is not compressed gets the listener, before any script of its own.
fn with_listener(mut answer: Message) -> Message {
    let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if let (true, Some(length)) = (is_page && text.contains("<head>"), answer.header("content-length")) {
        let stated = format!("content-length: {length}");
        let text = text.replacen("<head>", &format!("<head><script src={LISTENER}></script>"), 1);
        answer.head = answer.head.replacen(&stated, &format!("content-length: {}", text.len()), 1);
        answer.body = text.into_bytes();
    }
    answer
}

fn refusal(status: u16, retry_after: Option<u32>) -> Message {
    let retry = retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
    answer(status, "text/html", &retry, "<h1>Overloaded</h1>")
}

fn answer(status: u16, media_type: &str, headers: &str, body: &str) -> Message {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Said\r\n{headers}Content-Type: {media_type}\r\nCache-Control: no-store\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    Message { head, body: body.into() }
}
