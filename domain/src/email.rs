//! E-mail addresses that mail can reach.

use std::fmt;
use std::str::FromStr;

use email_address::{EmailAddress, Options};

use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::refusal::FieldCode;
use crate::text;

/// The longest address of SMTP (RFC 5321, erratum 1690).
pub const EMAIL_LENGTH_MAX: usize = 254;
/// The longest local part (RFC 5321, 4.5.3.1.1).
const LOCAL_PART_LENGTH_MAX: usize = 64;
/// The longest label of a host name (RFC 1123).
const LABEL_LENGTH_MAX: usize = 63;
/// Top-level domains that no name server will ever know (RFC 6761, 6762, 7686, 9476; ICANN for `internal`).
/// `example` is not among them: it stands in documents, and for nobody's address.
const NEVER_DELEGATED: [&str; 7] = ["alt", "internal", "invalid", "local", "localhost", "onion", "test"];
/// An atom of a local part, as a regular expression (RFC 5322).
const ATOM: &str = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";

/// A deliverable address: ASCII, no quoted local part, a domain with a dot; the domain is kept in lower
/// case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Parses what a person typed: trims it, and lowers the case of the domain.
    ///
    /// # Errors
    /// `EmailFormat` when mail could not be sent to it.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        let typed = input.trim();
        let is_plain =
            typed.len() <= EMAIL_LENGTH_MAX && typed.is_ascii() && !typed.contains(['"', '[', '(']);
        if !is_plain || typed.chars().any(text::is_invisible) {
            return Err(FieldCode::EmailFormat);
        }
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let parsed = EmailAddress::parse_with_options(typed, options).map_err(|_| FieldCode::EmailFormat)?;
        let domain = parsed.domain().to_ascii_lowercase();
        let has_top_level = domain.rsplit('.').next().is_some_and(is_top_level);
        if !has_top_level || !domain.split('.').all(is_host_label) {
            return Err(FieldCode::EmailFormat);
        }
        Ok(Self(format!("{}@{domain}", parsed.local_part())))
    }

    /// The address to send to. Never for a log, a key or a metric.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address in lower case, for comparison.
    #[must_use]
    pub fn normalised(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The mailbox without sub-address, `jean@exemple.fr` for `jean+paie@exemple.fr` (RFC 5233): the key of
    /// quotas. Never sent to, since some providers take the `+` for a part of the name.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let whole = self.normalised();
        match whole.split_once('@') {
            Some((local, domain)) => match local.split_once('+') {
                Some((name, _)) if !name.is_empty() => format!("{name}@{domain}"),
                _ => whole,
            },
            None => whole,
        }
    }

    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// Masked for display: `j•••@exemple.fr`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let first = local.chars().next().map(String::from).unwrap_or_default();
        format!("{first}•••@{domain}")
    }
}

impl FieldValue for Email {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        let local = format!("(?=[^@]{{1,{LOCAL_PART_LENGTH_MAX}}}@){ATOM}(?:\\.{ATOM})*");
        Schema {
            name: "Email",
            description: "An address that mail can reach; the domain goes to lower case.".to_owned(),
            rule: Rule::Text(TextRule {
                length_max: Some(EMAIL_LENGTH_MAX),
                pattern: Some(format!("^{local}@{}$", domain_pattern())),
                format: Some("email"),
                example: Some("jeanne@exemple.fr"),
                ..TextRule::default()
            }),
        }
    }
}

impl FromStr for Email {
    type Err = FieldCode;

    fn from_str(input: &str) -> Result<Self, FieldCode> {
        Self::parse(input)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(•••)")
    }
}

/// What follows the `@` of an address that mail can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDomain(String);

impl MailDomain {
    /// In lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldValue for MailDomain {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        let address = Email::parse(&format!("x@{}", present(&typed)?))?;
        Ok(Self(address.domain().to_owned()))
    }

    fn schema() -> Schema {
        Schema {
            name: "MailDomain",
            description: "The domain of an address that mail can reach.".to_owned(),
            rule: Rule::Text(TextRule {
                length_max: Some(EMAIL_LENGTH_MAX - "x@".len()),
                pattern: Some(format!("^{}$", domain_pattern())),
                format: Some("mail-domain"),
                example: Some("exemple.fr"),
                ..TextRule::default()
            }),
        }
    }
}

/// A domain of [`Email`], as a regular expression.
fn domain_pattern() -> String {
    let inner = LABEL_LENGTH_MAX - 2;
    let label = format!("[A-Za-z0-9](?:[A-Za-z0-9-]{{0,{inner}}}[A-Za-z0-9])?");
    let word = format!("[A-Za-z]{{2,{LABEL_LENGTH_MAX}}}");
    let international = format!("[Xx][Nn]--[A-Za-z0-9-]{{0,{}}}[A-Za-z0-9]", LABEL_LENGTH_MAX - 5);
    let never = NEVER_DELEGATED.map(in_any_case).join("|");
    format!("(?:{label}\\.)+(?!(?:{never})$)(?:{word}|{international})")
}

/// A top-level domain that there may be: letters alone, or an internationalised name in its ASCII form. ICANN
/// delegates no others, so that this refuses none of those to come.
fn is_top_level(label: &str) -> bool {
    let is_word = label.len() >= 2 && label.bytes().all(|b| b.is_ascii_alphabetic());
    (is_word || label.starts_with("xn--")) && !NEVER_DELEGATED.contains(&label)
}

/// A word of letters in any case, as a regular expression.
fn in_any_case(word: &str) -> String {
    word.chars().map(|c| format!("[{}{c}]", c.to_ascii_uppercase())).collect()
}

/// A label of a host name: letters, digits and inner dashes (RFC 1123).
fn is_host_label(label: &str) -> bool {
    (1..=LABEL_LENGTH_MAX).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
