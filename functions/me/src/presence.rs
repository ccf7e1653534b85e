//! `/api/presence`: a holder's answer to the mail «toujours là ?».

use domain::{Refusal, Token};
use platform::http::Json;
use platform::{Error, Field, Form, Platform, fields, form};
use serde::Serialize;
use utoipa::ToSchema;

form! {
    /// The token of the mail's link.
    pub struct PresenceForm {
        token: Field<Option<Token>>,
    }
}

/// The answer is noted.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresenceNoted {
    /// Whose holder the person still is.
    #[schema(example = "Boulangerie du Marché")]
    pub establishment_name: String,
    /// When they are asked again.
    #[schema(format = DateTime)]
    pub next_at: String,
}

/// Notes that a holder is still there, for whoever reads their mailbox: it logs nobody in, and changes no
/// right. It can be sent twice.
#[utoipa::path(
    post, path = "/api/presence", operation_id = "answerPresence", tag = "me", request_body = PresenceForm,
    responses((status = 200, description = "The answer is noted", body = PresenceNoted))
)]
pub async fn answer(platform: &Platform, form: Form<PresenceForm>) -> Result<Json<PresenceNoted>, Error> {
    let (token,) = fields!(form: token)?;
    let token = token.ok_or(Refusal::LinkUnknown)?;
    let answered = platform.presences.answer(&token.hash()).await?;
    Ok(Json(PresenceNoted {
        establishment_name: answered.establishment_name.as_str().to_owned(),
        next_at: answered.next_at.to_string(),
    }))
}
