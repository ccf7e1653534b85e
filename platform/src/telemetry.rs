//! Log lines as JSON, one a request: what happened and how long it took, never to whom.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, io};

use domain::time::SignedDuration;
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
    let ours = [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let method = if ours.contains(method) { method.as_str() } else { "OTHER" };
    let is_plain = path.len() <= PATH_LENGTH_MAX
        && path.starts_with("/api/")
        && path.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'/' | b'-' | b'.'));
    format!("{method} {}", if is_plain { path } else { "elsewhere" })
}

/// What ties a request's log line to those of others.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// Lambda's own name for the invocation.
    pub function_request_id: String,
    /// The API's name for the request: it stands in its access log, and in the log lines of the mails that come of it.
    pub correlation_id: String,
}

/// Whether this process has worked on nothing yet.
static IS_COLD: AtomicBool = AtomicBool::new(true);

/// Whether this is the first work of this process, asked once for each piece of work: a cold start.
#[must_use]
pub fn is_cold_start() -> bool {
    IS_COLD.swap(false, Ordering::Relaxed)
}

/// What was deployed: a commit, as the operator's tools set it.
#[must_use]
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| env::var("SESAME_VERSION").unwrap_or_else(|_| env!("CARGO_PKG_VERSION").to_owned()));
    &VERSION
}

/// The one line of a request, with the keys that AWS's tools look for (Powertools' structured logs).
pub fn request(
    ids: &Ids,
    service: &str,
    route: &str,
    status: StatusCode,
    problem: Option<&Problem>,
    took: SignedDuration,
) {
    let millis = took.as_secs_f64() * 1_000.0;
    let status = status.as_u16();
    let outcome = problem.map_or("ok", Problem::name);
    let (function_request_id, correlation_id) = (&*ids.function_request_id, &*ids.correlation_id);
    let (cold_start, version) = (is_cold_start(), version());
    match problem.and_then(Problem::source) {
        None => tracing::info!(
            service,
            version,
            cold_start,
            function_request_id,
            correlation_id,
            route,
            status,
            outcome,
            millis,
            "request"
        ),
        Some(cause) => tracing::error!(
            service, version, cold_start, function_request_id, correlation_id, route, status, outcome, millis, %cause,
            "request"
        ),
    }
}
