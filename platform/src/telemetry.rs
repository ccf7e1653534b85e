//! Logs: one JSON line for each request, with outcome and duration and without personal data.

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

/// Our lines from `level` on. Of libraries only warnings: their debug lines may repeat a request's body.
pub fn subscriber<W>(writer: W, level: Level) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let ours = ["sesame", "platform", "mail_sender", "mail_tracker", "presence"];
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

/// Writes to standard output, which Lambda sends to CloudWatch.
pub fn init() {
    // A second call keeps the first subscriber, which writes the same lines.
    let _ = subscriber(io::stdout, Level::INFO).try_init();
}

/// The longest path that is logged.
const PATH_LENGTH_MAX: usize = 60;

/// Method and path as they are logged. A path that cannot be a route of ours is `elsewhere`: it may hold an
/// address.
#[must_use]
pub fn route(method: &Method, path: &str) -> String {
    let ours = [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let method = if ours.contains(method) { method.as_str() } else { "OTHER" };
    let is_plain = path.len() <= PATH_LENGTH_MAX
        && path.starts_with("/api/")
        && path.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'/' | b'-' | b'.' | b'{' | b'}'));
    format!("{method} {}", if is_plain { path } else { "elsewhere" })
}

/// The ids in a request's log line.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// Lambda's id of the invocation.
    pub function_request_id: String,
    /// API Gateway's id of the request; also in its access log, and in the log lines of the mails that it
    /// queued.
    pub correlation_id: String,
}

/// True until the first request of this process.
static IS_COLD: AtomicBool = AtomicBool::new(true);

/// Whether this request is a cold start: true at the first call.
#[must_use]
pub fn is_cold_start() -> bool {
    IS_COLD.swap(false, Ordering::Relaxed)
}

/// The deployed commit (`SESAME_VERSION`).
#[must_use]
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| env::var("SESAME_VERSION").unwrap_or_else(|_| env!("CARGO_PKG_VERSION").to_owned()));
    &VERSION
}

/// Logs a request, under the keys of AWS Powertools' structured logs.
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
    macro_rules! log {
        ($level:ident, $($more:tt)*) => {
            tracing::$level!(
                service, version, cold_start, function_request_id, correlation_id,
                route, status, outcome, millis, $($more)*
            )
        };
    }
    match problem.and_then(Problem::source) {
        None => log!(info, "request"),
        Some(cause) => log!(error, %cause, "request"),
    }
}
