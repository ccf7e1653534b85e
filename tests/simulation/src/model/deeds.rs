//! Deeds: what was asked of «Mon espace», and whether it was carried out.

use domain::mandate::Transition;
use domain::membership::Change;
use domain::{Role, Scopes, Side};

use super::invitations::Invitation;
use super::{Happened, Model, OpenSession, Sets, Span, Standing, Verdict, Who, holds, is_refused};
use crate::world::Answer;

/// What is asked for. `by` is the account of the session.
#[derive(Debug, Clone)]
pub enum What {
    Access {
        by: Who,
        siret: String,
    },
    See {
        by: Who,
    },
    Journal {
        by: Who,
        siret: String,
    },
    ListMandates {
        by: Who,
        siret: String,
    },
    Invite {
        by: Who,
        siret: String,
        to: String,
        last_name: String,
        role: Role,
        is_successor: bool,
    },
    Correct {
        by: Who,
        siret: String,
        former: usize,
        to: String,
    },
    Withdraw {
        by: Who,
        siret: String,
        invitation: usize,
    },
    Show {
        invitation: usize,
        until: u64,
    },
    /// With a password by a new account, else by that of the session.
    Accept {
        by: Who,
        invitation: usize,
        until: u64,
        password: Option<String>,
    },
    Change {
        by: Who,
        who: Who,
        siret: String,
        change: Change,
    },
    /// The last name of whom a holder names to take over, or nobody's.
    NameHeir {
        by: Who,
        siret: String,
        heir: Option<String>,
    },
    /// «Still there», by the link of a mail.
    AnswerPresence {
        who: Who,
        siret: String,
        until: u64,
    },
    CloseSpace {
        by: Who,
        siret: String,
        password: String,
    },
    CloseAccount {
        by: Who,
        password: String,
    },
    Offer {
        by: Who,
        side: Side,
        siret: String,
        other: String,
        scopes: Scopes,
    },
    OfferMany {
        by: Who,
        siret: String,
        others: Vec<String>,
    },
    Answer {
        by: Who,
        siret: String,
        mandate: usize,
        transition: Transition,
    },
    AskAddress {
        by: Who,
        to: String,
        password: String,
    },
    Confirm {
        change: usize,
        until: u64,
    },
    Restore {
        change: usize,
        until: u64,
    },
    SetPassword {
        by: Who,
        former: String,
        password: String,
    },
    /// Of the session of that cookie, by itself or from another one.
    EndSession {
        ended: String,
    },
    /// What nobody may do, and what changes nothing.
    Nothing,
}

impl What {
    /// Whether it is asked with a session.
    fn has_session(&self) -> bool {
        let is_without = matches!(
            self,
            Self::Show { .. } | Self::Confirm { .. } | Self::Restore { .. } | Self::AnswerPresence { .. }
        );
        !is_without && !matches!(self, Self::Accept { password: Some(_), .. })
    }

    /// The password that it is asked with, and whose it is to be.
    fn proven_by(&self) -> Option<(Who, &str)> {
        match self {
            Self::CloseSpace { by, password, .. }
            | Self::CloseAccount { by, password }
            | Self::AskAddress { by, password, .. } => Some((*by, password.as_str())),
            Self::SetPassword { by, former, .. } => Some((*by, former.as_str())),
            _ => None,
        }
    }

    /// The password that it would set.
    fn chosen(&self) -> Option<&str> {
        match self {
            Self::Accept { password, .. } => password.as_deref(),
            Self::SetPassword { password, .. } => Some(password),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub what: What,
    pub span: Span,
    pub happened: Happened,
    /// The rank of the write of credentials that it makes, if it makes one.
    pub setting: Option<usize>,
}

impl Model {
    /// Something is asked for: until it is answered it may have been carried out. Gives its rank.
    pub fn begin(&mut self, what: &What, from: u64) -> usize {
        let deed = self.deeds.len();
        let sent = Invitation::sent_by(what, deed, &self.invitations);
        self.invitations.extend(sent);
        if let What::Restore { change, .. } = what {
            let is_first = !self
                .deeds
                .iter()
                .any(|deed| matches!(&deed.what, What::Restore { change: other, .. } if other == change));
            self.recoveries_asked += usize::from(is_first);
        }
        let sets = self.sets(what);
        let setting = sets.map(|(who, sets)| self.begin_setting(who, None, sets, from));
        let span = Span { from, to: u64::MAX };
        self.deeds.push(Deed { what: what.clone(), span, happened: Happened::Maybe, setting });
        deed
    }

    /// What it does to the credentials of which account.
    fn sets(&self, what: &What) -> Option<(Who, Sets)> {
        let whose = |change: &usize| Some(self.changes.get(*change)?.who);
        match what {
            What::Accept { by, password: Some(password), .. } | What::SetPassword { by, password, .. } => {
                Some((*by, Sets::Password(password.clone())))
            }
            What::CloseAccount { by, .. } => Some((*by, Sets::Void)),
            What::Restore { change, .. } => Some((whose(change)?, Sets::Void)),
            What::Confirm { change, .. } => Some((whose(change)?, Sets::Nothing)),
            _ => None,
        }
    }

    /// It was answered, or nobody answers it any more.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn answered(&mut self, rank: usize, span: Span, answer: Option<&Answer>) -> Verdict {
        let Some(what) = self.deeds.get(rank).map(|deed| deed.what.clone()) else { return Ok(()) };
        // Not against itself.
        self.settle(rank, span, (Happened::No, Happened::No));
        let verdict = answer.map_or(Ok(()), |answer| self.judge(&what, span, answer));
        let happened = self.happened(&what, span, answer);
        self.settle(rank, span, happened);
        if let Some((who, _)) = what.proven_by()
            && let Some(identifier) = self.identifier(who).map(str::to_owned)
        {
            self.logins.push((identifier, span));
        }
        if let Some(answer) = answer {
            self.learn(rank, &what, answer);
        }
        verdict
    }

    /// Whether a deed was carried out, and whether its write of credentials was. An account leaves its
    /// establishments one by one before it is closed: some of them may be left when the rest is refused.
    fn happened(&self, what: &What, span: Span, answer: Option<&Answer>) -> (Happened, Happened) {
        let happened = Happened::of(answer);
        let What::CloseAccount { by, .. } = what else { return (happened, happened) };
        let is_left_in_part = match answer.map_or("", Answer::problem) {
            "no-session" => true,
            // The only one stays when it is refused.
            "last-holder" => {
                let sirets = self.sirets();
                sirets.iter().filter(|siret| self.can(*by, siret, Standing::Member, span)).count() > 1
            }
            _ => false,
        };
        (if is_left_in_part { Happened::Maybe } else { happened }, happened)
    }

    fn settle(&mut self, rank: usize, span: Span, (happened, of_credentials): (Happened, Happened)) {
        let Some(deed) = self.deeds.get_mut(rank) else { return };
        (deed.span, deed.happened) = (span, happened);
        if let Some(setting) = deed.setting.and_then(|setting| self.settings.get_mut(setting)) {
            (setting.span, setting.happened) = (span, of_credentials);
        }
    }

    /// What an answer tells besides.
    fn learn(&mut self, rank: usize, what: &What, answer: &Answer) {
        if answer.status >= 300 {
            return;
        }
        match what {
            What::Invite { .. } | What::Correct { .. } => {
                let id = answer.body["invitation"].as_str().map(str::to_owned);
                let has_id = |sent: &Invitation| sent.id.is_some() && sent.id == id;
                let is_anothers = self.invitations.iter().any(|sent| has_id(sent) && sent.deed != rank);
                if let Some(sent) = self.invitations.iter_mut().find(|sent| sent.deed == rank) {
                    sent.note_id(id, is_anothers);
                }
            }
            What::Accept { by, password: Some(_), .. } => {
                if let Some(identifier) = answer.body["identifier"].as_str() {
                    self.name_account(*by, identifier);
                }
            }
            What::Restore { .. } => self.recoveries += 1,
            _ => {}
        }
        let opened_by = self.deeds.get(rank).and_then(|deed| Some((deed.setting?, deed.span)));
        let who = opened_by.and_then(|(setting, _)| Some(self.settings.get(setting)?.who));
        if let (Some((setting, opened)), Some(who), Some(cookie)) = (opened_by, who, answer.cookie()) {
            self.sessions.push(OpenSession { cookie, who, opened, by: Some(setting) });
        }
    }

    /// Ends of the session of a cookie that were asked for.
    pub(super) fn endings(&self, cookie: &str) -> impl Iterator<Item = &Deed> {
        let is_of = move |what: &What| matches!(what, What::EndSession { ended } if ended == cookie);
        self.deeds.iter().filter(move |deed| is_of(&deed.what))
    }

    fn judge(&self, what: &What, span: Span, answer: &Answer) -> Verdict {
        match (answer.status, answer.problem()) {
            (503, _) => return Ok(()),
            // Judged where sessions are.
            (401, "no-session") if what.has_session() => return Ok(()),
            // One in a hundred thousand draws is a pattern.
            (422, _) if what.chosen().is_some_and(is_refused) => return Ok(()),
            _ => {}
        }
        if let Some((who, password)) = what.proven_by()
            && let Some(verdict) = self.judge_password((who, password), span, answer)
        {
            return verdict;
        }
        match what {
            What::Access { by, siret } => self.judge_access(*by, siret, span, answer),
            What::See { by } => self.judge_seen(*by, span, answer),
            What::Journal { by, siret } => self.judge_journal(*by, siret, span, answer),
            What::ListMandates { by, siret } => self.judge_list(*by, siret, span, answer),
            What::Invite { by, siret, .. } => self.judge_invited(*by, siret, span, answer),
            What::Correct { by, siret, former, to } => {
                self.judge_corrected((*by, siret.as_str()), (*former, to.as_str()), span, answer)
            }
            What::Withdraw { by, siret, .. } => self.judge_withdrawn(*by, siret, span, answer),
            What::Show { invitation, until } => self.judge_shown(*invitation, *until, span, answer),
            What::Accept { by, invitation, until, password } => {
                self.judge_accepted((*by, password.is_some()), (*invitation, *until), span, answer)
            }
            What::Change { by, who, siret, change } => {
                self.judge_changed((*by, *who), siret, *change, span, answer)
            }
            What::NameHeir { by, siret, .. } => self.judge_named(*by, siret, span, answer),
            What::AnswerPresence { who, siret, until } => {
                self.judge_presence((*who, siret.as_str()), *until, span, answer)
            }
            What::CloseSpace { by, siret, .. } => self.judge_closed_space(*by, siret, span, answer),
            What::CloseAccount { by, .. } => self.judge_closed_account(*by, span, answer),
            What::Offer { by, side, siret, other, .. } => {
                self.judge_offered((*by, *side), (siret.as_str(), other.as_str()), span, answer)
            }
            What::OfferMany { by, siret, others } => {
                self.judge_offered_many((*by, siret.as_str()), others, span, answer)
            }
            What::Answer { by, siret, mandate, transition } => {
                self.judge_answered((*by, siret.as_str()), (*mandate, *transition), span, answer)
            }
            What::AskAddress { .. } | What::SetPassword { .. } => judge_done(answer),
            What::Confirm { change, until } => self.judge_confirmed(*change, *until, span, answer),
            What::Restore { change, until } => self.judge_restored(*change, *until, span, answer),
            What::EndSession { .. } => judge_done(answer),
            What::Nothing => {
                holds(answer.status < 500, || format!("what nobody may do answers {}", answer.status))
            }
        }
    }
}

/// Nothing but success.
fn judge_done(answer: &Answer) -> Verdict {
    holds(answer.status < 300, || format!("it answers {} {}", answer.status, answer.problem()))
}
