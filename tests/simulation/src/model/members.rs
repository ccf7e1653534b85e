//! What answers about members and spaces may be: who decides, and that the last active holder stays.

use domain::membership::Change;

use super::deeds::{Deed, What};
use super::{Happened, Model, Span, Standing, Verdict, Who, holds};
use crate::world::Answer;

impl Model {
    /// Closings of an establishment's space that were asked for.
    pub(super) fn closings(&self, siret: &str) -> impl Iterator<Item = &Deed> {
        let is_of =
            move |what: &What| matches!(what, What::CloseSpace { siret: closed, .. } if closed == siret);
        self.deeds.iter().filter(move |deed| is_of(&deed.what))
    }

    /// How often a space was closed at least, and at the most.
    #[must_use]
    pub fn closed_times(&self, siret: &str) -> (u64, u64) {
        let count = |is_counted: fn(Happened) -> bool| {
            self.closings(siret).filter(|closing| is_counted(closing.happened)).count() as u64
        };
        (count(|happened| happened == Happened::Yes), count(Happened::is_possible))
    }

    /// Whether a space may have been closed after one thing and before another.
    pub(super) fn may_be_closed_between(&self, siret: &str, after: Span, before: Span) -> bool {
        self.closings(siret).any(|closing| is_possibly_between(closing, after, before))
    }

    /// Whether an account may have been.
    pub(super) fn may_be_closed_account(&self, who: Who, after: Span, before: Span) -> bool {
        self.deeds.iter().any(|deed| {
            let is_it = matches!(deed.what, What::CloseAccount { by, .. } if by == who);
            is_it && is_possibly_between(deed, after, before)
        })
    }

    /// Whether another active holder stays, whatever became of requests without an answer.
    fn has_other_holder(&self, siret: &str, besides: Who, span: Span) -> bool {
        self.others(besides).any(|who| self.must_hold(who, siret, span))
    }

    fn may_have_other_holder(&self, siret: &str, besides: Who, span: Span) -> bool {
        self.others(besides).any(|who| self.can_hold(who, siret, span))
    }

    /// Whether somebody is the only active holder.
    fn is_last_holder(&self, siret: &str, who: Who, span: Span) -> bool {
        self.must_hold(who, siret, span) && !self.may_have_other_holder(siret, who, span)
    }

    fn may_be_last_holder(&self, siret: &str, who: Who, span: Span) -> bool {
        self.can_hold(who, siret, span) && !self.has_other_holder(siret, who, span)
    }

    pub(super) fn judge_changed(
        &self,
        (by, who): (Who, Who),
        siret: &str,
        change: Change,
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        let ends_a_holder = !matches!(change, Change::Promote | Change::Resume);
        let is_own_leave = change == Change::Leave && by == who;
        // Nobody suspends or resumes themselves.
        let is_own_state = by == who && matches!(change, Change::Suspend | Change::Resume);
        match (answer.status, answer.problem()) {
            (200 | 204, _) => {
                let may_decide = self.can_hold(by, siret, span) && !is_own_state;
                holds(is_own_leave || may_decide, || {
                    format!("who is no holder of {siret} makes a change ({change:?})")
                })?;
                holds(self.can(who, siret, Standing::Member, span), || {
                    format!("who is no member of {siret} is changed ({change:?})")
                })?;
                holds(!ends_a_holder || !self.is_last_holder(siret, who, span), || {
                    format!("the last holder of {siret} is lost ({change:?})")
                })?;
                judge_member(change, answer)
            }
            (403, "not-allowed") => {
                let decides = is_own_leave || (self.must_hold(by, siret, span) && !is_own_state);
                holds(!decides || !self.must(who, siret, Standing::Member, span), || {
                    format!("a holder of {siret} may not make a change ({change:?})")
                })
            }
            (409, "last-holder") => holds(ends_a_holder && self.may_be_last_holder(siret, who, span), || {
                format!("{siret} has another holder, and a change is refused ({change:?})")
            }),
            (status, problem) => Err(format!("a change in {siret} ({change:?}) answers {status} {problem}")),
        }
    }

    pub(super) fn judge_closed_space(&self, by: Who, siret: &str, span: Span, answer: &Answer) -> Verdict {
        match (answer.status, answer.problem()) {
            (200, _) => {
                holds(self.can_hold(by, siret, span), || {
                    format!("who is no holder of {siret} closes its space")
                })?;
                holds(!self.has_other_holder(siret, by, span), || {
                    format!("the space of {siret} is closed over another holder's head")
                })
            }
            (409, "other-holders") => holds(self.may_have_other_holder(siret, by, span), || {
                format!("{siret} has no other holder, and its space stays open")
            }),
            (403, "not-allowed") => holds(!self.must_hold(by, siret, span), || {
                format!("a holder of {siret} may not close its space")
            }),
            (status, problem) => Err(format!("closing the space of {siret} answers {status} {problem}")),
        }
    }

    pub(super) fn judge_closed_account(&self, by: Who, span: Span, answer: &Answer) -> Verdict {
        let sirets = self.sirets();
        match (answer.status, answer.problem()) {
            (200, _) => holds(!sirets.iter().any(|siret| self.is_last_holder(siret, by, span)), || {
                "an account is closed that is the last holder".to_owned()
            }),
            (409, "last-holder") => {
                holds(sirets.iter().any(|siret| self.may_be_last_holder(siret, by, span)), || {
                    "an account is not closed for a last holder that it is not".to_owned()
                })
            }
            (status, problem) => Err(format!("closing an account answers {status} {problem}")),
        }
    }
}

fn is_possibly_between(deed: &Deed, after: Span, before: Span) -> bool {
    deed.happened.is_possible() && !deed.span.is_before(after) && deed.span.can_precede(before)
}

/// The member as it is answered after a change.
fn judge_member(change: Change, answer: &Answer) -> Verdict {
    let (field, value) = match change {
        Change::Promote => ("role", "holder"),
        Change::Demote => ("role", "member"),
        Change::Suspend => ("state", "suspended"),
        Change::Resume => ("state", "active"),
        Change::Leave | Change::Remove => return Ok(()),
    };
    holds(answer.body[field] == value, || {
        format!("a change ({change:?}) leaves the {field} {}", answer.body[field])
    })
}
