//! Mails of an account's address, and of its end.

use askama::Template;
use domain::time::Timestamp;
use domain::{Account, AddressChange, Name, Siret, Token};

use super::{Content, about, content, filters, holder, in_words, minute_after, url_of};

/// The page of both links of a change.
const ADDRESS_PAGE: &str = "adresse";

/// The link that makes a new address the account's. Whoever reads that mailbox may be a stranger: no
/// identifier stands in it. `next_at` as in [`activation`](super::activation).
pub fn address_confirmation(
    site: &str,
    account: &Account,
    change: &AddressChange,
    token: &Token,
    until: Timestamp,
    next_at: Option<Timestamp>,
) -> Result<Content, askama::Error> {
    let subject = about("Confirmez votre nouvelle adresse", &account.application.siret);
    content!(subject, "address_confirmation.txt", "address_confirmation.html", {
        site: str = site,
        establishment: Name = &account.application.establishment_name,
        siret: Siret = &account.application.siret,
        requester: str = &holder(account),
        asked: str = &in_words(change.asked_at),
        link: str = &url_of(site, ADDRESS_PAGE, token),
        until: str = &in_words(until),
        next: Option<String> = &next_at.map(minute_after),
    })
}

/// To the address so far: which one was asked for in its place, and the way back.
pub fn address_notice(
    site: &str,
    account: &Account,
    change: &AddressChange,
    token: &Token,
    until: Timestamp,
) -> Result<Content, askama::Error> {
    let subject = about("Une autre adresse pour votre compte", &account.application.siret);
    content!(subject, "address_notice.txt", "address_notice.html", {
        site: str = site,
        account: Account = account,
        asked: str = &in_words(change.asked_at),
        new_address: str = &change.new.masked(),
        link: str = &url_of(site, ADDRESS_PAGE, token),
        until: str = &in_words(until),
    })
}

/// The account is closed, and what to do if it was somebody else.
pub fn account_closed(site: &str, account: &Account, closed_at: Timestamp) -> Result<Content, askama::Error> {
    let subject = about("Votre compte Sésame est fermé", &account.application.siret);
    content!(subject, "account_closed.txt", "account_closed.html", {
        site: str = site,
        account: Account = account,
        closed: str = &in_words(closed_at),
    })
}
