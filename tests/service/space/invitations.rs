//! Invitations: each state of one, who may accept it, and requests for one.

use domain::invitation::OPEN_INVITATIONS_MAX;
use domain::mail::MAILBOX_INVITATION_MAILS_MAX;

use super::*;
use crate::support::{Fault, OTHER_PASSWORD};

#[tokio::test]
async fn an_invitation_that_was_accepted_withdrawn_or_expired_says_so_and_serves_no_more() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let (_, used) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(accepted(&app, &used).await.status, 200);
    assert_eq!(told(&shown(&app, &used).await), is("accepted", "none"));
    let again = accepted(&app, &used).await;
    assert_eq!((again.status, again.problem()), (410, "link-used"));

    let (id, withdrawn) = jeanne.invites(&app, &invitation(OTHER, "member")).await;
    let path = format!("/api/space/invitations/{id}?siret={SIRET}");
    let lines = app.rows("JOURNAL#").len();
    for _ in 0..2 {
        assert_eq!(app.with_cookie("DELETE", &path, &jeanne.cookie).await.status, 204, "twice is once");
    }
    assert_eq!(app.rows("JOURNAL#").len(), lines + 1);
    assert_eq!(told(&shown(&app, &withdrawn).await), is("withdrawn", "none"));
    assert_eq!(accepted(&app, &withdrawn).await.problem(), "link-expired");

    let (_, late) = jeanne.invites(&app, &invitation(OTHER, "member")).await;
    app.wait_minutes(7 * DAYS + 1);
    assert_eq!(told(&shown(&app, &late).await), is("expired", "none"));
    let refused = accepted(&app, &late).await;
    assert_eq!((refused.status, refused.problem()), (410, "link-expired"));
    let jeanne = Somebody::logs_in(&app, jeanne.identifier).await;
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!(listed[0]["state"], "expired");
    app.wait_minutes(8 * DAYS);
    assert_eq!(shown(&app, &late).await.problem(), "link-unknown");
    assert_eq!(shown(&app, "AP-7K3M-Q2FD").await.problem(), "link-unknown");
    assert_eq!(accepted(&app, &"0".repeat(52)).await.problem(), "link-unknown");
}

#[tokio::test]
async fn an_invitation_ends_with_the_space_and_with_its_inviters_word() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "holder").await;
    let (_, his) = paul.invites(&app, &invitation(OTHER, "holder")).await;
    let id = paul.id(&app, SIRET).await;
    assert_eq!(jeanne.changes(&app, &id, "role", "member").await.status, 200);
    assert_eq!(told(&shown(&app, &his).await), is("withdrawn", "none"), "he decides no longer");

    let (_, hers) = jeanne.invites(&app, &invitation(OTHER, "holder")).await;
    let path = format!("/api/space/establishments/{SIRET}/close");
    let closed = jeanne.send(&app, "POST", &path, &json!({"password": PASSWORD})).await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    assert_eq!(told(&shown(&app, &hers).await), is("closed", "none"));
    let refused = accepted(&app, &hers).await;
    assert_eq!((refused.status, refused.problem()), (410, "space-closed"));
    assert_eq!(paul.looks(&app).await["establishments"], json!([]), "nobody is a member any more");
    let form = invitation(OTHER, "member");
    assert_eq!(jeanne.send(&app, "POST", "/api/space/invitations", &form).await.problem(), "not-allowed");
}

#[tokio::test]
async fn an_invitation_whose_mail_came_back_is_corrected_and_sent_anew() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let (id, wrong) = jeanne.invites(&app, &invitation("paul.durand@inconnu.example", "holder")).await;
    app.wait_seconds(10);
    app.track().await;
    assert_eq!(jeanne.sees(&app, SIRET).await["invitations"][0]["state"], "bounced");

    let path = format!("/api/space/invitations/{id}/address");
    let sent = jeanne.send(&app, "POST", &path, &json!({"siret": SIRET, "email": COLLEAGUE})).await;
    assert_eq!((sent.status, &sent.body["sent_to"]), (202, &json!("p•••@exemple.fr")));
    assert_ne!(sent.body["invitation"], id);
    let again = jeanne.send(&app, "POST", &path, &json!({"siret": SIRET, "email": COLLEAGUE})).await;
    assert_eq!((again.status, &again.body), (202, &sent.body), "a lost answer, and the page sends it again");
    assert_eq!(app.deliver().await, 1);
    let mail = app.mails().remove(0);
    assert_eq!(mail.to, [COLLEAGUE]);
    assert_eq!(told(&shown(&app, &wrong).await), is("withdrawn", "none"), "whoever has the first mail");
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"]), (1, &json!("open")));
    assert_eq!(listed[0]["last_name"], "Durand");
    assert_eq!(accepted(&app, &link(&mail)).await.status, 200);
    assert_eq!(holders(&app), "2");
    let again = jeanne.send(&app, "POST", &path, &json!({"siret": SIRET, "email": OTHER})).await;
    assert_eq!((again.status, again.problem()), (403, "not-allowed"), "it is gone");
}

#[tokio::test]
async fn an_invitation_beyond_its_quota_is_listed_as_one_to_send_again() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let form = invitation(COLLEAGUE, "member");
    for _ in 0..MAILBOX_INVITATION_MAILS_MAX {
        let (id, _) = jeanne.invites(&app, &form).await;
        let path = format!("/api/space/invitations/{id}?siret={SIRET}");
        assert_eq!(app.with_cookie("DELETE", &path, &jeanne.cookie).await.status, 204);
    }
    assert_eq!(jeanne.send(&app, "POST", "/api/space/invitations", &form).await.status, 202);
    app.deliver().await;
    assert_eq!(jeanne.sees(&app, SIRET).await["invitations"][0]["state"], "bounced", "nothing was sent");
    app.wait_minutes(61);
    let (_, token) = jeanne.invites(&app, &form).await;
    assert_eq!(accepted(&app, &token).await.status, 200, "an hour later the same form sends one");
}

#[tokio::test]
async fn who_has_left_comes_back_with_the_account_they_have() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    assert_eq!(paul.leaves(&app).await.status, 204);
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    let anew = accepted(&app, &token).await;
    assert_eq!((anew.status, anew.problem()), (409, "account-exists"), "one account is one person");
    let back = paul.accepts(&app, &token).await;
    assert_eq!((back.status, &back.body["identifier"]), (200, &json!(paul.identifier)));
    assert_eq!(app.rows("ACCOUNT#").iter().filter(|row| row["sk"]["S"] == "ACCOUNT").count(), 2);
}

#[tokio::test]
async fn an_invitation_of_who_decides_no_longer_is_corrected_in_the_correctors_name() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "holder").await;
    let mut successor = invitation("successeur@exemple.fr", "holder");
    successor["is_successor"] = true.into();
    let (his, _) = paul.invites(&app, &invitation(OTHER, "member")).await;
    let (his_place, _) = paul.invites(&app, &successor).await;
    app.wait_minutes(7 * DAYS + 1);
    let jeanne = Somebody::logs_in(&app, jeanne.identifier).await;
    let id = jeanne.id_of(&app, "Durand").await;
    assert_eq!(jeanne.changes(&app, &id, "role", "member").await.status, 200);
    app.deliver().await;
    let form = json!({"siret": SIRET, "email": OTHER});
    let path = |id: &str| format!("/api/space/invitations/{id}/address");
    let refused = jeanne.send(&app, "POST", &path(&his_place), &form).await;
    assert_eq!((refused.status, refused.problem()), (403, "not-allowed"), "it was his place");
    assert_eq!(jeanne.send(&app, "POST", &path(&his), &form).await.status, 202);
    let shown = shown(&app, &link(&app.next_mail().await)).await;
    assert_eq!(
        (&shown.body["invited_by"], &shown.body["state"]),
        (&json!("Jeanne Martin-Ruiz"), &json!("open"))
    );
}

#[tokio::test]
async fn a_successor_takes_the_place_of_who_invited_them() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let mut form = invitation(COLLEAGUE, "member");
    form["is_successor"] = true.into();
    let refused = jeanne.send(&app, "POST", "/api/space/invitations", &form).await;
    assert_eq!(refused.faults(), ["role:role-unknown"]);
    form["role"] = "holder".into();
    let (_, token) = jeanne.invites(&app, &form).await;
    assert_eq!(jeanne.sees(&app, SIRET).await["invitations"][0]["is_successor"], true);
    let answer = accepted(&app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(jeanne.looks(&app).await["establishments"], json!([]));
    assert_eq!(holders(&app), "1");
    let paul = Somebody { identifier: String::new(), cookie: cookie(&answer) };
    assert_eq!(paul.sees(&app, SIRET).await["role"], "holder");
}

#[tokio::test]
async fn an_account_accepts_for_its_own_address_alone() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let marie = Somebody::opens(&app, OTHER_SIRET, OTHER).await;
    let (_, for_paul) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(marie.is_told(&app, &for_paul).await, is("open", "other"));
    assert_eq!(
        jeanne.is_told(&app, &for_paul).await,
        is("open", "other"),
        "a member, but not who is invited"
    );
    let before = app.rows("");
    let refused = marie.accepts(&app, &for_paul).await;
    assert_eq!((refused.status, refused.problem()), (409, "invitation-for-another-address"));
    let nobody = app.post("/api/invitation/accept", &json!({"token": for_paul})).await;
    assert_eq!((nobody.status, nobody.problem()), (401, "no-session"));
    assert_eq!(app.rows(""), before);

    let (_, for_marie) = jeanne.invites(&app, &invitation("Marie.PETIT@exemple.fr", "member")).await;
    assert_eq!(marie.is_told(&app, &for_marie).await, is("open", "same"));
    let answer = marie.accepts(&app, &for_marie).await;
    assert_eq!((answer.status, &answer.body["identifier"]), (200, &json!(marie.identifier)));
    assert_eq!(answer.headers.get("set-cookie"), None, "she is logged in already");
    let seen = marie.looks(&app).await;
    let sirets: Vec<_> = seen["establishments"].as_array().unwrap().iter().map(|e| &e["siret"]).collect();
    assert_eq!(sirets, [OTHER_SIRET, SIRET]);
    let one = app.with_cookie("GET", &format!("/api/space?siret={SIRET}"), &marie.cookie).await;
    assert_eq!(one.body["establishments"].as_array().unwrap().len(), 1);
    assert_eq!(marie.is_told(&app, &for_marie).await, is("accepted", "member"));
    assert_eq!(marie.accepts(&app, &for_marie).await.problem(), "link-used");
}

#[tokio::test]
async fn a_member_who_is_invited_again_rises_and_never_doubles() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let paul = joined(&app, &jeanne, "member").await;
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "holder")).await;
    assert_eq!(paul.is_told(&app, &token).await, is("open", "member"));
    let second = accepted(&app, &token).await;
    assert_eq!((second.status, second.problem()), (409, "already-member"), "a second account of the address");
    assert_eq!(paul.accepts(&app, &token).await.status, 200);
    assert_eq!((paul.sees(&app, SIRET).await["role"].clone(), holders(&app)), (json!("holder"), "2".into()));

    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(paul.accepts(&app, &token).await.status, 200);
    assert_eq!(paul.sees(&app, SIRET).await["role"], "holder", "no invitation demotes");
    assert_eq!(holders(&app), "2");
}

#[tokio::test]
async fn of_two_who_accept_by_one_link_at_once_one_account_is_opened() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    let (one, other) = tokio::join!(accepted(&app, &token), accepted(&app, &token));
    let (done, refused) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!((done.status, refused.status), (200, 410));
    assert_eq!(refused.problem(), "link-used");
    assert_eq!(app.rows("ACCOUNT#").len(), 2);
}

#[tokio::test]
async fn a_new_account_is_opened_with_a_password_that_is_judged_and_with_a_number() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    let before = app.rows("");
    let with = |fields: Value| {
        let mut form = json!({"token": token});
        form.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        form
    };
    for (fields, faults) in [
        (json!({"password": PASSWORD}), vec!["phone:required"]),
        (json!({"phone": PHONE}), vec!["password:required"]),
        (
            json!({"password": "court", "phone": "12"}),
            vec!["password:password-too-short", "phone:phone-format"],
        ),
        (
            json!({"password": "Paul Durand 1990", "phone": PHONE}),
            vec!["password:password-contains-identity"],
        ),
        (json!({"password": COLLEAGUE, "phone": PHONE}), vec!["password:password-contains-identity"]),
        (json!({"password": "motdepasse123", "phone": PHONE}), vec!["password:password-too-common"]),
    ] {
        let refused = app.post("/api/invitation/accept", &with(fields)).await;
        assert_eq!(
            (refused.status, refused.faults()),
            (422, faults.into_iter().map(str::to_owned).collect())
        );
    }
    assert_eq!(app.rows(""), before);
    // A password opens an account, whoever is logged in.
    let form = with(json!({"password": OTHER_PASSWORD, "phone": PHONE}));
    let answer = jeanne.send(&app, "POST", "/api/invitation/accept", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let identifier = answer.body["identifier"].as_str().unwrap();
    assert_ne!(identifier, jeanne.identifier);
    assert_eq!(app.login(identifier, OTHER_PASSWORD).await.status, 200);
    let me = app.with_cookie("GET", "/api/space", &cookie(&answer)).await.body["me"].clone();
    assert_eq!((&me["identifier"], &me["phone"]), (&json!(identifier), &json!("+33612345678")));
    assert_eq!((&me["first_name"], &me["email"]), (&json!("Paul"), &json!(COLLEAGUE)));
}

#[tokio::test]
async fn inviting_looks_the_same_whether_or_not_the_address_is_known() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    Somebody::opens(&app, OTHER_SIRET, "p.connu@exemple.fr").await;
    joined(&app, &jeanne, "member").await;
    app.table.calls();
    let mut seen = Vec::new();
    for email in ["p.connu@exemple.fr", "p.inconnu@exemple.fr", COLLEAGUE] {
        let form = invitation(email, "member");
        let mut answer = jeanne.send(&app, "POST", "/api/space/invitations", &form).await;
        assert_eq!(answer.body["invitation"].take().as_str().map(str::len), Some(16));
        let headers: Vec<_> = answer.headers.iter().map(|(n, v)| format!("{n}: {v:?}")).collect();
        seen.push((answer.status, answer.body, headers, app.table.calls()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0].3, ["GetItem", "GetItem", "Query", "TransactWriteItems"]);
}

#[tokio::test]
async fn a_space_has_so_many_open_invitations_and_no_more() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let mut last = String::new();
    for rank in 0..OPEN_INVITATIONS_MAX {
        let form = invitation(&format!("personne.{rank}@exemple.fr"), "member");
        let sent = jeanne.send(&app, "POST", "/api/space/invitations", &form).await;
        last = sent.body["invitation"].as_str().unwrap().to_owned();
    }
    let one_more = invitation(COLLEAGUE, "member");
    let refused = jeanne.send(&app, "POST", "/api/space/invitations", &one_more).await;
    assert_eq!(refused.problem(), "too-many-invitations");
    let path = format!("/api/space/invitations/{last}/address");
    let corrected = jeanne.send(&app, "POST", &path, &json!({"siret": SIRET, "email": OTHER})).await;
    assert_eq!(corrected.status, 202, "as many as before: {}", corrected.body);
    let path = format!("/api/space/invitations/{}", corrected.body["invitation"].as_str().unwrap());
    assert_eq!(app.with_cookie("DELETE", &path, &jeanne.cookie).await.status, 204);
    assert_eq!(jeanne.send(&app, "POST", "/api/space/invitations", &one_more).await.status, 202);
}

#[tokio::test]
async fn an_invitation_is_found_for_its_withdrawal_among_all_establishments_of_its_holder() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    let marie = Somebody::opens(&app, OTHER_SIRET, OTHER).await;
    let mut form = invitation(EMAIL, "member");
    form["siret"] = OTHER_SIRET.into();
    let (_, token) = marie.invites(&app, &form).await;
    assert_eq!(jeanne.accepts(&app, &token).await.status, 200);
    let (own, _) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    form["email"] = COLLEAGUE.into();
    let (foreign, foreign_link) = marie.invites(&app, &form).await;

    let withdraw = async |who: &Somebody, id: &str| {
        app.with_cookie("DELETE", &format!("/api/space/invitations/{id}"), &who.cookie).await
    };
    assert_eq!(withdraw(&marie, &own).await.status, 204, "none of hers: as one that is gone");
    // She is no holder of the establishment that it is into.
    assert_eq!(withdraw(&jeanne, &foreign).await.status, 204);
    assert_eq!(told(&shown(&app, &foreign_link).await), is("open", "none"));
    let path = format!("/api/space/invitations/{foreign}?siret={OTHER_SIRET}");
    assert_eq!(app.with_cookie("DELETE", &path, &jeanne.cookie).await.problem(), "not-allowed");
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1, "it still stands");
    assert_eq!(withdraw(&jeanne, &own).await.status, 204);
    assert_eq!(jeanne.sees(&app, SIRET).await["invitations"], json!([]));
    assert_eq!(withdraw(&jeanne, NO_ID).await.status, 204);
    for id in ["x", "0123456789ABCDEF", "0123456789abcdefg"] {
        assert_eq!(withdraw(&jeanne, id).await.problem(), "not-allowed", "{id}");
    }

    let paul = joined(&app, &jeanne, "member").await;
    assert_eq!(withdraw(&paul, NO_ID).await.problem(), "not-allowed", "he decides nowhere");
}

#[tokio::test]
async fn who_asks_for_an_invitation_learns_nothing_and_the_holders_get_one_mail_a_day() {
    let app = App::new();
    let identifier = Somebody::opens(&app, SIRET, EMAIL).await.identifier;
    let mut seen = Vec::new();
    for siret in [SIRET, OTHER_SIRET, SIRET] {
        let mut form =
            json!({"siret": siret, "first_name": "Paul", "last_name": "Durand", "email": COLLEAGUE});
        form["proof"] = app.proof("recover").await.into();
        app.table.calls();
        let answer = app.post("/api/invitation/request", &form).await;
        seen.push((answer.status, answer.body, app.table.calls()));
    }
    assert_eq!(seen[0], (202, json!({"valid_days": 7}), vec!["TransactWriteItems".to_owned()]));
    assert_eq!(seen[0], seen[1]);
    assert_eq!((seen[0].0, &seen[0].1), (seen[2].0, &seen[2].1), "the same again");
    let before = app.mails().len();
    app.deliver().await;
    let mails = app.mails();
    assert_eq!((mails.len(), mails[0].to.clone()), (before + 1, vec![EMAIL.to_owned()]));
    assert!(mails[0].text.contains(&format!("{SITE}/mon-espace/#inviter=")), "{}", mails[0].text);
    let jeanne = Somebody::logs_in(&app, identifier).await;
    let asked = jeanne.sees(&app, SIRET).await["requests"].clone();
    let who = json!({"first_name": "Paul", "last_name": "Durand", "email": COLLEAGUE});
    assert_eq!(asked.as_array().unwrap().len(), 1, "listed once, whatever becomes of the mail: {asked}");
    assert!(who.as_object().unwrap().iter().all(|(name, value)| asked[0][name] == *value), "{asked}");
    let (_, token) = jeanne.invites(&app, &invitation(COLLEAGUE, "member")).await;
    assert_eq!(jeanne.sees(&app, SIRET).await["requests"], json!([]), "answered");
    let paul = accepted(&app, &token).await;
    let paul = Somebody::logs_in(&app, paul.body["identifier"].as_str().unwrap().to_owned()).await;
    assert_eq!(paul.sees(&app, SIRET).await["requests"], Value::Null, "for holders alone");

    let unproven = json!({
        "siret": SIRET, "first_name": "Paul", "last_name": "Durand", "email": COLLEAGUE, "proof": "x"
    });
    assert_eq!(app.post("/api/invitation/request", &unproven).await.problem(), "proof-rejected");
    let form = json!({"siret": SIRET, "first_name": "", "last_name": "Durand", "email": "paul@"});
    let refused = app.post("/api/invitation/request", &form).await;
    assert_eq!(refused.faults(), ["first_name:required", "email:email-format", "proof:required"]);
}

#[tokio::test]
async fn an_invitation_whose_answer_was_lost_is_sent_once() {
    let app = App::new();
    let jeanne = Somebody::opens(&app, SIRET, EMAIL).await;
    for _ in 0..3 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::AnswerLost]);
    let sent = jeanne.send(&app, "POST", "/api/space/invitations", &invitation(COLLEAGUE, "member")).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    let listed = jeanne.sees(&app, SIRET).await["invitations"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["invitation"]), (1, &sent.body["invitation"]));
    assert_eq!(app.deliver().await, 1);

    let token = link(&app.mails()[0]);
    for _ in 0..3 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::AnswerLost]);
    let answer = accepted(&app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(app.with_cookie("GET", "/api/space", &cookie(&answer)).await.status, 200);
    assert_eq!(app.rows("JOURNAL#").len(), 3, "joined, invited, accepted");
}
