//! Middleware against DNS rebinding and cross-site requests.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode};
use platform::problems::{Kind, Problem};

use super::{problem, refuse};

/// The names of this machine, whatever the port.
const OWN_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
const HOST_OF_CONTAINERS: &str = "host.docker.internal";

/// The additional address that the portal listens on.
pub(super) type Also = Option<Arc<str>>;

/// Refuses a request for another host. By DNS rebinding, another site's name may resolve to this machine, and
/// its pages would read mailbox and table as their own.
pub(super) async fn known_host(State(also): State<Also>, request: Request, next: Next) -> Response {
    if asked_host(&request).is_some_and(|host| is_known(also.as_deref(), &host)) {
        return next.run(request).await;
    }
    problem(
        StatusCode::MISDIRECTED_REQUEST,
        "unknown-host",
        "Le portail ne répond pas à ce nom",
        "Ouvrez-le à l'adresse http://localhost, avec son port. Pour un conteneur, lancez-le avec \
         SESAME_ALSO_LISTEN, l'adresse par laquelle le conteneur l'appelle.",
    )
}

/// The host without its port. That of the request line, if any, takes precedence (RFC 9112).
fn asked_host(request: &Request) -> Option<String> {
    let stated = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    let authority: Authority = request.uri().authority().cloned().or(stated)?;
    Some(authority.host().to_ascii_lowercase())
}

fn is_known(also: Option<&str>, host: &str) -> bool {
    let is_also =
        |also: &str| host == HOST_OF_CONTAINERS || host.trim_matches(['[', ']']).eq_ignore_ascii_case(also);
    OWN_HOSTS.contains(&host) || also.is_some_and(is_also)
}

/// Refuses cross-site requests to the emulated services and the mailbox.
pub(super) async fn same_site(request: Request, next: Next) -> Response {
    if is_of_another_site(request.method(), request.headers()) {
        return refuse(&Problem::new(Kind::CrossSite));
    }
    next.run(request).await
}

/// By `Origin` or Fetch Metadata, which browsers send and programs do not. A link from another site is
/// allowed: its page cannot read the answer.
fn is_of_another_site(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|stated| stated == value);
    let is_link =
        method == Method::GET && is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document");
    let is_stated = headers.contains_key("sec-fetch-site");
    let is_ours = is("sec-fetch-site", "same-origin") || is("sec-fetch-site", "none");
    is_from_elsewhere(headers) || (is_stated && !is_ours && !is_link)
}

/// Whether `Origin` is there and differs from `Host`.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).map_or(&[][..], |host| host.as_bytes());
    headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().strip_prefix(b"http://") != Some(host))
}
