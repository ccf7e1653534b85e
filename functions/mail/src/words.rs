//! Why a mail did not arrive, in French.

use domain::delivery::Reason;
use domain::mail::MailState;
use platform::outbox::Status;

/// The reason as the page says it, after the domain's name.
pub fn reason(status: &Status) -> Option<&'static str> {
    match status.progress.state {
        MailState::Bounced | MailState::Returned => Some(of_bounce(status.progress.reason?)),
        MailState::Suppressed => Some("cette adresse a refusé un message, ou en a déjà reçu trop"),
        MailState::Superseded => Some("un message plus récent a déjà servi"),
        MailState::NoRecipient => Some("cette demande n'est plus en cours"),
        _ => None,
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
