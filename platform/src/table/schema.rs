//! The row schema: keys, attributes and retention of every kind of row. `docs/table.md` is made from it.

use std::fmt::{self, Display, Formatter};

use domain::account::{APPLICATION_RETENTION, GUESSES_WINDOW, SESSION_VALID};
use domain::address_change::ADDRESS_CHANGE_RETENTION;
use domain::agent::AGENT_SESSION_VALID;
use domain::case::{REQUEST_LINK_VALID, SENDER_WINDOW};
use domain::code::CODE_TRIES_WINDOW;
use domain::delivery::COMPLAINED_RETENTION;
use domain::link::{LINK_REMEMBERED, LINK_VALID_MINUTES};
use domain::mandate::MANDATE_OFFER_VALID;
use domain::membership::PRESENCE_VALID;
use domain::proof::PROOF_VALID_MINUTES;
use domain::time::SignedDuration;

use crate::mandates::{OFFER_RETENTION, OFFERS_RETENTION};
use crate::notices::NOTICE_RETENTION;
use crate::outbox::{COUNT_RETENTION, MAIL_RETENTION, NO_MAIL_RETENTION, PACE_RETENTION};
use crate::presences::TURN_RETENTION;
use crate::proofs::USED_PROOF_RETENTION;
use crate::spaces::{INVITATION_REMEMBERED, REQUEST_RETENTION};
use crate::successions::SUCCESSION_RETENTION;
use crate::tickets::TICKET_RETENTION;

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
const VALID_UNTIL: Attribute = moment("valid_until", "the last moment at which it serves");
const CREATED_AT: Attribute = moment("created_at", "when the row was written");

/// Every kind of row.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "establishment",
        pk: "SIRET#<siret>",
        sk: "ESTABLISHMENT",
        meaning: "The space of the establishment, open while it has an active holder. That it is not open is \
                  a condition of an activation.",
        attributes: &[
            ESTABLISHMENT_NAME,
            CREATED_AT,
            OPENING,
            number("holders", "active ones, and the seat; 0 while the space is closed"),
            text("seat", "invitation of who takes the last holder's place, until it is accepted").sometimes(),
            number("journal_entries", "lines of the journal of this opening"),
            text("journal_head", "SHA-256 of the last of them"),
        ],
        retention: Retention::Kept,
    },
    Kind {
        name: "member",
        pk: "SIRET#<siret>",
        sk: "MEMBER#<identifier>",
        meaning: "An account may act for the establishment.",
        attributes: &[
            IDENTIFIER,
            OPENING,
            MEMBER_ROLE,
            text("member_state", "`active` or `suspended`"),
            FIRST_NAME,
            LAST_NAME,
            EMAIL,
            moment("since", "when they joined"),
            number("mark", "the entry of the journal that tells it"),
            moment("holder_since", "since when they are an active holder without a break").sometimes(),
            moment("presence_asked_at", "the last mail «toujours là ?» since then").sometimes(),
            moment("presence_answered_at", "the last answer to one").sometimes(),
            text("heir_first_name", "of the successor whom the holder named in advance").sometimes().clear(),
            text("heir_last_name", "the same").sometimes().clear(),
            text("heir_email", "the same; nothing is sent there").sometimes().clear(),
            moment("heir_named_at", "when that was").sometimes(),
        ],
        retention: Retention::Kept,
    },
    Kind {
        name: "turn of a holder",
        pk: "PRESENCE#<day>",
        sk: "<siret>#<identifier>",
        meaning: "From that day on, in UTC, a holder is due to be asked. Next year's row takes its place.",
        attributes: &[SIRET, IDENTIFIER, EXPIRES_AT],
        retention: Retention::After(TURN_RETENTION, "the beginning of the day"),
    },
    Kind {
        name: "invitation",
        pk: "SIRET#<siret>",
        sk: "INVITATION#<id>",
        meaning: "Somebody is invited into the establishment. Deleted when it is accepted or withdrawn.",
        attributes: &[
            OPENING,
            text("invited_by", "identifier of a holder, or `agency`").pseudonym(),
            EMAIL,
            FIRST_NAME,
            LAST_NAME,
            MEMBER_ROLE,
            attribute("is_successor", AttributeKind::Flag, "the acceptance is the inviter's leave"),
            VALID_UNTIL,
            text("mail", "ulid of its mail"),
            moment("bounced_at", "when that came back").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(INVITATION_REMEMBERED, "its days"),
    },
    Kind {
        name: "mandate",
        pk: "SIRET#<siret of one side>",
        sk: "POWER#<client or cabinet: that side>#<siret of the other>#<id>",
        meaning: "A mandate, or the offer of one, as each side has it. Its state is computed on read.",
        attributes: &[
            text("mandate", "its id"),
            text("client", "14 digits: who is acted for"),
            number("client_opening", "of its space when it was offered"),
            text("client_name", "then"),
            text("cabinet", "14 digits: who acts"),
            number("cabinet_opening", "of its space when it was offered"),
            text("cabinet_name", "then"),
            text("scopes", "`read,declare,indemnify` or some of them"),
            text("term_from", "first day"),
            text("term_until", "last day"),
            text("slot", "`first` or `second`: which of two live ones"),
            text("text_version", "of the text that was shown"),
            text("text_sha256", "of that text"),
            text("offered_by", "`client` or `cabinet`"),
            moment("offered_at", "when"),
            text("contact", "where the offer was sent, if it was typed").sometimes().clear(),
            moment("accepted_at", "when").sometimes(),
            moment("declined_at", "when").sometimes(),
            moment("ended_at", "when").sometimes(),
            moment("first_used_at", "when the cabinet first acted by it").sometimes(),
            EXPIRES_AT.sometimes(),
        ],
        retention: Retention::After(OFFER_RETENTION, "the offer, unless it is accepted"),
    },
    Kind {
        name: "offers of a day",
        pk: "OFFERS#<siret>#<siret of the other>#<day>",
        sk: "OFFERS",
        meaning: "How many mandates one establishment has offered another on a day in UTC.",
        attributes: &[number("offers", "so far"), EXPIRES_AT],
        retention: Retention::After(OFFERS_RETENTION, "the beginning of the day"),
    },
    Kind {
        name: "request for an invitation",
        pk: "SIRET#<siret>",
        sk: "REQUEST#<keyed hash of the address>",
        meaning: "Somebody asks the holders to be invited: once a day.",
        attributes: &[FIRST_NAME, LAST_NAME, EMAIL, CREATED_AT, EXPIRES_AT],
        retention: Retention::After(REQUEST_RETENTION, "it came"),
    },
    Kind {
        name: "live mandate",
        pk: "LIVE#<cabinet>.<opening>#<client>.<opening>#<scope>#<slot>",
        sk: "LIVE",
        meaning: "The one mandate of its cabinet, client, scope and slot that is offered or in force.",
        attributes: &[
            text("mandate", "its id"),
            text("term_from", "first day"),
            text("term_until", "last day"),
            text("scopes", "of the mandate"),
            text("offered_by", "`client` or `cabinet`"),
            attribute("is_accepted", AttributeKind::Flag, "it is in force, or will be").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(MANDATE_OFFER_VALID, "the offer; the last day, once it is accepted"),
    },
    Kind {
        name: "line of a journal",
        pk: "JOURNAL#<siret>.<opening>",
        sk: "<number, ten digits>",
        meaning: "One entry of the establishment's journal, with the hash of the line before.",
        attributes: &[
            text("line", "number, moment, sentence, hash, check; with names and masked addresses").clear(),
            text("written_by", "random; the request that wrote it, so that a lost answer can be given again")
                .sometimes(),
        ],
        retention: Retention::Kept,
    },
    Kind {
        name: "account",
        pk: "ACCOUNT#<identifier>",
        sk: "ACCOUNT",
        meaning: "An application, and from its activation on an account. One SIRET and one address have one.",
        attributes: &[
            SIRET,
            ESTABLISHMENT_NAME,
            FIRST_NAME,
            LAST_NAME,
            EMAIL,
            PHONE,
            text("applicant", "keyed hash of SIRET and address: who may apply again; until the activation")
                .sometimes()
                .pseudonym(),
            attribute("is_active", AttributeKind::Flag, "the activation link was answered"),
            number("credentials_epoch", "times that the password was set"),
            text("password_hash", "Argon2id, as a PHC string; once there is a password").sometimes(),
            moment("password_set_at", "when that was").sometimes(),
            moment("terms_accepted_at", "when the general conditions were accepted"),
            attribute("sirets", AttributeKind::TextSet, "where it is a member; from its activation on")
                .sometimes(),
            moment("address_changed_at", "when its address was last changed, unless that was undone")
                .sometimes(),
            attribute(
                "undone_changes",
                AttributeKind::TextSet,
                "spans of epoch seconds: changes of the address that were asked for then are undone",
            )
            .sometimes(),
            text("applied_words", "keyed hash of what the applicant typed besides; `mixed` once others did")
                .sometimes()
                .pseudonym(),
            CREATED_AT,
            EXPIRES_AT.sometimes(),
        ],
        retention: Retention::After(APPLICATION_RETENTION, "the last application, unless it is activated"),
    },
    Kind {
        name: "link",
        pk: "LINK#<sha256 of token>",
        sk: "LINK",
        meaning: "A link of a mail that sets a password. Kept after use, so that a page can say *used*.",
        attributes: &[
            text("purpose", "`activation` or `password_reset`"),
            IDENTIFIER,
            EPOCH,
            SIRET,
            ESTABLISHMENT_NAME,
            FIRST_NAME,
            LAST_NAME,
            EMAIL,
            PHONE,
            moment("valid_until", "the last moment at which it serves"),
            moment("used_at", "when it served, or was killed by another").sometimes(),
            text("used_by", "random; the request that it served, so that a lost answer can be given again")
                .sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(
            SignedDuration::from_mins(LINK_VALID_MINUTES + LINK_REMEMBERED.as_mins()),
            "its mail is handed to SES",
        ),
    },
    Kind {
        name: "change of an address",
        pk: "ACCOUNT#<identifier>",
        sk: "ADDRESS#<id>",
        meaning: "A change of the account's address that was asked for, with its password.",
        attributes: &[
            text("former_email", "the address then").clear(),
            text("new_email", "where the confirmation was sent").clear(),
            CREATED_AT,
            EPOCH,
            moment("confirmed_at", "when the new one became the account's").sometimes(),
            moment("restored_at", "when the former one came back").sometimes(),
            text("written_by", "random; the request that did so").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(ADDRESS_CHANGE_RETENTION, "it was asked for"),
    },
    Kind {
        name: "link of an invitation",
        pk: "LINK#<sha256 of token>",
        sk: "INVITATION",
        meaning: "The link of an invitation's mail. Kept after use, so that a page can say *accepted*.",
        attributes: &[
            SIRET,
            OPENING,
            text("invitation", "its id"),
            ESTABLISHMENT_NAME,
            text("inviter_name", "first and last").clear(),
            text("invited_by", "identifier of a holder, or `agency`").pseudonym(),
            EMAIL,
            FIRST_NAME,
            LAST_NAME,
            MEMBER_ROLE,
            attribute("is_successor", AttributeKind::Flag, "the acceptance is the inviter's leave"),
            VALID_UNTIL,
            moment("used_at", "when it was accepted").sometimes(),
            text("used_by", "random; the request that did so").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(LINK_REMEMBERED, "the invitation's days"),
    },
    Kind {
        name: "link of a change of address",
        pk: "LINK#<sha256 of token>",
        sk: "ADDRESS",
        meaning: "A link that confirms a new address, or brings the former one back.",
        attributes: &[
            text("purpose", "`confirm` or `restore`"),
            IDENTIFIER,
            text("address_change", "id of the change"),
            VALID_UNTIL,
            EXPIRES_AT,
        ],
        retention: Retention::After(LINK_REMEMBERED, "its validity"),
    },
    Kind {
        name: "link of a presence",
        pk: "LINK#<sha256 of token>",
        sk: "PRESENCE",
        meaning: "The link of a mail «toujours là ?». It can be answered more than once.",
        attributes: &[SIRET, IDENTIFIER, OPENING, ESTABLISHMENT_NAME, VALID_UNTIL, EXPIRES_AT],
        retention: Retention::After(
            SignedDuration::from_hours(PRESENCE_VALID.as_hours() + LINK_REMEMBERED.as_hours()),
            "its mail is handed to SES",
        ),
    },
    Kind {
        name: "link of a request",
        pk: "LINK#<sha256 of token>",
        sk: "REQUEST",
        meaning: "The link of a receipt or an answer to the person's own view of their request. It serves as \
                  often as they like.",
        attributes: &[text("ticket", "its reference"), VALID_UNTIL, EXPIRES_AT],
        retention: Retention::After(
            SignedDuration::from_hours(REQUEST_LINK_VALID.as_hours() + LINK_REMEMBERED.as_hours()),
            "its mail is handed to SES",
        ),
    },
    Kind {
        name: "link of a notice",
        pk: "LINK#<sha256 of token>",
        sk: "CONTEST",
        meaning: "The link by which who was told of a succession objects. It serves more than once.",
        attributes: &[
            text("succession", "its id"),
            number("round", "in which it was told"),
            SIRET,
            EXPIRES_AT,
        ],
        retention: Retention::After(SUCCESSION_RETENTION, "its mail is handed to SES"),
    },
    Kind {
        name: "succession",
        pk: "SUCCESSION#<id>",
        sk: "SUCCESSION",
        meaning: "An account is handed over in the place of a holder who has left. Its state is computed on \
                  read.",
        attributes: &[
            text("reference", "of the request for assistance"),
            SIRET,
            OPENING,
            ESTABLISHMENT_NAME,
            text("holder", "identifier of who is replaced").pseudonym(),
            text("holder_first_name", "of who is replaced").clear(),
            text("holder_last_name", "the same").clear(),
            text("first_name", "of who takes over").clear(),
            text("last_name", "the same").clear(),
            text("email", "of who takes over").clear(),
            text("evidence", "JSON; kinds, and what each says").clear(),
            number("days", "of the window, by delivery"),
            text("invitation", "id of the invitation of who takes over"),
            text("proposed_by", "subject of the agent").pseudonym(),
            text("proposed_name", "name of the agent").clear(),
            moment("proposed_at", "when"),
            number("round", "from 1; a lifted objection begins another"),
            text("notices", "JSON; of this round: mail, for whom, masked address").pseudonym(),
            attribute("facts", AttributeKind::TextSet, "mail, what became of it, epoch seconds").sometimes(),
            number("facts_written", "how often a fact was written in this round"),
            text("approved_by", "subject of the second agent").sometimes().pseudonym(),
            text("approved_name", "name of that agent").sometimes().clear(),
            moment("approved_at", "when").sometimes(),
            moment("executed_at", "when the account was handed over").sometimes(),
            moment("contested_at", "when somebody objected").sometimes(),
            moment("contest_told_at", "when that was written in the thread").sometimes(),
            moment("contested_late_at", "when somebody objected after the execution").sometimes(),
            text("lifted_by", "subject of the first of two agents who lift an objection")
                .sometimes()
                .pseudonym(),
            text("lifted_name", "name of that agent").sometimes().clear(),
            moment("lifted_at", "when").sometimes(),
            text("refused_by", "subject of the agent").sometimes().pseudonym(),
            text("refused_name", "name of that agent").sometimes().clear(),
            moment("refused_at", "when").sometimes(),
            text("missing_text", "what the refusal asks for").sometimes().clear(),
            text("withdrawn_by", "subject of the agent").sometimes().pseudonym(),
            text("withdrawn_name", "name of that agent").sometimes().clear(),
            moment("withdrawn_at", "when").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(SUCCESSION_RETENTION, "it was proposed"),
    },
    Kind {
        name: "live succession",
        pk: "SUCCESSIONS#<siret>",
        sk: "LIVE",
        meaning: "The one succession of the establishment that is under way.",
        attributes: &[text("succession", "its id"), EXPIRES_AT],
        retention: Retention::After(SUCCESSION_RETENTION, "it was proposed"),
    },
    Kind {
        name: "succession of a request",
        pk: "SUCCESSIONS#<reference>",
        sk: "LAST",
        meaning: "The last succession that was proposed for a request for assistance.",
        attributes: &[text("succession", "its id"), EXPIRES_AT],
        retention: Retention::After(SUCCESSION_RETENTION, "it was proposed"),
    },
    Kind {
        name: "used proof",
        pk: "PROOF#<signature>",
        sk: "PROOF",
        meaning: "A proof of work that has served: the idempotency key of its request.",
        attributes: &[
            text("body_hash", "keyed hash of the request's body").pseudonym(),
            text("receipt", "JSON; what the same request is answered again. May hold a masked address")
                .pseudonym(),
            EXPIRES_AT,
        ],
        retention: Retention::After(
            SignedDuration::from_mins(PROOF_VALID_MINUTES + USED_PROOF_RETENTION.as_mins()),
            "the challenge",
        ),
    },
    Kind {
        name: "session",
        pk: "SESSION#<sha256 of token>",
        sk: "SESSION",
        meaning: "An open login.",
        attributes: &[IDENTIFIER, EPOCH, EXPIRES_AT],
        retention: Retention::After(SESSION_VALID, "the login"),
    },
    Kind {
        name: "session of a person",
        pk: "SESSIONS#<identifier>",
        sk: "<sha256 of token>",
        meaning: "The same among the person's own, who sees and closes it.",
        attributes: &[moment("opened_at", "the login"), EPOCH, EXPIRES_AT],
        retention: Retention::After(SESSION_VALID, "the login"),
    },
    Kind {
        name: "agent",
        pk: "AGENT#<subject>",
        sk: "AGENT",
        meaning: "Somebody of the agency who may enter the desk, by the subject of the identity provider.",
        attributes: &[
            text("agent_name", "as establishments' journals name them").clear(),
            text("agent_roles", "`agent`, or `agent,supervisor`"),
            text("agent_state", "`active` or `removed`"),
            moment("created_at", "the first time that they were added").sometimes(),
        ],
        retention: Retention::Kept,
    },
    Kind {
        name: "session of an agent",
        pk: "DESK#<sha256 of token>",
        sk: "DESK",
        meaning: "An open login at the desk.",
        attributes: &[
            text("sub", "whose").pseudonym(),
            moment("opened_at", "the login"),
            moment("idle_until", "over without a request until then"),
            EXPIRES_AT,
        ],
        retention: Retention::After(AGENT_SESSION_VALID, "the login"),
    },
    Kind {
        name: "login attempts",
        pk: "ATTEMPTS#<identifier>",
        sk: "ATTEMPTS",
        meaning: "Passwords tried on an identifier that may exist or not. Deleted by a success.",
        attributes: &[
            number("attempts", "in the present window"),
            moment("window_until", "end of that window"),
            number("guesses", "since the row began"),
            moment("told_at", "when a mail to the holder was queued").sometimes(),
            text("last_attempt", "random; the attempt that was counted last, which is not counted twice"),
            EXPIRES_AT,
        ],
        retention: Retention::After(GUESSES_WINDOW, "the first attempt"),
    },
    Kind {
        name: "mail quota",
        pk: "QUOTA#<keyed hash of what is counted>",
        sk: "QUOTA",
        meaning: "Mails of one kind to one mailbox, about one establishment, or to the agency.",
        attributes: &[
            attribute("mails", AttributeKind::TextSet, "their ids, within the window"),
            moment("window_until", "the end of the window, which begins with the first of them"),
            attribute("earlier", AttributeKind::TextSet, "those of the window before").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(MAIL_RETENTION, "the last of them"),
    },
    Kind {
        name: "notice",
        pk: "NOTICE",
        sk: "<from>#<ulid>",
        meaning: "A banner of the pages.",
        attributes: &[
            text("level", "`info`, `warning` or `closure`"),
            text("title", "one line, French"),
            text("body", "French"),
            text("shown_from", "RFC 3339"),
            text("shown_until", "RFC 3339"),
            text("event_from", "RFC 3339, when what it tells of begins").sometimes(),
            text("event_until", "RFC 3339, when it ends").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(NOTICE_RETENTION, "it was last shown"),
    },
    Kind {
        name: "ticket",
        pk: "TICKET#<reference>",
        sk: "TICKET",
        meaning: "A request for assistance, as it was sent.",
        attributes: &[
            text("submission", "UUID that the page made"),
            SIRET,
            text("establishment_name", "as the person wrote it"),
            text("full_name", "who asks").clear(),
            PHONE,
            EMAIL,
            text("motive", "one of the six of the agency's form"),
            text("description", "free text").clear(),
            CREATED_AT,
            text("case_state", "`waiting`, `answered` or `closed`; without it, waiting").sometimes(),
            number("entries", "of its thread; none without it").sometimes(),
            number("unanswered", "messages of the person since the agency last wrote").sometimes(),
            moment("message_at", "the last of them").sometimes(),
            text("last_act", "keyed hash of what wrote the last entry: the same again is the same")
                .sometimes(),
            text("held_by", "subject of the agent who has taken it").sometimes().pseudonym(),
            text("held_name", "their name").sometimes().clear(),
            moment("held_until", "the lease is over from then on").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(TICKET_RETENTION, "it came"),
    },
    Kind {
        name: "entry of a thread",
        pk: "TICKET#<reference>",
        sk: "EVENT#<number, six digits>",
        meaning: "What a person, an agent or the service added to a request for assistance.",
        attributes: &[
            text(
                "entry_kind",
                "`message`, `answer`, `note`, `taken`, `released`, `closed`, `reopened`, \
                                `succession`",
            ),
            text("entry_by", "`person`, `agent` or `service`"),
            text("agent_name", "of the agent").sometimes().clear(),
            text("text", "free text").sometimes().clear(),
            text("template", "which an answer began with").sometimes(),
            moment("at", "when"),
            EXPIRES_AT,
        ],
        retention: Retention::After(TICKET_RETENTION, "the request came"),
    },
    Kind {
        name: "place in the queue",
        pk: "QUEUE#<case state>#<motive>",
        sk: "<when the request came>#<reference>",
        meaning: "A request for assistance among those of its state and motive, the oldest first.",
        attributes: &[
            text("reference", "of the ticket"),
            SIRET,
            CREATED_AT,
            moment("since", "when it came to this state"),
            EXPIRES_AT,
        ],
        retention: Retention::After(TICKET_RETENTION, "the request came"),
    },
    Kind {
        name: "request about an establishment",
        pk: "CASES#<siret>",
        sk: "<when it came>#<reference>",
        meaning: "A request for assistance among those of its establishment.",
        attributes: &[
            text("reference", "of the ticket"),
            text("motive", "one of the six of the agency's form"),
            EXPIRES_AT,
        ],
        retention: Retention::After(TICKET_RETENTION, "it came"),
    },
    Kind {
        name: "request of a mailbox",
        pk: "SENDER#<keyed hash of the mailbox>",
        sk: "<when it came>#<reference>",
        meaning: "For which establishments a mailbox has asked: several are told to the agent who decides.",
        attributes: &[SIRET, EXPIRES_AT],
        retention: Retention::After(SENDER_WINDOW, "it came"),
    },
    Kind {
        name: "submission",
        pk: "SUBMISSION#<uuid>",
        sk: "SUBMISSION",
        meaning: "Which ticket a sending of the form became: the same sending again is the same ticket.",
        attributes: &[
            text("reference", "of the ticket"),
            text("sent_to", "masked address of the receipt").pseudonym(),
            text("receipt_mail", "ulid of the receipt").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(TICKET_RETENTION, "it came"),
    },
    Kind {
        name: "mail (outbox)",
        pk: "MAIL#<ulid>",
        sk: "MAIL",
        meaning: "A mail to be sent, and what became of it. Its insertion is what the stream hands on.",
        attributes: &[
            text("mail_id", "the ulid, for the pipe's template"),
            text("mail_state", "`queued`, `sending`, then one of the ends, or what SES's events say"),
            text("lane", "`links` or `desk`: which queue"),
            text(
                "job",
                "JSON; what it is about. Holds an identifier, a SIRET or a reference, and keyed hashes",
            )
            .pseudonym(),
            text("correlation_id", "of the request that it came of"),
            CREATED_AT,
            moment("lease_until", "until when a sender has it for itself").sometimes(),
            text("lease_by", "random; which sender").sometimes(),
            number("sendings", "leases so far").sometimes(),
            moment("due_at", "before then it is not sent").sometimes(),
            text("note", "SES's message id, or why it was not sent").sometimes(),
            moment("ended_at", "when a sender was done with it").sometimes(),
            text("sent_to", "masked address, of a mail whose progress is told").sometimes().pseudonym(),
            moment("event_at", "when it came to its state, by SES's events").sometimes(),
            text("reason", "why it came back").sometimes(),
            number("tracked", "events that moved it").sometimes(),
            text("applied_words", "keyed hash of what its applicant typed; of an application's first mail")
                .sometimes()
                .pseudonym(),
            text("first_mail", "ulid of the application's first mail, if this one's address corrects it")
                .sometimes(),
            text("application", "identifier of the corrected application; on its first mail")
                .sometimes()
                .pseudonym(),
            number("corrections", "of the application's address; on its first mail").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(MAIL_RETENTION, "it was queued"),
    },
    Kind {
        name: "line of a digest",
        pk: "DIGEST#<start of the period>",
        sk: "TICKET#<reference>",
        meaning: "A request beyond the agency's quota of single mails, listed in the digest.",
        attributes: &[
            text("reference", "of the ticket"),
            SIRET,
            text("motive", "one of the six of the agency's form"),
            text("email", "where to answer").clear(),
            EXPIRES_AT,
        ],
        retention: Retention::After(MAIL_RETENTION, "it was added"),
    },
    Kind {
        name: "domain without mail",
        pk: "DOMAIN#<domain>",
        sk: "DOMAIN",
        meaning: "A domain that accepts no mail, as a name server said: forms refuse its addresses.",
        attributes: &[EXPIRES_AT],
        retention: Retention::After(NO_MAIL_RETENTION, "a mail to it was given up"),
    },
    Kind {
        name: "address that is not written to",
        pk: "ADDRESS#<keyed hash of the address>",
        sk: "<TOLD or SECRET>",
        meaning: "An address that bounced for good, or complained: by mails whose progress is told, or by \
                  others.",
        attributes: &[
            text("standing", "`bounced` or `complained`; `cleared` once a corrected one arrived"),
            moment("told_at", "the event that told so"),
            EXPIRES_AT,
        ],
        retention: Retention::After(COMPLAINED_RETENTION, "the complaint; 30 days after a bounce"),
    },
    Kind {
        name: "count of deliveries",
        pk: "DELIVERY#<domain>#<hour>",
        sk: "<ten minutes>#<what>",
        meaning: "Activations and receipts to a domain, by what became of them. Hours and tens of minutes \
                  are counted since 1970.",
        attributes: &[number("mails", "that many"), EXPIRES_AT],
        retention: Retention::After(COUNT_RETENTION, "the first of them"),
    },
    Kind {
        name: "codes of links",
        pk: "CODE#<identifier or siret>",
        sk: "CODES",
        meaning: "The codes of an account's links (recovery), or of an establishment's (activation).",
        attributes: &[
            attribute(
                "codes",
                AttributeKind::TextSet,
                "keyed hash of each, and the hash of its link's token",
            ),
            EXPIRES_AT,
        ],
        retention: Retention::After(
            SignedDuration::from_mins(LINK_VALID_MINUTES),
            "the last of their mails is handed to SES",
        ),
    },
    Kind {
        name: "tries of codes",
        pk: "CODE#<identifier or siret>",
        sk: "TRIES",
        meaning: "Codes tried on an identifier or a SIRET that may exist or not. A right one is not counted.",
        attributes: &[
            attribute("tried", AttributeKind::TextSet, "keyed hash of each wrong one").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(CODE_TRIES_WINDOW, "the last try"),
    },
    Kind {
        name: "progress of a lane",
        pk: "LANE#<lane>",
        sk: "LANE",
        meaning: "How far the senders of a lane have come: three mails, and when each was sent.",
        attributes: &[
            moment("from_queued", "when the first of them was queued"),
            moment("from_at", "when it was sent"),
            moment("mid_queued", "when the second was queued, which takes the place of the first later"),
            moment("mid_at", "when it was sent"),
            moment("to_queued", "when the last was queued"),
            moment("to_at", "when it was sent"),
            EXPIRES_AT,
        ],
        retention: Retention::After(PACE_RETENTION, "the later one"),
    },
    Kind {
        name: "turns of a lane",
        pk: "TURN#<lane>",
        sk: "TURN",
        meaning: "When the next mail of a lane may leave, by its share of SES's rate.",
        attributes: &[
            number("next_ms", "milliseconds since 1970"),
            number("own_ms", "when the lane itself last reserved turns, in the same").sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(PACE_RETENTION, "the last reservation"),
    },
];

/// `docs/table.md`.
#[must_use]
pub fn document() -> String {
    let mut document = String::from(INTRODUCTION);
    for kind in KINDS {
        document += &format!("| {} | `{}` | `{}` | {} |\n", kind.name, kind.pk, kind.sk, kind.retention);
    }
    for kind in KINDS {
        document += &format!("\n## {}\n\n`{}` · `{}`\n\n{}\n\n", kind.name, kind.pk, kind.sk, kind.meaning);
        document += "| attribute | type | there | personal | |\n|---|---|---|---|---|\n";
        for attribute in kind.attributes {
            document += &format!("{attribute}\n");
        }
    }
    document
}

const INTRODUCTION: &str = "\
# The table

Made from `platform/src/table/schema.rs` by `cargo xtask generate`: change that file, not this one.
`service::table` holds every row of a whole story against it.

One DynamoDB table; partition key `pk` and sort key `sk`, both strings; on demand; no index. `expires_at` is
the expiry (epoch seconds). DynamoDB deletes expired rows days late: every read and every condition checks it.
The stream has new images; the pipe takes insertions of `MAIL#` rows from it.

*Personal*: *clear* is a name, an address, a number or the words of a person; *pseudonym* leads to one only
for who holds another row or a key.

| row | pk | sk | kept |
|---|---|---|---|
";

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, kind, presence, personal, meaning } = self;
        let presence = match presence {
            Presence::Always => "always",
            Presence::Sometimes => "sometimes",
        };
        let personal = match personal {
            Personal::No => "",
            Personal::Pseudonym => "pseudonym",
            Personal::Clear => "clear",
        };
        write!(f, "| `{name}` | {} | {presence} | {personal} | {meaning} |", kind.dynamodb_type())
    }
}

impl Display for Retention {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("without end"),
            Self::After(span, moment) => write!(f, "{} after {moment}", in_words(*span)),
        }
    }
}

/// `2 years`, `7 days 1 h`, `80 min`: days from two of them on, and no zeros.
fn in_words(span: SignedDuration) -> String {
    let (hours, minutes_left) = (span.as_hours(), span.as_mins() % 60);
    let (years, days) = (hours / 24 / 365, hours / 24 % 365);
    let parts = if hours < 2 {
        vec![(span.as_mins(), "min")]
    } else if hours <= 24 {
        vec![(hours, "h"), (minutes_left, "min")]
    } else {
        vec![(years, "years"), (days, "days"), (hours % 24, "h"), (minutes_left, "min")]
    };
    let parts = parts.into_iter().filter(|(count, _)| *count != 0);
    parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}
