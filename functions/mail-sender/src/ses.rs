//! SES: one mail in, and what SES said of it.

use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::config::{BehaviorVersion, Builder, Config};
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{self, Body, Destination, EmailContent, Message, MessageTag};
use domain::{Email, MailId};
use platform::boot::{self, BootError};

use crate::MailConfig;
use crate::render::Content;

/// The name of the tag that carries the mail's id through SES's events.
pub const TAG: &str = "mail_id";
/// How long SES may take over one mail.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);

/// A mail, ready to be sent.
pub struct Mail {
    /// Who gets it.
    pub to: Email,
    /// Who gets the reply.
    pub reply_to: Email,
    /// What it says.
    pub content: Content,
}

/// What SES said.
pub enum Outcome {
    /// It will deliver the mail: its message id.
    Sent(String),
    /// It will never take this mail: why.
    Refused(String),
    /// It may take it later, or may even have taken it.
    Retry(String),
    /// It takes no mail of ours for now.
    Paused(String),
}

/// SES, as its client reaches it.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    config: MailConfig,
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

/// A client with the settings of the environment.
pub fn client() -> Result<Client, BootError> {
    let (region, credentials) = boot::credentials()?;
    let mut config = ses_config().region(region).credentials_provider(credentials);
    if let Some(endpoint) = boot::endpoint("AWS_ENDPOINT_URL_SESV2") {
        config = config.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(config.build()))
}

impl Ses {
    pub fn new(client: Client, config: MailConfig) -> Self {
        Self { client, config }
    }

    /// Hands a mail over, under an opaque tag.
    pub async fn send(&self, id: MailId, mail: &Mail) -> Outcome {
        let content = match as_email(&mail.content) {
            Ok(content) => content,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let tag = match MessageTag::builder().name(TAG).value(id.to_string()).build() {
            Ok(tag) => tag,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.config.from)
            .destination(Destination::builder().to_addresses(mail.to.as_str()).build())
            .reply_to_addresses(mail.reply_to.as_str())
            .set_configuration_set_name(self.config.configuration_set.clone())
            .email_tags(tag)
            .content(content)
            .send()
            .await;
        match sent {
            Ok(taken) => Outcome::Sent(taken.message_id.unwrap_or_default()),
            Err(error) => judge(&error),
        }
    }
}

fn as_email(content: &Content) -> Result<EmailContent, aws_sdk_sesv2::error::BuildError> {
    let utf8 = |data: &str| types::Content::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().text(utf8(&content.text)?).html(utf8(&content.html)?).build();
    Ok(EmailContent::builder()
        .simple(Message::builder().subject(utf8(&content.subject)?).body(body).build())
        .build())
}

/// What a failure means for the mail. An account or a domain that may not send is everybody's trouble:
/// no mail is lost to it. SES's own words may repeat an address: only its code goes on.
fn judge(error: &SdkError<SendEmailError>) -> Outcome {
    use SendEmailError as E;
    let Some(refusal) = error.as_service_error() else {
        return Outcome::Retry("no answer".to_owned());
    };
    let code = refusal.code().unwrap_or("no code").to_owned();
    match refusal {
        E::AccountSuspendedException(_)
        | E::SendingPausedException(_)
        | E::MailFromDomainNotVerifiedException(_)
        | E::NotFoundException(_) => Outcome::Paused(code),
        // SES has no code of its own for an identity that is not verified, or no longer.
        E::MessageRejected(rejected)
            if rejected.message().is_some_and(|said| said.contains("not verified")) =>
        {
            Outcome::Retry(code)
        }
        E::MessageRejected(_) | E::BadRequestException(_) => Outcome::Refused(code),
        _ => Outcome::Retry(code),
    }
}
