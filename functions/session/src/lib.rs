//! `/api/session`: login, current session, logout («Mon espace personnel»).

use domain::proof::Action;
use domain::{Account, EncodedProof, Identifier, Refusal, Role, Token, TypedPassword};
use platform::config::LoginProof;
use platform::form::schema;
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, IntoResponse, Json, NoContent, Request, Response};
use platform::passwords::Place;
use platform::people::Person;
use platform::proofs::Proof;
use platform::spaces::Belonging;
use platform::{Config, Error, Field, Form, Platform, cookie, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "session",
    routes: &[
        route!(GET "/api/session", show; refuses NoSession),
        route!(
            POST "/api/session", open, hash;
            refuses WrongCredentials, ProofRequired, ProofRejected, ProofAlreadyUsed, TooManyAttempts
        ),
        route!(DELETE "/api/session", close),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("SESSION#"),
        Grant::get_many("SIRET#"),
        Grant::update("ATTEMPTS#"),
        Grant::put("MAIL#"),
        Grant::put("PROOF#"),
        Grant::put("SESSION#"),
        Grant::put("SESSIONS#"),
        Grant::delete("ATTEMPTS#"),
        Grant::delete("SESSION#"),
        Grant::delete("SESSIONS#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash, Secret::Session],
    size: Size { memory_mb: 1769, timeout_seconds: 15, slow_ms: 1_500, share: Share::Crowd },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(open, show, close))]
pub struct Document;

form! {
    /// Identifier and password, and a proof once `proof-required` asked for it.
    pub struct LoginForm {
        identifier: Field<Identifier>,
        password: Field<TypedPassword>,
        proof: Option<Field<EncodedProof>>,
    }
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// What they log in with.
    #[schema(example = "AP-7K3M-Q2FD")]
    pub identifier: String,
    /// As they wrote it.
    pub first_name: String,
    /// As they wrote it.
    pub last_name: String,
    /// Where they may act.
    pub establishments: Vec<Establishment>,
    /// Where they go on from here, if the service is told.
    #[schema(example = "https://extranet.exemple.fr/")]
    pub extranet: Option<String>,
}

/// Where a person may act.
#[derive(Debug, Serialize, ToSchema)]
pub struct Establishment {
    /// The 14 digits.
    pub siret: String,
    /// As its holder wrote it.
    pub name: String,
    /// What they may do there.
    #[schema(schema_with = schema::inline::<Role>)]
    pub role: &'static str,
}

impl Me {
    fn new(account: &Account, belongings: &[Belonging], config: &Config) -> Self {
        let application = &account.application;
        let active = belongings.iter().filter(|belonging| belonging.membership.is_active());
        let establishment = |belonging: &Belonging| Establishment {
            siret: belonging.siret.to_string(),
            name: belonging.name.as_str().to_owned(),
            role: belonging.membership.role.as_str(),
        };
        Self {
            identifier: account.identifier.to_string(),
            first_name: application.first_name.as_str().to_owned(),
            last_name: application.last_name.as_str().to_owned(),
            establishments: active.map(establishment).collect(),
            extranet: config.extranet.as_ref().map(|extranet| extranet.as_str().to_owned()),
        }
    }
}

/// `POST /api/session`. The same work whether or not the account exists; every attempt counts before its
/// password is judged, so that guesses made at once are all counted.
#[utoipa::path(
    post, path = "/api/session", operation_id = "openSession", tag = "session", request_body = LoginForm,
    responses((status = 200, description = "Logged in; the cookie comes along", body = Me))
)]
pub async fn open(platform: &Platform, form: Form<LoginForm>) -> Result<Response, Error> {
    let (identifier, password, proof) = fields!(form: identifier, password, proof)?;
    // A required proof is verified before anything is written: else a stranger could cause writes for free.
    let proof = match proof {
        Some(proof) => Some(platform.proofs.verify(&proof, Action::Session, &form.body)?),
        None if platform.config.login_proof == LoginProof::Always => {
            return Err(Refusal::ProofRequired.into());
        }
        None => None,
    };
    // Before the attempt is counted: one that the queue refuses is no guess.
    let place = platform.passwords.place()?;
    // From here on an account may be found, or none: a refusal must not tell by its latency.
    let judged = judge(platform, place, &identifier, password, proof);
    let (account, token) = platform.refusals.in_steps(Box::pin(judged)).await?;
    let cookie = cookie::opening(&platform.config, &token);
    let belongings = platform.spaces.of(&account).await?;
    Ok(Json(Me::new(&account, &belongings, &platform.config)).with_header(http::SET_COOKIE, &cookie))
}

/// Counts the attempt with its proof, judges the password, opens the session.
async fn judge(
    platform: &Platform,
    place: Place<'static>,
    identifier: &Identifier,
    password: TypedPassword,
    proof: Option<Proof>,
) -> Result<(Account, Token), Error> {
    let count = platform.sessions.count_attempt(identifier, proof.as_ref());
    let (account, ()) = tokio::try_join!(async { Ok(platform.accounts.find(identifier).await?) }, count)?;
    let token = proof.as_ref().map(|proof| platform.proofs.session_token(proof)).transpose()?;
    let account = account.filter(|account| account.is_active);
    let known_hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let is_right = platform.passwords.is_right(place, password.into_text(), known_hash).await?;
    let account = account.filter(|_| is_right).ok_or(Refusal::WrongCredentials)?;
    let token = platform.sessions.open(&account, token).await?;
    Ok((account, token))
}

/// Tells who is logged in.
#[utoipa::path(
    get, path = "/api/session", operation_id = "showSession", tag = "session",
    security(("session" = [])),
    responses((status = 200, description = "Who is logged in", body = Me))
)]
pub async fn show(platform: &Platform, request: Request) -> Result<Json<Me>, Error> {
    let Person { account, .. } = Person::of(platform, &request).await?;
    let belongings = platform.spaces.of(&account).await?;
    Ok(Json(Me::new(&account, &belongings, &platform.config)))
}

/// Ends the session, if there is one.
#[utoipa::path(
    delete, path = "/api/session", operation_id = "closeSession", tag = "session",
    security((), ("session" = [])),
    responses((status = 204, description = "Nobody is logged in any more"))
)]
pub async fn close(platform: &Platform, request: Request) -> Result<Response, Error> {
    if let Some(token) = cookie::token_of(&platform.config, &request) {
        platform.sessions.close(&token).await?;
    }
    Ok(NoContent.with_header(http::SET_COOKIE, &cookie::closing(&platform.config)))
}
