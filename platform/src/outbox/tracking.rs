//! What became of mails: their progress by SES's events, the addresses and the domains that they tell of.

use domain::delivery::{
    AddressStanding, BOUNCED_RETENTION, DelayBin, DomainCounts, Event as MailEvent, HEALTH_WINDOW, Progress,
    Reason,
};
use domain::mail::{Bounded, CORRECTIONS_MAX, Lane, MailState};
use domain::succession::{Fact, FactKind};
use domain::time::{SignedDuration, Timestamp, after};
use domain::{Email, Identifier, MailId, MailJob, Siret};

use super::Outbox;
use crate::error::Error;
use crate::metrics::{self, Event};
use crate::table::{Change, Key, Outcome, Row, StringSet, TableError};

/// Tries of an event beside others of the same mail.
const TRACK_ATTEMPTS_MAX: usize = 8;
/// The span of one count of a domain's mails.
const COUNT_PERIOD: SignedDuration = SignedDuration::from_mins(10);
/// The retention of such a count.
pub(crate) const COUNT_RETENTION: SignedDuration = SignedDuration::from_hours(3);
/// The standing of an address whose correction was delivered.
const CLEARED: &str = "cleared";

/// One event of SES about a mail.
#[derive(Debug, Clone)]
pub struct Told {
    pub event: MailEvent,
    /// When it happened.
    pub at: Timestamp,
    /// When SES took the mail.
    pub taken_at: Timestamp,
    /// Whom the mail is for.
    pub recipient: Email,
}

/// What an event did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracked {
    /// The mail is there now.
    Moved(MailState),
    /// It was there or further already.
    NoNews,
    /// No such mail, or no longer.
    Unknown,
}

/// A mail as its applicant may see it.
#[derive(Debug, Clone)]
pub struct Status {
    pub job: MailJob,
    pub lane: Lane,
    /// The masked address, of a mail whose progress is told to who typed it.
    pub sent_to: Option<String>,
    pub created_at: Timestamp,
    /// What its sender noted: SES's message id, or why it was not sent.
    pub note: Option<String>,
    pub progress: Progress,
}

/// The mails of one application, whose address was corrected perhaps.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The mail of the first address, whose row counts the corrections.
    pub first: MailId,
    /// The application as it is now: of the last address.
    pub identifier: Identifier,
    /// A keyed hash of its words.
    pub words: Option<String>,
}

impl Chain {
    /// Counts a correction, which goes from this application to that one.
    pub(crate) fn correction(&self, to: &Identifier) -> Change {
        Change::new(
            Key::mail(self.first),
            "SET application = :to ADD corrections :one",
            "attribute_exists(pk) AND (attribute_not_exists(corrections) OR corrections < :most) \
             AND (attribute_not_exists(application) OR application = :from)",
        )
        .value("to", to.as_str())
        .value("from", self.identifier.as_str())
        .value("one", 1)
        .value("most", CORRECTIONS_MAX)
    }
}

impl Outbox {
    /// The mails of an application, from one of them; none for what is no mail of an activation.
    pub(crate) async fn chain_of(&self, mail: MailId) -> Result<Option<Chain>, TableError> {
        let Some(row) = self.find(mail).await? else { return Ok(None) };
        let first = row.find_text("first_mail").and_then(MailId::parse);
        let (first, row) = match first {
            None => (mail, row),
            Some(first) => match self.find(first).await? {
                Some(row) => (first, row),
                None => return Ok(None),
            },
        };
        let MailJob::Activation { identifier, .. } = read(&row)?.job else { return Ok(None) };
        let current = row.find_text("application").and_then(|text| Identifier::parse(text).ok());
        let words = row.find_text("applied_words").map(str::to_owned);
        Ok(Some(Chain { first, identifier: current.unwrap_or(identifier), words }))
    }

    /// Moves a mail forward by an event, counts it for the receiver's domain, and remembers an address that
    /// is not to be written to. Idempotent; the order of events does not matter.
    pub async fn track(&self, id: MailId, told: &Told) -> Result<Tracked, Error> {
        for _ in 0..TRACK_ATTEMPTS_MAX {
            let Some(row) = self.find(id).await? else { return Ok(Tracked::Unknown) };
            let status = read(&row)?;
            if let Some(kind) = FactKind::of(told.event) {
                // Also of an event that is no news of the mail: a delivery that is told after a bounce.
                self.note_notice(id, &status.job, (kind, told.at)).await?;
            }
            let Some(next) = status.progress.on(told.event, told.at) else {
                return Ok(Tracked::NoNews);
            };
            // Before the mail moves: an event that comes again is no news then, and would teach nothing.
            self.learn(told, &status).await?;
            if matches!(next.state, MailState::Bounced | MailState::Returned) {
                self.note_returned(&status.job, told.at).await?;
            }
            if let Outcome::Done(_) = self.table.update(moves(id, &row, next)?).await? {
                metrics::count(Event::Mail(next.state), self.clock.now());
                if status.sent_to.is_some() {
                    self.count_for_domain(told, status.progress.state, next).await?;
                }
                return Ok(Tracked::Moved(next.state));
            }
        }
        Err(TableError::Unavailable("the mail kept changing".into()).into())
    }

    /// Notes on a succession what became of one of its notices: its window opens by that. The same once more
    /// changes nothing.
    pub async fn note_notice(
        &self,
        mail: MailId,
        job: &MailJob,
        (kind, at): (FactKind, Timestamp),
    ) -> Result<(), TableError> {
        let MailJob::SuccessionNotice { succession, .. } = job else { return Ok(()) };
        let fact = Fact::new(mail, kind, at).to_string();
        let change = Change::new(
            Key::succession(succession),
            "ADD facts :facts, facts_written :one",
            "attribute_exists(pk) AND (attribute_not_exists(facts) OR NOT contains(facts, :fact))",
        )
        .value("facts", StringSet(vec![fact.clone()]))
        .value("fact", fact)
        .value("one", 1);
        self.table.update(change).await.map(|_| ())
    }

    /// Notes on an invitation that its mail came back, or was not sent: its inviter corrects the address.
    pub async fn note_returned(&self, job: &MailJob, at: Timestamp) -> Result<(), TableError> {
        let MailJob::Invitation { siret, invitation } = job else { return Ok(()) };
        let change = Change::new(
            Key::invitation(siret, invitation),
            "SET bounced_at = :at",
            "attribute_exists(pk) AND attribute_not_exists(bounced_at)",
        );
        self.table.update(change.value("at", at)).await.map(|_| ())
    }

    /// Remembers an address that bounced or complained, and ends that when a corrected one arrives. Of events
    /// the latest counts, whichever came first; a complaint outlives them.
    async fn learn(&self, told: &Told, status: &Status) -> Result<(), Error> {
        // Of an invitation its inviter is told, who has typed the address.
        let is_told = status.sent_to.is_some() || matches!(status.job, MailJob::Invitation { .. });
        match told.event.standing() {
            Some(standing) => self.remember(told, is_told, standing.as_str(), standing.retention()).await,
            None if told.event == MailEvent::Delivered && is_corrected(&status.job) => {
                for is_told in [true, false] {
                    self.remember(told, is_told, CLEARED, BOUNCED_RETENTION).await?;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn remember(
        &self,
        told: &Told,
        is_told: bool,
        standing: &str,
        retention: SignedDuration,
    ) -> Result<(), Error> {
        let key = Key::address(&self.address_fingerprint(&told.recipient)?, is_told);
        let complained = AddressStanding::Complained.as_str();
        let condition = if standing == complained {
            "attribute_not_exists(pk) OR expires_at <= :now OR standing <> :complained OR told_at < :at"
        } else {
            "attribute_not_exists(pk) OR expires_at <= :now OR (standing <> :complained AND told_at < :at)"
        };
        let change =
            Change::new(key, "SET standing = :standing, told_at = :at, expires_at = :until", condition)
                .value("standing", standing)
                .value("complained", complained)
                .value("at", told.at)
                .value("now", self.clock.now())
                .value("until", after(told.at, retention));
        self.table.update(change).await?;
        Ok(())
    }

    /// The standing of an address, unless it is an ordinary one. For a mail whose progress is told, what such
    /// mails have taught alone: else its state would tell whether a secret one, a recovery, was ever sent.
    pub async fn standing_of(&self, email: &Email, is_told: bool) -> Result<Option<AddressStanding>, Error> {
        let now = self.clock.now();
        let rows = self.table.find_all(&Key::addresses(&self.address_fingerprint(email)?), "").await?;
        let counts = |row: &&Row| !row.is_past(now) && (!is_told || row.find_text("sk") == Some(Key::TOLD));
        let standings = rows.iter().filter(counts).filter_map(|row| row.find_text("standing"));
        Ok(standings.filter_map(AddressStanding::parse).max())
    }

    /// Counts what became of a mail, outside any transaction: the row is every sender's, and would conflict.
    /// A mail counts once, by its first fate; that of a late event says nothing of the last hour.
    async fn count_for_domain(&self, told: &Told, was: MailState, next: Progress) -> Result<(), TableError> {
        let now = self.clock.now();
        let is_late = now.duration_since(told.at) > HEALTH_WINDOW;
        if is_late
            || !matches!(was, MailState::Queued | MailState::Sending | MailState::Sent | MailState::Delayed)
        {
            return Ok(());
        }
        let became = match next.state {
            MailState::Delivered => Became::Delivered(DelayBin::of(told.at.duration_since(told.taken_at))),
            MailState::Bounced | MailState::Returned if next.reason.is_some_and(Reason::is_of_domain) => {
                Became::Refused
            }
            MailState::Bounced | MailState::Returned => Became::Bounced,
            MailState::Delayed if was != MailState::Delayed => Became::Delayed,
            _ => return Ok(()),
        };
        let resumed = (was == MailState::Delayed).then_some(Became::Resumed);
        for became in resumed.into_iter().chain([became]) {
            let key = Key::delivery(told.recipient.domain(), hour_of(now), &became.sort_key(now));
            let count = Change::new(
                key,
                "ADD mails :one SET expires_at = if_not_exists(expires_at, :until)",
                "attribute_not_exists(pk) OR attribute_exists(pk)",
            );
            self.table.update(count.value("one", 1).value("until", after(now, COUNT_RETENTION))).await?;
        }
        Ok(())
    }

    /// What became of the mails to a domain within [`HEALTH_WINDOW`]: of those alone whose sending is no
    /// secret. Counting recoveries would tell, by its change, whether an account exists.
    pub async fn counts_of(&self, domain: &str) -> Result<DomainCounts, TableError> {
        let now = self.clock.now();
        let from = now.saturating_sub(HEALTH_WINDOW).unwrap_or(Timestamp::MIN);
        let hours = [hour_of(from), hour_of(now)].map(|hour| Key::deliveries(domain, hour));
        let (before, current) =
            tokio::try_join!(self.table.find_all(&hours[0], ""), self.table.find_all(&hours[1], ""))?;
        let mut counts = DomainCounts::default();
        for row in before.iter().chain(&current) {
            // Another version's counts may be others.
            let Some((period, became)) = Became::parse(row.text("sk")?) else { continue };
            if period < period_of(from) {
                continue;
            }
            let mails = row.number("mails")?;
            match became {
                Became::Delivered(bin) => counts.delivered.push((bin, mails)),
                Became::Delayed => counts.delayed += mails,
                Became::Resumed => counts.resumed += mails,
                Became::Bounced => counts.bounced += mails,
                Became::Refused => counts.refused += mails,
            }
        }
        Ok(counts)
    }

    /// The last mails to an address that a stranger can cause, the newest first: those that its quotas count.
    pub async fn last_mails(&self, to: &Email, siret: &Siret, most: usize) -> Result<Vec<Status>, Error> {
        let mut ids = Vec::new();
        for bounded in [Bounded::Recovery(to), Bounded::Activation(to, siret), Bounded::Receipt(to)] {
            // The widest: every mail of its kind to the address.
            if let Some(quota) = bounded.quotas().last() {
                let row = self.table.find(&self.quota_key(quota)?).await?;
                let sets = row.iter().flat_map(|row| [row.set("mails"), row.set("earlier")]);
                ids.extend(sets.flatten().filter_map(|id| MailId::parse(id)));
            }
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let mut mails = Vec::new();
        for id in ids.into_iter().take(most) {
            mails.extend(self.status(id).await?);
        }
        Ok(mails)
    }

    /// A mail as it stands, unless it is unknown.
    pub async fn status(&self, id: MailId) -> Result<Option<Status>, TableError> {
        self.find(id).await?.as_ref().map(read).transpose()
    }

    async fn find(&self, id: MailId) -> Result<Option<Row>, TableError> {
        let now = self.clock.now();
        Ok(self.table.find(&Key::mail(id)).await?.filter(|row| !row.is_past(now)))
    }
}

fn is_corrected(job: &MailJob) -> bool {
    matches!(job, MailJob::Activation { is_corrected: true, .. })
}

fn moves(id: MailId, row: &Row, next: Progress) -> Result<Change, TableError> {
    let tracked = row.find_number("tracked");
    let condition = match tracked {
        Some(_) => "mail_state = :was AND tracked = :tracked",
        None => "mail_state = :was AND attribute_not_exists(tracked)",
    };
    let update = match next.reason {
        Some(_) => {
            "SET mail_state = :state, event_at = :at, reason = :reason, tracked = :next \
             REMOVE lease_until, lease_by"
        }
        None => {
            "SET mail_state = :state, event_at = :at, tracked = :next REMOVE lease_until, lease_by, reason"
        }
    };
    let change = Change::new(Key::mail(id), update, condition)
        .value("was", row.text("mail_state")?)
        .value("state", next.state.as_str())
        .value("at", next.at)
        .value("next", tracked.unwrap_or(0) + 1);
    let change = tracked.into_iter().fold(change, |change, tracked| change.value("tracked", tracked));
    Ok(next.reason.into_iter().fold(change, |change, reason| change.value("reason", reason.as_str())))
}

fn read(row: &Row) -> Result<Status, TableError> {
    let created_at = row.moment("created_at")?;
    let at = row.find_moment("event_at").or(row.find_moment("ended_at")).unwrap_or(created_at);
    Ok(Status {
        job: row.parsed("job", |job| serde_json::from_str(job))?,
        lane: row
            .parsed("lane", |name| Lane::ALL.into_iter().find(|lane| lane.as_str() == name).ok_or(()))?,
        sent_to: row.find_text("sent_to").map(str::to_owned),
        created_at,
        note: row.find_text("note").map(str::to_owned),
        progress: Progress {
            state: row.parsed("mail_state", |name| MailState::parse(name).ok_or(()))?,
            at,
            reason: row.find_text("reason").and_then(Reason::parse),
        },
    })
}

/// What a count is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    Delivered(DelayBin),
    Delayed,
    /// No longer delayed.
    Resumed,
    Bounced,
    Refused,
}

impl Became {
    /// `<period>#<what>`.
    fn sort_key(self, now: Timestamp) -> String {
        let period = period_of(now);
        match self {
            Self::Delivered(bin) => format!("{period}#delivered-{}", bin.number()),
            Self::Delayed => format!("{period}#delayed"),
            Self::Resumed => format!("{period}#resumed"),
            Self::Bounced => format!("{period}#bounced"),
            Self::Refused => format!("{period}#refused"),
        }
    }

    fn parse(sort_key: &str) -> Option<(i64, Self)> {
        let (period, what) = sort_key.split_once('#')?;
        let became = match what.split_once('-') {
            Some(("delivered", bin)) => Self::Delivered(DelayBin::parse(bin)?),
            _ => match what {
                "delayed" => Self::Delayed,
                "resumed" => Self::Resumed,
                "bounced" => Self::Bounced,
                "refused" => Self::Refused,
                _ => return None,
            },
        };
        Some((period.parse().ok()?, became))
    }
}

fn period_of(moment: Timestamp) -> i64 {
    moment.as_second().div_euclid(COUNT_PERIOD.as_secs())
}

fn hour_of(moment: Timestamp) -> i64 {
    moment.as_second().div_euclid(3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_as_it_was_written() {
        let now = Timestamp::from_second(1_795_428_000).unwrap_or_default();
        let slow = Became::Delivered(DelayBin::of(SignedDuration::from_mins(12)));
        for became in [slow, Became::Delayed, Became::Resumed, Became::Bounced, Became::Refused] {
            assert_eq!(Became::parse(&became.sort_key(now)), Some((period_of(now), became)));
        }
        assert_eq!(Became::parse("1#delivered-99"), None);
    }
}
