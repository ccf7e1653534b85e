//! Accounts: applied for, activated by their link, found by identifier or by establishment.

use domain::account::APPLICATION_KEPT;
use domain::link::LinkPurpose;
use domain::time::after;
use domain::token::hexadecimal;
use domain::{
    Account, Application, Email, Identifier, Link, MailId, MailJob, Name, Phone, Refusal, Siret, Token,
};

use crate::links;
use crate::outbox::Outbox;
use crate::problems::Problem;
use crate::proofs::{Proof, Proofs, Spent};
use crate::table::{Change, Committed, Failure, Key, Row, Table, Write};
use crate::world::{Clock, Random};

/// New identifiers that are tried before we say that something is wrong.
const IDENTIFIER_ATTEMPTS_MAX: usize = 4;
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
        let row = row.filter(|row| row.find_moment("expires_at").is_none_or(|end| end > now));
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
                Spent::Before(answer) => {
                    return MailId::parse(&answer)
                        .ok_or_else(|| Problem::internal("an answer that is no mail id"));
                }
                Spent::Refused(failed) if matches!(failed.first(), Some(Some(_))) => {
                    return Err(Refusal::EstablishmentHasAccount.into());
                }
                Spent::Refused(_) => {}
            }
        }
        Err(Problem::internal("every new identifier is taken"))
    }

    /// Sets the password of a link's account and consumes the link, with the mail that tells of it: one
    /// transaction. An activation also makes the establishment the account's.
    ///
    /// # Errors
    /// `LinkUsed`, `LinkExpired`, `LinkUnknown`, `EstablishmentHasAccount`; 503 when the table cannot
    /// be written.
    pub async fn set_password(&self, token: &Token, link: &Link, hash: &str) -> Result<(), Problem> {
        let request = hexadecimal(&self.random.bytes::<16>());
        let writes = match link.purpose {
            LinkPurpose::PasswordReset => {
                let job = MailJob::PasswordChanged { identifier: link.identifier.to_string() };
                vec![
                    self.consume(token, &request),
                    self.replace_password(link, hash),
                    self.outbox.mail(&job)?.1,
                ]
            }
            LinkPurpose::Activation => {
                let job = MailJob::Welcome { identifier: link.identifier.to_string() };
                vec![
                    self.consume(token, &request),
                    self.replace_password(link, hash),
                    Write::Create(self.establishment_row(&link.application)),
                    Write::Put(member_row(link)),
                    self.outbox.mail(&job)?.1,
                ]
            }
        };
        let Committed::No(failed) = self.table.transact(writes).await? else {
            return Ok(());
        };
        self.why_not(&request, &failed)
    }

    /// What a refused `set_password` means. The link's row tells first; if it says that this very
    /// request consumed it, the answer was lost on its way and all is well.
    fn why_not(&self, request: &str, failed: &[Option<Option<Row>>]) -> Result<(), Problem> {
        match failed {
            [Some(None), ..] => Err(Refusal::LinkUnknown.into()),
            [Some(Some(row)), ..] if row.find_text("used_by") == Some(request) => Ok(()),
            [Some(Some(row)), ..] => {
                links::read(row)?.check(self.clock.now())?;
                Err(Refusal::LinkUsed.into())
            }
            [None, Some(_), ..] => Err(Refusal::LinkUsed.into()),
            [None, None, Some(_), ..] => Err(Refusal::EstablishmentHasAccount.into()),
            _ => Err(Problem::internal("a transaction refused for no reason")),
        }
    }

    fn consume(&self, token: &Token, request: &str) -> Write {
        let consume = Change::new(
            Key::link(token),
            "SET used_at = :now, used_by = :request",
            "attribute_exists(pk) AND attribute_not_exists(used_at) AND valid_until >= :now",
        );
        Write::Change(consume.value("now", self.clock.now()).value("request", request))
    }

    fn replace_password(&self, link: &Link, hash: &str) -> Write {
        let replace = Change::new(
            Key::account(&link.identifier),
            "SET password_hash = :hash, credentials_epoch = :next, is_active = :true, password_set_at = :now \
             REMOVE expires_at",
            "credentials_epoch = :epoch",
        );
        Write::Change(
            replace
                .value("hash", hash)
                .value("epoch", link.credentials_epoch)
                .value("next", link.credentials_epoch + 1)
                .value("true", true)
                .value("now", self.clock.now()),
        )
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

    fn establishment_row(&self, application: &Application) -> Row {
        Row::new(&Key::establishment(&application.siret))
            .with("establishment_name", application.establishment_name.as_str())
            .with("created_at", self.clock.now())
    }
}

fn member_row(link: &Link) -> Row {
    Row::new(&Key::member(&link.application.siret, &link.identifier))
        .with("identifier", link.identifier.as_str())
        .with("email", link.application.email.as_str())
        .with("member_role", ROLE_HOLDER)
}

fn read(identifier: &Identifier, row: &Row) -> Result<Account, Failure> {
    Ok(Account {
        identifier: identifier.clone(),
        application: read_application(row)?,
        is_active: row.is("is_active"),
        credentials_epoch: row.number("credentials_epoch")?,
        password_hash: row.find_text("password_hash").map(str::to_owned),
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
