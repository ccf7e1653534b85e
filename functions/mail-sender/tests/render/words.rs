//! What each mail says, word by word.

use mail_sender::render;

use crate::fixtures::*;

#[test]
fn activation_says_who_asked_until_when_and_with_which_identifier() {
    let mail = render::activation(SITE, &account(), &token(), now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
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
    let mail = render::welcome(SITE, &account()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
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
    let mail =
        render::identifier_reminder(SITE, &account().application.siret, &[identifier(7)], now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
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
    let mail = render::identifier_reminder(SITE, siret, &identifiers, now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
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
    let mail = render::password_reset(SITE, &account(), &token(), now(), now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
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
    let mail = render::password_changed(SITE, &account(), now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
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
    let mail = render::ticket_receipt(SITE, &reference(), &ticket(), now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
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
    let mail = render::ticket_to_agency(&reference(), &ticket(), now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
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
