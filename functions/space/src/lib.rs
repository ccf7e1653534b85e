//! `/api/space`: what a person sees of their establishments, their data, and who else acts there.

mod export;
mod invitations;
mod members;
mod successor;
mod view;

use domain::{FieldValue, InvitationId, MemberId, Refusal, Siret};
use platform::form::schema;
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{self, Request};
use platform::route;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

pub const FUNCTION: Function = Function {
    name: "space",
    routes: &[
        route!(GET "/api/space", view::show; refuses NoSession, NotAllowed, InvalidForm),
        route!(GET "/api/space/export", export::export; refuses NoSession),
        route!(
            POST "/api/space/invitations", invitations::invite;
            refuses NoSession, NotAllowed, TooManyInvitations
        ),
        route!(
            DELETE "/api/space/invitations/{invitation}", invitations::withdraw;
            refuses NoSession, NotAllowed, InvalidForm
        ),
        route!(
            POST "/api/space/invitations/{invitation}/address", invitations::correct;
            refuses NoSession, NotAllowed, TooManyInvitations
        ),
        route!(
            PATCH "/api/space/members/{member}", members::change;
            refuses NoSession, NotAllowed, LastHolder
        ),
        route!(
            DELETE "/api/space/members/{member}", members::end;
            refuses NoSession, NotAllowed, LastHolder
        ),
        route!(POST "/api/space/successor", successor::name; refuses NoSession, NotAllowed),
        route!(
            DELETE "/api/space/successor", successor::unname;
            refuses NoSession, NotAllowed, InvalidForm
        ),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("ATTEMPTS#"),
        Grant::get("SESSION#"),
        Grant::get_many("SIRET#"),
        Grant::query("ACCOUNT#"),
        Grant::query("SESSIONS#"),
        Grant::query("SIRET#"),
        Grant::put("JOURNAL#"),
        Grant::put("MAIL#"),
        Grant::put("PRESENCE#"),
        Grant::put("SIRET#"),
        Grant::update("ACCOUNT#"),
        Grant::update("SIRET#"),
        Grant::delete("SIRET#"),
    ],
    secrets: &[Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 500, share: Share::Space },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    view::show,
    export::export,
    invitations::invite,
    invitations::withdraw,
    invitations::correct,
    members::change,
    members::end,
    successor::name,
    successor::unname
))]
pub struct Document;

/// Which part of the path is the id of an invitation or of a member.
const ID: usize = 3;

/// What stands for `{invitation}` in a path.
pub struct InvitationPath;

/// What stands for `{member}` in a path.
pub struct MemberPath;

/// `?siret=`, which may be left out.
pub struct EstablishmentQuery;

impl utoipa::IntoParams for InvitationPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![opaque_id("invitation")]
    }
}

impl utoipa::IntoParams for MemberPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![opaque_id("member")]
    }
}

impl utoipa::IntoParams for EstablishmentQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let siret = ParameterBuilder::new().name("siret").parameter_in(ParameterIn::Query);
        vec![siret.required(Required::False).schema(Some(schema::inline::<Siret>())).build()]
    }
}

fn opaque_id(name: &str) -> Parameter {
    let id = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-hjkmnp-tv-z]{16}$"));
    let id = id.examples(["7k3mq2fd9w4t5r6y"]);
    let id = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).schema(Some(id));
    id.required(Required::True).build()
}

/// The SIRET of the query, if it has one.
fn siret_of(request: &Request) -> Result<Option<Siret>, Refusal> {
    let typed = http::query_text(request, "siret").map(Siret::read);
    typed.transpose().map_err(|code| Refusal::field("siret", code))
}

/// What is no id names nothing, as an id that is unknown does.
fn invitation_of(request: &Request) -> Result<InvitationId, Refusal> {
    InvitationId::parse(http::path_part(request, ID)).ok_or(Refusal::NotAllowed)
}

/// The same for a member.
fn member_of(request: &Request) -> Result<MemberId, Refusal> {
    MemberId::parse(http::path_part(request, ID)).ok_or(Refusal::NotAllowed)
}
