//! The errors of the table: temporary or permanent.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error::Source;

#[derive(Debug)]
pub enum TableError {
    /// Temporary: throttled, timed out, unreachable. A retry may succeed.
    Unavailable(Source),
    /// Permanent until somebody acts: no such table, no permission, an unreadable row.
    Broken(Source),
}

/// Temporary error codes of DynamoDB, as errors and as reasons of a cancelled transaction.
const TEMPORARY: [&str; 10] = [
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
    "InternalServerError",
    "ServiceUnavailable",
];

pub(super) fn is_temporary(code: &str) -> bool {
    TEMPORARY.contains(&code)
}

impl TableError {
    pub(crate) fn corrupt(name: &'static str) -> Self {
        Self::Broken(format!("attribute `{name}` is missing or of another type").into())
    }

    pub(super) fn out_of_time() -> Self {
        Self::Unavailable("the request's deadline has passed".into())
    }

    pub(super) fn from_sdk<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let is_passing = match error {
            SdkError::ServiceError(service) => {
                service.raw().status().as_u16() >= 500 || service.err().code().is_some_and(is_temporary)
            }
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        // The SDK's message may repeat the request: only the code is logged.
        let source = match error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("no code").to_owned(),
            other => other.to_string(),
        };
        if is_passing { Self::Unavailable(source.into()) } else { Self::Broken(source.into()) }
    }
}

impl From<aws_sdk_dynamodb::error::BuildError> for TableError {
    fn from(error: aws_sdk_dynamodb::error::BuildError) -> Self {
        Self::Broken(error.into())
    }
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unavailable(source) => write!(f, "table unavailable: {source}"),
            Self::Broken(source) => write!(f, "table broken: {source}"),
        }
    }
}

impl std::error::Error for TableError {}
