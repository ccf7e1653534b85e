//! `GET /api/space`: the person, their establishments as each may be seen, their open sessions.

use domain::authority::Action;
use domain::time::Timestamp;
use domain::{Account, Identifier, MemberState, Membership, Refusal, Role, Siret};
use platform::concurrent::all;
use platform::form::schema::{self, Schema};
use platform::http::{Json, Request};
use platform::mandates::{MandatePage, ShownMandate};
use platform::people::Person;
use platform::sessions::Opened;
use platform::spaces::{self, Colleague, Invited, Space};
use platform::{Error, Platform};
use serde::Serialize;
use utoipa::ToSchema;

use crate::successor::NamedSuccessor;
use crate::{EstablishmentQuery, siret_of};

/// What a person sees: their own data, and their establishments.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySpace {
    pub me: Myself,
    /// Where they are a member, in the order of SIRETs.
    pub establishments: Vec<MyEstablishment>,
    /// The open ones, the latest first.
    pub sessions: Vec<MySession>,
    /// Where they go on from here, if the service is told.
    #[schema(example = "https://extranet.exemple.fr/")]
    pub extranet: Option<String>,
}

/// The person's own data.
#[derive(Debug, Serialize, ToSchema)]
pub struct Myself {
    /// What they log in with.
    #[schema(example = "AP-7K3M-Q2FD")]
    pub identifier: String,
    pub first_name: String,
    pub last_name: String,
    /// Where mails go.
    pub email: String,
    /// E.164.
    #[schema(example = "+33123456789")]
    pub phone: String,
    /// The last time that it was chosen.
    #[schema(format = DateTime)]
    pub password_set_at: Option<String>,
}

/// An establishment of the person's. A suspended member sees nothing of mandates.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyEstablishment {
    /// The 14 digits.
    pub siret: String,
    /// As its first holder wrote it.
    pub name: String,
    /// The person's own id among the members: a leave is the end of this one.
    #[schema(example = "7k3mq2fd9w4t5r6y")]
    pub member: String,
    #[schema(schema_with = schema::inline::<Role>)]
    pub role: &'static str,
    #[schema(schema_with = schema::inline::<MemberState>)]
    pub state: &'static str,
    /// Present for active holders.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub members: Option<Vec<ListedMember>>,
    /// Present for active holders: those that were neither accepted nor withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub invitations: Option<Vec<ListedInvitation>>,
    /// Present for active holders: requests for an invitation of people who are neither members nor invited,
    /// the latest first, for a week.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub requests: Option<Vec<ListedRequest>>,
    /// Present for active holders: whom the person named in advance to take over, or null. Nobody sees whom
    /// another holder named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub successor: Option<Option<NamedSuccessor>>,
    /// The first ones, given and held.
    pub mandates: Vec<ShownMandate>,
    /// Where the next ones begin, if there are more.
    pub mandates_next: Option<String>,
}

/// A member, as the holders see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedMember {
    /// Their id in this establishment.
    #[schema(example = "7k3mq2fd9w4t5r6y")]
    pub member: String,
    pub first_name: String,
    pub last_name: String,
    /// Their address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    #[schema(schema_with = schema::inline::<Role>)]
    pub role: &'static str,
    #[schema(schema_with = schema::inline::<MemberState>)]
    pub state: &'static str,
    /// When they joined.
    #[schema(format = DateTime)]
    pub since: String,
    /// Whether it is who asks.
    pub is_me: bool,
}

/// Somebody who asks to be invited. Whether they are who they say is for the holder to judge.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedRequest {
    /// As the asker wrote it.
    pub first_name: String,
    /// As the asker wrote it.
    pub last_name: String,
    /// Where they want to be invited.
    #[schema(example = "paul.durand@exemple.fr")]
    pub email: String,
    #[schema(format = DateTime)]
    pub asked_at: String,
}

/// An invitation that waits, or has come to nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedInvitation {
    /// Its id in this establishment.
    #[schema(example = "7k3mq2fd9w4t5r6y")]
    pub invitation: String,
    /// As the inviter wrote it.
    pub first_name: String,
    /// As the inviter wrote it.
    pub last_name: String,
    /// The invited address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    #[schema(schema_with = schema::inline::<Role>)]
    pub role: &'static str,
    /// Whether the acceptance is the inviter's leave.
    pub is_successor: bool,
    #[schema(schema_with = invitation_state_schema)]
    pub state: &'static str,
    /// The last moment at which its link serves, or served.
    #[schema(format = DateTime)]
    pub until: String,
}

/// An open session of the person's.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySession {
    /// By which it is closed.
    #[schema(example = "0a1b2c3d4e5f6789")]
    pub session: String,
    /// When they logged in.
    #[schema(format = DateTime)]
    pub opened_at: String,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// Those that a row can be in.
pub(crate) fn invitation_state_schema() -> Schema {
    use domain::invitation::InvitationState as S;
    schema::one_of([S::Open, S::Bounced, S::Expired].map(S::as_str))
}

impl Myself {
    pub(crate) fn of(account: &Account) -> Self {
        let application = &account.application;
        Self {
            identifier: account.identifier.to_string(),
            first_name: application.first_name.as_str().to_owned(),
            last_name: application.last_name.as_str().to_owned(),
            email: application.email.as_str().to_owned(),
            phone: application.phone.as_str().to_owned(),
            password_set_at: account.password_set_at.map(|moment| moment.to_string()),
        }
    }
}

impl MyEstablishment {
    fn of(platform: &Platform, me: &Identifier, seen: &Seen, now: Timestamp) -> Result<Self, Error> {
        let Seen { space, membership, requests, mandates } = seen;
        let is_holder = space.actor(me, Action::SeeMembers).is_ok();
        let member = |colleague: &Colleague| ListedMember::of(platform, &space.siret, me, colleague);
        let members = || space.members.iter().map(member).collect::<Result<Vec<_>, Error>>();
        let invitation = |invited: &Invited| ListedInvitation::of(invited, now);
        let own = space.member(me);
        let successor = || own.and_then(|own| own.heir.as_ref()).map(NamedSuccessor::of);
        Ok(Self {
            siret: space.siret.to_string(),
            name: space.name.as_str().to_owned(),
            member: platform.spaces.member_id(&space.siret, me)?.to_string(),
            role: membership.role.as_str(),
            state: membership.state.as_str(),
            members: is_holder.then(members).transpose()?,
            invitations: is_holder.then(|| space.invitations.iter().map(invitation).collect()),
            requests: is_holder.then(|| requests.iter().map(ListedRequest::of).collect()),
            successor: is_holder.then(successor),
            mandates: ShownMandate::all(&space.siret, mandates, now),
            mandates_next: mandates.next.clone(),
        })
    }
}

impl ListedMember {
    pub(crate) fn of(
        platform: &Platform,
        siret: &Siret,
        me: &Identifier,
        colleague: &Colleague,
    ) -> Result<Self, Error> {
        let Colleague { identifier, membership, name, email, since, .. } = colleague;
        Ok(Self {
            member: platform.spaces.member_id(siret, identifier)?.to_string(),
            first_name: name.first.as_str().to_owned(),
            last_name: name.last.as_str().to_owned(),
            sent_to: email.masked(),
            role: membership.role.as_str(),
            state: membership.state.as_str(),
            since: since.to_string(),
            is_me: identifier == me,
        })
    }
}

impl ListedRequest {
    fn of(request: &spaces::Request) -> Self {
        Self {
            first_name: request.name.first.as_str().to_owned(),
            last_name: request.name.last.as_str().to_owned(),
            email: request.email.as_str().to_owned(),
            asked_at: request.asked_at.to_string(),
        }
    }
}

impl ListedInvitation {
    fn of(invited: &Invited, now: Timestamp) -> Self {
        let invitation = &invited.invitation;
        Self {
            invitation: invited.id.to_string(),
            first_name: invitation.name.first.as_str().to_owned(),
            last_name: invitation.name.last.as_str().to_owned(),
            sent_to: invitation.email.masked(),
            role: invitation.offer.role().as_str(),
            is_successor: invitation.offer.is_successor(),
            state: invitation.state(now).as_str(),
            until: invitation.valid_until.to_string(),
        }
    }
}

impl MySession {
    pub(crate) fn of(opened: &Opened, person: &Person) -> Self {
        Self {
            session: opened.id().to_owned(),
            opened_at: opened.opened_at.to_string(),
            is_this: opened.token == person.token.key(),
        }
    }
}

/// The space of an establishment, as far as its member may see it.
pub(crate) struct Seen {
    pub space: Space,
    pub membership: Membership,
    pub requests: Vec<spaces::Request>,
    pub mandates: MandatePage,
}

/// Those of a person's spaces where they are a member now, each read at the same time.
pub(crate) async fn see_all(
    platform: &Platform,
    account: &Account,
    sirets: &[Siret],
) -> Result<Vec<Seen>, Error> {
    let reads: Vec<_> = sirets.iter().map(|siret| see(platform, account, siret)).collect();
    let seen: Vec<Option<Seen>> = all(reads).await.into_iter().collect::<Result<_, Error>>()?;
    Ok(seen.into_iter().flatten().collect())
}

/// `None` once the space was closed, or the membership has ended.
async fn see(platform: &Platform, account: &Account, siret: &Siret) -> Result<Option<Seen>, Error> {
    let Some(whole) = platform.spaces.find_whole(siret).await? else { return Ok(None) };
    let own = whole.space.member(&account.identifier).map(|own| own.membership);
    let Some(membership) = own else { return Ok(None) };
    let sees_mandates = whole.space.actor(&account.identifier, Action::SeeSpace).is_ok();
    let mandates =
        if sees_mandates { platform.mandates.first_page(&whole).await? } else { MandatePage::default() };
    Ok(Some(Seen { space: whole.space, membership, requests: whole.requests, mandates }))
}

/// Tells a person of themselves and of their establishments: two calls of the table for one, and one more for
/// its mandates.
#[utoipa::path(
    get, path = "/api/space", operation_id = "showSpace", tag = "space", params(EstablishmentQuery),
    security(("session" = [])),
    responses((status = 200, description = "The person, their establishments and sessions", body = MySpace))
)]
pub async fn show(platform: &Platform, request: Request) -> Result<Json<MySpace>, Error> {
    let asked = siret_of(&request)?;
    let person = Person::of(platform, &request).await?;
    let account = &person.account;
    let is_asked = |siret: &&Siret| asked.as_ref().is_none_or(|asked| asked == *siret);
    let sirets: Vec<Siret> = account.establishments.iter().filter(is_asked).cloned().collect();
    let sessions = async { Ok::<_, Error>(platform.sessions.of(account).await?) };
    let (seen, sessions) = tokio::try_join!(see_all(platform, account, &sirets), sessions)?;
    if asked.is_some() && seen.is_empty() {
        return Err(Refusal::NotAllowed.into());
    }
    let now = platform.clock.now();
    let establishments =
        seen.iter().map(|seen| MyEstablishment::of(platform, &account.identifier, seen, now));
    Ok(Json(MySpace {
        me: Myself::of(account),
        establishments: establishments.collect::<Result<_, _>>()?,
        sessions: sessions.iter().map(|opened| MySession::of(opened, &person)).collect(),
        extranet: platform.config.extranet.as_ref().map(|extranet| extranet.as_str().to_owned()),
    }))
}
