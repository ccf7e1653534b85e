//! The OpenAPI schemas of forms. No function runs it.

use domain::form::{FieldValue, Rule};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Required};

use super::FormField;

pub type Schema = RefOr<utoipa::openapi::Schema>;

/// Builds the schema of a form.
pub struct FormSchema(ObjectBuilder);

impl FormSchema {
    /// Of a form without fields.
    #[must_use]
    pub fn new(description: &str) -> Self {
        let no_others = AdditionalProperties::FreeForm(false);
        Self(
            ObjectBuilder::new().description(Some(description.trim())).additional_properties(Some(no_others)),
        )
    }

    #[must_use]
    pub fn field<F: FormField>(self, name: &str) -> Self {
        let object = self.0.property(name, Ref::from_schema_name(F::Given::schema().name));
        Self(if F::IS_REQUIRED { object.required(name) } else { object })
    }

    #[must_use]
    pub fn build(self) -> Schema {
        self.0.into()
    }
}

/// The schema of a field, under its name.
#[must_use]
pub fn of<T: FieldValue>() -> (String, Schema) {
    let domain::form::Schema { name, description, rule } = T::schema();
    let schema = match rule {
        Rule::SomeOf(texts) => {
            let items = object(Rule::OneOf(texts));
            ArrayBuilder::new().items(items).min_items(Some(1)).description(Some(description)).into()
        }
        Rule::Objects { members, length_max } => {
            let items = members.into_iter().fold(ObjectBuilder::new(), |items, (name, rule)| {
                items.property(name, object(rule)).required(name)
            });
            let items = items.additional_properties(Some(AdditionalProperties::FreeForm(false)));
            let array = ArrayBuilder::new().items(items).min_items(Some(1)).max_items(Some(length_max));
            array.description(Some(description)).into()
        }
        rule => object(rule).description(Some(description)).into(),
    };
    (name.to_owned(), schema)
}

/// The schema of a field where its name is none of the document's.
#[must_use]
pub fn inline<T: FieldValue>() -> Schema {
    of::<T>().1
}

/// The schema of one of these texts.
#[must_use]
pub fn one_of(texts: impl IntoIterator<Item = &'static str>) -> Schema {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts)).into()
}

#[must_use]
pub fn query<T: FieldValue>(name: &str) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
    parameter.required(Required::True).schema(Some(inline::<T>())).build()
}

fn object(rule: Rule) -> ObjectBuilder {
    match rule {
        Rule::True => ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([true])),
        Rule::Objects { .. } => ObjectBuilder::new().schema_type(Type::Array),
        Rule::OneOf(texts) | Rule::SomeOf(texts) => {
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts))
        }
        Rule::Text(text) => ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(text.length_min).filter(|&length| length > 0))
            .max_length(text.length_max)
            .pattern(text.pattern)
            .format(text.format.map(|name| SchemaFormat::Custom(name.to_owned())))
            .examples(text.example),
    }
}
