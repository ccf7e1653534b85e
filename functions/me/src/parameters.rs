//! The parameters of paths, for the API document. No function runs it.

use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// What stands for `{siret}` in a path.
pub struct SiretPath;

impl IntoParams for SiretPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![part("siret", "^[0-9]{14}$", "73282932000074")]
    }
}

/// What stands for `{session}` in a path.
pub struct SessionPath;

impl IntoParams for SessionPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![part("session", "^[0-9a-f]{16}$", "0123456789abcdef")]
    }
}

fn part(name: &str, pattern: &str, example: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).examples([example]);
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).schema(Some(schema));
    parameter.required(Required::True).build()
}
