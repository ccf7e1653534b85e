//! What must list the same routes does: the table of routes, the events, the API document, the template.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use platform::function::Function;
use serde_json::Value;
use sesame::functions::ALL;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// `METHOD path` of every route that a function answers.
fn routes() -> BTreeSet<String> {
    let routes = ALL.iter().flat_map(|function| function.routes);
    routes.map(|route| format!("{} {}", route.method, route.path)).collect()
}

#[test]
fn every_route_has_an_event() {
    let events = fs::read_dir(root().join("events")).unwrap().map(|entry| {
        let event: Value = serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let http = &event["requestContext"]["http"];
        http["method"].as_str().map(|method| format!("{method} {}", http["path"].as_str().unwrap()))
    });
    assert_eq!(events.flatten().collect::<BTreeSet<_>>(), routes());
}

#[test]
fn the_document_lists_every_route() {
    let document: Value = serde_json::to_value(sesame::openapi::document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let proven: Vec<&str> = schemas
        .iter()
        .filter(|(_, schema)| schema["properties"]["proof"].is_object())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        proven,
        ["CheckSiretForm", "CreateAccountForm", "IdentifierForm", "LoginForm", "PasswordForm", "TicketForm"]
    );
    let (mut listed, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            listed.insert(format!("{} {path}", method.to_uppercase()));
            names.insert(operation["operationId"].as_str().unwrap().to_owned());
            assert!(operation["responses"]["503"]["headers"]["Retry-After"].is_object(), "{path}");
        }
    }
    assert_eq!(names.len(), listed.len(), "every operation has a name of its own");
    assert!(listed.remove("GET /api/openapi.json"));
    assert_eq!(listed, routes());
}

#[test]
fn every_route_is_a_function_and_every_function_a_package() {
    let packages: BTreeSet<String> = fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let named: BTreeSet<String> = ALL.iter().map(|function| function.name.to_owned()).collect();
    assert_eq!(named, packages);
}

#[test]
fn the_domain_reaches_nothing_and_no_function_knows_another() {
    let manifest = |path: &str| fs::read_to_string(root().join(path).join("Cargo.toml")).unwrap();
    let ours = [
        "platform",
        "challenge",
        "check-siret",
        "create-account",
        "mail-sender",
        "notices",
        "recover",
        "session",
        "set-password",
        "submit-ticket",
        "sesame",
    ];
    let depends_on = |manifest: &str, name: &str| {
        let dependencies = manifest.split_once("[dependencies]").unwrap().1;
        dependencies
            .lines()
            .any(|line| line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} ")))
    };
    for forbidden in
        ours.iter().chain(&["tokio", "http", "lambda_http", "aws-sdk-dynamodb", "getrandom", "tracing"])
    {
        assert!(!depends_on(&manifest("domain"), forbidden), "domain must not know {forbidden}");
    }
    for function in ours.iter().filter(|name| !matches!(**name, "platform" | "sesame")) {
        let manifest = manifest(&format!("functions/{function}"));
        for other in ours.iter().filter(|other| !matches!(**other, "platform")) {
            assert!(other == function || !depends_on(&manifest, other), "{function} must not know {other}");
        }
        assert_eq!(depends_on(&manifest, "aws-sdk-sesv2"), *function == "mail-sender", "{function} and SES");
    }
    assert!(!depends_on(&manifest("platform"), "aws-sdk-sesv2"), "only mail-sender knows SES");
}

#[test]
fn cargo_lambda_watch_knows_every_path() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, section) = manifest.split_once("[workspace.metadata.lambda.watch.router]\n").unwrap();
    let section = section.split("\n[").next().unwrap();
    let listed: BTreeSet<&str> = section.lines().filter(|line| line.starts_with('"')).collect();
    let of_function = |function: &Function| {
        function
            .routes
            .iter()
            .map(|route| format!("\"{}\" = \"{}\"", route.path, function.name))
            .collect::<Vec<_>>()
    };
    let routed: BTreeSet<String> = ALL.iter().flat_map(|function| of_function(function)).collect();
    assert_eq!(listed, routed.iter().map(String::as_str).collect());
}
