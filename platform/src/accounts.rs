//! Accounts: applications, and lookup by identifier or by establishment.

use domain::account::APPLICATION_RETENTION;
use domain::time::after;
use domain::{
    Account, Application, Email, FieldCode, Identifier, MailId, MailJob, Name, Phone, Refusal, Siret,
};

use crate::clock::Clock;
use crate::error::Error;
use crate::outbox::{MAIL_DOMAIN, Outbox};
use crate::proofs::{Proof, Proofs, Receipt, Spent};
use crate::random::Random;
use crate::table::{Guard, Key, Row, Table, TableError, Transaction};

/// Attempts at a free identifier; more is a bug.
const IDENTIFIER_ATTEMPTS_MAX: usize = 4;
/// The identifier of a new account is free.
const NEW_ACCOUNT: Guard = Guard("new account");
/// The establishment has no account.
const FREE_ESTABLISHMENT: Guard = Guard("free establishment");
/// The only role for now.
pub const ROLE_HOLDER: &str = "holder";

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
    pub async fn has_account(&self, siret: &Siret) -> Result<bool, TableError> {
        Ok(self.table.find(&Key::establishment(siret)).await?.is_some())
    }

    /// The account of an identifier, active or not.
    pub async fn find(&self, identifier: &Identifier) -> Result<Option<Account>, TableError> {
        let row = self.table.find(&Key::account(identifier)).await?;
        let now = self.clock.now();
        let row = row.filter(|row| !row.is_past(now));
        row.as_ref().map(|row| read(identifier, row)).transpose()
    }

    /// The active accounts of an establishment's members.
    pub async fn of_establishment(&self, siret: &Siret) -> Result<Vec<Account>, TableError> {
        let members = self.table.find_all(&format!("SIRET#{siret}"), Key::MEMBERS).await?;
        let mut accounts = Vec::new();
        for member in &members {
            let identifier = member.parsed("identifier", Identifier::parse)?;
            accounts.extend(self.find(&identifier).await?.filter(|account| account.is_active));
        }
        Ok(accounts)
    }

    /// Writes an application and queues its activation mail, in one transaction. It does not reserve the
    /// establishment: activation does.
    ///
    /// # Errors
    /// `EstablishmentHasAccount`, `ProofAlreadyUsed`, `EmailDomain`.
    pub async fn apply(&self, proof: &Proof, application: &Application) -> Result<MailId, Error> {
        for _ in 0..IDENTIFIER_ATTEMPTS_MAX {
            let identifier = Identifier::from_random(self.random.bytes());
            let mut transaction = Transaction::new();
            transaction
                .assert_absent(FREE_ESTABLISHMENT, Key::establishment(&application.siret))
                .create(NEW_ACCOUNT, self.application_row(&identifier, application));
            self.outbox.assert_mail_domain(&mut transaction, &application.email).await?;
            let mail = self.outbox.queue(&mut transaction, &MailJob::Activation { identifier })?;
            match self.proofs.spend(proof, &Receipt::Application { mail }, transaction).await? {
                Spent::Now => return Ok(mail),
                Spent::Before(Receipt::Application { mail }) => return Ok(mail),
                Spent::Before(Receipt::EstablishmentHasAccount) => {
                    return Err(Refusal::EstablishmentHasAccount.into());
                }
                Spent::Before(_) => return Err(Error::internal("a receipt of another action")),
                Spent::Refused(refused) if refused.is_by(FREE_ESTABLISHMENT) => {
                    // Spent all the same: else one proof could check every establishment.
                    self.proofs.spend(proof, &Receipt::EstablishmentHasAccount, Transaction::new()).await?;
                    return Err(Refusal::EstablishmentHasAccount.into());
                }
                // Not spent: the proof can be used with the corrected address.
                Spent::Refused(refused) if refused.is_by(MAIL_DOMAIN) => {
                    return Err(Refusal::field("email", FieldCode::EmailDomain).into());
                }
                Spent::Refused(_) => {}
            }
        }
        Err(Error::internal("every new identifier is taken"))
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
            .with("expires_at", after(now, APPLICATION_RETENTION))
    }
}

fn read(identifier: &Identifier, row: &Row) -> Result<Account, TableError> {
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

/// The attributes of an application, in the rows of an account and of its links.
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

/// Reads an application from a row of an account or of a link.
pub(crate) fn read_application(row: &Row) -> Result<Application, TableError> {
    Ok(Application {
        siret: row.parsed("siret", Siret::parse)?,
        establishment_name: row.parsed("establishment_name", Name::parse)?,
        first_name: row.parsed("first_name", Name::parse)?,
        last_name: row.parsed("last_name", Name::parse)?,
        email: row.parsed("email", Email::parse)?,
        phone: row.parsed("phone", Phone::parse)?,
    })
}
