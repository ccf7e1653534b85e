//! Tests of tokens: they print and read back bit for bit, and only as they were printed.

use std::collections::HashSet;

use domain::base32;
use domain::token::{TOKEN_SYMBOLS, hexadecimal};
use domain::{SecretKey, Token, TokenHash};
use proptest::prelude::*;

use crate::common;

#[test]
fn a_token_prints_as_52_symbols_that_no_mail_program_cuts() {
    assert_eq!(TOKEN_SYMBOLS, 52);
    assert_eq!(Token::from_bytes([0; 32]).print(), "0".repeat(52));
    assert_eq!(Token::from_bytes([0xFF; 32]).print(), format!("{}g", "z".repeat(51)));
    let counted: [u8; 32] = std::array::from_fn(|rank| u8::try_from(rank).unwrap());
    // The bits 00000 00000 00000 10000 00100 00000 11000 00100 of bytes 0 to 4, and so on.
    assert!(Token::from_bytes(counted).print().starts_with("000g40r4"));
}

#[test]
fn spare_bits_that_are_not_zero_are_refused() {
    // 52 symbols hold 260 bits: the last four belong to no byte.
    let start = "0".repeat(51);
    for value in 0..32 {
        let printed = format!("{start}{}", base32::symbol(value).to_ascii_lowercase());
        assert_eq!(Token::parse(&printed).is_some(), value == 0 || value == 16, "{printed}");
    }
}

#[test]
fn what_was_never_printed_is_no_token() {
    let printed = Token::from_bytes([0xA5; 32]).print();
    let near_misses = [
        String::new(),
        "0".repeat(51),
        "0".repeat(53),
        format!("u{}", &printed[1..]),
        format!(" {}", &printed[1..]),
        format!("-{}", &printed[1..]),
        format!("{printed} "),
        format!("#{printed}"),
        // 52 bytes, of which some characters have two or four
        "é".repeat(26),
        "🦀".repeat(13),
    ];
    for typed in near_misses {
        assert_eq!(Token::parse(&typed), None, "{typed:?}");
    }
}

#[test]
fn the_table_knows_a_token_by_its_sha_256() {
    let key = Token::from_bytes([0; 32]).key();
    assert_eq!(key, "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
}

#[test]
fn a_hash_is_read_as_it_is_written_and_nothing_else_is_one() {
    let token = Token::from_bytes([0xA5; 32]);
    assert_eq!(token.hash().as_str(), token.key());
    assert_eq!(TokenHash::parse(&token.key()), Some(token.hash()));
    for other in ["", &"a".repeat(63), &"a".repeat(65), &"g".repeat(64)] {
        assert_eq!(TokenHash::parse(other), None, "{other:?}");
    }
}

#[test]
fn a_log_never_shows_a_token_or_a_key() {
    assert_eq!(format!("{:?}", Token::from_bytes([7; 32])), "Token(•••)");
    assert_eq!(format!("{:?}", SecretKey::new("secret")), "SecretKey(•••)");
}

#[test]
fn every_value_has_its_symbol_and_every_symbol_its_value() {
    for value in 0..32 {
        let symbol = base32::symbol(value);
        assert_eq!(base32::value(symbol), Some(value));
        assert_eq!(base32::value(symbol.to_ascii_lowercase()), Some(value));
        assert_eq!(base32::symbol(value | 0b1110_0000), symbol, "only the low five bits count");
    }
    let distinct: HashSet<char> = (0..32).map(base32::symbol).collect();
    assert_eq!(distinct.len(), 32);
    assert!(!"ILOU".chars().any(|letter| distinct.contains(&letter)), "letters that are misread");
}

#[test]
fn letters_that_look_like_digits_read_as_them_and_nothing_else_reads() {
    for (typed, value) in [('O', 0), ('o', 0), ('I', 1), ('i', 1), ('L', 1), ('l', 1)] {
        assert_eq!(base32::value(typed), Some(value), "{typed}");
    }
    for typed in ['U', 'u', '-', ' ', '\0', 'é', 'О', 'ı', '\u{212A}', '０', '🦀'] {
        assert_eq!(base32::value(typed), None, "{typed:?}");
    }
    let readable = ('\0'..=char::MAX).filter(|&c| base32::value(c).is_some()).count();
    assert_eq!(readable, 10 + 2 * 22 + 6);
}

#[test]
fn a_signature_is_the_hmac_of_rfc_4231() {
    let case_1 = SecretKey::new([0x0B; 20]).sign(b"Hi There");
    assert_eq!(hexadecimal(&case_1), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    let case_2 = SecretKey::new("Jefe").sign(b"what do ya want for nothing?");
    assert_eq!(hexadecimal(&case_2), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    let case_6 = SecretKey::new([0xAA; 131]).sign(b"Test Using Larger Than Block-Size Key - Hash Key First");
    assert_eq!(hexadecimal(&case_6), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

#[test]
fn a_fingerprint_tells_keys_labels_and_values_apart() {
    let key = SecretKey::new("key");
    let prints = [
        key.fingerprint("email", "jean@exemple.fr"),
        key.fingerprint("email", "marie@exemple.fr"),
        key.fingerprint("phone", "jean@exemple.fr"),
        key.fingerprint("emailjean", "@exemple.fr"),
        SecretKey::new("another").fingerprint("email", "jean@exemple.fr"),
    ];
    assert_eq!(prints.iter().collect::<HashSet<_>>().len(), prints.len());
    assert_eq!(prints[0], key.fingerprint("email", "jean@exemple.fr"));
    assert!(prints.iter().all(|print| print.len() == 64 && print.bytes().all(|b| b.is_ascii_hexdigit())));
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_token_prints_and_reads_back_the_same(bytes in any::<[u8; 32]>()) {
        let token = Token::from_bytes(bytes);
        let printed = token.print();
        prop_assert_eq!(printed.len(), TOKEN_SYMBOLS);
        prop_assert!(printed.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()), "{}", printed);
        prop_assert_eq!(Token::parse(&printed), Some(token));
    }

    #[test]
    fn one_wrong_symbol_is_another_token_or_none(
        bytes in any::<[u8; 32]>(), place in 0..52_usize, step in 1..32_u8
    ) {
        let token = Token::from_bytes(bytes);
        let mut symbols: Vec<char> = token.print().chars().collect();
        symbols[place] = base32::symbol((base32::value(symbols[place]).unwrap() + step) % 32);
        prop_assert_ne!(Token::parse(&String::from_iter(symbols)), Some(token));
    }

    #[test]
    fn any_text_is_no_token_or_reads_back_the_same(typed in common::any_text()) {
        if let Some(token) = Token::parse(&typed) {
            prop_assert_eq!(Token::parse(&token.print()), Some(token));
        }
    }

    #[test]
    fn any_52_symbols_are_a_token_exactly_when_their_spare_bits_are_zero(typed in "[0-9a-hjkmnp-tv-z]{52}") {
        let spare = base32::value(typed.chars().last().unwrap()).unwrap() & 0b1111;
        let printed = Token::parse(&typed).map(|token| token.print());
        prop_assert_eq!(printed, (spare == 0).then_some(typed));
    }

    #[test]
    fn hexadecimal_has_two_digits_a_byte(bytes in any::<Vec<u8>>()) {
        let text = hexadecimal(&bytes);
        prop_assert_eq!(text.len(), bytes.len() * 2);
        let digits = |rank: usize| &text[2 * rank..2 * rank + 2];
        let read: Vec<u8> =
            (0..bytes.len()).map(|rank| u8::from_str_radix(digits(rank), 16).unwrap()).collect();
        prop_assert_eq!(read, bytes);
    }
}
