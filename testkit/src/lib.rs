//! Shared by tests and chores: solving proofs, starting programs, an HTTP client.

pub mod http;
pub mod program;
pub mod proof;

/// Why a helper could not do its work.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
