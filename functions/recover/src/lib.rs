//! `POST /api/recover/identifier` and `/password`: recovery by mail, with the same answer for everybody.

use domain::link::LINK_VALID_MINUTES;
use domain::proof::Action;
use domain::{Email, EncodedProof, Identifier, MailJob, Siret};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::Accepted;
use platform::proofs::Proof;
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "recover",
    routes: &[
        route!(POST "/api/recover/identifier", identifier; refuses ProofRejected, ProofAlreadyUsed),
        route!(POST "/api/recover/password", password; refuses ProofRejected, ProofAlreadyUsed),
    ],
    grants: &[Grant::put("PROOF#"), Grant::put("MAIL#")],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 800, share: Share::Write },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(identifier, password))]
pub struct Document;

form! {
    /// «J'ai oublié mon identifiant».
    pub struct IdentifierForm {
        siret: Field<Siret>,
        email: Field<Email>,
        proof: Field<EncodedProof>,
    }
}

form! {
    /// «J'ai oublié mon mot de passe».
    pub struct PasswordForm {
        identifier: Field<Identifier>,
        proof: Field<EncodedProof>,
    }
}

/// A mail is on its way, if there is anybody to send it to.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryAccepted {
    /// How long its link will live, in minutes from when the mail is sent.
    pub valid_minutes: i64,
}

/// `POST /api/recover/identifier`. Answers the same whether or not an account exists.
#[utoipa::path(
    post, path = "/api/recover/identifier", operation_id = "recoverIdentifier", tag = "recovery",
    request_body = IdentifierForm,
    responses(
        (
            status = 202,
            description = "A mail is on its way, if there is such an account",
            body = RecoveryAccepted
        )
    )
)]
pub async fn identifier(
    platform: &Platform,
    form: Form<IdentifierForm>,
) -> Result<Accepted<RecoveryAccepted>, Error> {
    let (siret, email, proof) = fields!(form: siret, email, proof)?;
    let address = platform.outbox.address_fingerprint(&email)?;
    let proof = platform.proofs.verify(&proof, Action::Recover, &form.body)?;
    accept(platform, &proof, &MailJob::RecoveryByAddress { siret, address }).await
}

/// `POST /api/recover/password`. Answers the same whether or not the account exists.
#[utoipa::path(
    post, path = "/api/recover/password", operation_id = "recoverPassword", tag = "recovery",
    request_body = PasswordForm,
    responses(
        (
            status = 202,
            description = "A mail is on its way, if there is such an account",
            body = RecoveryAccepted
        )
    )
)]
pub async fn password(
    platform: &Platform,
    form: Form<PasswordForm>,
) -> Result<Accepted<RecoveryAccepted>, Error> {
    let (identifier, proof) = fields!(form: identifier, proof)?;
    let proof = platform.proofs.verify(&proof, Action::Recover, &form.body)?;
    accept(platform, &proof, &MailJob::RecoveryByIdentifier { identifier }).await
}

/// One transaction, whoever asks: accounts are looked up when the mail is sent.
async fn accept(
    platform: &Platform,
    proof: &Proof,
    job: &MailJob,
) -> Result<Accepted<RecoveryAccepted>, Error> {
    platform.outbox.accept(&platform.proofs, proof, job).await?;
    Ok(Accepted(RecoveryAccepted { valid_minutes: LINK_VALID_MINUTES }))
}
