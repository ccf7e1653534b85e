//! `POST /api/create-account`: an application, and the mail that activates it (procedure, case 1).

use domain::link::LINK_VALID_MINUTES;
use domain::proof::Action;
use domain::{Application, Email, FormCheck, Name, Phone, Refusal, Siret};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Request, Response};
use platform::problems::ProblemBody;
use platform::{Error, Platform, route};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// This function, as it states itself.
pub const FUNCTION: Function = Function {
    name: "create-account",
    routes: &[route!(POST "/api/create-account", handle)],
    grants: &[
        Grant::get("DOMAIN#"),
        Grant::check("DOMAIN#"),
        Grant::check("SIRET#"),
        Grant::put("PROOF#"),
        Grant::put("ACCOUNT#"),
        Grant::put("MAIL#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 800, share: Share::Write },
};

/// Its part of the API document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

/// What an account needs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccountForm {
    /// 14 digits; spaces and dots are dropped.
    #[schema(value_type = String, example = "732 829 320 00074")]
    pub siret: Option<String>,
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    pub establishment_name: Option<String>,
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    pub first_name: Option<String>,
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    pub last_name: Option<String>,
    /// Where the link goes.
    #[schema(value_type = String, example = "jeanne@exemple.fr")]
    pub email: Option<String>,
    /// French, or `+` and country.
    #[schema(value_type = String, example = "01 23 45 67 89")]
    pub phone: Option<String>,
    /// The general conditions are accepted.
    #[schema(value_type = bool)]
    pub accept_terms: Option<bool>,
    /// The ALTCHA payload.
    #[schema(value_type = String)]
    pub proof: Option<String>,
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

impl CreateAccountForm {
    fn check(&self) -> Result<(Application, &str), Refusal> {
        let mut form = FormCheck::new();
        let siret = form.required("siret", self.siret.as_deref(), Siret::parse);
        let establishment_name =
            form.required("establishment_name", self.establishment_name.as_deref(), Name::parse);
        let first_name = form.required("first_name", self.first_name.as_deref(), Name::parse);
        let last_name = form.required("last_name", self.last_name.as_deref(), Name::parse);
        let email = form.required("email", self.email.as_deref(), Email::parse);
        let phone = form.required("phone", self.phone.as_deref(), Phone::parse);
        let terms = form.accepted("accept_terms", self.accept_terms);
        let proof = form.required("proof", self.proof.as_deref(), |_| Ok(()));
        form.finish(|| {
            terms?;
            proof?;
            let application = Application {
                siret: siret?,
                establishment_name: establishment_name?,
                first_name: first_name?,
                last_name: last_name?,
                email: email?,
                phone: phone?,
            };
            Some((application, self.proof.as_deref()?))
        })
    }
}

/// Takes an application in: one transaction, its mail included.
///
/// # Errors
/// `invalid-form`, `proof-rejected`, `proof-already-used`, `establishment-has-account`.
#[utoipa::path(
    post, path = "/api/create-account", operation_id = "createAccount", tag = "account", request_body = CreateAccountForm,
    responses(
        (status = 202, description = "The activation mail is on its way", body = ApplicationAccepted),
        (status = "4XX", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn handle(platform: &Platform, request: Request) -> Result<Response, Error> {
    let form: CreateAccountForm = http::json(&request)?;
    let (application, proof) = form.check()?;
    let proof = platform.proofs.verify(proof, Action::CreateAccount, &form)?;
    let mail = platform.accounts.apply(&proof, &application).await?;
    Ok(http::accepted(&ApplicationAccepted {
        mail: mail.to_string(),
        sent_to: application.email.masked(),
        valid_minutes: LINK_VALID_MINUTES,
    }))
}
