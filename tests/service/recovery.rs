//! Recovering an identifier or a password by mail: procedure, case 2.2.

use serde_json::json;
use sesame::mailbox::Mail;

use crate::support::{App, EMAIL, Fault, OTHER_PASSWORD, OTHER_SIRET, PASSWORD, SIRET, cookie, token};

#[tokio::test]
async fn a_lost_identifier_comes_by_mail_to_the_address_of_the_account() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let asked = app.recover_identifier("732.829.320 00074", "Jeanne.MARTIN@exemple.fr").await;
    assert_eq!((asked.status, asked.body), (202, json!({"valid_minutes": 60})));
    let mail = app.next_mail().await;
    assert!(mail.text.contains(&identifier));
    assert_eq!(mail.to, [EMAIL]);
}

#[tokio::test]
async fn a_lost_password_is_replaced_by_a_link() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let token = token(&app.next_mail().await);
    let set = app.set_password(&token, OTHER_PASSWORD).await;
    assert_eq!((set.status, &set.body["identifier"]), (200, &json!(identifier)));
    let told = app.next_mail().await;
    assert_eq!(told.to, [EMAIL], "a changed password is told");
    assert_eq!(app.login(&identifier, PASSWORD).await.status, 401);
    assert_eq!(app.login(&identifier, OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn nobody_is_written_to_without_an_account() {
    let app = App::new();
    app.account(SIRET, EMAIL).await;
    let sent = app.mails().len();
    app.recover_identifier(SIRET, "autre@exemple.fr").await;
    app.recover_identifier(OTHER_SIRET, EMAIL).await;
    app.recover_password("AP-7K3M-Q2FD").await;
    assert_eq!(app.deliver().await, 3);
    assert_eq!(app.mails().len(), sent);
    assert_eq!(app.mail_states()[2..], ["no_recipient"; 3]);
    let rows = app.rows("MAIL#");
    let whys =
        rows.iter().filter(|row| row["mail_state"]["S"] == "no_recipient").map(|row| &row["note"]["S"]);
    assert!(whys.clone().all(|why| why.as_str().unwrap().starts_with("no account of that")), "{whys:?}");
}

#[tokio::test]
async fn a_link_serves_for_sixty_minutes() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let in_time = token(&app.next_mail().await);
    app.wait_minutes(59);
    assert_eq!(app.set_password(&in_time, OTHER_PASSWORD).await.status, 200);
    app.deliver().await;

    app.recover_password(&identifier).await;
    let late = token(&app.next_mail().await);
    app.wait_minutes(61);
    let expired = app.set_password(&late, PASSWORD).await;
    assert_eq!((expired.status, expired.problem()), (410, "link-expired"), "its row is not swept yet");
    app.portal.emulator.sweep().unwrap();
    assert_eq!(app.set_password(&late, PASSWORD).await.problem(), "link-expired", "told for days after");
    app.wait_minutes(8 * 24 * 60);
    let expired = app.set_password(&late, PASSWORD).await;
    assert_eq!((expired.status, expired.problem()), (404, "link-unknown"));
}

#[tokio::test]
async fn the_sixty_minutes_count_from_when_the_mail_is_sent() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    app.wait_minutes(50);
    let token = token(&app.next_mail().await);
    app.wait_minutes(59);
    assert_eq!(app.set_password(&token, OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_link_serves_once() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let token = token(&app.next_mail().await);
    app.set_password(&token, OTHER_PASSWORD).await;
    let again = app.set_password(&token, PASSWORD).await;
    assert_eq!((again.status, again.problem()), (410, "link-used"));
    app.wait_minutes(120);
    assert_eq!(
        app.set_password(&token, PASSWORD).await.problem(),
        "link-used",
        "used is said before expired"
    );
}

#[tokio::test]
async fn asking_again_kills_no_earlier_link_and_the_first_success_kills_them_all() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let first = token(&app.next_mail().await);
    app.recover_password(&identifier).await;
    let second = token(&app.next_mail().await);
    assert_ne!(first, second);
    assert_eq!(app.set_password(&first, OTHER_PASSWORD).await.status, 200);
    assert_eq!(app.set_password(&second, PASSWORD).await.problem(), "link-used");
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let session = cookie(&app.login(&identifier, PASSWORD).await);
    app.recover_password(&identifier).await;
    let token = token(&app.next_mail().await);
    app.set_password(&token, OTHER_PASSWORD).await;
    assert_eq!(app.with_cookie("GET", "/api/session", &session).await.problem(), "no-session");
}

#[tokio::test]
async fn whichever_is_asked_for_the_mail_is_the_same() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let by_identifier = app.next_mail().await;
    app.recover_identifier(SIRET, EMAIL).await;
    let by_address = app.next_mail().await;
    let without_link = |mail: &Mail| mail.text.replace(&token(mail), "");
    assert_eq!(by_identifier.subject, by_address.subject);
    let lines =
        |mail: &Mail| without_link(mail).lines().filter(|line| !line.contains("heure de Paris")).count();
    assert_eq!(lines(&by_identifier), lines(&by_address));
    assert_eq!(app.set_password(&token(&by_address), OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_identifier_asked_for_before_the_password_was_set_undoes_nothing() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_identifier(SIRET, EMAIL).await;
    app.ses.plan([Fault::Unverified]);
    app.deliver().await;
    app.wait_seconds(2);
    app.recover_password(&identifier).await;
    let link = token(&app.next_mail().await);
    assert_eq!(app.set_password(&link, OTHER_PASSWORD).await.status, 200);
    app.wait_seconds(61);
    app.deliver().await;
    let superseded =
        app.rows("MAIL#").into_iter().find(|row| row["mail_state"]["S"] == "superseded").unwrap();
    assert_eq!(superseded["note"]["S"], "the password was set since");
}

#[tokio::test]
async fn a_password_typed_on_another_keyboard_is_the_same() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    // macOS types «ê» as «e» and an accent; Windows as one character.
    let decomposed = PASSWORD.replace('ê', "e\u{302}");
    assert_ne!(decomposed, PASSWORD);
    assert_eq!(app.login(&identifier, &decomposed).await.status, 200);
    app.recover_password(&identifier).await;
    let link = token(&app.next_mail().await);
    assert_eq!(app.set_password(&link, &format!("{decomposed} nouveau")).await.status, 200);
    assert_eq!(app.login(&identifier, &format!("{PASSWORD} nouveau")).await.status, 200);
}

#[tokio::test]
async fn a_token_that_was_never_sent_is_unknown() {
    let app = App::new();
    let never = "0".repeat(52);
    for token in ["x", "AP-7K3M-Q2FD", never.as_str(), "é\u{202e}🦀"] {
        let unknown = app.set_password(token, PASSWORD).await;
        assert_eq!((unknown.status, unknown.problem()), (404, "link-unknown"), "{token}");
    }
}
