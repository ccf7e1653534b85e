//! Passwords, set by links: where an account becomes active and an establishment its own.

use domain::link::LinkPurpose;
use domain::token::hexadecimal;
use domain::{Application, Link, MailJob, Refusal, Token};

use crate::accounts::ROLE_HOLDER;
use crate::links;
use crate::outbox::Outbox;
use crate::problems::Problem;
use crate::table::{Change, Committed, Key, Row, Table, Write};
use crate::world::{Clock, Random};

/// Passwords, set by links.
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

    /// Sets the password of a link's account and consumes the link, with the mail that tells of it: one
    /// transaction. An activation also makes the establishment the account's.
    ///
    /// # Errors
    /// `LinkUsed`, `LinkExpired`, `LinkUnknown`, `EstablishmentHasAccount`; 503 when the table cannot
    /// be written.
    pub async fn set(&self, token: &Token, link: &Link, hash: &str) -> Result<(), Problem> {
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
            [None, Some(account), ..] => Err(self.why_not_of(account.as_ref()).into()),
            [None, None, Some(_), ..] => Err(Refusal::EstablishmentHasAccount.into()),
            _ => Err(Problem::internal("a transaction refused for no reason")),
        }
    }

    /// An application that waited too long is gone, swept or not; else a later link was faster.
    fn why_not_of(&self, account: Option<&Row>) -> Refusal {
        if account.is_none_or(|account| account.is_past(self.clock.now())) {
            Refusal::LinkExpired
        } else {
            Refusal::LinkUsed
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
            "credentials_epoch = :epoch AND (attribute_not_exists(expires_at) OR expires_at > :now)",
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
