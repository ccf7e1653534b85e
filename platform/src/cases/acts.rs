//! What agents and the person do to a case: decided on the row that was read, and written if it still stands.

use domain::case::{Act, Effect, EntryBy, EntryKind, Lease, Template};
use domain::journal::Entry as JournalEntry;
use domain::time::Timestamp;
use domain::{CaseState, CaseText, MailJob, Reference, Refusal};

use super::{CaseFile, Cases};
use crate::agents::Agent;
use crate::error::Error;
use crate::function::Secret;
use crate::metrics::Event;
use crate::spaces::{Draft, TRIES_MAX, Written};
use crate::table::{Committed, Guard, TableError, Transaction};

/// The case stands as it was read, and no other agent holds it: refused by it, read it again.
pub const CASE_AS_READ: Guard = Guard::new("case as read");
/// The thread's next entry is not written yet.
const NEXT_ENTRY: Guard = Guard::new("next entry of the thread");

/// Who adds an entry to a thread.
#[derive(Debug, Clone, Copy)]
pub enum Author<'a> {
    Person,
    Agent(&'a Agent),
    Service,
}

impl<'a> Author<'a> {
    fn by(self) -> EntryBy {
        match self {
            Self::Person => EntryBy::Person,
            Self::Agent(_) => EntryBy::Agent,
            Self::Service => EntryBy::Service,
        }
    }

    fn agent(self) -> Option<&'a Agent> {
        match self {
            Self::Agent(agent) => Some(agent),
            Self::Person | Self::Service => None,
        }
    }
}

/// What an entry of another procedure does to a case.
#[derive(Debug, Clone, Copy, Default)]
pub struct Procedure {
    /// Where the case comes to, if it moves.
    pub state: Option<CaseState>,
    /// Whether the person is sent the entry by mail.
    pub is_mailed: bool,
}

/// The words of an entry.
#[derive(Debug, Clone, Copy, Default)]
pub struct Words<'a> {
    pub text: Option<&'a str>,
    /// Which an answer began with.
    pub template: Option<&'static Template>,
}

impl<'a> Words<'a> {
    #[must_use]
    pub fn of(text: Option<&'a CaseText>) -> Self {
        Self { text: text.map(CaseText::as_str), template: None }
    }
}

impl Cases {
    /// Does what an agent asks, with its line in the establishment's journal if its space is open, and its
    /// mail to the person, in one transaction. The same act with the same words by the same agent as the last
    /// one is that one, asked again.
    ///
    /// # Errors
    /// `CaseUnknown`; those of [`Case::act`](domain::Case::act).
    pub async fn act(
        &self,
        reference: &Reference,
        agent: &Agent,
        act: Act,
        words: Words<'_>,
    ) -> Result<(), Error> {
        let request = self.spaces.request_name();
        for tried in 0..TRIES_MAX {
            let file = self.find(reference).await?.ok_or(Refusal::CaseUnknown)?;
            let fingerprint = self.fingerprint(act.entry(), Author::Agent(agent), words.text)?;
            if act != Act::Take && file.last_act.as_ref() == Some(&fingerprint) {
                return Ok(());
            }
            let now = self.clock.now();
            let effect = file.case.act(act, &agent.sub, now)?;
            if effect.is_nothing() {
                return Ok(());
            }
            let mut transaction = Transaction::new();
            let written = (Author::Agent(agent), words, &*fingerprint);
            self.write(&mut transaction, &file, &effect, written, now)?;
            let space = match effect.entry {
                Some(_) => self.spaces.find_open(&file.ticket.siret).await?,
                None => None,
            };
            if let Some(space) = &space {
                let (agent, what) = (agent.name.clone(), act.what(reference));
                let mut draft = Draft::new(space, now, &request);
                draft.tell(&JournalEntry::AgentActed { agent, what });
                draft.transaction().append(transaction);
                transaction = draft.into_transaction();
            }
            if matches!(self.spaces.write(transaction, &request).await?, Written::Yes) {
                return Ok(());
            }
            self.spaces.pause(tried).await;
        }
        Err(kept_changing())
    }

    /// Writes a look of an agent at a request into the establishment's journal, if its space is open.
    pub async fn note_look(&self, file: &CaseFile, agent: &Agent) -> Result<(), Error> {
        let what = format!("la demande {}", file.reference.as_str());
        let entry = JournalEntry::AgentLooked { agent: agent.name.clone(), what };
        self.spaces.tell(&file.ticket.siret, &entry).await
    }

    /// Adds a message of the person. The same text as the last entry is that one, sent again.
    ///
    /// # Errors
    /// `CaseUnknown`, `TooManyMessages`.
    pub async fn add_message(&self, reference: &Reference, text: &CaseText) -> Result<(), Error> {
        let entry = (EntryKind::Message, Author::Person, Words::of(Some(text)));
        self.add(reference, entry, |file, now| file.case.message(now)).await
    }

    /// Closes a request by who sent it. Closed, it stays so.
    ///
    /// # Errors
    /// `CaseUnknown`.
    pub async fn close_by_person(&self, reference: &Reference) -> Result<(), Error> {
        let entry = (EntryKind::Closed, Author::Person, Words::default());
        self.add(reference, entry, |file, _| Ok(file.case.close_by_person())).await
    }

    /// Adds what an agent said beside a decision of another procedure, as a note: it is written whoever holds
    /// the case. The same as the last entry is that one, sent again.
    ///
    /// # Errors
    /// `CaseUnknown`.
    pub async fn remark(&self, reference: &Reference, agent: &Agent, text: &str) -> Result<(), Error> {
        let words = Words { text: Some(text), template: None };
        let entry = (EntryKind::Note, Author::Agent(agent), words);
        self.add(reference, entry, |file, _| Ok(file.case.remark())).await
    }

    /// Adds an entry that the journal does not tell, unless it is the last one.
    async fn add(
        &self,
        reference: &Reference,
        (kind, by, words): (EntryKind, Author<'_>, Words<'_>),
        decide: impl Fn(&CaseFile, Timestamp) -> Result<Effect, Refusal>,
    ) -> Result<(), Error> {
        let fingerprint = self.fingerprint(kind, by, words.text)?;
        for tried in 0..TRIES_MAX {
            let file = self.find(reference).await?.ok_or(Refusal::CaseUnknown)?;
            if file.last_act.as_ref() == Some(&fingerprint) {
                return Ok(());
            }
            let now = self.clock.now();
            let effect = decide(&file, now)?;
            if effect.is_nothing() {
                return Ok(());
            }
            let mut transaction = Transaction::new();
            self.write(&mut transaction, &file, &effect, (by, words, &fingerprint), now)?;
            if matches!(self.table.commit(transaction).await?, Committed::Yes) {
                return Ok(());
            }
            self.spaces.pause(tried).await;
        }
        Err(kept_changing())
    }

    /// Adds an entry of another procedure to a thread, within the transaction of that one: it stands if and
    /// only if that is committed. Its text is for the person too. Leases are left alone. Refused by
    /// [`CASE_AS_READ`], the case is to be read again.
    pub fn append(
        &self,
        transaction: &mut Transaction,
        file: &CaseFile,
        (by, text): (Author<'_>, &str),
        procedure: Procedure,
    ) -> Result<(), Error> {
        let words = Words { text: Some(text), template: None };
        let fingerprint = self.fingerprint(EntryKind::Succession, by, words.text)?;
        let effect = file.case.note_procedure(procedure.state);
        self.write(transaction, file, &effect, (by, words, &fingerprint), self.clock.now())?;
        if procedure.is_mailed {
            self.mail_entry(transaction, file)?;
        }
        Ok(())
    }

    /// Adds the writes of an effect: the case, its entry, its place in the queue when it moves, its mail.
    fn write(
        &self,
        transaction: &mut Transaction,
        file: &CaseFile,
        effect: &Effect,
        (by, words, fingerprint): (Author<'_>, Words<'_>, &str),
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(kind) = effect.entry else {
            if let (Some(agent), Lease::Until(until)) = (by.agent(), effect.lease) {
                transaction.change(CASE_AS_READ, file.extension(agent, until, now));
            }
            return Ok(());
        };
        transaction.change(CASE_AS_READ, file.change(effect, fingerprint, by.agent(), now));
        let mut row = file.entry((kind, by.by()), now);
        if let Some(agent) = by.agent() {
            row = row.with("agent_name", agent.name.as_str());
        }
        if let Some(text) = words.text {
            row = row.with("text", text);
        }
        if let Some(template) = words.template {
            row = row.with("template", template.name);
        }
        transaction.create(NEXT_ENTRY, row);
        if effect.state != file.case.state {
            let (left, reached) = file.moved(effect.state, now);
            let event = Event::Case { motive: file.ticket.motive, state: effect.state };
            transaction.delete(left).put(reached).count(event);
        }
        if by.agent().is_some() && kind.is_mailed() {
            self.mail_entry(transaction, file)?;
        }
        Ok(())
    }

    /// Queues the mail of the entry that comes next.
    fn mail_entry(&self, transaction: &mut Transaction, file: &CaseFile) -> Result<(), Error> {
        let (reference, entry) = (file.reference.clone(), file.case.entries + 1);
        self.outbox.queue(transaction, &MailJob::RequestAnswer { reference, entry }).map(|_| ())
    }

    /// A keyed hash of who does what in which words.
    fn fingerprint(&self, kind: EntryKind, by: Author<'_>, text: Option<&str>) -> Result<String, Error> {
        let agent = by.agent().map(|agent| agent.sub.as_str());
        let parts = [kind.as_str(), by.by().as_str(), agent.unwrap_or_default(), text.unwrap_or_default()];
        let act = parts.join("\0");
        Ok(self.config.keys.of(Secret::Hash)?.fingerprint("act", &act))
    }
}

fn kept_changing() -> Error {
    TableError::Unavailable("the case kept changing".into()).into()
}
