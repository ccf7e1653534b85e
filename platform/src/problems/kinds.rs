//! The problems of the contract: status, type, and what the reader is told.

use http::StatusCode;

/// The problems of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    MalformedBody,
    WrongCredentials,
    NoSession,
    ProofRejected,
    ProofRequired,
    CrossSite,
    AroundTheSite,
    NotFound,
    LinkUnknown,
    MailUnknown,
    CodeUnknown,
    MethodNotAllowed,
    ProofAlreadyUsed,
    EstablishmentHasAccount,
    AlreadyActivated,
    CodeExhausted,
    LinkExpired,
    LinkUsed,
    BodyTooLarge,
    UnsupportedMediaType,
    InvalidForm,
    TooManyAttempts,
    TooManyCorrections,
    NotAllowed,
    LastHolder,
    OtherHolders,
    SpaceClosed,
    AddressJustChanged,
    InvitationForAnotherAddress,
    AlreadyMember,
    AccountExists,
    TooManyInvitations,
    TooManyEstablishments,
    MandateState,
    CaseUnknown,
    CaseHeld,
    CaseState,
    TooManyMessages,
    TwoPersons,
    SuccessionState,
    SuccessionExecuted,
    NotProposer,
    SuccessionOpen,
    AgentUnknown,
    AgentLoginRefused,
    AgentLoginUnavailable,
    AddressNotAllowed,
    Internal,
    Unavailable,
}

impl Kind {
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.words().0
    }

    #[must_use]
    pub fn uri(self) -> String {
        format!("/problems/{}", self.words().1)
    }

    #[rustfmt::skip]
    pub(super) fn words(self) -> Words {
        use StatusCode as S;
        match self {
            Self::MalformedBody => (S::BAD_REQUEST, "malformed-body", "La demande est illisible",
                Some("Le corps doit être un objet JSON, avec les seuls champs prévus.")),
            Self::WrongCredentials => (S::UNAUTHORIZED, "wrong-credentials",
                "Identifiant ou mot de passe incorrect",
                Some("Vérifiez l'identifiant et le mot de passe. Vous en avez oublié un ? Utilisez les liens \
                      sous le formulaire.")),
            Self::NoSession => (S::UNAUTHORIZED, "no-session", "Vous n'êtes pas connecté",
                Some("Connectez-vous pour continuer.")),
            Self::ProofRejected => (S::FORBIDDEN, "proof-rejected", "La vérification anti-robot a expiré",
                Some("Rechargez la page, puis envoyez de nouveau.")),
            Self::ProofRequired => (S::FORBIDDEN, "proof-required",
                "Une vérification anti-robot est nécessaire",
                Some("Il y a eu plusieurs essais avec cet identifiant. Rechargez la page, puis réessayez.")),
            Self::CrossSite => (S::FORBIDDEN, "cross-site", "La demande vient d'un autre site",
                Some("Ouvrez le service à son adresse, puis recommencez.")),
            Self::AroundTheSite => (S::FORBIDDEN, "around-the-site", "La demande ne passe pas par le site",
                Some("Ouvrez le service à son adresse, puis recommencez.")),
            Self::NotFound => (S::NOT_FOUND, "not-found", "Cette adresse n'existe pas", None),
            Self::LinkUnknown => (S::NOT_FOUND, "link-unknown", "Ce lien est inconnu",
                Some("Copiez le lien entier depuis le courriel, ou demandez-en un nouveau.")),
            Self::MailUnknown => (S::NOT_FOUND, "mail-unknown", "Ce message est inconnu",
                Some("Recommencez votre demande : vous recevrez un nouveau message.")),
            Self::CodeUnknown => (S::NOT_FOUND, "code-unknown", "Ce code n'est pas le bon",
                Some("Recopiez le code du dernier courriel. Après cinq erreurs, seul son lien sert.")),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed",
                "Cette méthode n'est pas permise ici", None),
            Self::ProofAlreadyUsed => (S::CONFLICT, "proof-already-used", "Cette vérification a déjà servi",
                Some("Rechargez la page, puis envoyez de nouveau.")),
            Self::EstablishmentHasAccount => (S::CONFLICT, "establishment-has-account",
                "Cet établissement a déjà un compte", Some(ESTABLISHMENT_HAS_ACCOUNT)),
            Self::AlreadyActivated => (S::CONFLICT, "already-activated", "Ce compte est déjà actif",
                Some("Connectez-vous avec l'identifiant du courriel, ou refaites votre mot de passe.")),
            Self::CodeExhausted => (S::GONE, "code-exhausted", "Ce code ne sert plus",
                Some("Après cinq erreurs, ouvrez le lien du courriel, ou attendez une heure.")),
            Self::LinkExpired => (S::GONE, "link-expired", "Ce lien a expiré",
                Some("Sa durée est passée, ou un autre l'a remplacé. Demandez-en un nouveau.")),
            Self::LinkUsed => (S::GONE, "link-used", "Ce lien a déjà servi",
                Some("Un lien ne sert qu'une fois. Connectez-vous, ou demandez un nouveau lien.")),
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "body-too-large", "La demande est trop longue",
                Some("Raccourcissez votre texte, puis envoyez de nouveau.")),
            Self::UnsupportedMediaType => (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type",
                "Ce format n'est pas accepté", Some("Envoyez du JSON : Content-Type: application/json.")),
            Self::InvalidForm => (S::UNPROCESSABLE_ENTITY, "invalid-form",
                "Le formulaire contient des erreurs", None),
            Self::TooManyAttempts => (S::TOO_MANY_REQUESTS, "too-many-attempts",
                "Trop d'essais avec cet identifiant",
                Some("Choisissez un nouveau mot de passe par « J'ai oublié mon mot de passe », ou réessayez \
                      plus tard.")),
            Self::TooManyCorrections => (S::TOO_MANY_REQUESTS, "too-many-corrections",
                "L'adresse a déjà été corrigée trois fois",
                Some("Écrivez-nous par le formulaire de demande d'assistance : nous vous répondrons.")),
            Self::Internal => INTERNAL,
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable",
                "Le service est momentanément saturé",
                Some("Votre saisie n'est pas perdue : réessayez dans quelques secondes.")),
            _ => self.of_spaces(),
        }
    }

    #[rustfmt::skip]
    fn of_spaces(self) -> Words {
        use StatusCode as S;
        match self {
            Self::NotAllowed => (S::FORBIDDEN, "not-allowed", "Seul un titulaire peut faire cela", None),
            Self::LastHolder => (S::CONFLICT, "last-holder", "Vous êtes le dernier titulaire actif",
                Some("Nommez d'abord un autre titulaire, ou fermez l'espace de l'établissement.")),
            Self::OtherHolders => (S::CONFLICT, "other-holders", "L'établissement a un autre titulaire actif",
                Some("Vous pouvez quitter l'établissement : l'autre titulaire le gère sans vous.")),
            Self::SpaceClosed => (S::GONE, "space-closed", "L'espace de cet établissement a été fermé",
                Some("Demandez une invitation à l'un de ses titulaires actuels, ou créez un compte s'il n'en \
                      a plus.")),
            Self::AddressJustChanged => (S::CONFLICT, "address-just-changed",
                "Votre adresse a changé il y a moins de 7 jours",
                Some("Rien ne peut être fermé tant que l'ancienne adresse permet de revenir en arrière.")),
            Self::InvitationForAnotherAddress => (S::CONFLICT, "invitation-for-another-address",
                "Cette invitation est pour une autre adresse",
                Some("Déconnectez-vous, puis ouvrez le lien avec le compte de l'adresse invitée.")),
            Self::AlreadyMember => (S::CONFLICT, "already-member",
                "Un autre compte de cette adresse est déjà membre",
                Some("Connectez-vous avec cet autre compte, puis ouvrez le lien de nouveau.")),
            Self::AccountExists => (S::CONFLICT, "account-exists", "Cette adresse a déjà un compte",
                Some("Connectez-vous avec ce compte, puis ouvrez le lien de nouveau. La page \
                      «\u{a0}Identifiant oublié\u{a0}» en redonne l'identifiant.")),
            Self::TooManyInvitations => (S::CONFLICT, "too-many-invitations", "Trop d'invitations en cours",
                Some("Retirez celles qui ne servent plus, puis recommencez.")),
            Self::TooManyEstablishments => (S::CONFLICT, "too-many-establishments",
                "Ce compte a déjà 30 établissements",
                Some("Quittez-en un, puis ouvrez le lien de nouveau. Pour vos clients, demandez plutôt un \
                      mandat.")),
            Self::MandateState => (S::CONFLICT, "mandate-state", "Mandat modifié : rechargez la page", None),
            _ => self.of_desk(),
        }
    }

    #[rustfmt::skip]
    fn of_desk(self) -> Words {
        use StatusCode as S;
        match self {
            Self::CaseUnknown => (S::NOT_FOUND, "case-unknown", "Cette demande est inconnue",
                Some("Vérifiez sa référence, comme T-261123-7K3MQ2.")),
            Self::CaseHeld => (S::CONFLICT, "case-held", "Un autre agent traite cette demande",
                Some("Rechargez-la pour voir qui et jusqu'à quand. Votre texte n'est pas perdu.")),
            Self::CaseState => (S::CONFLICT, "case-state", "L'état de la demande ne le permet pas",
                Some("Rechargez-la : elle a changé entre-temps.")),
            Self::TooManyMessages => (S::TOO_MANY_REQUESTS, "too-many-messages",
                "Beaucoup de messages attendent déjà une réponse",
                Some("Votre demande est bien suivie. Gardez votre texte, et complétez-la plus tard.")),
            Self::TwoPersons => (S::FORBIDDEN, "two-persons", "Il faut une deuxième personne",
                Some("Demandez à un autre agent que celui qui a fait la première moitié.")),
            Self::SuccessionState => (S::CONFLICT, "succession-state",
                "L'état de la succession ne le permet pas",
                Some("Rechargez la demande pour voir où elle en est et ce qu'elle attend.")),
            // Of the same type: whoever objects by the link of a mail reads another page than an agent.
            Self::SuccessionExecuted => (S::CONFLICT, "succession-state",
                "La succession est déjà faite",
                Some("L'assistance est prévenue de votre opposition et vous répondra. Vous pouvez aussi lui \
                      écrire par le formulaire de demande d'assistance.")),
            Self::NotProposer => (S::FORBIDDEN, "two-persons",
                "Seul l'agent qui l'a proposée, ou un superviseur, peut la retirer",
                Some("Vous pouvez la refuser, en disant ce qui manque.")),
            Self::SuccessionOpen => (S::CONFLICT, "succession-open",
                "Une succession est déjà en cours pour cet établissement",
                Some("Traitez-la, ou retirez-la, avant d'en proposer une autre.")),
            Self::AgentUnknown => (S::FORBIDDEN, "agent-unknown", "Vous n'êtes pas encore habilité",
                Some("Donnez votre numéro d'agent à votre responsable, qui vous ajoutera.")),
            Self::AgentLoginRefused => (S::FORBIDDEN, "agent-login-refused", "La connexion n'a pas abouti",
                Some("Recommencez depuis la page de connexion des agents.")),
            Self::AgentLoginUnavailable => (S::SERVICE_UNAVAILABLE, "agent-login-unavailable",
                "Le service de connexion des agents ne répond pas",
                Some("Réessayez dans quelques secondes.")),
            Self::AddressNotAllowed => (S::FORBIDDEN, "address-not-allowed",
                "Cette adresse du réseau n'est pas permise",
                Some("Ouvrez le service depuis le réseau de l'agence.")),
            _ => INTERNAL,
        }
    }
}

/// Status, last part of the type, title, detail.
pub(super) type Words = (StatusCode, &'static str, &'static str, Option<&'static str>);

const INTERNAL: Words = (
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal",
    "Le service a rencontré une erreur",
    Some("Réessayez dans quelques minutes, ou écrivez à contact-ap@asp-public.fr."),
);

/// The agency's own words (procedure, case 2).
pub const ESTABLISHMENT_HAS_ACCOUNT: &str = concat!(
    "L'établissement pour lequel vous demandez une création de compte a déjà créé un compte utilisateur. ",
    "Veuillez vous connecter sous ce compte pour ajouter le nouvel utilisateur."
);
