//! Tests of names: anybody's name is taken, and nothing that cannot be seen.

use domain::name::NAME_LENGTH_MAX;
use domain::{FieldCode, FullName, Name};
use proptest::prelude::*;

use crate::common;

fn kept(typed: &str) -> Result<String, FieldCode> {
    Name::parse(typed).map(|name| name.as_str().to_owned())
}

/// Nothing to see: white space, and joiners alone.
fn is_blank(text: &str) -> bool {
    text.replace(['\u{200C}', '\u{200D}'], "").trim().is_empty()
}

#[test]
fn names_of_people_and_of_establishments_are_kept_as_typed() {
    let names = [
        "X",
        "Jean",
        "Anne-Sophie",
        "de La Tour d'Auvergne",
        "Zoé Œuvrard",
        "Nguyễn Thị Ánh",
        "Zoe\u{301}",
        "王小明",
        "محمد",
        "L’Épicerie & Fils — SARL (75)",
        "SARL «Chez Léa»",
        "<script>",
        "Robert'); DROP TABLE accounts;--",
        "Café 🦀",
    ];
    for name in names {
        assert_eq!(kept(name).as_deref(), Ok(name));
    }
}

#[test]
fn spaces_around_are_dropped_and_those_inside_are_kept() {
    assert_eq!(kept("  Jean  Paul \r\n").as_deref(), Ok("Jean  Paul"));
    assert_eq!(kept("\u{A0}Jean\u{202F}Paul\u{3000}").as_deref(), Ok("Jean\u{202F}Paul"));
}

#[test]
fn a_part_of_a_name_is_found_whatever_its_case_and_accents() {
    let name = Name::parse("Boulangerie de l'Étoile").unwrap();
    for sought in ["Étoile", "etoile", "ÉTOILE", "e\u{301}toile", " boulangerie ", "de l'E", ""] {
        assert!(name.has(sought), "{sought:?}");
    }
    for sought in ["étoiles", "boulangeriede", "x"] {
        assert!(!name.has(sought), "{sought:?}");
    }
}

#[test]
fn an_empty_name_is_required() {
    let joiners = ["\u{200D}", " \u{200D}\n", "\u{200C}\u{200D}", "\u{200D} \u{200D}"];
    for typed in ["", " ", "\t\r\n", "\u{A0}\u{3000}"].into_iter().chain(joiners) {
        assert_eq!(kept(typed), Err(FieldCode::Required), "{typed:?}");
    }
}

#[test]
fn a_name_has_at_most_100_characters_whatever_their_bytes() {
    for character in ["a", "é", "漢", "🦀"] {
        assert_eq!(kept(&character.repeat(NAME_LENGTH_MAX)), Ok(character.repeat(100)));
        assert_eq!(kept(&character.repeat(101)), Err(FieldCode::TooLong));
    }
    assert_eq!(kept(&format!("{}{}", "a".repeat(100), " ".repeat(50))), Ok("a".repeat(100)));
}

#[test]
fn what_cannot_be_seen_is_refused() {
    let invisible = [
        '\0', '\t', '\n', '\r', '\u{1B}', '\u{7F}', '\u{85}', '\u{AD}', '\u{61C}', '\u{180E}', '\u{200B}',
        '\u{200E}', '\u{200F}', '\u{2028}', '\u{2029}', '\u{202A}', '\u{202E}', '\u{2060}', '\u{2066}',
        '\u{2069}', '\u{FEFF}', '\u{FFF9}',
    ];
    for character in invisible {
        let typed = format!("Je{character}an");
        assert_eq!(kept(&typed), Err(FieldCode::ControlCharacter), "{typed:?}");
    }
    assert_eq!(kept("\u{200B}"), Err(FieldCode::ControlCharacter), "a name that nobody would see");
}

#[test]
fn what_joins_letters_and_pictures_is_kept() {
    for name in ["می\u{200C}خواهم", "Boulangerie 👩\u{200D}🍳"] {
        assert_eq!(kept(name), Ok(name.to_owned()));
    }
}

#[test]
fn a_name_cannot_forge_a_line_of_a_mail() {
    assert_eq!(kept("Jean\r\nBcc: x@exemple.fr"), Err(FieldCode::ControlCharacter));
}

#[test]
fn a_log_never_shows_a_name() {
    let (first, last) = (Name::parse("Élodie").unwrap(), Name::parse("Dupont").unwrap());
    let name = FullName { first, last };
    assert_eq!(name.joined(), "Élodie Dupont");
    assert_eq!(format!("{name:?} {:?}", name.first), "FullName(•••) Name(•••)");
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_visible_letters_are_kept_as_typed(typed in "\\p{L}[\\p{L}\\p{M} '’.-]{0,98}\\p{L}") {
        prop_assume!(typed.trim() == typed);
        prop_assert_eq!(kept(&typed), Ok(typed));
    }

    #[test]
    fn any_text_is_refused_or_is_a_line_that_prints_back_the_same(typed in common::any_text()) {
        match kept(&typed) {
            Ok(name) => {
                prop_assert!((1..=NAME_LENGTH_MAX).contains(&name.chars().count()));
                prop_assert!(!name.chars().any(char::is_control) && name.trim() == name);
                prop_assert!(!is_blank(&name));
                prop_assert_eq!(kept(&name), Ok(name));
            }
            Err(FieldCode::Required) => prop_assert!(is_blank(&typed)),
            Err(FieldCode::TooLong) => prop_assert!(typed.trim().chars().count() > NAME_LENGTH_MAX),
            Err(code) => prop_assert_eq!(code, FieldCode::ControlCharacter),
        }
    }
}
