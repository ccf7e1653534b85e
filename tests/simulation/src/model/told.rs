//! What journals and mails must tell at the end: at least what was answered, at the most what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use domain::Side;
use domain::mandate::Transition;
use domain::membership::Change;

use super::deeds::{Deed, What};
use super::invitations::Invitation;
use super::{Happened, KnownMandate, Model, Standing, Who, must_stand};

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
        let invited = self.invitations.iter().filter(|sent| sent.siret == siret);
        counts.entry("invitation-withdrawn").or_default().most = invited.clone().count();
        // What was asked for once more has no id of its own.
        let is_sent = |sent: &&Invitation| sent.id.is_some() && self.is_done(sent.deed);
        counts.entry("invited").or_default().least = invited.filter(is_sent).count();
        counts.entry("removed").or_default().least = self.removed(siret);
        for (rank, mandate) in self.mandates.iter().enumerate() {
            if mandate.client == siret || mandate.cabinet == siret {
                self.note_mandate(&mut counts, siret, (rank, mandate));
            }
        }
        counts
    }

    fn is_done(&self, deed: usize) -> bool {
        self.deeds.get(deed).is_some_and(|deed| deed.happened == Happened::Yes)
    }

    /// People who were certainly removed: whoever is gone already is removed without an entry.
    fn removed(&self, siret: &str) -> usize {
        let is_removal = |what: &What| matches!(what, What::Change { change: Change::Remove, .. });
        let removed = self.deeds.iter().filter_map(|deed| {
            let What::Change { who, siret: there, change: Change::Remove, .. } = &deed.what else {
                return None;
            };
            let turns = self.turns_by((*who, siret), Standing::Member, |what| !is_removal(what));
            let is_certain = deed.happened == Happened::Yes && must_stand(&turns, deed.span);
            (there == siret && is_certain).then_some(*who)
        });
        removed.collect::<BTreeSet<_>>().len()
    }

    fn note_deed(&self, counts: &mut Counts, siret: &str, deed: &Deed) {
        let is_done = deed.happened == Happened::Yes;
        match &deed.what {
            What::Invite { siret: there, .. } | What::Correct { siret: there, .. } if there == siret => {
                note(counts, "invited", (false, true));
            }
            What::Accept { by, invitation, .. } => {
                self.note_acceptance(counts, siret, (*by, *invitation), deed);
            }
            What::Change { siret: there, change, .. } if there == siret => {
                let (kind, is_certain) = match change {
                    Change::Leave => ("left", true),
                    // A change to what somebody is already is done, and not told.
                    Change::Remove => ("removed", false),
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

    /// What becomes of a mandate is told once, whoever asks for it once more.
    fn note_mandate(&self, counts: &mut Counts, siret: &str, (rank, of): (usize, &KnownMandate)) {
        use Transition::{Accept, Decline, End};
        let offerer = match of.offered_by {
            Side::Client => &of.client,
            Side::Cabinet => &of.cabinet,
        };
        let is_offerer = offerer == siret;
        counts.entry("mandate-offered").or_default().least += usize::from(is_offerer);
        let (is_accepted, may_be_accepted) = (self.has_ever(rank, Accept), self.may_ever_have(rank, Accept));
        note(counts, "mandate-accepted", (is_accepted, may_be_accepted));
        let (is_declined, may_be_declined) =
            (self.has_ever(rank, Decline), self.may_ever_have(rank, Decline));
        note(counts, "mandate-declined", (is_declined && !is_offerer, may_be_declined && !is_offerer));
        // The end of an offer binds nobody else.
        let is_told = is_accepted || self.is_ended_only_by(rank, siret);
        let may_be_told =
            self.may_be_ended_by(rank, siret) || (may_be_accepted && self.may_ever_have(rank, End));
        note(counts, "mandate-ended", (self.is_ended(rank) && is_told, may_be_told));
        note(counts, "mandate-first-used", (false, of.client == siret && may_be_accepted));
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
        for (rank, deed) in done {
            for about in self.promises_of_spaces(rank, deed) {
                promised.insert(about, 1);
            }
            for about in self.promises_of_accounts(deed) {
                *promised.entry(about).or_default() += 1;
            }
        }
        promised
    }

    /// Of what happens once, whoever asks for it once more.
    fn promises_of_spaces(&self, rank: usize, deed: &Deed) -> Vec<String> {
        match &deed.what {
            What::Invite { .. } | What::Correct { .. } => {
                let sent = self.invitations.iter().find(|sent| sent.deed == rank);
                let id = sent.and_then(|sent| sent.id.as_deref());
                id.map(|id| format!("invitation {id}")).into_iter().collect()
            }
            What::Answer { mandate, transition, .. } => {
                let event = match transition {
                    Transition::Accept => "accepted",
                    Transition::Decline => "declined",
                    Transition::End if self.is_ended(*mandate) => "ended",
                    Transition::End => return Vec::new(),
                };
                let of = self.mandates.get(*mandate);
                of.map(|of| format!("mandate {} {event}", of.id())).into_iter().collect()
            }
            What::CloseAccount { by, .. } => self.of_account("account_closed", *by).collect(),
            _ => Vec::new(),
        }
    }

    fn promises_of_accounts(&self, deed: &Deed) -> Vec<String> {
        match &deed.what {
            What::Accept { by, password: Some(_), .. } => self.of_account("welcome", *by).collect(),
            What::AskAddress { by, .. } => {
                let notice = self.of_account("address_notice", *by);
                self.of_account("address_confirmation", *by).chain(notice).collect()
            }
            What::SetPassword { by, .. } => self.of_account("password_changed", *by).collect(),
            What::CloseSpace { siret, .. } => {
                // As they were but for the closing.
                let is_other = |what: &What| !std::ptr::eq(what, &deed.what);
                let is_told = |who: &Who| {
                    must_stand(&self.turns_by((*who, siret), Standing::Member, is_other), deed.span)
                };
                let members = (0..self.accounts.len()).map(Who).filter(is_told);
                members.flat_map(|who| self.of_account("space_closed", who)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn of_account(&self, kind: &str, who: Who) -> impl Iterator<Item = String> {
        self.identifier(who).map(|identifier| format!("{kind} {identifier}")).into_iter()
    }
}
