//! `/api/session`: log in, who am I, log out («Mon espace personnel»).

use domain::account::SESSION_VALID;
use domain::password;
use domain::proof::Action;
use domain::{Account, FormCheck, Identifier, Refusal, Token};
use platform::accounts::ROLE_HOLDER;
use platform::config::LoginProof;
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Request, Response};
use platform::problems::ProblemBody;
use platform::proofs::Receipt;
use platform::table::Transaction;
use platform::{Config, Error, Platform, passwords, route};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// This function, as it states itself.
pub const FUNCTION: Function = Function {
    name: "session",
    routes: &[
        route!(GET "/api/session", show),
        route!(POST "/api/session", open, hash),
        route!(DELETE "/api/session", close),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("SESSION#"),
        Grant::update("ATTEMPTS#"),
        Grant::put("MAIL#"),
        Grant::put("PROOF#"),
        Grant::put("SESSION#"),
        Grant::delete("SESSION#"),
        Grant::delete("ATTEMPTS#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash, Secret::Session],
    size: Size { memory_mb: 1769, timeout_seconds: 15, slow_ms: 1_500, share: Share::Crowd },
};

/// Its part of the API document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(open, show, close))]
pub struct Document;

/// Identifier and password, and a proof once it is asked for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginForm {
    /// `AP-` and 8 symbols, in any spelling.
    #[schema(value_type = String, example = "AP-7K3M-Q2FD")]
    pub identifier: Option<String>,
    /// As it was chosen.
    #[schema(value_type = String)]
    pub password: Option<String>,
    /// The ALTCHA payload, after `proof-required`.
    pub proof: Option<String>,
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
}

/// Where a person may act.
#[derive(Debug, Serialize, ToSchema)]
pub struct Establishment {
    /// The 14 digits.
    pub siret: String,
    /// As its holder wrote it.
    pub name: String,
    /// `holder`.
    #[schema(example = "holder")]
    pub role: &'static str,
}

impl From<&Account> for Me {
    fn from(account: &Account) -> Self {
        let application = &account.application;
        Self {
            identifier: account.identifier.to_string(),
            first_name: application.first_name.as_str().to_owned(),
            last_name: application.last_name.as_str().to_owned(),
            establishments: vec![Establishment {
                siret: application.siret.to_string(),
                name: application.establishment_name.as_str().to_owned(),
                role: ROLE_HOLDER,
            }],
        }
    }
}

impl LoginForm {
    fn check(&self) -> Result<(Identifier, String), Refusal> {
        let mut form = FormCheck::new();
        let identifier = form.required("identifier", self.identifier.as_deref(), Identifier::parse);
        let password = form
            .required_as_typed("password", self.password.as_deref(), |typed| Ok(password::normalised(typed)));
        form.finish(|| Some((identifier?, password?)))
    }
}

/// `POST /api/session`. The same work whether or not the account exists; every attempt counts before its password is
/// judged, so that guesses made at once are all counted.
///
/// # Errors
/// `invalid-form`, `wrong-credentials`, `proof-required`, `proof-rejected`, `proof-already-used`,
/// `too-many-attempts`.
#[utoipa::path(
    post, path = "/api/session", operation_id = "openSession", tag = "session", request_body = LoginForm,
    responses(
        (status = 200, description = "Logged in; the cookie comes along", body = Me),
        (status = "4XX", description = "A problem", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn open(platform: &Platform, request: Request) -> Result<Response, Error> {
    let form: LoginForm = http::json(&request)?;
    let (identifier, password) = form.check()?;
    // A proof that is due is judged before anything is written: a stranger cannot have us write for nothing.
    let proof = match form.proof.as_deref() {
        Some(payload) => Some(platform.proofs.verify(payload, Action::Session, &form)?),
        None if platform.config.login_proof == LoginProof::Always => {
            return Err(Refusal::ProofRequired.into());
        }
        None => None,
    };
    let count = platform.sessions.count_attempt(&identifier, proof.is_some());
    let (account, ()) = tokio::try_join!(async { Ok(platform.accounts.find(&identifier).await?) }, count)?;
    let mut token = None;
    if let Some(proof) = &proof {
        platform.proofs.spend(proof, &Receipt::Login, Transaction::new()).await?;
        token = Some(platform.proofs.session_token(proof)?);
    }
    let account = account.filter(|account| account.is_active);
    let known_hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let is_right = passwords::is_right(password, known_hash).await?;
    let account = account.filter(|_| is_right).ok_or(Refusal::WrongCredentials)?;
    let token = platform.sessions.open(&account, token).await?;
    let max_age_seconds = SESSION_VALID.as_secs();
    Ok(with_cookie(&platform.config, http::ok(&Me::from(&account)), &token.print(), max_age_seconds))
}

/// `GET /api/session`.
///
/// # Errors
/// `no-session`.
#[utoipa::path(
    get, path = "/api/session", operation_id = "showSession", tag = "session",
    responses(
        (status = 200, description = "Who is logged in", body = Me),
        (status = 401, description = "Nobody is", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn show(platform: &Platform, request: Request) -> Result<Response, Error> {
    let token = token_of(&platform.config, &request).ok_or(Refusal::NoSession)?;
    let session = platform.sessions.find(&token).await?.ok_or(Refusal::NoSession)?;
    let account = platform.accounts.find(&session.identifier).await?;
    let is_current =
        |account: &Account| account.is_active && account.credentials_epoch == session.credentials_epoch;
    let account = account.filter(is_current).ok_or(Refusal::NoSession)?;
    Ok(http::ok(&Me::from(&account)))
}

/// `DELETE /api/session`. Ends the session, if there is one.
///
/// # Errors
/// 503 when the table cannot be written.
#[utoipa::path(
    delete, path = "/api/session", operation_id = "closeSession", tag = "session",
    responses((status = 204, description = "Nobody is logged in any more"))
)]
pub async fn close(platform: &Platform, request: Request) -> Result<Response, Error> {
    if let Some(token) = token_of(&platform.config, &request) {
        platform.sessions.close(&token).await?;
    }
    Ok(with_cookie(&platform.config, http::no_content(), "", 0))
}

/// `__Host-` binds the cookie to the very host; WebKit refuses `Secure` on plain http at localhost.
fn cookie_name(config: &Config) -> &'static str {
    if config.is_secure() { "__Host-sesame" } else { "sesame" }
}

fn token_of(config: &Config, request: &Request) -> Option<Token> {
    Token::parse(http::cookie(request, cookie_name(config))?)
}

fn with_cookie(config: &Config, response: Response, value: &str, max_age_seconds: i64) -> Response {
    let secure = if config.is_secure() { "; Secure" } else { "" };
    let name = cookie_name(config);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure}");
    http::with_header(response, http::SET_COOKIE, &cookie)
}
