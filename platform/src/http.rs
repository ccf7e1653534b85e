//! JSON in; JSON or a problem out.

use std::time::Instant;

use http::header::{ALLOW, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER};
pub use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{Method, StatusCode};
pub use lambda_http::{Body, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Platform;
use crate::problems::{Kind, Problem};
use crate::telemetry;

/// The largest body that is read, in bytes (contract: 16 KiB).
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// What a handler answers.
pub type Response = http::Response<Body>;

/// The future of a handler, whatever the handler.
pub type Answer<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

/// A route's handler, as the Lambda runtime and the portal call it.
pub type Handler = for<'a> fn(&'a Platform, Request) -> Answer<'a>;

/// Calls a handler, words what failed, and writes the one log line of the request.
pub async fn respond(platform: &Platform, request_id: &str, request: Request, handler: Handler) -> Response {
    let started = Instant::now();
    let route = telemetry::route(request.method(), request.uri().path());
    let answer = match same_site(platform, &request) {
        Ok(()) => handler(platform, request).await,
        Err(problem) => Err(problem),
    };
    let (response, problem) = match answer {
        Ok(response) => (response, None),
        Err(problem) => (refuse(&problem), Some(problem)),
    };
    telemetry::request(request_id, &route, response.status(), problem.as_ref(), started.elapsed());
    response
}

/// Lets these methods pass; `allow` is the same list as `Allow` says it.
///
/// # Errors
/// `MethodNotAllowed`.
pub fn only(request: &Request, allow: &'static str) -> Result<(), Problem> {
    if allow.split(", ").any(|method| method == request.method().as_str()) {
        Ok(())
    } else {
        Err(Problem::method_not_allowed(allow))
    }
}

/// Reads the body.
///
/// # Errors
/// `UnsupportedMediaType`, `BodyTooLarge`, `MalformedBody`.
pub fn json<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = media_type.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Kind::UnsupportedMediaType));
    }
    let body: &[u8] = request.body().as_ref();
    if body.len() > BODY_BYTES_MAX {
        return Err(Problem::new(Kind::BodyTooLarge));
    }
    // Serde would also take an array, by the order of the fields.
    let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let read = is_object.then(|| serde_json::from_slice(body).ok()).flatten();
    read.ok_or_else(|| Problem::new(Kind::MalformedBody))
}

/// The value of a query parameter, if it is there. Only plain values are known: nothing is decoded.
#[must_use]
pub fn query<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let pairs = request.uri().query()?.split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The value of a cookie, if it is there.
#[must_use]
pub fn cookie<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let headers = request.headers().get_all(COOKIE).into_iter();
    let pairs = headers.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// 200 with a body.
#[must_use]
pub fn ok(body: &impl Serialize) -> Response {
    with_json(StatusCode::OK, "application/json", body)
}

/// 201 with a body.
#[must_use]
pub fn created(body: &impl Serialize) -> Response {
    with_json(StatusCode::CREATED, "application/json", body)
}

/// 202 with a body.
#[must_use]
pub fn accepted(body: &impl Serialize) -> Response {
    with_json(StatusCode::ACCEPTED, "application/json", body)
}

/// 204.
#[must_use]
pub fn no_content() -> Response {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    with_header(response, CACHE_CONTROL, NO_STORE)
}

/// The same response with a header set.
#[must_use]
pub fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

const NO_STORE: &str = "no-store";

fn with_json(status: StatusCode, media_type: &'static str, body: &impl Serialize) -> Response {
    // Wire types have string keys and plain values: they always serialise.
    let text = serde_json::to_string(body).unwrap_or_default();
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    with_header(response, CACHE_CONTROL, NO_STORE)
}

/// A problem, as it goes over the wire.
#[must_use]
pub fn refuse(problem: &Problem) -> Response {
    let mut response = with_json(problem.status(), "application/problem+json", &problem.body());
    if let Some(allow) = problem.allow() {
        response = with_header(response, ALLOW, allow);
    }
    if let Some(seconds) = problem.retry_after_seconds() {
        response = with_header(response, RETRY_AFTER, &seconds.to_string());
    }
    response
}

/// A request that changes anything must come from our own pages, or bear no `Origin` at all. Ours is
/// the configured site, or the very host that the browser asked for.
fn same_site(platform: &Platform, request: &Request) -> Result<(), Problem> {
    let Some(origin) = request.headers().get(ORIGIN) else {
        return Ok(());
    };
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let origin = origin.to_str().unwrap_or("");
    let host = request.headers().get(http::header::HOST).and_then(|value| value.to_str().ok());
    let scheme = if platform.config.is_secure() { "https" } else { "http" };
    let is_our_host = host.is_some_and(|host| origin == format!("{scheme}://{host}"));
    if origin == platform.config.site || is_our_host { Ok(()) } else { Err(Problem::new(Kind::CrossSite)) }
}
