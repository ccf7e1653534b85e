//! Requests by the SDK's own connector: what it brings of TLS and HTTP serves for services outside too.

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};

use super::{ANSWER_BYTES_MAX, Unavailable};
use crate::error::Source;

/// Sends a request and reads its whole answer.
///
/// # Errors
/// `Unavailable` when there is no connection, or the answer has over [`ANSWER_BYTES_MAX`].
pub async fn answer(
    connector: &SharedHttpConnector,
    request: Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, Unavailable> {
    let request = HttpRequest::try_from(request.map(SdkBody::from)).map_err(failed)?;
    let response = connector.call(request).await.map_err(failed)?;
    let (parts, body) = response.try_into_http1x().map_err(failed)?.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(Unavailable)?;
    Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
}

fn failed(error: impl Into<Source>) -> Unavailable {
    Unavailable(error.into())
}
