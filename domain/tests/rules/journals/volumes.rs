//! Volumes: each is verified by itself, all of them together as one journal, in any order.

use domain::journal::{Doubt, Misfit, Verified, Volume, join, verify_signed};

use super::verification::{is_signed, key, signed};
use super::*;

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
fn a_line_that_was_added_to_a_later_volume_is_named_itself() {
    let mut lines = volumes(6, &[2])[1].clone();
    lines.insert(2, chained(4, &lines[1]));
    assert_eq!(broken(&lines), Broken { line: 3, why: Why::Repeated });
}

#[test]
fn a_volume_states_no_beginning_and_no_end_that_cannot_be() {
    let [first, second] = &volumes(5, &[2])[..] else { panic!("two volumes") };
    let closing = with_check(&without_check(&first[3]).replace("2 sur 5", "2 sur 2"));
    assert_eq!(
        broken(&[&first[..3], &[closing]].concat()),
        Broken { line: 4, why: Why::Altered },
        "the last, and another follows"
    );
    let most = u64::MAX.to_string();
    let stated = without_check(&second[0]).replace("l'entrée 3.", &format!("l'entrée {most}."));
    let heading = with_check(&stated.replace("l'entrée 2 :", &format!("l'entrée {most} :")));
    assert!(heading.matches(&most).count() == 2, "{heading}");
    assert_eq!(broken(&[&[heading], &second[1..]].concat()), Broken { line: 1, why: Why::Altered });
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

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn volumes_cut_anywhere_are_the_journal_in_any_order(
        count in 2..19_usize, cuts in vec(any::<Index>(), 1..5),
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
        edits in vec((0..4_u8, any::<Index>(), any::<Index>()), 0..6),
        begun in any::<Index>(),
    ) {
        let all = [volumes(7, &[2, 5]), volumes(7, &[3]), volumes(5, &[2])].concat();
        let whole_lines = all.concat();
        let lines = edited(begun.get(&all).clone(), &whole_lines, edits);
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
        place in any::<Index>(), flip in 1..=255_u8, rank in 0..3_usize,
    ) {
        let mut bytes = volumes(7, &[2, 5])[rank].concat().into_bytes();
        let place = place.index(bytes.len());
        let line = bytes[..place].iter().filter(|&&byte| byte == b'\n').count() + 1;
        bytes[place] ^= flip;
        prop_assert_eq!(verify(&bytes).unwrap_err().line, line);
    }

    #[test]
    fn of_lines_dropped_or_swapped_in_a_volume_the_first_is_named(
        rank in 0..3_usize, one in any::<Index>(), other in any::<Index>(),
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
}
