//! Tests of schemas: what a schema takes, its parser takes.

use domain::case::Template;
use domain::form::{Rule, TextRule};
use domain::proof::Action;
use domain::succession::Statement;
use domain::time::Date;
use domain::{
    AcceptedTerms, CaseState, CaseText, Description, Email, EncodedProof, FieldCode, FieldValue, Identifier,
    MailDomain, MandateText, MemberState, Motive, Name, Password, Phone, Reference, Role, Scopes, Side,
    Siret, Submission, Token, TypedPassword,
};
use fancy_regex::Regex;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::string::string_regex;

use crate::common;

/// The schema of a text, as a program would check it.
struct Checked {
    rule: TextRule,
    pattern: Option<Regex>,
}

impl Checked {
    fn of<T: FieldValue>() -> Self {
        let Rule::Text(rule) = T::schema().rule else { panic!("no text") };
        let pattern = rule.pattern.as_deref().map(|pattern| Regex::new(pattern).unwrap());
        Self { rule, pattern }
    }

    fn takes(&self, text: &str) -> bool {
        let length = text.chars().count();
        length >= self.rule.length_min
            && self.rule.length_max.is_none_or(|max| length <= max)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text).unwrap())
    }
}

/// Texts that fit the schema, with little of what may be there any number of times.
fn fitting<T: FieldValue>() -> impl Strategy<Value = String> {
    let pattern = Checked::of::<T>().rule.pattern.unwrap();
    let whole = pattern.trim_start_matches('^').trim_end_matches('$').replace("]*", "]{0,3}");
    let schema = Checked::of::<T>();
    string_regex(&whole).unwrap().prop_filter("too long", move |text| schema.takes(text))
}

fn read<T: FieldValue<Json = String>>(typed: &str) -> Result<T, FieldCode> {
    T::read(typed.to_owned())
}

#[test]
fn every_example_is_taken_by_its_schema_and_its_parser() {
    fn check<T: FieldValue<Json = String>>() {
        let schema = Checked::of::<T>();
        let example = schema.rule.example.unwrap();
        assert!(schema.takes(example) && read::<T>(example).is_ok(), "{example}");
    }
    check::<Siret>();
    check::<Identifier>();
    check::<Email>();
    check::<MailDomain>();
    check::<Phone>();
    check::<Name>();
    check::<Description>();
    check::<CaseText>();
    check::<Submission>();
    check::<Reference>();
    check::<Statement>();
    check::<Date>();
}

#[test]
fn every_text_of_a_list_is_taken() {
    let texts = |rule| if let Rule::OneOf(texts) = rule { texts } else { panic!("no list") };
    let motives: Vec<_> = texts(Motive::schema().rule).into_iter().map(read::<Motive>).collect();
    assert_eq!(motives, Motive::ALL.map(Ok));
    let states: Vec<_> = texts(CaseState::schema().rule).into_iter().map(read::<CaseState>).collect();
    assert_eq!(states, CaseState::ALL.map(Ok));
    let templates: Vec<_> = texts(<&Template>::schema().rule).into_iter().map(read::<&Template>).collect();
    assert_eq!(templates, Template::ALL.each_ref().map(Ok));
    let actions: Vec<_> = texts(Action::schema().rule).into_iter().map(read::<Action>).collect();
    assert_eq!(actions, Action::ALL.map(Ok));
    let roles: Vec<_> = texts(Role::schema().rule).into_iter().map(read::<Role>).collect();
    assert_eq!(roles, Role::ALL.map(Ok));
    let states: Vec<_> = texts(MemberState::schema().rule).into_iter().map(read::<MemberState>).collect();
    assert_eq!(states, MemberState::ALL.map(Ok));
    let sides: Vec<_> = texts(Side::schema().rule).into_iter().map(read::<Side>).collect();
    assert_eq!(sides, Side::ALL.map(Ok));
    let shown: Vec<_> = texts(MandateText::schema().rule).into_iter().map(read::<MandateText>).collect();
    assert_eq!(shown, [Ok(MandateText::CURRENT)]);
    let Rule::SomeOf(scopes) = Scopes::schema().rule else { panic!("no list") };
    let scopes = scopes.into_iter().map(str::to_owned).collect();
    assert_eq!(Scopes::read(scopes), Ok(Scopes::all()));
    assert!(matches!(AcceptedTerms::schema().rule, Rule::True));
}

#[test]
fn lengths_end_where_the_parser_ends() {
    fn check<T: FieldValue<Json = String>>(text_of: impl Fn(usize) -> String) {
        let schema = Checked::of::<T>();
        let (min, max) = (schema.rule.length_min, schema.rule.length_max.unwrap());
        for (length, is_right) in [(min, true), (max, true), (max + 1, false)] {
            let text = text_of(length);
            assert_eq!(text.chars().count(), length);
            assert_eq!((schema.takes(&text), read::<T>(&text).is_ok()), (is_right, is_right), "{text}");
        }
        let short = text_of(min - 1);
        assert!(!schema.takes(&short) && read::<T>(&short).is_err(), "{short}");
    }
    check::<Siret>(|length| format!("{:<length$}", &"73282932000074"[..length.min(14)]));
    check::<Identifier>(|length| format!("{:<length$}", &"7K3MQ2FD"[..length.min(8)]));
    check::<Reference>(|length| format!("{:0<length$}", &"T-261123-7K3MQ2"[..length.min(15)]));
    check::<Name>(|length| "é".repeat(length));
    check::<Description>(|length| "漢".repeat(length));
    check::<CaseText>(|length| "漢".repeat(length));
    check::<Statement>(|length| "漢".repeat(length));
    check::<Password>(|length| "🦀".repeat(length));
    let domain = format!("@{0}.{0}.{0}.fr", "d".repeat(62));
    let email = Checked::of::<Email>();
    for (length, is_right) in [(254, true), (255, false)] {
        let address = format!("{}{domain}", "l".repeat(length - domain.len()));
        assert_eq!(
            (email.takes(&address), read::<Email>(&address).is_ok()),
            (is_right, is_right),
            "{address}"
        );
    }
    let mail_domain = Checked::of::<MailDomain>();
    for (length, is_right) in [(252, true), (253, false)] {
        let text = format!("{}.{}", "d".repeat(length - domain.len()), domain.trim_start_matches('@'));
        let taken = (mail_domain.takes(&text), read::<MailDomain>(&text).is_ok());
        assert_eq!((text.len(), taken), (length, (is_right, is_right)), "{text}");
    }
    assert!(Checked::of::<TypedPassword>().takes(" ") && !Checked::of::<TypedPassword>().takes(""));
}

#[test]
fn labels_of_a_domain_end_where_the_parser_ends() {
    let (address, domain) = (Checked::of::<Email>(), Checked::of::<MailDomain>());
    for (length, is_right) in [(63, true), (64, false)] {
        let label = "l".repeat(length);
        let international = format!("xn--{}", "l".repeat(length - 4));
        for text in [format!("{label}.fr"), format!("exemple.{label}"), format!("exemple.{international}")] {
            let mail = format!("jeanne@{text}");
            assert_eq!((address.takes(&mail), read::<Email>(&mail).is_ok()), (is_right, is_right), "{mail}");
            let read = read::<MailDomain>(&text).ok();
            assert_eq!((domain.takes(&text), read.is_some()), (is_right, is_right), "{text}");
            assert!(read.is_none_or(|read| read.as_str() == text));
        }
    }
}

#[test]
fn numbers_end_where_the_parser_ends() {
    let schema = Checked::of::<Phone>();
    let spread = |digits: usize| format!("+{}", vec!["4"; digits].join("  "));
    let plain = |digits: usize| format!("+{}", "4".repeat(digits));
    for (text, is_right) in [
        (plain(6), false),
        (plain(7), true),
        (plain(15), true),
        (plain(16), false),
        ("0123456789".to_owned(), true),
        ("01234567890".to_owned(), false),
        ("+33123456789".to_owned(), true),
        ("+3312345678".to_owned(), false),
        ("+331234567890".to_owned(), false),
        // 38 and 44 characters.
        (spread(13), true),
        (spread(15), false),
    ] {
        assert_eq!((schema.takes(&text), read::<Phone>(&text).is_ok()), (is_right, is_right), "{text}");
    }
}

#[test]
fn what_a_machine_fills_in_is_known_by_its_format() {
    fn format<T: FieldValue>() -> Option<&'static str> {
        Checked::of::<T>().rule.format
    }
    let formats = [
        format::<Email>(),
        format::<MailDomain>(),
        format::<Password>(),
        format::<TypedPassword>(),
        format::<EncodedProof>(),
    ];
    assert_eq!(formats, ["email", "mail-domain", "password", "password", "altcha"].map(Some));
    assert!(!Checked::of::<EncodedProof>().takes(""));
}

#[test]
fn a_name_is_made_of_the_same_characters() {
    let schema = Checked::of::<Name>();
    for c in ('\0'..='\u{FFFF}').chain(('\u{10000}'..=char::MAX).step_by(0x100)) {
        let name = c.to_string();
        assert_eq!(schema.takes(&name), read::<Name>(&name).is_ok(), "{c:?}");
    }
}

#[test]
fn a_class_of_characters_is_written_as_ranges() {
    let pattern = Checked::of::<Name>().rule.pattern.unwrap();
    assert!(pattern.len() < 1_000, "{} characters", pattern.len());
}

#[test]
fn a_reference_is_made_of_the_same_characters() {
    let schema = Checked::of::<Reference>();
    for text in
        ["t-261123-7K3MQ2", "T-26112A-7K3MQ2", "T-261123-7K3MQI", "T-261123-7k3mq2", "T_261123-7K3MQ2"]
    {
        assert_eq!((schema.takes(text), read::<Reference>(text).is_ok()), (false, false), "{text}");
    }
}

#[test]
fn a_statement_has_lines_and_nothing_that_cannot_be_seen() {
    let schema = Checked::of::<Statement>();
    for (text, is_right) in [
        ("Vu.", true),
        ("Vu.\nDaté.\tSigné.", true),
        ("\nVu.", false),
        ("Vu\u{1}.", false),
        ("Vu\u{202E}.", false),
    ] {
        assert_eq!(schema.takes(text), is_right, "{text:?}");
        assert!(!is_right || read::<Statement>(text).is_ok(), "{text:?}");
    }
}

#[test]
fn a_token_is_made_of_the_same_symbols() {
    let schema = Checked::of::<Option<Token>>();
    assert_eq!((schema.rule.length_min, schema.rule.length_max), (52, Some(52)));
    for c in '\0'..='\u{3FF}' {
        for token in [format!("{c}{}", "0".repeat(51)), format!("{}{c}", "0".repeat(51))] {
            assert_eq!(schema.takes(&token), Token::parse(&token).is_some(), "{token:?}");
        }
    }
}

/// A part of an address, near the limits of what is one.
fn part(characters: &str) -> impl Strategy<Value = String> + use<> {
    prop_oneof![
        8 => string_regex(&format!("[{characters}]{{0,6}}")).unwrap(),
        1 => (62_usize..=65).prop_map(|length| "l".repeat(length)),
    ]
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn a_siret_of_the_schema_fails_at_its_check_digit_alone(typed in fitting::<Siret>()) {
        prop_assert!(matches!(read::<Siret>(&typed), Ok(_) | Err(FieldCode::SiretChecksum)));
    }

    #[test]
    fn an_identifier_of_the_schema_fails_at_its_check_symbol_alone(typed in fitting::<Identifier>()) {
        let (last, _) = typed.char_indices().rfind(|(_, c)| c.is_alphanumeric()).unwrap();
        let right = domain::base32::SYMBOLS.iter().filter(|symbol| {
            let mut mended = typed.clone();
            mended.replace_range(last..=last, &char::from(**symbol).to_string());
            read::<Identifier>(&mended).is_ok()
        });
        prop_assert_eq!(right.count(), 1);
    }

    #[test]
    fn a_name_of_the_schema_is_taken(typed in fitting::<Name>()) {
        prop_assert!(read::<Name>(&typed).is_ok());
    }

    #[test]
    fn a_description_of_the_schema_is_taken(typed in fitting::<Description>()) {
        prop_assert!(read::<Description>(&typed).is_ok());
    }

    #[test]
    fn a_text_of_a_case_of_the_schema_is_taken(typed in fitting::<CaseText>()) {
        prop_assert!(read::<CaseText>(&typed).is_ok());
    }

    #[test]
    fn a_submission_of_the_schema_is_taken(typed in fitting::<Submission>()) {
        prop_assert!(read::<Submission>(&typed).is_ok());
    }

    #[test]
    fn a_date_of_the_schema_is_a_day_or_none_on_any_calendar(typed in fitting::<Date>()) {
        match read::<Date>(&typed) {
            Ok(day) => prop_assert_eq!(day.to_string(), typed),
            Err(code) => prop_assert_eq!(code, FieldCode::DateFormat),
        }
    }

    #[test]
    fn a_token_of_the_schema_is_one(typed in fitting::<Option<Token>>()) {
        prop_assert!(Token::parse(&typed).is_some());
    }

    #[test]
    fn a_proof_of_the_schema_is_taken(typed in fitting::<EncodedProof>()) {
        prop_assert!(read::<EncodedProof>(&typed).is_ok());
    }

    #[test]
    fn the_schema_and_the_parser_take_the_same_addresses(
        local in part("a.+@\\\" é"), labels in vec(part("a1-"), 0..4), end in part("a1.-")
    ) {
        let domain: String = labels.iter().map(|label| format!("{label}.")).collect();
        let address = format!("{local}@{domain}{end}");
        let is_taken = Checked::of::<Email>().takes(&address);
        prop_assert_eq!(is_taken, read::<Email>(&address).is_ok(), "{}", address);
    }

    #[test]
    fn the_schema_and_the_parser_take_the_same_top_level_domains(
        end in prop_oneof![
            string_regex("[a-zA-Z0-9-]{1,8}").unwrap(),
            string_regex("[Xx][Nn]--[a-z0-9-]{0,4}").unwrap(),
            string_regex("[tT]est|[lL]ocal(host)?|alt|inTernal|invalid|onion|example").unwrap(),
            (58_usize..=60).prop_map(|length| format!("xn--{}", "l".repeat(length))),
        ]
    ) {
        let address = format!("jean@exemple.{end}");
        let is_taken = Checked::of::<Email>().takes(&address);
        prop_assert_eq!(is_taken, read::<Email>(&address).is_ok(), "{}", address);
    }

    #[test]
    fn the_schema_and_the_parser_take_the_same_numbers(
        typed in "(|\\+|0|00|0 0|1|33|3 3)(\\(0\\)|[ ./-]){0,2}(33|3 3|262|2-62|596|44)?\
                 ([0-9](\\(0\\)|[ ./-])?){5,14}[0-9]"
    ) {
        prop_assert_eq!(Checked::of::<Phone>().takes(&typed), read::<Phone>(&typed).is_ok());
    }
}
