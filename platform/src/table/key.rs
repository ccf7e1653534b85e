//! Where each row stands: the keys of the one table, all of them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::mail::DigestPeriod;
use domain::{Identifier, MailId, Reference, Siret, Submission, Token};

use super::Attributes;

/// Where a row stands: partition and sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The establishment, once an account is active for it.
    #[must_use]
    pub fn establishment(siret: &Siret) -> Self {
        Self::new(format!("SIRET#{siret}"), "ESTABLISHMENT")
    }

    /// A member of the establishment.
    #[must_use]
    pub fn member(siret: &Siret, identifier: &Identifier) -> Self {
        Self::new(format!("SIRET#{siret}"), format!("{}{identifier}", Self::MEMBERS))
    }

    /// What the sort keys of an establishment's members begin with.
    pub const MEMBERS: &str = "MEMBER#";

    /// The account.
    #[must_use]
    pub fn account(identifier: &Identifier) -> Self {
        Self::new(format!("ACCOUNT#{identifier}"), "ACCOUNT")
    }

    /// The link of a token, by its hash.
    #[must_use]
    pub fn link(token: &Token) -> Self {
        Self::new(format!("LINK#{}", token.key()), "LINK")
    }

    /// A proof that has served, by its signature.
    #[must_use]
    pub fn proof(signature: &str) -> Self {
        Self::new(format!("PROOF#{signature}"), "PROOF")
    }

    /// The session of a cookie's token, by its hash.
    #[must_use]
    pub fn session(token: &Token) -> Self {
        Self::new(format!("SESSION#{}", token.key()), "SESSION")
    }

    /// The count of failed logins on an identifier.
    #[must_use]
    pub fn attempts(identifier: &Identifier) -> Self {
        Self::new(format!("ATTEMPTS#{identifier}"), "ATTEMPTS")
    }

    /// The mails lately counted against a quota, by a keyed hash of what it counts.
    #[must_use]
    pub fn quota(fingerprint: &str) -> Self {
        Self::new(format!("QUOTA#{fingerprint}"), "QUOTA")
    }

    /// The partition of all notices.
    pub const NOTICES: &str = "NOTICE";

    /// A notice, by its id: when it begins, and a part that tells it from others of that moment.
    #[must_use]
    pub fn notice(id: &str) -> Self {
        Self::new(Self::NOTICES.to_owned(), id)
    }

    /// A ticket.
    #[must_use]
    pub fn ticket(reference: &str) -> Self {
        Self::new(format!("TICKET#{reference}"), "TICKET")
    }

    /// The ticket that a sending of the form became.
    #[must_use]
    pub fn submission(submission: &Submission) -> Self {
        Self::new(format!("SUBMISSION#{submission}"), "SUBMISSION")
    }

    /// A mail of the outbox.
    #[must_use]
    pub fn mail(id: MailId) -> Self {
        Self::new(format!("MAIL#{id}"), "MAIL")
    }

    /// What the partitions of digests for the agency begin with.
    pub const DIGEST: &str = "DIGEST#";

    /// A request for assistance in the digest of a period.
    #[must_use]
    pub fn digest(period: DigestPeriod, reference: &Reference) -> Self {
        Self::new(format!("{}{period}", Self::DIGEST), format!("TICKET#{}", reference.as_str()))
    }

    /// A domain that takes no mail.
    #[must_use]
    pub fn domain(domain: &str) -> Self {
        Self::new(format!("DOMAIN#{domain}"), "DOMAIN")
    }

    /// A row that does not exist, for a read that warms the connection.
    #[must_use]
    pub fn warm_up() -> Self {
        Self::new("WARMUP".to_owned(), "WARMUP")
    }

    pub(super) fn attributes(&self) -> Attributes {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}
