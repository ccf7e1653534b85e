//! Events about mails on their way to `mail-tracker`, each until it is due.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::time::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;

/// The queue of events, by the time at which they are due.
#[derive(Debug, Default)]
pub struct Deliveries {
    events: Mutex<Events>,
    arrival: Notify,
}

#[derive(Debug, Default)]
struct Events {
    /// By due time, then by arrival.
    queue: BTreeMap<(Timestamp, u64), Value>,
    arrivals: u64,
}

impl Deliveries {
    pub fn push(&self, due_at: Timestamp, event: Value) {
        let mut events = self.events();
        events.arrivals += 1;
        let arrival = events.arrivals;
        events.queue.insert((due_at, arrival), event);
        drop(events);
        self.arrival.notify_one();
    }

    /// Takes out what is due, in its order.
    #[must_use]
    pub fn take_due(&self, now: Timestamp) -> Vec<Value> {
        let mut events = self.events();
        let later = events.queue.split_off(&(now, u64::MAX));
        std::mem::replace(&mut events.queue, later).into_values().collect()
    }

    /// Takes every event out, due or not, in the order in which they are due.
    #[must_use]
    pub fn take_all(&self) -> Vec<Value> {
        std::mem::take(&mut self.events().queue).into_values().collect()
    }

    /// When the next event is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.events().queue.first_key_value().map(|((due_at, _), _)| *due_at)
    }

    /// Returns when an event has been pushed, at once if one has since the last return.
    pub async fn arrival(&self) {
        self.arrival.notified().await;
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_taken_when_they_are_due_in_their_order() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let deliveries = Deliveries::default();
        for (due_at, name) in [(9, "d"), (5, "b"), (1, "a"), (5, "c")] {
            deliveries.push(at(due_at), json!(name));
        }
        assert_eq!(deliveries.next_due(), Some(at(1)));
        assert_eq!(deliveries.take_due(at(0)), [] as [Value; 0]);
        assert_eq!(deliveries.take_due(at(5)), ["a", "b", "c"]);
        assert_eq!(deliveries.next_due(), Some(at(9)));
        deliveries.push(at(7), json!("e"));
        assert_eq!(deliveries.take_all(), ["e", "d"]);
        assert_eq!(deliveries.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_arrival_is_told_even_to_who_asks_after_it() {
        let deliveries = Deliveries::default();
        deliveries.push(Timestamp::UNIX_EPOCH, json!("a"));
        deliveries.arrival().await;
        let arrival = deliveries.arrival();
        tokio::pin!(arrival);
        let soon = tokio::time::timeout(std::time::Duration::from_millis(1), &mut arrival);
        assert!(soon.await.is_err());
        deliveries.push(Timestamp::UNIX_EPOCH, json!("b"));
        arrival.await;
    }
}
