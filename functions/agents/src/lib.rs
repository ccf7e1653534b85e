//! `/api/agents/…`: the agency's agents log in by OpenID Connect, see who they are, log out.

use domain::{AgentSub, Refusal, Token};
use platform::agents::{self, Agent};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Found, IntoResponse, Json, NoContent, Request, Response};
use platform::metrics::{self, AgentLogin, Event};
use platform::outside::openid::{Attempt, Doubt, Failure};
use platform::problems::Problem;
use platform::{Error, Platform, route};
use serde::Serialize;
use url::form_urlencoded::byte_serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "agents",
    routes: &[
        route!(GET "/api/agents/login", login; refuses AgentLoginUnavailable, AddressNotAllowed),
        route!(
            GET "/api/agents/callback", callback;
            refuses AgentUnknown, AgentLoginRefused, AgentLoginUnavailable, AddressNotAllowed
        ),
        route!(DELETE "/api/agents/session", close; refuses AddressNotAllowed),
        route!(GET "/api/agents/me", me; refuses NoSession, AddressNotAllowed),
    ],
    grants: &[
        Grant::get("AGENT#"),
        Grant::get("DESK#"),
        Grant::put("DESK#"),
        Grant::update("DESK#"),
        Grant::delete("DESK#"),
    ],
    secrets: &[Secret::Agents],
    // A login is three calls of the provider, with TLS.
    size: Size { memory_mb: 512, timeout_seconds: 15, slow_ms: 2_500, share: Share::Desk },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(login, callback, close, me))]
pub struct Document;

/// Where an agent is, logged in.
const DESK_PAGE: &str = "/agents/";
/// Where they log in, and are told why they were refused.
const LOGIN_PAGE: &str = "/agents/connexion/";
/// What a provider says when it cannot answer now (OpenID Connect Core 1.0, 3.1.2.6; RFC 6749, 4.1.2.1).
const PASSING_ERRORS: [&str; 2] = ["server_error", "temporarily_unavailable"];

/// The agent who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// As establishments' journals name them.
    #[schema(example = "Camille Moreau")]
    pub name: String,
    /// `agent`, and `supervisor` for who is one.
    #[schema(example = json!(["agent", "supervisor"]))]
    pub roles: Vec<&'static str>,
}

/// Why nobody was logged in.
#[derive(Debug)]
struct Denied {
    end: AgentLogin,
    refusal: Refusal,
    /// Whom the provider named, when the desk does not know them.
    sub: Option<AgentSub>,
}

impl Denied {
    fn new(end: AgentLogin, refusal: Refusal) -> Self {
        Self { end, refusal, sub: None }
    }
}

/// Begins a login: to the provider, and back to `/api/agents/callback`.
#[utoipa::path(
    get, path = "/api/agents/login", operation_id = "beginAgentLogin", tag = "agents",
    responses((
        status = 302, description = "To the provider; refused, a browser goes to the page of the login",
        headers(("Location" = String, description = "Where it goes on"))
    ))
)]
pub async fn login(platform: &Platform, request: Request) -> Result<Response, Error> {
    let token = Token::from_bytes(platform.random.bytes());
    match begin(platform, &request, &token).await {
        Ok(address) => {
            let cookie = agents::login_opening(&platform.config, &token);
            Ok(Found(address).with_header(http::SET_COOKIE, &cookie))
        }
        Err(denied) => deny(platform, &request, denied),
    }
}

async fn begin(platform: &Platform, request: &Request, token: &Token) -> Result<String, Denied> {
    allow(platform, request)?;
    platform.openid.authorize_url(&Attempt::of(token)).await.map_err(denied_by)
}

/// Ends a login: the provider sends the browser here. Whatever comes of it, the same answer serves no second
/// time.
#[utoipa::path(
    get, path = "/api/agents/callback", operation_id = "endAgentLogin", tag = "agents",
    params(
        ("code" = Option<String>, Query, description = "Of the provider"),
        ("state" = Option<String>, Query, description = "Of the login that this browser began"),
        ("iss" = Option<String>, Query, description = "The provider (RFC 9207)"),
        ("error" = Option<String>, Query, description = "In the place of a code"),
    ),
    responses((
        status = 302, description = "To the desk, logged in; refused, a browser goes to the login's page",
        headers(("Location" = String, description = "Where it goes on"))
    ))
)]
pub async fn callback(platform: &Platform, request: Request) -> Result<Response, Error> {
    let sub = match subject(platform, &request).await {
        Ok(sub) => sub,
        Err(denied) => return deny(platform, &request, denied),
    };
    if platform.agents.find(&sub).await?.is_none() {
        let denied = Denied::new(AgentLogin::Unknown, Refusal::AgentUnknown);
        return deny(platform, &request, Denied { sub: Some(sub), ..denied });
    }
    let token = platform.agents.open(&sub).await?;
    count(platform, AgentLogin::Opened);
    let response = Found(DESK_PAGE.to_owned()).into_response();
    let response = with_cookie(response, &agents::opening(&platform.config, &token));
    Ok(with_cookie(response, &agents::login_closing(&platform.config)))
}

/// Whom the provider names, in answer to the login that this browser began.
async fn subject(platform: &Platform, request: &Request) -> Result<AgentSub, Denied> {
    allow(platform, request)?;
    let asked = |name: &str| http::query_text(request, name).unwrap_or_default();
    let attempt = agents::login_of(&platform.config, request).map(|token| Attempt::of(&token));
    // First of all: whatever else comes, it may be another's.
    let attempt = attempt.filter(|attempt| attempt.is_state(&asked("state")));
    let attempt = attempt.ok_or_else(|| denied_by(Doubt::State.into()))?;
    let issuer = asked("iss");
    if !issuer.is_empty() && Some(&*issuer) != platform.openid.issuer() {
        return Err(denied_by(Doubt::Issuer.into()));
    }
    match &*asked("error") {
        "" => platform.openid.subject(&attempt, &asked("code")).await.map_err(denied_by),
        error if PASSING_ERRORS.contains(&error) => {
            Err(denied_by(Failure::Unavailable("the provider says that it cannot answer now".into())))
        }
        _ => Err(denied_by(Doubt::Provider.into())),
    }
}

/// Logs an agent out, if one is logged in.
#[utoipa::path(
    delete, path = "/api/agents/session", operation_id = "closeAgentSession", tag = "agents",
    security((), ("agent" = [])),
    responses((status = 204, description = "Nobody is logged in any more"))
)]
pub async fn close(platform: &Platform, request: Request) -> Result<Response, Error> {
    agents::allow(platform, &request)?;
    if let Some(token) = agents::token_of(&platform.config, &request) {
        platform.agents.close(&token).await?;
    }
    Ok(NoContent.with_header(http::SET_COOKIE, &agents::closing(&platform.config)))
}

/// Tells who is logged in at the desk.
#[utoipa::path(
    get, path = "/api/agents/me", operation_id = "showAgent", tag = "agents",
    security(("agent" = [])),
    responses((status = 200, description = "Who is logged in", body = Me))
)]
pub async fn me(platform: &Platform, request: Request) -> Result<Json<Me>, Error> {
    let agent = Agent::of(platform, &request).await?;
    Ok(Json(Me { name: agent.name.as_str().to_owned(), roles: agent.role.names().to_vec() }))
}

fn allow(platform: &Platform, request: &Request) -> Result<(), Denied> {
    agents::allow(platform, request).map_err(|refusal| Denied::new(AgentLogin::Elsewhere, refusal))
}

/// The refusal of a failure, whose reason goes to the log.
fn denied_by(failure: Failure) -> Denied {
    match failure {
        Failure::Refused(doubt) => {
            tracing::warn!(doubt = doubt.as_str(), "an agent's login does not hold");
            Denied::new(AgentLogin::Refused, Refusal::AgentLoginRefused)
        }
        Failure::Unavailable(cause) => {
            tracing::error!(%cause, "the provider of agents' logins is unavailable");
            Denied::new(AgentLogin::Unavailable, Refusal::AgentLoginUnavailable)
        }
    }
}

/// A browser goes to the page of the login, which says why, and in the fragment whom the provider named, so
/// that no log has it. A program gets the problem.
fn deny(platform: &Platform, request: &Request, denied: Denied) -> Result<Response, Error> {
    count(platform, denied.end);
    if !http::wants_page(request) {
        return Err(denied.refusal.into());
    }
    let name = Problem::from(Error::from(denied.refusal)).name();
    let sub = denied.sub.map(|sub| byte_serialize(sub.as_str().as_bytes()).collect::<String>());
    let fragment = sub.map(|sub| format!("#{sub}")).unwrap_or_default();
    let response = Found(format!("{LOGIN_PAGE}?refus={name}{fragment}"));
    Ok(response.with_header(http::SET_COOKIE, &agents::login_closing(&platform.config)))
}

fn count(platform: &Platform, end: AgentLogin) {
    metrics::count(Event::AgentLogin(end), platform.clock.now());
}

/// One cookie more.
fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = cookie.parse() {
        response.headers_mut().append(http::SET_COOKIE, value);
    }
    response
}
