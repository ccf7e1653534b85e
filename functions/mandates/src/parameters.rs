//! The parameters of paths and queries, for the API document. No function runs it.

use domain::{Side, Siret};
use platform::form::schema::{self, Schema};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::asked::{CURSOR_LENGTH_MAX, SEARCH_LENGTH_MAX};

/// A mandate, as an offer names it.
const MANDATE_EXAMPLE: &str = "73282932000074-55208131766522-0123456789abcdef";

/// What stands for `{mandate}` in a path.
pub struct MandatePath;

impl IntoParams for MandatePath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let name = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{14}-[0-9]{14}-[0-9a-hjkmnp-tv-z]{16}$"))
            .examples([MANDATE_EXAMPLE]);
        let name = ParameterBuilder::new().name("mandate").parameter_in(ParameterIn::Path).schema(Some(name));
        vec![name.required(Required::True).build()]
    }
}

/// The establishment in whose name is asked.
pub struct SiretQuery;

impl IntoParams for SiretQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![schema::query::<Siret>("siret")]
    }
}

/// Which side, whose name, and after which page: each may be left out.
pub struct ListQuery;

impl IntoParams for ListQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = |length_max| ObjectBuilder::new().schema_type(Type::String).max_length(Some(length_max));
        vec![
            optional("as", schema::inline::<Side>()),
            optional("search", text(SEARCH_LENGTH_MAX).into()),
            optional("after", text(CURSOR_LENGTH_MAX).into()),
        ]
    }
}

fn optional(name: &str, schema: Schema) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
    parameter.required(Required::False).schema(Some(schema)).build()
}
