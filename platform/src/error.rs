//! Why a handler did not do what was asked: a rule said no, the table could not, or something of ours is broken.

use domain::Refusal;

use crate::problems::Problem;
use crate::table::TableError;

/// What an error may be made of.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a handler did not do what was asked. `platform::http` makes a problem (RFC 9457) of it, and nothing else does.
#[derive(Debug)]
pub enum Error {
    /// A rule said no.
    Refused(Refusal),
    /// The table could not be read or written.
    Table(TableError),
    /// The request was not one that can be read.
    Request(Problem),
    /// Too much of something at once: 503 with `Retry-After`.
    Busy(&'static str),
    /// Something of ours is broken. The source goes to the log.
    Internal(Source),
}

impl Error {
    /// Something of ours is broken; the source goes to the log.
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
