//! Measures the queue of the desk each hour: how many cases of each motive wait, and how long the oldest
//! does.

use domain::Motive;
use domain::time::Timestamp;
use platform::boot::Invocation;
use platform::cases::Waiting;
use platform::function::{Function, Grant, Share, Size};
use platform::metrics::{self, Gauge};
use platform::scope::Scope;
use platform::{Error, Platform, telemetry};

pub const FUNCTION: Function = Function {
    name: "desk-watch",
    routes: &[],
    grants: &[Grant::query("QUEUE#")],
    secrets: &[],
    size: Size { memory_mb: 256, timeout_seconds: 30, slow_ms: 10_000, share: Share::Chores },
};

/// What waits at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// By motive, in the order of the agency's form.
    pub waiting: Vec<Waiting>,
    /// How long the case waits that has waited longest; zero without any.
    pub oldest_seconds: u64,
}

/// Measures and says it to CloudWatch. It writes nothing: run twice, it says the same twice.
pub async fn handle(platform: &Platform, invocation: &Invocation) -> Result<Measured, Error> {
    let is_cold_start = telemetry::is_cold_start();
    let scope = Scope { deadline: invocation.deadline, correlation_id: invocation.request_id.clone() };
    let measured = Box::pin(scope.run(measure(platform))).await;
    match &measured {
        Ok(measured) => tracing::info!(
            service = FUNCTION.name,
            version = telemetry::version(),
            cold_start = is_cold_start,
            function_request_id = invocation.request_id,
            waiting = measured.waiting.iter().map(|waiting| waiting.cases).sum::<u64>(),
            oldest_seconds = measured.oldest_seconds,
            "desk measured"
        ),
        Err(error) => tracing::error!(
            service = FUNCTION.name,
            version = telemetry::version(),
            cold_start = is_cold_start,
            function_request_id = invocation.request_id,
            outcome = "internal",
            %error,
            "desk not measured"
        ),
    }
    measured
}

async fn measure(platform: &Platform) -> Result<Measured, Error> {
    let mut waiting = Vec::new();
    for motive in Motive::ALL {
        waiting.push(platform.cases.waiting(motive).await?);
    }
    let now = platform.clock.now();
    let seconds = |since: Timestamp| u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0);
    let oldest = waiting.iter().filter_map(|waiting| waiting.since).min();
    let oldest_seconds = oldest.map_or(0, seconds);
    for Waiting { motive, cases, .. } in &waiting {
        metrics::gauge(Gauge::CasesWaiting { motive: *motive, cases: *cases }, now);
    }
    metrics::gauge(Gauge::CaseWaitingSeconds(oldest_seconds), now);
    Ok(Measured { waiting, oldest_seconds })
}
