//! Tests of memberships: what each change does, and that no order of changes loses the last active holder.

use std::collections::HashSet;

use domain::membership::{
    Change, Effect, HOLDERS_MIN, MEMBERS_MAX, PRESENCE_PERIOD, Presence, check_closing,
};
use domain::time::{SignedDuration, Timestamp, after};
use domain::{FieldCode, Identifier, MemberId, MemberState, Membership, Refusal, Role, SecretKey, Siret};
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
    assert_eq!(check_closing(1), Ok(()));
    assert_eq!(check_closing(2), Err(Refusal::NotAllowed));
}

#[test]
fn a_member_id_tells_nothing_of_the_identifier_and_is_another_in_each_establishment() {
    let key = SecretKey::new("key");
    let (here, there) = (Siret::parse("73282932000074").unwrap(), Siret::parse("35600000009075").unwrap());
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
    let new = Presence { since, asked_at: None, answered_at: None };
    assert_eq!(new.due_at(), year(1));
    assert!(!new.is_due(year(1) - SignedDuration::from_secs(1)) && new.is_due(year(1)));
    let asked = Presence { asked_at: Some(year(1)), ..new };
    assert!(asked.is_unanswered() && !asked.is_due(after(year(1), day)) && asked.is_due(year(2)));
    let answered = Presence { answered_at: Some(after(year(1), day)), ..asked };
    assert!(!answered.is_unanswered() && !answered.is_due(year(2)) && answered.is_due(after(year(2), day)));
    let asked_again = Presence { asked_at: Some(year(3)), ..answered };
    assert!(asked_again.is_unanswered() && !new.is_unanswered());
}

fn any_membership() -> impl Strategy<Value = Membership> {
    select(vec![HOLDER, MEMBER, SUSPENDED_HOLDER, SUSPENDED_MEMBER])
}

/// An establishment: its members' rows, and the number on its own.
#[derive(Debug)]
struct Space {
    members: Vec<Option<Membership>>,
    holders: u64,
}

impl Space {
    /// With one active holder at least.
    fn with(others: &[Membership]) -> Self {
        let members: Vec<_> = others.iter().copied().chain([HOLDER]).map(Some).collect();
        let holders = counted(&members);
        Self { members, holders }
    }

    /// What somebody wants to do with a member, or with an empty place.
    fn wish(&self, place: usize, change: Change) -> Effect {
        self.members[place].map_or(Effect::join(Role::Holder), |member| member.change(change))
    }

    /// The write and its two conditions.
    fn commit(&mut self, place: usize, effect: Effect) {
        if self.members[place] != effect.before || (effect.ends_a_holder() && self.holders <= HOLDERS_MIN) {
            return;
        }
        self.members[place] = effect.after;
        self.holders = self.holders.checked_add_signed(effect.holders_added()).unwrap();
    }
}

fn counted(members: &[Option<Membership>]) -> u64 {
    u64::try_from(members.iter().flatten().filter(|member| member.is_active_holder()).count()).unwrap()
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn no_order_of_changes_loses_the_last_active_holder(
        others in vec(any_membership(), 0..4),
        wishes in vec((any::<prop::sample::Index>(), select(Change::ALL.to_vec())), 0..60),
    ) {
        let mut space = Space::with(&others);
        for (place, change) in wishes {
            let place = place.index(space.members.len());
            let effect = space.wish(place, change);
            space.commit(place, effect);
            prop_assert!(space.holders >= 1, "{:?}", space);
            prop_assert_eq!(space.holders, counted(&space.members));
        }
    }

    #[test]
    fn changes_at_once_that_saw_the_same_rows_lose_no_holder_either(
        others in vec(any_membership(), 0..4),
        rounds in vec(vec((any::<prop::sample::Index>(), select(Change::ALL.to_vec())), 1..5), 1..12),
    ) {
        let mut space = Space::with(&others);
        for round in rounds {
            let seen: Vec<(usize, Effect)> = round
                .into_iter()
                .map(|(place, change)| {
                    let place = place.index(space.members.len());
                    (place, space.wish(place, change))
                })
                .collect();
            for (place, effect) in seen {
                space.commit(place, effect);
                prop_assert!(space.holders >= 1, "{:?}", space);
                prop_assert_eq!(space.holders, counted(&space.members));
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
    fn any_text_is_no_member_id_unless_it_prints_back_the_same(typed in common::any_text()) {
        if let Some(id) = MemberId::parse(&typed) {
            prop_assert_eq!(id.to_string(), typed);
        }
    }
}
