//! `POST /api/recover/identifier` and `/password`: by mail, and the same for everybody who asks.

use domain::link::LINK_VALID_MINUTES;
use domain::proof::Action;
use domain::{Email, FormCheck, Identifier, MailJob, Refusal, Siret};
use platform::Platform;
use platform::http::{self, Request, Response};
use platform::metrics::{self, Event};
use platform::problems::{Kind, Problem, ProblemBody};
use platform::wire::Accepted;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// «J'ai oublié mon identifiant».
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifierForm {
    /// 14 digits; spaces and dots are dropped.
    #[schema(value_type = String, example = "732 829 320 00074")]
    pub siret: Option<String>,
    /// The address of the account.
    #[schema(value_type = String, example = "jeanne@exemple.fr")]
    pub email: Option<String>,
    /// The ALTCHA payload.
    #[schema(value_type = String)]
    pub proof: Option<String>,
}

/// «J'ai oublié mon mot de passe».
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordForm {
    /// `AP-` and 8 symbols, in any spelling.
    #[schema(value_type = String, example = "AP-7K3M-Q2FD")]
    pub identifier: Option<String>,
    /// The ALTCHA payload.
    #[schema(value_type = String)]
    pub proof: Option<String>,
}

impl IdentifierForm {
    fn check(&self) -> Result<(MailJob, &str), Refusal> {
        let mut form = FormCheck::new();
        let siret = form.required("siret", self.siret.as_deref(), Siret::parse);
        let email = form.required("email", self.email.as_deref(), Email::parse);
        let proof = form.required("proof", self.proof.as_deref(), |_| Ok(()));
        form.finish(|| {
            proof?;
            let job =
                MailJob::IdentifierReminder { siret: siret?.to_string(), email: email?.as_str().to_owned() };
            Some((job, self.proof.as_deref()?))
        })
    }
}

impl PasswordForm {
    fn check(&self) -> Result<(MailJob, &str), Refusal> {
        let mut form = FormCheck::new();
        let identifier = form.required("identifier", self.identifier.as_deref(), Identifier::parse);
        let proof = form.required("proof", self.proof.as_deref(), |_| Ok(()));
        form.finish(|| {
            proof?;
            Some((MailJob::PasswordReset { identifier: identifier?.to_string() }, self.proof.as_deref()?))
        })
    }
}

/// Either route of this function.
///
/// # Errors
/// Those of [`identifier`] and [`password`].
pub async fn handle(platform: &Platform, request: Request) -> Result<Response, Problem> {
    http::only(&request, "POST")?;
    match request.uri().path() {
        "/api/recover/identifier" => identifier(platform, request).await,
        "/api/recover/password" => password(platform, request).await,
        _ => Err(Problem::new(Kind::NotFound)),
    }
}

/// `POST /api/recover/identifier`. Answers the same whether or not an account exists.
///
/// # Errors
/// `invalid-form`, `proof-rejected`, `proof-already-used`.
#[utoipa::path(
    post, path = "/api/recover/identifier", operation_id = "recoverIdentifier", tag = "recovery", request_body = IdentifierForm,
    responses(
        (status = 202, description = "A mail is on its way, if there is such an account", body = Accepted),
        (status = "4XX", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn identifier(platform: &Platform, request: Request) -> Result<Response, Problem> {
    let form: IdentifierForm = http::json(&request)?;
    let (job, proof) = form.check()?;
    accept(platform, &job, proof, &form).await
}

/// `POST /api/recover/password`. Answers the same whether or not the account exists.
///
/// # Errors
/// `invalid-form`, `proof-rejected`, `proof-already-used`.
#[utoipa::path(
    post, path = "/api/recover/password", operation_id = "recoverPassword", tag = "recovery", request_body = PasswordForm,
    responses(
        (status = 202, description = "A mail is on its way, if there is such an account", body = Accepted),
        (status = "4XX", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn password(platform: &Platform, request: Request) -> Result<Response, Problem> {
    let form: PasswordForm = http::json(&request)?;
    let (job, proof) = form.check()?;
    accept(platform, &job, proof, &form).await
}

/// One transaction, whoever asks: accounts are looked up when the mail is sent.
async fn accept(
    platform: &Platform,
    job: &MailJob,
    proof: &str,
    form: &impl Serialize,
) -> Result<Response, Problem> {
    let proof = platform.proofs.verify(proof, Action::Recover, form)?;
    if platform.outbox.accept(&platform.proofs, &proof, job).await? {
        metrics::count(Event::Recovery, platform.clock.now());
    }
    Ok(http::accepted(&Accepted { valid_minutes: LINK_VALID_MINUTES }))
}
