//! Approvals: by another agent than who proposed, after the window. They carry a succession out, or lift what
//! was objected to.

use std::time::Duration;

use domain::invitation::{InvitationState, Inviter, Offer};
use domain::journal::By;
use domain::succession::{Approval, News, State};
use domain::time::Timestamp;
use domain::{Invitation, Refusal, Succession, SuccessionId};

use super::thread::Happened;
use super::{AS_READ, Act, Known, ONLY_ONE, Successions, acted, mark, not_found, proposal, release, rows};
use crate::agents::Agent;
use crate::error::Error;
use crate::metrics::Event;
use crate::spaces::{Draft, Written, kept_changing};
use crate::table::{Change, Guard, Key, TableError};

/// Steps of an approval: each reads anew, and one that was written or yielded is followed by another.
const APPROVAL_STEPS_MAX: usize = 12;
/// The pause after an execution that met another write: who objects comes first.
const YIELD_PAUSE: Duration = Duration::from_millis(100);
/// The account of who is replaced is there.
const REPLACED: Guard = Guard::new("account of who is replaced");

impl Successions {
    /// Approves, and carries out what is approved; lifts an objection, by two agents; sends the invitation
    /// again that is not accepted. Each step is a write with the two persons in its condition.
    ///
    /// # Errors
    /// `TwoPersons`, `SuccessionState`, `NotFound`.
    pub async fn approve(&self, agent: &Agent, id: &SuccessionId) -> Result<Succession, Error> {
        let request = self.spaces.request_name();
        let mut has_approved = false;
        for tried in 0..APPROVAL_STEPS_MAX {
            let known = self.read(id).await?.ok_or_else(not_found)?;
            let approval = known.succession.approval(&agent.sub, self.tools.clock.now())?;
            let lifts = matches!(approval, Approval::Lift | Approval::Renew);
            if lifts && has_approved {
                // The objection came meanwhile: whoever lifts it has seen it.
                return Ok(known.succession);
            }
            has_approved |= !lifts;
            let written = match approval {
                Approval::Nothing => return Ok(known.succession),
                Approval::Approve => self.mark_approved(agent, &known, &request).await?,
                Approval::Lift => self.lift(agent, &known, &request).await?,
                Approval::Renew => self.renew(agent, &known, &request).await?,
                Approval::SendAgain => self.send_again(agent, &known, &request).await?,
                Approval::Execute => match self.execute(agent, &known, &request).await {
                    // Another write has the row: it goes first, and what it changed is read.
                    Err(Error::Table(TableError::Unavailable(_))) if tried + 1 < APPROVAL_STEPS_MAX => {
                        self.tools.clock.sleep(YIELD_PAUSE).await;
                        continue;
                    }
                    written => written?,
                },
            };
            if !written {
                self.spaces.pause(tried).await;
            } else if approval != Approval::Approve {
                return Ok(self.read(id).await?.ok_or_else(not_found)?.succession);
            }
        }
        Err(kept_changing())
    }

    async fn mark_approved(&self, agent: &Agent, known: &Known, request: &str) -> Result<bool, Error> {
        let now = self.tools.clock.now();
        let act = Act {
            agent,
            what: "succession approuvée",
            change: rows::approve(known, &mark(agent, now)),
            happened: None,
            news: None,
            state: Some(State::Approved),
        };
        self.write(known, act, (now, request)).await
    }

    async fn lift(&self, agent: &Agent, known: &Known, request: &str) -> Result<bool, Error> {
        let now = self.tools.clock.now();
        let act = Act {
            agent,
            what: "opposition à une succession levée par un premier agent",
            change: rows::lift(known, &mark(agent, now)),
            happened: Some(Happened::HalfLifted),
            news: None,
            state: None,
        };
        self.write(known, act, (now, request)).await
    }

    /// Begins a round anew: notices to all, and a window of its own.
    async fn renew(&self, agent: &Agent, known: &Known, request: &str) -> Result<bool, Error> {
        let space = self.space_of(&known.succession).await?.ok_or(Refusal::SuccessionState)?;
        let succession = Succession { round: known.succession.round + 1, ..known.succession.clone() };
        let holder = space.member(&succession.holder).ok_or(Refusal::SuccessionState)?;
        let told = proposal::told(&space, holder, self.mandates.cabinets_of(&space).await?);
        let mut draft = Draft::new(&space, self.tools.clock.now(), request);
        acted(&mut draft, agent, "opposition à une succession levée par un deuxième agent");
        let by = mark(agent, draft.now());
        let transaction = draft.transaction();
        let notices = self.notices(transaction, &succession, told)?;
        transaction.change(AS_READ, rows::renew(known, &by, &notices)?);
        self.tell_thread(transaction, &succession, Some(agent), Happened::Renewed).await?;
        Ok(matches!(self.spaces.write(draft.into_transaction(), request).await?, Written::Yes))
    }

    /// Carries a succession out, in one transaction: the invitation and the seat, the suspension, the end of
    /// the sessions, the journal, the mails. It does not insist beside another write.
    async fn execute(&self, agent: &Agent, known: &Known, request: &str) -> Result<bool, Error> {
        let succession = &known.succession;
        let space = self.space_of(succession).await?.ok_or(Refusal::SuccessionState)?;
        let holder = space.member(&succession.holder);
        let holder = holder.filter(|holder| proposal::is_replaceable(&space, holder));
        let holder = holder.ok_or(Refusal::SuccessionState)?;
        let mut draft = Draft::new(&space, self.tools.clock.now(), request);
        acted(&mut draft, agent, "succession faite");
        let now = draft.now();
        let invitation = invitation(succession, now);
        let outbox = &self.tools.outbox;
        draft.succeed(outbox, holder, (&succession.invitation, &invitation), &agent.name)?;
        let epoch = "ADD credentials_epoch :one";
        let ended = Change::new(Key::account(&succession.holder), epoch, "attribute_exists(pk)");
        let transaction = draft.transaction();
        transaction
            .change(AS_READ, rows::execute(known, &mark(agent, now)))
            .change(REPLACED, ended.value("one", 1))
            .delete_if(ONLY_ONE, release(succession))
            .count(Event::Succession(State::Executed));
        self.news(transaction, succession, News::Executed)?;
        self.tell_thread(transaction, succession, Some(agent), Happened::Executed).await?;
        let written = self.spaces.write_once(draft.into_transaction(), request).await?;
        Ok(matches!(written, Written::Yes))
    }

    /// Sends the invitation again, with the same id and days of its own, unless it waits or is accepted.
    async fn send_again(&self, agent: &Agent, known: &Known, request: &str) -> Result<bool, Error> {
        let succession = &known.succession;
        let Some(space) = self.space_of(succession).await? else { return Ok(true) };
        let mut draft = Draft::new(&space, self.tools.clock.now(), request);
        let now = draft.now();
        let is_due = match space.invitation(&succession.invitation) {
            Some(standing) => standing.invitation.state(now) != InvitationState::Open,
            // Its row is kept for some days; the seat is kept for it.
            None => space.seat.as_ref() == Some(&succession.invitation),
        };
        if !is_due {
            return Ok(true);
        }
        let invitation = invitation(succession, now);
        let by = By::Agent(agent.name.clone());
        draft.invite(&self.tools.outbox, &succession.invitation, &invitation, by)?;
        self.tell_thread(draft.transaction(), succession, Some(agent), Happened::SentAgain).await?;
        Ok(matches!(self.spaces.write(draft.into_transaction(), request).await?, Written::Yes))
    }
}

/// The invitation of who takes over, from now.
fn invitation(succession: &Succession, now: Timestamp) -> Invitation {
    Invitation {
        siret: succession.siret.clone(),
        opening: succession.opening,
        invited_by: Inviter::Agency,
        email: succession.email.clone(),
        name: succession.name.clone(),
        offer: Offer::Holder,
        valid_until: Invitation::valid_until(now),
        accepted_at: None,
        withdrawn_at: None,
        bounced_at: None,
    }
}
