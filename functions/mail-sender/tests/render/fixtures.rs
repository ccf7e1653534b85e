//! Who the render are about, and every mail there is.

use domain::time::Timestamp;
use domain::{
    Account, Application, Description, Email, Identifier, Motive, Name, Phone, Reference, Siret, Submission,
    Ticket, Token,
};
use mail_sender::render::{self, Content};

pub const SITE: &str = "https://sesame.example";

pub fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

pub fn now() -> Timestamp {
    at("2026-11-23T13:05:40Z")
}

pub fn token() -> Token {
    Token::from_bytes([7; 32])
}

pub fn identifier(last: u8) -> Identifier {
    Identifier::from_random([1, 2, 3, 4, 5, 6, last])
}

pub fn account_of(establishment: &str, first_name: &str, last_name: &str) -> Account {
    Account {
        identifier: identifier(7),
        application: Application {
            siret: Siret::parse("73282932000074").unwrap(),
            establishment_name: Name::parse(establishment).unwrap(),
            first_name: Name::parse(first_name).unwrap(),
            last_name: Name::parse(last_name).unwrap(),
            email: Email::parse("jeanne@exemple.fr").unwrap(),
            phone: Phone::parse("01 23 45 67 89").unwrap(),
        },
        is_active: true,
        credentials_epoch: 1,
        password_hash: None,
        password_set_at: None,
        expires_at: None,
    }
}

pub fn account() -> Account {
    account_of("Boulangerie de l'Étoile", "Jeanne", "Lefèvre")
}

pub fn reference() -> Reference {
    Reference::new("2026-11-23".parse().unwrap(), [1, 2, 3, 4, 5, 6])
}

pub fn ticket_of(name: &str, description: &str) -> Ticket {
    Ticket {
        submission: Submission::parse("6f2c1f0e-3f0b-4a0e-9a77-0c1d2e3f4a5b").unwrap(),
        siret: Siret::parse("73282932000074").unwrap(),
        establishment_name: Name::parse(name).unwrap(),
        full_name: Name::parse(name).unwrap(),
        phone: Phone::parse("01 23 45 67 89").unwrap(),
        email: Email::parse("jeanne@exemple.fr").unwrap(),
        motive: Motive::ExtranetAccess,
        description: Description::parse(description).unwrap(),
    }
}

pub fn ticket() -> Ticket {
    let ticket = ticket_of(
        "Jeanne Lefèvre",
        "La titulaire du compte est partie.\n\n  - sa boîte est fermée ;\n  - personne n'a l'identifiant.",
    );
    Ticket { establishment_name: Name::parse("Boulangerie de l'Étoile").unwrap(), ..ticket }
}

/// What its subject says, then its plain text.
pub fn read(mail: &Content) -> String {
    format!("Objet : {}\n\n{}", mail.subject, mail.text)
}

/// Every mail, about this account and this ticket.
pub fn every_mail(account: &Account, ticket: &Ticket) -> [(&'static str, Content); 8] {
    let siret = &account.application.siret;
    [
        ("activation", render::activation(SITE, account, &token(), now()).unwrap()),
        ("welcome", render::welcome(SITE, account).unwrap()),
        ("reminder-1", render::identifier_reminder(SITE, siret, &[identifier(7)], now()).unwrap()),
        (
            "reminder-2",
            render::identifier_reminder(SITE, siret, &[identifier(7), identifier(8)], now()).unwrap(),
        ),
        ("reset", render::password_reset(SITE, account, &token(), now(), now()).unwrap()),
        ("changed", render::password_changed(SITE, account, now()).unwrap()),
        ("receipt", render::ticket_receipt(SITE, &reference(), ticket, now()).unwrap()),
        ("agency", render::ticket_to_agency(&reference(), ticket, now()).unwrap()),
    ]
}
