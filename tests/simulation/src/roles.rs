//! Roles: holders decide who else does, suspend somebody in the middle of a visit, and all leave at once.

use domain::membership::Change;

use crate::colleagues::House;
use crate::requests::Named;
use crate::visits::{Insider, Place, pause};
use crate::world::Answer;

/// The ways in which a holder ceases to be one, or another.
const WAYS: u8 = 6;
/// The last of them: with the account.
const BY_CLOSING: u8 = WAYS - 1;

impl House {
    /// A member is suspended in the middle of a visit on two devices, comes back, and becomes a holder.
    pub async fn roles(&mut self) {
        let Some((mut holder, mut member)) = self.take_two(Place::Holder, Place::Member) else {
            return Box::pin(self.welcome()).await;
        };
        let siret = self.siret.clone();
        let mut device = member.another();
        holder.cookie().await;
        member.cookie().await;
        device.cookie().await;
        let named = member.named();
        let _ = tokio::join!(
            Box::pin(holder.change_other(&siret, &named, Change::Suspend)),
            Box::pin(member.access(&siret)),
            Box::pin(device.access(&siret))
        );
        pause().await;
        member.access(&siret).await;
        device.see().await;
        if self.rng.u8(0..4) == 0 {
            // A suspended member can leave.
            member.leave(&siret).await;
        } else {
            holder.change_other(&siret, &named, Change::Resume).await;
            pause().await;
            device.access(&siret).await;
            holder.change_other(&siret, &named, Change::Promote).await;
            pause().await;
            member.access(&siret).await;
            self.think(10, 3_600).await;
            if self.rng.bool() {
                Box::pin(leave_beside_suspended(&mut holder, &mut member, &siret)).await;
            } else {
                let other = holder.named();
                member.change_other(&siret, &other, Change::Demote).await;
            }
        }
        pause().await;
        holder.find_place(&siret).await;
        member.find_place(&siret).await;
        self.people.extend([holder, member]);
    }

    /// All holders leave at once, or make each other leave, from two devices of two people. One stays.
    pub async fn holders_at_once(&mut self) {
        if self.people.iter().filter(|insider| insider.place == Place::Holder).count() < 2 {
            Box::pin(self.promote()).await;
        }
        let Some((mut one, mut other)) = self.take_two(Place::Holder, Place::Holder) else { return };
        let siret = self.siret.clone();
        one.cookie().await;
        other.cookie().await;
        let (of_one, of_other) = (self.way(&one), self.way(&other));
        let (named_one, named_other) = (one.named(), other.named());
        let (_, _) = tokio::join!(
            Box::pin(step_down(&mut one, &siret, &named_other, of_one)),
            Box::pin(step_down(&mut other, &siret, &named_one, of_other))
        );
        pause().await;
        for (mut insider, way) in [(one, of_one), (other, of_other)] {
            insider.find_place(&siret).await;
            // An account that is closed is nobody's any more.
            if way != BY_CLOSING || insider.place != Place::Nobody {
                self.people.push(insider);
            }
        }
    }

    fn way(&mut self, insider: &Insider) -> u8 {
        let ways = if insider.is_guest { BY_CLOSING } else { WAYS };
        self.rng.u8(0..ways)
    }

    async fn promote(&mut self) {
        let Some((mut holder, mut member)) = self.take_two(Place::Holder, Place::Member) else {
            return Box::pin(self.welcome()).await;
        };
        holder.change_other(&self.siret, &member.named(), Change::Promote).await;
        pause().await;
        member.find_place(&self.siret).await;
        self.people.extend([holder, member]);
    }
}

/// A suspended holder counts for nothing: the other one is the last, and stays.
async fn leave_beside_suspended(holder: &mut Insider, member: &mut Insider, siret: &str) {
    let named = member.named();
    holder.change_other(siret, &named, Change::Suspend).await;
    pause().await;
    holder.leave(siret).await;
    pause().await;
    holder.change_other(siret, &named, Change::Resume).await;
}

async fn step_down(insider: &mut Insider, siret: &str, other: &Named, way: u8) -> Option<Answer> {
    match way {
        0 => insider.leave(siret).await,
        1 => insider.change_other(siret, other, Change::Demote).await,
        2 => {
            let own = insider.named();
            insider.change_other(siret, &own, Change::Demote).await
        }
        3 => insider.change_other(siret, other, Change::Suspend).await,
        4 => insider.change_other(siret, other, Change::Remove).await,
        _ => insider.close_account().await,
    }
}
