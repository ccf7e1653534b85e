//! What the service knows beside a request: by states and counts, never a link or a token.

use std::collections::BTreeSet;

use domain::case::{Facts, HolderFacts, Signal, signals};
use domain::mail::MailState;
use domain::time::Timestamp;
use domain::{CaseState, Email, FullName, MailJob, MemberId, Motive, Reference, Siret, Ticket};

use super::{CaseFile, Cases};
use crate::concurrent::all;
use crate::error::Error;
use crate::outbox::Status;
use crate::spaces::{Colleague, Space};
use crate::table::{Key, TableError};

/// Mails to an address that an agent is told of.
const MAILS_TOLD_MAX: usize = 5;
/// Holders whose accounts are looked at for signals, the longest-standing ones.
const HOLDERS_SEEN_MAX: usize = 3;
/// The latest other requests about an establishment that are told.
const REQUESTS_TOLD_MAX: i32 = 20;
/// The latest requests of one mailbox whose establishments are counted.
const SENDER_ROWS_MAX: i32 = 100;

/// Whether an establishment has an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    None,
    Open,
    /// It was, and its last holder closed it.
    Closed,
}

impl AccountState {
    pub const ALL: [Self; 3] = [Self::None, Self::Open, Self::Closed];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// The account of an establishment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountKnown {
    pub state: AccountState,
    /// Active ones.
    pub holders: u64,
    /// Holders included, suspended ones too.
    pub members: u64,
}

impl AccountKnown {
    fn of(space: Option<&Space>) -> Self {
        let state = match space {
            None => AccountState::None,
            Some(space) if space.is_open() => AccountState::Open,
            Some(_) => AccountState::Closed,
        };
        Self {
            state,
            holders: space.map_or(0, |space| space.holders),
            members: space.map_or(0, |space| space.members.len() as u64),
        }
    }
}

/// A mail, by what it was and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMail {
    pub job: MailJob,
    pub at: Timestamp,
    pub state: MailState,
}

/// What is known of who wrote a request: of this establishment and this address, and of nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub account: AccountKnown,
    /// Passwords tried in vain within a day on the establishment's accounts of that address; none without
    /// such an account.
    pub failed_logins: Option<u64>,
    /// The last mails to that address.
    pub mails: Vec<KnownMail>,
}

/// An active holder, one of whom a succession replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHolder {
    pub member: MemberId,
    pub name: FullName,
}

/// A successor whom a holder named in advance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Designated {
    pub name: FullName,
    pub email: Email,
    pub named_at: Timestamp,
}

/// Another request about the same establishment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRequest {
    pub reference: Reference,
    pub motive: Motive,
    pub state: CaseState,
    pub received_at: Timestamp,
}

/// What an agent is shown beside a request.
#[derive(Debug, Clone)]
pub struct WholeKnown {
    pub known: Known,
    /// The longest-standing first.
    pub holders: Vec<KnownHolder>,
    pub designated: Vec<Designated>,
    /// The latest first.
    pub requests: Vec<OtherRequest>,
    pub signals: Vec<Signal>,
}

impl Cases {
    /// What is known of who wrote a request.
    pub async fn known(&self, ticket: &Ticket) -> Result<Known, Error> {
        let space = self.spaces.find(&ticket.siret).await?;
        self.known_in(ticket, space.as_ref()).await
    }

    /// The same with what helps an agent to decide.
    pub async fn known_whole(&self, file: &CaseFile) -> Result<WholeKnown, Error> {
        let CaseFile { ticket, reference, .. } = file;
        let space = self.spaces.find(&ticket.siret).await?;
        let known = self.known_in(ticket, space.as_ref()).await?;
        let requests = self.other_requests(reference, &ticket.siret).await?;
        let mut holders: Vec<&Colleague> = space.iter().flat_map(Space::active_holders).collect();
        holders.sort_by_key(|holder| (holder.since, holder.mark));
        let named = holders.iter().map(|holder| {
            let member = self.spaces.member_id(&ticket.siret, &holder.identifier)?;
            Ok(KnownHolder { member, name: holder.name.clone() })
        });
        let named = named.collect::<Result<_, Error>>()?;
        let holders = self.facts_of_all(&ticket.siret, holders).await?;
        let establishments = self.establishments_of(ticket).await?;
        let facts = Facts { asker: &ticket.email, establishments, holders: &holders };
        let designations = space.iter().flat_map(Space::designations);
        let designated = designations.map(|designation| Designated {
            name: designation.name,
            email: designation.email,
            named_at: designation.made_at,
        });
        Ok(WholeKnown {
            known,
            holders: named,
            designated: designated.collect(),
            requests,
            signals: signals(&facts, self.clock.now()),
        })
    }

    async fn known_in(&self, ticket: &Ticket, space: Option<&Space>) -> Result<Known, Error> {
        let address = ticket.email.normalised();
        let members = space.iter().flat_map(|space| &space.members);
        let mut failed_logins = None;
        for member in members.filter(|member| member.email.normalised() == address) {
            let account = self.accounts.find(&member.identifier).await?;
            if account.is_some_and(|account| account.is_active) {
                let failed = self.sessions.failed_logins(&member.identifier).await?;
                failed_logins = Some(failed_logins.unwrap_or(0) + failed);
            }
        }
        let mails = self.outbox.last_mails(&ticket.email, &ticket.siret, MAILS_TOLD_MAX).await?;
        let mails = mails.into_iter().map(|Status { job, progress, .. }| KnownMail {
            job,
            at: progress.at,
            state: progress.state,
        });
        Ok(Known { account: AccountKnown::of(space), failed_logins, mails: mails.collect() })
    }

    async fn other_requests(
        &self,
        reference: &Reference,
        siret: &Siret,
    ) -> Result<Vec<OtherRequest>, TableError> {
        let mut rows = self.table.find_last(&Key::cases(siret), REQUESTS_TOLD_MAX).await?;
        rows.retain(|row| row.find_text("reference") != Some(reference.as_str()));
        let files = self.files_of(&rows).await?.into_iter();
        let other = files.map(|file| OtherRequest {
            reference: file.reference,
            motive: file.ticket.motive,
            state: file.case.state,
            received_at: file.received_at,
        });
        Ok(other.collect())
    }

    /// For how many establishments a mailbox has asked lately, this one included.
    async fn establishments_of(&self, ticket: &Ticket) -> Result<usize, Error> {
        let sender = self.outbox.mailbox_fingerprint(&ticket.email)?;
        let rows = self.table.find_last(&Key::sender(&sender), SENDER_ROWS_MAX).await?;
        let now = self.clock.now();
        let current = rows.iter().filter(|row| !row.is_past(now));
        let mut sirets: BTreeSet<&str> = current.filter_map(|row| row.find_text("siret")).collect();
        sirets.insert(ticket.siret.as_str());
        Ok(sirets.len())
    }

    /// What is known of some of these holders, each looked up at the same time.
    async fn facts_of_all(
        &self,
        siret: &Siret,
        mut holders: Vec<&Colleague>,
    ) -> Result<Vec<HolderFacts>, Error> {
        holders.truncate(HOLDERS_SEEN_MAX);
        let reads = holders.into_iter().map(|holder| self.facts_of(siret, holder));
        all(reads.collect()).await.into_iter().collect()
    }

    async fn facts_of(&self, siret: &Siret, holder: &Colleague) -> Result<HolderFacts, Error> {
        let account = self.accounts.find(&holder.identifier).await?;
        let mails = self.outbox.last_mails(&holder.email, siret, MAILS_TOLD_MAX).await?;
        let delivered = mails.iter().filter(|mail| mail.progress.state == MailState::Delivered);
        Ok(HolderFacts {
            email: holder.email.clone(),
            address_changed_at: account.as_ref().and_then(|account| account.address_changed_at),
            password_set_at: account.as_ref().and_then(|account| account.password_set_at),
            answered_at: holder.presence.answered_at,
            delivered_at: delivered.map(|mail| mail.progress.at).max(),
        })
    }
}
