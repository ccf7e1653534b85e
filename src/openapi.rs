//! The OpenAPI document, made from the wire types and the handlers that use them.

use platform::function::{Function, Share, Size};
use platform::http::{self, Request, Response};
use platform::{Error, Platform, route};
use utoipa::OpenApi;
use utoipa::openapi::header::Header;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Content, Object, Ref, Response as UtoipaResponse, ResponseBuilder};

use crate::functions;

/// Where it is served.
pub const PATH: &str = "/api/openapi.json";

/// The document as a route of the portal. On AWS it is a file beside the pages.
pub const FUNCTION: Function = Function {
    name: "document",
    routes: &[route!(GET "/api/openapi.json", handle)],
    grants: &[],
    secrets: &[],
    size: Size { memory_mb: 256, timeout_seconds: 10, slow_ms: 500, share: Share::Few },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sésame",
        description = "Lets an employer into the Activité partielle extranet. Every failure is an RFC 9457 problem.",
    ),
    paths(handle)
)]
struct Document;

/// The document, put together from the functions' parts. What every route may answer is written in here, once.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    functions::documents().into_iter().for_each(|part| document.merge(part));
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            let answers = &mut operation.responses.responses;
            answers.entry("405".to_owned()).or_insert_with(|| method_not_allowed().into());
            answers.entry("503".to_owned()).or_insert_with(|| unavailable().into());
        }
    }
    document
}

fn method_not_allowed() -> UtoipaResponse {
    problem("Another method; `Allow` has those that there are").header("Allow", Header::default()).build()
}

fn unavailable() -> UtoipaResponse {
    let seconds = Header::new(Object::with_type(Type::Integer));
    problem("Not for now: come back after `Retry-After` seconds, with the same body and proof")
        .header("Retry-After", seconds)
        .build()
}

fn problem(description: &str) -> ResponseBuilder {
    let content = Content::new(Some(Ref::from_schema_name("ProblemBody")));
    ResponseBuilder::new().description(description).content("application/problem+json", content)
}

/// `GET /api/openapi.json`.
///
/// # Errors
/// `method-not-allowed`.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "document", tag = "document",
    responses((status = 200, description = "This document", body = serde_json::Value))
)]
pub async fn handle(_: &Platform, _: Request) -> Result<Response, Error> {
    Ok(http::ok(&document()))
}
