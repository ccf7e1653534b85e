//! Rows of successions, and the notices of what became of an account.

use super::{
    AttributeKind, ESTABLISHMENT_NAME, EXPIRES_AT, Kind, OPENING, Retention, SIRET, attribute, moment,
    number, text,
};
use crate::notices::NOTICE_RETENTION;
use crate::successions::SUCCESSION_RETENTION;

pub(super) const KINDS: &[Kind] = &[
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
];
