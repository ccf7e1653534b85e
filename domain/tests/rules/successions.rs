//! Tests of successions: the window opens by facts in any order, and two persons are needed at each step.

use domain::delivery::{Bounce, Event, Reason};
use domain::form::FieldValue;
use domain::succession::{
    Approval, Because, CLOCKS_APART_MAX, EVIDENCE_PIECES_MAX, EvidenceKind, EvidenceList, Fact, FactKind,
    Facts, Mark, Notice, NoticeState, STATEMENT_LENGTH_MAX, SUCCESSION_DAYS, State, Statement, Told, Window,
    contest_token, window,
};
use domain::time::{SignedDuration, Timestamp, after};
use domain::{
    AgentSub, Email, FieldCode, FullName, Identifier, InvitationId, MailId, Name, Opening, Reference,
    Refusal, SecretKey, Siret, Succession, SuccessionId,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_428_000 + second).unwrap()
}

fn mail(rank: u8) -> MailId {
    MailId::new(at(0), [rank; 10])
}

fn identifier(rank: u8) -> Identifier {
    Identifier::from_random([rank; 7])
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn mark(sub: &str) -> Mark {
    Mark { by: AgentSub::parse(sub).unwrap(), name: name(sub), at: at(0) }
}

fn sub(text: &str) -> AgentSub {
    AgentSub::parse(text).unwrap()
}

/// The notice of who is replaced, and those of so many others.
fn notices(others: u8) -> Vec<Notice> {
    let notice = |rank, to| Notice { mail: mail(rank), to, sent_to: "j•••@exemple.fr".to_owned() };
    let holder = notice(0, Told::Holder(identifier(0)));
    let others = (1..=others).map(|rank| notice(rank, Told::Member(identifier(rank))));
    [holder].into_iter().chain(others).collect()
}

fn succession(others: u8, facts: &[(u8, FactKind, i64)]) -> Succession {
    let full_name = |last: &str| FullName { first: name("Jeanne"), last: name(last) };
    Succession {
        id: SuccessionId::from_bytes([1; 16]),
        reference: Reference::parse("T-261123-7K3MQ2").unwrap(),
        siret: Siret::parse("73282932000074").unwrap(),
        opening: Opening::FIRST,
        establishment_name: name("Boulangerie du Marché"),
        holder: identifier(0),
        holder_name: full_name("Martin"),
        name: full_name("Durand"),
        email: Email::parse("paul.durand@exemple.fr").unwrap(),
        evidence: Vec::new(),
        days: SUCCESSION_DAYS,
        invitation: InvitationId::from_bytes([2; 16]),
        proposed: mark("one"),
        round: 1,
        notices: notices(others),
        facts: facts_of(facts),
        approved: None,
        executed_at: None,
        contested_at: None,
        lifted: None,
        refused: None,
        missing: None,
        withdrawn: None,
    }
}

fn facts_of(facts: &[(u8, FactKind, i64)]) -> Facts {
    facts.iter().map(|(rank, kind, second)| Fact::new(mail(*rank), *kind, at(*second))).collect()
}

fn opened(others: u8, facts: &[(u8, FactKind, i64)]) -> Option<(u32, Timestamp, Because)> {
    let window = succession(others, facts).window()?;
    assert_eq!(window.contest_until, after(window.opened_at, DAY * i32::try_from(window.days).unwrap()));
    Some((window.days, window.opened_at, window.because))
}

#[test]
fn the_window_opens_when_the_old_mailbox_takes_its_notice() {
    use FactKind::{Delivered, Sent};
    assert_eq!(opened(2, &[]), None);
    assert_eq!(
        opened(2, &[(0, Sent, 1), (1, Delivered, 2), (2, Delivered, 3)]),
        None,
        "others do not open it"
    );
    let delivered = Some((7, at(9), Because::Delivered));
    assert_eq!(opened(2, &[(0, Sent, 1), (0, Delivered, 9)]), delivered);
    assert_eq!(opened(0, &[(0, Delivered, 30), (0, Delivered, 9)]), delivered, "the first of two");
}

#[test]
fn a_dead_mailbox_lets_the_others_count_and_the_window_is_longer() {
    use FactKind::{Dead, Delivered, Returned};
    let bounced = |second| Some((14, at(second), Because::Bounced));
    assert_eq!(opened(2, &[(0, Dead, 5)]), None, "nobody is told yet");
    assert_eq!(opened(2, &[(0, Dead, 5), (1, Delivered, 3)]), bounced(5), "not before the bounce");
    assert_eq!(opened(2, &[(0, Dead, 5), (1, Delivered, 8), (2, Delivered, 7)]), bounced(7));
    assert_eq!(opened(2, &[(0, Dead, 5), (1, Delivered, 8), (2, Dead, 6)]), bounced(8));
    assert_eq!(
        opened(1, &[(0, Delivered, 1), (0, Dead, 5), (1, Delivered, 3)]),
        bounced(5),
        "after a delivery"
    );
    assert_eq!(opened(0, &[(0, Dead, 5)]), bounced(5), "there is nobody else");
    assert_eq!(opened(2, &[(0, Dead, 5), (1, Dead, 6)]), None, "one may still be told");
    assert_eq!(opened(2, &[(0, Dead, 5), (1, Dead, 6), (2, Dead, 9)]), bounced(9), "all are dead");
    assert_eq!(opened(2, &[(0, Dead, 50), (1, Dead, 6), (2, Dead, 9)]), bounced(50));
    assert_eq!(opened(0, &[(0, Returned, 5)]), bounced(5), "a full mailbox");
    let away = [(0, Returned, 5), (0, Delivered, 1)];
    assert_eq!(opened(0, &away), Some((7, at(1), Because::Delivered)), "an automatic answer");
}

#[test]
fn facts_of_other_mails_say_nothing() {
    use FactKind::{Dead, Delivered};
    assert_eq!(opened(0, &[(9, Delivered, 1), (8, Dead, 2)]), None);
    assert_eq!(window(&[], &facts_of(&[(0, Delivered, 1)]), 7), None);
}

#[test]
fn a_window_has_its_last_second_and_clocks_may_be_apart() {
    let open = Window {
        days: 7,
        opened_at: at(0),
        contest_until: after(at(0), DAY * 7),
        because: Because::Delivered,
    };
    let end = open.contest_until;
    for (moment, is_over) in [
        (at(0), false),
        (end, false),
        (after(end, SECOND), false),
        (after(end, CLOCKS_APART_MAX), false),
        (after(end, CLOCKS_APART_MAX + SECOND), true),
    ] {
        assert_eq!(open.is_over(moment), is_over, "{moment}");
    }
}

#[test]
fn events_of_ses_say_what_they_say() {
    let bounce = |is_permanent| Event::Bounced(Bounce { is_permanent, reason: Reason::MailboxFull });
    for (event, kind) in [
        (Event::Sent, Some(FactKind::Sent)),
        (Event::Delayed, None),
        (Event::Delivered, Some(FactKind::Delivered)),
        (Event::Complained, Some(FactKind::Delivered)),
        (bounce(true), Some(FactKind::Dead)),
        (bounce(false), Some(FactKind::Returned)),
        (Event::Rejected, Some(FactKind::Dead)),
    ] {
        assert_eq!(FactKind::of(event), kind, "{event:?}");
    }
}

#[test]
fn a_notice_is_as_far_as_its_facts() {
    use FactKind::{Dead, Delivered, Returned, Sent};
    let state = |facts: &[(u8, FactKind, i64)]| facts_of(facts).state(mail(0));
    assert_eq!(state(&[(1, Sent, 0)]), NoticeState::Queued);
    assert_eq!(state(&[(0, Sent, 0)]), NoticeState::Sent);
    assert_eq!(state(&[(0, Delivered, 1), (0, Sent, 0), (0, Returned, 2)]), NoticeState::Delivered);
    assert_eq!(state(&[(0, Delivered, 1), (0, Dead, 2)]), NoticeState::Bounced);
    assert_eq!(state(&[(0, Returned, 2)]), NoticeState::Bounced);
    assert_eq!(NoticeState::ALL.map(NoticeState::as_str), ["queued", "sent", "delivered", "bounced"]);
}

const DELIVERED: [(u8, FactKind, i64); 1] = [(0, FactKind::Delivered, 0)];

#[test]
fn the_end_that_stands_is_told_and_an_objection_comes_before_an_approval() {
    let proposed = succession(1, &[]);
    assert_eq!(proposed.state(), State::Proposed);
    assert_eq!(succession(1, &[(1, FactKind::Sent, 0)]).state(), State::Proposed, "the others' do not count");
    assert_eq!(succession(1, &[(0, FactKind::Sent, 0)]).state(), State::Noticed);
    let waiting = succession(1, &DELIVERED);
    assert_eq!(waiting.state(), State::Waiting);
    let approved = Succession { approved: Some(mark("two")), ..waiting.clone() };
    assert_eq!(approved.state(), State::Approved);
    let contested = Succession { contested_at: Some(at(1)), ..approved.clone() };
    assert_eq!(contested.state(), State::Contested);
    let refused = Succession { refused: Some(mark("two")), ..contested.clone() };
    let withdrawn = Succession { withdrawn: Some(mark("one")), ..contested.clone() };
    let executed = Succession { executed_at: Some(at(1)), ..approved };
    let ends = [refused, withdrawn, executed].map(|ended| (ended.state(), ended.state().is_over()));
    assert_eq!(ends, [(State::Refused, true), (State::Withdrawn, true), (State::Executed, true)]);
    assert_eq!(
        State::ALL.map(State::as_str),
        ["proposed", "noticed", "waiting", "approved", "executed", "contested", "refused", "withdrawn"]
    );
    let until = Some(after(at(0), DAY * 7));
    assert_eq!([proposed, waiting, contested].map(|each| each.contest_until()), [None, until, None]);
}

#[test]
fn who_proposed_cannot_approve_at_any_step() {
    let (late, waiting) = (after(at(0), DAY * 8), succession(0, &DELIVERED));
    let approved = Succession { approved: Some(mark("two")), ..waiting.clone() };
    let contested = Succession { contested_at: Some(at(1)), ..waiting.clone() };
    let half = Succession { lifted: Some(mark("two")), ..contested.clone() };
    for each in [succession(0, &[]), waiting, approved, contested, half] {
        assert_eq!(each.approval(&sub("one"), late), Err(Refusal::TwoPersons), "{:?}", each.state());
    }
}

#[test]
fn an_approval_waits_for_the_end_of_the_window_whatever_the_clock_says_without_one() {
    let (end, far) = (after(at(0), DAY * 7), after(at(0), DAY * 3_000));
    let waiting = succession(0, &DELIVERED);
    assert_eq!(waiting.approval(&sub("two"), end), Err(Refusal::SuccessionState));
    let over = after(end, CLOCKS_APART_MAX + SECOND);
    assert_eq!(waiting.approval(&sub("two"), over), Ok(Approval::Approve));
    for facts in [&[][..], &[(0, FactKind::Sent, 0)], &[(1, FactKind::Delivered, 0)]] {
        assert_eq!(succession(1, facts).approval(&sub("two"), far), Err(Refusal::SuccessionState));
    }
    let approved = Succession { approved: Some(mark("two")), ..waiting };
    for agent in ["two", "three"] {
        assert_eq!(approved.approval(&sub(agent), over), Ok(Approval::Execute), "whoever it is");
    }
    // The mailbox turns out to be dead: the window is another.
    let dead =
        Succession { facts: facts_of(&[(0, FactKind::Delivered, 0), (0, FactKind::Dead, 9)]), ..approved };
    assert_eq!(dead.approval(&sub("two"), over), Err(Refusal::SuccessionState));
}

#[test]
fn two_agents_lift_an_objection_and_neither_proposed() {
    let contested = Succession { contested_at: Some(at(1)), ..succession(0, &DELIVERED) };
    assert_eq!(contested.approval(&sub("two"), at(2)), Ok(Approval::Lift));
    let half = Succession { lifted: Some(mark("two")), ..contested };
    assert_eq!(half.approval(&sub("two"), at(2)), Ok(Approval::Nothing));
    assert_eq!(half.approval(&sub("three"), at(2)), Ok(Approval::Renew));
}

#[test]
fn an_end_is_an_end() {
    let open = succession(0, &DELIVERED);
    assert_eq!((open.refusal(), open.withdrawal(&sub("one"), false)), (Ok(true), Ok(true)));
    assert_eq!(open.withdrawal(&sub("two"), false), Err(Refusal::NotProposer));
    assert_eq!(open.withdrawal(&sub("two"), true), Ok(true));
    let refused = Succession { refused: Some(mark("two")), ..open.clone() };
    assert_eq!(refused.refusal(), Ok(false), "twice is once");
    assert_eq!(refused.withdrawal(&sub("one"), false), Err(Refusal::SuccessionState));
    assert_eq!(refused.approval(&sub("two"), at(9)), Err(Refusal::SuccessionState));
    let withdrawn = Succession { withdrawn: Some(mark("one")), ..open.clone() };
    assert_eq!(withdrawn.withdrawal(&sub("one"), false), Ok(false));
    assert_eq!(withdrawn.refusal(), Err(Refusal::SuccessionState));
    let executed = Succession { executed_at: Some(at(9)), ..open };
    assert_eq!(executed.refusal(), Err(Refusal::SuccessionState));
    for agent in ["one", "two"] {
        assert_eq!(executed.approval(&sub(agent), at(9)), Ok(Approval::SendAgain), "no decision any more");
    }
}

#[test]
fn evidence_has_a_kind_of_the_list_and_says_something() {
    let read = |json: serde_json::Value| EvidenceList::read(serde_json::from_value(json).unwrap());
    let piece = |kind: &str, text: &str| serde_json::json!({"kind": kind, "text": text});
    let names = EvidenceKind::ALL.map(EvidenceKind::as_str);
    assert_eq!(
        names,
        [
            "letter",
            "company-register",
            "contract",
            "named-successor",
            "member-word",
            "cabinet-word",
            "agency-knowledge"
        ]
    );
    let all: Vec<_> = names.iter().map(|kind| piece(kind, " Vu.\r\nDaté. ")).collect();
    let list = read(all.into()).unwrap().0;
    assert_eq!((list.len(), list[0].text.as_str()), (7, "Vu.\nDaté."));
    let one = |kind, text: &str| read(serde_json::json!([piece(kind, text)]));
    assert_eq!(one("rumour", "Vu."), Err(FieldCode::EvidenceUnknown));
    assert_eq!(one("letter", " \u{200b} "), Err(FieldCode::Required));
    assert_eq!(one("letter", &"é".repeat(STATEMENT_LENGTH_MAX + 1)), Err(FieldCode::TooLong));
    assert!(one("letter", &"é".repeat(STATEMENT_LENGTH_MAX)).is_ok());
    assert_eq!(read(serde_json::json!([])), Err(FieldCode::Required));
    let many = |count| read(vec![piece("letter", "Vu."); count].into());
    assert_eq!(many(EVIDENCE_PIECES_MAX).map(|list| list.0.len()), Ok(EVIDENCE_PIECES_MAX));
    assert_eq!(many(EVIDENCE_PIECES_MAX + 1), Err(FieldCode::TooLong));
    let other = serde_json::json!([{"kind": "letter", "text": "Vu.", "file": "x"}]);
    assert!(serde_json::from_value::<Vec<domain::succession::EvidenceJson>>(other).is_err());
    assert_eq!(format!("{:?}", Statement::parse("Vu.").unwrap()), "Statement(•••)");
}

#[test]
fn facts_and_whom_a_notice_is_for_have_names_in_the_table_and_on_the_wire() {
    assert_eq!(FactKind::ALL.map(FactKind::as_str), ["sent", "delivered", "returned", "dead"]);
    assert_eq!(Because::ALL.map(Because::as_str), ["delivered", "bounced"]);
    let identifier = || Identifier::from_random([1; 7]);
    let siret = Siret::parse("73282932000074").unwrap();
    let told = [Told::Holder(identifier()), Told::Member(identifier()), Told::Cabinet(siret)];
    assert_eq!(told.each_ref().map(Told::as_str), ["holder", "member", "cabinet"]);
    assert_eq!(told.map(|told| told.is_holder()), [true, false, false]);
}

#[test]
fn a_link_is_the_same_for_the_same_mail_and_no_other_mails() {
    let key = SecretKey::new("link");
    assert_eq!(contest_token(&key, mail(1)), contest_token(&key, mail(1)));
    assert_ne!(contest_token(&key, mail(1)), contest_token(&key, mail(2)));
    assert_ne!(contest_token(&key, mail(1)), domain::invitation::invitation_token(&key, mail(1)));
}

fn fact() -> impl Strategy<Value = Fact> {
    (0..4_u8, select(FactKind::ALL.to_vec()), 0..40_i64)
        .prop_map(|(rank, kind, second)| Fact::new(mail(rank), kind, at(second)))
}

fn shuffled(facts: Vec<Fact>) -> impl Strategy<Value = (Vec<Fact>, Vec<Fact>)> {
    (Just(facts.clone()), Just(facts).prop_shuffle())
}

fn told(facts: impl IntoIterator<Item = Fact>, others: u8) -> (State, Option<Window>) {
    // As the table holds it.
    let facts = facts.into_iter().map(|fact| Fact::parse(&fact.to_string()).unwrap()).collect();
    let succession = Succession { facts, ..succession(others, &[]) };
    (succession.state(), succession.window())
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn events_in_any_order_and_twice_give_the_same_window(
        (facts, shuffled) in vec(fact(), 0..16).prop_flat_map(shuffled), others in 0..4_u8
    ) {
        let once = told(facts.clone(), others);
        prop_assert_eq!(&once, &told(shuffled.clone(), others));
        prop_assert_eq!(once, told(facts.into_iter().chain(shuffled), others));
    }

    #[test]
    fn no_window_without_a_word_of_the_old_mailbox(facts in vec(fact(), 0..16), others in 0..4_u8) {
        let is_of_holder = |fact: &Fact| fact.mail == mail(0) && fact.kind != FactKind::Sent;
        let has_word = facts.iter().any(is_of_holder);
        let (_, window) = told(facts, others);
        prop_assert!(window.is_none() || has_word);
    }

    #[test]
    fn a_window_opens_at_a_fact_and_is_as_long_as_its_reason_says(
        facts in vec(fact(), 0..16), others in 0..4_u8
    ) {
        if let (_, Some(window)) = told(facts.clone(), others) {
            prop_assert!(facts.iter().any(|fact| fact.at == window.opened_at));
            let is_longer = window.because == Because::Bounced;
            prop_assert_eq!(window.days, if is_longer { 14 } else { 7 });
        }
    }
}
