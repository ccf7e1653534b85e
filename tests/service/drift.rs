//! What must list the same routes does: the table of routes, the events, the API document, the template.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use domain::case::CASE_TEXT_LENGTH_MAX;
use domain::email::EMAIL_LENGTH_MAX;
use domain::mail::{ESTABLISHMENT_ACTIVATION_MAILS_MAX, RECOVERY_MAILS_MAX};
use domain::name::NAME_LENGTH_MAX;
use domain::password::{PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN};
use domain::proof::Action;
use domain::ticket::{DESCRIPTION_LENGTH_MAX, DESCRIPTION_LENGTH_MIN};
use domain::token::TOKEN_SYMBOLS;
use domain::{Motive, Role};
use platform::agents;
use platform::cookie::COOKIE;
use platform::function::Function;
use platform::notices::Level;
use serde_json::{Value, json};
use sesame::functions::ALL;

use crate::support::{App, EMAIL, PASSWORD, SIRET, token};

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
    let files = fs::read_dir(root().join("events")).unwrap().map(|entry| entry.unwrap().path());
    let events = files.filter(|path| path.is_file()).map(|path| {
        let event: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let method = event["requestContext"]["http"]["method"].as_str()?.to_owned();
        Some(format!("{method} {}", event["routeKey"].as_str().unwrap().strip_prefix("ANY ").unwrap()))
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
        [
            "ChangeEmailForm",
            "ChangePasswordForm",
            "CheckSiretForm",
            "CloseAccountForm",
            "CloseSpaceForm",
            "CorrectAddressForm",
            "CreateAccountForm",
            "IdentifierForm",
            "InvitationRequestForm",
            "LoginForm",
            "PasswordForm",
            "RenewLinkForm",
            "TicketForm"
        ]
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

/// Fields that a form can do without.
const OPTIONAL: [(&str, &str); 17] = [
    ("LoginForm", "proof"),
    ("ChangeEmailForm", "proof"),
    ("ChangePasswordForm", "proof"),
    ("CloseAccountForm", "proof"),
    ("CloseSpaceForm", "proof"),
    ("AcceptInvitationForm", "password"),
    ("AcceptInvitationForm", "phone"),
    ("AcceptMandateForm", "text_version"),
    ("AnswerCaseForm", "template"),
    ("CloseCaseForm", "text"),
    ("InviteForm", "is_successor"),
    ("OfferMandateForm", "other_email"),
    ("ReopenCaseForm", "text"),
    ("ProposeForm", "holder"),
    ("ProposeForm", "first_name"),
    ("ProposeForm", "last_name"),
    ("DecideForm", "text"),
];

#[test]
fn the_document_says_what_each_form_demands() {
    let document: Value = serde_json::to_value(sesame::openapi::document()).unwrap();
    let schemas = &document["components"]["schemas"];
    let forms = document["paths"].as_object().unwrap().values().filter_map(|methods| {
        let content = &methods["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        Some(content.as_str()?.rsplit('/').next().unwrap().to_owned())
    });
    let forms: BTreeSet<String> = forms.collect();
    // Two routes take the same form.
    assert_eq!(
        forms.len() + 1,
        ALL.iter().flat_map(|f| f.routes).filter(|route| route.method == "POST").count()
    );
    for form in forms {
        let schema = &schemas[&form];
        assert_eq!(schema["additionalProperties"], false, "{form}");
        let required: BTreeSet<&str> =
            schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_optional =
                OPTIONAL.contains(&(&*form, &**field)) || (form == "SetPasswordForm" && field != "password");
            assert_eq!(required.contains(field.as_str()), !is_optional, "{form} {field}");
            let kind = property["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let rule = schemas[kind].as_object().unwrap();
            let demands = ["enum", "minLength", "maxLength", "pattern", "format", "minItems", "const"];
            assert!(demands.iter().any(|word| rule.contains_key(*word)), "{form} {field} demands nothing");
        }
    }
}

#[test]
fn the_document_says_the_limits_of_the_code() {
    let document: Value = serde_json::to_value(sesame::openapi::document()).unwrap();
    let schemas = &document["components"]["schemas"];
    let lengths = |name: &str| (&schemas[name]["minLength"], &schemas[name]["maxLength"]);
    let limits = |min: usize, max: usize| (json!(min), json!(max));
    let said = |(min, max): (&Value, &Value)| (min.clone(), max.clone());
    assert_eq!(said(lengths("Description")), limits(DESCRIPTION_LENGTH_MIN, DESCRIPTION_LENGTH_MAX));
    assert_eq!(said(lengths("Password")), limits(PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX));
    assert_eq!(said(lengths("Name")), limits(1, NAME_LENGTH_MAX));
    assert_eq!(said(lengths("Token")), limits(TOKEN_SYMBOLS, TOKEN_SYMBOLS));
    assert_eq!(schemas["Email"]["maxLength"], EMAIL_LENGTH_MAX);
    assert_eq!(schemas["Motive"]["enum"], json!(Motive::ALL.map(Motive::as_str)));
    assert_eq!(schemas["Level"]["enum"], json!(Level::ALL.map(Level::as_str)));
    let action = &document["paths"]["/api/challenge"]["get"]["parameters"][0]["schema"];
    assert_eq!(action["enum"], json!(Action::ALL.map(Action::as_str)));
    assert_eq!(schemas["SiretStatus"]["properties"]["account"]["$ref"], "#/components/schemas/AccountState");
    assert_eq!(schemas["AccountState"]["enum"], json!(["none", "exists"]));
    assert_eq!(schemas["Establishment"]["properties"]["role"]["enum"], json!(Role::ALL.map(Role::as_str)));
    assert_eq!(schemas["CaseText"]["maxLength"], CASE_TEXT_LENGTH_MAX);
    for (name, cookie) in [("session", COOKIE), ("agent", agents::COOKIE)] {
        let scheme = &document["components"]["securitySchemes"][name];
        assert_eq!((&scheme["in"], &scheme["name"]), (&json!("cookie"), &json!(cookie)));
    }
}

#[test]
fn the_document_names_every_status() {
    let document: Value = serde_json::to_value(sesame::openapi::document()).unwrap();
    let statuses = |path: &str, method: &str| {
        let responses = document["paths"][path][method]["responses"].as_object().unwrap();
        responses.keys().map(|status| status.parse().unwrap()).collect::<Vec<u16>>()
    };
    let form = [400, 403, 405, 409, 413, 415, 422, 500, 503];
    for (path, success) in [
        ("/api/check-siret", 200),
        ("/api/create-account", 202),
        ("/api/recover/identifier", 202),
        ("/api/recover/password", 202),
        ("/api/submit-ticket", 201),
    ] {
        assert_eq!(statuses(path, "post"), [&[success][..], &form].concat(), "{path}");
    }
    assert_eq!(
        statuses("/api/set-password", "post"),
        [200, 400, 403, 404, 405, 409, 410, 413, 415, 422, 500, 503]
    );
    assert_eq!(statuses("/api/link", "post"), [200, 400, 403, 404, 405, 413, 415, 422, 500, 503]);
    assert_eq!(statuses("/api/link/renew", "post"), [202, 400, 403, 404, 405, 409, 413, 415, 422, 500, 503]);
    assert_eq!(
        statuses("/api/session", "post"),
        [200, 400, 401, 403, 405, 409, 413, 415, 422, 429, 500, 503]
    );
    assert_eq!(statuses("/api/session", "get"), [200, 401, 403, 405, 500, 503]);
    assert_eq!(statuses("/api/session", "delete"), [204, 403, 405, 500, 503]);
    assert_eq!(statuses("/api/challenge", "get"), [200, 403, 405, 422, 500, 503]);
    assert_eq!(statuses("/api/space/successor", "post"), [200, 400, 401, 403, 405, 413, 415, 422, 500, 503]);
    assert_eq!(statuses("/api/space/successor", "delete"), [204, 401, 403, 405, 422, 500, 503]);
    assert_eq!(statuses("/api/presence", "post"), [200, 400, 403, 404, 405, 410, 413, 415, 422, 500, 503]);
    let reference = "/api/agents/cases/{reference}";
    assert_eq!(statuses("/api/agents/cases", "get"), [200, 401, 403, 405, 422, 500, 503]);
    assert_eq!(statuses(reference, "get"), [200, 401, 403, 404, 405, 500, 503]);
    let act = [200, 400, 401, 403, 404, 405, 409, 413, 415, 422, 500, 503];
    assert_eq!(statuses(&format!("{reference}/take"), "post"), act);
    assert_eq!(statuses("/api/request", "post"), [200, 400, 403, 404, 405, 410, 413, 415, 422, 500, 503]);
    assert_eq!(
        statuses("/api/agents/successions", "post"),
        [201, 400, 401, 403, 405, 409, 413, 415, 422, 500, 503]
    );
    assert_eq!(statuses("/api/contest", "post"), [200, 400, 403, 404, 405, 409, 413, 415, 422, 500, 503]);
    assert_eq!(statuses("/api/space/journal", "get"), [200, 401, 403, 405, 422, 500, 503]);
    assert_eq!(statuses("/api/journal/keys", "get"), [200, 403, 405, 500, 503]);
    assert_eq!(statuses("/api/notices", "get"), [200, 403, 405, 500, 503]);
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
    let functions = || ALL.iter().map(|function| function.name);
    let depends_on = |manifest: &str, name: &str| {
        let dependencies = manifest.split_once("[dependencies]").unwrap().1;
        dependencies
            .lines()
            .any(|line| line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} ")))
    };
    let libraries = ["tokio", "http", "lambda_http", "aws-sdk-dynamodb", "getrandom", "tracing"];
    for forbidden in functions().chain(["platform", "sesame"]).chain(libraries) {
        assert!(!depends_on(&manifest("domain"), forbidden), "domain must not know {forbidden}");
    }
    for function in functions() {
        let manifest = manifest(&format!("functions/{function}"));
        for other in functions().chain(["sesame"]).filter(|other| *other != function) {
            assert!(!depends_on(&manifest, other), "{function} must not know {other}");
        }
        assert_eq!(depends_on(&manifest, "aws-sdk-sesv2"), function == "mail-sender", "{function} and SES");
    }
    assert!(!depends_on(&manifest("platform"), "aws-sdk-sesv2"), "only mail-sender knows SES");
}

#[test]
fn the_pages_say_the_quotas_of_the_code() {
    let quotas = fs::read_to_string(root().join("web/pages/_data/quotas.json")).unwrap();
    let quotas: Value = serde_json::from_str(&quotas).unwrap();
    let of_code = json!({"activation": ESTABLISHMENT_ACTIVATION_MAILS_MAX, "recovery": RECOVERY_MAILS_MAX});
    assert_eq!(quotas, of_code);
}

#[tokio::test]
async fn the_pages_say_sender_and_subjects_of_the_mails() {
    let said = fs::read_to_string(root().join("web/pages/_data/mails.json")).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    let (sender, mailbox) = (said["sender"].as_str().unwrap(), said["mailbox"].as_str().unwrap());
    let app = App::new();
    assert_eq!(app.apply(SIRET, EMAIL).await.status, 202);
    let activation = app.next_mail().await;
    assert_eq!(app.set_password(&token(&activation), PASSWORD).await.status, 200);
    app.next_mail().await;
    assert_eq!(app.recover_identifier(SIRET, EMAIL).await.status, 202);
    let recovery = app.next_mail().await;
    for (kind, mail) in [("activation", activation), ("recovery", recovery)] {
        // As the pages write it: the SIRET in groups.
        let subject = said["subjects"][kind].as_str().unwrap();
        let grouped = |space: &str| subject.replace("{siret}", &["732", "829", "320", "00074"].join(space));
        let written = [grouped(" "), grouped("\u{a0}"), grouped("")];
        assert!(written.contains(&mail.subject), "{kind}: {} is not {written:?}", mail.subject);
        assert!(mail.from.starts_with(&format!("{sender} <{mailbox}")), "{}", mail.from);
    }
    let template = fs::read_to_string(root().join("infra/template.yaml")).unwrap();
    assert!(template.contains(&format!("MailFromName:\n    Type: String\n    Default: {sender}\n")));
    assert!(template.contains(&format!("${{MailFromName}} <{mailbox}${{MailDomain}}>")));
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
