//! `GET /api/notices`: the banners of now.

use platform::Platform;
use platform::http::{self, Request, Response};
use platform::notices::Notice;
use platform::problems::Problem;

/// How long a browser or a cache may keep the answer.
const CACHE_CONTROL: &str = "public, max-age=30";

/// Incidents, maintenance and closures of now.
///
/// # Errors
/// 503 when the table cannot be read.
#[utoipa::path(
    get, path = "/api/notices", operation_id = "notices", tag = "notices",
    responses(
        (status = 200, description = "Those of now", body = Vec<Notice>),
    )
)]
pub async fn handle(platform: &Platform, request: Request) -> Result<Response, Problem> {
    http::only(&request, "GET")?;
    let current = platform.notices.current().await?;
    Ok(http::with_header(http::ok(&current), http::CACHE_CONTROL, CACHE_CONTROL))
}
