//! Answers held to the API document.

use http::HeaderMap;
use serde_json::Value;

/// How an answer differs from what the document lists for its operation; none if it lists no such operation.
#[must_use]
pub fn fault_of(operation: &Value, status: u16, headers: &HeaderMap, body: &Value) -> Option<String> {
    let name = operation["operationId"].as_str()?;
    let Some(response) = operation["responses"].get(status.to_string()) else {
        return Some(format!("{name} answers {status}, which the document does not list"));
    };
    let mut listed = response["headers"].as_object().into_iter().flat_map(|headers| headers.keys());
    if let Some(missing) = listed.find(|header| !headers.contains_key(header.as_str())) {
        return Some(format!("{name} {status} without {missing}"));
    }
    let problem = &response["content"]["application/problem+json"]["schema"];
    let types = &problem["allOf"][1]["properties"]["type"]["enum"];
    let is_listed = || types.as_array().is_some_and(|types| types.contains(&body["type"]));
    (status >= 400 && !is_listed()).then(|| format!("{name} {status}: {} is not listed", body["type"]))
}
