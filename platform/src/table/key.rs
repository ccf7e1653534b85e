//! The keys of every kind of row.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::mail::{DigestPeriod, Lane};
use domain::{Identifier, MailId, Reference, Siret, Submission, Token, TokenHash};

use super::Attributes;

/// Partition and sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    #[must_use]
    pub fn establishment(siret: &Siret) -> Self {
        Self::new(format!("SIRET#{siret}"), "ESTABLISHMENT")
    }

    #[must_use]
    pub fn member(siret: &Siret, identifier: &Identifier) -> Self {
        Self::new(format!("SIRET#{siret}"), format!("{}{identifier}", Self::MEMBERS))
    }

    /// The prefix of members' sort keys.
    pub const MEMBERS: &str = "MEMBER#";

    #[must_use]
    pub fn account(identifier: &Identifier) -> Self {
        Self::new(format!("ACCOUNT#{identifier}"), "ACCOUNT")
    }

    /// By the token's hash.
    #[must_use]
    pub fn link(token: &TokenHash) -> Self {
        Self::new(format!("LINK#{}", token.as_str()), "LINK")
    }

    /// By the challenge's signature.
    #[must_use]
    pub fn proof(signature: &str) -> Self {
        Self::new(format!("PROOF#{signature}"), "PROOF")
    }

    /// By the hash of the cookie's token.
    #[must_use]
    pub fn session(token: &Token) -> Self {
        Self::new(format!("SESSION#{}", token.key()), "SESSION")
    }

    #[must_use]
    pub fn attempts(identifier: &Identifier) -> Self {
        Self::new(format!("ATTEMPTS#{identifier}"), "ATTEMPTS")
    }

    /// By a keyed hash of what the quota counts.
    #[must_use]
    pub fn quota(fingerprint: &str) -> Self {
        Self::new(format!("QUOTA#{fingerprint}"), "QUOTA")
    }

    pub const NOTICES: &str = "NOTICE";

    /// By its id: when it begins, and a ULID.
    #[must_use]
    pub fn notice(id: &str) -> Self {
        Self::new(Self::NOTICES.to_owned(), id)
    }

    #[must_use]
    pub fn ticket(reference: &str) -> Self {
        Self::new(format!("TICKET#{reference}"), "TICKET")
    }

    #[must_use]
    pub fn submission(submission: &Submission) -> Self {
        Self::new(format!("SUBMISSION#{submission}"), "SUBMISSION")
    }

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

    /// What is known of an address, by its keyed hash.
    #[must_use]
    pub fn addresses(fingerprint: &str) -> String {
        format!("ADDRESS#{fingerprint}")
    }

    /// The sort key of what is known by mails whose progress is told.
    pub const TOLD: &str = "TOLD";

    /// What is known of it by mails whose progress is told, or by the others.
    #[must_use]
    pub fn address(fingerprint: &str, is_told: bool) -> Self {
        Self::new(Self::addresses(fingerprint), if is_told { Self::TOLD } else { "SECRET" })
    }

    /// The partition of a domain's counts within an hour since 1970.
    #[must_use]
    pub fn deliveries(domain: &str, hour: i64) -> String {
        format!("DELIVERY#{domain}#{hour}")
    }

    /// One count of a domain's mails: its period since 1970, and what became of them.
    #[must_use]
    pub fn delivery(domain: &str, hour: i64, count: &str) -> Self {
        Self::new(Self::deliveries(domain, hour), count)
    }

    /// Codes of live links: of an account (recovery) or an establishment (activation).
    #[must_use]
    pub fn codes(of: &str) -> Self {
        Self::new(format!("CODE#{of}"), "CODES")
    }

    /// Of an identifier or a SIRET.
    #[must_use]
    pub fn code_tries(of: &str) -> Self {
        Self::new(format!("CODE#{of}"), "TRIES")
    }

    /// How far the senders of a lane have come.
    #[must_use]
    pub fn lane(lane: Lane) -> Self {
        Self::new(format!("LANE#{}", lane.as_str()), "LANE")
    }

    /// When the next mail of a lane may leave.
    #[must_use]
    pub fn turn(lane: Lane) -> Self {
        Self::new(format!("TURN#{}", lane.as_str()), "TURN")
    }

    /// A row that does not exist: read to warm the connection.
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
