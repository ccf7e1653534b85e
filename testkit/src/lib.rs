//! Shared by tests and chores: the API document, forms, proofs solved, programs started, an HTTP client, a
//! browser at a provider of logins.

pub mod document;
pub mod form;
pub mod http;
pub mod program;
pub mod proof;
pub mod provider;

/// Why a helper could not do its work.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
