//! The journal of an establishment: one line an entry, each with the hash of the line before. What the lines
//! say is here; how they are chained and handed out is in `chain`, how that is verified in `verification`.

mod chain;
mod verification;

use serde::{Deserialize, Serialize};

pub use self::chain::{Chain, LineHash, Volume};
pub use self::verification::{Broken, Doubt, Misfit, Verified, Why, join, verify, verify_signed};
use crate::email::Email;
use crate::invitation::Offer;
use crate::mandate::{Scope, Scopes, Side, Term};
use crate::membership::{Change, Effect, Role};
use crate::name::{FullName, Name};
use crate::siret::Siret;
use crate::text;
use crate::time::Date;

/// The longest sentence, in characters.
pub const SENTENCE_LENGTH_MAX: usize = 1_000;

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
