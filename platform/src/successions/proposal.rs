//! What a proposal comes to, by the space as it was read: who is replaced, who takes over, who is told.

use domain::succession::{Evidence, EvidenceKind, NOTICES_MAX, Told};
use domain::{Email, FieldCode, FullName, MemberId, Name, Reference, Refusal, Role, Siret, Ticket};

use super::Successions;
use crate::error::Error;
use crate::spaces::{Colleague, Space};

/// What an agent proposes.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The request that it answers.
    pub reference: Reference,
    pub siret: Siret,
    /// Of who takes over.
    pub email: Email,
    pub evidence: Vec<Evidence>,
    /// Who is replaced; the only holder, where there is one.
    pub holder: Option<MemberId>,
    /// Of who takes over; as they were designated, or as they wrote it in the request.
    pub name: Option<FullName>,
}

impl Successions {
    /// Who is replaced: an active holder, or one whom a succession has replaced already while nobody has
    /// taken the seat.
    pub(super) fn replaced<'a>(&self, space: &'a Space, proposal: &Proposal) -> Result<&'a Colleague, Error> {
        let mut holders = space.members.iter().filter(|member| is_replaceable(space, member));
        if let Some(id) = &proposal.holder {
            let unknown = || Refusal::field("holder", FieldCode::HolderUnknown);
            let member = self.spaces.member_of(space, id).map_err(|error| match error {
                Error::Refused(_) => unknown().into(),
                other => other,
            })?;
            return Ok(Some(member).filter(|member| is_replaceable(space, member)).ok_or_else(unknown)?);
        }
        match (holders.next(), holders.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Refusal::field("holder", FieldCode::Required).into()),
        }
    }
}

/// Whether a member can be replaced by a succession.
pub(super) fn is_replaceable(space: &Space, member: &Colleague) -> bool {
    let is_holder = member.membership.role == Role::Holder;
    is_holder && (member.membership.is_active() || space.seat.is_some())
}

/// Checks what is proposed against the space and the request.
///
/// # Errors
/// The faults of the form, in its order.
pub(super) fn check(space: &Space, proposal: &Proposal) -> Result<(), Refusal> {
    let address = proposal.email.normalised();
    let cannot_accept = |member: &Colleague| {
        let is_theirs = member.email.normalised() == address;
        is_theirs && (member.membership.is_active_holder() || !member.membership.is_active())
    };
    if space.members.iter().any(cannot_accept) {
        return Err(Refusal::field("email", FieldCode::EmailTaken));
    }
    let claims = proposal.evidence.iter().any(|evidence| evidence.kind == EvidenceKind::NamedSuccessor);
    if claims && designated(space, &proposal.email).is_none() {
        return Err(Refusal::field("evidence", FieldCode::SuccessorNotNamed));
    }
    Ok(())
}

/// The name of who takes over: as the agent wrote it, or the holder who named them, or they themselves.
///
/// # Errors
/// `Required` when a name of one word says no first name.
pub(super) fn name_of(space: &Space, ticket: &Ticket, proposal: &Proposal) -> Result<FullName, Refusal> {
    let given = proposal.name.clone();
    let name = given.or_else(|| designated(space, &proposal.email)).or_else(|| in_two(&ticket.full_name));
    name.ok_or_else(|| Refusal::field("first_name", FieldCode::Required))
}

fn designated(space: &Space, email: &Email) -> Option<FullName> {
    let address = email.normalised();
    let mut designations = space.designations();
    designations.find(|named| named.email.normalised() == address).map(|named| named.name)
}

fn in_two(whole: &Name) -> Option<FullName> {
    let (first, last) = whole.as_str().split_once(char::is_whitespace)?;
    Some(FullName { first: Name::parse(first).ok()?, last: Name::parse(last).ok()? })
}

/// Whom the notices are for, each with what agents read of it: who is replaced, the other holders, mandated
/// cabinets, members; the longest-standing first.
pub(super) fn told(space: &Space, holder: &Colleague, cabinets: Vec<(Siret, Name)>) -> Vec<(Told, String)> {
    let is_other =
        |member: &&Colleague| member.membership.is_active() && member.identifier != holder.identifier;
    let mut others: Vec<&Colleague> = space.members.iter().filter(is_other).collect();
    others.sort_by_key(|member| member.since);
    let (holders, members): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|member| member.membership.is_active_holder());
    let of_member = |member: &Colleague| (Told::Member(member.identifier.clone()), member.email.masked());
    let first = (Told::Holder(holder.identifier.clone()), holder.email.masked());
    let cabinets = cabinets.into_iter().map(|(siret, name)| (Told::Cabinet(siret), name.as_str().to_owned()));
    let told = [first].into_iter().chain(holders.into_iter().map(of_member)).chain(cabinets);
    told.chain(members.into_iter().map(of_member)).take(NOTICES_MAX).collect()
}
