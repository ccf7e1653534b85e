//! Presence of holders: whose turn it is to be asked «toujours là ?», the links of these mails, the answers.

use std::iter::successors;
use std::sync::Arc;

use domain::link::LINK_REMEMBERED;
use domain::membership::{PRESENCE_PERIOD, PRESENCE_VALID, Presence, presence_token};
use domain::time::{Date, SignedDuration, Timestamp, after, start_of_utc, utc_day};
use domain::{Identifier, MailId, MailJob, MemberState, Name, Refusal, Role, Siret, Token, TokenHash};

use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::spaces::{Space, Tools, membership_keys, presence_of, read_people};
use crate::table::{Change, Committed, Guard, Key, Outcome, Row, TableError, Transaction};

/// The days on which a turn can still be taken, its own included: a service that stood still for weeks asks
/// everybody all the same.
const TURN_DAYS: usize = 60;
/// How long the row of a turn is kept from the beginning of its day: for [`TURN_DAYS`].
pub(crate) const TURN_RETENTION: SignedDuration = SignedDuration::from_hours(TURN_DAYS as i64 * 24);

/// The turn is not taken yet: of two runs at once, or of a run whose answer was lost, one asks.
const TURN: Guard = Guard::new("turn of a holder");
/// The holder is to be asked, as when they were read.
const DUE_HOLDER: Guard = Guard::new("due holder");

const ASK: &str = "SET presence_asked_at = :now";
/// What [`Presence::is_due`] says, of an active holder of this opening. A mark that is not there is none.
const DUE: &str = "opening = :opening AND member_role = :holder AND member_state = :active \
                   AND (attribute_not_exists(holder_since) OR holder_since <= :before) \
                   AND (attribute_not_exists(presence_asked_at) OR presence_asked_at <= :before) \
                   AND (attribute_not_exists(presence_answered_at) OR presence_answered_at <= :before)";
const ANSWER: &str = "SET presence_answered_at = :now";
/// An active holder of this opening who was asked.
const ASKED: &str = "opening = :opening AND member_role = :holder AND member_state = :active \
                     AND attribute_exists(presence_asked_at)";

/// The turn of a holder, who may have become something else meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// In UTC.
    pub day: Date,
    pub siret: Siret,
    pub identifier: Identifier,
}

/// Turns of one day.
#[derive(Debug)]
pub struct TurnPage {
    pub turns: Vec<Turn>,
    /// Where the next page begins, if there are more.
    pub next: Option<String>,
}

/// What became of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The mail is queued, and so is the turn of the next year.
    Asked,
    /// It is on a later day: the holder has answered, or became one anew.
    PutOff,
    /// Later on this day.
    NotYet,
    /// Nobody is a holder by it any more.
    Dropped,
    /// Another run has taken it, or the holder has changed since they were read: the next run sees.
    Elsewhere,
}

/// An answer that is noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub establishment_name: Name,
    /// When the holder is asked again.
    pub next_at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Presences {
    tools: Tools,
    config: Arc<Config>,
}

impl Presences {
    pub(crate) fn new(tools: &Tools, config: &Arc<Config>) -> Self {
        Self { tools: tools.clone(), config: config.clone() }
    }

    /// The days whose turns are taken now, the earliest first.
    #[must_use]
    pub fn days(&self) -> Vec<Date> {
        let today = utc_day(self.tools.clock.now());
        let mut days: Vec<Date> =
            successors(Some(today), |day| day.yesterday().ok()).take(TURN_DAYS).collect();
        days.reverse();
        days
    }

    /// Turns of a day, `rows_max` of them, after those of an earlier page.
    pub async fn turns(&self, day: Date, after: Option<&str>, rows_max: i32) -> Result<TurnPage, TableError> {
        let partition = Key::turns_of_holders(day);
        let page = self.tools.table.find_page(&partition, "", after, rows_max).await?;
        let now = self.tools.clock.now();
        let turn = |row: &Row| {
            let siret = row.parsed("siret", Siret::parse)?;
            Ok(Turn { day, siret, identifier: row.parsed("identifier", Identifier::parse)? })
        };
        let turns = page.rows.iter().filter(|row| !row.is_past(now)).map(turn);
        Ok(TurnPage { turns: turns.collect::<Result<_, TableError>>()?, next: page.next })
    }

    /// Takes a turn: reads what the holder is now, and asks them if they are to be asked.
    pub async fn take(&self, turn: &Turn) -> Result<Taken, Error> {
        let Turn { day, siret, identifier } = turn;
        let rows = self.tools.table.find_many(&membership_keys(siret, identifier)).await?;
        let space = read_people(siret, &rows)?.filter(Space::is_open);
        let member = space.as_ref().and_then(|space| space.member(identifier));
        let holder = member.filter(|member| member.membership.is_active_holder());
        let (Some(space), Some(holder)) = (&space, holder) else {
            self.tools.table.delete(&turn.key()).await?;
            return Ok(Taken::Dropped);
        };
        let now = self.tools.clock.now();
        let due_at = holder.presence.due_at();
        if holder.presence.is_due(now) {
            return self.ask(turn, space, now).await;
        }
        if utc_day(due_at) <= *day {
            return Ok(Taken::NotYet);
        }
        let mut transaction = Transaction::new();
        transaction.put(turn_row(siret, identifier, due_at)).delete(turn.key());
        match self.tools.table.commit(transaction).await? {
            Committed::Yes => Ok(Taken::PutOff),
            Committed::No(_) => Err(Error::internal("a transaction refused for no reason")),
        }
    }

    /// Queues the mail, marks it with the holder, and puts the turn of the next year in the place of this
    /// one.
    async fn ask(&self, turn: &Turn, space: &Space, now: Timestamp) -> Result<Taken, Error> {
        let Turn { siret, identifier, .. } = turn;
        let asked = Change::new(Key::member(siret, identifier), ASK, DUE)
            .value("now", now)
            .value("before", after(now, -PRESENCE_PERIOD));
        let next = Presence { asked_at: Some(now), ..Presence::new(now) };
        let mut transaction = Transaction::new();
        transaction
            .delete_if(TURN, Change::condition(turn.key(), "attribute_exists(pk)"))
            .change(DUE_HOLDER, of_active_holder(asked, space.opening.0))
            .put(turn_row(siret, identifier, next.due_at()));
        let job = MailJob::StillThere { siret: siret.clone(), identifier: identifier.clone() };
        self.tools.outbox.queue(&mut transaction, &job)?;
        Ok(match self.tools.table.commit(transaction).await? {
            Committed::Yes => Taken::Asked,
            Committed::No(_) => Taken::Elsewhere,
        })
    }

    /// Mints the link of a mail to a holder, and until when it serves; minted again, its validity begins
    /// anew.
    pub async fn mint(
        &self,
        mail: MailId,
        space: &Space,
        holder: &Identifier,
    ) -> Result<(Token, Timestamp), Error> {
        let token = presence_token(self.config.keys.of(Secret::Link)?, mail);
        let valid_until = after(self.tools.clock.now(), PRESENCE_VALID);
        let write = Change::new(
            Key::presence_link(&token.hash()),
            "SET siret = :siret, identifier = :identifier, opening = :opening, \
             establishment_name = :establishment, valid_until = :until, expires_at = :expires_at",
            "attribute_not_exists(pk) OR identifier = :identifier",
        )
        .value("siret", space.siret.as_str())
        .value("identifier", holder.as_str())
        .value("opening", space.opening.0)
        .value("establishment", space.name.as_str())
        .value("until", valid_until)
        .value("expires_at", after(valid_until, LINK_REMEMBERED));
        match self.tools.table.update(write).await? {
            Outcome::Done(_) => Ok((token, valid_until)),
            Outcome::Refused(_) => Err(Error::internal("the link of another holder's mail")),
        }
    }

    /// Notes that a holder has answered. Once more does no harm, and consumes nothing.
    ///
    /// # Errors
    /// `LinkUnknown`; `LinkExpired`, also for who is no active holder any more, or became one anew.
    pub async fn answer(&self, token: &TokenHash) -> Result<Answered, Error> {
        let now = self.tools.clock.now();
        let link = self.tools.table.find(&Key::presence_link(token)).await?;
        let link = link.filter(|link| !link.is_past(now)).ok_or(Refusal::LinkUnknown)?;
        if now > link.moment("valid_until")? {
            return Err(Refusal::LinkExpired.into());
        }
        let siret = link.parsed("siret", Siret::parse)?;
        let identifier = link.parsed("identifier", Identifier::parse)?;
        let answered = Change::new(Key::member(&siret, &identifier), ANSWER, ASKED).value("now", now);
        let answered = of_active_holder(answered, link.number("opening")?);
        match self.tools.table.update(answered).await? {
            Outcome::Done(member) => Ok(Answered {
                establishment_name: link.parsed("establishment_name", Name::parse)?,
                next_at: presence_of(&member)?.due_at(),
            }),
            Outcome::Refused(_) => Err(Refusal::LinkExpired.into()),
        }
    }
}

impl Turn {
    fn key(&self) -> Key {
        Key::turn_of_holder(self.day, &self.siret, &self.identifier)
    }
}

/// Binds what the condition of an active holder's row names.
fn of_active_holder(change: Change, opening: u64) -> Change {
    change
        .value("opening", opening)
        .value("holder", Role::Holder.as_str())
        .value("active", MemberState::Active.as_str())
}

/// The first turn of who becomes an active holder.
pub(crate) fn first_turn(siret: &Siret, identifier: &Identifier, presence: Presence) -> Row {
    turn_row(siret, identifier, presence.due_at())
}

fn turn_row(siret: &Siret, identifier: &Identifier, due_at: Timestamp) -> Row {
    let day = utc_day(due_at);
    Row::new(&Key::turn_of_holder(day, siret, identifier))
        .with("siret", siret.as_str())
        .with("identifier", identifier.as_str())
        .with("expires_at", after(start_of_utc(day), TURN_RETENTION))
}
