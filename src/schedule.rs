//! EventBridge's schedule on one machine: runs `presence` and `desk-watch` at the start, and each hour.

use std::time::Duration;

use desk_watch::Measured;
use domain::time::after;
use platform::boot::Invocation;
use platform::clock::Clock;
use platform::function::Function;
use platform::{Error, Platform};
use presence::Run;
use tokio::time::sleep;

/// The interval of runs, as in the rule of `infra/mail.yaml`.
pub const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Calls the functions that a schedule calls.
#[derive(Debug)]
pub struct Schedule {
    presence: Platform,
    desk_watch: Platform,
    clock: Clock,
}

impl Schedule {
    /// With the platform of each, under its grants.
    pub(crate) fn new(presence: Platform, desk_watch: Platform, clock: Clock) -> Self {
        Self { presence, desk_watch, clock }
    }

    /// Runs them hour by hour, until the portal stops. It logs what fails; the next hour tries again.
    pub async fn run(&self) {
        loop {
            let _ = self.ask_holders().await;
            let _ = self.measure_desk().await;
            sleep(PERIOD).await;
        }
    }

    /// Runs `presence` once.
    pub async fn ask_holders(&self) -> Result<Run, Error> {
        presence::handle(&self.presence, &self.invocation(&presence::FUNCTION)).await
    }

    /// Runs `desk-watch` once.
    pub async fn measure_desk(&self) -> Result<Measured, Error> {
        desk_watch::handle(&self.desk_watch, &self.invocation(&desk_watch::FUNCTION)).await
    }

    fn invocation(&self, function: &Function) -> Invocation {
        let deadline = after(self.clock.now(), function.size.request_time_max());
        Invocation { request_id: "schedule".to_owned(), deadline }
    }
}
