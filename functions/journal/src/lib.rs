//! `/api/space/journal`: what happened in an establishment, signed; `/api/journal/keys`: what verifies it.

use domain::{FieldValue, Refusal, Siret};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, IntoResponse, Json, Request, Response, TextFile};
use platform::people::Person;
use platform::{Error, Platform, route};
use serde::Serialize;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

pub const FUNCTION: Function = Function {
    name: "journal",
    routes: &[
        route!(GET "/api/space/journal", download; refuses NoSession, NotAllowed, InvalidForm),
        route!(GET "/api/journal/keys", keys),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("SESSION#"),
        Grant::query("SIRET#"),
        Grant::query("JOURNAL#"),
    ],
    secrets: &[Secret::Journal],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 1_000, share: Share::Space },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(download, keys))]
pub struct Document;

/// How long a browser may keep the keys: less than the hour from when a key is told to when it signs.
const CACHE_CONTROL: &str = "public, max-age=300";

/// The longest journal, some 20,000 entries: Lambda answers 6 MB at the most, in JSON.
const NOTE_BYTES_MAX: usize = 5_800_000;

/// Whose journal it is.
pub struct SiretQuery;

impl IntoParams for SiretQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{14}$"));
        let siret = ParameterBuilder::new().name("siret").parameter_in(ParameterIn::Query);
        vec![siret.required(Required::True).schema(Some(digits.examples(["73282932000074"]))).build()]
    }
}

/// The journal of an establishment, for its holders: its lines, and a signed note (C2SP) over all of them.
#[utoipa::path(
    get, path = "/api/space/journal", operation_id = "journal", tag = "space",
    security(("session" = [])),
    params(SiretQuery),
    responses((
        status = 200, description = "The journal, as a file", body = String, content_type = "text/plain"
    ))
)]
pub async fn download(platform: &Platform, request: Request) -> Result<TextFile, Error> {
    let Person { account, .. } = Person::of(platform, &request).await?;
    let typed = http::query(&request, "siret").unwrap_or_default().to_owned();
    let siret = Siret::read(typed).map_err(|code| Refusal::field("siret", code))?;
    let journal = platform.spaces.journal(&account, &siret).await?;
    let lines = journal.lines.iter().map(String::as_str);
    let text = journal.chain.document(&siret, lines, platform.clock.now());
    // Never signed: its rows were changed by other hands than ours.
    let text = text.map_err(|broken| Error::internal(format!("a journal's rows do not fit: {broken:?}")))?;
    let text = platform.signing.sign(text)?.to_string();
    if text.len() > NOTE_BYTES_MAX {
        return Err(Error::internal(format!(
            "a journal of {} bytes, which Lambda cannot answer",
            text.len()
        )));
    }
    Ok(TextFile { name: format!("journal-{siret}.txt"), text })
}

/// What journals are verified by.
#[derive(Debug, Serialize, ToSchema)]
pub struct Keys {
    /// `<name>+<id>+<base64>`: that of the key that signs, then that of the one before.
    pub keys: Vec<String>,
}

/// The service's verifier keys, as Go's `note` package prints them.
#[utoipa::path(
    get, path = "/api/journal/keys", operation_id = "journalKeys", tag = "space",
    responses((status = 200, description = "The current key, then the previous one", body = Keys))
)]
pub async fn keys(platform: &Platform, _: Request) -> Result<Response, Error> {
    let keys = platform.signing.verifier_keys()?.iter().map(ToString::to_string).collect();
    Ok(Json(Keys { keys }).with_header(http::CACHE_CONTROL, CACHE_CONTROL))
}
