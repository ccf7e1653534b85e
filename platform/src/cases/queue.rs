//! The queue: cases of a state by motive, the oldest first; those of an establishment; how many wait.

use std::collections::HashMap;

use domain::time::Timestamp;
use domain::{CaseState, Motive, Reference, Siret};

use super::{CaseFile, Cases, rows};
use crate::concurrent::all;
use crate::table::{Key, Page, Row, TableError};

/// Cases of one page.
pub const PAGE_CASES_MAX: usize = 25;
/// Rows that are read of each motive for a page: one more tells whether there are others.
const PAGE_ROWS_MAX: i32 = PAGE_CASES_MAX as i32 + 1;
/// Rows of an establishment that are read at once.
const ESTABLISHMENT_ROWS_MAX: i32 = 100;
/// Reads of an establishment's rows for one page, which may come out short.
const ESTABLISHMENT_READS_MAX: usize = 3;
/// Waiting cases of a motive that are counted: as many, or more.
const COUNTED_CASES_MAX: i32 = 1_000;

/// Where a list goes on: the place of the last case before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(String);

impl Place {
    /// Reads a place as a page gave it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (moment, reference) = text.split_once('#')?;
        let moment: Timestamp = moment.parse().ok()?;
        let place = rows::place(moment, &Reference::parse(reference)?);
        (place == text).then_some(Self(place))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which cases are asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub state: CaseState,
    /// Of all, without one.
    pub motive: Option<Motive>,
    pub siret: Option<Siret>,
    pub after: Option<Place>,
}

/// A page of cases, the oldest first, by when the request came.
#[derive(Debug)]
pub struct CasePage {
    pub cases: Vec<CaseFile>,
    pub next: Option<Place>,
}

/// Cases of a motive that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub motive: Motive,
    /// At most a thousand are counted.
    pub cases: u64,
    /// Since when the one that has waited longest waits.
    pub since: Option<Timestamp>,
}

impl Cases {
    /// Lists cases: those of the queue, or those of an establishment.
    pub async fn list(&self, asked: &Asked) -> Result<CasePage, TableError> {
        match &asked.siret {
            Some(siret) => self.list_of(siret, asked).await,
            None => self.list_queue(asked).await,
        }
    }

    /// Reads a page of each motive at the same time, and merges them.
    async fn list_queue(&self, asked: &Asked) -> Result<CasePage, TableError> {
        let motives = asked.motive.map_or_else(|| Motive::ALL.to_vec(), |motive| vec![motive]);
        let after = asked.after.as_ref().map(Place::as_str);
        let reads = motives.iter().map(|motive| async move {
            let partition = Key::queue(asked.state, *motive);
            self.table.find_page(&partition, "", after, PAGE_ROWS_MAX).await
        });
        let pages: Vec<Page> = all(reads.collect()).await.into_iter().collect::<Result<_, _>>()?;
        // Of a motive with more rows nothing is known after the last one that was read.
        let known_to = pages.iter().filter_map(|page| page.next.clone()).min();
        let now = self.clock.now();
        let mut rows: Vec<(String, Row)> = Vec::new();
        for row in pages.into_iter().flat_map(|page| page.rows).filter(|row| !row.is_past(now)) {
            rows.push((row.text("sk")?.to_owned(), row));
        }
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        rows.retain(|(place, _)| known_to.as_ref().is_none_or(|known_to| place <= known_to));
        let has_more = rows.len() > PAGE_CASES_MAX;
        rows.truncate(PAGE_CASES_MAX);
        let last = rows.last().map(|(place, _)| place.clone()).filter(|_| has_more);
        let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        let cases = self.files_of(&rows).await?;
        Ok(CasePage { cases, next: last.or(known_to).map(Place) })
    }

    /// Those of an establishment, whose state their own rows tell.
    async fn list_of(&self, siret: &Siret, asked: &Asked) -> Result<CasePage, TableError> {
        let partition = Key::cases(siret);
        let now = self.clock.now();
        let mut after = asked.after.clone();
        let mut cases: Vec<CaseFile> = Vec::new();
        for _ in 0..ESTABLISHMENT_READS_MAX {
            let from = after.as_ref().map(Place::as_str);
            let page = self.table.find_page(&partition, "", from, ESTABLISHMENT_ROWS_MAX).await?;
            let motive = asked.motive.map(Motive::as_str);
            let is_asked =
                |row: &Row| !row.is_past(now) && (motive.is_none() || row.find_text("motive") == motive);
            let rows: Vec<Row> = page.rows.into_iter().filter(is_asked).collect();
            let found = self.files_of(&rows).await?;
            cases.extend(found.into_iter().filter(|file| file.case.state == asked.state));
            after = page.next.map(Place);
            if after.is_none() || cases.len() >= PAGE_CASES_MAX {
                break;
            }
        }
        if cases.len() > PAGE_CASES_MAX {
            cases.truncate(PAGE_CASES_MAX);
            after = cases.last().map(|file| Place(rows::place(file.received_at, &file.reference)));
        }
        Ok(CasePage { cases, next: after })
    }

    /// The cases that these rows name, in their order: one call.
    pub(super) async fn files_of(&self, named: &[Row]) -> Result<Vec<CaseFile>, TableError> {
        let references: Vec<Reference> = named.iter().map(rows::reference_of).collect::<Result<_, _>>()?;
        let keys: Vec<Key> = references.iter().map(|reference| Key::ticket(reference.as_str())).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let found = self.table.find_many(&keys).await?;
        let mut by_key = HashMap::new();
        for row in found.into_iter().filter(|row| !row.is_past(now)) {
            by_key.insert(row.text("pk")?.to_owned(), row);
        }
        let rows = references.iter().filter_map(|reference| {
            let row = by_key.get(&Key::ticket_rows(reference))?;
            Some(rows::read(reference, row))
        });
        rows.collect()
    }

    /// How many cases of a motive wait, and since when.
    pub async fn waiting(&self, motive: Motive) -> Result<Waiting, TableError> {
        let partition = Key::queue(CaseState::Waiting, motive);
        let page = self.table.find_page(&partition, "", None, COUNTED_CASES_MAX).await?;
        let now = self.clock.now();
        let rows: Vec<&Row> = page.rows.iter().filter(|row| !row.is_past(now)).collect();
        let since = rows.iter().filter_map(|row| row.find_moment("since")).min();
        Ok(Waiting { motive, cases: rows.len() as u64, since })
    }
}
