//! Tests of mandates: scopes, days in Paris, states by the clock, and who is the only live one.

use std::collections::HashSet;

use domain::mandate::{
    MANDATE_AHEAD_YEARS_MAX, MANDATE_OFFER_VALID, MANDATE_YEARS_MAX, MandateState, ShownText, Transition,
    check_sides,
};
use domain::time::{Date, SignedDuration, Timestamp, after, start_of};
use domain::{FieldCode, FieldError, Mandate, MandateText, Refusal, Scope, Scopes, Side, Siret, Term};
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

fn offered_at() -> Timestamp {
    at("2026-11-23T10:00:00Z")
}

/// Offered by the cabinet, and not answered.
fn offer(from: &str, until: &str) -> Mandate {
    Mandate {
        client: client(),
        cabinet: cabinet(),
        scopes: [Scope::Read, Scope::Indemnify].into_iter().collect(),
        term: Term::new(day(from), day(until)).unwrap(),
        shown: MandateText::CURRENT.into(),
        offered_by: Side::Cabinet,
        offered_at: offered_at(),
        accepted_at: None,
        declined_at: None,
        ended_at: None,
    }
}

fn accepted(from: &str, until: &str) -> Mandate {
    offer(from, until).apply(Transition::Accept, offered_at()).unwrap()
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
    assert_eq!(long.state(at("2026-12-23T09:59:59Z")), MandateState::Offered);
    assert_eq!(long.state(at("2026-12-23T10:00:00Z")), MandateState::Lapsed);
    let short = offer("2026-11-23", "2026-11-30");
    assert_eq!(short.live_until(), at("2026-11-30T23:00:00Z"));
    assert_eq!(short.state(at("2026-11-30T22:59:59Z")), MandateState::Offered);
    assert_eq!(short.state(at("2026-11-30T23:00:00Z")), MandateState::Lapsed);
}

#[test]
fn an_accepted_mandate_gives_its_scopes_from_its_first_day_to_its_last() {
    let mandate = accepted("2026-11-25", "2027-01-31");
    assert_eq!(mandate.state(offered_at()), MandateState::Active);
    assert!(mandate.gives(offered_at()).is_empty(), "it has not begun");
    assert!(mandate.gives(at("2026-11-24T22:59:59Z")).is_empty());
    assert_eq!(mandate.gives(at("2026-11-24T23:00:00Z")), mandate.scopes);
    assert_eq!(mandate.gives(at("2027-01-31T22:59:59Z")), mandate.scopes);
    assert!(mandate.gives(at("2027-01-31T23:00:00Z")).is_empty());
    assert_eq!(mandate.state(at("2027-01-31T23:00:00Z")), MandateState::Ended);
    assert_eq!(mandate.live_until(), at("2027-01-31T23:00:00Z"));
}

#[test]
fn a_revocation_is_in_force_at_once() {
    let now = at("2026-12-01T10:00:00Z");
    let mandate = accepted("2026-11-23", "2027-01-31");
    let ended = mandate.apply(Transition::End, now).unwrap();
    assert_eq!(mandate.gives(now), mandate.scopes);
    assert!(ended.gives(now).is_empty());
    assert_eq!((ended.state(now), ended.live_until()), (MandateState::Ended, now));
}

#[test]
fn only_an_offer_is_answered_and_only_what_lives_is_ended() {
    use MandateState::{Active, Declined, Ended, Lapsed, Offered};
    let now = at("2026-12-01T10:00:00Z");
    let (open, active) = (offer("2026-11-23", "2027-01-31"), accepted("2026-11-23", "2027-01-31"));
    let late = Mandate { offered_at: now - DAY * 31, ..open.clone() };
    let over = Mandate { term: Term::new(day("2026-11-01"), day("2026-11-30")).unwrap(), ..active.clone() };
    let declined = open.apply(Transition::Decline, now).unwrap();
    let ended = active.apply(Transition::End, now).unwrap();
    let taken_back = open.apply(Transition::End, now).unwrap();
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
        assert_eq!(mandate.state(now), state);
        for (transition, becomes) in Transition::ALL.into_iter().zip(becomes) {
            let after = mandate.apply(transition, now).map(|mandate| mandate.state(now));
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
fn a_live_mandate_has_a_key_for_each_scope_whoever_offered_it() {
    let by_cabinet = offer("2026-11-23", "2027-01-31");
    let by_client = Mandate { offered_by: Side::Client, ..by_cabinet.clone() };
    let keys = ["35600000009075#73282932000074#read", "35600000009075#73282932000074#indemnify"];
    assert_eq!(by_cabinet.live_keys(), keys);
    assert_eq!(by_client.live_keys(), keys);
    let reverse = Mandate { client: cabinet(), cabinet: client(), ..by_cabinet };
    assert!(reverse.live_keys().iter().all(|key| !keys.contains(&key.as_str())));
}

#[test]
fn a_text_that_was_shown_is_never_changed() {
    // Who changes a text gives it a new version: mandates hold its hash.
    let known = [("2026-12", "512e27e7bde90718c48a8a04cbf3af384ba00b9803371576f0e23b19b48fc8ee")];
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
            mandate = mandate.apply(transition, now).unwrap_or(mandate);
        }
        for second in looks {
            let now = after(offered_at(), SignedDuration::from_secs(second));
            let is_begun = now >= start_of(mandate.term.from()) && now < mandate.term.ends_at();
            let is_accepted = mandate.accepted_at.is_some() && mandate.ended_at.is_none();
            prop_assert_eq!(!mandate.gives(now).is_empty(), is_begun && is_accepted, "{:?}", mandate);
        }
    }

    #[test]
    fn what_has_lapsed_was_declined_or_has_ended_never_lives_again(
        (mut mandate, done) in any_history(), transition in select(Transition::ALL.to_vec()),
        (first, wait) in (0..800 * 86_400_i64, 0..400 * 86_400_i64),
    ) {
        for (transition, second) in done {
            let now = after(offered_at(), SignedDuration::from_secs(second));
            mandate = mandate.apply(transition, now).unwrap_or(mandate);
        }
        let now = after(offered_at(), SignedDuration::from_secs(first));
        let later = after(now, SignedDuration::from_secs(wait));
        let state = mandate.state(now);
        if !matches!(state, MandateState::Offered | MandateState::Active) {
            prop_assert_eq!(mandate.state(later), state);
            prop_assert!(mandate.gives(later).is_empty());
            prop_assert_eq!(mandate.apply(transition, later), Err(Refusal::MandateState));
        }
        let is_live = matches!(state, MandateState::Offered | MandateState::Active);
        let is_marked = mandate.declined_at.is_some() || mandate.ended_at.is_some();
        prop_assert_eq!(is_live, now < mandate.live_until() && !is_marked);
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
