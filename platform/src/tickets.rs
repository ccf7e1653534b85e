//! Requests for assistance, idempotent by submission.

use domain::time::{SignedDuration, Timestamp, after, in_paris};
use domain::{
    Description, Email, FieldCode, MailId, MailJob, Motive, Name, Phone, Reference, Refusal, Siret,
    Submission, Ticket,
};

use crate::cases;
use crate::clock::Clock;
use crate::error::Error;
use crate::metrics::Event;
use crate::outbox::{MAIL_DOMAIN, Outbox};
use crate::proofs::{Proof, Proofs, Receipt, Spent};
use crate::random::Random;
use crate::table::{Guard, Key, Row, Table, TableError, Transaction};

/// Attempts at a free reference; more is a bug.
const REFERENCE_ATTEMPTS_MAX: usize = 4;
/// The retention of a ticket: two years, as the privacy page says.
pub(crate) const TICKET_RETENTION: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);
const NEW_SUBMISSION: Guard = Guard::new("new submission");
/// The reference of a new ticket is free.
const NEW_TICKET: Guard = Guard::new("new ticket");

#[derive(Debug)]
pub struct Submitted {
    pub reference: Reference,
    /// The masked address of the receipt.
    pub sent_to: String,
    /// The receipt; unknown for requests from before it was told.
    pub mail: Option<MailId>,
}

#[derive(Debug, Clone)]
pub struct Tickets {
    table: Table,
    proofs: Proofs,
    outbox: Outbox,
    clock: Clock,
    random: Random,
}

impl Tickets {
    pub(crate) fn new(
        table: &Table,
        proofs: &Proofs,
        outbox: &Outbox,
        clock: &Clock,
        random: &Random,
    ) -> Self {
        Self {
            table: table.clone(),
            proofs: proofs.clone(),
            outbox: outbox.clone(),
            clock: clock.clone(),
            random: random.clone(),
        }
    }

    /// Writes a request with its places in the queue, among those of its establishment and of its mailbox,
    /// and queues the mail to the agency and the receipt, in one transaction. The same
    /// submission again returns the same reference and writes nothing.
    ///
    /// # Errors
    /// `ProofAlreadyUsed`, `EmailDomain`.
    pub async fn submit(&self, proof: &Proof, ticket: &Ticket) -> Result<Submitted, Error> {
        let sent_to = ticket.email.masked();
        for _ in 0..REFERENCE_ATTEMPTS_MAX {
            let now = self.clock.now();
            let reference = Reference::new(in_paris(now).date(), self.random.bytes());
            let expires_at = after(now, TICKET_RETENTION);
            let mut transaction = Transaction::new();
            let to_agency = MailJob::TicketToAgency { reference: reference.clone() };
            self.outbox.queue(&mut transaction, &to_agency)?;
            let receipt = MailJob::TicketReceipt { reference: reference.clone() };
            let mail = self.outbox.queue_told(&mut transaction, &receipt, &ticket.email, None)?;
            let submission = Row::new(&Key::submission(&ticket.submission))
                .with("reference", reference.as_str())
                .with("sent_to", sent_to.as_str())
                .with("receipt_mail", mail.to_string())
                .with("expires_at", expires_at);
            transaction
                .create(NEW_SUBMISSION, submission)
                .create(NEW_TICKET, row(&reference, ticket, now).with("expires_at", expires_at))
                .count(Event::Ticket(ticket.motive));
            let sender = self.outbox.mailbox_fingerprint(&ticket.email)?;
            for place in cases::arrival(&reference, ticket, (now, expires_at), &sender) {
                transaction.put(place);
            }
            self.outbox.assert_mail_domain(&mut transaction, &ticket.email).await?;
            let submitted = Submitted { reference, sent_to: sent_to.clone(), mail: Some(mail) };
            match self.proofs.spend(proof, &submitted.receipt(), transaction).await? {
                Spent::Now => return Ok(submitted),
                Spent::Before(Receipt::Ticket { reference, sent_to, mail }) => {
                    return Ok(Submitted { reference, sent_to, mail });
                }
                Spent::Before(_) => return Err(Error::internal("a receipt of another action")),
                Spent::Refused(refused) => {
                    if let Some(standing) = refused.standing(NEW_SUBMISSION) {
                        let submitted = read_submission(standing)?;
                        // Spent all the same: the reference is its answer.
                        self.proofs.spend(proof, &submitted.receipt(), Transaction::new()).await?;
                        return Ok(submitted);
                    }
                    if refused.is_by(MAIL_DOMAIN) {
                        // Not spent: the proof can be used with the corrected address.
                        return Err(Refusal::field("email", FieldCode::EmailDomain).into());
                    }
                }
            }
        }
        Err(Error::internal("every new reference is taken"))
    }

    /// The ticket of a reference, and when it came.
    pub async fn find(&self, reference: &Reference) -> Result<Option<(Ticket, Timestamp)>, TableError> {
        self.table.find(&Key::ticket(reference.as_str())).await?.as_ref().map(read).transpose()
    }
}

impl Submitted {
    fn receipt(&self) -> Receipt {
        let Self { reference, sent_to, mail } = self;
        Receipt::Ticket { reference: reference.clone(), sent_to: sent_to.clone(), mail: *mail }
    }
}

/// The first sending of the same form, which may have another address.
fn read_submission(row: &Row) -> Result<Submitted, TableError> {
    let reference = row.parsed("reference", |text| Reference::parse(text).ok_or(()))?;
    let mail = row.find_text("receipt_mail").and_then(MailId::parse);
    Ok(Submitted { reference, sent_to: row.text("sent_to")?.to_owned(), mail })
}

fn row(reference: &Reference, ticket: &Ticket, now: Timestamp) -> Row {
    Row::new(&Key::ticket(reference.as_str()))
        .with("submission", ticket.submission.to_string())
        .with("siret", ticket.siret.as_str())
        .with("establishment_name", ticket.establishment_name.as_str())
        .with("full_name", ticket.full_name.as_str())
        .with("phone", ticket.phone.as_str())
        .with("email", ticket.email.as_str())
        .with("motive", ticket.motive.as_str())
        .with("description", ticket.description.as_str())
        .with("created_at", now)
}

pub(crate) fn read(row: &Row) -> Result<(Ticket, Timestamp), TableError> {
    let ticket = Ticket {
        submission: row.parsed("submission", Submission::parse)?,
        siret: row.parsed("siret", Siret::parse)?,
        establishment_name: row.parsed("establishment_name", Name::parse)?,
        full_name: row.parsed("full_name", Name::parse)?,
        phone: row.parsed("phone", Phone::parse)?,
        email: row.parsed("email", Email::parse)?,
        motive: row.parsed("motive", Motive::parse)?,
        description: row.parsed("description", Description::parse)?,
    };
    Ok((ticket, row.moment("created_at")?))
}
