//! Serves the built pages, with the security headers and cache rules that they have on AWS.

use std::path::Path;
use std::sync::OnceLock;

use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use http::{HeaderMap, Response};
use tower_http::services::fs::ServeFileSystemResponseBody;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_status::SetStatus;

/// The security headers of every page, here and on AWS.
const HEADERS: &str = include_str!("../web/headers.json");
/// For files whose names carry a hash of their content.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// For pages: revalidated each time.
pub const REVALIDATED: &str = "no-cache";

/// Serves a folder of pages, precompressed where the browser accepts it; `404.html` for the rest.
#[must_use]
pub fn service(folder: &Path) -> ServeDir<SetStatus<ServeFile>> {
    let missing = ServeFile::new(folder.join("404.html")).precompressed_br().precompressed_gzip();
    let found = ServeDir::new(folder).precompressed_br().precompressed_gzip();
    found.not_found_service(missing)
}

/// The security headers, as `web/headers.json` states them.
pub fn security_headers() -> &'static HeaderMap {
    static PARSED: OnceLock<HeaderMap> = OnceLock::new();
    PARSED.get_or_init(|| {
        let stated: std::collections::BTreeMap<String, String> =
            serde_json::from_str(HEADERS).unwrap_or_default();
        let pair = |(name, value): (String, String)| {
            Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(&value).ok()?))
        };
        stated.into_iter().filter_map(pair).collect()
    })
}

/// Sets `Cache-Control`.
pub fn dress(path: &str, response: &mut Response<ServeFileSystemResponseBody>) {
    let is_asset = path.starts_with("/assets/") && response.status().is_success();
    let cache = if is_asset { IMMUTABLE } else { REVALIDATED };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
}

/// Sets the security headers that are not set yet.
pub fn protect(headers: &mut HeaderMap) {
    for (name, value) in security_headers() {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_stated_header_is_a_header() {
        let stated: std::collections::BTreeMap<String, String> =
            serde_json::from_str(super::HEADERS).unwrap_or_default();
        assert!(stated.contains_key("Content-Security-Policy"));
        assert_eq!(super::security_headers().len(), stated.len());
    }
}
