//! `POST /api/create-account`: an application, and the mail that activates it (procedure, case 1).

use domain::link::LINK_VALID_MINUTES;
use domain::proof::Action;
use domain::{AcceptedTerms, Application, Email, EncodedProof, Name, Phone, Siret};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::Accepted;
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "create-account",
    routes: &[route!(
        POST "/api/create-account", handle; refuses ProofRejected, ProofAlreadyUsed, EstablishmentHasAccount
    )],
    grants: &[
        Grant::get("DOMAIN#"),
        Grant::check("DOMAIN#"),
        Grant::check("SIRET#"),
        Grant::put("PROOF#"),
        Grant::update("ACCOUNT#"),
        Grant::put("MAIL#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 800, share: Share::Write },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

form! {
    /// What an account needs.
    pub struct CreateAccountForm {
        siret: Field<Siret>,
        establishment_name: Field<Name>,
        first_name: Field<Name>,
        last_name: Field<Name>,
        email: Field<Email>,
        phone: Field<Phone>,
        accept_terms: Field<AcceptedTerms>,
        proof: Field<EncodedProof>,
    }
}

/// The application is taken in; its mail is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationAccepted {
    /// The mail's id, to quote to support.
    pub mail: String,
    /// The address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    /// How long its link will live, in minutes from when the mail is sent.
    pub valid_minutes: i64,
}

/// Takes an application in: one transaction, its mail included.
#[utoipa::path(
    post, path = "/api/create-account", operation_id = "createAccount", tag = "account",
    request_body = CreateAccountForm,
    responses((status = 202, description = "The activation mail is on its way", body = ApplicationAccepted))
)]
pub async fn handle(
    platform: &Platform,
    form: Form<CreateAccountForm>,
) -> Result<Accepted<ApplicationAccepted>, Error> {
    let (siret, establishment_name, first_name, last_name, email, phone, _, proof) = fields!(
        form: siret, establishment_name, first_name, last_name, email, phone, accept_terms, proof
    )?;
    let application = Application { siret, establishment_name, first_name, last_name, email, phone };
    let proof = platform.proofs.verify(&proof, Action::CreateAccount, &form.body)?;
    let mail = platform.accounts.apply(&proof, &application).await?;
    Ok(Accepted(ApplicationAccepted {
        mail: mail.to_string(),
        sent_to: application.email.masked(),
        valid_minutes: LINK_VALID_MINUTES,
    }))
}
