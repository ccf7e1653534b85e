//! Successors whom holders name in advance: kept with the role, shown to their holder alone.

use serde_json::Value;

use super::deeds::What;
use super::turns::Turn;
use super::{Happened, Model, SLACK_MS, Span, Standing, Verdict, Who, can_stand, holds};
use crate::world::Answer;

impl Model {
    /// Turns of that somebody has named a successor of that last name, or nobody.
    fn heir_turns(&self, who: Who, siret: &str, last_name: Option<&str>) -> Vec<Turn> {
        let ever = Span { from: 0, to: 0 };
        let nobody = Turn { is_towards: last_name.is_none(), span: ever, happened: Happened::Yes };
        let named = self.deeds.iter().filter_map(|deed| {
            let What::NameHeir { by, siret: there, heir } = &deed.what else { return None };
            let is_towards = heir.as_deref() == last_name;
            let turn = Turn { is_towards, span: deed.span, happened: deed.happened };
            (*by == who && there == siret).then_some(turn)
        });
        let lost = self.turns(who, siret, Standing::Holder).into_iter().filter(|turn| !turn.is_towards);
        let lost = lost.map(|turn| Turn { is_towards: last_name.is_none(), ..turn });
        [nobody].into_iter().chain(named).chain(lost).collect()
    }

    /// Whether somebody may have named a successor of that last name, or nobody.
    fn may_have_named(&self, who: Who, siret: &str, last_name: Option<&str>, span: Span) -> bool {
        can_stand(&self.heir_turns(who, siret, last_name), span)
    }

    /// Whether the successor of a member's row, or that there is none, is what their account may have said.
    #[must_use]
    pub fn is_heir(&self, identifier: &str, siret: &str, last_name: Option<&str>, span: Span) -> bool {
        let Some(who) = self.find_who(identifier) else { return last_name.is_none() };
        self.may_have_named(who, siret, last_name, span)
    }

    /// The successor as a holder's own space shows it.
    pub(super) fn judge_heir(&self, by: Who, siret: &str, span: Span, shown: &Value) -> Verdict {
        let last_name = shown["successor"]["last_name"].as_str();
        holds(self.may_have_named(by, siret, last_name, span), || {
            format!("a holder of {siret} sees a successor whom they have not named, or misses one")
        })
    }

    pub(super) fn judge_named(&self, by: Who, siret: &str, span: Span, answer: &Answer) -> Verdict {
        match (answer.status, answer.problem()) {
            (200 | 204, _) => holds(self.can_hold(by, siret, span), || {
                format!("who is no holder of {siret} names a successor")
            }),
            (403, "not-allowed") => holds(!self.must_hold(by, siret, span), || {
                format!("a holder of {siret} may not name a successor")
            }),
            (status, problem) => Err(format!("naming a successor in {siret} answers {status} {problem}")),
        }
    }

    /// The answer to the mail «toujours là ?».
    pub(super) fn judge_presence(
        &self,
        (who, siret): (Who, &str),
        until: u64,
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        match (answer.status, answer.problem()) {
            (200, _) => {
                holds(self.can_hold(who, siret, span), || {
                    format!("who is no holder of {siret} is noted as one who is there")
                })?;
                holds(span.from <= until + SLACK_MS, || "a question is answered too late".to_owned())
            }
            (410, "link-expired") => {
                holds(!self.must_hold(who, siret, span) || span.to + SLACK_MS >= until, || {
                    format!("a holder of {siret} is not heard")
                })
            }
            (status, problem) => Err(format!("an answer «still there» is answered {status} {problem}")),
        }
    }

    /// Whether a holder has answered: certainly, or perhaps.
    #[must_use]
    pub fn answered_presence(&self, identifier: &str, siret: &str) -> (bool, bool) {
        let who = self.find_who(identifier);
        let answers = self.deeds.iter().filter(|deed| {
            let What::AnswerPresence { who: of, siret: there, .. } = &deed.what else { return false };
            Some(*of) == who && there == siret
        });
        let has = |is_counted: fn(Happened) -> bool| answers.clone().any(|deed| is_counted(deed.happened));
        (has(|happened| happened == Happened::Yes), has(Happened::is_possible))
    }
}
