//! `/api/space/successor`: whom a holder names in advance to take over, for whoever handles a succession.

use domain::authority::Action;
use domain::{Email, FieldCode, FullName, Name, Refusal, Siret};
use platform::form::schema;
use platform::http::{Json, NoContent, Request};
use platform::people::Person;
use platform::spaces::Heir;
use platform::{Error, Field, Form, Platform, fields, form};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::siret_of;

form! {
    /// Whom a holder names to take over, and where. It gives no right, and nobody is written to.
    pub struct NameSuccessorForm {
        siret: Field<Siret>,
        first_name: Field<Name>,
        last_name: Field<Name>,
        email: Field<Email>,
    }
}

/// The successor whom a holder has named.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedSuccessor {
    /// As the holder wrote it.
    pub first_name: String,
    /// As the holder wrote it.
    pub last_name: String,
    /// Their address, masked. Nothing was sent there.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    /// When the holder named them.
    #[schema(format = DateTime)]
    pub named_at: String,
}

impl NamedSuccessor {
    pub(crate) fn of(heir: &Heir) -> Self {
        Self {
            first_name: heir.name.first.as_str().to_owned(),
            last_name: heir.name.last.as_str().to_owned(),
            sent_to: heir.email.masked(),
            named_at: heir.named_at.to_string(),
        }
    }
}

/// The establishment for which nobody is named any more.
pub struct SuccessorQuery;

impl utoipa::IntoParams for SuccessorQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![schema::query::<Siret>("siret")]
    }
}

/// Names who is to take over if it comes to that, in the place of whom the holder named before. Other holders
/// do not see it.
#[utoipa::path(
    post, path = "/api/space/successor", operation_id = "nameSuccessor", tag = "space",
    request_body = NameSuccessorForm, security(("session" = [])),
    responses((status = 200, description = "The successor is named", body = NamedSuccessor))
)]
pub async fn name(
    platform: &Platform,
    (request, form): (Request, Form<NameSuccessorForm>),
) -> Result<Json<NamedSuccessor>, Error> {
    let (siret, first, last, email) = fields!(form: siret, first_name, last_name, email)?;
    let name = FullName { first, last };
    let person = Person::of(platform, &request).await?;
    let change = platform.spaces.change(&siret, |draft| {
        let space = draft.space;
        let holder = space.actor(&person.account.identifier, Action::NameSuccessor)?;
        let heir = Heir { name: name.clone(), email: email.clone(), named_at: draft.now() };
        draft.name_heir(holder, Some(&heir));
        Ok(NamedSuccessor::of(&heir))
    });
    Ok(Json(change.await?))
}

/// Names nobody any more.
#[utoipa::path(
    delete, path = "/api/space/successor", operation_id = "unnameSuccessor", tag = "space",
    params(SuccessorQuery), security(("session" = [])),
    responses((status = 204, description = "Nobody is named"))
)]
pub async fn unname(platform: &Platform, request: Request) -> Result<NoContent, Error> {
    let siret = siret_of(&request)?.ok_or_else(|| Refusal::field("siret", FieldCode::Required))?;
    let person = Person::of(platform, &request).await?;
    let change = platform.spaces.change(&siret, |draft| {
        let space = draft.space;
        let holder = space.actor(&person.account.identifier, Action::NameSuccessor)?;
        if holder.heir.is_some() {
            draft.name_heir(holder, None);
        }
        Ok(())
    });
    change.await?;
    Ok(NoContent)
}
