//! `GET /api/challenge`: a challenge for a proof of work.

use domain::proof::Action;
use domain::{FieldCode, Refusal};
use platform::form::schema;
use platform::function::{Function, Secret, Share, Size};
use platform::http::{self, Json, Request};
use platform::proofs::Challenge;
use platform::{Error, Platform, route};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

pub const FUNCTION: Function = Function {
    name: "challenge",
    routes: &[route!(GET "/api/challenge", handle; refuses InvalidForm)],
    grants: &[],
    secrets: &[Secret::Challenge],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 500, share: Share::Crowd },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

/// What a challenge is asked for.
pub struct ActionQuery;

impl IntoParams for ActionQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![schema::query::<Action>("action")]
    }
}

/// A new challenge for the action of the query.
#[utoipa::path(
    get, path = "/api/challenge", operation_id = "challenge", tag = "proof",
    params(ActionQuery),
    responses((status = 200, description = "An ALTCHA v2 challenge", body = serde_json::Value))
)]
pub async fn handle(platform: &Platform, request: Request) -> Result<Json<Challenge>, Error> {
    let name = http::query(&request, "action").ok_or(Refusal::field("action", FieldCode::Required))?;
    let action = Action::parse(name).map_err(|code| Refusal::field("action", code))?;
    Ok(Json(platform.proofs.challenge(action)?))
}
