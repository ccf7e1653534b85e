//! `GET /api/space/export`: what is held about a person, for them to keep.

use domain::time::Timestamp;
use domain::{Account, AddressChange, Identifier, MemberState, Role, Siret};
use platform::form::schema;
use platform::http::{CONTENT_DISPOSITION, IntoResponse, Json, Request, Response};
use platform::mandates::ShownMandate;
use platform::people::Person;
use platform::spaces::{Heir, Invited};
use platform::{Error, Platform};
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::{MySession, Myself, Seen, invitation_state_schema, see_all};

/// The file's name in the browser.
const DISPOSITION: &str = "attachment; filename=\"sesame-mes-donnees.json\"";

/// What is held about a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyData {
    /// When it was read.
    #[schema(format = DateTime)]
    pub exported_at: String,
    pub account: Myself,
    /// With what the account was opened.
    pub opened_with: OpenedWith,
    /// The changes of its address of the last days, the earliest first.
    pub address_changes: Vec<MyAddressChange>,
    /// In the order of SIRETs.
    pub memberships: Vec<MyMembership>,
    /// The open ones, the latest first.
    pub sessions: Vec<MySession>,
    /// Passwords tried in vain on the identifier since the last login, within a day.
    pub failed_logins: u64,
}

/// The establishment for which an account was opened. It may be none of the person's any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenedWith {
    /// The 14 digits.
    pub siret: String,
    /// As it was written then.
    pub establishment_name: String,
    /// When that was, with the general conditions accepted; or when the account was opened by an invitation.
    #[schema(format = DateTime)]
    pub at: String,
}

/// A change of the account's address that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyAddressChange {
    pub from: String,
    pub to: String,
    #[schema(format = DateTime)]
    pub asked_at: String,
    /// When its link was answered, if it was.
    #[schema(format = DateTime)]
    pub confirmed_at: Option<String>,
    /// When the way back was taken, if it was.
    #[schema(format = DateTime)]
    pub restored_at: Option<String>,
}

/// What the person is in an establishment, and what they did there that is held under their name.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyMembership {
    /// The 14 digits.
    pub siret: String,
    /// As its first holder wrote it.
    pub establishment_name: String,
    /// As the member's row has it.
    pub first_name: String,
    /// As the member's row has it.
    pub last_name: String,
    /// As the member's row has it.
    pub email: String,
    #[schema(schema_with = schema::inline::<Role>)]
    pub role: &'static str,
    #[schema(schema_with = schema::inline::<MemberState>)]
    pub state: &'static str,
    /// When they joined.
    #[schema(format = DateTime)]
    pub since: String,
    /// Their number in the establishment's journal.
    pub journal_number: u64,
    /// Since when they are an active holder without a break, if they are one.
    #[schema(format = DateTime)]
    pub holder_since: Option<String>,
    /// The last mail since then that asked them whether they are still there.
    #[schema(format = DateTime)]
    pub presence_asked_at: Option<String>,
    /// The last answer to one.
    #[schema(format = DateTime)]
    pub presence_answered_at: Option<String>,
    /// Whom they named in advance to take over.
    pub successor: Option<MySuccessor>,
    /// Those that they sent, and that were neither accepted nor withdrawn.
    pub invitations: Vec<MyInvitation>,
    /// The first ones of the establishment.
    pub mandates: Vec<ShownMandate>,
    /// Where the next ones begin in the list of mandates, if there are more.
    pub mandates_next: Option<String>,
}

/// A successor whom the person named in advance, as they wrote it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySuccessor {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// When they were named.
    #[schema(format = DateTime)]
    pub named_at: String,
}

/// An invitation that the person sent, as they wrote it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyInvitation {
    /// Its id in the establishment.
    #[schema(example = "7k3mq2fd9w4t5r6y")]
    pub invitation: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    #[schema(schema_with = schema::inline::<Role>)]
    pub role: &'static str,
    /// Whether the acceptance is the person's leave.
    pub is_successor: bool,
    #[schema(schema_with = invitation_state_schema)]
    pub state: &'static str,
    /// The last moment at which its link serves, or served.
    #[schema(format = DateTime)]
    pub until: String,
}

fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

impl OpenedWith {
    fn of(account: &Account) -> Self {
        Self {
            siret: account.application.siret.to_string(),
            establishment_name: account.application.establishment_name.as_str().to_owned(),
            at: account.created_at.to_string(),
        }
    }
}

impl MyAddressChange {
    fn of(change: &AddressChange) -> Self {
        Self {
            from: change.former.as_str().to_owned(),
            to: change.new.as_str().to_owned(),
            asked_at: change.asked_at.to_string(),
            confirmed_at: moment(change.confirmed_at),
            restored_at: moment(change.restored_at),
        }
    }
}

impl MyMembership {
    /// `None` for who is no member there.
    fn of(me: &Identifier, seen: &Seen, now: Timestamp) -> Option<Self> {
        let Seen { space, membership, mandates, .. } = seen;
        let own = space.member(me)?;
        let sent = space.invitations.iter().filter(|invited| invited.invitation.invited_by.is(me));
        let presence = &own.presence;
        Some(Self {
            siret: space.siret.to_string(),
            establishment_name: space.name.as_str().to_owned(),
            first_name: own.name.first.as_str().to_owned(),
            last_name: own.name.last.as_str().to_owned(),
            email: own.email.as_str().to_owned(),
            role: membership.role.as_str(),
            state: membership.state.as_str(),
            since: own.since.to_string(),
            journal_number: own.mark,
            holder_since: moment(membership.is_active_holder().then_some(presence.since)),
            presence_asked_at: moment(presence.asked_at),
            presence_answered_at: moment(presence.answered_at),
            successor: own.heir.as_ref().map(MySuccessor::of),
            invitations: sent.map(|invited| MyInvitation::of(invited, now)).collect(),
            mandates: ShownMandate::all(&space.siret, mandates, now),
            mandates_next: mandates.next.clone(),
        })
    }
}

impl MySuccessor {
    fn of(heir: &Heir) -> Self {
        Self {
            first_name: heir.name.first.as_str().to_owned(),
            last_name: heir.name.last.as_str().to_owned(),
            email: heir.email.as_str().to_owned(),
            named_at: heir.named_at.to_string(),
        }
    }
}

impl MyInvitation {
    fn of(invited: &Invited, now: Timestamp) -> Self {
        let invitation = &invited.invitation;
        Self {
            invitation: invited.id.to_string(),
            first_name: invitation.name.first.as_str().to_owned(),
            last_name: invitation.name.last.as_str().to_owned(),
            email: invitation.email.as_str().to_owned(),
            role: invitation.offer.role().as_str(),
            is_successor: invitation.offer.is_successor(),
            state: invitation.state(now).as_str(),
            until: invitation.valid_until.to_string(),
        }
    }
}

/// Gives a person what is held about them. What is of their colleagues is not theirs to take along.
#[utoipa::path(
    get, path = "/api/space/export", operation_id = "exportMyData", tag = "space",
    security(("session" = [])),
    responses((status = 200, description = "The person's data, as a file", body = MyData))
)]
pub async fn export(platform: &Platform, request: Request) -> Result<Response, Error> {
    let person = Person::of(platform, &request).await?;
    let account = &person.account;
    let sirets: Vec<Siret> = account.establishments.iter().cloned().collect();
    let sessions = async { Ok::<_, Error>(platform.sessions.of(account).await?) };
    let failed = async { Ok::<_, Error>(platform.sessions.failed_logins(&account.identifier).await?) };
    let changes = async { Ok::<_, Error>(platform.addresses.of(&account.identifier).await?) };
    let (seen, sessions, failed_logins, changes) =
        tokio::try_join!(see_all(platform, account, &sirets), sessions, failed, changes)?;
    let now = platform.clock.now();
    let memberships = seen.iter().filter_map(|seen| MyMembership::of(&account.identifier, seen, now));
    let data = MyData {
        exported_at: now.to_string(),
        account: Myself::of(account),
        opened_with: OpenedWith::of(account),
        address_changes: changes.iter().map(MyAddressChange::of).collect(),
        memberships: memberships.collect(),
        sessions: sessions.iter().map(|opened| MySession::of(opened, &person)).collect(),
        failed_logins,
    };
    Ok(Json(data).with_header(CONTENT_DISPOSITION, DISPOSITION))
}
