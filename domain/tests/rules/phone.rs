//! Tests of phone numbers: how people write them, and the one way in which they are kept.

use domain::{FieldCode, Phone};
use proptest::prelude::*;

use crate::common;

/// What people type between digits.
const SEPARATORS: &[&str] = &[
    " ", ".", "-", "/", "(", ")", "\t", "\u{A0}", "\u{2009}", "\u{202F}", "\u{2010}", "\u{2011}", "\u{2013}",
];

fn kept(typed: &str) -> Result<String, FieldCode> {
    Phone::parse(typed).map(|phone| phone.as_str().to_owned())
}

#[test]
fn a_french_number_is_kept_with_its_country_however_it_is_typed() {
    let spellings = [
        "01 23 45 67 89",
        "0123456789",
        "01.23.45.67.89",
        "01-23-45-67-89",
        "01/23/45/67/89",
        "(01) 23 45 67 89",
        " 01 23 45 67 89\r\n",
        "01\u{A0}23\u{202F}45\u{2009}67\u{2011}89",
        "+33 1 23 45 67 89",
        "+33123456789",
        "+33 (0)1 23 45 67 89",
        "+33 (0) 1 23 45 67 89",
        "0033 1 23 45 67 89",
        "00 33 (0)1 23 45 67 89",
        "1 23 45 67 89",
        "123456789",
        "33 1 23 45 67 89",
        "33123456789",
        "33 (0)1 23 45 67 89",
    ];
    for typed in spellings {
        assert_eq!(kept(typed).as_deref(), Ok("+33123456789"), "{typed:?}");
    }
}

#[test]
fn every_french_range_from_01_to_09_is_taken() {
    for range in 1..=9 {
        assert_eq!(kept(&format!("0{range} 12 34 56 78")), Ok(format!("+33{range}12345678")));
    }
}

#[test]
fn a_foreign_number_is_taken_with_its_country() {
    for (typed, expected) in [
        ("+44 20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("+32 2 555 12 34", "+3225551234"),
        ("+352 26 12 34", "+352261234"),
        ("+262 262 12 34 56", "+262262123456"),
        ("+1 (212) 555-0123", "+12125550123"),
    ] {
        assert_eq!(kept(typed).as_deref(), Ok(expected), "{typed}");
    }
}

#[test]
fn a_foreign_number_has_seven_to_fifteen_digits() {
    for (digits, is_taken) in [(6, false), (7, true), (15, true), (16, false)] {
        let typed = format!("+4{}", "2".repeat(digits - 1));
        assert_eq!(kept(&typed).is_ok(), is_taken, "{typed}");
    }
}

#[test]
fn anything_else_is_a_format_fault() {
    let near_misses = [
        "",
        " ",
        "0",
        "+",
        "00",
        "01 23 45 67 8",
        "01 23 45 67 89 0",
        "1 23 45 67 8",
        "1 23 45 67 89 0",
        "33 01 23 45 67 89",
        "33 1 23 45 67 8",
        "44 20 7946 0958",
        "+33 1 23 45 67 8",
        "+33 1 23 45 67 89 0",
        "+33 01 23 45 67 89",
        "+33 012 34 56 78",
        "+0 1 23 45 67 89",
        "000 33 1 23 45 67 89",
        "++33 1 23 45 67 89",
        "01+23456789",
        "36 46",
        "+112",
        "01 23 45 67 8A",
        "01 23 45 67 89 poste 3",
        "zéro un vingt-trois",
        "０１２３４５６７８９",
        "٠١٢٣٤٥٦٧٨٩",
        "01,23,45,67,89",
        "01 23 45 67 89\0",
    ];
    for typed in near_misses {
        assert_eq!(Phone::parse(typed), Err(FieldCode::PhoneFormat), "{typed:?}");
    }
}

#[test]
fn forty_typed_characters_are_read_and_no_more() {
    let padded = |spaces: usize| format!("0123456789{}", " ".repeat(spaces));
    assert!(Phone::parse(&padded(30)).is_ok());
    assert_eq!(Phone::parse(&padded(31)), Err(FieldCode::PhoneFormat));
}

#[test]
fn a_log_never_shows_a_number() {
    assert_eq!(format!("{:?}", Phone::parse("0123456789").unwrap()), "Phone(•••)");
}

#[test]
fn an_overseas_number_gets_the_country_code_of_its_department() {
    for (typed, number) in [
        ("0262 12 34 56", "+262262123456"),
        ("0692 12 34 56", "+262692123456"),
        ("0639 12 34 56", "+262639123456"),
        ("0590 12 34 56", "+590590123456"),
        ("0690 12 34 56", "+590690123456"),
        ("0594 12 34 56", "+594594123456"),
        ("0596 12 34 56", "+596596123456"),
        ("0697 12 34 56", "+596697123456"),
        ("+590 690 12 34 56", "+590690123456"),
        ("692 12 34 56", "+262692123456"),
    ] {
        assert_eq!(kept(typed).as_deref(), Ok(number), "{typed}");
    }
    assert_eq!(kept("+262 262 12 34 5"), Err(FieldCode::PhoneFormat));
}

/// National numbers that no overseas department has.
const METROPOLITAN: &str = "[13478][0-9]{8}";

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_french_number_is_read_with_separators_anywhere(
        (national, typed) in METROPOLITAN.prop_flat_map(|national: String| {
            let typed = common::spread(&format!("0{national}"), SEPARATORS);
            (Just(national), typed)
        })
    ) {
        // «(0)» is the trunk prefix that `+33 (0)1…` repeats: alone, it leaves no national number.
        prop_assume!(!typed.contains("(0)"));
        prop_assert_eq!(kept(&typed), Ok(format!("+33{national}")));
    }

    #[test]
    fn any_french_number_is_the_same_with_its_country(national in METROPOLITAN) {
        let expected = Ok(format!("+33{national}"));
        for prefix in ["", "0", "33", "+33", "0033", "33 ", "+33 ", "+33 (0)", "+33(0) "] {
            prop_assert_eq!(&kept(&format!("{prefix}{national}")), &expected, "{}", prefix);
        }
    }

    #[test]
    fn a_french_digit_too_few_or_too_many_is_refused(national in "[1-9][0-9]{8}", extra in 0..10_u8) {
        // Without its 0 or `+`, eleven digits may be a number with its country.
        for prefix in ["0", "+33", "33"] {
            prop_assert_eq!(kept(&format!("{prefix}{}", &national[..8])), Err(FieldCode::PhoneFormat));
            prop_assert_eq!(kept(&format!("{prefix}{national}{extra}")), Err(FieldCode::PhoneFormat));
        }
    }

    #[test]
    fn any_text_is_refused_or_is_kept_as_e164(typed in common::any_text()) {
        match kept(&typed) {
            Ok(number) => {
                let digits = number.strip_prefix('+').unwrap();
                prop_assert!((7..=15).contains(&digits.len()) && !digits.starts_with('0'), "{}", number);
                prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()), "{}", number);
                prop_assert_eq!(kept(&number), Ok(number));
            }
            Err(code) => prop_assert_eq!(code, FieldCode::PhoneFormat),
        }
    }

    #[test]
    fn any_digits_and_signs_are_refused_or_print_back_the_same(typed in "[+0-9() .-]{0,40}") {
        if let Ok(number) = kept(&typed) {
            prop_assert_eq!(kept(&number), Ok(number));
        }
    }
}
