//! What a request asks for: parameters of path and query.

use domain::{CaseState, FieldValue, Motive, Refusal, Siret};
use platform::cases::{Asked, Place};
use platform::form::FieldErrors;
use platform::form::schema::{self, Schema};
use platform::http::{self, Request};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// The longest place, and more.
const CURSOR_LENGTH_MAX: usize = 128;

/// Reads the query of the queue: without a state, what waits.
///
/// # Errors
/// `InvalidForm` with every wrong parameter.
pub fn read(request: &Request) -> Result<Asked, Refusal> {
    let given = |name| http::query_text(request, name).filter(|text| !text.trim().is_empty());
    let mut errors = FieldErrors::default();
    let state = given("state").map_or(Ok(CaseState::Waiting), CaseState::read);
    let state = state.map_err(|code| errors.note("state", code));
    let motive = given("motive").map(Motive::read).transpose();
    let motive = motive.map_err(|code| errors.note("motive", code));
    let siret = given("siret").map(Siret::read).transpose();
    let siret = siret.map_err(|code| errors.note("siret", code));
    // One that was not handed out is no fault: the list begins anew.
    let after = given("after").and_then(|after| Place::parse(&after));
    match (state, motive, siret) {
        (Ok(state), Ok(motive), Ok(siret)) => Ok(Asked { state, motive, siret, after }),
        _ => Err(errors.refusal()),
    }
}

/// What stands for `{reference}` in a path.
pub struct CasePath;

impl IntoParams for CasePath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let reference = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^T-[0-9]{6}-[0-9A-HJKMNP-TV-Z]{6}$"))
            .examples(["T-261123-7K3MQ2"]);
        let reference =
            ParameterBuilder::new().name("reference").parameter_in(ParameterIn::Path).schema(Some(reference));
        vec![reference.required(Required::True).build()]
    }
}

/// Which cases: each may be left out.
pub struct QueueQuery;

impl IntoParams for QueueQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let after = ObjectBuilder::new().schema_type(Type::String).max_length(Some(CURSOR_LENGTH_MAX));
        vec![
            optional("state", schema::inline::<CaseState>()),
            optional("motive", schema::inline::<Motive>()),
            optional("siret", schema::inline::<Siret>()),
            optional("after", after.into()),
        ]
    }
}

fn optional(name: &str, schema: Schema) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
    parameter.required(Required::False).schema(Some(schema)).build()
}
