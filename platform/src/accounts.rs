//! Accounts: applied for, activated by their link, found by identifier or by establishment.

use domain::account::APPLICATION_KEPT;
use domain::time::after;
use domain::{Account, Application, Email, Identifier, MailId, MailJob, Name, Phone, Refusal, Siret};

use crate::outbox::Outbox;
use crate::problems::Problem;
use crate::proofs::{Proof, Proofs, Spent};
use crate::table::{Failure, Key, Row, Table, Write};
use crate::world::{Clock, Random};

/// New identifiers that are tried before we say that something is wrong.
const IDENTIFIER_ATTEMPTS_MAX: usize = 4;
/// What a proof remembers of an application that was refused because the establishment has an account.
const HAS_ACCOUNT: &str = "establishment-has-account";
/// The one role there is for now: who opened the account.
pub const ROLE_HOLDER: &str = "holder";

/// A member of an establishment.
#[derive(Debug, Clone)]
pub struct Member {
    /// Of which account.
    pub identifier: Identifier,
    /// Its address.
    pub email: Email,
}

/// Accounts, their establishments and members.
#[derive(Debug, Clone)]
pub struct Accounts {
    table: Table,
    proofs: Proofs,
    outbox: Outbox,
    clock: Clock,
    random: Random,
}

impl Accounts {
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

    /// Whether an active account exists for the establishment.
    ///
    /// # Errors
    /// `Failure` when the table cannot be read.
    pub async fn has_account(&self, siret: &Siret) -> Result<bool, Failure> {
        Ok(self.table.find(&Key::establishment(siret)).await?.is_some())
    }

    /// The account of an identifier, active or not.
    ///
    /// # Errors
    /// `Failure` when the table cannot be read.
    pub async fn find(&self, identifier: &Identifier) -> Result<Option<Account>, Failure> {
        let row = self.table.find(&Key::account(identifier)).await?;
        let now = self.clock.now();
        let row = row.filter(|row| !row.is_past(now));
        row.as_ref().map(|row| read(identifier, row)).transpose()
    }

    /// The members of an establishment.
    ///
    /// # Errors
    /// `Failure` when the table cannot be read.
    pub async fn members(&self, siret: &Siret) -> Result<Vec<Member>, Failure> {
        let rows = self.table.find_all(&format!("SIRET#{siret}"), Key::MEMBERS).await?;
        let member = |row: &Row| {
            Ok(Member {
                identifier: row.parsed("identifier", Identifier::parse)?,
                email: row.parsed("email", Email::parse)?,
            })
        };
        rows.iter().map(member).collect()
    }

    /// Takes an application in, with its activation mail: one transaction. It blocks nobody until its
    /// link is answered.
    ///
    /// # Errors
    /// `EstablishmentHasAccount`, `ProofAlreadyUsed`; 503 when the table cannot be written.
    pub async fn apply(&self, proof: &Proof, application: &Application) -> Result<MailId, Problem> {
        for _ in 0..IDENTIFIER_ATTEMPTS_MAX {
            let identifier = Identifier::from_random(self.random.bytes());
            let job = MailJob::Activation { identifier: identifier.to_string() };
            let (mail, mail_write) = self.outbox.mail(&job)?;
            let writes = vec![
                Write::Absent(Key::establishment(&application.siret)),
                Write::Create(self.application_row(&identifier, application)),
                mail_write,
            ];
            match self.proofs.spend(proof, &mail.to_string(), writes).await? {
                Spent::Now => return Ok(mail),
                Spent::Before(answer) if answer == HAS_ACCOUNT => {
                    return Err(Refusal::EstablishmentHasAccount.into());
                }
                Spent::Before(answer) => {
                    return MailId::parse(&answer)
                        .ok_or_else(|| Problem::internal("an answer that is no mail id"));
                }
                Spent::Refused(failed) if matches!(failed.first(), Some(Some(_))) => {
                    // Spent all the same, or one proof would ask about every establishment.
                    self.proofs.spend(proof, HAS_ACCOUNT, Vec::new()).await?;
                    return Err(Refusal::EstablishmentHasAccount.into());
                }
                Spent::Refused(_) => {}
            }
        }
        Err(Problem::internal("every new identifier is taken"))
    }

    fn application_row(&self, identifier: &Identifier, application: &Application) -> Row {
        let now = self.clock.now();
        let row = Row::new(&Key::account(identifier));
        application_texts(application)
            .into_iter()
            .fold(row, |row, (name, text)| row.with(name, text))
            .with("is_active", false)
            .with("credentials_epoch", 0)
            .with("terms_accepted_at", now)
            .with("created_at", now)
            .with("expires_at", after(now, APPLICATION_KEPT))
    }
}

fn read(identifier: &Identifier, row: &Row) -> Result<Account, Failure> {
    Ok(Account {
        identifier: identifier.clone(),
        application: read_application(row)?,
        is_active: row.is("is_active"),
        credentials_epoch: row.number("credentials_epoch")?,
        password_hash: row.find_text("password_hash").map(str::to_owned),
        password_set_at: row.find_moment("password_set_at"),
        expires_at: row.find_moment("expires_at"),
    })
}

/// An application as attributes, in an account's row and in its links'.
pub(crate) fn application_texts(application: &Application) -> [(&'static str, &str); 6] {
    [
        ("siret", application.siret.as_str()),
        ("establishment_name", application.establishment_name.as_str()),
        ("first_name", application.first_name.as_str()),
        ("last_name", application.last_name.as_str()),
        ("email", application.email.as_str()),
        ("phone", application.phone.as_str()),
    ]
}

/// The other way round.
pub(crate) fn read_application(row: &Row) -> Result<Application, Failure> {
    Ok(Application {
        siret: row.parsed("siret", Siret::parse)?,
        establishment_name: row.parsed("establishment_name", Name::parse)?,
        first_name: row.parsed("first_name", Name::parse)?,
        last_name: row.parsed("last_name", Name::parse)?,
        email: row.parsed("email", Email::parse)?,
        phone: row.parsed("phone", Phone::parse)?,
    })
}
