//! Tests of secret keys: what is one, what is read as a seed, and what is shown of it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use domain::SecretKey;
use proptest::prelude::*;

use crate::common;

#[test]
fn a_seed_is_32_bytes_in_base64_and_43_letters_and_digits_are_one() {
    let seed = *b"a sesame development journal key";
    assert_eq!(SecretKey::new("YSBzZXNhbWUgZGV2ZWxvcG1lbnQgam91cm5hbCBrZXk=").seed(), Some(seed));
    // Its last two bits are none of the seed.
    for last in ["k", "l", "m", "n"] {
        let random = format!("YSBzZXNhbWUgZGV2ZWxvcG1lbnQgam91cm5hbCBrZX{last}");
        let seed = SecretKey::new(random.clone()).seed().unwrap();
        assert!(STANDARD_NO_PAD.encode(seed).starts_with(&random[..42]), "{random}");
    }
    for other in ["", "sesame development journal key", &"a".repeat(42), &"a".repeat(44), &"a".repeat(64)] {
        assert_eq!(SecretKey::new(other).seed(), None, "{other}");
    }
    assert_eq!(SecretKey::new([0; 32]).seed(), None, "bytes that are not printed");
}

#[test]
fn a_key_is_no_other() {
    let key = SecretKey::new("secret");
    assert!(key.is(b"secret"));
    for other in ["", "secre", "secret ", "secret\0", "Secret", "another"] {
        assert!(!key.is(other.as_bytes()), "{other:?}");
    }
    assert_eq!((key.text(), SecretKey::new([0xFF]).text()), (Some("secret"), None));
}

#[test]
fn a_key_is_not_printed() {
    assert_eq!(format!("{:?}", SecretKey::new("secret")), "SecretKey(•••)");
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_seed_is_read_back_with_and_without_padding(seed in any::<[u8; 32]>()) {
        for printed in [STANDARD.encode(seed), STANDARD_NO_PAD.encode(seed)] {
            prop_assert_eq!(SecretKey::new(printed).seed(), Some(seed));
        }
    }
}
