//! Forms: a JSON object, parsed field by field, with all errors at once.

pub mod schema;

use std::collections::BTreeMap;

use domain::form::FieldValue;
use domain::{FieldCode, FieldError, Refusal};
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::http::{FromRequest, Request};
use crate::problems::{Kind, Problem};

/// The largest body (contract: 16 KiB).
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// The field of the proof, which is not part of the hashed body.
const PROOF: &str = "proof";

pub struct Form<T> {
    /// Its fields, each valid, invalid or missing: [`fields!`](crate::fields) takes them out.
    pub fields: T,
    /// Its canonical JSON, to compare with other requests.
    pub body: CanonicalBody,
}

/// A form's canonical JSON, without its proof: keys sorted, no spaces.
pub struct CanonicalBody(String);

impl CanonicalBody {
    fn of(mut fields: BTreeMap<String, Value>) -> Self {
        fields.remove(PROOF);
        // A map with string keys always serialises.
        Self(serde_json::to_string(&fields).unwrap_or_default())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Form<T> {
    fn from_request(request: Request) -> Result<Self, Problem> {
        let media_type =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = media_type.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(Kind::UnsupportedMediaType));
        }
        let body: &[u8] = request.body().as_ref();
        if body.len() > BODY_BYTES_MAX {
            return Err(Problem::new(Kind::BodyTooLarge));
        }
        // Serde would also deserialise an array, by the order of the fields.
        let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        let read = || {
            let fields = serde_json::from_slice(body).ok()?;
            Some(Self { fields, body: CanonicalBody::of(serde_json::from_slice(body).ok()?) })
        };
        is_object.then(read).flatten().ok_or_else(|| Problem::new(Kind::MalformedBody))
    }
}

/// One field: its value, or its error. A missing one is `FieldCode::Required`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<T>(Result<T, FieldCode>);

impl<'de, T: FieldValue<Json: Deserialize<'de>>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Option::<T::Json>::deserialize(deserializer)?;
        Ok(Self(json.map_or(Err(FieldCode::Required), T::read)))
    }
}

/// A field of a form's declaration.
pub trait FormField {
    type Value;
    type Given: FieldValue;
    const IS_REQUIRED: bool;

    fn take(self) -> Result<Self::Value, FieldCode>;
}

impl<T: FieldValue> FormField for Field<T> {
    type Value = T;
    type Given = T;
    const IS_REQUIRED: bool = true;

    fn take(self) -> Result<T, FieldCode> {
        self.0
    }
}

/// An optional field.
impl<T: FieldValue> FormField for Option<Field<T>> {
    type Value = Option<T>;
    type Given = T;
    const IS_REQUIRED: bool = false;

    fn take(self) -> Result<Option<T>, FieldCode> {
        match self {
            None | Some(Field(Err(FieldCode::Required))) => Ok(None),
            Some(field) => field.0.map(Some),
        }
    }
}

/// The errors of a form, in the order in which its fields are taken.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Takes a field's value, or notes its error.
    pub fn take<F: FormField>(&mut self, name: &'static str, field: F) -> Option<F::Value> {
        field.take().map_err(|code| self.0.push(FieldError { field: name, code })).ok()
    }

    /// Notes an error that no field has by itself.
    pub fn note(&mut self, field: &'static str, code: FieldCode) {
        self.0.push(FieldError { field, code });
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The refusal of the form.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        Refusal::InvalidForm(self.0)
    }
}

/// The name on the wire of a field that may be a keyword of Rust.
#[must_use]
pub fn wire_name(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Takes fields out of a [`Form`], in the form's order: `let (siret, proof) = fields!(form: siret, proof)?;`
/// gives all values, or `Refusal::InvalidForm` with all errors.
#[macro_export]
macro_rules! fields {
    ($form:ident: $($field:ident),+ $(,)?) => {{
        let mut errors = $crate::form::FieldErrors::default();
        $(let $field = errors.take($crate::form::wire_name(stringify!($field)), $form.fields.$field);)+
        match ($($field,)+) {
            ($(Some($field),)+) => Ok(($($field,)+)),
            _ => Err(errors.refusal()),
        }
    }};
}

/// Declares the wire type of a form, which takes no other fields, with its schema.
#[macro_export]
macro_rules! form {
    ($(#[doc = $doc:literal])+ pub struct $form:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $form {
            $(pub $field: $kind,)*
        }

        impl utoipa::PartialSchema for $form {
            fn schema() -> $crate::form::schema::Schema {
                let form = $crate::form::schema::FormSchema::new(concat!($($doc),+));
                form$(.field::<$kind>($crate::form::wire_name(stringify!($field))))*.build()
            }
        }

        impl utoipa::ToSchema for $form {
            fn schemas(schemas: &mut Vec<(String, $crate::form::schema::Schema)>) {
                schemas.extend::<Vec<(String, $crate::form::schema::Schema)>>(vec![
                    $($crate::form::schema::of::<<$kind as $crate::form::FormField>::Given>()),*
                ]);
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use domain::{AcceptedTerms, Email, EncodedProof, Name, Siret};

    use super::*;

    crate::form! {
        /// One of each kind.
        pub struct SomeForm {
            siret: Field<Siret>,
            name: Field<Name>,
            email: Field<Email>,
            accept_terms: Field<AcceptedTerms>,
            proof: Option<Field<EncodedProof>>,
        }
    }

    type Values = (Siret, Name, Email, AcceptedTerms, Option<EncodedProof>);

    fn read(json: &'static str) -> Result<Values, Refusal> {
        let request = http::Request::post("/").header(CONTENT_TYPE, "application/json");
        let request = request.body(lambda_http::Body::from(json)).map_err(|_| Refusal::ProofRejected)?;
        let form = Form::<SomeForm>::from_request(request).map_err(|_| Refusal::ProofRejected)?;
        fields!(form: siret, name, email, accept_terms, proof)
    }

    #[test]
    fn a_right_form_gives_all_its_values() -> Result<(), Box<dyn std::error::Error>> {
        let (siret, name, email, _, proof) = read(
            r#"{"siret":"732 829 320 00074","name":" Jo ","email":"jo@exemple.fr","accept_terms":true,
                "proof":"x"}"#,
        )?;
        assert_eq!((siret.as_str(), name.as_str()), ("73282932000074", "Jo"));
        assert_eq!((email.as_str(), proof.as_ref().map(EncodedProof::as_str)), ("jo@exemple.fr", Some("x")));
        Ok(())
    }

    #[test]
    fn all_errors_come_at_once_in_the_forms_order() {
        let refused = read(r#"{"accept_terms":false,"email":"jo@","siret":"73282932000075","proof":null}"#);
        let expected = [
            ("siret", FieldCode::SiretChecksum),
            ("name", FieldCode::Required),
            ("email", FieldCode::EmailFormat),
            ("accept_terms", FieldCode::TermsNotAccepted),
        ];
        let errors = expected.map(|(field, code)| FieldError { field, code });
        assert_eq!(refused.err(), Some(Refusal::InvalidForm(errors.to_vec())));
    }
}
