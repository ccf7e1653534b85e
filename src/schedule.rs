//! EventBridge's schedule on one machine: runs `presence` at the start, and each hour.

use std::time::Duration;

use domain::time::after;
use platform::boot::Invocation;
use platform::clock::Clock;
use platform::{Error, Platform};
use presence::{FUNCTION, Run};
use tokio::time::sleep;

/// The interval of runs, as in the rule of `infra/mail.yaml`.
pub const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Calls the functions that a schedule calls.
#[derive(Debug)]
pub struct Schedule {
    presence: Platform,
    clock: Clock,
}

impl Schedule {
    /// With the platform of `presence`, under its grants.
    pub(crate) fn new(presence: Platform, clock: Clock) -> Self {
        Self { presence, clock }
    }

    /// Runs it hour by hour, until the portal stops. It logs what fails; the next hour tries again.
    pub async fn run(&self) {
        loop {
            let _ = self.ask_holders().await;
            sleep(PERIOD).await;
        }
    }

    /// Runs `presence` once.
    pub async fn ask_holders(&self) -> Result<Run, Error> {
        let deadline = after(self.clock.now(), FUNCTION.size.request_time_max());
        let invocation = Invocation { request_id: "schedule".to_owned(), deadline };
        presence::handle(&self.presence, &invocation).await
    }
}
