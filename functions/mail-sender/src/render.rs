//! The mails' words: pure rendering, as plain text and as HTML, from the templates beside this crate.
//!
//! Whoever fills in a form chooses the address that its mail goes to. Until that address has proved to be
//! theirs, what they typed is shown with nothing to click (`filters::unlinked`).

use askama::Template;
use domain::time::{Timestamp, in_paris};
use domain::{Account, Identifier, Reference, Siret, Ticket, Token};

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

/// Carries the link that activates an application, and the identifier that a new link can be asked with.
///
/// # Errors
/// When a template cannot be written out; none does so by itself.
pub fn activation(
    site: &str,
    account: &Account,
    token: &Token,
    valid_until: Timestamp,
) -> Result<Content, askama::Error> {
    let application = &account.application;
    content!("Activez votre compte Sésame", "activation.txt", "activation.html", {
        site: str = site,
        account: Account = account,
        requester: str = &format!("{} {}", application.first_name.as_str(), application.last_name.as_str()),
        link: str = &link(site, token),
        until: str = &in_words(valid_until),
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

/// Tells every identifier of an establishment whose holder has the address that it goes to.
///
/// # Errors
/// As [`activation`].
pub fn identifier_reminder(
    site: &str,
    siret: &Siret,
    identifiers: &[Identifier],
    asked_at: Timestamp,
) -> Result<Content, askama::Error> {
    let subject =
        if identifiers.len() == 1 { "Votre identifiant Sésame" } else { "Vos identifiants Sésame" };
    content!(subject, "identifier_reminder.txt", "identifier_reminder.html", {
        site: str = site,
        siret: Siret = siret,
        identifiers: [Identifier] = identifiers,
        asked: str = &in_words(asked_at),
    })
}

/// Carries the link that replaces the password of an active account.
///
/// # Errors
/// As [`activation`].
pub fn password_reset(
    site: &str,
    account: &Account,
    token: &Token,
    valid_until: Timestamp,
    asked_at: Timestamp,
) -> Result<Content, askama::Error> {
    content!("Choisissez votre nouveau mot de passe Sésame", "password_reset.txt", "password_reset.html", {
        site: str = site,
        account: Account = account,
        asked: str = &in_words(asked_at),
        link: str = &link(site, token),
        until: str = &in_words(valid_until),
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
) -> Result<Content, askama::Error> {
    let subject = format!("Demande d'assistance {}\u{a0}: bien reçue", reference.as_str());
    content!(subject, "ticket_receipt.txt", "ticket_receipt.html", {
        site: str = site,
        reference: Reference = reference,
        ticket: Ticket = ticket,
        is_unproven: bool = &true,
        received: str = &in_words(received_at),
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

/// Where a link leads. The token stands after the `#`, so that no server's log has it.
fn link(site: &str, token: &Token) -> String {
    format!("{site}/mot-de-passe/#{}", token.print())
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

/// What the templates call.
mod filters {
    use std::fmt::Display;

    /// Seen by nobody, and no mail program takes what stands around it for an address of the web.
    const ZERO_WIDTH_SPACE: char = '\u{200B}';

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
        let mut before = ' ';
        for (at, c) in typed.char_indices() {
            shown.push(c);
            let rest = &typed[at + c.len_utf8()..];
            let is_in_host = c == '.'
                && before.is_alphanumeric()
                && rest.chars().take(2).filter(|next| next.is_alphanumeric()).count() == 2;
            if is_in_host || (c == ':' && rest.starts_with("//")) {
                shown.push(ZERO_WIDTH_SPACE);
            }
            before = c;
        }
        Ok(shown)
    }
}
