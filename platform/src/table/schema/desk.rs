//! Rows of the desk: agents, requests and their threads.

use domain::agent::AGENT_SESSION_VALID;
use domain::case::SENDER_WINDOW;

use super::{CREATED_AT, EMAIL, EXPIRES_AT, Kind, PHONE, Retention, SIRET, moment, number, text};
use crate::tickets::TICKET_RETENTION;

pub(super) const KINDS: &[Kind] = &[
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
];
