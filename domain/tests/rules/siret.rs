//! Tests of the SIRET: what people type, INSEE's check, and La Poste's own rule.

use domain::{FieldCode, Siret};
use proptest::prelude::*;

use crate::common;

/// Valid SIRETs, of which none is La Poste's.
const KNOWN: [&str; 5] =
    ["73282932000074", "55210055400013", "13002526500013", "44306184100047", "40483304800022"];

/// Separators that people type, or that a page or a spreadsheet puts between digits.
const SEPARATORS: &[&str] = &[
    " ", "\t", "\n", "\r\n", ".", ",", "/", "\\", "-", "\u{2011}", "\u{2013}", "\u{2212}", "'", "\"", "`",
    "\u{2019}", "\u{201C}", "«", "»", "\u{A0}", "\u{1680}", "\u{2003}", "\u{2007}", "\u{2009}", "\u{200B}",
    "\u{2028}", "\u{202F}", "\u{205F}", "\u{2060}", "\u{3000}", "\u{FEFF}",
];

fn luhn_sum(digits: &str) -> usize {
    const DOUBLED: [usize; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let values = digits.bytes().map(|b| usize::from(b - b'0'));
    values.enumerate().map(|(rank, digit)| if rank % 2 == 0 { DOUBLED[digit] } else { digit }).sum()
}

fn valid_siret() -> impl Strategy<Value = String> {
    "[1-9][0-9]{12}".prop_map(|start| {
        let missing = (10 - luhn_sum(&start) % 10) % 10;
        format!("{start}{missing}")
    })
}

fn with_digit(siret: &str, rank: usize, digit: u8) -> String {
    let mut bytes = siret.as_bytes().to_vec();
    bytes[rank] = b'0' + digit;
    String::from_utf8(bytes).unwrap()
}

#[test]
fn known_sirets_are_taken_as_they_are() {
    for known in KNOWN {
        assert_eq!(Siret::parse(known).map(|s| s.as_str().to_owned()), Ok(known.to_owned()));
        assert_eq!(Siret::parse(known).unwrap().to_string(), known);
    }
}

#[test]
fn separators_of_every_kind_are_dropped() {
    for separator in SEPARATORS {
        let typed = ["", "732", "829", "320", "00074", ""].join(separator);
        assert_eq!(Siret::parse(&typed).unwrap().as_str(), "73282932000074", "{separator:?}");
    }
}

#[test]
fn a_siret_reads_aloud_in_groups_that_parse_again() {
    let siret = Siret::parse("73282932000074").unwrap();
    assert_eq!(siret.spaced(), "732 829 320 00074");
    assert_eq!(Siret::parse(&siret.spaced()), Ok(siret));
}

#[test]
fn anything_but_fourteen_ascii_digits_is_a_format_fault() {
    let near_misses = [
        "",
        " ",
        "7328293200007",
        "732829320000740",
        "7328293200007A",
        "+73282932000074",
        "-3282932000074",
        "732829320;00074",
        "O3282932000074",
        "7328293200007O",
        "OOOOOOOOOOOOOO",
        "73282932000074 SIRET",
        "SIREN 73282932000074",
        "SIRET",
        "N°",
        "FR40732829320",
        "7,32829E+13",
        "７３２８２９３２００００７４",
        "٧٣٢٨٢٩٣٢٠٠٠٠٧٤",
        "7328293200007\u{1D7DC}",
        "73282932000074\0",
        // 14 bytes, of which one character has two
        "732829320000é",
    ];
    for typed in near_misses {
        assert_eq!(Siret::parse(typed), Err(FieldCode::SiretFormat), "{typed:?}");
    }
}

#[test]
fn nine_digits_are_the_siren() {
    for typed in ["732829320", "732 829 320", "SIRET : 732.829.320", "'732829320'", "4O3833O34", "123456789"]
    {
        assert_eq!(Siret::parse(typed), Err(FieldCode::SiretIsSiren), "{typed:?}");
    }
}

#[test]
fn what_stands_before_the_digits_of_an_invoice_is_dropped() {
    for label in ["SIRET", "siret :", "N°", "n° ", "Nº", "№", ":", "N° SIRET : ", "SIRET n° ", "«SIRET» - "]
    {
        let typed = format!("{label}732 829 320 00074");
        assert_eq!(
            Siret::parse(&typed).map(|siret| siret.to_string()),
            Ok("73282932000074".into()),
            "{typed:?}"
        );
    }
}

#[test]
fn a_letter_o_between_digits_is_a_zero() {
    for typed in ["7328293200OO74", "73282932oooo74", "732 829 32O OOO74", "SIRET 73282932O00074"] {
        assert_eq!(
            Siret::parse(typed).map(|siret| siret.to_string()),
            Ok("73282932000074".into()),
            "{typed:?}"
        );
    }
}

#[test]
fn sixty_four_typed_characters_are_read_and_no_more() {
    let padded = |spaces: usize| format!("73282932000074{}", " ".repeat(spaces));
    assert!(Siret::parse(&padded(50)).is_ok());
    assert_eq!(Siret::parse(&padded(51)), Err(FieldCode::SiretFormat));
}

#[test]
fn one_wrong_digit_is_refused_wherever_it_is() {
    for known in KNOWN {
        for rank in 0..14 {
            for digit in 0..10 {
                let typed = with_digit(known, rank, digit);
                if typed != known {
                    assert_eq!(Siret::parse(&typed), Err(FieldCode::SiretChecksum), "{typed}");
                }
            }
        }
    }
}

#[test]
fn the_siren_of_zeros_is_refused_though_its_check_holds() {
    for typed in ["00000000000000", "00000000000018", "00000000000125"] {
        assert_eq!(luhn_sum(typed) % 10, 0, "{typed}");
        assert_eq!(Siret::parse(typed), Err(FieldCode::SiretChecksum));
    }
}

#[test]
fn la_poste_is_known_by_luhn_or_by_a_sum_that_is_a_multiple_of_five() {
    assert_eq!(Siret::parse("35600000009075").unwrap().as_str(), "35600000009075");
    assert_eq!(Siret::parse("35600000000048").unwrap().as_str(), "35600000000048");
    assert_ne!(luhn_sum("35600000009075") % 10, 0, "only La Poste's rule takes it");
    let mut taken = 0_u32;
    for office in 0..100_000_u32 {
        let typed = format!("356000000{office:05}");
        let sum: u32 = typed.bytes().map(|b| u32::from(b - b'0')).sum();
        let is_valid = sum.is_multiple_of(5) || luhn_sum(&typed).is_multiple_of(10);
        assert_eq!(Siret::parse(&typed).is_ok(), is_valid, "{typed}");
        taken += u32::from(is_valid);
    }
    assert!((25_000..31_000).contains(&taken), "one in five and one in ten of the others: {taken}");
}

#[test]
fn la_postes_rule_serves_no_other_siren() {
    // Both have a digit sum that is a multiple of 5, and fail Luhn.
    for typed in ["35600000109074", "73282932000077"] {
        let sum: u32 = typed.bytes().map(|b| u32::from(b - b'0')).sum();
        assert_eq!(sum % 5, 0, "{typed}");
        assert_eq!(Siret::parse(typed), Err(FieldCode::SiretChecksum), "{typed}");
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_siret_that_passes_luhn_prints_back_as_typed(typed in valid_siret()) {
        prop_assert_eq!(Siret::parse(&typed).map(|siret| siret.to_string()), Ok(typed));
    }

    #[test]
    fn separators_anywhere_change_nothing(
        (plain, typed) in valid_siret().prop_flat_map(|s| (Just(s.clone()), common::spread(&s, SEPARATORS)))
    ) {
        prop_assert_eq!(Siret::parse(&typed).map(|siret| siret.to_string()), Ok(plain));
    }

    #[test]
    fn one_wrong_digit_of_any_siret_is_refused(
        plain in valid_siret(), rank in 0..14_usize, step in 1..10_u8
    ) {
        let wrong = (plain.as_bytes()[rank] - b'0' + step) % 10;
        let typed = with_digit(&plain, rank, wrong);
        prop_assume!(!typed.starts_with("356000000"));
        prop_assert_eq!(Siret::parse(&typed), Err(FieldCode::SiretChecksum));
    }

    #[test]
    fn two_neighbours_that_changed_places_are_refused_but_for_zero_and_nine(
        plain in valid_siret(), rank in 0..13_usize
    ) {
        let mut bytes = plain.clone().into_bytes();
        bytes.swap(rank, rank + 1);
        let typed = String::from_utf8(bytes).unwrap();
        let pair = [plain.as_bytes()[rank], plain.as_bytes()[rank + 1]];
        prop_assume!(typed != plain && pair != *b"09" && pair != *b"90" && !typed.starts_with("356000000"));
        prop_assert_eq!(Siret::parse(&typed), Err(FieldCode::SiretChecksum));
    }

    #[test]
    fn a_digit_too_few_or_too_many_is_a_format_fault(plain in valid_siret(), rank in 0..14_usize) {
        let (mut short, mut long) = (plain.clone(), plain);
        short.remove(rank);
        long.insert(rank, '7');
        prop_assert_eq!(Siret::parse(&short), Err(FieldCode::SiretFormat));
        prop_assert_eq!(Siret::parse(&long), Err(FieldCode::SiretFormat));
    }

    #[test]
    fn any_text_is_refused_or_prints_back_the_same(typed in common::any_text()) {
        match Siret::parse(&typed) {
            Ok(siret) => {
                prop_assert_eq!(siret.as_str().len(), 14);
                prop_assert!(siret.as_str().bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(Siret::parse(siret.as_str()), Ok(siret));
            }
            Err(code) => prop_assert!(matches!(
                code,
                FieldCode::SiretFormat | FieldCode::SiretIsSiren | FieldCode::SiretChecksum
            )),
        }
    }
}
