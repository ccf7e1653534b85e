//! Members: roles, suspensions, removals, leaves.

use domain::authority::{Action, Thing};
use domain::membership::Change;
use domain::{FieldCode, Identifier, MemberId, MemberState, Refusal, Role, Siret};
use platform::form::FieldErrors;
use platform::http::{FromRequest, Json, NoContent, Request};
use platform::people::Person;
use platform::problems::{Kind, Problem};
use platform::spaces::{By, Colleague, Draft};
use platform::{Error, Field, Form, Platform, fields, form};

use crate::view::ListedMember;
use crate::{EstablishmentQuery, MemberPath, member_of, siret_of};

form! {
    /// The role that a member is to have, or the state; one of the two.
    pub struct ChangeMemberForm {
        siret: Field<Siret>,
        role: Option<Field<Role>>,
        state: Option<Field<MemberState>>,
    }
}

form! {
    /// Where the membership ends, if the query does not say it.
    pub struct EndMemberForm {
        siret: Option<Field<Siret>>,
    }
}

/// A membership that is to end: the form is left out when the query says where.
pub struct End {
    request: Request,
    form: Option<Form<EndMemberForm>>,
}

impl FromRequest for End {
    fn from_request(request: Request) -> Result<Self, Problem> {
        let body: &[u8] = request.body().as_ref();
        if body.is_empty() {
            return Ok(Self { request, form: None });
        }
        let (request, form) = <(Request, Form<EndMemberForm>)>::from_request(request)?;
        Ok(Self { request, form: Some(form) })
    }
}

/// Changes the role or the state of a member. A change to what they are already does nothing.
#[utoipa::path(
    patch, path = "/api/space/members/{member}", operation_id = "changeMember", tag = "space",
    params(MemberPath), request_body = ChangeMemberForm, security(("session" = [])),
    responses((status = 200, description = "The member as they are now", body = ListedMember))
)]
pub async fn change(
    platform: &Platform,
    (request, form): (Request, Form<ChangeMemberForm>),
) -> Result<Json<ListedMember>, Error> {
    let (siret, change) = read(form.fields)?;
    let person = Person::of(platform, &request).await?;
    let (id, me) = (member_of(&request)?, &person.account.identifier);
    let make = |draft: &mut Draft<'_>| make(platform, draft, (me, &id), |_| change);
    let changed = platform.spaces.change(&siret, make).await?;
    Ok(Json(ListedMember::of(platform, &siret, me, &changed)?))
}

/// The change that is asked for, or all faults in the form's order.
fn read(form: ChangeMemberForm) -> Result<(Siret, Change), Error> {
    let mut errors = FieldErrors::default();
    let siret = errors.take("siret", form.siret);
    let role = errors.take("role", form.role);
    let state = errors.take("state", form.state);
    let change = match (role, state) {
        (Some(Some(_)), Some(Some(_))) => return Err(Problem::new(Kind::MalformedBody).into()),
        (Some(Some(role)), _) => Some(Change::to_role(role)),
        (_, Some(Some(state))) => Some(Change::to_state(state)),
        (Some(None), Some(None)) => {
            errors.note("role", FieldCode::Required);
            None
        }
        _ => None,
    };
    match (siret, change) {
        (Some(siret), Some(change)) if errors.is_empty() => Ok((siret, change)),
        _ => Err(errors.refusal().into()),
    }
}

/// Ends a membership: the person's own, or somebody else's by a holder.
#[utoipa::path(
    delete, path = "/api/space/members/{member}", operation_id = "endMember", tag = "space",
    params(MemberPath, EstablishmentQuery), request_body = Option<EndMemberForm>, security(("session" = [])),
    responses((status = 204, description = "They are a member no longer"))
)]
pub async fn end(platform: &Platform, asked: End) -> Result<NoContent, Error> {
    let End { request, form } = asked;
    let (siret,) = match form {
        Some(form) => fields!(form: siret)?,
        None => (None,),
    };
    let siret = match siret {
        Some(siret) => Some(siret),
        None => siret_of(&request)?,
    };
    let siret = siret.ok_or_else(|| Refusal::field("siret", FieldCode::Required))?;
    let person = Person::of(platform, &request).await?;
    let (id, me) = (member_of(&request)?, &person.account.identifier);
    let make = |draft: &mut Draft<'_>| make(platform, draft, (me, &id), Change::end);
    platform.spaces.change(&siret, make).await?;
    Ok(NoContent)
}

/// Changes a member by who asks, and tells them by mail what somebody else changed for them. Gives the member
/// afterwards; one who has left, as they were.
fn make(
    platform: &Platform,
    draft: &mut Draft<'_>,
    (me, id): (&Identifier, &MemberId),
    change_of: impl Fn(bool) -> Change,
) -> Result<Colleague, Error> {
    let space = draft.space;
    let member = platform.spaces.member_of(space, id)?;
    let is_me = member.identifier == *me;
    let change = change_of(is_me);
    let thing = Thing::Member { of: &space.siret, is_me };
    let actor = space.actor_on(me, Action::ChangeMember(change), thing)?;
    let is_changed = draft.change_member(member, change, &By::Person(actor.who()))?;
    if is_changed && !is_me {
        draft.mail_change(&platform.outbox, member, change)?;
    }
    let membership = member.membership.change(change).after.unwrap_or(member.membership);
    Ok(Colleague { membership, ..member.clone() })
}
