//! OpenID Connect: how agents log in. The authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1;
//! RFC 7636; RFC 9700).

mod checks;
pub mod jose;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::time::{SignedDuration, Timestamp};
use domain::{AgentSub, SecretKey, Token};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

pub use self::checks::Doubt;
use self::checks::{IdClaims, UserClaims, Wanted};
use self::jose::{KeySet, Signed};
use super::{Outside, Unavailable};
use crate::clock::Clock;
use crate::config::{Config, ProviderConfig};
use crate::error::Source;
use crate::function::Secret;

/// How long the provider's addresses and keys are taken to stand.
const CACHE_VALID: SignedDuration = SignedDuration::from_hours(1);
/// For a key that is not known, keys are fetched anew at most once in this time: whoever sends tokens of
/// invented keys cannot have us ask for each.
const REFETCH_INTERVAL: SignedDuration = SignedDuration::from_mins(1);
/// Where our site takes the provider's answer.
pub const CALLBACK_PATH: &str = "/api/agents/callback";
/// What follows an issuer (OpenID Connect Discovery 1.0, 4).
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";
/// The longest authorization code that is passed on.
const CODE_LENGTH_MAX: usize = 4_096;

/// Why a login came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// The provider does not answer, or says that something of ours is wrong; or there is none.
    Unavailable(Source),
    /// What came does not hold.
    Refused(Doubt),
}

impl From<Doubt> for Failure {
    fn from(doubt: Doubt) -> Self {
        Self::Refused(doubt)
    }
}

impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable.0)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(source) => source.fmt(f),
            Self::Refused(doubt) => f.write_str(doubt.as_str()),
        }
    }
}

impl std::error::Error for Failure {}

/// One login under way. `state`, `nonce` and the PKCE verifier are made of the token in the browser's cookie,
/// so that nothing is stored; none of them tells another, nor the token.
pub struct Attempt(SecretKey);

impl Attempt {
    #[must_use]
    pub fn of(token: &Token) -> Self {
        Self(SecretKey::new(token.print()))
    }

    fn derived(&self, label: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.0.sign(label.as_bytes()))
    }

    #[must_use]
    pub fn state(&self) -> String {
        self.derived("agent login state")
    }

    /// Whether the answer that came is to this login.
    #[must_use]
    pub fn is_state(&self, brought: &str) -> bool {
        SecretKey::new(self.state()).is(brought.as_bytes())
    }

    fn nonce(&self) -> String {
        self.derived("agent login nonce")
    }

    /// 43 characters, as RFC 7636 wants at least.
    fn verifier(&self) -> String {
        self.derived("agent login verifier")
    }

    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier().as_bytes()))
    }
}

/// What a provider says of itself (OpenID Connect Discovery 1.0, 3).
#[derive(Debug, Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    /// Absent: `client_secret_basic` alone.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// The answer of the token endpoint (RFC 6749, 5.1).
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    id_token: String,
}

/// Its refusal (RFC 6749, 5.2).
#[derive(Deserialize)]
struct TokenError {
    error: String,
}

/// What is known of the provider, and since when.
#[derive(Debug, Default)]
struct Cache {
    discovered: Option<(Timestamp, Arc<Discovered>)>,
    keys: Option<(Timestamp, Arc<KeySet>)>,
}

/// Agents' logins at an OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct OpenId {
    config: Arc<Config>,
    outside: Outside,
    clock: Clock,
    cache: Arc<Mutex<Cache>>,
}

impl OpenId {
    pub(crate) fn new(config: &Arc<Config>, outside: &Outside, clock: &Clock) -> Self {
        Self { config: config.clone(), outside: outside.clone(), clock: clock.clone(), cache: Arc::default() }
    }

    /// The issuer that logins are from, if there is one.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.config.desk.provider.as_ref().map(|provider| provider.issuer.as_str())
    }

    /// Where the browser goes to log in.
    ///
    /// # Errors
    /// `Unavailable` when the provider does not say where that is.
    pub async fn authorize_url(&self, attempt: &Attempt) -> Result<String, Failure> {
        let provider = self.provider()?;
        let endpoint = self.discovered(provider).await?.authorization_endpoint.clone();
        let (redirect_uri, acr) = (self.redirect_uri(), provider.acr.join(" "));
        let (state, nonce, challenge) = (attempt.state(), attempt.nonce(), attempt.challenge());
        let mut asked = vec![
            ("response_type", "code"),
            ("client_id", &provider.client_id),
            ("redirect_uri", &redirect_uri),
            ("scope", "openid"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if !acr.is_empty() {
            asked.push(("acr_values", &acr));
        }
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{separator}{}", encoded(&asked)))
    }

    /// Who logged in: the subject of a code, once the provider's answer holds in everything.
    ///
    /// # Errors
    /// `Refused` by the first thing that does not hold; `Unavailable` when the provider does not answer.
    pub async fn subject(&self, attempt: &Attempt, code: &str) -> Result<AgentSub, Failure> {
        if code.is_empty() || code.len() > CODE_LENGTH_MAX {
            return Err(Doubt::Code.into());
        }
        let provider = self.provider()?;
        let discovered = self.discovered(provider).await?;
        let tokens = self.exchange(provider, &discovered, attempt, code).await?;
        let claims: IdClaims = self.verified(&discovered, &tokens.id_token).await?;
        let nonce = attempt.nonce();
        let wanted = Wanted { provider, nonce: &nonce, now: self.clock.now() };
        let sub = checks::id_token(&claims, &wanted)?;
        self.confirm(provider, &discovered, &tokens.access_token, &sub).await?;
        Ok(sub)
    }

    fn provider(&self) -> Result<&ProviderConfig, Failure> {
        let provider = self.config.desk.provider.as_ref();
        provider.ok_or_else(|| Failure::Unavailable("no provider of agents' logins is set".into()))
    }

    fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK_PATH}", self.config.site)
    }

    /// Trades a code for tokens (RFC 6749, 4.1.3), with our secret and the verifier.
    async fn exchange(
        &self,
        provider: &ProviderConfig,
        discovered: &Discovered,
        attempt: &Attempt,
        code: &str,
    ) -> Result<Tokens, Failure> {
        let secret =
            self.config.keys.of(Secret::Agents).map_err(|error| Failure::Unavailable(error.into()))?;
        let secret = secret.text().ok_or_else(|| Failure::Unavailable("our secret is no text".into()))?;
        let (redirect_uri, verifier) = (self.redirect_uri(), attempt.verifier());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &verifier),
        ];
        let mut request = Request::post(&discovered.token_endpoint)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if discovered.is_basic() {
            request = request.header(AUTHORIZATION, basic(&provider.client_id, secret));
        } else {
            form.extend([("client_id", &*provider.client_id), ("client_secret", secret)]);
        }
        let answer = self.answer(request.body(encoded(&form).into_bytes())).await?;
        if answer.status() == StatusCode::OK {
            return json(answer.body());
        }
        // Only a code that does not serve is the login's fault: whatever else the provider minds is ours.
        match serde_json::from_slice::<TokenError>(answer.body()) {
            Ok(refused) if refused.error == "invalid_grant" => Err(Doubt::Code.into()),
            _ => Err(unexpected("the token endpoint", answer.status())),
        }
    }

    /// The claims of a token that a key of the provider has signed.
    async fn verified<T: DeserializeOwned>(
        &self,
        discovered: &Discovered,
        token: &str,
    ) -> Result<T, Failure> {
        let signed = Signed::parse(token)?;
        match self.keys(discovered, CACHE_VALID).await?.verify(&signed) {
            Err(Doubt::Key) => self.keys(discovered, REFETCH_INTERVAL).await?.verify(&signed)?,
            verified => verified?,
        }
        Ok(serde_json::from_slice(&signed.payload).map_err(|_| Doubt::Claims)?)
    }

    /// Has the provider say the same subject again, for the access token (OpenID Connect Core 1.0, 5.3):
    /// signed, or as plain JSON.
    async fn confirm(
        &self,
        provider: &ProviderConfig,
        discovered: &Discovered,
        access_token: &str,
        sub: &AgentSub,
    ) -> Result<(), Failure> {
        let Some(endpoint) = &discovered.userinfo_endpoint else { return Ok(()) };
        let request = Request::get(endpoint)
            .header(AUTHORIZATION, format!("Bearer {access_token}"))
            .header(ACCEPT, "application/jwt, application/json");
        let answer = self.answer(request.body(Vec::new())).await?;
        if answer.status() != StatusCode::OK {
            return Err(unexpected("the userinfo endpoint", answer.status()));
        }
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let claims: UserClaims = if kind.starts_with("application/jwt") {
            let token = std::str::from_utf8(answer.body()).map_err(|_| Doubt::Form)?;
            self.verified(discovered, token.trim()).await?
        } else {
            json(answer.body())?
        };
        Ok(checks::user_info(&claims, provider, sub)?)
    }

    /// What the provider says of itself. Its issuer is the one that is set, letter by letter: no other one's
    /// keys are taken.
    async fn discovered(&self, provider: &ProviderConfig) -> Result<Arc<Discovered>, Failure> {
        let now = self.clock.now();
        if let Some(known) = fresh(self.cache().discovered.as_ref(), now, CACHE_VALID) {
            return Ok(known);
        }
        let address = format!("{}{DISCOVERY_PATH}", provider.issuer.trim_end_matches('/'));
        let found: Discovered = self.fetch(&address).await?;
        if found.issuer != provider.issuer {
            return Err(Failure::Unavailable("the provider names another issuer".into()));
        }
        if provider.issuer.starts_with("https://") && !found.has_tls() {
            return Err(Failure::Unavailable("the provider names an address without TLS".into()));
        }
        let found = Arc::new(found);
        self.cache().discovered = Some((now, found.clone()));
        Ok(found)
    }

    /// The provider's keys, fetched anew when they are older than `valid`.
    async fn keys(&self, discovered: &Discovered, valid: SignedDuration) -> Result<Arc<KeySet>, Failure> {
        let now = self.clock.now();
        if let Some(known) = fresh(self.cache().keys.as_ref(), now, valid) {
            return Ok(known);
        }
        let found: Arc<KeySet> = Arc::new(self.fetch(&discovered.jwks_uri).await?);
        self.cache().keys = Some((now, found.clone()));
        Ok(found)
    }

    async fn fetch<T: DeserializeOwned>(&self, address: &str) -> Result<T, Failure> {
        let request = Request::get(address).header(ACCEPT, "application/json").body(Vec::new());
        let answer = self.answer(request).await?;
        match answer.status() {
            StatusCode::OK => json(answer.body()),
            status => Err(unexpected("the provider", status)),
        }
    }

    async fn answer(&self, request: http::Result<Request<Vec<u8>>>) -> Result<Response<Vec<u8>>, Failure> {
        let request = request.map_err(|error| Failure::Unavailable(error.into()))?;
        Ok(self.outside.answer(&self.clock, request).await?)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Discovered {
    fn has_tls(&self) -> bool {
        let always = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        always.into_iter().chain(&self.userinfo_endpoint).all(|address| address.starts_with("https://"))
    }

    fn is_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
    }
}

/// What is cached, unless it is older than `valid`.
fn fresh<T>(cached: Option<&(Timestamp, Arc<T>)>, now: Timestamp, valid: SignedDuration) -> Option<Arc<T>> {
    let (since, known) = cached?;
    (now.duration_since(*since) < valid).then(|| known.clone())
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    // The error would repeat what came.
    serde_json::from_slice(body)
        .map_err(|_| Failure::Unavailable("the provider's JSON is not as it should be".into()))
}

fn unexpected(who: &str, status: StatusCode) -> Failure {
    Failure::Unavailable(format!("{who} answered {status}").into())
}

/// Pairs as a form has them, and a query.
fn encoded(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Name and secret, each encoded as in a form (RFC 6749, 2.3.1).
fn basic(client_id: &str, secret: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(secret))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_nonce_and_verifier_are_of_one_token_and_tell_nothing_of_each_other() {
        let (one, other) = (Token::from_bytes([1; 32]), Token::from_bytes([2; 32]));
        let made = |token| {
            let attempt = Attempt::of(token);
            [attempt.state(), attempt.nonce(), attempt.verifier(), attempt.challenge()]
        };
        assert_eq!(made(&one), made(&one));
        let all: std::collections::BTreeSet<String> = made(&one).into_iter().chain(made(&other)).collect();
        assert_eq!(all.len(), 8);
        assert!(all.iter().all(|text| text.len() == 43));
        assert!(Attempt::of(&one).is_state(&Attempt::of(&one).state()));
        assert!(!Attempt::of(&one).is_state(&Attempt::of(&other).state()));
        assert!(!Attempt::of(&one).is_state(""));
    }

    #[test]
    fn a_client_says_its_name_and_secret_as_a_form_would() {
        assert_eq!(basic("s:1", "a b+c"), format!("Basic {}", STANDARD.encode("s%3A1:a+b%2Bc")));
    }
}
