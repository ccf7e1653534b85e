//! The mails' words: pure rendering, as plain text and as HTML, from the templates beside this crate.
//!
//! Whoever fills in a form chooses the address that its mail goes to. Until that address has proved to be
//! theirs, what they typed is shown with nothing to click (`filters::unlinked`).

use askama::Template;
use domain::mail::DigestPeriod;
use domain::time::{SignedDuration, Timestamp, after, in_paris};
use domain::{Account, Reference, Ticket, Token};
use platform::outbox::DigestLine;

/// A mail, worded: everything but whom it goes to. No `Debug`: it holds names and a link, which no log may.
pub struct Content {
    /// One line, with nothing in it that a person typed.
    pub subject: String,
    /// The whole mail for those who read plain text.
    pub text: String,
    /// The same words with buttons. Loads nothing.
    pub html: String,
}

/// Renders the two templates of a mail over the same values.
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

/// A link that chooses a new password, and of which account.
pub struct RecoveryLink<'a> {
    /// Whose.
    pub account: &'a Account,
    /// What the link carries.
    pub token: Token,
    /// The last moment at which it serves.
    pub until: Timestamp,
}

/// A link as its mail shows it.
struct ShownLink {
    holder: String,
    identifier: String,
    url: String,
}

/// Carries the link that activates an application, and the identifier that a new link can be asked with. `next_at`
/// is when another mail of its kind may go out, if this is the last before.
///
/// # Errors
/// When a template cannot be written out; none does so by itself.
pub fn activation(
    site: &str,
    account: &Account,
    token: &Token,
    valid_until: Timestamp,
    next_at: Option<Timestamp>,
) -> Result<Content, askama::Error> {
    content!("Activez votre compte Sésame", "activation.txt", "activation.html", {
        site: str = site,
        account: Account = account,
        requester: str = &holder(account),
        link: str = &url_of(site, token),
        until: str = &in_words(valid_until),
        next: Option<String> = &next_at.map(minute_after),
    })
}

/// Tells that the account is active, and the identifier to keep.
///
/// # Errors
/// As [`activation`].
pub fn welcome(site: &str, account: &Account) -> Result<Content, askama::Error> {
    content!("Votre compte Sésame est actif\u{a0}: gardez votre identifiant", "welcome.txt", "welcome.html", {
        site: str = site,
        account: Account = account,
    })
}

/// Tells identifier and link of each account, whichever was forgotten: whoever has such mails sent to a holder does
/// them no harm. `next_at` is that of [`activation`].
///
/// # Errors
/// As [`activation`].
pub fn recovery(
    site: &str,
    links: &[RecoveryLink<'_>],
    asked_at: Timestamp,
    next_at: Option<Timestamp>,
) -> Result<Content, askama::Error> {
    let subject = match links {
        [_] => "Votre identifiant Sésame et un lien pour votre mot de passe",
        _ => "Vos identifiants Sésame et un lien pour chaque mot de passe",
    };
    let first = links.first().ok_or_else(|| askama::Error::custom("a recovery mail without a link"))?;
    let until = links.iter().map(|link| link.until).min().unwrap_or(first.until);
    let shown = links.iter().map(|link| ShownLink {
        holder: holder(link.account),
        identifier: link.account.identifier.to_string(),
        url: url_of(site, &link.token),
    });
    content!(subject, "recovery.txt", "recovery.html", {
        site: str = site,
        links: [ShownLink] = &shown.collect::<Vec<_>>(),
        account: Account = first.account,
        asked: str = &in_words(asked_at),
        until: str = &in_words(until),
        next: Option<String> = &next_at.map(minute_after),
    })
}

/// Tells that the password was replaced, and what to do for somebody who did not replace it.
///
/// # Errors
/// As [`activation`].
pub fn password_changed(
    site: &str,
    account: &Account,
    changed_at: Timestamp,
) -> Result<Content, askama::Error> {
    content!("Votre mot de passe Sésame a changé", "password_changed.txt", "password_changed.html", {
        site: str = site,
        account: Account = account,
        changed: str = &in_words(changed_at),
    })
}

/// Tells the holder that so many passwords were tried that their identifier takes none for a while.
///
/// # Errors
/// As [`activation`].
pub fn logins_blocked(
    site: &str,
    account: &Account,
    blocked_at: Timestamp,
) -> Result<Content, askama::Error> {
    content!("Trop d'essais avec votre identifiant Sésame", "logins_blocked.txt", "logins_blocked.html", {
        site: str = site,
        account: Account = account,
        blocked: str = &in_words(blocked_at),
    })
}

/// Tells the person that their request for assistance has arrived, what it says and what happens next.
///
/// # Errors
/// As [`activation`].
pub fn ticket_receipt(
    site: &str,
    reference: &Reference,
    ticket: &Ticket,
    received_at: Timestamp,
    next_at: Option<Timestamp>,
) -> Result<Content, askama::Error> {
    let subject = format!("Demande d'assistance {}\u{a0}: bien reçue", reference.as_str());
    content!(subject, "ticket_receipt.txt", "ticket_receipt.html", {
        site: str = site,
        reference: Reference = reference,
        ticket: Ticket = ticket,
        is_unproven: bool = &true,
        received: str = &in_words(received_at),
        next: Option<String> = &next_at.map(minute_after),
    })
}

/// Brings the agency everything that the person typed, unchanged. The reply goes to the person.
///
/// # Errors
/// As [`activation`].
pub fn ticket_to_agency(
    reference: &Reference,
    ticket: &Ticket,
    received_at: Timestamp,
) -> Result<Content, askama::Error> {
    let subject = format!("Demande d'assistance {}\u{a0}: {}", reference.as_str(), ticket.motive.label());
    content!(subject, "ticket_to_agency.txt", "ticket_to_agency.html", {
        reference: Reference = reference,
        ticket: Ticket = ticket,
        is_unproven: bool = &false,
        received: str = &in_words(received_at),
    })
}

/// Lists for the agency the requests of a period that had no mail of their own.
///
/// # Errors
/// As [`activation`].
pub fn agency_digest(period: DigestPeriod, lines: &[DigestLine]) -> Result<Content, askama::Error> {
    let subject = format!("Demandes d'assistance\u{a0}: {} demandes groupées", lines.len());
    content!(subject, "agency_digest.txt", "agency_digest.html", {
        lines: [DigestLine] = lines,
        start: str = &in_words(period.start()),
        end: str = &in_words(period.end()),
    })
}

/// Where a link leads. The token stands after the `#`, so that no server's log has it.
fn url_of(site: &str, token: &Token) -> String {
    format!("{site}/mot-de-passe/#{}", token.print())
}

/// Who holds an account, as they wrote it.
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

/// A moment as it is said: « lundi 23 novembre 2026 à 14 h 05 (heure de Paris) ». Seconds are dropped, so
/// that a link never dies before the time that was told.
fn in_words(moment: Timestamp) -> String {
    let clock = in_paris(moment);
    let day = DAYS[usize::from(clock.weekday().to_monday_zero_offset().unsigned_abs())];
    let date = if clock.day() == 1 { "1er".to_owned() } else { clock.day().to_string() };
    let month = MONTHS[usize::from(clock.month().unsigned_abs()) - 1];
    let (year, hour, minute) = (clock.year(), clock.hour(), clock.minute());
    format!("{day} {date}\u{a0}{month} {year} à {hour}\u{a0}h\u{a0}{minute:02} (heure de Paris)")
}

/// The first whole minute that does not begin before a moment, as it is said.
fn minute_after(moment: Timestamp) -> String {
    in_words(after(moment, SignedDuration::from_secs(59)))
}

/// What the templates call.
mod filters {
    use std::fmt::Display;

    /// Seen by nobody, and no mail program takes what stands around it for an address of the web.
    const ZERO_WIDTH_SPACE: char = '\u{200B}';
    /// What separates the labels of a host name, also in East Asian scripts (UTS 46, 4.5), and what looks like it.
    const DOTS: [char; 5] = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}', '\u{2024}'];

    /// The same text to the eye, of which no mail program makes a link: otherwise anybody could have us
    /// send theirs to whom they like. `is_wanted` false leaves it as typed.
    #[askama::filter_fn]
    pub fn unlinked(
        typed: impl Display,
        _: &dyn askama::Values,
        #[optional(&true)] is_wanted: &bool,
    ) -> askama::Result<String> {
        let typed = typed.to_string();
        if !*is_wanted {
            return Ok(typed);
        }
        let mut shown = String::with_capacity(typed.len());
        let mut characters = typed.chars().peekable();
        while let Some(c) = characters.next() {
            shown.push(c);
            if characters.peek().is_some_and(|next| joins(c, *next)) {
                shown.push(ZERO_WIDTH_SPACE);
            }
        }
        Ok(shown)
    }

    /// Whether a mail program may take what stands around this character for an address: a host name or number in
    /// any script, a mailbox, the scheme of a URL. A dot that ends a sentence joins nothing.
    fn joins(c: char, next: char) -> bool {
        let is_dot = |c: char| DOTS.contains(&c);
        match c {
            '@' | '\u{FF20}' => !next.is_whitespace(),
            ':' | '\u{FF1A}' => matches!(next, '/' | '\\' | '\u{FF0F}'),
            c => is_dot(c) && !next.is_whitespace() && !is_dot(next),
        }
    }
}
