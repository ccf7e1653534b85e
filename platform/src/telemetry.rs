//! Log lines as JSON, one a request: what happened and how long it took, never to whom.

use std::io;
use std::time::Duration;

use http::{Method, StatusCode};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::problems::Problem;

/// Ours from `level` on, libraries only when they warn: their finer lines may repeat a request.
pub fn subscriber<W>(writer: W, level: Level) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let ours = ["sesame", "platform", "mail_sender"];
    let targets = Targets::new().with_default(Level::WARN).with_targets(ours.map(|name| (name, level)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer);
    tracing_subscriber::registry().with(lines.with_filter(targets))
}

/// Writes the lines to standard output, where Lambda collects them.
pub fn init() {
    // A second call keeps the first subscriber, which writes the same lines.
    let _ = subscriber(io::stdout, Level::INFO).try_init();
}

/// The longest path that a log repeats, in bytes.
const PATH_LENGTH_MAX: usize = 40;

/// What a log calls a route: a method and a path as ours are, or nothing that a stranger made up.
#[must_use]
pub fn route(method: &Method, path: &str) -> String {
    let ours = [Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::OPTIONS];
    let method = if ours.contains(method) { method.as_str() } else { "OTHER" };
    let is_plain = path.len() <= PATH_LENGTH_MAX
        && path.starts_with("/api/")
        && path.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'/' | b'-' | b'.'));
    format!("{method} {}", if is_plain { path } else { "elsewhere" })
}

/// The one line of a request.
pub fn request(id: &str, route: &str, status: StatusCode, problem: Option<&Problem>, took: Duration) {
    let millis = took.as_secs_f64() * 1_000.0;
    let status = status.as_u16();
    let outcome = problem.map_or("ok", Problem::name);
    match problem.and_then(Problem::source) {
        None => tracing::info!(request_id = id, route, status, outcome, millis, "request"),
        Some(cause) => {
            tracing::error!(request_id = id, route, status, outcome, millis, %cause, "request");
        }
    }
}
