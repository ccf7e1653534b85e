//! A person's own data: another address, the way back from a thief's, another password, sessions that end.

use crate::colleagues::House;
use crate::known;
use crate::model::KnownChange;
use crate::visits::{Insider, pause};

/// What comes before the token in the links of a change of address.
pub const ADDRESS_PAGE: &str = "/adresse/#";
/// Seconds of the hour in which a change is confirmed, and of a day.
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

impl House {
    /// Somebody changes their address, or a thief does it for them.
    pub async fn address(&mut self) {
        let Some(mut insider) = self.take_own() else { return };
        let number = self.next_number();
        let is_lost = if self.rng.bool() {
            let moves = Box::pin(insider.moves(number));
            moves.await;
            false
        } else {
            Box::pin(insider.is_robbed(number)).await
        };
        // Whoever cannot take the account back is never seen again.
        if !is_lost {
            insider.find_place(&self.siret).await;
            self.people.push(insider);
        }
    }

    /// Somebody chooses another password, or ends the session of another device.
    pub async fn sessions(&mut self) {
        let Some(mut insider) = self.take_own() else { return };
        let siret = self.siret.clone();
        let mut device = insider.another();
        if let (Some(_), Some(other)) = (insider.cookie().await, device.cookie().await) {
            insider.see().await;
            match self.rng.u8(0..3) {
                0 => {
                    insider.set_password().await;
                    device.credentials = insider.credentials.clone();
                    pause().await;
                    device.access(&siret).await;
                }
                1 => {
                    insider.end_session(&other).await;
                    pause().await;
                    device.person.look(&other).await;
                }
                _ => {
                    let ended = Box::pin(insider.end_session(&other));
                    let _ = tokio::join!(ended, Box::pin(device.access(&siret)));
                    pause().await;
                    device.person.look(&other).await;
                }
            }
            insider.see().await;
        }
        insider.find_place(&siret).await;
        self.people.push(insider);
    }
}

impl Insider {
    /// Asks for another address and confirms it; now and then too late, or after another password was chosen;
    /// now and then the way back is taken after all.
    async fn moves(&mut self, number: u32) {
        let (former, new) = (self.person.me.email.clone(), self.mailbox("nouvelle", number));
        let earlier = self.person.tokens_to(&former, ADDRESS_PAGE);
        let Some(confirmation) = self.asks_for(&new).await else { return };
        match self.person.rng.u8(0..8) {
            0 => self.person.think(HOUR, 2 * HOUR).await,
            1 => {
                self.set_password().await;
                pause().await;
            }
            _ => {}
        }
        let mut device = self.another();
        device.cookie().await;
        if self.person.rng.u8(0..3) == 0 {
            let first = Box::pin(self.person.confirm(&confirmation));
            let _ = tokio::join!(first, Box::pin(device.person.confirm(&confirmation)));
        } else {
            Box::pin(self.person.confirm(&confirmation)).await;
        }
        pause().await;
        // The sessions of before are over.
        device.see().await;
        self.learns_address().await;
        if self.person.rng.u8(0..3) == 0 {
            self.person.think(60, DAY).await;
            if let Some(back) = self.way_back(&former, &earlier).await {
                self.takes_back(&back).await;
            }
        }
    }

    /// A thief who knows the password changes the address twice, would close the account, and takes a way
    /// back against the owner's. Whether the account is lost.
    async fn is_robbed(&mut self, number: u32) -> bool {
        let former = self.person.me.email.clone();
        let earlier = self.person.tokens_to(&former, ADDRESS_PAGE);
        let (mut thief, hideout) = (self.another(), self.mailbox("voleuse", number));
        thief.person.me.email.clone_from(&hideout);
        let Some(first) = thief.asks_for(&hideout).await else { return false };
        Box::pin(thief.person.confirm(&first)).await;
        pause().await;
        let second = thief.mailbox("cachette", number);
        let confirmation = thief.asks_for(&second).await;
        if let Some(confirmation) = &confirmation {
            Box::pin(thief.person.confirm(confirmation)).await;
        }
        match self.person.rng.u8(0..4) {
            0 => thief.set_password().await,
            1 | 2 => Box::pin(thief.close_account()).await,
            _ => None,
        };
        self.person.think(600, 2 * DAY).await;
        let Some(back) = self.way_back(&former, &earlier).await else { return true };
        if !self.takes_back(&back).await {
            return true;
        }
        // The notice of the second change went to the thief.
        if confirmation.is_some()
            && let Some(against) = thief.way_back(&hideout, std::slice::from_ref(&first.token)).await
        {
            Box::pin(thief.person.restore(&against)).await;
            pause().await;
            self.see().await;
        }
        false
    }

    fn mailbox(&self, kind: &str, number: u32) -> String {
        format!("{kind}{}.{number}@exemple.fr", self.person.me.rank)
    }

    /// Asks for an address, and gives the link that confirms it.
    async fn asks_for(&mut self, address: &str) -> Option<KnownChange> {
        let known = self.person.tokens_to(address, ADDRESS_PAGE);
        Box::pin(self.ask_address(address)).await.filter(|answer| answer.status == 202)?;
        let token = self.person.wait_for_token(address, ADDRESS_PAGE, &known).await?;
        known::change(&self.person.world, &token).await
    }

    /// The way back that was mailed to an address.
    async fn way_back(&mut self, address: &str, known: &[String]) -> Option<KnownChange> {
        let token = self.person.wait_for_token(address, ADDRESS_PAGE, known).await?;
        known::change(&self.person.world, &token).await.filter(|change| !change.is_confirmation)
    }

    /// Takes a way back, and chooses a new password by the mail that follows. Whether it served.
    async fn takes_back(&mut self, back: &KnownChange) -> bool {
        let restored = Box::pin(self.person.restore(back)).await;
        // Used: perhaps by an attempt whose answer was lost.
        let is_back = restored.is_some_and(|answer| answer.status == 200 || answer.problem() == "link-used");
        if is_back {
            self.person.me.email.clone_from(&back.former);
            pause().await;
            // Neither a session of before nor the password serves.
            self.see().await;
            Box::pin(self.person.forget(&mut self.credentials)).await;
            self.who = self.person.world.model.borrow_mut().who(&self.credentials.identifier);
        }
        is_back
    }

    /// The address as «Mon espace» has it.
    async fn learns_address(&mut self) {
        let seen = self.see().await;
        if let Some(address) = seen.as_ref().and_then(|seen| seen.body["me"]["email"].as_str()) {
            self.person.me.email = address.to_owned();
        }
    }
}
