//! Tests of accounts: how long they wait, and what a log shows of them.

use domain::account::{
    APPLICATION_RETENTION, FAILED_LOGINS_MAX, FAILED_LOGINS_WINDOW, GUESSES_MAX, GUESSES_WINDOW,
    SESSION_VALID,
};
use domain::time::{SignedDuration, minutes};
use domain::{Account, Application, Email, Identifier, Name, Phone, Siret};

#[test]
fn the_spans_are_those_of_the_contract() {
    assert_eq!(APPLICATION_RETENTION, SignedDuration::from_secs(7 * 86_400));
    assert_eq!(SESSION_VALID, minutes(8 * 60));
    assert_eq!((FAILED_LOGINS_MAX, FAILED_LOGINS_WINDOW), (3, minutes(15)));
    assert_eq!((GUESSES_MAX, GUESSES_WINDOW), (100, minutes(24 * 60)));
}

#[test]
fn a_log_shows_an_accounts_identifier_and_nothing_else() {
    let account = Account {
        identifier: Identifier::parse("AP-7K3M-Q2FD").unwrap(),
        application: Application {
            siret: Siret::parse("73282932000074").unwrap(),
            establishment_name: Name::parse("Boulangerie Martin").unwrap(),
            first_name: Name::parse("Élodie").unwrap(),
            last_name: Name::parse("Dupont").unwrap(),
            email: Email::parse("elodie@exemple.fr").unwrap(),
            phone: Phone::parse("06 12 34 56 78").unwrap(),
        },
        is_active: true,
        credentials_epoch: 1,
        password_hash: Some("$argon2id$".to_owned()),
        password_set_at: None,
        created_at: domain::time::Timestamp::UNIX_EPOCH,
        establishments: std::collections::BTreeSet::new(),
        address_changed_at: None,
        expires_at: None,
    };
    assert_eq!(format!("{account:?}"), "Account(AP-7K3M-Q2FD)");
}
