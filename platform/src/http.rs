//! HTTP: requests to handlers, answers and problems to the wire.

use std::net::IpAddr;

use domain::time::after;
use http::header::{
    ACCEPT, ALLOW, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, LOCATION, ORIGIN, RETRY_AFTER,
};
pub use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, LINK, SET_COOKIE};
use http::{Method, StatusCode};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
pub use lambda_http::{Body, Request};
use serde::Serialize;

use crate::error::Error;
use crate::function::Function;
use crate::problems::{Kind, Problem};
use crate::scope::Scope;
use crate::{Platform, telemetry};

pub type Response = http::Response<Body>;

/// The future of a handler, whatever the handler.
pub type ResponseFuture<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'a>>;

/// The handler of a route.
pub type Handler = for<'a> fn(&'a Platform, Request) -> ResponseFuture<'a>;

/// What a handler can take of a request.
pub trait FromRequest: Sized {
    /// Reads the request.
    fn from_request(request: Request) -> Result<Self, Problem>;
}

impl FromRequest for Request {
    fn from_request(request: Request) -> Result<Self, Problem> {
        Ok(request)
    }
}

/// The head of a request, and what is read of it whole.
impl<T: FromRequest> FromRequest for (Request, T) {
    fn from_request(request: Request) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let read = T::from_request(Request::from_parts(head.clone(), body))?;
        Ok((Request::from_parts(head, Body::Empty), read))
    }
}

/// What a handler can return.
pub trait IntoResponse {
    fn into_response(self) -> Response;

    /// The same with a header set.
    fn with_header(self, name: HeaderName, value: &str) -> Response
    where
        Self: Sized,
    {
        with_header(self.into_response(), name, value)
    }
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

/// 200 with a body.
pub struct Json<T>(pub T);

/// 201 with a body.
pub struct Created<T>(pub T);

/// 202 with a body.
pub struct Accepted<T>(pub T);

/// 204, without a body.
pub struct NoContent;

/// 302 to another address.
pub struct Found(pub String);

/// 200 with a text that a browser saves.
pub struct TextFile {
    /// Letters, digits, dots and hyphens.
    pub name: String,
    pub text: String,
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        with_json(StatusCode::OK, "application/json", &self.0)
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        with_json(StatusCode::CREATED, "application/json", &self.0)
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        with_json(StatusCode::ACCEPTED, "application/json", &self.0)
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        with_header(response, CACHE_CONTROL, NO_STORE)
    }
}

impl IntoResponse for Found {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::FOUND;
        with_header(with_header(response, LOCATION, &self.0), CACHE_CONTROL, NO_STORE)
    }
}

impl IntoResponse for TextFile {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::Text(self.text));
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        let saved = format!("attachment; filename=\"{}\"", self.name);
        with_header(with_header(response, CONTENT_DISPOSITION, &saved), CACHE_CONTROL, NO_STORE)
    }
}

/// Calls the handler of a request within its deadline, makes a problem of an error, and logs the request.
pub async fn respond(
    function: &Function,
    platform: &Platform,
    ids: &telemetry::Ids,
    request: Request,
) -> Response {
    let started = platform.clock.now();
    let path = request.uri().path();
    let route = telemetry::route(request.method(), function.stated_path(path).unwrap_or(path));
    let scope = Scope {
        deadline: after(started, function.size.request_time_max()),
        correlation_id: ids.correlation_id.clone(),
    };
    let answer = scope.run(answer(function, platform, request)).await;
    let (response, problem) = match answer {
        Ok(response) => (response, None),
        Err(error) => {
            let problem = Problem::from(error);
            (refuse(&problem), Some(problem))
        }
    };
    let took = platform.clock.now().duration_since(started);
    telemetry::request(ids, function.name, &route, response.status(), problem.as_ref(), took);
    response
}

async fn answer(function: &Function, platform: &Platform, request: Request) -> Result<Response, Error> {
    came_by_the_site(platform, &request)?;
    same_site(platform, &request)?;
    let handler = function.handler_of(request.method().as_str(), request.uri().path())?;
    handler(platform, request).await
}

/// A part of the path, counted from 0 after the first slash: 2 is `{id}` of `/api/mail/{id}`.
#[must_use]
pub fn path_part(request: &Request, rank: usize) -> &str {
    request.uri().path().split('/').nth(rank + 1).unwrap_or_default()
}

/// The value of a query parameter that people type, percent-decoded as forms encode it.
#[must_use]
pub fn query_text(request: &Request, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(request.uri().query()?.as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The value of a query parameter. Nothing is percent-decoded.
#[must_use]
pub fn query<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let pairs = request.uri().query()?.split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Whether it is a browser that goes somewhere, and shows a page of what it is answered.
#[must_use]
pub fn wants_page(request: &Request) -> bool {
    let accepted = request.headers().get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}

/// The address of whoever asks: the last that was added to `X-Forwarded-For`, which is CloudFront's word, but
/// for API Gateway's own word on CloudFront. What a client wrote itself stands before both.
#[must_use]
pub fn client_address(request: &Request) -> Option<IpAddr> {
    let gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        _ => None,
    };
    let added = request.headers().get_all(FORWARDED_FOR).into_iter().filter_map(|value| value.to_str().ok());
    let added: Vec<&str> = added.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut latest_first = added.into_iter().rev().peekable();
    latest_first.next_if(|last| Some(*last) == gateway);
    latest_first.next()?.parse().ok()
}

#[must_use]
pub fn cookie<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let headers = request.headers().get_all(COOKIE).into_iter();
    let pairs = headers.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

const NO_STORE: &str = "no-store";

fn with_json(status: StatusCode, media_type: &'static str, body: &impl Serialize) -> Response {
    // Wire types have string keys and plain values, and so serialise.
    let text = serde_json::to_string(body).unwrap_or_default();
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    with_header(response, CACHE_CONTROL, NO_STORE)
}

/// The answer of a problem.
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

/// CSRF check: a request that changes anything has no `Origin`, or that of the configured site or of its own
/// host.
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

/// Who asked, and each proxy on the way but the last.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// The header that CloudFront adds.
const ORIGIN_SECRET_HEADER: &str = "x-sesame-origin";

/// Checks the origin secret, if one is configured, or the previous one: a request without it bypassed the web
/// ACL.
fn came_by_the_site(platform: &Platform, request: &Request) -> Result<(), Problem> {
    let secrets = &platform.config.origin_secrets;
    let brought =
        request.headers().get(ORIGIN_SECRET_HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    if secrets.is_empty() || secrets.iter().any(|secret| secret.is(brought)) {
        Ok(())
    } else {
        Err(Problem::new(Kind::AroundTheSite))
    }
}
