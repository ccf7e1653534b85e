//! The code beside a link, for who reads the mail on another device.

use serde_json::json;

use crate::support::{Answer, App, EMAIL, OTHER_PASSWORD, OTHER_SIRET, PASSWORD, SIRET, code, token};

async fn by_code(app: &App, owner: (&str, &str), code: &str, password: &str) -> Answer {
    app.post("/api/set-password", &json!({"code": code, owner.0: owner.1, "password": password})).await
}

fn made_up(number: u32) -> String {
    format!("0000-{number:04}")
}

#[tokio::test]
async fn a_code_with_the_siret_activates() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let typed = code(&app.next_mail().await).to_lowercase().replace('-', " ");
    let set = by_code(&app, ("siret", "732 829 320 00074"), &typed, PASSWORD).await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert!(set.headers.contains_key("set-cookie"), "an activation logs in");
    let again = by_code(&app, ("siret", SIRET), &typed, PASSWORD).await;
    assert_eq!((again.status, again.problem()), (410, "link-used"));
}

#[tokio::test]
async fn a_code_with_the_identifier_recovers_and_lives_as_long_as_its_link() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let typed = code(&app.next_mail().await);
    app.wait_minutes(61);
    let late = by_code(&app, ("identifier", &identifier), &typed, OTHER_PASSWORD).await;
    assert_eq!(late.status, 404, "{}", late.body);
    app.recover_password(&identifier).await;
    let typed = code(&app.next_mail().await);
    let weak = by_code(&app, ("identifier", &identifier), &typed, "motdepasse123").await;
    assert_eq!(weak.faults(), ["password:password-too-common"]);
    assert_eq!(by_code(&app, ("identifier", &identifier), &typed, OTHER_PASSWORD).await.status, 200);
    assert_eq!(app.login(&identifier, OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn every_mail_has_a_code_of_its_own_which_serves() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let first = code(&app.next_mail().await);
    app.recover_password(&identifier).await;
    let second = code(&app.next_mail().await);
    assert_ne!(first, second);
    assert_eq!(by_code(&app, ("identifier", &identifier), &first, OTHER_PASSWORD).await.status, 200);
    assert_eq!(by_code(&app, ("identifier", &identifier), &second, PASSWORD).await.problem(), "link-used");
}

#[tokio::test]
async fn five_wrong_codes_kill_the_code_and_not_the_link() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let mail = app.next_mail().await;
    let owner = ("identifier", identifier.as_str());
    for number in 0..5 {
        // A page on a bad line sends the same form again: one try.
        for _ in 0..3 {
            let wrong = by_code(&app, owner, &made_up(number), OTHER_PASSWORD).await;
            assert_eq!((wrong.status, wrong.problem()), (404, "code-unknown"));
        }
    }
    for _ in 0..2 {
        let right = by_code(&app, owner, &code(&mail), OTHER_PASSWORD).await;
        assert_eq!((right.status, right.problem()), (410, "code-exhausted"), "even the right one");
    }
    assert_eq!(app.set_password(&token(&mail), OTHER_PASSWORD).await.status, 200, "the link serves");
}

#[tokio::test]
async fn a_right_code_is_no_try() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let typed = code(&app.next_mail().await);
    for _ in 0..6 {
        let weak = by_code(&app, ("identifier", &identifier), &typed, "motdepasse123").await;
        assert_eq!(weak.status, 422, "{}", weak.body);
    }
}

#[tokio::test]
async fn wrong_codes_tell_nothing_of_accounts() {
    let answers = async |has_account: bool| {
        let app = App::new();
        let identifier =
            if has_account { app.account(SIRET, EMAIL).await } else { "AP-7K3M-Q2FD".to_owned() };
        app.wait_minutes(61);
        let mut answers = Vec::new();
        for round in 0..12_u32 {
            // A recovery in between must not open the count again.
            if round == 6 {
                app.recover_password(&identifier).await;
                app.deliver().await;
            }
            app.table.calls();
            let code = made_up(round);
            let answer = by_code(&app, ("identifier", &identifier), &code, OTHER_PASSWORD).await;
            answers.push((answer.status, answer.problem().to_owned(), app.table.calls()));
        }
        answers
    };
    assert_eq!(answers(true).await, answers(false).await);
}

#[tokio::test]
async fn a_form_without_link_or_code_or_owner_says_what_is_missing() {
    let app = App::new();
    let ask = async |form: serde_json::Value| app.post("/api/set-password", &form).await.faults();
    assert_eq!(ask(json!({"password": PASSWORD})).await, ["token:required"]);
    assert_eq!(ask(json!({"code": "7K3M-Q2FD", "password": PASSWORD})).await, ["identifier:required"]);
    let wrong = json!({"code": "7K3M", "siret": OTHER_SIRET, "password": PASSWORD});
    assert_eq!(ask(wrong).await, ["code:code-format"]);
}
