//! Requests for assistance («Demande d'assistance»): six motives, every field required.

use std::fmt;

use jiff::civil::Date;
use uuid::Uuid;

use crate::as_text::as_text;
use crate::base32;
use crate::email::Email;
use crate::form::{FieldValue, Rule, Schema, TextRule, present};
use crate::name::Name;
use crate::phone::Phone;
use crate::refusal::FieldCode;
use crate::siret::Siret;
use crate::text;

pub const DESCRIPTION_LENGTH_MIN: usize = 10;
pub const DESCRIPTION_LENGTH_MAX: usize = 5_000;

/// The motive of a request (procedure, «Motif de la demande»).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motive {
    /// «Habilitation à l'extranet»
    ExtranetAccess,
    /// «Fiche Établissement»
    EstablishmentRecord,
    /// «Décision d'Autorisation»
    AuthorisationDecision,
    /// «Demande d'Indemnisation»
    IndemnityClaim,
    /// «Certificat de signature»
    SignatureCertificate,
    /// «Autres»
    Other,
}

impl Motive {
    /// In the order of the agency's form.
    pub const ALL: [Self; 6] = [
        Self::ExtranetAccess,
        Self::EstablishmentRecord,
        Self::AuthorisationDecision,
        Self::IndemnityClaim,
        Self::SignatureCertificate,
        Self::Other,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExtranetAccess => "extranet-access",
            Self::EstablishmentRecord => "establishment-record",
            Self::AuthorisationDecision => "authorisation-decision",
            Self::IndemnityClaim => "indemnity-claim",
            Self::SignatureCertificate => "signature-certificate",
            Self::Other => "other",
        }
    }

    /// Its French label in the agency's form.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::ExtranetAccess => "Habilitation à l'extranet",
            Self::EstablishmentRecord => "Fiche Établissement",
            Self::AuthorisationDecision => "Décision d'Autorisation",
            Self::IndemnityClaim => "Demande d'Indemnisation",
            Self::SignatureCertificate => "Certificat de signature",
            Self::Other => "Autres",
        }
    }

    /// Reads the name of a motive in the API.
    ///
    /// # Errors
    /// `MotiveUnknown`.
    pub fn parse(name: &str) -> Result<Self, FieldCode> {
        Self::ALL.into_iter().find(|motive| motive.as_str() == name).ok_or(FieldCode::MotiveUnknown)
    }
}

impl FieldValue for Motive {
    type Json = String;

    fn read(name: String) -> Result<Self, FieldCode> {
        Self::parse(present(&name)?)
    }

    fn schema() -> Schema {
        Schema {
            name: "Motive",
            description: "Why a person asks for assistance.".to_owned(),
            rule: Rule::OneOf(Self::ALL.map(Self::as_str).to_vec()),
        }
    }
}

/// The text of a request: 10 to 5,000 characters, several lines.
#[derive(Clone, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Parses what a person typed or pasted. Line ends become `\n`; what cannot be seen is dropped.
    ///
    /// # Errors
    /// `Required`, `TooShort`, `TooLong`.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        let lines = text::lines(input);
        if text::is_blank(&lines) {
            return Err(FieldCode::Required);
        }
        match lines.chars().count() {
            length if length < DESCRIPTION_LENGTH_MIN => Err(FieldCode::TooShort),
            length if length > DESCRIPTION_LENGTH_MAX => Err(FieldCode::TooLong),
            _ => Ok(Self(lines)),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldValue for Description {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        // What is dropped does not count: surrounding white space, line ends of two characters.
        let (ink, inner) = (text::ink_class(), DESCRIPTION_LENGTH_MIN - 2);
        let line = text::line_class();
        Schema {
            name: "Description",
            description: format!(
                "{DESCRIPTION_LENGTH_MIN} to {DESCRIPTION_LENGTH_MAX} characters, on any number of lines."
            ),
            rule: Rule::Text(TextRule {
                length_min: DESCRIPTION_LENGTH_MIN,
                length_max: Some(DESCRIPTION_LENGTH_MAX),
                pattern: Some(format!("^{ink}[^{line}]{{{inner},}}{ink}$")),
                example: Some("Je n'ai pas accès à l'extranet."),
                ..TextRule::default()
            }),
        }
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Description(•••)")
    }
}

/// The characters of a UUID with its dashes.
const UUID_LENGTH: usize = 36;

/// The id of one sending of the form, made by the page: the same one twice is the same ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submission(Uuid);

impl Submission {
    /// Parses a UUID with dashes (RFC 9562).
    ///
    /// # Errors
    /// `SubmissionFormat`.
    pub fn parse(input: &str) -> Result<Self, FieldCode> {
        if input.len() != UUID_LENGTH {
            return Err(FieldCode::SubmissionFormat);
        }
        Uuid::try_parse(input).map(Self).map_err(|_| FieldCode::SubmissionFormat)
    }
}

impl FieldValue for Submission {
    type Json = String;

    fn read(typed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&typed)?)
    }

    fn schema() -> Schema {
        let hex = "[0-9A-Fa-f]";
        Schema {
            name: "Submission",
            description: "A UUID that the page makes: the same one twice is the same ticket.".to_owned(),
            rule: Rule::Text(TextRule {
                length_min: UUID_LENGTH,
                length_max: Some(UUID_LENGTH),
                pattern: Some(format!("^{hex}{{8}}(?:-{hex}{{4}}){{3}}-{hex}{{12}}$")),
                format: Some("uuid"),
                example: Some("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70"),
            }),
        }
    }
}

impl fmt::Display for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Characters of a printed reference.
const REFERENCE_LENGTH: usize = 15;

/// The reference of a ticket, to quote on the phone: `T-261123-7K3MQ2`, the day in Paris and six symbols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// A new reference for that day, from six random bytes.
    #[must_use]
    pub fn new(day: Date, random: [u8; 6]) -> Self {
        let symbols: String = random.into_iter().map(base32::symbol).collect();
        Self(format!("T-{}-{symbols}", day.strftime("%y%m%d")))
    }

    /// Parses a printed reference.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        let (day, symbols) = printed.strip_prefix("T-")?.split_once('-')?;
        let is_day = day.len() == 6 && day.bytes().all(|b| b.is_ascii_digit());
        let is_random =
            symbols.len() == 6 && symbols.chars().all(|c| base32::value(c).map(base32::symbol) == Some(c));
        (is_day && is_random).then(|| Self(printed.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldValue for Reference {
    type Json = String;

    fn read(printed: String) -> Result<Self, FieldCode> {
        Self::parse(present(&printed)?.trim()).ok_or(FieldCode::ReferenceUnknown)
    }

    fn schema() -> Schema {
        Schema {
            name: "Reference",
            description: "The reference of a request for assistance.".to_owned(),
            rule: Rule::Text(TextRule {
                length_min: REFERENCE_LENGTH,
                length_max: Some(REFERENCE_LENGTH),
                pattern: Some("^T-[0-9]{6}-[0-9A-HJKMNP-TV-Z]{6}$".to_owned()),
                example: Some("T-261123-7K3MQ2"),
                ..TextRule::default()
            }),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(Reference, Reference::parse);

/// A request for assistance, as the agency gets it.
#[derive(Debug, Clone)]
pub struct Ticket {
    pub submission: Submission,
    pub siret: Siret,
    pub establishment_name: Name,
    pub full_name: Name,
    pub phone: Phone,
    pub email: Email,
    pub motive: Motive,
    pub description: Description,
}
