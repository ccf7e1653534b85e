//! Verification: what was altered, dropped, swapped or added is named; what is signed is what is verified.

use domain::journal::{Doubt, verify_signed};
use domain::note::{KeyName, NoteError, Signature, VerifierKey};

use super::*;

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

pub(super) fn key(name: &str) -> VerifierKey {
    VerifierKey { name: KeyName::parse(name).unwrap(), public_key: [7; 32] }
}

/// Stands for a signature: whoever knows the key can make it.
fn signature(of: &VerifierKey, text: &[u8]) -> Vec<u8> {
    let hash: [u8; 32] = Sha256::new().chain_update(of.public_key).chain_update(text).finalize().into();
    hash.to_vec()
}

pub(super) fn is_signed(by: &VerifierKey, text: &[u8], bytes: &[u8]) -> bool {
    signature(by, text) == bytes
}

/// A text with one signature, of it or of another.
pub(super) fn signed(text: &str, by: &VerifierKey, signed: &str) -> String {
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
    // Of a number that was there before, in a chain that is whole.
    let mut lines = journal(&siret(), &entries())[..3].to_vec();
    lines.push(chained(1, &lines[2]));
    let hash = LineHash::of(lines[3].trim_end_matches('\n'));
    let closing = format!("Fin du journal. Entrées : 3. Le 2026-11-23T16:00:00Z {}", hash.as_str());
    lines.push(with_check(&closing));
    assert_eq!(broken(&lines), Broken { line: 4, why: Why::Repeated });
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
        (lines, _, _) in any_places(), place in any::<Index>(), flip in 1..=255_u8,
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
        edits in vec((0..5_u8, any::<Index>(), any::<Index>()), 0..8),
    ) {
        // Of one chain, handed out twice: each has lines that fit into the other.
        let (short, long) = (journal(&siret(), &entries()[..4]), journal(&siret(), &entries()[..7]));
        let whole_lines = [short.as_slice(), &long].concat();
        let lines = edited(short.clone(), &whole_lines, edits);
        let is_one = lines == short || lines == long;
        prop_assert_eq!(verify(lines.concat().as_bytes()).is_ok(), is_one, "{:?}", lines);
    }

    #[test]
    fn of_several_altered_lines_the_first_is_named(
        (mut lines, _, _) in any_places(), ranks in vec(any::<Index>(), 1..6),
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
}
