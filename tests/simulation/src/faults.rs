//! Faults of the table, of SES, of the network and of processes, drawn from the seed.

use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;
use fastrand::Rng;
use serde_json::json;
use sesame::emulator::ServiceResponse;

/// What becomes of a call of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFate {
    Done,
    /// Refused before anything is done: too many calls on a partition.
    Throttled,
    /// A transaction is cancelled, since another holds its rows.
    Conflict,
    /// A transaction is cancelled, since one of its items is throttled: the SDK does not retry it.
    ThrottledInside,
    /// DynamoDB has failed; nothing is done.
    Failed,
    /// The connection is dropped on the way there.
    Dropped,
    /// Done, and the answer is lost on the way back.
    AnswerLost,
}

/// What becomes of a mail that is handed to SES.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SesFate {
    Taken,
    Throttled,
    /// For good.
    Rejected,
    /// The configuration set is paused.
    Paused,
    Dropped,
    /// Taken, and the answer is lost on the way back.
    AnswerLost,
}

/// The frequency of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    permille: u32,
}

impl Weather {
    /// No fault at all.
    pub const CALM: Self = Self { permille: 0 };

    #[must_use]
    pub fn new(permille: u32) -> Self {
        Self { permille }
    }

    /// True once in `once_in` draws, at the usual frequency.
    pub fn strikes(self, rng: &mut Rng, once_in: u32) -> bool {
        self.permille > 0 && rng.u32(0..once_in.saturating_mul(1_000)) < self.permille
    }

    pub fn table(self, rng: &mut Rng, is_transaction: bool) -> TableFate {
        if !self.strikes(rng, 20) {
            return TableFate::Done;
        }
        match rng.u8(0..8) {
            0 => TableFate::Throttled,
            1 if is_transaction => TableFate::ThrottledInside,
            1 | 2 => TableFate::Conflict,
            3 => TableFate::Failed,
            4 | 5 => TableFate::Dropped,
            _ => TableFate::AnswerLost,
        }
    }

    /// For how many milliseconds the partition that has just throttled goes on to, if it does.
    pub fn hot_for(self, rng: &mut Rng) -> Option<u64> {
        self.strikes(rng, 4).then(|| rng.u64(500..6_000))
    }

    pub fn ses(self, rng: &mut Rng) -> SesFate {
        if !self.strikes(rng, 6) {
            return SesFate::Taken;
        }
        match rng.u8(0..10) {
            0..=2 => SesFate::Throttled,
            3 => SesFate::Rejected,
            4 => SesFate::Paused,
            5 | 6 => SesFate::Dropped,
            _ => SesFate::AnswerLost,
        }
    }

    /// One way of a call: some milliseconds, now and then a long wait, now and then longer than any timeout.
    pub fn transit(self, rng: &mut Rng) -> Duration {
        let usual = Duration::from_micros(rng.u64(500..8_000));
        if self.strikes(rng, 300) {
            Duration::from_secs(30)
        } else if self.strikes(rng, 30) {
            usual + Duration::from_millis(rng.u64(50..1_200))
        } else {
            usual
        }
    }

    /// When a process that has just begun is killed, if it is.
    pub fn killed_after(self, rng: &mut Rng) -> Option<Duration> {
        self.strikes(rng, 25).then(|| Duration::from_millis(rng.u64(1..60)))
    }
}

/// No answer.
#[must_use]
pub fn unreachable() -> ConnectorError {
    ConnectorError::timeout("no answer".into())
}

/// An error of a service.
#[must_use]
pub fn error(status: u16, code: &str) -> ServiceResponse {
    ServiceResponse { status, body: json!({"__type": code, "message": code}).to_string() }
}

/// A transaction that is cancelled for that reason at one of its items.
#[must_use]
pub fn cancelled(code: &str, items: usize, at: usize) -> ServiceResponse {
    let reason = |rank: usize| {
        if rank == at { json!({"Code": code, "Message": code}) } else { json!({"Code": "None"}) }
    };
    let reasons: Vec<_> = (0..items).map(reason).collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": reasons,
    });
    ServiceResponse { status: 400, body: body.to_string() }
}
