//! `/api/request`: a person's own view of their request for assistance, by the link of its mails.

use domain::case::{EntryBy, EntryKind};
use domain::succession::State;
use domain::{CaseState, CaseText, Motive, Refusal, Succession, Token};
use platform::cases::{Entry, RequestLink, WholeCase};
use platform::form::schema::{self, Schema};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::Json;
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "request",
    routes: &[
        route!(POST "/api/request", show; refuses LinkUnknown, LinkExpired),
        route!(POST "/api/request/message", add; refuses LinkUnknown, LinkExpired, TooManyMessages),
        route!(POST "/api/request/close", close; refuses LinkUnknown, LinkExpired),
    ],
    grants: &[
        Grant::get("LINK#"),
        Grant::get("SUCCESSION#"),
        Grant::get("SUCCESSIONS#"),
        Grant::get("TICKET#"),
        Grant::query("TICKET#"),
        Grant::put("QUEUE#"),
        Grant::put("TICKET#"),
        Grant::update("TICKET#"),
        Grant::delete("QUEUE#"),
    ],
    secrets: &[Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 500, share: Share::Space },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(show, add, close))]
pub struct Document;

form! {
    /// The token of the link in a request's mails.
    pub struct ShowRequestForm {
        token: Field<Option<Token>>,
    }
}

form! {
    /// What the person adds to their request.
    pub struct AddToRequestForm {
        token: Field<Option<Token>>,
        text: Field<CaseText>,
    }
}

form! {
    /// The request whose sender needs no answer any more.
    pub struct CloseRequestForm {
        token: Field<Option<Token>>,
    }
}

/// A request, as who sent it sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestView {
    /// What to quote.
    #[schema(example = "T-261123-7K3MQ2")]
    pub reference: String,
    /// The 14 digits.
    pub siret: String,
    /// As the person wrote it.
    pub establishment_name: String,
    #[schema(schema_with = schema::inline::<Motive>)]
    pub motive: &'static str,
    #[schema(schema_with = schema::inline::<CaseState>)]
    pub state: &'static str,
    /// As the person wrote it.
    pub description: String,
    /// When it came.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// What followed, the oldest first. What agents share among themselves is not in it.
    pub thread: Vec<RequestEntry>,
    /// Of the account that the request is about, if one is under way.
    pub succession: Option<RequestSuccession>,
    /// The last moment at which the link serves.
    #[schema(format = DateTime)]
    pub valid_until: String,
}

/// What was added to a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestEntry {
    #[schema(schema_with = by_schema)]
    pub by: &'static str,
    #[schema(schema_with = kind_schema)]
    pub kind: &'static str,
    pub text: Option<String>,
    /// Why the agency sent this answer, if it began with a template.
    pub reason: Option<&'static str>,
    #[schema(format = DateTime)]
    pub at: String,
}

/// Where a succession is.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestSuccession {
    #[schema(schema_with = state_schema)]
    pub state: &'static str,
    /// Until when those who were told may contest it, once that is known.
    #[schema(format = DateTime)]
    pub contest_until: Option<String>,
}

const ME: &str = "me";
const AGENCY: &str = "agency";

fn state_schema() -> Schema {
    schema::one_of(State::ALL.map(State::as_str))
}

fn by_schema() -> Schema {
    schema::one_of([ME, AGENCY])
}

fn kind_schema() -> Schema {
    let shown = EntryKind::ALL.into_iter().filter(|kind| kind.is_for_person());
    schema::one_of(shown.map(EntryKind::as_str))
}

impl RequestView {
    fn of(whole: WholeCase, succession: Option<&Succession>, link: &RequestLink) -> Self {
        let WholeCase { file, thread } = whole;
        let shown = thread.into_iter().filter(|entry| entry.kind.is_for_person());
        Self {
            reference: file.reference.to_string(),
            siret: file.ticket.siret.to_string(),
            establishment_name: file.ticket.establishment_name.as_str().to_owned(),
            motive: file.ticket.motive.as_str(),
            state: file.case.state.as_str(),
            description: file.ticket.description.as_str().to_owned(),
            created_at: file.received_at.to_string(),
            thread: shown.map(RequestEntry::of).collect(),
            succession: succession.map(RequestSuccession::of),
            valid_until: link.valid_until.to_string(),
        }
    }
}

impl RequestSuccession {
    fn of(succession: &Succession) -> Self {
        let contest_until = succession.contest_until().map(|until| until.to_string());
        Self { state: succession.state().as_str(), contest_until }
    }
}

impl RequestEntry {
    /// Without the name of an agent.
    fn of(entry: Entry) -> Self {
        Self {
            by: if entry.by == EntryBy::Person { ME } else { AGENCY },
            kind: entry.kind.as_str(),
            text: entry.text,
            reason: entry.template.map(|template| template.reason),
            at: entry.at.to_string(),
        }
    }
}

/// Shows a request to who has its link, as often as they like. It writes nothing.
#[utoipa::path(
    post, path = "/api/request", operation_id = "showRequest", tag = "support",
    request_body = ShowRequestForm,
    responses((status = 200, description = "The request and its thread", body = RequestView))
)]
pub async fn show(platform: &Platform, form: Form<ShowRequestForm>) -> Result<Json<RequestView>, Error> {
    let (token,) = fields!(form: token)?;
    let link = link_of(platform, token).await?;
    view(platform, &link).await
}

/// Adds a message to a request. The agency sees it in the same case, also when that was closed. The same text
/// as the last entry is that one, sent again.
#[utoipa::path(
    post, path = "/api/request/message", operation_id = "addToRequest", tag = "support",
    request_body = AddToRequestForm,
    responses((status = 200, description = "The request with the message", body = RequestView))
)]
pub async fn add(platform: &Platform, form: Form<AddToRequestForm>) -> Result<Json<RequestView>, Error> {
    let (token, text) = fields!(form: token, text)?;
    let link = link_of(platform, token).await?;
    platform.cases.add_message(&link.reference, &text).await.map_err(of_link)?;
    view(platform, &link).await
}

/// Closes a request, which a later message opens again.
#[utoipa::path(
    post, path = "/api/request/close", operation_id = "closeRequest", tag = "support",
    request_body = CloseRequestForm,
    responses((status = 200, description = "The request, which is closed", body = RequestView))
)]
pub async fn close(platform: &Platform, form: Form<CloseRequestForm>) -> Result<Json<RequestView>, Error> {
    let (token,) = fields!(form: token)?;
    let link = link_of(platform, token).await?;
    platform.cases.close_by_person(&link.reference).await.map_err(of_link)?;
    view(platform, &link).await
}

async fn link_of(platform: &Platform, token: Option<Token>) -> Result<RequestLink, Error> {
    let token = token.ok_or(Refusal::LinkUnknown)?;
    platform.cases.link(&token.hash()).await
}

async fn view(platform: &Platform, link: &RequestLink) -> Result<Json<RequestView>, Error> {
    let (whole, succession) = tokio::try_join!(
        platform.cases.find_whole(&link.reference),
        platform.successions.of_case(&link.reference)
    )?;
    let whole = whole.ok_or(Refusal::LinkUnknown)?;
    Ok(Json(RequestView::of(whole, succession.as_ref(), link)))
}

/// The link of a request that is gone is one that is unknown.
fn of_link(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::CaseUnknown) => Refusal::LinkUnknown.into(),
        error => error,
    }
}
