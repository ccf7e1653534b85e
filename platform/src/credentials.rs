//! Setting a password by a link: consumes the link, activates the account, writes the establishment.

use domain::link::LinkPurpose;
use domain::token::hexadecimal;
use domain::{Application, Link, MailJob, Refusal, Token, TokenHash};

use crate::accounts::{self, ROLE_HOLDER};
use crate::clock::Clock;
use crate::error::Error;
use crate::links;
use crate::metrics::Event;
use crate::outbox::Outbox;
use crate::random::Random;
use crate::sessions;
use crate::table::{Change, Committed, Guard, Key, Refused, Row, Table, TableError, Transaction};

/// The link is unused and not expired.
const LIVE_LINK: Guard = Guard("live link");
/// The account's epoch is that of the link: no password was set since.
const SAME_CREDENTIALS: Guard = Guard("same credentials");
/// The establishment has no account.
const FREE_ESTABLISHMENT: Guard = Guard("free establishment");

/// Replaces the password of an active account.
const REPLACE: &str = "SET password_hash = :hash, credentials_epoch = :next, is_active = :true, \
                       password_set_at = :now REMOVE expires_at";
/// The same for an application, of which the link's own copy is activated: what its mail said. Another
/// application may have been typed since, with somebody else's name.
const ACTIVATE: &str = "SET password_hash = :hash, credentials_epoch = :next, is_active = :true, \
                        password_set_at = :now, siret = :siret, establishment_name = :establishment_name, \
                        first_name = :first_name, last_name = :last_name, email = :email, phone = :phone \
                        REMOVE expires_at, applicant, applied_words";

#[derive(Debug, Clone)]
pub struct Credentials {
    table: Table,
    outbox: Outbox,
    clock: Clock,
    random: Random,
}

impl Credentials {
    pub(crate) fn new(table: &Table, outbox: &Outbox, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), outbox: outbox.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// Sets the password of a link's account, consumes the link, queues a mail and deletes the count of
    /// failed logins, in one transaction. An activation also writes the establishment and its member, and
    /// opens a session, whose token is returned: mailbox and password have just been proved.
    ///
    /// # Errors
    /// `LinkUsed`, `LinkExpired`, `LinkUnknown`, `EstablishmentHasAccount`.
    pub async fn set(&self, token: &TokenHash, link: &Link, hash: &str) -> Result<Option<Token>, Error> {
        let request = hexadecimal(&self.random.bytes::<16>());
        let identifier = link.identifier.clone();
        let mut session = None;
        let mut transaction = Transaction::new();
        transaction
            .change(LIVE_LINK, self.consume(token, &request))
            .change(SAME_CREDENTIALS, self.replace_password(link, hash))
            .delete(Key::attempts(&identifier));
        match link.purpose {
            LinkPurpose::PasswordReset => {
                self.outbox.queue(&mut transaction, &MailJob::PasswordChanged { identifier })?;
            }
            LinkPurpose::Activation => {
                let opened = Token::from_bytes(self.random.bytes());
                let epoch = link.credentials_epoch + 1;
                transaction
                    .create(FREE_ESTABLISHMENT, self.establishment_row(&link.application))
                    .put(member_row(link))
                    .put(sessions::row(&opened, &identifier, epoch, self.clock.now()))
                    .count(Event::AccountOpened);
                session = Some(opened);
                self.outbox.queue(&mut transaction, &MailJob::Welcome { identifier })?;
            }
        }
        let Committed::No(refused) = self.table.commit(transaction).await? else {
            return Ok(session);
        };
        self.refusal_of(token, &request, &refused).await?;
        Ok(session)
    }

    /// Maps failed guards to a refusal. The link's row comes first: if this request consumed it, an answer
    /// was lost, the SDK retried, and the password is set.
    async fn refusal_of(&self, token: &TokenHash, request: &str, refused: &Refused) -> Result<(), Error> {
        if refused.is_by(LIVE_LINK) {
            let row = refused.standing(LIVE_LINK).ok_or(Refusal::LinkUnknown)?;
            if row.find_text("used_by") == Some(request) {
                return Ok(());
            }
            links::read(row)?.check(self.clock.now())?;
            return Err(Refusal::LinkUsed.into());
        }
        let refusal = if refused.is_by(SAME_CREDENTIALS) {
            self.refusal_of_account(refused.standing(SAME_CREDENTIALS))
        } else if refused.is_by(FREE_ESTABLISHMENT) {
            Refusal::EstablishmentHasAccount
        } else {
            return Err(Error::internal("a transaction refused for no reason"));
        };
        self.retire(token).await?;
        Err(refusal.into())
    }

    /// `LinkExpired` for an application that has expired, deleted or not; else another link raised the epoch
    /// first.
    fn refusal_of_account(&self, account: Option<&Row>) -> Refusal {
        if account.is_none_or(|account| account.is_past(self.clock.now())) {
            Refusal::LinkExpired
        } else {
            Refusal::LinkUsed
        }
    }

    /// Marks a link that can no longer succeed as used: the next attempt costs one read and no hash.
    async fn retire(&self, token: &TokenHash) -> Result<(), TableError> {
        let condition = "attribute_exists(pk) AND attribute_not_exists(used_at)";
        let retire = Change::new(Key::link(token), "SET used_at = :now", condition);
        self.table.update(retire.value("now", self.clock.now())).await.map(|_| ())
    }

    fn consume(&self, token: &TokenHash, request: &str) -> Change {
        let consume = Change::new(
            Key::link(token),
            "SET used_at = :now, used_by = :request",
            "attribute_exists(pk) AND attribute_not_exists(used_at) AND valid_until >= :now",
        );
        consume.value("now", self.clock.now()).value("request", request)
    }

    fn replace_password(&self, link: &Link, hash: &str) -> Change {
        let update = match link.purpose {
            LinkPurpose::PasswordReset => REPLACE,
            LinkPurpose::Activation => ACTIVATE,
        };
        let condition =
            "credentials_epoch = :epoch AND (attribute_not_exists(expires_at) OR expires_at > :now)";
        let replace = Change::new(Key::account(&link.identifier), update, condition);
        let replace = match link.purpose {
            LinkPurpose::PasswordReset => replace,
            LinkPurpose::Activation => accounts::with_application(replace, &link.application),
        };
        replace
            .value("hash", hash)
            .value("epoch", link.credentials_epoch)
            .value("next", link.credentials_epoch + 1)
            .value("true", true)
            .value("now", self.clock.now())
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
        .with("member_role", ROLE_HOLDER)
}
