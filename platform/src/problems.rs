//! Problems (RFC 9457): a stable `type`, French for the reader, a private source for the log.

use domain::{FieldCode, FieldError, Refusal};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Source};
use crate::table::TableError;

/// `Retry-After` of a temporary failure.
pub const RETRY_AFTER_SECONDS: u64 = 5;

/// A problem of a request.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    errors: Vec<FieldError>,
    allow: Option<String>,
    retry_after_seconds: Option<u64>,
    source: Option<Source>,
}

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
    fn words(self) -> Words {
        use StatusCode as S;
        match self {
            Self::MalformedBody => (S::BAD_REQUEST, "malformed-body", "La demande est illisible",
                Some("Le corps doit être un objet JSON, avec les seuls champs prévus.")),
            Self::WrongCredentials => WRONG_CREDENTIALS,
            Self::NoSession => (S::UNAUTHORIZED, "no-session", "Vous n'êtes pas connecté",
                Some("Connectez-vous pour continuer.")),
            Self::NotAllowed => (S::FORBIDDEN, "not-allowed", "Seul un titulaire peut faire cela", None),
            Self::LastHolder | Self::OtherHolders => self.of_holders(),
            Self::SpaceClosed | Self::AddressJustChanged => self.of_closings(),
            Self::InvitationForAnotherAddress => INVITATION_FOR_ANOTHER_ADDRESS,
            Self::AlreadyMember | Self::AccountExists => self.of_accounts(),
            Self::TooManyInvitations => TOO_MANY_INVITATIONS,
            Self::TooManyEstablishments => TOO_MANY_ESTABLISHMENTS,
            Self::MandateState => (S::CONFLICT, "mandate-state", "Mandat modifié : rechargez la page", None),
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
            Self::Unavailable => UNAVAILABLE,
            _ => self.of_desk(),
        }
    }
}

impl Kind {
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

    fn of_accounts(self) -> Words {
        if self == Self::AlreadyMember { ALREADY_MEMBER } else { ACCOUNT_EXISTS }
    }

    fn of_holders(self) -> Words {
        if self == Self::LastHolder { LAST_HOLDER } else { OTHER_HOLDERS }
    }

    fn of_closings(self) -> Words {
        if self == Self::SpaceClosed { SPACE_CLOSED } else { ADDRESS_JUST_CHANGED }
    }
}

/// Status, last part of the type, title, detail.
type Words = (StatusCode, &'static str, &'static str, Option<&'static str>);

const WRONG_CREDENTIALS: Words = (
    StatusCode::UNAUTHORIZED,
    "wrong-credentials",
    "Identifiant ou mot de passe incorrect",
    Some(
        "Vérifiez l'identifiant et le mot de passe. Vous en avez oublié un ? Utilisez les liens sous le \
         formulaire.",
    ),
);
const INTERNAL: Words = (
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal",
    "Le service a rencontré une erreur",
    Some("Réessayez dans quelques minutes, ou écrivez à contact-ap@asp-public.fr."),
);
const UNAVAILABLE: Words = (
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "Le service est momentanément saturé",
    Some("Votre saisie n'est pas perdue : réessayez dans quelques secondes."),
);
const LAST_HOLDER: Words = (
    StatusCode::CONFLICT,
    "last-holder",
    "Vous êtes le dernier titulaire actif",
    Some("Nommez d'abord un autre titulaire, ou fermez l'espace de l'établissement."),
);
const OTHER_HOLDERS: Words = (
    StatusCode::CONFLICT,
    "other-holders",
    "L'établissement a un autre titulaire actif",
    Some("Vous pouvez quitter l'établissement : l'autre titulaire le gère sans vous."),
);
const SPACE_CLOSED: Words = (
    StatusCode::GONE,
    "space-closed",
    "L'espace de cet établissement a été fermé",
    Some("Demandez une invitation à l'un de ses titulaires actuels, ou créez un compte s'il n'en a plus."),
);
const ADDRESS_JUST_CHANGED: Words = (
    StatusCode::CONFLICT,
    "address-just-changed",
    "Votre adresse a changé il y a moins de 7 jours",
    Some("Rien ne peut être fermé tant que l'ancienne adresse permet de revenir en arrière."),
);
const INVITATION_FOR_ANOTHER_ADDRESS: Words = (
    StatusCode::CONFLICT,
    "invitation-for-another-address",
    "Cette invitation est pour une autre adresse",
    Some("Déconnectez-vous, puis ouvrez le lien avec le compte de l'adresse invitée."),
);
const ALREADY_MEMBER: Words = (
    StatusCode::CONFLICT,
    "already-member",
    "Un autre compte de cette adresse est déjà membre",
    Some("Connectez-vous avec cet autre compte, puis ouvrez le lien de nouveau."),
);
const ACCOUNT_EXISTS: Words = (
    StatusCode::CONFLICT,
    "account-exists",
    "Cette adresse a déjà un compte",
    Some(
        "Connectez-vous avec ce compte, puis ouvrez le lien de nouveau. La page «\u{a0}Identifiant \
         oublié\u{a0}» en redonne l'identifiant.",
    ),
);
const TOO_MANY_INVITATIONS: Words = (
    StatusCode::CONFLICT,
    "too-many-invitations",
    "Trop d'invitations en cours",
    Some("Retirez celles qui ne servent plus, puis recommencez."),
);
const TOO_MANY_ESTABLISHMENTS: Words = (
    StatusCode::CONFLICT,
    "too-many-establishments",
    "Ce compte a déjà 30 établissements",
    Some("Quittez-en un, puis ouvrez le lien de nouveau. Pour vos clients, demandez plutôt un mandat."),
);

/// The agency's own words (procedure, case 2).
pub const ESTABLISHMENT_HAS_ACCOUNT: &str = concat!(
    "L'établissement pour lequel vous demandez une création de compte a déjà créé un compte utilisateur. ",
    "Veuillez vous connecter sous ce compte pour ajouter le nouvel utilisateur."
);

/// A problem on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Stable, for programs.
    #[serde(rename = "type")]
    pub kind: String,
    /// French, for people.
    pub title: &'static str,
    pub status: u16,
    /// French, what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
    /// Every error of a form, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldErrorBody>,
}

/// An error of one field on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldErrorBody {
    /// The field's name.
    pub field: &'static str,
    /// Stable, for programs.
    pub code: &'static str,
    /// French, what to do about it.
    pub detail: &'static str,
}

impl Problem {
    /// A problem without further members.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, errors: Vec::new(), allow: None, retry_after_seconds: None, source: None }
    }

    /// `method-not-allowed`, with the value of `Allow`.
    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        Self { allow: Some(allow), ..Self::new(Kind::MethodNotAllowed) }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// The last part of the type, for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.words().1
    }

    /// The value of `Allow`, for `method-not-allowed`.
    #[must_use]
    pub fn allow(&self) -> Option<&str> {
        self.allow.as_deref()
    }

    /// The value of `Retry-After`, for a temporary failure.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    /// The source, for the log only.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    #[must_use]
    pub fn body(&self) -> ProblemBody {
        let (status, _, title, detail) = self.kind.words();
        let errors = self.errors.iter().map(|error| FieldErrorBody {
            field: error.field,
            code: error.code.as_str(),
            detail: detail_of(error),
        });
        ProblemBody {
            kind: self.kind.uri(),
            title,
            status: status.as_u16(),
            detail,
            errors: errors.collect(),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Request(problem) => problem,
            Error::Refused(refusal) => refused(refusal),
            Error::Table(TableError::Unavailable(source)) => unavailable(source),
            Error::Busy(what) => unavailable(what.into()),
            Error::Table(broken @ TableError::Broken(_)) => broken_by(broken.into()),
            Error::Internal(source) => broken_by(source),
        }
    }
}

fn unavailable(source: Source) -> Problem {
    Problem {
        retry_after_seconds: Some(RETRY_AFTER_SECONDS),
        source: Some(source),
        ..Problem::new(Kind::Unavailable)
    }
}

fn broken_by(source: Source) -> Problem {
    Problem { source: Some(source), ..Problem::new(Kind::Internal) }
}

fn refused(refusal: Refusal) -> Problem {
    let kind = match refusal {
        Refusal::InvalidForm(errors) => return Problem { errors, ..Problem::new(Kind::InvalidForm) },
        Refusal::TooManyAttempts { retry_after_seconds } => {
            let retry_after_seconds = Some(retry_after_seconds);
            return Problem { retry_after_seconds, ..Problem::new(Kind::TooManyAttempts) };
        }
        Refusal::TooManyCorrections { retry_after_seconds } => {
            let retry_after_seconds = Some(retry_after_seconds);
            return Problem { retry_after_seconds, ..Problem::new(Kind::TooManyCorrections) };
        }
        Refusal::TooManyMessages { retry_after_seconds } => {
            let retry_after_seconds = Some(retry_after_seconds);
            return Problem { retry_after_seconds, ..Problem::new(Kind::TooManyMessages) };
        }
        Refusal::AgentLoginUnavailable => {
            let retry_after_seconds = Some(RETRY_AFTER_SECONDS);
            return Problem { retry_after_seconds, ..Problem::new(Kind::AgentLoginUnavailable) };
        }
        Refusal::NotAllowed => Kind::NotAllowed,
        Refusal::LastHolder => Kind::LastHolder,
        Refusal::OtherHolders => Kind::OtherHolders,
        Refusal::SpaceClosed => Kind::SpaceClosed,
        Refusal::AddressJustChanged => Kind::AddressJustChanged,
        Refusal::InvitationForAnotherAddress => Kind::InvitationForAnotherAddress,
        Refusal::AlreadyMember => Kind::AlreadyMember,
        Refusal::AccountExists => Kind::AccountExists,
        Refusal::TooManyInvitations => Kind::TooManyInvitations,
        Refusal::TooManyEstablishments => Kind::TooManyEstablishments,
        Refusal::MandateState => Kind::MandateState,
        Refusal::MailUnknown => Kind::MailUnknown,
        Refusal::AlreadyActivated => Kind::AlreadyActivated,
        Refusal::CodeUnknown => Kind::CodeUnknown,
        Refusal::CodeExhausted => Kind::CodeExhausted,
        Refusal::ProofRejected => Kind::ProofRejected,
        Refusal::ProofAlreadyUsed => Kind::ProofAlreadyUsed,
        Refusal::ProofRequired => Kind::ProofRequired,
        Refusal::EstablishmentHasAccount => Kind::EstablishmentHasAccount,
        Refusal::LinkUnknown => Kind::LinkUnknown,
        Refusal::LinkExpired => Kind::LinkExpired,
        Refusal::LinkUsed => Kind::LinkUsed,
        Refusal::WrongCredentials => Kind::WrongCredentials,
        Refusal::NoSession => Kind::NoSession,
        of_desk => kind_of_desk(&of_desk),
    };
    Problem::new(kind)
}

/// The problem of a refusal at the desk.
fn kind_of_desk(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::CaseUnknown => Kind::CaseUnknown,
        Refusal::CaseHeld => Kind::CaseHeld,
        Refusal::CaseState => Kind::CaseState,
        Refusal::TwoPersons => Kind::TwoPersons,
        Refusal::SuccessionState => Kind::SuccessionState,
        Refusal::SuccessionExecuted => Kind::SuccessionExecuted,
        Refusal::NotProposer => Kind::NotProposer,
        Refusal::SuccessionOpen => Kind::SuccessionOpen,
        Refusal::AgentUnknown => Kind::AgentUnknown,
        Refusal::AgentLoginRefused => Kind::AgentLoginRefused,
        Refusal::AddressNotAllowed => Kind::AddressNotAllowed,
        // A refusal that no arm names is our fault, and rings.
        _ => Kind::Internal,
    }
}

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
fn detail_of(error: &FieldError) -> &'static str {
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
