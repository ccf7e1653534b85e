//! Signals to the agent who decides: what is known, and why it matters. Never a score: a person judges.

use crate::email::Email;
use crate::time::{SignedDuration, Timestamp, after, paris_day};

/// How long an address counts as just changed, and a holder as active.
pub const RECENT_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long the requests of one mailbox are counted together.
pub const SENDER_WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Establishments of one mailbox's requests within it, from which on an agent is told.
pub const ESTABLISHMENTS_OF_MAILBOX_MIN: usize = 2;

/// Domains at which anybody opens a mailbox within a minute: an address there tells nothing of its owner's
/// employer.
const FREE_MAIL_DOMAINS: [&str; 38] = [
    "9online.fr",
    "aliceadsl.fr",
    "aol.com",
    "bbox.fr",
    "club-internet.fr",
    "free.fr",
    "gmail.com",
    "gmx.com",
    "gmx.fr",
    "googlemail.com",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "live.com",
    "live.fr",
    "mac.com",
    "mail.com",
    "me.com",
    "msn.com",
    "neuf.fr",
    "noos.fr",
    "numericable.fr",
    "orange.fr",
    "outlook.com",
    "outlook.fr",
    "proton.me",
    "protonmail.com",
    "sfr.fr",
    "tutanota.com",
    "voila.fr",
    "wanadoo.fr",
    "yahoo.com",
    "yahoo.fr",
    "ymail.com",
    "yopmail.com",
    "yopmail.fr",
    "zoho.com",
];

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// The address of a holder has just changed.
    AddressChanged,
    /// One mailbox asks for several establishments.
    SeveralEstablishments,
    /// The address is one that anybody can open.
    FreeMail,
    /// A holder who is said to have left was there within the last days.
    HolderActive,
}

impl SignalKind {
    pub const ALL: [Self; 4] =
        [Self::AddressChanged, Self::SeveralEstablishments, Self::FreeMail, Self::HolderActive];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AddressChanged => "address-changed",
            Self::SeveralEstablishments => "several-establishments",
            Self::FreeMail => "free-mail",
            Self::HolderActive => "holder-active",
        }
    }
}

/// A signal, and its reason in French.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    pub kind: SignalKind,
    pub reason: String,
}

/// What is known of an active holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderFacts {
    pub email: Email,
    pub address_changed_at: Option<Timestamp>,
    pub password_set_at: Option<Timestamp>,
    /// Their last answer to «toujours là ?».
    pub answered_at: Option<Timestamp>,
    /// When a mail was last taken by the server of their mailbox.
    pub delivered_at: Option<Timestamp>,
}

/// What signals are made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The address that asks.
    pub asker: &'a Email,
    /// Establishments of that mailbox's requests within [`SENDER_WINDOW`], this one included.
    pub establishments: usize,
    pub holders: &'a [HolderFacts],
}

/// The signals, each at most once.
#[must_use]
pub fn signals(facts: &Facts<'_>, now: Timestamp) -> Vec<Signal> {
    let signal = |kind, reason: Option<String>| reason.map(|reason| Signal { kind, reason });
    let recent = |moment: &Timestamp| after(*moment, RECENT_MAX) > now;
    let changed = facts.holders.iter().filter_map(|holder| holder.address_changed_at).filter(recent).max();
    let changed = changed
        .map(|at| format!("L'adresse d'un titulaire a changé le {} : elle a moins de sept jours.", day(at)));
    let signals = [
        signal(SignalKind::AddressChanged, changed),
        signal(SignalKind::SeveralEstablishments, several(facts)),
        signal(SignalKind::FreeMail, free_mail(facts.asker)),
        signal(SignalKind::HolderActive, active(facts, recent)),
    ];
    signals.into_iter().flatten().collect()
}

fn several(facts: &Facts<'_>) -> Option<String> {
    let count = facts.establishments;
    let days = SENDER_WINDOW.as_hours() / 24;
    (count >= ESTABLISHMENTS_OF_MAILBOX_MIN)
        .then(|| format!("La même messagerie a écrit pour {count} établissements en {days} jours."))
}

fn free_mail(asker: &Email) -> Option<String> {
    let domain = asker.domain();
    let is_free = FREE_MAIL_DOMAINS.contains(&domain);
    is_free.then(|| {
        format!("La demande vient de {domain}, où chacun peut ouvrir une messagerie : elle ne prouve rien.")
    })
}

/// The strongest sign of a holder other than the asker: what they did themselves, then what their mailbox
/// took.
fn active(facts: &Facts<'_>, recent: impl Fn(&Timestamp) -> bool) -> Option<String> {
    let others = || facts.holders.iter().filter(|holder| holder.email.mailbox() != facts.asker.mailbox());
    let last = |sign: fn(&HolderFacts) -> Option<Timestamp>| others().filter_map(sign).filter(&recent).max();
    if let Some(at) = last(|holder| holder.answered_at) {
        return Some(format!("Un titulaire a répondu le {} qu'il est toujours là.", day(at)));
    }
    if let Some(at) = last(|holder| holder.password_set_at) {
        return Some(format!("Un titulaire a choisi son mot de passe le {}.", day(at)));
    }
    let at = last(|holder| holder.delivered_at)?;
    Some(format!("La messagerie d'un titulaire a reçu un courriel le {} : elle fonctionne.", day(at)))
}

fn day(moment: Timestamp) -> String {
    paris_day(moment).strftime("%d/%m/%Y").to_string()
}
