//! Batches of the queue: none makes the sender panic, loses a mail, or sends one twice.
//!
//! An input is the JSON of an event; its member `seconds` is the time that the invocation has left.

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use domain::MailId;
use domain::time::{SignedDuration, after};
use mail_sender::Due;
use platform::boot::Invocation;
use serde_json::Value;

use crate::fixture::{self, Fixture};

/// The time that an invocation has, if the event does not say it.
const SECONDS: i64 = 29;

pub fn batch(input: &[u8]) {
    fixture::with(|fixture| {
        let input = fixture.filled(input);
        let Ok(event) = serde_json::from_slice::<SqsEvent>(&input) else { return };
        let json: Value = serde_json::from_slice(&input).unwrap_or_default();
        let seconds = json["seconds"].as_i64().unwrap_or(SECONDS);
        let failed = deliver(fixture, &event, seconds);
        let ids: BTreeSet<String> = event.records.iter().map(id_of).collect();
        assert!(failed.is_subset(&ids), "failures of no message: {failed:?}");
        let waiting = waiting(fixture);
        for message in &event.records {
            let is_failed = failed.contains(&id_of(message));
            match mail_of(message) {
                Some(mail) => assert!(is_failed || !waiting.contains(&mail), "{mail} is lost"),
                None => assert!(is_failed, "what is no mail is dropped"),
            }
        }
        // The queue may hand the same batch over again, to one who has time.
        deliver(fixture, &event, SECONDS);
        let sent = fixture.mails_sent();
        let once: BTreeSet<&String> = sent.iter().collect();
        assert_eq!(once.len(), sent.len(), "a mail is sent twice: {sent:?}");
    });
}

/// Hands an event to the sender. Gives the ids of the messages that have failed.
fn deliver(fixture: &Fixture, event: &SqsEvent, seconds: i64) -> BTreeSet<String> {
    let platform = fixture.portal.platform(mail_sender::FUNCTION.name).unwrap();
    let deadline = after(platform.clock.now(), SignedDuration::from_secs(seconds));
    let invocation = Invocation { request_id: "fuzz".to_owned(), deadline };
    let sender = fixture.portal.worker.sender();
    let response = fixture.block_on(Box::pin(mail_sender::handle(sender, &invocation, event.clone())));
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn id_of(message: &SqsMessage) -> String {
    message.message_id.clone().unwrap_or_default()
}

fn mail_of(message: &SqsMessage) -> Option<String> {
    let due: Due = serde_json::from_str(message.body.as_deref()?).ok()?;
    MailId::parse(&due.mail_id).map(|mail| mail.to_string())
}

/// The mails that are neither sent nor ended in another way.
fn waiting(fixture: &Fixture) -> BTreeSet<String> {
    let mut rows = fixture.scan();
    rows.retain(|row| ["queued", "sending"].map(Some).contains(&row["mail_state"]["S"].as_str()));
    rows.iter().filter_map(|row| row["mail_id"]["S"].as_str()).map(str::to_owned).collect()
}
