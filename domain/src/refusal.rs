//! Refusals of the domain. They know no HTTP and no French: `platform::problems` has both.

use std::fmt;

/// A rule of the domain refused a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Every missing or wrong field, in the form's order.
    InvalidForm(Vec<FieldError>),
    /// The proof of work is forged, expired, or made for another action.
    ProofRejected,
    /// The proof of work was used for another request.
    ProofAlreadyUsed,
    /// Too many failed logins on this identifier: a proof of work is asked for.
    ProofRequired,
    /// Too many failed logins on this identifier: it is closed to passwords for a while; a link by mail opens
    /// it.
    TooManyAttempts {
        /// When the next attempt is judged, in seconds.
        retry_after_seconds: u64,
    },
    /// The establishment has an active account (procedure, case 2).
    EstablishmentHasAccount,
    /// No such link, or its row has expired.
    LinkUnknown,
    LinkExpired,
    /// The link, or another of the same account, was used.
    LinkUsed,
    /// No mail of that id whose progress is told.
    MailUnknown,
    /// The application whose address is to be corrected has become an account.
    AlreadyActivated,
    /// The address of this application was corrected [`CORRECTIONS_MAX`](crate::mail::CORRECTIONS_MAX) times.
    TooManyCorrections {
        /// When the application is over, in seconds.
        retry_after_seconds: u64,
    },
    /// No live link has this code.
    CodeUnknown,
    /// Too many wrong codes: for a while no code serves.
    CodeExhausted,
    /// Wrong identifier or password; never which of them.
    WrongCredentials,
    /// No session, or an expired one.
    NoSession,
    /// The person may not do that there, or nothing is there: never which of them.
    NotAllowed,
    /// The change would leave an establishment without an active holder.
    LastHolder,
    /// The space cannot be closed over another active holder's head.
    OtherHolders,
    /// The space was closed, whether or not it is open anew.
    SpaceClosed,
    /// The account's address was changed, and its way back still serves: nothing is closed meanwhile.
    AddressJustChanged,
    /// The invitation is for the mailbox of another account.
    InvitationForAnotherAddress,
    /// Another account of the invited address is a member already.
    AlreadyMember,
    /// The invited address has an account of that establishment, which can accept.
    AccountExists,
    /// The account has [`ESTABLISHMENTS_MAX`](crate::membership::ESTABLISHMENTS_MAX) establishments.
    TooManyEstablishments,
    /// Too many open invitations, or too many members with them: see
    /// [`check_number`](crate::invitation::check_number).
    TooManyInvitations,
    /// The mandate's state does not allow that, or another live one has the same establishments, and a scope
    /// and a day of it.
    MandateState,
    /// No request for assistance of that reference.
    CaseUnknown,
    /// Another agent holds the case.
    CaseHeld,
    /// The state of the case does not allow that.
    CaseState,
    /// Too many messages of a person without an answer.
    TooManyMessages {
        /// When the next one is taken, in seconds.
        retry_after_seconds: u64,
    },
    /// It takes another agent than who proposed, or than who did the first half.
    TwoPersons,
    /// The state of the succession does not allow that.
    SuccessionState,
    /// The succession is carried out: an objection comes too late for it.
    SuccessionExecuted,
    /// Only who proposed a succession, or a supervisor, withdraws it.
    NotProposer,
    /// Another succession of the establishment is under way.
    SuccessionOpen,
    /// The identity provider knows the person, and the desk does not.
    AgentUnknown,
    /// What the identity provider said does not hold.
    AgentLoginRefused,
    /// The identity provider does not answer.
    AgentLoginUnavailable,
    /// Agents come from other addresses of the network.
    AddressNotAllowed,
}

impl Refusal {
    /// One error on one field.
    #[must_use]
    pub fn field(field: &'static str, code: FieldCode) -> Self {
        Self::InvalidForm(vec![FieldError { field, code }])
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Refusal {}

/// What is wrong with one field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name on the wire.
    pub field: &'static str,
    /// What is wrong with it.
    pub code: FieldCode,
}

/// Why a value was refused. The names on the wire are part of the contract and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldCode {
    /// Absent, or empty once trimmed.
    Required,
    /// Fewer characters than the field asks for.
    TooShort,
    /// More characters than the field takes.
    TooLong,
    /// A character that cannot be seen: control, line break, direction mark.
    ControlCharacter,
    /// Not 14 digits.
    SiretFormat,
    /// 9 digits: the enterprise's number, without the establishment's.
    SiretIsSiren,
    /// 14 digits that fail the check.
    SiretChecksum,
    /// Not an identifier, or a mistyped one.
    IdentifierFormat,
    /// Not a code, or a mistyped one.
    CodeFormat,
    /// An e-mail address where an identifier is asked for.
    IdentifierIsAnEmail,
    /// Not an e-mail address that mail can reach.
    EmailFormat,
    /// An e-mail address whose domain takes no mail.
    EmailDomain,
    /// Not a phone number.
    PhoneFormat,
    /// The general conditions were not accepted.
    TermsNotAccepted,
    /// Not one of the motives.
    MotiveUnknown,
    /// Not one of the states of a request for assistance.
    CaseStateUnknown,
    /// Not one of the templates of answers.
    TemplateUnknown,
    /// Not one of the actions that a proof serves.
    ActionUnknown,
    /// Not a UUID.
    SubmissionFormat,
    /// Neither `holder` nor `member`; or `member`, where a successor is named.
    RoleUnknown,
    /// Neither `active` nor `suspended`.
    MemberStateUnknown,
    /// Neither `client` nor `cabinet`.
    SideUnknown,
    /// Not one of the scopes of a mandate.
    ScopeUnknown,
    /// The person's own establishment, where another one is asked for.
    SiretIsOwn,
    /// No space of that establishment is open here.
    SiretUnknown,
    /// Not a day like `2026-11-23`.
    DateFormat,
    /// The last day of a mandate is over.
    DatePast,
    /// The last day of a mandate is before its first.
    DateOrder,
    /// A mandate begins too far ahead.
    DateTooFar,
    /// A mandate is longer than a year.
    TermTooLong,
    /// Not the version of the mandate's text that is offered: the page is older.
    TextVersionUnknown,
    /// Not one of the kinds of evidence.
    EvidenceUnknown,
    /// No holder of the establishment has named this address to take over.
    SuccessorNotNamed,
    /// No request for assistance has this reference.
    ReferenceUnknown,
    /// Not the establishment of the request for assistance.
    SiretIsAnother,
    /// Not a holder of the establishment.
    HolderUnknown,
    /// The address of somebody who cannot take over: a holder, or a suspended member.
    EmailTaken,
    /// Not the number of an entry of the journal.
    JournalEntryUnknown,
    /// Under the minimum length of a password.
    PasswordTooShort,
    /// Over the maximum length of a password.
    PasswordTooLong,
    /// Guessed too soon by somebody who knows what people choose.
    PasswordTooCommon,
    /// Made of the person's own data.
    PasswordContainsIdentity,
}

impl FieldCode {
    /// The stable name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::ControlCharacter => "control-character",
            Self::SiretFormat => "siret-format",
            Self::SiretIsSiren => "siret-is-siren",
            Self::SiretChecksum => "siret-checksum",
            Self::IdentifierFormat => "identifier-format",
            Self::CodeFormat => "code-format",
            Self::IdentifierIsAnEmail => "identifier-is-an-email",
            Self::EmailFormat => "email-format",
            Self::EmailDomain => "email-domain",
            Self::PhoneFormat => "phone-format",
            Self::TermsNotAccepted => "terms-not-accepted",
            Self::MotiveUnknown => "motive-unknown",
            Self::CaseStateUnknown => "case-state-unknown",
            Self::TemplateUnknown => "template-unknown",
            Self::ActionUnknown => "action-unknown",
            Self::SubmissionFormat => "submission-format",
            Self::RoleUnknown => "role-unknown",
            Self::MemberStateUnknown => "member-state-unknown",
            Self::SideUnknown => "side-unknown",
            Self::ScopeUnknown => "scope-unknown",
            Self::SiretIsOwn => "siret-is-own",
            Self::SiretUnknown => "siret-unknown",
            Self::DateFormat => "date-format",
            Self::DatePast => "date-past",
            Self::DateOrder => "date-order",
            Self::DateTooFar => "date-too-far",
            Self::TermTooLong => "term-too-long",
            Self::TextVersionUnknown => "text-version-unknown",
            Self::EvidenceUnknown => "evidence-unknown",
            Self::SuccessorNotNamed => "successor-not-named",
            Self::ReferenceUnknown => "reference-unknown",
            Self::SiretIsAnother => "siret-is-another",
            Self::HolderUnknown => "holder-unknown",
            Self::EmailTaken => "email-taken",
            Self::JournalEntryUnknown => "journal-entry-unknown",
            Self::PasswordTooShort => "password-too-short",
            Self::PasswordTooLong => "password-too-long",
            Self::PasswordTooCommon => "password-too-common",
            Self::PasswordContainsIdentity => "password-contains-identity",
        }
    }
}
