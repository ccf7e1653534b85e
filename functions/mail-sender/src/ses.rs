//! The SES client: pacing, retries on throttling, and what each error means for a mail.

use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::config::{BehaviorVersion, Builder, Config};
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::operation::send_email::builders::SendEmailFluentBuilder;
use aws_sdk_sesv2::types::{self, Body, Destination, EmailContent, Message, MessageTag};
use domain::mail::Lane;
use domain::{Email, MailId};
use platform::Platform;
use platform::boot::{self, BootError};
use platform::clock::Clock;
use platform::random::Random;
use platform::scope;
use platform::table::TableError;

use crate::pace::{Pace, TURN_WAIT_MAX, Turn};
use crate::prepare::Mail;
use crate::render::Content;
use crate::{MailConfig, Pacing};

/// The name of the tag that carries the mail's id through SES's events.
pub const TAG: &str = "mail_id";
/// Timeout of one call.
pub const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// Retries of a throttled mail. After them the whole batch is retried later.
const THROTTLED_RETRIES_MAX: u32 = 2;
/// Upper bound of the backoff before such a retry; the lower one is half of it.
const THROTTLED_PAUSE_MS_MAX: u32 = 400;
/// The code of a mail whose sender, or in the sandbox whose recipient, is not verified.
pub const UNVERIFIED: &str = "MessageRejected";

/// The result of sending a mail.
#[derive(Debug)]
pub enum Outcome {
    /// Accepted; SES's message id.
    Sent(String),
    /// Permanent failure, and why.
    Refused(String),
    /// Temporary failure; the mail may have been accepted.
    Retry(&'static str),
    /// The configuration set is paused.
    SetPaused(&'static str),
    /// The account is throttled or paused.
    Paused(&'static str),
}

#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    config: MailConfig,
    clock: Clock,
    random: Random,
    /// None without pacing.
    pace: Option<Pace>,
}

/// Settings of an SES client, the same everywhere. The SDK's retries are off: a lost answer may hide a mail
/// that was accepted, and the queue retries with backoff.
#[must_use]
pub fn ses_config() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_timeout(SEND_TIME_MAX).build();
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
}

/// The endpoint of an emulated SES.
pub fn emulator() -> Option<String> {
    boot::endpoint("AWS_ENDPOINT_URL_SESV2")
}

pub fn client() -> Result<Client, BootError> {
    let (region, credentials) = boot::credentials()?;
    let endpoint = emulator();
    let http = boot::http_client(endpoint.as_deref())?;
    let mut config = ses_config().region(region).credentials_provider(credentials).http_client(http);
    config.set_endpoint_url(endpoint);
    Ok(Client::from_conf(config.build()))
}

impl Ses {
    pub fn new(client: Client, config: MailConfig, platform: &Platform) -> Self {
        let (clock, random) = (platform.clock.clone(), platform.random.clone());
        let pace = match config.pacing {
            Pacing::Off => None,
            Pacing::BySes { mails_per_second_max } => {
                Some(Pace::new(client.clone(), platform.outbox.clone(), clock.clone(), mails_per_second_max))
            }
        };
        Self { client, config, clock, random, pace }
    }

    /// The longest wait for one [`turn`](Self::turn).
    pub fn pause(&self) -> Duration {
        if self.pace.is_some() { TURN_WAIT_MAX.unsigned_abs() } else { Duration::ZERO }
    }

    /// The configuration set of a mail. Bounces of unproven addresses pause their own set and no other.
    pub fn set_of(&self, is_unproven: bool) -> Option<&str> {
        let proven = self.config.configuration_set.as_deref();
        if is_unproven { self.config.configuration_set_unproven.as_deref().or(proven) } else { proven }
    }

    /// Sends a mail whose turn has come to one recipient, tagged with its id, before the deadline of the
    /// batch.
    pub async fn send(&self, id: MailId, lane: Lane, mail: &Mail, to: &Email) -> Outcome {
        let request = match self.request(id, mail, to) {
            Ok(request) => request,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let mut retries = 0;
        loop {
            let error = match scope::in_time(&self.clock, Box::pin(request.clone().send())).await {
                Some(Ok(sent)) => {
                    self.pace.iter().for_each(Pace::sent);
                    return Outcome::Sent(sent.message_id.unwrap_or_default());
                }
                Some(Err(error)) => error,
                None => return Outcome::Retry("out-of-time"),
            };
            let outcome = outcome_of(&error);
            let is_throttled =
                matches!(error.as_service_error(), Some(SendEmailError::TooManyRequestsException(_)));
            if !is_throttled || retries == THROTTLED_RETRIES_MAX {
                return outcome;
            }
            retries += 1;
            // Jitter: senders that were throttled together must not retry together.
            let half = THROTTLED_PAUSE_MS_MAX / 2;
            let pause = half + self.random.below(half);
            self.clock.sleep(Duration::from_millis(pause.into())).await;
            match self.turn(lane, 1).await {
                Ok(Turn::Now) => {}
                Ok(Turn::NotNow(code)) => return Outcome::Paused(code),
                Err(_) => return Outcome::Retry("table"),
            }
        }
    }

    /// Waits until so many messages of this lane may leave, no longer than the batch has time.
    pub async fn turn(&self, lane: Lane, messages: usize) -> Result<Turn, TableError> {
        let Some(pace) = &self.pace else { return Ok(Turn::Now) };
        let waited = scope::in_time(&self.clock, Box::pin(pace.wait(lane, messages))).await;
        waited.unwrap_or(Ok(Turn::NotNow("out-of-time")))
    }

    fn request(&self, id: MailId, mail: &Mail, to: &Email) -> Result<SendEmailFluentBuilder, BuildError> {
        Ok(self
            .client
            .send_email()
            .from_email_address(&self.config.from)
            .destination(Destination::builder().to_addresses(to.as_str()).build())
            .reply_to_addresses(mail.reply_to.as_str())
            .set_configuration_set_name(self.set_of(mail.is_unproven).map(str::to_owned))
            .email_tags(MessageTag::builder().name(TAG).value(id.to_string()).build()?)
            .content(as_email(&mail.content)?))
    }
}

fn as_email(content: &Content) -> Result<EmailContent, BuildError> {
    let utf8 = |data: &str| types::Content::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().text(utf8(&content.text)?).html(utf8(&content.html)?).build();
    Ok(EmailContent::builder()
        .simple(Message::builder().subject(utf8(&content.subject)?).body(body).build())
        .build())
}

/// Maps an error to its meaning for the mail. An account or a domain that may not send concerns all mails:
/// they are retried. SES's message may repeat an address: only its code is logged.
fn outcome_of(error: &SdkError<SendEmailError>) -> Outcome {
    use SendEmailError as E;
    let Some(refusal) = error.as_service_error() else {
        return Outcome::Retry("no-answer");
    };
    match refusal {
        // The same code as for a paused account: then the other set is refused too.
        E::SendingPausedException(_) => Outcome::SetPaused("SendingPausedException"),
        E::TooManyRequestsException(_) => Outcome::Paused("TooManyRequestsException"),
        E::LimitExceededException(_) => Outcome::Paused("LimitExceededException"),
        E::AccountSuspendedException(_) => Outcome::Paused("AccountSuspendedException"),
        E::MailFromDomainNotVerifiedException(_) => Outcome::Paused("MailFromDomainNotVerifiedException"),
        E::NotFoundException(_) => Outcome::Paused("NotFoundException"),
        // SES has no separate code for an identity that is not verified.
        E::MessageRejected(rejected)
            if rejected.message().is_some_and(|said| said.contains("not verified")) =>
        {
            Outcome::Retry(UNVERIFIED)
        }
        E::MessageRejected(_) | E::BadRequestException(_) => {
            Outcome::Refused(refusal.code().unwrap_or("no code").to_owned())
        }
        _ => Outcome::Retry("other"),
    }
}
