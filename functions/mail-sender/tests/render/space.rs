//! What each mail of my space says, word by word.

use domain::invitation::Offer;
use domain::membership::Change;
use domain::{Email, Name, Role, Side};
use mail_sender::render::{self, Content};

use crate::fixtures::*;

/// What a subject says before the SIRET, then these paragraphs of the plain text.
fn paragraphs<const N: usize>(mail: &Content, ranks: [usize; N]) -> String {
    let all: Vec<&str> = mail.text.split("\n\n").collect();
    let (subject, _) = mail.subject.split_once(" – ").unwrap();
    let chosen = ranks.map(|rank| all[rank]);
    format!("{subject}\n{}", chosen.join("\n"))
}

fn invitation_mail(offer: Offer) -> Content {
    let account = account();
    let inviter = account.name().joined();
    render::invitation(SITE, establishment(&account), &inviter, &invitation(offer), &token()).unwrap()
}

#[test]
fn invitation_says_who_invites_where_as_what_and_that_nothing_need_be_done() {
    insta::assert_snapshot!(read(&invitation_mail(Offer::Holder)), @"
    Objet : Invitation à rejoindre un établissement – SIRET 732 829 320 00074

    Bonjour,

    Vous avez reçu une invitation à rejoindre un établissement
    dans l'extranet Activité partielle.

    Invitation de : « Jeanne Lefèvre »
    Établissement : « Boulangerie de l'Étoile »
    SIRET : 732 829 320 00074
    Rôle proposé : titulaire

    Un titulaire agit pour l'établissement,
    et décide qui d'autre agit.

    Pour lire l'invitation, puis l'accepter si vous le voulez :

    https://sesame.example/invitation/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Ce lien fonctionne jusqu'au
    lundi 30 novembre 2026 à 14 h 05 (heure de Paris).
    L'ouvrir n'accepte rien. Ne le transmettez pas.

    Vous ne vous y attendiez pas ?
    Ne faites rien, et rien ne se passe. Les noms ci-dessus ont été écrits
    par qui vous invite : Sésame ne les a pas vérifiés.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn invitation_says_what_each_role_is() {
    let given = [Offer::Member, Offer::Holder, Offer::Successor].map(|offer| {
        let mail = invitation_mail(offer);
        let (_, rest) = mail.text.split_once("Rôle proposé\u{a0}: ").unwrap();
        rest.split_once("\n\nPour lire").unwrap().0.to_owned()
    });
    insta::assert_snapshot!(given.join("\n\n"), @"
    utilisateur

    Un utilisateur agit pour l'établissement,
    sans rien décider des accès.

    titulaire

    Un titulaire agit pour l'établissement,
    et décide qui d'autre agit.

    titulaire

    Un titulaire agit pour l'établissement,
    et décide qui d'autre agit.
    Cette personne vous invite à prendre sa suite :
    elle quitte l'établissement dès que vous acceptez.
    ");
}

#[test]
fn request_tells_the_holders_who_asks_and_to_make_sure_of_it() {
    let (asker, email) = (full_name("Paul", "Martin"), Email::parse("paul@exemple.fr").unwrap());
    let account = account();
    let mail = render::invitation_request(SITE, establishment(&account), &asker, &email, now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Une demande d'invitation – SIRET 732 829 320 00074

    Bonjour,

    Une personne demande à rejoindre votre établissement.
    Sésame n'a vérifié ni son nom ni son adresse.

    Nom : « Paul Martin »
    Adresse électronique : « paul@\u{200b}exemple.\u{200b}fr »
    Demande reçue le : lundi 23 novembre 2026 à 14 h 05 (heure de Paris)
    Établissement : « Boulangerie de l'Étoile »
    SIRET : 732 829 320 00074

    Vous connaissez cette personne ?
    Vérifiez avec elle, de vive voix, que la demande vient d'elle
    et que cette adresse est la sienne. Puis invitez-la.
    Le formulaire est déjà rempli : rien ne part sans vous.

    https://sesame.example/mon-espace/#inviter=eyJzaXJldCI6IjczMjgyOTMyMDAwMDc0IiwiZmlyc3RfbmFtZSI6IlBhdWwiLCJsYXN0X25hbWUiOiJNYXJ0aW4iLCJlbWFpbCI6InBhdWxAZXhlbXBsZS5mciJ9

    Vous ne la connaissez pas ?
    Ne faites rien. Cette personne n'a aucun accès,
    et n'a pas appris qui vous êtes.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn joined_tells_the_other_holders_who_has_which_role_and_how_to_take_it_back() {
    let (account, person) = (account(), full_name("Paul", "Martin"));
    let mail = render::member_joined(SITE, establishment(&account), &person, Role::Member, now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Une invitation a été acceptée – SIRET 732 829 320 00074

    Bonjour,

    Une invitation dans votre établissement a été acceptée
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Acceptée par : « Paul Martin »
    Rôle : utilisateur
    Établissement : « Boulangerie de l'Étoile »
    SIRET : 732 829 320 00074

    Vous ne connaissez pas cette personne ?
    Un titulaire peut suspendre ou retirer son accès :

    https://sesame.example/mon-espace/collegues/

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
fn a_changed_member_reads_what_changed_and_whom_to_ask() {
    let account = account();
    let mail = render::member_changed(SITE, establishment(&account), Change::Promote, now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Votre rôle a changé – SIRET 732 829 320 00074

    Bonjour,

    Un titulaire vous a donné le rôle de titulaire de cet établissement.

    Établissement : « Boulangerie de l'Étoile »
    SIRET : 732 829 320 00074
    Depuis le : lundi 23 novembre 2026 à 14 h 05 (heure de Paris)

    Un titulaire agit pour l'établissement, et décide qui d'autre agit.

    Cela vous surprend ?
    Parlez-en avec un titulaire de l'établissement.
    En cas de doute, prévenez l'assistance :

    https://sesame.example/demande-assistance/

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn each_change_of_a_member_has_its_words() {
    let account = account();
    let mails = CHANGES.map(|(_, change)| {
        let mail = render::member_changed(SITE, establishment(&account), change, now()).unwrap();
        paragraphs(&mail, [1, 3])
    });
    insta::assert_snapshot!(mails.join("\n\n"), @"
    Votre rôle a changé
    Un titulaire vous a donné le rôle de titulaire de cet établissement.
    Un titulaire agit pour l'établissement, et décide qui d'autre agit.

    Votre rôle a changé
    Vous n'êtes plus titulaire de cet établissement.
    Vous y avez maintenant le rôle d'utilisateur, sans rien décider des
    accès.

    Votre accès est suspendu
    Un titulaire a suspendu votre accès à cet établissement.
    Vous ne pouvez plus agir pour lui, tant que votre accès n'est pas
    rétabli. Votre compte reste ouvert.

    Votre accès est rétabli
    Un titulaire a rétabli votre accès à cet établissement.
    Vous pouvez de nouveau agir pour lui.

    Votre accès est retiré
    Un titulaire a retiré votre accès à cet établissement.
    Vous ne pouvez plus agir pour lui. Votre compte reste ouvert.

    Vous avez quitté un établissement
    Vous n'avez plus accès à cet établissement.
    C'est ce que vous avez demandé, ou la personne que vous aviez invitée
    à prendre votre suite a accepté. Votre compte reste ouvert.
    ");
}

#[test]
fn a_holder_reads_what_the_click_does_what_happens_without_it_and_who_may_be_named() {
    let account = account();
    let mail = render::still_there(SITE, establishment(&account), &token(), in_two_months()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Êtes-vous toujours titulaire ? – SIRET 732 829 320 00074

    Bonjour,

    Une fois par an, Sésame demande à chaque titulaire
    s'il est toujours là.

    Établissement : « Boulangerie de l'Étoile »
    SIRET : 732 829 320 00074

    Vous êtes toujours titulaire de cet établissement ?
    Ouvrez cette page, et dites-le d'un clic :

    https://sesame.example/presence/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Ce lien fonctionne jusqu'au
    vendredi 22 janvier 2027 à 14 h 05 (heure de Paris).
    L'ouvrir ne répond pas encore. Répondre ne connecte pas,
    et ne change aucun accès.

    Vous ne répondez pas ?
    Rien ne ferme, et aucun accès ne change : Sésame retient seulement
    que personne n'a répondu. Le prochain courriel part dans un an.

    Qui prendra votre suite ?
    Un titulaire peut nommer cette personne à l'avance. Cela ne lui donne
    aucun droit : ce nom est gardé, au cas où vous partiriez
    sans prévenir.

    https://sesame.example/mon-espace/

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

fn names() -> (Name, Name) {
    (Name::parse("Boulangerie de l'Étoile").unwrap(), Name::parse("Cabinet Martin").unwrap())
}

#[test]
fn an_offer_says_who_would_act_for_whom_from_when_until_when_and_how_to_answer() {
    let (name, other_name) = names();
    let (_, event, is_accepted) = MANDATE_NEWS[0];
    let mail = mandate_mail((event, is_accepted), Side::Client, (&name, &other_name));
    insta::assert_snapshot!(read(&mail), @"
    Objet : Un cabinet vous propose un mandat – SIRET 732 829 320 00074

    Bonjour,

    Un cabinet propose d'agir pour votre établissement.

    Cabinet : « Cabinet Martin »
    SIRET : 418 166 096 00069
    Votre établissement : « Boulangerie de l'Étoile »
    SIRET : 732 829 320 00074
    Premier jour : 1er janvier 2027
    Dernier jour : 31 décembre 2027
    Actes prévus :
    - consulter le dossier
    - déposer les demandes d'autorisation
    - déposer les demandes d'indemnisation

    Un titulaire lit ce mandat dans « Mon espace », puis l'accepte ou le
    refuse. Sans réponse, la proposition prend fin le mercredi 23 décembre
    2026 à 14 h 05 (heure de Paris).

    Les mandats sont ici :

    https://sesame.example/mon-espace/mandats/

    Vous ne connaissez pas ce cabinet ?
    Refusez, ou ne faites rien : sans l'accord d'un titulaire, ce mandat
    ne permet rien. Les noms ci-dessus n'ont pas été vérifiés par Sésame.
    En cas de doute, prévenez l'assistance :

    https://sesame.example/demande-assistance/

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}

#[test]
fn each_event_of_a_mandate_has_its_words_for_either_side() {
    let (name, other_name) = names();
    let mails = MANDATE_NEWS.iter().flat_map(|(_, event, is_accepted)| {
        let mail = |side| mandate_mail((*event, *is_accepted), side, (&name, &other_name));
        Side::ALL.map(|side| paragraphs(&mail(side), [1, 3, 6]))
    });
    let mails: Vec<String> = mails.collect();
    insta::assert_snapshot!(mails.join("\n\n"), @"
    Un cabinet vous propose un mandat
    Un cabinet propose d'agir pour votre établissement.
    Un titulaire lit ce mandat dans « Mon espace », puis l'accepte ou le
    refuse. Sans réponse, la proposition prend fin le mercredi 23 décembre
    2026 à 14 h 05 (heure de Paris).
    Vous ne connaissez pas ce cabinet ?
    Refusez, ou ne faites rien : sans l'accord d'un titulaire, ce mandat
    ne permet rien. Les noms ci-dessus n'ont pas été vérifiés par Sésame.
    En cas de doute, prévenez l'assistance :

    Un établissement vous propose un mandat
    Un établissement propose à votre cabinet d'agir pour lui.
    Un titulaire lit ce mandat dans « Mon espace », puis l'accepte ou le
    refuse. Sans réponse, la proposition prend fin le mercredi 23 décembre
    2026 à 14 h 05 (heure de Paris).
    Vous ne connaissez pas cet établissement ?
    Refusez, ou ne faites rien : sans l'accord d'un titulaire, ce mandat
    ne permet rien. Les noms ci-dessus n'ont pas été vérifiés par Sésame.
    En cas de doute, prévenez l'assistance :

    Un mandat est accepté
    Le cabinet a accepté ce mandat le lundi 23 novembre 2026 à 14 h 05
    (heure de Paris).
    Le cabinet peut agir pour votre établissement, du premier au dernier
    jour du mandat.
    Cela vous surprend ?
    Un titulaire peut y mettre fin à tout moment, avec effet immédiat.
    En cas de doute, prévenez l'assistance :

    Un mandat est accepté
    L'établissement a accepté ce mandat le lundi 23 novembre 2026 à
    14 h 05 (heure de Paris).
    Votre cabinet peut agir pour l'établissement, du premier au dernier
    jour du mandat.
    Cela vous surprend ?
    Un titulaire peut y mettre fin à tout moment, avec effet immédiat.
    En cas de doute, prévenez l'assistance :

    Un mandat est refusé
    Le cabinet a refusé ce mandat le lundi 23 novembre 2026 à 14 h 05
    (heure de Paris).
    Il ne permet rien. Les autres mandats restent les mêmes.
    Cela vous surprend ?
    Un titulaire peut proposer un autre mandat.
    En cas de doute, prévenez l'assistance :

    Un mandat est refusé
    L'établissement a refusé ce mandat le lundi 23 novembre 2026 à 14 h 05
    (heure de Paris).
    Il ne permet rien. Les autres mandats restent les mêmes.
    Cela vous surprend ?
    Un titulaire peut proposer un autre mandat.
    En cas de doute, prévenez l'assistance :

    Une proposition de mandat a pris fin
    Le cabinet a mis fin à cette proposition de mandat le lundi
    23 novembre 2026 à 14 h 05 (heure de Paris).
    Elle n'attend plus de réponse.
    Cela vous surprend ?
    Un titulaire peut proposer un autre mandat.
    En cas de doute, prévenez l'assistance :

    Une proposition de mandat a pris fin
    L'établissement a mis fin à cette proposition de mandat le lundi
    23 novembre 2026 à 14 h 05 (heure de Paris).
    Elle n'attend plus de réponse.
    Cela vous surprend ?
    Un titulaire peut proposer un autre mandat.
    En cas de doute, prévenez l'assistance :

    Un mandat a pris fin
    Le cabinet a mis fin à ce mandat le lundi 23 novembre 2026 à 14 h 05
    (heure de Paris).
    Depuis cet instant, il ne permet plus rien.
    Cela vous surprend ?
    Un titulaire peut proposer un autre mandat.
    En cas de doute, prévenez l'assistance :

    Un mandat a pris fin
    L'établissement a mis fin à ce mandat le lundi 23 novembre 2026 à
    14 h 05 (heure de Paris).
    Depuis cet instant, il ne permet plus rien.
    Cela vous surprend ?
    Un titulaire peut proposer un autre mandat.
    En cas de doute, prévenez l'assistance :

    Un mandat a servi pour la première fois
    Le cabinet a agi pour votre établissement par ce mandat pour la
    première fois, le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).
    Il peut le faire de nouveau jusqu'au dernier jour du mandat.
    Cela vous surprend ?
    Un titulaire peut mettre fin au mandat à tout moment, avec effet
    immédiat.
    En cas de doute, prévenez l'assistance :

    Un mandat a servi pour la première fois
    Votre cabinet a agi par ce mandat pour la première fois, le lundi
    23 novembre 2026 à 14 h 05 (heure de Paris).
    Il peut le faire de nouveau jusqu'au dernier jour du mandat.
    Cela vous surprend ?
    Un titulaire peut mettre fin au mandat à tout moment, avec effet
    immédiat.
    En cas de doute, prévenez l'assistance :
    ");
}

#[test]
fn confirmation_tells_a_new_address_whose_it_would_be_and_no_identifier() {
    let (account, change) = (account(), address_change());
    let mail = render::address_confirmation(SITE, &account, &change, &token(), in_an_hour(), None).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Confirmez votre nouvelle adresse – SIRET 732 829 320 00074

    Bonjour,

    Vous avez demandé que cette adresse devienne celle de votre compte
    pour l'extranet Activité partielle.

    Établissement : « Boulangerie de l'Étoile »
    SIRET : 732 829 320 00074
    Demandé par : « Jeanne Lefèvre »
    Demande reçue le : lundi 23 novembre 2026 à 14 h 05 (heure de Paris)

    Pour confirmer cette adresse :

    https://sesame.example/adresse/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Ce lien fonctionne jusqu'au
    lundi 23 novembre 2026 à 15 h 05 (heure de Paris).
    La confirmation ferme les connexions ouvertes. L'identifiant
    et le mot de passe restent les mêmes.

    Ce n'est pas vous ?
    Ne faites rien. Sans ce lien, le compte garde son adresse.
    Ne le transmettez pas.

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
    assert!(!mail.text.contains("AP-") && !mail.html.contains("AP-"));
}

#[test]
fn notice_tells_the_address_so_far_which_one_is_wanted_and_the_way_back() {
    let mail = render::address_notice(SITE, &account(), &address_change(), &token(), in_a_week()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Une autre adresse pour votre compte – SIRET 732 829 320 00074

    Bonjour,

    Une autre adresse a été demandée pour votre compte,
    avec votre mot de passe,
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Identifiant : AP-1234-567V
    Adresse demandée : l•••@\u{200b}exemple.\u{200b}org

    Elle remplace la vôtre dès qu'elle est confirmée
    par le lien que nous lui avons envoyé.

    C'était vous ?
    Vous n'avez rien à faire.

    Ce n'était pas vous ?
    Gardez, ou reprenez, l'adresse à laquelle vous lisez ce message :

    https://sesame.example/adresse/#0w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3ge1r70w3g

    Ce lien fonctionne jusqu'au
    lundi 30 novembre 2026 à 14 h 05 (heure de Paris).
    Il rend cette adresse au compte, ferme les connexions ouvertes
    et annule le mot de passe. Vous recevez alors un lien pour en choisir
    un autre. Ne le transmettez pas.

    Puis prévenez l'assistance :

    https://sesame.example/demande-assistance/

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
    assert!(!mail.text.contains("lefevre") && !mail.html.contains("lefevre"), "the new address is masked");
}

#[test]
fn closed_says_what_to_do_if_it_was_somebody_else() {
    let mail = render::account_closed(SITE, &account(), now()).unwrap();
    insta::assert_snapshot!(read(&mail), @"
    Objet : Votre compte Sésame est fermé – SIRET 732 829 320 00074

    Bonjour,

    Votre compte a été fermé, avec votre mot de passe,
    le lundi 23 novembre 2026 à 14 h 05 (heure de Paris).

    Établissement : Boulangerie de l'Étoile
    SIRET : 732 829 320 00074
    Identifiant : AP-1234-567V

    Cet identifiant ne sert plus. Les connexions ouvertes sont fermées.
    Pour revenir, demandez une invitation à un titulaire.

    C'était vous ?
    Vous n'avez rien à faire.

    Ce n'était pas vous ?
    Prévenez l'assistance maintenant :

    https://sesame.example/demande-assistance/

    --
    Sésame — accès à l'extranet Activité partielle
    Ce message est envoyé automatiquement.
    Une question ? L'aide est à cette adresse :

    https://sesame.example/aide/
    ");
}
