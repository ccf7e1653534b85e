//! The row schema: keys, attributes and retention of every kind of row. `docs/table.md` is made from it.

mod accounts;
mod desk;
mod document;
mod links;
mod mails;
mod spaces;
mod successions;

use domain::time::SignedDuration;

pub use document::document;

/// One kind of row.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    /// The partition key: fixed text, and `<what varies>`.
    pub pk: &'static str,
    /// The sort key, in the same way.
    pub sk: &'static str,
    pub meaning: &'static str,
    /// Every attribute besides the keys.
    pub attributes: &'static [Attribute],
    pub retention: Retention,
}

/// One attribute of a kind of row.
#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub kind: AttributeKind,
    pub presence: Presence,
    pub personal: Personal,
    pub meaning: &'static str,
}

/// The type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    Text,
    Number,
    /// Epoch seconds.
    Moment,
    Flag,
    TextSet,
}

impl AttributeKind {
    /// DynamoDB's own name for it.
    #[must_use]
    pub fn dynamodb_type(self) -> &'static str {
        match self {
            Self::Text => "S",
            Self::Number | Self::Moment => "N",
            Self::Flag => "BOOL",
            Self::TextSet => "SS",
        }
    }
}

/// Whether every row of its kind has the attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Always,
    Sometimes,
}

/// What an attribute says of a person (GDPR, article 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// Nothing.
    No,
    /// Something only for who holds another row or a key: an identifier, a keyed hash.
    Pseudonym,
    /// Name, address, number or words of a person.
    Clear,
}

/// How long a row is kept.
#[derive(Debug)]
pub enum Retention {
    /// No expiry.
    Kept,
    /// `expires_at` is this long after that moment.
    After(SignedDuration, &'static str),
}

const fn attribute(name: &'static str, kind: AttributeKind, meaning: &'static str) -> Attribute {
    Attribute { name, kind, presence: Presence::Always, personal: Personal::No, meaning }
}

const fn text(name: &'static str, meaning: &'static str) -> Attribute {
    attribute(name, AttributeKind::Text, meaning)
}

const fn number(name: &'static str, meaning: &'static str) -> Attribute {
    attribute(name, AttributeKind::Number, meaning)
}

const fn moment(name: &'static str, meaning: &'static str) -> Attribute {
    attribute(name, AttributeKind::Moment, meaning)
}

impl Attribute {
    const fn sometimes(self) -> Self {
        Self { presence: Presence::Sometimes, ..self }
    }

    const fn pseudonym(self) -> Self {
        Self { personal: Personal::Pseudonym, ..self }
    }

    const fn clear(self) -> Self {
        Self { personal: Personal::Clear, ..self }
    }
}

const EXPIRES_AT: Attribute = moment("expires_at", "end of the row; read as gone from then on");
const IDENTIFIER: Attribute = text("identifier", "whose: `AP-XXXX-XXXX`").pseudonym();
const EPOCH: Attribute =
    number("credentials_epoch", "the account's epoch when it was made: a later one ends it");
const SIRET: Attribute = text("siret", "14 digits");
const ESTABLISHMENT_NAME: Attribute = text("establishment_name", "as the applicant wrote it");
const FIRST_NAME: Attribute = text("first_name", "of the applicant").clear();
const LAST_NAME: Attribute = text("last_name", "of the applicant").clear();
const EMAIL: Attribute = text("email", "where mails go").clear();
const PHONE: Attribute = text("phone", "E.164").clear();
const OPENING: Attribute = number("opening", "of the space: a closing raises it, and ends what was before");
const MEMBER_ROLE: Attribute = text("member_role", "`holder` or `member`");
const INVITED_BY: Attribute = text("invited_by", "identifier of a holder, or `agency`").pseudonym();
const IS_SUCCESSOR: Attribute =
    attribute("is_successor", AttributeKind::Flag, "the acceptance is the inviter's leave");
const VALID_UNTIL: Attribute = moment("valid_until", "the last moment at which it serves");
const CREATED_AT: Attribute = moment("created_at", "when the row was written");

/// Every kind of row.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    let rooms = [accounts::KINDS, links::KINDS, spaces::KINDS, successions::KINDS, desk::KINDS, mails::KINDS];
    rooms.into_iter().flatten()
}

/// The retention of what is remembered after its validity.
const fn both(valid: SignedDuration, remembered: SignedDuration) -> SignedDuration {
    SignedDuration::from_mins(valid.as_mins() + remembered.as_mins())
}
