//! When the table could not do what was asked, through no fault of the asker.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// What an error may be made of.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The table could not do what was asked, through no fault of the asker.
#[derive(Debug)]
pub enum Failure {
    /// For now: throttled, timed out, unreachable. Asking again later helps.
    Unavailable(Source),
    /// Until somebody mends it: no such table, no permission, a row that is not ours.
    Broken(Source),
}

/// What DynamoDB says when it would take the request later.
const PASSING: [&str; 9] = [
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "TransactionInProgressException",
    "TransactionConflictException",
    "InternalServerError",
    "ServiceUnavailable",
];

impl Failure {
    pub(super) fn corrupt(name: &'static str) -> Self {
        Self::Broken(format!("attribute `{name}` is missing or of another type").into())
    }

    pub(super) fn from_cancelled<'a>(codes: impl Iterator<Item = &'a str>) -> Self {
        let codes: Vec<&str> = codes.filter(|code| *code != "None").collect();
        let source = format!("transaction cancelled: {}", codes.join(", ")).into();
        if !codes.is_empty() && codes.iter().all(|code| PASSING.contains(code)) {
            Self::Unavailable(source)
        } else {
            Self::Broken(source)
        }
    }

    pub(super) fn from_sdk<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let is_passing = match error {
            SdkError::ServiceError(service) => {
                service.raw().status().as_u16() >= 500
                    || service.err().code().is_some_and(|code| PASSING.contains(&code))
            }
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        // The SDK's own words may repeat the request: only the code goes on.
        let source = match error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("no code").to_owned(),
            other => other.to_string(),
        };
        if is_passing { Self::Unavailable(source.into()) } else { Self::Broken(source.into()) }
    }
}

impl From<aws_sdk_dynamodb::error::BuildError> for Failure {
    fn from(error: aws_sdk_dynamodb::error::BuildError) -> Self {
        Self::Broken(error.into())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unavailable(source) => write!(f, "table unavailable: {source}"),
            Self::Broken(source) => write!(f, "table broken: {source}"),
        }
    }
}

impl std::error::Error for Failure {}
