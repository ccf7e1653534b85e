//! Rows of links of mails, and the codes that stand for them.

use domain::address_change::ADDRESS_CHANGE_RETENTION;
use domain::case::REQUEST_LINK_VALID;
use domain::code::CODE_TRIES_WINDOW;
use domain::link::{LINK_REMEMBERED, LINK_VALID_MINUTES};
use domain::membership::PRESENCE_VALID;
use domain::time::SignedDuration;

use super::{
    AttributeKind, CREATED_AT, EMAIL, EPOCH, ESTABLISHMENT_NAME, EXPIRES_AT, FIRST_NAME, IDENTIFIER,
    INVITED_BY, IS_SUCCESSOR, Kind, LAST_NAME, MEMBER_ROLE, OPENING, PHONE, Retention, SIRET, VALID_UNTIL,
    attribute, both, moment, number, text,
};
use crate::successions::SUCCESSION_RETENTION;

pub(super) const KINDS: &[Kind] = &[
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
            VALID_UNTIL,
            moment("used_at", "when it served, or was killed by another").sometimes(),
            text("used_by", "random; the request that it served, so that a lost answer can be given again")
                .sometimes(),
            EXPIRES_AT,
        ],
        retention: Retention::After(
            both(SignedDuration::from_mins(LINK_VALID_MINUTES), LINK_REMEMBERED),
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
            INVITED_BY,
            EMAIL,
            FIRST_NAME,
            LAST_NAME,
            MEMBER_ROLE,
            IS_SUCCESSOR,
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
        retention: Retention::After(both(PRESENCE_VALID, LINK_REMEMBERED), "its mail is handed to SES"),
    },
    Kind {
        name: "link of a request",
        pk: "LINK#<sha256 of token>",
        sk: "REQUEST",
        meaning: "The link of a receipt or an answer to the person's own view of their request. It serves as \
                  often as they like.",
        attributes: &[text("ticket", "its reference"), VALID_UNTIL, EXPIRES_AT],
        retention: Retention::After(both(REQUEST_LINK_VALID, LINK_REMEMBERED), "its mail is handed to SES"),
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
];
