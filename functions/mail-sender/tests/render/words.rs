//! What each mail says, word by word.

use domain::Account;
use domain::case::EntryKind;
use domain::mail::DigestPeriod;
use mail_sender::render;

use crate::fixtures::*;

#[test]
fn activation_says_who_asked_until_when_and_with_which_identifier() {
    let mail = render::activation(SITE, &account(), &minted(7), None).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Activez votre compte Sésame – SIRET 732 829 320 00074

    Bonjour,

    Vous avez demandé un compte pour l'extranet Activité partielle.
    Voici le lien qui l'active.

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Demandé par : Jeanne Lefèvre

    Pour activer ce compte, choisissez votre mot de passe ici :

    https://sesame.example/mot-de-passe/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Sur un autre appareil, ou si le lien ne s'ouvre pas :

    https://sesame.example/mot-de-passe/

    Indiquez-y le SIRET et ce code :

    7K3M-Q2FD

    Le lien et le code fonctionnent jusqu'au
    lundi 23 novembre 2026 à 15 h 05 (heure de Paris).

    Votre identifiant sera :

    AP-1234-567V

    Gardez ce message. L'identifiant vous servira à chaque connexion.

    Le lien ne fonctionne plus ?
    Ouvrez-le : sa page peut vous en envoyer un autre.
    Après une semaine, demandez-le avec votre identifiant :

    https://sesame.example/mot-de-passe-oublie/

    Un nouveau lien n'annule pas les précédents.
    Dès que l'un d'eux a servi, les autres ne fonctionnent plus.

    Ce n'est pas vous ?
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
    Objet : Compte Sésame actif : gardez votre identifiant – SIRET 732 829 320 00074

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
fn recovery_tells_identifier_and_link_whichever_was_forgotten() {
    let accounts = [account()];
    let mail = render::recovery(SITE, &recovery_links(&accounts), now(), None).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Votre identifiant et un lien pour votre mot de passe – SIRET 732 829 320 00074

    Bonjour,

    Vous avez demandé votre identifiant ou un nouveau mot de passe.
    Voici votre identifiant, et un lien pour choisir un nouveau mot
    de passe.

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Demande reçue le : lundi 23 novembre 2026 à 14 h 05 (heure de Paris)

    Votre identifiant :

    AP-1234-567V

    Pour choisir un nouveau mot de passe :

    https://sesame.example/mot-de-passe/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Son code, sur un autre appareil ou si le lien ne s'ouvre pas :

    7K3M-Q2FD

    Ce lien fonctionne jusqu'au
    lundi 23 novembre 2026 à 15 h 05 (heure de Paris).

    Un code se saisit avec l'identifiant ici :

    https://sesame.example/mot-de-passe/

    Vous connaissez votre mot de passe ?
    Connectez-vous avec l'identifiant :

    https://sesame.example/

    Le lien ne fonctionne plus ?
    Ouvrez-le : sa page peut vous en envoyer un autre.
    Après une semaine, demandez-le avec votre identifiant :

    https://sesame.example/mot-de-passe-oublie/

    Un nouveau lien n'annule pas les précédents.
    Dès que l'un d'eux a servi, les autres ne fonctionnent plus.

    Ce n'est pas vous ?
    Ne faites rien. Aucun mot de passe n'a changé.
    Personne ne peut le changer sans ce message : ne le transmettez pas.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn recovery_tells_each_account_of_the_same_holder_and_when_the_next_mail_may_go_out() {
    let accounts = [account(), Account { identifier: identifier(8), ..account() }];
    let mail = render::recovery(SITE, &recovery_links(&accounts), now(), Some(in_an_hour())).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Vos identifiants et un lien pour chaque mot de passe – SIRET 732 829 320 00074

    Bonjour,

    Vous avez demandé votre identifiant ou un nouveau mot de passe.
    Voici vos identifiants, et pour chacun un lien pour choisir
    un nouveau mot de passe.

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Demande reçue le : lundi 23 novembre 2026 à 14 h 05 (heure de Paris)

    Compte de Jeanne Lefèvre
    ----------

    Votre identifiant :

    AP-1234-567V

    Pour choisir un nouveau mot de passe :

    https://sesame.example/mot-de-passe/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Son code, sur un autre appareil ou si le lien ne s'ouvre pas :

    7K3M-Q2FD

    Compte de Jeanne Lefèvre
    ----------

    Votre identifiant :

    AP-1234-5680

    Pour choisir un nouveau mot de passe :

    https://sesame.example/mot-de-passe/#1040g2081040g2081040g2081040g2081040g2081040g2081040

    Son code, sur un autre appareil ou si le lien ne s'ouvre pas :

    7K3M-Q2FD

    Ces liens fonctionnent jusqu'au
    lundi 23 novembre 2026 à 15 h 05 (heure de Paris).

    Un code se saisit avec l'identifiant ici :

    https://sesame.example/mot-de-passe/

    Vous connaissez votre mot de passe ?
    Connectez-vous avec l'identifiant :

    https://sesame.example/

    Le lien ne fonctionne plus ?
    Ouvrez-le : sa page peut vous en envoyer un autre.
    Après une semaine, demandez-le avec votre identifiant :

    https://sesame.example/mot-de-passe-oublie/

    Un nouveau lien n'annule pas les précédents.
    Dès que l'un d'eux a servi, les autres ne fonctionnent plus.

    Ce message est le dernier pour le moment
    Trop de demandes ont été faites avec votre adresse.
    Le prochain message pourra partir le
    lundi 23 novembre 2026 à 15 h 06 (heure de Paris).
    D'ici là, servez-vous des liens déjà reçus.

    Ce n'est pas vous ?
    Ne faites rien. Aucun mot de passe n'a changé.
    Personne ne peut le changer sans ce message : ne le transmettez pas.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn blocked_says_until_when_and_how_to_enter_before() {
    let mail = render::logins_blocked(SITE, &account(), now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Trop d'essais avec votre identifiant Sésame – SIRET 732 829 320 00074

    Bonjour,

    Trop de mots de passe ont été essayés avec votre identifiant.
    Depuis le lundi 23 novembre 2026 à 14 h 05 (heure de Paris),
    il n'accepte plus de mot de passe jusqu'à demain.
    Personne n'est entré dans votre compte par ces essais.

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Identifiant : AP-1234-567V

    Vous voulez entrer dès maintenant ?
    Choisissez un nouveau mot de passe par courriel :
    cela rouvre l'accès aussitôt.

    https://sesame.example/mot-de-passe-oublie/

    Ces essais ne venaient pas de vous ?
    Vous n'avez rien à faire de plus, ou prévenez l'assistance :

    https://sesame.example/demande-assistance/

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
    Objet : Votre mot de passe Sésame a changé – SIRET 732 829 320 00074

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
    let mail = receipt(&ticket(), None).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Demande d'assistance T-261123-123456 : bien reçue – SIRET 732 829 320 00074

    Bonjour,

    Votre demande d'assistance est bien arrivée
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074

    Sa référence :

    T-261123-123456

    Gardez ce message. Donnez cette référence si vous nous contactez.

    Pour suivre votre demande, ou y ajouter une précision :

    https://sesame.example/ma-demande/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Ce lien fonctionne jusqu'au
    vendredi 22 janvier 2027 à 14 h 05 (heure de Paris).

    Et maintenant ?
    L'assistance lit votre demande.
    Elle vous répond à cette adresse, ou par téléphone.
    Regardez aussi parmi vos courriers indésirables.
    Il est inutile d'envoyer la même demande une deuxième fois.

    Ce n'est pas vous ?
    Votre adresse a été saisie par erreur. Ne faites rien.
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
fn an_answer_says_its_text_why_it_came_and_how_to_go_on() {
    let mail = request_news(&ticket(), EntryKind::Answer).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Demande d'assistance T-261123-123456 : réponse – SIRET 732 829 320 00074

    Bonjour,

    L'assistance a répondu à votre demande.

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Référence : T-261123-123456
    Le : lundi 23 novembre 2026 à 14 h 05 (heure de Paris)

    Son message
    -----------

    Bonjour,

    merci, c'est fait.
    <L'assistance>

    -----------

    Pourquoi cette réponse ?
    Un titulaire de l'établissement est actif : il peut donner cet accès
    lui-même, tout de suite.

    Pour lui répondre, ou lire toute la demande, ouvrez cette page :

    https://sesame.example/ma-demande/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Ce lien fonctionne jusqu'au
    vendredi 22 janvier 2027 à 14 h 05 (heure de Paris).
    Gardez-le pour vous : il montre toute la demande.

    Ce n'est pas vous ?
    Votre adresse a été saisie par erreur. Ne faites rien.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn agency_reads_everything_that_was_typed() {
    let mail = render::ticket_to_agency(&reference(), &ticket(), now(), &known()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Demande d'assistance T-261123-123456 : Habilitation à l'extranet

    Bonjour,

    Une demande d'assistance est arrivée
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Référence : T-261123-123456

    Pour écrire à la personne, répondez à ce message.
    Laissez la référence dans l'objet.

    Ce que Sésame sait
    ------------------

    Compte pour ce SIRET : oui
    Mots de passe faux depuis un jour : 3
    Derniers courriels à cette adresse :
    - accusé de réception, envoyé le 23/11 à 14 h 05
    - identifiant et lien, refusé pour de bon le 23/11 à 14 h 05

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
fn receipt_says_when_the_next_one_may_go_out() {
    let mail = receipt(&ticket(), Some(in_an_hour())).unwrap();
    let (_, rest) = mail.text.split_once("une deuxième fois.\n\n").unwrap();
    let (said, _) = rest.split_once("\n\n").unwrap();
    insta::assert_snapshot!(said, @"
    Ce message est le dernier pour le moment
    Trop de demandes ont été faites avec votre adresse.
    Le prochain accusé de réception pourra partir le
    lundi 23 novembre 2026 à 15 h 06 (heure de Paris).
    D'ici là, vos demandes arrivent quand même à l'assistance.
    ");
}

#[test]
fn digest_names_each_request() {
    let mail = render::agency_digest(DigestPeriod::of(now()), &digest_lines()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Demandes d'assistance : 2 demandes groupées

    Bonjour,

    Trop de demandes d'assistance arrivent en ce moment pour un message
    par demande. Celles de la période suivante sont dans ce message :

    du lundi 23 novembre 2026 à 14 h 00 (heure de Paris)
    au lundi 23 novembre 2026 à 14 h 15 (heure de Paris)

    Chaque demande est conservée en entier. Pour la lire, donnez
    sa référence à l'exploitant du service. Pour écrire à la personne,
    servez-vous de son adresse.

    2 demandes
    ----------

    T-261123-123451
    SIRET 732 829 320 00074
    Habilitation à l'extranet
    jeanne@exemple.fr

    T-261123-123452
    SIRET 732 829 320 00074
    Habilitation à l'extranet
    jeanne@exemple.fr

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    ");
}
