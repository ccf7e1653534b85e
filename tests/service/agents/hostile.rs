//! A provider that lies, is slow, or says nothing: whatever it does, nobody gets in who should not.

use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::SecretKey;
use domain::agent::AgentRole;
use domain::time::Timestamp;
use http::{Request, Response};
use platform::config::{DeskConfig, ProviderConfig};
use platform::outside::{Outside, Unavailable};
use serde_json::{Value, json};
use sesame::{Hooks, Options};

use super::{Begun, CALLBACK, PAGE, location, me, put_agent, send};
use crate::support::{Answer, App, SITE};

const ISSUER: &str = "https://auth.example/api/v2";
const CLIENT: &str = "sesame-desk";
const SUB: &str = "f3b8-agent";
const REFUSED: &str = "/agents/connexion/?refus=agent-login-refused";
const UNAVAILABLE: &str = "/agents/connexion/?refus=agent-login-unavailable";

/// Signs the first two parts of a token.
type Sign = Box<dyn Fn(&str) -> Vec<u8> + Send>;
/// A status and a body, or no answer at all.
type Instead = Result<(u16, String), String>;

/// What the provider says and does, as a test sets it.
struct Lies {
    header: Value,
    claims: Value,
    /// The claims of userinfo, signed; or another status.
    user: Result<Value, u16>,
    user_is_signed: bool,
    /// Signs the id token by another key of the same name.
    other_pair: bool,
    /// Replaces the signature.
    signature: Option<Sign>,
    /// The id of the key that it publishes.
    kid: String,
    issuer: String,
    /// The answer of a path in the place of the right one.
    instead: Option<(&'static str, Instead)>,
}

struct Hostile {
    pair: EcdsaKeyPair,
    other: EcdsaKeyPair,
    lies: Mutex<Lies>,
    calls: Mutex<Vec<String>>,
}

fn pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Hostile {
    fn new() -> Arc<Self> {
        let lies = Lies {
            header: json!({"alg": "ES256", "kid": "k1"}),
            claims: Value::Null,
            user: Ok(json!({"sub": SUB, "iss": ISSUER, "aud": CLIENT})),
            user_is_signed: true,
            other_pair: false,
            signature: None,
            kid: "k1".to_owned(),
            issuer: ISSUER.to_owned(),
            instead: None,
        };
        let (lies, calls) = (Mutex::new(lies), Mutex::default());
        Arc::new(Self { pair: pair(), other: pair(), lies, calls })
    }

    fn lie(&self, lie: impl FnOnce(&mut Lies)) {
        lie(&mut self.lies.lock().unwrap());
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn answer(&self, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unavailable> {
        let path = request.uri().path().strip_prefix("/api/v2").unwrap_or_default().to_owned();
        self.calls.lock().unwrap().push(path.clone());
        let lies = self.lies.lock().unwrap();
        if let Some((_, instead)) = lies.instead.as_ref().filter(|(place, _)| *place == path) {
            let (status, body) = instead.clone().map_err(|error| Unavailable(error.into()))?;
            return Ok(Response::builder().status(status).body(body.into_bytes()).unwrap());
        }
        let json = |body: Value| Ok(Response::new(body.to_string().into_bytes()));
        match &*path {
            "/.well-known/openid-configuration" => json(json!({
                "issuer": lies.issuer, "jwks_uri": format!("{ISSUER}/jwks"),
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "userinfo_endpoint": format!("{ISSUER}/userinfo"),
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            })),
            "/jwks" => json(self.keys(&lies.kid)),
            "/token" => {
                let form = String::from_utf8(request.body().clone()).unwrap();
                assert!(form.contains("client_secret=") && form.contains("code_verifier="), "{form}");
                let id_token = self.id_token(&lies);
                json(json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token}))
            }
            "/userinfo" => {
                assert_eq!(request.headers()["authorization"], "Bearer a");
                let claims = match &lies.user {
                    Ok(claims) => claims,
                    Err(status) => return Ok(Response::builder().status(*status).body(Vec::new()).unwrap()),
                };
                if !lies.user_is_signed {
                    return json(claims.clone());
                }
                let token = signed(&self.pair, &json!({"alg": "ES256", "kid": lies.kid}), claims);
                Ok(Response::builder()
                    .header("content-type", "application/jwt")
                    .body(token.into_bytes())
                    .unwrap())
            }
            _ => Ok(Response::builder().status(404).body(Vec::new()).unwrap()),
        }
    }

    fn keys(&self, kid: &str) -> Value {
        let point = self.pair.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|part| URL_SAFE_NO_PAD.encode(part));
        json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y}]})
    }

    fn id_token(&self, lies: &Lies) -> String {
        let pair = if lies.other_pair { &self.other } else { &self.pair };
        let token = signed(pair, &lies.header, &lies.claims);
        match &lies.signature {
            None => token,
            Some(signature) => {
                let (message, _) = token.rsplit_once('.').unwrap();
                format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature(message)))
            }
        }
    }
}

fn signed(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// An application whose logins are from that provider, and one agent.
async fn desk(hostile: &Arc<Hostile>, acr: &str) -> App {
    let provider = hostile.clone();
    let outside = Outside::new(move |request| {
        let answer = provider.answer(&request);
        async { answer }
    });
    let provider = ProviderConfig::parse(ISSUER, CLIENT, acr);
    let app = App::by(|options| Options {
        desk: DeskConfig { provider, networks: Vec::new() },
        hooks: Hooks { outside: Some(outside), ..options.hooks.clone() },
        ..options
    });
    put_agent(&app, SUB, "Camille Moreau", AgentRole::Agent, true).await;
    app
}

/// The claims of a right answer to a login.
fn claims(app: &App, begun: &Begun) -> Value {
    let now = app.portal.platform("agents").unwrap().clock.now().as_second();
    json!({
        "iss": ISSUER, "sub": SUB, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": begun.asked("nonce"),
        "acr": "eidas2",
    })
}

async fn ends(app: &App, begun: &Begun) -> Answer {
    let address = format!("{SITE}{CALLBACK}?code=c&state={}", begun.asked("state"));
    begun.comes_back(app, &address).await
}

/// A whole login with these lies; where the browser lands.
async fn lands(app: &App, hostile: &Hostile, lie: impl FnOnce(&mut Lies)) -> String {
    let begun = Begun::at(app).await;
    hostile.lie(|lies| {
        lies.claims = claims(app, &begun);
        lie(lies);
    });
    location(&ends(app, &begun).await).to_owned()
}

#[tokio::test]
async fn a_token_that_holds_opens_a_session_by_three_calls_and_two_more_the_first_time() {
    let (hostile, app) = {
        let hostile = Hostile::new();
        let app = desk(&hostile, "eidas2").await;
        (hostile, app)
    };
    assert_eq!(lands(&app, &hostile, |_| ()).await, "/agents/");
    assert_eq!(hostile.calls(), ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"]);
    assert_eq!(lands(&app, &hostile, |lies| lies.user_is_signed = false).await, "/agents/");
    assert_eq!(hostile.calls(), ["/token", "/userinfo"], "the rest is known");
    let begun = Begun::at(&app).await;
    assert_eq!(begun.asked("acr_values"), "eidas2");
    assert!(begun.address.starts_with("https://auth.example/api/v2/authorize?"));
    app.wait_minutes(61);
    hostile.calls();
    assert_eq!(lands(&app, &hostile, |_| ()).await, "/agents/");
    assert_eq!(hostile.calls().len(), 4, "after an hour all is asked anew");
}

#[tokio::test]
async fn no_claim_that_is_wrong_lets_anybody_in() {
    let hostile = Hostile::new();
    let app = desk(&hostile, "eidas2 eidas3").await;
    let now = Timestamp::now().as_second();
    let other = Begun::at(&app).await;
    for (name, value) in [
        ("iss", json!("https://auth.example/api/v2/")),
        ("iss", json!("https://evil.example")),
        ("aud", json!("another")),
        ("aud", json!([CLIENT, "another"])),
        ("azp", json!("another")),
        ("nonce", json!(other.asked("nonce"))),
        ("nonce", Value::Null),
        ("exp", json!(now - 61)),
        ("iat", json!(now - 3_600)),
        ("iat", json!(now + 3_600)),
        ("acr", json!("eidas1")),
        ("acr", Value::Null),
        ("sub", json!("f3b8-agent#")),
    ] {
        let landed = lands(&app, &hostile, |lies| lies.claims[name] = value.clone()).await;
        assert_eq!(landed, REFUSED, "{name} {value}");
    }
    assert!(app.rows("DESK#").is_empty());
    assert_eq!(lands(&app, &hostile, |_| ()).await, "/agents/", "and the right one does");
}

#[tokio::test]
async fn no_token_lets_anybody_in_that_the_provider_did_not_sign() {
    let hostile = Hostile::new();
    let app = desk(&hostile, "").await;
    let point = hostile.pair.public_key().as_ref().to_vec();
    let jwk = hostile.keys("k1")["keys"][0].to_string();
    let by_public_key = |key: Vec<u8>| {
        move |lies: &mut Lies| {
            lies.header["alg"] = "HS256".into();
            lies.signature =
                Some(Box::new(move |message| SecretKey::new(key.clone()).sign(message.as_bytes()).to_vec()));
        }
    };
    assert_eq!(lands(&app, &hostile, by_public_key(point)).await, REFUSED);
    assert_eq!(lands(&app, &hostile, by_public_key(jwk.into_bytes())).await, REFUSED);
    for alg in ["none", "NONE", ""] {
        let unsigned = |lies: &mut Lies| {
            lies.header["alg"] = alg.into();
            lies.signature = Some(Box::new(|_| Vec::new()));
        };
        assert_eq!(lands(&app, &hostile, unsigned).await, REFUSED, "{alg}");
    }
    hostile.lie(|lies| {
        lies.header = json!({"alg": "ES256", "kid": "k1"});
        lies.signature = None;
    });
    assert_eq!(lands(&app, &hostile, |lies| lies.other_pair = true).await, REFUSED, "another key");
    hostile.lie(|lies| lies.other_pair = false);
    let zeros = |lies: &mut Lies| lies.signature = Some(Box::new(|_| vec![0; 64]));
    assert_eq!(lands(&app, &hostile, zeros).await, REFUSED);
    hostile.lie(|lies| lies.signature = None);
    let rs = |lies: &mut Lies| lies.header["alg"] = "RS256".into();
    assert_eq!(lands(&app, &hostile, rs).await, REFUSED, "the key is of another kind");
    assert!(app.rows("DESK#").is_empty());
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_once_a_minute_and_a_new_one_is_found() {
    let hostile = Hostile::new();
    let app = desk(&hostile, "").await;
    assert_eq!(lands(&app, &hostile, |_| ()).await, "/agents/");
    let invented = |lies: &mut Lies| lies.header["kid"] = "k9".into();
    hostile.calls();
    let fetched = |hostile: &Hostile| hostile.calls().iter().filter(|path| *path == "/jwks").count();
    assert_eq!(lands(&app, &hostile, invented).await, REFUSED);
    assert_eq!(fetched(&hostile), 0, "they were fetched within the minute");
    app.wait_seconds(61);
    for _ in 0..5 {
        assert_eq!(lands(&app, &hostile, invented).await, REFUSED);
    }
    assert_eq!(fetched(&hostile), 1, "once for all five");
    // The provider takes another key into use: it is found within the hour for which keys are cached.
    let rotated = |lies: &mut Lies| {
        lies.header["kid"] = "k2".into();
        lies.kid = "k2".to_owned();
    };
    app.wait_seconds(61);
    assert_eq!(lands(&app, &hostile, rotated).await, "/agents/");
    assert_eq!(fetched(&hostile), 1);
}

#[tokio::test]
async fn userinfo_that_differs_lets_nobody_in() {
    let hostile = Hostile::new();
    let app = desk(&hostile, "").await;
    for is_signed in [true, false] {
        hostile.lie(|lies| lies.user_is_signed = is_signed);
        let another = |lies: &mut Lies| lies.user = Ok(json!({"sub": "another"}));
        assert_eq!(lands(&app, &hostile, another).await, REFUSED);
        let elsewhere = |lies: &mut Lies| lies.user = Ok(json!({"sub": SUB, "aud": "another"}));
        assert_eq!(lands(&app, &hostile, elsewhere).await, REFUSED);
        assert_eq!(lands(&app, &hostile, |lies| lies.user = Ok(json!({"sub": SUB}))).await, "/agents/");
    }
    let away = |lies: &mut Lies| lies.user = Err(500);
    assert_eq!(lands(&app, &hostile, away).await, UNAVAILABLE);
}

#[tokio::test]
async fn a_provider_that_fails_is_503_with_its_own_words_and_never_500() {
    let hostile = Hostile::new();
    let app = desk(&hostile, "").await;
    let no_answer = || Err("connection refused".to_owned());
    for instead in
        [no_answer(), Ok((500, String::new())), Ok((200, "<html>".to_owned())), Ok((302, String::new()))]
    {
        hostile.lie(|lies| lies.instead = Some(("/.well-known/openid-configuration", instead.clone())));
        let answer = send(&app, "GET", super::LOGIN, &[]).await;
        assert_eq!((answer.status, answer.problem()), (503, "agent-login-unavailable"), "{instead:?}");
        assert_eq!(answer.headers["retry-after"], "5");
        assert_eq!(location(&send(&app, "GET", super::LOGIN, &[PAGE]).await), UNAVAILABLE);
    }
    hostile.lie(|lies| (lies.instead, lies.issuer) = (None, "https://evil.example".to_owned()));
    assert_eq!(send(&app, "GET", super::LOGIN, &[]).await.status, 503, "another issuer");
    hostile.lie(|lies| lies.issuer = ISSUER.to_owned());
    for (path, body, landed) in [
        ("/token", Ok((400, json!({"error": "invalid_grant"}).to_string())), REFUSED),
        ("/token", Ok((401, json!({"error": "invalid_client"}).to_string())), UNAVAILABLE),
        ("/token", Ok((500, "down".to_owned())), UNAVAILABLE),
        ("/token", Ok((200, "{}".to_owned())), UNAVAILABLE),
        ("/token", no_answer(), UNAVAILABLE),
        ("/jwks", no_answer(), UNAVAILABLE),
        ("/jwks", Ok((200, "[]".to_owned())), UNAVAILABLE),
        ("/userinfo", no_answer(), UNAVAILABLE),
    ] {
        let lie = |lies: &mut Lies| lies.instead = Some((path, body.clone()));
        assert_eq!(lands(&app, &hostile, lie).await, landed, "{path} {body:?}");
        let _ = hostile.lies.lock().map(|mut lies| lies.instead = None);
    }
    assert!(app.rows("DESK#").is_empty());
    assert_eq!(lands(&app, &hostile, |_| ()).await, "/agents/", "it is back, and nothing was lost");
}

#[tokio::test]
async fn a_service_that_keeps_the_table_busy_is_no_login_of_anybody() {
    let hostile = Hostile::new();
    let app = desk(&hostile, "").await;
    let begun = Begun::at(&app).await;
    hostile.lie(|lies| lies.claims = claims(&app, &begun));
    app.table.plan([crate::support::Fault::Throttled; 8]);
    let answer = ends(&app, &begun).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert_eq!(me(&app, &begun.cookie).await.problem(), "no-session");
}
