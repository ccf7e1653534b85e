//! Pacing: all senders together keep to SES's rate and daily quota, and leave links most of both.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sesv2::Client;
use domain::mail::Lane;
use domain::time::{SignedDuration, Timestamp, after};
use platform::clock::Clock;
use platform::outbox::{Claim, Outbox, Turns};
use platform::scope;
use platform::table::TableError;

/// How long SES's rate and quota are kept before they are asked for again.
const LIMITS_VALID: SignedDuration = SignedDuration::from_mins(5);
/// When a sender asks again whom SES has not told its rate: it answers about one such call a second.
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// The longest wait of a sender for its turn: a longer one leaves an invocation no time to send any.
pub const TURN_WAIT_MAX: SignedDuration = SignedDuration::from_secs(10);
/// The share of the rate that is the desk's whatever the links take, and theirs whatever it takes.
const SHARES: [(Lane, f64); 2] = [(Lane::Links, 7.0 / 8.0), (Lane::Desk, 1.0 / 8.0)];
/// The part of the day's quota that is kept for links.
const QUOTA_FOR_LINKS: f64 = 0.05;
/// Turns are reserved for so long at once: one write of the table for all of them.
const RESERVED_SECONDS: f64 = 0.02;

/// What SES allows the account.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limits {
    mails_per_second: f64,
    /// Mails within 24 hours; none without a quota.
    quota: Option<f64>,
    sent: f64,
    valid_until: Timestamp,
}

/// Turns that this sender has reserved and not used.
#[derive(Debug, Clone, Copy, Default)]
struct Reserved {
    next_micros: u64,
    interval_micros: u64,
    left: u64,
}

/// The result of waiting for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It has come.
    Now,
    /// It comes too late for this invocation: why.
    NotNow(&'static str),
}

/// Waits for the turn of each mail, before it is handed to SES.
#[derive(Debug, Clone)]
pub struct Pace {
    client: Client,
    outbox: Outbox,
    clock: Clock,
    /// The operator's own bound of the rate.
    mails_per_second_max: Option<f64>,
    limits: Arc<Mutex<Option<Limits>>>,
    reserved: Arc<Mutex<[Reserved; 2]>>,
}

impl Pace {
    pub fn new(client: Client, outbox: Outbox, clock: Clock, mails_per_second_max: Option<f64>) -> Self {
        let (limits, reserved) = (Arc::default(), Arc::default());
        Self { client, outbox, clock, mails_per_second_max, limits, reserved }
    }

    /// Waits until so many messages of this lane may leave.
    pub async fn wait(&self, lane: Lane, messages: usize) -> Result<Turn, TableError> {
        // Others that know the rate send meanwhile: turns are reserved by all together.
        let Some(limits) = self.limits().await else { return Ok(Turn::NotNow("rate-unknown")) };
        if let Some(quota) = limits.quota {
            let kept = if lane == Lane::Desk { quota * QUOTA_FOR_LINKS } else { 0.0 };
            if limits.sent + kept >= quota {
                return Ok(Turn::NotNow("quota"));
            }
        }
        let mut at_micros = 0;
        for _ in 0..messages {
            let Some(turn) = self.turn(lane, limits.mails_per_second).await? else {
                return Ok(Turn::NotNow("own-rate"));
            };
            at_micros = at_micros.max(turn);
        }
        let now_micros = u64::try_from(self.clock.now().as_microsecond()).unwrap_or(0);
        if at_micros > now_micros {
            self.clock.sleep(Duration::from_micros(at_micros - now_micros)).await;
        }
        Ok(Turn::Now)
    }

    /// When the next mail of this lane may leave, in microseconds since 1970.
    async fn turn(&self, lane: Lane, mails_per_second: f64) -> Result<Option<u64>, TableError> {
        if let Some(at) = self.take(lane) {
            return Ok(Some(at));
        }
        let other = if lane == Lane::Links { Lane::Desk } else { Lane::Links };
        // No share lies idle: what either lane does not use now goes first. Then the quicker lane's, while it
        // has no mails; its own in the end.
        let claims = [
            Some((lane, Claim::Own(SignedDuration::ZERO))),
            Some((other, Claim::Spare)),
            (other == Lane::Links).then_some((other, Claim::Idle(TURN_WAIT_MAX))),
            Some((lane, Claim::Own(TURN_WAIT_MAX))),
        ];
        for (of, claim) in claims.into_iter().flatten() {
            let share = SHARES.iter().find(|(lane, _)| *lane == of).map_or(1.0, |(_, share)| *share);
            let rate = (mails_per_second * share).max(f64::MIN_POSITIVE);
            let interval_micros = (1e6 / rate).min(TURN_WAIT_MAX.as_secs_f64() * 1e6) as u64;
            let mails = ((rate * RESERVED_SECONDS) as u64).max(1);
            if let Turns::From(ms) = self.outbox.reserve(of, claim, mails, interval_micros.max(1)).await? {
                let reserved = Reserved { next_micros: ms * 1_000, interval_micros, left: mails };
                self.reserved()[lane as usize] = reserved;
                return Ok(self.take(lane));
            }
        }
        Ok(None)
    }

    /// The next of the reserved turns, unless it is long past: others have gone on meanwhile.
    fn take(&self, lane: Lane) -> Option<u64> {
        let now_micros = u64::try_from(self.clock.now().as_microsecond()).unwrap_or(0);
        let mut all = self.reserved();
        let reserved = &mut all[lane as usize];
        let is_stale = reserved.next_micros + 1_000_000 < now_micros;
        if reserved.left == 0 || is_stale {
            reserved.left = 0;
            return None;
        }
        let at = reserved.next_micros;
        reserved.left -= 1;
        reserved.next_micros += reserved.interval_micros;
        Some(at)
    }

    /// What SES allows, no more than the operator does. Asked for again in time; if SES does not answer, what
    /// it said last counts, or the operator's bound.
    async fn limits(&self) -> Option<Limits> {
        let now = self.clock.now();
        let known = *self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limits) = known.filter(|limits| now < limits.valid_until) {
            return Some(limits);
        }
        let asked = scope::in_time(&self.clock, Box::pin(self.client.get_account().send())).await;
        let said = asked.and_then(Result::ok).and_then(|account| account.send_quota);
        let bound = |rate: f64| self.mails_per_second_max.map_or(rate, |most| rate.min(most));
        let read = said.map(|quota| Limits {
            mails_per_second: bound(quota.max_send_rate),
            // SES says -1 for an account without a quota.
            quota: Some(quota.max24_hour_send).filter(|quota| *quota >= 0.0),
            sent: quota.sent_last24_hours,
            valid_until: after(now, LIMITS_VALID),
        });
        let soon = after(now, ASK_AGAIN);
        let known = known.map(|known| Limits { valid_until: soon, ..known });
        let alone = |mails_per_second| Limits { mails_per_second, quota: None, sent: 0.0, valid_until: soon };
        let limits = read.or(known).or(self.mails_per_second_max.map(alone));
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        limits
    }

    /// Counts a mail that was sent against the day's quota, until SES is asked again.
    pub fn sent(&self) {
        if let Some(limits) = self.limits.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            limits.sent += 1.0;
        }
    }

    fn reserved(&self) -> std::sync::MutexGuard<'_, [Reserved; 2]> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the progress of a lane was last noted by this sender.
#[derive(Debug, Clone, Default)]
pub struct Noted(Arc<Mutex<[Option<Timestamp>; 2]>>);

impl Noted {
    /// Whether it is time to note it again; then it counts as noted.
    pub fn is_due(&self, lane: Lane, now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = &mut noted[lane as usize];
        let is_due = last.is_none_or(|last| after(last, platform::outbox::PROGRESS_PERIOD) <= now);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}
