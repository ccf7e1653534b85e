//! What an agent is shown beside a case: states and counts, signals with their reasons, no link and no token.

use serde_json::{Value, json};

use super::{AtDesk, asks, mail_to_person, request_token};
use crate::me::Person;
use crate::support::{App, EMAIL, OTHER_SIRET, SIRET};

/// The kinds of the signals, with their reasons.
fn signals(case: &Value) -> Vec<(String, String)> {
    let signals = case["known"]["signals"].as_array().unwrap().iter();
    let text = |signal: &Value, name: &str| signal[name].as_str().unwrap().to_owned();
    signals.map(|signal| (text(signal, "kind"), text(signal, "reason"))).collect()
}

#[tokio::test]
async fn a_case_shows_the_account_the_mails_and_the_failed_logins() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let unknown = asks(&app, 1, &json!({"siret": OTHER_SIRET})).await;
    let known = alice.sees(&app, &unknown).await["known"].clone();
    assert_eq!(known["account"], json!({"state": "none", "holders": 0, "members": 0}));
    assert_eq!(known["failed_logins"], Value::Null);

    let holder = Person::open(&app, SIRET, super::NAME, EMAIL).await;
    let heir = json!({"siret": SIRET, "first_name": "Léa", "last_name": "Faure", "email": "lea@exemple.fr"});
    assert_eq!(holder.post(&app, "/api/space/successor", &heir).await.status, 200);
    for _ in 0..2 {
        assert_eq!(app.login(&holder.identifier, "essai").await.status, 401);
    }
    let other = asks(&app, 2, &json!({"motive": "other"})).await;
    let reference = asks(&app, 3, &json!({})).await;
    let token = request_token(&mail_to_person(&app).await);
    let case = alice.sees(&app, &reference).await;
    let known = &case["known"];
    assert_eq!(known["account"], json!({"state": "open", "holders": 1, "members": 1}));
    assert_eq!(known["failed_logins"], 2);
    let designated = &known["designated"][0];
    assert_eq!((&designated["name"], &designated["email"]), (&json!("Léa Faure"), &json!("l•••@exemple.fr")));
    let requests = known["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 1, "not itself, nor those of others");
    assert_eq!((&requests[0]["reference"], &requests[0]["motive"]), (&json!(other), &json!("other")));
    let mails = known["mails"].as_array().unwrap();
    assert_eq!((&mails[0]["kind"], &mails[0]["state"]), (&json!("ticket-receipt"), &json!("sent")));
    let text = case.to_string();
    assert!(!text.contains(&token) && !text.contains("lea@exemple.fr") && !text.contains("/#"), "{text}");

    let closing = json!({"password": crate::support::PASSWORD});
    let path = format!("/api/space/establishments/{SIRET}/close");
    assert_eq!(holder.post(&app, &path, &closing).await.status, 200);
    let known = alice.sees(&app, &reference).await["known"].clone();
    assert_eq!(known["account"]["state"], "closed");
}

#[tokio::test]
async fn signals_say_what_a_decision_should_weigh() {
    let app = App::new();
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    Person::open(&app, SIRET, super::NAME, EMAIL).await;
    let asker = json!({"email": "paul.durand@gmail.com"});
    let reference = asks(&app, 1, &asker).await;
    let said = signals(&alice.sees(&app, &reference).await);
    let kinds: Vec<&str> = said.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["free-mail", "holder-active"], "{said:?}");
    assert!(said[0].1.contains("gmail.com") && said[1].1.contains("mot de passe"), "{said:?}");

    let elsewhere = json!({"email": "paul.durand+autre@gmail.com", "siret": OTHER_SIRET});
    asks(&app, 2, &elsewhere).await;
    let said = signals(&alice.sees(&app, &reference).await);
    let several = said.iter().find(|(kind, _)| kind == "several-establishments").unwrap();
    assert!(several.1.contains("2 établissements"), "{said:?}");

    // A holder's password of more than a week ago tells nothing; nor do requests of a month ago.
    app.wait_minutes(31 * 24 * 60);
    let alice = AtDesk::opens(&app, "alice", "Alice Roy").await;
    let said = signals(&alice.sees(&app, &reference).await);
    assert_eq!(said.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["free-mail"], "{said:?}");
}
