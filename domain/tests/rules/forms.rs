//! Tests of forms: what each kind of field is read as, and the codes of the contract.

use std::collections::HashSet;

use domain::case::Template;
use domain::proof::Action;
use domain::time::Date;
use domain::{
    AcceptedTerms, CaseState, CaseText, Description, Email, EncodedProof, FieldCode, FieldError, FieldValue,
    Identifier, MandateText, MemberState, Motive, Name, Password, Phone, Refusal, Role, Scope, Scopes, Side,
    Siret, Submission, Token, TypedPassword,
};

/// Every code, and its name on the wire.
const CODES: [(FieldCode, &str); 35] = [
    (FieldCode::Required, "required"),
    (FieldCode::TooShort, "too-short"),
    (FieldCode::TooLong, "too-long"),
    (FieldCode::ControlCharacter, "control-character"),
    (FieldCode::SiretFormat, "siret-format"),
    (FieldCode::SiretIsSiren, "siret-is-siren"),
    (FieldCode::SiretChecksum, "siret-checksum"),
    (FieldCode::IdentifierFormat, "identifier-format"),
    (FieldCode::CodeFormat, "code-format"),
    (FieldCode::IdentifierIsAnEmail, "identifier-is-an-email"),
    (FieldCode::EmailFormat, "email-format"),
    (FieldCode::EmailDomain, "email-domain"),
    (FieldCode::PhoneFormat, "phone-format"),
    (FieldCode::TermsNotAccepted, "terms-not-accepted"),
    (FieldCode::MotiveUnknown, "motive-unknown"),
    (FieldCode::CaseStateUnknown, "case-state-unknown"),
    (FieldCode::TemplateUnknown, "template-unknown"),
    (FieldCode::ActionUnknown, "action-unknown"),
    (FieldCode::SubmissionFormat, "submission-format"),
    (FieldCode::RoleUnknown, "role-unknown"),
    (FieldCode::MemberStateUnknown, "member-state-unknown"),
    (FieldCode::SideUnknown, "side-unknown"),
    (FieldCode::ScopeUnknown, "scope-unknown"),
    (FieldCode::SiretIsOwn, "siret-is-own"),
    (FieldCode::DateFormat, "date-format"),
    (FieldCode::DatePast, "date-past"),
    (FieldCode::DateOrder, "date-order"),
    (FieldCode::DateTooFar, "date-too-far"),
    (FieldCode::TermTooLong, "term-too-long"),
    (FieldCode::TextVersionUnknown, "text-version-unknown"),
    (FieldCode::JournalEntryUnknown, "journal-entry-unknown"),
    (FieldCode::PasswordTooShort, "password-too-short"),
    (FieldCode::PasswordTooLong, "password-too-long"),
    (FieldCode::PasswordTooCommon, "password-too-common"),
    (FieldCode::PasswordContainsIdentity, "password-contains-identity"),
];

/// What a text is read as.
fn read<T: FieldValue<Json = String>>(typed: &str) -> Result<T, FieldCode> {
    T::read(typed.to_owned())
}

/// The error of a text in a field of each kind in which white space alone is nothing.
fn errors_of(typed: &str) -> [(&'static str, Option<FieldCode>); 19] {
    fn error<T: FieldValue<Json = String>>(typed: &str) -> (&'static str, Option<FieldCode>) {
        (T::schema().name, read::<T>(typed).err())
    }
    [
        error::<Action>(typed),
        error::<CaseState>(typed),
        error::<CaseText>(typed),
        error::<&Template>(typed),
        error::<Date>(typed),
        error::<Description>(typed),
        error::<Email>(typed),
        error::<EncodedProof>(typed),
        error::<Identifier>(typed),
        error::<MandateText>(typed),
        error::<MemberState>(typed),
        error::<Motive>(typed),
        error::<Name>(typed),
        error::<Option<Token>>(typed),
        error::<Phone>(typed),
        error::<Role>(typed),
        error::<Side>(typed),
        error::<Siret>(typed),
        error::<Submission>(typed),
    ]
}

#[test]
fn white_space_alone_is_nothing() {
    for blank in ["", " ", "\t\r\n", "\u{A0}\u{3000}"] {
        for (name, error) in errors_of(blank) {
            assert_eq!(error, Some(FieldCode::Required), "{name} {blank:?}");
        }
    }
}

#[test]
fn what_is_there_is_read_by_its_own_parser() {
    let errors = errors_of("x@").into_iter().filter_map(|(name, error)| Some((name, error?)));
    let expected = [
        ("Action", FieldCode::ActionUnknown),
        ("CaseState", FieldCode::CaseStateUnknown),
        ("Template", FieldCode::TemplateUnknown),
        ("Date", FieldCode::DateFormat),
        ("Description", FieldCode::TooShort),
        ("Email", FieldCode::EmailFormat),
        ("Identifier", FieldCode::IdentifierIsAnEmail),
        ("MandateText", FieldCode::TextVersionUnknown),
        ("MemberState", FieldCode::MemberStateUnknown),
        ("Motive", FieldCode::MotiveUnknown),
        ("Phone", FieldCode::PhoneFormat),
        ("Role", FieldCode::RoleUnknown),
        ("Side", FieldCode::SideUnknown),
        ("Siret", FieldCode::SiretFormat),
        ("Submission", FieldCode::SubmissionFormat),
    ];
    assert_eq!(errors.collect::<Vec<_>>(), expected);
    assert_eq!(read("732 829 320 00074"), Siret::parse("73282932000074"));
    assert_eq!(read::<EncodedProof>(" any ").unwrap().as_str(), " any ");
}

#[test]
fn spaces_count_in_a_password() {
    assert_eq!(read::<TypedPassword>("").unwrap_err(), FieldCode::Required);
    assert_eq!(read::<TypedPassword>("  ").unwrap().into_text(), "  ");
    assert_eq!(read::<Password>("").unwrap_err(), FieldCode::Required);
    assert_eq!(read::<Password>(" ").unwrap_err(), FieldCode::PasswordTooShort);
    assert_eq!(read::<Password>("  twelve    ").unwrap().as_bytes(), b"  twelve    ");
}

#[test]
fn a_token_that_was_never_printed_is_no_fault() {
    assert_eq!(read::<Option<Token>>("x"), Ok(None));
    let token = Token::from_bytes([7; 32]);
    assert_eq!(read(&token.print()), Ok(Some(token)));
}

#[test]
fn scopes_are_a_set_with_something_in_it() {
    let read = |names: &[&str]| Scopes::read(names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(read(&[]), Err(FieldCode::Required));
    assert_eq!(read(&["read", "write"]), Err(FieldCode::ScopeUnknown));
    assert_eq!(read(&["read", ""]), Err(FieldCode::ScopeUnknown));
    assert_eq!(read(&["declare", "read", "read"]), Ok([Scope::Read, Scope::Declare].into_iter().collect()));
}

#[test]
fn terms_must_be_accepted() {
    assert_eq!(AcceptedTerms::read(true), Ok(AcceptedTerms));
    assert_eq!(AcceptedTerms::read(false), Err(FieldCode::TermsNotAccepted));
}

#[test]
fn one_fault_on_one_field_is_a_form_too() {
    let refusal = Refusal::field("password", FieldCode::PasswordTooCommon);
    let error = FieldError { field: "password", code: FieldCode::PasswordTooCommon };
    assert_eq!(refusal, Refusal::InvalidForm(vec![error]));
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
