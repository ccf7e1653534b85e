//! The scope of a request or a batch: deadline and correlation id, in a task-local.

use domain::time::Timestamp;

use crate::clock::Clock;

#[derive(Debug, Clone)]
pub struct Scope {
    /// No call of a service begins after it, and one in progress is given up.
    pub deadline: Timestamp,
    /// Ties the log lines of a request, its function and its mails together.
    pub correlation_id: String,
}

tokio::task_local! {
    static SCOPE: Scope;
}

impl Scope {
    pub async fn run<T>(self, work: impl Future<Output = T>) -> T {
        SCOPE.scope(self, work).await
    }
}

/// The current deadline, if there is one.
#[must_use]
pub fn deadline() -> Option<Timestamp> {
    SCOPE.try_with(|scope| scope.deadline).ok()
}

/// Awaits a call, until the current deadline if there is one. None: the deadline has passed; the call was not
/// begun, or is given up, and may have had its effect.
pub async fn in_time<T>(clock: &Clock, call: impl Future<Output = T>) -> Option<T> {
    let Some(deadline) = deadline() else {
        return Some(call.await);
    };
    let left = clock.until(deadline);
    if left.is_zero() {
        return None;
    }
    tokio::select! {
        biased;
        answer = call => Some(answer),
        () = clock.sleep(left) => None,
    }
}

/// The current correlation id, if there is one.
#[must_use]
pub fn correlation_id() -> Option<String> {
    SCOPE.try_with(|scope| scope.correlation_id.clone()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::time::{SignedDuration, after};
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_is_given_up_at_the_deadline_and_none_begins_after_it() {
        let beginning = Instant::now();
        let clock = Clock::new(move || Timestamp::UNIX_EPOCH + beginning.elapsed());
        let call = async |seconds| in_time(&clock, sleep(Duration::from_secs(seconds))).await.is_some();
        let deadline = after(clock.now(), SignedDuration::from_secs(10));
        let scope = Scope { deadline, correlation_id: String::new() };
        let answered = scope.run(async { [call(4).await, call(9).await, call(0).await] }).await;
        assert_eq!(answered, [true, false, false]);
        assert_eq!(beginning.elapsed().as_secs(), 10);
        assert!(call(20).await, "no scope, no deadline");
    }
}
