//! Tests of the journal: sentences without secrets, and a chain in which nothing changes unseen.

use std::collections::HashSet;

use domain::invitation::Offer;
use domain::journal::{
    Broken, By, Chain, Doubt, Entry, LineHash, MandateEvent, MandateView, Misfit, SENTENCE_LENGTH_MAX,
    Verified, Volume, Who, Why, join, verify, verify_signed,
};
use domain::membership::{Change, Effect};
use domain::note::{KeyName, Note, NoteError, Signature, VerifierKey};
use domain::time::{SignedDuration, Timestamp, after};
use domain::{Email, FullName, Membership, Name, Role, Scope, Side, Siret, Term};
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
fn a_whole_journal_is_verified_and_nothing_may_follow_it() {
    let closed_at = "2026-11-23T16:00:00Z".parse().unwrap();
    for count in [0, 1, 19_u64] {
        let rows = usize::try_from(count).unwrap();
        let text = journal(&siret(), &entries()[..rows]).concat();
        let verified = verify(text.as_bytes()).unwrap();
        assert_eq!((&verified.siret, verified.closed_at), (&siret(), closed_at));
        assert_eq!((verified.first(), verified.end.entries, verified.entries), (1, count, count));
        assert!(verified.is_whole());
        let note = Note::new(text.clone()).unwrap();
        assert_eq!(note.text(), text);
        for tail in ["\n", "\n\n", "Rien.\n", "\n\u{2014} k AAAAAAE=\n"] {
            let followed = verify(format!("{text}{tail}").as_bytes());
            assert_eq!(followed, Err(Broken { line: rows + 3, why: Why::Repeated }), "{tail:?}");
        }
    }
}

fn key(name: &str) -> VerifierKey {
    VerifierKey { name: KeyName::parse(name).unwrap(), public_key: [7; 32] }
}

/// Stands for a signature: whoever knows the key can make it.
fn signature(of: &VerifierKey, text: &[u8]) -> Vec<u8> {
    let hash: [u8; 32] = Sha256::new().chain_update(of.public_key).chain_update(text).finalize().into();
    hash.to_vec()
}

fn is_signed(by: &VerifierKey, text: &[u8], bytes: &[u8]) -> bool {
    signature(by, text) == bytes
}

/// A text with one signature, of it or of another.
fn signed(text: &str, by: &VerifierKey, signed: &str) -> String {
    let bytes = signature(by, signed.as_bytes());
    let signature = Signature { name: by.name.clone(), key: by.id(), bytes };
    Note::new(text.to_owned()).unwrap().signed(signature).unwrap().to_string()
}

#[test]
fn what_is_signed_is_what_is_verified() {
    let (ours, other) = (key("sesame.example/journal"), key("sesame.example/before"));
    let keys = [ours.clone(), other.clone()];
    let verified = |file: &str, keys: &[VerifierKey]| verify_signed(file.as_bytes(), keys, is_signed);
    let text = journal(&siret(), &entries()[..5]).concat();
    let whole = signed(&text, &ours, &text);
    assert_eq!(verified(&whole, &keys).map(|journal| journal.entries), Ok(5));
    assert_eq!(verified(&whole, &[other]), Err(Doubt::UnknownSigner));
    assert_eq!(verified(&whole, &[]), Err(Doubt::UnknownSigner));
    assert_eq!(verified(&signed(&text, &ours, "another"), &keys), Err(Doubt::Forged));
    assert_eq!(verified(&text, &keys), Err(Doubt::Note(NoteError::Signatures)));
    let broken = |line, why| Err(Doubt::Broken(Broken { line, why }));
    assert_eq!(verified(&whole.replacen("Paul", "Jean", 1), &keys), broken(3, Why::Altered));
    // Before and after a blank line in the text, which is not the one before the signatures.
    let blank = text.replacen('\n', "\n\n", 1);
    assert_eq!(verified(&signed(&blank, &ours, &blank), &keys), broken(2, Why::Altered));
    let followed = format!("{text}\nRien.\n");
    assert_eq!(verified(&signed(&followed, &ours, &followed), &keys), broken(8, Why::Repeated));
}

#[test]
fn a_file_that_a_program_saved_anew_is_told_as_such() {
    let ours = key("sesame.example/journal");
    let text = journal(&siret(), &entries()[..5]).concat();
    let whole = signed(&text, &ours, &text);
    for file in [&text, &whole] {
        let carriage_returns = file.replace('\n', "\r\n");
        let marked = format!("\u{FEFF}{file}");
        for (file, why) in [(carriage_returns, Why::LineEnds), (marked, Why::ByteOrderMark)] {
            let broken = Broken { line: 1, why };
            assert_eq!(verify(file.as_bytes()), Err(broken));
            let keys = std::slice::from_ref(&ours);
            assert_eq!(verify_signed(file.as_bytes(), keys, is_signed), Err(Doubt::Broken(broken)));
        }
    }
    let mut lines = journal(&siret(), &entries()[..5]);
    lines[3] = lines[3].replace('\n', "\r\n");
    assert_eq!(broken(&lines), Broken { line: 4, why: Why::LineEnds });
}

#[test]
fn a_moment_is_written_in_one_form_alone() {
    for moment in [
        "2026-11-23T16:00:02.000Z",
        "2026-11-23T16:00:02+00:00",
        "2026-11-23T17:00:02+01:00",
        "2026-11-23t16:00:02z",
        "20261123T160002Z",
    ] {
        let mut lines = journal(&siret(), &entries());
        let content = without_check(&lines[3]).replace("2026-11-23T16:00:02Z", moment);
        assert!(content.contains(moment));
        lines[3] = with_check(&content);
        assert_eq!(broken(&lines), Broken { line: 4, why: Why::Altered }, "{moment}");
    }
}

#[test]
fn lines_that_were_added_are_named_however_well_they_are_chained() {
    for (rank, count) in (1..=20).flat_map(|rank| [(rank, 1), (rank, 2)]) {
        let mut lines = journal(&siret(), &entries());
        for place in rank..rank + count {
            let added = chained(place, &lines[place - 1]);
            lines.insert(place, added);
        }
        assert_eq!(broken(&lines), Broken { line: rank + 1, why: Why::Repeated }, "{count} of them");
    }
    let mut lines = journal(&siret(), &entries());
    let another = journal(&Siret::parse("35600000009075").unwrap(), &[]);
    lines.insert(0, another[0].clone());
    assert_eq!(broken(&lines), Broken { line: 1, why: Why::Repeated });
}

#[test]
fn a_line_that_holds_another_hash_than_it_did_is_named_itself() {
    for rank in 1..=19 {
        let mut lines = journal(&siret(), &entries());
        let (content, _) = without_check(&lines[rank]).rsplit_once(' ').unwrap();
        lines[rank] = with_check(&format!("{content} {}", "0".repeat(64)));
        assert_eq!(broken(&lines), Broken { line: rank + 1, why: Why::Replaced });
    }
    let mut lines = journal(&siret(), &entries());
    lines[20] = with_check(&without_check(&lines[20]).replace(": 19.", ": 18."));
    assert_eq!(broken(&lines), Broken { line: 21, why: Why::Replaced });
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
        let content = without_check(&lines[rank]);
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

/// A journal of so many entries in volumes that begin after the entries of `cuts`, each line with its line
/// end.
fn volumes(count: usize, cuts: &[usize]) -> Vec<Vec<String>> {
    let whole = journal(&siret(), &entries()[..count]);
    let rows: Vec<&str> = whole[1..=count].iter().map(|line| line.trim_end_matches('\n')).collect();
    let standing = |entries: usize| match entries.checked_sub(1) {
        Some(last) => Chain { entries: entries as u64, head: LineHash::of(rows[last]) },
        None => Chain::new(&siret()),
    };
    let starts = [&[0], cuts].concat();
    let ends = [cuts, &[count]].concat();
    let volume = |(&start, &end): (&usize, &usize)| Volume {
        siret: siret(),
        before: standing(start),
        lines: rows[start..end].iter().map(|&line| line.to_owned()).collect(),
        is_last: end == count,
        journal: standing(count),
    };
    let texts = starts.iter().zip(&ends).map(volume).map(|volume| volume.document(now()).unwrap());
    texts.map(|text| text.split_inclusive('\n').map(str::to_owned).collect()).collect()
}

/// What is found in volumes that each fit.
fn joined(volumes: &[Vec<String>]) -> Result<Verified, Misfit> {
    let verified: Vec<Verified> =
        volumes.iter().map(|lines| verify(lines.concat().as_bytes()).unwrap()).collect();
    join(&verified[0], &verified[1..])
}

#[test]
fn a_volume_says_where_it_begins_and_that_more_exist() {
    let [first, second, third] = &volumes(5, &[2, 4])[..] else { panic!("three volumes") };
    assert_eq!(first[..3], journal(&siret(), &entries()[..5])[..3]);
    let last = |entry: &str| LineHash::of(entry.trim_end_matches('\n'));
    let (two, four) = (last(&first[2]), last(&second[2]));
    for (line, beginning) in [
        (
            &second[0],
            format!(
                "Journal de l'établissement {}, format 1. Ce volume commence à l'entrée 3. Empreinte de \
                              l'entrée 2 : {} ",
                siret(),
                two.as_str()
            ),
        ),
        (
            &first[3],
            format!(
                "Fin du volume. La suite du journal est dans un autre. Dernière entrée ici : 2 sur 5. Le \
                             2026-11-23T16:00:00Z {} ",
                two.as_str()
            ),
        ),
        (
            &second[3],
            format!(
                "Fin du volume. La suite du journal est dans un autre. Dernière entrée ici : 4 sur 5. Le \
                              2026-11-23T16:00:00Z {} ",
                four.as_str()
            ),
        ),
        (
            &third[2],
            format!("Fin du journal. Entrées : 5. Le 2026-11-23T16:00:00Z {} ", last(&third[1]).as_str()),
        ),
    ] {
        assert!(line.starts_with(&beginning), "{line}");
    }
    let verified = verify(second.concat().as_bytes()).unwrap();
    assert_eq!((verified.first(), verified.end.entries, verified.entries), (3, 4, 5));
    assert_eq!(verified.before, Chain { entries: 2, head: two });
    assert!(!verified.is_whole());
}

#[test]
fn a_volume_is_handed_out_only_as_its_chain_has_it() {
    let whole = journal(&siret(), &entries()[..5]);
    let rows: Vec<String> = whole[1..6].iter().map(|line| line.trim_end_matches('\n').to_owned()).collect();
    let standing = |entries: usize| Chain { entries: entries as u64, head: LineHash::of(&rows[entries - 1]) };
    let volume = |before: usize, lines: &[String], is_last| Volume {
        siret: siret(),
        before: standing(before),
        lines: lines.to_vec(),
        is_last,
        journal: standing(5),
    };
    let given = |volume: Volume| volume.document(now()).map(|_| ());
    let broken = |line, why| Err(Broken { line, why });
    assert_eq!(given(volume(2, &rows[2..4], false)), Ok(()));
    assert_eq!(given(volume(2, &rows[2..5], true)), Ok(()));
    assert_eq!(given(volume(2, &rows[2..4], true)), broken(4, Why::Dropped), "the last row is gone");
    assert_eq!(given(volume(2, &rows[3..5], true)), broken(2, Why::Dropped), "the first row is gone");
    assert_eq!(given(volume(5, &[], true)), broken(2, Why::Dropped), "nothing is there");
    assert_eq!(given(volume(2, &[], false)), broken(2, Why::Dropped), "nothing is there");
    let forged =
        Volume { before: Chain { entries: 2, head: LineHash::of("") }, ..volume(2, &rows[2..4], false) };
    assert_eq!(given(forged), broken(1, Why::Replaced));
}

#[test]
fn what_a_volume_states_of_its_beginning_is_held_by_its_first_line_or_its_signature() {
    let ours = key("sesame.example/journal");
    let volume = volumes(5, &[2, 4])[1].clone();
    let text = volume.concat();
    let whole = signed(&text, &ours, &text);
    let judged = |file: &str| verify_signed(file.as_bytes(), std::slice::from_ref(&ours), is_signed);
    assert_eq!(judged(&whole).map(|volume| volume.first()), Ok(3));
    for (stated, other) in [("l'entrée 3.", "l'entrée 1."), ("l'entrée 2 :", "l'entrée 1 :")] {
        let lines = [&[with_check(&without_check(&volume[0]).replace(stated, other))], &volume[1..]].concat();
        assert_eq!(broken(&lines), Broken { line: 1, why: Why::Altered }, "{other}");
    }
    let heading = |first: u64, hash: &str| {
        let (own, _) = volume[0].split_once(" Ce").unwrap();
        let before = first - 1;
        with_check(&format!(
            "{own} Ce volume commence à l'entrée {first}. Empreinte de l'entrée {before} : {hash}"
        ))
    };
    let two = LineHash::of(volumes(5, &[2])[0][2].trim_end_matches('\n'));
    assert_eq!(heading(3, two.as_str()), volume[0]);
    let other = "0".repeat(64);
    let lines = [&[heading(3, &other)], &volume[1..]].concat();
    assert_eq!(broken(&lines), Broken { line: 1, why: Why::Replaced });
    // With every number and hash after it written anew.
    let (sentence, at) = ("Rien.", "2026-11-23T16:00:00Z");
    let first = with_check(&format!("3 {at} {sentence} {other}"));
    let second = chained(4, &first);
    let hash = LineHash::of(second.trim_end_matches('\n'));
    let (closing, _) = volume[3].split_once(" Le ").unwrap();
    let closing = with_check(&format!("{closing} Le {at} {}", hash.as_str()));
    let forged = [heading(3, &other), first, second, closing].concat();
    assert!(verify(forged.as_bytes()).is_ok(), "{forged}");
    assert_eq!(judged(&signed(&forged, &ours, &text)), Err(Doubt::Forged));
}

#[test]
fn volumes_that_are_no_journal_are_told_apart() {
    let [first, second, third] = &volumes(6, &[2, 4])[..] else { panic!("three volumes") };
    let misfit = |volumes: &[&Vec<String>]| {
        joined(&volumes.iter().map(|&volume| volume.clone()).collect::<Vec<_>>()).unwrap_err()
    };
    assert_eq!(misfit(&[second, third]), Misfit::Missing { first: 1, last: 2 });
    assert_eq!(misfit(&[first, third]), Misfit::Missing { first: 3, last: 4 });
    assert_eq!(misfit(&[second, first]), Misfit::Missing { first: 5, last: 6 });
    assert_eq!(misfit(&[third, first, first]), Misfit::Repeated { rank: 2, entry: 1 });
    let long = &volumes(6, &[1])[1];
    assert_eq!(misfit(&[first, long]), Misfit::Repeated { rank: 1, entry: 2 });
    let there = journal(&Siret::parse("35600000009075").unwrap(), &entries()[..2]);
    assert_eq!(misfit(&[first, second, &there]), Misfit::OtherEstablishment { rank: 2 });
    // Of a journal of the same establishment that somebody else began: another opening, or another past.
    let mut others = entries();
    others.swap(0, 1);
    let other = journal(&siret(), &others[..4]);
    assert_eq!(misfit(&[third, &other]), Misfit::Replaced { rank: 0, entry: 4 });
    // Handed out earlier, when the journal had fewer entries.
    let earlier = &volumes(5, &[2, 4])[2];
    assert_eq!(misfit(&[first, second, earlier]), Misfit::Missing { first: 6, last: 6 });
    let before = volumes(5, &[2, 4]);
    assert!(joined(&[before[0].clone(), before[1].clone(), third.clone()]).unwrap().is_whole());
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
    fn no_other_sequence_of_whole_lines_is_a_journal(
        edits in vec((0..5_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..8),
    ) {
        // Of one chain, handed out twice: each has lines that fit into the other.
        let (short, long) = (journal(&siret(), &entries()[..4]), journal(&siret(), &entries()[..7]));
        let whole_lines = [short.as_slice(), &long].concat();
        let mut lines = short.clone();
        for (edit, one, other) in edits {
            let line = whole_lines[other.index(whole_lines.len())].clone();
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
        let is_one = lines == short || lines == long;
        prop_assert_eq!(verify(lines.concat().as_bytes()).is_ok(), is_one, "{:?}", lines);
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
    fn volumes_cut_anywhere_are_the_journal_in_any_order(
        count in 2..19_usize, cuts in vec(any::<prop::sample::Index>(), 1..5),
        order in Just((0..19_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| 1 + cut.index(count - 1)).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let volumes = volumes(count, &cuts);
        let shuffled: Vec<Vec<String>> =
            order.iter().filter_map(|&rank| volumes.get(rank)).cloned().collect();
        let whole = verify(journal(&siret(), &entries()[..count]).concat().as_bytes());
        prop_assert_eq!(Ok(joined(&shuffled).unwrap()), whole);
        // One that is gone is missed in its place.
        for gone in &volumes {
            let part = verify(gone.concat().as_bytes()).unwrap();
            let missing = Misfit::Missing { first: part.first(), last: part.end.entries };
            let kept: Vec<Vec<String>> = shuffled.iter().filter(|&volume| volume != gone).cloned().collect();
            let found = joined(&kept);
            if kept.len() == 1 {
                prop_assert!(!found.unwrap().is_whole());
            } else {
                prop_assert_eq!(found, Err(missing));
            }
        }
    }

    #[test]
    fn no_other_sequence_of_whole_lines_is_a_volume(
        edits in vec((0..4_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
        begun in any::<prop::sample::Index>(),
    ) {
        let all = [volumes(7, &[2, 5]), volumes(7, &[3]), volumes(5, &[2])].concat();
        let whole_lines = all.concat();
        let mut lines = begun.get(&all).clone();
        for (edit, one, other) in edits {
            let line = whole_lines[other.index(whole_lines.len())].clone();
            let count = lines.len();
            match edit {
                0 => lines.insert(one.index(count + 1), line),
                _ if count == 0 => {}
                1 => drop(lines.remove(one.index(count))),
                2 => lines.swap(one.index(count), other.index(count)),
                _ => lines[one.index(count)] = line,
            }
        }
        // Headings, closing lines and what is between them can make another volume of the same journal.
        let is_whole = |volume: Verified| {
            let (first, last) = (volume.before.entries, volume.end.entries);
            let numbers: Vec<u64> = lines[1..lines.len() - 1]
                .iter().map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect();
            numbers == (first + 1..=last).collect::<Vec<_>>()
                && lines.iter().all(|line| whole_lines.contains(line))
        };
        match verify(lines.concat().as_bytes()) {
            Ok(volume) => prop_assert!(is_whole(volume), "{:?}", lines),
            Err(_) => prop_assert!(!all.contains(&lines), "{:?}", lines),
        }
    }

    #[test]
    fn every_changed_byte_of_a_volume_is_found_in_its_line(
        place in any::<prop::sample::Index>(), flip in 1..=255_u8, rank in 0..3_usize,
    ) {
        let mut bytes = volumes(7, &[2, 5])[rank].concat().into_bytes();
        let place = place.index(bytes.len());
        let line = bytes[..place].iter().filter(|&&byte| byte == b'\n').count() + 1;
        bytes[place] ^= flip;
        prop_assert_eq!(verify(&bytes).unwrap_err().line, line);
    }

    #[test]
    fn of_lines_dropped_or_swapped_in_a_volume_the_first_is_named(
        rank in 0..3_usize, one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
    ) {
        let lines = volumes(9, &[3, 6])[rank].clone();
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));
        let (first, second) = (one.min(other), one.max(other));
        let mut swapped = lines.clone();
        swapped.swap(first, second);
        if first < second {
            prop_assert_eq!(broken(&swapped), Broken { line: first + 1, why: Why::Swapped });
        }
        let mut dropped = lines;
        dropped.remove(first);
        prop_assert_eq!(broken(&dropped), Broken { line: first + 1, why: Why::Dropped });
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
