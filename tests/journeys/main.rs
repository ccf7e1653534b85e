//! Journeys over HTTP, against whatever site `SESAME_SITE` names: the portal of this machine, which is
//! started when nothing is named, or the template as it was deployed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;
mod site;

use serde_json::{Value, json};
use testkit::form::application;

use crate::site::{Site, siret, token};

const PASSWORD: &str = "fenêtre sirop balcon 47 tambour";
const NEW_PASSWORD: &str = "violon cascade 88 parapluie";

#[tokio::test]
async fn an_account_is_opened_from_a_siret() {
    let site = Site::open().await;
    let (siret, email) = (siret(), site.address("ouverture"));
    let form = json!({"siret": siret, "accept_terms": true});
    let checked = site.post_proven("/api/check-siret", "check-siret", &form).await;
    assert_eq!((checked.status, checked.body), (200, json!({"siret": siret, "account": "none"})));

    let identifier = open_account(&site, &siret, &email).await;
    let login = site.post("/api/session", &json!({"identifier": identifier, "password": PASSWORD})).await;
    assert_eq!((login.status, &login.body["establishments"][0]["siret"]), (200, &json!(siret)));
    let cookie = login.cookie();
    assert_eq!(site.send("GET", "/api/session", Some(&cookie), None).await.body["identifier"], identifier);
    assert_eq!(site.send("DELETE", "/api/session", Some(&cookie), None).await.status, 204);
    assert_eq!(site.send("GET", "/api/session", Some(&cookie), None).await.status, 401);

    let checked = site.post_proven("/api/check-siret", "check-siret", &form).await;
    assert_eq!((checked.status, &checked.body["account"]), (200, &json!("exists")));
    let refused =
        site.post_proven("/api/create-account", "create-account", &application(&siret, &email)).await;
    assert_eq!((refused.status, &refused.body["type"]), (409, &json!("/problems/establishment-has-account")));
}

#[tokio::test]
async fn an_identifier_and_a_password_are_recovered_by_mail() {
    let site = Site::open().await;
    let (siret, email) = (siret(), site.address("oubli"));
    let identifier = open_account(&site, &siret, &email).await;

    let form = json!({"siret": siret, "email": email});
    let asked = site.post_proven("/api/recover/identifier", "recover", &form).await;
    assert_eq!((asked.status, asked.body), (202, json!({"valid_minutes": 60})));
    let reminder = site.mail_to(&email, 3).await;
    assert!(reminder["text"].as_str().unwrap().contains(&identifier));

    let asked =
        site.post_proven("/api/recover/password", "recover", &json!({"identifier": identifier})).await;
    assert_eq!((asked.status, asked.body), (202, json!({"valid_minutes": 60})));
    let token = token(&site.mail_to(&email, 4).await, "mot-de-passe");
    let set = site.post("/api/set-password", &json!({"token": token, "password": NEW_PASSWORD})).await;
    assert_eq!((set.status, set.body), (200, json!({"identifier": identifier})));
    let again = site.post("/api/set-password", &json!({"token": token, "password": PASSWORD})).await;
    assert_eq!((again.status, &again.body["type"]), (410, &json!("/problems/link-used")));

    let login = async |password: &str| {
        site.post("/api/session", &json!({"identifier": identifier, "password": password})).await
    };
    assert_eq!(login(PASSWORD).await.status, 401);
    assert_eq!(login(NEW_PASSWORD).await.status, 200);
    site.mail_to(&email, 5).await;
}

#[tokio::test]
async fn a_request_for_assistance_reaches_the_agency() {
    let site = Site::open().await;
    let email = site.address("assistance");
    let form = request_for(&siret(), &email);
    let sent = site.post_proven("/api/submit-ticket", "submit-ticket", &form).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    let reference = sent.body["reference"].as_str().unwrap();
    let again = site.post_proven("/api/submit-ticket", "submit-ticket", &form).await;
    assert_eq!((again.status, &again.body["reference"]), (201, &json!(reference)));

    let receipt = site.mail_to(&email, 1).await;
    assert!(receipt["text"].as_str().unwrap().contains(reference));
    let to_agency = site.mail(|mail| mail["reply_to"] == json!([email]), 1).await;
    assert_eq!(to_agency["to"], json!(["contact-ap@asp-public.fr"]));
    assert!(to_agency["subject"].as_str().unwrap().contains(reference));
}

/// A request for assistance, as its form sends it.
fn request_for(siret: &str, email: &str) -> Value {
    json!({
        "submission": site::uuid(),
        "siret": siret,
        "establishment_name": "Boulangerie du Marché",
        "full_name": "Jeanne Martin-Ruiz",
        "phone": "01 23 45 67 89",
        "email": email,
        "motive": "extranet-access",
        "description": "Ma collègue est partie.\nSa messagerie est fermée.",
    })
}

/// Opens an account and gives its identifier; two mails have come then.
async fn open_account(site: &Site, siret: &str, email: &str) -> String {
    let applied = site.post_proven("/api/create-account", "create-account", &application(siret, email)).await;
    assert_eq!(applied.status, 202, "{}", applied.body);
    let token = token(&site.mail_to(email, 1).await, "mot-de-passe");
    let set = site.post("/api/set-password", &json!({"token": token, "password": PASSWORD})).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let identifier = set.body["identifier"].as_str().unwrap().to_owned();
    assert!(site.mail_to(email, 2).await["text"].as_str().unwrap().contains(&identifier));
    identifier
}
