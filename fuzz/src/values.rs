//! Values that people type or paste: what is kept reads back as it is, and what is ignored changes nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use domain::form::{Rule, TextRule};
use domain::journal::{Doubt, verify, verify_signed};
use domain::note::Note;
use domain::proof::Action;
use domain::{
    Description, Email, EncodedProof, FieldCode, FieldValue, Identifier, MailId, Motive, Name, Password,
    Person, Phone, Reference, Siret, Submission, Token, TypedPassword, password,
};
use fancy_regex::Regex;
use mail_sender::dns::{self, Kind};
use platform::outside::openid::jose::{KeySet, Signed};
use unicode_normalization::UnicodeNormalization;

/// The longest text that a number's parser reads, in characters: over it, dropping some changes the answer.
const NUMBER_LENGTH_MAX: usize = 40;

/// A text's constraints, and their regular expression.
struct Checked {
    rule: TextRule,
    pattern: Option<Regex>,
}

impl Checked {
    fn takes(&self, text: &str) -> bool {
        let length = text.chars().count();
        length >= self.rule.length_min
            && self.rule.length_max.is_none_or(|max| length <= max)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text).unwrap_or(false))
    }
}

thread_local! {
    /// By the schema's name: the classes of characters take long to write down.
    static SCHEMAS: RefCell<HashMap<&'static str, Option<Rc<Checked>>>> = RefCell::default();
}

/// The schema of a field of text; none of a list.
fn schema<T: FieldValue>() -> Option<Rc<Checked>> {
    let kind = std::any::type_name::<T>();
    SCHEMAS.with_borrow_mut(|schemas| {
        let checked = || match T::schema().rule {
            Rule::Text(rule) => {
                let pattern = rule.pattern.as_deref().map(|pattern| Regex::new(pattern).unwrap());
                Some(Rc::new(Checked { rule, pattern }))
            }
            Rule::True | Rule::OneOf(_) | Rule::SomeOf(_) | Rule::Objects { .. } => None,
        };
        schemas.entry(kind).or_insert_with(checked).clone()
    })
}

/// Reads a field. What its schema takes the parser takes, unless the schema's `format` says more.
fn read<T: FieldValue<Json = String>>(typed: &str) -> Result<T, FieldCode> {
    let read = T::read(typed.to_owned());
    if let Some(schema) = schema::<T>()
        && schema.takes(typed)
        && schema.rule.format.is_none()
    {
        assert!(read.is_ok(), "the schema takes it");
    }
    read
}

/// The same value in JSON and back.
fn same_in_json<T>(value: &T) -> bool
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq,
{
    let json = serde_json::to_string(value).unwrap();
    serde_json::from_str::<T>(&json).unwrap() == *value
}

fn is_short(typed: &str) -> bool {
    typed.chars().count() <= NUMBER_LENGTH_MAX
}

pub fn siret(typed: &str) {
    let parsed = Siret::parse(typed);
    if let Ok(siret) = read::<Siret>(typed) {
        assert_eq!(parsed, Ok(siret.clone()));
        for printed in [siret.as_str(), &siret.spaced(), &format!("SIRET n° {siret}")] {
            assert_eq!(Siret::parse(printed), Ok(siret.clone()));
        }
        assert!(same_in_json(&siret) && siret.as_str().starts_with(siret.siren()));
    }
    if is_short(typed) {
        for ignored in [" ", ".", "-", "'", "\u{a0}"] {
            assert_eq!(Siret::parse(&typed.replace(ignored, "")), parsed, "without {ignored:?}");
        }
    }
}

pub fn identifier(typed: &str) {
    let parsed = Identifier::parse(typed);
    if let Ok(identifier) = read::<Identifier>(typed) {
        assert_eq!(parsed, Ok(identifier.clone()));
        for printed in [identifier.as_str(), &identifier.as_str().replace('-', "")[2..]] {
            assert_eq!(Identifier::parse(printed), Ok(identifier.clone()));
        }
        assert!(same_in_json(&identifier));
    }
    if is_short(typed) {
        for ignored in [" ", "-", "\u{a0}"] {
            assert_eq!(Identifier::parse(&typed.replace(ignored, "")), parsed, "without {ignored:?}");
        }
        assert_eq!(Identifier::parse(&typed.to_ascii_lowercase()), parsed);
        assert_eq!(Identifier::parse(&typed.to_ascii_uppercase()), parsed);
    }
}

pub fn email(typed: &str) {
    let parsed = Email::parse(typed);
    if let Ok(email) = read::<Email>(typed) {
        assert_eq!(parsed, Ok(email.clone()));
        assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
        let lower = Email::parse(&email.normalised()).unwrap();
        assert_eq!((lower.normalised(), lower.mailbox()), (email.normalised(), email.mailbox()));
        let (local, domain) = email.as_str().rsplit_once('@').unwrap();
        assert_eq!(domain, email.domain());
        assert_eq!(Email::parse(&format!("{local}@{}", domain.to_uppercase())), Ok(email.clone()));
        assert!(local.len() == 1 || !email.masked().starts_with(&format!("{local}@")), "no mask");
        assert!(email.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "no header is broken by it");
    }
    assert_eq!(Email::parse(&format!(" {typed}\n")), parsed);
}

pub fn phone(typed: &str) {
    let parsed = Phone::parse(typed);
    if let Ok(phone) = read::<Phone>(typed) {
        assert_eq!(parsed, Ok(phone.clone()));
        assert_eq!(Phone::parse(phone.as_str()), Ok(phone.clone()));
        let is_e164 = |digits: &str| digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit());
        assert!(phone.as_str().strip_prefix('+').is_some_and(is_e164));
        assert!(phone.national().starts_with('0'));
    }
    if is_short(typed) {
        for ignored in [" ", ".", "-", "\u{a0}"] {
            assert_eq!(Phone::parse(&typed.replace(ignored, "")), parsed, "without {ignored:?}");
        }
    }
}

pub fn name(typed: &str) {
    let parsed = Name::parse(typed);
    if let Ok(name) = read::<Name>(typed) {
        assert_eq!(parsed, Ok(name.clone()));
        assert_eq!(Name::parse(name.as_str()), Ok(name.clone()));
        assert!(!name.as_str().contains(['\r', '\n']), "no header is broken by it");
    }
    assert_eq!(Name::parse(&format!("\t{typed} ")), parsed);
}

pub fn description(typed: &str) {
    let parsed = Description::parse(typed);
    if let Ok(description) = read::<Description>(typed) {
        assert_eq!(Description::parse(description.as_str()), Ok(description.clone()));
        assert!(!description.as_str().contains('\r'));
    }
    if !typed.contains('\r') {
        assert_eq!(Description::parse(&typed.replace('\n', "\r\n")), parsed);
        assert_eq!(Description::parse(&typed.replace('\n', "\r")), parsed);
    }
}

/// A password on the first line, and a person's data on those after it.
pub fn password(typed: &str) {
    let (typed, person) = typed.split_once('\n').unwrap_or((typed, ""));
    assert_eq!(password::normalised(&password::normalised(typed)), password::normalised(typed));
    let Ok(new) = read::<Password>(typed) else { return };
    for composed in [typed.nfc().collect::<String>(), typed.nfd().collect()] {
        assert_eq!(Password::parse(&composed), Ok(new.clone()), "another keyboard");
        let at_login = read::<TypedPassword>(&composed).unwrap().into_text();
        assert_eq!(at_login.as_bytes(), new.as_bytes(), "what was set logs in");
    }
    let person = Person(person.lines().map(str::to_owned).collect());
    let judged = new.judge(&person);
    assert!(judged.is_err() || new.judge(&Person::default()).is_ok(), "to know somebody is no help");
    let has_word = typed.chars().any(|c| c.is_ascii_alphanumeric());
    assert!(!has_word || new.judge(&Person(vec![typed.to_owned()])).is_err(), "the person's own words");
}

pub fn token(printed: &str) {
    let parsed = Token::parse(printed);
    assert_eq!(read::<Option<Token>>(printed).ok().flatten(), parsed);
    assert_eq!(Token::parse(&printed.to_ascii_uppercase()), parsed);
    if let Some(token) = parsed {
        assert_eq!(Token::parse(&token.print()), Some(token.clone()));
        assert_eq!(token.key().len(), 64);
    }
}

/// What is printed and comes back: ids, references, names of a list, proofs.
pub fn printed(text: &str) {
    if let Some(id) = MailId::parse(text) {
        assert!(id.to_string() == text && same_in_json(&id));
    }
    if let Some(reference) = Reference::parse(text) {
        assert!(reference.as_str() == text && same_in_json(&reference));
    }
    if let Ok(submission) = read::<Submission>(text) {
        assert_eq!(submission.to_string(), text.to_ascii_lowercase());
        assert_eq!(Submission::parse(&submission.to_string()), Ok(submission));
    }
    assert!(read::<Motive>(text).is_ok_and(|motive| motive.as_str() == text) || Motive::parse(text).is_err());
    assert!(read::<Action>(text).is_ok_and(|action| action.as_str() == text) || Action::parse(text).is_err());
    assert!(read::<EncodedProof>(text).is_ok_and(|proof| proof.as_str() == text) || text.trim().is_empty());
}

/// The answer of a name server: what follows it changes nothing, and it answers its own question alone.
pub fn dns(answer: &[u8]) {
    let id = answer.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
    for kind in Kind::ALL {
        let read = dns::read(answer, id, kind);
        assert_eq!(dns::read(answer, id.wrapping_add(1), kind), None, "the answer to another question");
        if read.is_some() {
            assert_eq!(dns::read(&[answer, b"\0"].concat(), id, kind), read);
        }
    }
}

/// A volume of a journal that somebody brings: it fits, or is broken in a line that it has or where its next
/// one would be. Nobody has signed it as long as no key is known.
pub fn journal(file: &[u8]) {
    let lines = file.split(|byte| *byte == b'\n').count();
    match verify(file) {
        Ok(volume) => {
            let entries = volume.end.entries - volume.before.entries;
            assert!(
                entries < u64::try_from(lines).unwrap() && volume.end.entries <= volume.entries,
                "{volume:?}"
            );
        }
        Err(broken) => assert!((1..=lines + 1).contains(&broken.line), "{broken:?}"),
    }
    match verify_signed(file, &[], |_, _, _| true) {
        Err(Doubt::UnknownSigner) => assert!(Note::parse(file).is_ok(), "no note is signed"),
        Err(_) => {}
        Ok(whole) => panic!("signed by nobody: {whole:?}"),
    }
}

/// A token of RFC 7515 (A.3), its claims and its signature apart, and the key that made it.
pub const SIGNED: [&str; 2] = [
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y\
     b290Ijp0cnVlfQ",
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
];
const KEYS: &str = r#"{"keys": [{"kty": "EC", "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

/// A token of a provider of agents' logins: only what the key has signed is taken for its own.
pub fn id_token(text: &str) {
    let keys: KeySet = serde_json::from_str(KEYS).unwrap();
    let Ok(signed) = Signed::parse(text) else { return };
    if keys.verify(&signed).is_ok() {
        let [message, _] = SIGNED;
        assert_eq!(text.rsplit_once('.').map(|(signed, _)| signed), Some(message));
    }
}
