//! Tests of requests for assistance: motive, description, sending, and the reference that people quote.

use std::collections::HashSet;

use domain::base32;
use domain::ticket::{DESCRIPTION_LENGTH_MAX, DESCRIPTION_LENGTH_MIN};
use domain::time::{Timestamp, in_paris};
use domain::{Description, FieldCode, Motive, Reference, Submission};
use proptest::prelude::*;

use crate::common;

fn kept(typed: &str) -> Result<String, FieldCode> {
    Description::parse(typed).map(|description| description.as_str().to_owned())
}

fn reference_at(moment: &str, random: [u8; 6]) -> String {
    let moment: Timestamp = moment.parse().unwrap();
    Reference::new(in_paris(moment).date(), random).as_str().to_owned()
}

#[test]
fn the_motives_are_those_of_the_contract_in_the_agencys_order() {
    let motives: Vec<_> = Motive::ALL.into_iter().map(|motive| (motive.as_str(), motive.label())).collect();
    let expected = [
        ("extranet-access", "Habilitation à l'extranet"),
        ("establishment-record", "Fiche Établissement"),
        ("authorisation-decision", "Décision d'Autorisation"),
        ("indemnity-claim", "Demande d'Indemnisation"),
        ("signature-certificate", "Certificat de signature"),
        ("other", "Autres"),
    ];
    assert_eq!(motives, expected);
}

#[test]
fn a_motive_is_read_by_its_exact_name() {
    for motive in Motive::ALL {
        assert_eq!(Motive::parse(motive.as_str()), Ok(motive));
    }
    for typed in ["", "Other", " other", "other ", "extranet_access", "Autres", "Habilitation à l'extranet"]
    {
        assert_eq!(Motive::parse(typed), Err(FieldCode::MotiveUnknown), "{typed:?}");
    }
}

#[test]
fn a_description_has_10_to_5000_characters_whatever_their_bytes() {
    assert_eq!((DESCRIPTION_LENGTH_MIN, DESCRIPTION_LENGTH_MAX), (10, 5_000));
    for character in ["a", "é", "漢", "🦀"] {
        let of = |length| kept(&character.repeat(length));
        assert_eq!(of(9), Err(FieldCode::TooShort));
        assert_eq!(of(10), Ok(character.repeat(10)));
        assert_eq!(of(5_000), Ok(character.repeat(5_000)));
        assert_eq!(of(5_001), Err(FieldCode::TooLong));
    }
}

#[test]
fn an_empty_description_is_required() {
    for typed in ["", " ", "\r\n\t \u{A0}", "\u{200B}\u{FEFF}\0\u{202E}"] {
        assert_eq!(kept(typed), Err(FieldCode::Required), "{typed:?}");
    }
    assert_eq!(kept(&"\u{200D} ".repeat(10)), Err(FieldCode::Required), "joiners with nothing to join");
}

#[test]
fn only_what_is_left_once_trimmed_is_counted() {
    assert_eq!(kept("   neuf car.   "), Err(FieldCode::TooShort));
    assert_eq!(kept("  dix carac.\n"), Ok("dix carac.".into()));
    assert_eq!(kept(&format!("{}{}", " ".repeat(9_000), "x".repeat(5_000))), Ok("x".repeat(5_000)));
}

#[test]
fn line_ends_of_every_kind_become_one() {
    let typed = "Bonjour,\r\n\r\nje suis\rbloqué.\u{2028}Merci\u{2029}d'avance\n";
    assert_eq!(kept(typed), Ok("Bonjour,\n\nje suis\nbloqué.\nMerci\nd'avance".into()));
}

#[test]
fn tabs_are_kept_and_what_cannot_be_seen_is_dropped() {
    let typed = "a\tb\0c\u{1B}[31m\u{7F}d\u{AD}e\u{200B}f\u{200F}g\u{202E}h\u{2066}i\u{FEFF}j";
    assert_eq!(kept(typed), Ok("a\tbc[31mdefghij".into()));
}

#[test]
fn a_log_never_shows_a_description() {
    let description = Description::parse("Je n'ai jamais reçu le lien.").unwrap();
    assert_eq!(format!("{description:?}"), "Description(•••)");
}

#[test]
fn a_submission_is_a_uuid_with_its_dashes() {
    let printed = "01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(Submission::parse(printed).unwrap().to_string(), printed);
    assert_eq!(Submission::parse(&printed.to_uppercase()), Submission::parse(printed), "any case");
    let near_misses = [
        "",
        "01890a5dac96774bbcceb302099a8057",
        "{01890a5d-ac96-774b-bcce-b302099a8057}",
        "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
        "01890a5d-ac96-774b-bcce-b302099a805",
        "01890a5d-ac96-774b-bcce-b302099a80577",
        "01890a5d-ac96-774b-bcce-b302099a805g",
        "01890a5d-ac96-774bb-cce-b302099a8057",
        "01890a5d ac96 774b bcce b302099a8057",
        "éééééééééééééééééé",
        "🦀🦀🦀🦀🦀🦀🦀🦀🦀",
    ];
    for typed in near_misses {
        assert_eq!(Submission::parse(typed), Err(FieldCode::SubmissionFormat), "{typed:?}");
    }
}

#[test]
fn a_reference_bears_the_day_and_six_symbols() {
    let random = [7, 19, 3, 20, 23, 2];
    assert_eq!(reference_at("2026-11-23T10:00:00Z", random), "T-261123-7K3MQ2");
    assert_eq!(reference_at("2026-11-23T10:00:00Z", [0; 6]), "T-261123-000000");
    assert_eq!(reference_at("2031-02-03T10:00:00Z", [31; 6]), "T-310203-ZZZZZZ");
}

#[test]
fn a_reference_bears_the_day_in_paris_at_both_sides_of_midnight() {
    for (moment, day) in [
        // In winter Paris is one hour ahead,
        ("2026-11-23T22:59:59.999Z", "T-261123-"),
        ("2026-11-23T23:00:00Z", "T-261124-"),
        // in summer two,
        ("2026-07-01T21:59:59Z", "T-260701-"),
        ("2026-07-01T22:00:00Z", "T-260702-"),
        // and on the days when clocks change the hour of the night before holds.
        ("2026-03-28T22:59:59Z", "T-260328-"),
        ("2026-03-28T23:00:00Z", "T-260329-"),
        ("2026-03-29T21:59:59Z", "T-260329-"),
        ("2026-03-29T22:00:00Z", "T-260330-"),
        ("2026-10-25T22:59:59Z", "T-261025-"),
        ("2026-10-25T23:00:00Z", "T-261026-"),
        // The year turns in Paris too, and leap days exist.
        ("2026-12-31T23:00:00Z", "T-270101-"),
        ("2028-02-28T23:30:00Z", "T-280229-"),
    ] {
        let reference = reference_at(moment, [0; 6]);
        assert_eq!(&reference[..9], day, "{moment}");
    }
}

#[test]
fn a_reference_is_read_exactly_as_it_is_printed() {
    let printed = "T-261123-7K3MQ2";
    assert_eq!(Reference::parse(printed).unwrap().as_str(), printed);
    let near_misses = [
        "",
        "T-",
        "T-261123",
        "T-261123-",
        "T-261123-7K3MQ",
        "T-261123-7K3MQ22",
        "T-26112-7K3MQ2",
        "T-2611233-7K3MQ2",
        "T-26112a-7K3MQ2",
        "T-261123 7K3MQ2",
        "T261123-7K3MQ2",
        "R-261123-7K3MQ2",
        "t-261123-7K3MQ2",
        "T-261123-7k3mq2",
        // Read as 0 elsewhere, never printed
        "T-261123-7K3MQO",
        "T-261123-7K3MQU",
        " T-261123-7K3MQ2",
        "T-261123-7K3MQ2\n",
        "T-261123-7K-MQ2",
        // Six bytes, of which a digit has two
        "T-٢٦١-7K3MQ2",
        "T-261123-ééé",
    ];
    for typed in near_misses {
        assert_eq!(Reference::parse(typed), None, "{typed:?}");
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_reference_has_one_shape(second in 1_600_000_000..4_000_000_000_i64, random in any::<[u8; 6]>()) {
        let day = in_paris(Timestamp::from_second(second).unwrap()).date();
        let reference = Reference::new(day, random);
        let (date, symbols) = reference.as_str()[2..].split_once('-').unwrap();
        let expected = format!("{:02}{:02}{:02}", day.year() % 100, day.month(), day.day());
        prop_assert_eq!((&reference.as_str()[..2], date), ("T-", expected.as_str()));
        let values: Vec<_> = symbols.chars().map(|symbol| base32::value(symbol).unwrap()).collect();
        prop_assert_eq!(values, random.map(|byte| byte & 31));
        prop_assert_eq!(Reference::parse(reference.as_str()), Some(reference));
    }

    #[test]
    fn any_text_is_no_reference_unless_it_prints_back_the_same(
        typed in prop_oneof![common::any_text(), "T-[0-9]{5,7}-[0-9A-Za-z]{5,7}".boxed()]
    ) {
        if let Some(reference) = Reference::parse(&typed) {
            prop_assert_eq!(reference.as_str(), typed.as_str());
            prop_assert_eq!(typed.len(), "T-261123-7K3MQ2".len());
        }
    }

    #[test]
    fn every_symbol_of_a_reference_tells_it_from_others(random in any::<[u8; 6]>(), place in 0..6_usize) {
        let day = in_paris(Timestamp::UNIX_EPOCH).date();
        let distinct: HashSet<String> = (0..32)
            .map(|value| {
                let mut random = random;
                random[place] = value;
                Reference::new(day, random).as_str().to_owned()
            })
            .collect();
        prop_assert_eq!(distinct.len(), 32);
    }

    #[test]
    fn any_text_is_no_motive_unless_it_is_its_name(typed in common::any_text()) {
        match Motive::parse(&typed) {
            Ok(motive) => prop_assert_eq!(motive.as_str(), typed),
            Err(code) => prop_assert_eq!(code, FieldCode::MotiveUnknown),
        }
    }

    #[test]
    fn any_uuid_prints_back_in_lower_case(
        typed in "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    ) {
        let submission = Submission::parse(&typed).unwrap();
        prop_assert_eq!(submission.to_string(), typed.to_lowercase());
        prop_assert_eq!(Submission::parse(&submission.to_string()), Ok(submission));
    }

    #[test]
    fn any_text_is_no_submission_unless_it_prints_back(typed in common::any_text()) {
        match Submission::parse(&typed) {
            Ok(submission) => prop_assert_eq!(submission.to_string(), typed.to_lowercase()),
            Err(code) => prop_assert_eq!(code, FieldCode::SubmissionFormat),
        }
    }

    #[test]
    fn any_text_is_refused_or_is_a_description_that_prints_back_the_same(typed in common::any_text()) {
        match kept(&typed) {
            Ok(text) => {
                let lengths = DESCRIPTION_LENGTH_MIN..=DESCRIPTION_LENGTH_MAX;
                prop_assert!(lengths.contains(&text.chars().count()));
                prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{:?}", text);
                prop_assert_eq!(kept(&text), Ok(text));
            }
            Err(code) => {
                prop_assert!(matches!(code, FieldCode::Required | FieldCode::TooShort | FieldCode::TooLong));
                prop_assert!(code != FieldCode::TooLong || typed.chars().count() > DESCRIPTION_LENGTH_MAX);
            }
        }
    }
}
