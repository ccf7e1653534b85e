//! Mails about a request for assistance after its receipt.

use askama::Template;
use domain::case::EntryKind;
use domain::time::Timestamp;
use domain::{Reference, Ticket, Token};

use super::{Content, REQUEST_PAGE, about, content, filters, in_words, url_of};

/// An entry of a thread that the person is told.
#[derive(Debug, Clone, Copy)]
pub struct RequestNews<'a> {
    pub reference: &'a Reference,
    pub ticket: &'a Ticket,
    pub kind: EntryKind,
    /// As an agent wrote it.
    pub text: Option<&'a str>,
    /// Of the template that it began with.
    pub reason: Option<&'a str>,
    pub at: Timestamp,
}

/// The words of the mail of an entry.
struct Words {
    /// After the reference, in the subject.
    subject: &'static str,
    heading: &'static str,
    said: &'static str,
    /// Over the text of the entry.
    title: &'static str,
    then: &'static str,
}

const MESSAGE: &str = "Son message";

const ANSWERED: Words = Words {
    subject: "réponse",
    heading: "L'assistance vous a répondu",
    said: "L'assistance a répondu à votre demande.",
    title: MESSAGE,
    then: "Pour lui répondre, ou lire toute la demande, ouvrez cette page\u{a0}:",
};
const CLOSED: Words = Words {
    subject: "close",
    heading: "Votre demande est close",
    said: "L'assistance a clos votre demande.",
    title: MESSAGE,
    then: "Si votre problème n'est pas réglé, écrivez-le sur cette page\u{a0}: la demande est alors \
           rouverte.",
};
const REOPENED: Words = Words {
    subject: "rouverte",
    heading: "Votre demande est rouverte",
    said: "L'assistance a rouvert votre demande\u{a0}: elle est de nouveau à traiter.",
    title: MESSAGE,
    then: "Pour ajouter une précision, ou lire toute la demande, ouvrez cette page\u{a0}:",
};
const SUCCESSION: Words = Words {
    subject: "succession",
    heading: "Des nouvelles de la succession",
    said: "Voici où en est la succession demandée pour cet établissement.",
    title: "Où elle en est",
    then: "Pour ajouter une précision, ou lire toute la demande, ouvrez cette page\u{a0}:",
};

/// An entry of a request's thread, with the link to it and until when that serves.
pub fn request_answer(
    site: &str,
    news: &RequestNews<'_>,
    (token, until): (&Token, Timestamp),
) -> Result<Content, askama::Error> {
    let words = match news.kind {
        EntryKind::Closed => CLOSED,
        EntryKind::Reopened => REOPENED,
        EntryKind::Succession => SUCCESSION,
        _ => ANSWERED,
    };
    let subject = format!("Demande d'assistance {}\u{a0}: {}", news.reference.as_str(), words.subject);
    content!(about(&subject, &news.ticket.siret), "request_answer.txt", "request_answer.html", {
        site: str = site,
        words: Words = &words,
        reference: Reference = news.reference,
        ticket: Ticket = news.ticket,
        text: Option<String> = &news.text.map(str::to_owned),
        reason: Option<String> = &news.reason.map(str::to_owned),
        at: str = &in_words(news.at),
        link: str = &url_of(site, REQUEST_PAGE, token),
        until: str = &in_words(until),
    })
}
