//! Objections, by the link of a notice: they freeze a succession at once, before anything else is written.

use domain::succession::{News, State, Succession, contest_token};
use domain::time::{Timestamp, after};
use domain::{MailId, Name, Refusal, Siret, SuccessionId, Token, TokenHash};

use super::thread::Happened;
use super::{AS_READ, Known, SUCCESSION_RETENTION, Successions, rows};
use crate::cases::CASE_AS_READ;
use crate::error::Error;
use crate::function::Secret;
use crate::metrics::Event;
use crate::spaces::{TRIES_MAX, kept_changing};
use crate::table::{Change, Committed, Key, Outcome, Row, TableError, Transaction};

/// Tries of an objection beside other writes of the succession, each of which is patient itself: it is
/// retried until it is in, or the request's time is over.
const CONTEST_TRIES_MAX: usize = 8;

const CONTEST: &str = "SET contested_at = if_not_exists(contested_at, :now)";
const NOT_EXECUTED: &str = "attribute_exists(pk) AND attribute_not_exists(executed_at)";

/// What the link of a notice says.
#[derive(Debug, Clone)]
pub struct ContestLink {
    pub succession: SuccessionId,
    pub round: u64,
    pub siret: Siret,
}

/// An objection that stands.
#[derive(Debug, Clone)]
pub struct Contested {
    pub siret: Siret,
    pub establishment_name: Name,
    /// The first one.
    pub contested_at: Timestamp,
}

impl Successions {
    /// Mints the link of a notice; of the same mail it is the same one.
    pub async fn mint(&self, mail: MailId, succession: &Succession) -> Result<Token, Error> {
        let token = contest_token(self.config.keys.of(Secret::Link)?, mail);
        let write = Change::new(
            Key::contest_link(&token.hash()),
            "SET succession = :succession, round = :round, siret = :siret, expires_at = :until",
            "attribute_not_exists(pk) OR succession = :succession",
        )
        .value("succession", succession.id.as_str())
        .value("round", succession.round)
        .value("siret", succession.siret.as_str())
        .value("until", after(self.tools.clock.now(), SUCCESSION_RETENTION));
        match self.tools.table.update(write).await? {
            Outcome::Done(_) => Ok(token),
            Outcome::Refused(_) => Err(Error::internal("the link of another succession's notice")),
        }
    }

    /// What a link says, unless it is unknown or its row has expired.
    pub async fn find_link(&self, token: &TokenHash) -> Result<Option<ContestLink>, TableError> {
        let row = self.tools.table.find(&Key::contest_link(token)).await?;
        let now = self.tools.clock.now();
        let read = |row: Row| {
            Ok(ContestLink {
                succession: row.parsed("succession", |id| SuccessionId::parse(id).ok_or(()))?,
                round: row.number("round")?,
                siret: row.parsed("siret", Siret::parse)?,
            })
        };
        row.filter(|row| !row.is_past(now)).map(read).transpose()
    }

    /// Objects to a succession, of whichever round the link is. It is frozen by one write of one row; thread
    /// and mails follow, also by a second click when the first one died. Once more changes nothing.
    ///
    /// # Errors
    /// `LinkUnknown`; `SuccessionExecuted`: the objection is noted, and somebody looks at it.
    pub async fn contest(&self, link: &ContestLink) -> Result<Contested, Error> {
        let known = match self.freeze(link).await? {
            Outcome::Done(row) => rows::read(&row)?,
            Outcome::Refused(None) => return Err(Refusal::LinkUnknown.into()),
            Outcome::Refused(Some(row)) => {
                self.note_late(&rows::read(&row)?, &row).await?;
                return Err(Refusal::SuccessionExecuted.into());
            }
        };
        let succession = &known.succession;
        let contested_at = succession.contested_at.ok_or(TableError::corrupt("contested_at"))?;
        if !known.is_contest_told && succession.state() == State::Contested {
            self.tell_contest(&known, contested_at).await?;
        }
        Ok(Contested {
            siret: succession.siret.clone(),
            establishment_name: succession.establishment_name.clone(),
            contested_at,
        })
    }

    async fn freeze(&self, link: &ContestLink) -> Result<Outcome<Row>, TableError> {
        let key = Key::succession(&link.succession);
        let freeze = Change::new(key, CONTEST, NOT_EXECUTED).value("now", self.tools.clock.now());
        for tried in 1..CONTEST_TRIES_MAX {
            match self.tools.table.update(freeze.clone()).await {
                Err(TableError::Unavailable(_)) => self.spaces.pause(tried).await,
                frozen => return frozen,
            }
        }
        self.tools.table.update(freeze).await
    }

    /// Tells the thread and everybody who had a notice.
    async fn tell_contest(&self, known: &Known, contested_at: Timestamp) -> Result<(), Error> {
        let succession = &known.succession;
        self.insist(
            |now| {
                let told = Change::new(
                    Key::succession(&succession.id),
                    "SET contest_told_at = :now",
                    "contested_at = :at AND attribute_not_exists(contest_told_at)",
                );
                let mut transaction = Transaction::new();
                transaction
                    .change(AS_READ, told.value("now", now).value("at", contested_at))
                    .count(Event::Contest { is_late: false })
                    .count(Event::Succession(State::Contested));
                self.news(&mut transaction, succession, News::Contested)?;
                Ok(transaction)
            },
            (succession, Happened::Contested),
        )
        .await
    }

    /// Notes an objection after the execution, once.
    async fn note_late(&self, known: &Known, row: &Row) -> Result<(), Error> {
        if row.find_moment("contested_late_at").is_some() {
            return Ok(());
        }
        let succession = &known.succession;
        self.insist(
            |now| {
                let noted = Change::new(
                    Key::succession(&succession.id),
                    "SET contested_late_at = :now",
                    "attribute_exists(executed_at) AND attribute_not_exists(contested_late_at)",
                );
                let mut transaction = Transaction::new();
                transaction.change(AS_READ, noted.value("now", now)).count(Event::Contest { is_late: true });
                Ok(transaction)
            },
            (succession, Happened::ContestedLate),
        )
        .await
    }

    /// Writes an objection with its entry of the thread, again while others write there. Refused by the
    /// succession it is written already.
    async fn insist(
        &self,
        write: impl Fn(Timestamp) -> Result<Transaction, Error>,
        (succession, happened): (&Succession, Happened<'_>),
    ) -> Result<(), Error> {
        for tried in 0..TRIES_MAX {
            let mut transaction = write(self.tools.clock.now())?;
            self.tell_thread(&mut transaction, succession, None, happened).await?;
            match self.tools.table.commit(transaction).await? {
                Committed::No(refused) if refused.is_by(CASE_AS_READ) && !refused.is_by(AS_READ) => {
                    self.spaces.pause(tried).await;
                }
                Committed::Yes | Committed::No(_) => return Ok(()),
            }
        }
        Err(kept_changing())
    }
}
