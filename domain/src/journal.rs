//! The journal of an establishment: one line an entry, each with the hash of the line before. It is handed
//! out in volumes, one file each.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::email::Email;
use crate::invitation::Offer;
use crate::mandate::{Scope, Scopes, Side, Term};
use crate::membership::{Change, Effect, Role};
use crate::name::{FullName, Name};
use crate::note::{Note, NoteError, VerifierKey};
use crate::siret::Siret;
use crate::text;
use crate::time::{Date, Timestamp};
use crate::token::hexadecimal;

/// The longest sentence, in characters.
pub const SENTENCE_LENGTH_MAX: usize = 1_000;
/// Hexadecimal digits of a hash (SHA-256).
const HASH_DIGITS: usize = 64;
/// Hexadecimal digits of a line's check, the beginning of its own hash: they find the line that was altered,
/// and protect nothing.
const CHECK_DIGITS: usize = 8;
/// Before and after the SIRET in a heading.
const HEADING: (&str, &str) = ("Journal de l'établissement ", ", format 1.");
/// What follows in the heading of a later volume: before its first number, before that of the entry before,
/// and before the hash of that entry's line.
const CONTINUED: [&str; 3] = [" Ce volume commence à l'entrée ", ". Empreinte de l'entrée ", " : "];
/// Before the number of entries in the closing line of the last volume.
const CLOSING: &str = "Fin du journal. Entrées : ";
/// Before the number of the last entry, and before the number of entries of the journal, in the closing line
/// of any other volume.
const CONTINUES: (&str, &str) =
    ("Fin du volume. La suite du journal est dans un autre. Dernière entrée ici : ", " sur ");
/// Before the moment in a closing line.
const CLOSED_AT: &str = ". Le ";
/// What some programs put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The blank line before the signatures, after the last line end of a journal.
const BLANK_LINE: &[u8] = b"\n\n";

/// A member in an entry. Two may have one name, and anybody may choose another's: the mark tells them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub name: FullName,
    /// The number of the entry by which they joined, which their member's row keeps.
    pub mark: u64,
}

/// Who did what an entry tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Somebody of this establishment.
    Person(Who),
    /// Somebody of the other establishment of a mandate, with the mark of that one's journal.
    PersonOfOtherSide(Who),
    /// The other establishment of a mandate.
    OtherSide,
    /// Somebody of the agency.
    Agent(Name),
}

impl By {
    fn subject(&self) -> String {
        match self {
            Self::Person(who) => marked(&who.name, who.mark),
            Self::PersonOfOtherSide(Who { name, mark }) => {
                format!("{} (n°\u{A0}{mark} de l'autre journal)", person(name))
            }
            Self::OtherSide => "L'autre établissement".to_owned(),
            Self::Agent(name) => agent(name),
        }
    }
}

/// A mandate as one of its two establishments sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MandateView {
    /// Of the establishment whose journal it is.
    pub side: Side,
    pub other_siret: Siret,
    pub other_name: Name,
    pub scopes: Scopes,
    pub term: Term,
}

impl MandateView {
    fn object(&self) -> String {
        let other = format!("{} (SIRET {})", quoted(self.other_name.as_str()), self.other_siret);
        let sides = match self.side {
            Side::Client => format!("mandat du cabinet {other}"),
            Side::Cabinet => format!("mandat pour l'établissement {other}"),
        };
        let scopes: Vec<&str> = self.scopes.iter().map(Scope::label).collect();
        let (from, until) = (day(self.term.from()), day(self.term.until()));
        format!("{sides}, du {from} au {until} : {}", scopes.join(", "))
    }
}

/// What happens to a mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MandateEvent {
    Offered,
    Accepted,
    Declined,
    Ended,
    /// Its cabinet acted by it for the first time.
    FirstUsed,
}

/// What an acceptance made of who accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// A member: the entry that tells it gives them their mark.
    Member(Role),
    /// A holder, who was a member with this mark.
    Holder { mark: u64 },
}

/// What a journal tells. An address is written masked, a name as the person wrote it; no identifier, token,
/// telephone or password is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Without an invitation: by an activation. The entry gives them their mark.
    Joined {
        who: FullName,
        role: Role,
    },
    /// Left, removed, promoted, demoted, suspended or resumed; who leaves does it themselves.
    Changed {
        change: Change,
        who: Who,
        by: By,
    },
    Invited {
        who: FullName,
        email: Email,
        offer: Offer,
        by: By,
    },
    InvitationWithdrawn {
        who: FullName,
        email: Email,
        by: By,
    },
    /// See [`Entry::accepted`].
    InvitationAccepted {
        who: FullName,
        email: Email,
        became: Became,
    },
    Mandate {
        event: MandateEvent,
        mandate: MandateView,
        by: By,
    },
    AddressChanged {
        who: Who,
        before: Email,
        after: Email,
    },
    SpaceClosed {
        by: By,
    },
    /// An agent of the agency saw something of the establishment's: `what` is a noun, without address or
    /// secret. It is quoted like a name.
    AgentLooked {
        agent: Name,
        what: String,
    },
    /// An agent of the agency did something: `what`, as above.
    AgentActed {
        agent: Name,
        what: String,
    },
}

impl Entry {
    /// The entry of an acceptance: somebody joined, or a member became a holder; none when nothing changed.
    /// `mark` is that of a member; of one who joins it does not matter.
    #[must_use]
    pub fn accepted(who: FullName, email: Email, effect: Effect, mark: u64) -> Option<Self> {
        let became = match (effect.before, effect.after) {
            (None, Some(member)) => Became::Member(member.role),
            (Some(before), Some(after)) if before != after => Became::Holder { mark },
            _ => return None,
        };
        Some(Self::InvitationAccepted { who, email, became })
    }

    /// The stable name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Joined { .. } => "joined",
            Self::Changed { change, .. } => match change {
                Change::Leave => "left",
                Change::Remove => "removed",
                Change::Promote => "promoted",
                Change::Demote => "demoted",
                Change::Suspend => "suspended",
                Change::Resume => "resumed",
            },
            Self::Invited { .. } => "invited",
            Self::InvitationWithdrawn { .. } => "invitation-withdrawn",
            Self::InvitationAccepted { .. } => "invitation-accepted",
            Self::Mandate { event, .. } => match event {
                MandateEvent::Offered => "mandate-offered",
                MandateEvent::Accepted => "mandate-accepted",
                MandateEvent::Declined => "mandate-declined",
                MandateEvent::Ended => "mandate-ended",
                MandateEvent::FirstUsed => "mandate-first-used",
            },
            Self::AddressChanged { .. } => "address-changed",
            Self::SpaceClosed { .. } => "space-closed",
            Self::AgentLooked { .. } => "agent-looked",
            Self::AgentActed { .. } => "agent-acted",
        }
    }

    /// The entry in French, on one line of at most [`SENTENCE_LENGTH_MAX`] characters. `number` is the
    /// entry's own.
    #[must_use]
    pub fn sentence(&self, number: u64) -> String {
        let sentence = match self {
            Self::Joined { who, role } => {
                format!("{} a rejoint l'établissement comme {}.", marked(who, number), role.label())
            }
            Self::Changed { change, who, by } => changed(*change, who, by),
            Self::Invited { who, email, offer, by } => {
                let successor = if offer.is_successor() { ", pour prendre sa suite" } else { "" };
                let (invited, role) = (reached(who, email), offer.role().label());
                format!("{} a invité {invited} comme {role}{successor}.", by.subject())
            }
            Self::InvitationWithdrawn { who, email, by } => {
                format!("{} a retiré l'invitation de {}.", by.subject(), reached(who, email))
            }
            Self::InvitationAccepted { who, email, became } => accepted(who, email, *became, number),
            Self::Mandate { event, mandate, by } => {
                let (subject, object) = (by.subject(), mandate.object());
                match event {
                    MandateEvent::Offered => format!("{subject} a proposé le {object}."),
                    MandateEvent::Accepted => format!("{subject} a accepté le {object}."),
                    MandateEvent::Declined => format!("{subject} a refusé le {object}."),
                    MandateEvent::Ended => format!("{subject} a mis fin au {object}."),
                    MandateEvent::FirstUsed => {
                        format!("{subject} a utilisé pour la première fois le {object}.")
                    }
                }
            }
            Self::AddressChanged { who, before, after } => {
                let (who, before, after) = (marked(&who.name, who.mark), before.masked(), after.masked());
                format!("{who} a changé d'adresse électronique : {before}, puis {after}.")
            }
            Self::SpaceClosed { by } => format!("{} a fermé l'espace de l'établissement.", by.subject()),
            Self::AgentLooked { agent: name, what } => {
                format!("{} a consulté : {}.", agent(name), quoted(what))
            }
            Self::AgentActed { agent: name, what } => {
                format!("{} est intervenu : {}.", agent(name), quoted(what))
            }
        };
        one_line(&sentence)
    }
}

fn changed(change: Change, who: &Who, by: &By) -> String {
    let (who, by) = (marked(&who.name, who.mark), by.subject());
    match change {
        Change::Leave => format!("{who} a quitté l'établissement."),
        Change::Remove => format!("{by} a retiré {who} de l'établissement."),
        Change::Promote => format!("{by} a donné à {who} le rôle de titulaire."),
        Change::Demote => format!("{by} a retiré à {who} le rôle de titulaire."),
        Change::Suspend => format!("{by} a suspendu l'accès de {who}."),
        Change::Resume => format!("{by} a rétabli l'accès de {who}."),
    }
}

fn accepted(who: &FullName, email: &Email, became: Became, number: u64) -> String {
    let invitation = format!("a accepté l'invitation à l'adresse {}", email.masked());
    match became {
        Became::Member(role) => {
            let (who, role) = (marked(who, number), role.label());
            format!("{who} {invitation} et rejoint l'établissement comme {role}.")
        }
        Became::Holder { mark } => {
            format!("{} {invitation} et pris le rôle de titulaire.", marked(who, mark))
        }
    }
}

fn person(who: &FullName) -> String {
    quoted(&who.joined())
}

/// A name with its mark, which stands outside the quotes: no name can imitate it.
fn marked(who: &FullName, mark: u64) -> String {
    format!("{} (n°\u{A0}{mark})", person(who))
}

fn reached(who: &FullName, email: &Email) -> String {
    format!("{} ({})", person(who), email.masked())
}

fn agent(name: &Name) -> String {
    format!("L'agent {}", quoted(name.as_str()))
}

/// A text in quotes that it cannot end: else somebody's name could tell what nobody did.
fn quoted(text: &str) -> String {
    format!("«\u{A0}{}\u{A0}»", text.replace(['«', '»'], "\""))
}

fn day(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

/// A text without line breaks, controls and direction marks: it can neither end its line nor hide a part.
fn one_line(text: &str) -> String {
    let visible = text.chars().map(|c| if text::is_invisible(c) { ' ' } else { c });
    visible.take(SENTENCE_LENGTH_MAX).collect()
}

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
fn heading_after(siret: &Siret, before: &Chain) -> String {
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

fn check(content: &str) -> String {
    let mut digits = hexadecimal(&Sha256::digest(content.as_bytes()));
    digits.truncate(CHECK_DIGITS);
    digits
}

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
                let told = usize::try_from(last.saturating_sub(before.entries)).unwrap_or(usize::MAX);
                return broken(told.min(rank - 1), Why::Replaced);
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
    let mut joined = Verified { before: none.clone(), end: none.clone(), entries: 0, ..first.clone() };
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
    let entries = number(entries).filter(|&entries| entries > 0 && entries < u64::MAX)?;
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
