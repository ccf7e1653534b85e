//! Tests of what becomes of a mail: SES's events in any order, reasons, and the health of a domain.

use domain::delivery::{
    AddressStanding, BOUNCED_RETENTION, Bounce, COMPLAINED_RETENTION, DelayBin, DomainCounts, DomainHealth,
    Event, HEALTH_MAILS_MIN, Progress, Reason,
};
use domain::journal::MandateEvent;
use domain::mail::MailState;
use domain::membership::Change;
use domain::time::{SignedDuration, Timestamp};
use domain::{Identifier, MailJob, MandateId, Reference, Siret};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_428_000 + second).unwrap()
}

fn queued() -> Progress {
    Progress { state: MailState::Queued, at: at(0), reason: None }
}

fn end(events: &[(Event, i64)]) -> Progress {
    events
        .iter()
        .fold(queued(), |progress, (event, second)| progress.on(*event, at(*second)).unwrap_or(progress))
}

fn event() -> impl Strategy<Value = Event> {
    let bounce = (any::<bool>(), select(Reason::ALL.to_vec()))
        .prop_map(|(is_permanent, reason)| Event::Bounced(Bounce { is_permanent, reason }));
    prop_oneof![
        Just(Event::Sent),
        Just(Event::Delayed),
        Just(Event::Delivered),
        bounce,
        Just(Event::Complained),
        Just(Event::Rejected),
    ]
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn every_order_of_the_events_ends_in_the_same_state(
        (events, shuffled) in vec((event(), 0..20_i64), 0..12)
            .prop_flat_map(|events| (Just(events.clone()), shuffle_of(events)))
    ) {
        prop_assert_eq!(end(&events), end(&shuffled));
        let doubled: Vec<_> = events.iter().chain(&shuffled).copied().collect();
        prop_assert_eq!(end(&events), end(&doubled), "an event that comes twice changes nothing");
    }

    #[test]
    fn a_mail_only_moves_forward(events in vec((event(), 0..20_i64), 0..12)) {
        let mut progress = queued();
        for (event, second) in events {
            if let Some(next) = progress.on(event, at(second)) {
                prop_assert!(next.state.rank() >= progress.state.rank());
                prop_assert_ne!(next, progress);
                progress = next;
            }
        }
    }

    #[test]
    fn a_bin_is_a_quarter_wide_and_is_read_as_it_is_written(seconds in 0..20_000_i64) {
        let bin = DelayBin::of(SignedDuration::from_secs(seconds));
        prop_assert_eq!(DelayBin::parse(&bin.number().to_string()), Some(bin));
        let told = i64::try_from(bin.seconds()).unwrap();
        if (2..7_000).contains(&seconds) {
            prop_assert!(told >= seconds && told * 4 <= seconds * 5 + 8, "{} for {}", told, seconds);
        }
    }
}

fn shuffle_of(events: Vec<(Event, i64)>) -> impl Strategy<Value = Vec<(Event, i64)>> {
    Just(events).prop_shuffle()
}

#[test]
fn an_automatic_answer_does_not_undo_a_delivery_and_a_late_bounce_does() {
    let bounce = |is_permanent| Event::Bounced(Bounce { is_permanent, reason: Reason::Other });
    let after = |event| end(&[(Event::Sent, 0), (Event::Delivered, 1), (event, 60)]).state;
    assert_eq!(after(bounce(false)), MailState::Delivered);
    assert_eq!(after(bounce(true)), MailState::Bounced);
    assert_eq!(after(Event::Complained), MailState::Complained);
    assert_eq!(end(&[(Event::Sent, 0), (bounce(false), 60)]).state, MailState::Returned);
}

#[test]
fn the_later_of_two_delays_counts() {
    let twice = end(&[(Event::Delayed, 60), (Event::Delayed, 10)]);
    assert_eq!((twice.state, twice.at), (MailState::Delayed, at(60)));
}

#[test]
fn states_and_reasons_are_read_as_they_are_written() {
    for state in MailState::ALL {
        assert_eq!(MailState::parse(state.as_str()), Some(state));
    }
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.as_str()), Some(reason));
    }
    for standing in [AddressStanding::Bounced, AddressStanding::Complained] {
        assert_eq!(AddressStanding::parse(standing.as_str()), Some(standing));
    }
    assert_eq!((MailState::parse(""), Reason::parse("x"), AddressStanding::parse("x")), (None, None, None));
}

#[test]
fn only_a_domain_that_refuses_is_no_fault_of_the_mailbox() {
    let of_domain: Vec<Reason> = Reason::ALL.into_iter().filter(|reason| reason.is_of_domain()).collect();
    assert_eq!(of_domain, [Reason::DomainUnknown, Reason::Blocked]);
    let bounced = Event::Bounced(Bounce { is_permanent: true, reason: Reason::MailboxFull });
    let told = queued().on(bounced, at(5)).map(|progress| progress.reason);
    assert_eq!(told, Some(Some(Reason::MailboxFull)), "why a mail came back is kept");
    assert_eq!(BOUNCED_RETENTION, SignedDuration::from_hours(720));
    assert_eq!(COMPLAINED_RETENTION, SignedDuration::from_hours(8_760));
}

#[test]
fn the_servers_code_tells_more_than_the_subtype() {
    for (subtype, status, reason) in [
        ("General", "5.1.1", Reason::MailboxUnknown),
        ("NoEmail", "", Reason::MailboxUnknown),
        ("General", "5.2.2", Reason::MailboxFull),
        ("MailboxFull", "", Reason::MailboxFull),
        ("General", "5.2.1", Reason::MailboxClosed),
        ("General", "5.1.2", Reason::DomainUnknown),
        ("General", "5.7.1", Reason::Blocked),
        ("ContentRejected", "", Reason::Blocked),
        ("General", "5.3.4", Reason::TooLarge),
        ("MessageTooLarge", "", Reason::TooLarge),
        ("Suppressed", "5.2.2", Reason::MailboxUnknown),
        ("Suppressed", "", Reason::MailboxUnknown),
        ("OnAccountSuppressionList", "", Reason::Listed),
        ("General", "", Reason::Other),
        ("", "nonsense", Reason::Other),
    ] {
        assert_eq!(Reason::of(subtype, status, ""), reason, "{subtype} {status}");
    }
}

#[test]
fn the_words_of_a_server_tell_an_unknown_mailbox_from_a_closed_domain() {
    let not_found =
        "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup";
    for (status, diagnostic, reason) in [
        // Microsoft 365.
        ("5.1.10", not_found, Reason::MailboxUnknown),
        ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied.", Reason::MailboxUnknown),
        // outlook.com.
        ("5.5.0", "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable", Reason::MailboxUnknown),
        // RFC 7505, and Postfix.
        ("5.1.10", "smtp; 556 5.1.10 Recipient address has null MX", Reason::DomainUnknown),
        ("5.1.10", "smtp; 556 5.1.10 Domain exemple.fr does not accept mail (nullMX)", Reason::DomainUnknown),
        ("5.1.10", "", Reason::MailboxUnknown),
        ("5.4.1", "smtp; 550 5.4.1 No answer from host", Reason::Other),
        ("5.5.0", "smtp; 550 5.5.0 Command unrecognized", Reason::Other),
        // Words say nothing without their code.
        ("5.7.1", "smtp; 550 5.7.1 mailbox unavailable", Reason::Blocked),
    ] {
        assert_eq!(Reason::of("General", status, diagnostic), reason, "{diagnostic}");
        assert_eq!(Reason::of("General", status, &diagnostic.to_uppercase()), reason, "{diagnostic}");
    }
}

#[test]
fn what_is_the_domains_doing_teaches_nothing_of_the_address() {
    for reason in Reason::ALL {
        let bounced = |is_permanent| Event::Bounced(Bounce { is_permanent, reason }).standing();
        let expected = (!reason.is_of_domain()).then_some(AddressStanding::Bounced);
        assert_eq!((bounced(true), bounced(false)), (expected, None), "{reason:?}");
    }
    assert_eq!(Event::Complained.standing(), Some(AddressStanding::Complained));
    for event in [Event::Sent, Event::Delayed, Event::Delivered, Event::Rejected] {
        assert_eq!(event.standing(), None);
    }
}

#[test]
fn which_mails_go_to_an_address_that_bounced_or_complained() {
    let identifier = || Identifier::from_random([1, 2, 3, 4, 5, 6, 7]);
    let reference = || Reference::new("2026-11-23".parse().unwrap(), [1, 2, 3, 4, 5, 6]);
    let siret = || Siret::parse("73282932000074").unwrap();
    let mandate = |event| {
        let mandate = MandateId::from_bytes([1; 16]);
        MailJob::Mandate { siret: siret(), other: siret(), mandate, event }
    };
    let (bounced, complained) = (AddressStanding::Bounced, AddressStanding::Complained);
    for (job, goes) in [
        (MailJob::Activation { identifier: identifier(), is_corrected: false }, [false, false]),
        (MailJob::Activation { identifier: identifier(), is_corrected: true }, [true, false]),
        (MailJob::RecoveryByIdentifier { identifier: identifier() }, [false, false]),
        (MailJob::PasswordChanged { identifier: identifier() }, [false, true]),
        (MailJob::AccountClosed { identifier: identifier() }, [false, true]),
        (MailJob::LoginsBlocked { identifier: identifier() }, [false, false]),
        (MailJob::TicketReceipt { reference: reference() }, [false, true]),
        (MailJob::TicketToAgency { reference: reference() }, [true, true]),
        (MailJob::MemberJoined { siret: siret(), identifier: identifier() }, [false, true]),
        (
            MailJob::MemberChanged { siret: siret(), identifier: identifier(), change: Change::Remove },
            [false, true],
        ),
        (mandate(MandateEvent::Offered), [false, false]),
        (mandate(MandateEvent::Accepted), [false, true]),
        (mandate(MandateEvent::FirstUsed), [false, true]),
    ] {
        assert_eq!([bounced.admits(&job), complained.admits(&job)], goes, "{job:?}");
    }
    assert!(complained.retention() > bounced.retention());
}

#[test]
fn half_of_the_mails_decide_over_a_domain() {
    let bin = |minutes| DelayBin::of(SignedDuration::from_mins(minutes));
    let counts = |delivered: &[(i64, u64)], delayed, bounced, refused| DomainCounts {
        delivered: delivered.iter().map(|(minutes, count)| (bin(*minutes), *count)).collect(),
        delayed,
        resumed: 0,
        bounced,
        refused,
    };
    let few = HEALTH_MAILS_MIN - 1;
    assert_eq!(counts(&[(0, few)], 0, 0, 0).health(), DomainHealth::Unknown);
    assert_eq!(counts(&[(0, few + 1)], 0, 0, 0).health(), DomainHealth::Good);
    assert_eq!(counts(&[(0, 3)], 0, 0, 3).health(), DomainHealth::Refusing);
    assert_eq!(counts(&[(0, 4)], 0, 0, 3).health(), DomainHealth::Good);
    assert_eq!(counts(&[], 0, 9, 0).health(), DomainHealth::Good, "mailboxes that do not exist");
    assert_eq!(counts(&[(0, 2)], 3, 0, 0).health(), DomainHealth::Delayed { median_seconds: Some(1) });
    assert_eq!(counts(&[(0, 4)], 6, 0, 0).health(), DomainHealth::Delayed { median_seconds: Some(1) });
    assert_eq!(counts(&[(0, 6)], 4, 0, 0).health(), DomainHealth::Good);
    assert_eq!(counts(&[], 5, 0, 0).health(), DomainHealth::Delayed { median_seconds: None });
    let slow = counts(&[(0, 2), (12, 4)], 0, 0, 0).health();
    assert_eq!(slow, DomainHealth::Delayed { median_seconds: Some(bin(12).seconds()) });
    // Those that were delayed and came within minutes are no longer waited for.
    let greylisted = DomainCounts { resumed: 5, ..counts(&[(2, 5)], 5, 0, 0) };
    assert_eq!(greylisted.health(), DomainHealth::Good);
    let few = DomainCounts { resumed: 3, ..counts(&[(2, 3)], 3, 0, 0) };
    assert_eq!(few.health(), DomainHealth::Unknown, "a mail counts once");
    assert_eq!(DomainCounts::default().median_seconds(), None);
    assert_eq!(counts(&[(0, 0)], 0, 0, 0).median_seconds(), None, "a count of none");
    assert_eq!(counts(&[(0, 1), (12, 2)], 0, 0, 0).median_seconds(), Some(bin(12).seconds()));
}
