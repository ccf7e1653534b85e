//! What stands between a browser and the portal: it lets everything pass, counts it, hears of what the
//! policy forbids, and is the network of the worst day when a test says so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::http::Message;
use crate::processes::POLL;

/// Where a browser reports what the policy forbids.
const REPORTS: &str = "/policy-reports";
/// Longer than a page waits for an answer.
const SILENCE: Duration = Duration::from_secs(60);

/// A page waits 20 seconds for an answer, and then some before it asks again.
const POST_DELAY_MAX: Duration = Duration::from_secs(45);

/// What becomes of one request.
#[derive(Debug, Clone)]
pub enum Fate {
    /// 429 or 503, with a time to come back in seconds or without.
    Refused(u16, Option<u32>),
    /// Another answer, as JSON, than the portal's.
    Given(u16, Value),
    /// Nobody answers and nothing is done.
    Silence,
    /// The network is gone.
    Cut,
    /// Carried out, but the answer is lost.
    AnswerLost,
}

/// A request that came by.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub body: String,
    /// What the answer weighed on the wire, its head included; 0 if it never came.
    pub answer_bytes: usize,
    pub status: u16,
}

#[derive(Debug, Default)]
struct Record {
    seen: Vec<Seen>,
    reports: Vec<String>,
    /// Requests whose path begins so, and what becomes of the next ones.
    plans: Vec<(String, VecDeque<Fate>)>,
    /// Nothing passes as long as it is down.
    is_down: bool,
}

#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    record: Arc<Mutex<Record>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub async fn start(portal: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let record = Arc::new(Mutex::new(Record::default()));
        let shared = record.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let record = shared.clone();
                tokio::spawn(async move {
                    // A browser that goes away in the middle of a request is no failure.
                    let _ = pass(stream, portal, &record).await;
                });
            }
        });
        Self { port, record, task }
    }

    /// The next requests whose path begins with `path` meet these fates, one each.
    pub fn plan(&self, path: &str, fates: impl IntoIterator<Item = Fate>) {
        self.record.lock().unwrap().plans.push((path.to_owned(), fates.into_iter().collect()));
    }

    /// Cuts the network, or mends it.
    pub fn set_down(&self, is_down: bool) {
        self.record.lock().unwrap().is_down = is_down;
    }

    /// The requests since the last time this was asked.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.record.lock().unwrap().seen)
    }

    /// The bodies that were posted to `path` since the last time requests were taken, oldest first.
    pub fn bodies(&self, path: &str) -> Vec<Value> {
        let record = self.record.lock().unwrap();
        let posted = record.seen.iter().filter(|seen| seen.method == "POST" && seen.path == path);
        posted.map(|seen| serde_json::from_str(&seen.body).unwrap()).collect()
    }

    /// Waits until as many bodies were posted there; gives them.
    pub async fn posted(&self, path: &str, count: usize) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let bodies = self.bodies(path);
            if bodies.len() >= count {
                return bodies;
            }
            assert!(start.elapsed() < POST_DELAY_MAX, "{} of {count} bodies were posted to {path}", bodies.len());
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
            forward(&request, portal).await?;
            return Ok(());
        }
        None => forward(&request, portal).await?,
    };
    if let Some(seen) = record.lock().unwrap().seen.get_mut(rank) {
        seen.answer_bytes = answer.head.len() + answer.body.len();
        seen.status = answer.status();
    }
    // Written after it was weighed: this line is the test's own.
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

/// Writes the request down; gives its fate and its place.
fn note(record: &Mutex<Record>, request: &Message, path: &str) -> (Option<Fate>, usize) {
    let mut record = record.lock().unwrap();
    record.seen.push(Seen {
        method: request.word(0).to_owned(),
        path: path.to_owned(),
        body: String::from_utf8_lossy(&request.body).into_owned(),
        answer_bytes: 0,
        status: 0,
    });
    let rank = record.seen.len() - 1;
    if record.is_down {
        return (Some(Fate::Cut), rank);
    }
    let mut plans = record.plans.iter_mut().filter(|(prefix, _)| path.starts_with(prefix.as_str()));
    (plans.find_map(|(_, fates)| fates.pop_front()), rank)
}

async fn forward(request: &Message, portal: u16) -> std::io::Result<Message> {
    let mut stream = TcpStream::connect(("127.0.0.1", portal)).await?;
    let lines = request.head.trim_end().lines();
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head = kept.collect::<Vec<_>>().join("\r\n") + "\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&request.body).await?;
    let mut answer = Message::read(&mut stream, false).await?;
    if !answer.head.to_ascii_lowercase().contains("connection: close") {
        answer.head.insert_str(answer.head.len() - 2, "connection: close\r\n");
    }
    Ok(answer)
}

fn refusal(status: u16, retry_after: Option<u32>) -> Message {
    let retry = retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
    answer(status, "text/html", &retry, "<h1>Overloaded</h1>")
}

fn answer(status: u16, media_type: &str, headers: &str, body: &str) -> Message {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Said\r\n{headers}Content-Type: {media_type}\r\nCache-Control: no-store\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    Message { head, body: body.into() }
}
