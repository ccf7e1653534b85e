//! `/api/space/email`, `password`, `close`, sessions, `/api/address`, `/api/presence`: a person's own data.

mod address;
mod parameters;
mod presence;

use domain::address_change::ADDRESS_VALID_MINUTES;
use domain::form::FieldValue;
use domain::proof::Action;
use domain::{Account, Email, EncodedProof, Password, Refusal, Siret, TypedPassword};
use platform::form::CanonicalBody;
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Accepted, IntoResponse, Json, NoContent, Request, Response};
use platform::passwords::Place;
use platform::people::Person;
use platform::proofs::Proof;
use platform::{Error, Field, Form, Platform, cookie, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

use crate::parameters::{SessionPath, SiretPath};

pub const FUNCTION: Function = Function {
    name: "me",
    routes: &[
        route!(
            POST "/api/space/email", change_email, hash;
            refuses NoSession, WrongCredentials, ProofRequired, ProofRejected, ProofAlreadyUsed,
                TooManyAttempts
        ),
        route!(
            POST "/api/space/password", change_password, hash;
            refuses NoSession, WrongCredentials, ProofRequired, ProofRejected, ProofAlreadyUsed,
                TooManyAttempts
        ),
        route!(
            POST "/api/space/close", close_account, hash;
            refuses NoSession, WrongCredentials, ProofRequired, ProofRejected, ProofAlreadyUsed,
                TooManyAttempts, LastHolder, AddressJustChanged
        ),
        route!(
            POST "/api/space/establishments/{siret}/close", close_space, hash;
            refuses NoSession, WrongCredentials, ProofRequired, ProofRejected, ProofAlreadyUsed,
                TooManyAttempts, NotAllowed, OtherHolders, AddressJustChanged
        ),
        route!(DELETE "/api/space/sessions/{session}", end_session; refuses NoSession),
        route!(POST "/api/address", address::show; refuses LinkUnknown),
        route!(POST "/api/address/confirm", address::confirm; refuses LinkUnknown, LinkExpired, LinkUsed),
        route!(POST "/api/address/restore", address::restore; refuses LinkUnknown, LinkExpired, LinkUsed),
        route!(POST "/api/presence", presence::answer; refuses LinkUnknown, LinkExpired),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("DOMAIN#"),
        Grant::get("LINK#"),
        Grant::get("SESSION#"),
        Grant::get_many("ACCOUNT#"),
        Grant::query("SESSIONS#"),
        Grant::query("SIRET#"),
        Grant::check("ACCOUNT#"),
        Grant::check("DOMAIN#"),
        Grant::put("ACCOUNT#"),
        Grant::put("JOURNAL#"),
        Grant::put("MAIL#"),
        Grant::put("PROOF#"),
        Grant::put("SESSION#"),
        Grant::put("SESSIONS#"),
        Grant::update("ACCOUNT#"),
        Grant::update("ATTEMPTS#"),
        Grant::update("SIRET#"),
        Grant::delete("ATTEMPTS#"),
        Grant::delete("SESSION#"),
        Grant::delete("SESSIONS#"),
        Grant::delete("SIRET#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 1769, timeout_seconds: 15, slow_ms: 1_500, share: Share::Space },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    change_email,
    change_password,
    close_account,
    close_space,
    end_session,
    address::show,
    address::confirm,
    address::restore,
    presence::answer
))]
pub struct Document;

/// Which part of the path is a SIRET or a session's id.
const ID: usize = 3;

form! {
    /// A new address, with the password, and a proof once `proof-required` asked for it.
    pub struct ChangeEmailForm {
        email: Field<Email>,
        password: Field<TypedPassword>,
        proof: Option<Field<EncodedProof>>,
    }
}

form! {
    /// The password and a new one, and a proof once `proof-required` asked for it.
    pub struct ChangePasswordForm {
        password: Field<TypedPassword>,
        new_password: Field<Password>,
        proof: Option<Field<EncodedProof>>,
    }
}

form! {
    /// The password of the account that is to be closed, and a proof once `proof-required` asked for it.
    pub struct CloseAccountForm {
        password: Field<TypedPassword>,
        proof: Option<Field<EncodedProof>>,
    }
}

form! {
    /// The password of the holder who closes the establishment's space, and a proof once `proof-required`
    /// asked for it.
    pub struct CloseSpaceForm {
        password: Field<TypedPassword>,
        proof: Option<Field<EncodedProof>>,
    }
}

/// Two mails are on their way: to the new address a link, to the one so far a way back.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressAsked {
    /// The new address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    /// How long its link will live, in minutes from when its mail is sent.
    pub valid_minutes: i64,
}

/// The password is another; so is the session.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordChanged {
    /// What to log in with.
    #[schema(example = "AP-7K3M-Q2FD")]
    pub identifier: String,
}

/// Nothing is left to tell.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closed {}

/// Asks for another address. It becomes the account's when its link is used; the address so far is told, and
/// has a way back for seven days.
#[utoipa::path(
    post, path = "/api/space/email", operation_id = "changeEmail", tag = "me",
    security(("session" = [])),
    request_body = ChangeEmailForm,
    responses((status = 202, description = "Both mails are on their way", body = AddressAsked))
)]
pub async fn change_email(
    platform: &Platform,
    (request, form): (Request, Form<ChangeEmailForm>),
) -> Result<Accepted<AddressAsked>, Error> {
    let (email, password, proof) = fields!(form: email, password, proof)?;
    let Person { account, .. } = Person::of(platform, &request).await?;
    prove(platform, &account, (password, proof), &form.body).await?;
    platform.addresses.ask(&account, &email).await?;
    Ok(Accepted(AddressAsked { sent_to: email.masked(), valid_minutes: ADDRESS_VALID_MINUTES }))
}

/// Replaces the password: every session ends, and this browser gets a new one.
#[utoipa::path(
    post, path = "/api/space/password", operation_id = "changePassword", tag = "me",
    security(("session" = [])),
    request_body = ChangePasswordForm,
    responses(
        (
            status = 200,
            description = "The password is replaced; the new session's cookie comes along",
            body = PasswordChanged
        )
    )
)]
pub async fn change_password(
    platform: &Platform,
    (request, form): (Request, Form<ChangePasswordForm>),
) -> Result<Response, Error> {
    let (password, new_password, proof) = fields!(form: password, new_password, proof)?;
    let Person { account, .. } = Person::of(platform, &request).await?;
    let mut person = account.application.person();
    person.0.push(account.identifier.to_string());
    new_password.judge(&person).map_err(|code| Refusal::field("new_password", code))?;
    // For the second hash, before the attempt is counted: one that the queue refuses is no guess.
    let place = platform.passwords.place()?;
    prove(platform, &account, (password, proof), &form.body).await?;
    let hash = platform.passwords.hash(place, new_password).await?;
    let token = platform.credentials.replace(&account, &hash).await?;
    let changed = Json(PasswordChanged { identifier: account.identifier.to_string() });
    Ok(changed.with_header(http::SET_COOKIE, &cookie::opening(&platform.config, &token)))
}

/// Closes the account: every membership and every session ends, and the identifier serves no more.
#[utoipa::path(
    post, path = "/api/space/close", operation_id = "closeAccount", tag = "me",
    security(("session" = [])),
    request_body = CloseAccountForm,
    responses((status = 200, description = "The account is closed; the cookie is removed", body = Closed))
)]
pub async fn close_account(
    platform: &Platform,
    (request, form): (Request, Form<CloseAccountForm>),
) -> Result<Response, Error> {
    let (password, proof) = fields!(form: password, proof)?;
    let Person { account, .. } = Person::of(platform, &request).await?;
    prove(platform, &account, (password, proof), &form.body).await?;
    let closed = platform.spaces.close_account(&account, &platform.outbox).await;
    no_guess(platform, &account, closed).await?;
    Ok(Json(Closed {}).with_header(http::SET_COOKIE, &cookie::closing(&platform.config)))
}

/// Closes the space of an establishment, by its only active holder: nobody is a member of it any more, its
/// invitations and mandates end, and the SIRET can be activated anew. The account stays.
#[utoipa::path(
    post, path = "/api/space/establishments/{siret}/close", operation_id = "closeSpace", tag = "me",
    security(("session" = [])),
    params(SiretPath), request_body = CloseSpaceForm,
    responses((status = 200, description = "The space is closed", body = Closed))
)]
pub async fn close_space(
    platform: &Platform,
    (request, form): (Request, Form<CloseSpaceForm>),
) -> Result<Json<Closed>, Error> {
    let (password, proof) = fields!(form: password, proof)?;
    let Person { account, .. } = Person::of(platform, &request).await?;
    // What is no SIRET is refused like that of another's establishment.
    let siret = Siret::read(http::path_part(&request, ID).to_owned()).map_err(|_| Refusal::NotAllowed)?;
    prove(platform, &account, (password, proof), &form.body).await?;
    let closed = platform.spaces.close(&account, &siret, &platform.outbox).await;
    no_guess(platform, &account, closed).await?;
    Ok(Json(Closed {}))
}

/// Ends one of the person's own sessions, if it is still open. The cookie is removed with this browser's.
#[utoipa::path(
    delete, path = "/api/space/sessions/{session}", operation_id = "endSession", tag = "me",
    security(("session" = [])),
    params(SessionPath),
    responses((status = 204, description = "There is no such session any more"))
)]
pub async fn end_session(platform: &Platform, request: Request) -> Result<Response, Error> {
    let Person { account, token } = Person::of(platform, &request).await?;
    let id = http::path_part(&request, ID);
    let opened = platform.sessions.of(&account).await?;
    let Some(ended) = opened.iter().find(|session| session.id() == id) else {
        return Ok(NoContent.into_response());
    };
    platform.sessions.end(&account.identifier, &ended.token).await?;
    Ok(if ended.token == token.key() {
        NoContent.with_header(http::SET_COOKIE, &cookie::closing(&platform.config))
    } else {
        NoContent.into_response()
    })
}

/// Checks the password of who is logged in: whoever finds an open browser does not know it.
///
/// # Errors
/// `WrongCredentials`; those of the proof, and of the count of attempts.
async fn prove(
    platform: &Platform,
    account: &Account,
    (password, proof): (TypedPassword, Option<EncodedProof>),
    body: &CanonicalBody,
) -> Result<(), Error> {
    // Before anything is written.
    let proof = proof.map(|proof| platform.proofs.verify(&proof, Action::Session, body)).transpose()?;
    // Before the attempt is counted: one that the queue refuses is no guess.
    let place = platform.passwords.place()?;
    let judged = judge(platform, account, place, (password, proof));
    platform.refusals.in_steps(Box::pin(judged)).await
}

/// What was done with a right password, and the count of attempts with it. Refused by another rule, the
/// attempt is no guess all the same.
async fn no_guess<T>(platform: &Platform, account: &Account, done: Result<T, Error>) -> Result<T, Error> {
    if done.is_err() {
        platform.sessions.clear_attempts(&account.identifier).await?;
    }
    done
}

/// Counts the attempt with its proof, then judges the password: guesses made at once are all counted.
async fn judge(
    platform: &Platform,
    account: &Account,
    place: Place<'static>,
    (password, proof): (TypedPassword, Option<Proof>),
) -> Result<(), Error> {
    platform.sessions.count_attempt(&account.identifier, proof.as_ref()).await?;
    let known_hash = account.password_hash.clone();
    let is_right = platform.passwords.is_right(place, password.into_text(), known_hash).await?;
    if is_right { Ok(()) } else { Err(Refusal::WrongCredentials.into()) }
}
