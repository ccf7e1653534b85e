//! Templates of answers. An agent completes the text; the person is shown why they get it.

use crate::form::{FieldValue, Rule, Schema, present};
use crate::refusal::FieldCode;

/// A text that an agent begins an answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// On the wire and in the table.
    pub name: &'static str,
    /// Among the others, for the agent.
    pub label: &'static str,
    /// Why such an answer is sent, for the person.
    pub reason: &'static str,
    pub text: &'static str,
}

impl Template {
    /// In the order in which an agent reads them.
    pub const ALL: [Self; 7] = [
        PROOF_OF_ROLE,
        SUCCESSION_BEGUN,
        ACTIVE_HOLDER,
        PASSWORD_LOST,
        MAIL_NOT_RECEIVED,
        MORE_DETAILS,
        OTHER_SERVICE,
    ];

    /// The template of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|template| template.name == name)
    }
}

impl FieldValue for &'static Template {
    type Json = String;

    fn read(name: String) -> Result<Self, FieldCode> {
        Template::find(present(&name)?).ok_or(FieldCode::TemplateUnknown)
    }

    fn schema() -> Schema {
        Schema {
            name: "Template",
            description: "The template that an answer began with.".to_owned(),
            rule: Rule::OneOf(Template::ALL.map(|template| template.name).to_vec()),
        }
    }
}

const PROOF_OF_ROLE: Template = Template {
    name: "proof-of-role",
    label: "Demander un justificatif",
    reason: "Avant de confier un compte, l'agence vérifie que la personne peut agir pour l'établissement.",
    text: "Bonjour,\n\n\
           Pour vous confier le compte de l'établissement, nous devons vérifier que vous pouvez agir en \
           son nom. Merci de répondre à ce courriel en joignant un document récent\u{a0}: une lettre à \
           en-tête signée par un responsable légal, un extrait du registre du commerce, ou le contrat qui \
           vous lie à l'établissement.\n\n\
           Dites-nous aussi depuis quand la personne qui gérait le compte est partie.\n\n\
           L'assistance",
};

const SUCCESSION_BEGUN: Template = Template {
    name: "succession-begun",
    label: "Changement de titulaire engagé",
    reason: "Toutes les personnes qui ont accès au compte sont prévenues, et peuvent s'opposer au \
             changement\u{a0}: cela protège l'établissement.",
    text: "Bonjour,\n\n\
           Nous avons engagé le changement de titulaire du compte. La messagerie de l'ancien titulaire et \
           les autres personnes qui ont accès au compte sont prévenues. Sans opposition de leur part dans \
           le délai, vous recevrez une invitation à votre adresse.\n\n\
           La page de votre demande dit où en est le changement, et jusqu'à quand il attend.\n\n\
           L'assistance",
};

const ACTIVE_HOLDER: Template = Template {
    name: "active-holder",
    label: "Un titulaire peut inviter",
    reason: "Un titulaire de l'établissement est actif\u{a0}: il peut donner cet accès lui-même, tout de \
             suite.",
    text: "Bonjour,\n\n\
           Le compte de l'établissement a un titulaire actif. Il peut vous inviter depuis «\u{a0}Mon \
           espace\u{a0}», rubrique «\u{a0}Collègues\u{a0}»\u{a0}: c'est immédiat, et nous n'avons pas à \
           intervenir. La page «\u{a0}Créer mon espace\u{a0}» peut lui envoyer votre demande \
           d'invitation.\n\n\
           S'il a quitté l'établissement, dites-le nous ici, avec la date de son départ.\n\n\
           L'assistance",
};

const PASSWORD_LOST: Template = Template {
    name: "password-lost",
    label: "Identifiant ou mot de passe oublié",
    reason: "L'identifiant et le mot de passe se retrouvent sans attendre l'assistance.",
    text: "Bonjour,\n\n\
           Vous pouvez retrouver votre identifiant et choisir un nouveau mot de passe vous-même\u{a0}: \
           sur la page d'accueil, «\u{a0}J'ai oublié mon identifiant\u{a0}» puis «\u{a0}J'ai oublié mon \
           mot de passe\u{a0}». Un courriel arrive en quelques minutes, avec l'identifiant et un lien qui \
           fonctionne 60 minutes.\n\n\
           Si rien n'arrive, regardez parmi les courriers indésirables, puis dites-le nous ici.\n\n\
           L'assistance",
};

const MAIL_NOT_RECEIVED: Template = Template {
    name: "mail-not-received",
    label: "Courriel non reçu",
    reason: "Certaines messageries bloquent les courriels du service\u{a0}: un réglage suffit souvent.",
    text: "Bonjour,\n\n\
           Nos courriels vers votre adresse sont bien partis. S'ils n'arrivent pas, regardez parmi les \
           courriers indésirables, et demandez à votre service informatique d'autoriser notre expéditeur. \
           Vous pouvez aussi nous donner une autre adresse professionnelle.\n\n\
           L'assistance",
};

const MORE_DETAILS: Template = Template {
    name: "more-details",
    label: "Demander des précisions",
    reason: "Il nous manque un élément pour traiter la demande.",
    text: "Bonjour,\n\n\
           Pour traiter votre demande, nous avons besoin d'une précision\u{a0}:\n\n\n\n\
           Répondez depuis la page de votre demande\u{a0}: votre réponse rejoint le même dossier.\n\n\
           L'assistance",
};

const OTHER_SERVICE: Template = Template {
    name: "other-service",
    label: "Demande pour un autre service",
    reason: "Cette question relève d'un autre service que l'assistance du compte.",
    text: "Bonjour,\n\n\
           Votre question ne porte pas sur l'accès au compte. Pour une décision d'autorisation, \
           adressez-vous à la direction départementale (DDETS) dont dépend l'établissement ; pour une \
           indemnisation, à votre interlocuteur habituel de l'agence.\n\n\
           L'assistance",
};
