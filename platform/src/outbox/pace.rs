//! How far the senders of a lane have come, and when the next mail may leave: one row each for all senders.

use domain::mail::Lane;
use domain::time::{SignedDuration, Timestamp, after};

use super::Outbox;
use crate::table::{Change, Key, Outcome, Row, TableError};

/// The interval at which a sender says how far it has come.
pub const PROGRESS_PERIOD: SignedDuration = SignedDuration::from_secs(10);
/// The time over which a pace is measured, at the least: moments are kept in whole seconds.
const PROGRESS_BASELINE: SignedDuration = SignedDuration::from_mins(1);
/// How long what it said counts.
const PROGRESS_VALID: SignedDuration = SignedDuration::from_mins(10);
/// Retention of both rows when nothing is sent.
pub(crate) const PACE_RETENTION: SignedDuration = SignedDuration::from_hours(24);
/// The slowest pace that a wait is reckoned from: a hundredth of a minute's mails in a minute.
const PACE_SLOWEST: f64 = 0.01;
/// When a lane has no mails to send: all senders together come for a turn far more often.
const IDLE_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// Tries of a reservation beside other senders.
const TURN_TRIES_MAX: usize = 4;

/// By what right a sender reserves turns of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// For mails of that lane. The turns begin within that time.
    Own(SignedDuration),
    /// For mails of another lane: turns that are free now.
    Spare,
    /// The same while that lane has reserved none for [`IDLE_AFTER`]. They begin within that time.
    Idle(SignedDuration),
}

/// Turns of mails that were reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// From that moment on, in milliseconds since 1970.
    From(u64),
    /// The lane's turns are reserved for longer than this sender may wait.
    TooMany,
}

impl Outbox {
    /// Notes that a mail of a lane which was queued at that moment was sent, at its first try. Of many
    /// senders one is heard in each [`PROGRESS_PERIOD`]; a mail that was overtaken by later ones is not.
    pub async fn note_progress(&self, lane: Lane, queued_at: Timestamp) -> Result<(), TableError> {
        let now = self.clock.now();
        let ago = |period| now.saturating_sub(period).unwrap_or(Timestamp::MIN);
        let (before, baseline) = (ago(PROGRESS_PERIOD), ago(PROGRESS_BASELINE));
        let change = |update, condition| {
            Change::new(Key::lane(lane), update, condition)
                .value("queued", queued_at)
                .value("now", now)
                .value("before", before)
                .value("baseline", baseline)
                .value("until", after(now, PACE_RETENTION))
        };
        let step = change(
            "SET to_queued = :queued, to_at = :now, expires_at = :until",
            "mid_at > :baseline AND to_at <= :before AND to_queued <= :queued",
        );
        let standing = match self.table.update(step).await? {
            Outcome::Done(_) => return Ok(()),
            Outcome::Refused(standing) => standing,
        };
        let is_due = |row: &Row| {
            let moment = |name| row.find_moment(name).unwrap_or(Timestamp::MIN);
            moment("mid_at") <= baseline && moment("to_at") <= before && moment("to_queued") <= queued_at
        };
        if standing.is_some_and(|row| !is_due(&row)) {
            return Ok(());
        }
        let shift = change(
            "SET from_queued = if_not_exists(mid_queued, :queued), from_at = if_not_exists(mid_at, :now), \
             mid_queued = if_not_exists(to_queued, :queued), mid_at = if_not_exists(to_at, :now), \
             to_queued = :queued, to_at = :now, expires_at = :until",
            "attribute_not_exists(mid_at) OR \
             (mid_at <= :baseline AND to_at <= :before AND to_queued <= :queued)",
        );
        self.table.update(shift).await.map(|_| ())
    }

    /// How long a mail that was queued at that moment waits from now on, if its lane's senders have said how
    /// far they are: from where they are to where it is, at the pace at which they came there.
    pub async fn wait_of(
        &self,
        lane: Lane,
        queued_at: Timestamp,
    ) -> Result<Option<SignedDuration>, TableError> {
        let now = self.clock.now();
        let Some(row) = self.table.find(&Key::lane(lane)).await? else { return Ok(None) };
        let (from_queued, from_at) = (row.moment("from_queued")?, row.moment("from_at")?);
        let (to_queued, to_at) = (row.moment("to_queued")?, row.moment("to_at")?);
        if now.duration_since(to_at) > PROGRESS_VALID || queued_at <= to_queued {
            return Ok(None);
        }
        let passed = to_at.duration_since(from_at);
        let advance = to_queued.duration_since(from_queued).as_secs_f64();
        let pace = if passed >= PROGRESS_BASELINE {
            (advance / passed.as_secs_f64()).clamp(PACE_SLOWEST, 1.0 / PACE_SLOWEST)
        } else {
            1.0
        };
        let ahead = queued_at.duration_since(to_queued).as_secs_f64() / pace;
        let since = now.duration_since(to_at).as_secs_f64();
        Ok(SignedDuration::try_from_secs_f64((ahead - since).max(0.0)).ok())
    }

    /// Reserves the turns of so many mails, `interval_micros` apart, of a lane's share of SES's rate.
    pub async fn reserve(
        &self,
        lane: Lane,
        claim: Claim,
        mails: u64,
        interval_micros: u64,
    ) -> Result<Turns, TableError> {
        let span_ms = (mails * interval_micros).div_ceil(1_000);
        let (wait, is_own) = match claim {
            Claim::Own(wait) => (wait, true),
            Claim::Spare => (SignedDuration::ZERO, false),
            Claim::Idle(wait) => (wait, false),
        };
        for _ in 0..TURN_TRIES_MAX {
            let now = self.clock.now();
            let millis = |moment: Timestamp| u64::try_from(moment.as_millisecond()).unwrap_or(0);
            let (now_ms, latest_ms) = (millis(now), millis(after(now, wait)));
            let idle_ms = now_ms.saturating_sub(millis(after(Timestamp::UNIX_EPOCH, IDLE_AFTER)));
            let change = |own, other| {
                let (update, condition) = if is_own { own } else { other };
                let change = Change::new(Key::turn(lane), update, condition);
                change.value("now", now_ms).value("until", after(now, PACE_RETENTION))
            };
            let queue = change(
                (
                    "SET next_ms = next_ms + :span, own_ms = :now, expires_at = :until",
                    "next_ms > :now AND next_ms <= :latest",
                ),
                (
                    "SET next_ms = next_ms + :span, expires_at = :until",
                    "next_ms > :now AND next_ms <= :latest AND \
                     (attribute_not_exists(own_ms) OR own_ms <= :idle)",
                ),
            );
            let queue = queue.value("span", span_ms).value("latest", latest_ms);
            let queue = if is_own { queue } else { queue.value("idle", idle_ms) };
            let is_taken = |row: &Row| row.find_number("next_ms").is_some_and(|next| next > now_ms);
            // Whoever does not wait takes no place in the queue.
            if latest_ms > now_ms {
                match self.table.update(queue).await? {
                    Outcome::Done(row) => return Ok(Turns::From(row.number("next_ms")? - span_ms)),
                    Outcome::Refused(standing) if standing.as_ref().is_some_and(is_taken) => {
                        return Ok(Turns::TooMany);
                    }
                    Outcome::Refused(_) => {}
                }
            }
            let begin = change(
                (
                    "SET next_ms = :then, own_ms = :now, expires_at = :until",
                    "attribute_not_exists(pk) OR next_ms <= :now",
                ),
                ("SET next_ms = :then, expires_at = :until", "attribute_not_exists(pk) OR next_ms <= :now"),
            );
            match self.table.update(begin.value("then", now_ms + span_ms)).await? {
                Outcome::Done(_) => return Ok(Turns::From(now_ms)),
                Outcome::Refused(_) if latest_ms == now_ms => return Ok(Turns::TooMany),
                Outcome::Refused(_) => {}
            }
        }
        Ok(Turns::TooMany)
    }
}
