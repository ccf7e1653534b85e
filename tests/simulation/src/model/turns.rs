//! Turns of what somebody is or has: given and taken by writes whose order is known in part.

use domain::Role;
use domain::membership::Change;

use super::deeds::{Deed, What};
use super::{Happened, Model, Span, Who};

/// A write that gives what is sought, or takes it away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub is_towards: bool,
    pub span: Span,
    pub happened: Happened,
}

/// Whether it may stand while something is asked: some write may have given it, and none that is known has
/// taken it away since.
pub(super) fn can_stand(turns: &[Turn], span: Span) -> bool {
    let is_taken = |giver: &Turn| {
        turns.iter().any(|taker| {
            !taker.is_towards
                && taker.happened == Happened::Yes
                && giver.span.is_before(taker.span)
                && taker.span.is_before(span)
        })
    };
    turns.iter().any(|giver| {
        giver.is_towards && giver.happened.is_possible() && giver.span.can_precede(span) && !is_taken(giver)
    })
}

/// Whether it stands while something is asked, whatever became of requests without an answer.
pub(super) fn must_stand(turns: &[Turn], span: Span) -> bool {
    let may_take = |giver: &Turn, taker: &Turn| {
        !taker.is_towards
            && taker.happened.is_possible()
            && !taker.span.is_before(giver.span)
            && taker.span.can_precede(span)
    };
    turns.iter().any(|giver| {
        giver.is_towards
            && giver.happened == Happened::Yes
            && giver.span.is_before(span)
            && !turns.iter().any(|taker| may_take(giver, taker))
    })
}

/// What somebody is in an establishment: each part is given and taken by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Member,
    Active,
    /// The role, under a suspension too.
    Holder,
    Suspended,
}

/// What somebody is in an establishment, as far as it is certain.
#[derive(Debug, Clone)]
pub struct Expected {
    pub identifier: String,
    pub siret: String,
    pub is_member: Option<bool>,
    pub is_holder: Option<bool>,
    pub is_suspended: Option<bool>,
}

/// How a deed moves somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Joins(Role),
    Changes(Change),
    /// With the space or with the account, or in a successor's favour.
    Ends,
}

impl Standing {
    /// Whether a move gives it or takes it away; `None` when it does neither.
    fn is_given(self, by: Move) -> Option<bool> {
        let ends = matches!(by, Move::Ends | Move::Changes(Change::Leave | Change::Remove));
        let (gives, takes) = match self {
            Self::Member => (matches!(by, Move::Joins(_)), ends),
            Self::Active => (
                matches!(by, Move::Joins(_) | Move::Changes(Change::Resume)),
                ends || by == Move::Changes(Change::Suspend),
            ),
            Self::Holder => (
                matches!(by, Move::Joins(Role::Holder) | Move::Changes(Change::Promote)),
                ends || by == Move::Changes(Change::Demote),
            ),
            Self::Suspended => {
                (by == Move::Changes(Change::Suspend), ends || by == Move::Changes(Change::Resume))
            }
        };
        (gives || takes).then_some(gives)
    }
}

impl Model {
    /// How a deed moves somebody in an establishment, if it was carried out.
    pub(super) fn move_by(&self, deed: &Deed, who: Who, siret: &str) -> Option<Move> {
        match &deed.what {
            What::Accept { by, invitation, .. } => {
                let of = self.invitations.get(*invitation).filter(|of| of.siret == siret)?;
                let is_left = of.is_successor && of.by == who;
                if *by == who { Some(Move::Joins(of.role)) } else { is_left.then_some(Move::Ends) }
            }
            What::Change { who: of, siret: there, change, .. } => {
                (*of == who && there == siret).then_some(Move::Changes(*change))
            }
            What::CloseSpace { siret: there, .. } => (there == siret).then_some(Move::Ends),
            What::CloseAccount { by, .. } => (*by == who).then_some(Move::Ends),
            _ => None,
        }
    }

    pub(super) fn turns(&self, who: Who, siret: &str, standing: Standing) -> Vec<Turn> {
        self.turns_by((who, siret), standing, |_| true)
    }

    /// The same by some deeds alone.
    pub(super) fn turns_by(
        &self,
        (who, siret): (Who, &str),
        standing: Standing,
        is_counted: impl Fn(&What) -> bool,
    ) -> Vec<Turn> {
        let founded = self.activations(siret).filter(|setting| setting.who == who);
        let founded = founded.map(|setting| (Move::Joins(Role::Holder), setting.span, setting.happened));
        let moved =
            self.deeds.iter().filter(|deed| is_counted(&deed.what)).filter_map(|deed| {
                self.move_by(deed, who, siret).map(|moved| (moved, deed.span, deed.happened))
            });
        let turn = |(moved, span, happened)| {
            standing.is_given(moved).map(|is_towards| Turn { is_towards, span, happened })
        };
        founded.chain(moved).filter_map(turn).collect()
    }

    /// Whether somebody may be that.
    pub(super) fn can(&self, who: Who, siret: &str, standing: Standing, span: Span) -> bool {
        can_stand(&self.turns(who, siret, standing), span)
    }

    /// Whether somebody is that, whatever became of requests without an answer.
    #[must_use]
    pub fn must(&self, who: Who, siret: &str, standing: Standing, span: Span) -> bool {
        must_stand(&self.turns(who, siret, standing), span)
    }

    /// What everybody with an identifier certainly is in each establishment, or certainly is not.
    #[must_use]
    pub fn expected(&self, span: Span) -> Vec<Expected> {
        let certain = |who: Who, siret: &str, standing: Standing| {
            let (can, must) = (self.can(who, siret, standing, span), self.must(who, siret, standing, span));
            (can == must).then_some(must)
        };
        let mut expected = Vec::new();
        for (rank, account) in self.accounts.iter().enumerate() {
            let Some(identifier) = account.identifier.as_deref() else { continue };
            // An identifier that was free again is the last one's.
            let who = self.find_who(identifier).filter(|who| who.0 == rank);
            for siret in who.map(|_| self.sirets()).unwrap_or_default() {
                let of = |standing| certain(Who(rank), &siret, standing);
                let (is_member, is_holder) = (of(Standing::Member), of(Standing::Holder));
                let (is_suspended, identifier) = (of(Standing::Suspended), identifier.to_owned());
                expected.push(Expected { identifier, siret, is_member, is_holder, is_suspended });
            }
        }
        expected
    }

    pub(super) fn can_hold(&self, who: Who, siret: &str, span: Span) -> bool {
        self.can(who, siret, Standing::Active, span) && self.can(who, siret, Standing::Holder, span)
    }

    pub(super) fn must_hold(&self, who: Who, siret: &str, span: Span) -> bool {
        self.must(who, siret, Standing::Active, span) && self.must(who, siret, Standing::Holder, span)
    }

    fn address_turns(&self, who: Who, address: &str) -> Vec<Turn> {
        let first = self.accounts.get(who.0).and_then(|account| account.address.as_deref());
        let opened = Turn {
            is_towards: first == Some(address),
            span: Span { from: 0, to: 0 },
            happened: Happened::Yes,
        };
        let changed = self.deeds.iter().filter_map(|deed| {
            let (change, is_new) = match &deed.what {
                What::Confirm { change, .. } => (self.changes.get(*change)?, true),
                What::Restore { change, .. } => (self.changes.get(*change)?, false),
                _ => return None,
            };
            let to = if is_new { &change.new } else { &change.former };
            let turn = Turn { is_towards: to == address, span: deed.span, happened: deed.happened };
            (change.who == who).then_some(turn)
        });
        std::iter::once(opened).chain(changed).collect()
    }

    /// Whether an account may have that address.
    pub(super) fn can_have_address(&self, who: Who, address: &str, span: Span) -> bool {
        can_stand(&self.address_turns(who, address), span)
    }

    /// Whether it has it, whatever became of requests without an answer.
    pub(super) fn must_have_address(&self, who: Who, address: &str, span: Span) -> bool {
        must_stand(&self.address_turns(who, address), span)
    }
}
