//! Mails of a request for assistance: its receipt, its copy for the agency, its answers.

use domain::mail::Bounded;
use domain::time::Timestamp;
use domain::{Reference, Ticket};
use platform::cases::{CaseFile, Entry};
use platform::outbox::{DigestLine, Leased, Standing};

use super::{Body, Draft, NoMail, check_address, count, nobody, superseded, to_agency};
use crate::Sender;
use crate::render::{self, Content, RequestNews};

/// A mail to who sent a request, whose link is not minted yet.
pub struct Requesting {
    file: CaseFile,
    what: What,
}

enum What {
    /// `next_at` as in [`render::activation`].
    Receipt {
        next_at: Option<Timestamp>,
    },
    Entry(Entry),
}

/// The receipt, with a link to the request.
pub(super) async fn receipt(
    sender: &Sender,
    leased: &Leased,
    reference: &Reference,
) -> Result<Draft, NoMail> {
    let file = find_file(sender, reference).await?;
    check_address(sender, leased, &file.ticket.email).await?;
    let next_at = count(sender, leased, Bounded::Receipt(&file.ticket.email)).await?;
    Ok(to_person(sender, file, What::Receipt { next_at }))
}

/// An entry of the thread that is for the person. No stranger causes it at will.
pub(super) async fn answer(
    sender: &Sender,
    leased: &Leased,
    reference: &Reference,
    number: u64,
) -> Result<Draft, NoMail> {
    let file = find_file(sender, reference).await?;
    let entry = sender.platform.cases.entry(reference, number).await?;
    let entry = entry.filter(|entry| entry.kind.is_for_person());
    let entry = entry.ok_or_else(|| superseded("no entry of that number is for the person"))?;
    check_address(sender, leased, &file.ticket.email).await?;
    Ok(to_person(sender, file, What::Entry(entry)))
}

fn to_person(sender: &Sender, file: CaseFile, what: What) -> Draft {
    let (to, reply_to) = (file.ticket.email.clone(), sender.agency.clone());
    let body = Body::Request(Box::new(Requesting { file, what }));
    Draft { to: vec![to], is_unproven: true, reply_to, body }
}

impl Requesting {
    /// Mints the link and renders the mail.
    pub(super) async fn complete(&self, sender: &Sender, leased: &Leased) -> Result<Content, NoMail> {
        let Self { file: CaseFile { reference, ticket, received_at, .. }, what } = self;
        let (token, until) = sender.platform.cases.mint(leased.id, reference).await?;
        let site = &sender.platform.config.site;
        Ok(match what {
            What::Receipt { next_at } => {
                render::ticket_receipt(site, reference, (ticket, *received_at), (&token, until), *next_at)?
            }
            What::Entry(entry) => {
                let news = RequestNews {
                    reference,
                    ticket,
                    kind: entry.kind,
                    text: entry.text.as_deref(),
                    reason: entry.template.map(|template| template.reason),
                    at: entry.at,
                };
                render::request_answer(site, &news, (&token, until))?
            }
        })
    }
}

/// A mail of its own, or a line of the digest once the agency has had its mails for this hour.
pub(super) async fn agency_copy(
    sender: &Sender,
    leased: &Leased,
    reference: &Reference,
) -> Result<Draft, NoMail> {
    let CaseFile { ticket, received_at, .. } = find_file(sender, reference).await?;
    let outbox = &sender.platform.outbox;
    if let Standing::Beyond(_) = outbox.count(leased.id, &Bounded::AgencyCopy.quotas()).await? {
        let Ticket { siret, motive, email, .. } = ticket;
        let line = DigestLine { reference: reference.clone(), siret, motive, email };
        let digest = outbox.add_to_digest(&line).await?;
        return Err(superseded(&format!("digest {digest}")));
    }
    check_address(sender, leased, &sender.agency).await?;
    let known = sender.platform.cases.known(&ticket).await?;
    Ok(to_agency(sender, &ticket.email, render::ticket_to_agency(reference, &ticket, received_at, &known)?))
}

async fn find_file(sender: &Sender, reference: &Reference) -> Result<CaseFile, NoMail> {
    sender.platform.cases.find(reference).await?.ok_or_else(|| nobody("no ticket of that reference"))
}
