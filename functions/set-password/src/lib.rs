//! `POST /api/set-password`: sets a password by a link, for an activation or a recovery.

use domain::{FieldCode, Password, Refusal, Token};
use platform::function::{Function, Grant, Share, Size};
use platform::http::{IntoResponse, Json, Response, SET_COOKIE};
use platform::{Error, Field, Form, Platform, cookie, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "set-password",
    routes: &[route!(
        POST "/api/set-password", handle, hash;
        refuses LinkUnknown, LinkExpired, LinkUsed, EstablishmentHasAccount
    )],
    grants: &[
        Grant::get("LINK#"),
        Grant::update("LINK#"),
        Grant::update("ACCOUNT#"),
        Grant::put("SIRET#"),
        Grant::put("SESSION#"),
        Grant::put("MAIL#"),
        Grant::delete("ATTEMPTS#"),
    ],
    secrets: &[],
    size: Size { memory_mb: 1769, timeout_seconds: 15, slow_ms: 1_500, share: Share::Write },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

form! {
    /// The link's token and the new password.
    pub struct SetPasswordForm {
        token: Field<Option<Token>>,
        password: Field<Password>,
    }
}

/// The password is set.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordSet {
    /// What to log in with.
    #[schema(example = "AP-7K3M-Q2FD")]
    pub identifier: String,
}

/// Sets the password; an activation also logs in. The link is read before anything is hashed, so that a
/// stranger cannot make us spend Argon2: two calls of the table.
#[utoipa::path(
    post, path = "/api/set-password", operation_id = "setPassword", tag = "account",
    request_body = SetPasswordForm,
    responses(
        (
            status = 200,
            description = "The password is set; after an activation the cookie comes along",
            body = PasswordSet
        )
    )
)]
pub async fn handle(platform: &Platform, form: Form<SetPasswordForm>) -> Result<Response, Error> {
    let (token, password) = fields!(form: token, password)?;
    let token = token.ok_or(Refusal::LinkUnknown)?;
    let link = platform.links.find(&token, platform.clock.now()).await?.ok_or(Refusal::LinkUnknown)?;
    link.check(platform.clock.now())?;
    let mut person = link.application.person();
    person.0.push(link.identifier.to_string());
    password.judge(&person).map_err(|code: FieldCode| Refusal::field("password", code))?;
    let hash = platform.passwords.hash(platform.passwords.place()?, password).await?;
    let session = platform.credentials.set(&token, &link, &hash).await?;
    let set = Json(PasswordSet { identifier: link.identifier.to_string() });
    Ok(match session {
        Some(session) => set.with_header(SET_COOKIE, &cookie::opening(&platform.config, &session)),
        None => set.into_response(),
    })
}
