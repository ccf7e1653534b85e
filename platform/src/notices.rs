//! Banners: incidents, maintenance, closures.

use std::str::FromStr;

use domain::MailId;
use domain::time::{SignedDuration, Timestamp, after};
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Clock;
use crate::random::Random;
use crate::table::{Key, Outcome, Row, Table, TableError};

/// The retention of a banner after its end.
pub(crate) const NOTICE_RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The severity of a banner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Info,
    /// Something does not work as it should.
    Warning,
    /// The service is closed.
    Closure,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Closure];

    /// Its name, on the wire and in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Closure => "closure",
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        let level = Self::ALL.into_iter().find(|level| level.as_str() == name);
        level.ok_or_else(|| format!("level {name:?}: use one of {}", names()))
    }
}

/// A banner, as the pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notice {
    /// How much it matters.
    pub level: Level,
    /// One line.
    pub title: String,
    /// What it means and what to do.
    pub body: String,
    /// From when it is shown, RFC 3339.
    #[schema(example = "2026-11-23T16:00:00Z")]
    pub from: String,
    /// Until when it is shown, RFC 3339.
    #[schema(example = "2026-11-23T20:00:00Z")]
    pub until: String,
    /// When what it tells of begins, RFC 3339, if that is stated.
    #[schema(example = "2026-11-24T01:00:00Z")]
    pub event_from: Option<String>,
    /// When it ends, RFC 3339, if that is stated.
    #[schema(example = "2026-11-24T03:00:00Z")]
    pub event_until: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Notices {
    table: Table,
    clock: Clock,
    random: Random,
}

impl Notices {
    #[must_use]
    pub fn new(table: &Table, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// Adds a banner. Returns its id.
    pub async fn add(&self, notice: &Notice) -> Result<String, TableError> {
        let id = format!("{}#{}", notice.from, MailId::new(self.clock.now(), self.random.bytes()));
        let until: Timestamp =
            notice.until.parse().map_err(|_| TableError::Broken("`until` is no moment".into()))?;
        let mut row = Row::new(&Key::notice(&id))
            .with("level", notice.level.as_str())
            .with("title", notice.title.as_str())
            .with("body", notice.body.as_str())
            .with("shown_from", notice.from.as_str())
            .with("shown_until", notice.until.as_str())
            .with("expires_at", after(until, NOTICE_RETENTION));
        for (name, moment) in [("event_from", &notice.event_from), ("event_until", &notice.event_until)] {
            if let Some(moment) = moment {
                row = row.with(name, moment.as_str());
            }
        }
        match self.table.create(row).await? {
            Outcome::Done(()) => Ok(id),
            Outcome::Refused(_) => Err(TableError::Broken("a new id is taken".into())),
        }
    }

    /// Deletes a banner, if it is there.
    pub async fn remove(&self, id: &str) -> Result<(), TableError> {
        self.table.delete(&Key::notice(id)).await
    }

    /// All banners with their ids, in the order of these, past and future ones too.
    pub async fn all(&self) -> Result<Vec<(String, Notice)>, TableError> {
        let rows = self.table.find_all(Key::NOTICES, "").await?;
        rows.iter().map(|row| Ok((row.text("sk")?.to_owned(), read(row)?))).collect()
    }

    /// Current banners, closures first, in the order of their start.
    pub async fn current(&self) -> Result<Vec<Notice>, TableError> {
        let now = self.clock.now();
        let rows = self.table.find_all(Key::NOTICES, "").await?;
        let mut current = Vec::new();
        for row in &rows {
            match read_if_shown(row, now) {
                Ok(notice) => current.extend(notice),
                // An unreadable banner must not hide the others.
                Err(error) => tracing::error!(%error, "a notice cannot be read"),
            }
        }
        // The sort is stable.
        current.sort_by_key(|notice| notice.level != Level::Closure);
        Ok(current)
    }
}

fn read_if_shown(row: &Row, now: Timestamp) -> Result<Option<Notice>, TableError> {
    let from: Timestamp = row.parsed("shown_from", str::parse)?;
    let until: Timestamp = row.parsed("shown_until", str::parse)?;
    if from <= now && now < until { read(row).map(Some) } else { Ok(None) }
}

fn read(row: &Row) -> Result<Notice, TableError> {
    Ok(Notice {
        level: row.parsed("level", str::parse)?,
        title: row.text("title")?.to_owned(),
        body: row.text("body")?.to_owned(),
        from: row.text("shown_from")?.to_owned(),
        until: row.text("shown_until")?.to_owned(),
        event_from: row.find_text("event_from").map(str::to_owned),
        event_until: row.find_text("event_until").map(str::to_owned),
    })
}
