//! Requests for assistance: taken once each, whatever happens on the way.

use domain::time::{SignedDuration, Timestamp, after, in_paris};
use domain::{Description, Email, MailJob, Motive, Name, Phone, Reference, Siret, Submission, Ticket};

use crate::outbox::Outbox;
use crate::problems::Problem;
use crate::proofs::{Proof, Proofs, Spent};
use crate::table::{Failure, Key, Row, Table, Write};
use crate::world::{Clock, Random};

/// New references that are tried before we say that something is wrong.
const REFERENCE_ATTEMPTS_MAX: usize = 4;
/// How long a ticket is kept: two years, as the privacy page says.
const TICKET_KEPT: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// A request for assistance that was taken in.
#[derive(Debug)]
pub struct Submitted {
    /// What to quote.
    pub reference: String,
    /// Where the receipt goes, masked.
    pub sent_to: String,
    /// Whether it was not known before.
    pub is_new: bool,
}

/// Requests for assistance.
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

    /// Takes a request in, with the mail to the agency and the receipt to the person: one transaction.
    /// The same submission again gives the same reference, with nothing done twice.
    ///
    /// # Errors
    /// `ProofAlreadyUsed`; 503 when the table cannot be written.
    pub async fn submit(&self, proof: &Proof, ticket: &Ticket) -> Result<Submitted, Problem> {
        for _ in 0..REFERENCE_ATTEMPTS_MAX {
            let now = self.clock.now();
            let reference = Reference::new(in_paris(now).date(), self.random.bytes());
            let text = reference.as_str();
            // Kept with what answers a repetition: its own address may be another one.
            let sent_to = ticket.email.masked();
            let forgotten_at = after(now, TICKET_KEPT);
            let writes = vec![
                Write::Create(
                    Row::new(&Key::submission(&ticket.submission))
                        .with("reference", text)
                        .with("sent_to", sent_to.as_str())
                        .with("expires_at", forgotten_at),
                ),
                Write::Create(row(text, ticket, now).with("expires_at", forgotten_at)),
                self.outbox.mail(&MailJob::TicketToAgency { reference: text.to_owned() })?.1,
                self.outbox.mail(&MailJob::TicketReceipt { reference: text.to_owned() })?.1,
            ];
            match self.proofs.spend(proof, &answer(text, &sent_to), writes).await? {
                Spent::Now => return Ok(Submitted { reference: text.to_owned(), sent_to, is_new: true }),
                Spent::Before(answer) => return known(&answer),
                Spent::Refused(failed) => {
                    if let Some(Some(Some(standing))) = failed.first() {
                        let answer = answer(standing.text("reference")?, standing.text("sent_to")?);
                        // Spent all the same: this is its answer.
                        self.proofs.spend(proof, &answer, Vec::new()).await?;
                        return known(&answer);
                    }
                }
            }
        }
        Err(Problem::internal("every new reference is taken"))
    }

    /// The ticket of a reference, and when it came.
    ///
    /// # Errors
    /// `Failure` when the table cannot be read.
    pub async fn find(&self, reference: &Reference) -> Result<Option<(Ticket, Timestamp)>, Failure> {
        self.table.find(&Key::ticket(reference.as_str())).await?.as_ref().map(read).transpose()
    }
}

/// What a repetition is answered: the reference, and where the receipt went.
fn answer(reference: &str, sent_to: &str) -> String {
    format!("{reference} {sent_to}")
}

fn known(answer: &str) -> Result<Submitted, Problem> {
    let (reference, sent_to) =
        answer.split_once(' ').ok_or_else(|| Problem::internal("an answer that is no ticket's"))?;
    Ok(Submitted { reference: reference.to_owned(), sent_to: sent_to.to_owned(), is_new: false })
}

fn row(reference: &str, ticket: &Ticket, now: Timestamp) -> Row {
    Row::new(&Key::ticket(reference))
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

fn read(row: &Row) -> Result<(Ticket, Timestamp), Failure> {
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
