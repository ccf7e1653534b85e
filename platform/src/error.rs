//! The error of a handler: a refusal, a failure of the table, a bad request, or a fault of ours.

use domain::Refusal;

use crate::problems::Problem;
use crate::table::TableError;

/// The source of an error, for the log.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The error of a handler. Only `platform::http` makes a problem (RFC 9457) of it.
#[derive(Debug)]
pub enum Error {
    /// A rule said no.
    Refused(Refusal),
    Table(TableError),
    /// The request cannot be read: 400, 405, 413, 415.
    Request(Problem),
    /// A queue is full: 503 with `Retry-After`.
    Busy(&'static str),
    /// A fault of ours: 500. The source goes to the log.
    Internal(Source),
}

impl Error {
    #[must_use]
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Table(error) => error.fmt(f),
            Self::Request(problem) => f.write_str(problem.name()),
            Self::Busy(what) => f.write_str(what),
            Self::Internal(source) => source.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        Self::Table(error)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Request(problem)
    }
}
