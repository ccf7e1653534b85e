//! After a succession: nothing needs the old mailbox, and the seat waits for who takes over.

use super::*;
use crate::presence::{changes, send};
use crate::support::{OTHER_PASSWORD, cookie, token};

/// A mailbox that is dead by the events of its mails.
const DEAD: &str = "jeanne@inconnu.example";

/// A succession that is carried out, of a holder whose mailbox is dead; its id.
async fn executed(app: &App) -> String {
    Person::open(app, SIRET, NAME, DEAD).await;
    let id = proposed(app, SIRET, 1).await;
    arrive(app).await;
    app.wait_minutes(14 * DAY + 1);
    let done = TWO.decides(app, &id, "approve").await;
    assert_eq!(done.body["state"], "executed", "{}", done.body);
    id
}

#[tokio::test]
async fn every_path_of_the_account_goes_on_without_the_old_mailbox() {
    let app = with_desk().await;
    executed(&app).await;
    let taken = takes_over(&app).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    app.deliver().await;
    let before = app.mails().iter().filter(|mail| mail.to == [DEAD]).count();
    let identifier = taken.body["identifier"].as_str().unwrap().to_owned();
    let lea = Person { identifier: identifier.clone(), cookie: cookie(&taken) };

    // Logs in, has lost the identifier, has lost the password.
    let lea = lea.again(&app, PASSWORD).await;
    assert!(lea.is_logged_in(&app).await);
    assert_eq!(app.recover_identifier(SIRET, NEW).await.status, 202);
    let mail = app.next_mail().await;
    assert_eq!((mail.to.clone(), crate::support::identifier_in(&mail)), (vec![NEW.to_owned()], &*identifier));
    assert_eq!(app.recover_password(&identifier).await.status, 202);
    let link = token(&app.next_mail().await);
    assert_eq!(app.set_password(&link, OTHER_PASSWORD).await.status, 200);
    let lea = lea.again(&app, OTHER_PASSWORD).await;

    // Changes the address, and the password.
    let form = json!({
        "email": "lea@exemple.org", "password": OTHER_PASSWORD, "proof": app.proof("session").await,
    });
    assert_eq!(lea.post(&app, "/api/space/email", &form).await.status, 202);
    app.deliver().await;
    let link = link_to(&app, "lea@exemple.org", "adresse");
    let confirmed = app.post("/api/address/confirm", &json!({"token": link})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    let lea = lea.again(&app, OTHER_PASSWORD).await;
    let form = json!({"password": OTHER_PASSWORD, "new_password": PASSWORD});
    assert_eq!(lea.post(&app, "/api/space/password", &form).await.status, 200);
    let lea = lea.again(&app, PASSWORD).await;

    // Invites, decides of colleagues and of who was replaced, gives a mandate, names a successor.
    let paul = joins(&app, &lea, SIRET, ("Durand", "paul.durand@exemple.fr"), "member").await;
    changes(&app, &lea, "Durand", "role", "holder").await;
    cabinet(&app, &lea).await;
    let heir = json!({"siret": SIRET, "first_name": "Noé", "last_name": "Roy", "email": "noe@exemple.fr"});
    assert_eq!(lea.post(&app, "/api/space/successor", &heir).await.status, 200);
    let seen = lea.get(&app, &format!("/api/space?siret={SIRET}")).await.body["establishments"][0].clone();
    let old = seen["members"].as_array().unwrap().iter().find(|member| member["state"] == "suspended");
    let path = format!("/api/space/members/{}", old.unwrap()["member"].as_str().unwrap());
    let removed = send(&app, &lea, "DELETE", &path, &json!({"siret": SIRET})).await;
    assert_eq!(removed.status, 204, "{}", removed.body);
    let journal = lea.get(&app, &format!("/api/space/journal?siret={SIRET}")).await;
    assert_eq!(journal.status, 200);

    // Leaves, and the last one closes.
    let path = format!("/api/space/members/{}", seen["member"].as_str().unwrap());
    assert_eq!(send(&app, &lea, "DELETE", &path, &json!({"siret": SIRET})).await.status, 204);
    app.deliver().await;
    let paul = paul.again(&app, PASSWORD).await;
    assert_eq!(paul.close_space(&app, SIRET).await.status, 200);
    app.deliver().await;
    let after = app.mails().iter().filter(|mail| mail.to == [DEAD]).count();
    assert!(after <= before + 1, "nothing but the news of the removal: {before} {after}");
    let app_again = app.account(SIRET, "nadia@exemple.fr").await;
    assert!(app_again.starts_with("AP-"), "the establishment is free as any other");
}

#[tokio::test]
async fn who_was_replaced_has_no_session_no_link_and_no_place() {
    let app = with_desk().await;
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let form = json!({
        "siret": SIRET, "email": "ami@exemple.fr", "first_name": "Ami", "last_name": "Roy", "role": "holder",
    });
    let id = over(&app).await;
    let jeanne = jeanne.again(&app, PASSWORD).await;
    assert_eq!(jeanne.post(&app, "/api/space/invitations", &form).await.status, 202);
    app.deliver().await;
    let hers = link_to(&app, "ami@exemple.fr", "invitation");
    assert_eq!(app.recover_password(&jeanne.identifier).await.status, 202);
    let reset = token(&app.next_mail().await);
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "executed");
    assert!(!jeanne.is_logged_in(&app).await);
    assert_eq!(app.set_password(&reset, OTHER_PASSWORD).await.status, 410, "an old link");
    let form = json!({"token": hers, "password": PASSWORD, "phone": "01 23 45 67 89"});
    assert_eq!(app.post("/api/invitation/accept", &form).await.problem(), "link-expired", "her word is over");
    let jeanne = jeanne.again(&app, PASSWORD).await;
    let invited = link_to(&app, "ami@exemple.fr", "invitation");
    assert_eq!(invited, hers);
    let own = jeanne.get(&app, "/api/space").await.body["establishments"][0]["member"].clone();
    let path = format!("/api/space/members/{}", own.as_str().unwrap());
    assert_eq!(send(&app, &jeanne, "DELETE", &path, &json!({"siret": SIRET})).await.status, 204);
    assert_eq!(holders(&app), ("1".to_owned(), true), "the seat is still kept");
    let applied = app.apply(SIRET, "voleur@exemple.fr").await;
    assert_eq!(applied.problem(), "establishment-has-account", "free for no stranger");
    assert_eq!(takes_over(&app).await.status, 200);
    assert_eq!(holders(&app), ("1".to_owned(), false));
}

#[tokio::test]
async fn an_invitation_that_expired_is_sent_again_with_the_same_id() {
    let app = with_desk().await;
    let id = executed(&app).await;
    app.deliver().await;
    let first = link_to(&app, NEW, "invitation");
    let mails = app.mails().len();
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "executed");
    assert_eq!((app.deliver().await, app.mails().len()), (0, mails), "it waits: nothing is sent");
    // Its row has gone with its days; the seat is kept for it.
    for days in [8, 20] {
        app.wait_minutes(days * DAY);
        for _ in 0..2 {
            assert_eq!(ONE.decides(&app, &id, "approve").await.body["state"], "executed");
        }
        assert_eq!(app.deliver().await, 1, "once");
    }
    let second = link_to(&app, NEW, "invitation");
    assert_ne!(first, second);
    let form = json!({"token": first, "password": PASSWORD, "phone": "01 23 45 67 89"});
    assert_eq!(app.post("/api/invitation/accept", &form).await.status, 404, "long over");
    assert_eq!(takes_over(&app).await.status, 200);
    assert_eq!(holders(&app), ("1".to_owned(), false));
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "executed");
    app.deliver().await;
    assert_eq!(link_to(&app, NEW, "invitation"), second, "accepted: nothing more is sent");
}

#[tokio::test]
async fn a_seat_that_nobody_takes_is_given_to_another_by_another_succession() {
    let app = with_desk().await;
    let id = executed(&app).await;
    app.deliver().await;
    let first = link_to(&app, NEW, "invitation");
    let reference = succession(&app, &id)["reference"]["S"].as_str().unwrap().to_owned();
    let mut form = proposal(&reference, SIRET);
    form["email"] = "noe.roy@exemple.fr".into();
    let answer = TWO.posts(&app, ROUTE, &form).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let second = answer.body["succession"].as_str().unwrap().to_owned();
    arrive(&app).await;
    app.wait_minutes(14 * DAY + 1);
    assert_eq!(ONE.decides(&app, &second, "approve").await.body["state"], "executed");
    assert_eq!(holders(&app), ("1".to_owned(), true));
    let refused = app.post("/api/invitation", &json!({"token": first})).await;
    assert_ne!(refused.body["state"], "open", "the first one is over");
    app.deliver().await;
    let link = link_to(&app, "noe.roy@exemple.fr", "invitation");
    let form = json!({"token": link, "password": PASSWORD, "phone": "01 23 45 67 89"});
    assert_eq!(app.post("/api/invitation/accept", &form).await.status, 200);
    assert_eq!(holders(&app), ("1".to_owned(), false));
}

#[tokio::test]
async fn a_member_who_takes_over_rises_and_a_space_that_was_closed_is_nobodys_to_hand_over() {
    let app = with_desk().await;
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let lea = joins(&app, &jeanne, SIRET, ("Faure", NEW), "member").await;
    let id = over(&app).await;
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "executed");
    app.deliver().await;
    let lea = lea.again(&app, PASSWORD).await;
    let link = link_to(&app, NEW, "invitation");
    let accepted = lea.post(&app, "/api/invitation/accept", &json!({"token": link})).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    assert_eq!(holders(&app), ("1".to_owned(), false));
    assert_eq!(lea.get(&app, "/api/space").await.body["establishments"][0]["role"], "holder");

    let app = with_desk().await;
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let jeanne = jeanne.again(&app, PASSWORD).await;
    assert_eq!(jeanne.close_space(&app, SIRET).await.status, 200);
    assert_eq!(TWO.decides(&app, &id, "approve").await.problem(), "succession-state");
    assert_eq!(ONE.decides(&app, &id, "withdraw").await.body["state"], "withdrawn");
}
