//! How far the senders of a lane have come, and when the next mail may leave: one row each for all senders.

use domain::mail::Lane;
use domain::time::{SignedDuration, Timestamp, after};

use super::Outbox;
use crate::table::{Change, Key, Outcome, TableError};

/// The interval at which a sender says how far it has come.
pub const PROGRESS_PERIOD: SignedDuration = SignedDuration::from_secs(10);
/// How long what it said counts.
const PROGRESS_VALID: SignedDuration = SignedDuration::from_mins(10);
/// Retention of both rows when nothing is sent.
pub(crate) const PACE_RETENTION: SignedDuration = SignedDuration::from_hours(24);
/// The slowest pace that a wait is reckoned from: a hundredth of a minute's mails in a minute.
const PACE_SLOWEST: f64 = 0.01;
/// Tries of a reservation beside other senders.
const TURN_TRIES_MAX: usize = 4;

/// Turns of mails that were reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// From that moment on, in milliseconds since 1970.
    From(u64),
    /// The lane's turns are reserved for longer than this sender may wait.
    TooMany,
}

impl Outbox {
    /// Notes that a lane's senders have come to a mail that was queued at that moment. Of many senders one is
    /// heard in each [`PROGRESS_PERIOD`].
    pub async fn note_progress(&self, lane: Lane, queued_at: Timestamp) -> Result<(), TableError> {
        let now = self.clock.now();
        let change = Change::new(
            Key::lane(lane),
            "SET from_queued = if_not_exists(to_queued, :queued), from_at = if_not_exists(to_at, :now), \
             to_queued = :queued, to_at = :now, expires_at = :until",
            "attribute_not_exists(pk) OR to_at <= :before",
        )
        .value("queued", queued_at)
        .value("now", now)
        .value("before", now.saturating_sub(PROGRESS_PERIOD).unwrap_or(Timestamp::MIN))
        .value("until", after(now, PACE_RETENTION));
        self.table.update(change).await.map(|_| ())
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
        let passed = to_at.duration_since(from_at).as_secs_f64();
        let advance = to_queued.duration_since(from_queued).as_secs_f64();
        let pace =
            if passed > 0.0 { (advance / passed).clamp(PACE_SLOWEST, 1.0 / PACE_SLOWEST) } else { 1.0 };
        let ahead = queued_at.duration_since(to_queued).as_secs_f64() / pace;
        let since = now.duration_since(to_at).as_secs_f64();
        Ok(SignedDuration::try_from_secs_f64((ahead - since).max(0.0)).ok())
    }

    /// Reserves the turns of so many mails, `interval_micros` apart, of a lane's share of SES's rate. They
    /// begin within `wait`, or are not reserved.
    pub async fn reserve(
        &self,
        lane: Lane,
        mails: u64,
        interval_micros: u64,
        wait: SignedDuration,
    ) -> Result<Turns, TableError> {
        let span_ms = (mails * interval_micros).div_ceil(1_000);
        for _ in 0..TURN_TRIES_MAX {
            let now = self.clock.now();
            let now_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(0);
            let until = after(now, PACE_RETENTION);
            let queue = Change::new(
                Key::turn(lane),
                "SET next_ms = next_ms + :span, expires_at = :until",
                "next_ms > :now AND next_ms <= :latest",
            );
            let queue = queue.value("span", span_ms).value("now", now_ms).value("until", until);
            let standing = match self.table.update(queue.value("latest", now_ms + wait_ms)).await? {
                Outcome::Done(row) => return Ok(Turns::From(row.number("next_ms")? - span_ms)),
                Outcome::Refused(standing) => standing,
            };
            let next_ms = standing.and_then(|row| row.find_number("next_ms")).unwrap_or(0);
            if next_ms > now_ms + wait_ms {
                return Ok(Turns::TooMany);
            }
            let begin = Change::new(
                Key::turn(lane),
                "SET next_ms = :then, expires_at = :until",
                "attribute_not_exists(pk) OR next_ms <= :now",
            );
            let begin = begin.value("then", now_ms + span_ms).value("now", now_ms).value("until", until);
            if let Outcome::Done(_) = self.table.update(begin).await? {
                return Ok(Turns::From(now_ms));
            }
        }
        Ok(Turns::TooMany)
    }
}
