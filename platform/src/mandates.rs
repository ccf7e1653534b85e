//! Mandates: two mirrored rows and their live keys, written and ended in one transaction.

mod offers;
mod rows;
mod shown;

use domain::authority::{self, Access, Action, Actor, Thing};
use domain::journal::{By, Entry, MandateEvent, MandateView};
use domain::mandate::{MandateState, Transition};
use domain::time::Timestamp;
use domain::{
    Account, Email, FieldCode, MailJob, Mandate, MandateId, Name, Opening, Openings, Refusal, Side, Siret,
};

pub(crate) use self::offers::OFFERS_RETENTION;
pub use self::offers::{OFFERS_AT_ONCE_MAX, Offer, Offered};
pub(crate) use self::rows::OFFER_RETENTION;
pub use self::shown::ShownMandate;
use crate::concurrent::all;
use crate::error::Error;
use crate::random::Random;
use crate::spaces::{
    Belonging, Draft, Space, Spaces, TRIES_MAX, Tools, Whole, Written, belonging, kept_changing,
    membership_keys, opening_of, read_people, rows_of,
};
use crate::table::{Guard, Key, Page, Row, TableError};

/// Mandates of one page.
pub const MANDATES_PAGE: i32 = 50;
/// Rows that a search by name reads for one page.
const SEARCH_ROWS_MAX: i32 = 500;
/// The mandate is as it was read.
const MANDATE_AS_READ: Guard = Guard::new("mandate as read");
/// Live keys of the mandate.
const LIVE_KEY: Guard = Guard::new("live mandate");

/// A mandate as the service names it: both of its establishments, and an id. Whoever knows it is on a side of
/// it, or was told by one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MandateName {
    pub client: Siret,
    pub cabinet: Siret,
    pub id: MandateId,
}

impl MandateName {
    /// Reads the name on the wire, `<client>-<cabinet>-<id>`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.splitn(3, '-');
        let siret = |part: &str| Siret::parse(part).ok().filter(|siret| siret.as_str() == part);
        let (client, cabinet) = (siret(parts.next()?)?, siret(parts.next()?)?);
        Some(Self { client, cabinet, id: MandateId::parse(parts.next()?)? })
    }

    /// Which side an establishment is on, and the other one.
    fn side_of(&self, siret: &Siret) -> Option<(Side, &Siret)> {
        if *siret == self.client {
            Some((Side::Client, &self.cabinet))
        } else if *siret == self.cabinet {
            Some((Side::Cabinet, &self.client))
        } else {
            None
        }
    }
}

impl std::fmt::Display for MandateName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", self.client, self.cabinet, self.id)
    }
}

/// A mandate with the names of its establishments when it was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMandate {
    pub id: MandateId,
    pub mandate: Mandate,
    pub client_name: Name,
    pub cabinet_name: Name,
    /// Where the offer was sent, if it was typed.
    pub contact: Option<Email>,
}

impl HeldMandate {
    #[must_use]
    pub fn name(&self) -> MandateName {
        let Mandate { client, cabinet, .. } = &self.mandate;
        MandateName { client: client.clone(), cabinet: cabinet.clone(), id: self.id.clone() }
    }

    /// The name of the establishment on a side.
    #[must_use]
    pub fn name_of(&self, side: Side) -> &Name {
        match side {
            Side::Client => &self.client_name,
            Side::Cabinet => &self.cabinet_name,
        }
    }

    /// Whether it is of the present opening of an establishment's space: those of an earlier one are nobody's
    /// any more.
    fn is_of(&self, siret: &Siret, opening: Opening) -> bool {
        let Mandate { client_opening, cabinet_opening, .. } = self.mandate;
        let own = self.mandate.side_of(siret);
        own.is_some_and(|side| opening == if side == Side::Client { client_opening } else { cabinet_opening })
    }

    /// As the journal of one side tells it.
    fn view(&self, side: Side) -> MandateView {
        let other = side.other();
        MandateView {
            side,
            other_siret: self.mandate.siret_of(other).clone(),
            other_name: self.name_of(other).clone(),
            scopes: self.mandate.scopes,
            term: self.mandate.term,
        }
    }
}

/// Mandates of one page, with the openings that their states depend on.
#[derive(Debug, Default)]
pub struct MandatePage {
    pub mandates: Vec<HeldMandate>,
    pub openings: Openings,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl MandatePage {
    /// Where a mandate of the page is.
    #[must_use]
    pub fn state_of(&self, held: &HeldMandate, now: Timestamp) -> MandateState {
        held.mandate.state(&self.openings, now)
    }
}

#[derive(Debug, Clone)]
pub struct Mandates {
    tools: Tools,
    spaces: Spaces,
    random: Random,
}

/// What a request about mandates of one establishment was read for: who acts, there and elsewhere.
struct Read {
    rows: Vec<Row>,
    space: Space,
}

impl Mandates {
    pub(crate) fn new(tools: &Tools, spaces: &Spaces, random: &Random) -> Self {
        Self { tools: tools.clone(), spaces: spaces.clone(), random: random.clone() }
    }

    /// A mandate among those of one side.
    pub async fn find(
        &self,
        side: Side,
        siret: &Siret,
        other: &Siret,
        id: &MandateId,
    ) -> Result<Option<HeldMandate>, TableError> {
        let row = self.tools.table.find(&Key::mandate(side, siret, other, id)).await?;
        row.as_ref().map(rows::read).transpose()
    }

    /// The establishments that have a mandate of this one, each once: as far as one page of rows reaches.
    pub(crate) async fn cabinets_of(&self, space: &Space) -> Result<Vec<(Siret, Name)>, TableError> {
        let (partition, prefix) = (Key::space(&space.siret), Key::mandates(Some(Side::Client)));
        let page = self.tools.table.find_page(&partition, &prefix, None, SEARCH_ROWS_MAX).await?;
        let now = self.tools.clock.now();
        let rows = page.rows.iter().filter(|row| !row.is_past(now));
        let mut held: Vec<HeldMandate> = rows.map(rows::read).collect::<Result<_, _>>()?;
        held.retain(|held| held.is_of(&space.siret, space.opening) && held.mandate.accepted_at.is_some());
        let establishments: Vec<Key> = establishments_of(&held).collect();
        let openings = openings_of(&self.tools.table.find_many(&establishments).await?)?;
        let openings: Openings = openings.into_iter().collect();
        held.retain(|held| held.mandate.state(&openings, now) == MandateState::Active);
        let mut cabinets: Vec<(Siret, Name)> = Vec::new();
        for HeldMandate { mandate, cabinet_name, .. } in held {
            if cabinets.iter().all(|(siret, _)| *siret != mandate.cabinet) {
                cabinets.push((mandate.cabinet, cabinet_name));
            }
        }
        Ok(cabinets)
    }

    /// The first mandates of a space that was read whole.
    pub async fn first_page(&self, whole: &Whole) -> Result<MandatePage, TableError> {
        let page = &whole.mandates[..whole.mandates.len().min(MANDATES_PAGE as usize)];
        let has_more = whole.has_more || page.len() < whole.mandates.len();
        let next = page.last().filter(|_| has_more).map(|row| row.text("sk").map(str::to_owned));
        let mut mandates: Vec<HeldMandate> = page.iter().map(rows::read).collect::<Result<_, _>>()?;
        mandates.retain(|held| held.is_of(&whole.space.siret, whole.space.opening));
        let own = Key::establishment(&whole.space.siret);
        let others: Vec<Key> = establishments_of(&mandates).filter(|key| *key != own).collect();
        let read = openings_of(&self.tools.table.find_many(&others).await?)?;
        let known = (whole.space.siret.clone(), whole.space.opening);
        Ok(MandatePage {
            mandates,
            openings: read.into_iter().chain([known]).collect(),
            next: next.transpose()?,
        })
    }

    /// A page of the mandates of an establishment whose member asks, on one side or on both, after a cursor.
    /// `search` is the beginning of the other's SIRET, or a part of its name, case and accents aside.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn list(
        &self,
        account: &Account,
        siret: &Siret,
        (side, search): (Option<Side>, &str),
        after: Option<&str>,
    ) -> Result<MandatePage, Error> {
        // A search reads many rows: never for who is no member, whom their account tells.
        if !account.establishments.contains(siret) {
            return Err(Refusal::NotAllowed.into());
        }
        let page = self.search(siret, side, search, after).await?;
        let mut mandates: Vec<HeldMandate> = page.rows.iter().map(rows::read).collect::<Result<_, _>>()?;
        let mut keys = membership_keys(siret, &account.identifier).to_vec();
        keys.extend(establishments_of(&mandates));
        let read = self.tools.table.find_many(&keys).await?;
        let space = space_of(siret, &read)?.ok_or(Refusal::NotAllowed)?;
        space.actor(&account.identifier, Action::SeeSpace)?;
        mandates.retain(|held| held.is_of(siret, space.opening));
        let openings = openings_of(&read)?.into_iter().collect();
        Ok(MandatePage { mandates, openings, next: page.next })
    }

    async fn search(
        &self,
        siret: &Siret,
        side: Option<Side>,
        search: &str,
        after: Option<&str>,
    ) -> Result<Page, TableError> {
        let (mut prefix, partition) = (Key::mandates(side), Key::space(siret));
        let digits: String = search.chars().filter(|c| !c.is_whitespace()).collect();
        let is_siret = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // Sort keys begin with the side, then the other's SIRET.
        let is_by_key = search.is_empty() || (is_siret && side.is_some());
        if is_by_key {
            prefix.push_str(&digits);
        }
        // DynamoDB refuses a cursor outside what is asked for.
        let after = after.filter(|after| after.starts_with(&prefix));
        let rows_max = if is_by_key { MANDATES_PAGE } else { SEARCH_ROWS_MAX };
        let mut page = self.tools.table.find_page(&partition, &prefix, after, rows_max).await?;
        let now = self.tools.clock.now();
        page.rows.retain(|row| !row.is_past(now) && (is_by_key || rows::is_found(row, search, &digits)));
        let is_more = page.rows.len() > MANDATES_PAGE as usize;
        if is_more {
            page.rows.truncate(MANDATES_PAGE as usize);
            page.next = page.rows.last().map(|row| row.text("sk").map(str::to_owned)).transpose()?;
        }
        Ok(page)
    }

    /// One mandate of an establishment whose member asks, with the openings of both sides.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn show(
        &self,
        account: &Account,
        siret: &Siret,
        name: &MandateName,
    ) -> Result<(HeldMandate, Openings), Error> {
        let Read { rows, space } = self.read(account, siret, name).await?;
        space.actor(&account.identifier, Action::SeeSpace)?;
        let held = rows::find(&rows, siret, name)?.filter(|held| held.is_of(siret, space.opening));
        let held = held.ok_or(Refusal::NotAllowed)?;
        Ok((held, openings_of(&rows)?.into_iter().collect()))
    }

    async fn read(&self, account: &Account, siret: &Siret, name: &MandateName) -> Result<Read, Error> {
        let (side, other) = name.side_of(siret).ok_or(Refusal::NotAllowed)?;
        let mut keys = membership_keys(siret, &account.identifier).to_vec();
        keys.extend([Key::establishment(other), Key::mandate(side, siret, other, &name.id)]);
        let rows = self.tools.table.find_many(&keys).await?;
        let space = space_of(siret, &rows)?.ok_or(Refusal::NotAllowed)?;
        Ok(Read { rows, space })
    }

    /// Accepts, declines or ends a mandate: both rows, its live keys, the journal (both, of what binds the
    /// other side) and a mail to the other side, in one transaction.
    ///
    /// # Errors
    /// `NotAllowed`, `MandateState`; `TextVersionUnknown` for an acceptance by another text than was offered.
    pub async fn apply(
        &self,
        account: &Account,
        siret: &Siret,
        name: &MandateName,
        (transition, shown): (Transition, Option<&str>),
    ) -> Result<(HeldMandate, Openings), Error> {
        let request = self.spaces.request_name();
        for tried in 0..TRIES_MAX {
            let Read { rows, space } = self.read(account, siret, name).await?;
            let (side, other) = name.side_of(siret).ok_or(Refusal::NotAllowed)?;
            let held = rows::find(&rows, siret, name)?.ok_or(Refusal::NotAllowed)?;
            let thing = Thing::Mandate { of: siret, mandate: &held.mandate };
            let actor = space.actor_on(&account.identifier, Action::AnswerMandate(transition), thing)?;
            if transition == Transition::Accept
                && shown.is_some_and(|text| text != held.mandate.shown.version)
            {
                return Err(Refusal::field("text_version", FieldCode::TextVersionUnknown).into());
            }
            let now = self.tools.clock.now();
            let openings: Openings = openings_of(&rows)?.into_iter().collect();
            let applied = held.mandate.apply(transition, &openings, now)?;
            let was_active = held.mandate.accepted_at.is_some();
            let after = HeldMandate { mandate: applied.mandate, ..held };
            let event = event_of(transition);
            let mut draft = Draft::new(&space, now, &request);
            let by = By::Person(actor.who());
            draft.tell(&Entry::Mandate { event, mandate: after.view(side), by });
            rows::write(draft.transaction(), &after, transition);
            rows::write_keys(draft.transaction(), LIVE_KEY, &after, &applied.keys, now);
            let job = MailJob::Mandate {
                siret: other.clone(),
                other: siret.clone(),
                mandate: after.id.clone(),
                event,
            };
            draft.mail(&self.tools.outbox, &job)?;
            let mut transaction = draft.into_transaction();
            // What binds the other side is told in its journal too.
            if transition == Transition::Accept || was_active {
                let other_space = space_of(other, &rows)?.ok_or(Refusal::MandateState)?;
                let mut told = Draft::new(&other_space, now, &request);
                let by = By::PersonOfOtherSide(actor.who());
                told.tell(&Entry::Mandate { event, mandate: after.view(side.other()), by });
                transaction.append(told.into_transaction());
            }
            if let Written::Yes = self.spaces.write(transaction, &request).await? {
                return Ok((after, openings));
            }
            self.spaces.pause(tried).await;
        }
        Err(kept_changing())
    }

    /// What a person may do for an establishment now, and through what: read at each use. The first use of a
    /// mandate is marked, told in the client's journal and mailed to its holders.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn access(&self, account: &Account, siret: &Siret) -> Result<Access, Error> {
        let now = self.tools.clock.now();
        let places = self.places(account, siret).await?;
        let mut openings = openings_of(&places.rows)?;
        openings.sort();
        openings.dedup();
        let openings: Openings = openings.into_iter().collect();
        let memberships: Vec<_> = places.belongings.iter().map(Belonging::member).collect();
        let mandates: Vec<Mandate> = places.held.iter().map(|held| held.mandate.clone()).collect();
        let actor = Actor { memberships: &memberships, mandates: &mandates, openings: &openings };
        let access = authority::access(&actor, siret, now)?;
        if access.through == authority::Through::Mandate {
            for held in &places.held {
                let is_active = |belonging: &Belonging| {
                    belonging.siret == held.mandate.cabinet && belonging.membership.is_active()
                };
                let by_this = places.belongings.iter().any(is_active);
                if let Some(used) = held.mandate.first_used(&openings, now).filter(|_| by_this) {
                    let used = HeldMandate { mandate: used, ..held.clone() };
                    self.tell_first_use(&used, space_of(siret, &places.rows)?, now).await?;
                }
            }
        }
        Ok(access)
    }

    /// Where a person is a member, and the mandates that the establishment gave these: two calls for who
    /// belongs to one cabinet, one for who acts as an active member of the establishment itself.
    async fn places(&self, account: &Account, siret: &Siret) -> Result<Places, Error> {
        let own = account.establishments.iter();
        let mut keys: Vec<Key> =
            own.clone().flat_map(|siret| membership_keys(siret, &account.identifier)).collect();
        keys.push(Key::establishment(siret));
        let memberships = self.tools.table.find_many(&keys);
        let (rows, given) = if account.establishments.contains(siret) {
            let rows = memberships.await?;
            let acts = belonging(siret, &rows)?.is_some_and(|own| own.membership.is_active());
            let given = if acts { Vec::new() } else { self.given(account, siret).await? };
            (rows, given)
        } else {
            tokio::try_join!(memberships, self.given(account, siret))?
        };
        let belongings =
            own.filter_map(|siret| belonging(siret, &rows).transpose()).collect::<Result<_, _>>()?;
        let held = given.iter().map(rows::read).collect::<Result<_, _>>()?;
        Ok(Places { rows, belongings, held })
    }

    /// The mandates that an establishment gave those of a person, each read at the same time.
    async fn given(&self, account: &Account, siret: &Siret) -> Result<Vec<Row>, TableError> {
        let cabinets = account.establishments.iter().filter(|cabinet| *cabinet != siret);
        let given = cabinets.map(|cabinet| async move {
            let prefix = format!("{}{cabinet}#", Key::mandates(Some(Side::Client)));
            self.tools.table.find_all(&Key::space(siret), &prefix).await
        });
        let given: Vec<Vec<Row>> = all(given.collect()).await.into_iter().collect::<Result<_, _>>()?;
        Ok(given.concat())
    }

    async fn tell_first_use(
        &self,
        used: &HeldMandate,
        mut space: Option<Space>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Mandate { client, cabinet, .. } = &used.mandate;
        let (event, mandate) = (MandateEvent::FirstUsed, used.view(Side::Client));
        let told = |draft: &mut Draft<'_>| {
            let (event, mandate, by) = (event, mandate.clone(), By::OtherSide);
            draft.tell(&Entry::Mandate { event, mandate, by });
            rows::write_first_use(draft.transaction(), used);
            let (siret, other, mandate) = (client.clone(), cabinet.clone(), used.id.clone());
            draft.mail(&self.tools.outbox, &MailJob::Mandate { siret, other, mandate, event })
        };
        let request = self.spaces.request_name();
        for tried in 0..TRIES_MAX {
            let Some(standing) = space else { return Ok(()) };
            let mut draft = Draft::new(&standing, now, &request);
            told(&mut draft)?;
            match self.spaces.write(draft.into_transaction(), &request).await? {
                // Another use was first; or the mandate has ended since it was read.
                Written::No(refused) if refused.is_by(MANDATE_AS_READ) => {
                    let has_ended = |row: &Row| row.find_moment("ended_at").is_some();
                    let has_ended = refused.standing(MANDATE_AS_READ).is_some_and(has_ended);
                    return if has_ended { Err(Refusal::NotAllowed.into()) } else { Ok(()) };
                }
                Written::No(_) => self.spaces.pause(tried).await,
                Written::Yes => return Ok(()),
            }
            space = self.spaces.find(client).await?;
        }
        // The next use tells it.
        Ok(())
    }
}

/// The establishments of mandates, on both sides.
fn establishments_of(mandates: &[HeldMandate]) -> impl Iterator<Item = Key> {
    let sirets = mandates.iter().flat_map(|held| [&held.mandate.client, &held.mandate.cabinet]);
    sirets.map(Key::establishment)
}

struct Places {
    rows: Vec<Row>,
    belongings: Vec<Belonging>,
    held: Vec<HeldMandate>,
}

/// The space of an establishment by the rows that were read of it, perhaps without its other members.
fn space_of(siret: &Siret, rows: &[Row]) -> Result<Option<Space>, TableError> {
    let own: Vec<Row> = rows_of(siret, rows).cloned().collect();
    read_people(siret, &own)
}

/// The openings that establishments' own rows among these tell.
fn openings_of(rows: &[Row]) -> Result<Vec<(Siret, Opening)>, TableError> {
    let own = rows.iter().filter(|row| row.find_text("sk") == Some(Key::ESTABLISHMENT));
    own.map(|row| {
        let siret = row.parsed("pk", |pk| {
            pk.strip_prefix("SIRET#").and_then(|siret| Siret::parse(siret).ok()).ok_or(())
        })?;
        Ok((siret, opening_of(row)?))
    })
    .collect()
}

fn event_of(transition: Transition) -> MandateEvent {
    match transition {
        Transition::Accept => MandateEvent::Accepted,
        Transition::Decline => MandateEvent::Declined,
        Transition::End => MandateEvent::Ended,
    }
}
