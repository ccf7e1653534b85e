//! Tests of authority: who may do what, through what, by the rows as they stand.

use domain::authority::{Action, Actor, Thing, Through, access, may};
use std::slice::from_ref;

use domain::mandate::{Slot, Transition};
use domain::membership::Change;
use domain::time::{SignedDuration, Timestamp};
use domain::{
    Mandate, MandateText, Member, MemberState, Membership, Opening, Openings, Refusal, Role, Scope, Scopes,
    Side, Siret, Term,
};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const HOLDER: Membership = Membership::active(Role::Holder);
const MEMBER: Membership = Membership::active(Role::Member);
const SUSPENDED_HOLDER: Membership = Membership { role: Role::Holder, state: MemberState::Suspended };

fn now() -> Timestamp {
    "2026-12-01T10:00:00Z".parse().unwrap()
}

fn client() -> Siret {
    Siret::parse("73282932000074").unwrap()
}

fn cabinet() -> Siret {
    Siret::parse("35600000009075").unwrap()
}

fn another() -> Siret {
    Siret::parse("55210055400013").unwrap()
}

/// Of all three, as they were first opened.
fn openings() -> Openings {
    [client(), cabinet(), another()].into_iter().map(|siret| (siret, Opening::FIRST)).collect()
}

/// The same, with the space of one closed since.
fn openings_after_closing(closed: &Siret) -> Openings {
    let row = |siret: Siret| {
        let opening = if siret == *closed { Opening::FIRST.next() } else { Opening::FIRST };
        (siret, opening)
    };
    [client(), cabinet(), another()].into_iter().map(row).collect()
}

fn member(siret: Siret, membership: Membership) -> Member {
    Member { siret, opening: Opening::FIRST, membership }
}

/// Accepted and in force, unless a test changes it.
fn mandate(scopes: &[Scope]) -> Mandate {
    Mandate {
        client: client(),
        client_opening: Opening::FIRST,
        cabinet: cabinet(),
        cabinet_opening: Opening::FIRST,
        slot: Slot::First,
        scopes: scopes.iter().copied().collect(),
        term: Term::new("2026-11-23".parse().unwrap(), "2027-01-31".parse().unwrap()).unwrap(),
        shown: MandateText::CURRENT.into(),
        offered_by: Side::Cabinet,
        offered_at: "2026-11-23T10:00:00Z".parse().unwrap(),
        accepted_at: Some("2026-11-23T11:00:00Z".parse().unwrap()),
        declined_at: None,
        ended_at: None,
        first_used_at: None,
    }
}

fn names(memberships: &[Member], mandates: &[Mandate]) -> Result<Vec<&'static str>, Refusal> {
    names_in(&openings(), memberships, mandates)
}

fn names_in(
    openings: &Openings,
    memberships: &[Member],
    mandates: &[Mandate],
) -> Result<Vec<&'static str>, Refusal> {
    access(&Actor { memberships, mandates, openings }, &client(), now()).map(|access| access.may())
}

#[test]
fn a_holder_manages_a_member_acts_and_a_suspended_one_does_nothing() {
    let of = |membership| names(&[member(client(), membership)], &[]);
    assert_eq!(of(HOLDER), Ok(vec!["read", "declare", "indemnify", "manage"]));
    assert_eq!(of(MEMBER), Ok(vec!["read", "declare", "indemnify"]));
    assert_eq!(of(SUSPENDED_HOLDER), Err(Refusal::NotAllowed));
    assert_eq!(names(&[member(another(), HOLDER)], &[]), Err(Refusal::NotAllowed));
    assert_eq!(names(&[], &[]), Err(Refusal::NotAllowed));
}

#[test]
fn any_active_member_of_the_cabinet_acts_by_its_mandates_and_never_manages() {
    let mandates = [mandate(&[Scope::Read]), mandate(&[Scope::Indemnify])];
    for membership in [HOLDER, MEMBER] {
        assert_eq!(names(&[member(cabinet(), membership)], &mandates), Ok(vec!["read", "indemnify"]));
    }
    assert_eq!(names(&[member(cabinet(), SUSPENDED_HOLDER)], &mandates), Err(Refusal::NotAllowed));
    assert_eq!(names(&[member(another(), HOLDER)], &mandates), Err(Refusal::NotAllowed));
    assert_eq!(names(&[], &mandates), Err(Refusal::NotAllowed));
}

#[test]
fn what_access_goes_through_is_told() {
    let mandates = [mandate(&[Scope::Declare])];
    let openings = openings();
    let through = |memberships: &[Member]| {
        let actor = Actor { memberships, mandates: &mandates, openings: &openings };
        access(&actor, &client(), now()).map(|access| access.through)
    };
    assert_eq!(through(&[member(cabinet(), MEMBER)]), Ok(Through::Mandate));
    assert_eq!(through(&[member(cabinet(), MEMBER), member(client(), MEMBER)]), Ok(Through::Member));
    assert_eq!([Through::Member, Through::Mandate].map(Through::as_str), ["member", "mandate"]);
    let memberships = [member(cabinet(), MEMBER)];
    let actor = Actor { memberships: &memberships, mandates: &mandates, openings: &openings };
    let by_mandate = access(&actor, &client(), now()).unwrap();
    assert!(by_mandate.has(Scope::Declare) && !by_mandate.has(Scope::Read) && !by_mandate.manages);
}

#[test]
fn a_mandate_that_is_not_in_force_gives_nothing() {
    let given = mandate(&[Scope::Read]);
    let ahead = Term::new("2026-12-02".parse().unwrap(), "2027-01-31".parse().unwrap()).unwrap();
    let past = Term::new("2026-11-01".parse().unwrap(), "2026-11-30".parse().unwrap()).unwrap();
    let not_in_force = [
        Mandate { accepted_at: None, ..given.clone() },
        Mandate { declined_at: Some(now()), ..given.clone() },
        Mandate { accepted_at: Some(now() + SECOND), ..given.clone() },
        given.apply(Transition::End, &openings(), now()).unwrap().mandate,
        Mandate { term: ahead, ..given.clone() },
        Mandate { term: past, ..given.clone() },
        Mandate { client: another(), ..given.clone() },
        Mandate { client: cabinet(), cabinet: client(), ..given.clone() },
    ];
    for mandate in not_in_force {
        let refused = names(&[member(cabinet(), HOLDER)], from_ref(&mandate));
        assert_eq!(refused, Err(Refusal::NotAllowed), "{mandate:?}");
    }
    assert_eq!(names(&[member(cabinet(), HOLDER)], &[given]), Ok(vec!["read"]));
}

#[test]
fn a_suspension_comes_before_a_mandate() {
    let memberships = [member(client(), SUSPENDED_HOLDER), member(cabinet(), HOLDER)];
    assert_eq!(names(&memberships, &[mandate(&[Scope::Read])]), Err(Refusal::NotAllowed));
}

#[test]
fn a_closing_ends_every_right_also_when_the_space_is_open_anew() {
    let (own, of_cabinet) = (member(client(), HOLDER), member(cabinet(), HOLDER));
    let mandates = [mandate(&[Scope::Read])];
    let after = |closed: &Siret, memberships: &[Member]| {
        names_in(&openings_after_closing(closed), memberships, &mandates)
    };
    assert_eq!(after(&another(), from_ref(&own)).unwrap().last(), Some(&"manage"));
    assert_eq!(after(&another(), from_ref(&of_cabinet)), Ok(vec!["read"]));
    assert_eq!(after(&client(), from_ref(&own)), Err(Refusal::NotAllowed));
    assert_eq!(after(&client(), from_ref(&of_cabinet)), Err(Refusal::NotAllowed));
    assert_eq!(after(&cabinet(), from_ref(&of_cabinet)), Err(Refusal::NotAllowed));
    let anew = Member { opening: Opening::FIRST.next(), ..of_cabinet };
    assert_eq!(after(&cabinet(), &[anew]), Err(Refusal::NotAllowed), "the mandate was of the cabinet before");
    let anew = Member { opening: Opening::FIRST.next(), ..own.clone() };
    assert!(after(&client(), &[own.clone(), anew]).is_ok(), "who is a member anew");
    let actor = Actor { memberships: &[own], mandates: &[], openings: &openings_after_closing(&client()) };
    let siret = client();
    let refused = may(&actor, Action::Invite, Thing::Establishment(&siret));
    assert_eq!(refused, Err(Refusal::NotAllowed));
    assert_eq!(names_in(&Openings::default(), &[member(client(), HOLDER)], &[]), Err(Refusal::NotAllowed));
}

/// Whether a holder, a member, a suspended holder and a stranger may.
fn who_may(action: Action, thing: Thing<'_>) -> [bool; 4] {
    [Some(HOLDER), Some(MEMBER), Some(SUSPENDED_HOLDER), None].map(|membership| {
        let mine = membership.map(|membership| member(client(), membership));
        let memberships: Vec<Member> = mine.into_iter().chain([member(another(), HOLDER)]).collect();
        may(&Actor { memberships: &memberships, mandates: &[], openings: &openings() }, action, thing).is_ok()
    })
}

#[test]
fn members_see_the_space_and_holders_decide_in_it() {
    let siret = client();
    let space = Thing::Establishment(&siret);
    assert_eq!(who_may(Action::SeeSpace, space), [true, true, false, false]);
    assert_eq!(who_may(Action::SeeMembership, space), [true, true, true, false], "to leave it");
    for action in [
        Action::SeeMembers,
        Action::SeeJournal,
        Action::Invite,
        Action::WithdrawInvitation,
        Action::NameSuccessor,
        Action::OfferMandate,
        Action::CloseSpace,
    ] {
        assert_eq!(who_may(action, space), [true, false, false, false], "{action:?}");
    }
}

#[test]
fn holders_change_others_and_anybody_leaves() {
    let siret = client();
    let other = Thing::Member { of: &siret, is_me: false };
    let me = Thing::Member { of: &siret, is_me: true };
    for change in [Change::Promote, Change::Demote, Change::Suspend, Change::Resume, Change::Remove] {
        assert_eq!(who_may(Action::ChangeMember(change), other), [true, false, false, false], "{change:?}");
    }
    assert_eq!(who_may(Action::ChangeMember(Change::Leave), other), [false; 4]);
    assert_eq!(who_may(Action::ChangeMember(Change::Leave), me), [true, true, true, false]);
    assert_eq!(who_may(Action::ChangeMember(Change::Demote), me), [true, false, false, false]);
    for change in [Change::Suspend, Change::Resume, Change::Remove] {
        assert_eq!(who_may(Action::ChangeMember(change), me), [false; 4], "{change:?}");
    }
}

#[test]
fn a_mandate_is_answered_by_a_holder_of_the_other_side_and_ended_by_one_of_either() {
    let (here, there) = (client(), another());
    for (offered_by, may_answer) in [(Side::Cabinet, true), (Side::Client, false)] {
        let mandate = Mandate { accepted_at: None, offered_by, ..mandate(&[Scope::Read]) };
        let mine = Thing::Mandate { of: &here, mandate: &mandate };
        for transition in [Transition::Accept, Transition::Decline] {
            let action = Action::AnswerMandate(transition);
            assert_eq!(who_may(action, mine), [may_answer, false, false, false], "{offered_by:?}");
        }
        assert_eq!(who_may(Action::AnswerMandate(Transition::End), mine), [true, false, false, false]);
        let not_mine = Thing::Mandate { of: &there, mandate: &mandate };
        for transition in Transition::ALL {
            assert_eq!(who_may(Action::AnswerMandate(transition), not_mine), [false; 4]);
        }
    }
}

#[test]
fn an_action_on_a_thing_of_another_kind_is_not_allowed() {
    let siret = client();
    let mandate = mandate(&[Scope::Read]);
    let (space, me) = (Thing::Establishment(&siret), Thing::Member { of: &siret, is_me: true });
    assert_eq!(who_may(Action::ChangeMember(Change::Leave), space), [false; 4]);
    assert_eq!(who_may(Action::AnswerMandate(Transition::End), space), [false; 4]);
    assert_eq!(who_may(Action::Invite, me), [false; 4]);
    assert_eq!(who_may(Action::SeeSpace, Thing::Mandate { of: &siret, mandate: &mandate }), [false; 4]);
}

#[test]
fn whoever_manages_may_do_everything_else() {
    for mandates in [vec![], vec![mandate(&[Scope::Read])]] {
        let memberships = [member(client(), HOLDER)];
        let actor = Actor { memberships: &memberships, mandates: &mandates, openings: &openings() };
        let holder = access(&actor, &client(), now()).unwrap();
        assert_eq!((holder.scopes, holder.manages), (Scopes::all(), true));
    }
}
