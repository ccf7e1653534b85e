//! Why a mail will not come, in French, and what its reader does about it.

use domain::delivery::{AddressStanding, Reason};
use domain::mail::MailState;
use platform::outbox::Status;

use crate::Advice;

/// The sender's note of a mail to a domain that accepts none.
const NO_MAIL_DOMAIN: &str = "no-mail-domain";

/// The reason, as it stands after a colon, and the advice. Neither of a mail that is on its way or has
/// arrived; no advice where another mail has served.
pub fn of(status: &Status) -> (Option<&'static str>, Option<Advice>) {
    let note = status.note.as_deref().unwrap_or_default();
    match status.progress.state {
        MailState::Bounced | MailState::Returned => {
            (status.progress.reason.map(of_bounce), Some(Advice::CorrectAddress))
        }
        MailState::Refused if note == NO_MAIL_DOMAIN => {
            (Some("ce domaine n'accepte pas de messages"), Some(Advice::CorrectAddress))
        }
        MailState::Refused => (Some("notre service d'envoi ne l'a pas accepté"), Some(Advice::AskForHelp)),
        MailState::Suppressed => match AddressStanding::parse(note) {
            Some(standing) => (Some(of_standing(standing)), Some(Advice::CorrectAddress)),
            None => (
                Some("trop de messages ont été demandés pour cette adresse en une heure"),
                Some(Advice::TryLater),
            ),
        },
        MailState::Superseded => (Some("un autre message a déjà servi"), None),
        MailState::NoRecipient => (Some("cette demande n'est plus en cours"), None),
        MailState::Queued
        | MailState::Sending
        | MailState::Sent
        | MailState::Delayed
        | MailState::Delivered
        | MailState::Complained => (None, None),
    }
}

fn of_bounce(reason: Reason) -> &'static str {
    match reason {
        Reason::MailboxUnknown => "adresse inconnue",
        Reason::MailboxFull => "boîte pleine",
        Reason::MailboxClosed => "boîte fermée",
        Reason::DomainUnknown => "domaine inconnu",
        Reason::Blocked => "nos messages y sont bloqués",
        Reason::TooLarge => "message trop lourd",
        Reason::Listed => "cette adresse a déjà refusé un message",
        Reason::Other => "sans raison donnée",
    }
}

fn of_standing(standing: AddressStanding) -> &'static str {
    match standing {
        AddressStanding::Bounced => "cette adresse a déjà refusé un message",
        AddressStanding::Complained => "un message à cette adresse a été signalé comme indésirable",
    }
}
