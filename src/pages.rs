//! Serves the built pages, with the security headers and cache rules that they have on AWS.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use http::{HeaderMap, Response};
use tower_http::services::fs::ServeFileSystemResponseBody;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_status::SetStatus;

/// The security headers of every page, here and on AWS: by folder, each folder's own over those of the site.
const HEADERS: &str = include_str!("../web/headers.json");
/// For files whose names carry a hash of their content.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// For pages: revalidated each time.
pub const REVALIDATED: &str = "no-cache";

/// Header names and values.
type Stated = BTreeMap<String, String>;

/// Serves a folder of pages, precompressed where the browser accepts it; `404.html` for the rest.
#[must_use]
pub fn service(folder: &Path) -> ServeDir<SetStatus<ServeFile>> {
    let missing = ServeFile::new(folder.join("404.html")).precompressed_br().precompressed_gzip();
    let found = ServeDir::new(folder).precompressed_br().precompressed_gzip();
    found.not_found_service(missing)
}

/// The security headers of what is at `path`, as `web/headers.json` states them.
pub fn security_headers(path: &str) -> &'static HeaderMap {
    static NONE: OnceLock<HeaderMap> = OnceLock::new();
    let of_path = folders().iter().rev().find(|(folder, _)| path.starts_with(folder.as_str()));
    // `*` is a path too.
    let of_path = of_path.or_else(|| folders().first());
    of_path.map_or_else(|| NONE.get_or_init(HeaderMap::new), |(_, headers)| headers)
}

/// Every folder with headers of its own, the site first.
fn folders() -> &'static Vec<(String, HeaderMap)> {
    static PARSED: OnceLock<Vec<(String, HeaderMap)>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let stated: BTreeMap<String, Stated> = serde_json::from_str(HEADERS).unwrap_or_default();
        let site = stated.get("/").cloned().unwrap_or_default();
        let headers = |own: Stated| {
            let mut whole = site.clone();
            whole.extend(own);
            whole.into_iter().filter_map(pair).collect::<HeaderMap>()
        };
        stated.into_iter().map(|(folder, own)| (folder, headers(own))).collect()
    })
}

fn pair((name, value): (String, String)) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, HeaderValue::from_str(&value).ok()?))
}

/// Sets `Cache-Control`, unless the headers of its folder do.
pub fn dress(path: &str, response: &mut Response<ServeFileSystemResponseBody>) {
    if security_headers(path).contains_key(CACHE_CONTROL) {
        return;
    }
    let is_asset = path.starts_with("/assets/") && response.status().is_success();
    let cache = if is_asset { IMMUTABLE } else { REVALIDATED };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
}

/// Sets the security headers of that path that are not set yet.
pub fn protect(path: &str, headers: &mut HeaderMap) {
    for (name, value) in security_headers(path) {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, CACHE_CONTROL, HEADERS, Stated, security_headers};

    #[test]
    fn every_stated_header_is_a_header() {
        let stated: BTreeMap<String, Stated> = serde_json::from_str(HEADERS).unwrap_or_default();
        assert!(stated["/"].contains_key("Content-Security-Policy"));
        assert_eq!(security_headers("/aide/").len(), stated["/"].len());
        let more = stated["/agents/"].keys().filter(|name| !stated["/"].contains_key(*name)).count();
        assert_eq!(security_headers("/agents/demande/").len(), stated["/"].len() + more);
    }

    #[test]
    fn a_folder_has_its_own_headers_over_those_of_the_site() {
        let policy = |path| security_headers(path)["content-security-policy"].to_str().unwrap_or_default();
        assert!(policy("/").contains("form-action 'self'"));
        assert!(policy("/agents/").contains("form-action 'none'"));
        assert!(policy("/agents/").contains("frame-ancestors 'none'"));
        assert_eq!(security_headers("/agents/")[CACHE_CONTROL], "no-store");
        assert_eq!(security_headers("/agents/")["referrer-policy"], "no-referrer");
        assert!(!security_headers("/aide/").contains_key(CACHE_CONTROL));
    }
}
