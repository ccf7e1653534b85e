//! `/api/agents/successions`: an account is handed over in the place of a holder who has left, by two agents.

use domain::succession::{EvidenceList, State, Statement};
use domain::{
    Email, FieldCode, FullName, MemberId, Name, Reference, Refusal, Siret, Succession, SuccessionId,
};
use platform::agents::Agent;
use platform::form::FieldErrors;
use platform::form::schema::{self, Schema};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{Created, Json, Request, path_part};
use platform::problems::{Kind, Problem};
use platform::successions::Proposal;
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};

pub const FUNCTION: Function = Function {
    name: "successions",
    routes: &[
        route!(POST "/api/agents/successions", propose; refuses NoSession, AddressNotAllowed, SuccessionOpen),
        route!(
            POST "/api/agents/successions/{succession}/approve", approve;
            refuses NoSession, AddressNotAllowed, NotFound, TwoPersons, SuccessionState
        ),
        route!(
            POST "/api/agents/successions/{succession}/refuse", refuse;
            refuses NoSession, AddressNotAllowed, NotFound, SuccessionState
        ),
        route!(
            POST "/api/agents/successions/{succession}/withdraw", withdraw;
            refuses NoSession, AddressNotAllowed, NotFound, NotProposer, SuccessionState
        ),
    ],
    grants: &[
        Grant::get("AGENT#"),
        Grant::get("DESK#"),
        Grant::get("SUCCESSION#"),
        Grant::get("SUCCESSIONS#"),
        Grant::get("TICKET#"),
        Grant::get_many("SIRET#"),
        Grant::query("SIRET#"),
        Grant::put("JOURNAL#"),
        Grant::put("MAIL#"),
        Grant::put("QUEUE#"),
        Grant::put("SIRET#"),
        Grant::put("SUCCESSION#"),
        Grant::put("SUCCESSIONS#"),
        Grant::put("TICKET#"),
        Grant::update("ACCOUNT#"),
        Grant::update("DESK#"),
        Grant::update("SIRET#"),
        Grant::update("SUCCESSION#"),
        Grant::update("SUCCESSIONS#"),
        Grant::update("TICKET#"),
        Grant::delete("QUEUE#"),
        Grant::delete("SIRET#"),
        Grant::delete("SUCCESSIONS#"),
    ],
    secrets: &[Secret::Hash],
    size: Size { memory_mb: 256, timeout_seconds: 15, slow_ms: 1_500, share: Share::Desk },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(propose, approve, refuse, withdraw))]
pub struct Document;

/// The id of a member among colleagues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderId(MemberId);

impl domain::FieldValue for HolderId {
    type Json = String;

    fn read(printed: String) -> Result<Self, FieldCode> {
        let printed = domain::form::present(&printed)?;
        MemberId::parse(printed.trim()).map(Self).ok_or(FieldCode::HolderUnknown)
    }

    fn schema() -> domain::form::Schema {
        domain::form::Schema {
            name: "HolderId",
            description: "The id of a holder among the members of the establishment.".to_owned(),
            rule: domain::form::Rule::Text(domain::form::TextRule {
                length_min: MEMBER_ID_LENGTH,
                length_max: Some(MEMBER_ID_LENGTH),
                pattern: Some("^[0-9a-hjkmnp-tv-z]{16}$".to_owned()),
                example: Some("7k3mq2fd9w4t5r6y"),
                ..domain::form::TextRule::default()
            }),
        }
    }
}

/// Characters of a member's id.
const MEMBER_ID_LENGTH: usize = 16;

form! {
    /// Who is to take over, for which request, and what shows that they may. `holder` says who is replaced
    /// where there are several; the names are those of who takes over, if they are not known otherwise.
    pub struct ProposeForm {
        reference: Field<Reference>,
        siret: Field<Siret>,
        email: Field<Email>,
        evidence: Field<EvidenceList>,
        holder: Option<Field<HolderId>>,
        first_name: Option<Field<Name>>,
        last_name: Option<Field<Name>>,
    }
}

form! {
    /// A word on an approval or a withdrawal, which becomes a note of the thread; it can be left out.
    pub struct DecideForm {
        text: Option<Field<Statement>>,
    }
}

form! {
    /// What is missing: the person reads it.
    pub struct RefuseForm {
        text: Field<Statement>,
    }
}

/// A succession is proposed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Proposed {
    /// Its id at the desk.
    #[schema(example = "7k3mq2fd9w4t5r6y")]
    pub succession: String,
    /// The last second of the window, once a delivery has opened it.
    #[schema(format = DateTime)]
    pub contest_until: Option<String>,
}

/// Where a succession is after an act.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decided {
    /// Its id at the desk.
    #[schema(example = "7k3mq2fd9w4t5r6y")]
    pub succession: String,
    #[schema(schema_with = state_schema)]
    pub state: &'static str,
    /// The last second of the window, once a delivery has opened it.
    #[schema(format = DateTime)]
    pub contest_until: Option<String>,
}

fn state_schema() -> Schema {
    schema::one_of(State::ALL.map(State::as_str))
}

impl Decided {
    fn of(succession: &Succession) -> Json<Self> {
        Json(Self {
            succession: succession.id.to_string(),
            state: succession.state().as_str(),
            contest_until: succession.contest_until().map(|until| until.to_string()),
        })
    }
}

/// The part of a path that varies.
pub struct SuccessionPath;

impl utoipa::IntoParams for SuccessionPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let id = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-hjkmnp-tv-z]{16}$"));
        let parameter = ParameterBuilder::new().name("succession").parameter_in(ParameterIn::Path);
        vec![parameter.required(Required::True).schema(Some(id)).build()]
    }
}

/// The succession that a path names.
///
/// # Errors
/// `NotFound` for what is no id.
fn succession_of(request: &Request) -> Result<SuccessionId, Error> {
    /// `{succession}` of `/api/agents/successions/{succession}/approve`.
    const RANK: usize = 3;
    SuccessionId::parse(path_part(request, RANK)).ok_or_else(|| Problem::new(Kind::NotFound).into())
}

/// Proposes a succession, and has everybody told who may object.
#[utoipa::path(
    post, path = "/api/agents/successions", operation_id = "proposeSuccession", tag = "agents",
    request_body = ProposeForm, security(("agent" = [])),
    responses((status = 201, description = "The notices are on their way", body = Proposed))
)]
pub async fn propose(
    platform: &Platform,
    (request, form): (Request, Form<ProposeForm>),
) -> Result<Created<Proposed>, Error> {
    let agent = Agent::of(platform, &request).await?;
    let proposal = read(form.fields)?;
    let succession = platform.successions.propose(&agent, &proposal).await?;
    Ok(Created(Proposed {
        succession: succession.id.to_string(),
        contest_until: succession.contest_until().map(|until| until.to_string()),
    }))
}

/// What is proposed, or all faults in the form's order. Of the two names each asks for the other.
fn read(form: ProposeForm) -> Result<Proposal, Refusal> {
    let mut errors = FieldErrors::default();
    let reference = errors.take("reference", form.reference);
    let siret = errors.take("siret", form.siret);
    let email = errors.take("email", form.email);
    let evidence = errors.take("evidence", form.evidence);
    let holder = errors.take("holder", form.holder);
    let first = errors.take("first_name", form.first_name).flatten();
    let last = errors.take("last_name", form.last_name).flatten();
    let name = match (first, last) {
        (Some(first), Some(last)) => Some(FullName { first, last }),
        (None, None) => None,
        (first, _) => {
            let missing = if first.is_none() { "first_name" } else { "last_name" };
            errors.note(missing, FieldCode::Required);
            None
        }
    };
    match (reference, siret, email, evidence) {
        (Some(reference), Some(siret), Some(email), Some(evidence)) if errors.is_empty() => Ok(Proposal {
            reference,
            siret,
            email,
            evidence: evidence.0,
            holder: holder.flatten().map(|holder| holder.0),
            name,
        }),
        _ => Err(errors.refusal()),
    }
}

/// Approves a succession after its window, and carries it out. Of one that is contested it lifts the
/// objection, by two agents; of one that is carried out it sends the invitation again that nobody has
/// accepted.
#[utoipa::path(
    post, path = "/api/agents/successions/{succession}/approve", operation_id = "approveSuccession",
    tag = "agents", params(SuccessionPath), request_body = DecideForm, security(("agent" = [])),
    responses((status = 200, description = "Where it is now", body = Decided))
)]
pub async fn approve(
    platform: &Platform,
    (request, form): (Request, Form<DecideForm>),
) -> Result<Json<Decided>, Error> {
    let agent = Agent::of(platform, &request).await?;
    let (word,) = fields!(form: text)?;
    let id = succession_of(&request)?;
    let succession = platform.successions.approve(&agent, &id).await?;
    note(platform, &agent, &succession, word.as_ref()).await
}

/// Refuses a succession: the request goes on, and another can be proposed.
#[utoipa::path(
    post, path = "/api/agents/successions/{succession}/refuse", operation_id = "refuseSuccession",
    tag = "agents", params(SuccessionPath), request_body = RefuseForm, security(("agent" = [])),
    responses((status = 200, description = "Where it is now", body = Decided))
)]
pub async fn refuse(
    platform: &Platform,
    (request, form): (Request, Form<RefuseForm>),
) -> Result<Json<Decided>, Error> {
    let agent = Agent::of(platform, &request).await?;
    let (missing,) = fields!(form: text)?;
    let id = succession_of(&request)?;
    Ok(Decided::of(&platform.successions.refuse(&agent, &id, &missing).await?))
}

/// Withdraws a succession, by who proposed it or a supervisor.
#[utoipa::path(
    post, path = "/api/agents/successions/{succession}/withdraw", operation_id = "withdrawSuccession",
    tag = "agents", params(SuccessionPath), request_body = DecideForm, security(("agent" = [])),
    responses((status = 200, description = "Where it is now", body = Decided))
)]
pub async fn withdraw(
    platform: &Platform,
    (request, form): (Request, Form<DecideForm>),
) -> Result<Json<Decided>, Error> {
    let agent = Agent::of(platform, &request).await?;
    let (word,) = fields!(form: text)?;
    let id = succession_of(&request)?;
    let succession = platform.successions.withdraw(&agent, &id).await?;
    note(platform, &agent, &succession, word.as_ref()).await
}

/// Keeps the word on a decision, as a note of the request's thread.
async fn note(
    platform: &Platform,
    agent: &Agent,
    succession: &Succession,
    word: Option<&Statement>,
) -> Result<Json<Decided>, Error> {
    if let Some(word) = word {
        platform.cases.remark(&succession.reference, agent, word.as_str()).await?;
    }
    Ok(Decided::of(succession))
}
