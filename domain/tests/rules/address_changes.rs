//! Tests of changes of an address: what ends them, and the way back that nobody else's way back undoes.

use domain::address_change::{
    ADDRESS_CHANGE_RETENTION, ADDRESS_VALID_MINUTES, AddressLink, Undone, WAY_BACK_DAYS, check_closing,
};
use domain::time::{SignedDuration, Timestamp, after, minutes};
use domain::{AddressChange, Email, Identifier, MailId, Refusal, SecretKey};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn asked_at() -> Timestamp {
    "2026-11-23T17:00:00Z".parse().unwrap()
}

fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

fn change(former: &str, new: &str, asked_at: Timestamp) -> AddressChange {
    AddressChange {
        identifier: Identifier::from_random([1; 7]),
        former: email(former),
        new: email(new),
        asked_at,
        credentials_epoch: 3,
        confirmed_at: None,
        restored_at: None,
    }
}

#[test]
fn a_link_of_a_new_address_lives_an_hour_from_its_sending_and_the_way_back_a_week_from_the_asking() {
    let change = change("avant@exemple.fr", "apres@exemple.fr", asked_at());
    let sent_at = after(asked_at(), HOUR);
    let confirm = AddressLink::Confirm.valid_until(&change, sent_at);
    assert_eq!(confirm, after(sent_at, minutes(ADDRESS_VALID_MINUTES)));
    let restore = AddressLink::Restore.valid_until(&change, sent_at);
    assert_eq!(restore, after(asked_at(), SignedDuration::from_hours(24 * WAY_BACK_DAYS)));
}

#[test]
fn both_links_of_one_mail_differ_and_each_is_the_same_again() {
    let key = SecretKey::new("clé d'essai".to_owned());
    let mail = MailId::new(asked_at(), [7; 10]);
    let tokens = AddressLink::ALL.map(|link| link.token(&key, mail).print());
    assert_ne!(tokens[0], tokens[1]);
    assert_eq!(tokens, AddressLink::ALL.map(|link| link.token(&key, mail).print()));
    for link in AddressLink::ALL {
        assert_eq!(AddressLink::parse(link.as_str()), Some(link));
    }
    assert_eq!(AddressLink::parse("recover"), None);
}

#[test]
fn a_change_is_confirmed_once_while_address_and_password_are_those_it_was_asked_with() {
    let open = change("avant@exemple.fr", "apres@exemple.fr", asked_at());
    let (now, before, other) = (asked_at(), email("avant@exemple.fr"), email("autre@exemple.fr"));
    assert_eq!(open.check_confirm(&before, 3), Ok(()));
    assert_eq!(open.check_confirm(&before, 4), Err(Refusal::LinkExpired), "a new password");
    assert_eq!(open.check_confirm(&other, 3), Err(Refusal::LinkExpired), "another change came first");
    let confirmed = AddressChange { confirmed_at: Some(now), ..open.clone() };
    assert_eq!(confirmed.check_confirm(&other, 4), Err(Refusal::LinkUsed));
    let restored = AddressChange { restored_at: Some(now), ..open };
    assert_eq!(restored.check_confirm(&before, 3), Err(Refusal::LinkExpired));
}

#[test]
fn the_way_back_serves_once_before_the_confirmation_and_after_it() {
    let open = change("avant@exemple.fr", "apres@exemple.fr", asked_at());
    assert_eq!(open.check_restore(&[]), Ok(()));
    let confirmed = AddressChange { confirmed_at: Some(asked_at()), ..open };
    assert_eq!(confirmed.check_restore(&[]), Ok(()));
    let restored = AddressChange { restored_at: Some(asked_at()), ..confirmed };
    assert_eq!(restored.check_restore(&[]), Err(Refusal::LinkUsed));
}

#[test]
fn who_changed_the_address_twice_has_no_way_back_once_the_first_was_taken() {
    let first = change("titulaire@exemple.fr", "voleur@exemple.fr", asked_at());
    let second = change("voleur@exemple.fr", "ailleurs@exemple.fr", after(asked_at(), HOUR));
    let undone = Undone::by(&first, after(asked_at(), HOUR + HOUR));
    assert_eq!(second.check_restore(&[undone]), Err(Refusal::LinkExpired));
    // What the holder changes afterwards has its own way back.
    let own = change("titulaire@exemple.fr", "nouvelle@exemple.fr", after(undone.until, HOUR));
    assert_eq!(own.check_restore(&[undone]), Ok(()));
}

#[test]
fn a_way_back_that_was_taken_once_takes_none_away_later() {
    let long_ago = change("titulaire@exemple.fr", "avant@exemple.fr", asked_at());
    let taken = Undone::by(&long_ago, after(asked_at(), HOUR));
    let theft = change("titulaire@exemple.fr", "voleur@exemple.fr", after(taken.until, HOUR));
    let second = change("voleur@exemple.fr", "ailleurs@exemple.fr", after(theft.asked_at, HOUR));
    // The thief takes their own way back first: the holder's stands.
    let thiefs = Undone::by(&second, after(second.asked_at, HOUR));
    assert_eq!(theft.check_restore(&[taken, thiefs]), Ok(()));
}

#[test]
fn what_is_undone_is_read_as_it_was_printed_and_ends_with_the_last_link() {
    let undone = Undone::by(&change("a@exemple.fr", "b@exemple.fr", asked_at()), after(asked_at(), HOUR));
    assert_eq!(Undone::parse(&undone.to_string()), Some(undone));
    assert_eq!((Undone::parse("1"), Undone::parse("a b")), (None, None));
    assert!(!undone.is_over(after(undone.until, SignedDuration::from_hours(24 * WAY_BACK_DAYS))));
    assert!(!undone.is_over(after(undone.until, ADDRESS_CHANGE_RETENTION)), "to its last moment");
    assert_eq!(ADDRESS_CHANGE_RETENTION, SignedDuration::from_hours(8 * 24), "a day to say that it is over");
    assert!(undone.is_over(after(undone.until, SignedDuration::from_hours(24 * (WAY_BACK_DAYS + 2)))));
}

#[test]
fn nothing_is_closed_while_an_address_can_come_back() {
    let changed = Some(asked_at());
    let week = SignedDuration::from_hours(7 * 24);
    assert_eq!(check_closing(None, asked_at()), Ok(()));
    for at in [asked_at(), after(asked_at(), HOUR), after(asked_at(), week)] {
        assert_eq!(check_closing(changed, at), Err(Refusal::AddressJustChanged), "{at}");
    }
    assert_eq!(check_closing(changed, after(asked_at(), week + SignedDuration::from_secs(1))), Ok(()));
}
