//! Asks holders «toujours là ?»: each hour those whose turn has come, once a year each.

use domain::time::{SignedDuration, Timestamp};
use platform::boot::Invocation;
use platform::function::{Function, Grant, Share, Size};
use platform::presences::{Taken, Turn};
use platform::scope::Scope;
use platform::table::TableError;
use platform::{Error, Platform, telemetry};

pub const FUNCTION: Function = Function {
    name: "presence",
    routes: &[],
    grants: &[
        Grant::get_many("SIRET#"),
        Grant::query("PRESENCE#"),
        Grant::put("MAIL#"),
        Grant::put("PRESENCE#"),
        Grant::update("SIRET#"),
        Grant::delete("PRESENCE#"),
    ],
    secrets: &[],
    size: Size { memory_mb: 256, timeout_seconds: 60, slow_ms: 45_000, share: Share::Chores },
};

/// Turns that one run takes: who became holders in one evening are asked over days, and their mails hold up
/// nobody's receipt for long.
pub const TURNS_MAX: usize = 500;
/// Turns that are read at once.
const PAGE_ROWS_MAX: i32 = 100;
/// The time that must be left to begin a turn: two calls of the table.
const TURN_TIME_MAX: SignedDuration = SignedDuration::from_secs(10);

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Run {
    /// Turns that it took, or tried to take.
    pub turns: usize,
    /// Holders who get a mail.
    pub asked: usize,
    /// Whether turns are left to the next run.
    pub is_cut_short: bool,
}

/// Takes the turns that have come. Run twice, or again after it died, it asks nobody twice. An error has
/// Lambda try again, and the next hour does in any case.
pub async fn handle(platform: &Platform, invocation: &Invocation) -> Result<Run, Error> {
    let is_cold_start = telemetry::is_cold_start();
    let scope = Scope { deadline: invocation.deadline, correlation_id: invocation.request_id.clone() };
    let mut run = Run::default();
    let ended = Box::pin(scope.run(run.take_all(platform, invocation.deadline))).await;
    match &ended {
        Ok(()) => tracing::info!(
            service = FUNCTION.name,
            version = telemetry::version(),
            cold_start = is_cold_start,
            function_request_id = invocation.request_id,
            turns = run.turns,
            asked = run.asked,
            is_cut_short = run.is_cut_short,
            "holders asked"
        ),
        Err(error) => tracing::error!(
            service = FUNCTION.name,
            version = telemetry::version(),
            cold_start = is_cold_start,
            function_request_id = invocation.request_id,
            outcome = "internal",
            turns = run.turns,
            asked = run.asked,
            %error,
            "holders not asked"
        ),
    }
    ended.map(|()| run)
}

impl Run {
    /// The earliest days first. A turn that fails lets the others go on, and its error is given at the end.
    async fn take_all(&mut self, platform: &Platform, deadline: Timestamp) -> Result<(), Error> {
        let mut failure = None;
        for day in platform.presences.days() {
            let mut after: Option<String> = None;
            loop {
                let page = platform.presences.turns(day, after.as_deref(), PAGE_ROWS_MAX).await?;
                for turn in &page.turns {
                    let has_time = platform.clock.until(deadline) >= TURN_TIME_MAX.unsigned_abs();
                    if self.turns == TURNS_MAX || !has_time {
                        self.is_cut_short = true;
                        return failure.map_or(Ok(()), Err);
                    }
                    match self.take(platform, turn).await {
                        Ok(()) => {}
                        // The table is away: it is for the others too.
                        Err(error @ Error::Table(TableError::Unavailable(_))) => return Err(error),
                        Err(error) => failure = failure.or(Some(error)),
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn take(&mut self, platform: &Platform, turn: &Turn) -> Result<(), Error> {
        self.turns += 1;
        let taken = platform.presences.take(turn).await?;
        self.asked += usize::from(taken == Taken::Asked);
        Ok(())
    }
}
