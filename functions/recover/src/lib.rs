//! `POST /api/recover/identifier` and `/password`: by mail, and the same for everybody who asks.

use domain::link::LINK_VALID_MINUTES;
use domain::proof::Action;
use domain::{Email, FormCheck, Identifier, MailJob, Refusal, Siret};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Request, Response};
use platform::problems::ProblemBody;
use platform::wire::Accepted;
use platform::{Error, Platform, route};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// This function, as it states itself.
pub const FUNCTION: Function = Function {
    name: "recover",
    routes: &[
        route!(POST "/api/recover/identifier", identifier),
        route!(POST "/api/recover/password", password),
    ],
    grants: &[Grant::put("PROOF#"), Grant::put("MAIL#")],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 800, share: Share::Write },
};

/// Its part of the API document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(identifier, password))]
pub struct Document;

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
    fn check(&self) -> Result<(Siret, Email, &str), Refusal> {
        let mut form = FormCheck::new();
        let siret = form.required("siret", self.siret.as_deref(), Siret::parse);
        let email = form.required("email", self.email.as_deref(), Email::parse);
        let proof = form.required("proof", self.proof.as_deref(), |_| Ok(()));
        form.finish(|| {
            proof?;
            Some((siret?, email?, self.proof.as_deref()?))
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
            Some((MailJob::RecoveryByIdentifier { identifier: identifier? }, self.proof.as_deref()?))
        })
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
pub async fn identifier(platform: &Platform, request: Request) -> Result<Response, Error> {
    let form: IdentifierForm = http::json(&request)?;
    let (siret, email, proof) = form.check()?;
    let job = MailJob::RecoveryByAddress { siret, address: platform.outbox.address_fingerprint(&email)? };
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
pub async fn password(platform: &Platform, request: Request) -> Result<Response, Error> {
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
) -> Result<Response, Error> {
    let proof = platform.proofs.verify(proof, Action::Recover, form)?;
    platform.outbox.accept(&platform.proofs, &proof, job).await?;
    Ok(http::accepted(&Accepted { valid_minutes: LINK_VALID_MINUTES }))
}
