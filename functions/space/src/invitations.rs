//! Invitations by a holder: sent, withdrawn, sent anew to a corrected address.

use domain::authority::Action;
use domain::invitation::{INVITATION_VALID_DAYS, InvitationState, Inviter, Offer, check_number};
use domain::time::Timestamp;
use domain::{
    Account, Email, FieldCode, FieldValue, FullName, Invitation, InvitationId, Name, Refusal, Role, Siret,
};
use platform::concurrent::all;
use platform::http::{Accepted, NoContent, Request};
use platform::invitations::inviter_of;
use platform::people::Person;
use platform::spaces::{By, Colleague, Invited, Space};
use platform::{Error, Field, Form, Platform, fields, form};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{EstablishmentQuery, InvitationPath, invitation_of, siret_of};

/// Whether the acceptance is the inviter's leave. Left out, it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsSuccessor(bool);

impl FieldValue for IsSuccessor {
    type Json = bool;

    fn read(is_successor: bool) -> Result<Self, FieldCode> {
        Ok(Self(is_successor))
    }

    fn schema() -> domain::form::Schema {
        domain::form::Schema {
            name: "IsSuccessor",
            description: "The acceptance is the inviter's leave; left out or false, it is not.".to_owned(),
            rule: domain::form::Rule::True,
        }
    }
}

form! {
    /// Who is invited, where, and as what.
    pub struct InviteForm {
        siret: Field<Siret>,
        email: Field<Email>,
        first_name: Field<Name>,
        last_name: Field<Name>,
        role: Field<Role>,
        is_successor: Option<Field<IsSuccessor>>,
    }
}

form! {
    /// The address that an invitation is to go to.
    pub struct CorrectInvitationForm {
        siret: Field<Siret>,
        email: Field<Email>,
    }
}

/// An invitation is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationSent {
    /// Its id in the establishment.
    #[schema(example = "7k3mq2fd9w4t5r6y")]
    pub invitation: String,
    /// The invited address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
    /// How long its link will serve, in days.
    pub valid_days: i64,
}

impl InvitationSent {
    fn of(id: &InvitationId, email: &Email) -> Accepted<Self> {
        let (invitation, sent_to) = (id.to_string(), email.masked());
        Accepted(Self { invitation, sent_to, valid_days: INVITATION_VALID_DAYS })
    }
}

/// Invites somebody into an establishment. The answer is the same whether or not the address is known.
#[utoipa::path(
    post, path = "/api/space/invitations", operation_id = "invite", tag = "space", request_body = InviteForm,
    security(("session" = [])),
    responses((status = 202, description = "The mail with the link is on its way", body = InvitationSent))
)]
pub async fn invite(
    platform: &Platform,
    (request, form): (Request, Form<InviteForm>),
) -> Result<Accepted<InvitationSent>, Error> {
    let (siret, email, first, last, role, is_successor) =
        fields!(form: siret, email, first_name, last_name, role, is_successor)?;
    let is_successor = is_successor.is_some_and(|is_successor| is_successor.0);
    let offer = Offer::new(role, is_successor).map_err(|code| Refusal::field("role", code))?;
    let name = FullName { first, last };
    let person = Person::of(platform, &request).await?;
    let id = platform.spaces.new_invitation();
    let change = platform.spaces.change(&siret, |draft| {
        let (space, now) = (draft.space, draft.now());
        let inviter = space.actor(&person.account.identifier, Action::Invite)?;
        // The same once more, a double click or a lost answer: it is sent already.
        if let Some(same) = same(space, inviter, (&email, offer, now)) {
            return Ok(same.id.clone());
        }
        check_number(space.members.len() as u64, space.open_invitations(now))?;
        let invitation = Invitation {
            siret: space.siret.clone(),
            opening: space.opening,
            invited_by: Inviter::Holder(inviter.identifier.clone()),
            email: email.clone(),
            name: name.clone(),
            offer,
            valid_until: Invitation::valid_until(now),
            accepted_at: None,
            withdrawn_at: None,
            bounced_at: None,
        };
        draft.invite(&platform.outbox, &id, &invitation, By::Person(inviter.who()))?;
        Ok(id.clone())
    });
    Ok(InvitationSent::of(&change.await?, &email))
}

/// The open invitation of the same mailbox into the same place by the same person, if its mail has not come
/// back.
fn same<'a>(
    space: &'a Space,
    inviter: &Colleague,
    (email, offer, now): (&Email, Offer, Timestamp),
) -> Option<&'a Invited> {
    let is_same = |invited: &&Invited| {
        let invitation = &invited.invitation;
        invitation.invited_by.is(&inviter.identifier)
            && invitation.email.normalised() == email.normalised()
            && invitation.offer == offer
            && invitation.state(now) == InvitationState::Open
    };
    space.invitations.iter().find(is_same)
}

/// Withdraws an invitation. One that is gone is withdrawn: nobody can tell it from one that never was.
#[utoipa::path(
    delete, path = "/api/space/invitations/{invitation}", operation_id = "withdrawInvitation", tag = "space",
    params(InvitationPath, EstablishmentQuery), security(("session" = [])),
    responses((status = 204, description = "Its link serves no longer"))
)]
pub async fn withdraw(platform: &Platform, request: Request) -> Result<NoContent, Error> {
    let asked = siret_of(&request)?;
    let person = Person::of(platform, &request).await?;
    let (id, account) = (invitation_of(&request)?, &person.account);
    let siret = match asked {
        Some(siret) => Some(siret),
        None => establishment_of(platform, account, &id).await?,
    };
    let Some(siret) = siret else { return Ok(NoContent) };
    let change = platform.spaces.change(&siret, |draft| {
        let space = draft.space;
        let holder = space.actor(&account.identifier, Action::WithdrawInvitation)?;
        if let Some(invited) = space.invitation(&id) {
            check_by_holder(invited)?;
            draft.withdraw(invited, &By::Person(holder.who()));
        }
        Ok(())
    });
    change.await?;
    Ok(NoContent)
}

/// The establishment that an invitation is into, among those where the person decides; `None` when it is
/// gone.
///
/// # Errors
/// `NotAllowed` for who decides nowhere.
async fn establishment_of(
    platform: &Platform,
    account: &Account,
    id: &InvitationId,
) -> Result<Option<Siret>, Error> {
    let sirets: Vec<&Siret> = account.establishments.iter().collect();
    // Read when it is changed.
    if let [only] = *sirets {
        return Ok(Some(only.clone()));
    }
    let reads: Vec<_> = sirets.into_iter().map(|siret| platform.spaces.find(siret)).collect();
    let spaces: Vec<Option<Space>> = all(reads).await.into_iter().collect::<Result<_, _>>()?;
    let decides = |space: &Space| space.actor(&account.identifier, Action::WithdrawInvitation).is_ok();
    let own: Vec<Space> = spaces.into_iter().flatten().filter(decides).collect();
    if own.is_empty() {
        return Err(Refusal::NotAllowed.into());
    }
    let found = own.into_iter().find(|space| space.invitation(id).is_some());
    Ok(found.map(|space| space.siret))
}

/// Sends an invitation to another address in the place of this one, whose link is dead.
#[utoipa::path(
    post, path = "/api/space/invitations/{invitation}/address", operation_id = "correctInvitation",
    tag = "space", params(InvitationPath), request_body = CorrectInvitationForm,
    security(("session" = [])),
    responses((status = 202, description = "The mail with a new link is on its way", body = InvitationSent))
)]
pub async fn correct(
    platform: &Platform,
    (request, form): (Request, Form<CorrectInvitationForm>),
) -> Result<Accepted<InvitationSent>, Error> {
    let (siret, email) = fields!(form: siret, email)?;
    let person = Person::of(platform, &request).await?;
    let before = invitation_of(&request)?;
    let after = platform.spaces.corrected_invitation(&before, &email)?;
    let change = platform.spaces.change(&siret, |draft| {
        let (space, now) = (draft.space, draft.now());
        let holder = space.actor(&person.account.identifier, Action::Invite)?;
        // The same once more, a double click or a lost answer: it is sent already.
        if space.invitation(&after).is_some() {
            return Ok(());
        }
        let invited = space.invitation(&before).ok_or(Refusal::NotAllowed)?;
        check_by_holder(invited)?;
        // Whose place it offers says to whom.
        if invited.invitation.offer.is_successor() && !invited.invitation.invited_by.is(&holder.identifier) {
            return Err(Refusal::NotAllowed.into());
        }
        let was_open = invited.invitation.state_by_link(now) == InvitationState::Open;
        let others = space.open_invitations(now).saturating_sub(u64::from(was_open));
        check_number(space.members.len() as u64, others)?;
        let corrected = corrected(space, invited, holder, (&email, now))?;
        let by = By::Person(holder.who());
        draft.withdraw(invited, &by);
        draft.invite(&platform.outbox, &after, &corrected, by)
    });
    change.await?;
    Ok(InvitationSent::of(&after, &email))
}

/// An invitation with the right address. Its inviter stays the same while they decide; then it is by who
/// corrects it.
///
fn corrected(
    space: &Space,
    invited: &Invited,
    holder: &Colleague,
    (email, now): (&Email, Timestamp),
) -> Result<Invitation, Refusal> {
    // One that was accepted or withdrawn has no row.
    let corrected = invited.invitation.corrected(email.clone(), now).map_err(|_| Refusal::NotAllowed)?.1;
    let inviter = inviter_of(space, &corrected.invited_by).map(|inviter| inviter.membership);
    if corrected.invited_by.decides(inviter) {
        return Ok(corrected);
    }
    Ok(Invitation { invited_by: Inviter::Holder(holder.identifier.clone()), ..corrected })
}

/// The agency's invitation, at the end of a succession, is the agency's to change.
///
/// # Errors
/// `NotAllowed`.
fn check_by_holder(invited: &Invited) -> Result<(), Refusal> {
    invited.invitation.invited_by.holder().map(|_| ()).ok_or(Refusal::NotAllowed)
}
