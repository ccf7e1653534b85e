//! Problems (RFC 9457): a stable `type`, French for the reader, a private source for the log.

mod fields;
mod kinds;

use domain::{FieldError, Refusal};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Source};
use crate::table::TableError;

pub use kinds::{ESTABLISHMENT_HAS_ACCOUNT, Kind};

/// `Retry-After` of a temporary failure.
pub const RETRY_AFTER_SECONDS: u64 = 5;

/// A problem of a request.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    errors: Vec<FieldError>,
    allow: Option<String>,
    retry_after_seconds: Option<u64>,
    source: Option<Source>,
}

/// A problem on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Stable, for programs.
    #[serde(rename = "type")]
    pub kind: String,
    /// French, for people.
    pub title: &'static str,
    pub status: u16,
    /// French, what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
    /// Every error of a form, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldErrorBody>,
}

/// An error of one field on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldErrorBody {
    /// The field's name.
    pub field: &'static str,
    /// Stable, for programs.
    pub code: &'static str,
    /// French, what to do about it.
    pub detail: &'static str,
}

impl Problem {
    /// A problem without further members.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, errors: Vec::new(), allow: None, retry_after_seconds: None, source: None }
    }

    /// `method-not-allowed`, with the value of `Allow`.
    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        Self { allow: Some(allow), ..Self::new(Kind::MethodNotAllowed) }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// The last part of the type, for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.words().1
    }

    /// The value of `Allow`, for `method-not-allowed`.
    #[must_use]
    pub fn allow(&self) -> Option<&str> {
        self.allow.as_deref()
    }

    /// The value of `Retry-After`, for a temporary failure.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    /// The source, for the log only.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    #[must_use]
    pub fn body(&self) -> ProblemBody {
        let (status, _, title, detail) = self.kind.words();
        let errors = self.errors.iter().map(|error| FieldErrorBody {
            field: error.field,
            code: error.code.as_str(),
            detail: fields::detail_of(error),
        });
        ProblemBody {
            kind: self.kind.uri(),
            title,
            status: status.as_u16(),
            detail,
            errors: errors.collect(),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Request(problem) => problem,
            Error::Refused(refusal) => refused(refusal),
            Error::Table(TableError::Unavailable(source)) => unavailable(source),
            Error::Busy(what) => unavailable(what.into()),
            Error::Table(broken @ TableError::Broken(_)) => broken_by(broken.into()),
            Error::Internal(source) => broken_by(source),
        }
    }
}

fn unavailable(source: Source) -> Problem {
    Problem {
        retry_after_seconds: Some(RETRY_AFTER_SECONDS),
        source: Some(source),
        ..Problem::new(Kind::Unavailable)
    }
}

fn broken_by(source: Source) -> Problem {
    Problem { source: Some(source), ..Problem::new(Kind::Internal) }
}

fn refused(refusal: Refusal) -> Problem {
    let kind = match refusal {
        Refusal::InvalidForm(errors) => return Problem { errors, ..Problem::new(Kind::InvalidForm) },
        Refusal::TooManyAttempts { retry_after_seconds } => {
            let retry_after_seconds = Some(retry_after_seconds);
            return Problem { retry_after_seconds, ..Problem::new(Kind::TooManyAttempts) };
        }
        Refusal::TooManyCorrections { retry_after_seconds } => {
            let retry_after_seconds = Some(retry_after_seconds);
            return Problem { retry_after_seconds, ..Problem::new(Kind::TooManyCorrections) };
        }
        Refusal::TooManyMessages { retry_after_seconds } => {
            let retry_after_seconds = Some(retry_after_seconds);
            return Problem { retry_after_seconds, ..Problem::new(Kind::TooManyMessages) };
        }
        Refusal::AgentLoginUnavailable => {
            let retry_after_seconds = Some(RETRY_AFTER_SECONDS);
            return Problem { retry_after_seconds, ..Problem::new(Kind::AgentLoginUnavailable) };
        }
        Refusal::NotAllowed => Kind::NotAllowed,
        Refusal::LastHolder => Kind::LastHolder,
        Refusal::OtherHolders => Kind::OtherHolders,
        Refusal::SpaceClosed => Kind::SpaceClosed,
        Refusal::AddressJustChanged => Kind::AddressJustChanged,
        Refusal::InvitationForAnotherAddress => Kind::InvitationForAnotherAddress,
        Refusal::AlreadyMember => Kind::AlreadyMember,
        Refusal::AccountExists => Kind::AccountExists,
        Refusal::TooManyInvitations => Kind::TooManyInvitations,
        Refusal::TooManyEstablishments => Kind::TooManyEstablishments,
        Refusal::MandateState => Kind::MandateState,
        Refusal::MailUnknown => Kind::MailUnknown,
        Refusal::AlreadyActivated => Kind::AlreadyActivated,
        Refusal::CodeUnknown => Kind::CodeUnknown,
        Refusal::CodeExhausted => Kind::CodeExhausted,
        Refusal::ProofRejected => Kind::ProofRejected,
        Refusal::ProofAlreadyUsed => Kind::ProofAlreadyUsed,
        Refusal::ProofRequired => Kind::ProofRequired,
        Refusal::EstablishmentHasAccount => Kind::EstablishmentHasAccount,
        Refusal::LinkUnknown => Kind::LinkUnknown,
        Refusal::LinkExpired => Kind::LinkExpired,
        Refusal::LinkUsed => Kind::LinkUsed,
        Refusal::WrongCredentials => Kind::WrongCredentials,
        Refusal::NoSession => Kind::NoSession,
        of_desk => kind_of_desk(&of_desk),
    };
    Problem::new(kind)
}

/// The problem of a refusal at the desk.
fn kind_of_desk(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::CaseUnknown => Kind::CaseUnknown,
        Refusal::CaseHeld => Kind::CaseHeld,
        Refusal::CaseState => Kind::CaseState,
        Refusal::TwoPersons => Kind::TwoPersons,
        Refusal::SuccessionState => Kind::SuccessionState,
        Refusal::SuccessionExecuted => Kind::SuccessionExecuted,
        Refusal::NotProposer => Kind::NotProposer,
        Refusal::SuccessionOpen => Kind::SuccessionOpen,
        Refusal::AgentUnknown => Kind::AgentUnknown,
        Refusal::AgentLoginRefused => Kind::AgentLoginRefused,
        Refusal::AddressNotAllowed => Kind::AddressNotAllowed,
        // A refusal that no arm names is our fault, and rings.
        _ => Kind::Internal,
    }
}
