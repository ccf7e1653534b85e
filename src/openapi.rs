//! The OpenAPI document, made from the wire types, the handlers that use them, and what the routes state.

use std::collections::BTreeMap;

use http::StatusCode;
use platform::form::schema::Schema;
use platform::function::{Function, Route, Share, Size};
use platform::http::{Json, Request};
use platform::problems::{Kind, ProblemBody};
use platform::{Error, Platform, agents, cookie, route};
use utoipa::openapi::header::Header;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AllOfBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Components, Content, ObjectBuilder, Ref, Response, ResponseBuilder};
use utoipa::{OpenApi, ToSchema};

use crate::functions;

pub const PATH: &str = "/api/openapi.json";

/// Serves the document on one machine. On AWS it is a file beside the pages.
pub const FUNCTION: Function = Function {
    name: "document",
    routes: &[route!(GET "/api/openapi.json", handle)],
    grants: &[],
    secrets: &[],
    size: Size { memory_mb: 256, timeout_seconds: 10, slow_ms: 500, share: Share::Few },
};

/// The problems of any request.
const OF_REQUESTS: [Kind; 4] =
    [Kind::AroundTheSite, Kind::MethodNotAllowed, Kind::Internal, Kind::Unavailable];
/// The problems of any request that changes something.
const OF_CHANGES: [Kind; 1] = [Kind::CrossSite];
/// The problems of any form.
const OF_FORMS: [Kind; 4] =
    [Kind::MalformedBody, Kind::BodyTooLarge, Kind::UnsupportedMediaType, Kind::InvalidForm];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sésame",
        description = "Lets an employer into the Activité partielle extranet. \
                       Every failure is an RFC 9457 problem.",
    ),
    paths(handle),
    components(schemas(ProblemBody))
)]
struct Document;

/// The document of a deployed site.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    with_cookie(cookie::COOKIE)
}

/// Merges the functions' documents, and adds the problems of their routes.
fn with_cookie(name: &str) -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    functions::documents().into_iter().for_each(|part| document.merge(part));
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(name)));
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("session", cookie);
    let agents = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(agents::COOKIE)));
    components.add_security_scheme("agent", agents);
    let functions = functions::ALL.iter().copied().chain([&FUNCTION]);
    for route in functions.flat_map(|function| function.routes) {
        let item = document.paths.paths.get_mut(route.path);
        let operation = item.and_then(|item| match route.method {
            "GET" => item.get.as_mut(),
            "POST" => item.post.as_mut(),
            "PATCH" => item.patch.as_mut(),
            "DELETE" => item.delete.as_mut(),
            _ => None,
        });
        if let Some(operation) = operation {
            add_problems(operation, route);
        }
    }
    document
}

fn add_problems(operation: &mut Operation, route: &Route) {
    let of_changes = if route.method == "GET" { &[][..] } else { &OF_CHANGES };
    let of_forms = if operation.request_body.is_some() { &OF_FORMS[..] } else { &[] };
    let mut by_status: BTreeMap<StatusCode, Vec<Kind>> = BTreeMap::new();
    for kind in route.refuses.iter().chain(of_changes).chain(of_forms).chain(&OF_REQUESTS) {
        by_status.entry(kind.status()).or_default().push(*kind);
    }
    for (status, kinds) in by_status {
        operation.responses.responses.insert(status.as_str().to_owned(), problem(status, &kinds).into());
    }
}

/// The response of one status, which may be any of these problems.
fn problem(status: StatusCode, kinds: &[Kind]) -> Response {
    let types: Vec<String> = kinds.iter().map(|kind| kind.uri()).collect();
    let named = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(types.clone()));
    let schema: Schema = AllOfBuilder::new()
        .item(Ref::from_schema_name(ProblemBody::name()))
        .item(ObjectBuilder::new().property("type", named))
        .into();
    let response = ResponseBuilder::new().description(types.join(", "));
    let response = response.content("application/problem+json", Content::new(Some(schema)));
    match header_of(status) {
        Some((name, header)) => response.header(name, header).build(),
        None => response.build(),
    }
}

/// The header of every problem of a status.
fn header_of(status: StatusCode) -> Option<(&'static str, Header)> {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => Some(("Allow", Header::default())),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Some(("Retry-After", Header::new(ObjectBuilder::new().schema_type(Type::Integer))))
        }
        _ => None,
    }
}

/// The description of this API.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "document", tag = "document",
    responses((status = 200, description = "This document", body = serde_json::Value))
)]
pub async fn handle(platform: &Platform, _: Request) -> Result<Json<utoipa::openapi::OpenApi>, Error> {
    Ok(Json(with_cookie(cookie::name(&platform.config))))
}
