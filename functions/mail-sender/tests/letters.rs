//! The words of the mails, and that nothing which a person typed gets out of its place in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use domain::time::Timestamp;
use domain::{
    Account, Application, Description, Email, Identifier, Motive, Name, Phone, Reference, Siret, Submission,
    Ticket, Token,
};
use mail_sender::letters::{self, Letter};

const SITE: &str = "https://sesame.example";

fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-23T13:05:40Z")
}

fn token() -> Token {
    Token::from_bytes([7; 32])
}

fn identifier(last: u8) -> Identifier {
    Identifier::from_random([1, 2, 3, 4, 5, 6, last])
}

fn account_of(establishment: &str, first_name: &str, last_name: &str) -> Account {
    Account {
        identifier: identifier(7),
        application: Application {
            siret: Siret::parse("73282932000074").unwrap(),
            establishment_name: Name::parse(establishment).unwrap(),
            first_name: Name::parse(first_name).unwrap(),
            last_name: Name::parse(last_name).unwrap(),
            email: Email::parse("jeanne@exemple.fr").unwrap(),
            phone: Phone::parse("01 23 45 67 89").unwrap(),
        },
        is_active: true,
        credentials_epoch: 1,
        password_hash: None,
        password_set_at: None,
        expires_at: None,
    }
}

fn account() -> Account {
    account_of("Boulangerie de l'Étoile", "Jeanne", "Lefèvre")
}

fn reference() -> Reference {
    Reference::new("2026-11-23".parse().unwrap(), [1, 2, 3, 4, 5, 6])
}

fn ticket_of(name: &str, description: &str) -> Ticket {
    Ticket {
        submission: Submission::parse("6f2c1f0e-3f0b-4a0e-9a77-0c1d2e3f4a5b").unwrap(),
        siret: Siret::parse("73282932000074").unwrap(),
        establishment_name: Name::parse(name).unwrap(),
        full_name: Name::parse(name).unwrap(),
        phone: Phone::parse("01 23 45 67 89").unwrap(),
        email: Email::parse("jeanne@exemple.fr").unwrap(),
        motive: Motive::ExtranetAccess,
        description: Description::parse(description).unwrap(),
    }
}

fn ticket() -> Ticket {
    let ticket = ticket_of(
        "Jeanne Lefèvre",
        "La titulaire du compte est partie.\n\n  - sa boîte est fermée ;\n  - personne n'a l'identifiant.",
    );
    Ticket { establishment_name: Name::parse("Boulangerie de l'Étoile").unwrap(), ..ticket }
}

/// What its subject says, then its plain text.
fn read(letter: &Letter) -> String {
    format!("Objet : {}\n\n{}", letter.subject, letter.text)
}

/// Every letter, about this account and this ticket.
fn every_letter(account: &Account, ticket: &Ticket) -> [(&'static str, Letter); 8] {
    let siret = &account.application.siret;
    [
        ("activation", letters::activation(SITE, account, &token(), now()).unwrap()),
        ("welcome", letters::welcome(SITE, account).unwrap()),
        ("reminder-1", letters::identifier_reminder(SITE, siret, &[identifier(7)], now()).unwrap()),
        (
            "reminder-2",
            letters::identifier_reminder(SITE, siret, &[identifier(7), identifier(8)], now()).unwrap(),
        ),
        ("reset", letters::password_reset(SITE, account, &token(), now(), now()).unwrap()),
        ("changed", letters::password_changed(SITE, account, now()).unwrap()),
        ("receipt", letters::ticket_receipt(SITE, &reference(), ticket, now()).unwrap()),
        ("agency", letters::ticket_to_agency(&reference(), ticket, now()).unwrap()),
    ]
}

#[test]
fn activation_says_who_asked_until_when_and_with_which_identifier() {
    let letter = letters::activation(SITE, &account(), &token(), now()).unwrap();
    insta::assert_snapshot!(read(&letter), @"
    Objet : Activez votre compte Sésame

    Bonjour,

    Nous avons reçu une demande de compte pour l'extranet Activité
    partielle, avec votre adresse électronique.

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Demandé par : Jeanne Lefèvre

    Pour activer ce compte, choisissez votre mot de passe ici :

    https://sesame.example/mot-de-passe/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Ce lien fonctionne jusqu'au
    lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Votre identifiant sera :

    AP-1234-567V

    Gardez ce message. L'identifiant vous servira à chaque connexion.

    Le lien ne fonctionne plus ?
    Demandez-en un autre avec votre identifiant :

    https://sesame.example/mot-de-passe-oublie/

    Un nouveau lien n'annule pas les précédents.
    Dès que l'un d'eux a servi, les autres ne fonctionnent plus.

    Vous n'avez rien demandé ?
    Ne faites rien. Personne ne peut activer ce compte sans ce lien.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn welcome_tells_the_identifier() {
    let letter = letters::welcome(SITE, &account()).unwrap();
    insta::assert_snapshot!(read(&letter), @"
    Objet : Votre compte Sésame est actif : gardez votre identifiant

    Bonjour,

    Votre compte pour l'extranet Activité partielle est actif.

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074

    Votre identifiant :

    AP-1234-567V

    Gardez ce message. L'identifiant vous servira à chaque connexion,
    avec le mot de passe que vous avez choisi.
    Votre adresse électronique ne peut pas le remplacer.

    Connectez-vous ici :

    https://sesame.example/

    Si vous oubliez votre mot de passe, choisissez-en un autre ici :

    https://sesame.example/mot-de-passe-oublie/

    Vous n'avez pas ouvert ce compte ?
    Prévenez l'assistance maintenant :

    https://sesame.example/demande-assistance/

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn reminder_tells_one_identifier() {
    let letter =
        letters::identifier_reminder(SITE, &account().application.siret, &[identifier(7)], now()).unwrap();
    insta::assert_snapshot!(read(&letter), @"
    Objet : Votre identifiant Sésame

    Bonjour,

    Nous avons reçu une demande d'identifiant avec votre adresse
    électronique.

    Date : lundi 23 novembre 2026 à 14 h 05 (heure de Paris)
    SIRET : 732 829 320 00074

    Votre identifiant pour cet établissement :

    AP-1234-567V

    Connectez-vous avec cet identifiant et votre mot de passe :

    https://sesame.example/

    Votre adresse électronique ne peut pas remplacer l'identifiant.

    Vous avez aussi oublié le mot de passe ?
    Choisissez-en un autre, avec votre identifiant :

    https://sesame.example/mot-de-passe-oublie/

    Vous n'avez rien demandé ?
    Ne faites rien. L'identifiant n'a été envoyé qu'à vous.
    Votre mot de passe n'a pas changé.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn reminder_tells_every_identifier() {
    let identifiers = [identifier(7), identifier(8)];
    let siret = &account().application.siret;
    let letter = letters::identifier_reminder(SITE, siret, &identifiers, now()).unwrap();
    insta::assert_snapshot!(read(&letter), @"
    Objet : Vos identifiants Sésame

    Bonjour,

    Nous avons reçu une demande d'identifiant avec votre adresse
    électronique.

    Date : lundi 23 novembre 2026 à 14 h 05 (heure de Paris)
    SIRET : 732 829 320 00074

    Vos identifiants pour cet établissement :

    AP-1234-567V
    AP-1234-5680

    Connectez-vous avec l'un d'eux et son mot de passe :

    https://sesame.example/

    Votre adresse électronique ne peut pas remplacer l'identifiant.

    Vous avez aussi oublié le mot de passe ?
    Choisissez-en un autre, avec votre identifiant :

    https://sesame.example/mot-de-passe-oublie/

    Vous n'avez rien demandé ?
    Ne faites rien. L'identifiant n'a été envoyé qu'à vous.
    Votre mot de passe n'a pas changé.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn reset_says_until_when_and_that_nothing_has_changed() {
    let letter = letters::password_reset(SITE, &account(), &token(), now(), now()).unwrap();
    insta::assert_snapshot!(read(&letter), @"
    Objet : Choisissez votre nouveau mot de passe Sésame

    Bonjour,

    Quelqu'un a demandé un nouveau mot de passe avec votre identifiant,
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Identifiant : AP-1234-567V

    Choisissez votre nouveau mot de passe ici :

    https://sesame.example/mot-de-passe/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Ce lien fonctionne jusqu'au
    lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Le lien ne fonctionne plus ?
    Demandez-en un autre avec votre identifiant :

    https://sesame.example/mot-de-passe-oublie/

    Un nouveau lien n'annule pas les précédents.
    Dès que l'un d'eux a servi, les autres ne fonctionnent plus.

    Vous n'avez rien demandé ?
    Ne faites rien. Votre mot de passe n'a pas changé.
    Personne ne peut le changer sans ce lien : ne le transmettez pas.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn changed_says_what_to_do_if_it_was_somebody_else() {
    let letter = letters::password_changed(SITE, &account(), now()).unwrap();
    insta::assert_snapshot!(read(&letter), @"
    Objet : Votre mot de passe Sésame a changé

    Bonjour,

    Le mot de passe de votre compte a été changé
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Identifiant : AP-1234-567V

    Les liens reçus avant cette heure ne fonctionnent plus.
    Les connexions ouvertes avant cette heure sont fermées.

    C'était vous ?
    Vous n'avez rien à faire.

    Ce n'était pas vous ?
    Choisissez tout de suite un nouveau mot de passe,
    avec votre identifiant. Cela ferme les connexions ouvertes :

    https://sesame.example/mot-de-passe-oublie/

    Puis prévenez l'assistance :

    https://sesame.example/demande-assistance/

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn receipt_says_what_happens_next_and_what_was_asked() {
    let letter = letters::ticket_receipt(SITE, &reference(), &ticket(), now()).unwrap();
    insta::assert_snapshot!(read(&letter), @"
    Objet : Demande d'assistance T-261123-123456 : bien reçue

    Bonjour,

    Votre demande d'assistance est bien arrivée
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Sa référence :

    T-261123-123456

    Gardez ce message. Donnez cette référence si vous nous contactez.

    Et maintenant ?
    L'assistance lit votre demande.
    Elle vous répond à cette adresse, ou par téléphone.
    Regardez aussi parmi vos courriers indésirables.
    Il est inutile d'envoyer la même demande une deuxième fois.

    Vous n'avez rien demandé ?
    Quelqu'un a donné votre adresse. Ne faites rien.
    Ne tenez pas compte du texte qui suit.

    La demande
    ----------

    N° de Siret : 73282932000074
    Dénomination établissement : Boulangerie de l'Étoile
    Nom et prénom : Jeanne Lefèvre
    N° de téléphone : +33123456789
    Adresse électronique : jeanne@exemple.fr
    Motif de la demande : Habilitation à l'extranet
    Description de la demande :

    La titulaire du compte est partie.

      - sa boîte est fermée ;
      - personne n'a l'identifiant.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn agency_reads_everything_that_was_typed() {
    let letter = letters::ticket_to_agency(&reference(), &ticket(), now()).unwrap();
    insta::assert_snapshot!(read(&letter), @"
    Objet : Demande d'assistance T-261123-123456 : Habilitation à l'extranet

    Bonjour,

    Une demande d'assistance est arrivée
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Référence : T-261123-123456

    Pour écrire à la personne, répondez à ce message.
    Laissez la référence dans l'objet.

    La demande
    ----------

    N° de Siret : 73282932000074
    Dénomination établissement : Boulangerie de l'Étoile
    Nom et prénom : Jeanne Lefèvre
    N° de téléphone : +33123456789
    Adresse électronique : jeanne@exemple.fr
    Motif de la demande : Habilitation à l'extranet
    Description de la demande :

    La titulaire du compte est partie.

      - sa boîte est fermée ;
      - personne n'a l'identifiant.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    ");
}

#[test]
fn html_has_the_button_and_the_bare_link() {
    let link = format!("{SITE}/mot-de-passe/#{}", token().print());
    for (name, letter) in every_letter(&account(), &ticket()) {
        let has_link = matches!(name, "activation" | "reset");
        assert_eq!(letter.text.lines().filter(|line| *line == link).count(), usize::from(has_link), "{name}");
        assert_eq!(
            letter.html.matches(&format!("href=\"{link}\"")).count(),
            2 * usize::from(has_link),
            "{name}"
        );
        assert_eq!(letter.html.matches(&format!(">{link}</a>")).count(), usize::from(has_link), "{name}");
    }
}

#[test]
fn every_link_leads_to_a_page_of_the_site_and_both_versions_have_the_same_ones() {
    let pages = ["/", "/aide/", "/demande-assistance/", "/mot-de-passe-oublie/", "/mot-de-passe/"];
    for (name, letter) in every_letter(&account(), &ticket()) {
        let mut in_text: Vec<&str> =
            letter.text.lines().filter(|line| line.starts_with("https://")).collect();
        let mut in_html: Vec<&str> =
            letter.html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
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
    for (name, letter) in every_letter(&account(), &ticket()) {
        for loaded in ["<img", "<link", "<script", "src=", "url(", "@import", "<form"] {
            assert!(!letter.html.contains(loaded), "{name}: {loaded}");
        }
        let title = letter.subject.replace('\'', "&#39;");
        for part in [
            "<html lang=\"fr\">",
            "content=\"light dark\"",
            "max-width: 600px",
            &format!("<title>{title}</title>"),
        ] {
            assert!(letter.html.contains(part), "{name}: {part}");
        }
    }
}

#[test]
fn html_escapes_what_people_type() {
    let hostile = "<script>alert(1)</script>\"'&";
    let account = account_of(hostile, hostile, hostile);
    for (name, letter) in every_letter(&account, &ticket_of(hostile, hostile)) {
        assert!(!letter.html.contains("<script"), "{name}");
        let is_shown = letter.html.contains("&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;");
        assert_eq!(is_shown, !name.starts_with("reminder"), "{name}");
        assert_eq!(letter.text.contains(hostile), is_shown, "{name}: the text is as it was typed");
    }
}

#[test]
fn a_subject_is_one_line_whatever_people_type() {
    let typed = "Bcc victime";
    let account = account_of(typed, typed, typed);
    let ticket = ticket_of(typed, "Bcc: victime@exemple.fr\r\nBcc: autre@exemple.fr");
    for (name, letter) in every_letter(&account, &ticket) {
        assert!(!letter.subject.contains(char::is_control), "{name}");
        assert!(!letter.subject.contains("Bcc"), "{name}");
        assert!(letter.subject.chars().count() <= 78, "{name}: RFC 5322 wants no longer line");
    }
}

#[test]
fn what_a_stranger_typed_is_no_link_except_to_the_agency() {
    let typed = "Gagnez www.piege.example ou https://10.0.0.1/a, S.A.R.L. Dupont. Fin";
    let account = account_of(typed, typed, typed);
    let shown =
        "Gagnez www.\u{200B}piege.\u{200B}example ou https:\u{200B}//10.0.0.1/a, S.A.R.L. Dupont. Fin";
    for (name, letter) in every_letter(&account, &ticket_of(typed, typed)) {
        if name.starts_with("reminder") {
            continue;
        }
        let expected = if name == "agency" { typed } else { shown };
        assert!(letter.text.contains(expected) && letter.html.contains(expected), "{name}");
    }
}

#[test]
fn a_description_keeps_its_lines() {
    let description = "Première ligne\n\n\tdeuxième  ligne\nN° de Siret : 000";
    let ticket = ticket_of("Jeanne Lefèvre", description);
    for letter in [
        letters::ticket_receipt(SITE, &reference(), &ticket, now()).unwrap(),
        letters::ticket_to_agency(&reference(), &ticket, now()).unwrap(),
    ] {
        assert!(letter.text.contains(&format!("\n\n{description}\n\n--\n")));
        assert!(
            letter
                .html
                .contains(&format!("white-space: pre-wrap; overflow-wrap: anywhere\">{description}</div>"))
        );
    }
}

#[test]
fn every_motive_is_in_the_subject_for_the_agency() {
    for motive in Motive::ALL {
        let letter = letters::ticket_to_agency(&reference(), &Ticket { motive, ..ticket() }, now()).unwrap();
        let subject = format!("Demande d'assistance T-261123-123456 : {}", motive.label());
        assert_eq!(letter.subject.replace('\u{a0}', " "), subject);
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
        let letter = letters::password_changed(SITE, &account(), at(moment)).unwrap();
        let text = letter.text.replace('\u{a0}', " ");
        assert!(text.contains(&format!("le {words} (heure de Paris).")), "{moment}: {text}");
    }
}

#[test]
fn plain_text_is_narrow_and_no_sign_starts_a_line() {
    for (name, letter) in every_letter(&account(), &ticket()) {
        for line in letter.text.lines() {
            let is_link = line.starts_with("https://");
            assert!(is_link || line.chars().count() <= 72, "{name}: {line}");
            let is_ours = !line.starts_with("  -");
            assert!(
                !is_ours || ![" :", " ?", " !", " ;"].iter().any(|sign| line.contains(sign)),
                "{name}: {line}"
            );
            assert_eq!(line, line.trim_end(), "{name}");
        }
        assert!(!letter.text.contains("\n\n\n"), "{name}");
    }
}
