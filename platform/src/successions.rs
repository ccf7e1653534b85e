//! Successions: proposed by one agent, told to who may object, approved by another, carried out in one write.

mod approval;
mod contest;
mod proposal;
mod rows;
mod thread;
mod view;

use std::sync::Arc;

use domain::journal::Entry;
use domain::mail::MailJob;
use domain::succession::{Facts, Mark, News, Notice, State, Statement, Told};
use domain::time::{SignedDuration, Timestamp, after};
use domain::{AgentRole, FieldCode, Reference, Refusal, Siret, Succession, SuccessionId};

pub use self::contest::{ContestLink, Contested};
pub use self::proposal::Proposal;
use self::thread::Happened;
pub use self::view::SuccessionView;
use crate::agents::Agent;
use crate::cases::Cases;
use crate::config::Config;
use crate::error::Error;
use crate::mandates::Mandates;
use crate::metrics::Event;
use crate::problems::{Kind, Problem};
use crate::random::Random;
use crate::spaces::{Draft, Space, Spaces, TRIES_MAX, Tools, Written, kept_changing};
use crate::table::{Change, Guard, Key, TableError, Transaction};
use crate::tickets::{TICKET_RETENTION, Tickets};

/// How long what is known of a succession is kept: as long as the request that it answers.
pub(crate) const SUCCESSION_RETENTION: SignedDuration = TICKET_RETENTION;

/// The id of a new succession is free.
const NEW_SUCCESSION: Guard = Guard::new("new succession");
/// No other succession of the establishment is under way.
const ONLY_ONE: Guard = Guard::new("only succession");
/// The succession is as it was read.
const AS_READ: Guard = Guard::new("succession as read");

const PROPOSE_LIVE: &str = "attribute_not_exists(pk) OR expires_at <= :now";
const RELEASE_LIVE: &str = "attribute_not_exists(pk) OR succession = :succession";

/// A succession as its row stands.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    succession: Succession,
    /// By which a write knows that no fact has come since.
    facts_written: u64,
    /// Whether the thread has its objection.
    is_contest_told: bool,
}

#[derive(Debug, Clone)]
pub struct Successions {
    tools: Tools,
    config: Arc<Config>,
    spaces: Spaces,
    tickets: Tickets,
    mandates: Mandates,
    cases: Cases,
    random: Random,
}

/// What an act of an agent writes.
struct Act<'a> {
    agent: &'a Agent,
    /// In the journal.
    what: &'static str,
    /// Of the succession's row.
    change: Change,
    happened: Option<Happened<'a>>,
    news: Option<News>,
    /// The state that it comes to, if it is counted.
    state: Option<State>,
}

impl Successions {
    pub(crate) fn new(
        tools: &Tools,
        config: &Arc<Config>,
        (spaces, tickets, mandates, cases): (&Spaces, &Tickets, &Mandates, &Cases),
        random: &Random,
    ) -> Self {
        Self {
            tools: tools.clone(),
            config: config.clone(),
            spaces: spaces.clone(),
            tickets: tickets.clone(),
            mandates: mandates.clone(),
            cases: cases.clone(),
            random: random.clone(),
        }
    }

    /// A succession, unless it is unknown.
    pub async fn find(&self, id: &SuccessionId) -> Result<Option<Succession>, TableError> {
        Ok(self.read(id).await?.map(|known| known.succession))
    }

    /// The last succession of a request, if there was one.
    pub async fn of_case(&self, reference: &Reference) -> Result<Option<Succession>, TableError> {
        match self.named(&Key::succession_of_case(reference)).await? {
            Some(id) => self.find(&id).await,
            None => Ok(None),
        }
    }

    async fn read(&self, id: &SuccessionId) -> Result<Option<Known>, TableError> {
        let row = self.tools.table.find(&Key::succession(id)).await?;
        let now = self.tools.clock.now();
        row.filter(|row| !row.is_past(now)).as_ref().map(rows::read).transpose()
    }

    /// The id that a row names.
    async fn named(&self, key: &Key) -> Result<Option<SuccessionId>, TableError> {
        let row = self.tools.table.find(key).await?;
        let now = self.tools.clock.now();
        let row = row.filter(|row| !row.is_past(now));
        row.map(|row| row.parsed("succession", |id| SuccessionId::parse(id).ok_or(()))).transpose()
    }

    /// Proposes a succession, and has everybody told who may object, in one transaction. The same proposal
    /// once more is the first one.
    ///
    /// # Errors
    /// `InvalidForm`; `SuccessionOpen` while another one of the establishment is under way.
    pub async fn propose(&self, agent: &Agent, proposal: &Proposal) -> Result<Succession, Error> {
        let ticket = self.tickets.find(&proposal.reference).await?;
        let (ticket, _) = ticket.ok_or_else(|| Refusal::field("reference", FieldCode::ReferenceUnknown))?;
        if ticket.siret != proposal.siret {
            return Err(Refusal::field("siret", FieldCode::SiretIsAnother).into());
        }
        let id = SuccessionId::from_bytes(self.random.bytes());
        let invitation = self.spaces.new_invitation();
        let request = self.spaces.request_name();
        for tried in 0..TRIES_MAX {
            let space = self.open_space(&proposal.siret).await?;
            let space = space.ok_or_else(|| Refusal::field("siret", FieldCode::SiretUnknown))?;
            proposal::check(&space, proposal)?;
            let holder = self.replaced(&space, proposal)?;
            let cabinets = self.mandates.cabinets_of(&space).await?;
            let mut draft = Draft::new(&space, self.tools.clock.now(), &request);
            let mut succession = Succession {
                id: id.clone(),
                reference: proposal.reference.clone(),
                siret: space.siret.clone(),
                opening: space.opening,
                establishment_name: space.name.clone(),
                holder: holder.identifier.clone(),
                holder_name: holder.name.clone(),
                name: proposal::name_of(&space, &ticket, proposal)?,
                email: proposal.email.clone(),
                evidence: proposal.evidence.clone(),
                days: self.config.succession_days,
                invitation: invitation.clone(),
                proposed: mark(agent, draft.now()),
                round: 1,
                notices: Vec::new(),
                facts: Facts::default(),
                approved: None,
                executed_at: None,
                contested_at: None,
                lifted: None,
                refused: None,
                missing: None,
                withdrawn: None,
            };
            let told = proposal::told(&space, holder, cabinets);
            succession.notices = self.notices(draft.transaction(), &succession, told)?;
            self.write_new(&mut draft, agent, &succession).await?;
            match self.spaces.write(draft.into_transaction(), &request).await? {
                Written::Yes => return Ok(succession),
                Written::No(refused) if refused.is_by(ONLY_ONE) => {
                    return self.same(agent, proposal).await?.ok_or(Refusal::SuccessionOpen.into());
                }
                Written::No(_) => self.spaces.pause(tried).await,
            }
        }
        Err(kept_changing())
    }

    async fn write_new(
        &self,
        draft: &mut Draft<'_>,
        agent: &Agent,
        succession: &Succession,
    ) -> Result<(), Error> {
        acted(draft, agent, "succession proposée");
        let now = draft.now();
        let live = Key::live_succession(&succession.siret);
        let claim = Change::new(live, "SET succession = :succession, expires_at = :until", PROPOSE_LIVE)
            .value("succession", succession.id.as_str())
            .value("until", after(now, SUCCESSION_RETENTION))
            .value("now", now);
        let transaction = draft.transaction();
        transaction
            .create(NEW_SUCCESSION, rows::row(succession)?)
            .change(ONLY_ONE, claim)
            .put(rows::pointer(&Key::succession_of_case(&succession.reference), succession))
            .count(Event::Succession(State::Proposed));
        self.tell_thread(transaction, succession, Some(agent), Happened::Proposed).await
    }

    /// The succession that is under way, if it is this very proposal of this agent: a double click, or an
    /// answer that was lost.
    async fn same(&self, agent: &Agent, proposal: &Proposal) -> Result<Option<Succession>, TableError> {
        let live = self.named(&Key::live_succession(&proposal.siret)).await?;
        let Some(id) = live else { return Ok(None) };
        let is_same = |known: &Succession| {
            known.proposed.by == agent.sub
                && known.reference == proposal.reference
                && known.email.normalised() == proposal.email.normalised()
        };
        Ok(self.find(&id).await?.filter(is_same))
    }

    /// Queues the notices of a round.
    fn notices(
        &self,
        transaction: &mut Transaction,
        succession: &Succession,
        told: Vec<(Told, String)>,
    ) -> Result<Vec<Notice>, Error> {
        let mut notices = Vec::new();
        for (to, sent_to) in told {
            let (succession, round) = (succession.id.clone(), succession.round);
            let job = MailJob::SuccessionNotice { succession, round, to: to.clone() };
            notices.push(Notice { mail: self.tools.outbox.queue(transaction, &job)?, to, sent_to });
        }
        Ok(notices)
    }

    /// Queues what those are told who had a notice.
    fn news(&self, transaction: &mut Transaction, succession: &Succession, news: News) -> Result<(), Error> {
        for notice in &succession.notices {
            let (succession, to) = (succession.id.clone(), notice.to.clone());
            self.tools.outbox.queue(transaction, &MailJob::SuccessionNews { succession, to, news })?;
        }
        Ok(())
    }

    async fn open_space(&self, siret: &Siret) -> Result<Option<Space>, TableError> {
        Ok(self.spaces.find(siret).await?.filter(Space::is_open))
    }

    /// The space of a succession, while it is the one that was open when it was proposed.
    async fn space_of(&self, succession: &Succession) -> Result<Option<Space>, TableError> {
        let space = self.open_space(&succession.siret).await?;
        Ok(space.filter(|space| space.opening == succession.opening))
    }

    /// Refuses a succession, and says what is missing. Another can be proposed.
    ///
    /// # Errors
    /// `SuccessionState`, `NotFound`.
    pub async fn refuse(
        &self,
        agent: &Agent,
        id: &SuccessionId,
        missing: &Statement,
    ) -> Result<Succession, Error> {
        let act = |known: &Known, now| Act {
            agent,
            what: "succession refusée",
            change: rows::refuse(known, &mark(agent, now), missing),
            happened: Some(Happened::Refused(missing)),
            news: Some(News::Dropped),
            state: Some(State::Refused),
        };
        self.end(id, |succession| succession.refusal(), act).await
    }

    /// Withdraws a succession, by who proposed it or a supervisor.
    ///
    /// # Errors
    /// `NotProposer`, `SuccessionState`, `NotFound`.
    pub async fn withdraw(&self, agent: &Agent, id: &SuccessionId) -> Result<Succession, Error> {
        let act = |known: &Known, now| Act {
            agent,
            what: "succession retirée",
            change: rows::withdraw(known, &mark(agent, now)),
            happened: Some(Happened::Withdrawn),
            news: Some(News::Dropped),
            state: Some(State::Withdrawn),
        };
        let is_supervisor = agent.role == AgentRole::Supervisor;
        self.end(id, |succession| succession.withdrawal(&agent.sub, is_supervisor), act).await
    }

    async fn end<'a>(
        &self,
        id: &SuccessionId,
        is_to_do: impl Fn(&Succession) -> Result<bool, Refusal>,
        act: impl Fn(&Known, Timestamp) -> Act<'a>,
    ) -> Result<Succession, Error> {
        let request = self.spaces.request_name();
        for tried in 0..TRIES_MAX {
            let known = self.read(id).await?.ok_or_else(not_found)?;
            if !is_to_do(&known.succession)? {
                return Ok(known.succession);
            }
            let now = self.tools.clock.now();
            if !self.write(&known, act(&known, now), (now, &request)).await? {
                self.spaces.pause(tried).await;
            }
        }
        Err(kept_changing())
    }

    /// Writes an act, with its line of the journal if the space is still open. Whether it was written; else
    /// others came first.
    async fn write(
        &self,
        known: &Known,
        act: Act<'_>,
        (now, request): (Timestamp, &str),
    ) -> Result<bool, Error> {
        let succession = &known.succession;
        let mut transaction = Transaction::new();
        transaction.change(AS_READ, act.change);
        if let Some(news) = act.news {
            transaction.delete_if(ONLY_ONE, release(succession));
            self.news(&mut transaction, succession, news)?;
        }
        if let Some(happened) = act.happened {
            self.tell_thread(&mut transaction, succession, Some(act.agent), happened).await?;
        }
        if let Some(state) = act.state {
            transaction.count(Event::Succession(state));
        }
        let space = self.space_of(succession).await?;
        if let Some(space) = &space {
            let mut draft = Draft::new(space, now, request);
            acted(&mut draft, act.agent, act.what);
            draft.transaction().append(transaction);
            transaction = draft.into_transaction();
        }
        Ok(matches!(self.spaces.write(transaction, request).await?, Written::Yes))
    }
}

fn mark(agent: &Agent, at: Timestamp) -> Mark {
    Mark { by: agent.sub.clone(), name: agent.name.clone(), at }
}

/// Tells in the establishment's journal what an agent did.
fn acted(draft: &mut Draft<'_>, agent: &Agent, what: &str) {
    draft.tell(&Entry::AgentActed { agent: agent.name.clone(), what: what.to_owned() });
}

/// Lets another succession of the establishment be proposed.
fn release(succession: &Succession) -> Change {
    let condition = Change::condition(Key::live_succession(&succession.siret), RELEASE_LIVE);
    condition.value("succession", succession.id.as_str())
}

fn not_found() -> Error {
    Problem::new(Kind::NotFound).into()
}
