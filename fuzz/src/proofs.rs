//! Proofs: only one that the service has signed for the very action serves, and in whatever form once.
//!
//! An input is the JSON of a payload, or after a `=` the text of the field.

use altcha::Payload;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::proof::Action;
use http::Request;
use platform::http::Body;
use serde_json::{Value, json};

use crate::corpus;
use crate::fixture::{self, Fixture};

const SIRET: &str = "73282932000074";
const OTHER_SIRET: &str = "35600000009075";

pub fn payload(input: &[u8]) {
    fixture::with(|fixture| {
        let proof = match input.strip_prefix(b"=") {
            Some(text) => String::from_utf8_lossy(text).into_owned(),
            None => STANDARD.encode(input),
        };
        let (status, problem) = check_siret(fixture, SIRET, &proof);
        if status != 200 {
            let kinds = ["/problems/proof-rejected", "/problems/invalid-form", "/problems/body-too-large"];
            assert!(kinds.contains(&problem.as_str()), "{problem}");
            return;
        }
        let genuine = corpus::proof_of(Action::CheckSiret);
        let [sent, signed] = [&proof, &genuine].map(|proof| challenge(proof));
        assert_eq!(sent, signed, "a challenge that nobody signed");
        let spent = (409, "/problems/proof-already-used".to_owned());
        assert_eq!(check_siret(fixture, OTHER_SIRET, &genuine), spent, "the same proof serves twice");
    });
}

/// The challenge of a proof, as it is read.
fn challenge(proof: &str) -> Value {
    let payload: Payload = serde_json::from_slice(&STANDARD.decode(proof).unwrap()).unwrap();
    serde_json::to_value(payload.challenge).unwrap()
}

fn check_siret(fixture: &Fixture, siret: &str, proof: &str) -> (u16, String) {
    let form = json!({"siret": siret, "accept_terms": true, "proof": proof});
    let request = Request::post("/api/check-siret").header("content-type", "application/json");
    let answer = fixture.ask(request.body(Body::Text(form.to_string())).unwrap());
    assert!(answer.writes == 0 || answer.status == 200, "{}", answer.text);
    (answer.status, answer.json()["type"].as_str().unwrap_or_default().to_owned())
}
