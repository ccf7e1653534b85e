//! Tests of the journal: sentences without secrets, and a chain in which nothing changes unseen.

mod verification;
mod volumes;

use std::collections::HashSet;

use domain::invitation::Offer;
use domain::journal::{
    Broken, By, Chain, Entry, LineHash, MandateEvent, MandateView, SENTENCE_LENGTH_MAX, Who, Why, verify,
};
use domain::membership::{Change, Effect};
use domain::note::Note;
use domain::time::{SignedDuration, Timestamp, after};
use domain::{Email, FullName, Membership, Name, Role, Scope, Side, Siret, Term};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::{Digest, Sha256};

use crate::common;

fn siret() -> Siret {
    Siret::parse("73282932000074").unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T16:00:00.987Z".parse().unwrap()
}

fn named(first: &str, last: &str) -> FullName {
    FullName { first: Name::parse(first).unwrap(), last: Name::parse(last).unwrap() }
}

fn elodie() -> Who {
    Who { name: named("Élodie", "Dupont"), mark: 1 }
}

fn paul() -> Who {
    Who { name: named("Paul", "Martin"), mark: 2 }
}

fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

fn by() -> By {
    By::Person(elodie())
}

fn mandate(side: Side) -> MandateView {
    MandateView {
        side,
        other_siret: Siret::parse("35600000009075").unwrap(),
        other_name: Name::parse("Cabinet Léa").unwrap(),
        scopes: [Scope::Read, Scope::Declare].into_iter().collect(),
        term: Term::new("2026-11-23".parse().unwrap(), "2027-11-22".parse().unwrap()).unwrap(),
    }
}

/// An entry, its kind and its sentence as the seventh; a plain space stands for those in quotes and marks.
type Told = (Entry, &'static str, &'static str);

/// How sentences of [`of_mandates`] go on.
const OF_CABINET: &str = "mandat du cabinet « Cabinet Léa » (SIRET 35600000009075), du 23/11/2026 au \
                          22/11/2027 : consulter le dossier, déposer les demandes d'autorisation.";

fn of_members() -> [Told; 7] {
    let change = |change| Entry::Changed { change, who: paul(), by: by() };
    [
        (
            Entry::Joined { who: elodie().name, role: Role::Holder },
            "joined",
            "« Élodie Dupont » (n° 7) a rejoint l'établissement comme titulaire.",
        ),
        (change(Change::Leave), "left", "« Paul Martin » (n° 2) a quitté l'établissement."),
        (
            change(Change::Remove),
            "removed",
            "« Élodie Dupont » (n° 1) a retiré « Paul Martin » (n° 2) de l'établissement.",
        ),
        (
            change(Change::Promote),
            "promoted",
            "« Élodie Dupont » (n° 1) a donné à « Paul Martin » (n° 2) le rôle de titulaire.",
        ),
        (
            change(Change::Demote),
            "demoted",
            "« Élodie Dupont » (n° 1) a retiré à « Paul Martin » (n° 2) le rôle de titulaire.",
        ),
        (
            change(Change::Suspend),
            "suspended",
            "« Élodie Dupont » (n° 1) a suspendu l'accès de « Paul Martin » (n° 2).",
        ),
        (
            change(Change::Resume),
            "resumed",
            "« Élodie Dupont » (n° 1) a rétabli l'accès de « Paul Martin » (n° 2).",
        ),
    ]
}

/// The entry of an acceptance by a person of the second entry.
fn accepted(effect: Effect) -> Option<Entry> {
    Entry::accepted(paul().name, email("paul.martin@exemple.fr"), effect, 2)
}

fn of_invitations() -> [Told; 3] {
    let (to, agent) = (email("paul.martin@exemple.fr"), Name::parse("Agent 7").unwrap());
    [
        (
            Entry::Invited { who: paul().name, email: to.clone(), offer: Offer::Successor, by: by() },
            "invited",
            "« Élodie Dupont » (n° 1) a invité « Paul Martin » (p•••@exemple.fr) comme titulaire, pour \
             prendre sa suite.",
        ),
        (
            Entry::InvitationWithdrawn { who: paul().name, email: to, by: By::Agent(agent) },
            "invitation-withdrawn",
            "L'agent « Agent 7 » a retiré l'invitation de « Paul Martin » (p•••@exemple.fr).",
        ),
        (
            accepted(Effect::join(Role::Member)).unwrap(),
            "invitation-accepted",
            "« Paul Martin » (n° 7) a accepté l'invitation à l'adresse p•••@exemple.fr et rejoint \
             l'établissement comme utilisateur.",
        ),
    ]
}

/// With the beginning of each sentence.
fn of_mandates() -> [Told; 5] {
    let event = |event, by| Entry::Mandate { event, mandate: mandate(Side::Client), by };
    [
        (
            event(MandateEvent::Offered, By::OtherSide),
            "mandate-offered",
            "L'autre établissement a proposé le ",
        ),
        (event(MandateEvent::Accepted, by()), "mandate-accepted", "« Élodie Dupont » (n° 1) a accepté le "),
        (event(MandateEvent::Declined, by()), "mandate-declined", "« Élodie Dupont » (n° 1) a refusé le "),
        (event(MandateEvent::Ended, by()), "mandate-ended", "« Élodie Dupont » (n° 1) a mis fin au "),
        (
            event(MandateEvent::FirstUsed, By::PersonOfOtherSide(paul())),
            "mandate-first-used",
            "« Paul Martin » (n° 2 de l'autre journal) a utilisé pour la première fois le ",
        ),
    ]
}

fn of_others() -> [Told; 4] {
    let agent = || Name::parse("Agent 7").unwrap();
    [
        (
            Entry::AddressChanged {
                who: paul(),
                before: email("paul.martin@exemple.fr"),
                after: email("pm@exemple.com"),
            },
            "address-changed",
            "« Paul Martin » (n° 2) a changé d'adresse électronique : p•••@exemple.fr, puis \
             p•••@exemple.com.",
        ),
        (
            Entry::SpaceClosed { by: by() },
            "space-closed",
            "« Élodie Dupont » (n° 1) a fermé l'espace de l'établissement.",
        ),
        (
            Entry::AgentLooked { agent: agent(), what: "les membres".to_owned() },
            "agent-looked",
            "L'agent « Agent 7 » a consulté : « les membres ».",
        ),
        (
            Entry::AgentActed { agent: agent(), what: "envoi d'un nouveau lien".to_owned() },
            "agent-acted",
            "L'agent « Agent 7 » est intervenu : « envoi d'un nouveau lien ».",
        ),
    ]
}

fn every_entry() -> impl Iterator<Item = Told> {
    of_members().into_iter().chain(of_invitations()).chain(of_mandates()).chain(of_others())
}

fn entries() -> Vec<Entry> {
    every_entry().map(|(entry, _, _)| entry).collect()
}

/// A journal as it is handed out, each line with its line end.
fn journal(of: &Siret, entries: &[Entry]) -> Vec<String> {
    let mut chain = Chain::new(of);
    let mut lines = Vec::new();
    for (second, entry) in (0..).zip(entries) {
        let (line, next) = chain.append(after(now(), SignedDuration::from_secs(second)), entry);
        lines.push(line);
        chain = next;
    }
    let document = chain.document(of, lines.iter().map(String::as_str), now()).unwrap();
    document.split_inclusive('\n').map(str::to_owned).collect()
}

fn broken(lines: &[String]) -> Broken {
    verify(lines.concat().as_bytes()).unwrap_err()
}

/// A line as somebody writes it anew who knows how checks are made.
fn with_check(content: &str) -> String {
    let hash = Sha256::digest(content.as_bytes());
    let digits: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{content} {digits}\n")
}

/// A line without its check and its end.
fn without_check(line: &str) -> &str {
    line.trim_end_matches('\n').rsplit_once(' ').unwrap().0
}

/// A line as somebody adds it who knows how the chain is made.
fn chained(number: usize, before: &str) -> String {
    let hash = LineHash::of(before.trim_end_matches('\n'));
    with_check(&format!("{number} 2026-11-23T16:00:00Z Rien. {}", hash.as_str()))
}

/// Lines with some of those of `source` put in, taken away, swapped and replaced, or without their end.
fn edited(mut lines: Vec<String>, source: &[String], edits: Vec<(u8, Index, Index)>) -> Vec<String> {
    for (edit, one, other) in edits {
        let line = source[other.index(source.len())].clone();
        let count = lines.len();
        match edit {
            0 => lines.insert(one.index(count + 1), line),
            _ if count == 0 => {}
            1 => drop(lines.remove(one.index(count))),
            2 => lines.swap(one.index(count), other.index(count)),
            3 => lines[one.index(count)] = line,
            _ => lines.truncate(one.index(count)),
        }
    }
    lines
}

#[test]
fn every_entry_is_a_sentence_that_anybody_reads() {
    let mut kinds = HashSet::new();
    for (entry, kind, sentence) in every_entry() {
        let end = if matches!(entry, Entry::Mandate { .. }) { OF_CABINET } else { "" };
        assert_eq!(entry.kind(), kind);
        assert_eq!(entry.sentence(7).replace('\u{A0}', " "), format!("{sentence}{end}"));
        assert!(kinds.insert(kind), "{kind} twice");
    }
    let held =
        Entry::Mandate { event: MandateEvent::Ended, mandate: mandate(Side::Cabinet), by: By::OtherSide };
    let start =
        "L'autre établissement a mis fin au mandat pour l'établissement «\u{A0}Cabinet Léa\u{A0}» (SIRET";
    assert!(held.sentence(1).starts_with(start), "{}", held.sentence(1));
}

#[test]
fn an_acceptance_tells_who_joined_or_became_a_holder_and_nothing_else() {
    let (holder, member) = (Membership::active(Role::Holder), Membership::active(Role::Member));
    let promoted = accepted(member.change(Change::Promote)).unwrap();
    assert_eq!(promoted.kind(), "invitation-accepted");
    assert_eq!(
        promoted.sentence(7).replace('\u{A0}', " "),
        "« Paul Martin » (n° 2) a accepté l'invitation à l'adresse p•••@exemple.fr et pris le rôle de \
         titulaire.",
    );
    assert_eq!(accepted(holder.change(Change::Promote)), None);
    assert_eq!(accepted(Effect { before: Some(member), after: Some(member) }), None);
}

#[test]
fn two_people_of_one_name_are_told_apart() {
    let leaves = |mark| Entry::Changed { change: Change::Leave, who: Who { mark, ..paul() }, by: by() };
    assert_ne!(leaves(2).sentence(9), leaves(3).sentence(9));
    let imitator = Who { name: named("Paul Martin » (n°\u{A0}2)", "x"), mark: 3 };
    let sentence = Entry::Changed { change: Change::Leave, who: imitator, by: by() }.sentence(9);
    assert!(sentence.contains("» (n°\u{A0}3)") && !sentence.contains("» (n°\u{A0}2)"), "{sentence}");
}

#[test]
fn no_sentence_holds_an_address() {
    for entry in entries() {
        let sentence = entry.sentence(1);
        assert!(!sentence.contains("paul.martin@") && !sentence.contains("pm@"), "{sentence}");
    }
}

#[test]
fn a_line_has_number_moment_sentence_and_the_hash_of_the_line_before() {
    let chain = Chain::new(&siret());
    let (first, chain) = chain.append(now(), &Entry::SpaceClosed { by: by() });
    let (second, chain) = chain.append(now(), &Entry::SpaceClosed { by: by() });
    assert!(
        first.starts_with("1 2026-11-23T16:00:00Z «\u{A0}Élodie Dupont\u{A0}» (n°\u{A0}1) a fermé"),
        "{first}"
    );
    assert!(second.starts_with("2 2026-11-23T16:00:00Z "), "{second}");
    assert!(second.contains(&format!(". {} ", LineHash::of(&first).as_str())), "{second}");
    assert_eq!(chain, Chain { entries: 2, head: LineHash::of(&second) });
    let document = chain.document(&siret(), [first.as_str(), &second], now()).unwrap();
    let lines: Vec<&str> = document.lines().collect();
    assert!(lines[0].starts_with("Journal de l'établissement 73282932000074, format 1. "));
    assert!(first.contains(LineHash::of(lines[0]).as_str()));
    let closing = format!("Fin du journal. Entrées : 2. Le 2026-11-23T16:00:00Z {} ", chain.head.as_str());
    assert!(lines[3].starts_with(&closing), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_journal_is_handed_out_only_as_its_chain_has_it() {
    let whole = journal(&siret(), &entries()[..3]);
    let lines: Vec<&str> = whole[1..4].iter().map(|line| line.trim_end_matches('\n')).collect();
    let chain = Chain { entries: 3, head: LineHash::of(lines[2]) };
    let document = |chain: &Chain, lines: &[&str]| chain.document(&siret(), lines.iter().copied(), now());
    assert_eq!(document(&chain, &lines), Ok(whole.concat()));
    let broken = |line, why| Err(Broken { line, why });
    assert_eq!(document(&chain, &lines[..2]), broken(4, Why::Dropped));
    assert_eq!(document(&chain, &lines[1..]), broken(2, Why::Dropped));
    assert_eq!(document(&chain, &[lines[0], lines[2], lines[1]]), broken(3, Why::Swapped));
    assert_eq!(document(&chain, &[lines[0], "2 rien", lines[2]]), broken(3, Why::Altered));
    let earlier = Chain { entries: 2, head: LineHash::of(lines[1]) };
    assert_eq!(document(&earlier, &lines), broken(4, Why::Repeated));
    let miscounted = Chain { entries: 2, ..chain };
    assert_eq!(document(&miscounted, &lines), broken(5, Why::Replaced));
}

#[test]
fn a_name_cannot_forge_a_sentence_or_a_line() {
    let quotes = |sentence: &str| (sentence.matches('«').count(), sentence.matches('»').count());
    let quoting = Who { name: named("Paul » a quitté l'établissement. « Jean", "Martin"), mark: 1 };
    let sentence = Entry::SpaceClosed { by: By::Person(quoting) }.sentence(1);
    assert_eq!(quotes(&sentence), (1, 1), "{sentence}");
    let agent = || Name::parse("A").unwrap();
    let what = || "rien ». L'agent « B » est intervenu : « tout".to_owned();
    for entry in [
        Entry::AgentLooked { agent: agent(), what: what() },
        Entry::AgentActed { agent: agent(), what: what() },
    ] {
        assert_eq!(quotes(&entry.sentence(1)), (2, 2), "{}", entry.sentence(1));
    }
    let what = "rien\n2 2026-11-23T16:00:00Z x\r\u{85}\u{2028}\u{2029}\0\u{202E}".to_owned();
    let looked = Entry::AgentLooked { agent: agent(), what };
    let lines = journal(&siret(), &[looked]);
    assert_eq!(lines.len(), 3);
    assert!(verify(lines.concat().as_bytes()).is_ok());
    assert!(Note::new(lines.concat()).is_ok());
}

#[test]
fn a_sentence_is_bounded() {
    let looked = Entry::AgentLooked { agent: Name::parse("A").unwrap(), what: "é".repeat(20_000) };
    assert_eq!(looked.sentence(1).chars().count(), SENTENCE_LENGTH_MAX);
    let name = "é".repeat(100);
    let long = Entry::Invited {
        who: named(&name, &name),
        email: email(&format!("{}@{}.fr", "x".repeat(64), "d".repeat(63))),
        offer: Offer::Successor,
        by: By::Person(Who { name: named(&name, &name), mark: u64::MAX }),
    };
    assert!(long.sentence(1).ends_with("pour prendre sa suite."));
}

#[test]
fn a_hash_is_64_digits_in_lower_case() {
    let hash = LineHash::of("");
    assert_eq!(hash.as_str(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(LineHash::parse(hash.as_str()), Some(hash.clone()));
    for digits in ["", &hash.as_str()[1..], &hash.as_str().to_uppercase(), &"g".repeat(64)] {
        assert_eq!(LineHash::parse(digits), None, "{digits}");
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn whatever_people_are_called_each_entry_is_one_line_and_the_journal_fits(
        names in vec((common::any_text(), common::any_text()), 1..6), what in common::any_text(),
    ) {
        let name = |text: &str| Name::parse(text).unwrap_or_else(|_| Name::parse("Jean").unwrap());
        let mut all: Vec<Entry> = names
            .iter()
            .map(|(first, last)| Who { name: FullName { first: name(first), last: name(last) }, mark: 1 })
            .map(|who| Entry::SpaceClosed { by: By::Person(who) })
            .collect();
        all.push(Entry::AgentActed { agent: name(&what), what });
        let lines = journal(&siret(), &all);
        prop_assert_eq!(lines.len(), all.len() + 2);
        let text = lines.concat();
        prop_assert_eq!(verify(text.as_bytes()).map(|journal| journal.entries), Ok(all.len() as u64));
        prop_assert!(Note::new(text).is_ok());
    }
}
