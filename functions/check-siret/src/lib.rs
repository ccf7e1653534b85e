//! `POST /api/check-siret`: whether an establishment has an account (procedure, step 2).

use domain::proof::Action;
use domain::{AcceptedTerms, EncodedProof, Siret};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::Json;
use platform::problems::ESTABLISHMENT_HAS_ACCOUNT;
use platform::proofs::Receipt;
use platform::table::Transaction;
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "check-siret",
    routes: &[route!(POST "/api/check-siret", handle; refuses ProofRejected, ProofAlreadyUsed)],
    grants: &[Grant::get("SIRET#"), Grant::put("PROOF#")],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 500, share: Share::Crowd },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

form! {
    /// What the first page asks.
    pub struct CheckSiretForm {
        siret: Field<Siret>,
        accept_terms: Field<AcceptedTerms>,
        proof: Field<EncodedProof>,
    }
}

/// Case 1 or case 2 of the procedure.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiretStatus {
    /// The 14 digits.
    pub siret: String,
    /// Which case it is.
    pub account: AccountState,
    /// What the agency says when it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'static str>,
}

/// Whether there is an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccountState {
    /// Case 1: none.
    None,
    /// Case 2: one is active.
    Exists,
}

/// Tells case 1 from case 2. One read and one conditional write, at once.
#[utoipa::path(
    post, path = "/api/check-siret", operation_id = "checkSiret", tag = "account",
    request_body = CheckSiretForm,
    responses((status = 200, description = "Whether the establishment has an account", body = SiretStatus))
)]
pub async fn handle(platform: &Platform, form: Form<CheckSiretForm>) -> Result<Json<SiretStatus>, Error> {
    let (siret, _, proof) = fields!(form: siret, accept_terms, proof)?;
    let proof = platform.proofs.verify(&proof, Action::CheckSiret, &form.body)?;
    let read = async { Ok::<_, Error>(platform.accounts.has_account(&siret).await?) };
    let spend = platform.proofs.spend(&proof, &Receipt::Check, Transaction::new());
    let (has_account, _) = tokio::try_join!(read, spend)?;
    Ok(Json(SiretStatus {
        siret: siret.to_string(),
        account: if has_account { AccountState::Exists } else { AccountState::None },
        message: has_account.then_some(ESTABLISHMENT_HAS_ACCOUNT),
    }))
}
