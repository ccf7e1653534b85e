//! Setting a password by a link: consumes the link, activates the account, writes the establishment.

use domain::link::LinkPurpose;
use domain::time::Timestamp;
use domain::token::hexadecimal;
use domain::{Account, Application, FullName, Link, MailJob, Refusal, Token, TokenHash};

use crate::accounts;
use crate::clock::Clock;
use crate::error::Error;
use crate::links;
use crate::metrics::Event;
use crate::outbox::Outbox;
use crate::random::Random;
use crate::sessions;
use crate::spaces::{FREE_SPACE, Founder, Founding};
use crate::table::{Change, Committed, Guard, Key, Refused, Row, StringSet, Table, TableError, Transaction};

/// Tries of an activation: the second opens a space that was closed, a third follows another's change of it.
const SPACE_TRIES_MAX: usize = 3;

/// The link is unused and not expired.
const LIVE_LINK: Guard = Guard::new("live link");
/// The account's epoch is that of the link: no password was set since.
const SAME_CREDENTIALS: Guard = Guard::new("same credentials");

/// Replaces the password of an active account.
const REPLACE: &str = "SET password_hash = :hash, credentials_epoch = :next, is_active = :true, \
                       password_set_at = :now REMOVE expires_at";
/// The same for an application, of which the link's own copy is activated: what its mail said. Another
/// application may have been typed since, with somebody else's name.
const ACTIVATE: &str = "SET password_hash = :hash, credentials_epoch = :next, is_active = :true, \
                        password_set_at = :now, siret = :siret, establishment_name = :establishment_name, \
                        first_name = :first_name, last_name = :last_name, email = :email, phone = :phone, \
                        sirets = :sirets REMOVE expires_at, applicant, applied_words";

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
        let opened = Token::from_bytes(self.random.bytes());
        let session = (link.purpose == LinkPurpose::Activation).then(|| opened.clone());
        // A space that was closed before stands in the way of its first writing, and is then opened anew.
        let mut closed = None;
        for _ in 0..SPACE_TRIES_MAX {
            let transaction = self.change(token, link, (hash, &request), (&opened, closed.as_ref()))?;
            let Committed::No(refused) = self.table.commit(transaction).await? else {
                return Ok(session);
            };
            let is_closed = |row: &&Row| row.find_number("holders") == Some(0);
            match refused.standing(FREE_SPACE).filter(is_closed) {
                Some(row) if !refused.is_by(LIVE_LINK) && !refused.is_by(SAME_CREDENTIALS) => {
                    closed = Some(row.clone());
                }
                _ => {
                    self.refusal_of(token, &request, &refused).await?;
                    return Ok(session);
                }
            }
        }
        Err(TableError::Unavailable("the space kept changing".into()).into())
    }

    fn change(
        &self,
        token: &TokenHash,
        link: &Link,
        (hash, request): (&str, &str),
        (opened, closed): (&Token, Option<&Row>),
    ) -> Result<Transaction, Error> {
        let identifier = link.identifier.clone();
        let mut transaction = Transaction::new();
        transaction
            .change(LIVE_LINK, self.consume(token, request))
            .change(SAME_CREDENTIALS, self.replace_password(link, hash))
            .delete(Key::attempts(&identifier));
        match link.purpose {
            LinkPurpose::PasswordReset => {
                self.outbox.queue(&mut transaction, &MailJob::PasswordChanged { identifier })?;
            }
            LinkPurpose::Activation => {
                let now = self.clock.now();
                let founding = founding(link, now);
                match closed {
                    None => founding.create(&mut transaction),
                    Some(closed) => founding.reopen(&mut transaction, closed)?,
                }
                sessions::add(&mut transaction, opened, &identifier, link.credentials_epoch + 1, now);
                transaction.count(Event::AccountOpened);
                self.outbox.queue(&mut transaction, &MailJob::Welcome { identifier })?;
            }
        }
        Ok(transaction)
    }

    /// Replaces the password of a logged-in account: a new epoch ends every session and link, and one session
    /// is opened for who asked. Returns its token.
    ///
    /// # Errors
    /// `NoSession` when the password was replaced meanwhile.
    pub async fn replace(&self, account: &Account, hash: &str) -> Result<Token, Error> {
        let (identifier, now) = (&account.identifier, self.clock.now());
        let (opened, next) = (Token::from_bytes(self.random.bytes()), account.credentials_epoch + 1);
        let replace = Change::new(
            Key::account(identifier),
            REPLACE,
            "is_active = :true AND credentials_epoch = :epoch",
        )
        .value("hash", hash)
        .value("epoch", account.credentials_epoch)
        .value("next", next)
        .value("true", true)
        .value("now", now);
        let mut transaction = Transaction::new();
        transaction.change(SAME_CREDENTIALS, replace).delete(Key::attempts(identifier));
        sessions::add(&mut transaction, &opened, identifier, next, now);
        let job = MailJob::PasswordChanged { identifier: identifier.clone() };
        self.outbox.queue(&mut transaction, &job)?;
        match self.table.commit(transaction).await? {
            Committed::Yes => Ok(opened),
            // The same salted hash is this request's own: an answer was lost, and the SDK asked again.
            Committed::No(refused) => match refused.standing(SAME_CREDENTIALS) {
                Some(row) if row.find_text("password_hash") == Some(hash) => Ok(opened),
                _ => Err(Refusal::NoSession.into()),
            },
        }
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
        } else if refused.is_by(FREE_SPACE) {
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
            LinkPurpose::Activation => accounts::with_application(replace, &link.application)
                .value("sirets", StringSet(vec![link.application.siret.to_string()])),
        };
        replace
            .value("hash", hash)
            .value("epoch", link.credentials_epoch)
            .value("next", link.credentials_epoch + 1)
            .value("true", true)
            .value("now", self.clock.now())
    }
}

/// The opening of an establishment's space by the link's account.
fn founding(link: &Link, now: Timestamp) -> Founding<'_> {
    let Application { siret, establishment_name, first_name, last_name, email, .. } = &link.application;
    let name = FullName { first: first_name.clone(), last: last_name.clone() };
    let founder = Founder { identifier: link.identifier.clone(), name, email: email.clone() };
    Founding { siret, name: establishment_name, founder, now }
}
