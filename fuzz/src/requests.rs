//! Requests: whatever comes in, the answer is one of the API document, repeats nothing that came in, and has
//! written nothing unless it says so.
//!
//! An input is the text of a request: headers, an empty line, the body. Names with a `$` stand for what is
//! known only when it runs: proofs, tokens, identifiers.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use http::header::COOKIE;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use platform::cookie::{closing, opening, token_of};
use platform::function::Route;
use platform::http::Body;
use platform::problems::Kind;
use serde_json::Value;
use testkit::document;

use crate::fixture::{self, Answer, Fixture};

/// Calls of the table for one request.
const TABLE_CALLS_MAX: u64 = 8;
/// The shortest text of a body that is looked for in logs and problems: shorter ones stand there by chance.
const TELLING_LENGTH_MIN: usize = 24;
/// The refusals that are written down: guesses are counted, and whoever asks after an establishment has spent
/// the proof.
const WRITTEN_DOWN: [Kind; 3] =
    [Kind::WrongCredentials, Kind::TooManyAttempts, Kind::EstablishmentHasAccount];

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(sesame::openapi::document()).unwrap());

/// The types of all problems that the document lists, and that of an unknown path.
static PROBLEMS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    fn collect(value: &Value, types: &mut BTreeSet<String>) {
        match value {
            Value::String(text) if text.starts_with("/problems/") => {
                types.insert(text.clone());
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, types)),
            Value::Object(fields) => fields.values().for_each(|value| collect(value, types)),
            _ => {}
        }
    }
    let mut types = BTreeSet::from([Kind::NotFound.uri()]);
    collect(&DOCUMENT["paths"], &mut types);
    types
});

/// A request of one route: a line `?…` is its query, the others are headers.
pub fn of_route(route: &Route, input: &[u8]) {
    fixture::with(|fixture| {
        let input = fixture.filled(input);
        let (head, body) = split(&input);
        let lines = || head.split(|byte| *byte == b'\n');
        let query = lines().find(|line| line.starts_with(b"?")).unwrap_or_default();
        let target = [route.path.as_bytes(), query].concat();
        let headers = lines().filter(|line| !line.starts_with(b"?"));
        if let Some(request) = request(route.method.as_bytes(), &target, headers, body) {
            ask(fixture, request, body);
        }
    });
}

/// Any request: its first line is method and target.
pub fn anywhere(input: &[u8]) {
    fixture::with(|fixture| {
        let input = fixture.filled(input);
        let (head, body) = split(&input);
        let mut lines = head.split(|byte| *byte == b'\n');
        let mut words = lines.next().unwrap_or_default().splitn(2, |byte| *byte == b' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if let Some(request) = request(method, target, lines, body) {
            ask(fixture, request, body);
        }
    });
}

/// The headers of a request, which are cookies, a line each: the token of a session is read from one that has
/// the name of the site's cookie, and what the site sets is what it reads.
pub fn cookie(input: &[u8]) {
    fixture::with(|fixture| {
        let secure = fixture.portal.platform("session").unwrap().config.clone();
        let local = platform::Config { site: "http://localhost:8080".to_owned(), ..(*secure).clone() };
        let input = fixture.filled(input);
        let request = |input: &[u8]| {
            let mut request = Request::new(Body::Empty);
            let lines = input.split(|byte| *byte == b'\n');
            for value in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
                request.headers_mut().append(COOKIE, value);
            }
            request
        };
        for config in [&*secure, &local] {
            let Some(token) = token_of(config, &request(&input)) else { continue };
            let text = String::from_utf8_lossy(&input);
            let name = platform::cookie::name(config);
            assert!(text.contains(&format!("{name}=")), "another cookie");
            let set = opening(config, &token);
            let pair = set.split(';').next().unwrap();
            assert_eq!(token_of(config, &request(pair.as_bytes())), Some(token));
            let closing = closing(config);
            let pair = closing.split(';').next().unwrap();
            assert_eq!(token_of(config, &request(pair.as_bytes())), None);
        }
    });
}

/// What is before the first empty line, and what is after it.
fn split(input: &[u8]) -> (&[u8], &[u8]) {
    match input.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&input[..at], &input[at + 2..]),
        None => (input, &[]),
    }
}

/// The request of these parts, without the lines that are no headers.
fn request<'a>(
    method: &[u8],
    target: &[u8],
    lines: impl Iterator<Item = &'a [u8]>,
    body: &[u8],
) -> Option<Request<Body>> {
    let mut request = Request::new(Body::Binary(body.to_vec()));
    *request.method_mut() = Method::from_bytes(method).ok()?;
    *request.uri_mut() = Uri::try_from(target).ok()?;
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}

/// Asks, and holds the answer to what is true of all answers.
pub fn ask(fixture: &Fixture, request: Request<Body>, body: &[u8]) {
    let repetition = request.clone();
    let (method, path) = (request.method().as_str().to_lowercase(), request.uri().path().to_owned());
    let answer = fixture.ask(request);
    let json = answer.json();
    let what = format!("{method} {path}: {} {}", answer.status, answer.text);
    // The fixture is reached by TLS, where the provider of one machine does not start.
    let has_no_provider = json["type"] == Kind::AgentLoginUnavailable.uri();
    assert!(answer.status < 500 || has_no_provider, "{what}");
    let operation = &DOCUMENT["paths"][&path][&method];
    assert_eq!(document::fault_of(operation, answer.status, &answer.headers, &json), None, "{what}");
    assert!(answer.headers.contains_key("cache-control"), "{what}");
    assert!(answer.table_calls <= TABLE_CALLS_MAX, "{} calls of the table: {what}", answer.table_calls);
    assert!(fixture.mails_sent().is_empty(), "a request sends no mail itself");
    let may_write = answer.status < 400 || WRITTEN_DOWN.iter().any(|kind| json["type"] == kind.uri());
    assert!(answer.writes == 0 || may_write, "{} writes: {what}", answer.writes);
    let form: Value = serde_json::from_slice(body).unwrap_or_default();
    if answer.status >= 400 {
        assert_problem(&answer, &json, &what);
        assert!(told(fixture, &form).all(|text| !answer.text.contains(text)), "it is repeated: {what}");
    }
    assert!(told(fixture, &form).all(|text| !answer.log.contains(text)), "it is logged: {}", answer.log);
    let is_proven = form["proof"].as_str().is_some_and(|proof| !proof.trim().is_empty());
    if answer.status < 300 && method == "post" && is_proven {
        let repeated = fixture.ask(repetition);
        assert_eq!((repeated.status, &repeated.text), (answer.status, &answer.text), "repeated: {what}");
    }
}

fn assert_problem(answer: &Answer, json: &Value, what: &str) {
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
    assert_eq!(json["status"], answer.status, "{what}");
    assert!(json["type"].as_str().is_some_and(|kind| PROBLEMS.contains(kind)), "{what}");
    assert_eq!(answer.status == 422, json["errors"].is_array(), "{what}");
    assert!(!answer.headers.contains_key("set-cookie"), "{what}");
}

/// What is secret, and long texts of the form: neither problems nor logs repeat them.
fn told<'a>(fixture: &'a Fixture, form: &'a Value) -> impl Iterator<Item = &'a str> {
    let texts = form.as_object().into_iter().flat_map(|fields| fields.values()).filter_map(Value::as_str);
    fixture.secrets().chain(texts.filter(|text| text.chars().count() >= TELLING_LENGTH_MIN))
}
