//! Sends the mails of the outbox. The only function that looks accounts up for a mail, and that knows SES.

mod batch;
pub mod dns;
mod pace;
mod prepare;
pub mod render;
mod ses;

use domain::Email;
use platform::Platform;
use platform::boot::{self, BootError};
use platform::function::{Function, Grant, Secret, Share, Size};

pub use crate::batch::{Due, handle};
use crate::dns::MailDomains;
use crate::pace::Noted;
use crate::ses::Ses;
pub use crate::ses::{TAG, ses_config};

pub const FUNCTION: Function = Function {
    name: "mail-sender",
    routes: &[],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("TICKET#"),
        Grant::get("ATTEMPTS#"),
        Grant::get("MAIL#"),
        Grant::get("QUOTA#"),
        Grant::get("SIRET#"),
        Grant::query("ADDRESS#"),
        Grant::query("SIRET#"),
        Grant::query("DIGEST#"),
        Grant::put("DIGEST#"),
        Grant::put("DOMAIN#"),
        Grant::put("MAIL#"),
        Grant::update("MAIL#"),
        Grant::update("CODE#"),
        Grant::update("LANE#"),
        Grant::update("LINK#"),
        Grant::update("QUOTA#"),
        Grant::update("SIRET#"),
        Grant::update("TURN#"),
    ],
    secrets: &[Secret::Link, Secret::Hash],
    size: Size { memory_mb: 256, timeout_seconds: 30, slow_ms: 14_000, share: Share::Mails },
};

/// Default of `SESAME_AGENCY_ADDRESS` (procedure, case 3).
pub const AGENCY_ADDRESS_DEFAULT: &str = "contact-ap@asp-public.fr";

/// The operator's settings for mails.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The sender: `Name <address>`, the name in ASCII.
    pub from: String,
    /// Where requests for assistance go, and replies.
    pub agency: Email,
    pub configuration_set: Option<String>,
    /// The configuration set of mails to unproven addresses, if it is another: their bounces must not stop
    /// other mails.
    pub configuration_set_unproven: Option<String>,
    /// Whether all senders together keep to SES's rate.
    pub pacing: Pacing,
}

impl MailConfig {
    /// Without configuration set and pacing.
    #[must_use]
    pub fn new(from: String, agency: Email) -> Self {
        Self { from, agency, configuration_set: None, configuration_set_unproven: None, pacing: Pacing::Off }
    }

    fn of_environment() -> Result<Self, BootError> {
        let agency = boot::optional("SESAME_AGENCY_ADDRESS");
        let agency = agency.unwrap_or_else(|| AGENCY_ADDRESS_DEFAULT.to_owned());
        let rate: u32 = boot::optional("SESAME_MAIL_RATE").map_or(Ok(0), |text| text.parse())?;
        let mails_per_second_max = (rate > 0).then_some(f64::from(rate));
        Ok(Self {
            from: boot::required("SESAME_MAIL_FROM", "who mails are from")?,
            agency: Email::parse(&agency).map_err(|_| "SESAME_AGENCY_ADDRESS is not an address")?,
            configuration_set: boot::optional("SESAME_CONFIGURATION_SET"),
            configuration_set_unproven: boot::optional("SESAME_CONFIGURATION_SET_UNPROVEN"),
            pacing: Pacing::BySes { mails_per_second_max },
        })
    }
}

/// The pacing of mails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pacing {
    /// As fast as SES takes them.
    Off,
    /// By the rate that SES says, no more than the operator's own bound.
    BySes { mails_per_second_max: Option<f64> },
}

#[derive(Debug, Clone)]
pub struct Sender {
    platform: Platform,
    noted: Noted,
    ses: Ses,
    domains: MailDomains,
    agency: Email,
}

impl Sender {
    #[must_use]
    pub fn new(
        platform: Platform,
        client: aws_sdk_sesv2::Client,
        config: MailConfig,
        domains: MailDomains,
    ) -> Self {
        let agency = config.agency.clone();
        let ses = Ses::new(client, config, &platform);
        Self { platform, noted: Noted::default(), ses, domains, agency }
    }

    /// A sender with settings from the environment.
    pub async fn start() -> Result<Self, BootError> {
        let config = MailConfig::of_environment()?;
        let platform = boot::start(&FUNCTION).await?;
        // An emulated SES delivers nothing: domains need not exist.
        let domains = match ses::emulator() {
            Some(_) => MailDomains::new(|_| false),
            None => MailDomains::of_machine(platform.clock.clone(), platform.random.clone()),
        };
        Ok(Self::new(platform, ses::client()?, config, domains))
    }
}
