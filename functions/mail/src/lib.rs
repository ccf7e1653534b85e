//! `/api/mail/{id}` and `/api/delivery`: where a mail is, a corrected address, the health of a domain.

mod words;

use domain::delivery::DomainHealth;
use domain::link::LINK_VALID_MINUTES;
use domain::mail::MailState;
use domain::proof::Action;
use domain::time::{SignedDuration, Timestamp};
use domain::{Email, EncodedProof, FieldValue, MailDomain, MailId, MailJob, Refusal};
use platform::form::schema;
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Accepted, FromRequest, IntoResponse, Json, Request, Response};
use platform::outbox::Status;
use platform::problems::Problem;
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

pub const FUNCTION: Function = Function {
    name: "mail",
    routes: &[
        route!(GET "/api/mail/{id}", show; refuses MailUnknown),
        route!(
            POST "/api/mail/{id}/address", correct;
            refuses MailUnknown, AlreadyActivated, EstablishmentHasAccount, TooManyCorrections, ProofRejected,
                ProofAlreadyUsed
        ),
        route!(GET "/api/delivery", delivery; refuses InvalidForm),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("DOMAIN#"),
        Grant::get("LANE#"),
        Grant::get("MAIL#"),
        Grant::query("DELIVERY#"),
        Grant::check("DOMAIN#"),
        Grant::check("SIRET#"),
        Grant::put("MAIL#"),
        Grant::put("PROOF#"),
        Grant::update("ACCOUNT#"),
        Grant::update("MAIL#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 500, share: Share::Crowd },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(show, correct, delivery))]
pub struct Document;

/// Which part of the path is the mail's id.
const ID: usize = 2;
/// The waits that the page is told of: shorter ones are over before they are read.
const WAIT_TOLD_MIN: SignedDuration = SignedDuration::from_secs(30);
/// How long a page may keep the health of a domain.
const CACHE_CONTROL: &str = "public, max-age=60";

form! {
    /// The address that the activation is to go to.
    pub struct CorrectAddressForm {
        email: Field<Email>,
        proof: Field<EncodedProof>,
    }
}

/// The form, and the mail whose address it corrects.
pub struct Correction {
    mail: Option<MailId>,
    form: Form<CorrectAddressForm>,
}

impl FromRequest for Correction {
    fn from_request(request: Request) -> Result<Self, Problem> {
        let mail = MailId::parse(http::path_part(&request, ID));
        Ok(Self { mail, form: Form::from_request(request)? })
    }
}

/// Where a mail is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownMail {
    /// The mail's id, as it was asked for.
    #[schema(example = "01KAV2Q3N8W4T5R6Y7Z8A9B0CD")]
    pub id: String,
    pub kind: Kind,
    /// The address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    pub state: State,
    /// Since when.
    #[schema(format = DateTime)]
    pub at: String,
    /// Why it came back or was not sent, in French.
    #[schema(example = "boîte pleine")]
    pub reason: Option<&'static str>,
    /// What helps, if it will not come and something does.
    pub advice: Option<Advice>,
    /// How long until it is sent, while it waits behind others.
    pub ahead_seconds: Option<u64>,
    /// When to ask again.
    pub look_again_seconds: u64,
}

/// The mails whose progress is told: to who typed their address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MailKind)]
pub enum Kind {
    Activation,
    TicketReceipt,
}

/// Where a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MailState)]
pub enum State {
    Queued,
    Sent,
    /// The receiver's server put it off; it is tried again.
    Delayed,
    Delivered,
    Bounced,
    /// Refused by SES, or the domain takes no mail.
    Refused,
    /// Not sent.
    Suppressed,
}

impl State {
    fn of(state: MailState) -> Self {
        match state {
            MailState::Queued | MailState::Sending => Self::Queued,
            MailState::Sent => Self::Sent,
            MailState::Delayed => Self::Delayed,
            // Who calls a mail spam has received it.
            MailState::Delivered | MailState::Complained => Self::Delivered,
            MailState::Returned | MailState::Bounced => Self::Bounced,
            MailState::Refused => Self::Refused,
            MailState::Superseded | MailState::Suppressed | MailState::NoRecipient => Self::Suppressed,
        }
    }
}

/// What its reader does about a mail that will not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MailAdvice)]
pub enum Advice {
    /// The address is wrong, or another one is needed.
    CorrectAddress,
    /// Another mail may be asked for in an hour.
    TryLater,
    /// The address is not known to be wrong: a person has to look into it.
    AskForHelp,
}

/// The health of a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// In lower case.
    #[schema(example = "exemple.fr")]
    pub domain: String,
    pub state: Health,
    /// The median delay of the mails that it took, if it delays them.
    pub median_seconds: Option<u64>,
}

/// What a domain does with mails, from what became of activations and receipts within an hour.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = DomainHealth)]
pub enum Health {
    Good,
    Delayed,
    Refusing,
    /// Under five of them.
    Unknown,
}

/// `{id}`.
pub struct MailPath;

impl IntoParams for MailPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let id =
            ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-7][0-9A-HJKMNP-TV-Z]{25}$"));
        let id = id.examples(["01KAV2Q3N8W4T5R6Y7Z8A9B0CD"]);
        let id = ParameterBuilder::new().name("id").parameter_in(ParameterIn::Path).schema(Some(id));
        vec![id.required(utoipa::openapi::Required::True).build()]
    }
}

/// Which domain is asked about.
pub struct DomainQuery;

impl IntoParams for DomainQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![schema::query::<MailDomain>("domain")]
    }
}

/// Tells where a mail is, to who knows its id: who typed its address was given it.
#[utoipa::path(
    get, path = "/api/mail/{id}", operation_id = "showMail", tag = "mail",
    params(MailPath),
    responses((status = 200, description = "Where the mail is", body = ShownMail))
)]
pub async fn show(platform: &Platform, request: Request) -> Result<Json<ShownMail>, Error> {
    let id = MailId::parse(http::path_part(&request, ID)).ok_or(Refusal::MailUnknown)?;
    let status = platform.outbox.status(id).await?.ok_or(Refusal::MailUnknown)?;
    let sent_to = status.sent_to.clone().ok_or(Refusal::MailUnknown)?;
    let kind = match status.job {
        MailJob::Activation { .. } => Kind::Activation,
        MailJob::TicketReceipt { .. } => Kind::TicketReceipt,
        _ => return Err(Error::internal("a mail of a kind that is not told")),
    };
    let state = State::of(status.progress.state);
    let ahead = match state {
        State::Queued => platform.outbox.wait_of(status.lane, status.created_at).await?,
        _ => None,
    };
    let ahead = ahead.filter(|ahead| *ahead >= WAIT_TOLD_MIN);
    let (reason, advice) = words::of(&status);
    Ok(Json(ShownMail {
        id: id.to_string(),
        kind,
        sent_to,
        state,
        at: status.progress.at.to_string(),
        reason,
        advice,
        ahead_seconds: ahead.and_then(|ahead| u64::try_from(ahead.as_secs()).ok()),
        look_again_seconds: look_again_seconds(&status, state, platform.clock.now()),
    }))
}

/// Slower as time goes by: what has not come within minutes comes within many.
fn look_again_seconds(status: &Status, state: State, now: Timestamp) -> u64 {
    const BY_AGE: [(i64, u64); 3] = [(30, 2), (120, 5), (600, 15)];
    const SLOWEST: u64 = 60;
    if !matches!(state, State::Queued | State::Sent | State::Delayed) {
        return SLOWEST;
    }
    let age = now.duration_since(status.created_at).as_secs();
    BY_AGE.into_iter().find(|(until, _)| age < *until).map_or(SLOWEST, |(_, seconds)| seconds)
}

/// Sends the activation of an application to another address: the links of the former are dead.
#[utoipa::path(
    post, path = "/api/mail/{id}/address", operation_id = "correctAddress", tag = "mail",
    params(MailPath), request_body = CorrectAddressForm,
    responses((status = 202, description = "The mail goes to this address", body = CorrectionAccepted))
)]
pub async fn correct(
    platform: &Platform,
    correction: Correction,
) -> Result<Accepted<CorrectionAccepted>, Error> {
    let Correction { mail, form } = correction;
    let (email, proof) = fields!(form: email, proof)?;
    let mail = mail.ok_or(Refusal::MailUnknown)?;
    let proof = platform.proofs.verify(&proof, Action::CreateAccount, &form.body)?;
    let sent_to = email.masked();
    let mail = platform.accounts.correct(&proof, mail, email).await?;
    let valid_minutes = LINK_VALID_MINUTES;
    Ok(Accepted(CorrectionAccepted { mail: mail.to_string(), sent_to, valid_minutes }))
}

/// The correction is taken in; its mail is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionAccepted {
    /// The new mail's id.
    pub mail: String,
    /// The new address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    /// How long its link will live, in minutes from when the mail is sent.
    pub valid_minutes: i64,
}

/// Tells what a domain does with mails, whoever asks. Recoveries are not counted: they would tell whether an
/// account exists.
#[utoipa::path(
    get, path = "/api/delivery", operation_id = "delivery", tag = "mail",
    params(DomainQuery),
    responses((status = 200, description = "What the domain does with mails", body = Delivery))
)]
pub async fn delivery(platform: &Platform, request: Request) -> Result<Response, Error> {
    let typed = http::query(&request, "domain").unwrap_or_default().to_owned();
    let domain = MailDomain::read(typed).map_err(|code| Refusal::field("domain", code))?;
    let health = platform.outbox.counts_of(domain.as_str()).await?.health();
    let (state, median_seconds) = match health {
        DomainHealth::Unknown => (Health::Unknown, None),
        DomainHealth::Good => (Health::Good, None),
        DomainHealth::Delayed { median_seconds } => (Health::Delayed, median_seconds),
        DomainHealth::Refusing => (Health::Refusing, None),
    };
    let domain = domain.as_str().to_owned();
    Ok(Json(Delivery { domain, state, median_seconds }).with_header(http::CACHE_CONTROL, CACHE_CONTROL))
}
