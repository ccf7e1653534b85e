//! What the thread of a request is told of its succession. The person reads it too: no agent's name is in it.

use domain::CaseState;
use domain::succession::{Statement, Succession};

use super::Successions;
use crate::agents::Agent;
use crate::cases::{Author, Procedure};
use crate::error::Error;
use crate::table::Transaction;

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(super) enum Happened<'a> {
    Proposed,
    Executed,
    SentAgain,
    Refused(&'a Statement),
    Withdrawn,
    Contested,
    /// The first of two agents lifts an objection.
    HalfLifted,
    Renewed,
    /// An objection after the execution: somebody must look at it.
    ContestedLate,
}

impl Happened<'_> {
    fn text(self, succession: &Succession) -> String {
        let to = succession.email.masked();
        match self {
            Self::Proposed => "Une succession est proposée. Les personnes concernées en sont prévenues par \
                               courriel, et peuvent s'y opposer."
                .to_owned(),
            Self::Executed => format!("La succession est faite : une invitation part à l'adresse {to}."),
            Self::SentAgain => format!("L'invitation part de nouveau à l'adresse {to}."),
            Self::Refused(missing) => {
                format!("La succession n'est pas accordée pour le moment. Il manque : {}", missing.as_str())
            }
            Self::Withdrawn => "La proposition de succession est retirée.".to_owned(),
            Self::Contested => "Une personne prévenue s'oppose à la succession : tout est arrêté, le temps \
                                de l'examiner."
                .to_owned(),
            Self::HalfLifted => "L'opposition est examinée par une deuxième personne.".to_owned(),
            Self::Renewed => "L'opposition est levée. Les personnes concernées sont prévenues de nouveau, \
                              et un nouveau délai commence."
                .to_owned(),
            Self::ContestedLate => "Une opposition est arrivée après la succession.".to_owned(),
        }
    }

    /// Where the request comes to, if it moves: what was objected to, somebody must look at.
    fn state(self) -> Option<CaseState> {
        match self {
            Self::Contested | Self::ContestedLate => Some(CaseState::Waiting),
            Self::Refused(_) => Some(CaseState::Answered),
            _ => None,
        }
    }

    /// Whether the person is sent it by mail too.
    fn is_mailed(self) -> bool {
        !matches!(self, Self::HalfLifted | Self::SentAgain)
    }
}

impl Successions {
    /// Adds an entry to the thread of the request: by an agent, or by the service. Nothing once the request
    /// is gone.
    pub(super) async fn tell_thread(
        &self,
        transaction: &mut Transaction,
        succession: &Succession,
        agent: Option<&Agent>,
        happened: Happened<'_>,
    ) -> Result<(), Error> {
        let Some(file) = self.cases.find(&succession.reference).await? else { return Ok(()) };
        let by = agent.map_or(Author::Service, Author::Agent);
        let procedure = Procedure { state: happened.state(), is_mailed: happened.is_mailed() };
        self.cases.append(transaction, &file, (by, &happened.text(succession)), procedure)
    }
}
