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
        self.closings(siret)
            .any(|closing| is_possibly_between((closing.span, closing.happened), after, before))
    }

    /// Closings of accounts that were asked for: the account, when, and whether it was closed.
    pub(super) fn closed_accounts(&self) -> impl Iterator<Item = (Who, Span, Happened)> {
        let closings = self.deeds.iter().filter(|deed| matches!(deed.what, What::CloseAccount { .. }));
        let settings = closings.filter_map(move |deed| self.settings.get(deed.setting?));
        settings.map(|setting| (setting.who, setting.span, setting.happened))
    }

    /// Whether an account may have been.
    pub(super) fn may_be_closed_account(&self, who: Who, after: Span, before: Span) -> bool {
        self.closed_accounts()
            .any(|(of, span, happened)| of == who && is_possibly_between((span, happened), after, before))
    }

    /// Whether the account of a closing may have become a member elsewhere meanwhile.
    #[must_use]
    pub fn may_join_meanwhile(&self, what: &What, span: Span) -> bool {
        let What::CloseAccount { by: who, .. } = what else { return false };
        self.deeds.iter().any(|deed| {
            let is_it = matches!(deed.what, What::Accept { by, .. } if by == *who);
            is_it && deed.happened.is_possible() && !deed.span.is_before(span) && deed.span.can_precede(span)
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
                let may_be_changed = self.can(who, siret, Standing::Member, span);
                holds(may_be_changed, || format!("who is no member of {siret} is changed ({change:?})"))?;
                holds(!ends_a_holder || !self.is_last_holder(siret, who, span), || {
                    format!("the last holder of {siret} is lost ({change:?})")
                })?;
                judge_member(change, answer)
            }
            (403, "not-allowed") => {
                let decides = is_own_leave || (self.must_hold(by, siret, span) && !is_own_state);
                let is_member = self.must(who, siret, Standing::Member, span);
                holds(!decides || !is_member, || {
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
                })?;
                holds(!self.must_have_moved(by, span), || {
                    format!("the space of {siret} is closed while its holder's address can come back")
                })
            }
            (409, "address-just-changed") => self.judge_just_changed(by, span),
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
            (200, _) => {
                holds(!sirets.iter().any(|siret| self.is_last_holder(siret, by, span)), || {
                    "an account is closed that is the last holder".to_owned()
                })?;
                holds(!self.must_have_moved(by, span), || {
                    "an account is closed while its address can come back".to_owned()
                })
            }
            (409, "address-just-changed") => self.judge_just_changed(by, span),
            (409, "last-holder") => {
                holds(sirets.iter().any(|siret| self.may_be_last_holder(siret, by, span)), || {
                    "an account is not closed for a last holder that it is not".to_owned()
                })
            }
            (status, problem) => Err(format!("closing an account answers {status} {problem}")),
        }
    }
}

fn is_possibly_between((span, happened): (Span, Happened), after: Span, before: Span) -> bool {
    happened.is_possible() && !span.is_before(after) && span.can_precede(before)
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
