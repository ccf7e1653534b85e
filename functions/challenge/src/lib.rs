//! `GET /api/challenge`: what a proof of work must solve.

use domain::proof::Action;
use domain::{FaultCode, Refusal};
use platform::function::{Function, Secret, Share, Size};
use platform::http::{self, Request, Response};
use platform::problems::ProblemBody;
use platform::{Error, Platform, route};

/// This function, as it states itself.
pub const FUNCTION: Function = Function {
    name: "challenge",
    routes: &[route!(GET "/api/challenge", handle)],
    grants: &[],
    secrets: &[Secret::Challenge],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 500, share: Share::Crowd },
};

/// Its part of the API document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

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
pub async fn handle(platform: &Platform, request: Request) -> Result<Response, Error> {
    let name = http::query(&request, "action").ok_or(Refusal::field("action", FaultCode::Required))?;
    let action = Action::parse(name).map_err(|code| Refusal::field("action", code))?;
    Ok(http::ok(&platform.proofs.challenge(action)?))
}
