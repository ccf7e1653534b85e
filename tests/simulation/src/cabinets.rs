//! Cabinets: mandates are offered, answered, used from several sessions, and ended in the middle of it.

use domain::mandate::Transition;
use domain::time::{Date, SignedDuration, after, paris_day};
use domain::{Scope, Scopes, Side};
use testkit::form::siret;

use crate::colleagues::House;
use crate::known;
use crate::requests::{self, Offered};
use crate::visits::{Insider, Place, pause};

/// How often a house waits for others to be there.
const WAITS_MAX: u32 = 3;
/// Days from today to the last one of a mandate, at the most. Today may be over when it is offered.
const DAYS_MAX: i64 = 20;
/// Uses of a mandate before somebody ends it, by each session.
const USES_MAX: u32 = 3;
/// The rank of an establishment that nobody opens.
const NOWHERE: u64 = 9_998;

/// Both sides of a mandate, each with a holder.
struct Sides<'a> {
    client: (&'a str, &'a mut Insider),
    cabinet: (&'a str, &'a mut Insider),
}

impl<'a> Sides<'a> {
    fn of(&mut self, side: Side) -> (&'a str, &mut Insider) {
        match side {
            Side::Client => (self.client.0, &mut *self.client.1),
            Side::Cabinet => (self.cabinet.0, &mut *self.cabinet.1),
        }
    }
}

impl House {
    /// A mandate with another establishment, from its offer on.
    pub async fn mandates(&mut self) {
        let Some(mut own) = self.take(Place::Holder) else { return };
        let mut found = self.neighbour();
        for _ in 0..WAITS_MAX {
            if found.is_some() {
                break;
            }
            self.think(600, 3_600).await;
            found = self.neighbour();
        }
        if let Some((other, mut theirs)) = found {
            let siret = self.siret.clone();
            let (siret, other) = (siret.as_str(), other.as_str());
            let own_side = if self.rng.bool() { Side::Client } else { Side::Cabinet };
            let sides = match own_side {
                Side::Client => Sides { client: (siret, &mut own), cabinet: (other, &mut theirs) },
                Side::Cabinet => Sides { client: (other, &mut theirs), cabinet: (siret, &mut own) },
            };
            Box::pin(self.agree(sides)).await;
        }
        own.find_place(&self.siret).await;
        self.people.push(own);
    }

    async fn agree(&mut self, mut sides: Sides<'_>) {
        let offered = if self.rng.u8(0..4) == 0 {
            Box::pin(self.offer_list(&mut sides)).await
        } else {
            Box::pin(self.offer(&mut sides)).await
        };
        let Some((name, offered_by)) = offered else { return };
        let Some(mandate) = requests::mandate(&self.world, &name).await else { return };
        let (answers, by) = match self.rng.u8(0..8) {
            0 | 1 => (Transition::Decline, offered_by.other()),
            2 => (Transition::End, offered_by),
            _ => (Transition::Accept, offered_by.other()),
        };
        self.think(1, 3_600).await;
        let (siret, insider) = sides.of(by);
        let answer = Box::pin(insider.answer(siret, (mandate, &*name), answers)).await;
        if answers == Transition::Accept && answer.is_some_and(|answer| answer.status == 200) {
            Box::pin(self.use_and_end(&mut sides, (mandate, &*name))).await;
        }
        for side in Side::ALL {
            let (siret, insider) = sides.of(side);
            Box::pin(insider.list_mandates(siret, side)).await;
        }
    }

    /// The first and the last day of a mandate that can be used today.
    fn days(&mut self) -> (Date, Date) {
        let now = self.world.now();
        let day = |days: i64| paris_day(after(now, SignedDuration::from_hours(24 * days)));
        (day(-self.rng.i64(0..3)), day(self.rng.i64(1..DAYS_MAX)))
    }

    fn scopes(&mut self) -> Scopes {
        let drawn: Scopes = Scope::ALL.into_iter().filter(|_| self.rng.bool()).collect();
        if drawn.is_empty() { Scopes::all() } else { drawn }
    }

    /// One side offers, now and then both at once. Gives the mandate's name, and who has offered it.
    async fn offer(&mut self, sides: &mut Sides<'_>) -> Option<(String, Side)> {
        let ((from, until), scopes) = (self.days(), self.scopes());
        let side = if self.rng.bool() { Side::Client } else { Side::Cabinet };
        let is_at_once = self.rng.u8(0..4) == 0;
        let Sides { client: (client, of_client), cabinet: (cabinet, of_cabinet) } = sides;
        let (client, cabinet) = (*client, *cabinet);
        let contact = of_cabinet.person.me.email.clone();
        let by_client =
            Offered { side: Side::Client, other: cabinet, contact: Some(&contact), scopes, from, until };
        let by_cabinet = Offered { side: Side::Cabinet, other: client, contact: None, ..by_client.clone() };
        let name = if is_at_once {
            let (first, second) = tokio::join!(
                Box::pin(of_client.offer(client, &by_client)),
                Box::pin(of_cabinet.offer(cabinet, &by_cabinet))
            );
            first.or(second)
        } else if side == Side::Client {
            Box::pin(of_client.offer(client, &by_client)).await
        } else {
            Box::pin(of_cabinet.offer(cabinet, &by_cabinet)).await
        };
        let name = name?;
        let known = known::mandate(&self.world, &name).await?;
        Some((name, known.offered_by))
    }

    /// The cabinet offers to every establishment of a list, and the client finds the offer.
    async fn offer_list(&mut self, sides: &mut Sides<'_>) -> Option<(String, Side)> {
        let days = self.days();
        let mut list: Vec<String> = (0..self.world.plan.establishments as u64).map(siret).collect();
        list.extend([siret(NOWHERE), "732 829".to_owned()]);
        let (cabinet, of_cabinet) = sides.of(Side::Cabinet);
        Box::pin(of_cabinet.offer_many(cabinet, &list, days)).await?;
        pause().await;
        let (client, of_client) = sides.of(Side::Client);
        let listed = Box::pin(of_client.list_mandates(client, Side::Client)).await?;
        let mut found = None;
        for shown in listed.body["mandates"].as_array().into_iter().flatten() {
            let name = shown["mandate"].as_str().unwrap_or_default();
            requests::mandate(&self.world, name).await;
            if shown["state"] == "offered" && shown["siret"].as_str() == Some(cabinet) {
                let by_client = shown["offered_by"] == "client";
                found = Some((name.to_owned(), if by_client { Side::Client } else { Side::Cabinet }));
            }
        }
        found
    }

    /// The cabinet acts from two open sessions, until one of the sides ends the mandate, as a rule.
    async fn use_and_end(&mut self, sides: &mut Sides<'_>, (mandate, name): (usize, &str)) {
        let client = sides.client.0;
        let mut device = sides.cabinet.1.another();
        device.cookie().await;
        for _ in 0..self.rng.u32(1..=USES_MAX) {
            self.think(4, 3_600).await;
            Box::pin(sides.cabinet.1.access(client)).await;
            Box::pin(device.access(client)).await;
        }
        if self.rng.u8(0..4) == 0 {
            return;
        }
        let by = if self.rng.u8(0..3) == 0 { Side::Cabinet } else { Side::Client };
        let (siret, insider) = sides.of(by);
        let ended = Box::pin(insider.answer(siret, (mandate, name), Transition::End));
        let _ = tokio::join!(ended, Box::pin(device.access(client)));
        pause().await;
        Box::pin(device.access(client)).await;
        Box::pin(sides.cabinet.1.access(client)).await;
    }
}
