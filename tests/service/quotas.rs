//! Quotas: what a stranger can have sent floods nobody, and silences nobody.

use domain::Identifier;
use domain::mail::{ACTIVATION_MAILS_MAX, ESTABLISHMENT_ACTIVATION_MAILS_MAX, RECEIPT_MAILS_MAX};
use serde_json::{Value, json};
use testkit::form::siret;

use crate::support::{
    App, EMAIL, Fault, OTHER_PASSWORD, OTHER_SIRET, PASSWORD, SIRET, identifier_in, ticket, token,
};

/// What the last mail within a quota says.
const NEXT: &str = "pourra partir le";

/// Files a request for assistance, from that address.
async fn submit(app: &App, number: u32, email: &str) -> String {
    let mut form = ticket(&format!("0192d5a2-8f0e-7c3b-9a1d-{number:012}"));
    form["email"] = email.into();
    let sent = app.post_proven("/api/submit-ticket", "submit-ticket", form).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    sent.body["reference"].as_str().unwrap().to_owned()
}

/// The notes of the mails that ended so.
fn notes(app: &App, state: &str) -> Vec<String> {
    let mut rows = app.rows("MAIL#");
    rows.retain(|row| row["mail_state"]["S"] == state);
    rows.iter().map(|row| row["note"]["S"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn whoever_uses_a_holder_s_recovery_mails_up_has_sent_them_links_that_work() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    let before = app.mails().len();
    for _ in 0..7 {
        // A SIRET and an address are public.
        assert_eq!(app.recover_identifier(SIRET, EMAIL).await.status, 202, "nobody is told");
    }
    app.deliver().await;
    let mut mails = app.mails();
    mails.truncate(mails.len() - before);
    assert_eq!(mails.len(), 5);
    assert_eq!(notes(&app, "suppressed"), ["recovery quota"; 2]);
    let says_next: Vec<bool> = mails.iter().map(|mail| mail.text.contains(NEXT)).collect();
    assert_eq!(says_next, [true, false, false, false, false], "only the last says when the next may come");
    for mail in &mails {
        assert!(mail.text.contains(&identifier) && mail.html.contains(&token(mail)), "{}", mail.text);
    }
    assert_eq!(app.set_password(&token(&mails[4]), OTHER_PASSWORD).await.status, 200);
    app.wait_minutes(61);
    app.recover_password(&identifier).await;
    assert!(!app.next_mail().await.text.contains(NEXT), "after an hour it may have more");
}

#[tokio::test]
async fn a_new_link_for_an_application_counts_as_an_activation() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let mail = app.next_mail().await;
    for _ in 1..ESTABLISHMENT_ACTIVATION_MAILS_MAX {
        app.recover_password(identifier_in(&mail)).await;
    }
    app.deliver().await;
    assert_eq!(app.mails().len(), 10, "more than there are recovery mails in an hour");
    assert!(app.mails()[0].text.contains(NEXT) && !app.mails()[1].text.contains(NEXT));
    app.recover_password(identifier_in(&mail)).await;
    app.deliver().await;
    assert_eq!(notes(&app, "suppressed"), ["establishment-activation quota"]);
}

#[tokio::test]
async fn applications_for_one_establishment_do_not_silence_those_for_others() {
    let app = App::new();
    for _ in 0..12 {
        app.apply(SIRET, EMAIL).await;
    }
    app.deliver().await;
    assert_eq!(notes(&app, "suppressed").len(), 2);
    app.apply(OTHER_SIRET, EMAIL).await;
    assert_eq!(app.next_mail().await.to, [EMAIL]);
    app.apply(SIRET, "autre@exemple.fr").await;
    assert_eq!(app.next_mail().await.to, ["autre@exemple.fr"]);
}

#[tokio::test]
async fn a_mailbox_gets_sixty_activation_links_an_hour() {
    let app = App::new();
    for rank in 0..=ACTIVATION_MAILS_MAX {
        assert_eq!(app.apply(&siret(rank), EMAIL).await.status, 202);
    }
    app.deliver().await;
    assert_eq!(app.mails().len(), 60);
    assert_eq!(notes(&app, "suppressed"), ["activation quota"]);
    app.wait_minutes(61);
    app.apply(SIRET, EMAIL).await;
    app.next_mail().await;
}

#[tokio::test]
async fn sub_addresses_make_no_quota_void_and_are_written_to_as_typed() {
    let app = App::new();
    for tag in 0..=ESTABLISHMENT_ACTIVATION_MAILS_MAX {
        app.apply(SIRET, &format!("Jeanne.Martin+{tag}@exemple.fr")).await;
    }
    app.deliver().await;
    assert_eq!(app.mails().len(), 10);
    assert_eq!(app.mails()[9].to, ["Jeanne.Martin+0@exemple.fr"]);
    assert_eq!(notes(&app, "suppressed"), ["establishment-activation quota"]);
}

#[tokio::test]
async fn receipts_end_and_requests_for_assistance_reach_the_agency() {
    let app = App::new();
    for number in 0..=u32::try_from(RECEIPT_MAILS_MAX).unwrap() {
        submit(&app, number, EMAIL).await;
    }
    app.deliver().await;
    let mails = app.mails();
    let receipts: Vec<_> = mails.iter().filter(|mail| mail.to == [EMAIL]).collect();
    assert_eq!((receipts.len(), mails.len() - receipts.len()), (20, 21));
    assert!(receipts[0].text.contains(NEXT) && !receipts[1].text.contains(NEXT));
    assert_eq!(notes(&app, "suppressed"), ["receipt quota"]);
}

#[tokio::test]
async fn beyond_the_agency_s_quota_one_digest_names_each_request() {
    let app = App::new();
    app.fill_agency_quota().await;
    app.wait_to_quarter();
    let mut references = vec![submit(&app, 1, EMAIL).await, submit(&app, 2, "autre@exemple.fr").await];
    app.deliver().await;
    let to_agency = |app: &App| {
        let mut mails = app.mails();
        mails.retain(|mail| mail.to == ["contact-ap@asp-public.fr"]);
        mails
    };
    assert!(to_agency(&app).is_empty(), "the period is not over");
    assert_eq!(app.mails().len(), 2, "both persons have their receipt");
    app.wait_minutes(10);
    references.push(submit(&app, 3, EMAIL).await);
    app.deliver().await;
    app.wait_minutes(7);
    app.deliver().await;
    let digests = to_agency(&app);
    assert_eq!(digests.len(), 1);
    for reference in &references {
        assert_eq!(digests[0].text.matches(reference.as_str()).count(), 1, "{}", digests[0].text);
    }
    assert!(digests[0].text.contains("autre@exemple.fr") && digests[0].subject.contains('3'));
    let said: std::collections::BTreeSet<_> = notes(&app, "superseded").into_iter().collect();
    assert_eq!(said.len(), 1, "each copy says which digest lists it: {said:?}");
    app.wait_minutes(61);
    app.deliver().await;
    submit(&app, 4, EMAIL).await;
    app.deliver().await;
    assert_eq!(to_agency(&app).len(), 2, "after an hour the agency has single mails again");
}

#[tokio::test]
async fn a_digest_names_a_request_once_whatever_is_done_twice_on_the_way() {
    let app = App::new();
    app.fill_agency_quota().await;
    app.wait_to_quarter();
    let reference = submit(&app, 1, EMAIL).await;
    // The agency's copy is leased, its ticket found, counted and added to the digest, that digest's mail
    // queued; its end cannot be written down.
    for _ in 0..5 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::Throttled; 3]);
    app.deliver().await;
    assert_eq!((notes(&app, "superseded").len(), app.rows("DIGEST#").len()), (0, 1));
    app.wait_seconds(61);
    app.deliver().await;
    assert_eq!((notes(&app, "superseded").len(), app.rows("DIGEST#").len()), (1, 1));
    app.wait_minutes(16);
    app.ses.plan([Fault::Crash]);
    app.deliver().await;
    app.revive();
    app.wait_seconds(61);
    app.deliver().await;
    let mut digests = app.mails();
    digests.retain(|mail| mail.to == ["contact-ap@asp-public.fr"]);
    assert_eq!(digests.len(), 2, "sent twice rather than lost");
    assert_eq!(digests[0].text, digests[1].text);
    assert_eq!(digests[0].text.matches(&reference).count(), 1);
}

#[tokio::test]
async fn a_flood_of_requests_for_assistance_delays_no_link() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    for number in 0..15 {
        submit(&app, number, "autre@exemple.fr").await;
    }
    app.recover_password(&identifier).await;
    assert_eq!(
        app.portal.worker.send_batch().await,
        1,
        "the link alone, before thirty mails that came first"
    );
    assert_eq!(app.mails()[0].to, [EMAIL]);
    assert_eq!(app.deliver().await, 30);
}

#[tokio::test]
async fn a_domain_that_takes_no_mail_is_told_on_the_form() {
    let app = App::new();
    app.takes_no_mail("exmple.fr");
    let mistyped = "jeanne@exmple.fr";
    assert_eq!(app.apply(SIRET, mistyped).await.status, 202, "no request asks a name server");
    app.deliver().await;
    assert!(app.mails().is_empty());
    assert_eq!(notes(&app, "refused"), ["no-mail-domain"]);

    let mut form = crate::support::application(SIRET, mistyped);
    form["proof"] = app.proof("create-account").await.into();
    let told = app.post("/api/create-account", &form).await;
    assert_eq!((told.status, told.faults()), (422, vec!["email:email-domain".to_owned()]));
    form["email"] = EMAIL.into();
    assert_eq!(
        app.post("/api/create-account", &form).await.status,
        202,
        "the proof serves once it is corrected"
    );

    let mut form = ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70");
    form["email"] = mistyped.into();
    let told = app.post_proven("/api/submit-ticket", "submit-ticket", form).await;
    assert_eq!((told.status, told.faults()), (422, vec!["email:email-domain".to_owned()]));
    app.wait_minutes(61);
    assert_eq!(app.apply(SIRET, mistyped).await.status, 202, "expired, though not swept");
}

#[tokio::test]
async fn the_same_application_is_answered_the_same_when_its_domain_is_refused_since() {
    let app = App::new();
    app.takes_no_mail("exmple.fr");
    let mut form = crate::support::application(SIRET, "jeanne@exmple.fr");
    form["proof"] = app.proof("create-account").await.into();
    let first = app.post("/api/create-account", &form).await;
    app.deliver().await;
    let again = app.post("/api/create-account", &form).await;
    assert_eq!((again.status, again.body), (202, first.body));
}

#[tokio::test]
async fn no_name_server_is_asked_about_an_address_that_is_proven() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.takes_no_mail("exemple.fr");
    app.recover_password(&identifier).await;
    assert_eq!(app.next_mail().await.to, [EMAIL]);
}

/// Makes somebody else a member of an establishment, with an account like the first one's.
fn add_member(app: &App, identifier: &str, email: &str) {
    let mut account: Value = app.rows("ACCOUNT#").remove(0);
    account["pk"]["S"] = format!("ACCOUNT#{identifier}").into();
    account["email"]["S"] = email.into();
    let member = json!({
        "pk": {"S": format!("SIRET#{SIRET}")}, "sk": {"S": format!("MEMBER#{identifier}")},
        "identifier": {"S": identifier}, "opening": {"N": "1"}, "member_role": {"S": "holder"},
        "member_state": {"S": "active"}, "first_name": {"S": "Jeanne"}, "last_name": {"S": "Martin"},
        "email": {"S": email}, "since": {"N": "1"}, "mark": {"N": "1"},
    });
    for row in [account, member] {
        app.operate("PutItem", &json!({"TableName": sesame::emulator::TABLE, "Item": row}));
    }
}

#[tokio::test]
async fn a_recovery_mail_tells_each_account_of_that_person_and_no_other() {
    let app = App::new();
    let first = app.account(SIRET, EMAIL).await;
    let [second, stranger] = [1, 2].map(|last| Identifier::from_random([0, 0, 0, 0, 0, 0, last]).to_string());
    add_member(&app, &second, "Jeanne.Martin@exemple.fr");
    add_member(&app, &stranger, "autre@exemple.fr");
    app.recover_identifier(SIRET, EMAIL).await;
    let by_address = app.next_mail().await;
    app.recover_password(&second).await;
    let by_identifier = app.next_mail().await;
    for mail in [&by_address, &by_identifier] {
        assert!(mail.text.contains(&first) && mail.text.contains(&second) && !mail.text.contains(&stranger));
        assert!(mail.subject.contains("identifiant") && mail.subject.contains("mot de passe"));
        assert_eq!(mail.text.matches("/mot-de-passe/#").count(), 2);
    }
    let mut opened = Vec::new();
    for (_, link) in by_address.text.lines().filter_map(|line| line.split_once("/mot-de-passe/#")) {
        let set = app.set_password(link, OTHER_PASSWORD).await;
        assert_eq!(set.status, 200, "{}", set.body);
        opened.push(set.body["identifier"].as_str().unwrap().to_owned());
    }
    opened.sort();
    let mut theirs = [first, second];
    theirs.sort();
    assert_eq!(opened, theirs);
    assert_eq!(app.set_password(&token(&by_identifier), PASSWORD).await.problem(), "link-used");
}

#[tokio::test]
async fn a_quota_that_is_begun_anew_loses_no_mail() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    app.next_mail().await;
    app.wait_minutes(61);
    app.recover_password(&identifier).await;
    // Lease, account, members, the member's account, the count that finds the hour over, and then the answer
    // to the new count is lost.
    for _ in 0..5 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::AnswerLost]);
    app.deliver().await;
    assert_eq!(app.mail_states().last().map(String::as_str), Some("sent"));
}
