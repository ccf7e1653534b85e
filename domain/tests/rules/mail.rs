//! Tests of mails: an id that sorts by time and tells nothing, and which mails a stranger can cause.

use std::collections::HashSet;

use domain::mail::{Bounded, DigestPeriod, Lane, MailState, QUOTA_WINDOW};
use domain::succession::{News, Told};
use domain::time::{SignedDuration, Timestamp};
use domain::{Email, Identifier, MailId, MailJob, Reference, Siret, SuccessionId};
use proptest::prelude::*;

use crate::common;

fn every_job() -> [(MailJob, &'static str); 12] {
    let identifier = || Identifier::parse("AP-7K3M-Q2FD").unwrap();
    let reference = || Reference::parse("T-261123-7K3MQ2").unwrap();
    let succession = || SuccessionId::parse("7k3mq2fd9w4t5r6y").unwrap();
    let address = "fingerprint".to_owned();
    [
        (MailJob::Activation { identifier: identifier(), is_corrected: false }, "activation"),
        (MailJob::Welcome { identifier: identifier() }, "welcome"),
        (MailJob::RecoveryByAddress { siret: siret(), address }, "recovery_by_address"),
        (MailJob::RecoveryByIdentifier { identifier: identifier() }, "recovery_by_identifier"),
        (MailJob::LoginsBlocked { identifier: identifier() }, "logins_blocked"),
        (MailJob::PasswordChanged { identifier: identifier() }, "password_changed"),
        (MailJob::TicketReceipt { reference: reference() }, "ticket_receipt"),
        (MailJob::TicketToAgency { reference: reference() }, "ticket_to_agency"),
        (MailJob::AgencyDigest { period: DigestPeriod::of(Timestamp::UNIX_EPOCH) }, "agency_digest"),
        (MailJob::StillThere { siret: siret(), identifier: identifier() }, "still_there"),
        (
            MailJob::SuccessionNotice { succession: succession(), round: 1, to: Told::Holder(identifier()) },
            "succession_notice",
        ),
        (
            MailJob::SuccessionNews {
                succession: succession(),
                to: Told::Cabinet(siret()),
                news: News::Contested,
            },
            "succession_news",
        ),
    ]
}

fn siret() -> Siret {
    Siret::parse("73282932000074").unwrap()
}

fn quotas(mail: Bounded<'_>) -> Vec<(&'static str, String, u64)> {
    mail.quotas().into_iter().map(|quota| (quota.name, quota.counted, quota.mails_max)).collect()
}

#[test]
fn what_a_stranger_can_have_sent_counts_against_the_mailbox_whatever_its_sub_address() {
    assert_eq!(QUOTA_WINDOW, SignedDuration::from_hours(1));
    for typed in ["jean@exemple.fr", "Jean+1@exemple.fr", "jean+paie+2@EXEMPLE.fr"] {
        let to = Email::parse(typed).unwrap();
        let mailbox = "jean@exemple.fr".to_owned();
        assert_eq!(quotas(Bounded::Recovery(&to)), [("recovery", mailbox.clone(), 5)]);
        assert_eq!(quotas(Bounded::Receipt(&to)), [("receipt", mailbox.clone(), 20)]);
        assert_eq!(
            quotas(Bounded::Activation(&to, &siret())),
            [
                ("establishment-activation", format!("73282932000074 {mailbox}"), 10),
                ("activation", mailbox, 60),
            ],
        );
    }
}

#[test]
fn what_one_establishment_can_have_sent_is_bounded_for_each_mailbox_and_for_all() {
    let (to, by) = (Email::parse("Jean+1@exemple.fr").unwrap(), siret());
    let other = Siret::parse("35600000000048").unwrap();
    let (mailbox, own) = ("jean@exemple.fr".to_owned(), "73282932000074".to_owned());
    let with_mailbox = format!("{own} {mailbox}");
    assert_eq!(
        quotas(Bounded::Invitation(&to, &by)),
        [
            ("mailbox-invitation", with_mailbox.clone(), 3),
            ("establishment-invitation", own.clone(), 40),
            ("invitation", mailbox.clone(), 30),
        ]
    );
    assert_eq!(quotas(Bounded::InvitationRequest(&by)), [("invitation-request", own.clone(), 5)]);
    assert_eq!(
        quotas(Bounded::MandateOffer { to: &to, by: &by, other: &other }),
        [
            ("pair-mandate-offer", format!("{own} {other} {mailbox}"), 3),
            ("establishment-mandate-offer", with_mailbox.clone(), 30),
            ("mandate-offer", mailbox.clone(), 60),
        ]
    );
    assert_eq!(
        quotas(Bounded::MandateContact(&to, &by)),
        [
            ("mailbox-mandate-contact", with_mailbox, 3),
            ("mandate-contact", own, 40),
            ("mandate-offer", mailbox.clone(), 60),
        ]
    );
    let identifier = Identifier::from_random([1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(
        quotas(Bounded::AddressConfirmation(&identifier, &to)),
        [("address-change", identifier.to_string(), 5), ("new-address", mailbox, 20)]
    );
    let counted = format!("{by} {identifier}");
    assert_eq!(quotas(Bounded::MemberChange(&identifier, &by)), [("member-change", counted, 20)]);
}

#[test]
fn the_agency_has_one_quota_for_the_whole_site() {
    assert_eq!(quotas(Bounded::AgencyCopy), [("agency-copy", String::new(), 300)]);
}

#[test]
fn a_digest_covers_a_quarter_of_an_hour_and_is_due_a_minute_after() {
    let at = |time: &str| format!("2026-11-23T{time}Z").parse::<Timestamp>().unwrap();
    let period = DigestPeriod::of(at("14:15:00"));
    assert_eq!(period, DigestPeriod::of(at("14:29:59.999")));
    assert_ne!(period, DigestPeriod::of(at("14:14:59.999")));
    assert_ne!(period, DigestPeriod::of(at("14:30:00")));
    assert_eq!((period.start(), period.end()), (at("14:15:00"), at("14:30:00")));
    assert_eq!(period.due_at(), at("14:31:00"));
    assert_eq!(period.to_string(), "2026-11-23T14:15:00Z");
}

#[test]
fn each_digest_has_one_mail() {
    let periods = (0..96).map(|quarter| DigestPeriod::of(Timestamp::from_second(quarter * 900).unwrap()));
    let mails: HashSet<MailId> = periods.map(DigestPeriod::mail).collect();
    assert_eq!(mails.len(), 96);
}

#[test]
fn a_log_shows_what_a_mail_is_about_and_not_whom() {
    for (job, kind) in every_job() {
        assert_eq!(format!("{job:?}"), format!("MailJob({kind})"));
    }
}

#[test]
fn receipts_the_agency_s_copies_and_what_nobody_waits_for_hold_up_no_link() {
    for (job, kind) in every_job() {
        let is_desk =
            kind.starts_with("ticket") || matches!(kind, "agency_digest" | "still_there" | "succession_news");
        let lane = if is_desk { Lane::Desk } else { Lane::Links };
        assert_eq!(job.lane(), lane, "{kind}");
    }
    assert_eq!(Lane::ALL.map(Lane::as_str), ["links", "desk"]);
}

#[test]
fn a_job_is_read_back_as_it_was_written() {
    for (job, kind) in every_job() {
        let written = serde_json::to_string(&job).unwrap();
        assert!(written.starts_with(&format!("{{\"kind\":\"{kind}\"")), "{written}");
        assert_eq!(serde_json::from_str::<MailJob>(&written).unwrap(), job);
    }
    assert!(serde_json::from_str::<MailJob>(r#"{"kind":"welcome","identifier":"AP-0000-0001"}"#).is_err());
}

#[test]
fn every_state_has_a_name_of_its_own() {
    let states = [
        (MailState::Queued, "queued"),
        (MailState::Sending, "sending"),
        (MailState::Sent, "sent"),
        (MailState::Superseded, "superseded"),
        (MailState::Suppressed, "suppressed"),
        (MailState::NoRecipient, "no_recipient"),
        (MailState::Refused, "refused"),
    ];
    for (state, name) in states {
        assert_eq!(state.as_str(), name);
    }
}

#[test]
fn an_id_is_the_moment_and_eighty_random_bits() {
    assert_eq!(MailId::new(Timestamp::UNIX_EPOCH, [0; 10]).to_string(), "0".repeat(26));
    let id = MailId::new(Timestamp::from_millisecond(1).unwrap(), [0xFF; 10]);
    assert_eq!(id.to_string(), format!("0000000001{}", "Z".repeat(16)));
    assert_eq!(id.made_at(), Timestamp::from_millisecond(1).unwrap());
}

#[test]
fn a_moment_before_1970_counts_as_1970() {
    let before = MailId::new("1969-12-31T23:59:59Z".parse().unwrap(), [3; 10]);
    assert_eq!(before, MailId::new(Timestamp::UNIX_EPOCH, [3; 10]));
}

#[test]
fn every_random_byte_tells_an_id_from_others() {
    for place in 0..10 {
        let distinct: HashSet<MailId> = (0..=255)
            .map(|value| {
                let mut random = [9; 10];
                random[place] = value;
                MailId::new(Timestamp::UNIX_EPOCH, random)
            })
            .collect();
        assert_eq!(distinct.len(), 256, "byte {place}");
    }
}

#[test]
fn what_was_never_printed_is_no_id() {
    let near_misses = [
        String::new(),
        "0".repeat(25),
        "0".repeat(27),
        "U".repeat(26),
        "é".repeat(13),
        format!(" {}", "0".repeat(25)),
        // 130 bits: two more than an id has
        format!("8{}", "0".repeat(25)),
        "Z".repeat(26),
        "01karm9xg0000000000000000z".to_owned(),
    ];
    for typed in near_misses {
        assert_eq!(MailId::parse(&typed), None, "{typed:?}");
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_id_prints_and_reads_back_the_same(
        millis in 0..4_000_000_000_000_i64, random in any::<[u8; 10]>()
    ) {
        let id = MailId::new(Timestamp::from_millisecond(millis).unwrap(), random);
        prop_assert_eq!(MailId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn ids_sort_by_time_in_print_too(
        millis in 0..4_000_000_000_000_i64, later in 1..1_000_000_i64,
        one in any::<[u8; 10]>(), other in any::<[u8; 10]>(),
    ) {
        let first = MailId::new(Timestamp::from_millisecond(millis).unwrap(), one);
        let second = MailId::new(Timestamp::from_millisecond(millis + later).unwrap(), other);
        prop_assert!(first < second && first.to_string() < second.to_string());
    }

    #[test]
    fn any_text_is_no_id_unless_it_prints_back_the_same(typed in common::any_text()) {
        if let Some(id) = MailId::parse(&typed) {
            prop_assert_eq!(id.to_string(), typed);
        }
    }

    #[test]
    fn any_26_symbols_are_no_id_unless_they_print_back_the_same(
        typed in "[0-9A-HJKMNP-TV-Za-z]{26}|[0-9A-HJKMNP-TV-Z]{26}"
    ) {
        if let Some(id) = MailId::parse(&typed) {
            prop_assert_eq!(id.to_string(), typed);
        }
    }
}
