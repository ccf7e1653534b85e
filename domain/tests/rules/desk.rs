//! Tests of cases: one agent at a time, whoever comes after a lease goes on, and nothing is said twice.

use domain::case::{
    Act, CASE_LEASE, CASE_TEXT_LENGTH_MAX, ENTRIES_MAX, ESTABLISHMENTS_OF_MAILBOX_MIN, EntryBy, EntryKind,
    Facts, Held, HolderFacts, Lease, MESSAGE_INTERVAL, MESSAGES_UNANSWERED_MAX, PERSON_ENTRIES_MAX,
    REQUEST_LINK_VALID, Signal, SignalKind, Template, request_token, signals,
};
use domain::link::link_token;
use domain::time::{SignedDuration, Timestamp, after};
use domain::{
    AgentSub, Case, CaseState, CaseText, Email, FieldCode, FieldValue, Identifier, MailId, Name, Reference,
    Refusal, SecretKey,
};
use proptest::prelude::*;

use crate::common;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn now() -> Timestamp {
    "2026-11-23T17:00:00Z".parse().unwrap()
}

fn agent(name: &str) -> AgentSub {
    AgentSub::parse(name).unwrap()
}

fn held(by: &str, until: Timestamp) -> Option<Held> {
    Some(Held { by: agent(by), name: Name::parse("Alice Roy").unwrap(), until })
}

fn case(state: CaseState) -> Case {
    Case { state, ..Case::NEW }
}

fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

#[test]
fn a_case_that_is_taken_is_kept_for_a_quarter_of_an_hour() {
    let taken = Case::NEW.act(Act::Take, &agent("alice"), now()).unwrap();
    let until = after(now(), CASE_LEASE);
    assert_eq!(CASE_LEASE.as_mins(), 15);
    assert_eq!((taken.entry, taken.state), (Some(EntryKind::Taken), CaseState::Waiting));
    assert_eq!(taken.lease, Lease::Until(until));

    let case = Case { entries: 1, held: held("alice", until), ..Case::NEW };
    let last = until - SECOND;
    for act in Act::ALL {
        assert_eq!(case.act(act, &agent("bruno"), last), Err(Refusal::CaseHeld), "{act:?}");
    }
    let extended = case.act(Act::Take, &agent("alice"), last).unwrap();
    assert_eq!((extended.entry, extended.lease), (None, Lease::Until(after(last, CASE_LEASE))));
    // Over at that very moment: by the clock, without any write.
    assert_eq!(case.held(until), None);
    let taken_over = case.act(Act::Take, &agent("bruno"), until).unwrap();
    assert_eq!(taken_over.entry, Some(EntryKind::Taken));
    assert_eq!(case.act(Act::Take, &agent("alice"), until).unwrap().entry, Some(EntryKind::Taken));
}

#[test]
fn every_act_takes_or_extends_the_lease_and_two_end_it() {
    for act in Act::ALL {
        let state = if act == Act::Reopen { CaseState::Closed } else { CaseState::Waiting };
        let case = Case { held: held("alice", after(now(), SECOND)), ..case(state) };
        let effect = case.act(act, &agent("alice"), now()).unwrap();
        let ends = matches!(act, Act::Close | Act::Release);
        let lease = if ends { Lease::Ended } else { Lease::Until(after(now(), CASE_LEASE)) };
        assert_eq!(effect.lease, lease, "{act:?}");
        assert!(!effect.is_nothing());
    }
    let nothing = Case::NEW.act(Act::Release, &agent("alice"), now()).unwrap();
    assert!(nothing.is_nothing(), "what nobody holds is released");
}

#[test]
fn acts_move_a_case_from_state_to_state() {
    use CaseState::{Answered, Closed, Waiting};
    for (from, act, to) in [
        (Waiting, Act::Take, Ok(Waiting)),
        (Answered, Act::Take, Ok(Answered)),
        (Closed, Act::Take, Ok(Closed)),
        (Waiting, Act::Note, Ok(Waiting)),
        (Answered, Act::Note, Ok(Answered)),
        (Closed, Act::Note, Ok(Closed)),
        (Waiting, Act::Answer, Ok(Answered)),
        (Answered, Act::Answer, Ok(Answered)),
        (Closed, Act::Answer, Err(Refusal::CaseState)),
        (Waiting, Act::Close, Ok(Closed)),
        (Answered, Act::Close, Ok(Closed)),
        (Closed, Act::Close, Err(Refusal::CaseState)),
        (Waiting, Act::Reopen, Err(Refusal::CaseState)),
        (Answered, Act::Reopen, Err(Refusal::CaseState)),
        (Closed, Act::Reopen, Ok(Waiting)),
    ] {
        let effect = case(from).act(act, &agent("alice"), now());
        assert_eq!(effect.map(|effect| effect.state), to, "{from:?} {act:?}");
    }
    for from in CaseState::ALL {
        let message = case(from).message(now()).unwrap();
        assert_eq!((message.state, message.lease), (Waiting, Lease::Left), "whoever holds it");
        let closed = case(from).close_by_person();
        assert_eq!((closed.state, closed.is_nothing()), (Closed, from == Closed));
        let noted = case(from).note_procedure(None);
        assert_eq!((noted.entry, noted.state), (Some(EntryKind::Succession), from));
        assert_eq!(case(from).note_procedure(Some(Waiting)).state, Waiting);
        let remark = case(from).remark();
        assert_eq!((remark.entry, remark.state, remark.lease), (Some(EntryKind::Note), from, Lease::Left));
    }
}

#[test]
fn the_link_to_a_request_works_for_thirty_days() {
    let end: Timestamp = "2026-12-23T17:00:00Z".parse().unwrap();
    assert_eq!(after(now(), REQUEST_LINK_VALID), end);
}

#[test]
fn a_person_writes_ten_times_then_once_a_day_until_an_answer() {
    let mut case = Case::NEW;
    for _ in 0..MESSAGES_UNANSWERED_MAX {
        case.unanswered = case.message(now()).unwrap().unanswered;
        case.message_at = Some(now());
    }
    let refused = case.message(now());
    let wait = u64::try_from(MESSAGE_INTERVAL.as_secs()).unwrap() + 1;
    assert_eq!(refused, Err(Refusal::TooManyMessages { retry_after_seconds: wait }));
    assert_eq!(case.message(after(now(), MESSAGE_INTERVAL)).unwrap().unanswered, 11);
    for (act, left) in [(Act::Answer, 0), (Act::Close, 0), (Act::Note, 10), (Act::Take, 10)] {
        assert_eq!(case.act(act, &agent("alice"), now()).unwrap().unanswered, left, "{act:?}");
    }
    let answered = Case { unanswered: 0, ..case };
    assert!(answered.message(now()).is_ok());
}

#[test]
fn a_thread_ends_and_can_always_be_closed() {
    let full = Case { entries: ENTRIES_MAX, held: held("alice", after(now(), SECOND)), ..Case::NEW };
    for act in Act::ALL {
        let is_taken = full.act(act, &agent("alice"), now()).is_ok();
        assert_eq!(is_taken, matches!(act, Act::Close | Act::Release), "{act:?}");
    }
    let of_person = Case { entries: PERSON_ENTRIES_MAX, ..Case::NEW };
    assert!(matches!(of_person.message(now()), Err(Refusal::TooManyMessages { .. })));
    assert!(!of_person.close_by_person().is_nothing());
    assert!(of_person.act(Act::Answer, &agent("alice"), now()).is_ok());
    // Of the longest texts in characters of four bytes a whole thread is within what Lambda answers.
    assert!(usize::try_from(ENTRIES_MAX).unwrap() * CASE_TEXT_LENGTH_MAX * 4 < 6_000_000);
}

#[test]
fn what_agents_share_among_themselves_is_not_for_the_person() {
    for kind in EntryKind::ALL {
        let is_inner = matches!(kind, EntryKind::Note | EntryKind::Taken | EntryKind::Released);
        assert_eq!(kind.is_for_person(), !is_inner, "{kind:?}");
        assert!(kind.is_for_person() || !kind.is_mailed(), "{kind:?}");
        assert_eq!(EntryKind::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(EntryKind::parse("Note"), None);
    for by in EntryBy::ALL {
        assert_eq!(EntryBy::parse(by.as_str()), Some(by));
    }
    for state in CaseState::ALL {
        assert_eq!(CaseState::parse(state.as_str()), Ok(state));
    }
    assert_eq!(CaseState::parse("open"), Err(FieldCode::CaseStateUnknown));
}

#[test]
fn the_journal_names_the_act_and_the_request() {
    let reference = Reference::parse("T-261123-7K3MQ2").unwrap();
    assert_eq!(Act::Take.what(&reference), "prise en charge de la demande T-261123-7K3MQ2");
    assert_eq!(Act::Answer.what(&reference), "réponse à la demande T-261123-7K3MQ2");
    let mut all: Vec<String> = Act::ALL.map(|act| act.what(&reference)).to_vec();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), Act::ALL.len());
}

#[test]
fn a_text_has_1_to_5000_characters_on_any_number_of_lines() {
    let kept = |typed: &str| CaseText::parse(typed).map(|text| text.as_str().to_owned());
    assert_eq!(kept("  oui\r\n\u{202E}merci \u{200B}"), Ok("oui\nmerci".to_owned()));
    for (length, is_right) in [(1, true), (5_000, true), (5_001, false)] {
        assert_eq!(kept(&"🦀".repeat(length)).is_ok(), is_right, "{length}");
    }
    for blank in ["", " \n\t", "\u{200D}"] {
        assert_eq!(kept(blank), Err(FieldCode::Required), "{blank:?}");
    }
    assert_eq!(format!("{:?}", CaseText::parse("secret").unwrap()), "CaseText(•••)");
}

#[test]
fn templates_have_a_reason_a_text_that_fits_and_a_name_of_their_own() {
    let mut names: Vec<&str> = Template::ALL.iter().map(|template| template.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Template::ALL.len());
    for template in &Template::ALL {
        assert!(template.label.chars().count() <= 60 && template.reason.ends_with('.'), "{}", template.name);
        assert_eq!(CaseText::parse(template.text).unwrap().as_str(), template.text, "{}", template.name);
        assert_eq!(<&Template>::read(template.name.to_owned()), Ok(template));
    }
    assert_eq!(<&Template>::read("none".to_owned()), Err(FieldCode::TemplateUnknown));
}

fn holder(address: &str) -> HolderFacts {
    let email = email(address);
    HolderFacts {
        email,
        address_changed_at: None,
        password_set_at: None,
        answered_at: None,
        delivered_at: None,
    }
}

fn kinds(of: &[Signal]) -> Vec<SignalKind> {
    of.iter().map(|signal| signal.kind).collect()
}

fn facts(asker: &Email, holders: &[HolderFacts], establishments: usize) -> Vec<Signal> {
    signals(&Facts { asker, establishments, holders }, now())
}

#[test]
fn signals_come_with_their_reasons_and_none_without() {
    let asker = email("jeanne@exemple.fr");
    let (today, old) = (Some(now() - SECOND), Some(now() - DAY * 7));
    let quiet = HolderFacts {
        address_changed_at: old,
        password_set_at: old,
        answered_at: old,
        delivered_at: old,
        ..holder("paul@exemple.fr")
    };
    assert!(facts(&asker, std::slice::from_ref(&quiet), 1).is_empty());

    let last = HolderFacts { address_changed_at: Some(now() - (DAY * 7 - SECOND)), ..quiet.clone() };
    assert_eq!(kinds(&facts(&asker, &[last], 1)), [SignalKind::AddressChanged]);
    let changed = HolderFacts { address_changed_at: today, ..quiet.clone() };
    let said = facts(&asker, &[quiet, changed], 1);
    assert_eq!(kinds(&said), [SignalKind::AddressChanged]);
    assert!(said[0].reason.contains("23/11/2026"), "{}", said[0].reason);

    let said = facts(&asker, &[], ESTABLISHMENTS_OF_MAILBOX_MIN);
    assert_eq!(kinds(&said), [SignalKind::SeveralEstablishments]);
    assert!(said[0].reason.contains("2 établissements en 30 jours"), "{}", said[0].reason);

    let said = facts(&email("jeanne@GMAIL.com"), &[], 1);
    assert_eq!(kinds(&said), [SignalKind::FreeMail]);
    assert!(said[0].reason.contains("gmail.com") && !said[0].reason.contains("jeanne"));

    let everything = HolderFacts {
        address_changed_at: today,
        password_set_at: today,
        answered_at: today,
        delivered_at: today,
        ..holder("paul@exemple.fr")
    };
    let said = facts(&email("jeanne@free.fr"), &[everything], 5);
    assert_eq!(kinds(&said), SignalKind::ALL);
    let names = ["address-changed", "several-establishments", "free-mail", "holder-active"];
    assert_eq!(SignalKind::ALL.map(SignalKind::as_str), names);
}

#[test]
fn a_holder_is_active_by_the_strongest_sign_and_never_by_the_askers_own() {
    let asker = email("jeanne@exemple.fr");
    let today = Some(now() - SECOND);
    let delivered = HolderFacts { delivered_at: today, ..holder("paul@exemple.fr") };
    let password = HolderFacts { password_set_at: today, ..delivered.clone() };
    let answered = HolderFacts { answered_at: today, ..password.clone() };
    for (holder, sign) in [(delivered, "reçu un courriel"), (password, "mot de passe"), (answered, "répondu")]
    {
        let own = HolderFacts { email: email("Jeanne+paie@exemple.fr"), ..holder.clone() };
        assert!(facts(&asker, &[holder], 1)[0].reason.contains(sign), "{sign}");
        assert!(facts(&asker, &[own], 1).is_empty(), "the asker is that holder");
    }
}

#[test]
fn the_token_of_a_request_is_of_its_mail_and_of_no_other_link() {
    let key = SecretKey::new("a key");
    let mail = |last| MailId::new(now(), [0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    let token = request_token(&key, mail(1));
    assert!(token == request_token(&key, mail(1)) && token != request_token(&key, mail(2)));
    assert!(token != domain::invitation::invitation_token(&key, mail(1)));
    assert!(token != link_token(&key, mail(1), &Identifier::from_random([0; 7])));
}

proptest! {
    #![proptest_config(common::config())]

    /// Whatever agents do at any time, one holds the case, and only who holds it acts.
    #[test]
    fn nobody_acts_on_what_another_holds(
        acts in prop::collection::vec((0_usize..6, 0_usize..3, 0_i64..1_200), 1..40)
    ) {
        let agents = ["alice", "bruno", "chloe"].map(agent);
        let (mut case, mut at) = (Case::NEW, now());
        for (act, who, seconds) in acts {
            at = after(at, SignedDuration::from_secs(seconds));
            let (by, holder) = (&agents[who], case.held(at).map(|held| held.by.clone()));
            match case.act(Act::ALL[act], by, at) {
                Err(Refusal::CaseHeld) => prop_assert!(holder.is_some_and(|holder| holder != *by)),
                Err(refusal) => prop_assert_eq!(refusal, Refusal::CaseState),
                Ok(effect) => {
                    prop_assert!(holder.is_none_or(|holder| holder == *by));
                    case.state = effect.state;
                    case.entries += u64::from(effect.entry.is_some());
                    case.held = match effect.lease {
                        Lease::Left => case.held,
                        Lease::Ended => None,
                        Lease::Until(until) => held(by.as_str(), until),
                    };
                    prop_assert!(case.held(at).is_none_or(|held| held.by == *by));
                }
            }
        }
    }
}
