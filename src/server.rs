//! One port: the API, the pages, the mailbox, and the services of AWS for who asks for them.

use std::future::{IntoFuture, ready};
use std::io;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{self, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use platform::http::Body as ApiBody;
use platform::problems::{Kind, Problem};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::grants::Caller;
use crate::{Portal, mailbox, openapi, pages};

/// What is read of a request before it is refused, in bytes: more than any function takes.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// What is read of a request to the emulated services, in bytes (DynamoDB takes 16 MiB).
const SERVICE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How often expired rows are swept.
const SWEEP_PERIOD: Duration = Duration::from_secs(15 * 60);
/// How long connections may take to end when the portal stops.
const STOP_DELAY_MAX: Duration = Duration::from_secs(3);
/// The pages name their icon; of a mail, which names none, browsers ask for one here.
const ICON: &str = include_str!("../web/images/icon.svg");
/// A mail is shown as it is sent, with its own styles and nothing else.
const MAIL_POLICY: &str =
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// Serves until `stop` is done; mails are sent meanwhile, those left from before first.
///
/// # Errors
/// The listeners' own.
pub async fn serve(
    portal: Portal,
    built: &Path,
    listeners: Vec<TcpListener>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let app = router(&portal, built);
    let leftovers = portal.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = leftovers.take_up_mails() {
            tracing::error!(%error, "mails left from before could not be read");
        }
    });
    let worker = portal.worker.clone();
    let working = tokio::spawn(async move { worker.run().await });
    let sweeping = tokio::spawn(sweep(portal));

    let (stopper, stopped) = tokio::sync::watch::channel(());
    let mut servers = tokio::task::JoinSet::new();
    for listener in listeners {
        let mut stopped = stopped.clone();
        let until = async move {
            // Either word of the stop, or nobody left to give it.
            let _ = stopped.changed().await;
        };
        servers.spawn(axum::serve(listener, app.clone()).with_graceful_shutdown(until).into_future());
    }
    let ended = tokio::select! {
        () = stop => Ok(()),
        Some(served) = servers.join_next() => served.map_err(io::Error::other).flatten(),
    };
    drop(stopper);
    let _ =
        tokio::time::timeout(STOP_DELAY_MAX, async { while servers.join_next().await.is_some() {} }).await;
    working.abort();
    sweeping.abort();
    ended
}

/// Everything that the port answers.
pub fn router(portal: &Portal, built: &Path) -> Router {
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
    Router::new()
        .route("/api", any(api))
        .route("/api/", any(api))
        .route("/api/{*rest}", any(api))
        .route("/mailbox", get(show_mailbox))
        .route("/mailbox.json", get(list_mailbox))
        .route("/mailbox.css", get(|| ready(typed("text/css", include_str!("../templates/mailbox.css")))))
        .route("/mailbox/{file}", get(show_mail))
        .route("/favicon.ico", get(|| ready(typed("image/svg+xml", ICON))))
        .route(mailbox::SEND_PATH, post(take_mail))
        .route("/", post(dynamodb).get(serve_page.clone()))
        .fallback(serve_page)
        .with_state(portal.clone())
}

async fn api(State(portal): State<Portal>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let answer = match to_bytes(body, REQUEST_BYTES_MAX).await {
        Ok(bytes) => portal.answer(Request::from_parts(parts, ApiBody::Binary(bytes.into()))).await,
        // Beyond all limits, or cut off on its way: either way there is nothing to read.
        Err(_) => platform::http::refuse(&Problem::new(Kind::BodyTooLarge)),
    };
    let mut response = answer.map(|body| match body {
        ApiBody::Text(text) => Body::from(text),
        ApiBody::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    });
    pages::protect(response.headers_mut());
    response
}

async fn dynamodb(State(portal): State<Portal>, headers: HeaderMap, body: Body) -> Response {
    let Ok(body) = to_bytes(body, SERVICE_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or("");
    let answer = portal.emulator.answer(&Caller::Operator, target, &body);
    service_answer(answer, "application/x-amz-json-1.0")
}

async fn take_mail(State(portal): State<Portal>, body: Body) -> Response {
    let Ok(body) = to_bytes(body, SERVICE_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    service_answer(portal.mailbox.take(&body), "application/json")
}

fn service_answer(answer: crate::emulator::Answer, media_type: &'static str) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, media_type)], answer.body).into_response()
}

async fn show_mailbox(State(portal): State<Portal>) -> Response {
    shown(portal.mailbox.page(), "text/html; charset=utf-8")
}

async fn list_mailbox(State(portal): State<Portal>) -> Response {
    shown(portal.mailbox.json(), "application/json")
}

async fn show_mail(State(portal): State<Portal>, extract::Path(file): extract::Path<String>) -> Response {
    let id = file.strip_suffix(".html").unwrap_or("");
    match portal.mailbox.html(id) {
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
    let mut response = (headers, content.into()).into_response();
    pages::protect(response.headers_mut());
    response
}

async fn sweep(portal: Portal) {
    loop {
        tokio::time::sleep(SWEEP_PERIOD).await;
        let emulator = portal.emulator.clone();
        match tokio::task::spawn_blocking(move || emulator.sweep()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "expired rows were not swept"),
            Err(error) => tracing::error!(%error, "expired rows were not swept"),
        }
    }
}

/// The routes, for whoever prints them.
#[must_use]
pub fn addresses(site: &str) -> String {
    format!("Site     {site}/\nMailbox  {site}/mailbox\nAPI      {site}{}\n", openapi::PATH)
}
