//! What must hold of a provider's tokens (OpenID Connect Core 1.0, 3.1.3.7 and 5.3.4).

use domain::AgentSub;
use domain::agent::AGENT_LOGIN_VALID;
use domain::time::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::config::ProviderConfig;

/// By how much the clocks of two machines may differ.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_mins(1);

/// What does not hold of a login: one word for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The browser brings no login of ours, or another one.
    State,
    /// The provider refused, or the agent did.
    Provider,
    /// The code does not serve, or no longer.
    Code,
    /// The token is none.
    Form,
    Algorithm,
    /// It names a key that the provider does not have.
    Key,
    Signature,
    /// Its claims are not those of such a token.
    Claims,
    Issuer,
    Audience,
    Expired,
    /// It was issued in the future, or long before this login.
    IssuedAt,
    Nonce,
    /// The authentication was weaker than what is asked for.
    Acr,
    /// No subject that a row could have.
    Subject,
    /// The provider says another subject for the access token.
    UserInfo,
}

impl Doubt {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Provider => "provider",
            Self::Code => "code",
            Self::Form => "form",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::IssuedAt => "issued-at",
            Self::Nonce => "nonce",
            Self::Acr => "acr",
            Self::Subject => "subject",
            Self::UserInfo => "userinfo",
        }
    }
}

/// One name, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// Whether it is that client alone: of other audiences none is trusted.
    fn is(&self, client_id: &str) -> bool {
        match self {
            Self::One(name) => name == client_id,
            Self::Several(names) => names.iter().all(|name| name == client_id) && !names.is_empty(),
        }
    }
}

/// The claims of an id token. Moments may have fractions (RFC 7519, 2).
#[derive(Debug, Deserialize)]
pub(super) struct IdClaims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nonce: Option<String>,
    acr: Option<String>,
}

/// Those of a userinfo answer; signed, it also says whose and for whom it is.
#[derive(Debug, Deserialize)]
pub(super) struct UserClaims {
    sub: String,
    iss: Option<String>,
    aud: Option<Audience>,
}

/// What an id token is held against.
pub(super) struct Wanted<'a> {
    pub(super) provider: &'a ProviderConfig,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// The subject of an id token whose signature was verified.
pub(super) fn id_token(claims: &IdClaims, wanted: &Wanted<'_>) -> Result<AgentSub, Doubt> {
    let Wanted { provider, nonce, now } = wanted;
    let now = seconds(now.duration_since(Timestamp::UNIX_EPOCH));
    let apart = seconds(CLOCKS_APART_MAX);
    if claims.iss != provider.issuer {
        return Err(Doubt::Issuer);
    }
    let is_for_us = claims.azp.as_ref().is_none_or(|azp| *azp == provider.client_id);
    if !claims.aud.is(&provider.client_id) || !is_for_us {
        return Err(Doubt::Audience);
    }
    if claims.exp + apart <= now {
        return Err(Doubt::Expired);
    }
    let is_of_this_login =
        claims.iat <= now + apart && claims.iat >= now - seconds(AGENT_LOGIN_VALID) - apart;
    if !is_of_this_login {
        return Err(Doubt::IssuedAt);
    }
    if claims.nonce.as_deref() != Some(*nonce) {
        return Err(Doubt::Nonce);
    }
    let is_enough = |acr: &String| provider.acr.contains(acr);
    if !provider.acr.is_empty() && !claims.acr.as_ref().is_some_and(is_enough) {
        return Err(Doubt::Acr);
    }
    AgentSub::parse(&claims.sub).ok_or(Doubt::Subject)
}

/// Whether the userinfo answer is of the same subject.
pub(super) fn user_info(claims: &UserClaims, provider: &ProviderConfig, sub: &AgentSub) -> Result<(), Doubt> {
    let is_theirs = claims.iss.as_ref().is_none_or(|iss| *iss == provider.issuer);
    let is_for_us = claims.aud.as_ref().is_none_or(|aud| aud.is(&provider.client_id));
    if is_theirs && is_for_us && claims.sub == sub.as_str() { Ok(()) } else { Err(Doubt::UserInfo) }
}

fn seconds(duration: SignedDuration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_795_428_000;

    fn provider() -> ProviderConfig {
        ProviderConfig::parse("https://auth.example/api/v2", "sesame", "eidas2 eidas3").unwrap()
    }

    fn claims() -> Value {
        json!({
            "iss": "https://auth.example/api/v2", "sub": "agent-7", "aud": "sesame", "exp": NOW + 60,
            "iat": NOW, "nonce": "n", "acr": "eidas2", "email": "ignored@example.fr",
        })
    }

    fn judged(claims: Value) -> Result<String, Doubt> {
        let claims = serde_json::from_value(claims).map_err(|_| Doubt::Claims)?;
        let now = Timestamp::from_second(NOW).unwrap();
        id_token(&claims, &Wanted { provider: &provider(), nonce: "n", now }).map(|sub| sub.to_string())
    }

    #[test]
    fn a_token_that_holds_says_who_it_is() {
        assert_eq!(judged(claims()), Ok("agent-7".to_owned()));
        for (name, value) in [
            ("aud", json!(["sesame"])),
            ("azp", json!("sesame")),
            ("exp", json!(NOW - 59)),
            ("exp", json!(1_795_428_000.5)),
            ("iat", json!(NOW + 60)),
            ("iat", json!(NOW - 660)),
            ("acr", json!("eidas3")),
        ] {
            let mut changed = claims();
            changed[name] = value;
            assert_eq!(judged(changed.clone()), Ok("agent-7".to_owned()), "{changed}");
        }
    }

    #[test]
    fn a_token_is_refused_by_the_first_thing_that_does_not_hold() {
        for (name, value, doubt) in [
            ("iss", json!("https://auth.example/api/v2/"), Doubt::Issuer),
            ("iss", json!("https://auth.example.evil.example"), Doubt::Issuer),
            ("aud", json!("another"), Doubt::Audience),
            ("aud", json!(["sesame", "another"]), Doubt::Audience),
            ("aud", json!([]), Doubt::Audience),
            ("azp", json!("another"), Doubt::Audience),
            ("exp", json!(NOW - 60), Doubt::Expired),
            ("exp", json!("never"), Doubt::Claims),
            ("iat", json!(NOW + 61), Doubt::IssuedAt),
            ("iat", json!(NOW - 661), Doubt::IssuedAt),
            ("iat", Value::Null, Doubt::Claims),
            ("nonce", json!("m"), Doubt::Nonce),
            ("nonce", Value::Null, Doubt::Nonce),
            ("acr", json!("eidas1"), Doubt::Acr),
            ("acr", Value::Null, Doubt::Acr),
            ("sub", json!(""), Doubt::Subject),
            ("sub", json!("a#b"), Doubt::Subject),
            ("sub", json!(7), Doubt::Claims),
        ] {
            let mut changed = claims();
            changed[name] = value;
            assert_eq!(judged(changed.clone()), Err(doubt), "{changed}");
        }
        for name in ["iss", "aud", "exp", "iat", "nonce", "acr", "sub"] {
            let mut lacking = claims();
            lacking.as_object_mut().unwrap().remove(name);
            assert!(judged(lacking).is_err(), "without {name}");
        }
    }

    #[test]
    fn userinfo_is_of_the_same_subject_the_same_provider_and_for_us() {
        let sub = AgentSub::parse("agent-7").unwrap();
        let judged = |claims: Value| user_info(&serde_json::from_value(claims).unwrap(), &provider(), &sub);
        assert_eq!(judged(json!({"sub": "agent-7"})), Ok(()));
        let whole = json!({"sub": "agent-7", "iss": "https://auth.example/api/v2", "aud": ["sesame"]});
        assert_eq!(judged(whole.clone()), Ok(()));
        for (name, value) in [("sub", "agent-8"), ("iss", "https://other.example"), ("aud", "another")] {
            let mut changed = whole.clone();
            changed[name] = value.into();
            assert_eq!(judged(changed), Err(Doubt::UserInfo), "{name}");
        }
    }
}
