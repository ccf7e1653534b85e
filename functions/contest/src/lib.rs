//! `/api/contest`: an objection to a succession, by the link of its notice. It asks for no login: the mailbox
//! is the proof, and whoever has lost their password must be able to object.

use domain::{Refusal, Token};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::Json;
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "contest",
    routes: &[route!(POST "/api/contest", contest; refuses LinkUnknown, SuccessionExecuted)],
    grants: &[
        Grant::get("LINK#"),
        Grant::get("TICKET#"),
        Grant::put("MAIL#"),
        Grant::put("QUEUE#"),
        Grant::put("TICKET#"),
        Grant::update("SUCCESSION#"),
        Grant::update("TICKET#"),
        Grant::delete("QUEUE#"),
    ],
    secrets: &[Secret::Hash],
    size: Size { memory_mb: 256, timeout_seconds: 10, slow_ms: 1_000, share: Share::Space },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(contest))]
pub struct Document;

form! {
    /// The token of a notice's link.
    pub struct ContestForm {
        token: Field<Option<Token>>,
    }
}

/// The objection stands: nothing is handed over until two agents have judged it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectionMade {
    /// The 14 digits.
    pub siret: String,
    pub establishment_name: String,
    /// Of the first objection.
    #[schema(format = DateTime)]
    pub contested_at: String,
}

/// Objects to a succession. Once more changes nothing.
#[utoipa::path(
    post, path = "/api/contest", operation_id = "contest", tag = "contest", request_body = ContestForm,
    responses((status = 200, description = "The succession is frozen", body = ObjectionMade))
)]
pub async fn contest(platform: &Platform, form: Form<ContestForm>) -> Result<Json<ObjectionMade>, Error> {
    let (token,) = fields!(form: token)?;
    let token = token.ok_or(Refusal::LinkUnknown)?;
    let link = platform.successions.find_link(&token.hash()).await?.ok_or(Refusal::LinkUnknown)?;
    let contested = platform.successions.contest(&link).await?;
    Ok(Json(ObjectionMade {
        siret: contested.siret.to_string(),
        establishment_name: contested.establishment_name.as_str().to_owned(),
        contested_at: contested.contested_at.to_string(),
    }))
}
