//! What journals and mails must tell at the end: at least what was answered, at the most what was asked for.

use std::collections::BTreeMap;

use domain::mandate::Transition;
use domain::membership::Change;

use super::deeds::{Deed, What};
use super::{Happened, Model, Standing, Who};

/// How often something is told, at least and at the most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    pub least: usize,
    pub most: usize,
}

type Counts = BTreeMap<&'static str, Times>;

fn note(counts: &mut Counts, kind: &'static str, (is_told, may_be_told): (bool, bool)) {
    let times = counts.entry(kind).or_default();
    times.least += usize::from(is_told);
    times.most += usize::from(may_be_told);
}

impl Model {
    /// The entries of an establishment's journal, by the names of their kinds.
    #[must_use]
    pub fn entries(&self, siret: &str) -> BTreeMap<&'static str, Times> {
        let mut counts = Counts::new();
        for setting in self.activations(siret) {
            let happened = setting.happened;
            note(&mut counts, "joined", (happened == Happened::Yes, happened.is_possible()));
        }
        for deed in self.deeds.iter().filter(|deed| deed.happened.is_possible()) {
            self.note_deed(&mut counts, siret, deed);
        }
        // Each by an open invitation that something ended, at the most.
        let invited = self.invitations.iter().filter(|sent| sent.siret == siret).count();
        counts.entry("invitation-withdrawn").or_default().most = invited;
        for (rank, mandate) in self.mandates.iter().enumerate() {
            let is_offerer = match mandate.offered_by {
                domain::Side::Client => mandate.client == siret,
                domain::Side::Cabinet => mandate.cabinet == siret,
            };
            counts.entry("mandate-offered").or_default().least += usize::from(is_offerer);
            let may_be_used = mandate.client == siret && self.has_ever_accepted(rank);
            note(&mut counts, "mandate-first-used", (false, may_be_used));
        }
        counts
    }

    fn note_deed(&self, counts: &mut Counts, siret: &str, deed: &Deed) {
        let is_done = deed.happened == Happened::Yes;
        match &deed.what {
            What::Invite { siret: there, .. } | What::Correct { siret: there, .. } if there == siret => {
                note(counts, "invited", (is_done, true));
            }
            What::Accept { by, invitation, .. } => {
                self.note_acceptance(counts, siret, (*by, *invitation), deed);
            }
            What::Change { siret: there, change, .. } if there == siret => {
                let (kind, is_certain) = match change {
                    Change::Leave => ("left", true),
                    Change::Remove => ("removed", true),
                    // A change to what somebody is already is done, and not told.
                    Change::Promote => ("promoted", false),
                    Change::Demote => ("demoted", false),
                    Change::Suspend => ("suspended", false),
                    Change::Resume => ("resumed", false),
                };
                note(counts, kind, (is_done && is_certain, true));
            }
            What::CloseSpace { siret: there, .. } if there == siret => {
                note(counts, "space-closed", (is_done, true));
            }
            What::CloseAccount { by, .. } => {
                note(counts, "left", (false, self.was_member(*by, siret)));
            }
            What::Offer { siret: there, .. } if there == siret => {
                note(counts, "mandate-offered", (false, true));
            }
            What::OfferMany { siret: there, others, .. } if there == siret => {
                counts.entry("mandate-offered").or_default().most += others.len();
            }
            What::Answer { siret: there, mandate, transition, .. } => {
                self.note_answer(counts, siret, (there.as_str(), *mandate, *transition), is_done);
            }
            What::Confirm { change, .. } => {
                let Some(who) = self.changes.get(*change).map(|change| change.who) else { return };
                let is_told = is_done && self.must(who, siret, Standing::Member, deed.span);
                note(counts, "address-changed", (is_told, self.was_member(who, siret)));
            }
            What::Restore { change, .. } => {
                let Some(who) = self.changes.get(*change).map(|change| change.who) else { return };
                note(counts, "address-changed", (false, self.was_member(who, siret)));
            }
            _ => {}
        }
    }

    fn note_acceptance(&self, counts: &mut Counts, siret: &str, (by, invitation): (Who, usize), deed: &Deed) {
        let Some(of) = self.invitations.get(invitation).filter(|of| of.siret == siret) else { return };
        // Who is a member already may have become nothing else.
        let joins = self.turns(by, siret, Standing::Member);
        let joins = joins.iter().filter(|turn| turn.is_towards && turn.happened.is_possible()).count();
        let is_told = deed.happened == Happened::Yes && joins == 1;
        note(counts, "invitation-accepted", (is_told, true));
        if of.is_successor && of.by != by {
            note(counts, "left", (deed.happened == Happened::Yes, true));
        }
    }

    fn note_answer(
        &self,
        counts: &mut Counts,
        siret: &str,
        (there, mandate, transition): (&str, usize, Transition),
        is_done: bool,
    ) {
        let Some(of) = self.mandates.get(mandate) else { return };
        if of.client != siret && of.cabinet != siret {
            return;
        }
        let is_own = there == siret;
        match transition {
            Transition::Accept => note(counts, "mandate-accepted", (is_done, true)),
            Transition::Decline => note(counts, "mandate-declined", (is_done && is_own, is_own)),
            // The end of an offer binds nobody else.
            Transition::End => note(counts, "mandate-ended", (is_done && is_own, true)),
        }
    }

    fn has_ever_accepted(&self, mandate: usize) -> bool {
        self.deeds.iter().any(|deed| {
            let is_it = matches!(deed.what, What::Answer { mandate: of, transition, .. }
                if of == mandate && transition == Transition::Accept);
            is_it && deed.happened.is_possible()
        })
    }

    fn was_member(&self, who: Who, siret: &str) -> bool {
        let turns = self.turns(who, siret, Standing::Member);
        turns.iter().any(|turn| turn.is_towards && turn.happened.is_possible())
    }

    /// Mails that were promised by answers, each by what it is about, and how many of them.
    #[must_use]
    pub fn promised(&self) -> BTreeMap<String, usize> {
        let mut promised = BTreeMap::new();
        let done = self.deeds.iter().enumerate().filter(|(_, deed)| deed.happened == Happened::Yes);
        for about in done.flat_map(|(rank, deed)| self.promises(rank, deed)) {
            *promised.entry(about).or_default() += 1;
        }
        promised
    }

    fn promises(&self, rank: usize, deed: &Deed) -> Vec<String> {
        let of_account = |kind: &str, who: Who| {
            self.identifier(who).map(|identifier| format!("{kind} {identifier}")).into_iter()
        };
        match &deed.what {
            What::Invite { .. } | What::Correct { .. } => {
                let sent = self.invitations.iter().find(|sent| sent.deed == rank);
                let id = sent.and_then(|sent| sent.id.as_deref());
                id.map(|id| format!("invitation {id}")).into_iter().collect()
            }
            What::Accept { by, password: Some(_), .. } => of_account("welcome", *by).collect(),
            What::Answer { mandate, transition, .. } => {
                let event = match transition {
                    Transition::Accept => "accepted",
                    Transition::Decline => "declined",
                    Transition::End => "ended",
                };
                let of = self.mandates.get(*mandate);
                of.map(|of| format!("mandate {} {event}", of.id())).into_iter().collect()
            }
            What::AskAddress { by, .. } => {
                of_account("address_confirmation", *by).chain(of_account("address_notice", *by)).collect()
            }
            What::SetPassword { by, .. } => of_account("password_changed", *by).collect(),
            What::CloseAccount { by, .. } => of_account("account_closed", *by).collect(),
            _ => Vec::new(),
        }
    }
}
