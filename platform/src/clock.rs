//! The clock: what time it is, and how to wait. Injected, so that tests and simulations own the time.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::time::{SignedDuration, Timestamp};

#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    sleep: Arc<Sleep>,
}

type Sleep = dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// A clock of tests or simulations; sleeps by the runtime's timer.
    #[must_use]
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), sleep: Arc::new(|delay| Box::pin(tokio::time::sleep(delay))) }
    }

    /// The same clock with another sleep.
    #[must_use]
    pub fn with_sleep(
        mut self,
        sleep: impl Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static,
    ) -> Self {
        self.sleep = Arc::new(sleep);
        self
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    pub async fn sleep(&self, delay: Duration) {
        (self.sleep)(delay).await;
    }

    /// The duration until a moment; zero when it is past.
    #[must_use]
    pub fn until(&self, moment: Timestamp) -> Duration {
        self.now().duration_until(moment).max(SignedDuration::ZERO).unsigned_abs()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
