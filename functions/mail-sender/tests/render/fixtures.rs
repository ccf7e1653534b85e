//! Who the mails are about, and every mail there is.

use domain::case::{EntryKind, Template};
use domain::invitation::{Inviter, Offer};
use domain::journal::MandateEvent;
use domain::mail::{DigestPeriod, MailState};
use domain::mandate::Slot;
use domain::membership::Change;
use domain::succession::{Facts, Mark, News, Told};
use domain::time::{Timestamp, parse_day};
use domain::{
    Account, AddressChange, AgentSub, Application, Code, Description, Email, FullName, Identifier,
    Invitation, InvitationId, MailJob, Mandate, MandateText, Motive, Name, Opening, Phone, Reference, Role,
    Scopes, Side, Siret, Submission, Succession, SuccessionId, Term, Ticket, Token,
};
use mail_sender::render::{self, Content, Establishment, MandateNews, RecoveryLink, RequestNews};
use platform::cases::{AccountKnown, AccountState, Known, KnownMail};
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

pub fn in_a_week() -> Timestamp {
    at("2026-11-30T13:05:40Z")
}

pub fn in_two_months() -> Timestamp {
    at("2027-01-22T13:05:40Z")
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
        account: AccountKnown { state: AccountState::Open, holders: 1, members: 1 },
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
        establishments: [Siret::parse("73282932000074").unwrap()].into(),
        is_active: true,
        credentials_epoch: 1,
        password_hash: None,
        password_set_at: None,
        created_at: Timestamp::UNIX_EPOCH,
        address_changed_at: None,
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
        ("receipt", receipt(ticket, None)),
        ("receipt-last", receipt(ticket, next)),
        ("request-answered", request_news(ticket, EntryKind::Answer)),
        ("request-closed", request_news(ticket, EntryKind::Closed)),
        ("request-reopened", request_news(ticket, EntryKind::Reopened)),
        ("agency", render::ticket_to_agency(&reference(), ticket, now(), &known())),
        ("digest", render::agency_digest(DigestPeriod::of(now()), &digest_lines())),
    ];
    let mails = mails.into_iter().map(|(name, mail)| (name, mail.unwrap()));
    mails.chain(mails_of_space(account)).collect()
}

/// The receipt of a request.
pub fn receipt(ticket: &Ticket, next_at: Option<Timestamp>) -> askama::Result<Content> {
    render::ticket_receipt(SITE, &reference(), (ticket, now()), (&token(), in_two_months()), next_at)
}

/// What an agent has written to who sent a request.
pub fn request_news(ticket: &Ticket, kind: EntryKind) -> askama::Result<Content> {
    let template = Template::find("active-holder").filter(|_| kind == EntryKind::Answer);
    let news = RequestNews {
        reference: &reference(),
        ticket,
        kind,
        text: (kind != EntryKind::Reopened).then_some("Bonjour,\n\nmerci, c'est fait.\n<L'assistance>"),
        reason: template.map(|template| template.reason),
        at: now(),
    };
    render::request_answer(SITE, &news, (&token(), in_two_months()))
}

/// The establishment of an account.
pub fn establishment(account: &Account) -> Establishment<'_> {
    let Application { siret, establishment_name: name, .. } = &account.application;
    Establishment { siret, name }
}

pub fn full_name(first: &str, last: &str) -> FullName {
    FullName { first: Name::parse(first).unwrap(), last: Name::parse(last).unwrap() }
}

pub fn invitation(offer: Offer) -> Invitation {
    Invitation {
        siret: Siret::parse("73282932000074").unwrap(),
        opening: Opening::FIRST,
        invited_by: Inviter::Holder(identifier(7)),
        email: Email::parse("paul@exemple.fr").unwrap(),
        name: full_name("Paul", "Martin"),
        offer,
        valid_until: in_a_week(),
        accepted_at: None,
        withdrawn_at: None,
        bounced_at: None,
    }
}

/// A mandate of which that side is the account's establishment, offered by the other.
pub fn mandate_of(side: Side) -> Mandate {
    let own = Siret::parse("73282932000074").unwrap();
    let other = Siret::parse("41816609600069").unwrap();
    let (client, cabinet) = match side {
        Side::Client => (own, other),
        Side::Cabinet => (other, own),
    };
    let day = |text| parse_day(text).unwrap();
    Mandate {
        client,
        client_opening: Opening::FIRST,
        cabinet,
        cabinet_opening: Opening::FIRST,
        scopes: Scopes::all(),
        term: Term::new(day("2027-01-01"), day("2027-12-31")).unwrap(),
        slot: Slot::First,
        shown: MandateText::CURRENT.into(),
        offered_by: side.other(),
        offered_at: now(),
        accepted_at: None,
        declined_at: None,
        ended_at: None,
        first_used_at: None,
    }
}

/// What happens to a mandate, and whether it was accepted before it.
pub const MANDATE_NEWS: [(&str, MandateEvent, bool); 6] = [
    ("mandate-offered", MandateEvent::Offered, false),
    ("mandate-accepted", MandateEvent::Accepted, true),
    ("mandate-declined", MandateEvent::Declined, false),
    ("mandate-offer-ended", MandateEvent::Ended, false),
    ("mandate-ended", MandateEvent::Ended, true),
    ("mandate-first-used", MandateEvent::FirstUsed, true),
];

/// The mail of a mandate's event to that side; the names are those of its establishment and of the other.
pub fn mandate_mail(
    (event, is_accepted): (MandateEvent, bool),
    side: Side,
    (name, other_name): (&Name, &Name),
) -> Content {
    let mandate = Mandate { accepted_at: is_accepted.then(now), ..mandate_of(side) };
    let news = MandateNews { event, side, mandate: &mandate, name, other_name, at: now() };
    render::mandate(SITE, &news).unwrap()
}

pub const CHANGES: [(&str, Change); 6] = [
    ("member-promoted", Change::Promote),
    ("member-demoted", Change::Demote),
    ("member-suspended", Change::Suspend),
    ("member-resumed", Change::Resume),
    ("member-removed", Change::Remove),
    ("member-left", Change::Leave),
];

pub fn address_change() -> AddressChange {
    AddressChange {
        identifier: identifier(7),
        former: Email::parse("jeanne@exemple.fr").unwrap(),
        new: Email::parse("lefevre@exemple.org").unwrap(),
        asked_at: now(),
        credentials_epoch: 1,
        confirmed_at: None,
        restored_at: None,
    }
}

/// A succession in the place of the account, in its establishment.
pub fn succession(account: &Account) -> Succession {
    let Application { siret, establishment_name, .. } = &account.application;
    Succession {
        id: SuccessionId::parse("7k3mq2fd9w4t5r6y").unwrap(),
        reference: reference(),
        siret: siret.clone(),
        opening: Opening::FIRST,
        establishment_name: establishment_name.clone(),
        holder: account.identifier.clone(),
        holder_name: account.name(),
        name: full_name("Paul", "Martin"),
        email: Email::parse("paul@exemple.fr").unwrap(),
        evidence: Vec::new(),
        days: 7,
        invitation: InvitationId::parse("7k3mq2fd9w4t5r6y").unwrap(),
        proposed: Mark { by: AgentSub::parse("un").unwrap(), name: Name::parse("Agent").unwrap(), at: now() },
        round: 1,
        notices: Vec::new(),
        facts: Facts::default(),
        approved: None,
        executed_at: None,
        contested_at: None,
        lifted: None,
        refused: None,
        missing: None,
        withdrawn: None,
    }
}

/// Every mail of a succession, to who is replaced and to others.
fn mails_of_succession(account: &Account) -> Vec<(&'static str, Content)> {
    let (succession, token) = (succession(account), token());
    let (holder, other) = (Told::Holder(identifier(7)), Told::Member(identifier(8)));
    let notice = |to| render::succession_notice(SITE, &succession, to, &token).unwrap();
    let news = |to, news| render::succession_news(SITE, &succession, (to, news), now()).unwrap();
    vec![
        ("succession-notice", notice(&holder)),
        ("succession-notice", notice(&other)),
        ("succession-executed-own", news(&holder, News::Executed)),
        ("succession-executed", news(&other, News::Executed)),
        ("succession-contested", news(&other, News::Contested)),
        ("succession-dropped", news(&other, News::Dropped)),
    ]
}

/// Every mail of my space, about this account and its establishment.
fn mails_of_space(account: &Account) -> Vec<(&'static str, Content)> {
    let (of, person, email) = (establishment(account), account.name(), &account.application.email);
    let invited = |offer| render::invitation(SITE, of, &person.joined(), &invitation(offer), &token());
    let (change, token, next) = (address_change(), token(), Some(in_an_hour()));
    let confirmation =
        |next| render::address_confirmation(SITE, account, &change, &token, in_an_hour(), next);
    let mails = [
        ("invitation-member", invited(Offer::Member)),
        ("invitation-holder", invited(Offer::Holder)),
        ("invitation-successor", invited(Offer::Successor)),
        ("invitation-request", render::invitation_request(SITE, of, &person, email, now())),
        ("member-joined", render::member_joined(SITE, of, &person, Role::Holder, now())),
        ("address-confirmation", confirmation(None)),
        ("address-confirmation-last", confirmation(next)),
        ("address-notice", render::address_notice(SITE, account, &change, &token, in_a_week())),
        ("closed", render::account_closed(SITE, account, now())),
        ("still-there", render::still_there(SITE, of, &token, in_two_months())),
    ];
    let mails = mails.into_iter().map(|(name, mail)| (name, mail.unwrap()));
    let changed =
        CHANGES.map(|(name, change)| (name, render::member_changed(SITE, of, change, now()).unwrap()));
    let of_side = |side| {
        let names = (of.name, of.name);
        MANDATE_NEWS.map(|(name, event, is_accepted)| (name, mandate_mail((event, is_accepted), side, names)))
    };
    mails
        .chain(changed)
        .chain(mails_of_succession(account))
        .chain(Side::ALL.into_iter().flat_map(of_side))
        .collect()
}
