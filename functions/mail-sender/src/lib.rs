//! Sends the mails of the outbox: the one place that looks accounts up for a mail, and that knows SES.

mod prepare;
pub mod render;
mod ses;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::mail::MailState;
use domain::{Email, MailId};
use platform::boot::{self, BootError};
use platform::clock::Clock;
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::metrics::{self, Event};
use platform::outbox::{Lease, Leased};
use platform::{Error, Platform};
use serde::{Deserialize, Serialize};

use crate::prepare::Prepared;
use crate::ses::{Outcome, Ses};
pub use crate::ses::{TAG, ses_config};

/// This function, as it states itself. Queues feed it.
pub const FUNCTION: Function = Function {
    name: "mail-sender",
    routes: &[],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("TICKET#"),
        Grant::query("SIRET#"),
        Grant::update("MAIL#"),
        Grant::update("LINK#"),
        Grant::update("QUOTA#"),
    ],
    secrets: &[Secret::Link, Secret::Hash],
    size: Size { memory_mb: 256, timeout_seconds: 30, slow_ms: 14_000, share: Share::Mails },
};

/// Where requests for assistance go when the operator does not say (procedure, case 3).
pub const AGENCY_ADDRESS_DEFAULT: &str = "contact-ap@asp-public.fr";

/// What the queue says of a mail: nothing but which one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Due {
    /// Its id.
    pub mail_id: String,
}

/// What an operator sets for mails.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Who the mails are from, as SES takes it: `Name <address>`, the name in ASCII.
    pub from: String,
    /// Where requests for assistance go, and replies.
    pub agency: Email,
    /// SES's configuration set, if there is one.
    pub configuration_set: Option<String>,
}

/// Everything that sending a mail takes.
#[derive(Debug, Clone)]
pub struct Sender {
    platform: Platform,
    ses: Ses,
    agency: Email,
}

/// What becomes of one message of the batch.
enum Next {
    /// The mail has reached an end, whichever.
    Over,
    /// It is to be tried again.
    Again,
    /// So are all others: SES takes nothing from us.
    Pause,
}

impl Sender {
    /// A sender that reaches SES through this client.
    #[must_use]
    pub fn new(platform: Platform, ses: aws_sdk_sesv2::Client, config: MailConfig) -> Self {
        let agency = config.agency.clone();
        Self { platform, ses: Ses::new(ses, config), agency }
    }

    /// A sender with the settings of the environment.
    ///
    /// # Errors
    /// A missing setting.
    pub async fn start() -> Result<Self, BootError> {
        let platform = boot::start(&FUNCTION).await?;
        let agency = boot::required("SESAME_AGENCY_ADDRESS", "the agency's address")
            .unwrap_or_else(|_| AGENCY_ADDRESS_DEFAULT.to_owned());
        let config = MailConfig {
            from: boot::required("SESAME_MAIL_FROM", "who mails are from")?,
            agency: Email::parse(&agency).map_err(|_| "SESAME_AGENCY_ADDRESS is not an address")?,
            configuration_set: boot::required("SESAME_CONFIGURATION_SET", "a configuration set").ok(),
        };
        Ok(Self::new(platform, ses::client()?, config))
    }

    fn clock(&self) -> &Clock {
        &self.platform.clock
    }
}

/// Sends a batch of the queue, one mail after another. What is to be tried again goes back to the queue.
pub async fn handle(sender: &Sender, event: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    let mut is_paused = false;
    for message in event.records {
        let next = if is_paused { Next::Pause } else { take(sender, &message).await };
        is_paused = matches!(next, Next::Pause);
        if !matches!(next, Next::Over) {
            response.add_failure(message.message_id.unwrap_or_default());
        }
    }
    response
}

async fn take(sender: &Sender, message: &SqsMessage) -> Next {
    let due: Option<Due> = message.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    let Some(id) = due.and_then(|due| MailId::parse(&due.mail_id)) else {
        tracing::error!(message_id = message.message_id, "the queue holds what is no mail");
        return Next::Again;
    };
    let outbox = &sender.platform.outbox;
    let leased = match outbox.lease(id).await {
        Ok(Lease::Ours(leased)) => leased,
        Ok(Lease::Over) => return Next::Over,
        Ok(Lease::Held) => return Next::Again,
        Err(error) => return failed(id, &error.into()),
    };
    let next = match send(sender, &leased).await {
        Ok(next) => next,
        Err(error) => failed(id, &error),
    };
    if !matches!(next, Next::Over) {
        // If even this fails, the lease runs out by itself.
        let _ = outbox.release(&leased).await;
    }
    next
}

async fn send(sender: &Sender, leased: &Leased) -> Result<Next, Error> {
    let (state, note) = match prepare::prepare(sender, leased).await? {
        Prepared::Nobody => (MailState::NoRecipient, String::new()),
        Prepared::TooMany => (MailState::Suppressed, String::new()),
        Prepared::Served => (MailState::Superseded, String::new()),
        Prepared::Broken(why) => (MailState::Refused, why),
        Prepared::Mail(mail) => match sender.ses.send(leased.id, &mail).await {
            Outcome::Sent(message_id) => (MailState::Sent, message_id),
            Outcome::Refused(code) => (MailState::Refused, code),
            Outcome::Retry(code) => return Ok(put_off(leased, &code, Next::Again)),
            Outcome::Paused(code) => return Ok(put_off(leased, &code, Next::Pause)),
        },
    };
    sender.platform.outbox.finish(leased, state, &note).await?;
    metrics::count(Event::Mail(state), sender.clock().now());
    let (mail, kind, state) = (leased.id.to_string(), leased.job.kind(), state.as_str());
    tracing::info!(mail, kind, state, "mail");
    Ok(Next::Over)
}

fn put_off(leased: &Leased, code: &str, next: Next) -> Next {
    tracing::warn!(mail = leased.id.to_string(), kind = leased.job.kind(), code, "mail put off");
    next
}

fn failed(id: MailId, error: &Error) -> Next {
    tracing::error!(mail = id.to_string(), %error, "mail put off");
    Next::Again
}
