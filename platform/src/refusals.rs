//! Refusals that leave at steps of time, so that their latency does not tell what was found (a timing side
//! channel): reading the row of an account takes a fraction of a millisecond longer than reading none.

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;
use crate::error::Error;

/// Longer than a login takes, nearly always: whoever is refused waits for the end of the first step.
pub const STEP: Duration = Duration::from_millis(100);

/// Holds refusals back.
#[derive(Debug, Clone)]
pub struct Refusals {
    step: Duration,
    clock: Clock,
}

impl Refusals {
    pub(crate) fn new(step: Duration, clock: &Clock) -> Self {
        Self { step, clock: clock.clone() }
    }

    /// Does the work. An error of it is returned at the end of a step since its beginning, a success at once.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn in_steps<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        // Monotonic, unlike the clock, which can be set meanwhile; simulations own it as they own the sleep.
        let began = Instant::now();
        let result = work.await;
        if result.is_err() {
            self.clock.sleep(until_step(began.elapsed(), self.step)).await;
        }
        result
    }
}

/// What is left of the step that has begun.
fn until_step(elapsed: Duration, step: Duration) -> Duration {
    let into = elapsed.as_nanos().checked_rem(step.as_nanos()).unwrap_or(0);
    step.saturating_sub(Duration::from_nanos(u64::try_from(into).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use domain::Refusal;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whatever_it_found_a_refusal_leaves_at_a_step_and_a_success_at_once() {
        let refusals = Refusals::new(STEP, &Clock::system());
        for (work_ms, is_refused, takes_ms) in
            [(0, true, 100), (3, true, 100), (99, true, 100), (130, true, 200), (3, false, 3)]
        {
            let began = Instant::now();
            let work = async {
                sleep(Duration::from_millis(work_ms)).await;
                if is_refused { Err(Refusal::WrongCredentials.into()) } else { Ok(()) }
            };
            assert_eq!(refusals.in_steps(work).await.is_err(), is_refused);
            assert_eq!(began.elapsed().as_millis(), takes_ms, "after {work_ms} ms of work");
        }
    }

    #[test]
    fn a_step_of_nothing_holds_nothing_back() {
        assert_eq!(until_step(STEP / 3, Duration::ZERO), Duration::ZERO);
    }
}
