//! Tests of form checking: every fault at once, in the form's order, under the contract's own codes.

use std::collections::HashSet;

use domain::{Email, Fault, FaultCode, FormCheck, Identifier, Name, Phone, Refusal, Siret};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::common;

/// Every code, and its name on the wire.
const CODES: [(FaultCode, &str); 18] = [
    (FaultCode::Required, "required"),
    (FaultCode::TooShort, "too-short"),
    (FaultCode::TooLong, "too-long"),
    (FaultCode::ControlCharacter, "control-character"),
    (FaultCode::SiretFormat, "siret-format"),
    (FaultCode::SiretChecksum, "siret-checksum"),
    (FaultCode::IdentifierFormat, "identifier-format"),
    (FaultCode::IdentifierIsAnEmail, "identifier-is-an-email"),
    (FaultCode::EmailFormat, "email-format"),
    (FaultCode::PhoneFormat, "phone-format"),
    (FaultCode::TermsNotAccepted, "terms-not-accepted"),
    (FaultCode::MotiveUnknown, "motive-unknown"),
    (FaultCode::ActionUnknown, "action-unknown"),
    (FaultCode::SubmissionFormat, "submission-format"),
    (FaultCode::PasswordTooShort, "password-too-short"),
    (FaultCode::PasswordTooLong, "password-too-long"),
    (FaultCode::PasswordTooCommon, "password-too-common"),
    (FaultCode::PasswordContainsIdentity, "password-contains-identity"),
];

fn faults_of(refusal: Refusal) -> Vec<(&'static str, FaultCode)> {
    match refusal {
        Refusal::InvalidForm(faults) => faults.into_iter().map(|fault| (fault.field, fault.code)).collect(),
        other => panic!("not a form's refusal: {other}"),
    }
}

#[test]
fn a_right_form_gives_its_values() {
    let mut form = FormCheck::new();
    let siret = form.required("siret", Some("732 829 320 00074"), Siret::parse);
    let terms = form.accepted("accept_terms", Some(true));
    let values = form.finish(|| Some((siret?, terms?)));
    assert_eq!(values, Ok((Siret::parse("73282932000074").unwrap(), ())));
}

#[test]
fn all_faults_come_at_once_in_the_forms_order() {
    let mut form = FormCheck::new();
    let siret = form.required("siret", Some("73282932000075"), Siret::parse);
    let establishment = form.required("establishment_name", Some("Boulangerie Martin"), Name::parse);
    let first = form.required("first_name", None, Name::parse);
    let last = form.required("last_name", Some("Du\0pont"), Name::parse);
    let email = form.required("email", Some("jean@exemple"), Email::parse);
    let phone = form.required("phone", Some("12"), Phone::parse);
    let terms = form.accepted("accept_terms", Some(false));
    assert_eq!((&siret, &first, &last, &email, &phone, terms), (&None, &None, &None, &None, &None, None));
    let refusal = form
        .finish(|| Some((siret?, establishment?, first?, last?, email?, phone?, terms?)))
        .map(|_| ())
        .unwrap_err();
    let expected = [
        ("siret", FaultCode::SiretChecksum),
        ("first_name", FaultCode::Required),
        ("last_name", FaultCode::ControlCharacter),
        ("email", FaultCode::EmailFormat),
        ("phone", FaultCode::PhoneFormat),
        ("accept_terms", FaultCode::TermsNotAccepted),
    ];
    assert_eq!(faults_of(refusal), expected);
}

#[test]
fn one_fault_is_enough_to_refuse_and_nothing_is_built() {
    let mut form = FormCheck::new();
    form.required("siret", Some("73282932000074"), Siret::parse);
    form.required("identifier", Some("jean@exemple.fr"), Identifier::parse);
    let refusal = form.finish(|| -> Option<()> { panic!("built in spite of a fault") }).unwrap_err();
    assert_eq!(faults_of(refusal), [("identifier", FaultCode::IdentifierIsAnEmail)]);
}

#[test]
fn a_field_that_is_absent_or_empty_is_required_and_is_not_parsed() {
    for value in [None, Some(""), Some(" "), Some("\t\r\n"), Some("\u{A0}\u{3000}")] {
        let mut form = FormCheck::new();
        let parsed: Option<()> = form.required("siret", value, |_| panic!("parsed though empty"));
        assert_eq!(parsed, None);
        let refusal = form.finish(|| parsed).unwrap_err();
        assert_eq!(faults_of(refusal), [("siret", FaultCode::Required)], "{value:?}");
    }
}

#[test]
fn a_field_in_which_spaces_count_is_missing_only_when_it_is_empty() {
    for value in [None, Some("")] {
        let mut form = FormCheck::new();
        let parsed: Option<()> = form.required_as_typed("password", value, |_| panic!("parsed though empty"));
        let refusal = form.finish(|| parsed).unwrap_err();
        assert_eq!(faults_of(refusal), [("password", FaultCode::Required)], "{value:?}");
    }
    let mut form = FormCheck::new();
    let typed = form.required_as_typed("password", Some("   "), |text| Ok(text.to_owned()));
    assert_eq!(form.finish(|| typed), Ok("   ".to_owned()));
}

#[test]
fn a_field_is_parsed_as_it_was_typed() {
    let mut form = FormCheck::new();
    let typed = form.required("password", Some("  untrimmed  "), |text| Ok(text.to_owned()));
    assert_eq!(form.finish(|| typed), Ok("  untrimmed  ".to_owned()));
}

#[test]
fn a_box_must_be_there_and_be_ticked() {
    for (value, code) in [(None, FaultCode::Required), (Some(false), FaultCode::TermsNotAccepted)] {
        let mut form = FormCheck::new();
        let terms = form.accepted("accept_terms", value);
        let refusal = form.finish(|| terms).unwrap_err();
        assert_eq!(faults_of(refusal), [("accept_terms", code)], "{value:?}");
    }
}

#[test]
fn a_value_that_is_missing_without_a_fault_never_passes() {
    let refusal = FormCheck::new().finish(|| None::<()>).unwrap_err();
    assert_eq!(refusal, Refusal::InvalidForm(vec![]));
}

#[test]
fn one_fault_on_one_field_is_a_form_too() {
    let refusal = Refusal::field("password", FaultCode::PasswordTooCommon);
    let fault = Fault { field: "password", code: FaultCode::PasswordTooCommon };
    assert_eq!(refusal, Refusal::InvalidForm(vec![fault]));
}

#[test]
fn a_refusal_says_which_one_it_is() {
    assert_eq!(Refusal::LinkUsed.to_string(), "LinkUsed");
}

#[test]
fn every_code_has_the_name_of_the_contract() {
    for (code, name) in CODES {
        assert_eq!(code.as_str(), name);
    }
}

#[test]
fn no_two_codes_share_a_name_and_all_are_in_kebab_case() {
    let names: HashSet<&str> = CODES.into_iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(names.len(), CODES.len());
    assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn faults_keep_the_order_in_which_fields_were_checked(ranks in vec(0..CODES.len(), 1..40)) {
        const FIELDS: [&str; 4] = ["siret", "email", "phone", "description"];
        let expected: Vec<_> =
            ranks.iter().enumerate().map(|(order, &rank)| (FIELDS[order % 4], CODES[rank].0)).collect();
        let mut form = FormCheck::new();
        for &(field, code) in &expected {
            form.required(field, Some("typed"), |_| Err::<(), _>(code));
            form.required("right", Some("typed"), |_| Ok(()));
        }
        prop_assert_eq!(faults_of(form.finish(|| Some(())).unwrap_err()), expected);
    }
}
