//! Bad input: every field empty, too long, of the wrong type or full of what cannot be seen; every body
//! cut, doubled, nested or huge. Always a problem with the right status, never a 500.

use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, App, EMAIL, PASSWORD, SIRET, application, ticket};

/// Every route that takes a form, with one that it accepts but for its proof.
fn forms() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("/api/check-siret", "check-siret", json!({"siret": SIRET, "accept_terms": true})),
        ("/api/create-account", "create-account", application(SIRET, EMAIL)),
        ("/api/recover/identifier", "recover", json!({"siret": SIRET, "email": EMAIL})),
        ("/api/recover/password", "recover", json!({"identifier": "AP-7K3M-Q2FD"})),
        ("/api/submit-ticket", "submit-ticket", ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70")),
        ("/api/session", "session", json!({"identifier": "AP-7K3M-Q2FD", "password": PASSWORD})),
        ("/api/set-password", "", json!({"token": "0".repeat(52), "password": PASSWORD})),
        ("/api/link", "", json!({"token": "0".repeat(52)})),
        ("/api/request", "", json!({"token": "0".repeat(52)})),
        ("/api/request/message", "", json!({"token": "0".repeat(52), "text": "Une précision."})),
        ("/api/link/renew", "recover", json!({"token": "0".repeat(52)})),
        ("/api/mail/01K9ZZZZZZ0000000000000000/address", "create-account", json!({"email": EMAIL})),
    ]
}

/// With a proof, where the route takes one.
async fn send(app: &App, path: &str, action: &str, form: Value) -> Answer {
    if action.is_empty() { app.post(path, &form).await } else { app.post_proven(path, action, form).await }
}

/// Fields that take any character: their content is never a fault of its own.
fn is_free(field: &str) -> bool {
    matches!(field, "password" | "token" | "description" | "proof")
}

#[tokio::test]
async fn an_empty_form_names_every_field_in_its_order() {
    let app = App::new();
    for (path, _, form) in forms() {
        let fields: Vec<String> = match path {
            "/api/create-account" => {
                ["siret", "establishment_name", "first_name", "last_name", "email", "phone", "accept_terms"]
                    .map(str::to_owned)
                    .to_vec()
            }
            "/api/submit-ticket" => [
                "submission",
                "siret",
                "establishment_name",
                "full_name",
                "phone",
                "email",
                "motive",
                "description",
            ]
            .map(str::to_owned)
            .to_vec(),
            "/api/set-password" => ["token", "password"].map(str::to_owned).to_vec(),
            "/api/session" => ["identifier", "password"].map(str::to_owned).to_vec(),
            "/api/check-siret" => ["siret", "accept_terms"].map(str::to_owned).to_vec(),
            _ => form.as_object().unwrap().keys().rev().cloned().collect(),
        };
        let has_proof = !matches!(
            path,
            "/api/session" | "/api/set-password" | "/api/link" | "/api/request" | "/api/request/message"
        );
        let mut wanted: Vec<String> = fields.iter().map(|field| format!("{field}:required")).collect();
        wanted.extend(has_proof.then(|| "proof:required".to_owned()));
        for empty in [Value::Null, json!(""), json!(" \t\u{a0}")] {
            let is_left_out = |field: &str| field == "accept_terms" || (empty != "" && field == "password");
            let blank: serde_json::Map<_, _> = fields
                .iter()
                .filter(|field| !is_left_out(field))
                .map(|field| (field.clone(), empty.clone()))
                .collect();
            let answer = app.post(path, &Value::Object(blank)).await;
            assert_eq!((answer.status, answer.faults()), (422, wanted.clone()), "{path} {empty}");
        }
        assert_eq!(app.post(path, &json!({})).await.faults(), wanted, "{path}");
    }
}

#[tokio::test]
async fn every_field_refuses_what_it_cannot_take() {
    let app = App::new();
    for (path, action, form) in forms() {
        for field in form.as_object().unwrap().keys().filter(|field| *field != "accept_terms") {
            for (what, value, spared) in [
                ("too long", "é".repeat(6_000), is_free(field) && field != "password"),
                ("a control character", "a\u{0}b\u{1b}".to_owned(), is_free(field)),
                ("a line break", "a\r\nb".to_owned(), is_free(field)),
                ("a right-to-left mark", "Jean\u{202e}ne".to_owned(), is_free(field)),
            ] {
                if spared && field != "description" {
                    continue;
                }
                let mut form = form.clone();
                form[field] = value.into();
                let answer = send(&app, path, action, form).await;
                assert!(matches!(answer.status, 401 | 404 | 422), "{path} {field} {what}: {}", answer.status);
                if answer.status == 422 {
                    assert!(answer.faults()[0].starts_with(&format!("{field}:")), "{path} {field} {what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn names_take_characters_of_four_bytes() {
    let app = App::new();
    let mut form = application(SIRET, EMAIL);
    form["establishment_name"] = "𝔅oulangerie 🥐 d'Œdipe".into();
    assert_eq!(app.post_proven("/api/create-account", "create-account", form).await.status, 202);
    for (path, action, mut form) in forms() {
        let fields: Vec<String> = form.as_object().unwrap().keys().cloned().collect();
        for field in fields
            .iter()
            .filter(|field| matches!(field.as_str(), "siret" | "email" | "phone" | "identifier" | "motive"))
        {
            let before = std::mem::replace(&mut form[field], "🦀𝔅".into());
            let answer = send(&app, path, action, form.clone()).await;
            assert_eq!(answer.faults().len(), 1, "{path} {field}");
            form[field] = before;
        }
    }
}

#[tokio::test]
async fn a_wrong_type_or_an_unknown_field_is_a_malformed_body() {
    let app = App::new();
    for (path, _, form) in forms() {
        for field in form.as_object().unwrap().keys() {
            for wrong in [json!(7), json!([]), json!({}), json!({"a": [1]}), json!(1e300)] {
                let mut form = form.clone();
                form[field] = wrong;
                let answer = app.post(path, &form).await;
                assert_eq!((answer.status, answer.problem()), (400, "malformed-body"), "{path} {field}");
            }
        }
        let mut form = form.clone();
        form["role"] = "admin".into();
        assert_eq!(app.post(path, &form).await.status, 400, "{path}");
    }
    let boxed = json!({"siret": SIRET, "accept_terms": "true"});
    assert_eq!(app.post("/api/check-siret", &boxed).await.status, 400);
}

#[tokio::test]
async fn terms_that_are_not_accepted_say_so() {
    let app = App::new();
    let answer =
        app.post("/api/check-siret", &json!({"siret": SIRET, "accept_terms": false, "proof": "x"})).await;
    assert_eq!(answer.faults(), ["accept_terms:terms-not-accepted"]);
}

#[tokio::test]
async fn a_proof_that_nobody_asked_for_may_be_missing() {
    let app = App::new();
    let form = json!({"identifier": "AP-7K3M-Q2FD", "password": PASSWORD});
    let mut forms = vec![form.clone(), form.clone(), form.clone()];
    forms[1]["proof"] = Value::Null;
    forms[2]["proof"] = "".into();
    for form in forms {
        assert_eq!(app.post("/api/session", &form).await.problem(), "wrong-credentials", "{form}");
    }
    let mut forged = form;
    forged["proof"] = "x".into();
    assert_eq!(app.post("/api/session", &forged).await.problem(), "proof-rejected");
}

#[tokio::test]
async fn a_mangled_body_is_a_problem() {
    let app = App::new();
    for (path, _, form) in forms() {
        let whole = form.to_string();
        for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
            let cut = whole.char_indices().map(|(at, _)| at).rfind(|at| *at <= cut).unwrap_or(0);
            assert_eq!(app.post_text(path, &whole[..cut]).await.status, 400, "{path} cut at {cut}");
        }
        assert_eq!(app.post_text(path, &format!("{whole}{whole}")).await.status, 400, "{path} doubled");
        let (first, _) = whole.split_once(',').unwrap_or((&whole[..whole.len() - 1], ""));
        let twice = format!("{first},{}", &first[1..]);
        assert_eq!(app.post_text(path, &format!("{twice}}}")).await.status, 400, "{path} a field twice");
        let nested = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(app.post_text(path, &nested).await.status, 400, "{path} nested");
        let nested = format!("{{\"siret\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(app.post_text(path, &nested).await.status, 400, "{path} a nested field");
        let deep = format!("{}{}", "{\"a\":".repeat(10_000), "1");
        assert_eq!(app.post_text(path, &deep).await.status, 413, "{path} 10,000 deep is over the size");
        let huge = format!("{{\"siret\":\"{}\"}}", "x".repeat(1024 * 1024));
        let answer = app.post_text(path, &huge).await;
        assert_eq!((answer.status, answer.problem()), (413, "body-too-large"), "{path} huge");
        for bytes in [&b"\xff\xfe{}"[..], b"\xef\xbb\xbf{}", b"{\"siret\":\"\xc3\x28\"}", b"\"\\ud800\""] {
            let request = Request::post(path).header("content-type", "application/json");
            let answer = app.send(request.body(bytes.to_vec()).unwrap()).await;
            assert_eq!(answer.status, 400, "{path} {bytes:?}");
        }
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let app = App::new();
    for media_type in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")]
    {
        let mut request = Request::post("/api/recover/password");
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        let answer = app.send(request.body(b"{}".to_vec()).unwrap()).await;
        assert_eq!((answer.status, answer.problem()), (415, "unsupported-media-type"), "{media_type:?}");
    }
    let request =
        Request::post("/api/recover/password").header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(app.send(request.body(b"{}".to_vec()).unwrap()).await.status, 422);
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let app = App::new();
    for (path, _, _) in forms() {
        let wanted = if path == "/api/session" { "GET, POST, DELETE" } else { "POST" };
        for method in ["PUT", "PATCH", "OPTIONS", "HEAD", "GET", "DELETE"] {
            if wanted.contains(method) {
                continue;
            }
            let answer =
                app.send(Request::builder().method(method).uri(path).body(Vec::new()).unwrap()).await;
            assert_eq!((answer.status, answer.problem()), (405, "method-not-allowed"), "{method} {path}");
            assert_eq!(answer.headers["allow"], wanted, "{method} {path}");
        }
    }
    for path in ["/api/challenge?action=recover", "/api/notices", "/api/openapi.json"] {
        let answer = app.post(path, &json!({})).await;
        assert_eq!((answer.status, answer.headers["allow"].to_str().unwrap()), (405, "GET"), "{path}");
    }
    for path in ["/api/", "/api/unknown", "/api/recover", "/api/recover/", "/api/session/"] {
        assert_eq!(app.get(path).await.problem(), "not-found", "{path}");
    }
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let app = App::new();
    for origin in ["https://ailleurs.example", "null", "http://localhost:9999", "http://localhost", ""] {
        let request = Request::post("/api/recover/password")
            .header("content-type", "application/json")
            .header("host", "localhost:8080")
            .header("origin", origin);
        let answer = app.send(request.body(b"{}".to_vec()).unwrap()).await;
        assert_eq!((answer.status, answer.problem()), (403, "cross-site"), "{origin}");
        let request = Request::get("/api/notices").header("origin", origin);
        assert_eq!(app.send(request.body(Vec::new()).unwrap()).await.status, 200, "{origin} may read");
    }
    for (origin, host) in
        [("http://localhost:8080", "localhost:8080"), ("http://127.0.0.1:8080", "127.0.0.1:8080")]
    {
        let request = Request::post("/api/recover/password")
            .header("content-type", "application/json")
            .header("host", host)
            .header("origin", origin);
        assert_eq!(app.send(request.body(b"{}".to_vec()).unwrap()).await.status, 422, "{origin}");
    }
}

#[tokio::test]
async fn strange_queries_and_cookies_are_answered() {
    let app = App::new();
    for query in [
        "",
        "?",
        "?action",
        "?action=",
        "?action=RECOVER",
        "?action=recover%0d%0a",
        "?action=%00",
        "?x=1&&=&action",
    ] {
        assert_eq!(app.get(&format!("/api/challenge{query}")).await.status, 422, "{query}");
    }
    assert_eq!(app.get("/api/challenge?x=1&action=recover").await.status, 200);
    for cookie in ["", "sesame", "sesame=", "sesame=x; sesame=y", "sesame=\"\"", "__Host-sesame=0"] {
        assert_eq!(app.with_cookie("GET", "/api/session", cookie).await.status, 401, "{cookie}");
        assert_eq!(app.with_cookie("DELETE", "/api/session", cookie).await.status, 204, "{cookie}");
    }
}

#[tokio::test]
async fn an_array_is_no_form() {
    let app = App::new();
    let array = json!([SIRET, true, app.proof("check-siret").await]);
    let refused = app.post("/api/check-siret", &array).await;
    assert_eq!((refused.status, refused.problem()), (400, "malformed-body"));
}
