//! What is said beside a field that is refused.

use domain::{FieldCode, FieldError};

/// The detail of a field that is missing.
fn required(field: &str) -> &'static str {
    match field {
        "siret" => "Indiquez le SIRET de l'établissement.",
        "establishment_name" => "Indiquez la dénomination de l'établissement.",
        "first_name" => "Indiquez votre prénom.",
        "last_name" => "Indiquez votre nom.",
        "full_name" => "Indiquez vos nom et prénom.",
        "email" => "Indiquez votre adresse électronique.",
        "phone" => "Indiquez votre numéro de téléphone.",
        "identifier" => "Indiquez votre identifiant.",
        "password" => "Indiquez votre mot de passe.",
        "new_password" => "Indiquez votre nouveau mot de passe.",
        "other_siret" => "Indiquez le SIRET de l'autre établissement.",
        "scopes" => "Choisissez au moins une portée.",
        "list" => "Donnez au moins un SIRET.",
        "motive" => "Choisissez le motif de votre demande.",
        "description" => "Décrivez votre demande.",
        "reference" => "Indiquez la référence de la demande.",
        "evidence" => "Donnez au moins une pièce, et dites ce qu'elle montre.",
        "holder" => "Choisissez qui est remplacé : l'établissement a plusieurs titulaires.",
        "text" => "Écrivez ce qui manque.",
        "accept_terms" => "Acceptez les conditions générales d'utilisation pour continuer.",
        "proof" => "Attendez la fin de la vérification anti-robot, puis envoyez de nouveau.",
        _ => "Remplissez ce champ.",
    }
}

/// The detail of an error, shown beside its field.
pub(super) fn detail_of(error: &FieldError) -> &'static str {
    match (error.field, error.code) {
        (_, FieldCode::RoleUnknown) => "Choisissez un rôle de la liste ; qui prend la suite est titulaire.",
        (_, FieldCode::MemberStateUnknown) => "Cet état n'existe pas.",
        (_, FieldCode::SideUnknown) => "Dites si votre établissement est le client ou le cabinet.",
        (_, FieldCode::ScopeUnknown) => "Choisissez des portées de la liste.",
        (_, FieldCode::SiretIsOwn) => "C'est votre propre établissement : indiquez l'autre.",
        (_, FieldCode::SiretUnknown) => {
            "Cet établissement n'a pas d'espace ici : demandez-lui d'en ouvrir un."
        }
        (_, FieldCode::DateFormat) => "Cette date n'existe pas : écrivez-la comme 2026-11-23.",
        (_, FieldCode::DatePast) => "Cette date est passée.",
        (_, FieldCode::DateOrder) => "La fin est avant le début.",
        (_, FieldCode::DateTooFar) => "Le mandat commence dans un an au plus.",
        (_, FieldCode::TermTooLong) => "Un mandat dure un an au plus.",
        (_, FieldCode::TextVersionUnknown) => "Le texte du mandat a changé : rechargez la page.",
        ("description", FieldCode::TooShort) => "Décrivez votre demande en 10 caractères au moins.",
        ("description", FieldCode::TooLong) => {
            "Votre description dépasse 5 000 caractères : raccourcissez-la."
        }
        ("evidence", FieldCode::TooLong) => "Donnez dix pièces au plus, de 1 000 caractères au plus.",
        ("text", FieldCode::TooLong) => "Ce texte est trop long : raccourcissez-le.",
        ("list", FieldCode::TooLong) => "Cette liste est trop longue : envoyez-la en plusieurs fois.",
        (field, FieldCode::Required) => required(field),
        (_, FieldCode::TooShort) => "Ce texte est trop court : complétez-le.",
        (_, FieldCode::TooLong) => "Ce texte dépasse 100 caractères : raccourcissez-le.",
        (_, FieldCode::ControlCharacter) => {
            "Ce texte contient un caractère invisible : effacez-le et tapez-le de nouveau."
        }
        (_, FieldCode::SiretFormat) => {
            "Un SIRET a 14 chiffres, sans lettre : comptez-les. Un numéro de TVA n'en est pas un. Dans un \
             tableur, mettez la cellule au format Nombre, sans décimale."
        }
        (_, FieldCode::SiretIsSiren) => "C'est le SIREN : ajoutez les 5 chiffres du NIC.",
        (_, FieldCode::SiretChecksum) => {
            "Ce SIRET contient une erreur de frappe : vérifiez ses 14 chiffres un à un."
        }
        (_, FieldCode::IdentifierFormat) => {
            "Un identifiant s'écrit AP- puis 8 caractères, comme AP-7K3M-Q2FD : vérifiez votre saisie."
        }
        (_, FieldCode::CodeFormat) => "Un code a 8 caractères, comme 7K3M-Q2FD : recopiez celui du courriel.",
        (_, FieldCode::IdentifierIsAnEmail) => {
            "Saisissez votre identifiant (AP-…), pas une adresse de messagerie."
        }
        (_, FieldCode::EmailFormat) => "Cette adresse n'est pas valide : elle s'écrit comme nom@exemple.fr.",
        (_, FieldCode::EmailDomain) => {
            "Cette adresse ne peut pas recevoir de courriel : vérifiez ce qui suit le signe @."
        }
        (_, FieldCode::PhoneFormat) => {
            "Ce numéro n'est pas valide : écrivez-le comme 01 23 45 67 89, ou avec + et l'indicatif du pays."
        }
        (_, FieldCode::TermsNotAccepted) => "Acceptez les conditions générales d'utilisation pour continuer.",
        (_, FieldCode::MotiveUnknown) => "Choisissez un motif de la liste.",
        (_, FieldCode::ActionUnknown) => "Cette action n'existe pas.",
        (_, FieldCode::SubmissionFormat) => "La page est à recharger : votre saisie sera conservée.",
        (_, FieldCode::JournalEntryUnknown) => {
            "Le journal n'a pas d'entrée de ce numéro : elles vont de 1 au nombre que dit sa fin."
        }
        (_, FieldCode::PasswordTooShort) => "Choisissez un mot de passe de 12 caractères au moins.",
        (_, FieldCode::PasswordTooLong) => "Choisissez un mot de passe de 128 caractères au plus.",
        (_, FieldCode::PasswordTooCommon) => {
            "Ce mot de passe se devine trop vite : choisissez quatre mots sans lien entre eux."
        }
        (_, FieldCode::PasswordContainsIdentity) => {
            "Ce mot de passe reprend vos données (nom, adresse, SIRET) : choisissez-en un autre."
        }
        (_, code) => detail_of_desk(code),
    }
}

/// The detail of an error of what agents send.
fn detail_of_desk(code: FieldCode) -> &'static str {
    match code {
        FieldCode::CaseStateUnknown => "Choisissez un état de la liste.",
        FieldCode::TemplateUnknown => "Ce modèle de réponse n'existe plus : rechargez la page.",
        FieldCode::EvidenceUnknown => "Choisissez des pièces de la liste.",
        FieldCode::SuccessorNotNamed => "Aucun titulaire n'a nommé cette adresse pour prendre sa suite.",
        FieldCode::ReferenceUnknown => "Aucune demande n'a cette référence.",
        FieldCode::SiretIsAnother => "Ce n'est pas l'établissement de la demande.",
        FieldCode::HolderUnknown => "Choisissez un titulaire de l'établissement.",
        _ => "Cette adresse est celle d'un titulaire, ou d'un accès suspendu : indiquez-en une autre.",
    }
}
