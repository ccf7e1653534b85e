//! Opening an account: procedure, cases 1 and 2.

use serde_json::json;

use crate::support::{
    App, EMAIL, EXTRANET, Fault, OTHER_PASSWORD, OTHER_SIRET, PASSWORD, SIRET, application, cookie,
    identifier_in, token,
};

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

    app.recover_password(identifier_in(&mail)).await;
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
    app.recover_password(identifier_in(&mail)).await;
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
    app.apply(SIRET, "collegue@exemple.fr").await;
    let first = token(&app.next_mail().await);
    app.apply(SIRET, EMAIL).await;
    let second = token(&app.next_mail().await);
    app.set_password(&second, PASSWORD).await;
    assert_eq!(app.set_password(&first, PASSWORD).await.problem(), "establishment-has-account");
    app.table.calls();
    assert_eq!(app.set_password(&first, PASSWORD).await.problem(), "link-used");
    assert_eq!(app.table.calls(), ["GetItem"], "one read, and no password is hashed");
}

#[tokio::test]
async fn an_activation_logs_in_as_a_login_does_and_a_recovery_does_not() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let link = token(&app.next_mail().await);
    app.table.calls();
    let set = app.set_password(&link, PASSWORD).await;
    assert_eq!(app.table.calls(), ["GetItem", "TransactWriteItems"], "the session is written along");
    let me = app.with_cookie("GET", "/api/session", &cookie(&set)).await;
    assert_eq!((me.status, &me.body["identifier"]), (200, &set.body["identifier"]));

    let identifier = set.body["identifier"].as_str().unwrap();
    let login = app.login(identifier, PASSWORD).await;
    let attributes = |answer: &crate::support::Answer| {
        let set = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        set.split_once(';').unwrap().1.to_owned()
    };
    assert_eq!(attributes(&set), attributes(&login));

    app.deliver().await;
    app.recover_password(identifier).await;
    let reset = app.set_password(&token(&app.next_mail().await), OTHER_PASSWORD).await;
    assert_eq!((reset.status, reset.headers.get("set-cookie")), (200, None));
    let ended = app.with_cookie("GET", "/api/session", &cookie(&set)).await;
    assert_eq!(ended.problem(), "no-session", "a new password ends it too");
}

#[tokio::test]
async fn the_session_of_an_activation_whose_answer_was_lost_is_the_one_that_was_written() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let link = token(&app.next_mail().await);
    app.table.let_one_pass();
    app.table.plan([Fault::AnswerLost]);
    let set = app.set_password(&link, PASSWORD).await;
    assert_eq!(app.with_cookie("GET", "/api/session", &cookie(&set)).await.status, 200);
    assert_eq!(app.rows("SESSION#").len(), 1);
}

#[tokio::test]
async fn an_activation_that_is_refused_opens_no_session() {
    let app = App::new();
    app.apply(SIRET, "collegue@exemple.fr").await;
    let late = token(&app.next_mail().await);
    app.account(SIRET, EMAIL).await;
    let refused = app.set_password(&late, PASSWORD).await;
    assert_eq!((refused.status, refused.headers.get("set-cookie")), (409, None));
    assert_eq!(app.rows("SESSION#").len(), 1, "that of the first");
}

#[tokio::test]
async fn one_siret_and_one_address_have_one_identifier_until_it_is_activated() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let first = app.next_mail().await;
    app.apply("732 829 320 00074", "JEANNE.Martin@exemple.fr").await;
    let second = app.next_mail().await;
    assert_eq!(identifier_in(&first), identifier_in(&second), "a mailbox has no case");
    assert_ne!(token(&first), token(&second));
    assert_eq!(second.to, ["JEANNE.Martin@exemple.fr"], "as typed last");
    assert_eq!(app.rows("ACCOUNT#").len(), 1);

    // Another establishment, another address: another identifier.
    for (siret, email) in [(OTHER_SIRET, EMAIL), (SIRET, "collegue@exemple.fr")] {
        app.apply(siret, email).await;
        assert_ne!(identifier_in(&app.next_mail().await), identifier_in(&first));
    }

    let set = app.set_password(&token(&first), PASSWORD).await;
    assert_eq!(set.body["identifier"], identifier_in(&first), "the earlier link still serves");
    assert_eq!(app.set_password(&token(&second), PASSWORD).await.problem(), "link-used");
}

#[tokio::test]
async fn two_applications_at_once_have_one_identifier_and_two_links() {
    let app = App::new();
    let (one, other) = tokio::join!(app.apply(SIRET, EMAIL), app.apply(SIRET, EMAIL));
    assert_eq!((one.status, other.status), (202, 202));
    app.deliver().await;
    let mails = app.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(identifier_in(&mails[0]), identifier_in(&mails[1]));
    assert_eq!(app.rows("ACCOUNT#").len(), 1);
}

#[tokio::test]
async fn a_second_application_whose_answer_was_lost_is_done_once() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.deliver().await;
    let mut form = application(SIRET, EMAIL);
    form["proof"] = app.proof("create-account").await.into();
    app.table.let_one_pass();
    app.table.plan([Fault::AnswerLost]);
    assert_eq!(app.post("/api/create-account", &form).await.status, 202);
    assert_eq!(app.deliver().await, 1);
    assert_eq!(app.rows("ACCOUNT#").len(), 1);
}

#[tokio::test]
async fn who_applies_again_after_an_application_has_expired_begins_anew_with_the_same_identifier() {
    for is_swept in [false, true] {
        let app = App::new();
        app.apply(SIRET, EMAIL).await;
        let first = app.next_mail().await;
        app.wait_minutes(7 * 24 * 60 + 1);
        if is_swept {
            app.portal.emulator.sweep().unwrap();
        }
        app.apply(SIRET, EMAIL).await;
        let second = app.next_mail().await;
        assert_eq!(identifier_in(&first), identifier_in(&second), "swept: {is_swept}");
        assert_eq!(app.set_password(&token(&first), PASSWORD).await.problem(), "link-expired");
        assert_eq!(app.set_password(&token(&second), PASSWORD).await.status, 200, "swept: {is_swept}");
    }
}

#[tokio::test]
async fn a_link_activates_what_its_own_mail_said_whatever_was_typed_since() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let mine = app.next_mail().await;
    let mut form = application(SIRET, EMAIL);
    form["first_name"] = "Mallory".into();
    form["phone"] = "09 87 65 43 21".into();
    assert_eq!(app.post_proven("/api/create-account", "create-account", form).await.status, 202);
    let theirs = app.next_mail().await;
    assert!(theirs.text.contains("Mallory") && !mine.text.contains("Mallory"));

    let set = app.set_password(&token(&mine), PASSWORD).await;
    let me = app.with_cookie("GET", "/api/session", &cookie(&set)).await;
    assert_eq!(me.body["first_name"], "Jeanne");
    assert_eq!(app.rows("ACCOUNT#")[0]["phone"]["S"], "+33123456789");
}

#[tokio::test]
async fn an_identifier_that_is_another_s_by_chance_is_left_to_them() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let first = app.next_mail().await;
    // As if it were that of another SIRET and address.
    let mut row = app.rows("ACCOUNT#").remove(0);
    row["applicant"]["S"] = "another".into();
    app.operate("PutItem", &json!({"TableName": sesame::emulator::TABLE, "Item": row}));
    app.apply(SIRET, EMAIL).await;
    let second = app.next_mail().await;
    assert_ne!(identifier_in(&first), identifier_in(&second));
    app.apply(SIRET, EMAIL).await;
    assert_eq!(identifier_in(&app.next_mail().await), identifier_in(&second));
    assert_eq!(app.rows("ACCOUNT#").len(), 2);
}

#[tokio::test]
async fn a_first_and_a_second_application_look_the_same() {
    let app = App::new();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut form = application(SIRET, EMAIL);
        form["proof"] = app.proof("create-account").await.into();
        app.table.calls();
        let mut answer = app.post("/api/create-account", &form).await;
        answer.body["mail"].take();
        seen.push((answer.status, answer.body, app.table.calls()));
    }
    assert_eq!(seen[0], seen[1], "nobody learns who has applied");
}
