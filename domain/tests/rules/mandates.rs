//! Tests of mandates: scopes, days in Paris, states by the clock, and who is the only live one.

use std::collections::{HashMap, HashSet};

use domain::mandate::{
    KeyWrite, LiveKey, MANDATE_AHEAD_YEARS_MAX, MANDATE_OFFER_VALID, MANDATE_YEARS_MAX, MandateState,
    ShownText, Slot, Transition, check_sides,
};
use domain::time::{Date, SignedDuration, Timestamp, after, start_of};
use domain::{
    FieldCode, FieldError, Mandate, MandateId, MandateText, Opening, Openings, Refusal, Scope, Scopes, Side,
    Siret, Term,
};
use jiff::ToSpan;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common;

const DAY: SignedDuration = SignedDuration::from_secs(86_400);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn client() -> Siret {
    Siret::parse("73282932000074").unwrap()
}

fn cabinet() -> Siret {
    Siret::parse("35600000009075").unwrap()
}

/// Of both sides, as they were first opened.
fn both_open() -> Openings {
    [client(), cabinet()].into_iter().map(|siret| (siret, Opening::FIRST)).collect()
}

fn offered_at() -> Timestamp {
    at("2026-11-23T10:00:00Z")
}

/// Offered by the cabinet, and not answered.
fn offer(from: &str, until: &str) -> Mandate {
    Mandate {
        client: client(),
        client_opening: Opening::FIRST,
        cabinet: cabinet(),
        cabinet_opening: Opening::FIRST,
        scopes: [Scope::Read, Scope::Indemnify].into_iter().collect(),
        term: Term::new(day(from), day(until)).unwrap(),
        slot: Slot::First,
        shown: MandateText::CURRENT.into(),
        offered_by: Side::Cabinet,
        offered_at: offered_at(),
        accepted_at: None,
        declined_at: None,
        ended_at: None,
        first_used_at: None,
    }
}

/// The mandate after a transition while both spaces are open.
fn applied(mandate: &Mandate, transition: Transition, now: Timestamp) -> Result<Mandate, Refusal> {
    mandate.apply(transition, &both_open(), now).map(|applied| applied.mandate)
}

fn accepted(from: &str, until: &str) -> Mandate {
    applied(&offer(from, until), Transition::Accept, offered_at()).unwrap()
}

#[test]
fn the_spans_are_those_of_the_contract() {
    assert_eq!((MANDATE_YEARS_MAX, MANDATE_AHEAD_YEARS_MAX), (1, 1));
    assert_eq!(MANDATE_OFFER_VALID, SignedDuration::from_secs(30 * 86_400));
}

#[test]
fn names_are_those_of_the_contract_in_its_order() {
    assert_eq!(Scope::ALL.map(Scope::as_str), ["read", "declare", "indemnify"]);
    assert_eq!(Side::ALL.map(Side::as_str), ["client", "cabinet"]);
    assert_eq!(Transition::ALL.map(Transition::as_str), ["accept", "decline", "end"]);
    let states = MandateState::ALL.map(MandateState::as_str);
    assert_eq!(states, ["offered", "active", "declined", "ended", "lapsed"]);
    for transition in Transition::ALL {
        assert_eq!(Transition::parse(transition.as_str()), Some(transition));
    }
    assert_eq!(Transition::parse("Accept"), None);
    assert_eq!(Side::ALL.map(Side::other), [Side::Cabinet, Side::Client]);
    let labels: HashSet<&str> = Scope::ALL.into_iter().map(Scope::label).collect();
    assert_eq!(labels.len(), 3);
}

#[test]
fn scopes_are_a_set_and_none_includes_another() {
    let two: Scopes = [Scope::Indemnify, Scope::Read, Scope::Indemnify].into_iter().collect();
    assert_eq!(two.names(), ["read", "indemnify"]);
    assert!(two.has(Scope::Read) && !two.has(Scope::Declare) && two.has(Scope::Indemnify));
    assert_eq!(two.union([Scope::Declare].into_iter().collect()), Scopes::all());
    assert_eq!(two.union(two), two);
    assert!(Scopes::NONE.is_empty() && Scopes::default().is_empty() && !two.is_empty());
    assert_eq!(format!("{two:?}"), "Scopes(read,indemnify)");
}

#[test]
fn scopes_are_stored_in_one_form_alone() {
    assert_eq!(Scopes::parse("read,declare,indemnify"), Some(Scopes::all()));
    for stored in ["", "declare,read", "read,read", "read, declare", "write", "read,"] {
        assert_eq!(Scopes::parse(stored), None, "{stored:?}");
    }
    assert_eq!(serde_json::to_string(&Scopes::all()).unwrap(), "\"read,declare,indemnify\"");
}

#[test]
fn a_term_is_a_year_at_most_to_the_day() {
    let term = |from, until| Term::new(day(from), day(until)).map(|term| (term.from(), term.until()));
    assert_eq!(term("2026-11-23", "2026-11-23"), Ok((day("2026-11-23"), day("2026-11-23"))));
    assert!(term("2026-11-23", "2027-11-23").is_ok());
    assert_eq!(term("2026-11-23", "2027-11-24"), Err(FieldCode::TermTooLong));
    assert_eq!(term("2026-11-23", "2026-11-22"), Err(FieldCode::DateOrder));
    assert!(term("2028-02-29", "2029-02-28").is_ok());
    assert_eq!(term("2028-02-29", "2029-03-01"), Err(FieldCode::TermTooLong));
    assert!(term("2027-02-28", "2028-02-28").is_ok());
    assert_eq!(term("2027-02-28", "2028-02-29"), Err(FieldCode::TermTooLong));
}

#[test]
fn an_offer_is_neither_over_nor_too_far_ahead() {
    let today = day("2026-11-23");
    let offered = |from, until| Term::offered(day(from), day(until), today).map_err(|e| (e.field, e.code));
    assert!(offered("2026-11-23", "2026-11-23").is_ok());
    assert!(offered("2026-01-01", "2026-12-31").is_ok(), "it may have begun");
    assert_eq!(offered("2026-01-01", "2026-11-22").unwrap_err(), ("until", FieldCode::DatePast));
    assert!(offered("2027-11-23", "2028-11-23").is_ok());
    assert_eq!(offered("2027-11-24", "2027-11-25").unwrap_err(), ("from", FieldCode::DateTooFar));
    assert_eq!(offered("2026-11-24", "2026-11-23").unwrap_err(), ("until", FieldCode::DateOrder));
    assert_eq!(offered("2026-11-24", "2028-11-23").unwrap_err(), ("until", FieldCode::TermTooLong));
}

#[test]
fn a_term_holds_from_the_first_midnight_in_paris_to_the_last() {
    let term = Term::new(day("2026-11-24"), day("2027-07-01")).unwrap();
    let (first, end) = (at("2026-11-23T23:00:00Z"), at("2027-07-01T22:00:00Z"));
    assert_eq!(term.ends_at(), end);
    assert!(!term.has(first - SECOND) && term.has(first));
    assert!(term.has(end - SECOND) && !term.has(end));
}

#[test]
fn an_offer_waits_thirty_days_and_no_longer_than_its_term() {
    let long = offer("2026-11-23", "2027-11-22");
    assert_eq!(long.live_until(), at("2026-12-23T10:00:00Z"));
    assert_eq!(long.state(&both_open(), at("2026-12-23T09:59:59Z")), MandateState::Offered);
    assert_eq!(long.state(&both_open(), at("2026-12-23T10:00:00Z")), MandateState::Lapsed);
    let short = offer("2026-11-23", "2026-11-30");
    assert_eq!(short.live_until(), at("2026-11-30T23:00:00Z"));
    assert_eq!(short.state(&both_open(), at("2026-11-30T22:59:59Z")), MandateState::Offered);
    assert_eq!(short.state(&both_open(), at("2026-11-30T23:00:00Z")), MandateState::Lapsed);
}

#[test]
fn an_accepted_mandate_gives_its_scopes_from_its_first_day_to_its_last() {
    let mandate = accepted("2026-11-25", "2027-01-31");
    assert_eq!(mandate.state(&both_open(), offered_at()), MandateState::Active);
    assert!(mandate.gives(&both_open(), offered_at()).is_empty(), "it has not begun");
    assert!(mandate.gives(&both_open(), at("2026-11-24T22:59:59Z")).is_empty());
    assert_eq!(mandate.gives(&both_open(), at("2026-11-24T23:00:00Z")), mandate.scopes);
    assert_eq!(mandate.gives(&both_open(), at("2027-01-31T22:59:59Z")), mandate.scopes);
    assert!(mandate.gives(&both_open(), at("2027-01-31T23:00:00Z")).is_empty());
    assert_eq!(mandate.state(&both_open(), at("2027-01-31T23:00:00Z")), MandateState::Ended);
    assert_eq!(mandate.live_until(), at("2027-01-31T23:00:00Z"));
}

#[test]
fn a_revocation_is_in_force_at_once() {
    let now = at("2026-12-01T10:00:00Z");
    let mandate = accepted("2026-11-23", "2027-01-31");
    let ended = applied(&mandate, Transition::End, now).unwrap();
    assert_eq!(mandate.gives(&both_open(), now), mandate.scopes);
    assert!(ended.gives(&both_open(), now).is_empty());
    assert_eq!((ended.state(&both_open(), now), ended.live_until()), (MandateState::Ended, now));
}

#[test]
fn only_an_offer_is_answered_and_only_what_lives_is_ended() {
    use MandateState::{Active, Declined, Ended, Lapsed, Offered};
    let now = at("2026-12-01T10:00:00Z");
    let (open, active) = (offer("2026-11-23", "2027-01-31"), accepted("2026-11-23", "2027-01-31"));
    let late = Mandate { offered_at: now - DAY * 31, ..open.clone() };
    let over = Mandate { term: Term::new(day("2026-11-01"), day("2026-11-30")).unwrap(), ..active.clone() };
    let declined = applied(&open, Transition::Decline, now).unwrap();
    let ended = applied(&active, Transition::End, now).unwrap();
    let taken_back = applied(&open, Transition::End, now).unwrap();
    let cases = [
        (open, Offered, [Some(Active), Some(Declined), Some(Ended)]),
        (active, Active, [None, None, Some(Ended)]),
        (declined, Declined, [None; 3]),
        (ended, Ended, [None; 3]),
        (taken_back, Ended, [None; 3]),
        (over, Ended, [None; 3]),
        (late, Lapsed, [None; 3]),
    ];
    for (mandate, state, becomes) in cases {
        assert_eq!(mandate.state(&both_open(), now), state);
        for (transition, becomes) in Transition::ALL.into_iter().zip(becomes) {
            let after = applied(&mandate, transition, now).map(|mandate| mandate.state(&both_open(), now));
            assert_eq!(after, becomes.ok_or(Refusal::MandateState), "{state:?} {transition:?}");
        }
    }
}

#[test]
fn a_mandate_has_two_sides() {
    let mandate = offer("2026-11-23", "2027-01-31");
    assert_eq!(mandate.side_of(&client()), Some(Side::Client));
    assert_eq!(mandate.side_of(&cabinet()), Some(Side::Cabinet));
    assert_eq!(mandate.side_of(&Siret::parse("55210055400013").unwrap()), None);
    assert_eq!(Side::ALL.map(|side| mandate.siret_of(side).clone()), [client(), cabinet()]);
    assert_eq!(check_sides(&client(), &cabinet()), Ok(()));
    let own = FieldError { field: "other_siret", code: FieldCode::SiretIsOwn };
    assert_eq!(check_sides(&client(), &client()), Err(own));
}

#[test]
fn a_closing_of_either_side_ends_it_for_good() {
    let now = at("2026-12-01T10:00:00Z");
    let (open, active) = (offer("2026-11-23", "2027-01-31"), accepted("2026-11-23", "2027-01-31"));
    for closed in [client(), cabinet()] {
        let row = |siret: Siret| {
            let opening = if siret == closed { Opening::FIRST.next() } else { Opening::FIRST };
            (siret, opening)
        };
        let openings: Openings = [client(), cabinet()].into_iter().map(row).collect();
        assert!(active.gives(&openings, now).is_empty());
        assert_eq!(active.first_used(&openings, now), None);
        assert_eq!(active.state(&openings, now), MandateState::Ended);
        assert_eq!(open.state(&openings, now), MandateState::Lapsed);
        for transition in Transition::ALL {
            assert_eq!(open.apply(transition, &openings, now), Err(Refusal::MandateState));
        }
    }
}

#[test]
fn an_acceptance_that_is_still_to_come_gives_nothing() {
    let mandate = accepted("2026-11-01", "2027-01-31");
    assert!(mandate.gives(&both_open(), offered_at() - SECOND).is_empty());
    assert!(!mandate.gives(&both_open(), offered_at()).is_empty());
}

#[test]
fn nothing_is_accepted_whose_text_is_unknown() {
    let shown = ShownText { sha256: "0".repeat(64), ..MandateText::CURRENT.into() };
    let unknown = Mandate { shown, ..offer("2026-11-23", "2027-01-31") };
    assert_eq!(applied(&unknown, Transition::Accept, offered_at()), Err(Refusal::MandateState));
    assert!(applied(&unknown, Transition::Decline, offered_at()).is_ok());
    assert!(applied(&unknown, Transition::End, offered_at()).is_ok());
}

#[test]
fn the_first_use_is_marked_once_and_only_where_something_is_given() {
    let (before, now) = (at("2026-11-24T10:00:00Z"), at("2026-12-01T10:00:00Z"));
    let mandate = accepted("2026-11-25", "2027-01-31");
    assert_eq!(mandate.first_used(&both_open(), before), None);
    let used = mandate.first_used(&both_open(), now).unwrap();
    assert_eq!(used, Mandate { first_used_at: Some(now), ..mandate });
    assert_eq!(used.first_used(&both_open(), now + DAY), None);
}

#[test]
fn a_live_mandate_has_a_key_for_each_scope_whoever_offered_it() {
    let by_cabinet = offer("2026-11-23", "2027-01-31");
    let by_client = Mandate { offered_by: Side::Client, ..by_cabinet.clone() };
    let keys =
        ["35600000009075.1#73282932000074.1#read#first", "35600000009075.1#73282932000074.1#indemnify#first"];
    assert_eq!(by_cabinet.live_keys(), keys);
    assert_eq!(by_client.live_keys(), keys);
    let is_another = |mandate: Mandate| mandate.live_keys().iter().all(|key| !keys.contains(&key.as_str()));
    assert!(is_another(Mandate { client: cabinet(), cabinet: client(), ..by_cabinet.clone() }));
    assert!(is_another(Mandate { slot: Slot::Second, ..by_cabinet.clone() }));
    assert!(is_another(Mandate { client_opening: Opening(2), ..by_cabinet.clone() }));
    assert!(is_another(Mandate { cabinet_opening: Opening(2), ..by_cabinet }));
    assert_eq!(Slot::ALL.map(Slot::other), [Slot::Second, Slot::First]);
    assert_eq!(Slot::ALL.map(|slot| Slot::parse(slot.as_str())), Slot::ALL.map(Some));
}

#[test]
fn each_key_names_its_mandate_and_is_extended_or_given_up_with_it() {
    let now = at("2026-12-01T10:00:00Z");
    let (one, other) = (MandateId::from_bytes([1; 16]), MandateId::from_bytes([2; 16]));
    let offer = offer("2026-11-23", "2027-01-31");
    let row = LiveKey { mandate: one.clone(), term: offer.term, expires_at: at("2026-12-23T10:00:00Z") };
    let claim = KeyWrite::Claim(row.clone());
    let written: Vec<KeyWrite> = offer.claim(&one).into_iter().map(|(_, write)| write).collect();
    let apart = KeyWrite::Apart(offer.term);
    assert_eq!(written, [claim.clone(), claim.clone(), apart.clone(), apart.clone()]);
    assert!(claim.holds(None, &one, now) && !claim.holds(Some(&row), &other, now));
    assert!(claim.holds(Some(&row), &other, row.expires_at), "an expired row is none");
    assert!(apart.holds(None, &one, now) && !apart.holds(Some(&row), &one, now));
    assert!(apart.holds(Some(&row), &one, row.expires_at));

    let accepted = offer.apply(Transition::Accept, &both_open(), now).unwrap();
    let extend = KeyWrite::Extend(at("2027-01-31T23:00:00Z"));
    let keys = offer.live_keys();
    assert_eq!(accepted.keys[..2], [(keys[0].clone(), extend.clone()), (keys[1].clone(), extend.clone())]);
    assert!(accepted.keys[2..].iter().all(|(key, write)| *write == apart && key.ends_with("#second")));
    assert!(extend.holds(Some(&row), &one, now) && !extend.holds(Some(&row), &other, now));
    assert!(!extend.holds(None, &one, now));
    for (mandate, transition) in
        [(&offer, Transition::Decline), (&offer, Transition::End), (&accepted.mandate, Transition::End)]
    {
        let released: Vec<_> = keys.iter().map(|key| (key.clone(), KeyWrite::Release)).collect();
        assert_eq!(mandate.apply(transition, &both_open(), now).unwrap().keys, released);
    }
    assert!(KeyWrite::Release.holds(Some(&row), &one, now) && KeyWrite::Release.holds(None, &one, now));
    assert!(!KeyWrite::Release.holds(Some(&row), &other, now));
}

#[test]
fn a_renewal_is_offered_and_accepted_before_the_end() {
    let mut keys = Keys::default();
    let (now, later) = (at("2026-12-01T10:00:00Z"), at("2027-01-10T10:00:00Z"));
    let current = offer("2026-11-23", "2027-01-31");
    assert!(keys.offer(0, &current, offered_at()));
    let (_, current) = keys.answer(0, &current, Transition::Accept, now).unwrap();
    let renewal = Mandate { offered_at: later, ..offer("2027-02-01", "2028-01-31") };
    assert!(!keys.offer(1, &renewal, later), "the first slot is taken");
    let renewal = Mandate { slot: Slot::Second, ..renewal };
    assert!(keys.offer(1, &renewal, later));
    let (_, renewal) = keys.answer(1, &renewal, Transition::Accept, later).unwrap();
    let last = at("2027-01-31T22:59:59Z");
    assert_eq!(current.gives(&both_open(), last), current.scopes);
    assert!(renewal.gives(&both_open(), last).is_empty());
    assert_eq!(renewal.gives(&both_open(), last + SECOND), renewal.scopes);
    let overlapping = Mandate { offered_at: later, ..offer("2027-01-31", "2027-01-31") };
    for slot in Slot::ALL {
        assert!(!keys.offer(2, &Mandate { slot, ..overlapping.clone() }, later), "{slot:?}");
    }
    let over = at("2027-02-01T10:00:00Z");
    let again = Mandate { offered_at: over, ..offer("2027-06-01", "2027-06-30") };
    assert!(!keys.offer(3, &again, over), "the renewal has these days");
    let (_, ended) = keys.answer(1, &renewal, Transition::End, over).unwrap();
    assert!(ended.gives(&both_open(), over).is_empty() && keys.offer(3, &again, over));
}

#[test]
fn a_text_that_was_shown_is_never_changed() {
    // Who changes a text gives it a new version: mandates hold its hash.
    let known = [("2026-12", "c97e10201cfc345e13f15d7097799428fb5c4efb04167507e5e7d63cc3cf0ddc")];
    let found = MandateText::ALL.map(|text| (text.version, text.sha256()));
    assert_eq!(found.each_ref().map(|(version, hash)| (*version, hash.as_str())), known);
    assert_eq!(MandateText::ALL.last(), Some(&MandateText::CURRENT));
}

#[test]
fn a_past_mandate_shows_its_text_or_nothing_else() {
    let shown = ShownText::from(MandateText::CURRENT);
    assert_eq!(shown.text(), Some(MandateText::CURRENT));
    let of_another_version = ShownText { version: "2025-01".to_owned(), ..shown.clone() };
    let changed_since = ShownText { sha256: "0".repeat(64), ..shown };
    assert_eq!((of_another_version.text(), changed_since.text()), (None, None));
}

/// The rows under live keys, and writes to them.
#[derive(Debug, Default)]
struct Keys(HashMap<String, LiveKey>);

impl Keys {
    fn id(mandate: u8) -> MandateId {
        MandateId::from_bytes([mandate; 16])
    }

    /// Whether the offer of a mandate was written.
    fn offer(&mut self, id: u8, mandate: &Mandate, now: Timestamp) -> bool {
        self.commit(id, &mandate.claim(&Self::id(id)), now)
    }

    /// Whether a transition was written, with the mandate after it.
    fn answer(
        &mut self,
        id: u8,
        mandate: &Mandate,
        transition: Transition,
        now: Timestamp,
    ) -> Result<(bool, Mandate), Refusal> {
        let applied = mandate.apply(transition, &both_open(), now)?;
        Ok((self.commit(id, &applied.keys, now), applied.mandate))
    }

    /// All of a write or nothing.
    fn commit(&mut self, id: u8, writes: &[(String, KeyWrite)], now: Timestamp) -> bool {
        let this = Self::id(id);
        if !writes.iter().all(|(key, write)| write.holds(self.0.get(key), &this, now)) {
            return false;
        }
        for (key, write) in writes {
            match write {
                KeyWrite::Claim(row) => drop(self.0.insert(key.clone(), row.clone())),
                KeyWrite::Apart(_) => {}
                KeyWrite::Extend(until) => self.0.get_mut(key).unwrap().expires_at = *until,
                KeyWrite::Release => drop(self.0.remove(key)),
            }
        }
        true
    }
}

/// What somebody does next: an offer, or a transition of the mandate of that rank.
#[derive(Debug, Clone)]
enum Step {
    Offer { scopes: Vec<Scope>, from: i64, length: i64, slot: Slot },
    Answer { rank: prop::sample::Index, transition: Transition },
}

fn any_step() -> impl Strategy<Value = Step> {
    let scopes = proptest::sample::subsequence(Scope::ALL.to_vec(), 1..=3);
    let offered = (scopes, -30..120_i64, 0..60_i64, select(Slot::ALL.to_vec()))
        .prop_map(|(scopes, from, length, slot)| Step::Offer { scopes, from, length, slot });
    let answered = (any::<prop::sample::Index>(), select(Transition::ALL.to_vec()))
        .prop_map(|(rank, transition)| Step::Answer { rank, transition });
    prop_oneof![3 => offered, 2 => answered]
}

/// Whether two mandates share a scope and a day.
fn compete(one: &Mandate, other: &Mandate) -> bool {
    one.term.overlaps(other.term) && one.scopes.iter().any(|scope| other.scopes.has(scope))
}

/// Any mandate that was offered, and what was done with it at which seconds after.
fn any_history() -> impl Strategy<Value = (Mandate, Vec<(Transition, i64)>)> {
    let scopes = proptest::sample::subsequence(Scope::ALL.to_vec(), 1..=3);
    let done = proptest::collection::vec((select(Transition::ALL.to_vec()), 0..500 * 86_400_i64), 0..4);
    (scopes, -300..360_i64, 0..=365_i64, done).prop_map(|(scopes, from, length, mut done)| {
        let from = day("2026-11-23").saturating_add(from.days());
        let until = from.saturating_add(length.days()).min(from.saturating_add(1.year()));
        let term = Term::new(from, until).unwrap();
        done.sort_by_key(|&(_, second)| second);
        (Mandate { term, scopes: scopes.into_iter().collect(), ..offer("2026-11-23", "2026-11-23") }, done)
    })
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn a_mandate_gives_something_only_while_it_is_accepted_begun_and_not_over(
        (mut mandate, done) in any_history(), looks in proptest::collection::vec(0..800 * 86_400_i64, 1..8),
    ) {
        for (transition, second) in done {
            let now = after(offered_at(), SignedDuration::from_secs(second));
            mandate = applied(&mandate, transition, now).unwrap_or(mandate);
        }
        for second in looks {
            let now = after(offered_at(), SignedDuration::from_secs(second));
            let is_begun = now >= start_of(mandate.term.from()) && now < mandate.term.ends_at();
            let is_accepted = mandate.accepted_at.is_some_and(|accepted| accepted <= now);
            let is_ended = mandate.ended_at.is_some();
            let gives = !mandate.gives(&both_open(), now).is_empty();
            prop_assert_eq!(gives, is_begun && is_accepted && !is_ended, "{:?}", mandate);
        }
    }

    #[test]
    fn what_has_lapsed_was_declined_or_has_ended_never_lives_again(
        (mut mandate, done) in any_history(), transition in select(Transition::ALL.to_vec()),
        (first, wait) in (0..800 * 86_400_i64, 0..400 * 86_400_i64),
    ) {
        for (transition, second) in done {
            let now = after(offered_at(), SignedDuration::from_secs(second));
            mandate = applied(&mandate, transition, now).unwrap_or(mandate);
        }
        let now = after(offered_at(), SignedDuration::from_secs(first));
        let later = after(now, SignedDuration::from_secs(wait));
        let state = mandate.state(&both_open(), now);
        if !matches!(state, MandateState::Offered | MandateState::Active) {
            prop_assert_eq!(mandate.state(&both_open(), later), state);
            prop_assert!(mandate.gives(&both_open(), later).is_empty());
            prop_assert_eq!(applied(&mandate, transition, later), Err(Refusal::MandateState));
        }
        let is_live = matches!(state, MandateState::Offered | MandateState::Active);
        let is_marked = mandate.declined_at.is_some() || mandate.ended_at.is_some();
        prop_assert_eq!(is_live, now < mandate.live_until() && !is_marked);
    }

    #[test]
    fn two_live_mandates_never_share_a_scope_and_a_day(
        steps in proptest::collection::vec((any_step(), 0..20 * 86_400_i64), 1..30)
    ) {
        let (mut keys, mut mandates, mut now) = (Keys::default(), Vec::<Mandate>::new(), offered_at());
        for (step, wait) in steps {
            now = after(now, SignedDuration::from_secs(wait));
            match step {
                Step::Offer { scopes, from, length, slot } => {
                    let from = domain::time::paris_day(now).saturating_add(from.days());
                    let term = Term::new(from, from.saturating_add(length.days())).unwrap();
                    let scopes = scopes.into_iter().collect();
                    let mandate =
                        Mandate { scopes, term, slot, offered_at: now, ..offer("2026-11-23", "2026-11-23") };
                    let id = u8::try_from(mandates.len()).unwrap();
                    if mandate.live_until() > now && keys.offer(id, &mandate, now) {
                        mandates.push(mandate);
                    }
                }
                Step::Answer { rank, transition } if !mandates.is_empty() => {
                    let rank = rank.index(mandates.len());
                    let id = u8::try_from(rank).unwrap();
                    if let Ok((is_written, mandate)) = keys.answer(id, &mandates[rank], transition, now) {
                        prop_assert!(is_written, "{:?} {:?}", transition, keys);
                        mandates[rank] = mandate;
                    }
                }
                Step::Answer { .. } => {}
            }
            let is_live = |mandate: &&Mandate| {
                matches!(mandate.state(&both_open(), now), MandateState::Offered | MandateState::Active)
            };
            let live: Vec<&Mandate> = mandates.iter().filter(is_live).collect();
            for (rank, one) in live.iter().enumerate() {
                for other in &live[rank + 1..] {
                    prop_assert!(!compete(one, other), "{:?} {:?}", one, other);
                }
            }
        }
    }

    #[test]
    fn scopes_print_and_read_back_the_same(
        scopes in proptest::sample::subsequence(Scope::ALL.to_vec(), 1..=3)
    ) {
        let set: Scopes = scopes.iter().copied().rev().collect();
        prop_assert_eq!(set.iter().collect::<Vec<_>>(), scopes);
        prop_assert_eq!(Scopes::parse(&set.to_string()), Some(set));
    }
}
