//! Spaces of establishments: their rows, and changes of them with their journal, each in one transaction.

mod change;
mod closing;
mod founding;
mod rows;

use std::sync::Arc;

use domain::authority::{self, Action, Actor, Thing};
use domain::invitation::{Designation, InvitationState};
use domain::journal::{Chain, LineHash, Volume, Who};
use domain::membership::Presence;
use domain::time::{SignedDuration, Timestamp};
use domain::{
    Account, Email, FieldCode, FullName, Identifier, Invitation, InvitationId, MailId, Member, MemberId,
    Membership, Name, Opening, Openings, Refusal, Siret,
};

pub use self::change::{By, Draft};
pub(crate) use self::change::{TRIES_MAX, Written, kept_changing, with_membership};
pub(crate) use self::founding::{FREE_SPACE, Founder, Founding, assert_free};
pub(crate) use self::rows::{opening_of, presence_of, read_people};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::outbox::Outbox;
use crate::random::Random;
use crate::table::{Key, Row, Table, TableError};

/// How long the row of an invitation is kept after its days: its holders see that it is over.
pub(crate) const INVITATION_REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The retention of a request for an invitation: as long as it is to be answered.
pub(crate) const REQUEST_RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Requests for an invitation that are listed.
const REQUESTS_LISTED_MAX: usize = 20;
/// Rows of a space that are read at once, people first: the limits of members and of open invitations, as
/// many that are over, and a page of mandates.
const SPACE_ROWS_MAX: i32 = 300;
/// Lines of one volume of a journal, of some 350 bytes each: they fit in one page of a query, of 1 MB. Where
/// they do not, a volume has as many as the page.
pub const VOLUME_LINES_MAX: i32 = 2_000;

/// A member, as colleagues see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    pub identifier: Identifier,
    pub membership: Membership,
    pub name: FullName,
    pub email: Email,
    /// When they joined.
    pub since: Timestamp,
    /// The number of the journal's entry that tells it.
    pub mark: u64,
    /// As a holder; of others it says nothing.
    pub presence: Presence,
    /// Whom they named in advance to take over, as a holder.
    pub heir: Option<Heir>,
}

/// A successor whom a holder named in advance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heir {
    pub name: FullName,
    pub email: Email,
    pub named_at: Timestamp,
}

impl Colleague {
    /// As the journal names them.
    #[must_use]
    pub fn who(&self) -> Who {
        Who { name: self.name.clone(), mark: self.mark }
    }
}

/// An invitation that stands: those that were accepted or withdrawn have no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub id: InvitationId,
    pub invitation: Invitation,
    pub mail: MailId,
}

/// A request for an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub name: FullName,
    pub email: Email,
    pub asked_at: Timestamp,
}

/// The people of an establishment, as its rows stood at one time.
#[derive(Debug, Clone)]
pub struct Space {
    pub siret: Siret,
    pub name: Name,
    pub opening: Opening,
    /// Active ones, and the seat; none while the space is closed.
    pub holders: u64,
    pub chain: Chain,
    /// The place of a holder who was replaced and who was the last one, until the invitation of that id is
    /// accepted: nobody else opens the space meanwhile.
    pub seat: Option<InvitationId>,
    /// Of the present opening.
    pub members: Vec<Colleague>,
    /// Of the present opening.
    pub invitations: Vec<Invited>,
}

impl Space {
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.holders > 0
    }

    #[must_use]
    pub fn member(&self, identifier: &Identifier) -> Option<&Colleague> {
        self.members.iter().find(|member| member.identifier == *identifier)
    }

    pub fn active_holders(&self) -> impl Iterator<Item = &Colleague> {
        self.members.iter().filter(|member| member.membership.is_active_holder())
    }

    /// Whom holders named in advance to take over, as far as that counts now: for whoever handles a
    /// succession, and for nobody else.
    pub fn designations(&self) -> impl Iterator<Item = Designation> {
        let designation = move |by: &Colleague| {
            let heir = by.heir.clone()?;
            let designation = Designation {
                siret: self.siret.clone(),
                opening: self.opening,
                by: by.identifier.clone(),
                name: heir.name,
                email: heir.email,
                made_at: heir.named_at,
            };
            designation.stands(Some(by.membership), self.opening).then_some(designation)
        };
        self.members.iter().filter_map(designation)
    }

    #[must_use]
    pub fn invitation(&self, id: &InvitationId) -> Option<&Invited> {
        self.invitations.iter().find(|invited| invited.id == *id)
    }

    /// Invitations whose link serves.
    #[must_use]
    pub fn open_invitations(&self, now: Timestamp) -> u64 {
        let is_open = |invited: &&Invited| invited.invitation.state_by_link(now) == InvitationState::Open;
        self.invitations.iter().filter(is_open).count() as u64
    }

    /// Of requests for an invitation, those of people who are neither members nor invited, the latest first.
    fn unanswered(&self, mut requests: Vec<Request>) -> Vec<Request> {
        let members = self.members.iter().map(|member| &member.email);
        let invited = self.invitations.iter().map(|invited| &invited.invitation.email);
        let answered: Vec<String> = members.chain(invited).map(Email::mailbox).collect();
        requests.retain(|request| !answered.contains(&request.email.mailbox()));
        requests.sort_by_key(|request| std::cmp::Reverse(request.asked_at));
        requests.truncate(REQUESTS_LISTED_MAX);
        requests
    }

    /// Openings as this space knows them: its own.
    #[must_use]
    pub fn openings(&self) -> Openings {
        [(self.siret.clone(), self.opening)].into_iter().collect()
    }

    /// The member who does something in the space, if they may.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub fn actor(&self, identifier: &Identifier, action: Action) -> Result<&Colleague, Refusal> {
        self.actor_on(identifier, action, Thing::Establishment(&self.siret))
    }

    /// The same for what is done to a thing of the space.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub fn actor_on(
        &self,
        identifier: &Identifier,
        action: Action,
        thing: Thing<'_>,
    ) -> Result<&Colleague, Refusal> {
        let colleague = self.member(identifier).ok_or(Refusal::NotAllowed)?;
        let member =
            Member { siret: self.siret.clone(), opening: self.opening, membership: colleague.membership };
        let (memberships, openings) = ([member], self.openings());
        let actor = Actor { memberships: &memberships, mandates: &[], openings: &openings };
        authority::may(&actor, action, thing)?;
        Ok(colleague)
    }
}

/// The space of an establishment and its first mandates.
#[derive(Debug)]
pub struct Whole {
    pub space: Space,
    /// Requests for an invitation that nobody has answered, the latest first: as far as one page reaches.
    pub requests: Vec<Request>,
    /// Rows of mandates, in the order of their sort keys.
    pub(crate) mandates: Vec<Row>,
    /// Whether there are more.
    pub(crate) has_more: bool,
}

/// What the aggregates of a space share.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub table: Table,
    pub outbox: Outbox,
    pub clock: Clock,
}

/// Where a person is a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    pub siret: Siret,
    pub name: Name,
    pub opening: Opening,
    pub membership: Membership,
}

impl Belonging {
    /// For [`authority`].
    #[must_use]
    pub fn member(&self) -> Member {
        Member { siret: self.siret.clone(), opening: self.opening, membership: self.membership }
    }
}

#[derive(Debug, Clone)]
pub struct Spaces {
    table: Table,
    config: Arc<Config>,
    clock: Clock,
    random: Random,
}

impl Spaces {
    pub(crate) fn new(table: &Table, config: &Arc<Config>, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), config: config.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// Where a person is a member now, in the order of SIRETs: one call for all.
    pub async fn of(&self, account: &Account) -> Result<Vec<Belonging>, TableError> {
        let keys =
            account.establishments.iter().flat_map(|siret| membership_keys(siret, &account.identifier));
        let rows = self.table.find_many(&keys.collect::<Vec<_>>()).await?;
        let sirets = account.establishments.iter();
        sirets.filter_map(|siret| belonging(siret, &rows).transpose()).collect()
    }

    /// The people of an establishment; `None` when its space was never open.
    pub async fn find(&self, siret: &Siret) -> Result<Option<Space>, TableError> {
        let partition = Key::space(siret);
        let mut rows = self.table.find_between(&partition, Key::ESTABLISHMENT, Key::AFTER_MEMBERS).await?;
        let now = self.clock.now();
        rows.retain(|row| !row.is_past(now));
        read_people(siret, &rows)
    }

    /// The same with the first mandates.
    pub async fn find_whole(&self, siret: &Siret) -> Result<Option<Whole>, TableError> {
        let partition = Key::space(siret);
        let mut page = self.table.find_page(&partition, "", None, SPACE_ROWS_MAX).await?;
        let (now, prefix) = (self.clock.now(), Key::mandates(None));
        page.rows.retain(|row| !row.is_past(now));
        let Some(space) = read_people(siret, &page.rows)? else { return Ok(None) };
        let begins = |row: &Row, prefix: &str| row.text("sk").is_ok_and(|sk| sk.starts_with(prefix));
        let requests = page.rows.iter().filter(|row| begins(row, Key::REQUESTS)).map(rows::read_request);
        let requests = space.unanswered(requests.collect::<Result<_, _>>()?);
        page.rows.retain(|row| begins(row, &prefix));
        Ok(Some(Whole { space, requests, mandates: page.rows, has_more: page.next.is_some() }))
    }

    /// The space without its people, while it is open: enough to tell something in its journal.
    pub(crate) async fn find_open(&self, siret: &Siret) -> Result<Option<Space>, TableError> {
        let row = self.table.find(&Key::establishment(siret)).await?;
        let space = row.map_or(Ok(None), |row| read_people(siret, &[row]))?;
        Ok(space.filter(Space::is_open))
    }

    /// A request for an invitation, by the keyed hash of its asker's address.
    pub async fn request(&self, siret: &Siret, asker: &str) -> Result<Option<Request>, TableError> {
        let now = self.clock.now();
        let row = self.table.find(&Key::invitation_request(siret, asker)).await?;
        row.filter(|row| !row.is_past(now)).as_ref().map(rows::read_request).transpose()
    }

    /// A volume of an establishment's journal, for a holder: from the entry of the number `from` on. Two
    /// calls of the table, however long the journal is.
    ///
    /// # Errors
    /// `NotAllowed`; `InvalidForm` when the journal has no such entry. An empty one is read from 1.
    pub async fn journal(&self, account: &Account, siret: &Siret, from: u64) -> Result<Volume, Error> {
        let rows = self.table.find_many(&membership_keys(siret, &account.identifier)).await?;
        let space = read_people(siret, &rows)?.ok_or(Refusal::NotAllowed)?;
        space.actor(&account.identifier, Action::SeeJournal)?;
        let journal = space.chain;
        let before = from.checked_sub(1).filter(|&before| before == 0 || before < journal.entries);
        let before = before.ok_or_else(|| Refusal::field("from", FieldCode::JournalEntryUnknown))?;
        let partition = Key::journal(siret, space.opening);
        // The line before the first is read too, for its hash.
        let after = (before > 1).then(|| Key::journal_number(before - 1));
        let rows_max = VOLUME_LINES_MAX + i32::from(before > 0);
        let page = self.table.find_page(&partition, "", after.as_deref(), rows_max).await?;
        let mut lines = page.rows.iter().map(|row| row.text("line").map(str::to_owned));
        let before = match before {
            0 => Chain::new(siret),
            entries => {
                let line = lines.next().ok_or_else(|| Error::internal("a line of a journal is gone"))??;
                Chain { entries, head: LineHash::of(&line) }
            }
        };
        // Lines that were written since the space was read are left to the next reading.
        let left = usize::try_from(journal.entries - before.entries).unwrap_or(usize::MAX);
        let lines: Vec<String> = lines.take(left).collect::<Result<_, _>>()?;
        let is_last = page.next.is_none() || lines.len() == left;
        Ok(Volume { siret: siret.clone(), before, lines, is_last, journal })
    }

    /// The id of a member among colleagues.
    pub fn member_id(&self, siret: &Siret, identifier: &Identifier) -> Result<MemberId, Error> {
        Ok(MemberId::of(self.config.keys.of(Secret::Hash)?, siret, identifier))
    }

    /// The member of an id.
    ///
    /// # Errors
    /// `NotAllowed` when there is none.
    pub fn member_of<'a>(&self, space: &'a Space, id: &MemberId) -> Result<&'a Colleague, Error> {
        let key = self.config.keys.of(Secret::Hash)?;
        let is_it = |member: &&Colleague| MemberId::of(key, &space.siret, &member.identifier) == *id;
        Ok(space.members.iter().find(is_it).ok_or(Refusal::NotAllowed)?)
    }
}

/// The rows that say what somebody is in an establishment: its own and the member's.
pub(crate) fn membership_keys(siret: &Siret, identifier: &Identifier) -> [Key; 2] {
    [Key::establishment(siret), Key::member(siret, identifier)]
}

/// The rows of one space among others, as they were read.
pub(crate) fn rows_of<'a>(siret: &Siret, rows: &'a [Row]) -> impl Iterator<Item = &'a Row> {
    let partition = Key::space(siret);
    rows.iter().filter(move |row| row.find_text("pk") == Some(&*partition))
}

/// What somebody is in an establishment, by these rows of theirs; nothing once the space was closed.
pub(crate) fn belonging(siret: &Siret, rows: &[Row]) -> Result<Option<Belonging>, TableError> {
    let own: Vec<Row> = rows_of(siret, rows).cloned().collect();
    let Some(space) = read_people(siret, &own)? else { return Ok(None) };
    Ok(space.members.first().map(|member| Belonging {
        siret: siret.clone(),
        name: space.name.clone(),
        opening: space.opening,
        membership: member.membership,
    }))
}

/// The head of a chain, as a row holds it.
fn chain_of(row: &Row) -> Result<Chain, TableError> {
    Ok(Chain {
        entries: row.number("journal_entries")?,
        head: row.parsed("journal_head", |head| LineHash::parse(head).ok_or(()))?,
    })
}
