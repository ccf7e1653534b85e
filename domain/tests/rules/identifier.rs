//! Tests of the identifier: every spelling of it is read, every slip of the hand is seen.

use std::collections::HashSet;

use domain::{FieldCode, Identifier};
use proptest::prelude::*;
use proptest::sample::select;

use crate::common;

const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Where the eight symbols stand in a printed identifier.
const PLACES: [usize; 8] = [3, 4, 5, 6, 8, 9, 10, 11];

/// Dashes and spaces that people type, or that a mail program puts in their place.
const SEPARATORS: &[&str] = &[
    "-", " ", "\t", "\u{A0}", "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2015}",
    "\u{202F}", "\u{2212}",
];

/// A few hundred identifiers that differ in every symbol, the same on every run.
fn sample() -> impl Iterator<Item = Identifier> {
    (0..300_u64).map(|rank| {
        let mixed = rank.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23).to_be_bytes();
        Identifier::from_random(*mixed.first_chunk().unwrap())
    })
}

/// Every way to write a symbol that a person may take for it.
fn spellings(symbol: char) -> Vec<char> {
    match symbol {
        '0' => vec!['0', 'O', 'o'],
        '1' => vec!['1', 'I', 'i', 'L', 'l'],
        letter => vec![letter, letter.to_ascii_lowercase()],
    }
}

fn identifier() -> impl Strategy<Value = Identifier> {
    any::<[u8; 7]>().prop_map(Identifier::from_random)
}

#[test]
fn the_contracts_own_identifier_is_read_in_every_spelling() {
    let spellings = [
        "AP-7K3M-Q2FD",
        "ap-7k3m-q2fd",
        "Ap-7K3m-q2Fd",
        "AP7K3MQ2FD",
        "ap7k3mq2fd",
        "AP 7K3M Q2FD",
        "  AP-7K3M-Q2FD\r\n",
        "AP\u{2011}7K3M\u{2011}Q2FD",
        "AP–7K3M–Q2FD",
        "A P 7 K 3 M Q 2 F D",
        "-AP--7K3M-Q2FD-",
        "7K3M-Q2FD",
        "7k3mq2fd",
        "AP-7K3M-Q2FD.",
        "7K3M Q2FD. ",
    ];
    for typed in spellings {
        assert_eq!(Identifier::parse(typed).unwrap().as_str(), "AP-7K3M-Q2FD", "{typed:?}");
    }
}

#[test]
fn eight_symbols_that_begin_with_the_prefixs_letters_are_whole() {
    let own = (0..32).map(|last| Identifier::from_random([10, 22, 7, 20, 3, 5, last]));
    for identifier in own {
        let printed = identifier.to_string();
        assert!(printed.starts_with("AP-AP7M-35"), "{printed}");
        assert_eq!(Identifier::parse(&printed[3..]), Ok(identifier));
    }
}

#[test]
fn o_is_read_as_zero_and_i_and_l_as_one() {
    let printed = Identifier::from_random([0, 1, 0, 1, 0, 1, 1]);
    assert!(printed.as_str().starts_with("AP-0101-011"), "{printed}");
    let check = printed.as_str().chars().last().unwrap();
    for typed in ["OIOL-OIL", "oiol-oil", "0l0i-oLI"] {
        assert_eq!(Identifier::parse(&format!("AP-{typed}{check}")), Ok(printed.clone()), "{typed}");
    }
}

#[test]
fn a_printed_identifier_has_its_prefix_and_two_groups_of_four_symbols() {
    for identifier in sample() {
        let printed = identifier.to_string();
        assert_eq!(printed, identifier.as_str());
        assert_eq!((printed.len(), &printed[..3], &printed[7..8]), (12, "AP-", "-"));
        assert!(PLACES.iter().all(|&place| SYMBOLS.contains(&printed.as_bytes()[place])), "{printed}");
    }
}

#[test]
fn five_bits_of_each_random_byte_count_and_all_of_them_do() {
    assert_eq!(Identifier::from_random([0; 7]), Identifier::from_random([0b1110_0000; 7]));
    for place in 0..7 {
        let distinct: HashSet<Identifier> = (0..32)
            .map(|value| {
                let mut bytes = [17; 7];
                bytes[place] = value;
                Identifier::from_random(bytes)
            })
            .collect();
        assert_eq!(distinct.len(), 32, "byte {place}");
    }
}

#[test]
fn a_single_wrong_symbol_is_refused() {
    for identifier in sample() {
        for place in PLACES {
            for &symbol in SYMBOLS {
                let mut bytes = identifier.as_str().as_bytes().to_vec();
                if bytes[place] == symbol {
                    continue;
                }
                bytes[place] = symbol;
                let typed = String::from_utf8(bytes).unwrap();
                assert_eq!(Identifier::parse(&typed), Err(FieldCode::IdentifierFormat), "{typed}");
            }
        }
    }
}

#[test]
fn a_swapped_pair_of_symbols_is_refused() {
    let mut swaps = 0;
    for identifier in sample() {
        for (index, &left) in PLACES.iter().enumerate() {
            for &right in &PLACES[index + 1..] {
                let mut bytes = identifier.as_str().as_bytes().to_vec();
                if bytes[left] == bytes[right] {
                    continue;
                }
                bytes.swap(left, right);
                let typed = String::from_utf8(bytes).unwrap();
                assert_eq!(Identifier::parse(&typed), Err(FieldCode::IdentifierFormat), "{typed}");
                swaps += 1;
            }
        }
    }
    assert!(swaps > 7_000, "{swaps}");
}

#[test]
fn a_swapped_pair_is_refused_whatever_the_two_symbols_are() {
    // The check is linear, so the other symbols do not matter: every pair of values at every pair of places.
    for (left, right) in (0..7).flat_map(|left| (left + 1..7).map(move |right| (left, right))) {
        for (a, b) in (0..32).flat_map(|a| (0..a).map(move |b| (a, b))) {
            let mut bytes = [9; 7];
            (bytes[left], bytes[right]) = (a, b);
            let mut typed = Identifier::from_random(bytes).to_string().into_bytes();
            typed.swap(PLACES[left], PLACES[right]);
            let typed = String::from_utf8(typed).unwrap();
            assert_eq!(Identifier::parse(&typed), Err(FieldCode::IdentifierFormat), "{typed}");
        }
    }
}

#[test]
fn one_check_symbol_in_thirty_two_is_right() {
    for identifier in sample().take(50) {
        let start = &identifier.as_str()[..11];
        let right: Vec<char> = SYMBOLS
            .iter()
            .map(|&symbol| char::from(symbol))
            .filter(|symbol| Identifier::parse(&format!("{start}{symbol}")).is_ok())
            .collect();
        assert_eq!(right, vec![identifier.as_str().chars().last().unwrap()]);
    }
}

#[test]
fn anything_else_is_a_format_fault() {
    let near_misses = [
        "",
        " ",
        "AP",
        "AP-",
        "PA-7K3M-Q2FD",
        "A-7K3M-Q2FD",
        "P-7K3M-Q2FD",
        "AAP-7K3M-Q2FD",
        "AP-7K3M-Q2F",
        "AP-7K3M-Q2FDD",
        "AP-AP-7K3M-Q2FD",
        "AP-7K3M-Q2FU",
        "AP-7K3M_Q2FD",
        "AP.7K3M.Q2FD",
        "AP-7K3M-Q2FD..",
        ".AP-7K3M-Q2FD",
        "AP-7K3M-Q2.FD",
        "АР-7K3M-Q2FD",
        "ＡＰ-7K3M-Q2FD",
        "AP-7\u{212A}3M-Q2FD",
        "AP-7K3M-Q2FD\0",
        "73282932000074",
    ];
    for typed in near_misses {
        assert_eq!(Identifier::parse(typed), Err(FieldCode::IdentifierFormat), "{typed:?}");
    }
}

#[test]
fn an_address_is_told_from_a_mistyped_identifier() {
    for typed in ["jean@exemple.fr", "@", "AP-7K3M-Q2FD@exemple.fr", "AP-7K3M-Q2FD @"] {
        assert_eq!(Identifier::parse(typed), Err(FieldCode::IdentifierIsAnEmail), "{typed}");
    }
    let long = format!("{}@exemple.fr", "a".repeat(common::TEXT_LENGTH_MAX));
    assert_eq!(Identifier::parse(&long), Err(FieldCode::IdentifierIsAnEmail));
}

#[test]
fn sixty_four_typed_characters_are_read_and_no_more() {
    let padded = |spaces: usize| format!("AP-7K3M-Q2FD{}", " ".repeat(spaces));
    assert!(Identifier::parse(&padded(52)).is_ok());
    assert_eq!(Identifier::parse(&padded(53)), Err(FieldCode::IdentifierFormat));
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_identifier_prints_back_the_same(identifier in identifier()) {
        prop_assert_eq!(Identifier::parse(identifier.as_str()), Ok(identifier));
    }

    #[test]
    fn any_spelling_of_any_identifier_is_read(
        (identifier, typed) in identifier().prop_flat_map(|identifier| {
            let symbols: Vec<_> = identifier
                .as_str()
                .chars()
                .filter(|&c| c != '-')
                .map(|symbol| select(spellings(symbol)))
                .collect();
            (Just(identifier), symbols)
        }).prop_flat_map(|(identifier, symbols)| {
            let plain: String = symbols.into_iter().collect();
            (Just(identifier), common::spread(&plain, SEPARATORS))
        })
    ) {
        prop_assert_eq!(Identifier::parse(&typed), Ok(identifier));
    }

    #[test]
    fn any_identifier_is_read_without_its_prefix(identifier in identifier(), end in "[. -]?") {
        prop_assert_eq!(Identifier::parse(&format!("{}{end}", &identifier.as_str()[3..])), Ok(identifier));
    }

    #[test]
    fn a_symbol_lost_or_doubled_is_refused(identifier in identifier(), index in 0..8_usize) {
        let (mut short, mut long) = (identifier.to_string(), identifier.to_string());
        short.remove(PLACES[index]);
        long.insert(PLACES[index], char::from(identifier.as_str().as_bytes()[PLACES[index]]));
        prop_assert_eq!(Identifier::parse(&short), Err(FieldCode::IdentifierFormat));
        prop_assert_eq!(Identifier::parse(&long), Err(FieldCode::IdentifierFormat));
    }

    #[test]
    fn any_text_is_refused_or_prints_back_the_same(typed in common::any_text()) {
        match Identifier::parse(&typed) {
            Ok(identifier) => prop_assert_eq!(Identifier::parse(identifier.as_str()), Ok(identifier)),
            Err(FieldCode::IdentifierIsAnEmail) => prop_assert!(typed.contains('@')),
            Err(code) => prop_assert!(code == FieldCode::IdentifierFormat && !typed.contains('@')),
        }
    }

    #[test]
    fn any_text_after_the_prefix_is_refused_or_prints_back_the_same(rest in common::any_text()) {
        if let Ok(identifier) = Identifier::parse(&format!("AP{rest}")) {
            prop_assert_eq!(Identifier::parse(identifier.as_str()), Ok(identifier));
        }
    }
}
