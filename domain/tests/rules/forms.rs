//! Tests of forms: what each kind of field is read as, and the codes of the contract.

use std::collections::HashSet;

use domain::proof::Action;
use domain::{
    AcceptedTerms, Description, Email, EncodedProof, Fault, FaultCode, FieldValue, Identifier, Motive, Name,
    Password, Phone, Refusal, Siret, Submission, Token, TypedPassword,
};

/// Every code, and its name on the wire.
const CODES: [(FaultCode, &str); 19] = [
    (FaultCode::Required, "required"),
    (FaultCode::TooShort, "too-short"),
    (FaultCode::TooLong, "too-long"),
    (FaultCode::ControlCharacter, "control-character"),
    (FaultCode::SiretFormat, "siret-format"),
    (FaultCode::SiretChecksum, "siret-checksum"),
    (FaultCode::IdentifierFormat, "identifier-format"),
    (FaultCode::IdentifierIsAnEmail, "identifier-is-an-email"),
    (FaultCode::EmailFormat, "email-format"),
    (FaultCode::EmailDomain, "email-domain"),
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

/// What a text is read as.
fn read<T: FieldValue<Json = String>>(typed: &str) -> Result<T, FaultCode> {
    T::read(typed.to_owned())
}

/// The fault of a text in a field of each kind in which white space alone is nothing.
fn faults_of(typed: &str) -> [(&'static str, Option<FaultCode>); 11] {
    fn fault<T: FieldValue<Json = String>>(typed: &str) -> (&'static str, Option<FaultCode>) {
        (T::schema().name, read::<T>(typed).err())
    }
    [
        fault::<Action>(typed),
        fault::<Description>(typed),
        fault::<Email>(typed),
        fault::<EncodedProof>(typed),
        fault::<Identifier>(typed),
        fault::<Motive>(typed),
        fault::<Name>(typed),
        fault::<Option<Token>>(typed),
        fault::<Phone>(typed),
        fault::<Siret>(typed),
        fault::<Submission>(typed),
    ]
}

#[test]
fn white_space_alone_is_nothing() {
    for blank in ["", " ", "\t\r\n", "\u{A0}\u{3000}"] {
        for (name, fault) in faults_of(blank) {
            assert_eq!(fault, Some(FaultCode::Required), "{name} {blank:?}");
        }
    }
}

#[test]
fn what_is_there_is_read_by_its_own_parser() {
    let faults = faults_of("x@").into_iter().filter_map(|(name, fault)| Some((name, fault?)));
    let expected = [
        ("Action", FaultCode::ActionUnknown),
        ("Description", FaultCode::TooShort),
        ("Email", FaultCode::EmailFormat),
        ("Identifier", FaultCode::IdentifierIsAnEmail),
        ("Motive", FaultCode::MotiveUnknown),
        ("Phone", FaultCode::PhoneFormat),
        ("Siret", FaultCode::SiretFormat),
        ("Submission", FaultCode::SubmissionFormat),
    ];
    assert_eq!(faults.collect::<Vec<_>>(), expected);
    assert_eq!(read("732 829 320 00074"), Siret::parse("73282932000074"));
    assert_eq!(read::<EncodedProof>(" any ").unwrap().as_str(), " any ");
}

#[test]
fn spaces_count_in_a_password() {
    assert_eq!(read::<TypedPassword>("").unwrap_err(), FaultCode::Required);
    assert_eq!(read::<TypedPassword>("  ").unwrap().into_text(), "  ");
    assert_eq!(read::<Password>("").unwrap_err(), FaultCode::Required);
    assert_eq!(read::<Password>(" ").unwrap_err(), FaultCode::PasswordTooShort);
    assert_eq!(read::<Password>("  twelve    ").unwrap().as_bytes(), b"  twelve    ");
}

#[test]
fn a_token_that_was_never_printed_is_no_fault() {
    assert_eq!(read::<Option<Token>>("x"), Ok(None));
    let token = Token::from_bytes([7; 32]);
    assert_eq!(read(&token.print()), Ok(Some(token)));
}

#[test]
fn terms_must_be_accepted() {
    assert_eq!(AcceptedTerms::read(true), Ok(AcceptedTerms));
    assert_eq!(AcceptedTerms::read(false), Err(FaultCode::TermsNotAccepted));
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
