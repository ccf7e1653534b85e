//! Who the render are about, and every mail there is.

use domain::mail::{DigestPeriod, MailState};
use domain::time::Timestamp;
use domain::{
    Account, Application, Code, Description, Email, Identifier, MailJob, Motive, Name, Phone, Reference,
    Siret, Submission, Ticket, Token,
};
use mail_sender::render::{self, Content, Known, KnownMail, RecoveryLink};
use platform::links::Minted;
use platform::outbox::DigestLine;

pub const SITE: &str = "https://sesame.example";

pub fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

pub fn now() -> Timestamp {
    at("2026-11-23T13:05:40Z")
}

pub fn in_an_hour() -> Timestamp {
    at("2026-11-23T14:05:40Z")
}

pub fn token() -> Token {
    Token::from_bytes([7; 32])
}

pub fn minted(byte: u8) -> Minted {
    let code = Code::parse("7K3MQ2FD").unwrap();
    Minted { token: Token::from_bytes([byte; 32]), code, valid_until: in_an_hour() }
}

/// What the agency is told beside a request.
pub fn known() -> Known {
    let mail = |job, state| KnownMail { job, at: now(), state };
    Known {
        has_account: true,
        failed_logins: Some(3),
        mails: vec![
            mail(MailJob::TicketReceipt { reference: reference() }, MailState::Sent),
            mail(MailJob::RecoveryByIdentifier { identifier: identifier(7) }, MailState::Bounced),
        ],
    }
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

/// Accounts of two members of one establishment, and a link of each.
pub fn recovery_links(accounts: &[Account]) -> Vec<RecoveryLink<'_>> {
    let links = accounts.iter().zip([7, 8]);
    links.map(|(account, byte)| RecoveryLink { account, minted: minted(byte) }).collect()
}

/// Two requests that no mail of their own was sent for.
pub fn digest_lines() -> [DigestLine; 2] {
    [1, 2].map(|last| DigestLine {
        reference: Reference::new("2026-11-23".parse().unwrap(), [1, 2, 3, 4, 5, last]),
        siret: Siret::parse("73282932000074").unwrap(),
        motive: Motive::ExtranetAccess,
        email: Email::parse("jeanne@exemple.fr").unwrap(),
    })
}

/// Every mail, about this account and this ticket.
pub fn every_mail(account: &Account, ticket: &Ticket) -> Vec<(&'static str, Content)> {
    let next = Some(in_an_hour());
    let other = Account { identifier: identifier(8), ..account.clone() };
    let accounts = [account.clone(), other];
    let (both, one) = (recovery_links(&accounts), recovery_links(&accounts[..1]));
    let mails = [
        ("activation", render::activation(SITE, account, &minted(7), None)),
        ("activation-last", render::activation(SITE, account, &minted(7), next)),
        ("welcome", render::welcome(SITE, account)),
        ("recovery", render::recovery(SITE, &one, now(), None)),
        ("recovery-last", render::recovery(SITE, &one, now(), next)),
        ("recovery-of-two", render::recovery(SITE, &both, now(), None)),
        ("changed", render::password_changed(SITE, account, now())),
        ("blocked", render::logins_blocked(SITE, account, now())),
        ("receipt", render::ticket_receipt(SITE, &reference(), ticket, now(), None)),
        ("receipt-last", render::ticket_receipt(SITE, &reference(), ticket, now(), next)),
        ("agency", render::ticket_to_agency(&reference(), ticket, now(), &known())),
        ("digest", render::agency_digest(DigestPeriod::of(now()), &digest_lines())),
    ];
    mails.into_iter().map(|(name, mail)| (name, mail.unwrap())).collect()
}
