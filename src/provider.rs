//! An OpenID Connect provider for one machine: it believes whoever says to be one of its agents. It starts at
//! localhost only; in all else it is as strict as the standard (OpenID Connect Core; RFC 6749, 7636, 9207).

mod codes;
mod jwt;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::agent::{AgentRole, AgentSub};
use domain::time::SignedDuration;
use domain::{Name, SecretKey};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use platform::agents::Agent;
use platform::clock::Clock;
use platform::config::ProviderConfig;
use platform::function::Secret;
use platform::outside::openid::CALLBACK_PATH;
use platform::outside::{Outside, Unavailable};
use platform::random::Random;
use serde_json::{Value, json};
use url::form_urlencoded;

use self::codes::{Codes, Entry};
use self::jwt::Signer;
use crate::{OpenError, Options};

/// Where it is, at the site's address.
pub const PATH: &str = "/provider";
/// Our name there.
const CLIENT_ID: &str = "sesame";
/// How it says that it believed somebody: the lowest level that the State's provider knows.
const ACR: &str = "eidas1";
/// How long a code serves, and the access token that it gives.
const CODE_VALID: SignedDuration = SignedDuration::from_secs(60);
const TOKEN_VALID: SignedDuration = SignedDuration::from_mins(5);
/// The challenge of PKCE is a SHA-256 in base64 (RFC 7636, 4.2).
const CHALLENGE_LENGTH: usize = 43;

/// Somebody whom the page offers.
struct Person {
    sub: &'static str,
    name: &'static str,
    office: &'static str,
    role: AgentRole,
}

/// Of the demonstration: two agents and a supervisor.
const PEOPLE: [Person; 3] = [
    Person { sub: "demo-agent-1", name: "Camille Moreau", office: "agent", role: AgentRole::Agent },
    Person { sub: "demo-agent-2", name: "Dominique Petit", office: "agent", role: AgentRole::Agent },
    Person {
        sub: "demo-superviseur",
        name: "Sacha Bernard",
        office: "superviseur",
        role: AgentRole::Supervisor,
    },
];

#[derive(Template)]
#[template(path = "provider.html")]
struct Page<'a> {
    action: &'a str,
    asked: Vec<(&'static str, &'a str)>,
    people: &'a [Person],
}

/// The parameters of a request, the first of each name.
type Parameters = BTreeMap<String, String>;

/// What the page passes on.
const ASKED: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

/// The provider of agents' logins on one machine.
pub struct Provider {
    issuer: String,
    redirect_uri: String,
    secret: SecretKey,
    signer: Signer,
    codes: Codes,
    clock: Clock,
    random: Random,
}

/// Why a request is not served.
#[derive(Clone, Copy)]
enum Denied {
    /// The browser stays here: it is not known where it came from.
    Here(&'static str),
    /// It goes back with this error.
    Back(&'static str),
}

impl Provider {
    /// That of a portal; none where its site is not at localhost.
    pub fn start(options: &Options) -> Result<Option<Self>, OpenError> {
        if !is_local(&options.site) {
            return Ok(None);
        }
        let keys = (options.keys)(&agents::FUNCTION);
        let secret = keys.of(Secret::Agents)?.clone();
        Self::at(&options.site, secret, options.clock.clone(), options.random.clone()).map(Some)
    }

    /// At a site, with the secret that it shares with it.
    ///
    /// # Errors
    /// For a site that is not at localhost: this provider asks for no password.
    pub fn at(site: &str, secret: SecretKey, clock: Clock, random: Random) -> Result<Self, OpenError> {
        if !is_local(site) {
            return Err(
                format!("the provider of demonstration starts at localhost only, not at {site}").into()
            );
        }
        Ok(Self {
            issuer: format!("{site}{PATH}"),
            redirect_uri: format!("{site}{CALLBACK_PATH}"),
            secret,
            signer: Signer::new()?,
            codes: Codes::default(),
            clock,
            random,
        })
    }

    /// How the site knows it.
    #[must_use]
    pub fn config(&self) -> ProviderConfig {
        ProviderConfig { issuer: self.issuer.clone(), client_id: CLIENT_ID.to_owned(), acr: Vec::new() }
    }

    /// The way to it in process.
    #[must_use]
    pub fn outside(self: &Arc<Self>) -> Outside {
        let provider = self.clone();
        Outside::new(move |request| {
            let is_ours = request.uri().to_string().starts_with(&provider.issuer);
            let answer = is_ours.then(|| provider.answer(&request));
            async { answer.ok_or_else(|| Unavailable("one machine reaches no other service".into())) }
        })
    }

    /// Those of its people whom the desk takes.
    pub fn agents(&self) -> impl Iterator<Item = Agent> {
        PEOPLE.iter().filter_map(|person| {
            let (sub, name) = (AgentSub::parse(person.sub)?, Name::parse(person.name).ok()?);
            Some(Agent { sub, name, role: person.role })
        })
    }

    /// By method and path below [`PATH`]; 404 for any other.
    #[must_use]
    pub fn answer(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let path = request.uri().path().strip_prefix(PATH).unwrap_or_default();
        match (request.method(), path) {
            (&Method::GET, "/.well-known/openid-configuration") => self.describe(),
            (&Method::GET, "/jwks") => answer(StatusCode::OK, &self.signer.keys()),
            (&Method::GET, "/authorize") => self.ask(&parameters(request.uri())),
            (&Method::GET, "/choose") => self.choose(&parameters(request.uri())),
            (&Method::POST, "/token") => self.give_tokens(request),
            (&Method::GET, "/userinfo") => self.tell_user(request),
            _ => answer(StatusCode::NOT_FOUND, &json!({"error": "not_found"})),
        }
    }

    fn describe(&self) -> Response<Vec<u8>> {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let described = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/jwks"),
            "scopes_supported": ["openid"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "acr_values_supported": [ACR],
            "id_token_signing_alg_values_supported": ["ES256"],
            "userinfo_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        answer(StatusCode::OK, &described)
    }

    /// The page on which somebody says who they are.
    fn ask(&self, asked: &Parameters) -> Response<Vec<u8>> {
        if let Err(denied) = self.check(asked) {
            return self.deny(denied, asked);
        }
        let passed_on = ASKED.iter().filter_map(|name| Some((*name, asked.get(*name)?.as_str()))).collect();
        let action = format!("{PATH}/choose");
        let page = Page { action: &action, asked: passed_on, people: &PEOPLE };
        html(StatusCode::OK, page.render().unwrap_or_default())
    }

    /// What came of it: a code, or none.
    fn choose(&self, asked: &Parameters) -> Response<Vec<u8>> {
        if let Err(denied) = self.check(asked) {
            return self.deny(denied, asked);
        }
        let who = asked.get("who").map(String::as_str).unwrap_or_default();
        let Some(person) = PEOPLE.iter().find(|person| person.sub == who) else {
            return self.deny(Denied::Back("access_denied"), asked);
        };
        let now = self.clock.now();
        let entry = Entry {
            sub: person.sub.to_owned(),
            nonce: asked.get("nonce").cloned(),
            challenge: asked.get("code_challenge").cloned().unwrap_or_default(),
            until: domain::time::after(now, CODE_VALID),
        };
        let code = self.secret_text();
        self.codes.put(code.clone(), entry, now);
        self.back(asked, &[("code", &code)])
    }

    /// Whether a login may be asked for so (OpenID Connect Core 1.0, 3.1.2.2).
    fn check(&self, asked: &Parameters) -> Result<(), Denied> {
        let is = |name: &str, wanted: &str| asked.get(name).is_some_and(|value| value == wanted);
        if !is("client_id", CLIENT_ID) {
            return Err(Denied::Here("client_id"));
        }
        if !is("redirect_uri", &self.redirect_uri) {
            return Err(Denied::Here("redirect_uri"));
        }
        if !is("response_type", "code") {
            return Err(Denied::Back("unsupported_response_type"));
        }
        if !asked.get("scope").is_some_and(|scope| scope.split(' ').any(|word| word == "openid")) {
            return Err(Denied::Back("invalid_scope"));
        }
        let has_challenge = asked.get("code_challenge").is_some_and(|text| text.len() == CHALLENGE_LENGTH);
        if !has_challenge || !is("code_challenge_method", "S256") {
            return Err(Denied::Back("invalid_request"));
        }
        Ok(())
    }

    fn deny(&self, denied: Denied, asked: &Parameters) -> Response<Vec<u8>> {
        match denied {
            Denied::Back(error) => self.back(asked, &[("error", error)]),
            Denied::Here(what) => {
                let page =
                    format!("<!doctype html><html lang=\"fr\"><title>Demande refusée</title><p>{what} ?");
                html(StatusCode::BAD_REQUEST, page)
            }
        }
    }

    /// Sends the browser back, with the provider's name (RFC 9207).
    fn back(&self, asked: &Parameters, more: &[(&str, &str)]) -> Response<Vec<u8>> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(more).append_pair("iss", &self.issuer);
        if let Some(state) = asked.get("state") {
            query.append_pair("state", state);
        }
        let address = format!("{}?{}", self.redirect_uri, query.finish());
        let mut response = html(StatusCode::FOUND, String::new());
        if let Ok(address) = HeaderValue::from_str(&address) {
            response.headers_mut().insert(LOCATION, address);
        }
        response
    }

    /// Trades a code for tokens: once, with the client's secret and the verifier of PKCE.
    fn give_tokens(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let form: Parameters = first_of_each(form_urlencoded::parse(request.body()));
        let refused = |status, error: &str| answer(status, &json!({"error": error}));
        if !self.is_client(request, &form) {
            return refused(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        if form.get("grant_type").is_none_or(|kind| kind != "authorization_code") {
            return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type");
        }
        let now = self.clock.now();
        // Taken whatever is wrong with the rest: a code is tried once.
        let entry = form.get("code").and_then(|code| self.codes.take(code, now));
        let challenge = form
            .get("code_verifier")
            .map(|verifier| URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())));
        let is_here = form.get("redirect_uri").is_some_and(|address| *address == self.redirect_uri);
        let entry = entry.filter(|entry| is_here && Some(&entry.challenge) == challenge.as_ref());
        let Some(entry) = entry else { return refused(StatusCode::BAD_REQUEST, "invalid_grant") };
        let (issued, seconds) = (now.as_second(), TOKEN_VALID.as_secs());
        let mut claims = json!({
            "iss": self.issuer, "sub": entry.sub, "aud": CLIENT_ID, "iat": issued, "exp": issued + seconds,
            "auth_time": issued, "acr": ACR,
        });
        if let Some(nonce) = &entry.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        let Ok(id_token) = self.signer.sign(&claims) else {
            return refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error");
        };
        let access_token = self.secret_text();
        let until = domain::time::after(now, TOKEN_VALID);
        self.codes.put(access_token.clone(), Entry { until, ..entry }, now);
        let tokens = json!({
            "access_token": access_token, "token_type": "Bearer", "expires_in": seconds, "id_token": id_token,
        });
        answer(StatusCode::OK, &tokens)
    }

    /// Whether the client is ours: by its header, or by its form (RFC 6749, 2.3.1).
    fn is_client(&self, request: &Request<Vec<u8>>, form: &Parameters) -> bool {
        let (client_id, secret) = match bearing(request, "Basic ") {
            Some(encoded) => {
                let pair = STANDARD.decode(encoded).ok().and_then(|pair| String::from_utf8(pair).ok());
                let Some(pair) = pair else { return false };
                let (client_id, secret) = pair.split_once(':').unwrap_or_default();
                (form_decoded(client_id), form_decoded(secret))
            }
            None => {
                let text = |name: &str| form.get(name).cloned().unwrap_or_default();
                (text("client_id"), text("client_secret"))
            }
        };
        client_id == CLIENT_ID && self.secret.is(secret.as_bytes())
    }

    /// Whose an access token is, signed (OpenID Connect Core 1.0, 5.3.2).
    fn tell_user(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let entry = bearing(request, "Bearer ").and_then(|token| self.codes.find(token, self.clock.now()));
        let claims = entry.map(|entry| json!({"iss": self.issuer, "aud": CLIENT_ID, "sub": entry.sub}));
        match claims.and_then(|claims| self.signer.sign(&claims).ok()) {
            Some(token) => typed(StatusCode::OK, "application/jwt", token.into_bytes()),
            None => answer(StatusCode::UNAUTHORIZED, &json!({"error": "invalid_token"})),
        }
    }

    fn secret_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.random.bytes::<32>())
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

/// Whether a site is at this machine and nowhere else.
fn is_local(site: &str) -> bool {
    let address: Option<Uri> = site.parse().ok();
    address.is_some_and(|address| {
        let is_whole = address.path() == "/" && address.query().is_none();
        is_whole && address.scheme_str() == Some("http") && address.host() == Some("localhost")
    })
}

fn parameters(address: &Uri) -> Parameters {
    first_of_each(form_urlencoded::parse(address.query().unwrap_or_default().as_bytes()))
}

fn first_of_each(pairs: form_urlencoded::Parse<'_>) -> Parameters {
    let mut parameters = Parameters::new();
    for (name, value) in pairs {
        parameters.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    parameters
}

/// A value that was encoded as in a form.
fn form_decoded(text: &str) -> String {
    let pair = format!("value={text}");
    let mut decoded = form_urlencoded::parse(pair.as_bytes());
    decoded.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// What `Authorization` bears, of that scheme.
fn bearing<'a>(request: &'a Request<Vec<u8>>, scheme: &str) -> Option<&'a str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

fn answer(status: StatusCode, body: &Value) -> Response<Vec<u8>> {
    typed(status, "application/json", body.to_string().into_bytes())
}

fn html(status: StatusCode, page: String) -> Response<Vec<u8>> {
    typed(status, "text/html; charset=utf-8", page.into_bytes())
}

fn typed(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(site: &str) -> Result<Provider, OpenError> {
        Provider::at(site, SecretKey::new("a secret of two"), Clock::system(), Random::system())
    }

    #[test]
    fn it_starts_at_localhost_and_nowhere_else() {
        assert!(at("http://localhost:8080").is_ok() && at("http://localhost").is_ok());
        for site in [
            "https://sesame.example",
            "https://localhost:8080",
            "http://localhost.sesame.example",
            "http://sesame.example/?localhost",
            "http://localhost/elsewhere",
            "http://192.0.2.7",
            "",
        ] {
            let error = at(site).unwrap_err().to_string();
            assert!(error.contains("localhost only"), "{site}: {error}");
        }
        let elsewhere = Options::in_memory("https://sesame.example");
        assert!(Provider::start(&elsewhere).unwrap().is_none());
    }

    /// A request for a login, with one parameter changed or left out.
    fn asks(name: &str, value: Option<&str>) -> Response<Vec<u8>> {
        let good = [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", "http://localhost:8080/api/agents/callback"),
            ("scope", "openid profile"),
            ("state", "\"><script>"),
            ("nonce", "n"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(good.into_iter().filter(|(known, _)| *known != name));
        query.extend_pairs(value.map(|value| (name, value)));
        let address = format!("{PATH}/authorize?{}", query.finish());
        at("http://localhost:8080").unwrap().answer(&Request::get(address).body(Vec::new()).unwrap())
    }

    #[test]
    fn the_page_offers_three_people_and_repeats_nothing_as_markup() {
        let page = asks("", None);
        assert_eq!(page.status(), StatusCode::OK);
        let text = String::from_utf8(page.into_body()).unwrap();
        assert_eq!(text.matches("<button").count(), PEOPLE.len() + 1);
        assert!(!text.contains("<script>") && text.contains("Sacha Bernard, superviseur"));
    }

    #[test]
    fn what_the_standard_asks_for_is_demanded() {
        for (name, value) in [
            ("client_id", None),
            ("client_id", Some("another")),
            ("redirect_uri", None),
            ("redirect_uri", Some("http://localhost:8080/api/agents/callback/")),
            ("redirect_uri", Some("https://elsewhere.example/")),
        ] {
            let stays = asks(name, value);
            assert_eq!(stays.status(), StatusCode::BAD_REQUEST, "{name} {value:?}");
            assert!(!stays.headers().contains_key(LOCATION));
        }
        for (name, value, error) in [
            ("response_type", Some("token"), "unsupported_response_type"),
            ("scope", Some("profile"), "invalid_scope"),
            ("code_challenge", None, "invalid_request"),
            ("code_challenge", Some("short"), "invalid_request"),
            ("code_challenge_method", Some("plain"), "invalid_request"),
            ("code_challenge_method", None, "invalid_request"),
        ] {
            let back = asks(name, value);
            assert_eq!(back.status(), StatusCode::FOUND);
            let to = back.headers()[LOCATION].to_str().unwrap().to_owned();
            assert!(to.contains(&format!("error={error}")) && to.contains("state=%22"), "{name}: {to}");
        }
    }
}
