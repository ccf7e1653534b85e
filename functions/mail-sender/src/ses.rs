//! SES: one mail in, and what SES said of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::config::{BehaviorVersion, Builder, Config};
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::operation::send_email::builders::SendEmailFluentBuilder;
use aws_sdk_sesv2::types::{self, Body, Destination, EmailContent, Message, MessageTag};
use domain::MailId;
use domain::time::{SignedDuration, Timestamp, after};
use platform::boot::{self, BootError};
use platform::clock::Clock;
use platform::random::Random;

use crate::MailConfig;
use crate::prepare::Mail;
use crate::render::Content;

/// The name of the tag that carries the mail's id through SES's events.
pub const TAG: &str = "mail_id";
/// How long SES may take over one mail.
pub const SEND_TIME_MAX: Duration = Duration::from_secs(10);
/// The longest pause between two mails: a longer one would leave an invocation no time to send any.
const PAUSE_MAX: SignedDuration = SignedDuration::from_secs(10);
/// Retries of a mail that SES throttles. Then the whole batch is put off: SES takes too many from us.
const THROTTLED_RETRIES_MAX: u32 = 2;
/// The longest pause before such a retry, in milliseconds; the shortest is half of it.
const THROTTLED_PAUSE_MS_MAX: u32 = 400;

/// What SES said.
#[derive(Debug)]
pub enum Outcome {
    /// It will deliver the mail: its message id.
    Sent(String),
    /// It will never take this mail: why.
    Refused(String),
    /// It may take it later, or may even have taken it.
    Retry(&'static str),
    /// It takes no mail of this configuration set for now.
    SetPaused(&'static str),
    /// It takes no mail of ours for now.
    Paused(&'static str),
}

/// SES, as its client reaches it.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    config: MailConfig,
    clock: Clock,
    random: Random,
    /// When the next mail may be sent.
    next_at: Arc<Mutex<Timestamp>>,
}

/// Settings of a client of SES that hold wherever it runs. It never tries again by itself: an answer
/// that was lost may hide a mail that was taken, and the queue knows better when to come back.
#[must_use]
pub fn ses_config() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_timeout(SEND_TIME_MAX).build();
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
}

/// The address of an emulated SES, whose mails leave no machine.
pub fn emulator() -> Option<String> {
    boot::endpoint("AWS_ENDPOINT_URL_SESV2")
}

/// A client with the settings of the environment.
pub fn client() -> Result<Client, BootError> {
    let (region, credentials) = boot::credentials()?;
    let mut config = ses_config().region(region).credentials_provider(credentials);
    if let Some(endpoint) = emulator() {
        config = config.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(config.build()))
}

impl Ses {
    pub fn new(client: Client, config: MailConfig, clock: &Clock, random: &Random) -> Self {
        let next_at = Arc::new(Mutex::new(Timestamp::MIN));
        Self { client, config, clock: clock.clone(), random: random.clone(), next_at }
    }

    /// How long a mail may have to wait for its turn.
    pub fn pause(&self) -> Duration {
        self.config.pause.unsigned_abs()
    }

    /// The configuration set of a mail. Bounces of addresses that nobody has proved stop that of theirs and no other.
    pub fn set_of(&self, mail: &Mail) -> Option<&str> {
        let proven = self.config.configuration_set.as_deref();
        if mail.is_unproven { self.config.configuration_set_unproven.as_deref().or(proven) } else { proven }
    }

    /// Hands a mail over, under an opaque tag, when its turn has come.
    pub async fn send(&self, id: MailId, mail: &Mail) -> Outcome {
        let request = match self.request(id, mail) {
            Ok(request) => request,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let mut retries = 0;
        loop {
            self.wait_turn().await;
            let error = match request.clone().send().await {
                Ok(sent) => return Outcome::Sent(sent.message_id.unwrap_or_default()),
                Err(error) => error,
            };
            let outcome = outcome_of(&error);
            let is_throttled =
                matches!(error.as_service_error(), Some(SendEmailError::TooManyRequestsException(_)));
            if !is_throttled || retries == THROTTLED_RETRIES_MAX {
                return outcome;
            }
            retries += 1;
            // At random: senders that were throttled together must not come back together.
            let half = THROTTLED_PAUSE_MS_MAX / 2;
            let pause = half + self.random.below(half);
            self.clock.sleep(Duration::from_millis(pause.into())).await;
        }
    }

    fn request(&self, id: MailId, mail: &Mail) -> Result<SendEmailFluentBuilder, BuildError> {
        Ok(self
            .client
            .send_email()
            .from_email_address(&self.config.from)
            .destination(Destination::builder().to_addresses(mail.to.as_str()).build())
            .reply_to_addresses(mail.reply_to.as_str())
            .set_configuration_set_name(self.set_of(mail).map(str::to_owned))
            .email_tags(MessageTag::builder().name(TAG).value(id.to_string()).build()?)
            .content(as_email(&mail.content)?))
    }

    /// Waits until this sender may send again: the account's rate is shared out among all senders.
    async fn wait_turn(&self) {
        let now = self.clock.now();
        let turn = {
            let mut next_at = self.next_at.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = now.max(*next_at);
            *next_at = after(turn, self.config.pause);
            turn
        };
        if turn > now {
            self.clock.sleep(self.clock.until(turn)).await;
        }
    }
}

/// The pause between two mails of one sender, which together with its like keeps to the account's rate.
///
/// # Errors
/// When either number is zero.
pub fn pause(mails_per_second: u32, senders: u32) -> Result<SignedDuration, BootError> {
    let nanos = 1_000_000_000_i64.saturating_mul(senders.into()).checked_div(mails_per_second.into());
    let nanos =
        nanos.filter(|nanos| *nanos > 0).ok_or("the rate and the number of senders are at least 1")?;
    Ok(SignedDuration::from_nanos(nanos).min(PAUSE_MAX))
}

fn as_email(content: &Content) -> Result<EmailContent, BuildError> {
    let utf8 = |data: &str| types::Content::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().text(utf8(&content.text)?).html(utf8(&content.html)?).build();
    Ok(EmailContent::builder()
        .simple(Message::builder().subject(utf8(&content.subject)?).body(body).build())
        .build())
}

/// What a failure means for the mail. An account or a domain that may not send is everybody's trouble:
/// no mail is lost to it. SES's own words may repeat an address: only its code goes on.
fn outcome_of(error: &SdkError<SendEmailError>) -> Outcome {
    use SendEmailError as E;
    let Some(refusal) = error.as_service_error() else {
        return Outcome::Retry("no-answer");
    };
    match refusal {
        // SES says the same of a paused account: its other set is then refused too.
        E::SendingPausedException(_) => Outcome::SetPaused("SendingPausedException"),
        E::TooManyRequestsException(_) => Outcome::Paused("TooManyRequestsException"),
        E::LimitExceededException(_) => Outcome::Paused("LimitExceededException"),
        E::AccountSuspendedException(_) => Outcome::Paused("AccountSuspendedException"),
        E::MailFromDomainNotVerifiedException(_) => Outcome::Paused("MailFromDomainNotVerifiedException"),
        E::NotFoundException(_) => Outcome::Paused("NotFoundException"),
        // SES has no code of its own for an identity that is not verified, or no longer.
        E::MessageRejected(rejected)
            if rejected.message().is_some_and(|said| said.contains("not verified")) =>
        {
            Outcome::Retry("MessageRejected")
        }
        E::MessageRejected(_) | E::BadRequestException(_) => {
            Outcome::Refused(refusal.code().unwrap_or("no code").to_owned())
        }
        _ => Outcome::Retry("other"),
    }
}
