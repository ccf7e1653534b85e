//! Where an input comes from: seeds made of the events and of what people type, what was found, and words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::proof::Action;
use platform::function::{Function, Route};
use serde_json::{Map, Value, json};
use sesame::functions;

use crate::fixture;

/// What is typed into fields, and what it is kept or refused as.
const CASES: &str = include_str!("../../domain/tests/cases/fields.json");
/// Journals, whole and not.
const JOURNALS: &str = include_str!("../../domain/tests/cases/journals.json");
const COOKIE: &str = "cookie: __Host-sesame=$session";
const JSON: &str = "content-type: application/json";

/// What stands for a field's value, by the field's name.
const KNOWN: &[(&str, &[&str])] = &[
    ("siret", &["$siret"]),
    ("email", &["$email"]),
    ("identifier", &["$account", "$watched"]),
    ("password", &["$password"]),
    (
        "token",
        &["$link-used", "$link-expired", "$link-reset", "$link-activation", "$link-overtaken", "$session"],
    ),
];

/// Values that a mutation of bytes seldom makes.
const AWKWARD: &[&str] = &[
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "false",
    "-1",
    "1e309",
    "18446744073709551616",
    "\n\n",
    "\r\n",
    "\t",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{2011}",
    "\u{2028}",
    "\u{feff}",
    "\u{301}",
    "é",
    "İ",
    "ß",
    "\u{212a}",
    "Σ",
    "𝟘",
    "🦀",
    "(0)",
    "+33",
    "SIRET",
    "N°",
    "@",
];

const WORDS: &[&str] = &[
    JSON,
    COOKIE,
    "content-type",
    "origin: https://sesame.example",
    "origin: https://ailleurs.example",
    "host: sesame.example",
    "x-forwarded-proto",
    "authorization",
    "__Host-sesame=",
    "sesame=",
    "GET ",
    "/api/",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of what was found for a target, which every test runs again.
#[must_use]
pub fn folder(target: &str) -> PathBuf {
    root().join("fuzz/corpus").join(target)
}

/// What was found for a target.
#[must_use]
pub fn found(target: &str) -> Vec<Vec<u8>> {
    contents(&folder(target))
}

/// The files of a folder, in the order of their names; none if there is no such folder.
fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let files = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Valid inputs of a target.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    if target == "dns" {
        return answers();
    }
    let texts = match target {
        "siret" | "identifier" | "phone" | "email" => typed(target),
        "name" => {
            ["Jeanne", "Boulangerie du Marché", "𝔅oulangerie 🥐", "a\u{200d}b"].map(str::to_owned).into()
        }
        "description" => vec!["Ma collègue est partie.\r\nSa messagerie est fermée\u{200b} 🙁.".to_owned()],
        "password" => vec![
            "fenêtre sirop balcon 47 tambour\nJeanne\nMartin\njeanne.martin@exemple.fr".to_owned(),
            "Martin-Jeanne 1990\nJeanne\nMartin".to_owned(),
            "qwertyuiop 21/03/1987 aaaaaaaaaa".to_owned(),
        ],
        "token" => ["0", "z", "O"].map(|symbol| format!("{}0", symbol.repeat(51))).into(),
        "printed" => printed(),
        "cookie" => vec![
            "__Host-sesame=$session; other=1".to_owned(),
            "a=b; sesame=$session\n__Host-sesame=\"\"".to_owned(),
        ],
        "id-token" => vec![crate::values::SIGNED.join(".")],
        "journal" => journals(),
        "proof" => proofs(),
        "queue" => batches(),
        "event" => functions::routes().map(|(_, route)| event_of(route).to_string()).collect(),
        "request" => {
            functions::routes().flat_map(|(function, route)| whole_requests(function, route)).collect()
        }
        _ => functions::routes()
            .filter(|(_, route)| crate::Target::name_of(route) == target)
            .flat_map(|(function, route)| requests(function, route))
            .collect(),
    };
    texts.into_iter().map(String::into_bytes).collect()
}

/// Words of inputs: names, fields, values of lists, what is awkward.
#[must_use]
pub fn words() -> BTreeSet<String> {
    fn collect(value: &Value, words: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| collect(value, words)),
            Value::Object(members) => {
                if let Some(fields) = members.get("properties").and_then(Value::as_object) {
                    words.extend(fields.keys().map(|field| format!("\"{field}\":")));
                }
                let listed = members.get("enum").and_then(Value::as_array).into_iter().flatten();
                words.extend(listed.filter_map(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| collect(value, words));
            }
            _ => {}
        }
    }
    let mut words = BTreeSet::new();
    collect(&serde_json::to_value(sesame::openapi::document()).unwrap()["components"], &mut words);
    words.extend(AWKWARD.iter().chain(WORDS).map(|word| (*word).to_owned()));
    words.extend(functions::routes().map(|(_, route)| route.path.to_owned()));
    words.extend(fixture::with(|fixture| fixture.names().collect::<Vec<_>>()));
    words
}

/// The files of `events/`.
static EVENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let files = contents(&root().join("events"));
    files.into_iter().map(|file| serde_json::from_slice(&file).unwrap()).collect()
});

/// The journals of the cases that are made of whole lines.
fn journals() -> Vec<String> {
    let cases: Value = serde_json::from_str(JOURNALS).unwrap();
    let line = |rank: &Value| {
        let rank = usize::try_from(rank.as_u64().unwrap()).unwrap();
        format!("{}\n", cases["pool"][rank].as_str().unwrap())
    };
    let lines = cases["cases"].as_array().unwrap().iter().filter_map(|case| case["lines"].as_array());
    lines.map(|ranks| ranks.iter().map(line).collect()).collect()
}

/// The event of a route: `cargo xtask generate` makes one for each.
fn event_of(route: &Route) -> Value {
    let is_its = |event: &&Value| {
        let http = &event["requestContext"]["http"];
        http["method"] == route.method && http["path"].as_str().is_some_and(|path| route.has_path(path))
    };
    EVENTS.iter().find(is_its).expect("every route has an event").clone()
}

/// The event of the same route as another's, or else of the first route.
pub(crate) fn event_like(other: &Value) -> Value {
    let route = |event: &Value| event["requestContext"]["http"].clone();
    let alike = |event: &&Value| route(event)["method"].is_string() && route(event) == route(other);
    EVENTS.iter().find(alike).or(EVENTS.first()).expect("there are events").clone()
}

fn form_of(event: &Value) -> Option<Map<String, Value>> {
    serde_json::from_str(event["body"].as_str()?).unwrap()
}

/// A proof for an action that lives until 2099.
pub(crate) fn proof_of(action: Action) -> String {
    let mut of_action = functions::routes().filter(|(function, _)| function.name == action.as_str());
    let (_, route) = of_action.next().expect("a function of that name");
    form_of(&event_of(route)).unwrap()["proof"].as_str().unwrap().to_owned()
}

/// Head and body of requests that a route takes, without the request line.
fn requests(function: &Function, route: &Route) -> Vec<String> {
    let event = event_of(route);
    let query = event["rawQueryString"].as_str().filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}\n")).unwrap_or_default();
    let Some(mut form) = form_of(&event) else {
        return vec![query.clone(), format!("{query}{COOKIE}\norigin: {}", fixture::SITE)];
    };
    let proof = format!("$proof-{}", functions::action_of(function).as_str());
    if form.contains_key("proof") {
        form["proof"] = proof.clone().into();
    }
    let mut forms = vec![form.clone()];
    for (field, values) in KNOWN.iter().filter(|(field, _)| form.contains_key(*field)) {
        for value in *values {
            forms.push(form.clone());
            forms.last_mut().unwrap()[*field] = (*value).into();
        }
    }
    form.insert("proof".to_owned(), proof.into());
    forms.push(form);
    forms.into_iter().map(|form| format!("{query}{JSON}\n\n{}", Value::Object(form))).collect()
}

fn whole_requests(function: &Function, route: &Route) -> Vec<String> {
    let with_line = |rest: String| {
        let (query, rest) = match rest.strip_prefix('?') {
            Some(rest) => rest.split_once('\n').map_or((rest, ""), |(query, rest)| (query, rest)),
            None => ("", &*rest),
        };
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{query}\n{rest}", route.method, route.path)
    };
    requests(function, route).into_iter().take(2).map(with_line).collect()
}

fn typed(field: &str) -> Vec<String> {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let cases = cases[field]["cases"].as_array().unwrap();
    cases.iter().map(|case| case["typed"].as_str().unwrap().to_owned()).collect()
}

fn printed() -> Vec<String> {
    let texts = ["01K9ZZZZZZ0000000000000000", "T-261123-7K3MQ2", "0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70"];
    texts.into_iter().chain(["other", "create-account"]).map(str::to_owned).collect()
}

/// The payloads of the events' proofs, and one as it is sent.
fn proofs() -> Vec<String> {
    let proofs = EVENTS.iter().filter_map(|event| Some(form_of(event)?.get("proof")?.clone()));
    let payload = |proof: &Value| String::from_utf8(STANDARD.decode(proof.as_str()?).ok()?).ok();
    let mut payloads: Vec<String> = proofs.filter_map(|proof| payload(&proof)).collect();
    payloads.push(format!("={}", proof_of(Action::CheckSiret)));
    payloads
}

fn batches() -> Vec<String> {
    let message =
        |id: &str, mail: &str| json!({"messageId": id, "body": json!({"mail_id": mail}).to_string()});
    let whole: Vec<Value> = (0..5).map(|rank| message(&rank.to_string(), &format!("$mail-{rank}"))).collect();
    let twice =
        [message("a", "$mail-0"), message("b", "$mail-0"), message("c", "01K9ZZZZZZ0000000000000000")];
    let strange = [json!({"messageId": "a", "body": "{}"}), json!({"body": null}), message("b", "")];
    let sample = EVENTS.iter().find(|event| event["Records"].is_array()).unwrap();
    vec![
        json!({"Records": whole}).to_string(),
        json!({"Records": twice, "seconds": 29}).to_string(),
        json!({"Records": whole, "seconds": 12}).to_string(),
        json!({"Records": strange}).to_string(),
        sample.to_string(),
    ]
}

/// Answers of a name server about `a.fr`: an exchange, none at all, no such domain.
fn answers() -> Vec<Vec<u8>> {
    let question = &b"\x01a\x02fr\0\0\x0f\0\x01"[..];
    let record = |data: &[u8]| [&b"\xc0\x0c\0\x0f\0\x01\0\0\0\x3c\0"[..], &[data.len() as u8], data].concat();
    let answer = |code: u8, count: u8, records: &[u8]| {
        [&[0, 1, 0x81, code, 0, 1, 0, count, 0, 0, 0, 0], question, records].concat()
    };
    vec![
        answer(0x80, 1, &record(b"\0\x0a\x02mx\xc0\x0c")),
        answer(0x80, 1, &record(b"\0\0\0")),
        answer(0x83, 0, b""),
    ]
}
