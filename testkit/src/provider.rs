//! A browser at a provider of logins (OpenID Connect): it goes where it is sent, until that is the site.

use std::collections::BTreeMap;

use crate::Error;
use crate::http::{self, Message};

/// Redirections of one login: to the provider's page, to what it asks, back.
const REDIRECTIONS_MAX: usize = 8;

/// The path that the provider sends the browser back to at `site`. The cookies are what the browser has of
/// the provider beforehand.
///
/// # Errors
/// When it is sent nowhere, or too often.
pub async fn pass(address: &str, site: &str, cookies: &[(&str, &str)]) -> Result<String, Error> {
    let named = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut cookies: BTreeMap<String, String> = cookies.iter().map(named).collect();
    let mut address = address.to_owned();
    for _ in 0..REDIRECTIONS_MAX {
        if let Some(path) = address.strip_prefix(site).filter(|path| path.starts_with("/api/")) {
            return Ok(path.to_owned());
        }
        let parts = address.strip_prefix("http://").and_then(|rest| rest.split_once('/'));
        let (server, path) = parts.ok_or_else(|| format!("no address of this machine: {address}"))?;
        let (server, path) = (server.to_owned(), format!("/{path}"));
        let brought: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = [("Cookie", &*brought.join("; "))];
        let answer = http::send(&server, "GET", &path, &headers, "").await?;
        cookies.extend(set_cookies(&answer));
        let next = answer.header("location").ok_or_else(|| format!("no way on: {}", answer.head))?;
        address = if next.starts_with('/') { format!("http://{server}{next}") } else { next.to_owned() };
    }
    Err(format!("more redirections than a login has, the last to {address}").into())
}

/// The cookies that an answer sets, by name and value.
fn set_cookies(answer: &Message) -> Vec<(String, String)> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    let set = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let pairs = set.filter_map(|(_, value)| value.split(';').next()?.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
