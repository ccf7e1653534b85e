//! `GET /api/notices`: the current banners.

use platform::function::{Function, Grant, Share, Size};
use platform::http::{self, IntoResponse, Json, Request, Response};
use platform::notices::Notice;
use platform::{Error, Platform, route};

pub const FUNCTION: Function = Function {
    name: "notices",
    routes: &[route!(GET "/api/notices", handle)],
    grants: &[Grant::query("NOTICE")],
    secrets: &[],
    size: Size { memory_mb: 256, timeout_seconds: 10, slow_ms: 500, share: Share::Few },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(handle))]
pub struct Document;

const CACHE_CONTROL: &str = "public, max-age=30";

/// Incidents, maintenance and closures of now.
#[utoipa::path(
    get, path = "/api/notices", operation_id = "notices", tag = "notices",
    responses((status = 200, description = "Those of now", body = Vec<Notice>))
)]
pub async fn handle(platform: &Platform, _: Request) -> Result<Response, Error> {
    let current = platform.notices.current().await?;
    Ok(Json(current).with_header(http::CACHE_CONTROL, CACHE_CONTROL))
}
