//! The domain: values, rules and refusals. No IO, no clock, no randomness.

pub mod account;
mod as_text;
pub mod base32;
pub mod email;
pub mod form;
pub mod identifier;
pub mod link;
pub mod mail;
pub mod name;
pub mod password;
pub mod phone;
pub mod proof;
pub mod refusal;
pub mod secret;
pub mod siret;
mod text;
pub mod ticket;
pub mod time;
pub mod token;

pub use account::{Account, Application, Person};
pub use email::Email;
pub use form::{AcceptedTerms, FieldValue};
pub use identifier::Identifier;
pub use link::Link;
pub use mail::{MailId, MailJob};
pub use name::Name;
pub use password::{Password, TypedPassword};
pub use phone::Phone;
pub use proof::EncodedProof;
pub use refusal::{FieldCode, FieldError, Refusal};
pub use secret::SecretKey;
pub use siret::Siret;
pub use ticket::{Description, Motive, Reference, Submission, Ticket};
pub use token::Token;
