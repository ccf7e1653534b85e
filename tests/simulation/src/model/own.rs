//! What answers about a person's own data may be: passwords, changes of address and their ways back.

use domain::account::{FAILED_LOGINS_WINDOW, GUESSES_MAX, GUESSES_WINDOW};
use domain::address_change::{ADDRESS_CHANGE_RETENTION, WAY_BACK_DAYS};

use super::deeds::{Deed, What};
use super::{
    Happened, Model, SLACK_MS, Setting, Span, Turn, Verdict, Who, can_stand, holds, millis, must_stand,
};
use crate::world::Answer;

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 3_600_000;

/// A link of a change of address, as the rows state it.
#[derive(Debug, Clone)]
pub struct KnownChange {
    pub token: String,
    pub id: String,
    pub identifier: String,
    pub former: String,
    pub new: String,
    /// Of the two links of a change, the one that confirms it.
    pub is_confirmation: bool,
    /// When it was asked for, in milliseconds since the beginning.
    pub asked: u64,
    /// The last moment at which the link serves, in the same.
    pub until: u64,
}

/// A change of address that was asked for.
#[derive(Debug, Clone)]
pub(super) struct AddressChange {
    id: String,
    pub who: Who,
    pub former: String,
    pub new: String,
    asked: u64,
}

impl Model {
    /// The change of a link.
    pub fn change_of(&mut self, known: &KnownChange) -> usize {
        if let Some(rank) = self.changes.iter().position(|change| change.id == known.id) {
            return rank;
        }
        let who = self.who(&known.identifier);
        self.changes.push(AddressChange {
            id: known.id.clone(),
            who,
            former: known.former.clone(),
            new: known.new.clone(),
            asked: known.asked,
        });
        self.changes.len() - 1
    }

    /// What is wrong with an answer as far as its password goes; `None` when the rest is to be judged.
    pub(super) fn judge_password(
        &self,
        (who, password): (Who, &str),
        span: Span,
        answer: &Answer,
    ) -> Option<Verdict> {
        let attempts = |window| self.identifier(who).map_or(0, |who| self.attempts(who, window, span));
        let verdict = match (answer.status, answer.problem()) {
            (401, "wrong-credentials") => holds(!self.must_be_right(who, password, span), || {
                "the password of who is logged in is said to be wrong".to_owned()
            }),
            (403, "proof-required") => holds(attempts(FAILED_LOGINS_WINDOW) > 0, || {
                "a proof is asked for at the first attempt".to_owned()
            }),
            (429, "too-many-attempts") => holds(attempts(GUESSES_WINDOW) * 2 >= GUESSES_MAX, || {
                "the password of who is logged in is closed after few attempts".to_owned()
            }),
            (403, "proof-rejected") | (409, "proof-already-used") => Ok(()),
            _ if self.can_be_right(who, password, span) => return None,
            (status, problem) => Err(format!("a wrong password answers {status} {problem}")),
        };
        Some(verdict)
    }

    /// Writes of the credentials of a change's account that may have ended it.
    fn may_be_ended(&self, change: &AddressChange, span: Span) -> bool {
        let is_later = |setting: &Setting| setting.span.to.saturating_add(SLACK_MS) >= change.asked;
        self.settings_of(change.who).any(|setting| {
            setting.happened.is_possible() && setting.span.can_precede(span) && is_later(setting)
        })
    }

    /// Whether the account of a change may be closed: an identifier that is free again is another's.
    fn may_be_closed_by(&self, change: &AddressChange, span: Span) -> bool {
        let mut closings = self.closed_accounts();
        closings.any(|(who, closing, happened)| {
            who == change.who && happened.is_possible() && closing.can_precede(span)
        })
    }

    fn judge_gone(&self, change: &AddressChange, span: Span) -> Verdict {
        let is_closed = self.may_be_closed_by(change, span);
        let is_deleted = span.to + SLACK_MS >= change.asked + millis(ADDRESS_CHANGE_RETENTION);
        holds(is_closed || is_deleted, || "a change of address that was asked for is unknown".to_owned())
    }

    /// Confirmations of new addresses of an account, and the ways back that undo them, besides confirmations
    /// whose way back is over by then.
    fn moves(&self, who: Who, span: Span, is_certain: bool) -> Vec<Turn> {
        let window = WAY_BACK_DAYS.unsigned_abs() * DAY_MS;
        let is_lately = |deed: &Deed| {
            if is_certain {
                span.to + SLACK_MS < deed.span.from + window
            } else {
                span.from <= deed.span.to.saturating_add(window + SLACK_MS)
            }
        };
        let turn = |deed: &Deed| {
            let (change, is_towards) = match deed.what {
                What::Confirm { change, .. } => (change, true),
                What::Restore { change, .. } => (change, false),
                _ => return None,
            };
            let is_theirs = self.changes.get(change).is_some_and(|of| of.who == who);
            let is_counted = is_theirs && (!is_towards || is_lately(deed));
            is_counted.then_some(Turn { is_towards, span: deed.span, happened: deed.happened })
        };
        self.deeds.iter().filter_map(turn).collect()
    }

    /// Whether an account certainly has an address that can be undone.
    pub(super) fn must_have_moved(&self, who: Who, span: Span) -> bool {
        must_stand(&self.moves(who, span, true), span)
    }

    /// Nothing is closed while the address before can come back.
    pub(super) fn judge_just_changed(&self, who: Who, span: Span) -> Verdict {
        holds(can_stand(&self.moves(who, span, false), span), || {
            "nobody has changed the address of an account that is said to have another".to_owned()
        })
    }

    pub(super) fn judge_confirmed(&self, change: usize, until: u64, span: Span, answer: &Answer) -> Verdict {
        let Some(of) = self.changes.get(change) else { return Ok(()) };
        let mut confirmed = self
            .deeds
            .iter()
            .filter(|deed| matches!(deed.what, What::Confirm { change: other, .. } if other == change));
        match (answer.status, answer.problem()) {
            (200, _) => {
                holds(!confirmed.any(|deed| deed.happened == Happened::Yes), || {
                    "a change of address is confirmed twice".to_owned()
                })?;
                holds(span.from <= until + SLACK_MS, || "a change of address outlives its hour".to_owned())?;
                let is_ended = self.settings_of(of.who).any(|setting| {
                    setting.happened == Happened::Yes
                        && setting.span.from > of.asked + SLACK_MS
                        && setting.span.is_before(span)
                });
                holds(!is_ended, || "a change of address outlives what ended it".to_owned())
            }
            (410, "link-used") => holds(may_precede(confirmed, span), || {
                "a change of address is said to be confirmed that nobody has confirmed".to_owned()
            }),
            (410, "link-expired") => {
                let is_late = span.to + SLACK_MS >= until;
                holds(is_late || self.may_be_ended(of, span), || {
                    "an open change of address is said to be over".to_owned()
                })
            }
            (404, "link-unknown") => self.judge_gone(of, span),
            (status, problem) => Err(format!("confirming an address answers {status} {problem}")),
        }
    }

    /// Ways back of other changes of the same account, each with when its change was asked for.
    fn other_ways_back(&self, change: usize, who: Who) -> impl Iterator<Item = (&Deed, u64)> {
        self.deeds.iter().filter_map(move |deed| {
            let What::Restore { change: other, .. } = deed.what else { return None };
            let of = self.changes.get(other).filter(|of| other != change && of.who == who)?;
            Some((deed, of.asked))
        })
    }

    pub(super) fn judge_restored(&self, change: usize, until: u64, span: Span, answer: &Answer) -> Verdict {
        let Some(of) = self.changes.get(change) else { return Ok(()) };
        let mut restored = self
            .deeds
            .iter()
            .filter(|deed| matches!(deed.what, What::Restore { change: other, .. } if other == change));
        match (answer.status, answer.problem()) {
            (200, _) => {
                holds(!restored.any(|deed| deed.happened == Happened::Yes), || {
                    "a way back is taken twice".to_owned()
                })?;
                holds(span.from <= until + SLACK_MS, || "a way back outlives its days".to_owned())?;
                let is_undone = self.other_ways_back(change, of.who).any(|(deed, asked)| {
                    deed.happened == Happened::Yes
                        && deed.span.is_before(span)
                        && asked + SLACK_MS < of.asked
                        && of.asked + SLACK_MS < deed.span.from
                });
                holds(!is_undone, || "a later change's way back undoes an earlier one's".to_owned())
            }
            (410, "link-used") => holds(may_precede(restored, span), || {
                "a way back is said to be taken that nobody has taken".to_owned()
            }),
            (410, "link-expired") => {
                let is_late = span.to + SLACK_MS >= until;
                let may_be_undone = self
                    .other_ways_back(change, of.who)
                    .any(|(deed, _)| deed.happened.is_possible() && deed.span.can_precede(span));
                let is_over = is_late || may_be_undone || self.may_be_closed_by(of, span);
                holds(is_over, || "an open way back is said to be over".to_owned())
            }
            (404, "link-unknown") => self.judge_gone(of, span),
            (status, problem) => Err(format!("a way back answers {status} {problem}")),
        }
    }

    /// SIRET and address of accounts that may have been closed: their identifiers are free again.
    #[must_use]
    pub fn may_be_closed_with(&self, address: &str) -> bool {
        self.closed_accounts().any(|(who, closing, happened)| {
            let anytime = Span { from: closing.from, to: u64::MAX };
            happened.is_possible() && self.can_have_address(who, address, anytime)
        })
    }
}

fn may_precede<'a>(mut deeds: impl Iterator<Item = &'a Deed>, span: Span) -> bool {
    deeds.any(|deed| deed.happened.is_possible() && deed.span.can_precede(span))
}
