//! What an SES account may send: its rate, and what it has sent within a day.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::time::{SignedDuration, Timestamp, after};
use serde_json::json;

use crate::emulator::ServiceResponse;

/// The send rate of an account without limit, a second: no sender is quicker.
pub const UNLIMITED_MAILS_MAX: f64 = 1e9;
/// Mails that are taken at once, whatever the rate: those of one second, as SES does.
const BURST: SignedDuration = SignedDuration::from_secs(1);
/// The window of the quota that an account tells beside its rate.
pub(super) const QUOTA_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// Mails are counted by this span, and expire from the count by it.
pub(super) const COUNTED_SPAN: SignedDuration = SignedDuration::from_mins(10);

/// The number of mails in each [`COUNTED_SPAN`] of the [`QUOTA_WINDOW`], by its rank since 1970.
#[derive(Debug, Default)]
pub(super) struct Sent(BTreeMap<i64, u32>);

impl Sent {
    pub(super) fn count(&mut self, at: Timestamp) {
        let span = span_of(at);
        *self.0.entry(span).or_default() += 1;
        self.0.retain(|counted, _| *counted > span - span_of_window());
    }

    pub(super) fn since(&self, now: Timestamp) -> u32 {
        let within = span_of(now) - span_of_window() + 1..;
        self.0.range(within).map(|(_, count)| count).sum()
    }
}

fn span_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(COUNTED_SPAN.as_secs())
}

fn span_of_window() -> i64 {
    QUOTA_WINDOW.as_secs() / COUNTED_SPAN.as_secs()
}

/// A rate limit: mails are due one interval after another, and none is taken more than [`BURST`] before.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    interval: SignedDuration,
    due_at: Arc<Mutex<Timestamp>>,
}

impl Rate {
    pub(super) fn of(interval: SignedDuration) -> Self {
        Self { interval, due_at: Arc::new(Mutex::new(Timestamp::MIN)) }
    }

    pub(super) fn admits(&self, now: Timestamp) -> bool {
        let mut due_at = self.due_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = after(now.max(*due_at), self.interval);
        let is_admitted = next <= after(now, BURST.max(self.interval));
        if is_admitted {
            *due_at = next;
        }
        is_admitted
    }
}

/// `GetAccount` of an account in production. Its daily quota is what its rate allows in a day.
pub(super) fn account(rate: Option<&Rate>, sent: u32) -> ServiceResponse {
    // An interval in nanoseconds is not quite that of its rate: 14 a second would be told as 14.00000008.
    let told = |rate: &Rate| (rate.interval.as_secs_f64().recip() * 1e3).round() / 1e3;
    let mails_per_second = rate.map_or(UNLIMITED_MAILS_MAX, told);
    let body = json!({
        "DedicatedIpAutoWarmupEnabled": false,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": true,
        "SendQuota": {
            "Max24HourSend": (mails_per_second * QUOTA_WINDOW.as_secs_f64()).round(),
            "MaxSendRate": mails_per_second,
            "SentLast24Hours": f64::from(sent),
        },
        "SendingEnabled": true,
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
    });
    ServiceResponse::ok(body.to_string())
}
