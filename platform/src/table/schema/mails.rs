//! Rows of mails: the outbox, what bounds and paces it, what came back.

use domain::delivery::COMPLAINED_RETENTION;

use super::{AttributeKind, CREATED_AT, EXPIRES_AT, Kind, Retention, SIRET, attribute, moment, number, text};
use crate::outbox::{COUNT_RETENTION, MAIL_RETENTION, NO_MAIL_RETENTION, PACE_RETENTION};

pub(super) const KINDS: &[Kind] = &[
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
