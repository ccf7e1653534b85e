//! Banners: incidents, maintenance, closures.

use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::table::{Failure, Key, Row, Table};
use crate::world::Clock;

/// A banner, as the pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notice {
    /// `info`, `warning` or `closure`.
    #[schema(example = "warning")]
    pub level: String,
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
}

/// Banners.
#[derive(Debug, Clone)]
pub struct Notices {
    table: Table,
    clock: Clock,
}

impl Notices {
    pub(crate) fn new(table: &Table, clock: &Clock) -> Self {
        Self { table: table.clone(), clock: clock.clone() }
    }

    /// Those of now, in the order in which they began.
    ///
    /// # Errors
    /// `Failure` when the table cannot be read.
    pub async fn current(&self) -> Result<Vec<Notice>, Failure> {
        let now = self.clock.now();
        let rows = self.table.find_all(Key::NOTICES, "").await?;
        let mut current = Vec::new();
        for row in &rows {
            let (from, until) = (moment(row, "shown_from")?, moment(row, "shown_until")?);
            if from <= now && now < until {
                current.push(Notice {
                    level: row.text("level")?.to_owned(),
                    title: row.text("title")?.to_owned(),
                    body: row.text("body")?.to_owned(),
                    from: from.to_string(),
                    until: until.to_string(),
                });
            }
        }
        Ok(current)
    }
}

fn moment(row: &Row, name: &'static str) -> Result<Timestamp, Failure> {
    row.parsed(name, str::parse)
}
