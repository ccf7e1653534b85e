//! Opening an account: procedure, cases 1 and 2.

use serde_json::json;

use crate::support::{App, EMAIL, EXTRANET, OTHER_SIRET, PASSWORD, SIRET, application, cookie, token};

#[tokio::test]
async fn an_unknown_establishment_gets_an_account() {
    let app = App::new();
    let form = json!({"siret": "732 829 320 00074", "accept_terms": true});
    let checked = app.post_proven("/api/check-siret", "check-siret", form).await;
    assert_eq!((checked.status, checked.body), (200, json!({"siret": SIRET, "account": "none"})));

    let applied = app.apply(SIRET, "Jeanne.Martin@EXEMPLE.fr").await;
    assert_eq!(applied.status, 202);
    assert_eq!(applied.body["sent_to"], "J•••@exemple.fr");
    assert_eq!(applied.body["valid_minutes"], 60);
    let activation = app.next_mail().await;
    assert_eq!(activation.to, ["Jeanne.Martin@exemple.fr"]);

    let set = app.set_password(&token(&activation), PASSWORD).await;
    assert_eq!(set.status, 200);
    let identifier = set.body["identifier"].as_str().unwrap().to_owned();
    assert!(activation.text.contains(&identifier), "the activation mail already tells the identifier");
    let welcome = app.next_mail().await;
    assert!(welcome.text.contains(&identifier));

    let login = app.login(&identifier.to_lowercase().replace('-', " "), PASSWORD).await;
    let me = json!({
        "identifier": identifier, "first_name": "Jeanne", "last_name": "Martin-Ruiz",
        "establishments": [{"siret": SIRET, "name": "Boulangerie du Marché", "role": "holder"}],
        "extranet": EXTRANET,
    });
    assert_eq!((login.status, &login.body), (200, &me));
    let cookie = cookie(&login);
    assert_eq!(app.with_cookie("GET", "/api/session", &cookie).await.body, me);
    assert_eq!(app.with_cookie("DELETE", "/api/session", &cookie).await.status, 204);
    assert_eq!(app.with_cookie("GET", "/api/session", &cookie).await.problem(), "no-session");
    assert_eq!(app.mail_states(), ["sent", "sent"]);
}

#[tokio::test]
async fn a_known_establishment_is_said_to_exist() {
    let app = App::new();
    app.account(SIRET, EMAIL).await;
    let form = json!({"siret": SIRET, "accept_terms": true});
    let checked = app.post_proven("/api/check-siret", "check-siret", form).await;
    assert_eq!((checked.status, &checked.body["account"]), (200, &json!("exists")));
    let message = checked.body["message"].as_str().unwrap();
    assert_eq!(
        message,
        "L'établissement pour lequel vous demandez une création de compte a déjà créé un compte utilisateur. \
         Veuillez vous connecter sous ce compte pour ajouter le nouvel utilisateur."
    );
    let applied = app.apply(SIRET, "autre@exemple.fr").await;
    assert_eq!((applied.status, applied.problem()), (409, "establishment-has-account"));
    assert_eq!(app.deliver().await, 0, "a refused application sends no mail");
}

#[tokio::test]
async fn an_application_blocks_nobody_until_it_is_activated() {
    let app = App::new();
    assert_eq!(app.apply(SIRET, "squatteur@exemple.fr").await.status, 202);
    let first = token(&app.next_mail().await);
    assert_eq!(app.apply(SIRET, EMAIL).await.status, 202);
    let second = token(&app.next_mail().await);

    assert_eq!(app.set_password(&second, PASSWORD).await.status, 200);
    let late = app.set_password(&first, PASSWORD).await;
    assert_eq!((late.status, late.problem()), (409, "establishment-has-account"));
    assert_eq!(app.rows("SIRET#").len(), 2, "one establishment, one member");
}

#[tokio::test]
async fn an_activation_link_that_expired_is_sent_anew_by_the_identifier_it_told() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let mail = app.next_mail().await;
    app.wait_minutes(61);
    assert_eq!(app.set_password(&token(&mail), PASSWORD).await.problem(), "link-expired");

    let at = mail.text.find("AP-").unwrap();
    app.recover_password(&mail.text[at..at + 12]).await;
    let again = app.next_mail().await;
    assert_eq!(app.set_password(&token(&again), PASSWORD).await.status, 200);
    assert_eq!(app.rows("SIRET#").len(), 2);
}

#[tokio::test]
async fn an_application_that_nobody_activated_expires() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let mail = app.next_mail().await;
    app.wait_minutes(8 * 24 * 60);
    let at = mail.text.find("AP-").unwrap();
    app.recover_password(&mail.text[at..at + 12]).await;
    app.deliver().await;
    assert_eq!(app.mail_states(), ["sent", "no_recipient"], "expired, though its row is not swept");
    assert!(app.portal.emulator.sweep().unwrap() > 0);
    assert!(app.rows("ACCOUNT#").is_empty());
}

#[tokio::test]
async fn passwords_are_judged_against_the_person() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let token = token(&app.next_mail().await);
    for (password, code) in [
        ("court", "password:password-too-short"),
        ("motdepasse123", "password:password-too-common"),
        (EMAIL, "password:password-contains-identity"),
        ("Jeanne  Martin-Ruiz 75", "password:password-contains-identity"),
        ("73282932000074 Martin-Ruiz", "password:password-contains-identity"),
    ] {
        let refused = app.set_password(&token, password).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![code.to_owned()]), "{password}");
    }
    assert_eq!(app.set_password(&token, PASSWORD).await.status, 200, "a refusal does not consume the link");
}

#[tokio::test]
async fn la_poste_numbers_its_offices_by_another_rule() {
    let app = App::new();
    let form = json!({"siret": OTHER_SIRET, "accept_terms": true});
    assert_eq!(app.post_proven("/api/check-siret", "check-siret", form).await.status, 200);
}

#[tokio::test]
async fn an_application_that_waited_too_long_is_gone_whether_swept_or_not() {
    for is_swept in [false, true] {
        let app = App::new();
        app.apply(SIRET, EMAIL).await;
        // The mail waits too, until shortly before the end.
        app.wait_minutes(7 * 24 * 60 - 10);
        let link = token(&app.next_mail().await);
        app.wait_minutes(20);
        if is_swept {
            app.portal.emulator.sweep().unwrap();
        }
        let late = app.set_password(&link, PASSWORD).await;
        assert_eq!((late.status, late.problem()), (410, "link-expired"), "swept: {is_swept}");
        assert!(app.rows("SIRET#").is_empty());
    }
}

#[tokio::test]
async fn one_proof_asks_about_one_establishment() {
    let app = App::new();
    app.account(SIRET, EMAIL).await;
    let proof = app.proof("create-account").await;
    let form = |siret: &str| {
        let mut form = application(siret, EMAIL);
        form["proof"] = proof.clone().into();
        form
    };
    for _ in 0..2 {
        let taken = app.post("/api/create-account", &form(SIRET)).await;
        assert_eq!((taken.status, taken.problem()), (409, "establishment-has-account"));
    }
    let other = app.post("/api/create-account", &form(OTHER_SIRET)).await;
    assert_eq!((other.status, other.problem()), (409, "proof-already-used"));
}

#[tokio::test]
async fn a_link_that_can_serve_nothing_any_more_is_used_up_at_its_first_refusal() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let first = token(&app.next_mail().await);
    app.apply(SIRET, EMAIL).await;
    let second = token(&app.next_mail().await);
    app.set_password(&second, PASSWORD).await;
    assert_eq!(app.set_password(&first, PASSWORD).await.problem(), "establishment-has-account");
    app.table.calls();
    assert_eq!(app.set_password(&first, PASSWORD).await.problem(), "link-used");
    assert_eq!(app.table.calls(), ["GetItem"], "one read, and no password is hashed");
}
