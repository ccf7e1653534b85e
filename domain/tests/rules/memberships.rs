//! Tests of memberships: what each change does, and that no order of changes loses the last active holder.

use std::collections::HashSet;

use domain::invitation::{Acceptance, Acceptor, InvitationState, Inviter, Offer, invitation_token};
use domain::membership::{
    Change, Effect, HOLDERS_MIN, MEMBERS_MAX, PRESENCE_PERIOD, PRESENCE_VALID, Presence, check_closing,
    presence_token,
};
use domain::time::{SignedDuration, Timestamp, after};
use domain::{
    Email, FieldCode, FullName, Identifier, Invitation, MailId, Member, MemberId, MemberState, Membership,
    Name, Opening, Openings, Refusal, Role, SecretKey, Siret,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common;

const HOLDER: Membership = Membership::active(Role::Holder);
const MEMBER: Membership = Membership::active(Role::Member);
const SUSPENDED_HOLDER: Membership = Membership { role: Role::Holder, state: MemberState::Suspended };
const SUSPENDED_MEMBER: Membership = Membership { role: Role::Member, state: MemberState::Suspended };

#[test]
fn the_limits_are_those_that_pages_and_conditions_state() {
    assert_eq!((HOLDERS_MIN, MEMBERS_MAX), (1, 200));
    assert_eq!(PRESENCE_PERIOD, SignedDuration::from_secs(365 * 86_400));
    assert_eq!(PRESENCE_VALID, SignedDuration::from_secs(60 * 86_400));
}

#[test]
fn roles_and_states_have_the_names_of_the_contract() {
    assert_eq!(Role::ALL.map(Role::as_str), ["holder", "member"]);
    assert_eq!(Role::ALL.map(Role::label), ["titulaire", "utilisateur"]);
    assert_eq!(MemberState::ALL.map(MemberState::as_str), ["active", "suspended"]);
    assert_eq!(Role::parse("Holder"), Err(FieldCode::RoleUnknown));
    assert_eq!(MemberState::parse("removed"), Err(FieldCode::MemberStateUnknown));
}

#[test]
fn an_active_holder_counts_and_nobody_else() {
    let all = [HOLDER, MEMBER, SUSPENDED_HOLDER, SUSPENDED_MEMBER];
    assert_eq!(all.map(Membership::is_active_holder), [true, false, false, false]);
    assert_eq!(all.map(Membership::is_active), [true, true, false, false]);
}

#[test]
fn each_change_does_this_to_each_membership() {
    use Change::{Demote, Leave, Promote, Remove, Resume, Suspend};
    let expected = [
        (HOLDER, Leave, None, -1),
        (HOLDER, Remove, None, -1),
        (HOLDER, Promote, Some(HOLDER), 0),
        (HOLDER, Demote, Some(MEMBER), -1),
        (HOLDER, Suspend, Some(SUSPENDED_HOLDER), -1),
        (HOLDER, Resume, Some(HOLDER), 0),
        (MEMBER, Leave, None, 0),
        (MEMBER, Remove, None, 0),
        (MEMBER, Promote, Some(HOLDER), 1),
        (MEMBER, Demote, Some(MEMBER), 0),
        (MEMBER, Suspend, Some(SUSPENDED_MEMBER), 0),
        (MEMBER, Resume, Some(MEMBER), 0),
        (SUSPENDED_HOLDER, Leave, None, 0),
        (SUSPENDED_HOLDER, Remove, None, 0),
        (SUSPENDED_HOLDER, Promote, Some(SUSPENDED_HOLDER), 0),
        (SUSPENDED_HOLDER, Demote, Some(SUSPENDED_MEMBER), 0),
        (SUSPENDED_HOLDER, Suspend, Some(SUSPENDED_HOLDER), 0),
        (SUSPENDED_HOLDER, Resume, Some(HOLDER), 1),
        (SUSPENDED_MEMBER, Leave, None, 0),
        (SUSPENDED_MEMBER, Remove, None, 0),
        (SUSPENDED_MEMBER, Promote, Some(SUSPENDED_HOLDER), 0),
        (SUSPENDED_MEMBER, Demote, Some(SUSPENDED_MEMBER), 0),
        (SUSPENDED_MEMBER, Suspend, Some(SUSPENDED_MEMBER), 0),
        (SUSPENDED_MEMBER, Resume, Some(MEMBER), 0),
    ];
    for (before, change, after, added) in expected {
        let effect = before.change(change);
        assert_eq!(effect, Effect { before: Some(before), after }, "{before:?} {change:?}");
        assert_eq!(effect.holders_added(), added, "{before:?} {change:?}");
        assert_eq!(effect.ends_a_holder(), added < 0);
        assert_eq!(effect.is_change(), after != Some(before));
    }
}

#[test]
fn the_last_holder_cannot_go_and_the_one_before_can() {
    for change in [Change::Leave, Change::Remove, Change::Demote, Change::Suspend] {
        assert_eq!(HOLDER.change(change).count(1), Err(Refusal::LastHolder), "{change:?}");
        assert_eq!(HOLDER.change(change).count(2), Ok(1), "{change:?}");
    }
    assert_eq!(MEMBER.change(Change::Leave).count(1), Ok(1));
    assert_eq!(SUSPENDED_HOLDER.change(Change::Leave).count(1), Ok(1));
    assert_eq!(SUSPENDED_HOLDER.change(Change::Resume).count(1), Ok(2));
    assert_eq!(Effect::join(Role::Holder).count(1), Ok(2));
    assert_eq!(Effect::join(Role::Member).count(1), Ok(1));
}

#[test]
fn a_role_or_a_state_asked_for_is_a_change() {
    assert_eq!(Role::ALL.map(Change::to_role), [Change::Promote, Change::Demote]);
    assert_eq!(MemberState::ALL.map(Change::to_state), [Change::Resume, Change::Suspend]);
    assert_eq!([true, false].map(Change::end), [Change::Leave, Change::Remove]);
}

#[test]
fn a_space_is_closed_by_its_last_holder_alone() {
    assert_eq!(check_closing(0), Err(Refusal::SpaceClosed));
    assert_eq!(check_closing(1), Ok(()));
    assert_eq!(check_closing(2), Err(Refusal::OtherHolders));
}

#[test]
fn a_member_is_one_in_the_opening_in_which_they_joined() {
    let member = Member { siret: siret(), opening: Opening::FIRST, membership: HOLDER };
    let open_in = |opening: Opening| -> Openings { [(siret(), opening)].into_iter().collect() };
    assert_eq!(member.current(&open_in(Opening::FIRST)), Some(HOLDER));
    assert_eq!(member.current(&open_in(Opening::FIRST.next())), None);
    assert_eq!(member.current(&Openings::default()), None, "nothing was read");
    assert_eq!((Opening::FIRST, Opening::FIRST.next().to_string()), (Opening(1), "2".to_owned()));
}

#[test]
fn a_member_id_tells_nothing_of_the_identifier_and_is_another_in_each_establishment() {
    let key = SecretKey::new("key");
    let (here, there) = (siret(), Siret::parse("35600000009075").unwrap());
    let one = Identifier::parse("AP-7K3M-Q2FD").unwrap();
    let other = Identifier::from_random([1; 7]);
    let ids = [
        MemberId::of(&key, &here, &one),
        MemberId::of(&key, &there, &one),
        MemberId::of(&key, &here, &other),
        MemberId::of(&SecretKey::new("another"), &here, &one),
    ];
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert_eq!(ids[0], MemberId::of(&key, &here, &one));
    for id in &ids {
        assert_eq!(MemberId::parse(id.as_str()).as_ref(), Some(id));
        assert!(!id.as_str().contains("7k3m") && id.as_str().len() == 16, "{id}");
    }
}

#[test]
fn what_was_never_printed_is_no_member_id() {
    let printed = MemberId::from_bytes([7; 16]).to_string();
    assert_eq!(printed, "7".repeat(16));
    for typed in
        ["", "777777777777777", "77777777777777777", "777777777777777A", "777777777777777o", "é7777777"]
    {
        assert_eq!(MemberId::parse(typed), None, "{typed:?}");
    }
}

#[test]
fn a_holder_is_asked_once_a_year_answered_or_not() {
    let since: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    let year = |count: i64| after(since, SignedDuration::from_secs(count * 365 * 86_400));
    let day = SignedDuration::from_secs(86_400);
    let new = Presence::new(since);
    assert_eq!(new.due_at(), year(1));
    assert!(!new.is_due(year(1) - SignedDuration::from_secs(1)) && new.is_due(year(1)));
    let asked = Presence { asked_at: Some(year(1)), ..new };
    assert!(asked.is_unanswered() && !asked.is_due(after(year(1), day)) && asked.is_due(year(2)));
    let answered = Presence { answered_at: Some(after(year(1), day)), ..asked };
    assert!(!answered.is_unanswered() && !answered.is_due(year(2)) && answered.is_due(after(year(2), day)));
    let at_once = Presence { answered_at: asked.asked_at, ..asked };
    assert!(!at_once.is_unanswered(), "within the same second");
    let asked_again = Presence { asked_at: Some(year(3)), ..answered };
    assert!(asked_again.is_unanswered() && !new.is_unanswered());
}

#[test]
fn marks_from_before_somebody_became_a_holder_again_do_not_count() {
    let since: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    let before = since - SignedDuration::from_secs(1);
    let again = Presence { since, asked_at: Some(before), answered_at: None };
    assert!(!again.is_unanswered());
    assert_eq!(again.due_at(), after(since, PRESENCE_PERIOD));
    assert!(Presence { asked_at: Some(since), answered_at: Some(before), since }.is_unanswered());
}

#[test]
fn a_mails_token_is_one_of_presences_alone_and_the_same_however_often_it_is_sent() {
    let key = SecretKey::new("link key");
    let mail = |byte| MailId::new(Timestamp::UNIX_EPOCH, [byte; 10]);
    assert_eq!(presence_token(&key, mail(1)), presence_token(&key, mail(1)));
    assert_ne!(presence_token(&key, mail(1)), presence_token(&key, mail(2)));
    assert_ne!(presence_token(&key, mail(1)), invitation_token(&key, mail(1)));
    assert_ne!(presence_token(&key, mail(1)), presence_token(&SecretKey::new("another"), mail(1)));
}

fn any_membership() -> impl Strategy<Value = Membership> {
    select(vec![HOLDER, MEMBER, SUSPENDED_HOLDER, SUSPENDED_MEMBER])
}

fn siret() -> Siret {
    Siret::parse("73282932000074").unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// How many people there are, members or not.
const PEOPLE: usize = 5;

fn identifier(person: usize) -> Identifier {
    Identifier::from_random([u8::try_from(person).unwrap(); 7])
}

fn email(person: usize) -> Email {
    Email::parse(&format!("p{person}@exemple.fr")).unwrap()
}

fn person(is_sought: impl Fn(usize) -> bool) -> usize {
    (0..PEOPLE).find(|&person| is_sought(person)).unwrap()
}

/// What somebody wants.
#[derive(Debug, Clone)]
enum Wish {
    Change(usize, Change),
    Invite { by: usize, to: usize, offer: Offer },
    Accept(prop::sample::Index),
    Close(usize),
    Activate(usize),
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let changes = (0..PEOPLE, select(Change::ALL.to_vec()));
    let offers = select(vec![Offer::Member, Offer::Holder, Offer::Successor]);
    prop_oneof![
        6 => changes.prop_map(|(person, change)| Wish::Change(person, change)),
        4 => (0..PEOPLE, 0..PEOPLE, offers).prop_map(|(by, to, offer)| Wish::Invite { by, to, offer }),
        4 => any::<prop::sample::Index>().prop_map(Wish::Accept),
        1 => (0..PEOPLE).prop_map(Wish::Close),
        1 => (0..PEOPLE).prop_map(Wish::Activate),
    ]
}

/// A write, as it was decided by the rows that were seen.
#[derive(Debug)]
enum Write {
    Rows {
        effects: Vec<(usize, Effect)>,
        /// Whose row must be an active holder's.
        decider: Option<usize>,
        invited: Vec<Invitation>,
        accepted: Option<usize>,
        withdrawn: Vec<usize>,
    },
    Close(usize),
    Activate(usize),
}

/// An establishment: its own row, and those of its members and invitations.
#[derive(Debug)]
struct Space {
    opening: Opening,
    holders: u64,
    is_closed: bool,
    members: Vec<Option<Member>>,
    invitations: Vec<Invitation>,
}

impl Space {
    /// With one active holder at least.
    fn with(others: &[Membership]) -> Self {
        let row = |membership: Option<Membership>| {
            membership.map(|membership| Member { siret: siret(), opening: Opening::FIRST, membership })
        };
        let known = others.iter().copied().chain([HOLDER]).map(Some);
        let members = known.chain(std::iter::repeat(None)).take(PEOPLE).map(row).collect();
        let opening = Opening::FIRST;
        let mut space = Self { opening, holders: 0, is_closed: false, members, invitations: Vec::new() };
        space.holders = space.counted();
        space
    }

    /// What somebody is in the space as it is open now.
    fn is(&self, person: usize) -> Option<Membership> {
        let openings: Openings = [(siret(), self.opening)].into_iter().collect();
        self.members[person].as_ref().and_then(|member| member.current(&openings))
    }

    fn counted(&self) -> u64 {
        let is_holder = |&person: &usize| self.is(person).is_some_and(Membership::is_active_holder);
        u64::try_from((0..PEOPLE).filter(is_holder).count()).unwrap()
    }

    /// The write that a wish leads to, if nothing refuses it.
    fn decide(&self, wish: &Wish) -> Option<Write> {
        let rows = |effects, withdrawn| Write::Rows {
            effects,
            decider: None,
            invited: Vec::new(),
            accepted: None,
            withdrawn,
        };
        match *wish {
            Wish::Change(person, change) => {
                let effect = self.is(person)?.change(change);
                effect.count(self.holders).ok()?;
                Some(rows(vec![(person, effect)], self.ended_by(change, person)))
            }
            Wish::Invite { by, to, offer } => (self.is(by) == Some(HOLDER)).then(|| Write::Rows {
                effects: Vec::new(),
                decider: Some(by),
                invited: vec![self.invitation(by, to, offer)],
                accepted: None,
                withdrawn: Vec::new(),
            }),
            Wish::Accept(_) if self.invitations.is_empty() => None,
            Wish::Accept(rank) => self.acceptance(rank.index(self.invitations.len())),
            Wish::Close(by) => {
                check_closing(self.holders).ok()?;
                (self.is(by) == Some(HOLDER)).then_some(Write::Close(by))
            }
            Wish::Activate(person) => self.is_closed.then_some(Write::Activate(person)),
        }
    }

    fn invitation(&self, by: usize, to: usize, offer: Offer) -> Invitation {
        let name = Name::parse("Jean").unwrap();
        Invitation {
            siret: siret(),
            opening: self.opening,
            invited_by: Inviter::Holder(identifier(by)),
            email: email(to),
            name: FullName { first: name.clone(), last: name },
            offer,
            valid_until: Invitation::valid_until(now()),
            accepted_at: None,
            withdrawn_at: None,
            bounced_at: None,
        }
    }

    /// The acceptance of an invitation by whom it is for.
    fn acceptance(&self, rank: usize) -> Option<Write> {
        let invitation = &self.invitations[rank];
        let to = person(|person| email(person) == invitation.email);
        let by = person(|person| invitation.invited_by.is(&identifier(person)));
        let acceptor = Acceptor::Account {
            identifier: &identifier(to),
            email: &invitation.email,
            membership: self.is(to),
            establishments: 0,
        };
        let acceptance = Acceptance {
            sent_to: &invitation.email,
            by: acceptor,
            others: &[],
            inviter: self.is(by),
            opening: self.opening,
        };
        let accepted = invitation.accept(&acceptance, now()).ok()?;
        accepted.count(self.holders).ok()?;
        let leaves = accepted.leaves.map(|effect| (by, effect));
        let ended = if leaves.is_some() { self.ended_by(Change::Leave, by) } else { Vec::new() };
        Some(Write::Rows {
            effects: [(to, accepted.joins)].into_iter().chain(leaves).collect(),
            decider: Some(by),
            invited: Vec::new(),
            accepted: Some(rank),
            withdrawn: ended.into_iter().filter(|&other| other != rank).collect(),
        })
    }

    /// The invitations that end with a change of somebody.
    fn ended_by(&self, change: Change, person: usize) -> Vec<usize> {
        let (identifier, email) = (identifier(person), email(person));
        let ends = |&rank: &usize| {
            let invitation = &self.invitations[rank];
            self.is_current(rank) && invitation.ends_with(change, &identifier, &email, now())
        };
        (0..self.invitations.len()).filter(ends).collect()
    }

    fn is_current(&self, rank: usize) -> bool {
        self.invitations[rank].opening == self.opening
    }

    fn is_open(&self, rank: usize) -> bool {
        self.invitations[rank].state_by_link(now()) == InvitationState::Open
    }

    /// The write under its conditions, if the opening is still the one that was `seen`.
    fn commit(&mut self, seen: Opening, write: Write) {
        match write {
            _ if seen != self.opening => {}
            Write::Rows { effects, decider, invited, accepted, withdrawn } => {
                let added: i64 = effects.iter().map(|(_, effect)| effect.holders_added()).sum();
                let is_as_seen = effects.iter().all(|&(person, effect)| self.is(person) == effect.before)
                    && decider.is_none_or(|person| self.is(person) == Some(HOLDER))
                    && accepted.into_iter().chain(withdrawn.iter().copied()).all(|rank| self.is_open(rank));
                if !is_as_seen || (added < 0 && self.holders <= HOLDERS_MIN) {
                    return;
                }
                for (person, effect) in effects {
                    let row = |membership| Member { siret: siret(), opening: seen, membership };
                    self.members[person] = effect.after.map(row);
                }
                self.holders = self.holders.checked_add_signed(added).unwrap();
                for rank in withdrawn {
                    self.invitations[rank].withdrawn_at = Some(now());
                }
                if let Some(rank) = accepted {
                    self.invitations[rank].accepted_at = Some(now());
                }
                self.invitations.extend(invited);
            }
            Write::Close(by) => {
                if self.is(by) == Some(HOLDER) && self.holders == HOLDERS_MIN {
                    (self.holders, self.opening, self.is_closed) = (0, self.opening.next(), true);
                }
            }
            Write::Activate(person) => {
                if self.is_closed {
                    let membership = HOLDER;
                    self.members[person] = Some(Member { siret: siret(), opening: seen, membership });
                    (self.holders, self.is_closed) = (1, false);
                }
            }
        }
    }

    /// What must never be.
    fn fault(&self) -> Option<&'static str> {
        let serves = |rank: usize| !self.is_current(rank) && self.acceptance(rank).is_some();
        let is_anybody_in = (0..PEOPLE).any(|person| self.is(person).is_some());
        if self.holders != self.counted() {
            Some("the number of holders is wrong")
        } else if self.is_closed != (self.holders == 0) {
            Some("an open space has no holder, or a closed one has")
        } else if self.is_closed && is_anybody_in {
            Some("somebody is a member of a closed space")
        } else if (0..self.invitations.len()).any(serves) {
            Some("an invitation of an earlier opening serves")
        } else {
            None
        }
    }

    /// Whether an invitation is open whose inviter decides no longer.
    fn has_stale_invitation(&self) -> bool {
        let is_holder = |rank: usize| {
            let invited_by = &self.invitations[rank].invited_by;
            self.is(person(|person| invited_by.is(&identifier(person)))) == Some(HOLDER)
        };
        (0..self.invitations.len())
            .any(|rank| self.is_current(rank) && self.is_open(rank) && !is_holder(rank))
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn no_order_of_writes_loses_the_last_active_holder_or_leaves_a_right_behind(
        others in vec(any_membership(), 0..PEOPLE), wishes in vec(any_wish(), 0..60),
    ) {
        let mut space = Space::with(&others);
        for wish in wishes {
            if let Some(write) = space.decide(&wish) {
                space.commit(space.opening, write);
            }
            prop_assert_eq!(space.fault(), None, "{:?}", space);
            prop_assert!(!space.has_stale_invitation(), "{:?}", space);
        }
    }

    #[test]
    fn writes_at_once_that_saw_the_same_rows_do_not_either(
        others in vec(any_membership(), 0..PEOPLE), rounds in vec(vec(any_wish(), 1..5), 1..15),
    ) {
        let mut space = Space::with(&others);
        for round in rounds {
            let seen = space.opening;
            let writes: Vec<Write> = round.iter().filter_map(|wish| space.decide(wish)).collect();
            for write in writes {
                space.commit(seen, write);
                prop_assert_eq!(space.fault(), None, "{:?}", space);
            }
        }
    }

    #[test]
    fn the_count_says_what_the_condition_of_the_write_says(
        member in any_membership(), change in select(Change::ALL.to_vec()), others in 0..5_u64,
    ) {
        let holders = others + u64::from(member.is_active_holder());
        let effect = member.change(change);
        let is_refused = effect.ends_a_holder() && holders <= HOLDERS_MIN;
        prop_assert_eq!(effect.count(holders).is_err(), is_refused);
        if let Ok(count) = effect.count(holders) {
            let is_holder_after = effect.after.is_some_and(Membership::is_active_holder);
            prop_assert_eq!(count, others + u64::from(is_holder_after));
        }
    }

    #[test]
    fn an_id_has_sixteen_symbols_of_its_alphabet_and_nothing_else(
        typed in "[0-9a-hjkmnp-tv-z]{15,17}", place in any::<prop::sample::Index>(),
        other in select("iloué-_ AHZ\u{301}\u{200B}".chars().collect::<Vec<char>>()),
    ) {
        let printed = MemberId::parse(&typed).map(|id| id.to_string());
        let mut spoilt: Vec<char> = typed.chars().collect();
        spoilt[place.index(typed.len())] = other;
        prop_assert_eq!(printed, (typed.len() == 16).then_some(typed));
        prop_assert_eq!(MemberId::parse(&String::from_iter(spoilt)), None);
    }

    #[test]
    fn any_bytes_make_an_id_that_reads_back_the_same(bytes in any::<[u8; 16]>()) {
        let id = MemberId::from_bytes(bytes);
        prop_assert_eq!(MemberId::parse(id.as_str()), Some(id));
    }

    #[test]
    fn any_text_is_no_member_id_unless_it_prints_back_the_same(typed in common::any_text()) {
        if let Some(id) = MemberId::parse(&typed) {
            prop_assert_eq!(id.to_string(), typed);
        }
    }
}
