//! The rows of a space, read and written.

use domain::invitation::{Inviter, Offer};
use domain::membership::Presence;
use domain::time::after;
use domain::{
    Email, FullName, Identifier, Invitation, InvitationId, MailId, MemberState, Membership, Name, Opening,
    Role, Siret,
};

use super::{Colleague, Heir, INVITATION_REMEMBERED, Invited, Request, Space, chain_of};
use crate::table::{Change, Key, Row, TableError};

/// What a change of a member writes, besides what follows.
macro_rules! changing {
    ($($more:literal)?) => {
        concat!(
            "SET member_role = :role, member_state = :state, first_name = :first, last_name = :last, \
             email = :email",
            $($more)?
        )
    };
}

const CHANGE: &str = changing!();
/// The same for who becomes an active holder.
const BEGIN: &str = changing!(", holder_since = :since REMOVE presence_asked_at, presence_answered_at");
/// The same for whose role is another: of who is a holder no longer nothing is held as a holder.
const END: &str = changing!(
    " REMOVE holder_since, presence_asked_at, presence_answered_at, heir_first_name, heir_last_name, \
     heir_email, heir_named_at"
);
const NAME_HEIR: &str = "SET heir_first_name = :first, heir_last_name = :last, heir_email = :email, \
                         heir_named_at = :at";
const UNNAME_HEIR: &str = "REMOVE heir_first_name, heir_last_name, heir_email, heir_named_at";
/// The row of a member of this opening stands: changes leave alone what they do not name.
const STANDS: &str = "opening = :opening";

/// The space that rows of one partition tell of; `None` without the establishment's own.
pub(crate) fn read_people(siret: &Siret, rows: &[Row]) -> Result<Option<Space>, TableError> {
    let mut establishment = None;
    let (mut members, mut invitations) = (Vec::new(), Vec::new());
    for row in rows {
        match row.text("sk")? {
            Key::ESTABLISHMENT => establishment = Some(row),
            sk if sk.starts_with(Key::MEMBERS) => members.push(row),
            sk if sk.starts_with(Key::INVITATIONS) => invitations.push((sk, row)),
            _ => {}
        }
    }
    let Some(row) = establishment else { return Ok(None) };
    let opening = opening_of(row)?;
    let is_current = |row: &Row| row.find_number("opening") == Some(opening.0);
    let members = members.into_iter().filter(|row| is_current(row)).map(read_member);
    let invitations = invitations.into_iter().filter(|(_, row)| is_current(row));
    Ok(Some(Space {
        siret: siret.clone(),
        name: row.parsed("establishment_name", Name::parse)?,
        opening,
        holders: row.number("holders")?,
        chain: chain_of(row)?,
        seat: seat_of(row)?,
        members: members.collect::<Result<_, _>>()?,
        invitations: invitations.map(|(sk, row)| read_invited(siret, sk, row)).collect::<Result<_, _>>()?,
    }))
}

fn seat_of(row: &Row) -> Result<Option<InvitationId>, TableError> {
    let seat = row.find_text("seat").map(|id| InvitationId::parse(id).ok_or(TableError::corrupt("seat")));
    seat.transpose()
}

pub(crate) fn opening_of(row: &Row) -> Result<Opening, TableError> {
    row.number("opening").map(Opening)
}

fn name_of(row: &Row) -> Result<FullName, TableError> {
    Ok(FullName {
        first: row.parsed("first_name", Name::parse)?,
        last: row.parsed("last_name", Name::parse)?,
    })
}

fn membership_of(row: &Row) -> Result<Membership, TableError> {
    Ok(Membership {
        role: row.parsed("member_role", Role::parse)?,
        state: row.parsed("member_state", MemberState::parse)?,
    })
}

fn read_member(row: &Row) -> Result<Colleague, TableError> {
    Ok(Colleague {
        identifier: row.parsed("identifier", Identifier::parse)?,
        membership: membership_of(row)?,
        name: name_of(row)?,
        email: row.parsed("email", Email::parse)?,
        since: row.moment("since")?,
        mark: row.number("mark")?,
        presence: presence_of(row)?,
        heir: heir_of(row)?,
    })
}

/// A holder's signs of presence, by the row of the member.
pub(crate) fn presence_of(row: &Row) -> Result<Presence, TableError> {
    let since = row.find_moment("holder_since");
    Ok(Presence {
        since: since.map_or_else(|| row.moment("since"), Ok)?,
        asked_at: row.find_moment("presence_asked_at"),
        answered_at: row.find_moment("presence_answered_at"),
    })
}

fn heir_of(row: &Row) -> Result<Option<Heir>, TableError> {
    let Some(named_at) = row.find_moment("heir_named_at") else { return Ok(None) };
    let name = FullName {
        first: row.parsed("heir_first_name", Name::parse)?,
        last: row.parsed("heir_last_name", Name::parse)?,
    };
    Ok(Some(Heir { name, email: row.parsed("heir_email", Email::parse)?, named_at }))
}

/// The row of who joins.
pub(super) fn member(siret: &Siret, opening: Opening, member: &Colleague) -> Row {
    let row = Row::new(&Key::member(siret, &member.identifier))
        .with("identifier", member.identifier.as_str())
        .with("opening", opening.0)
        .with("member_role", member.membership.role.as_str())
        .with("member_state", member.membership.state.as_str())
        .with("first_name", member.name.first.as_str())
        .with("last_name", member.name.last.as_str())
        .with("email", member.email.as_str())
        .with("since", member.since)
        .with("mark", member.mark);
    if member.membership.is_active_holder() { row.with("holder_since", member.presence.since) } else { row }
}

/// The change of a member who was `before`; what is not changed stays, whoever writes it meanwhile.
pub(super) fn member_change(
    siret: &Siret,
    opening: Opening,
    before: Membership,
    member: &Colleague,
) -> Change {
    let after = member.membership;
    let begins = after.is_active_holder() && !before.is_active_holder();
    let update = match (begins, before.role == after.role) {
        (true, _) => BEGIN,
        (false, true) => CHANGE,
        (false, false) => END,
    };
    let change = Change::new(Key::member(siret, &member.identifier), update, STANDS)
        .value("opening", opening.0)
        .value("role", after.role.as_str())
        .value("state", after.state.as_str())
        .value("first", member.name.first.as_str())
        .value("last", member.name.last.as_str())
        .value("email", member.email.as_str());
    if begins { change.value("since", member.presence.since) } else { change }
}

/// The change that names a holder's successor, or nobody.
pub(super) fn heir_change(
    siret: &Siret,
    opening: Opening,
    holder: &Identifier,
    heir: Option<&Heir>,
) -> Change {
    let update = if heir.is_some() { NAME_HEIR } else { UNNAME_HEIR };
    let change = Change::new(Key::member(siret, holder), update, STANDS).value("opening", opening.0);
    match heir {
        Some(heir) => change
            .value("first", heir.name.first.as_str())
            .value("last", heir.name.last.as_str())
            .value("email", heir.email.as_str())
            .value("at", heir.named_at),
        None => change,
    }
}

fn read_invited(siret: &Siret, sk: &str, row: &Row) -> Result<Invited, TableError> {
    let id = sk.strip_prefix(Key::INVITATIONS).and_then(InvitationId::parse);
    let role = row.parsed("member_role", Role::parse)?;
    Ok(Invited {
        id: id.ok_or(TableError::corrupt("sk"))?,
        invitation: Invitation {
            siret: siret.clone(),
            opening: opening_of(row)?,
            invited_by: row.parsed("invited_by", |text| Inviter::parse(text).ok_or(()))?,
            email: row.parsed("email", Email::parse)?,
            name: name_of(row)?,
            offer: Offer::new(role, row.is("is_successor"))
                .map_err(|_| TableError::corrupt("member_role"))?,
            valid_until: row.moment("valid_until")?,
            accepted_at: None,
            withdrawn_at: None,
            bounced_at: row.find_moment("bounced_at"),
        },
        mail: row.parsed("mail", |mail| MailId::parse(mail).ok_or(()))?,
    })
}

/// Kept for some days after its own.
pub(super) fn invitation(id: &InvitationId, invitation: &Invitation, mail: MailId) -> Row {
    Row::new(&Key::invitation(&invitation.siret, id))
        .with("opening", invitation.opening.0)
        .with("invited_by", invitation.invited_by.as_str())
        .with("email", invitation.email.as_str())
        .with("first_name", invitation.name.first.as_str())
        .with("last_name", invitation.name.last.as_str())
        .with("member_role", invitation.offer.role().as_str())
        .with("is_successor", invitation.offer.is_successor())
        .with("valid_until", invitation.valid_until)
        .with("mail", mail.to_string())
        .with("expires_at", after(invitation.valid_until, INVITATION_REMEMBERED))
}

pub(super) fn read_request(row: &Row) -> Result<Request, TableError> {
    Ok(Request {
        name: name_of(row)?,
        email: row.parsed("email", Email::parse)?,
        asked_at: row.moment("created_at")?,
    })
}
