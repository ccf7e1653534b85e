//! EventBridge and the alarm of delays on one machine: hand events to `mail-tracker`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::mail::Lane;
use domain::time::{SignedDuration, after};
use mail_tracker::{BusEvent, FUNCTION};
use platform::boot::Invocation;
use platform::clock::Clock;
use platform::{Error, Platform};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::mailbox::deliveries::Deliveries;
use crate::worker::Queues;

/// The age of the oldest link at which the alarm rings, as `oldest-link` of `infra/alarms.yaml`.
pub const ALARM_AGE: SignedDuration = SignedDuration::from_secs(300);
/// The interval at which the alarm is judged, and at which due events are looked for.
const POLL: Duration = Duration::from_secs(1);
/// The pause before an event that failed comes again.
const RETRY_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// The pause of a loop under load: requests come first.
const PAUSE_UNDER_LOAD: Duration = Duration::from_millis(100);
/// Events that are taken without a pause.
const BURST: usize = 20;

/// Takes due events out of their queue and hands them to the function.
#[derive(Debug)]
pub struct Tracker {
    deliveries: Arc<Deliveries>,
    queues: Arc<Queues>,
    platform: Platform,
    clock: Clock,
    /// None until the alarm was judged: what an earlier process put up is still there.
    is_ringing: Mutex<Option<bool>>,
}

impl Tracker {
    pub(crate) fn new(
        deliveries: Arc<Deliveries>,
        queues: Arc<Queues>,
        platform: Platform,
        clock: Clock,
    ) -> Self {
        Self { deliveries, queues, platform, clock, is_ringing: Mutex::new(None) }
    }

    /// What is due and what is to come.
    #[must_use]
    pub fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    /// Hands over what is due, and judges the alarm, until the portal stops.
    pub async fn run(&self) {
        loop {
            self.judge_alarm().await;
            if self.track_due().await > BURST {
                sleep(PAUSE_UNDER_LOAD).await;
            } else {
                let _ = timeout(POLL, self.deliveries.arrival()).await;
                // Events come one by one: what comes with this one is taken with it.
                sleep(PAUSE_UNDER_LOAD).await;
            }
        }
    }

    /// Hands over every event that is due. Returns how many there were.
    pub async fn track_due(&self) -> usize {
        let due = self.deliveries.take_due(self.clock.now());
        let count = due.len();
        for event in due {
            self.hand_over(event).await;
        }
        count
    }

    async fn hand_over(&self, event: Value) {
        match self.hand(&event).await {
            Ok(()) => {}
            // As Lambda does, which calls again.
            Err(Error::Table(_)) => {
                self.deliveries.push(after(self.clock.now(), RETRY_PAUSE), event);
            }
            Err(error) => tracing::error!(%error, "an event was set aside"),
        }
    }

    /// Hands one event to the function.
    pub async fn hand(&self, event: &Value) -> Result<(), Error> {
        let event: BusEvent = serde_json::from_value(event.clone()).map_err(Error::internal)?;
        let deadline = after(self.clock.now(), FUNCTION.size.request_time_max());
        let invocation = Invocation { request_id: "event".to_owned(), deadline };
        mail_tracker::handle(&self.platform, &invocation, event).await
    }

    /// The alarm on the age of the oldest link: tells the function when it begins to ring and when it stops.
    pub async fn judge_alarm(&self) {
        let now = self.clock.now();
        let oldest = self.queues.oldest(Lane::Links);
        let rings = oldest.is_some_and(|oldest| now.duration_since(oldest) > ALARM_AGE);
        if self.is_ringing.lock().unwrap_or_else(PoisonError::into_inner).replace(rings) == Some(rings) {
            return;
        }
        let state = if rings { "ALARM" } else { "OK" };
        let event = json!({
            "source": "aws.cloudwatch",
            "detail-type": "CloudWatch Alarm State Change",
            "time": now.to_string(),
            "detail": {
                "alarmName": "sesame-oldest-link",
                "state": {"value": state, "timestamp": now.to_string()},
            },
        });
        if self.hand(&event).await.is_err() {
            *self.is_ringing.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}
