//! Rows of accounts: people, their sessions, and what bounds a login.

use domain::account::{APPLICATION_RETENTION, GUESSES_WINDOW, SESSION_VALID};
use domain::proof::PROOF_VALID_MINUTES;
use domain::time::SignedDuration;

use super::{
    AttributeKind, CREATED_AT, EMAIL, EPOCH, ESTABLISHMENT_NAME, EXPIRES_AT, FIRST_NAME, IDENTIFIER, Kind,
    LAST_NAME, PHONE, Retention, SIRET, attribute, both, moment, number, text,
};
use crate::proofs::USED_PROOF_RETENTION;

pub(super) const KINDS: &[Kind] = &[
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
            both(SignedDuration::from_mins(PROOF_VALID_MINUTES), USED_PROOF_RETENTION),
            "the challenge",
        ),
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
];
