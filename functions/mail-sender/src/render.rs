//! Renders mails, as plain text and as HTML, from the templates of this crate.
//!
//! Whoever fills in a form chooses the address of its mail. Until the address is proven, what they typed is
//! rendered so that no mail program makes a link of it (`filters::unlinked`). What people of one space tell
//! those of another, or tell who is not in it yet, stands in quotes besides (`filters::quoted`).

mod addresses;
mod mandates;
mod requests;
mod space;
mod succession;

use askama::Template;
use domain::mail::{DigestPeriod, MailState};
use domain::time::{Date, SignedDuration, Timestamp, after, in_paris};
use domain::{Account, MailJob, Reference, Siret, Ticket, Token};
use platform::cases::{AccountState, Known, KnownMail};
use platform::links::Minted;
use platform::outbox::DigestLine;

pub use self::addresses::{account_closed, address_confirmation, address_notice};
pub use self::mandates::{MandateNews, mandate};
pub use self::requests::{RequestNews, request_answer};
pub use self::space::{
    Establishment, invitation, invitation_request, member_changed, member_joined, space_closed, still_there,
};
pub use self::succession::{succession_news, succession_notice};

/// The page of one's own request.
const REQUEST_PAGE: &str = "ma-demande";
/// The page on which a password is chosen.
const PASSWORD_PAGE: &str = "mot-de-passe";

/// The content of a mail. No `Debug`: it holds names and a link, which no log may.
pub struct Content {
    /// Holds nothing that a person typed, but the digits of a SIRET.
    pub subject: String,
    pub text: String,
    /// The same with buttons. Loads nothing.
    pub html: String,
}

/// Renders the text and HTML templates of a mail with the same values.
macro_rules! content {
    ($subject:expr, $text:tt, $html:tt, { $($field:ident: $kind:ty = $value:expr),* $(,)? }) => {{
        #[derive(Template)]
        #[template(path = $text)]
        struct Text<'a> { $($field: &'a $kind),* }

        #[derive(Template)]
        #[template(path = $html)]
        struct Html<'a> { subject: &'a str, $($field: &'a $kind),* }

        let subject = String::from($subject);
        $(let $field: &$kind = $value;)*
        let text = Text { $($field),* }.render()?;
        let html = Html { subject: &subject, $($field),* }.render()?;
        Ok(Content { subject, text, html })
    }};
}

use content;

/// The words of a mail that has several versions.
struct Words {
    subject: &'static str,
    /// What happened.
    said: String,
    /// What follows from it.
    then: String,
    /// A question to whom it surprises.
    doubt: &'static str,
    advice: &'static str,
}

/// A link that chooses a new password, and of which account.
pub struct RecoveryLink<'a> {
    pub account: &'a Account,
    pub minted: Minted,
}

/// A link as its mail shows it.
struct ShownLink {
    holder: String,
    identifier: String,
    url: String,
    code: String,
}

/// The link that activates an application, and the identifier. `next_at` is when the quota allows the next
/// mail, if this is the last.
pub fn activation(
    site: &str,
    account: &Account,
    minted: &Minted,
    next_at: Option<Timestamp>,
) -> Result<Content, askama::Error> {
    let subject = about("Activez votre compte Sésame", &account.application.siret);
    content!(subject, "activation.txt", "activation.html", {
        site: str = site,
        account: Account = account,
        requester: str = &holder(account),
        link: str = &url_of(site, PASSWORD_PAGE, &minted.token),
        code: str = &minted.code.to_string(),
        until: str = &in_words(minted.valid_until),
        next: Option<String> = &next_at.map(minute_after),
    })
}

/// The account is active; the identifier to keep.
pub fn welcome(site: &str, account: &Account) -> Result<Content, askama::Error> {
    let subject = about("Compte Sésame actif\u{a0}: gardez votre identifiant", &account.application.siret);
    content!(subject, "welcome.txt", "welcome.html", {
        site: str = site,
        account: Account = account,
    })
}

/// Identifier and link of each account, whichever was asked for: who uses up a holder's quota has sent them
/// working links. `next_at` as in [`activation`].
pub fn recovery(
    site: &str,
    links: &[RecoveryLink<'_>],
    asked_at: Timestamp,
    next_at: Option<Timestamp>,
) -> Result<Content, askama::Error> {
    let subject = match links {
        [_] => "Votre identifiant et un lien pour votre mot de passe",
        _ => "Vos identifiants et un lien pour chaque mot de passe",
    };
    let first = links.first().ok_or_else(|| askama::Error::custom("a recovery mail without a link"))?;
    let until = links.iter().map(|link| link.minted.valid_until).min().unwrap_or(asked_at);
    let shown = links.iter().map(|link| ShownLink {
        holder: holder(link.account),
        identifier: link.account.identifier.to_string(),
        url: url_of(site, PASSWORD_PAGE, &link.minted.token),
        code: link.minted.code.to_string(),
    });
    content!(about(subject, &first.account.application.siret), "recovery.txt", "recovery.html", {
        site: str = site,
        links: [ShownLink] = &shown.collect::<Vec<_>>(),
        account: Account = first.account,
        asked: str = &in_words(asked_at),
        until: str = &in_words(until),
        next: Option<String> = &next_at.map(minute_after),
    })
}

/// The password was replaced, and what to do if it was somebody else.
pub fn password_changed(
    site: &str,
    account: &Account,
    changed_at: Timestamp,
) -> Result<Content, askama::Error> {
    let subject = about("Votre mot de passe Sésame a changé", &account.application.siret);
    content!(subject, "password_changed.txt", "password_changed.html", {
        site: str = site,
        account: Account = account,
        changed: str = &in_words(changed_at),
    })
}

/// Too many passwords were tried: the identifier takes none for a while.
pub fn logins_blocked(
    site: &str,
    account: &Account,
    blocked_at: Timestamp,
) -> Result<Content, askama::Error> {
    let subject = about("Trop d'essais avec votre identifiant Sésame", &account.application.siret);
    content!(subject, "logins_blocked.txt", "logins_blocked.html", {
        site: str = site,
        account: Account = account,
        blocked: str = &in_words(blocked_at),
    })
}

/// The receipt of a request for assistance, with the link to it and until when that serves.
pub fn ticket_receipt(
    site: &str,
    reference: &Reference,
    (ticket, received_at): (&Ticket, Timestamp),
    (token, until): (&Token, Timestamp),
    next_at: Option<Timestamp>,
) -> Result<Content, askama::Error> {
    let subject = format!("Demande d'assistance {}\u{a0}: bien reçue", reference.as_str());
    content!(about(&subject, &ticket.siret), "ticket_receipt.txt", "ticket_receipt.html", {
        site: str = site,
        reference: Reference = reference,
        ticket: Ticket = ticket,
        is_unproven: bool = &true,
        received: str = &in_words(received_at),
        link: str = &url_of(site, REQUEST_PAGE, token),
        until: str = &in_words(until),
        next: Option<String> = &next_at.map(minute_after),
    })
}

/// What the service knows of who asks for assistance, for the agent who reads it.
struct KnownInWords {
    account: &'static str,
    failed_logins: String,
    mails: Vec<String>,
}

impl KnownInWords {
    fn of(known: &Known) -> Self {
        let in_words = |mail: &KnownMail| {
            let at = in_paris(mail.at).strftime("%d/%m à %-H\u{a0}h\u{a0}%M");
            format!("{}, {} le {at}", what(&mail.job), became(mail.state))
        };
        Self {
            account: if known.account.state == AccountState::Open { "oui" } else { "non" },
            failed_logins: known
                .failed_logins
                .map_or_else(|| "aucun compte à cette adresse".to_owned(), |count| count.to_string()),
            mails: known.mails.iter().map(in_words).collect(),
        }
    }
}

fn what(job: &MailJob) -> &'static str {
    match job {
        MailJob::Activation { .. } => "lien d'activation",
        MailJob::RecoveryByAddress { .. } | MailJob::RecoveryByIdentifier { .. } => "identifiant et lien",
        MailJob::TicketReceipt { .. } => "accusé de réception",
        MailJob::RequestAnswer { .. } => "réponse",
        _ => "information",
    }
}

fn became(state: MailState) -> &'static str {
    match state {
        MailState::Queued | MailState::Sending => "en attente",
        MailState::Sent => "envoyé",
        MailState::Delayed => "retardé",
        MailState::Delivered => "remis",
        MailState::Returned => "revenu",
        MailState::Bounced => "refusé pour de bon",
        MailState::Complained => "signalé comme indésirable",
        MailState::Superseded => "remplacé",
        MailState::Suppressed | MailState::NoRecipient => "non envoyé",
        MailState::Refused => "refusé à l'envoi",
    }
}

/// A request for assistance, for the agency, unchanged, with what the service knows. The reply goes to the
/// person.
pub fn ticket_to_agency(
    reference: &Reference,
    ticket: &Ticket,
    received_at: Timestamp,
    known: &Known,
) -> Result<Content, askama::Error> {
    let subject = format!("Demande d'assistance {}\u{a0}: {}", reference.as_str(), ticket.motive.label());
    content!(subject, "ticket_to_agency.txt", "ticket_to_agency.html", {
        reference: Reference = reference,
        ticket: Ticket = ticket,
        is_unproven: bool = &false,
        received: str = &in_words(received_at),
        known: KnownInWords = &KnownInWords::of(known),
    })
}

/// The requests of a period that had no mail of their own, for the agency.
pub fn agency_digest(period: DigestPeriod, lines: &[DigestLine]) -> Result<Content, askama::Error> {
    let subject = format!("Demandes d'assistance\u{a0}: {} demandes groupées", lines.len());
    content!(subject, "agency_digest.txt", "agency_digest.html", {
        lines: [DigestLine] = lines,
        start: str = &in_words(period.start()),
        end: str = &in_words(period.end()),
    })
}

/// The subject of a mail about one establishment: an accountant has many.
fn about(subject: &str, siret: &Siret) -> String {
    format!("{subject} – SIRET {}", siret.spaced())
}

/// A link's URL. The token is in the fragment, so that no server logs it.
fn url_of(site: &str, page: &str, token: &Token) -> String {
    format!("{site}/{page}/#{}", token.print())
}

/// The holder's name.
fn holder(account: &Account) -> String {
    format!("{} {}", account.application.first_name.as_str(), account.application.last_name.as_str())
}

const DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// A moment in French: « lundi 23 novembre 2026 à 14 h 05 (heure de Paris) ». Seconds are truncated, so that
/// a link never expires before the stated time.
fn in_words(moment: Timestamp) -> String {
    let clock = in_paris(moment);
    let weekday = DAYS[usize::from(clock.weekday().to_monday_zero_offset().unsigned_abs())];
    let (date, hour, minute) = (date_in_words(clock.date()), clock.hour(), clock.minute());
    format!("{weekday} {date} à {hour}\u{a0}h\u{a0}{minute:02} (heure de Paris)")
}

/// A day in French: « 23 novembre 2026 ».
fn date_in_words(date: Date) -> String {
    let day = if date.day() == 1 { "1er".to_owned() } else { date.day().to_string() };
    let month = MONTHS[usize::from(date.month().unsigned_abs()) - 1];
    format!("{day}\u{a0}{month} {}", date.year())
}

/// Added before seconds are truncated, it rounds up.
const ALMOST_A_MINUTE: SignedDuration = SignedDuration::from_secs(59);

/// The same, rounded up to the minute.
fn minute_after(moment: Timestamp) -> String {
    in_words(after(moment, ALMOST_A_MINUTE))
}

/// Filters of the templates.
mod filters {
    use std::fmt::Display;

    /// Invisible; no mail program makes a link across it.
    const ZERO_WIDTH_SPACE: char = '\u{200B}';
    /// Separators of host labels, in all scripts (UTS 46, 4.5), and look-alikes.
    const DOTS: [char; 5] = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}', '\u{2024}'];
    /// The longest line of plain text that is wrapped here.
    const COLUMNS_MAX: usize = 70;

    /// The same text to the eye, of which no mail program makes a link: else a stranger could send links
    /// through us. Unchanged when `is_wanted` is false.
    #[askama::filter_fn]
    pub fn unlinked(
        typed: impl Display,
        _: &dyn askama::Values,
        #[optional(&true)] is_wanted: &bool,
    ) -> askama::Result<String> {
        let typed = typed.to_string();
        Ok(if *is_wanted { without_links(&typed) } else { typed })
    }

    /// The same in quotes that it cannot end: else somebody's name could tell what nobody said.
    #[askama::filter_fn]
    pub fn quoted(typed: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
        let inside = typed.to_string().replace(['«', '»'], "\"");
        Ok(format!("«\u{a0}{}\u{a0}»", without_links(&inside)))
    }

    /// Words of ours in lines of at most [`COLUMNS_MAX`], broken at plain spaces.
    #[askama::filter_fn]
    pub fn wrapped(words: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
        let (mut lines, mut columns) = (String::new(), 0);
        for word in words.to_string().split(' ') {
            let length = word.chars().count();
            if columns > 0 {
                let is_full = columns + 1 + length > COLUMNS_MAX;
                lines.push(if is_full { '\n' } else { ' ' });
                columns = if is_full { 0 } else { columns + 1 };
            }
            lines.push_str(word);
            columns += length;
        }
        Ok(lines)
    }

    fn without_links(typed: &str) -> String {
        let mut shown = String::with_capacity(typed.len());
        let mut characters = typed.chars().peekable();
        while let Some(c) = characters.next() {
            shown.push(c);
            if characters.peek().is_some_and(|next| joins(c, *next)) {
                shown.push(ZERO_WIDTH_SPACE);
            }
        }
        shown
    }

    /// Whether a mail program may link across this character: in a host name or number of any script, a
    /// mailbox, the scheme of a URL. A dot at the end of a sentence is none.
    fn joins(c: char, next: char) -> bool {
        let is_dot = |c: char| DOTS.contains(&c);
        match c {
            '@' | '\u{FF20}' => !next.is_whitespace(),
            ':' | '\u{FF1A}' => matches!(next, '/' | '\\' | '\u{FF0F}'),
            c => is_dot(c) && !next.is_whitespace() && !is_dot(next),
        }
    }
}
