//! Tests of passwords: a length, a strength against what people and this person choose, nothing else.

use domain::password::{PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, normalised};
use domain::{
    Application, Email, FieldCode, FieldValue, Name, Password, Person, Phone, Siret, TypedPassword,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::common;

/// Characters that people write for one another.
const LOOK_ALIKE: &str = "aA4@eE3İßẞéL1|!i0oO5$🦀\u{301}\u{200F}\0 19sS";

/// Words of every day, as somebody picks four of them.
const WORDS: &[&str] = &[
    "fenêtre",
    "sirop",
    "balcon",
    "tambour",
    "girafe",
    "velours",
    "marteau",
    "violon",
    "cascade",
    "parapluie",
    "tortue",
    "cerise",
    "voisine",
    "canard",
    "promesse",
    "tiroir",
    "brouette",
    "écharpe",
    "nuage",
    "râteau",
    "chaussette",
    "poivre",
    "grenier",
    "bougie",
    "pelouse",
    "crayon",
    "tabouret",
    "orage",
    "panier",
    "lanterne",
];

/// Names and towns that anybody thinks of first, as they are written.
const FAMILIAR: &[&str] = &[
    "Stéphanie",
    "Christophe",
    "Aurélie",
    "Sébastien",
    "Françoise",
    "Benjamin",
    "Delphine",
    "Véronique",
    "Marseille",
    "Toulouse",
    "Grenoble",
    "Besançon",
    "Perpignan",
    "chouchou",
    "football",
];

fn application() -> Application {
    Application {
        siret: Siret::parse("73282932000074").unwrap(),
        establishment_name: Name::parse("Boulangerie Martin").unwrap(),
        first_name: Name::parse("Élodie").unwrap(),
        last_name: Name::parse("Dupont-Lefebvre").unwrap(),
        email: Email::parse("elodie.dupont@boulangerie-martin.fr").unwrap(),
        phone: Phone::parse("06 12 34 56 78").unwrap(),
    }
}

fn judged(typed: &str, person: &Person) -> Result<(), FieldCode> {
    Password::parse(typed).and_then(|password| password.judge(person))
}

#[test]
fn eleven_characters_are_too_few_and_twelve_will_do() {
    assert_eq!(PASSWORD_LENGTH_MIN, 12);
    assert_eq!(Password::parse(""), Err(FieldCode::PasswordTooShort));
    assert_eq!(Password::parse("xK9#mQ2$vLp"), Err(FieldCode::PasswordTooShort));
    assert_eq!(Password::parse("xK9#mQ2$vLp7").unwrap().as_bytes(), b"xK9#mQ2$vLp7");
}

#[test]
fn a_hundred_and_twenty_eight_characters_will_do_and_one_more_is_too_many() {
    assert_eq!(PASSWORD_LENGTH_MAX, 128);
    assert!(Password::parse(&"x".repeat(128)).is_ok());
    assert_eq!(Password::parse(&"x".repeat(129)), Err(FieldCode::PasswordTooLong));
    assert_eq!(Password::parse(&"x".repeat(common::TEXT_LENGTH_MAX)), Err(FieldCode::PasswordTooLong));
}

#[test]
fn length_is_counted_in_characters_and_not_in_bytes() {
    for character in ["é", "漢", "🦀"] {
        assert_eq!(Password::parse(&character.repeat(11)), Err(FieldCode::PasswordTooShort));
        assert!(Password::parse(&character.repeat(12)).is_ok());
        assert!(Password::parse(&character.repeat(128)).is_ok());
        assert_eq!(Password::parse(&character.repeat(129)), Err(FieldCode::PasswordTooLong));
    }
}

#[test]
fn no_character_is_asked_for() {
    for typed in ["vqtzmblxwkrd", "VQTZMBLXWKRD", "licorne rose sous la pluie", "ŵķẋþđħŧłøæœß"] {
        assert_eq!(judged(typed, &application().person()), Ok(()), "{typed}");
    }
}

#[test]
fn what_everybody_chooses_is_too_common() {
    let common = [
        "password1234",
        "P@ssw0rd1234",
        "motdepasse123",
        "azertyuiop12",
        "azertyuiopqs",
        "qwertyuiop123",
        "123456789012",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "abcdefghijkl",
        "            ",
        "bonjour123456",
        "jetaimejetaime",
        "loulou123456",
        "marseille1234",
    ];
    for typed in common {
        assert_eq!(judged(typed, &Person::default()), Err(FieldCode::PasswordTooCommon), "{typed}");
        assert_eq!(judged(typed, &application().person()), Err(FieldCode::PasswordTooCommon), "{typed}");
    }
}

#[test]
fn what_everybody_chooses_in_french_is_too_common() {
    let common = [
        "MartinZoe1990",
        "Martin Zoe 1990",
        "martin-zoé-1990!",
        "m@rtin zoe 1990",
        "Azerty123456!",
        "azertyuiop2024",
        "wxcvbn123456",
        "aqwzsxedcrfv",
        "soleil soleil soleil",
        "soleilSoleilSOLEIL",
        "soleil! soleil? soleil.",
        "soleil1 soleil2 soleil3",
        "Marseille13013",
        "Saint-Étienne42",
        "Noël décembre",
        "Bonjour2024!!",
        "24/12/1985 Zoé",
        "motdepasse motdepasse",
        "JeanPierre1958",
        "ActivitéPartielle2026",
        "loulou doudou titi",
    ];
    for typed in common {
        assert_eq!(judged(typed, &Person::default()), Err(FieldCode::PasswordTooCommon), "{typed}");
        assert_eq!(judged(typed, &application().person()), Err(FieldCode::PasswordTooCommon), "{typed}");
    }
}

#[test]
fn four_words_will_do_as_the_page_says() {
    let passphrases = [
        "chat maison table soleil",
        "chien soleil voiture amour",
        "fenêtre sirop balcon 47 tambour",
        "girafe octobre 12 velours marteau",
        "violon cascade 88 parapluie",
        "paris.lyon.marie.pierre",
        "PommePoireBananeCerise",
    ];
    for typed in passphrases {
        assert_eq!(judged(typed, &application().person()), Ok(()), "{typed}");
    }
}

#[test]
fn accents_and_ligatures_hide_nobodys_data() {
    let person =
        Person(vec!["Zoé".into(), "Ó Súilleabháin".into(), "Cœurdevey".into(), "Bücher & Fils".into()]);
    for typed in [
        "zoe suilleabhain",
        "ZoeSuilleabhain42",
        "zoécoeurdevey!",
        "ZOÉ CŒURDEVEY",
        "cœurdevey-bucher",
        "Zoe\u{301} Cœurdevey",
        "bücher bucher bücher",
    ] {
        assert_eq!(judged(typed, &person), Err(FieldCode::PasswordContainsIdentity), "{typed}");
    }
}

#[test]
fn a_short_name_within_other_words_does_no_harm() {
    let person = Person(vec!["Li".into(), "Léa".into(), "Ng".into()]);
    for typed in ["clea plea sleaze palean", "ligne lilas linge lien ngli", "bleaching oleander 57"] {
        assert_eq!(judged(typed, &person), Ok(()), "{typed}");
    }
}

#[test]
fn the_french_words_are_folded_and_come_once() {
    let words: Vec<&str> = include_str!("../../src/french_words.txt").split_whitespace().collect();
    assert!((500..700).contains(&words.len()), "{}", words.len());
    assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase())));
    assert_eq!(words.iter().collect::<std::collections::HashSet<_>>().len(), words.len());
}

#[test]
fn length_alone_is_not_strength() {
    for typed in ["a".repeat(128), "password".repeat(16), "azerty".repeat(20), "123".repeat(5)] {
        assert_eq!(judged(&typed, &Person::default()), Err(FieldCode::PasswordTooCommon), "{typed}");
    }
}

#[test]
fn the_persons_own_data_are_refused_and_said_to_be_theirs() {
    let own = [
        "dupont-lefebvre",
        "DUPONT-LEFEBVRE",
        "Dupont-Lefebvre75",
        "dup0nt-l3f3bvr3",
        "elodie.dupont@boulangerie-martin.fr",
        "Boulangerie Martin",
        "boulangeriemartin",
        "73282932000074",
        "73282932000074!",
    ];
    for typed in own {
        let refused = Err(FieldCode::PasswordContainsIdentity);
        assert_eq!(judged(typed, &application().person()), refused, "{typed}");
    }
    for typed in ["Dupont-Lefebvre75", "elodie.dupont@boulangerie-martin.fr", "73282932000074!"] {
        assert_eq!(judged(typed, &Person::default()), Ok(()), "{typed}");
    }
    for typed in ["dupont-lefebvre", "Boulangerie Martin"] {
        let common = Err(FieldCode::PasswordTooCommon);
        assert_eq!(judged(typed, &Person::default()), common, "{typed}: so many have these names");
    }
}

#[test]
fn a_name_in_a_strong_password_does_no_harm() {
    assert_eq!(judged("dupont vqtzmblxwkrd 83", &application().person()), Ok(()));
}

#[test]
fn five_letters_of_ones_own_are_enough_beside_ones_data() {
    let person = application().person();
    let with = |own: &str| judged(&format!("{own} Lefebvre élodie MARTIN dupont Boulangerie"), &person);
    assert_eq!(with("vqtz"), Err(FieldCode::PasswordContainsIdentity));
    assert_eq!(with("vqtzm"), Ok(()));
}

#[test]
fn a_long_passphrase_passes() {
    let passphrases = [
        "correct horse battery staple",
        "trois tortues boivent du thé vert à Quimper",
        "Le 14 mai, ma voisine a peint sa porte en bleu canard",
        "the cat sat on the mat and the dog ran to the sea with a pig",
        "ma grand-mère disait toujours que les cerises de juin valent bien mieux que les promesses \
         d'avril, et le chat, lui, dormait.",
    ];
    for typed in passphrases {
        assert_eq!(judged(typed, &application().person()), Ok(()), "{typed}");
    }
}

#[test]
fn a_password_is_kept_as_typed_with_its_spaces() {
    let typed = "  xK9#mQ2$vLp7 \t";
    let password = Password::parse(typed).unwrap();
    assert_eq!(password.as_bytes(), typed.as_bytes());
    assert_ne!(password, Password::parse(typed.trim()).unwrap());
}

#[test]
fn a_password_is_the_same_however_a_keyboard_composes_it() {
    // «é» and «ç» as macOS types them with dead keys, a Hangul syllable from its parts, the sign for
    // ångström.
    let (composed, decomposed) = (
        "été à Besançon 각 Å 47",
        "e\u{301}te\u{301} a\u{300} Besanc\u{327}on \u{1100}\u{1161}\u{11A8} \u{212B} 47",
    );
    assert_eq!(Password::parse(composed), Password::parse(decomposed));
    assert_eq!(Password::parse(decomposed).unwrap().as_bytes(), composed.as_bytes());
    assert_eq!(normalised(decomposed), composed, "at login too");
    assert_ne!(
        Password::parse("ﬁn des haricots 47"),
        Password::parse("fin des haricots 47"),
        "no more than that"
    );
}

#[test]
fn length_is_counted_once_composed() {
    assert_eq!(Password::parse(&"e\u{301}".repeat(11)), Err(FieldCode::PasswordTooShort));
    assert!(Password::parse(&"e\u{301}".repeat(128)).is_ok());
}

#[test]
fn a_log_never_shows_a_password_nor_whose_it_is() {
    assert_eq!(format!("{:?}", Password::parse("xK9#mQ2$vLp7").unwrap()), "Password(•••)");
    let typed = TypedPassword::read("xK9#mQ2$vLp7".to_owned()).unwrap();
    assert_eq!(format!("{typed:?}"), "TypedPassword(•••)");
    assert_eq!(format!("{:?}", application().person()), "Person(•••)");
    let shown = format!("{:?}", application());
    for told in ["lodie", "Dupont", "elodie.dupont", "exemple", "Martin", "612345678"] {
        assert!(!shown.contains(told), "{told} in {shown}");
    }
}

#[test]
fn everything_that_a_person_told_is_looked_for() {
    let words = application().person().words(3);
    let told = [
        "élodie",
        "dupont-lefebvre",
        "lefebvre",
        "elodie.dupont@boulangerie-martin.fr",
        "boulangerie martin",
        "martin",
        "73282932000074",
        "+33612345678",
        "33612345678",
    ];
    for word in told {
        assert!(words.iter().any(|known| known == word), "{word} is not in {words:?}");
    }
    assert!(!words.iter().any(|word| word == "fr"), "two letters are in too many passwords");
}

#[test]
fn a_persons_words_come_once_in_lower_case() {
    let person = Person(vec!["Jean JEAN jean".into(), "Le Jean".into(), String::new()]);
    assert_eq!(person.words(3), ["jean", "jean jean jean", "le jean"]);
    assert_eq!(person.words(2), ["jean", "jean jean jean", "le", "le jean"]);
    assert_eq!(person.words(8), ["jean jean jean"]);
    assert!(Person::default().words(0).is_empty());
}

#[test]
fn the_longest_runs_on_a_keyboard_are_judged() {
    for run in ["12", "14", "qw", "1234567890", "79"] {
        let typed: String = run.chars().cycle().take(PASSWORD_LENGTH_MAX).collect();
        assert_eq!(judged(&typed, &Person::default()), Err(FieldCode::PasswordTooCommon), "{typed}");
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_text_of_a_right_length_is_taken_and_nothing_else(typed in common::any_text()) {
        let composed = normalised(&typed);
        let expected = match composed.chars().count() {
            0..12 => Err(FieldCode::PasswordTooShort),
            12..=128 => Ok(composed.into_bytes()),
            _ => Err(FieldCode::PasswordTooLong),
        };
        prop_assert_eq!(Password::parse(&typed).map(|password| password.as_bytes().to_vec()), expected);
    }
}

proptest! {
    // Each of these is judged twice: fewer of them keep the suite short.
    #![proptest_config(ProptestConfig { cases: 96, ..common::config() })]

    #[test]
    fn any_password_is_judged_the_same_twice_with_a_code_that_it_may_have(
        // Up to 20 characters: see `the_longest_runs_on_a_keyboard_are_judged`.
        typed in prop_oneof![
            vec(any::<char>(), 12..=128),
            vec(select(LOOK_ALIKE.chars().collect::<Vec<_>>()), 12..=128),
        ].prop_map(String::from_iter),
        told in vec(common::any_text(), 0..3),
    ) {
        let person = Person(told.into_iter().map(|text| text.chars().take(254).collect()).collect());
        let answer = judged(&typed, &person);
        prop_assert_eq!(answer, judged(&typed, &person));
        match answer {
            Ok(()) => {}
            Err(FieldCode::PasswordContainsIdentity) => {
                prop_assert_eq!(judged(&typed, &Person::default()), Ok(()));
            }
            Err(code) => {
                prop_assert_eq!(code, FieldCode::PasswordTooCommon);
                prop_assert_eq!(judged(&typed, &Person::default()), Err(FieldCode::PasswordTooCommon));
            }
        }
    }

    #[test]
    fn twelve_characters_of_a_password_manager_pass_for_anybody(
        typed in "[a-zA-Z0-9!#$%&*+./:=?@^_-]{12}"
    ) {
        prop_assert_eq!(judged(&typed, &application().person()), Ok(()));
    }

    #[test]
    fn four_different_words_pass_for_anybody(
        words in subsequence(WORDS, 4).prop_shuffle(), gap in "[ .-]?"
    ) {
        prop_assert_eq!(judged(&words.join(&gap), &application().person()), Ok(()));
    }

    #[test]
    fn a_name_or_a_town_with_a_year_is_too_common(
        word in select(FAMILIAR), year in 1930..=2026_u16, gap in "[ .-]?", end in "[!?.]{0,2}"
    ) {
        let typed = format!("{word}{gap}{year}{end}");
        prop_assume!(typed.chars().count() >= PASSWORD_LENGTH_MIN);
        prop_assert_eq!(judged(&typed, &Person::default()), Err(FieldCode::PasswordTooCommon), "{}", typed);
    }

    #[test]
    fn fourteen_random_letters_pass_for_anybody(typed in "[a-z]{14}") {
        prop_assert_eq!(judged(&typed, &Person::default()), Ok(()));
    }

    #[test]
    fn what_a_person_told_is_refused_in_any_usual_case(told in "[bcdfghjkmnpqrtvwxz]{14,20}") {
        let person = Person(vec![told.clone()]);
        let capitalised = format!("{}{}", told[..1].to_uppercase(), &told[1..]);
        for typed in [told.to_uppercase(), capitalised, told] {
            prop_assert_eq!(judged(&typed, &person), Err(FieldCode::PasswordContainsIdentity), "{}", typed);
        }
    }
}

#[test]
fn a_persons_numbers_are_known_however_they_are_written() {
    let person = application().person();
    for typed in [
        "06 12 34 56 78",
        "06.12.34.56.78",
        "+33 6 12 34 56 78",
        "0612345678Dupont",
        "732 829 320 00074",
        "732.829.320.00074",
        "732829320Élodie",
        "siren 732829320",
        "SIRET 73282932000074",
    ] {
        let judged = Password::parse(typed).unwrap().judge(&person);
        assert_eq!(judged, Err(FieldCode::PasswordContainsIdentity), "{typed}");
    }
}

#[test]
fn a_french_word_beside_ones_own_name_is_guessed_with_it() {
    let named = Application { last_name: Name::parse("Zwquillard").unwrap(), ..application() };
    for typed in ["Coccinelle Zwquillard", "dunkerquezwquillard", "zwquillard septembre"] {
        assert_eq!(judged(typed, &Person::default()), Ok(()), "{typed}");
        assert_eq!(judged(typed, &named.person()), Err(FieldCode::PasswordContainsIdentity), "{typed}");
    }
}
