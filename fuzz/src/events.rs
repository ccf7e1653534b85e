//! Events of API Gateway, as the Lambda runtime hands them over: nothing that a client says makes a function
//! panic.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::request::LambdaRequest;
use platform::boot;
use platform::http::Request;
use serde_json::Value;

use crate::{corpus, fixture, requests};

/// The JSON of an event. What the client has no say in is that of the route's own event.
pub fn event(input: &[u8]) {
    fixture::with(|fixture| {
        let Ok(said) = serde_json::from_slice::<Value>(&fixture.filled(input)) else { return };
        let mut event = corpus::event_like(&said);
        for member in ["rawQueryString", "headers", "cookies", "body"] {
            event[member] = said[member].clone();
        }
        if let (Some(true), Some(body)) = (said["isBase64Encoded"].as_bool(), said["body"].as_str()) {
            event["isBase64Encoded"] = true.into();
            event["body"] = STANDARD.encode(body).into();
        }
        // An event of another shape is refused by the runtime.
        let Ok(event) = serde_json::from_str::<LambdaRequest>(&event.to_string()) else { return };
        let request = Request::from(boot::readable(event));
        let body: &[u8] = request.body().as_ref();
        let body = body.to_vec();
        requests::ask(fixture, request, &body);
    });
}
