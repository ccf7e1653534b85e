//! Changes of a space: decided on the rows that were read, and written if they still stand.

use std::time::Duration;

use domain::invitation::{Accepted, InvitationState};
use domain::journal::{By as Author, Chain, Entry};
use domain::membership::{Change as MemberChange, ESTABLISHMENTS_MAX, HOLDERS_MIN, Presence, check_closing};
use domain::time::Timestamp;
use domain::token::hexadecimal;
use domain::{
    Account, Email, Identifier, Invitation, InvitationId, MailJob, Membership, Name, Opening, Refusal, Siret,
};

use super::{Colleague, Heir, Invited, Space, Spaces, rows};
use crate::error::Error;
use crate::function::Secret;
use crate::outbox::Outbox;
use crate::presences::first_turn;
use crate::table::{Change, Committed, Guard, Key, Refused, Row, StringSet, TableError, Transaction};

/// Tries of a change beside others of the same space: each follows one that was written.
pub(crate) const TRIES_MAX: usize = 8;
/// Members whose rows go with a closing, and who are told of it: three writes each.
const CLOSED_MEMBERS_MAX: usize = 30;
/// Members who are removed at once before it while there are more: four writes each, and those of the
/// invitations that end with them.
const REMOVED_MEMBERS_MAX: usize = 12;
/// The longest pause before a change is tried again, in milliseconds; as long again at each try.
const TRY_PAUSE_MS_MAX: u32 = 30;
/// The space stands as it was read: every change of it adds an entry to its journal.
const AS_READ: Guard = Guard::new("space as read");
/// The journal's next line is not written yet.
const NEXT_LINE: Guard = Guard::new("next line of the journal");
/// The member's row is one of this opening.
const STANDING_MEMBER: Guard = Guard::new("standing member");
/// The account takes a membership, or loses it.
const MEMBERS_ACCOUNT: Guard = Guard::new("account of the member");
const STANDS: &str = "opening = :opening AND journal_entries = :entries";
/// The same, with a holder left: the last one cannot be lost.
const STANDS_WITH_ANOTHER_HOLDER: &str =
    "opening = :opening AND journal_entries = :entries AND holders > :holders_min";
/// The same, with no other holder.
const STANDS_WITH_ONE_HOLDER: &str =
    "opening = :opening AND journal_entries = :entries AND holders = :holders_min";

/// What the write of a draft does to the establishment's row, besides what follows.
macro_rules! writing {
    ($($more:literal)?) => {
        concat!(
            "SET journal_entries = :entries_after, journal_head = :head, holders = :holders, \
             opening = :opening_after",
            $($more)?
        )
    };
}

const WRITE: &str = writing!();
const WRITE_WITH_SEAT: &str = writing!(", seat = :seat");
const WRITE_WITHOUT_SEAT: &str = writing!(" REMOVE seat");
/// Who makes a change.
pub type By = Author;

/// What the write of a draft demands of the number of holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Nothing,
    Another,
    One,
}

/// A change of a space that is not written yet.
#[derive(Debug)]
pub struct Draft<'a> {
    pub space: &'a Space,
    now: Timestamp,
    /// The name of the request: a write whose answer was lost is known by it.
    request: String,
    chain: Chain,
    holders: u64,
    opening: Opening,
    seat: Option<InvitationId>,
    demand: Demand,
    transaction: Transaction,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(space: &'a Space, now: Timestamp, request: &str) -> Self {
        Self {
            space,
            now,
            request: request.to_owned(),
            chain: space.chain.clone(),
            holders: space.holders,
            opening: space.opening,
            seat: space.seat.clone(),
            demand: Demand::Nothing,
            transaction: Transaction::new(),
        }
    }

    /// When the change is made.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The name of the request.
    pub(crate) fn request(&self) -> &str {
        &self.request
    }

    /// Writes that belong to the change.
    pub(crate) fn transaction(&mut self) -> &mut Transaction {
        &mut self.transaction
    }

    /// Queues a mail that tells of the change.
    pub fn mail(&mut self, outbox: &Outbox, job: &MailJob) -> Result<(), Error> {
        outbox.queue(&mut self.transaction, job).map(|_| ())
    }

    /// Adds an entry to the journal. Returns its number.
    pub fn tell(&mut self, entry: &Entry) -> u64 {
        let (line, chain) = self.chain.append(self.now, entry);
        let space = self.space;
        let row = line_row(&space.siret, space.opening, (chain.entries, &line));
        let row = row.with("written_by", &*self.request);
        self.transaction.create(NEXT_LINE, row);
        self.chain = chain;
        self.chain.entries
    }

    /// Changes a member; a change to what they are already does nothing. Open invitations to and by them end
    /// with it.
    ///
    /// # Errors
    /// `LastHolder`.
    pub fn change_member(
        &mut self,
        member: &Colleague,
        change: MemberChange,
        by: &By,
    ) -> Result<bool, Refusal> {
        let effect = member.membership.change(change);
        if !effect.is_change() {
            return Ok(false);
        }
        self.holders = effect.count(self.holders)?;
        if effect.ends_a_holder() {
            self.demand = Demand::Another;
        }
        match effect.after {
            Some(membership) => {
                self.tell(&Entry::Changed { change, who: member.who(), by: by.clone() });
                self.update(member.membership, Colleague { membership, ..member.clone() });
            }
            None => {
                self.end(member, change, by);
            }
        }
        self.withdraw_with(member, change, by, None);
        Ok(true)
    }

    /// Queues the mail that tells a member what was changed for them.
    pub fn mail_change(
        &mut self,
        outbox: &Outbox,
        member: &Colleague,
        change: MemberChange,
    ) -> Result<(), Error> {
        let (siret, identifier) = (self.space.siret.clone(), member.identifier.clone());
        self.mail(outbox, &MailJob::MemberChanged { siret, identifier, change })
    }

    /// Takes the establishment out of the account of one who is a member no more.
    pub(super) fn drop_membership(&mut self, identifier: &Identifier) {
        let without = without_membership(identifier, &self.space.siret);
        self.transaction.change(MEMBERS_ACCOUNT, without);
    }

    /// Ends the membership of a holder in whose place a successor comes by an invitation.
    fn replace(&mut self, leaver: &Colleague, successor: &InvitationId) {
        let by = By::Person(leaver.who());
        self.end(leaver, MemberChange::Leave, &by);
        self.withdraw_with(leaver, MemberChange::Leave, &by, Some(successor));
    }

    fn end(&mut self, member: &Colleague, change: MemberChange, by: &By) {
        self.tell(&Entry::Changed { change, who: member.who(), by: by.clone() });
        self.transaction.delete(Key::member(&self.space.siret, &member.identifier));
        self.drop_membership(&member.identifier);
    }

    /// Writes who joins. A holder is asked in a year whether they are still there.
    fn put(&mut self, member: &Colleague) {
        self.transaction.put(rows::member(&self.space.siret, self.opening, member));
        if member.membership.is_active_holder() {
            self.transaction.put(first_turn(&self.space.siret, &member.identifier, member.presence));
        }
    }

    /// Writes a member who was `before`. For who becomes an active holder a year begins.
    fn update(&mut self, before: Membership, mut member: Colleague) {
        if member.membership.is_active_holder() && !before.is_active_holder() {
            member.presence = Presence::new(self.now);
            self.transaction.put(first_turn(&self.space.siret, &member.identifier, member.presence));
        }
        let change = rows::member_change(&self.space.siret, self.space.opening, before, &member);
        self.transaction.change(STANDING_MEMBER, change);
    }

    fn withdraw_with(
        &mut self,
        member: &Colleague,
        change: MemberChange,
        by: &By,
        besides: Option<&InvitationId>,
    ) {
        let space = self.space;
        for invited in space.invitations.iter().filter(|invited| Some(&invited.id) != besides) {
            let Colleague { identifier, email, .. } = member;
            if invited.invitation.ends_with(change, identifier, email, self.now) {
                self.withdraw(invited, by);
            }
        }
    }

    /// Withdraws an invitation. One whose days are over served no more: no entry tells of it.
    pub fn withdraw(&mut self, invited: &Invited, by: &By) {
        let Invited { id, invitation, .. } = invited;
        self.transaction.delete(Key::invitation(&invitation.siret, id));
        if invitation.state_by_link(self.now) == InvitationState::Open {
            let (who, email) = (invitation.name.clone(), invitation.email.clone());
            self.tell(&Entry::InvitationWithdrawn { who, email, by: by.clone() });
        }
    }

    /// Writes an invitation with its mail.
    pub fn invite(
        &mut self,
        outbox: &Outbox,
        id: &InvitationId,
        invitation: &Invitation,
        by: By,
    ) -> Result<(), Error> {
        let job = MailJob::Invitation { siret: invitation.siret.clone(), invitation: id.clone() };
        let mail = outbox.queue(&mut self.transaction, &job)?;
        self.transaction.put(rows::invitation(id, invitation, mail));
        let (who, email, offer) = (invitation.name.clone(), invitation.email.clone(), invitation.offer);
        self.tell(&Entry::Invited { who, email, offer, by });
        Ok(())
    }

    /// Writes what the acceptance of an invitation does: to who joins or becomes a holder, and to who leaves
    /// in the successor's favour.
    ///
    /// # Errors
    /// `LastHolder`.
    pub fn accept(
        &mut self,
        invited: &Invited,
        accepted: Accepted,
        joined: &Colleague,
        leaver: Option<&Colleague>,
    ) -> Result<(), Refusal> {
        self.holders = accepted.count(self.holders)?;
        if accepted.holders_added() < 0 {
            self.demand = Demand::Another;
        }
        let Invited { id, invitation, .. } = invited;
        if self.seat.as_ref() == Some(id) && accepted.holders_added() > 0 {
            // Whose place was kept has come: as many holders as before.
            self.seat = None;
            self.holders -= 1;
        }
        self.transaction.delete(Key::invitation(&invitation.siret, id));
        let (who, email) = (joined.name.clone(), joined.email.clone());
        let entry = Entry::accepted(who, email, accepted.joins, joined.mark);
        if let (Some(entry), Some(membership)) = (entry, accepted.joins.after) {
            let number = self.tell(&entry);
            let joined = Colleague { membership, ..joined.clone() };
            match accepted.joins.before {
                None => self.put(&Colleague { mark: number, ..joined }),
                Some(before) => self.update(before, joined),
            }
        }
        if let Some(leaver) = leaver {
            self.replace(leaver, id);
        }
        Ok(())
    }

    /// Hands the place of a holder over: they are suspended, and who takes over is invited by the agency.
    /// Where nobody else is a holder, the seat is kept for the invited person. An earlier such invitation
    /// gives its place up. A holder who is suspended already was replaced before.
    pub(crate) fn succeed(
        &mut self,
        outbox: &Outbox,
        holder: &Colleague,
        (id, invitation): (&InvitationId, &Invitation),
        agent: &Name,
    ) -> Result<(), Error> {
        let (change, by) = (MemberChange::Suspend, By::Agent(agent.clone()));
        let former = self.seat.take();
        let effect = holder.membership.change(change);
        let others = self.holders - u64::from(former.is_some()) - u64::from(effect.ends_a_holder());
        if let Some(membership) = effect.after.filter(|_| effect.is_change()) {
            self.tell(&Entry::Changed { change, who: holder.who(), by: by.clone() });
            self.update(holder.membership, Colleague { membership, ..holder.clone() });
            self.withdraw_with(holder, change, &by, None);
        }
        if let Some(invited) = former.as_ref().and_then(|former| self.space.invitation(former)) {
            self.withdraw(invited, &by);
        }
        self.seat = (others == 0).then(|| id.clone());
        self.holders = others + u64::from(others == 0);
        self.invite(outbox, id, invitation, by)
    }

    /// Writes a new address of a member.
    pub fn change_address(&mut self, member: &Colleague, address: &Email) {
        let (before, after) = (member.email.clone(), address.clone());
        self.tell(&Entry::AddressChanged { who: member.who(), before, after: after.clone() });
        self.update(member.membership, Colleague { email: after, ..member.clone() });
    }

    /// Writes whom a holder names to take over, or that they name nobody. No entry tells of it: it gives no
    /// right, and is for whoever handles a succession.
    pub fn name_heir(&mut self, holder: &Colleague, heir: Option<&Heir>) {
        let (siret, opening) = (&self.space.siret, self.space.opening);
        let change = rows::heir_change(siret, opening, &holder.identifier, heir);
        self.transaction.change(STANDING_MEMBER, change);
    }

    /// Closes the space by its only active holder: nobody is a member any more, and what comes next begins a
    /// journal of its own. Rows of members go with it. While there are more than one write takes, it removes
    /// some of them instead. Whether it is closed.
    ///
    /// # Errors
    /// `OtherHolders`, `SpaceClosed`.
    pub fn close(&mut self, holder: &Colleague, outbox: &Outbox) -> Result<bool, Error> {
        check_closing(self.holders)?;
        self.demand = Demand::One;
        let space = self.space;
        let others = space.members.iter().filter(|member| member.identifier != holder.identifier);
        if space.members.len() > CLOSED_MEMBERS_MAX {
            let (change, by) = (MemberChange::Remove, By::Person(holder.who()));
            for member in others.take(REMOVED_MEMBERS_MAX) {
                self.change_member(member, change, &by)?;
                self.mail_change(outbox, member, change)?;
            }
            return Ok(false);
        }
        self.tell(&Entry::SpaceClosed { by: By::Person(holder.who()) });
        for member in [holder].into_iter().chain(others) {
            let Colleague { identifier, .. } = member;
            self.transaction.delete(Key::member(&space.siret, identifier));
            self.drop_membership(identifier);
            let (siret, identifier) = (space.siret.clone(), identifier.clone());
            self.mail(outbox, &MailJob::SpaceClosed { siret, identifier })?;
        }
        self.chain = Chain::new(&space.siret);
        (self.holders, self.opening) = (0, self.opening.next());
        Ok(true)
    }

    /// All its writes, the establishment's row first; none when nothing changes.
    pub(crate) fn into_transaction(self) -> Transaction {
        if self.transaction.is_empty() {
            return self.transaction;
        }
        let condition = match self.demand {
            Demand::Nothing => STANDS,
            Demand::Another => STANDS_WITH_ANOTHER_HOLDER,
            Demand::One => STANDS_WITH_ONE_HOLDER,
        };
        let (update, seat) = match &self.seat {
            seat if *seat == self.space.seat => (WRITE, None),
            Some(seat) => (WRITE_WITH_SEAT, Some(seat.as_str())),
            None => (WRITE_WITHOUT_SEAT, None),
        };
        let change = Change::new(Key::establishment(&self.space.siret), update, condition)
            .value("opening", self.space.opening.0)
            .value("entries", self.space.chain.entries)
            .value("entries_after", self.chain.entries)
            .value("head", self.chain.head.as_str())
            .value("holders", self.holders)
            .value("opening_after", self.opening.0);
        let change = seat.into_iter().fold(change, |change, seat| change.value("seat", seat));
        let change = match self.demand {
            Demand::Nothing => change,
            Demand::Another | Demand::One => change.value("holders_min", HOLDERS_MIN),
        };
        let mut transaction = Transaction::new();
        transaction.change(AS_READ, change).append(self.transaction);
        transaction
    }
}

/// A membership less among those of an account.
fn without_membership(identifier: &Identifier, siret: &Siret) -> Change {
    Change::new(Key::account(identifier), "DELETE sirets :siret", "attribute_exists(pk)")
        .value("siret", StringSet(vec![siret.to_string()]))
}

/// A membership more among those of an account that is as it was read, by its address and its password.
pub(crate) fn with_membership(account: &Account, siret: &Siret) -> Change {
    let condition = "is_active = :true AND email = :email AND credentials_epoch = :epoch AND \
                     (attribute_not_exists(sirets) OR contains(sirets, :one) OR size(sirets) < :most)";
    Change::new(Key::account(&account.identifier), "ADD sirets :siret", condition)
        .value("siret", StringSet(vec![siret.to_string()]))
        .value("one", siret.as_str())
        .value("true", true)
        .value("email", account.application.email.as_str())
        .value("epoch", account.credentials_epoch)
        .value("most", ESTABLISHMENTS_MAX)
}

/// A line of a journal.
pub(super) fn line_row(siret: &Siret, opening: Opening, (number, line): (u64, &str)) -> Row {
    Row::new(&Key::journal_line(siret, opening, number)).with("line", line)
}

/// Whether a draft was written.
#[derive(Debug)]
pub(crate) enum Written {
    Yes,
    /// Others came first, or a condition of its own failed.
    No(Refused),
}

impl Spaces {
    /// Reads a space, decides, and writes, again when others have changed what was read. A decision that
    /// changes nothing writes nothing.
    ///
    /// # Errors
    /// `NotAllowed` without a space; what `decide` refuses.
    pub async fn change<T>(
        &self,
        siret: &Siret,
        decide: impl Fn(&mut Draft<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request = self.request_name();
        for tried in 0..TRIES_MAX {
            let space = self.find(siret).await?.ok_or(Refusal::NotAllowed)?;
            let mut draft = Draft::new(&space, self.clock.now(), &request);
            let decided = decide(&mut draft)?;
            if matches!(self.write(draft.into_transaction(), &request).await?, Written::Yes) {
                return Ok(decided);
            }
            self.pause(tried).await;
        }
        Err(kept_changing())
    }

    /// Adds an entry to the journal of an establishment, if its space is open: without one there is no
    /// journal.
    pub(crate) async fn tell(&self, siret: &Siret, entry: &Entry) -> Result<(), Error> {
        let request = self.request_name();
        for tried in 0..TRIES_MAX {
            let Some(space) = self.find_open(siret).await? else { return Ok(()) };
            let mut draft = Draft::new(&space, self.clock.now(), &request);
            draft.tell(entry);
            if matches!(self.write(draft.into_transaction(), &request).await?, Written::Yes) {
                return Ok(());
            }
            self.pause(tried).await;
        }
        Err(kept_changing())
    }

    /// Lets others go first, for a random time.
    pub(crate) async fn pause(&self, tried: usize) {
        let most = TRY_PAUSE_MS_MAX * (1 + u32::try_from(tried).unwrap_or(0));
        self.clock.sleep(Duration::from_millis(u64::from(self.random.below(most)))).await;
    }

    /// The random name of a request.
    pub(crate) fn request_name(&self) -> String {
        hexadecimal(&self.random.bytes::<16>())
    }

    /// Writes a transaction that has lines of this request.
    pub(crate) async fn write(&self, transaction: Transaction, request: &str) -> Result<Written, Error> {
        if transaction.is_empty() {
            return Ok(Written::Yes);
        }
        Ok(written(self.table.commit(transaction).await?, request))
    }

    /// The same, without waiting for others: see [`Table::commit_once`](crate::table::Table::commit_once).
    pub(crate) async fn write_once(&self, transaction: Transaction, request: &str) -> Result<Written, Error> {
        Ok(written(self.table.commit_once(transaction).await?, request))
    }

    #[must_use]
    pub fn new_invitation(&self) -> InvitationId {
        InvitationId::from_bytes(self.random.bytes())
    }

    /// The id of the invitation to a right address in the place of another.
    pub fn corrected_invitation(&self, former: &InvitationId, email: &Email) -> Result<InvitationId, Error> {
        Ok(InvitationId::of_correction(self.config.keys.of(Secret::Hash)?, former, email))
    }
}

fn written(committed: Committed, request: &str) -> Written {
    match committed {
        Committed::Yes => Written::Yes,
        // An answer was lost, and the SDK sent the transaction again.
        Committed::No(refused) if is_own(&refused, request) => Written::Yes,
        Committed::No(refused) => Written::No(refused),
    }
}

fn is_own(refused: &Refused, request: &str) -> bool {
    refused.standing(NEXT_LINE).is_some_and(|line| line.find_text("written_by") == Some(request))
}

pub(crate) fn kept_changing() -> Error {
    TableError::Unavailable("the space kept changing".into()).into()
}
