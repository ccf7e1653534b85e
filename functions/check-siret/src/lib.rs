//! `POST /api/check-siret`: whether an establishment has an account (procedure, step 2).

use domain::proof::Action;
use domain::{FormCheck, Refusal, Siret};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Request, Response};
use platform::problems::{ESTABLISHMENT_HAS_ACCOUNT, ProblemBody};
use platform::proofs::Receipt;
use platform::table::Transaction;
use platform::{Error, Platform, route};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// This function, as it states itself.
pub const FUNCTION: Function = Function {
    name: "check-siret",
    routes: &[route!(POST "/api/check-siret", handle)],
    grants: &[Grant::get("SIRET#"), Grant::put("PROOF#")],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 500, share: Share::Crowd },
};

/// Its part of the API document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

/// What the first page asks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSiretForm {
    /// 14 digits; spaces and dots are dropped.
    #[schema(value_type = String, example = "732 829 320 00074")]
    pub siret: Option<String>,
    /// The general conditions are accepted.
    #[schema(value_type = bool)]
    pub accept_terms: Option<bool>,
    /// The ALTCHA payload.
    #[schema(value_type = String)]
    pub proof: Option<String>,
}

/// Case 1 or case 2 of the procedure.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiretStatus {
    /// The 14 digits.
    pub siret: String,
    /// `none` or `exists`.
    #[schema(example = "none")]
    pub account: &'static str,
    /// What the agency says when it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'static str>,
}

struct Checked<'a> {
    siret: Siret,
    proof: &'a str,
}

impl CheckSiretForm {
    fn check(&self) -> Result<Checked<'_>, Refusal> {
        let mut form = FormCheck::new();
        let siret = form.required("siret", self.siret.as_deref(), Siret::parse);
        let terms = form.accepted("accept_terms", self.accept_terms);
        let proof = form.required("proof", self.proof.as_deref(), |_| Ok(()));
        form.finish(|| {
            terms?;
            proof?;
            Some(Checked { siret: siret?, proof: self.proof.as_deref()? })
        })
    }
}

/// Tells case 1 from case 2. One read and one conditional write, at once.
///
/// # Errors
/// `invalid-form`, `proof-rejected`, `proof-already-used`.
#[utoipa::path(
    post, path = "/api/check-siret", operation_id = "checkSiret", tag = "account", request_body = CheckSiretForm,
    responses(
        (status = 200, description = "Whether the establishment has an account", body = SiretStatus),
        (status = "4XX", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn handle(platform: &Platform, request: Request) -> Result<Response, Error> {
    let form: CheckSiretForm = http::json(&request)?;
    let Checked { siret, proof } = form.check()?;
    let proof = platform.proofs.verify(proof, Action::CheckSiret, &form)?;
    let read = async { Ok::<_, Error>(platform.accounts.has_account(&siret).await?) };
    let spend = platform.proofs.spend(&proof, &Receipt::Check, Transaction::new());
    let (has_account, _) = tokio::try_join!(read, spend)?;
    Ok(http::ok(&SiretStatus {
        siret: siret.to_string(),
        account: if has_account { "exists" } else { "none" },
        message: has_account.then_some(ESTABLISHMENT_HAS_ACCOUNT),
    }))
}
