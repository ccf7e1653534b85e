//! Tests of links: sixty minutes, one use, and the same token however often its mail is sent.

use domain::link::{LINK_REMEMBERED, LINK_VALID_MINUTES, LinkPurpose, LinkState, link_token};
use domain::time::{SignedDuration, Timestamp, after, minutes};
use domain::{
    Account, Application, Email, Identifier, Link, MailId, Name, Phone, Refusal, SecretKey, Siret, Token,
};
use proptest::prelude::*;

use crate::common;

fn sent_at() -> Timestamp {
    "2026-11-23T17:00:00Z".parse().unwrap()
}

fn link(used_at: Option<Timestamp>) -> Link {
    Link {
        purpose: LinkPurpose::PasswordReset,
        identifier: Identifier::parse("AP-7K3M-Q2FD").unwrap(),
        credentials_epoch: 0,
        valid_until: Link::valid_until(sent_at()),
        used_at,
        application: Application {
            siret: Siret::parse("73282932000074").unwrap(),
            establishment_name: Name::parse("Boulangerie Martin").unwrap(),
            first_name: Name::parse("Élodie").unwrap(),
            last_name: Name::parse("Dupont").unwrap(),
            email: Email::parse("elodie@exemple.fr").unwrap(),
            phone: Phone::parse("06 12 34 56 78").unwrap(),
        },
    }
}

#[test]
fn a_link_lives_sixty_minutes_from_when_its_mail_is_handed_over() {
    assert_eq!(LINK_VALID_MINUTES, 60);
    assert_eq!(Link::valid_until(sent_at()), "2026-11-23T18:00:00Z".parse().unwrap());
}

#[test]
fn a_link_serves_at_59_and_60_minutes_and_not_at_61() {
    let check = |elapsed| link(None).check(after(sent_at(), elapsed));
    assert_eq!(check(SignedDuration::ZERO), Ok(()));
    assert_eq!(check(minutes(59)), Ok(()));
    assert_eq!(check(minutes(60)), Ok(()));
    assert_eq!(check(minutes(60) + SignedDuration::from_nanos(1)), Err(Refusal::LinkExpired));
    assert_eq!(check(minutes(61)), Err(Refusal::LinkExpired));
}

#[test]
fn an_hour_is_sixty_minutes_on_the_night_when_clocks_change() {
    // On 25 October 2026 at 3:00 in Paris it is 2:00 again.
    let before: Timestamp = "2026-10-25T00:30:00Z".parse().unwrap();
    assert_eq!(Link::valid_until(before), "2026-10-25T01:30:00Z".parse().unwrap());
}

#[test]
fn used_is_said_before_expired() {
    let used = link(Some(after(sent_at(), minutes(5))));
    assert_eq!(used.check(after(sent_at(), minutes(6))), Err(Refusal::LinkUsed));
    assert_eq!(used.check(after(sent_at(), minutes(61))), Err(Refusal::LinkUsed));
}

#[test]
fn a_link_is_told_to_be_what_setting_a_password_would_say() {
    let account = |credentials_epoch| Account {
        identifier: identifier(),
        application: link(None).application,
        is_active: true,
        credentials_epoch,
        password_hash: None,
        password_set_at: None,
        created_at: Timestamp::UNIX_EPOCH,
        establishments: std::collections::BTreeSet::new(),
        address_changed_at: None,
        expires_at: None,
    };
    let (in_time, late) = (after(sent_at(), minutes(60)), after(sent_at(), minutes(61)));
    let served = link(Some(sent_at()));
    assert_eq!(link(None).state(Some(&account(0)), in_time), LinkState::Open);
    assert_eq!(link(None).state(Some(&account(0)), late), LinkState::Expired);
    assert_eq!(link(None).state(None, in_time), LinkState::Expired, "its application is gone");
    for now in [in_time, late] {
        assert_eq!(link(None).state(Some(&account(1)), now), LinkState::Used, "another one has served");
        assert_eq!(served.state(Some(&account(0)), now), LinkState::Used);
        assert_eq!(served.state(None, now), LinkState::Used);
    }
}

#[test]
fn a_link_is_remembered_longer_than_it_serves() {
    assert!(LINK_REMEMBERED > minutes(LINK_VALID_MINUTES));
    assert_eq!(LINK_REMEMBERED, SignedDuration::from_hours(7 * 24));
}

#[test]
fn a_moment_beyond_the_calendar_stays_at_its_end() {
    assert_eq!(Link::valid_until(Timestamp::MAX), Timestamp::MAX);
    assert_eq!(after(Timestamp::MIN, minutes(-1)), Timestamp::MIN);
}

fn identifier() -> Identifier {
    Identifier::parse("AP-7K3M-Q2FD").unwrap()
}

#[test]
fn a_mail_sent_twice_carries_the_same_link() {
    let key = SecretKey::new([42; 32]);
    let mail = MailId::new(sent_at(), [7; 10]);
    let again = MailId::parse(&mail.to_string()).unwrap();
    assert_eq!(link_token(&key, mail, &identifier()), link_token(&key.clone(), again, &identifier()));
}

#[test]
fn a_links_token_is_the_hmac_of_its_mails_printed_id_and_of_its_account() {
    let key = SecretKey::new([42; 32]);
    let mail = MailId::parse("01KARM9XG0000000000000000Z").unwrap();
    let expected = Token::from_bytes(key.sign(b"01KARM9XG0000000000000000Z AP-7K3M-Q2FD"));
    assert_eq!(link_token(&key, mail, &identifier()), expected);
}

#[test]
fn another_mail_another_account_or_another_key_is_another_link() {
    let key = SecretKey::new([42; 32]);
    let mail = MailId::new(sent_at(), [7; 10]);
    let token = link_token(&key, mail, &identifier());
    let later = MailId::new(after(sent_at(), minutes(1)), [7; 10]);
    assert_ne!(token, link_token(&key, MailId::new(sent_at(), [8; 10]), &identifier()));
    assert_ne!(token, link_token(&key, later, &identifier()));
    assert_ne!(token, link_token(&key, mail, &Identifier::from_random([1; 7])));
    assert_ne!(token, link_token(&SecretKey::new([43; 32]), mail, &identifier()));
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn a_fresh_link_serves_through_its_last_second_and_no_further(elapsed_seconds in 0..20_000_i64) {
        let answer = link(None).check(after(sent_at(), SignedDuration::from_secs(elapsed_seconds)));
        let expected = if elapsed_seconds <= 3_600 { Ok(()) } else { Err(Refusal::LinkExpired) };
        prop_assert_eq!(answer, expected);
    }

    #[test]
    fn a_used_link_never_serves_again(used_seconds in 0..4_000_i64, elapsed_seconds in 0..1_000_000_i64) {
        let used = link(Some(after(sent_at(), SignedDuration::from_secs(used_seconds))));
        let now = after(sent_at(), SignedDuration::from_secs(elapsed_seconds));
        prop_assert_eq!(used.check(now), Err(Refusal::LinkUsed));
    }

    #[test]
    fn every_mail_has_a_token_of_its_own_that_prints_and_reads_back(
        key in any::<[u8; 32]>(), one in any::<[u8; 10]>(), other in any::<[u8; 10]>()
    ) {
        let key = SecretKey::new(key);
        let token = link_token(&key, MailId::new(sent_at(), one), &identifier());
        prop_assert_eq!(Token::parse(&token.print()), Some(token.clone()));
        let others = link_token(&key, MailId::new(sent_at(), other), &identifier());
        prop_assert_eq!(one == other, token == others);
    }
}
