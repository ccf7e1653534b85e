//! Mails of an establishment's space: invitations, requests for one, and what changed for its members.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::invitation::Inviter;
use domain::membership::Change;
use domain::time::Timestamp;
use domain::{Email, FullName, Invitation, Name, Role, Siret, Token};
use serde::Serialize;

use super::{Content, Words, about, content, filters, in_words, url_of};

/// The establishment that a mail is about.
#[derive(Debug, Clone, Copy)]
pub struct Establishment<'a> {
    pub siret: &'a Siret,
    pub name: &'a Name,
}

/// The link of an invitation, for who may know neither the inviter nor the service.
pub fn invitation(
    site: &str,
    of: Establishment<'_>,
    inviter: &str,
    invitation: &Invitation,
    token: &Token,
) -> Result<Content, askama::Error> {
    let (offer, until) = (invitation.offer, invitation.valid_until);
    let subject = about("Invitation à rejoindre un établissement", of.siret);
    content!(subject, "invitation.txt", "invitation.html", {
        site: str = site,
        establishment: Name = of.name,
        siret: Siret = of.siret,
        inviter: str = inviter,
        is_by_agency: bool = &(invitation.invited_by == Inviter::Agency),
        role: str = offer.role().label(),
        is_holder: bool = &(offer.role() == Role::Holder),
        is_successor: bool = &offer.is_successor(),
        link: str = &url_of(site, "invitation", token),
        until: str = &in_words(until),
    })
}

/// Somebody asks for an invitation; with a link that fills in its form.
pub fn invitation_request(
    site: &str,
    of: Establishment<'_>,
    asker: &FullName,
    email: &Email,
    asked_at: Timestamp,
) -> Result<Content, askama::Error> {
    let link = inviting_url(site, of.siret, asker, email)?;
    let subject = about("Une demande d'invitation", of.siret);
    content!(subject, "invitation_request.txt", "invitation_request.html", {
        site: str = site,
        establishment: Name = of.name,
        siret: Siret = of.siret,
        asker: str = &asker.joined(),
        email: str = email.as_str(),
        asked: str = &in_words(asked_at),
        link: str = &link,
    })
}

/// An invitation was accepted: who has which role by it.
pub fn member_joined(
    site: &str,
    of: Establishment<'_>,
    person: &FullName,
    role: Role,
    accepted_at: Timestamp,
) -> Result<Content, askama::Error> {
    let subject = about("Une invitation a été acceptée", of.siret);
    content!(subject, "member_joined.txt", "member_joined.html", {
        site: str = site,
        establishment: Name = of.name,
        siret: Siret = of.siret,
        person: str = &person.joined(),
        role: str = role.label(),
        accepted: str = &in_words(accepted_at),
    })
}

/// What was changed for the person who reads it.
pub fn member_changed(
    site: &str,
    of: Establishment<'_>,
    change: Change,
    changed_at: Timestamp,
) -> Result<Content, askama::Error> {
    let words = words_of(change);
    content!(about(words.subject, of.siret), "member_changed.txt", "member_changed.html", {
        site: str = site,
        establishment: Name = of.name,
        siret: Siret = of.siret,
        changed: str = &in_words(changed_at),
        words: Words = &words,
    })
}

/// The space of the establishment is closed, with all that was in it.
pub fn space_closed(
    site: &str,
    of: Establishment<'_>,
    closed_at: Timestamp,
) -> Result<Content, askama::Error> {
    let words = Words {
        subject: "L'espace de votre établissement est fermé",
        said: "Le dernier titulaire a fermé l'espace de cet établissement, avec son mot de passe.".to_owned(),
        then: "Plus personne n'y a accès\u{a0}: ni membres, ni cabinets. Votre compte reste ouvert."
            .to_owned(),
        doubt: "Cela vous surprend\u{a0}?",
        advice: "Prévenez l'assistance sans attendre\u{a0}: l'établissement peut rouvrir un espace.",
    };
    content!(about(words.subject, of.siret), "member_changed.txt", "member_changed.html", {
        site: str = site,
        establishment: Name = of.name,
        siret: Siret = of.siret,
        changed: str = &in_words(closed_at),
        words: Words = &words,
    })
}

fn words_of(change: Change) -> Words {
    let (subject, said, then) = match change {
        Change::Promote => (
            "Votre rôle a changé",
            "Un titulaire vous a donné le rôle de titulaire de cet établissement.",
            "Un titulaire agit pour l'établissement, et décide qui d'autre agit.",
        ),
        Change::Demote => (
            "Votre rôle a changé",
            "Vous n'êtes plus titulaire de cet établissement.",
            "Vous y avez maintenant le rôle d'utilisateur, sans rien décider des accès.",
        ),
        Change::Suspend => (
            "Votre accès est suspendu",
            "Un titulaire a suspendu votre accès à cet établissement.",
            "Vous ne pouvez plus agir pour lui, tant que votre accès n'est pas rétabli. Votre compte reste \
             ouvert.",
        ),
        Change::Resume => (
            "Votre accès est rétabli",
            "Un titulaire a rétabli votre accès à cet établissement.",
            "Vous pouvez de nouveau agir pour lui.",
        ),
        Change::Remove => (
            "Votre accès est retiré",
            "Un titulaire a retiré votre accès à cet établissement.",
            "Vous ne pouvez plus agir pour lui. Votre compte reste ouvert.",
        ),
        Change::Leave => (
            "Vous avez quitté un établissement",
            "Vous n'avez plus accès à cet établissement.",
            "C'est ce que vous avez demandé, ou la personne que vous aviez invitée à prendre votre suite a \
             accepté. Votre compte reste ouvert.",
        ),
    };
    Words {
        subject,
        said: said.to_owned(),
        then: then.to_owned(),
        doubt: "Cela vous surprend\u{a0}?",
        advice: "Parlez-en avec un titulaire de l'établissement.",
    }
}

/// Asks a holder whether they are still there; with the link that answers. `until` is its last moment.
pub fn still_there(
    site: &str,
    of: Establishment<'_>,
    token: &Token,
    until: Timestamp,
) -> Result<Content, askama::Error> {
    let subject = about("Êtes-vous toujours titulaire\u{a0}?", of.siret);
    content!(subject, "still_there.txt", "still_there.html", {
        site: str = site,
        establishment: Name = of.name,
        siret: Siret = of.siret,
        link: str = &url_of(site, "presence", token),
        until: str = &in_words(until),
    })
}

/// Who is to be invited, as the page of my space reads it.
#[derive(Serialize)]
struct Inviting<'a> {
    siret: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
}

/// The page that fills in an invitation's form: base64url of a JSON object in the fragment, so that no server
/// logs a name.
fn inviting_url(site: &str, siret: &Siret, name: &FullName, email: &Email) -> Result<String, askama::Error> {
    let inviting = Inviting {
        siret: siret.as_str(),
        first_name: name.first.as_str(),
        last_name: name.last.as_str(),
        email: email.as_str(),
    };
    let json = serde_json::to_vec(&inviting).map_err(askama::Error::custom)?;
    Ok(format!("{site}/mon-espace/#inviter={}", URL_SAFE_NO_PAD.encode(json)))
}
