//! Tests of e-mail addresses: what mail can reach, how they are compared and what a stranger sees.

use domain::email::EMAIL_LENGTH_MAX;
use domain::{Email, FieldCode};
use proptest::prelude::*;

use crate::common;

/// An address of `length` characters whose parts are all within their own limits.
fn address_of(length: usize) -> String {
    let label = "d".repeat(63);
    let domain = format!("{label}.{label}.{label}.fr");
    format!("{}@{domain}", "l".repeat(length - domain.len() - 1))
}

/// Controls, direction marks and what has no width, as a class of a regular expression.
const HIDDEN: &str =
    "[\\x00-\\x1F\\x7F\u{80}-\u{9F}\u{AD}\u{200B}-\u{200F}\u{202A}-\u{202E}\u{2066}-\u{2069}\u{FEFF}]";

/// Words that stand for no top-level domain.
const IMPOSSIBLE: [&str; 7] = ["test", "invalid", "localhost", "local", "onion", "alt", "internal"];

fn address() -> impl Strategy<Value = String> {
    let local = "[a-zA-Z0-9_+']{1,20}(\\.[a-zA-Z0-9-]{1,10}){0,2}";
    let domain = "([a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?\\.){1,3}[a-zA-Z]{2,6}";
    let address = (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}"));
    address.prop_filter("such a domain cannot be", |address| {
        let end = address.rsplit('.').next().unwrap().to_ascii_lowercase();
        !IMPOSSIBLE.contains(&end.as_str())
    })
}

#[test]
fn addresses_that_mail_can_reach_are_taken() {
    let addresses = [
        "j@exemple.fr",
        "jean.dupont@exemple.fr",
        "jean+paie@exemple.fr",
        "o'neil@exemple.fr",
        "jean_dupont-2@sous.domaine.exemple.fr",
        "contact-ap@asp-public.fr",
        "12345@163.com",
        "a@xn--exmple-cua.fr",
    ];
    for typed in addresses {
        assert_eq!(Email::parse(typed).unwrap().as_str(), typed);
        assert_eq!(typed.parse::<Email>(), Email::parse(typed));
    }
}

#[test]
fn addresses_that_mail_cannot_reach_are_refused() {
    let addresses = [
        "",
        " ",
        "jean",
        "@",
        "@exemple.fr",
        "jean@",
        "jean@exemple",
        "jean@.fr",
        "jean@exemple.",
        "jean@exemple..fr",
        "jean@-exemple.fr",
        "jean@exemple-.fr",
        "jean@exem_ple.fr",
        "jean@@exemple.fr",
        "jean@exemple@exemple.fr",
        ".jean@exemple.fr",
        "jean.@exemple.fr",
        "je..an@exemple.fr",
        "je an@exemple.fr",
        "jean@exem ple.fr",
        "\"jean dupont\"@exemple.fr",
        "jean(paie)@exemple.fr",
        "jean@[127.0.0.1]",
        "Jean <jean@exemple.fr>",
        "<jean@exemple.fr>",
        "jean@exemple.fr,marie@exemple.fr",
        "jean@exemple.fr;marie@exemple.fr",
        "mailto:jean@exemple.fr?subject=x",
        "jéan@exemple.fr",
        "jean@exémple.fr",
        "jean@exemple。fr",
        "jean@exemple.fr/chemin",
    ];
    for typed in addresses {
        assert_eq!(Email::parse(typed), Err(FieldCode::EmailFormat), "{typed:?}");
    }
}

#[test]
fn a_top_level_domain_that_cannot_be_is_refused() {
    let impossible = ["c0m", "f", "1", "42", "f-r", "xn-", "fr2"];
    for end in impossible.into_iter().chain(IMPOSSIBLE) {
        for typed in [format!("jean@exemple.{end}"), format!("jean@exemple.{}", end.to_uppercase())] {
            assert_eq!(Email::parse(&typed), Err(FieldCode::EmailFormat), "{typed}");
        }
    }
}

#[test]
fn a_top_level_domain_that_is_or_may_come_is_taken() {
    for end in
        ["fr", "re", "nc", "museum", "photography", "xn--p1ai", "xn--vermgensberatung-pwb", "con", "tests"]
    {
        assert!(Email::parse(&format!("jean@exemple.{end}")).is_ok(), "{end}");
    }
    assert!(Email::parse("jean@test.local.fr").is_ok(), "the end alone counts");
    assert!(Email::parse("jean@sesame.example").is_ok(), "documents and tests write it");
}

#[test]
fn what_could_forge_a_header_or_hide_from_the_eye_is_refused() {
    let hidden =
        ["\r\nBcc: x@exemple.fr", "\n", "\r", "\0", "\t", "\u{7F}", "\u{200B}", "\u{202E}", "\u{FEFF}"];
    for text in hidden {
        for typed in [format!("je{text}an@exemple.fr"), format!("jean@exem{text}ple.fr")] {
            assert_eq!(Email::parse(&typed), Err(FieldCode::EmailFormat), "{typed:?}");
        }
    }
    assert_eq!(Email::parse("jean@exemple.fr\r\nBcc: x@exemple.fr"), Err(FieldCode::EmailFormat));
}

#[test]
fn spaces_around_are_dropped() {
    for typed in [" jean@exemple.fr", "jean@exemple.fr \r\n", "\u{A0}jean@exemple.fr\u{3000}"] {
        assert_eq!(Email::parse(typed).unwrap().as_str(), "jean@exemple.fr", "{typed:?}");
    }
}

#[test]
fn the_domain_goes_to_lower_case_and_the_mailbox_keeps_its_own() {
    let email = Email::parse("Jean.Dupont@EXEMPLE.Fr").unwrap();
    assert_eq!(email.as_str(), "Jean.Dupont@exemple.fr");
    assert_eq!(email.normalised(), "jean.dupont@exemple.fr");
    assert_eq!(email.normalised(), Email::parse("JEAN.DUPONT@exemple.fr").unwrap().normalised());
}

#[test]
fn a_sub_address_is_the_same_mailbox() {
    let mailbox = |typed: &str| Email::parse(typed).unwrap().mailbox();
    assert_eq!(mailbox("Jean@EXEMPLE.fr"), "jean@exemple.fr");
    assert_eq!(mailbox("jean+paie@exemple.fr"), "jean@exemple.fr");
    assert_eq!(mailbox("jean+paie+2026@exemple.fr"), "jean@exemple.fr");
    assert_eq!(mailbox("+paie@exemple.fr"), "+paie@exemple.fr", "a sub-address of nobody is a name");
    assert_eq!(mailbox("j.e.a.n@exemple.fr"), "j.e.a.n@exemple.fr", "no provider's own rules");
    let typed = Email::parse("jean+paie@exemple.fr").unwrap();
    assert_eq!(typed.as_str(), "jean+paie@exemple.fr", "what is sent to stays as typed");
    assert_ne!(typed.normalised(), typed.mailbox(), "and is compared whole");
}

#[test]
fn the_domain_is_what_follows_the_at_sign() {
    assert_eq!(Email::parse("jean@Sous.EXEMPLE.fr").unwrap().domain(), "sous.exemple.fr");
}

#[test]
fn an_address_has_at_most_254_characters() {
    assert_eq!(address_of(EMAIL_LENGTH_MAX).len(), 254);
    assert_eq!(Email::parse(&address_of(254)).unwrap().as_str().len(), 254);
    assert_eq!(Email::parse(&address_of(255)), Err(FieldCode::EmailFormat));
}

#[test]
fn each_part_of_an_address_has_its_own_limit() {
    let local = |length: usize| format!("{}@exemple.fr", "l".repeat(length));
    let label = |length: usize| format!("jean@{}.fr", "d".repeat(length));
    assert!(Email::parse(&local(64)).is_ok());
    assert_eq!(Email::parse(&local(65)), Err(FieldCode::EmailFormat));
    assert!(Email::parse(&label(63)).is_ok());
    assert_eq!(Email::parse(&label(64)), Err(FieldCode::EmailFormat));
}

#[test]
fn a_stranger_sees_the_first_letter_and_the_domain() {
    let masked = |typed: &str| Email::parse(typed).unwrap().masked();
    assert_eq!(masked("jean.dupont@exemple.fr"), "j•••@exemple.fr");
    assert_eq!(masked("j@exemple.fr"), "j•••@exemple.fr");
    assert_eq!(masked("Marie@EXEMPLE.fr"), "M•••@exemple.fr");
}

#[test]
fn a_log_never_shows_an_address() {
    assert_eq!(format!("{:?}", Email::parse("jean@exemple.fr").unwrap()), "Email(•••)");
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_plain_address_is_taken_and_prints_back_the_same(typed in address()) {
        let email = Email::parse(&typed).unwrap();
        prop_assert!(email.as_str().eq_ignore_ascii_case(&typed));
        prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
    }

    #[test]
    fn a_mask_tells_nothing_of_the_mailbox_but_its_first_letter(typed in address()) {
        let email = Email::parse(&typed).unwrap();
        let (local, domain) = email.as_str().split_once('@').unwrap();
        prop_assert_eq!(email.masked(), format!("{}•••@{domain}", &local[..1]));
    }

    #[test]
    fn an_address_with_anything_invisible_in_it_is_refused(
        typed in address(),
        hidden in HIDDEN,
        at in any::<proptest::sample::Index>(),
    ) {
        // Not at either end: there, spaces are dropped.
        let place = 1 + at.index(typed.len() - 1);
        let (start, end) = typed.split_at(place);
        prop_assert_eq!(Email::parse(&format!("{start}{hidden}{end}")), Err(FieldCode::EmailFormat));
    }

    #[test]
    fn any_text_is_refused_or_prints_back_the_same(typed in common::any_text()) {
        match Email::parse(&typed) {
            Ok(email) => prop_assert_eq!(Email::parse(email.as_str()), Ok(email)),
            Err(code) => prop_assert_eq!(code, FieldCode::EmailFormat),
        }
    }

    #[test]
    fn any_text_around_an_at_sign_is_refused_or_is_plain_ascii(
        local in common::any_text(), domain in common::any_text()
    ) {
        if let Ok(email) = Email::parse(&format!("{local}@{domain}.fr")) {
            prop_assert!(email.as_str().len() <= EMAIL_LENGTH_MAX);
            prop_assert!(email.as_str().bytes().all(|b| b.is_ascii_graphic()), "{}", email.as_str());
            prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
        }
    }
}
