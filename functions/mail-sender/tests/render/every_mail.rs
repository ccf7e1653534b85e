//! What holds for every mail: its buttons and links, and that nothing which a person typed gets out of its place.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Email, Motive, Ticket};
use mail_sender::render;

use crate::fixtures::*;

/// The page of a mail's link with a token, if it has one.
fn page_of(name: &str) -> Option<&'static str> {
    match name {
        "invitation-request" => None,
        _ if name.starts_with("activation") || name.starts_with("recovery") => Some("mot-de-passe"),
        _ if name.starts_with("invitation") => Some("invitation"),
        _ if name.starts_with("address") => Some("adresse"),
        "still-there" => Some("presence"),
        _ if name.starts_with("receipt") || name.starts_with("request") => Some("ma-demande"),
        "succession-notice" => Some("contester"),
        _ => None,
    }
}

#[test]
fn html_has_the_button_and_the_bare_link() {
    for (name, mail) in every_mail(&account(), &ticket()) {
        for page in ["mot-de-passe", "invitation", "adresse", "presence", "ma-demande", "contester"] {
            let link = format!("{SITE}/{page}/#{}", token().print());
            let links = usize::from(page_of(name) == Some(page));
            assert_eq!(mail.text.lines().filter(|line| *line == link).count(), links, "{name}");
            assert_eq!(mail.html.matches(&format!("href=\"{link}\"")).count(), 2 * links, "{name}");
            assert_eq!(mail.html.matches(&format!(">{link}</a>")).count(), links, "{name}");
        }
    }
}

/// What a mailbox shows beside the subject.
fn preheader(html: &str) -> &str {
    let (_, rest) = html.split_once("mso-hide: all\">").unwrap();
    rest.split_once("</div>").unwrap().0
}

#[test]
fn a_mailbox_shows_which_establishment_a_mail_is_about() {
    for (name, mail) in every_mail(&account(), &ticket()) {
        let is_to_agency = matches!(name, "agency" | "digest");
        let siret = mail.subject.contains(" – SIRET 732 829 320 00074");
        assert_eq!(siret, !is_to_agency, "{name}: {}", mail.subject);
        let shown = preheader(&mail.html);
        assert!((30..=140).contains(&shown.chars().count()), "{name}: {shown}");
        assert!(mail.html.find(shown) < mail.html.find("Bonjour"), "{name}: before what is read");
        if !is_to_agency {
            let establishment = "Boulangerie de l&#39;Étoile";
            assert!(
                mail.html.contains(establishment) && mail.text.contains("Boulangerie de l'Étoile"),
                "{name}"
            );
        }
    }
}

#[test]
fn a_button_keeps_its_surface_where_links_have_no_padding() {
    for (name, mail) in every_mail(&account(), &ticket()) {
        let buttons = mail.html.matches("<a class=\"button\"").count();
        let cells = mail.html.matches("<td class=\"button\" align=\"center\" bgcolor=\"#3d2c8d\"").count();
        assert_eq!(buttons, cells, "{name}");
        assert_eq!(
            mail.html.matches("mso-padding-alt: 13px 22px\"><a class=\"button\"").count(),
            cells,
            "{name}"
        );
        assert_eq!(mail.html.matches("<!--[if mso]>").count(), mail.html.matches("<![endif]-->").count());
    }
}

#[test]
fn nobody_is_alarmed_by_what_they_asked_for_themselves() {
    for (name, mail) in every_mail(&account(), &ticket()) {
        for text in [&mail.text, &mail.html] {
            assert!(!text.to_lowercase().contains("quelqu"), "{name}");
        }
    }
}

#[test]
fn every_link_leads_to_a_page_of_the_site_and_both_versions_have_the_same_ones() {
    let pages = [
        "/",
        "/adresse/",
        "/aide/",
        "/contester/",
        "/demande-assistance/",
        "/invitation/",
        "/ma-demande/",
        "/mon-espace/",
        "/mon-espace/collegues/",
        "/mon-espace/mandats/",
        "/mot-de-passe-oublie/",
        "/mot-de-passe/",
        "/presence/",
    ];
    for (name, mail) in every_mail(&account(), &ticket()) {
        let mut in_text: Vec<&str> = mail.text.lines().filter(|line| line.starts_with("https://")).collect();
        let mut in_html: Vec<&str> =
            mail.html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        in_text.sort_unstable();
        in_text.dedup();
        in_html.sort_unstable();
        in_html.dedup();
        assert_eq!(in_text, in_html, "{name}");
        for link in in_html {
            let path = link.strip_prefix(SITE).unwrap().split('#').next().unwrap();
            assert!(pages.contains(&path), "{name}: {link}");
        }
    }
}

#[test]
fn html_loads_nothing_and_bears_its_language_title_and_scheme() {
    for (name, mail) in every_mail(&account(), &ticket()) {
        for loaded in ["<img", "<link", "<script", "src=", "url(", "@import", "<form"] {
            assert!(!mail.html.contains(loaded), "{name}: {loaded}");
        }
        let title = mail.subject.replace('\'', "&#39;");
        for part in [
            "<html lang=\"fr\">",
            "content=\"light dark\"",
            "max-width: 600px",
            &format!("<title>{title}</title>"),
        ] {
            assert!(mail.html.contains(part), "{name}: {part}");
        }
    }
}

#[test]
fn html_escapes_what_people_type() {
    let hostile = "<script>alert(1)</script>\"'&";
    let account = account_of(hostile, hostile, hostile);
    for (name, mail) in every_mail(&account, &ticket_of(hostile, hostile)) {
        assert!(!mail.html.contains("<script"), "{name}");
        let is_shown = mail.html.contains("&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;");
        assert_eq!(is_shown, name != "digest", "{name}");
        assert_eq!(mail.text.contains(hostile), is_shown, "{name}: the text is as it was typed");
    }
}

#[test]
fn a_subject_is_one_line_whatever_people_type() {
    let typed = "Bcc victime";
    let account = account_of(typed, typed, typed);
    let ticket = ticket_of(typed, "Bcc: victime@exemple.fr\r\nBcc: autre@exemple.fr");
    for (name, mail) in every_mail(&account, &ticket) {
        assert!(!mail.subject.contains(char::is_control), "{name}");
        assert!(!mail.subject.contains("Bcc"), "{name}");
        assert!(mail.subject.chars().count() <= 78, "{name}: RFC 5322 wants no longer line");
    }
}

#[test]
fn what_a_stranger_typed_is_no_link_except_to_the_agency() {
    let typed = "Gagnez www.piege.example ou https://10.0.0.1/a, Dupont. Fin";
    let account = account_of(typed, typed, typed);
    let shown = "Gagnez www.\u{200B}piege.\u{200B}example ou https:\u{200B}//10.\u{200B}0.\u{200B}0.\u{200B}1/a, Dupont. Fin";
    for (name, mail) in every_mail(&account, &ticket_of(typed, typed)) {
        if name == "digest" {
            continue;
        }
        let expected = if name == "agency" { typed } else { shown };
        assert!(mail.text.contains(expected) && mail.html.contains(expected), "{name}");
    }
}

#[test]
fn what_a_stranger_typed_stays_in_its_quotes() {
    let account = account_of("Martin » a fermé « tout", "Un » agent", "de « Sésame");
    let shown = ["«\u{a0}Martin \" a fermé \" tout\u{a0}»", "«\u{a0}Un \" agent de \" Sésame\u{a0}»"];
    for (name, mail) in every_mail(&account, &ticket()) {
        let is_quoted = matches!(name, "address-confirmation" | "still-there")
            || ["invitation", "member", "mandate", "succession"].iter().any(|kind| name.starts_with(kind));
        let has_person = matches!(name, "address-confirmation" | "member-joined")
            || ["invitation", "succession"].iter().any(|kind| name.starts_with(kind));
        if is_quoted {
            assert!(mail.text.contains(shown[0]), "{name}: {}", mail.text);
            assert!(mail.html.contains(&shown[0].replace('"', "&#34;")), "{name}");
            assert!(!mail.text.contains("Martin »") && !mail.html.contains("Martin »"), "{name}");
            assert_eq!(mail.text.contains(shown[1]), has_person, "{name}: {}", mail.text);
        }
    }
}

#[test]
fn the_link_of_a_request_fills_in_the_form_of_an_invitation() {
    let (account, email) = (account(), Email::parse("o'neil+paie@exemple.fr").unwrap());
    let asker = full_name("Zoé, \"la\" vraie", "O'Neil");
    let mail = render::invitation_request(SITE, establishment(&account), &asker, &email, now()).unwrap();
    let link = mail.text.lines().find(|line| line.contains("#inviter=")).unwrap();
    let (page, code) = link.split_once("#inviter=").unwrap();
    assert_eq!(page, format!("{SITE}/mon-espace/"));
    assert!(code.ends_with(|c: char| c.is_ascii_alphanumeric()), "no mail program cuts it: {code}");
    let json: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(code).unwrap()).unwrap();
    let expected = serde_json::json!({
        "siret": "73282932000074",
        "first_name": "Zoé, \"la\" vraie",
        "last_name": "O'Neil",
        "email": "o'neil+paie@exemple.fr",
    });
    assert_eq!(json, expected);
}

#[test]
fn no_script_makes_a_link_of_what_was_typed() {
    let cases = [
        ("1.1.1.1", "1.|1.|1.|1"),
        ("пример.рф", "пример.|рф"),
        ("例え。テスト", "例え。|テスト"),
        ("www。exemple。fr", "www。|exemple。|fr"),
        ("exemple．fr", "exemple．|fr"),
        ("exemple｡fr", "exemple｡|fr"),
        ("exemple\u{2024}fr", "exemple\u{2024}|fr"),
        ("cafe\u{301}.fr", "cafe\u{301}.|fr"),
        ("exemple.\u{301}fr", "exemple.|\u{301}fr"),
        ("مثال.إختبار", "مثال.|إختبار"),
        ("jean@exemple.fr", "jean@|exemple.|fr"),
        ("jean＠exemple.fr", "jean＠|exemple.|fr"),
        ("http://localhost/a", "http:|//localhost/a"),
        ("http：／／localhost", "http：|／／localhost"),
        ("ftp:\\\\hote", "ftp:|\\\\hote"),
        ("S.A.R.L. Dupont", "S.|A.|R.|L. Dupont"),
        ("Attendez... voilà.", "Attendez... voilà."),
        ("Fin. Suite : 10 h 30, 06 12 34 56 78", "Fin. Suite : 10 h 30, 06 12 34 56 78"),
        ("Fin.\nSuite.", "Fin.\nSuite."),
    ];
    for (typed, shown) in cases {
        let description = format!("Bonjour, {typed} merci");
        let ticket = ticket_of("Jeanne Lefèvre", &description);
        let mail = receipt(&ticket, None).unwrap();
        let shown = format!("\n\nBonjour, {} merci\n", shown.replace('|', "\u{200B}"));
        assert!(mail.text.contains(&shown), "{typed}: {}", mail.text);
    }
}

#[test]
fn a_description_keeps_its_lines() {
    let description = "Première ligne\n\n\tdeuxième  ligne\nN° de Siret : 000";
    let ticket = ticket_of("Jeanne Lefèvre", description);
    for mail in [
        receipt(&ticket, None).unwrap(),
        render::ticket_to_agency(&reference(), &ticket, now(), &known()).unwrap(),
    ] {
        assert!(mail.text.contains(&format!("\n\n{description}\n\n--\n")));
        assert!(
            mail.html
                .contains(&format!("white-space: pre-wrap; overflow-wrap: anywhere\">{description}</div>"))
        );
    }
}

#[test]
fn every_motive_is_in_the_subject_for_the_agency() {
    for motive in Motive::ALL {
        let mail =
            render::ticket_to_agency(&reference(), &Ticket { motive, ..ticket() }, now(), &known()).unwrap();
        let subject = format!("Demande d'assistance T-261123-123456 : {}", motive.label());
        assert_eq!(mail.subject.replace('\u{a0}', " "), subject);
    }
}

#[test]
fn hours_are_those_of_paris_in_french_words() {
    let cases = [
        ("2026-01-01T00:00:00Z", "jeudi 1er janvier 2026 à 1 h 00"),
        ("2026-03-29T00:59:59Z", "dimanche 29 mars 2026 à 1 h 59"),
        ("2026-03-29T01:00:00Z", "dimanche 29 mars 2026 à 3 h 00"),
        ("2026-08-31T22:00:00Z", "mardi 1er septembre 2026 à 0 h 00"),
        ("2028-02-29T12:07:00Z", "mardi 29 février 2028 à 13 h 07"),
        ("2026-12-31T23:30:00Z", "vendredi 1er janvier 2027 à 0 h 30"),
    ];
    for (moment, words) in cases {
        let mail = render::password_changed(SITE, &account(), at(moment)).unwrap();
        let text = mail.text.replace('\u{a0}', " ");
        assert!(text.contains(&format!("le {words} (heure de Paris).")), "{moment}: {text}");
    }
}

#[test]
fn plain_text_is_narrow_and_no_sign_starts_a_line() {
    for (name, mail) in every_mail(&account(), &ticket()) {
        for line in mail.text.lines() {
            let is_link = line.starts_with("https://");
            assert!(is_link || line.chars().count() <= 72, "{name}: {line}");
            let is_ours = !line.starts_with("  -");
            assert!(
                !is_ours || ![" :", " ?", " !", " ;"].iter().any(|sign| line.contains(sign)),
                "{name}: {line}"
            );
            assert_eq!(line, line.trim_end(), "{name}");
        }
        assert!(!mail.text.contains("\n\n\n"), "{name}");
    }
}
