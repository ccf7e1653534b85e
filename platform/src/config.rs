//! What an operator sets, and the keys that a function is given: read once, at boot.

use domain::{Network, SecretKey};

use crate::error::Error;
use crate::function::Secret;
use crate::passwords::Hashing;

/// What an operator sets.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address of the pages, without a slash at its end: `https://…` or `http://localhost:8080`.
    pub site: String,
    /// How many steps a proof takes, on average.
    pub proof_counter: u32,
    /// When a login asks for a proof of work.
    pub login_proof: LoginProof,
    /// Where a person goes on once they have access.
    pub extranet: Option<Extranet>,
    /// Origin secrets. CloudFront adds one to each request; a request without one is refused. The current
    /// one, and the previous one during a rotation. Empty: nothing is checked.
    pub origin_secrets: Vec<SecretKey>,
    /// The window of objection of a succession, by delivery, in days.
    pub succession_days: u32,
    pub hashing: Hashing,
    /// The agents' desk. Read by the functions of its share alone.
    pub desk: DeskConfig,
    pub keys: Keys,
}

impl Config {
    /// Whether browsers reach the site by TLS; on one machine they do not.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.site.starts_with("https://")
    }
}

/// When a login asks for a proof of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProof {
    /// After a few failures on its identifier.
    AfterFailures,
    /// Always: an operator's switch, under attack.
    Always,
}

impl LoginProof {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "after-failures" => Some(Self::AfterFailures),
            "always" => Some(Self::Always),
            _ => None,
        }
    }
}

/// How agents come in, and from where.
#[derive(Debug, Clone, Default)]
pub struct DeskConfig {
    /// Who says who they are. Without it nobody logs in.
    pub provider: Option<ProviderConfig>,
    /// Where they come from; empty is from everywhere.
    pub networks: Vec<Network>,
}

/// An OpenID Connect provider, and how it knows us. The secret that it shares with us is a key
/// ([`Secret::Agents`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConfig {
    /// Its issuer identifier, letter by letter as its tokens have it.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// The levels of authentication that are enough (`acr`); empty takes any.
    pub acr: Vec<String>,
}

impl ProviderConfig {
    /// The provider of an issuer; `None` when that is no address reached by TLS (http at localhost only), or
    /// has a query or fragment (OpenID Connect Discovery 1.0, 2). `acr` is a list between spaces.
    #[must_use]
    pub fn parse(issuer: &str, client_id: &str, acr: &str) -> Option<Self> {
        let issuer = Extranet::parse(issuer).filter(|issuer| !issuer.0.contains(['?', '#']))?.0;
        let acr = acr.split_whitespace().map(str::to_owned).collect();
        (!client_id.is_empty()).then(|| Self { issuer, client_id: client_id.to_owned(), acr })
    }
}

/// The address of the agency's extranet, which the pages open: `https://…`, or http on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extranet(String);

impl Extranet {
    /// Parses an address; `None` if it is no URL of a site, or not one that is reached by TLS. It holds no
    /// user's name, which would hide whose site it is.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url: http::Uri = text.parse().ok()?;
        let authority = url.authority()?;
        let is_secure = match url.scheme_str()? {
            "https" => true,
            "http" => url.host() == Some("localhost"),
            _ => false,
        };
        let is_site = is_secure && !authority.host().is_empty() && !authority.as_str().contains('@');
        is_site.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The keys that a function states, and no others.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<(Secret, Vec<SecretKey>)>);

impl Keys {
    /// Sets a key: the current one first, then previous ones.
    #[must_use]
    pub fn with(mut self, secret: Secret, keys: Vec<SecretKey>) -> Self {
        self.0.retain(|(known, _)| *known != secret);
        self.0.push((secret, keys));
        self
    }

    /// The current key.
    pub fn of(&self, secret: Secret) -> Result<&SecretKey, Error> {
        self.all(secret)
            .first()
            .ok_or_else(|| Error::internal(format!("the function states no key {secret:?}")))
    }

    /// The current key, then previous ones that are still accepted. Empty when the function does not state
    /// it.
    #[must_use]
    pub fn all(&self, secret: Secret) -> &[SecretKey] {
        self.0.iter().find(|(known, _)| *known == secret).map_or(&[], |(_, keys)| keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_address_reached_by_tls_without_query_or_fragment() {
        let parse = |issuer: &str| ProviderConfig::parse(issuer, "sesame", " eidas2  eidas3 ");
        let known = parse("https://auth.example/api/v2");
        assert_eq!(known.as_ref().map(|known| known.issuer.as_str()), Some("https://auth.example/api/v2"));
        assert_eq!(known.map(|known| known.acr), Some(vec!["eidas2".to_owned(), "eidas3".to_owned()]));
        for bad in
            ["", "auth.example", "http://auth.example", "https://auth.example/?a=b", "https://a.example/#"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(ProviderConfig::parse("https://auth.example", "", ""), None);
    }

    #[test]
    fn the_extranet_is_a_site_reached_by_tls_or_on_one_machine() {
        for good in [
            "https://activitepartielle.emploi.gouv.fr/",
            "https://extranet.exemple.fr/ap?depuis=sesame",
            "http://localhost:9000/extranet",
        ] {
            assert_eq!(Extranet::parse(good).as_ref().map(Extranet::as_str), Some(good));
        }
        for bad in [
            "",
            "/extranet",
            "extranet.exemple.fr",
            "https://",
            "http://extranet.exemple.fr/",
            "http://localhost.exemple.fr/",
            "https://localhost@exemple.fr/",
            "ftp://exemple.fr/",
            "javascript:alert(1)",
            "https://exemple.fr/ deux",
        ] {
            assert_eq!(Extranet::parse(bad), None, "{bad}");
        }
    }
}
