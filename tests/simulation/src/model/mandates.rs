//! What answers about mandates may be: read at each use, and over at once when they are ended.

use domain::mandate::Transition;
use domain::time::{Date, SignedDuration, Timestamp, after, paris_day};
use domain::{Scopes, Side};
use serde_json::Value;

use super::deeds::{Deed, What};
use super::{Happened, Model, SLACK_MS, Span, Standing, Verdict, Who, holds};
use crate::world::{Answer, BEGINNING};

/// A mandate, as its row states it.
#[derive(Debug, Clone)]
pub struct KnownMandate {
    /// Of both establishments, and of the mandate.
    pub name: String,
    pub client: String,
    pub cabinet: String,
    pub scopes: Scopes,
    pub from: Date,
    pub until: Date,
    pub offered_by: Side,
    /// When its row was first read, in milliseconds since the beginning.
    pub seen: u64,
}

impl KnownMandate {
    /// Its id alone.
    #[must_use]
    pub fn id(&self) -> &str {
        self.name.rsplit('-').next().unwrap_or_default()
    }

    fn siret(&self, side: Side) -> &str {
        match side {
            Side::Client => &self.client,
            Side::Cabinet => &self.cabinet,
        }
    }

    /// From when on it is known.
    fn known(&self) -> Span {
        Span { from: self.seen, to: self.seen }
    }

    /// Whether some moment of a span, or every moment, is within its days.
    fn has(&self, span: Span, is_certain: bool) -> bool {
        let (first, last) = (day(span.from.saturating_sub(SLACK_MS)), day(span.to.saturating_add(SLACK_MS)));
        if is_certain {
            self.from <= first && last <= self.until
        } else {
            self.from <= last && first <= self.until
        }
    }

    fn overlaps(&self, client: &str, cabinet: &str, scopes: Scopes) -> bool {
        let is_same = self.client == client && self.cabinet == cabinet;
        is_same && self.scopes.iter().any(|scope| scopes.has(scope))
    }
}

fn day(at_ms: u64) -> Date {
    let beginning = Timestamp::from_second(BEGINNING).unwrap_or(Timestamp::UNIX_EPOCH);
    let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX);
    paris_day(after(beginning, SignedDuration::from_millis(at_ms)))
}

impl Model {
    /// Notes a mandate that a row states. Gives its rank.
    ///
    /// # Errors
    /// When nobody can have offered it.
    pub fn mandate(&mut self, known: &KnownMandate) -> Result<usize, String> {
        if let Some(rank) = self.mandates.iter().position(|mandate| mandate.name == known.name) {
            return Ok(rank);
        }
        let (by, other) = (known.siret(known.offered_by), known.siret(known.offered_by.other()));
        let is_offered =
            self.deeds.iter().filter(|deed| deed.happened.is_possible()).any(|deed| match &deed.what {
                What::Offer { siret, other: to, side, .. } => {
                    siret == by && to == other && *side == known.offered_by
                }
                What::OfferMany { siret, others, .. } => {
                    known.offered_by == Side::Cabinet && siret == by && others.iter().any(|to| to == other)
                }
                _ => false,
            });
        holds(is_offered, || format!("{} has a mandate that nobody has offered", known.client))?;
        self.mandates.push(known.clone());
        Ok(self.mandates.len() - 1)
    }

    /// Every mandate that is known, with its rank.
    #[must_use]
    pub fn known_mandates(&self) -> Vec<(usize, KnownMandate)> {
        self.mandates.iter().cloned().enumerate().collect()
    }

    fn answers(&self, mandate: usize, transition: Transition) -> impl Iterator<Item = &Deed> {
        let is_it = move |what: &What| {
            matches!(what, What::Answer { mandate: of, transition: by, .. }
                if *of == mandate && *by == transition)
        };
        self.deeds.iter().filter(move |deed| is_it(&deed.what))
    }

    /// Whether somebody has accepted, declined or ended it before.
    #[must_use]
    pub fn has_answered(&self, mandate: usize, transition: Transition, span: Span) -> bool {
        self.answers(mandate, transition)
            .any(|deed| deed.happened == Happened::Yes && deed.span.is_before(span))
    }

    /// Whether somebody may have.
    #[must_use]
    pub fn may_have_answered(&self, mandate: usize, transition: Transition, span: Span) -> bool {
        self.answers(mandate, transition)
            .any(|deed| deed.happened.is_possible() && deed.span.can_precede(span))
    }

    pub(super) fn has_ever(&self, mandate: usize, transition: Transition) -> bool {
        self.answers(mandate, transition).any(|deed| deed.happened == Happened::Yes)
    }

    pub(super) fn may_ever_have(&self, mandate: usize, transition: Transition) -> bool {
        self.answers(mandate, transition).any(|deed| deed.happened.is_possible())
    }

    /// Whether somebody has certainly ended it: one whose days are over or whose space was closed has ended
    /// by itself, and is not ended once more.
    #[must_use]
    pub fn is_ended(&self, mandate: usize) -> bool {
        let Some(of) = self.mandates.get(mandate) else { return false };
        self.answers(mandate, Transition::End).any(|deed| {
            deed.happened == Happened::Yes && of.has(deed.span, true) && !self.may_be_left(of, deed.span)
        })
    }

    /// Whether all who may have ended it did so for that establishment.
    pub(super) fn is_ended_only_by(&self, mandate: usize, siret: &str) -> bool {
        let mut endings = self.answers(mandate, Transition::End).filter(|deed| deed.happened.is_possible());
        endings.all(|deed| matches!(&deed.what, What::Answer { siret: by, .. } if by == siret))
    }

    pub(super) fn may_be_ended_by(&self, mandate: usize, siret: &str) -> bool {
        let mut endings = self.answers(mandate, Transition::End).filter(|deed| deed.happened.is_possible());
        endings.any(|deed| matches!(&deed.what, What::Answer { siret: by, .. } if by == siret))
    }

    /// Whether the space of either side was closed since.
    fn is_left(&self, of: &KnownMandate, span: Span) -> bool {
        [&of.client, &of.cabinet].into_iter().any(|siret| {
            self.closings(siret).any(|closing| {
                let is_since = of.known().is_before(closing.span) && closing.span.is_before(span);
                closing.happened == Happened::Yes && is_since
            })
        })
    }

    fn may_be_left(&self, of: &KnownMandate, span: Span) -> bool {
        [&of.client, &of.cabinet].into_iter().any(|siret| {
            self.closings(siret)
                .any(|closing| closing.happened.is_possible() && closing.span.can_precede(span))
        })
    }

    /// Whether it may let somebody act.
    fn may_give(&self, (rank, of): (usize, &KnownMandate), by: Who, span: Span) -> bool {
        let is_over = [Transition::Decline, Transition::End]
            .into_iter()
            .any(|transition| self.has_answered(rank, transition, span));
        self.can(by, &of.cabinet, Standing::Active, span)
            && self.may_have_answered(rank, Transition::Accept, span)
            && !is_over
            && !self.is_left(of, span)
            && of.has(span, false)
    }

    /// Whether it lets somebody act, whatever became of requests without an answer. Clocks disagree about the
    /// moment of the acceptance; about an end they do not.
    fn must_give(&self, (rank, of): (usize, &KnownMandate), by: Who, span: Span) -> bool {
        let is_accepted = self
            .answers(rank, Transition::Accept)
            .any(|deed| deed.happened == Happened::Yes && deed.span.to.saturating_add(SLACK_MS) < span.from);
        let may_be_over = [Transition::Decline, Transition::End]
            .into_iter()
            .any(|transition| self.may_have_answered(rank, transition, span));
        is_accepted
            && !may_be_over
            && self.must(by, &of.cabinet, Standing::Active, span)
            && !self.may_be_left(of, span)
            && of.has(span, true)
    }

    /// The union of what mandates give somebody for an establishment.
    fn given(&self, siret: &str, gives: impl Fn((usize, &KnownMandate)) -> bool) -> Scopes {
        let of_client = self.mandates.iter().enumerate().filter(|(_, of)| of.client == siret);
        let given = of_client.filter(|(rank, of)| gives((*rank, *of))).map(|(_, of)| of.scopes);
        given.fold(Scopes::NONE, Scopes::union)
    }

    pub(super) fn judge_access(&self, by: Who, siret: &str, span: Span, answer: &Answer) -> Verdict {
        let is_member = self.must(by, siret, Standing::Active, span);
        let may_be_member = self.can(by, siret, Standing::Active, span);
        let may = names(&answer.body["may"]);
        match (answer.status, answer.body["through"].as_str().unwrap_or(answer.problem())) {
            (200, "member") => {
                holds(may_be_member, || format!("who is no member of {siret} acts for it"))?;
                let has_all = Scopes::all().iter().all(|scope| may.contains(&scope.as_str()));
                holds(has_all, || format!("a member of {siret} may do {may:?} alone"))?;
                if may.contains(&"manage") {
                    let can_hold = self.can_hold(by, siret, span);
                    return holds(can_hold, || format!("who is no holder of {siret} manages it"));
                }
                holds(!self.must_hold(by, siret, span), || format!("a holder of {siret} does not manage it"))
            }
            (200, "mandate") => {
                holds(!is_member, || format!("a member of {siret} acts for it by a mandate"))?;
                let most = self.given(siret, |mandate| self.may_give(mandate, by, span)).names();
                let least = self.given(siret, |mandate| self.must_give(mandate, by, span)).names();
                holds(may.iter().all(|scope| most.contains(scope)), || {
                    format!("a cabinet may do {may:?} for {siret}, which gives {most:?}")
                })?;
                holds(least.iter().all(|scope| may.contains(scope)), || {
                    format!("a cabinet may do {may:?} for {siret}, which gives {least:?}")
                })
            }
            (403, "not-allowed") => {
                holds(!is_member, || format!("an active member of {siret} may do nothing for it"))?;
                // A suspension comes before any mandate.
                let may_be_suspended = self.can(by, siret, Standing::Suspended, span);
                let given = self.given(siret, |mandate| self.must_give(mandate, by, span));
                holds(may_be_suspended || given.is_empty(), || {
                    format!("a cabinet may do nothing for {siret}, which gives {given:?}")
                })
            }
            (status, what) => Err(format!("what somebody may do for {siret} answers {status} {what}")),
        }
    }

    pub(super) fn judge_offered(
        &self,
        (by, side): (Who, Side),
        (siret, other): (&str, &str),
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        let (client, cabinet) = match side {
            Side::Client => (siret, other),
            Side::Cabinet => (other, siret),
        };
        match (answer.status, answer.problem()) {
            (202, _) => {
                holds(self.can_hold(by, siret, span), || {
                    format!("who is no holder of {siret} offers a mandate")
                })?;
                holds(self.may_have_account(other, span), || {
                    format!("a mandate is offered to {other}, which has no space")
                })?;
                let name = answer.body["mandate"].as_str().unwrap_or_default();
                holds(name.starts_with(&format!("{client}-{cabinet}-")), || {
                    format!("a mandate of {cabinet} for {client} is named {name}")
                })
            }
            (403, "not-allowed") => holds(!self.must_hold(by, siret, span), || {
                format!("a holder of {siret} may not offer a mandate")
            }),
            (409, "mandate-state") => {
                holds(self.may_be_in_the_way((client, cabinet), Scopes::all(), span), || {
                    format!("no mandate of {cabinet} for {client} stands in the way of another")
                })
            }
            (422, "invalid-form") => holds(!self.has_account(other, span), || {
                format!("{other} is said to have no space: {}", answer.body["errors"])
            }),
            (status, problem) => Err(format!("an offer of {siret} answers {status} {problem}")),
        }
    }

    /// Whether a live mandate may have a scope in common, by those that are known or were asked for.
    fn may_be_in_the_way(&self, (client, cabinet): (&str, &str), scopes: Scopes, span: Span) -> bool {
        let is_asked = |deed: &Deed| match &deed.what {
            What::Offer { siret, other, .. } => {
                [siret, other].into_iter().all(|siret| siret == client || siret == cabinet)
            }
            What::OfferMany { siret, others, .. } => {
                siret == cabinet && others.iter().any(|other| other == client)
            }
            _ => false,
        };
        let mut asked = self.deeds.iter().filter(|deed| deed.happened.is_possible() && is_asked(deed));
        self.mandates.iter().any(|of| of.overlaps(client, cabinet, scopes))
            || asked.any(|deed| deed.span.can_precede(span))
    }

    pub(super) fn judge_offered_many(
        &self,
        (by, siret): (Who, &str),
        others: &[String],
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        if answer.status != 200 {
            // The same refusals as of one offer, but those that each line tells.
            let is_refused = (answer.status, answer.problem()) == (403, "not-allowed");
            return holds(is_refused && !self.must_hold(by, siret, span), || {
                format!("offers of {siret} answer {} {}", answer.status, answer.problem())
            });
        }
        holds(self.can_hold(by, siret, span), || format!("who is no holder of {siret} offers mandates"))?;
        for line in answer.body["results"].as_array().into_iter().flatten() {
            let other = line["siret"].as_str().unwrap_or_default();
            let is_listed = others.iter().any(|listed| listed == other);
            let is_right = match line["result"].as_str().unwrap_or_default() {
                "offered" => is_listed && self.may_have_account(other, span),
                "already-active" => self.may_be_in_the_way((other, siret), Scopes::all(), span),
                "unknown-here" => is_listed && !self.has_account(other, span),
                "invalid" => !is_listed || other == siret,
                _ => false,
            };
            holds(is_right, || format!("an offer of {siret} to {other:?} is {}", line["result"]))?;
        }
        Ok(())
    }

    pub(super) fn judge_answered(
        &self,
        (by, siret): (Who, &str),
        (mandate, transition): (usize, Transition),
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        let Some(of) = self.mandates.get(mandate) else { return Ok(()) };
        let what = transition.as_str();
        match (answer.status, answer.problem()) {
            (200, _) => {
                holds(self.can_hold(by, siret, span), || {
                    format!("who is no holder of {siret} answers a mandate ({what})")
                })?;
                self.judge_transition((mandate, of), transition, span)?;
                let state = match transition {
                    Transition::Accept => "active",
                    Transition::Decline => "declined",
                    Transition::End => "ended",
                };
                holds(answer.body["state"] == state, || {
                    format!("a mandate is {} after its {what}", answer.body["state"])
                })
            }
            (403, "not-allowed") => {
                let is_side = [&of.client, &of.cabinet].into_iter().any(|side| side == siret);
                let is_theirs =
                    is_side && (transition == Transition::End || siret != of.siret(of.offered_by));
                holds(!is_theirs || !self.must_hold(by, siret, span), || {
                    format!("a holder of {siret} may not answer a mandate ({what})")
                })
            }
            (409, "mandate-state") => {
                // The same once more is refused, or done already.
                let is_changed = Transition::ALL
                    .into_iter()
                    .filter(|other| (transition, *other) != (Transition::End, Transition::Accept))
                    .any(|other| self.may_have_answered(mandate, other, span));
                holds(is_changed || self.may_be_left(of, span) || !of.has(span, true), || {
                    format!("a mandate of {} that stands is refused ({what})", of.client)
                })
            }
            (status, problem) => Err(format!("the {what} of a mandate answers {status} {problem}")),
        }
    }

    /// Whether a transition can succeed after those that are known. The same once more may change nothing.
    fn judge_transition(
        &self,
        (rank, of): (usize, &KnownMandate),
        transition: Transition,
        span: Span,
    ) -> Verdict {
        use Transition::{Accept, Decline, End};
        let what = transition.as_str();
        let has_contrary = match transition {
            Accept => self.has_ever(rank, Decline) || self.has_answered(rank, End, span),
            Decline => self.has_ever(rank, Accept) || self.has_ever(rank, End),
            End => self.has_ever(rank, Decline),
        };
        holds(!has_contrary, || format!("a mandate that was answered otherwise has a {what}"))?;
        // Declined once, it stays so; accepted once, it has an end in any case.
        let is_repeat = match transition {
            Accept => false,
            Decline => self.may_have_answered(rank, Decline, span),
            End => self.may_have_answered(rank, Accept, span) || self.may_have_answered(rank, End, span),
        };
        let is_over = self.is_left(of, span) || day(span.from.saturating_sub(SLACK_MS)) > of.until;
        holds(is_repeat || !is_over, || format!("a mandate that is over has a {what}"))
    }

    /// A page of mandates. Those that are not known yet are noted by who asks.
    pub(super) fn judge_list(&self, by: Who, siret: &str, span: Span, answer: &Answer) -> Verdict {
        match (answer.status, answer.problem()) {
            (200, _) => {
                holds(self.can(by, siret, Standing::Active, span), || {
                    format!("who is no member of {siret} sees its mandates")
                })?;
                self.judge_states(&answer.body["mandates"], span)
            }
            (403, "not-allowed") => holds(!self.must(by, siret, Standing::Active, span), || {
                format!("a member of {siret} may not see its mandates")
            }),
            (status, problem) => Err(format!("the mandates of {siret} answer {status} {problem}")),
        }
    }

    /// Mandates as they are listed.
    pub(super) fn judge_states(&self, listed: &Value, span: Span) -> Verdict {
        for shown in listed.as_array().into_iter().flatten() {
            let name = shown["mandate"].as_str();
            let of = self.mandates.iter().position(|of| Some(of.name.as_str()) == name);
            let Some((rank, of)) = of.and_then(|rank| Some((rank, self.mandates.get(rank)?))) else {
                continue;
            };
            let has = |transition| self.has_answered(rank, transition, span);
            let may = |transition| self.may_have_answered(rank, transition, span);
            let may_be_left = self.may_be_left(of, span) || !of.has(span, true);
            let state = shown["state"].as_str().unwrap_or_default();
            let is_right = match state {
                "offered" => !Transition::ALL.into_iter().any(has),
                "active" => may(Transition::Accept) && !has(Transition::End) && !self.is_left(of, span),
                "declined" => may(Transition::Decline),
                "ended" => may(Transition::End) || (may(Transition::Accept) && may_be_left),
                // An offer that nobody answers within a month, or whose last day is over.
                "lapsed" => !has(Transition::Accept),
                _ => false,
            };
            holds(is_right, || format!("a mandate of {} is said to be {state}", of.client))?;
        }
        Ok(())
    }
}

fn names(listed: &Value) -> Vec<&str> {
    listed.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
