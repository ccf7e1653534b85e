//! `/api/invitation`: what an invitation's link is good for, its acceptance, a request for an invitation.

use domain::invitation::{Acceptance, Acceptor};
use domain::proof::Action;
use domain::time::Timestamp;
use domain::{
    Application, Email, EncodedProof, FieldCode, FieldValue, FullName, Name, Password, Phone, Refusal, Role,
    Siret, Token,
};
use platform::form::FieldErrors;
use platform::form::schema::{self, Schema};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{Accepted, IntoResponse, Json, Request, Response, SET_COOKIE};
use platform::invitations::{Accepting, InvitationLink, LinkState, inviter_of};
use platform::people::Person;
use platform::spaces::Space;
use platform::{Error, Field, Form, Platform, cookie, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "invitation",
    routes: &[
        route!(POST "/api/invitation", show; refuses LinkUnknown),
        route!(
            POST "/api/invitation/accept", accept, hash;
            refuses NoSession, NotAllowed, LinkUnknown, LinkExpired, LinkUsed, SpaceClosed,
                InvitationForAnotherAddress, AlreadyMember, AccountExists, TooManyEstablishments, LastHolder
        ),
        route!(POST "/api/invitation/request", ask; refuses ProofRejected, ProofAlreadyUsed),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("LINK#"),
        Grant::get("SESSION#"),
        Grant::query("SIRET#"),
        Grant::put("JOURNAL#"),
        Grant::put("MAIL#"),
        Grant::put("PRESENCE#"),
        Grant::put("PROOF#"),
        Grant::put("SESSION#"),
        Grant::put("SESSIONS#"),
        Grant::put("SIRET#"),
        Grant::update("ACCOUNT#"),
        Grant::update("LINK#"),
        Grant::update("SIRET#"),
        Grant::delete("SIRET#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 1769, timeout_seconds: 15, slow_ms: 1_500, share: Share::Space },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(show, accept, ask))]
pub struct Document;

/// How long the holders can answer a request by its mail, in days.
const REQUEST_VALID_DAYS: i64 = 7;

form! {
    /// The token of an invitation's link.
    pub struct InvitationForm {
        token: Field<Option<Token>>,
    }
}

form! {
    /// The token alone accepts by the account of the session; with a password and a number it opens a new
    /// account.
    pub struct AcceptInvitationForm {
        token: Field<Option<Token>>,
        password: Option<Field<Password>>,
        phone: Option<Field<Phone>>,
    }
}

form! {
    /// Who asks to be invited, and where.
    pub struct InvitationRequestForm {
        siret: Field<Siret>,
        first_name: Field<Name>,
        last_name: Field<Name>,
        email: Field<Email>,
        proof: Field<EncodedProof>,
    }
}

/// What the link of an invitation says.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownInvitation {
    /// The 14 digits.
    pub siret: String,
    /// As its first holder wrote it.
    pub establishment_name: String,
    /// The inviter's name, as they wrote it; or that of the agency.
    pub invited_by: String,
    #[schema(schema_with = schema::inline::<Role>)]
    pub role: &'static str,
    /// The invited address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    /// As the inviter wrote it.
    pub first_name: String,
    /// As the inviter wrote it.
    pub last_name: String,
    #[schema(schema_with = state_schema)]
    pub state: &'static str,
    /// Whether the acceptance is the inviter's leave.
    pub is_successor: bool,
    pub you: You,
}

/// Who looks at an invitation, by their session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum You {
    /// Nobody is logged in.
    None,
    /// An account of another address than the invited one.
    Other,
    /// An account of the invited address.
    Same,
    /// The same, which is an active member already.
    Member,
    /// The same, which is a suspended member: a holder decides.
    Suspended,
}

/// Who is a member now.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationAccepted {
    /// What its account logs in with.
    #[schema(example = "AP-7K3M-Q2FD")]
    pub identifier: String,
}

/// The holders are told, if there are any.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationRequested {
    /// How long they can answer it, in days.
    pub valid_days: i64,
}

fn state_schema() -> Schema {
    schema::one_of(LinkState::ALL.map(LinkState::as_str))
}

/// Tells what an invitation is, and who looks at it. It writes nothing: mail scanners open links, and their
/// pages.
#[utoipa::path(
    post, path = "/api/invitation", operation_id = "showInvitation", tag = "invitation",
    request_body = InvitationForm, security((), ("session" = [])),
    responses((status = 200, description = "What the invitation is", body = ShownInvitation))
)]
pub async fn show(
    platform: &Platform,
    (request, form): (Request, Form<InvitationForm>),
) -> Result<Json<ShownInvitation>, Error> {
    let (token,) = fields!(form: token)?;
    let token = token.ok_or(Refusal::LinkUnknown)?;
    let link = platform.invitations.find(&token.hash()).await?.ok_or(Refusal::LinkUnknown)?;
    let space = async { Ok::<_, Error>(platform.spaces.find(&link.siret).await?) };
    let (space, person) = tokio::try_join!(space, person_of(platform, &request))?;
    let space = space.as_ref();
    Ok(Json(ShownInvitation {
        siret: link.siret.to_string(),
        establishment_name: link.establishment_name.as_str().to_owned(),
        invited_by: link.inviter.clone(),
        role: link.offer.role().as_str(),
        sent_to: link.email.masked(),
        first_name: link.name.first.as_str().to_owned(),
        last_name: link.name.last.as_str().to_owned(),
        state: state_of(&link, space, platform.clock.now()).as_str(),
        is_successor: link.offer.is_successor(),
        you: you(&link, space, person.as_ref()),
    }))
}

/// Who is logged in, if anybody is.
async fn person_of(platform: &Platform, request: &Request) -> Result<Option<Person>, Error> {
    match Person::of(platform, request).await {
        Ok(person) => Ok(Some(person)),
        Err(Error::Refused(Refusal::NoSession)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn state_of(link: &InvitationLink, space: Option<&Space>, now: Timestamp) -> LinkState {
    match space {
        Some(space) => link.state(space, now),
        None if link.used_at.is_some() => LinkState::Accepted,
        None => LinkState::Closed,
    }
}

fn you(link: &InvitationLink, space: Option<&Space>, person: Option<&Person>) -> You {
    let Some(Person { account, .. }) = person else { return You::None };
    if account.application.email.normalised() != link.email.normalised() {
        return You::Other;
    }
    match space.and_then(|space| space.member(&account.identifier)) {
        Some(member) if member.membership.is_active() => You::Member,
        Some(_) => You::Suspended,
        None => You::Same,
    }
}

/// Accepts an invitation by the account of the session, or by a new one, which is logged in. Nothing is
/// hashed for a link that does not serve.
#[utoipa::path(
    post, path = "/api/invitation/accept", operation_id = "acceptInvitation", tag = "invitation",
    request_body = AcceptInvitationForm, security((), ("session" = [])),
    responses(
        (
            status = 200,
            description = "The account is a member; the cookie of a new one comes along",
            body = InvitationAccepted
        )
    )
)]
pub async fn accept(
    platform: &Platform,
    (request, form): (Request, Form<AcceptInvitationForm>),
) -> Result<Response, Error> {
    let (token, new) = read(form.fields)?;
    let token = token.ok_or(Refusal::LinkUnknown)?.hash();
    let link = platform.invitations.find(&token).await?.ok_or(Refusal::LinkUnknown)?;
    let (by, space) = match new {
        Some((password, phone)) => open(platform, &link, password, phone).await?,
        None => (Accepting::Account(Box::new(Person::of(platform, &request).await?.account)), None),
    };
    let accepted = platform.invitations.accept(&token, &link, (&by, space)).await?;
    let answer = Json(InvitationAccepted { identifier: accepted.identifier.to_string() });
    Ok(match accepted.session {
        Some(session) => answer.with_header(SET_COOKIE, &cookie::opening(&platform.config, &session)),
        None => answer.into_response(),
    })
}

/// What opens an account.
type NewAccount = (Password, Phone);

/// The token, and what a new account is opened with; or all faults in the form's order. Of password and
/// number each asks for the other.
fn read(form: AcceptInvitationForm) -> Result<(Option<Token>, Option<NewAccount>), Refusal> {
    let mut errors = FieldErrors::default();
    let token = errors.take("token", form.token);
    let new = if form.password.is_some() || form.phone.is_some() {
        let password = needed(&mut errors, "password", form.password);
        let phone = needed(&mut errors, "phone", form.phone);
        password.zip(phone)
    } else {
        None
    };
    match token {
        Some(token) if errors.is_empty() => Ok((token, new)),
        _ => Err(errors.refusal()),
    }
}

fn needed<T: FieldValue>(errors: &mut FieldErrors, name: &'static str, field: Option<Field<T>>) -> Option<T> {
    let taken = errors.take(name, field)?;
    if taken.is_none() {
        errors.note(name, FieldCode::Required);
    }
    taken
}

/// A new account for the invited person: the password is judged, and hashed, once the acceptance is known to
/// be allowed by the space, which is given too.
async fn open(
    platform: &Platform,
    link: &InvitationLink,
    password: Password,
    phone: Phone,
) -> Result<(Accepting, Option<Space>), Error> {
    let space = platform.spaces.find(&link.siret).await?;
    check(link, space.as_ref(), platform.clock.now())?;
    let application = Application {
        siret: link.siret.clone(),
        establishment_name: link.establishment_name.clone(),
        first_name: link.name.first.clone(),
        last_name: link.name.last.clone(),
        email: link.email.clone(),
        phone: phone.clone(),
    };
    password.judge(&application.person()).map_err(|code| Refusal::field("password", code))?;
    let password_hash = platform.passwords.hash(platform.passwords.place()?, password).await?;
    Ok((Accepting::New { phone, password_hash }, space))
}

/// Checks that a new account could accept, by the rows as they stand.
fn check(link: &InvitationLink, space: Option<&Space>, now: Timestamp) -> Result<(), Refusal> {
    let standing = match (state_of(link, space, now), space) {
        (LinkState::Open, Some(space)) => space.invitation(&link.id).map(|invited| (space, invited)),
        (LinkState::Accepted, _) => return Err(Refusal::LinkUsed),
        (LinkState::Closed, _) => return Err(Refusal::SpaceClosed),
        (LinkState::Open | LinkState::Expired | LinkState::Withdrawn, _) => None,
    };
    let (space, invited) = standing.ok_or(Refusal::LinkExpired)?;
    let address = link.email.normalised();
    let others = space.members.iter().filter(|member| member.email.normalised() == address);
    let others: Vec<_> = others.map(|member| member.membership).collect();
    let acceptance = Acceptance {
        sent_to: &link.email,
        by: Acceptor::NewAccount,
        others: &others,
        inviter: inviter_of(space, &link.invited_by).map(|inviter| inviter.membership),
        opening: space.opening,
    };
    invited.invitation.accept(&acceptance, now).map(|_| ())
}

/// Asks the holders of an establishment for an invitation, once a day. Whether there are any is not told.
#[utoipa::path(
    post, path = "/api/invitation/request", operation_id = "requestInvitation", tag = "invitation",
    request_body = InvitationRequestForm,
    responses(
        (
            status = 202,
            description = "A mail to the holders is on its way, if there are any",
            body = InvitationRequested
        )
    )
)]
pub async fn ask(
    platform: &Platform,
    form: Form<InvitationRequestForm>,
) -> Result<Accepted<InvitationRequested>, Error> {
    let (siret, first, last, email, proof) = fields!(form: siret, first_name, last_name, email, proof)?;
    let proof = platform.proofs.verify(&proof, Action::Recover, &form.body)?;
    platform.invitations.ask(&proof, &siret, &FullName { first, last }, &email).await?;
    Ok(Accepted(InvitationRequested { valid_days: REQUEST_VALID_DAYS }))
}
