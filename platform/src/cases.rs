//! Cases: requests for assistance as the agency's agents handle them, and as who sent them sees them. Their
//! acts are in `acts`, the queue in `queue`, what else the service knows in `known`.

mod acts;
mod known;
mod queue;
mod rows;

use std::sync::Arc;

use domain::case::{EntryBy, EntryKind, REQUEST_LINK_VALID, Template, request_token};
use domain::link::LINK_REMEMBERED;
use domain::time::{Timestamp, after};
use domain::{Case, MailId, Name, Reference, Refusal, Ticket, Token, TokenHash};

pub use self::acts::{Author, CASE_AS_READ, Procedure, Words};
pub use self::known::{
    AccountKnown, AccountState, Designated, Known, KnownHolder, KnownMail, OtherRequest, WholeKnown,
};
pub use self::queue::{Asked, CasePage, PAGE_CASES_MAX, Place, Waiting};
pub(crate) use self::rows::arrival;
use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::outbox::Outbox;
use crate::sessions::Sessions;
use crate::spaces::{Spaces, Tools};
use crate::table::{Change, Key, Outcome, Table, TableError};

/// A request for assistance and where it is, as its row stood.
#[derive(Debug, Clone)]
pub struct CaseFile {
    pub reference: Reference,
    pub ticket: Ticket,
    pub received_at: Timestamp,
    pub case: Case,
    /// Keyed hash of what wrote the last entry.
    last_act: Option<String>,
    expires_at: Timestamp,
}

/// An entry of a thread.
#[derive(Debug, Clone)]
pub struct Entry {
    /// From 1.
    pub number: u64,
    pub kind: EntryKind,
    pub by: EntryBy,
    /// Of the agent.
    pub name: Option<Name>,
    pub text: Option<String>,
    /// Which an answer began with.
    pub template: Option<&'static Template>,
    pub at: Timestamp,
}

/// A request with its thread.
#[derive(Debug, Clone)]
pub struct WholeCase {
    pub file: CaseFile,
    /// In the order of their numbers.
    pub thread: Vec<Entry>,
}

/// What the link of a request's mails says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLink {
    pub reference: Reference,
    pub valid_until: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Cases {
    table: Table,
    outbox: Outbox,
    clock: Clock,
    config: Arc<Config>,
    spaces: Spaces,
    accounts: Accounts,
    sessions: Sessions,
}

impl Cases {
    pub(crate) fn new(
        tools: &Tools,
        config: &Arc<Config>,
        spaces: &Spaces,
        accounts: &Accounts,
        sessions: &Sessions,
    ) -> Self {
        let Tools { table, outbox, clock } = tools.clone();
        let (config, spaces) = (config.clone(), spaces.clone());
        Self { table, outbox, clock, config, spaces, accounts: accounts.clone(), sessions: sessions.clone() }
    }

    /// The request of a reference.
    pub async fn find(&self, reference: &Reference) -> Result<Option<CaseFile>, TableError> {
        let now = self.clock.now();
        let row = self.table.find(&Key::ticket(reference.as_str())).await?;
        row.filter(|row| !row.is_past(now)).map(|row| rows::read(reference, &row)).transpose()
    }

    /// The same with its thread: one query.
    pub async fn find_whole(&self, reference: &Reference) -> Result<Option<WholeCase>, TableError> {
        let now = self.clock.now();
        let mut rows = self.table.find_all(&Key::ticket_rows(reference), "").await?;
        rows.retain(|row| !row.is_past(now));
        let is_entry = |sk: &str| sk.starts_with(Key::ENTRIES);
        let Some(own) = rows.iter().find(|row| !row.find_text("sk").is_some_and(is_entry)) else {
            return Ok(None);
        };
        let file = rows::read(reference, own)?;
        let entries = rows.iter().filter(|row| row.find_text("sk").is_some_and(is_entry));
        Ok(Some(WholeCase { file, thread: entries.map(rows::read_entry).collect::<Result<_, _>>()? }))
    }

    /// One entry of a thread.
    pub async fn entry(&self, reference: &Reference, number: u64) -> Result<Option<Entry>, TableError> {
        let row = self.table.find(&Key::entry(reference, number)).await?;
        row.as_ref().map(rows::read_entry).transpose()
    }

    /// Mints the link of a mail to who sent a request, and until when it serves; minted again, its validity
    /// begins anew.
    pub async fn mint(&self, mail: MailId, reference: &Reference) -> Result<(Token, Timestamp), Error> {
        let token = request_token(self.config.keys.of(Secret::Link)?, mail);
        let valid_until = after(self.clock.now(), REQUEST_LINK_VALID);
        let write = Change::new(
            Key::request_link(&token.hash()),
            // DynamoDB keeps the word «reference» to itself.
            "SET ticket = :ticket, valid_until = :until, expires_at = :expires_at",
            "attribute_not_exists(pk) OR ticket = :ticket",
        )
        .value("ticket", reference.as_str())
        .value("until", valid_until)
        .value("expires_at", after(valid_until, LINK_REMEMBERED));
        match self.table.update(write).await? {
            Outcome::Done(_) => Ok((token, valid_until)),
            Outcome::Refused(_) => Err(Error::internal("the link of another request's mail")),
        }
    }

    /// What a link says, while it serves.
    ///
    /// # Errors
    /// `LinkUnknown`, `LinkExpired`.
    pub async fn link(&self, token: &TokenHash) -> Result<RequestLink, Error> {
        let now = self.clock.now();
        let row = self.table.find(&Key::request_link(token)).await?;
        let row = row.filter(|row| !row.is_past(now)).ok_or(Refusal::LinkUnknown)?;
        let valid_until = row.moment("valid_until")?;
        if now > valid_until {
            return Err(Refusal::LinkExpired.into());
        }
        let reference = row.parsed("ticket", |text| Reference::parse(text).ok_or(()))?;
        Ok(RequestLink { reference, valid_until })
    }
}
