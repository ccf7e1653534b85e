//! `POST /api/set-password`: consumes the link of a mail, for an activation or a lost password.

use domain::{FaultCode, FormCheck, Password, Refusal, Token};
use platform::function::{Function, Grant, Share, Size};
use platform::http::{self, Request, Response};
use platform::passwords;
use platform::problems::ProblemBody;
use platform::{Error, Platform, route};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// This function, as it states itself.
pub const FUNCTION: Function = Function {
    name: "set-password",
    routes: &[route!(POST "/api/set-password", handle, hash)],
    grants: &[
        Grant::get("LINK#"),
        Grant::update("LINK#"),
        Grant::update("ACCOUNT#"),
        Grant::put("SIRET#"),
        Grant::put("MAIL#"),
        Grant::delete("ATTEMPTS#"),
    ],
    secrets: &[],
    size: Size { memory_mb: 1769, timeout_seconds: 15, slow_ms: 1_500, share: Share::Write },
};

/// Its part of the API document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

/// The link's token and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPasswordForm {
    /// What follows the `#` of the link.
    #[schema(value_type = String)]
    pub token: Option<String>,
    /// 12 to 128 characters.
    #[schema(value_type = String)]
    pub password: Option<String>,
}

/// The password is set.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordSet {
    /// What to log in with.
    #[schema(example = "AP-7K3M-Q2FD")]
    pub identifier: String,
}

impl SetPasswordForm {
    /// A token that was never printed is an unknown link, not a fault of the form: the person did not
    /// type it. A password is never trimmed.
    fn check(&self) -> Result<(Option<Token>, Password), Refusal> {
        let mut form = FormCheck::new();
        let token = form.required("token", self.token.as_deref(), |printed| Ok(Token::parse(printed)));
        let password = form.required_as_typed("password", self.password.as_deref(), Password::parse);
        form.finish(|| Some((token?, password?)))
    }
}

/// Sets the password. The link is read before anything is hashed, so that a stranger cannot make us
/// spend Argon2: two calls of the table.
///
/// # Errors
/// `invalid-form`, `link-unknown`, `link-expired`, `link-used`, `establishment-has-account`.
#[utoipa::path(
    post, path = "/api/set-password", operation_id = "setPassword", tag = "account", request_body = SetPasswordForm,
    responses(
        (status = 200, description = "The password is set", body = PasswordSet),
        (status = "4XX", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn handle(platform: &Platform, request: Request) -> Result<Response, Error> {
    let form: SetPasswordForm = http::json(&request)?;
    let (token, password) = form.check()?;
    let token = token.ok_or(Refusal::LinkUnknown)?;
    let link = platform.links.find(&token, platform.clock.now()).await?.ok_or(Refusal::LinkUnknown)?;
    link.check(platform.clock.now())?;
    let mut person = link.application.person();
    person.0.push(link.identifier.to_string());
    password.judge(&person).map_err(|code: FaultCode| Refusal::field("password", code))?;
    let hash = passwords::hash(password, &platform.random).await?;
    platform.credentials.set(&token, &link, &hash).await?;
    Ok(http::ok(&PasswordSet { identifier: link.identifier.to_string() }))
}
