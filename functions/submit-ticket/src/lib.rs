//! `POST /api/submit-ticket`: a request for assistance (procedure, «Formulaire de demande d'assistance»).

use domain::proof::Action;
use domain::{Description, Email, FormCheck, Motive, Name, Phone, Refusal, Siret, Submission, Ticket};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Request, Response};
use platform::problems::ProblemBody;
use platform::{Error, Platform, route};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// This function, as it states itself.
pub const FUNCTION: Function = Function {
    name: "submit-ticket",
    routes: &[route!(POST "/api/submit-ticket", handle)],
    grants: &[
        Grant::get("DOMAIN#"),
        Grant::check("DOMAIN#"),
        Grant::put("PROOF#"),
        Grant::put("SUBMISSION#"),
        Grant::put("TICKET#"),
        Grant::put("MAIL#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 800, share: Share::Few },
};

/// Its part of the API document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

/// Every field is required.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketForm {
    /// A UUID that the page makes: the same one twice is the same ticket.
    #[schema(value_type = String, example = "0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70")]
    pub submission: Option<String>,
    /// 14 digits; spaces and dots are dropped.
    #[schema(value_type = String, example = "732 829 320 00074")]
    pub siret: Option<String>,
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    pub establishment_name: Option<String>,
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    pub full_name: Option<String>,
    /// French, or `+` and country.
    #[schema(value_type = String, example = "01 23 45 67 89")]
    pub phone: Option<String>,
    /// Where to answer.
    #[schema(value_type = String, example = "jeanne@exemple.fr")]
    pub email: Option<String>,
    /// `extranet-access`, `establishment-record`, `authorisation-decision`, `indemnity-claim`,
    /// `signature-certificate` or `other`.
    #[schema(value_type = String, example = "extranet-access")]
    pub motive: Option<String>,
    /// 10 to 5,000 characters.
    #[schema(value_type = String)]
    pub description: Option<String>,
    /// The ALTCHA payload.
    #[schema(value_type = String)]
    pub proof: Option<String>,
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
}

impl TicketForm {
    fn check(&self) -> Result<(Ticket, &str), Refusal> {
        let mut form = FormCheck::new();
        let submission = form.required("submission", self.submission.as_deref(), Submission::parse);
        let siret = form.required("siret", self.siret.as_deref(), Siret::parse);
        let establishment_name =
            form.required("establishment_name", self.establishment_name.as_deref(), Name::parse);
        let full_name = form.required("full_name", self.full_name.as_deref(), Name::parse);
        let phone = form.required("phone", self.phone.as_deref(), Phone::parse);
        let email = form.required("email", self.email.as_deref(), Email::parse);
        let motive = form.required("motive", self.motive.as_deref(), Motive::parse);
        let description = form.required("description", self.description.as_deref(), Description::parse);
        let proof = form.required("proof", self.proof.as_deref(), |_| Ok(()));
        form.finish(|| {
            proof?;
            let ticket = Ticket {
                submission: submission?,
                siret: siret?,
                establishment_name: establishment_name?,
                full_name: full_name?,
                phone: phone?,
                email: email?,
                motive: motive?,
                description: description?,
            };
            Some((ticket, self.proof.as_deref()?))
        })
    }
}

/// Takes a request for assistance in: one transaction, its two mails included.
///
/// # Errors
/// `invalid-form`, `proof-rejected`, `proof-already-used`.
#[utoipa::path(
    post, path = "/api/submit-ticket", operation_id = "submitTicket", tag = "support", request_body = TicketForm,
    responses(
        (status = 201, description = "The ticket, the first time or again", body = TicketCreated),
        (status = "4XX", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn handle(platform: &Platform, request: Request) -> Result<Response, Error> {
    let form: TicketForm = http::json(&request)?;
    let (ticket, proof) = form.check()?;
    let proof = platform.proofs.verify(proof, Action::SubmitTicket, &form)?;
    let submitted = platform.tickets.submit(&proof, &ticket).await?;
    let reference = submitted.reference.to_string();
    Ok(http::created(&TicketCreated { reference, sent_to: submitted.sent_to }))
}
