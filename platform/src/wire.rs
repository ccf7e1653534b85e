//! Wire types that several routes share.

use serde::Serialize;
use utoipa::ToSchema;

/// A mail is on its way, if there is anybody to send it to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// How long its link will live, in minutes from when the mail is sent.
    pub valid_minutes: i64,
}
