//! Mails under faults of SES: put off, refused, paused; never lost.

use domain::time::{SignedDuration, Timestamp, in_paris};
use serde_json::json;
use sesame::worker::RECEIVES_MAX;

use crate::support::{App, EMAIL, Fault, OTHER_PASSWORD, OTHER_SIRET, PASSWORD, SIRET, token};

#[tokio::test]
async fn a_throttled_mail_is_tried_again_at_once() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.ses.plan([Fault::Throttled; 2]);
    app.deliver().await;
    assert_eq!(app.mail_states(), ["sent"]);
    assert_eq!(app.ses.calls().len(), 3);
}

#[tokio::test]
async fn a_mail_that_stays_throttled_goes_back_to_the_queue_and_the_batch_with_it() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.apply(OTHER_SIRET, EMAIL).await;
    app.ses.plan([Fault::Throttled; 3]);
    app.deliver().await;
    assert_eq!(app.ses.calls().len(), 3, "the other mail is not even tried");
    assert_eq!(app.mail_states(), ["queued"; 2]);
    assert_eq!(app.deliver().await, 0, "not visible yet");
    app.wait_seconds(61);
    app.deliver().await;
    assert_eq!(app.mail_states(), ["sent"; 2]);
}

#[tokio::test]
async fn a_mail_that_ses_refuses_for_good_says_so() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.ses.plan([Fault::Rejected]);
    app.deliver().await;
    let row = app.rows("MAIL#").remove(0);
    assert_eq!((&row["mail_state"]["S"], &row["note"]["S"]), (&json!("refused"), &json!("MessageRejected")));
    app.wait_minutes(10);
    assert_eq!(app.deliver().await, 0, "it is not tried again");
}

#[tokio::test]
async fn a_mail_whose_sender_is_not_verified_yet_waits_until_it_is() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.ses.plan([Fault::Unverified]);
    app.deliver().await;
    assert_eq!(app.mail_states(), ["queued"]);
    app.wait_seconds(61);
    app.deliver().await;
    assert_eq!(app.mail_states(), ["sent"]);
}

#[tokio::test]
async fn a_paused_account_keeps_the_whole_batch() {
    let app = App::new();
    for siret in [SIRET, OTHER_SIRET, "44306184100047"] {
        app.apply(siret, EMAIL).await;
    }
    app.ses.plan([Fault::Paused]);
    app.deliver().await;
    assert_eq!(app.ses.calls().len(), 1, "the others are not even tried");
    assert_eq!(app.mail_states(), ["queued"; 3]);
    app.wait_seconds(61);
    app.deliver().await;
    assert_eq!(app.mail_states(), ["sent"; 3]);
}

#[tokio::test]
async fn a_crash_between_sending_and_recording_loses_no_mail_and_makes_no_second_link() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.ses.plan([Fault::Crash]);
    app.deliver().await;
    app.revive();
    assert_eq!(app.mail_states(), ["sending"]);
    app.wait_seconds(61);
    app.deliver().await;
    assert_eq!(app.mail_states(), ["sent"]);
    let mails = app.mails();
    assert_eq!(mails.len(), 2, "sent twice rather than lost");
    assert_eq!(token(&mails[0]), token(&mails[1]));
    assert_eq!(app.rows("LINK#").len(), 1);
}

#[tokio::test]
async fn a_mail_whose_link_has_served_is_not_sent_again() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.ses.plan([Fault::Crash]);
    app.deliver().await;
    app.revive();
    let arrived = token(&app.mails()[0]);
    assert_eq!(app.set_password(&arrived, PASSWORD).await.status, 200);
    app.wait_seconds(61);
    app.deliver().await;
    let about_activation = app.mails().iter().filter(|mail| mail.text.contains(&arrived)).count();
    assert_eq!(about_activation, 1);
    assert_eq!(app.mail_states(), ["superseded", "sent"]);
}

#[tokio::test]
async fn a_batch_delivered_twice_sends_each_mail_once() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.portal.take_up_mails().unwrap();
    assert_eq!(app.deliver().await, 2, "the same message twice");
    assert_eq!(app.mails().len(), 1);
}

#[tokio::test]
async fn a_mail_that_never_works_is_set_aside() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.ses.plan([Fault::Unverified; RECEIVES_MAX as usize]);
    for _ in 0..RECEIVES_MAX {
        assert_eq!(app.deliver().await, 1);
        app.wait_seconds(61);
    }
    assert_eq!(app.deliver().await, 0, "handed out a bounded number of times");
    assert_eq!(app.mail_states(), ["queued"], "and still there for the next start");
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_still_ours() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.table.plan([Fault::AnswerLost]);
    app.deliver().await;
    assert_eq!(app.mail_states(), ["sent"], "not put off until the lease runs out");
}

#[tokio::test]
async fn a_link_that_a_later_one_killed_stays_dead_when_its_mail_is_sent_again() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    app.ses.plan([Fault::AnswerLost]);
    app.deliver().await;
    let killed = token(&app.mails()[0]);
    app.wait_seconds(1);
    app.recover_password(&identifier).await;
    let used = token(&app.next_mail().await);
    assert_eq!(app.set_password(&used, OTHER_PASSWORD).await.status, 200);
    app.wait_seconds(61);
    app.deliver().await;
    let refused = app.set_password(&killed, PASSWORD).await;
    assert_eq!((refused.status, refused.problem()), (410, "link-used"));
    assert_eq!(app.mails().iter().filter(|mail| mail.text.contains(&killed)).count(), 1, "not sent again");
}

#[tokio::test]
async fn a_link_asked_for_before_the_password_was_set_is_not_sent_after() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    app.ses.plan([Fault::Unverified]);
    app.deliver().await;
    app.wait_seconds(2);
    app.recover_password(&identifier).await;
    let used = token(&app.next_mail().await);
    assert_eq!(app.set_password(&used, OTHER_PASSWORD).await.status, 200);
    let before = app.mails().len();
    app.wait_seconds(61);
    app.deliver().await;
    let subjects: Vec<_> = app.mails().iter().map(|mail| mail.subject.clone()).collect();
    assert_eq!(subjects.len(), before + 1, "only what tells of the change: {subjects:?}");
}

#[tokio::test]
async fn a_mail_that_waited_tells_when_it_happened_and_not_when_it_is_sent() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    let link = token(&app.next_mail().await);
    assert_eq!(app.set_password(&link, OTHER_PASSWORD).await.status, 200);
    let minute = |now: Timestamp| in_paris(now).strftime("%-H\u{a0}h\u{a0}%M").to_string();
    let happened = [Timestamp::now(), Timestamp::now() - SignedDuration::from_secs(60)].map(minute);
    app.wait_minutes(90);
    let mail = app.next_mail().await;
    assert!(happened.iter().any(|minute| mail.text.contains(minute)), "{happened:?}: {}", mail.text);
}
