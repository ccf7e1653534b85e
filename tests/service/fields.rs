//! Fields as people have them: what the service takes, keeps and answers, whatever was pasted along.

use serde_json::{Value, json};

use crate::support::{App, EMAIL, SIRET, application, ticket, token};

/// The cases of `domain`, which the pages are held to as well.
const CASES: &str = include_str!("../../domain/tests/cases/fields.json");

/// The route that asks for a field, and a form in which that field alone is to be filled.
fn form_of(field: &str) -> (&'static str, Value) {
    match field {
        "siret" => ("/api/check-siret", json!({"accept_terms": true})),
        "identifier" => ("/api/recover/password", json!({})),
        "email" => ("/api/recover/identifier", json!({"siret": SIRET})),
        _ => ("/api/create-account", application(SIRET, EMAIL)),
    }
}

#[tokio::test]
async fn every_case_is_answered_by_the_code_that_it_has() {
    let app = App::new();
    let cases: Value = serde_json::from_str(CASES).unwrap();
    for (field, told) in cases.as_object().unwrap() {
        for case in told["cases"].as_array().unwrap() {
            let (path, mut form) = form_of(field);
            form[field] = case["typed"].clone();
            let answer = app.post(path, &form).await;
            let code = case["code"].as_str().map(|code| format!("{field}:{code}"));
            let wanted: Vec<String> = code.into_iter().chain(["proof:required".to_owned()]).collect();
            assert_eq!((answer.status, answer.faults()), (422, wanted), "{field} {case}");
        }
    }
}

#[tokio::test]
async fn a_siret_is_answered_in_digits_however_it_was_pasted() {
    let app = App::new();
    for typed in
        ["SIRET n° : 732-829-320-00074", "«732/829/320/00074»", "'732829320OOO74", "732,829,320,00074"]
    {
        let form = json!({"siret": typed, "accept_terms": true});
        let answer = app.post_proven("/api/check-siret", "check-siret", form).await;
        assert_eq!(answer.body, json!({"siret": "73282932000074", "account": "none"}), "{typed}");
    }
}

#[tokio::test]
async fn details_say_what_is_wrong_and_never_that_a_siret_does_not_exist() {
    let app = App::new();
    for (typed, said) in [
        ("732829320", "C'est le SIREN : ajoutez les 5 chiffres du NIC."),
        ("73282932000047", "une erreur de frappe"),
        ("7,32829E+13", "format Nombre"),
        ("FR40732829320", "numéro de TVA"),
        ("7328293200007", "14 chiffres"),
    ] {
        let answer = app.post("/api/check-siret", &json!({"siret": typed, "accept_terms": true})).await;
        let detail = answer.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(said) && !detail.contains("n'existe pas"), "{typed}: {detail}");
    }
}

#[tokio::test]
async fn an_identifier_without_its_prefix_opens_a_session() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let short = identifier[3..].to_lowercase();
    for typed in [short.clone(), format!("{short}."), short.replace('-', " ")] {
        let answer = app.login(&typed, crate::support::PASSWORD).await;
        assert_eq!((answer.status, &answer.body["identifier"]), (200, &json!(identifier)), "{typed}");
    }
}

#[tokio::test]
async fn a_phone_number_without_its_zero_is_kept_with_its_country() {
    for typed in ["612345678", "33612345678", "0033612345678", "33 (0)6 12 34 56 78"] {
        let app = App::new();
        let mut form = ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70");
        form["phone"] = typed.into();
        assert_eq!(app.post_proven("/api/submit-ticket", "submit-ticket", form).await.status, 201, "{typed}");
        app.deliver().await;
        let mails = app.mails();
        let to_agency = mails.iter().find(|mail| mail.to == ["contact-ap@asp-public.fr"]).unwrap();
        assert!(to_agency.text.contains("+33612345678"), "{typed}");
    }
}

#[tokio::test]
async fn a_password_is_judged_against_french_words_and_the_persons_own_without_accents() {
    let app = App::new();
    let mut form = application(SIRET, EMAIL);
    form["first_name"] = "Zoé".into();
    form["last_name"] = "Quéméneur".into();
    app.post_proven("/api/create-account", "create-account", form).await;
    let token = token(&app.next_mail().await);
    for (password, code) in [
        ("MartinZoe1990", "password-contains-identity"),
        ("MarieLouise1990", "password-too-common"),
        ("Azerty123456!", "password-too-common"),
        ("soleil soleil soleil", "password-too-common"),
        ("Zoe Quemeneur 29", "password-contains-identity"),
        ("QUÉMÉNEUR-zoé-29", "password-contains-identity"),
    ] {
        let refused = app.set_password(&token, password).await;
        assert_eq!(refused.faults(), [format!("password:{code}")], "{password}");
    }
    assert_eq!(app.set_password(&token, "violon cascade 88 parapluie").await.status, 200);
}
