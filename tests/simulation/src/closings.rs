//! Closings: of an account, and of a space, which the same employer opens anew.

use domain::Role;
use domain::membership::Change;

use crate::colleagues::{House, INVITATION_PAGE, join_anew};
use crate::known;
use crate::model::KnownInvitation;
use crate::people::{Employer, End, LAST_NAME, Person};
use crate::requests::Invited;
use crate::visits::{Insider, Place, pause};

/// Seconds of a day.
const DAY: u64 = 24 * 3_600;

impl House {
    /// How the life of an establishment ends: as it is, without one of its people, or closed and opened anew.
    pub async fn end(&mut self) {
        match self.rng.u8(0..8) {
            0 | 1 => {}
            2 => Box::pin(self.close_account()).await,
            _ => Box::pin(self.close_and_open_anew()).await,
        }
    }

    async fn close_account(&mut self) {
        let Some(mut insider) = self.take_own() else { return };
        let (siret, mut device) = (self.siret.clone(), insider.another());
        device.cookie().await;
        insider.cookie().await;
        let closed = Box::pin(insider.close_account());
        let _ = tokio::join!(closed, Box::pin(device.access(&siret)));
        pause().await;
        // Closed or not: what the account may do then is judged.
        if device.find_place(&siret).await != Place::Nobody {
            self.people.push(device);
        }
        self.publish();
    }

    async fn close_and_open_anew(&mut self) {
        let Some(mut holder) = self.take(Place::Holder) else { return };
        let siret = self.siret.clone();
        if self.rng.u8(0..3) == 0 {
            // Perhaps over another holder's head.
            Box::pin(holder.close_space(&siret)).await;
        }
        for other in self.people.iter().filter(|insider| insider.place == Place::Holder) {
            Box::pin(holder.change_other(&siret, &other.named(), Change::Demote)).await;
        }
        let invited = if self.rng.bool() { Box::pin(self.invited(&mut holder)).await } else { None };
        Box::pin(holder.close_space(&siret)).await;
        pause().await;
        let is_closed = Box::pin(holder.find_place(&siret)).await == Place::Nobody;
        for insider in &mut self.people {
            Box::pin(insider.find_place(&siret)).await;
        }
        if let Some((person, last_name, link)) = invited {
            let joined = Box::pin(join_anew(person, last_name, &link)).await;
            self.people.extend(joined);
        }
        let email = holder.person.me.email.clone();
        let is_founder = !holder.is_guest && holder.last_name == LAST_NAME;
        if is_founder && self.rng.u8(0..3) == 0 {
            Box::pin(holder.close_account()).await;
        }
        self.people.push(holder);
        self.publish();
        if is_closed {
            let email = if is_founder { email } else { self.employer.email.clone() };
            Box::pin(self.open_anew(email)).await;
        }
    }

    /// Somebody who is invited, and whose link nobody has opened yet.
    async fn invited(&mut self, holder: &mut Insider) -> Option<(Person, String, KnownInvitation)> {
        let (mut person, last_name) = self.stranger();
        let email = person.me.email.clone();
        let invited = Invited { to: &email, last_name: &last_name, role: Role::Member, is_successor: false };
        holder.invite(&self.siret, &invited).await?;
        let token = person.wait_for_token(&email, INVITATION_PAGE, &[]).await?;
        let link = known::invitation(&self.world, &token).await?;
        Some((person, last_name, link))
    }

    /// The same employer applies once more; whoever was a member before is none.
    async fn open_anew(&mut self, email: String) {
        self.think(60, 2 * DAY).await;
        let me = Employer { email, seed: self.rng.u64(..), ..self.employer.clone() };
        let mut person = Person::new(self.world.clone(), me);
        let credentials = match Box::pin(person.get_in()).await {
            Some(End::In(credentials)) => credentials,
            Some(End::Told) => return,
            None => return person.is_kept_out(),
        };
        let founder = Insider::new(person, LAST_NAME.to_owned(), credentials);
        Box::pin(self.settle(founder)).await;
        let siret = self.siret.clone();
        for insider in &mut self.people {
            Box::pin(insider.find_place(&siret)).await;
        }
        Box::pin(self.welcome()).await;
    }
}
