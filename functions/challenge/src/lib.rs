//! `GET /api/challenge`: what a proof of work must solve.

use domain::proof::Action;
use domain::{FaultCode, Refusal};
use platform::Platform;
use platform::http::{self, Request, Response};
use platform::problems::{Problem, ProblemBody};

/// A new challenge for the action of the query.
///
/// # Errors
/// `invalid-form` when the action is missing or unknown.
#[utoipa::path(
    get, path = "/api/challenge", operation_id = "challenge", tag = "proof",
    params(("action" = String, Query,
        description = "`check-siret`, `create-account`, `recover`, `submit-ticket` or `session`")),
    responses(
        (status = 200, description = "An ALTCHA v2 challenge", body = serde_json::Value),
        (status = 422, description = "No such action", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn handle(platform: &Platform, request: Request) -> Result<Response, Problem> {
    http::only(&request, "GET")?;
    let name = http::query(&request, "action").ok_or(Refusal::field("action", FaultCode::Required))?;
    let action = Action::parse(name).map_err(|code| Refusal::field("action", code))?;
    Ok(http::ok(&platform.proofs.challenge(action)?))
}
