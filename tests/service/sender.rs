//! The sender within its limits: the time of an invocation, the account's rate, and configuration sets.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::Email;
use domain::time::{SignedDuration, Timestamp, after};
use mail_sender::dns::MailDomains;
use mail_sender::{Due, MailConfig, Pacing, Sender};
use platform::Platform;
use platform::boot::Invocation;
use serde_json::{Value, json};
use sesame::emulator::ServiceResponse;
use sesame::mailbox;

use crate::support::{App, EMAIL, LOG, OTHER_SIRET, SIRET, ticket};

/// What SES does to whoever asks it.
#[derive(Default)]
struct Ses {
    /// The configuration set of which it takes no mail.
    paused: Option<&'static str>,
    /// How long it takes over a mail, in seconds.
    seconds: i64,
}

/// A sender beside the portal's own, on the same table.
struct Lambda {
    sender: Sender,
    /// The configuration set of each mail that SES was given.
    sets: Arc<Mutex<Vec<Option<String>>>>,
    slept: Arc<Mutex<Vec<Duration>>>,
}

impl Lambda {
    fn new(app: &App, config: MailConfig, Ses { paused, seconds }: Ses) -> Self {
        let (sets, slept) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<Duration>>>::default());
        let (given, pauses, ahead) = (sets.clone(), slept.clone(), app.ahead_seconds.clone());
        let ses = mailbox::client(None, move |body| {
            let request: Value = serde_json::from_slice(body).unwrap();
            let set = request["ConfigurationSetName"].as_str().map(str::to_owned);
            ahead.fetch_add(seconds, Ordering::SeqCst);
            given.lock().unwrap().push(set.clone());
            if paused.is_some() && set.as_deref() == paused {
                let body = json!({"__type": "SendingPausedException"}).to_string();
                return Ok(ServiceResponse { status: 400, body });
            }
            Ok(ServiceResponse::ok(json!({"MessageId": "1"}).to_string()))
        });
        let mut platform: Platform = app.portal.platform("mail-sender").unwrap().clone();
        platform.clock = platform.clock.clone().with_sleep(move |pause| {
            pauses.lock().unwrap().push(pause);
            Box::pin(std::future::ready(()))
        });
        Self { sender: Sender::new(platform, ses, config, MailDomains::new(|_| false)), sets, slept }
    }

    /// Sends these mails, which are given back in the answer by their ids.
    async fn invoke(&self, mails: &[String], deadline: Timestamp) -> SqsBatchResponse {
        let mut event = SqsEvent::default();
        event.records = mails.iter().map(|id| message(id)).collect();
        let invocation = Invocation { request_id: "invocation-7".to_owned(), deadline };
        mail_sender::handle(&self.sender, &invocation, event).await
    }

    fn sets(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.sets.lock().unwrap())
    }
}

fn message(mail_id: &str) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(mail_id.to_owned());
    message.body = serde_json::to_string(&Due { mail_id: mail_id.to_owned() }).ok();
    message
}

fn config() -> MailConfig {
    MailConfig::new("Sesame <sesame@exemple.fr>".to_owned(), Email::parse("agence@exemple.fr").unwrap())
}

/// The ids of all mails, oldest first.
fn mails(app: &App) -> Vec<String> {
    let mut ids: Vec<String> =
        app.rows("MAIL#").iter().map(|row| row["mail_id"]["S"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn in_seconds(app: &App, seconds: i64) -> Timestamp {
    let clock = &app.portal.platform("mail-sender").unwrap().clock;
    after(clock.now(), SignedDuration::from_secs(seconds))
}

#[tokio::test]
async fn no_mail_is_taken_when_the_invocation_s_time_is_nearly_up() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.apply(OTHER_SIRET, EMAIL).await;
    let lambda = Lambda::new(&app, config(), Ses::default());
    app.table.calls();
    let response = lambda.invoke(&mails(&app), in_seconds(&app, 10)).await;
    assert_eq!(response.batch_item_failures.len(), 2, "both go back to the queue");
    assert!(app.table.calls().is_empty() && lambda.sets().is_empty(), "none was leased");
    assert_eq!(app.mail_states(), ["queued"; 2]);
    let response = lambda.invoke(&mails(&app), in_seconds(&app, 29)).await;
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(app.mail_states(), ["sent"; 2]);
}

#[tokio::test]
async fn the_rest_of_a_batch_goes_back_when_one_mail_took_long() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    app.apply(OTHER_SIRET, EMAIL).await;
    let lambda = Lambda::new(&app, config(), Ses { seconds: 17, ..Ses::default() });
    let waiting = mails(&app);
    let response = lambda.invoke(&waiting, in_seconds(&app, 29)).await;
    let back: Vec<&str> =
        response.batch_item_failures.iter().map(|mail| mail.item_identifier.as_str()).collect();
    assert_eq!(back, [waiting[1].as_str()]);
    assert_eq!(app.mail_states(), ["sent", "queued"]);
}

#[tokio::test]
async fn copies_of_the_sender_keep_to_the_account_s_rate_together() {
    let app = App::new();
    for _ in 0..4 {
        app.apply(SIRET, EMAIL).await;
    }
    let pacing = Pacing::BySes { mails_per_second_max: Some(1.0) };
    let (mut turns, mut waits) = (Vec::new(), Vec::new());
    // Four copies, which know nothing of each other.
    for mail in &mails(&app) {
        let lambda = Lambda::new(&app, MailConfig { pacing, ..config() }, Ses::default());
        lambda.invoke(std::slice::from_ref(mail), Timestamp::MAX).await;
        waits.push(lambda.slept.lock().unwrap().len());
        turns.push(app.rows("TURN#links")[0]["next_ms"]["N"].as_str().unwrap().parse::<u64>().unwrap());
    }
    assert_eq!(waits, [0, 0, 1, 1], "the first has its turn, the second one that the desk does not use");
    let apart: Vec<_> = turns.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(apart, [0, 1_143, 1_143], "seven eighths of a mail a second are for links");
    assert_eq!(app.mail_states(), ["sent"; 4]);
}

#[tokio::test]
async fn mails_to_addresses_that_nobody_has_proved_have_their_own_configuration_set() {
    let app = App::new();
    let identifier = app.account(OTHER_SIRET, EMAIL).await;
    app.apply(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    app.post_proven("/api/submit-ticket", "submit-ticket", ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70"))
        .await;
    let (proven, unproven) = (Some("proven".to_owned()), Some("unproven".to_owned()));
    let config = MailConfig {
        configuration_set: proven.clone(),
        configuration_set_unproven: unproven.clone(),
        ..config()
    };
    let lambda = Lambda::new(&app, config, Ses::default());
    lambda.invoke(&mails(&app), Timestamp::MAX).await;
    // An activation, a recovery, the agency's copy, a receipt.
    let mut sets = lambda.sets();
    sets.sort();
    assert_eq!(sets, [proven.clone(), proven, unproven.clone(), unproven]);
}

#[tokio::test]
async fn a_paused_configuration_set_keeps_the_mails_of_that_set_only() {
    let app = App::new();
    let identifier = app.account(OTHER_SIRET, EMAIL).await;
    app.apply(SIRET, EMAIL).await;
    app.apply(SIRET, "autre@exemple.fr").await;
    app.recover_password(&identifier).await;
    let config = MailConfig {
        configuration_set: Some("proven".to_owned()),
        configuration_set_unproven: Some("unproven".to_owned()),
        ..config()
    };
    let lambda = Lambda::new(&app, config, Ses { paused: Some("unproven"), ..Ses::default() });
    let waiting = mails(&app).split_off(2);
    let response = lambda.invoke(&waiting, Timestamp::MAX).await;
    assert_eq!(response.batch_item_failures.len(), 2);
    assert_eq!(app.mail_states(), ["sent", "sent", "queued", "queued", "sent"]);
    assert_eq!(lambda.sets().len(), 2, "SES is asked once for the paused set");
}

#[tokio::test]
async fn a_line_of_a_mail_tells_the_function_the_invocation_and_the_request_it_comes_of() {
    let app = App::new();
    app.apply(SIRET, EMAIL).await;
    let mail = mails(&app).remove(0);
    let lambda = Lambda::new(&app, config(), Ses::default());
    lambda.invoke(std::slice::from_ref(&mail), Timestamp::MAX).await;
    let request = app.rows("MAIL#")[0]["correlation_id"]["S"].as_str().unwrap().to_owned();
    assert!(!request.is_empty());
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let line = log.lines().find(|line| line.contains(&mail)).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["kind"], &line["state"]), (&json!("activation"), &json!("sent")));
    assert_eq!((&line["service"], &line["correlation_id"]), (&json!("mail-sender"), &json!(request)));
    assert_eq!(line["function_request_id"], "invocation-7");
    assert!(line["version"].is_string() && line["cold_start"].is_boolean(), "{line}");
}
