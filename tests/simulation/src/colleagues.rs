//! Colleagues: they are invited, join, come back; the space goes on when its first holder leaves.

use std::rc::Rc;
use std::time::Duration;

use domain::Role;
use domain::membership::Change;
use fastrand::Rng;

use crate::known;
use crate::model::KnownInvitation;
use crate::people::{Credentials, Employer, LAST_NAME, MAIL_TIME_MAX, Person, mistyped};
use crate::requests::Invited;
use crate::visits::{Insider, Place, pause};
use crate::world::{Answer, World};

/// What follows after the first invitation.
const CHAPTERS_MAX: u32 = 3;
/// Invitations of one person, while no mail of them arrives.
const INVITATIONS_MAX: u32 = 2;
/// Looks at the list of invitations before a mistyped address is corrected.
const LOOKS_MAX: u32 = 6;
/// Nobody is a week late after that: mails are kept for a month.
const LATE_MS_MAX: u64 = 10 * DAY * 1_000;
/// Tells the generator of a house from those of its people.
const HOUSE_SALT: u64 = 77;
/// What comes before the token in the link of an invitation.
pub const INVITATION_PAGE: &str = "/invitation/#";
/// Seconds of an hour, and of a day.
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// The people of an establishment, as they know each other.
pub struct House {
    pub world: Rc<World>,
    pub siret: String,
    /// Who has opened the space, and opens it anew.
    pub employer: Employer,
    /// Everybody who is a member or was one, but those whose account is closed.
    pub people: Vec<Insider>,
    pub rng: Rng,
    named: u32,
}

/// Who is invited.
enum Guest {
    /// Without an account.
    New(Box<Person>, String),
    Known(Box<Insider>),
}

/// The life of an establishment after its first holder has got in.
pub async fn live(person: Person, credentials: Credentials) {
    let (world, employer) = (person.world.clone(), person.me.clone());
    let (siret, rng) = (employer.siret.clone(), Rng::with_seed(employer.seed.wrapping_add(HOUSE_SALT)));
    let mut house = House { world, siret, employer, people: Vec::new(), rng, named: 0 };
    Box::pin(house.settle(Insider::new(person, LAST_NAME.to_owned(), credentials))).await;
    Box::pin(house.welcome()).await;
    for _ in 0..house.rng.u32(1..=CHAPTERS_MAX) {
        house.publish();
        house.think(60, 2 * HOUR).await;
        house.chapter().await;
    }
    house.publish();
    Box::pin(house.end()).await;
}

impl House {
    pub async fn think(&mut self, seconds_min: u64, seconds_max: u64) {
        let millis = self.rng.u64(seconds_min * 1_000..seconds_max * 1_000);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    /// Somebody is at home here from now on.
    pub async fn settle(&mut self, mut insider: Insider) {
        insider.find_place(&self.siret).await;
        self.people.push(insider);
        self.publish();
    }

    /// Tells the others of the run of a holder whom they can deal with.
    pub fn publish(&self) {
        let holder = self.people.iter().find(|insider| insider.place == Place::Holder);
        let mut residents = self.world.residents.borrow_mut();
        match holder {
            Some(holder) => residents.insert(self.siret.clone(), holder.resident()),
            None => residents.remove(&self.siret),
        };
    }

    /// A number that no other name of this house has.
    pub fn next_number(&mut self) -> u32 {
        self.named += 1;
        self.named
    }

    /// Somebody in that place leaves the list, to be put back.
    pub fn take(&mut self, place: Place) -> Option<Insider> {
        let ranks = (0..self.people.len()).filter(|rank| self.people[*rank].place == place);
        let rank = self.rng.choice(ranks.collect::<Vec<_>>())?;
        Some(self.people.swap_remove(rank))
    }

    /// Two of them, or none.
    pub fn take_two(&mut self, first: Place, second: Place) -> Option<(Insider, Insider)> {
        let first = self.take(first)?;
        match self.take(second) {
            Some(second) => Some((first, second)),
            None => {
                self.people.push(first);
                None
            }
        }
    }

    /// Somebody whose own data nobody elsewhere relies on.
    pub fn take_own(&mut self) -> Option<Insider> {
        let ranks = (0..self.people.len()).filter(|rank| !self.people[*rank].is_guest);
        let rank = self.rng.choice(ranks.collect::<Vec<_>>())?;
        Some(self.people.swap_remove(rank))
    }

    async fn chapter(&mut self) {
        match self.rng.u8(0..14) {
            0 => Box::pin(self.welcome()).await,
            1..=3 => Box::pin(self.holders_at_once()).await,
            4 => Box::pin(self.roles()).await,
            5 => Box::pin(self.succession()).await,
            6 | 7 => Box::pin(self.second_invitation()).await,
            8 | 9 => Box::pin(self.address()).await,
            10 => Box::pin(self.sessions()).await,
            11 => Box::pin(self.heirs()).await,
            _ => Box::pin(self.mandates()).await,
        }
    }

    /// Somebody is invited, and joins as a rule.
    pub async fn welcome(&mut self) {
        let Some(mut inviter) = self.take(Place::Holder) else { return };
        let guest = self.guest();
        let role = if self.rng.u8(0..3) == 0 { Role::Holder } else { Role::Member };
        let invited = self.invite(&mut inviter, guest, role);
        let invited = Box::pin(invited).await;
        self.people.push(inviter);
        self.people.extend(invited);
    }

    /// A new colleague, now and then somebody who has left, or a holder of another establishment.
    fn guest(&mut self) -> Guest {
        if self.rng.u8(0..3) == 0
            && let Some(known) = self.take(Place::Nobody)
        {
            return Guest::Known(Box::new(known));
        }
        if self.rng.u8(0..4) == 0
            && let Some((_, known)) = self.neighbour()
        {
            return Guest::Known(Box::new(known));
        }
        let (person, last_name) = self.stranger();
        Guest::New(Box::new(person), last_name)
    }

    /// Somebody with a mailbox, and no account.
    pub fn stranger(&mut self) -> (Person, String) {
        let (rank, number) = (self.employer.rank, self.next_number());
        let me = Employer {
            email: format!("collegue{rank}.{number}@exemple.fr"),
            is_double: self.rng.u8(0..3) == 0,
            seed: self.rng.u64(..),
            ..self.employer.clone()
        };
        (Person::new(self.world.clone(), me), format!("Durand-{rank}-{number}"))
    }

    /// A holder of another establishment who is nobody here, and its SIRET.
    pub fn neighbour(&mut self) -> Option<(String, Insider)> {
        let residents = self.world.residents.borrow();
        let is_known =
            |identifier: &str| self.people.iter().any(|insider| insider.credentials.identifier == identifier);
        let others = residents
            .iter()
            .filter(|(siret, resident)| **siret != self.siret && !is_known(&resident.credentials.identifier));
        let others: Vec<_> = others.map(|(siret, resident)| (siret.clone(), resident.clone())).collect();
        drop(residents);
        let (siret, resident) = self.rng.choice(others)?;
        let neighbour = Insider::of(&self.world, &resident, &mut self.rng);
        Some((siret, neighbour))
    }

    /// Invites until a mail arrives, and lets the guest open its link. Gives who has an account then.
    async fn invite(&mut self, inviter: &mut Insider, mut guest: Guest, role: Role) -> Option<Insider> {
        for _ in 0..INVITATIONS_MAX {
            let (email, last_name) = (guest.person().me.email.clone(), guest.last_name().to_owned());
            let invited = Invited { to: &email, last_name: &last_name, role, is_successor: false };
            let known = guest.person().tokens_to(&email, INVITATION_PAGE);
            let Some(sent) = Box::pin(self.send(inviter, &invited)).await else { break };
            let token = guest.person_mut().wait_for_token(&email, INVITATION_PAGE, &known).await;
            let link = match token {
                Some(token) => known::invitation(&self.world, &token).await,
                None => None,
            };
            let Some(link) = link else {
                inviter.withdraw(&self.siret, sent).await;
                continue;
            };
            let is_late = self.rng.u8(0..12) == 0;
            if is_late && self.world.at_ms() < LATE_MS_MAX {
                guest.person_mut().think(7 * DAY - HOUR, 8 * DAY).await;
            }
            return match self.rng.u8(0..8) {
                0 => {
                    inviter.withdraw(&self.siret, sent).await;
                    pause().await;
                    guest.join(&self.siret, &link).await
                }
                1 => {
                    let siret = &*self.siret;
                    let withdrawn = Box::pin(inviter.withdraw(siret, sent));
                    let (_, joined) = tokio::join!(withdrawn, Box::pin(guest.join(siret, &link)));
                    joined
                }
                2 => {
                    // Whoever has sent it opens the link, with an account of another mailbox.
                    inviter.accept(&link).await;
                    guest.join(&self.siret, &link).await
                }
                _ => guest.join(&self.siret, &link).await,
            };
        }
        guest.known()
    }

    /// Sends an invitation; now and then to a mistyped address, which is corrected once its mail has come
    /// back, or after a while.
    async fn send(&mut self, inviter: &mut Insider, invited: &Invited<'_>) -> Option<usize> {
        if self.rng.u8(0..4) > 0 {
            return inviter.invite(&self.siret, invited).await;
        }
        // Nobody else mistypes it so.
        let to = mistyped(&format!("faute.{}", invited.to));
        let first = inviter.invite(&self.siret, &Invited { to: &to, ..invited.clone() }).await?;
        for _ in 0..LOOKS_MAX {
            self.think(30, 600).await;
            let seen = inviter.see().await;
            let id = self.world.model.borrow().id_of_invitation(first);
            if seen.is_none_or(|seen| is_bounced(&seen, id.as_deref())) {
                break;
            }
        }
        inviter.correct(&self.siret, first, invited.to).await
    }

    /// The link of an invitation of a member, once its mail is there.
    async fn link_for(
        &mut self,
        inviter: &mut Insider,
        member: &mut Insider,
        (role, is_successor): (Role, bool),
    ) -> Option<KnownInvitation> {
        let (email, last_name) = (member.person.me.email.clone(), member.last_name.clone());
        let known = member.person.tokens_to(&email, INVITATION_PAGE);
        let invited = Invited { to: &email, last_name: &last_name, role, is_successor };
        inviter.invite(&self.siret, &invited).await?;
        let token = member.person.wait_for_token(&email, INVITATION_PAGE, &known).await?;
        known::invitation(&self.world, &token).await
    }

    /// A member is invited once more: while something else changes, or before the membership ends.
    async fn second_invitation(&mut self) {
        let Some((mut holder, mut member)) = self.take_two(Place::Holder, Place::Member) else {
            return Box::pin(self.welcome()).await;
        };
        let siret = self.siret.clone();
        let link = Box::pin(self.link_for(&mut holder, &mut member, (Role::Member, false))).await;
        if let Some(link) = link {
            if self.rng.u8(0..3) > 0 {
                // An acceptance that changes nothing for its member has no entry in the journal.
                let number = self.next_number();
                let email = format!("absente{}.{number}@exemple.fr", self.employer.rank);
                let (to, last_name, role) = (&*email, "Absente", Role::Member);
                let invited = Invited { to, last_name, role, is_successor: false };
                member.cookie().await;
                holder.cookie().await;
                let accepted = Box::pin(member.accept(&link));
                let (_, sent) = tokio::join!(accepted, Box::pin(holder.invite(&siret, &invited)));
                if let Some(sent) = sent {
                    holder.withdraw(&siret, sent).await;
                }
            } else {
                holder.change_other(&siret, &member.named(), Change::Remove).await;
                pause().await;
                member.accept(&link).await;
            }
            pause().await;
            member.find_place(&siret).await;
        }
        holder.read_journal(&siret).await;
        self.people.extend([holder, member]);
    }

    /// A holder names who is to take over one day: on two devices at once, or while another holder demotes
    /// them; and now and then nobody after all.
    async fn heirs(&mut self) {
        let Some(mut holder) = self.take(Place::Holder) else { return };
        let siret = self.siret.clone();
        let (first, second) = (self.heir_name(), self.heir_name());
        holder.name_heir(&siret, Some(&first)).await;
        pause().await;
        holder.see().await;
        match self.take(Place::Holder) {
            Some(mut other) => {
                holder.cookie().await;
                other.cookie().await;
                let named = holder.named();
                let change = if self.rng.bool() { Change::Demote } else { Change::Suspend };
                let _ = tokio::join!(
                    Box::pin(holder.name_heir(&siret, Some(&second))),
                    Box::pin(other.change_other(&siret, &named, change))
                );
                pause().await;
                other.see().await;
                let back = if change == Change::Demote { Change::Promote } else { Change::Resume };
                other.change_other(&siret, &named, back).await;
                self.people.push(other);
            }
            None => {
                let mut device = holder.another();
                holder.cookie().await;
                device.cookie().await;
                let _ = tokio::join!(
                    Box::pin(holder.name_heir(&siret, None)),
                    Box::pin(device.name_heir(&siret, Some(&second)))
                );
            }
        }
        pause().await;
        holder.see().await;
        holder.find_place(&siret).await;
        self.people.push(holder);
    }

    fn heir_name(&mut self) -> String {
        let number = self.next_number();
        format!("Releve-{}-{number}", self.employer.rank)
    }

    /// A successor is invited, and the inviter leaves by the acceptance, or at the same time.
    async fn succession(&mut self) {
        let Some((mut holder, mut member)) = self.take_two(Place::Holder, Place::Member) else {
            return Box::pin(self.welcome()).await;
        };
        let siret = self.siret.clone();
        let link = Box::pin(self.link_for(&mut holder, &mut member, (Role::Holder, true))).await;
        if let Some(link) = link {
            if self.rng.u8(0..3) == 0 {
                let accepted = Box::pin(member.accept(&link));
                tokio::join!(accepted, Box::pin(holder.leave(&siret)));
            } else {
                member.accept(&link).await;
            }
            pause().await;
            member.find_place(&siret).await;
            holder.find_place(&siret).await;
        }
        self.people.extend([holder, member]);
    }
}

/// Whether the list of invitations says that the mail of one has come back.
fn is_bounced(seen: &Answer, id: Option<&str>) -> bool {
    let establishments = seen.body["establishments"].as_array().into_iter().flatten();
    let listed = establishments.filter_map(|shown| shown["invitations"].as_array()).flatten();
    let mut bounced = listed.filter(|shown| shown["state"] == "bounced");
    bounced.any(|shown| shown["invitation"].as_str() == id)
}

impl Guest {
    fn person(&self) -> &Person {
        match self {
            Self::New(person, _) => person,
            Self::Known(insider) => &insider.person,
        }
    }

    fn person_mut(&mut self) -> &mut Person {
        match self {
            Self::New(person, _) => person,
            Self::Known(insider) => &mut insider.person,
        }
    }

    fn last_name(&self) -> &str {
        match self {
            Self::New(_, last_name) => last_name,
            Self::Known(insider) => &insider.last_name,
        }
    }

    /// Who has an account already.
    fn known(self) -> Option<Insider> {
        match self {
            Self::New(..) => None,
            Self::Known(insider) => Some(*insider),
        }
    }

    /// Opens the link, and accepts: with the account, or with a new one.
    async fn join(self, siret: &str, link: &KnownInvitation) -> Option<Insider> {
        self.person().show_invitation(link).await;
        let mut insider = match self {
            Self::New(person, last_name) => Box::pin(join_anew(*person, last_name, link)).await?,
            Self::Known(mut insider) => {
                Box::pin(insider.accept(link)).await;
                *insider
            }
        };
        insider.person.show_invitation(link).await;
        pause().await;
        Box::pin(insider.find_place(siret)).await;
        Some(insider)
    }
}

/// Accepts with a new account, now and then on two devices at once.
pub async fn join_anew(mut person: Person, last_name: String, link: &KnownInvitation) -> Option<Insider> {
    let password = person.new_password();
    let accepted = if person.rng.u8(0..3) == 0 {
        let other = person.another();
        let (first, second) = tokio::join!(
            Box::pin(person.accept_anew(link, &password)),
            Box::pin(other.accept_anew(link, &password))
        );
        first.filter(|(_, answer)| answer.status == 200).or(second)
    } else {
        Box::pin(person.accept_anew(link, &password)).await
    };
    let (who, answer) = accepted?;
    let identifier = match answer.body["identifier"].as_str() {
        Some(identifier) => identifier.to_owned(),
        // Used: perhaps by an attempt whose answer was lost. A mail tells the identifier then.
        None if answer.status == 410 => {
            let identifier = wait_for_identifier(&mut person).await?;
            person.world.model.borrow_mut().name_account(who, &identifier);
            identifier
        }
        None => return None,
    };
    let mut insider = Insider::new(person, last_name, Credentials { identifier, password });
    insider.goes_on_with(answer.cookie());
    Some(insider)
}

/// The identifier of a new account, by the mail that welcomes it.
async fn wait_for_identifier(person: &mut Person) -> Option<String> {
    let asked = tokio::time::Instant::now();
    while asked.elapsed() < MAIL_TIME_MAX {
        person.think(5, 90).await;
        let told = person.mails_to(&person.me.email).into_iter().filter(|text| text.contains("est actif."));
        let mut lines = told.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        if let Some(identifier) = lines.find(|line| line.starts_with("AP-")) {
            return Some(identifier);
        }
    }
    None
}
