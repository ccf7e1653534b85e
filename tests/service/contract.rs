//! The contract: each event of `events/`, as API Gateway gives it, to its handler, to what it answers.

use std::path::Path;

use domain::time::Timestamp;
use lambda_http::RequestExt;
use lambda_http::request::LambdaRequest;
use platform::boot;
use platform::http::{Body, Request};
use serde_json::Value;

use crate::support::{App, EMAIL, PASSWORD, SIRET};

/// The event of that name, as the Lambda runtime hands it to a function.
fn event(name: &str) -> Request {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("events/{name}.json"));
    lambda_http::request::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Status, headers that the contract names, and body, with what changes from run to run masked.
async fn answered(app: &App, name: &str) -> String {
    answer(app, event(name)).await
}

async fn answer(app: &App, request: Request) -> String {
    assert!(request.request_context_ref().is_some(), "an event of API Gateway");
    let response = app.portal.answer(request).await;
    let mut lines = vec![response.status().as_u16().to_string()];
    for name in ["content-type", "cache-control", "allow", "retry-after", "set-cookie"] {
        if let Some(value) = response.headers().get(name) {
            lines.push(format!("{name}: {}", value.to_str().unwrap()));
        }
    }
    if let Body::Text(text) = response.body() {
        let mut body: Value = serde_json::from_str(text).unwrap();
        mask(&mut body);
        lines.push(body.to_string());
    }
    lines.join("\n")
}

fn mask(body: &mut Value) {
    for pointer in [
        "/mail",
        "/reference",
        "/identifier",
        "/signature",
        "/parameters/nonce",
        "/parameters/salt",
        "/parameters/keyPrefix",
        "/parameters/keySignature",
        "/parameters/expiresAt",
    ] {
        if let Some(value) = body.pointer_mut(pointer) {
            *value = "…".into();
        }
    }
}

/// Addresses of which `lambda_http` makes no URI, and panics. A gateway may refuse them; none is relied upon.
#[tokio::test]
async fn an_event_whose_address_is_none_is_answered() {
    let app = App::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/notices.json");
    let event: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for (member, value) in [
        ("/headers/host", "a b"),
        ("/headers/host", "localhost:99999"),
        ("/headers/x-forwarded-proto", "1:"),
        ("/rawQueryString", "%"),
        ("/rawQueryString", "a b"),
        ("/rawQueryString", &"a".repeat(65_530)),
    ] {
        let mut event = event.clone();
        *event.pointer_mut(member).unwrap() = value.into();
        let event: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
        let answer = app.portal.answer(Request::from(boot::readable(event))).await;
        assert_eq!(answer.status(), 200, "{member} {:?}", &value[..value.len().min(20)]);
    }
}

#[tokio::test]
async fn challenge() {
    insta::assert_snapshot!(answered(&App::new(), "challenge").await, @r#"
    200
    content-type: application/json
    cache-control: no-store
    {"parameters":{"algorithm":"PBKDF2/SHA-256","cost":5000,"data":{"action":"check-siret"},"expiresAt":"…","keyLength":32,"keyPrefix":"…","keySignature":"…","nonce":"…","salt":"…"},"signature":"…"}
    "#);
}

#[tokio::test]
async fn check_siret() {
    let app = App::new();
    insta::assert_snapshot!(answered(&app, "check-siret").await, @r#"
    200
    content-type: application/json
    cache-control: no-store
    {"account":"none","siret":"73282932000074"}
    "#);
    app.account(SIRET, EMAIL).await;
    insta::assert_snapshot!(answered(&app, "check-siret").await, @r#"
    200
    content-type: application/json
    cache-control: no-store
    {"account":"exists","message":"L'établissement pour lequel vous demandez une création de compte a déjà créé un compte utilisateur. Veuillez vous connecter sous ce compte pour ajouter le nouvel utilisateur.","siret":"73282932000074"}
    "#);
}

#[tokio::test]
async fn create_account() {
    let app = App::new();
    insta::assert_snapshot!(answered(&app, "create-account").await, @r#"
    202
    content-type: application/json
    cache-control: no-store
    {"mail":"…","sent_to":"j•••@exemple.fr","valid_minutes":60}
    "#);
    let app = App::new();
    app.account(SIRET, EMAIL).await;
    insta::assert_snapshot!(answered(&app, "create-account").await, @r#"
    409
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"L'établissement pour lequel vous demandez une création de compte a déjà créé un compte utilisateur. Veuillez vous connecter sous ce compte pour ajouter le nouvel utilisateur.","status":409,"title":"Cet établissement a déjà un compte","type":"/problems/establishment-has-account"}
    "#);
}

#[tokio::test]
async fn set_password() {
    insta::assert_snapshot!(answered(&App::new(), "set-password").await, @r#"
    404
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Copiez le lien entier depuis le courriel, ou demandez-en un nouveau.","status":404,"title":"Ce lien est inconnu","type":"/problems/link-unknown"}
    "#);
}

#[tokio::test]
async fn link() {
    insta::assert_snapshot!(answered(&App::new(), "link").await, @r#"
    404
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Copiez le lien entier depuis le courriel, ou demandez-en un nouveau.","status":404,"title":"Ce lien est inconnu","type":"/problems/link-unknown"}
    "#);
    insta::assert_snapshot!(answered(&App::new(), "link-renew").await, @r#"
    404
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Copiez le lien entier depuis le courriel, ou demandez-en un nouveau.","status":404,"title":"Ce lien est inconnu","type":"/problems/link-unknown"}
    "#);
}

#[tokio::test]
async fn recover_identifier() {
    insta::assert_snapshot!(answered(&App::new(), "recover-identifier").await, @r#"
    202
    content-type: application/json
    cache-control: no-store
    {"valid_minutes":60}
    "#);
}

#[tokio::test]
async fn recover_password() {
    insta::assert_snapshot!(answered(&App::new(), "recover-password").await, @r#"
    202
    content-type: application/json
    cache-control: no-store
    {"valid_minutes":60}
    "#);
}

#[tokio::test]
async fn submit_ticket() {
    insta::assert_snapshot!(answered(&App::new(), "submit-ticket").await, @r#"
    201
    content-type: application/json
    cache-control: no-store
    {"mail":"…","reference":"…","sent_to":"j•••@exemple.fr"}
    "#);
}

#[tokio::test]
async fn mail() {
    let app = App::new();
    insta::assert_snapshot!(answered(&app, "mail").await, @r#"
    404
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Recommencez votre demande : vous recevrez un nouveau message.","status":404,"title":"Ce message est inconnu","type":"/problems/mail-unknown"}
    "#);
    insta::assert_snapshot!(answered(&app, "mail-address").await, @r#"
    404
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Recommencez votre demande : vous recevrez un nouveau message.","status":404,"title":"Ce message est inconnu","type":"/problems/mail-unknown"}
    "#);
    insta::assert_snapshot!(answered(&app, "delivery").await, @r#"
    200
    content-type: application/json
    cache-control: public, max-age=60
    {"domain":"exemple.fr","median_seconds":null,"state":"unknown"}
    "#);
}

#[tokio::test]
async fn session() {
    let app = App::new();
    insta::assert_snapshot!(answered(&app, "session-open").await, @r#"
    401
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Vérifiez l'identifiant et le mot de passe. Vous en avez oublié un ? Utilisez les liens sous le formulaire.","status":401,"title":"Identifiant ou mot de passe incorrect","type":"/problems/wrong-credentials"}
    "#);
    insta::assert_snapshot!(answered(&app, "session-show").await, @r#"
    401
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Connectez-vous pour continuer.","status":401,"title":"Vous n'êtes pas connecté","type":"/problems/no-session"}
    "#);
    insta::assert_snapshot!(answered(&app, "session-close").await, @r#"
    204
    cache-control: no-store
    set-cookie: sesame=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict
    "#);
    let identifier = app.account(SIRET, EMAIL).await;
    let cookie = crate::support::cookie(&app.login(&identifier, PASSWORD).await);
    let mut show = event("session-show");
    show.headers_mut().insert("cookie", cookie.parse().unwrap());
    insta::assert_snapshot!(answer(&app, show).await, @r#"
    200
    content-type: application/json
    cache-control: no-store
    {"establishments":[{"name":"Boulangerie du Marché","role":"holder","siret":"73282932000074"}],"extranet":"https://extranet.exemple.fr/ap/","first_name":"Jeanne","identifier":"…","last_name":"Martin-Ruiz"}
    "#);
}

#[tokio::test]
async fn journal() {
    let app = App::new();
    insta::assert_snapshot!(answered(&app, "space-journal").await, @r#"
    401
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Connectez-vous pour continuer.","status":401,"title":"Vous n'êtes pas connecté","type":"/problems/no-session"}
    "#);
    insta::assert_snapshot!(answered(&app, "journal-keys").await, @r#"
    200
    content-type: application/json
    cache-control: public, max-age=300
    {"keys":["localhost/journal+0b9b3cf6+AZUO19XGnd/RxJsCgoZMz65CWVOn2nFHar8MnAl4m82D"]}
    "#);
}

#[tokio::test]
async fn notices() {
    let app = App::new();
    insta::assert_snapshot!(answered(&app, "notices").await, @r#"
    200
    content-type: application/json
    cache-control: public, max-age=30
    []
    "#);
}

#[tokio::test]
async fn mail_sender() {
    let app = App::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/mail-sender.json");
    let event = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let invocation = boot::Invocation { request_id: "1".to_owned(), deadline: Timestamp::MAX };
    let response = mail_sender::handle(app.portal.worker.sender(), &invocation, event).await;
    insta::assert_snapshot!(serde_json::to_string(&response).unwrap(), @r#"
    {"batchItemFailures":[]}
    "#);
}

#[tokio::test]
async fn a_form_with_faults_names_all_of_them_in_its_order() {
    let app = App::new();
    let mut request = event("submit-ticket");
    *request.body_mut() =
        Body::Text(r#"{"siret":"73282932000075","email":"jeanne@","motive":"autre","phone":"12"}"#.into());
    insta::assert_snapshot!(answer(&app, request).await, @r#"
    422
    content-type: application/problem+json
    cache-control: no-store
    {"errors":[{"code":"required","detail":"Remplissez ce champ.","field":"submission"},{"code":"siret-checksum","detail":"Ce SIRET contient une erreur de frappe : vérifiez ses 14 chiffres un à un.","field":"siret"},{"code":"required","detail":"Indiquez la dénomination de l'établissement.","field":"establishment_name"},{"code":"required","detail":"Indiquez vos nom et prénom.","field":"full_name"},{"code":"phone-format","detail":"Ce numéro n'est pas valide : écrivez-le comme 01 23 45 67 89, ou avec + et l'indicatif du pays.","field":"phone"},{"code":"email-format","detail":"Cette adresse n'est pas valide : elle s'écrit comme nom@exemple.fr.","field":"email"},{"code":"motive-unknown","detail":"Choisissez un motif de la liste.","field":"motive"},{"code":"required","detail":"Décrivez votre demande.","field":"description"},{"code":"required","detail":"Attendez la fin de la vérification anti-robot, puis envoyez de nouveau.","field":"proof"}],"status":422,"title":"Le formulaire contient des erreurs","type":"/problems/invalid-form"}
    "#);
}

#[tokio::test]
async fn my_space_needs_a_session() {
    let app = App::new();
    for name in [
        "space",
        "space-export",
        "space-invitations-open",
        "space-invitations-close",
        "space-invitations-address",
        "space-mandates",
        "space-mandates-one",
        "space-mandates-accept",
        "space-mandates-decline",
        "space-mandates-end",
        "space-email",
        "space-password",
        "space-close",
        "space-establishments-close",
        "space-sessions",
        "space-successor-open",
        "space-successor-close",
        "access",
        "agents-cases",
        "agents-cases-one",
        "agents-cases-take",
        "agents-cases-release",
        "agents-cases-answer",
        "agents-cases-note",
        "agents-cases-close",
        "agents-cases-reopen",
        "agents-successions",
        "agents-successions-approve",
        "agents-successions-refuse",
        "agents-successions-withdraw",
    ] {
        let answer = answered(&app, name).await;
        assert!(answer.starts_with("401") && answer.contains("/problems/no-session"), "{name}: {answer}");
    }
    for name in [
        "contest",
        "invitation",
        "invitation-accept",
        "address",
        "address-confirm",
        "address-restore",
        "presence",
        "request",
        "request-message",
        "request-close",
    ] {
        let answer = answered(&app, name).await;
        assert!(answer.starts_with("404") && answer.contains("/problems/link-unknown"), "{name}: {answer}");
    }
    insta::assert_snapshot!(answered(&app, "invitation-request").await, @r#"
    202
    content-type: application/json
    cache-control: no-store
    {"valid_days":7}
    "#);
    let text = answered(&app, "space-mandates-text").await;
    assert!(text.starts_with("200") && text.contains("cache-control: public"), "{text}");
}

#[tokio::test]
async fn agents() {
    let app = App::new();
    insta::assert_snapshot!(answered(&app, "agents-me").await, @r#"
    401
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Connectez-vous pour continuer.","status":401,"title":"Vous n'êtes pas connecté","type":"/problems/no-session"}
    "#);
    insta::assert_snapshot!(answered(&app, "agents-callback").await, @r#"
    403
    content-type: application/problem+json
    cache-control: no-store
    {"detail":"Recommencez depuis la page de connexion des agents.","status":403,"title":"La connexion n'a pas abouti","type":"/problems/agent-login-refused"}
    "#);
    insta::assert_snapshot!(answered(&app, "agents-session").await, @"
    204
    cache-control: no-store
    set-cookie: sesame-agent=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict
    ");
    let begun = app.portal.answer(event("agents-login")).await;
    assert_eq!(begun.status(), 302);
    let location = begun.headers()["location"].to_str().unwrap();
    assert!(
        location.starts_with("http://localhost:8080/provider/authorize?response_type=code&"),
        "{location}"
    );
}
