//! The HTTP server: hosts, cross-site requests, limits of connections.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use serde_json::Value;
use sesame::server::{self, Limits, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::support::App;

/// Stands for what the pages are built into: these tests look at none.
const NO_PAGES: &str = "no-pages";
const GATEWAY: &str = "10.88.0.1";
const SCAN: &str = r#"{"TableName":"sesame"}"#;
const MAIL: &str = "/v2/email/outbound-emails";
const HALF_A_BODY: &str = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf";

/// The port, and the address that it also listens on, if there is one.
fn port(also: Option<&str>) -> Router {
    let settings = Settings { also: also.map(str::to_owned), ..Settings::default() };
    server::router(&App::new().portal, Path::new(NO_PAGES), &settings)
}

/// Status, and the problem's type if it is one.
async fn ask(port: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("x-amz-target", "DynamoDB_20120810.Scan").body(Body::from(SCAN)).unwrap();
    let response = port.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let problem = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    (status, problem["type"].as_str().unwrap_or("").to_owned())
}

#[tokio::test]
async fn a_request_for_another_host_is_refused_whatever_it_asks() {
    let port = port(None);
    for host in ["rebound.example", "rebound.example:8080", "localhost.rebound.example", "10.88.0.1:8080", ""]
    {
        for (method, path) in [("POST", "/"), ("GET", "/mailbox.json"), ("GET", "/api/session"), ("GET", "/")]
        {
            let answer = ask(&port, method, path, &[("host", host)]).await;
            assert_eq!(answer, (StatusCode::MISDIRECTED_REQUEST, "/problems/unknown-host".into()), "{host}");
        }
    }
    let absolute = ask(&port, "GET", "http://rebound.example/mailbox", &[("host", "localhost")]).await;
    assert_eq!(absolute.0, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(ask(&port, "GET", "/mailbox", &[]).await.0, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn this_machine_is_answered_under_each_of_its_names() {
    let port = port(None);
    for host in ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080"] {
        for (method, path) in [("POST", "/"), ("GET", "/mailbox"), ("GET", "/api/notices")] {
            assert_eq!(ask(&port, method, path, &[("host", host)]).await.0, StatusCode::OK, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn containers_find_the_portal_where_it_also_listens() {
    for (also, hosts) in [
        (GATEWAY, ["10.88.0.1:8080", "host.docker.internal:8080", "localhost:8080"]),
        ("fd00::1", ["[fd00::1]:8080", "host.docker.internal:8080", "localhost:8080"]),
    ] {
        let port = port(Some(also));
        for host in hosts {
            assert_eq!(ask(&port, "POST", "/", &[("host", host)]).await.0, StatusCode::OK, "{host}");
        }
        assert_eq!(
            ask(&port, "POST", "/", &[("host", "10.88.0.2")]).await.0,
            StatusCode::MISDIRECTED_REQUEST
        );
    }
}

#[tokio::test]
async fn a_page_of_another_site_reaches_neither_the_emulators_nor_the_mailbox() {
    let port = port(None);
    let host = ("host", "localhost:8080");
    for other in [
        ("origin", "https://autre.example"),
        ("origin", "http://localhost:3000"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for (method, path) in [
            ("POST", "/"),
            ("POST", MAIL),
            ("GET", "/mailbox"),
            ("GET", "/mailbox.json"),
            ("GET", "/mailbox/1.html"),
        ] {
            let answer = ask(&port, method, path, &[host, other]).await;
            assert_eq!(answer, (StatusCode::FORBIDDEN, "/problems/cross-site".into()), "{other:?} {path}");
        }
    }
    let frame = [
        host,
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ];
    assert_eq!(ask(&port, "GET", "/mailbox", &frame).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn our_own_pages_and_a_link_from_anywhere_reach_the_mailbox() {
    let port = port(None);
    let host = ("host", "localhost:8080");
    for own in
        [("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")]
    {
        assert_eq!(ask(&port, "GET", "/mailbox.json", &[host, own]).await.0, StatusCode::OK, "{own:?}");
    }
    let link = [
        host,
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(ask(&port, "GET", "/mailbox", &link).await.0, StatusCode::OK);
    // The same by a form of that page would be a request like any other.
    assert_eq!(ask(&port, "POST", "/", &link).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn connections_that_ask_by_halves_are_closed_and_a_stop_ends_the_port() {
    const SHORT: Duration = Duration::from_millis(50);
    for (limits, half, answer) in [
        (Limits { head: SHORT, ..Limits::default() }, "GET /mailbox HTTP/1.1\r\nhost: loc", ""),
        (Limits { body: SHORT, ..Limits::default() }, HALF_A_BODY, "HTTP/1.1 408 "),
    ] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings { limits, ..Settings::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let until = async { drop(stopped.await) };
            server::serve(App::new().portal, Path::new(NO_PAGES), vec![listener], settings, until).await
        });
        for exchange in (0..20).map(|_| tokio::spawn(exchange(address, half))).collect::<Vec<_>>() {
            let answered = exchange.await.unwrap();
            assert!(answered.starts_with(answer) && answered.is_empty() == answer.is_empty(), "{answered}");
        }
        drop(stop);
        serving.await.unwrap().unwrap();
    }
}

/// Sends, and gives all that comes until the connection is closed.
async fn exchange(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    // Closed before all was sent or read is closed too.
    let _ = stream.write_all(sent.as_bytes()).await;
    while let Ok(length @ 1..) = stream.read(&mut part).await {
        answer.extend_from_slice(&part[..length]);
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_bad_address_of_the_extranet_is_refused_at_the_start() {
    let program = env!("CARGO_BIN_EXE_sesame");
    for bad in ["extranet.exemple.fr", "http://extranet.exemple.fr/", "javascript:alert(1)"] {
        let mut command = std::process::Command::new(program);
        command.arg("--ephemeral").envs([("SESAME_EXTRANET", bad), ("SESAME_PORT", "0")]);
        let ended = command.output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success(), "{bad}");
        assert!(said.contains("set SESAME_EXTRANET to an https:// address"), "{said}");
    }
}
