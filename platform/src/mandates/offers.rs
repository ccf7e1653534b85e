//! Offers of mandates: one, or many at once from a list of SIRETs.

use domain::authority::Action;
use domain::journal::{By, Entry, MandateEvent};
use domain::mandate::{ShownText, Slot, check_sides};
use domain::time::{SignedDuration, Timestamp, after, start_of_utc, utc_day};
use domain::{
    Account, Email, FieldCode, MailJob, Mandate, MandateId, MandateText, Refusal, Scopes, Side, Siret, Term,
};

use super::{HeldMandate, LIVE_KEY, MandateName, Mandates, rows, space_of};
use crate::error::Error;
use crate::spaces::{Colleague, Draft, Space, TRIES_MAX, Written, kept_changing, membership_keys};
use crate::table::{Change, Guard, Key, Refused, Row, TableError};

/// Offers of one request: twelve writes each, in one transaction of at most a hundred.
pub const OFFERS_AT_ONCE_MAX: usize = 8;
/// The id of a new mandate must not be taken: 80 random bits.
const NEW_MANDATE: Guard = Guard::new("new mandate");
/// The other establishment's space is open, in the opening that was read.
const OTHER_SPACE: Guard = Guard::new("other space");

/// The other establishment was offered less than so much on this day.
const FURTHER_OFFER: Guard = Guard::new("further offer of the day");
/// Offers of one establishment to another within a day in UTC: each leaves a row with the other one.
const OFFERS_A_DAY_MAX: u64 = 30;
/// How long they are counted from the beginning of the day.
pub(crate) const OFFERS_RETENTION: SignedDuration = SignedDuration::from_hours(48);

/// What one side offers.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The side that offers.
    pub side: Side,
    pub siret: Siret,
    pub scopes: Scopes,
    pub term: Term,
    pub text: MandateText,
    /// Where the offer is sent; to the other side's holders without it.
    pub contact: Option<Email>,
}

/// What became of one offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offered {
    /// It stands, now or since an earlier request.
    Offered(MandateName),
    /// A mandate of the same scopes is in force.
    AlreadyActive,
    /// Another live one stands in its way, or too many offers of this day.
    InTheWay,
    /// The other establishment has no space here.
    Unknown,
}

/// One of the offers of a request, while it is tried.
struct Tried<'a> {
    other: &'a Siret,
    id: MandateId,
    slot: Slot,
    result: Option<Offered>,
}

impl Mandates {
    /// Offers a mandate to another establishment.
    ///
    /// # Errors
    /// `NotAllowed`, `SiretIsOwn`, `SiretUnknown`, `MandateState` when a live one stands in the way.
    pub async fn offer(&self, account: &Account, offer: &Offer, other: &Siret) -> Result<MandateName, Error> {
        check_sides(&offer.siret, other).map_err(|error| Refusal::InvalidForm(vec![error]))?;
        let mut offered = self.offer_all(account, offer, std::slice::from_ref(other)).await?;
        match offered.pop() {
            Some(Offered::Offered(name)) => Ok(name),
            Some(Offered::Unknown) => Err(Refusal::field("other_siret", FieldCode::SiretUnknown).into()),
            _ => Err(Refusal::MandateState.into()),
        }
    }

    /// Offers a mandate to each of at most [`OFFERS_AT_ONCE_MAX`] establishments, in one transaction with the
    /// mails; what became of each, in their order. What stands already is not offered again.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn offer_all(
        &self,
        account: &Account,
        offer: &Offer,
        others: &[Siret],
    ) -> Result<Vec<Offered>, Error> {
        let request = self.spaces.request_name();
        let mut tried: Vec<Tried<'_>> = others.iter().map(|other| self.try_first(offer, other)).collect();
        // Each try settles one of them at least, or follows another change of the space.
        for tries in 0..TRIES_MAX + others.len() {
            let mut keys = membership_keys(&offer.siret, &account.identifier).to_vec();
            keys.extend(others.iter().map(Key::establishment));
            let read = self.tools.table.find_many(&keys).await?;
            let space = space_of(&offer.siret, &read)?.ok_or(Refusal::NotAllowed)?;
            let actor = space.actor(&account.identifier, Action::OfferMandate)?;
            let now = self.tools.clock.now();
            let mut draft = Draft::new(&space, now, &request);
            self.write(&mut draft, (actor, offer), &mut tried, &read)?;
            match self.spaces.write(draft.into_transaction(), &request).await? {
                Written::Yes => {
                    return Ok(tried.into_iter().map(|tried| result(offer, tried)).collect());
                }
                Written::No(refused) => {
                    settle(offer, &mut tried, &refused)?;
                    self.spaces.pause(tries.min(TRIES_MAX)).await;
                }
            }
        }
        Err(kept_changing())
    }

    fn try_first<'a>(&self, offer: &Offer, other: &'a Siret) -> Tried<'a> {
        let id = MandateId::from_bytes(self.random.bytes());
        let result = (offer.siret == *other).then_some(Offered::InTheWay);
        Tried { other, id, slot: Slot::First, result }
    }

    /// Adds the writes of those that are not settled.
    fn write(
        &self,
        draft: &mut Draft<'_>,
        (actor, offer): (&Colleague, &Offer),
        tried: &mut [Tried<'_>],
        read: &[Row],
    ) -> Result<(), Error> {
        let now = draft.now();
        for (rank, tried) in tried.iter_mut().enumerate().filter(|(_, tried)| tried.result.is_none()) {
            let other = space_of(tried.other, read)?.filter(Space::is_open);
            let Some(other) = other else {
                tried.result = Some(Offered::Unknown);
                continue;
            };
            let held = held(draft.space, &other, offer, tried, now);
            let transaction = draft.transaction();
            rows::create(transaction, NEW_MANDATE, &held);
            rows::write_keys(transaction, LIVE_KEY.of(rank), &held, &held.mandate.claim(&held.id), now);
            transaction.change(FURTHER_OFFER.of(rank), counted(&offer.siret, tried.other, now));
            let is_open = "opening = :opening AND holders > :none";
            let is_open = Change::condition(Key::establishment(&other.siret), is_open);
            let is_open = is_open.value("opening", other.opening.0).value("none", 0);
            transaction.assert(OTHER_SPACE, is_open);
            let (event, by) = (MandateEvent::Offered, By::Person(actor.who()));
            draft.tell(&Entry::Mandate { event, mandate: held.view(offer.side), by });
            let (siret, mandate) = (other.siret.clone(), held.id.clone());
            let job = MailJob::Mandate { siret, other: offer.siret.clone(), mandate, event };
            draft.mail(&self.tools.outbox, &job)?;
        }
        Ok(())
    }
}

/// One more offer of the day to that establishment.
fn counted(own: &Siret, other: &Siret, now: Timestamp) -> Change {
    let day = utc_day(now);
    Change::new(
        Key::offers_of_day(own, other, day),
        "SET expires_at = :until ADD offers :one",
        "attribute_not_exists(offers) OR offers < :most",
    )
    .value("until", after(start_of_utc(day), OFFERS_RETENTION))
    .value("one", 1)
    .value("most", OFFERS_A_DAY_MAX)
}

fn held(own: &Space, other: &Space, offer: &Offer, tried: &Tried<'_>, now: Timestamp) -> HeldMandate {
    let (client, cabinet) = match offer.side {
        Side::Client => (own, other),
        Side::Cabinet => (other, own),
    };
    HeldMandate {
        id: tried.id.clone(),
        mandate: Mandate {
            client: client.siret.clone(),
            client_opening: client.opening,
            cabinet: cabinet.siret.clone(),
            cabinet_opening: cabinet.opening,
            scopes: offer.scopes,
            term: offer.term,
            slot: tried.slot,
            shown: ShownText::from(offer.text),
            offered_by: offer.side,
            offered_at: now,
            accepted_at: None,
            declined_at: None,
            ended_at: None,
            first_used_at: None,
        },
        client_name: client.name.clone(),
        cabinet_name: cabinet.name.clone(),
        contact: offer.contact.clone(),
    }
}

fn named(offer: &Offer, other: &Siret, id: MandateId) -> MandateName {
    let (client, cabinet) = match offer.side {
        Side::Client => (offer.siret.clone(), other.clone()),
        Side::Cabinet => (other.clone(), offer.siret.clone()),
    };
    MandateName { client, cabinet, id }
}

fn result(offer: &Offer, tried: Tried<'_>) -> Offered {
    tried.result.unwrap_or_else(|| Offered::Offered(named(offer, tried.other, tried.id)))
}

/// Notes what stands in the way of each: the same offer, a mandate in force, or one whose days the other slot
/// leaves free.
fn settle(offer: &Offer, tried: &mut [Tried<'_>], refused: &Refused) -> Result<(), TableError> {
    for (rank, tried) in tried.iter_mut().enumerate() {
        if refused.is_by(FURTHER_OFFER.of(rank)) {
            tried.result = Some(Offered::InTheWay);
        }
        let Some(row) = refused.standing(LIVE_KEY.of(rank)) else { continue };
        let term = rows::term_of(row)?;
        let is_same = term == offer.term
            && row.parsed("scopes", |scopes| Scopes::parse(scopes).ok_or(()))? == offer.scopes
            && row.parsed("offered_by", Side::parse)? == offer.side;
        tried.result = if !term.overlaps(offer.term) && tried.slot == Slot::First {
            tried.slot = Slot::Second;
            None
        } else if term.overlaps(offer.term) && row.is("is_accepted") {
            Some(Offered::AlreadyActive)
        } else if is_same {
            let id = row.parsed("mandate", |id| MandateId::parse(id).ok_or(()))?;
            Some(Offered::Offered(named(offer, tried.other, id)))
        } else {
            Some(Offered::InTheWay)
        };
    }
    Ok(())
}
