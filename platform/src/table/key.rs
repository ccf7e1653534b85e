//! The keys of every kind of row.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::mail::{DigestPeriod, Lane};
use domain::time::Date;
use domain::{
    AddressChangeId, AgentSub, CaseState, Identifier, InvitationId, MailId, MandateId, Motive, Opening,
    Reference, Side, Siret, Submission, SuccessionId, Token, TokenHash,
};

use super::Attributes;

/// Partition and sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    pub(super) fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The partition of an establishment's space. In the order of sort keys: the establishment, invitations,
    /// members, mandates, requests: one query reads the people, and the mandates that follow.
    #[must_use]
    pub fn space(siret: &Siret) -> String {
        format!("SIRET#{siret}")
    }

    /// The sort key of an establishment's own row.
    pub const ESTABLISHMENT: &str = "ESTABLISHMENT";

    #[must_use]
    pub fn establishment(siret: &Siret) -> Self {
        Self::new(Self::space(siret), Self::ESTABLISHMENT)
    }

    /// The prefix of invitations' sort keys.
    pub const INVITATIONS: &str = "INVITATION#";

    #[must_use]
    pub fn invitation(siret: &Siret, id: &InvitationId) -> Self {
        Self::new(Self::space(siret), format!("{}{id}", Self::INVITATIONS))
    }

    /// The prefix of members' sort keys.
    pub const MEMBERS: &str = "MEMBER#";

    #[must_use]
    pub fn member(siret: &Siret, identifier: &Identifier) -> Self {
        Self::new(Self::space(siret), format!("{}{identifier}", Self::MEMBERS))
    }

    /// After every sort key of a member, before those of mandates.
    pub const AFTER_MEMBERS: &str = "MEMBER$";

    /// The prefix of the sort keys of an establishment's mandates, on one of their sides or on both.
    #[must_use]
    pub fn mandates(side: Option<Side>) -> String {
        side.map_or_else(|| "POWER#".to_owned(), |side| format!("POWER#{}#", side.as_str()))
    }

    /// A mandate among those of one side.
    #[must_use]
    pub fn mandate(side: Side, siret: &Siret, other: &Siret, id: &MandateId) -> Self {
        Self::new(Self::space(siret), format!("{}{other}#{id}", Self::mandates(Some(side))))
    }

    /// By a keyed hash of the asker's address.
    #[must_use]
    pub fn invitation_request(siret: &Siret, asker: &str) -> Self {
        Self::new(Self::space(siret), format!("{}{asker}", Self::REQUESTS))
    }

    /// What the sort keys of requests for an invitation begin with.
    pub const REQUESTS: &str = "REQUEST#";

    /// Under a live key of a mandate.
    #[must_use]
    pub fn live_mandate(key: &str) -> Self {
        Self::new(format!("LIVE#{key}"), "LIVE")
    }

    /// The partition of the journal of an opening of a space: who opens it anew reads no other's.
    #[must_use]
    pub fn journal(siret: &Siret, opening: Opening) -> String {
        format!("JOURNAL#{siret}.{opening}")
    }

    /// A line of it, in the order of its number.
    #[must_use]
    pub fn journal_line(siret: &Siret, opening: Opening, number: u64) -> Self {
        Self::new(Self::journal(siret, opening), Self::journal_number(number))
    }

    /// The sort key of a line of a journal.
    #[must_use]
    pub fn journal_number(number: u64) -> String {
        format!("{number:010}")
    }

    #[must_use]
    pub fn account(identifier: &Identifier) -> Self {
        Self::new(Self::account_rows(identifier), "ACCOUNT")
    }

    /// The partition of an account, and of the changes of its address.
    #[must_use]
    pub fn account_rows(identifier: &Identifier) -> String {
        format!("ACCOUNT#{identifier}")
    }

    /// What the sort keys of the changes of an address begin with.
    pub const ADDRESS_CHANGES: &str = "ADDRESS#";

    /// By the token's hash.
    #[must_use]
    pub fn link(token: &TokenHash) -> Self {
        Self::new(format!("LINK#{}", token.as_str()), "LINK")
    }

    /// The link of an invitation's mail.
    #[must_use]
    pub fn invitation_link(token: &TokenHash) -> Self {
        Self::new(format!("LINK#{}", token.as_str()), "INVITATION")
    }

    /// A link of a change of address.
    #[must_use]
    pub fn address_link(token: &TokenHash) -> Self {
        Self::new(format!("LINK#{}", token.as_str()), "ADDRESS")
    }

    /// The link of a mail «toujours là ?».
    #[must_use]
    pub fn presence_link(token: &TokenHash) -> Self {
        Self::new(format!("LINK#{}", token.as_str()), "PRESENCE")
    }

    /// The link of a request's mails.
    #[must_use]
    pub fn request_link(token: &TokenHash) -> Self {
        Self::new(format!("LINK#{}", token.as_str()), "REQUEST")
    }

    /// The link of a succession's notice.
    #[must_use]
    pub fn contest_link(token: &TokenHash) -> Self {
        Self::new(format!("LINK#{}", token.as_str()), "CONTEST")
    }

    /// A succession by its id.
    #[must_use]
    pub fn succession(id: &SuccessionId) -> Self {
        Self::new(format!("SUCCESSION#{id}"), "SUCCESSION")
    }

    /// The one that is under way for an establishment.
    #[must_use]
    pub fn live_succession(siret: &Siret) -> Self {
        Self::new(format!("SUCCESSIONS#{siret}"), "LIVE")
    }

    /// The last one of a request for assistance.
    #[must_use]
    pub fn succession_of_case(reference: &Reference) -> Self {
        Self::new(format!("SUCCESSIONS#{reference}"), "LAST")
    }

    /// The partition of the holders whose turn comes on a day in UTC.
    #[must_use]
    pub fn turns_of_holders(day: Date) -> String {
        format!("PRESENCE#{day}")
    }

    #[must_use]
    pub fn turn_of_holder(day: Date, siret: &Siret, identifier: &Identifier) -> Self {
        Self::new(Self::turns_of_holders(day), format!("{siret}#{identifier}"))
    }

    /// What one establishment offers another on a day in UTC.
    #[must_use]
    pub fn offers_of_day(own: &Siret, other: &Siret, day: Date) -> Self {
        Self::new(format!("OFFERS#{own}#{other}#{day}"), "OFFERS")
    }

    #[must_use]
    pub fn address_change(identifier: &Identifier, id: &AddressChangeId) -> Self {
        Self::new(Self::account_rows(identifier), format!("{}{id}", Self::ADDRESS_CHANGES))
    }

    /// By the challenge's signature.
    #[must_use]
    pub fn proof(signature: &str) -> Self {
        Self::new(format!("PROOF#{signature}"), "PROOF")
    }

    /// An agent of the agency, as the identity provider names them.
    #[must_use]
    pub fn agent(sub: &AgentSub) -> Self {
        Self::new(format!("AGENT#{sub}"), "AGENT")
    }

    /// An agent's session, by the hash of the cookie's token.
    #[must_use]
    pub fn agent_session(token: &Token) -> Self {
        Self::new(format!("DESK#{}", token.key()), "DESK")
    }

    /// By the hash of the cookie's token.
    #[must_use]
    pub fn session(token: &Token) -> Self {
        Self::new(format!("SESSION#{}", token.key()), "SESSION")
    }

    /// The partition of a person's open sessions.
    #[must_use]
    pub fn sessions(identifier: &Identifier) -> String {
        format!("SESSIONS#{identifier}")
    }

    /// A session among its person's, by the hash of its token.
    #[must_use]
    pub fn session_of(identifier: &Identifier, token: &str) -> Self {
        Self::new(Self::sessions(identifier), token)
    }

    /// A session by the hash of its token.
    #[must_use]
    pub fn session_by(token: &str) -> Self {
        Self::new(format!("SESSION#{token}"), "SESSION")
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

    /// The prefix of the sort keys of a thread's entries. They come before the ticket's own row.
    pub const ENTRIES: &str = "EVENT#";

    /// An entry of a ticket's thread, in the order of its number.
    #[must_use]
    pub fn entry(reference: &Reference, number: u64) -> Self {
        Self::new(Self::ticket_rows(reference), format!("{}{number:06}", Self::ENTRIES))
    }

    /// The partition of a ticket and its thread.
    #[must_use]
    pub fn ticket_rows(reference: &Reference) -> String {
        format!("TICKET#{}", reference.as_str())
    }

    /// The partition of the cases of a state and a motive.
    #[must_use]
    pub fn queue(state: CaseState, motive: Motive) -> String {
        format!("QUEUE#{}#{}", state.as_str(), motive.as_str())
    }

    /// A case's place there, among those that came before and after it.
    #[must_use]
    pub fn place(state: CaseState, motive: Motive, place: &str) -> Self {
        Self::new(Self::queue(state, motive), place)
    }

    /// The partition of the requests about an establishment.
    #[must_use]
    pub fn cases(siret: &Siret) -> String {
        format!("CASES#{siret}")
    }

    #[must_use]
    pub fn case_of(siret: &Siret, place: &str) -> Self {
        Self::new(Self::cases(siret), place)
    }

    /// The partition of the requests of a mailbox, by its keyed hash.
    #[must_use]
    pub fn sender(fingerprint: &str) -> String {
        format!("SENDER#{fingerprint}")
    }

    #[must_use]
    pub fn case_by(fingerprint: &str, place: &str) -> Self {
        Self::new(Self::sender(fingerprint), place)
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
