//! The OpenAPI document, made from the wire types and the handlers that use them.

use platform::Platform;
use platform::http::{self, Request, Response};
use platform::problems::Problem;
use utoipa::OpenApi;

/// Where it is served.
pub const PATH: &str = "/api/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sésame",
        description = "Lets an employer into the Activité partielle extranet. Every failure is an RFC 9457 problem.",
    ),
    paths(
        challenge::handle,
        check_siret::handle,
        create_account::handle,
        set_password::handle,
        recover::identifier,
        recover::password,
        submit_ticket::handle,
        session::open,
        session::show,
        session::close,
        notices::handle,
        handle,
    )
)]
struct Document;

/// The document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// `GET /api/openapi.json`.
///
/// # Errors
/// `method-not-allowed`.
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "document",
    responses((status = 200, description = "This document", body = serde_json::Value))
)]
pub async fn handle(_: &Platform, request: Request) -> Result<Response, Problem> {
    http::only(&request, "GET")?;
    Ok(http::ok(&document()))
}
