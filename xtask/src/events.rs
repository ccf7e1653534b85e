//! `cargo xtask event`: one sample event for each route, as API Gateway, SQS and EventBridge give them.
//!
//! Their proofs are signed with the development key and live until the year 2100: they serve where that
//! key does, on one machine, and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use domain::proof::Action;
use domain::token::TOKEN_SYMBOLS;
use platform::clock::Clock;
use platform::function::{Function, Route};
use serde_json::{Map, Value, json};
use sesame::{Options, Portal, functions};

use crate::{Error, Outcome, Usage};

/// The last day on which the events serve.
const PROOFS_UNTIL: &str = "2099-12-31T23:40:00Z";

/// The id of a mail that there is not.
const SOME_MAIL: &str = "01K9ZZZZZZ0000000000000000";

/// Writes all events, or the one of that name.
pub fn run(arguments: &[&str]) -> Outcome {
    let name = match arguments {
        [] => None,
        [name] => Some(*name),
        _ => return Err(Usage.into()),
    };
    let events = events()?;
    if name.is_some_and(|name| events.iter().all(|(known, _)| known != name)) {
        let known: Vec<&str> = events.iter().map(|(known, _)| known.as_str()).collect();
        return Err(format!("no such event; there are: {}", known.join(", ")).into());
    }
    let is_asked = |known: &str| name.is_none_or(|name| name == known);
    events.iter().filter(|(known, _)| is_asked(known)).try_for_each(|(name, event)| write(name, event))
}

/// Writes those that are not there yet. The others stay: a proof is another one each time.
pub fn write_missing() -> Outcome {
    let events = events()?;
    events.iter().filter(|(name, _)| !path_of(name).exists()).try_for_each(|(name, event)| write(name, event))
}

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(format!("{name}.json"))
}

fn write(name: &str, event: &Value) -> Outcome {
    fs::write(path_of(name), serde_json::to_string_pretty(event)? + "\n")?;
    println!("events/{name}.json");
    Ok(())
}

/// An event for each route, for the function that queues feed, and for those that a schedule calls: of the
/// name of `presence` there is a route.
fn events() -> Result<Vec<(String, Value)>, Error> {
    let document = serde_json::to_value(sesame::openapi::document())?;
    let mut events = vec![
        ("mail-sender".to_owned(), batch(SOME_MAIL)),
        ("presence-schedule".to_owned(), scheduled("presence")),
        ("desk-watch".to_owned(), scheduled("desk")),
    ];
    for (function, route) in functions::routes() {
        let query = match route.path {
            "/api/challenge" => "action=check-siret",
            "/api/delivery" => "domain=exemple.fr",
            "/api/access"
            | "/api/space/journal"
            | "/api/space/invitations/{invitation}"
            | "/api/space/mandates/{mandate}" => "siret=73282932000074",
            "/api/space/mandates" if route.method == "GET" => "siret=73282932000074",
            "/api/space/successor" if route.method == "DELETE" => "siret=73282932000074",
            _ => "",
        };
        let body = form(&document, function, route)?.map(Value::from);
        events.push((name_of(route), event(route, query, body)));
    }
    Ok(events)
}

/// `check-siret`, `recover-password`, `session-open`, `space-mandates-one`: the path, and what tells it from
/// others where that is not enough.
fn name_of(route: &Route) -> String {
    let verb = match route.method {
        "GET" => "show",
        "POST" => "open",
        "PATCH" => "change",
        "DELETE" => "close",
        other => other,
    };
    let (plain, whole) = (path_name(route, ""), path_name(route, "-one"));
    let with_verb = |plain: &str| format!("{plain}-{verb}");
    let of_path = || functions::routes().filter(|(_, other)| path_name(other, "") == plain);
    let of_verb = of_path().filter(|(_, other)| other.method == route.method).count();
    match (of_path().count(), of_verb) {
        (1, _) => plain,
        (_, 1) => with_verb(&plain),
        _ => whole,
    }
}

/// A path with `part` in the place of what varies.
fn path_name(route: &Route, part: &str) -> String {
    let parts = route.path.trim_start_matches("/api/").split('/');
    let parts =
        parts.map(|stated| if stated.starts_with('{') { part.to_owned() } else { format!("-{stated}") });
    parts.collect::<String>().trim_start_matches('-').to_owned()
}

/// The form of a route with its required fields, as the API document states them; none where nothing is sent.
pub(crate) fn form(
    document: &Value,
    function: &Function,
    route: &Route,
) -> Result<Option<Map<String, Value>>, Error> {
    let body = &document["paths"][route.path][route.method.to_ascii_lowercase()]["requestBody"];
    if body.is_null() {
        return Ok(None);
    }
    let schema = &body["content"]["application/json"]["schema"];
    let schema = resolved(document, schema);
    let mut form = Map::new();
    // A password is set by a link's token, or by its code: no field of the two is required.
    let token = (function.name == "set-password").then_some("token");
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for field in token.into_iter().chain(required) {
        let value = match field {
            "proof" => proof(functions::action_of(function))?.into(),
            _ => sample(field).unwrap_or_else(|| example(document, &schema["properties"][field])),
        };
        form.insert(field.to_owned(), value);
    }
    Ok(Some(form))
}

/// A schema, which may stand elsewhere in the document.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|at| at.strip_prefix("#/components/schemas/"));
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}

fn example(document: &Value, schema: &Value) -> Value {
    let schema = resolved(document, schema);
    let examples = [&schema["examples"], &schema["enum"]].into_iter().filter_map(|values| values.get(0));
    examples.chain([&schema["example"]]).next().cloned().unwrap_or_default()
}

/// The values of the person in the tests, where the document's examples are others.
fn sample(field: &str) -> Option<Value> {
    let value = match field {
        "siret" => "732 829 320 00074",
        "establishment_name" => "Boulangerie du Marché",
        "first_name" => "Jeanne",
        "last_name" => "Martin-Ruiz",
        "full_name" => "Jeanne Martin-Ruiz",
        "email" => "jeanne.martin@exemple.fr",
        "password" => "fenêtre sirop balcon 47 tambour",
        "token" => return Some("0".repeat(TOKEN_SYMBOLS).into()),
        "other_siret" => "552 081 317 66522",
        "other_email" => "cabinet@exemple.fr",
        "new_password" => "tambour balcon 47 sirop fenêtre",
        "phone" => "01 23 45 67 89",
        "text" => "Il manque la lettre de l'employeur.",
        "evidence" => return Some(json!([{"kind": "letter", "text": "Lettre de l'employeur."}])),
        "list" => "SIRET\n55208131766522\n",
        "submission" => "0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70",
        "description" => "Ma collègue est partie.\nSa messagerie est fermée.",
        _ => return None,
    };
    Some(value.into())
}

/// A proof as a browser would make it, in the last minutes of [`PROOFS_UNTIL`]'s year.
fn proof(action: Action) -> Result<String, Error> {
    let last_day: domain::time::Timestamp = PROOFS_UNTIL.parse()?;
    let portal = Portal::open(&Options {
        clock: Clock::new(move || last_day),
        ..Options::in_memory("http://localhost:8080")
    })?;
    let platform = portal.platform(challenge::FUNCTION.name).ok_or("no function makes challenges")?;
    let challenge = platform.proofs.challenge(action)?;
    testkit::proof::solve(&serde_json::to_value(challenge)?)
}

/// The path of a request about things that there are not.
pub(crate) fn path_of_sample(route: &Route) -> String {
    let samples = [
        ("{id}", SOME_MAIL),
        ("{invitation}", "7k3mq2fd9w4t5r6y"),
        ("{mandate}", "73282932000074-55208131766522-7k3mq2fd9w4t5r6y"),
        ("{member}", "7k3mq2fd9w4t5r6y"),
        ("{reference}", "T-261123-7K3MQ2"),
        ("{session}", "0123456789abcdef"),
        ("{siret}", "73282932000074"),
        ("{succession}", "7k3mq2fd9w4t5r6y"),
    ];
    samples.iter().fold(route.path.to_owned(), |path, (part, sample)| path.replace(part, sample))
}

/// A request as API Gateway's HTTP API gives it to a function (payload format 2.0).
fn event(route: &Route, query: &str, body: Option<Value>) -> Value {
    let (method, path) = (route.method, path_of_sample(route));
    let mut event = json!({
        "version": "2.0",
        "routeKey": format!("ANY {}", route.path),
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"accept": "application/json", "host": "localhost:8080", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "sample",
            },
            "requestId": "sample",
            "routeKey": format!("ANY {}", route.path),
            "stage": "$default",
            "time": "23/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1_795_428_000_000_u64,
        },
        "isBase64Encoded": false,
    });
    if let Some((name, value)) = query.split_once('=') {
        event["queryStringParameters"] = json!({name: value});
    }
    if let Some(body) = body {
        event["headers"]["content-type"] = "application/json".into();
        event["body"] = body.to_string().into();
    }
    event
}

/// A batch of one due mail, as SQS gives it.
fn batch(mail_id: &str) -> Value {
    json!({"Records": [{
        "messageId": "00000000-0000-4000-8000-000000000001",
        "receiptHandle": "sample",
        "body": json!({"mail_id": mail_id}).to_string(),
        "attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": "1795428000000",
            "SenderId": "sample", "ApproximateFirstReceiveTimestamp": "1795428000000",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-3:000000000000:sesame-mails",
        "awsRegion": "eu-west-3",
    }]})
}

/// An hour of a schedule, as EventBridge tells it.
fn scheduled(what: &str) -> Value {
    json!({
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000001",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-11-23T10:00:00Z",
        "region": "eu-west-3",
        "resources": [format!("arn:aws:events:eu-west-3:000000000000:rule/sesame-{what}-hours")],
        "detail": {},
    })
}
