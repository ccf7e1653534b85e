//! What tests and chores share: proofs solved, programs started, HTTP asked.

pub mod http;
pub mod program;
pub mod proof;

/// Why a helper could not do its work.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
