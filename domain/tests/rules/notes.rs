//! Tests of signed notes: what others print is read, and what is printed is read by others.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::note::{
    KEY_NAME_BYTES_MAX, KeyId, KeyName, NOTE_SIGNATURES_MAX, Note, NoteError, Signature, VerifierKey,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::common;

/// The example of the specification.
const SPECIFIED: &str = "Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

\u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU\
0xMcXxj99ihAQwaqP3ZekRwNtIc=
";
/// The example of Go's `note` package.
const OF_GO: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// The key of Go's checksum database.
const OF_SUM_GOLANG_ORG: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

fn name(name: &str) -> KeyName {
    KeyName::parse(name).unwrap()
}

fn signature(of: &VerifierKey, bytes: &[u8]) -> Signature {
    Signature { name: of.name.clone(), key: of.id(), bytes: bytes.to_vec() }
}

fn key(of: &str) -> VerifierKey {
    VerifierKey { name: name(of), public_key: [7; 32] }
}

#[test]
fn the_example_of_the_specification_reads_and_prints_back_to_the_byte() {
    let note = Note::parse(SPECIFIED.as_bytes()).unwrap();
    assert!(note.text().starts_with("Ognuno") && note.text().ends_with(":\n\ned è subito sera.\n"));
    let [signature] = note.signatures() else { panic!("one signature") };
    assert_eq!(signature.name, name("quasimodo.example/salvatore"));
    assert_eq!((signature.key, signature.bytes.len()), (KeyId([0x36, 0x7B, 0xA0, 0x4B]), 64));
    assert_eq!(note.to_string(), SPECIFIED);
}

#[test]
fn keys_of_others_have_the_ids_that_they_print() {
    for (printed, id) in [(OF_GO, "c74f20a3"), (OF_SUM_GOLANG_ORG, "033de0ae")] {
        let key = VerifierKey::parse(printed).unwrap();
        assert_eq!((key.id().to_string().as_str(), key.to_string().as_str()), (id, printed));
    }
}

#[test]
fn a_key_that_is_not_its_own_is_none() {
    let body = STANDARD.encode([[1_u8].as_slice(), &[7; 32]].concat());
    let right = key("sesame.example/journal").to_string();
    assert!(right.ends_with(&body) && VerifierKey::parse(&right).is_some());
    let of_another_kind = STANDARD.encode([[2_u8].as_slice(), &[7; 32]].concat());
    for printed in [
        String::new(),
        right.replace("journal", "diary"),
        right.to_uppercase(),
        format!("{right}A"),
        format!("+{right}"),
        format!("sesame.example/journal+00000000+{body}"),
        right.replace(&body, &of_another_kind),
        "sesame.example/journal+00000000".to_owned(),
    ] {
        assert_eq!(VerifierKey::parse(&printed), None, "{printed}");
    }
}

#[test]
fn a_name_has_neither_white_space_nor_plus() {
    assert_eq!(name("sésame.example/journal").as_str(), "sésame.example/journal");
    assert!(KeyName::parse(&"a".repeat(KEY_NAME_BYTES_MAX)).is_some());
    let long = "a".repeat(KEY_NAME_BYTES_MAX + 1);
    for text in
        ["", "a b", "a+b", "a\n", "a\u{A0}b", "a\u{3000}b", "a\u{1}b", "a\u{2028}b", "a\u{202E}b", &long]
    {
        assert_eq!(KeyName::parse(text), None, "{text:?}");
    }
}

#[test]
fn signatures_stand_after_one_blank_line() {
    let (current, previous) = (key("sesame.example/journal"), key("sesame.example/before"));
    let note = Note::new("Un.\nDeux.\n".to_owned()).unwrap();
    let note = note.signed(signature(&current, &[1; 64])).unwrap();
    let note = note.signed(signature(&previous, &[2; 64])).unwrap();
    let line = |key: &VerifierKey, byte: u8| {
        let encoded = STANDARD.encode([key.id().0.as_slice(), &[byte; 64]].concat());
        format!("\u{2014} {} {encoded}\n", key.name.as_str())
    };
    assert_eq!(note.to_string(), format!("Un.\nDeux.\n\n{}{}", line(&current, 1), line(&previous, 2)));
    assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note.clone()));
    assert_eq!(note.signatures_of(&current).map(|one| one.bytes[0]).collect::<Vec<_>>(), [1]);
    let of_the_same_name = VerifierKey { public_key: [8; 32], ..current };
    assert_eq!(note.signatures_of(&of_the_same_name).count(), 0);
}

#[test]
fn the_odd_name_of_an_unknown_signer_does_not_spoil_a_note() {
    let known = key("sesame.example/journal");
    let encoded = STANDARD.encode([1; 68]);
    for odd in ["a\u{200B}b", "\u{202E}a", "a\u{7F}", &"a".repeat(KEY_NAME_BYTES_MAX + 1)] {
        assert_eq!(KeyName::parse(odd), None, "{odd:?}");
        let line = signature(&known, &[1; 64]);
        let note = format!("Un.\n\n\u{2014} {odd} {encoded}\n{line}\n");
        let read = Note::parse(note.as_bytes()).unwrap();
        assert_eq!((read.signatures().len(), read.signatures_of(&known).count()), (2, 1), "{odd:?}");
        assert_eq!(read.to_string(), note);
    }
    let control = format!("Un.\n\n\u{2014} a\u{1}b {encoded}\n");
    assert_eq!(Note::parse(control.as_bytes()), Err(NoteError::Encoding));
}

#[test]
fn a_text_that_cannot_be_signed_is_refused() {
    let refused = |text: &str| Note::new(text.to_owned()).unwrap_err();
    for text in ["", "Un.", "Un.\nDeux."] {
        assert_eq!(refused(text), NoteError::Text, "{text:?}");
    }
    for text in ["Un.\tDeux.\n", "Un.\r\n", "\0\n", "\u{1B}[2K\n"] {
        assert_eq!(refused(text), NoteError::Encoding, "{text:?}");
    }
    let empty = signature(&key("k"), &[]);
    assert_eq!(Note::new("Un.\n".to_owned()).unwrap().signed(empty), Err(NoteError::Signatures));
}

#[test]
fn what_is_no_signed_note_is_refused() {
    let line = signature(&key("k"), &[1; 64]);
    let refused = |note: &str| Note::parse(note.as_bytes()).unwrap_err();
    for note in [
        "Un.\n".to_owned(),
        format!("Un.\n{line}\n"),
        format!("Un.\n\n{line}"),
        format!("Un.\n\n{line}\nDeux.\n"),
        format!("Un.\n\n-{}\n", line.to_string().trim_start_matches('\u{2014}')),
        format!("Un.\n\n{line}=\n"),
        format!("Un.\n\n{line} {line}\n"),
        "Un.\n\n\u{2014} k AAAAAA==\n".to_owned(),
        "Un.\n\n\u{2014} k\n".to_owned(),
        "Un.\n\n\u{2014}  AAAAAAE=\n".to_owned(),
        format!("Un.\n\n{}", format!("{line}\n").repeat(NOTE_SIGNATURES_MAX + 1)),
    ] {
        assert_eq!(refused(&note), NoteError::Signatures, "{note:?}");
    }
    let many = format!("Un.\n\n{}", format!("{line}\n").repeat(NOTE_SIGNATURES_MAX));
    assert_eq!(Note::parse(many.as_bytes()).unwrap().signatures().len(), 16);
    assert_eq!(Note::parse(b"Un\xFF.\n\n").unwrap_err(), NoteError::Encoding);
    assert_eq!(refused(&format!("Un\t.\n\n{line}\n")), NoteError::Encoding);
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_note_prints_and_reads_back_the_same(
        lines in vec("[^\\p{Cc}]{0,30}", 1..6), key in any::<[u8; 32]>(),
        signatures in vec(vec(any::<u8>(), 1..80), 1..=NOTE_SIGNATURES_MAX),
    ) {
        let key = VerifierKey { name: name("sesame.example/journal"), public_key: key };
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let unsigned = Note::new(text.clone()).unwrap();
        let note = signatures.iter().try_fold(unsigned, |note, bytes| note.signed(signature(&key, bytes)));
        let note = note.unwrap();
        prop_assert_eq!(note.text(), text);
        prop_assert_eq!(note.signatures_of(&key).count(), signatures.len());
        prop_assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
    }

    #[test]
    fn any_key_prints_and_reads_back_the_same(public_key in any::<[u8; 32]>()) {
        let key = VerifierKey { name: name("sesame.example/journal"), public_key };
        prop_assert_eq!(VerifierKey::parse(&key.to_string()), Some(key));
    }

    #[test]
    fn any_text_is_no_note_unless_it_prints_back_the_same(
        start in common::any_text(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = SPECIFIED.as_bytes().to_vec();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        for typed in [start.as_bytes(), &bytes] {
            if let Ok(note) = Note::parse(typed) {
                let printed = note.to_string();
                prop_assert_eq!(printed.as_bytes(), typed);
            }
        }
    }
}
