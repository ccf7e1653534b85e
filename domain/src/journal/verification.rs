//! Verification of a journal: which line of a volume does not fit, and whether volumes are one journal.

use std::collections::HashMap;

use super::chain::{CLOSED_AT, CLOSING, CONTINUED, CONTINUES, HEADING, check, heading_after};
use super::{Chain, LineHash};
use crate::note::{Note, NoteError, VerifierKey};
use crate::siret::Siret;
use crate::time::Timestamp;

/// What some programs put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The blank line before the signatures, after the last line end of a journal.
const BLANK_LINE: &[u8] = b"\n\n";

/// A volume whose lines fit, or several that fit together. Who wrote them is for their signatures to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub siret: Siret,
    /// Where the journal stood before the first entry.
    pub before: Chain,
    /// Where it stood with the last.
    pub end: Chain,
    /// Entries of the whole journal when it was handed out.
    pub entries: u64,
    /// When it was handed out: the last volume, of several.
    pub closed_at: Timestamp,
}

impl Verified {
    /// The number of its first entry.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.before.entries.saturating_add(1)
    }

    /// Whether it has every entry of the journal.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.before.entries == 0 && self.end.entries == self.entries
    }
}

/// The first line that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The line of the file, from 1, which is the heading.
    pub line: usize,
    pub why: Why,
}

/// What was done to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Its check does not fit, or it is no line of a journal.
    Altered,
    /// It is whole, and not the line that it was: the next holds the hash of another, or it does not hold the
    /// hash of the line before.
    Replaced,
    /// A line is missing here.
    Dropped,
    /// A later line stands here, and the one of this place further down.
    Swapped,
    /// An earlier line stands here again, or one that was added.
    Repeated,
    /// The line is whole, and a carriage return was put before its end: a program saved the file anew.
    LineEnds,
    /// A program saved the file anew, with a byte order mark before its first line.
    ByteOrderMark,
}

/// Verifies a volume as it was handed out, without signatures: nothing may follow its closing line. A journal
/// that fits in one volume is verified whole.
///
/// # Errors
/// The first line that was altered, dropped, swapped or added. What was rewritten with all hashes after it is
/// found by the signatures alone, and so is another closing line.
pub fn verify(text: &[u8]) -> Result<Verified, Broken> {
    let broken = |rank: usize, why| Err(Broken { line: rank + 1, why });
    if text.starts_with(BYTE_ORDER_MARK) {
        return broken(0, Why::ByteOrderMark);
    }
    let ended = text.strip_suffix(b"\n");
    let lines: Vec<Line<'_>> = ended.unwrap_or(text).split(|&byte| byte == b'\n').map(Line::parse).collect();
    if let Some((rank, why)) = way_back(&lines).and_then(|way| off_the_way(&lines, &way)) {
        return broken(rank, why);
    }
    let (siret, before) = match &lines[0].kind {
        Kind::Heading { siret, before } => (siret.clone(), before.clone()),
        Kind::Unknown(why) => return broken(0, *why),
        _ => return broken(0, out_of_order(&lines, |kind| matches!(kind, Kind::Heading { .. }))),
    };
    let mut chain = before.clone();
    for (rank, line) in lines.iter().enumerate().skip(1) {
        let next = chain.entries.saturating_add(1);
        let follows = line.kind.before() == Some(&chain.head);
        match &line.kind {
            Kind::Unknown(why) => return broken(rank, *why),
            Kind::Heading { .. } => return broken(rank, Why::Repeated),
            Kind::Entry { number, .. } if *number < next => return broken(rank, Why::Repeated),
            Kind::Entry { number, .. } if *number > next => {
                return broken(rank, out_of_order(&lines[rank..], |kind| kind.is_entry(next)));
            }
            Kind::Entry { .. } if !follows => {
                let own = LineHash::of(line.text);
                let after = lines.get(rank + 1).and_then(|line| line.kind.before());
                // Where the line after holds its hash, or cannot tell, the line before is the other one.
                let is_own = after.is_none_or(|hash| *hash == own);
                return broken(if is_own { rank - 1 } else { rank }, Why::Replaced);
            }
            Kind::Entry { .. } => chain = Chain { entries: next, head: LineHash::of(line.text) },
            Kind::Closing { last, .. } if follows && *last != chain.entries => {
                return broken(rank, Why::Replaced);
            }
            Kind::Closing { last, .. } if *last > chain.entries => {
                return broken(rank, out_of_order(&lines[rank..], |kind| kind.is_entry(next)));
            }
            Kind::Closing { last, .. } if !follows => {
                // The line of that number is the last whose hash it could hold.
                let told = usize::try_from(last.saturating_sub(before.entries)).unwrap_or(rank);
                return broken(told, Why::Replaced);
            }
            // The one volume without an entry is the whole of an empty journal.
            Kind::Closing { entries, .. } if chain == before && *entries > 0 => {
                return broken(rank, Why::Dropped);
            }
            Kind::Closing { .. } if rank + 1 < lines.len() => return broken(rank + 1, Why::Repeated),
            Kind::Closing { .. } if ended.is_none() => return broken(rank, Why::Altered),
            Kind::Closing { entries, at, .. } => {
                return Ok(Verified { siret, before, end: chain, entries: *entries, closed_at: *at });
            }
        }
    }
    broken(lines.len(), Why::Dropped)
}

/// The lines to which the closing line leads back, hash by hash, in their order from the heading on: what the
/// journal was, if it reaches a heading.
fn way_back(lines: &[Line<'_>]) -> Option<Vec<usize>> {
    let (last, others) = lines.split_last()?;
    let mut ranks = HashMap::new();
    for (rank, line) in others.iter().enumerate() {
        // A line goes on from a later volume's heading by the hash that this states.
        let hash = match &line.kind {
            Kind::Heading { before, .. } => before.head.clone(),
            _ => LineHash::of(line.text),
        };
        ranks.entry(hash).or_insert(rank);
    }
    let mut way = Vec::new();
    let mut sought = if last.kind.is_closing() { last.kind.before() } else { None };
    while let Some(hash) = sought {
        // No line twice: the way ends.
        let rank = ranks.remove(hash)?;
        way.push(rank);
        sought = others[rank].kind.before();
    }
    way.reverse();
    way.first().is_some_and(|&rank| matches!(others[rank].kind, Kind::Heading { .. })).then_some(way)
}

/// The first line that is not in its place on the way back: one that was added to the journal, or moved
/// within it.
fn off_the_way(lines: &[Line<'_>], way: &[usize]) -> Option<(usize, Why)> {
    let rank = (0..lines.len() - 1).find(|rank| way.get(*rank) != Some(rank))?;
    match lines[rank].kind {
        Kind::Unknown(why) => Some((rank, why)),
        _ if way.contains(&rank) => Some((rank, Why::Swapped)),
        _ => Some((rank, Why::Repeated)),
    }
}

/// Why a signed journal is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    Broken(Broken),
    /// Its lines fit, and it is no signed note.
    Note(NoteError),
    /// Its lines fit, and no signature is of a known key.
    UnknownSigner,
    /// Its lines fit, and a signature that names a known key is not of this text.
    Forged,
}

/// Verifies a volume with its signatures: what is signed is the whole of what is verified. `is_signed` says
/// whether a key made a signature (its bytes, the last argument) of a text.
///
/// # Errors
/// The first line that does not fit, before anything about the note and its signatures.
pub fn verify_signed(
    file: &[u8],
    keys: &[VerifierKey],
    is_signed: impl Fn(&VerifierKey, &[u8], &[u8]) -> bool,
) -> Result<Verified, Doubt> {
    let note = Note::parse(file);
    let text = note.as_ref().map_or_else(|_| before_signatures(file), |note| note.text().as_bytes());
    let verified = verify(text).map_err(Doubt::Broken)?;
    let note = note.map_err(Doubt::Note)?;
    let mut is_known = false;
    for key in keys {
        for signature in note.signatures_of(key) {
            if !is_signed(key, note.text().as_bytes(), &signature.bytes) {
                return Err(Doubt::Forged);
            }
            is_known = true;
        }
    }
    if is_known { Ok(verified) } else { Err(Doubt::UnknownSigner) }
}

/// Why volumes, each of which fits, are not one journal. Ranks are those of the volumes as they were given,
/// from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// It is of another establishment than the first given.
    OtherEstablishment { rank: usize },
    /// No volume has these entries, from the first to the last.
    Missing { first: u64, last: u64 },
    /// It has an entry that another has too.
    Repeated { rank: usize, entry: u64 },
    /// The entry before its first is not the one that the volume before ends with: one of them is of another
    /// journal.
    Replaced { rank: usize, entry: u64 },
}

/// Verifies that volumes, in any order, are one journal: each was verified by itself. A single one may be a
/// part; of several every entry must be there, as many as any of them tells.
///
/// # Errors
/// In the order of the entries, the first that does not fit.
pub fn join(first: &Verified, others: &[Verified]) -> Result<Verified, Misfit> {
    if others.is_empty() {
        return Ok(first.clone());
    }
    let of_another = others.iter().position(|volume| volume.siret != first.siret);
    if let Some(rank) = of_another {
        return Err(Misfit::OtherEstablishment { rank: rank + 1 });
    }
    let mut volumes: Vec<(usize, &Verified)> = std::iter::once(first).chain(others).enumerate().collect();
    volumes.sort_by_key(|(_, volume)| volume.before.entries);
    let none = Chain::new(&first.siret);
    let mut joined = Verified { end: none.clone(), ..first.clone() };
    for (rank, volume) in volumes {
        let last = joined.end.entries;
        if volume.before.entries > last {
            return Err(Misfit::Missing { first: last + 1, last: volume.before.entries });
        }
        if volume.before.entries < last {
            return Err(Misfit::Repeated { rank, entry: volume.first() });
        }
        if volume.before.head != joined.end.head {
            return Err(Misfit::Replaced { rank, entry: last });
        }
        let entries = joined.entries.max(volume.entries);
        joined = Verified { before: none.clone(), entries, ..volume.clone() };
    }
    let last = joined.end.entries;
    if last < joined.entries {
        return Err(Misfit::Missing { first: last + 1, last: joined.entries });
    }
    Ok(joined)
}

/// The text of what is no note, to find the line that spoils it: as far as the last blank line.
fn before_signatures(file: &[u8]) -> &[u8] {
    let blank = file.windows(BLANK_LINE.len()).rposition(|pair| pair == BLANK_LINE);
    blank.map_or(file, |place| &file[..=place])
}

/// Whether the line that is missing stands later, or not at all.
fn out_of_order(lines: &[Line<'_>], is_missing: impl Fn(&Kind) -> bool) -> Why {
    if lines.iter().any(|line| is_missing(&line.kind)) { Why::Swapped } else { Why::Dropped }
}

struct Line<'a> {
    text: &'a str,
    kind: Kind,
}

/// What a line says, if its check fits.
enum Kind {
    Heading {
        siret: Siret,
        /// Where the journal stood before the first line.
        before: Chain,
    },
    Entry {
        number: u64,
        before: LineHash,
    },
    Closing {
        /// The number of the last entry before it.
        last: u64,
        /// Of the whole journal: more than `last` where another volume follows.
        entries: u64,
        at: Timestamp,
        head: LineHash,
    },
    Unknown(Why),
}

impl Kind {
    fn is_entry(&self, sought: u64) -> bool {
        matches!(self, Self::Entry { number, .. } if *number == sought)
    }

    fn is_closing(&self) -> bool {
        matches!(self, Self::Closing { .. })
    }

    /// The hash of the line before, as this line holds it.
    fn before(&self) -> Option<&LineHash> {
        match self {
            Self::Entry { before, .. } => Some(before),
            Self::Closing { head, .. } => Some(head),
            Self::Heading { .. } | Self::Unknown(_) => None,
        }
    }
}

impl<'a> Line<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let kind = Self::kind(text).unwrap_or_else(|| {
            let is_whole = text.strip_suffix('\r').and_then(Self::kind).is_some();
            Kind::Unknown(if is_whole { Why::LineEnds } else { Why::Altered })
        });
        Self { text, kind }
    }

    fn kind(text: &str) -> Option<Kind> {
        let (content, _) = text.rsplit_once(' ').filter(|(content, digits)| check(content) == *digits)?;
        if let Some(rest) = content.strip_prefix(HEADING.0) {
            let (siret, rest) = rest.split_once(HEADING.1)?;
            let siret = Siret::parse(siret).ok()?;
            let before = if rest.is_empty() { Chain::new(&siret) } else { continued(rest)? };
            return (heading_after(&siret, &before) == text).then_some(Kind::Heading { siret, before });
        }
        let (rest, head) = content.rsplit_once(' ')?;
        let head = LineHash::parse(head)?;
        if let Some(rest) = rest.strip_prefix(CLOSING) {
            let (entries, at) = rest.split_once(CLOSED_AT)?;
            let (entries, at) = (number(entries)?, moment(at)?);
            return Some(Kind::Closing { last: entries, entries, at, head });
        }
        if let Some(rest) = rest.strip_prefix(CONTINUES.0) {
            let (numbers, at) = rest.split_once(CLOSED_AT)?;
            let (last, entries) = numbers.split_once(CONTINUES.1)?;
            let (last, entries, at) = (number(last)?, number(entries)?, moment(at)?);
            return (last < entries).then_some(Kind::Closing { last, entries, at, head });
        }
        let mut parts = rest.splitn(3, ' ');
        let number = number(parts.next()?)?;
        moment(parts.next()?)?;
        parts.next().map(|_| Kind::Entry { number, before: head })
    }
}

/// Where the journal stood before a later volume, as its heading states it.
fn continued(stated: &str) -> Option<Chain> {
    let (_, entries) = stated.split_once(CONTINUED[1])?;
    let (entries, head) = entries.split_once(CONTINUED[2])?;
    let entries = number(entries).filter(|&entries| entries < u64::MAX)?;
    Some(Chain { entries, head: LineHash::parse(head)? })
}

/// A number as it is printed.
fn number(printed: &str) -> Option<u64> {
    printed.parse().ok().filter(|number: &u64| number.to_string() == printed)
}

/// A moment as it is printed, and in no other form of RFC 3339.
fn moment(printed: &str) -> Option<Timestamp> {
    printed.parse().ok().filter(|moment: &Timestamp| format!("{moment:.0}") == printed)
}
