//! Accounts: applications, and lookup by identifier or by establishment.

use std::sync::Arc;

use domain::account::APPLICATION_RETENTION;
use domain::mail::CORRECTIONS_MAX;
use domain::time::after;
use domain::{
    Account, Application, Email, FieldCode, Identifier, MailId, MailJob, Name, Phone, Refusal, Siret,
};

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::outbox::{MAIL_DOMAIN, Outbox, Typed};
use crate::proofs::{Proof, Proofs, Receipt, Spent};
use crate::spaces::{FREE_SPACE, assert_free, read_people};
use crate::table::{Change, Guard, Key, Refused, Row, Table, TableError, Transaction};

/// Attempts at a free identifier; more is a bug.
const IDENTIFIER_ATTEMPTS_MAX: u32 = 4;
/// The identifier is free, or that of an application of the same SIRET and address.
const OWN_APPLICATION: Guard = Guard::new("own application");
/// Writes an application whole, in place of an earlier one.
const APPLY: &str = "SET siret = :siret, establishment_name = :establishment_name, first_name = :first_name, \
                     last_name = :last_name, email = :email, phone = :phone, applicant = :applicant, \
                     is_active = :false, credentials_epoch = :epoch, terms_accepted_at = :now, \
                     created_at = :now, expires_at = :until, applied_words = :words";
/// The same words as before, or a new application.
const APPLY_CONDITION: &str = "attribute_not_exists(pk) OR (is_active = :false AND applicant = :applicant \
                               AND (expires_at <= :now OR applied_words = :words))";
/// Other words: whose they are is not known any more.
const APPLY_MIXED_CONDITION: &str = "is_active = :false AND applicant = :applicant";
const MIXED: &str = "mixed";
/// The application is not activated, and nobody has applied with its SIRET and address in other words:
/// whoever corrects the address gets no other applicant's words, and ends no other's links.
const ALONE: &str = "is_active = :false AND applied_words = :words";
/// The first mail of an application allows another correction, and names the application that is corrected.
const FIRST_MAIL: Guard = Guard::new("first mail");
/// The application whose address is corrected is not activated, and its corrector's alone.
const FORMER_APPLICATION: Guard = Guard::new("former application");
/// Tries of a correction beside others of the same application.
const CORRECTION_TRIES_MAX: usize = 4;

#[derive(Debug, Clone)]
pub struct Accounts {
    table: Table,
    config: Arc<Config>,
    proofs: Proofs,
    outbox: Outbox,
    clock: Clock,
}

impl Accounts {
    pub(crate) fn new(
        table: &Table,
        config: &Arc<Config>,
        proofs: &Proofs,
        outbox: &Outbox,
        clock: &Clock,
    ) -> Self {
        Self {
            table: table.clone(),
            config: config.clone(),
            proofs: proofs.clone(),
            outbox: outbox.clone(),
            clock: clock.clone(),
        }
    }

    /// Whether an active account exists for the establishment: its space is open.
    pub async fn has_account(&self, siret: &Siret) -> Result<bool, TableError> {
        let row = self.table.find(&Key::establishment(siret)).await?;
        Ok(row.is_some_and(|row| row.find_number("holders") != Some(0)))
    }

    /// The account of an identifier, active or not.
    pub async fn find(&self, identifier: &Identifier) -> Result<Option<Account>, TableError> {
        let row = self.table.find(&Key::account(identifier)).await?;
        let now = self.clock.now();
        let row = row.filter(|row| !row.is_past(now));
        row.as_ref().map(|row| read(identifier, row)).transpose()
    }

    /// The active accounts of an establishment's members whose address is sought: the members' rows have it,
    /// so that no other account is read.
    pub async fn of_establishment(
        &self,
        siret: &Siret,
        is_sought: impl Fn(&Email) -> Result<bool, Error>,
    ) -> Result<Vec<Account>, Error> {
        let partition = Key::space(siret);
        let rows = self.table.find_between(&partition, Key::ESTABLISHMENT, Key::AFTER_MEMBERS).await?;
        let members = read_people(siret, &rows)?.map(|space| space.members).unwrap_or_default();
        let mut accounts = Vec::new();
        for member in &members {
            if is_sought(&member.email)? {
                accounts.extend(self.find(&member.identifier).await?.filter(|account| account.is_active));
            }
        }
        Ok(accounts)
    }

    /// Writes an application and queues its activation mail, in one transaction. It does not reserve the
    /// establishment: activation does. Until then the same SIRET and address have the same identifier, and
    /// what was typed last stands.
    ///
    /// # Errors
    /// `EstablishmentHasAccount`, `ProofAlreadyUsed`, `EmailDomain`.
    pub async fn apply(&self, proof: &Proof, application: &Application) -> Result<MailId, Error> {
        let words = self.words_of(application)?;
        let mut taken = Taken::default();
        for _ in 0..IDENTIFIER_ATTEMPTS_MAX {
            let identifier = self.identifier_of(application, taken.identifiers)?;
            let mut transaction = Transaction::new();
            assert_free(&mut transaction, &application.siret);
            transaction.change(OWN_APPLICATION, self.write(&identifier, application, taken.over(&words))?);
            self.outbox.assert_mail_domain(&mut transaction, &application.email).await?;
            let job = MailJob::Activation { identifier, is_corrected: false };
            let typed = Typed { words: &words, first_mail: None };
            let mail = self.outbox.queue_told(&mut transaction, &job, &application.email, Some(typed))?;
            match self.proofs.spend(proof, &Receipt::Application { mail }, transaction).await? {
                Spent::Now => return Ok(mail),
                Spent::Before(Receipt::Application { mail }) => return Ok(mail),
                Spent::Before(Receipt::EstablishmentHasAccount) => {
                    return Err(Refusal::EstablishmentHasAccount.into());
                }
                Spent::Before(_) => return Err(Error::internal("a receipt of another action")),
                Spent::Refused(refused) if refused.is_by(FREE_SPACE) => {
                    // Spent all the same: else one proof could check every establishment.
                    self.proofs.spend(proof, &Receipt::EstablishmentHasAccount, Transaction::new()).await?;
                    return Err(Refusal::EstablishmentHasAccount.into());
                }
                // Not spent: the proof can be used with the corrected address.
                Spent::Refused(refused) if refused.is_by(MAIL_DOMAIN) => {
                    return Err(Refusal::field("email", FieldCode::EmailDomain).into());
                }
                Spent::Refused(refused) => taken.note(&refused, &self.applicant_of(application)?),
            }
        }
        Err(Error::internal("every new identifier is taken"))
    }

    /// Sends the activation of an application to another address: the same application under the identifier
    /// of that address, in the place of the former, whose links are dead, in one transaction.
    ///
    /// # Errors
    /// `MailUnknown` for what is no mail of an activation, or of none that can be found any more, or of one
    /// for whose SIRET and address somebody else has applied too;
    /// `AlreadyActivated`, `EstablishmentHasAccount`, `TooManyCorrections`, `ProofAlreadyUsed`,
    /// `EmailDomain`.
    pub async fn correct(&self, proof: &Proof, mail: MailId, email: Email) -> Result<MailId, Error> {
        let mut taken = Taken::default();
        for _ in 0..CORRECTION_TRIES_MAX {
            let chain = self.outbox.chain_of(mail).await?.ok_or(Refusal::MailUnknown)?;
            let words = chain.words.as_deref().ok_or(Refusal::MailUnknown)?;
            let Some(former) = self.find(&chain.identifier).await? else {
                // Over, unless another correction has just ended it: then the next application is the one.
                let now = self.outbox.chain_of(mail).await?;
                if now.is_some_and(|now| now.identifier != chain.identifier) {
                    continue;
                }
                return Err(Refusal::MailUnknown.into());
            };
            if former.is_active {
                return Err(Refusal::AlreadyActivated.into());
            }
            let application = Application { email: email.clone(), ..former.application };
            let identifier = self.identifier_of(&application, taken.identifiers)?;
            let mut transaction = Transaction::new();
            assert_free(&mut transaction, &application.siret);
            transaction.change(FIRST_MAIL, chain.correction(&identifier));
            if identifier == chain.identifier {
                let write = self.write(&identifier, &application, (words, ALONE))?;
                transaction.change(FORMER_APPLICATION, write);
            } else {
                transaction
                    .change(OWN_APPLICATION, self.write(&identifier, &application, taken.over(words))?)
                    .change(FORMER_APPLICATION, self.end(&chain.identifier, words));
            }
            self.outbox.assert_mail_domain(&mut transaction, &email).await?;
            let job = MailJob::Activation { identifier, is_corrected: true };
            let typed = Typed { words, first_mail: Some(chain.first) };
            let mail = self.outbox.queue_told(&mut transaction, &job, &email, Some(typed))?;
            let refused = match self.proofs.spend(proof, &Receipt::Application { mail }, transaction).await? {
                Spent::Now => return Ok(mail),
                Spent::Before(Receipt::Application { mail }) => return Ok(mail),
                Spent::Before(_) => return Err(Error::internal("a receipt of another action")),
                Spent::Refused(refused) => refused,
            };
            // None of these spends the proof: it can be used with another address.
            if refused.is_by(FREE_SPACE) {
                return Err(Refusal::EstablishmentHasAccount.into());
            }
            if refused.is_by(MAIL_DOMAIN) {
                return Err(Refusal::field("email", FieldCode::EmailDomain).into());
            }
            let is_last = |row: &Row| row.find_number("corrections").unwrap_or(0) >= CORRECTIONS_MAX;
            if refused.standing(FIRST_MAIL).is_some_and(is_last) {
                let until = former.expires_at.unwrap_or(self.clock.now());
                let retry_after_seconds = self.clock.until(until).as_secs() + 1;
                return Err(Refusal::TooManyCorrections { retry_after_seconds }.into());
            }
            let is_shared = |row: &Row| !row.is("is_active") && row.find_text("applied_words") != Some(words);
            if !refused.is_by(FIRST_MAIL) && refused.standing(FORMER_APPLICATION).is_some_and(is_shared) {
                return Err(Refusal::MailUnknown.into());
            }
            taken.note(&refused, &self.applicant_of(&application)?);
            // Else another correction came first, or an activation: read again.
        }
        Err(TableError::Unavailable("the application kept changing".into()).into())
    }

    /// Ends an application: its links are dead, its identifier is free for the same SIRET and address.
    fn end(&self, identifier: &Identifier, words: &str) -> Change {
        Change::new(Key::account(identifier), "SET expires_at = :now", ALONE)
            .value("now", self.clock.now())
            .value("false", false)
            .value("words", words)
    }

    /// A keyed hash of what an applicant has typed besides SIRET and address: the same for who sends the same
    /// form again.
    fn words_of(&self, application: &Application) -> Result<String, Error> {
        let Application { establishment_name, first_name, last_name, phone, .. } = application;
        let words = [establishment_name.as_str(), first_name.as_str(), last_name.as_str(), phone.as_str()];
        Ok(self.config.keys.of(Secret::Hash)?.fingerprint("words", &words.join("\0")))
    }

    pub(crate) fn applicant_of(&self, application: &Application) -> Result<String, Error> {
        let applicant = format!("{} {}", application.siret, application.email.normalised());
        Ok(self.config.keys.of(Secret::Hash)?.fingerprint("applicant", &applicant))
    }

    /// The identifier of a SIRET and an address, derived from them, so that nothing need be read to find it
    /// again. `attempt` gives another one when it is taken by chance.
    pub(crate) fn identifier_of(&self, application: &Application, attempt: u32) -> Result<Identifier, Error> {
        let Application { siret, email, .. } = application;
        let key = self.config.keys.of(Secret::Hash)?;
        let [a, b, c, d, e, f, g, ..] =
            key.sign(format!("identifier\0{attempt} {siret} {}", email.normalised()).as_bytes());
        Ok(Identifier::from_random([a, b, c, d, e, f, g]))
    }

    fn write(
        &self,
        identifier: &Identifier,
        application: &Application,
        (words, condition): (&str, &'static str),
    ) -> Result<Change, Error> {
        let now = self.clock.now();
        let change = Change::new(Key::account(identifier), APPLY, condition);
        Ok(with_application(change, application)
            .value("words", words)
            .value("applicant", self.applicant_of(application)?)
            .value("false", false)
            .value("epoch", 0)
            .value("now", now)
            .value("until", after(now, APPLICATION_RETENTION)))
    }
}

/// What stands in the place of an application.
#[derive(Debug, Default)]
struct Taken {
    /// Identifiers that are another applicant's, by chance.
    identifiers: u32,
    /// An application of the same SIRET and address, in other words.
    is_mixed: bool,
}

impl Taken {
    /// The words to write, and the condition for it.
    fn over<'a>(&self, words: &'a str) -> (&'a str, &'static str) {
        if self.is_mixed { (MIXED, APPLY_MIXED_CONDITION) } else { (words, APPLY_CONDITION) }
    }

    fn note(&mut self, refused: &Refused, applicant: &str) {
        let is_own = |row: &Row| !row.is("is_active") && row.find_text("applicant") == Some(applicant);
        if refused.standing(OWN_APPLICATION).is_some_and(is_own) {
            self.is_mixed = true;
        } else if refused.is_by(OWN_APPLICATION) {
            self.identifiers += 1;
        }
    }
}

pub(crate) fn read(identifier: &Identifier, row: &Row) -> Result<Account, TableError> {
    Ok(Account {
        identifier: identifier.clone(),
        application: read_application(row)?,
        establishments: row.set("sirets").iter().filter_map(|siret| Siret::parse(siret).ok()).collect(),
        is_active: row.is("is_active"),
        credentials_epoch: row.number("credentials_epoch")?,
        password_hash: row.find_text("password_hash").map(str::to_owned),
        password_set_at: row.find_moment("password_set_at"),
        created_at: row.moment("created_at")?,
        address_changed_at: row.find_moment("address_changed_at"),
        expires_at: row.find_moment("expires_at"),
    })
}

/// Binds the attributes of an application, in the rows of an account and of its links, each by its name.
pub(crate) fn with_application(change: Change, application: &Application) -> Change {
    let texts = [
        ("siret", application.siret.as_str()),
        ("establishment_name", application.establishment_name.as_str()),
        ("first_name", application.first_name.as_str()),
        ("last_name", application.last_name.as_str()),
        ("email", application.email.as_str()),
        ("phone", application.phone.as_str()),
    ];
    texts.into_iter().fold(change, |change, (name, text)| change.value(name, text))
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
