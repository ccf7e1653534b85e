//! Tests of the cases that the pages are held to as well: what is typed, and what it is kept or refused as.

use domain::{Email, FieldCode, Identifier, Phone, Siret};
use serde_json::Value;

/// One list, which `web/tests/fields.test.js` reads too: page and server cannot drift.
const CASES: &str = include_str!("../cases/fields.json");

fn kept(field: &str, typed: &str) -> Result<String, FieldCode> {
    match field {
        "siret" => Siret::parse(typed).map(|siret| siret.to_string()),
        "identifier" => Identifier::parse(typed).map(|identifier| identifier.to_string()),
        "phone" => Phone::parse(typed).map(|phone| phone.as_str().to_owned()),
        "email" => Email::parse(typed).map(|email| email.as_str().to_owned()),
        other => panic!("no field {other}"),
    }
}

#[test]
fn every_case_is_kept_or_refused_as_it_says() {
    let fields: Value = serde_json::from_str(CASES).unwrap();
    let mut count = 0;
    for (field, told) in fields.as_object().unwrap() {
        for case in told["cases"].as_array().unwrap() {
            let found = match kept(field, case["typed"].as_str().unwrap()) {
                Ok(kept) => ("kept", kept),
                Err(code) => ("code", code.as_str().to_owned()),
            };
            assert_eq!(case[found.0], Value::String(found.1.clone()), "{field} {case}: {found:?}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}

#[test]
fn every_separator_is_dropped_wherever_it_stands() {
    let fields: Value = serde_json::from_str(CASES).unwrap();
    for (field, plain) in [("siret", "73282932000074"), ("identifier", "AP7K3MQ2FD"), ("phone", "0612345678")]
    {
        for separator in fields[field]["dropped"].as_str().unwrap().chars() {
            let typed = format!("{}{separator}{}", &plain[..4], &plain[4..]);
            assert_eq!(kept(field, &typed), kept(field, plain), "{field} {separator:?}");
        }
    }
}
