//! `POST /api/submit-ticket`: a request for assistance (procedure, «Formulaire de demande d'assistance»).

use domain::proof::Action;
use domain::{Description, Email, EncodedProof, Motive, Name, Phone, Siret, Submission, Ticket};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::Created;
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "submit-ticket",
    routes: &[route!(POST "/api/submit-ticket", handle; refuses ProofRejected, ProofAlreadyUsed)],
    grants: &[
        Grant::get("DOMAIN#"),
        Grant::check("DOMAIN#"),
        Grant::put("CASES#"),
        Grant::put("PROOF#"),
        Grant::put("QUEUE#"),
        Grant::put("SENDER#"),
        Grant::put("SUBMISSION#"),
        Grant::put("TICKET#"),
        Grant::put("MAIL#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 800, share: Share::Few },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

form! {
    /// Every field is required.
    pub struct TicketForm {
        submission: Field<Submission>,
        siret: Field<Siret>,
        establishment_name: Field<Name>,
        full_name: Field<Name>,
        phone: Field<Phone>,
        email: Field<Email>,
        motive: Field<Motive>,
        description: Field<Description>,
        proof: Field<EncodedProof>,
    }
}

/// The ticket is taken in.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketCreated {
    /// What to quote.
    #[schema(example = "T-261123-7K3MQ2")]
    pub reference: String,
    /// Where the receipt goes, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    /// The receipt's mail, to follow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub mail: Option<String>,
}

/// Takes a request for assistance in: one transaction, its two mails included.
#[utoipa::path(
    post, path = "/api/submit-ticket", operation_id = "submitTicket", tag = "support",
    request_body = TicketForm,
    responses((status = 201, description = "The ticket, the first time or again", body = TicketCreated))
)]
pub async fn handle(platform: &Platform, form: Form<TicketForm>) -> Result<Created<TicketCreated>, Error> {
    let values = fields!(
        form: submission, siret, establishment_name, full_name, phone, email, motive, description, proof
    )?;
    let (submission, siret, establishment_name, full_name, phone, email, motive, description, proof) = values;
    let ticket =
        Ticket { submission, siret, establishment_name, full_name, phone, email, motive, description };
    let proof = platform.proofs.verify(&proof, Action::SubmitTicket, &form.body)?;
    let submitted = platform.tickets.submit(&proof, &ticket).await?;
    let reference = submitted.reference.to_string();
    let mail = submitted.mail.map(|mail| mail.to_string());
    Ok(Created(TicketCreated { reference, sent_to: submitted.sent_to, mail }))
}
