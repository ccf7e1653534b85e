//! The HTTP server: API, pages, mailbox and the emulated AWS services on one port.

mod connections;
mod guard;

use std::fmt;
use std::future::ready;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{self, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use platform::error::Error;
use platform::http::Body as ApiBody;
use platform::problems::{Kind, Problem};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

pub use self::connections::Limits;
use crate::grants::Caller;
use crate::{Portal, mailbox, openapi, pages};

/// The largest body of a request: more than any function takes.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// The largest body of a request to the emulated services (DynamoDB takes 16 MiB).
const SERVICE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Interval of the sweep of expired rows.
const SWEEP_PERIOD: Duration = Duration::from_secs(15 * 60);
/// Grace period of open connections when the portal stops.
const STOP_DELAY_MAX: Duration = Duration::from_secs(3);
/// The pause before a worker that ended is restarted.
const RESTART_DELAY: Duration = Duration::from_secs(1);
const PROVIDER: &str = "/provider/{*rest}";
/// The favicon of what names none: mails.
const ICON: &str = include_str!("../web/images/icon.svg");
/// The content security policy of a shown mail: its own styles only.
const MAIL_POLICY: &str =
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// The state of the handlers.
#[derive(Clone)]
struct Port {
    portal: Portal,
    limits: Limits,
}

#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Another address that it listens on, for containers; accepted as a `Host`.
    pub also: Option<String>,
    pub limits: Limits,
}

/// Serves until `stop` is done, and sends mails meanwhile, those that an earlier process left first; asks
/// holders each hour whether they are still there.
pub async fn serve(
    portal: Portal,
    built: &Path,
    listeners: Vec<TcpListener>,
    settings: Settings,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let app = router(&portal, built, &settings);
    let mut workers = JoinSet::new();
    let leftovers = portal.clone();
    workers.spawn(in_background("mails left from before were not read", move || leftovers.take_up_mails()));
    let mails = portal.worker.clone();
    workers.spawn(keep_running("mails", move || {
        let mails = mails.clone();
        async move { mails.run().await }
    }));
    let tracker = portal.tracker.clone();
    workers.spawn(keep_running("mail events", move || {
        let tracker = tracker.clone();
        async move { tracker.run().await }
    }));
    let schedule = portal.schedule.clone();
    workers.spawn(keep_running("schedule", move || {
        let schedule = schedule.clone();
        async move { schedule.run().await }
    }));
    workers.spawn(sweep(portal));

    let (stopper, stopped) = watch::channel(());
    let connections = settings.limits.connections;
    let slots = Arc::new(Semaphore::new(connections as usize));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        let (app, slots, stopped) = (app.clone(), slots.clone(), stopped.clone());
        accepting.spawn(connections::accept(listener, app, settings.limits, slots, stopped));
    }
    let ended = tokio::select! {
        () = stop => Ok(()),
        Some(ended) = accepting.join_next() => ended.map_err(io::Error::other),
    };
    drop(stopper);
    // Every slot is free when every connection has ended.
    let _ = timeout(STOP_DELAY_MAX, slots.acquire_many(connections)).await;
    ended
}

pub fn router(portal: &Portal, built: &Path, settings: &Settings) -> Router {
    let files = pages::service(built);
    let serve_page = move |request: Request<Body>| {
        let files = files.clone();
        async move {
            let path = request.uri().path().to_owned();
            let mut response = files.oneshot(request).await.unwrap_or_else(|never| match never {});
            pages::dress(&path, &mut response);
            response
        }
    };
    let also: guard::Also = settings.also.as_deref().map(Arc::from);
    let same_site = || from_fn(guard::same_site);
    let mailbox = Router::new()
        .route("/mailbox", get(show_mailbox))
        .route("/mailbox.json", get(list_mailbox))
        .route("/mailbox.css", get(|| ready(typed("text/css", include_str!("../templates/mailbox.css")))))
        .route("/mailbox/{file}", get(show_mail))
        .route(mailbox::SEND_PATH, post(take_mail))
        .route(mailbox::ACCOUNT_PATH, get(tell_account))
        .route_layer(same_site());
    Router::new()
        .route("/api", any(api))
        .route("/api/", any(api))
        .route("/api/{*rest}", any(api))
        .merge(mailbox)
        .merge(Router::new().route(PROVIDER, any(provider)).route_layer(same_site()))
        .route("/favicon.ico", get(|| ready(typed("image/svg+xml", ICON))))
        .route("/", post(dynamodb).layer(same_site()).get(serve_page.clone()))
        .fallback(serve_page)
        .layer(from_fn_with_state(settings.limits, answer_in_time))
        .layer(from_fn_with_state(also, guard::known_host))
        .layer(from_fn(protected))
        .with_state(Port { portal: portal.clone(), limits: settings.limits })
}

async fn protected(request: extract::Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    pages::protect(&path, response.headers_mut());
    response
}

/// Middleware: 503 for a request that takes too long.
async fn answer_in_time(State(limits): State<Limits>, request: extract::Request, next: Next) -> Response {
    match timeout(limits.request, next.run(request)).await {
        Ok(response) => response,
        Err(_) => refuse(&Error::Busy("a request took too long").into()),
    }
}

/// Reads a body; 408 when it comes too slowly, 413 over `bytes_max`.
async fn read_body(body: Body, bytes_max: usize, limits: Limits) -> Result<Bytes, Response> {
    match timeout(limits.body, to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // Too large, or the connection was closed: the two cannot be told apart.
        Ok(Err(_)) => Err(refuse(&Problem::new(Kind::BodyTooLarge))),
        Err(_) => Err(problem(
            StatusCode::REQUEST_TIMEOUT,
            "request-timeout",
            "La demande est arrivée trop lentement",
            "Vérifiez votre connexion, puis envoyez de nouveau.",
        )),
    }
}

async fn api(State(port): State<Port>, request: Request<Body>) -> Result<Response, Response> {
    let (parts, body) = request.into_parts();
    let body = read_body(body, REQUEST_BYTES_MAX, port.limits).await?;
    Ok(on_wire(port.portal.answer(Request::from_parts(parts, ApiBody::Binary(body.into()))).await))
}

fn refuse(problem: &Problem) -> Response {
    on_wire(platform::http::refuse(problem))
}

fn on_wire(answer: platform::http::Response) -> Response {
    answer.map(|body| match body {
        ApiBody::Text(text) => Body::from(text),
        ApiBody::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    })
}

/// A problem that only the portal answers.
fn problem(status: StatusCode, name: &str, title: &str, detail: &str) -> Response {
    let kind = format!("/problems/{name}");
    let body = json!({"type": kind, "title": title, "status": status.as_u16(), "detail": detail});
    let headers = [(CONTENT_TYPE, "application/problem+json"), (CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

/// The provider of agents' logins, as a browser or another program meets it.
async fn provider(State(port): State<Port>, request: Request<Body>) -> Result<Response, Response> {
    let Some(provider) = port.portal.provider.clone() else {
        return Err(StatusCode::NOT_FOUND.into_response());
    };
    let (parts, body) = request.into_parts();
    let body = read_body(body, REQUEST_BYTES_MAX, port.limits).await?;
    Ok(provider.answer(&Request::from_parts(parts, body.into())).map(Body::from))
}

async fn dynamodb(State(port): State<Port>, headers: HeaderMap, body: Body) -> Result<Response, Response> {
    let body = read_body(body, SERVICE_BYTES_MAX, port.limits).await?;
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or("");
    let answer = port.portal.emulator.answer(&Caller::Operator, target, &body);
    Ok(service_answer(answer, "application/x-amz-json-1.0"))
}

async fn take_mail(State(port): State<Port>, body: Body) -> Result<Response, Response> {
    let body = read_body(body, SERVICE_BYTES_MAX, port.limits).await?;
    Ok(service_answer(port.portal.mailbox.take(&body), "application/json"))
}

async fn tell_account(State(port): State<Port>) -> Response {
    service_answer(port.portal.mailbox.account(), "application/json")
}

fn service_answer(answer: crate::emulator::ServiceResponse, media_type: &'static str) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, media_type)], answer.body).into_response()
}

async fn show_mailbox(State(port): State<Port>) -> Response {
    shown(port.portal.mailbox.page(), "text/html; charset=utf-8")
}

async fn list_mailbox(State(port): State<Port>) -> Response {
    shown(port.portal.mailbox.json(), "application/json")
}

async fn show_mail(State(port): State<Port>, extract::Path(file): extract::Path<String>) -> Response {
    let id = file.strip_suffix(".html").unwrap_or("");
    match port.portal.mailbox.html(id) {
        Ok(Some(html)) => {
            let mut response = shown(Ok(html), "text/html; charset=utf-8");
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(MAIL_POLICY));
            response
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => shown(Err(error), "text/plain"),
    }
}

fn shown(content: io::Result<String>, media_type: &'static str) -> Response {
    match content {
        Ok(content) => typed(media_type, content),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn typed(media_type: &'static str, content: impl Into<Body>) -> Response {
    let headers = [(CONTENT_TYPE, media_type), (CACHE_CONTROL, "no-store")];
    (headers, content.into()).into_response()
}

/// Supervises a worker: logs and restarts it when it ends or panics. Messages that it held are taken up at
/// the next start of the portal.
async fn keep_running<F>(name: &'static str, work: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // A `JoinSet` aborts its task when this future is dropped.
        let mut task = JoinSet::new();
        task.spawn(work());
        let has_panicked = matches!(task.join_next().await, Some(Err(_)));
        tracing::error!(worker = name, has_panicked, "a worker ended and begins again");
        sleep(RESTART_DELAY).await;
    }
}

async fn sweep(portal: Portal) {
    loop {
        sleep(SWEEP_PERIOD).await;
        let emulator = portal.emulator.clone();
        in_background("expired rows were not swept", move || emulator.sweep()).await;
    }
}

/// Runs blocking work; logs a failure as `failed`.
async fn in_background<T: Send + 'static, E: fmt::Display + Send + 'static>(
    failed: &'static str,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) {
    match spawn_blocking(work).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, "{failed}"),
        Err(error) => tracing::error!(%error, "{failed}"),
    }
}

/// The start-up banner.
#[must_use]
pub fn addresses(site: &str) -> String {
    let document = openapi::PATH;
    format!("Site     {site}/\nMailbox  {site}/mailbox\nDesk     {site}/agents/\nAPI      {site}{document}\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_or_ends_begins_again() {
        let runs = Arc::new(AtomicU32::new(0));
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let kept = tokio::spawn(keep_running("test", move || {
            let (run, tell) = (runs.fetch_add(1, Ordering::Relaxed), tell.clone());
            async move {
                tell.send(run).unwrap();
                match run {
                    0 => panic!("on purpose"),
                    1 => {}
                    _ => std::future::pending().await,
                }
            }
        }));
        for run in 0..3 {
            assert_eq!(told.recv().await, Some(run));
        }
        // The supervisor's end is the worker's.
        kept.abort();
        assert_eq!(told.recv().await, None);
    }

    #[test]
    fn the_addresses_are_those_of_the_pages_the_mails_and_the_document() {
        insta::assert_snapshot!(addresses("http://localhost:8080"), @"
        Site     http://localhost:8080/
        Mailbox  http://localhost:8080/mailbox
        Desk     http://localhost:8080/agents/
        API      http://localhost:8080/api/openapi.json
        ");
    }
}
