//! The session's cookie, which a login sets, and an activation too.

use crate::config::Config;
use crate::http::{self, Request};
use domain::Token;
use domain::account::SESSION_VALID;

/// `__Host-` binds it to the very host.
pub const COOKIE: &str = "__Host-sesame";
/// The same on plain http at localhost, where WebKit refuses `Secure`.
const COOKIE_OF_LOCALHOST: &str = "sesame";

/// The name of the session's cookie on this site.
#[must_use]
pub fn name(config: &Config) -> &'static str {
    if config.is_secure() { COOKIE } else { COOKIE_OF_LOCALHOST }
}

/// The token of the session that a request brings.
#[must_use]
pub fn token_of(config: &Config, request: &Request) -> Option<Token> {
    Token::parse(http::cookie(request, name(config))?)
}

/// The value of `Set-Cookie` that opens a session in the browser.
#[must_use]
pub fn opening(config: &Config, token: &Token) -> String {
    set(config, &token.print(), SESSION_VALID.as_secs())
}

/// The one that ends it.
#[must_use]
pub fn closing(config: &Config) -> String {
    set(config, "", 0)
}

fn set(config: &Config, value: &str, max_age_seconds: i64) -> String {
    let secure = if config.is_secure() { "; Secure" } else { "" };
    let name = name(config);
    format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure}")
}
