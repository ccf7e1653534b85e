//! `/api/agents/cases`: requests for assistance in the hands of the agency's agents.

mod asked;
mod shown;

use domain::case::{Act, Template};
use domain::{CaseText, Reference, Refusal};
use platform::agents::Agent;
use platform::cases::{WholeCase, Words};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Json, Request};
use platform::{Error, Field, Form, Platform, fields, form, route};

use crate::asked::{CasePath, QueueQuery};
use crate::shown::{CaseView, Queue};

pub const FUNCTION: Function = Function {
    name: "desk",
    routes: &[
        route!(GET "/api/agents/cases", list; refuses NoSession, AddressNotAllowed, InvalidForm),
        route!(GET "/api/agents/cases/{reference}", show; refuses NoSession, AddressNotAllowed, CaseUnknown),
        route!(
            POST "/api/agents/cases/{reference}/take", take;
            refuses NoSession, AddressNotAllowed, CaseUnknown, CaseHeld, CaseState
        ),
        route!(
            POST "/api/agents/cases/{reference}/release", release;
            refuses NoSession, AddressNotAllowed, CaseUnknown, CaseHeld, CaseState
        ),
        route!(
            POST "/api/agents/cases/{reference}/answer", answer;
            refuses NoSession, AddressNotAllowed, CaseUnknown, CaseHeld, CaseState
        ),
        route!(
            POST "/api/agents/cases/{reference}/note", note;
            refuses NoSession, AddressNotAllowed, CaseUnknown, CaseHeld, CaseState
        ),
        route!(
            POST "/api/agents/cases/{reference}/close", close;
            refuses NoSession, AddressNotAllowed, CaseUnknown, CaseHeld, CaseState
        ),
        route!(
            POST "/api/agents/cases/{reference}/reopen", reopen;
            refuses NoSession, AddressNotAllowed, CaseUnknown, CaseHeld, CaseState
        ),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("AGENT#"),
        Grant::get("ATTEMPTS#"),
        Grant::get("DESK#"),
        Grant::get("MAIL#"),
        Grant::get("QUOTA#"),
        Grant::get("SIRET#"),
        Grant::get("SUCCESSION#"),
        Grant::get("SUCCESSIONS#"),
        Grant::get("TICKET#"),
        Grant::get_many("TICKET#"),
        Grant::query("CASES#"),
        Grant::query("QUEUE#"),
        Grant::query("SENDER#"),
        Grant::query("SIRET#"),
        Grant::query("TICKET#"),
        Grant::put("JOURNAL#"),
        Grant::put("MAIL#"),
        Grant::put("QUEUE#"),
        Grant::put("TICKET#"),
        Grant::update("DESK#"),
        Grant::update("SIRET#"),
        Grant::update("TICKET#"),
        Grant::delete("QUEUE#"),
    ],
    secrets: &[Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 15, slow_ms: 1_500, share: Share::Desk },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(list, show, take, release, answer, note, close, reopen))]
pub struct Document;

/// Which part of the path is the reference.
const REFERENCE: usize = 3;

form! {
    /// The agent keeps the case for a quarter of an hour, and longer with each act.
    pub struct TakeCaseForm {}
}

form! {
    /// The agent lets others have the case.
    pub struct ReleaseCaseForm {}
}

form! {
    /// An answer, which the person is mailed with the reason of the template that it began with.
    pub struct AnswerCaseForm {
        text: Field<CaseText>,
        template: Option<Field<&'static Template>>,
    }
}

form! {
    /// A note for other agents.
    pub struct NoteCaseForm {
        text: Field<CaseText>,
    }
}

form! {
    /// The end of a case, and a word to the person.
    pub struct CloseCaseForm {
        text: Option<Field<CaseText>>,
    }
}

form! {
    /// A closed case is for the agency again; a word to the person.
    pub struct ReopenCaseForm {
        text: Option<Field<CaseText>>,
    }
}

/// Lists the cases of a state, the oldest first: those of a motive, of an establishment, or all.
#[utoipa::path(
    get, path = "/api/agents/cases", operation_id = "listCases", tag = "desk", security(("agent" = [])),
    params(QueueQuery),
    responses((status = 200, description = "A page of cases", body = Queue))
)]
pub async fn list(platform: &Platform, request: Request) -> Result<Json<Queue>, Error> {
    let asked = asked::read(&request)?;
    let agent = Agent::of(platform, &request).await?;
    let page = platform.cases.list(&asked).await?;
    Ok(Json(Queue::of(&page, &agent, platform.clock.now())))
}

/// Shows a case: what the person wrote, what followed, what the service knows. The look is in the
/// establishment's journal.
#[utoipa::path(
    get, path = "/api/agents/cases/{reference}", operation_id = "showCase", tag = "desk",
    security(("agent" = [])), params(CasePath),
    responses((status = 200, description = "The case", body = CaseView))
)]
pub async fn show(platform: &Platform, request: Request) -> Result<Json<CaseView>, Error> {
    let agent = Agent::of(platform, &request).await?;
    let whole = platform.cases.find_whole(&reference_of(&request)?).await?.ok_or(Refusal::CaseUnknown)?;
    platform.cases.note_look(&whole.file, &agent).await?;
    view(platform, whole, &agent).await
}

/// Takes a case that nobody holds, or keeps it longer. Of several agents at once one has it.
#[utoipa::path(
    post, path = "/api/agents/cases/{reference}/take", operation_id = "takeCase", tag = "desk",
    security(("agent" = [])), params(CasePath), request_body = TakeCaseForm,
    responses((status = 200, description = "The case is the agent's", body = CaseView))
)]
pub async fn take(
    platform: &Platform,
    (request, _): (Request, Form<TakeCaseForm>),
) -> Result<Json<CaseView>, Error> {
    act(platform, &request, Act::Take, Words::default()).await
}

/// Lets others have the case. Released, it stays so.
#[utoipa::path(
    post, path = "/api/agents/cases/{reference}/release", operation_id = "releaseCase", tag = "desk",
    security(("agent" = [])), params(CasePath), request_body = ReleaseCaseForm,
    responses((status = 200, description = "The case is nobody's", body = CaseView))
)]
pub async fn release(
    platform: &Platform,
    (request, _): (Request, Form<ReleaseCaseForm>),
) -> Result<Json<CaseView>, Error> {
    act(platform, &request, Act::Release, Words::default()).await
}

/// Answers the person, who is mailed the text.
#[utoipa::path(
    post, path = "/api/agents/cases/{reference}/answer", operation_id = "answerCase", tag = "desk",
    security(("agent" = [])), params(CasePath), request_body = AnswerCaseForm,
    responses((status = 200, description = "The case, which is answered", body = CaseView))
)]
pub async fn answer(
    platform: &Platform,
    (request, form): (Request, Form<AnswerCaseForm>),
) -> Result<Json<CaseView>, Error> {
    let (text, template) = fields!(form: text, template)?;
    act(platform, &request, Act::Answer, Words { template, ..Words::of(Some(&text)) }).await
}

/// Notes something for other agents: the person never sees it.
#[utoipa::path(
    post, path = "/api/agents/cases/{reference}/note", operation_id = "noteCase", tag = "desk",
    security(("agent" = [])), params(CasePath), request_body = NoteCaseForm,
    responses((status = 200, description = "The case with the note", body = CaseView))
)]
pub async fn note(
    platform: &Platform,
    (request, form): (Request, Form<NoteCaseForm>),
) -> Result<Json<CaseView>, Error> {
    let (text,) = fields!(form: text)?;
    act(platform, &request, Act::Note, Words::of(Some(&text))).await
}

/// Closes a case, which the person is mailed. Their next message opens it again.
#[utoipa::path(
    post, path = "/api/agents/cases/{reference}/close", operation_id = "closeCase", tag = "desk",
    security(("agent" = [])), params(CasePath), request_body = CloseCaseForm,
    responses((status = 200, description = "The case, which is closed", body = CaseView))
)]
pub async fn close(
    platform: &Platform,
    (request, form): (Request, Form<CloseCaseForm>),
) -> Result<Json<CaseView>, Error> {
    let (text,) = fields!(form: text)?;
    act(platform, &request, Act::Close, Words::of(text.as_ref())).await
}

/// Opens a closed case again, which the person is mailed.
#[utoipa::path(
    post, path = "/api/agents/cases/{reference}/reopen", operation_id = "reopenCase", tag = "desk",
    security(("agent" = [])), params(CasePath), request_body = ReopenCaseForm,
    responses((status = 200, description = "The case, which waits again", body = CaseView))
)]
pub async fn reopen(
    platform: &Platform,
    (request, form): (Request, Form<ReopenCaseForm>),
) -> Result<Json<CaseView>, Error> {
    let (text,) = fields!(form: text)?;
    act(platform, &request, Act::Reopen, Words::of(text.as_ref())).await
}

/// Does it and shows the case as it is then. The act stands in the journal: no look is written besides.
async fn act(
    platform: &Platform,
    request: &Request,
    act: Act,
    words: Words<'_>,
) -> Result<Json<CaseView>, Error> {
    let agent = Agent::of(platform, request).await?;
    let reference = reference_of(request)?;
    platform.cases.act(&reference, &agent, act, words).await?;
    let whole = platform.cases.find_whole(&reference).await?.ok_or(Refusal::CaseUnknown)?;
    view(platform, whole, &agent).await
}

async fn view(platform: &Platform, whole: WholeCase, agent: &Agent) -> Result<Json<CaseView>, Error> {
    let known = platform.cases.known_whole(&whole.file).await?;
    let succession = platform.successions.of_case(&whole.file.reference).await?;
    let beside = (known, succession.as_ref());
    Ok(Json(CaseView::of(whole, beside, agent, platform.clock.now())))
}

/// What is no reference names nothing, as one that is unknown does.
fn reference_of(request: &Request) -> Result<Reference, Refusal> {
    Reference::parse(http::path_part(request, REFERENCE)).ok_or(Refusal::CaseUnknown)
}
