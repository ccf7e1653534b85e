//! The chain of a journal: the hash of the line before in each line, and the volumes that are handed out.

use sha2::{Digest, Sha256};

use super::{Broken, Entry, verify};
use crate::siret::Siret;
use crate::time::Timestamp;
use crate::token::hexadecimal;

/// Hexadecimal digits of a hash (SHA-256).
const HASH_DIGITS: usize = 64;
/// Hexadecimal digits of a line's check, the beginning of its own hash: they find the line that was altered,
/// and protect nothing.
const CHECK_DIGITS: usize = 8;
/// Before and after the SIRET in a heading.
pub(super) const HEADING: (&str, &str) = ("Journal de l'établissement ", ", format 1.");
/// What follows in the heading of a later volume: before its first number, before that of the entry before,
/// and before the hash of that entry's line.
pub(super) const CONTINUED: [&str; 3] =
    [" Ce volume commence à l'entrée ", ". Empreinte de l'entrée ", " : "];
/// Before the number of entries in the closing line of the last volume.
pub(super) const CLOSING: &str = "Fin du journal. Entrées : ";
/// Before the number of the last entry, and before the number of entries of the journal, in the closing line
/// of any other volume.
pub(super) const CONTINUES: (&str, &str) =
    ("Fin du volume. La suite du journal est dans un autre. Dernière entrée ici : ", " sur ");
/// Before the moment in a closing line.
pub(super) const CLOSED_AT: &str = ". Le ";

/// The SHA-256 of a line, without its line end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LineHash(String);

impl LineHash {
    #[must_use]
    pub fn of(line: &str) -> Self {
        Self(hexadecimal(&Sha256::digest(line.as_bytes())))
    }

    /// Reads 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        (digits.len() == HASH_DIGITS && digits.bytes().all(is_digit)).then(|| Self(digits.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a journal stands: what the next line needs of those before. Its write has the condition that it
/// stands there still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub entries: u64,
    /// The hash of the last line; of the heading, while there are no entries.
    pub head: LineHash,
}

impl Chain {
    /// An empty journal. Its heading names the establishment, so that no line fits into another's journal.
    #[must_use]
    pub fn new(siret: &Siret) -> Self {
        Self { entries: 0, head: LineHash::of(&checked(&heading(siret))) }
    }

    /// The line of an entry, without its line end, and where the journal stands with it:
    /// `<number> <moment, UTC> <sentence> <hash of the line before> <check>`.
    #[must_use]
    pub fn append(&self, now: Timestamp, entry: &Entry) -> (String, Self) {
        let entries = self.entries.saturating_add(1);
        let (sentence, before) = (entry.sentence(entries), self.head.as_str());
        let line = checked(&format!("{entries} {now:.0} {sentence} {before}"));
        let head = LineHash::of(&line);
        (line, Self { entries, head })
    }

    /// The whole journal as one volume: see [`Volume::document`].
    ///
    /// # Errors
    /// The first line that is not the one that the journal went on from.
    pub fn document<'a>(
        &self,
        siret: &Siret,
        lines: impl IntoIterator<Item = &'a str>,
        now: Timestamp,
    ) -> Result<String, Broken> {
        let lines = lines.into_iter().map(str::to_owned).collect();
        let (before, journal) = (Self::new(siret), self.clone());
        Volume { siret: siret.clone(), before, lines, is_last: true, journal }.document(now)
    }
}

/// Consecutive lines of a journal, to be handed out as one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub siret: Siret,
    /// Where the journal stood before the first of them.
    pub before: Chain,
    /// Without their line ends.
    pub lines: Vec<String>,
    /// Whether the journal ends with them.
    pub is_last: bool,
    /// Where the whole journal stands.
    pub journal: Chain,
}

impl Volume {
    /// The number of its last entry: that of the entry before, while it has none.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.before.entries.saturating_add(self.lines.len() as u64)
    }

    /// The volume as it is handed out: heading, lines, and a closing line that holds number and hash of the
    /// last. Each ends with a line end, and none is blank: it can be the text of a [note](crate::note).
    ///
    /// # Errors
    /// The first line that is not the one that the journal went on from: it is not to be signed.
    pub fn document(&self, now: Timestamp) -> Result<String, Broken> {
        let mut document = heading_after(&self.siret, &self.before);
        document.push('\n');
        for line in &self.lines {
            document.push_str(line);
            document.push('\n');
        }
        let entries = self.journal.entries;
        let closing = if self.is_last {
            format!("{CLOSING}{entries}{CLOSED_AT}{now:.0} {}", self.journal.head.as_str())
        } else {
            let head = self.lines.last().map_or_else(|| self.before.head.clone(), |line| LineHash::of(line));
            let (before, between) = CONTINUES;
            format!("{before}{}{between}{entries}{CLOSED_AT}{now:.0} {}", self.last(), head.as_str())
        };
        document.push_str(&checked(&closing));
        document.push('\n');
        verify(document.as_bytes()).map(|_| document)
    }
}

/// A heading of the first volume, without its check.
fn heading(siret: &Siret) -> String {
    format!("{}{siret}{}", HEADING.0, HEADING.1)
}

/// The heading of the volume that begins after `before`.
pub(super) fn heading_after(siret: &Siret, before: &Chain) -> String {
    let (heading, Chain { entries, head }) = (heading(siret), before);
    if *entries == 0 {
        return checked(&heading);
    }
    let ([first, last, hash], next) = (CONTINUED, entries.saturating_add(1));
    checked(&format!("{heading}{first}{next}{last}{entries}{hash}{}", head.as_str()))
}

/// A line with its check.
fn checked(content: &str) -> String {
    format!("{content} {}", check(content))
}

pub(super) fn check(content: &str) -> String {
    let mut digits = hexadecimal(&Sha256::digest(content.as_bytes()));
    digits.truncate(CHECK_DIGITS);
    digits
}
