//! Mails of a mandate, to one of its sides.

use domain::journal::MandateEvent;
use domain::mail::Bounded;
use domain::time::Timestamp;
use domain::{Email, Mandate, MandateId, Side, Siret};
use platform::mandates::HeldMandate;
use platform::outbox::Leased;

use super::space::{find_space, holders};
use super::{Body, Draft, NoMail, check_address, count, nobody, superseded};
use crate::Sender;
use crate::render::{self, MandateNews};

/// What happened to a mandate: an offer to the address that it named, everything else to the holders.
pub(super) async fn news(
    sender: &Sender,
    leased: &Leased,
    (siret, other): (&Siret, &Siret),
    id: &MandateId,
    event: MandateEvent,
) -> Result<Draft, NoMail> {
    let (side, held) = find(sender, siret, other, id).await?;
    let HeldMandate { mandate, contact, .. } = &held;
    let space = find_space(sender, siret).await?;
    let opening = match side {
        Side::Client => mandate.client_opening,
        Side::Cabinet => mandate.cabinet_opening,
    };
    if opening != space.opening {
        return Err(superseded("the space was closed"));
    }
    if event == MandateEvent::Offered && !waits(mandate, sender.platform.clock.now()) {
        return Err(superseded("the offer is answered, or over"));
    }
    let contact = contact.as_ref().filter(|_| event == MandateEvent::Offered);
    let is_unproven = contact.is_some();
    let mut to = match contact {
        Some(contact) => {
            check_address(sender, leased, contact).await?;
            vec![contact.clone()]
        }
        None => holders(sender, leased, &space, None).await?,
    };
    if is_at_will(mandate, side, event) {
        let by = mandate.siret_of(side.other());
        to = within_quota(sender, leased, (to, is_unproven), (by, siret)).await?;
    }
    let at = moment_of(mandate, event).unwrap_or(leased.created_at);
    let (name, other_name) = (&space.name, held.name_of(side.other()));
    let news = MandateNews { event, side, mandate, name, other_name, at };
    let body = Body::Ready(render::mandate(&sender.platform.config.site, &news)?);
    Ok(Draft { to, is_unproven, reply_to: sender.agency.clone(), body })
}

/// A mandate, and the side on which the establishment is that is told.
async fn find(
    sender: &Sender,
    siret: &Siret,
    other: &Siret,
    id: &MandateId,
) -> Result<(Side, HeldMandate), NoMail> {
    for side in Side::ALL {
        if let Some(held) = sender.platform.mandates.find(side, siret, other, id).await? {
            return Ok((side, held));
        }
    }
    Err(nobody("no such mandate"))
}

/// Whether an offer can still be answered, as far as its own marks say.
fn waits(mandate: &Mandate, now: Timestamp) -> bool {
    let is_marked = [mandate.accepted_at, mandate.declined_at, mandate.ended_at].iter().any(Option::is_some);
    !is_marked && now < mandate.live_until()
}

/// Whether the other side alone causes such mails, as many as it likes: it offers, takes back, offers again.
fn is_at_will(mandate: &Mandate, told: Side, event: MandateEvent) -> bool {
    let is_theirs = mandate.offered_by != told && mandate.accepted_at.is_none();
    is_theirs && matches!(event, MandateEvent::Offered | MandateEvent::Ended)
}

fn moment_of(mandate: &Mandate, event: MandateEvent) -> Option<Timestamp> {
    match event {
        MandateEvent::Offered => Some(mandate.offered_at),
        MandateEvent::Accepted => mandate.accepted_at,
        MandateEvent::Declined => mandate.declined_at,
        MandateEvent::Ended => mandate.ended_at,
        MandateEvent::FirstUsed => mandate.first_used_at,
    }
}

/// The recipients who are within their quota of what an establishment causes.
async fn within_quota(
    sender: &Sender,
    leased: &Leased,
    (to, is_unproven): (Vec<Email>, bool),
    (by, other): (&Siret, &Siret),
) -> Result<Vec<Email>, NoMail> {
    let mut within = Vec::new();
    let mut ended = nobody("no recipient");
    for email in to {
        let bounded = if is_unproven {
            Bounded::MandateContact(&email, by)
        } else {
            Bounded::MandateOffer { to: &email, by, other }
        };
        match count(sender, leased, bounded).await {
            Ok(_) => within.push(email),
            Err(NoMail::Failed(error)) => return Err(NoMail::Failed(error)),
            Err(suppressed) => ended = suppressed,
        }
    }
    if within.is_empty() { Err(ended) } else { Ok(within) }
}
