//! The journal of an establishment: one line an entry, each with the hash of the line before.

use sha2::{Digest, Sha256};

use crate::email::Email;
use crate::invitation::Offer;
use crate::mandate::{Scope, Scopes, Side, Term};
use crate::membership::{Change, Role};
use crate::name::{FullName, Name};
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
/// Before and between the number of entries and the moment in a closing line.
const CLOSING: (&str, &str) = ("Fin du journal. Entrées : ", ". Le ");

/// Who did what an entry tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Somebody of this establishment; at a mandate's use, of the cabinet.
    Person(FullName),
    /// The other establishment of a mandate.
    OtherSide,
    /// Somebody of the agency.
    Agent(Name),
}

impl By {
    fn subject(&self) -> String {
        match self {
            Self::Person(who) => person(who),
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MandateEvent {
    Offered,
    Accepted,
    Declined,
    Ended,
    /// Its cabinet acted by it for the first time.
    FirstUsed,
}

/// What a journal tells. An address is written masked, a name as the person wrote it; no identifier, token,
/// telephone or password is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Without an invitation: by an activation.
    Joined {
        who: FullName,
        role: Role,
    },
    /// Left, removed, promoted, demoted, suspended or resumed; who leaves does it themselves.
    Changed {
        change: Change,
        who: FullName,
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
    InvitationAccepted {
        who: FullName,
        email: Email,
        role: Role,
    },
    Mandate {
        event: MandateEvent,
        mandate: MandateView,
        by: By,
    },
    AddressChanged {
        who: FullName,
        before: Email,
        after: Email,
    },
    SpaceClosed {
        by: By,
    },
    /// An agent of the agency saw something of the establishment's: `what` is a noun, without address or
    /// secret.
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

    /// The entry in French, on one line of at most [`SENTENCE_LENGTH_MAX`] characters.
    #[must_use]
    pub fn sentence(&self) -> String {
        let sentence = match self {
            Self::Joined { who, role } => {
                format!("{} a rejoint l'établissement comme {}.", person(who), role.label())
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
            Self::InvitationAccepted { who, email, role } => {
                let (who, role) = (reached(who, email), role.label());
                format!("{who} a accepté l'invitation et rejoint l'établissement comme {role}.")
            }
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
                let (who, before, after) = (person(who), before.masked(), after.masked());
                format!("{who} a changé d'adresse électronique : {before}, puis {after}.")
            }
            Self::SpaceClosed { by } => format!("{} a fermé l'espace de l'établissement.", by.subject()),
            Self::AgentLooked { agent: name, what } => format!("{} a consulté : {what}.", agent(name)),
            Self::AgentActed { agent: name, what } => format!("{} est intervenu : {what}.", agent(name)),
        };
        one_line(&sentence)
    }
}

fn changed(change: Change, who: &FullName, by: &By) -> String {
    let (who, by) = (person(who), by.subject());
    match change {
        Change::Leave => format!("{who} a quitté l'établissement."),
        Change::Remove => format!("{by} a retiré {who} de l'établissement."),
        Change::Promote => format!("{by} a donné à {who} le rôle de titulaire."),
        Change::Demote => format!("{by} a retiré à {who} le rôle de titulaire."),
        Change::Suspend => format!("{by} a suspendu l'accès de {who}."),
        Change::Resume => format!("{by} a rétabli l'accès de {who}."),
    }
}

fn person(who: &FullName) -> String {
    quoted(&who.joined())
}

fn reached(who: &FullName, email: &Email) -> String {
    format!("{} ({})", person(who), email.masked())
}

fn agent(name: &Name) -> String {
    format!("L'agent {}", quoted(name.as_str()))
}

/// A name in quotes that it cannot end: else somebody's name could tell what nobody did.
fn quoted(name: &str) -> String {
    format!("«\u{A0}{}\u{A0}»", name.replace(['«', '»'], "\""))
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        Self { entries: 0, head: LineHash::of(&heading(siret)) }
    }

    /// The line of an entry, without its line end, and where the journal stands with it:
    /// `<number> <moment, UTC> <sentence> <hash of the line before> <check>`.
    #[must_use]
    pub fn append(&self, now: Timestamp, entry: &Entry) -> (String, Self) {
        let entries = self.entries.saturating_add(1);
        let line = checked(&format!("{entries} {now:.0} {} {}", entry.sentence(), self.head.as_str()));
        let head = LineHash::of(&line);
        (line, Self { entries, head })
    }

    /// The journal as it is handed out: heading, lines, and a closing line that holds number and hash of the
    /// last. Each ends with a line end, and none is blank: it can be the text of a [note](crate::note).
    #[must_use]
    pub fn document<'a>(
        &self,
        siret: &Siret,
        lines: impl IntoIterator<Item = &'a str>,
        now: Timestamp,
    ) -> String {
        let mut document = heading(siret);
        document.push('\n');
        for line in lines {
            document.push_str(line);
            document.push('\n');
        }
        let (before, between) = CLOSING;
        let head = self.head.as_str();
        document.push_str(&checked(&format!("{before}{}{between}{now:.0} {head}", self.entries)));
        document.push('\n');
        document
    }
}

fn heading(siret: &Siret) -> String {
    let (before, after) = HEADING;
    checked(&format!("{before}{siret}{after}"))
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

/// A journal whose lines fit. Who wrote them is for its signatures to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub siret: Siret,
    pub entries: u64,
    /// When it was handed out.
    pub closed_at: Timestamp,
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
    /// It is whole, and not the line that the next one holds the hash of.
    Replaced,
    /// A line is missing here.
    Dropped,
    /// A later line stands here, and the one of this place further down.
    Swapped,
    /// An earlier line stands here again, or one that was added.
    Repeated,
}

/// Verifies a journal as it was handed out, up to the first blank line: signatures follow it.
///
/// # Errors
/// The first line that was altered, dropped, swapped or repeated. What was rewritten with all hashes after it
/// is found by the signatures alone, and so is another closing line.
pub fn verify(file: &[u8]) -> Result<Verified, Broken> {
    let pieces: Vec<&[u8]> = file.split(|&byte| byte == b'\n').collect();
    let end = pieces.iter().position(|piece| piece.is_empty());
    let lines: Vec<Line<'_>> = pieces.into_iter().take(end.unwrap_or(usize::MAX)).map(Line::parse).collect();
    let broken = |rank: usize, why| Err(Broken { line: rank + 1, why });
    let siret = match lines.first() {
        Some(Line { kind: Kind::Heading(siret), .. }) => siret.clone(),
        Some(Line { kind: Kind::Unknown, .. }) => return broken(0, Why::Altered),
        _ => return broken(0, out_of_order(&lines, |kind| matches!(kind, Kind::Heading(_)))),
    };
    let mut chain = Chain::new(&siret);
    for (rank, line) in lines.iter().enumerate().skip(1) {
        let next = chain.entries.saturating_add(1);
        match &line.kind {
            Kind::Unknown => return broken(rank, Why::Altered),
            Kind::Heading(_) => return broken(rank, Why::Repeated),
            Kind::Entry { number, .. } if *number < next => return broken(rank, Why::Repeated),
            Kind::Entry { number, .. } if *number > next => {
                return broken(rank, out_of_order(&lines[rank..], |kind| kind.is_entry(next)));
            }
            Kind::Entry { before, .. } if *before != chain.head => return broken(rank - 1, Why::Replaced),
            Kind::Entry { .. } => chain = Chain { entries: next, head: LineHash::of(line.text) },
            Kind::Closing { entries, .. } if *entries > chain.entries => {
                return broken(rank, out_of_order(&lines[rank..], |kind| kind.is_entry(next)));
            }
            Kind::Closing { entries, head, .. } if *entries < chain.entries || *head != chain.head => {
                return broken(rank - 1, Why::Replaced);
            }
            Kind::Closing { .. } if rank + 1 < lines.len() => return broken(rank + 1, Why::Repeated),
            Kind::Closing { .. } if end.is_none() => return broken(rank, Why::Altered),
            Kind::Closing { at, .. } => {
                return Ok(Verified { siret, entries: chain.entries, closed_at: *at });
            }
        }
    }
    broken(lines.len(), Why::Dropped)
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
    Heading(Siret),
    Entry { number: u64, before: LineHash },
    Closing { entries: u64, at: Timestamp, head: LineHash },
    Unknown,
}

impl Kind {
    fn is_entry(&self, sought: u64) -> bool {
        matches!(self, Self::Entry { number, .. } if *number == sought)
    }
}

impl<'a> Line<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let content = text.rsplit_once(' ').filter(|(content, digits)| check(content) == *digits);
        let kind = content.and_then(|(content, _)| Self::kind(content)).unwrap_or(Kind::Unknown);
        Self { text, kind }
    }

    fn kind(content: &str) -> Option<Kind> {
        if let Some(siret) = content.strip_prefix(HEADING.0) {
            let siret = siret.strip_suffix(HEADING.1)?;
            return Siret::parse(siret).ok().filter(|parsed| parsed.as_str() == siret).map(Kind::Heading);
        }
        let (rest, hash) = content.rsplit_once(' ')?;
        let hash = LineHash::parse(hash)?;
        if let Some(rest) = rest.strip_prefix(CLOSING.0) {
            let (entries, at) = rest.split_once(CLOSING.1)?;
            return Some(Kind::Closing { entries: number(entries)?, at: at.parse().ok()?, head: hash });
        }
        let mut parts = rest.splitn(3, ' ');
        let number = number(parts.next()?)?;
        let _at: Timestamp = parts.next()?.parse().ok()?;
        parts.next().map(|_| Kind::Entry { number, before: hash })
    }
}

/// A number as it is printed.
fn number(printed: &str) -> Option<u64> {
    printed.parse().ok().filter(|number: &u64| number.to_string() == printed)
}
