//! Mails of an establishment's space: to who is invited, to its holders, to a member.

use domain::invitation::InvitationState;
use domain::mail::Bounded;
use domain::membership::Change;
use domain::time::Timestamp;
use domain::{Email, Identifier, InvitationId, Siret};
use platform::invitations::{inviter_name, inviter_of};
use platform::outbox::Leased;
use platform::spaces::{Colleague, Invited, Request, Space};

use super::{
    Body, Draft, NoMail, check_address, count, find_account, nobody, superseded, to_each, to_holder,
};
use crate::Sender;
use crate::render::{self, Content, Establishment};

/// Holders who are told of one thing, the longest-standing ones.
const RECIPIENTS_MAX: usize = 20;

/// An invitation whose link is not minted yet.
pub struct Inviting {
    space: Space,
    id: InvitationId,
}

/// The link of an invitation, to the address that a holder typed.
pub(super) async fn invitation(
    sender: &Sender,
    leased: &Leased,
    siret: &Siret,
    id: &InvitationId,
) -> Result<Draft, NoMail> {
    let space = find_space(sender, siret).await?;
    let (invited, _) = standing(&space, id, sender.platform.clock.now())?;
    let to = invited.invitation.email.clone();
    check_address(sender, leased, &to).await?;
    count(sender, leased, Bounded::Invitation(&to, siret)).await?;
    let body = Body::Invitation(Box::new(Inviting { space, id: id.clone() }));
    Ok(Draft { to: vec![to], is_unproven: true, reply_to: sender.agency.clone(), body })
}

impl Inviting {
    /// Mints the link and renders the mail.
    pub(super) async fn complete(&self, sender: &Sender, leased: &Leased) -> Result<Content, NoMail> {
        let Self { space, id } = self;
        let (invited, inviter) = standing(space, id, sender.platform.clock.now())?;
        let minted = sender.platform.invitations.mint(leased.id, space, invited).await?;
        let token = minted.ok_or_else(|| superseded("its link has served"))?;
        let site = &sender.platform.config.site;
        let inviter = inviter_name(inviter);
        Ok(render::invitation(site, of(space), &inviter, &invited.invitation, &token)?)
    }
}

/// An invitation and the member who invites, while it lets somebody in.
fn standing<'a>(
    space: &'a Space,
    id: &InvitationId,
    now: Timestamp,
) -> Result<(&'a Invited, Option<&'a Colleague>), NoMail> {
    let invited =
        space.invitation(id).ok_or_else(|| superseded("the invitation is accepted or withdrawn"))?;
    let invitation = &invited.invitation;
    if invitation.opening != space.opening || invitation.state_by_link(now) != InvitationState::Open {
        return Err(superseded("the invitation is over"));
    }
    let inviter = inviter_of(space, &invitation.invited_by);
    if !invitation.invited_by.decides(inviter.map(|inviter| inviter.membership)) {
        return Err(superseded("its inviter decides no longer"));
    }
    Ok((invited, inviter))
}

/// A request for an invitation, to the holders, unless it is answered.
pub(super) async fn request(
    sender: &Sender,
    leased: &Leased,
    siret: &Siret,
    asker: &str,
) -> Result<Draft, NoMail> {
    let request = sender.platform.spaces.request(siret, asker).await?;
    let request = request.ok_or_else(|| nobody("no request of that asker"))?;
    let space = find_space(sender, siret).await?;
    if is_answered(&space, &request, sender.platform.clock.now()) {
        return Err(superseded("the asker is invited, or a member"));
    }
    let to = holders(sender, leased, &space, None).await?;
    count(sender, leased, Bounded::InvitationRequest(siret)).await?;
    let Request { name, email, asked_at } = &request;
    let site = &sender.platform.config.site;
    let content = render::invitation_request(site, of(&space), name, email, *asked_at)?;
    Ok(to_each(sender, to, content))
}

/// Whether the asker is a member, or has an invitation that waits. One whose mail came back waits for nobody.
fn is_answered(space: &Space, request: &Request, now: Timestamp) -> bool {
    let address = request.email.normalised();
    let is_member = space.members.iter().any(|member| member.email.normalised() == address);
    let is_invited = space.invitations.iter().any(|invited| {
        let invitation = &invited.invitation;
        invitation.email.normalised() == address && invitation.state(now) == InvitationState::Open
    });
    is_member || is_invited
}

/// An acceptance, to the other holders.
pub(super) async fn joined(
    sender: &Sender,
    leased: &Leased,
    siret: &Siret,
    identifier: &Identifier,
) -> Result<Draft, NoMail> {
    let space = find_space(sender, siret).await?;
    let joined = space.member(identifier).ok_or_else(|| superseded("who joined is a member no longer"))?;
    let to = holders(sender, leased, &space, Some(identifier)).await?;
    let (site, role) = (&sender.platform.config.site, joined.membership.role);
    let content = render::member_joined(site, of(&space), &joined.name, role, leased.created_at)?;
    Ok(to_each(sender, to, content))
}

/// A change of a membership, to the person.
pub(super) async fn changed(
    sender: &Sender,
    leased: &Leased,
    siret: &Siret,
    (identifier, change): (&Identifier, Change),
) -> Result<Draft, NoMail> {
    let account = find_account(sender, identifier).await?;
    if !account.is_active {
        return Err(nobody("the account is not active"));
    }
    check_address(sender, leased, &account.application.email).await?;
    count(sender, leased, Bounded::MemberChange(identifier, siret)).await?;
    let space = find_space(sender, siret).await?;
    let site = &sender.platform.config.site;
    let content = render::member_changed(site, of(&space), change, leased.created_at)?;
    Ok(to_holder(sender, &account, content))
}

/// The closing of a space, to one who was a member of it.
pub(super) async fn closed(
    sender: &Sender,
    leased: &Leased,
    siret: &Siret,
    identifier: &Identifier,
) -> Result<Draft, NoMail> {
    let account = find_account(sender, identifier).await?;
    check_address(sender, leased, &account.application.email).await?;
    let space = find_space(sender, siret).await?;
    let content = render::space_closed(&sender.platform.config.site, of(&space), leased.created_at)?;
    Ok(to_holder(sender, &account, content))
}

pub(super) async fn find_space(sender: &Sender, siret: &Siret) -> Result<Space, NoMail> {
    sender.platform.spaces.find(siret).await?.ok_or_else(|| nobody("no space of that establishment"))
}

pub(super) fn of(space: &Space) -> Establishment<'_> {
    Establishment { siret: &space.siret, name: &space.name }
}

/// The addresses of the active holders, besides one perhaps, that are to be written to: each once, at most
/// [`RECIPIENTS_MAX`].
pub(super) async fn holders(
    sender: &Sender,
    leased: &Leased,
    space: &Space,
    besides: Option<&Identifier>,
) -> Result<Vec<Email>, NoMail> {
    let others = space.active_holders().filter(|holder| Some(&holder.identifier) != besides);
    let mut others: Vec<&Colleague> = others.collect();
    others.sort_by_key(|holder| holder.since);
    let mut to: Vec<Email> = Vec::new();
    let mut ended = nobody("no such holder");
    for holder in others.into_iter().take(RECIPIENTS_MAX) {
        let address = holder.email.normalised();
        if to.iter().any(|other| other.normalised() == address) {
            continue;
        }
        match check_address(sender, leased, &holder.email).await {
            Ok(()) => to.push(holder.email.clone()),
            Err(NoMail::Failed(error)) => return Err(NoMail::Failed(error)),
            Err(suppressed) => ended = suppressed,
        }
    }
    if to.is_empty() { Err(ended) } else { Ok(to) }
}
