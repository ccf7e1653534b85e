//! Tests of the journal: sentences without secrets, and a chain in which nothing changes unseen.

use std::collections::HashSet;

use domain::invitation::Offer;
use domain::journal::{
    Broken, By, Chain, Entry, LineHash, MandateEvent, MandateView, SENTENCE_LENGTH_MAX, Verified, Why, verify,
};
use domain::membership::Change;
use domain::note::Note;
use domain::time::{SignedDuration, Timestamp, after};
use domain::{Email, FullName, Name, Role, Scope, Side, Siret, Term};
use proptest::collection::vec;
use proptest::prelude::*;
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

fn elodie() -> FullName {
    named("Élodie", "Dupont")
}

fn paul() -> FullName {
    named("Paul", "Martin")
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

/// An entry, its kind and its sentence; a plain space stands for the one in quotes.
type Told = (Entry, &'static str, &'static str);

/// How sentences of [`of_mandates`] go on.
const OF_CABINET: &str = "mandat du cabinet « Cabinet Léa » (SIRET 35600000009075), du 23/11/2026 au \
                          22/11/2027 : consulter le dossier, déposer les demandes d'autorisation.";

fn of_members() -> [Told; 7] {
    let change = |change| Entry::Changed { change, who: paul(), by: by() };
    [
        (
            Entry::Joined { who: elodie(), role: Role::Holder },
            "joined",
            "« Élodie Dupont » a rejoint l'établissement comme titulaire.",
        ),
        (change(Change::Leave), "left", "« Paul Martin » a quitté l'établissement."),
        (change(Change::Remove), "removed", "« Élodie Dupont » a retiré « Paul Martin » de l'établissement."),
        (
            change(Change::Promote),
            "promoted",
            "« Élodie Dupont » a donné à « Paul Martin » le rôle de titulaire.",
        ),
        (
            change(Change::Demote),
            "demoted",
            "« Élodie Dupont » a retiré à « Paul Martin » le rôle de titulaire.",
        ),
        (change(Change::Suspend), "suspended", "« Élodie Dupont » a suspendu l'accès de « Paul Martin »."),
        (change(Change::Resume), "resumed", "« Élodie Dupont » a rétabli l'accès de « Paul Martin »."),
    ]
}

fn of_invitations() -> [Told; 3] {
    let (to, agent) = (email("paul.martin@exemple.fr"), Name::parse("Agent 7").unwrap());
    [
        (
            Entry::Invited { who: paul(), email: to.clone(), offer: Offer::Successor, by: by() },
            "invited",
            "« Élodie Dupont » a invité « Paul Martin » (p•••@exemple.fr) comme titulaire, pour prendre sa \
             suite.",
        ),
        (
            Entry::InvitationWithdrawn { who: paul(), email: to.clone(), by: By::Agent(agent) },
            "invitation-withdrawn",
            "L'agent « Agent 7 » a retiré l'invitation de « Paul Martin » (p•••@exemple.fr).",
        ),
        (
            Entry::InvitationAccepted { who: paul(), email: to, role: Role::Member },
            "invitation-accepted",
            "« Paul Martin » (p•••@exemple.fr) a accepté l'invitation et rejoint l'établissement comme \
             utilisateur.",
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
        (event(MandateEvent::Accepted, by()), "mandate-accepted", "« Élodie Dupont » a accepté le "),
        (event(MandateEvent::Declined, by()), "mandate-declined", "« Élodie Dupont » a refusé le "),
        (event(MandateEvent::Ended, by()), "mandate-ended", "« Élodie Dupont » a mis fin au "),
        (
            event(MandateEvent::FirstUsed, By::Person(paul())),
            "mandate-first-used",
            "« Paul Martin » a utilisé pour la première fois le ",
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
            "« Paul Martin » a changé d'adresse électronique : p•••@exemple.fr, puis p•••@exemple.com.",
        ),
        (
            Entry::SpaceClosed { by: by() },
            "space-closed",
            "« Élodie Dupont » a fermé l'espace de l'établissement.",
        ),
        (
            Entry::AgentLooked { agent: agent(), what: "les membres".to_owned() },
            "agent-looked",
            "L'agent « Agent 7 » a consulté : les membres.",
        ),
        (
            Entry::AgentActed { agent: agent(), what: "envoi d'un nouveau lien".to_owned() },
            "agent-acted",
            "L'agent « Agent 7 » est intervenu : envoi d'un nouveau lien.",
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
    let document = chain.document(of, lines.iter().map(String::as_str), now());
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

#[test]
fn every_entry_is_a_sentence_that_anybody_reads() {
    let mut kinds = HashSet::new();
    for (entry, kind, sentence) in every_entry() {
        let end = if matches!(entry, Entry::Mandate { .. }) { OF_CABINET } else { "" };
        assert_eq!(entry.kind(), kind);
        assert_eq!(entry.sentence().replace('\u{A0}', " "), format!("{sentence}{end}"));
        assert!(kinds.insert(kind), "{kind} twice");
    }
    let held =
        Entry::Mandate { event: MandateEvent::Ended, mandate: mandate(Side::Cabinet), by: By::OtherSide };
    let start =
        "L'autre établissement a mis fin au mandat pour l'établissement «\u{A0}Cabinet Léa\u{A0}» (SIRET";
    assert!(held.sentence().starts_with(start), "{}", held.sentence());
}

#[test]
fn no_sentence_holds_an_address() {
    for entry in entries() {
        let sentence = entry.sentence();
        assert!(!sentence.contains("paul.martin@") && !sentence.contains("pm@"), "{sentence}");
    }
}

#[test]
fn a_line_has_number_moment_sentence_and_the_hash_of_the_line_before() {
    let chain = Chain::new(&siret());
    let (first, chain) = chain.append(now(), &Entry::SpaceClosed { by: by() });
    let (second, chain) = chain.append(now(), &Entry::SpaceClosed { by: by() });
    assert!(first.starts_with("1 2026-11-23T16:00:00Z «\u{A0}Élodie Dupont\u{A0}» a fermé"), "{first}");
    assert!(second.starts_with("2 2026-11-23T16:00:00Z "), "{second}");
    assert!(second.contains(&format!(". {} ", LineHash::of(&first).as_str())), "{second}");
    assert_eq!(chain, Chain { entries: 2, head: LineHash::of(&second) });
    let document = chain.document(&siret(), [first.as_str(), &second], now());
    let lines: Vec<&str> = document.lines().collect();
    assert!(lines[0].starts_with("Journal de l'établissement 73282932000074, format 1. "));
    assert!(first.contains(LineHash::of(lines[0]).as_str()));
    let closing = format!("Fin du journal. Entrées : 2. Le 2026-11-23T16:00:00Z {} ", chain.head.as_str());
    assert!(lines[3].starts_with(&closing), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_whole_journal_is_verified_signed_or_not() {
    let closed_at = "2026-11-23T16:00:00Z".parse().unwrap();
    for count in [0, 1, 19] {
        let text = journal(&siret(), &entries()[..count]).concat();
        let verified = Verified { siret: siret(), entries: u64::try_from(count).unwrap(), closed_at };
        assert_eq!(verify(text.as_bytes()), Ok(verified.clone()));
        let note = Note::new(text.clone()).unwrap();
        assert_eq!(note.text(), text);
        assert_eq!(verify(note.to_string().as_bytes()), Ok(verified));
    }
}

#[test]
fn what_is_no_journal_is_broken_at_its_first_line() {
    for file in [&b""[..], b"\n", b"\xFF\n", b"Bonjour\n", b"Journal de l'\n"] {
        assert_eq!(verify(file).unwrap_err().line, 1, "{file:?}");
    }
}

#[test]
fn two_exchanged_sentences_are_found_at_the_first() {
    let mut lines = journal(&siret(), &entries());
    let sentence = |line: &str| line.split_once("Z ").unwrap().1.rsplitn(3, ' ').nth(2).unwrap().to_owned();
    let (one, two) = (sentence(&lines[4]), sentence(&lines[5]));
    lines[4] = lines[4].replace(&one, &two);
    lines[5] = lines[5].replace(&two, &one);
    assert_eq!(broken(&lines), Broken { line: 5, why: Why::Altered });
}

#[test]
fn a_line_that_was_written_anew_with_its_check_is_not_the_one_that_the_next_remembers() {
    for rank in 1..=19 {
        let mut lines = journal(&siret(), &entries());
        let content = lines[rank].trim_end().rsplit_once(' ').unwrap().0;
        let forged = content.replace("Élodie Dupont", "Jeanne Petit").replace("Paul Martin", "Jeanne Petit");
        let forged = with_check(&forged.replace("Agent 7", "Agent 8").replace("L'autre", "Un autre"));
        assert_ne!(forged, lines[rank]);
        lines[rank] = forged;
        assert_eq!(broken(&lines), Broken { line: rank + 1, why: Why::Replaced });
    }
}

#[test]
fn the_journal_of_another_establishment_does_not_pass_for_this_one() {
    let (mut here, there) = (journal(&siret(), &entries()), Siret::parse("35600000009075").unwrap());
    here[0].clone_from(&journal(&there, &[])[0]);
    assert_eq!(broken(&here), Broken { line: 1, why: Why::Replaced });
}

#[test]
fn the_end_cannot_be_cut_off() {
    let lines = journal(&siret(), &entries());
    let without_end = &lines[..lines.len() - 1];
    assert_eq!(broken(without_end), Broken { line: lines.len(), why: Why::Dropped });
    let without_last = [&lines[..19], &lines[20..]].concat();
    assert_eq!(broken(&without_last), Broken { line: 20, why: Why::Dropped });
    let mut cut = lines.concat();
    cut.pop();
    assert_eq!(verify(cut.as_bytes()), Err(Broken { line: 21, why: Why::Altered }));
}

#[test]
fn a_name_cannot_forge_a_sentence_or_a_line() {
    let quoting = named("Paul » a quitté l'établissement. « Jean", "Martin");
    let sentence = Entry::SpaceClosed { by: By::Person(quoting) }.sentence();
    assert_eq!((sentence.matches('«').count(), sentence.matches('»').count()), (1, 1), "{sentence}");
    let what = "rien\n2 2026-11-23T16:00:00Z x\r\u{85}\u{2028}\u{2029}\0\u{202E}".to_owned();
    let looked = Entry::AgentLooked { agent: Name::parse("A").unwrap(), what };
    let lines = journal(&siret(), &[looked]);
    assert_eq!(lines.len(), 3);
    assert!(verify(lines.concat().as_bytes()).is_ok());
    assert!(Note::new(lines.concat()).is_ok());
}

#[test]
fn a_sentence_is_bounded() {
    let looked = Entry::AgentLooked { agent: Name::parse("A").unwrap(), what: "é".repeat(20_000) };
    assert_eq!(looked.sentence().chars().count(), SENTENCE_LENGTH_MAX);
    let name = "é".repeat(100);
    let long = Entry::Invited {
        who: named(&name, &name),
        email: email(&format!("{}@{}.fr", "x".repeat(64), "d".repeat(63))),
        offer: Offer::Successor,
        by: By::Person(named(&name, &name)),
    };
    assert!(long.sentence().ends_with("pour prendre sa suite."));
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

/// The lines of a journal of a few entries, and two places in it: the second after the first.
fn any_places() -> impl Strategy<Value = (Vec<String>, usize, usize)> {
    (2..19_usize).prop_flat_map(|count| {
        let lines = journal(&siret(), &entries()[..count]);
        let last = lines.len() - 1;
        (0..last).prop_flat_map(move |first| (Just(lines.clone()), Just(first), first + 1..=last))
    })
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn every_changed_byte_is_found_in_its_line(
        (lines, _, _) in any_places(), place in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut bytes = lines.concat().into_bytes();
        let place = place.index(bytes.len());
        let line = bytes[..place].iter().filter(|&&byte| byte == b'\n').count() + 1;
        bytes[place] ^= flip;
        prop_assert_eq!(verify(&bytes).unwrap_err().line, line);
    }

    #[test]
    fn every_dropped_line_is_missed_in_its_place((mut lines, first, _) in any_places()) {
        lines.remove(first);
        prop_assert_eq!(broken(&lines), Broken { line: first + 1, why: Why::Dropped });
    }

    #[test]
    fn of_two_swapped_lines_the_first_is_named((mut lines, first, second) in any_places()) {
        lines.swap(first, second);
        prop_assert_eq!(broken(&lines), Broken { line: first + 1, why: Why::Swapped });
    }

    #[test]
    fn a_line_that_stands_twice_is_found_where_it_stands_again(
        (mut lines, first, second) in any_places()
    ) {
        lines.insert(second, lines[first].clone());
        prop_assert_eq!(broken(&lines), Broken { line: second + 1, why: Why::Repeated });
    }

    #[test]
    fn of_several_altered_lines_the_first_is_named(
        (mut lines, _, _) in any_places(), ranks in vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let ranks: Vec<usize> = ranks.iter().map(|rank| rank.index(lines.len())).collect();
        for &rank in &ranks {
            lines[rank].insert(1, 'x');
        }
        let first = ranks.into_iter().min().unwrap();
        prop_assert_eq!(broken(&lines), Broken { line: first + 1, why: Why::Altered });
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(file in vec(any::<u8>(), 0..400), text in common::any_text()) {
        prop_assert!(verify(&file).is_err());
        prop_assert!(verify(text.as_bytes()).is_err());
    }

    #[test]
    fn whatever_people_are_called_each_entry_is_one_line_and_the_journal_fits(
        names in vec((common::any_text(), common::any_text()), 1..6), what in common::any_text(),
    ) {
        let name = |text: &str| Name::parse(text).unwrap_or_else(|_| Name::parse("Jean").unwrap());
        let mut all: Vec<Entry> = names
            .iter()
            .map(|(first, last)| By::Person(FullName { first: name(first), last: name(last) }))
            .map(|by| Entry::SpaceClosed { by })
            .collect();
        all.push(Entry::AgentActed { agent: name(&what), what });
        let lines = journal(&siret(), &all);
        prop_assert_eq!(lines.len(), all.len() + 2);
        let text = lines.concat();
        prop_assert_eq!(verify(text.as_bytes()).map(|journal| journal.entries), Ok(all.len() as u64));
        prop_assert!(Note::new(text).is_ok());
    }
}
