//! `/api/space/journal`: what happened in an establishment, signed; `/api/journal/keys`: what verifies it.

use domain::journal::Volume;
use domain::{FieldCode, FieldValue, Refusal, Siret};
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
        Grant::get_many("SIRET#"),
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

/// Whose journal it is, and from which entry on.
pub struct VolumeQuery;

impl IntoParams for VolumeQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{14}$"));
        let siret = ParameterBuilder::new().name("siret").parameter_in(ParameterIn::Query);
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        let from = ParameterBuilder::new().name("from").parameter_in(ParameterIn::Query);
        vec![
            siret.required(Required::True).schema(Some(digits.examples(["73282932000074"]))).build(),
            from.required(Required::False).schema(Some(number.default(Some(1.into())))).build(),
        ]
    }
}

/// The journal of an establishment, for its holders: its lines, and a signed note (C2SP) over all of them. A
/// long one comes in volumes, each with a note of its own.
#[utoipa::path(
    get, path = "/api/space/journal", operation_id = "journal", tag = "space",
    security(("session" = [])),
    params(VolumeQuery),
    responses((
        status = 200, body = String, content_type = "text/plain",
        description = "The journal from that entry on, as a file. `Link`, with `rel=next`, says where the \
                       next volume is: the last has none"
    ))
)]
pub async fn download(platform: &Platform, request: Request) -> Result<Response, Error> {
    let Person { account, .. } = Person::of(platform, &request).await?;
    let typed = http::query(&request, "siret").unwrap_or_default().to_owned();
    let siret = Siret::read(typed).map_err(|code| Refusal::field("siret", code))?;
    let from = http::query(&request, "from").map_or(Some(1), number);
    let from = from.ok_or_else(|| Refusal::field("from", FieldCode::JournalEntryUnknown))?;
    let volume = platform.spaces.journal(&account, &siret, from).await?;
    let text = volume.document(platform.clock.now());
    // Never signed: its rows were changed by other hands than ours.
    let text = text.map_err(|broken| Error::internal(format!("a journal's rows do not fit: {broken:?}")))?;
    let file = TextFile { name: file_name(&volume), text: platform.signing.sign(text)?.to_string() };
    if volume.is_last {
        return Ok(file.into_response());
    }
    let next = format!("</api/space/journal?siret={siret}&from={}>; rel=\"next\"", volume.last() + 1);
    Ok(file.with_header(http::LINK, &next))
}

/// A number in digits alone.
fn number(typed: &str) -> Option<u64> {
    typed.parse().ok().filter(|_| typed.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Of one of several volumes, with the number of its first entry.
fn file_name(Volume { siret, before, is_last, .. }: &Volume) -> String {
    if *is_last && before.entries == 0 {
        return format!("journal-{siret}.txt");
    }
    format!("journal-{siret}-{}.txt", before.entries + 1)
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
