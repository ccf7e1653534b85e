//! `POST /api/set-password`: sets a password by a link, for an activation or a recovery.

use domain::{Code, FieldCode, Identifier, Password, Refusal, Siret, Token};
use platform::codes::CodeOwner;
use platform::form::FieldErrors;
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{IntoResponse, Json, Response, SET_COOKIE};
use platform::{Error, Field, Form, Platform, cookie, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "set-password",
    routes: &[route!(
        POST "/api/set-password", handle, hash;
        refuses LinkUnknown, LinkExpired, LinkUsed, CodeUnknown, CodeExhausted, EstablishmentHasAccount
    )],
    grants: &[
        Grant::get("LINK#"),
        Grant::get("CODE#"),
        Grant::update("CODE#"),
        Grant::update("LINK#"),
        Grant::update("ACCOUNT#"),
        Grant::update("SIRET#"),
        Grant::put("SIRET#"),
        Grant::put("JOURNAL#"),
        Grant::put("PRESENCE#"),
        Grant::put("SESSION#"),
        Grant::put("SESSIONS#"),
        Grant::put("MAIL#"),
        Grant::delete("ATTEMPTS#"),
    ],
    secrets: &[Secret::Hash],
    size: Size { memory_mb: 1769, timeout_seconds: 15, slow_ms: 1_500, share: Share::Write },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

form! {
    /// The new password, with the link's token; or with its code, and what the code is typed with: the
    /// identifier for a recovery, the SIRET for an activation.
    pub struct SetPasswordForm {
        token: Option<Field<Option<Token>>>,
        code: Option<Field<Code>>,
        identifier: Option<Field<Identifier>>,
        siret: Option<Field<Siret>>,
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
    let (by, password) = read(form.fields)?;
    let token = match by {
        By::Token(token) => token.ok_or(Refusal::LinkUnknown)?.hash(),
        // The row of codes is there only if a mail was sent: its reading must not be seen in the latency.
        By::Code(code, owner) => platform.refusals.in_steps(platform.codes.find(&owner, &code)).await?,
    };
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

/// What stands for the link.
enum By {
    /// None for what is no token: nobody typed it.
    Token(Option<Token>),
    Code(Code, CodeOwner),
}

/// All values, or all faults in the form's order. Without a token a code is needed, and what it is typed
/// with.
fn read(form: SetPasswordForm) -> Result<(By, Password), Refusal> {
    let mut errors = FieldErrors::default();
    let has_code = form.code.is_some();
    let token = errors.take("token", form.token).flatten();
    if token.is_none() && !has_code {
        errors.note("token", FieldCode::Required);
    }
    let code = errors.take("code", form.code).flatten();
    let identifier = errors.take("identifier", form.identifier);
    let siret = errors.take("siret", form.siret);
    let owner = match (identifier, siret) {
        (Some(Some(identifier)), _) => Some(CodeOwner::Account(identifier)),
        (_, Some(Some(siret))) => Some(CodeOwner::Establishment(siret)),
        (Some(None), Some(None)) if token.is_none() && has_code => {
            errors.note("identifier", FieldCode::Required);
            None
        }
        _ => None,
    };
    let by = token.map(By::Token).or_else(|| Some(By::Code(code?, owner?)));
    let password = errors.take("password", form.password);
    match (errors.is_empty(), by, password) {
        (true, Some(by), Some(password)) => Ok((by, password)),
        _ => Err(errors.refusal()),
    }
}
