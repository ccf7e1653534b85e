//! What answers about invitations may be: accepted once, by the invited mailbox, while they stand.

use domain::Role;
use domain::invitation::{INVITATION_VALID, OPEN_INVITATIONS_MAX};
use domain::membership::Change;

use super::deeds::{Deed, What};
use super::{Account, Happened, Model, SLACK_MS, Span, Standing, Verdict, Who, holds};
use crate::world::Answer;

/// How long the row of an invitation is kept at least: its days, and as many for its holders to see them.
const RETENTION_MS: u64 = 2 * INVITATION_VALID.as_secs().unsigned_abs() * 1_000;
/// How long before a repetition an invitation was sent, at the most.
const REPEATED_MS_MAX: u64 = 3_600_000;

/// The link of an invitation, as its row states it.
#[derive(Debug, Clone)]
pub struct KnownInvitation {
    pub token: String,
    pub id: String,
    pub siret: String,
    pub to: String,
    pub role: Role,
    pub is_successor: bool,
    /// In milliseconds since the beginning.
    pub until: u64,
}

/// An invitation that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Invitation {
    pub siret: String,
    pub by: Who,
    pub to: String,
    pub last_name: String,
    pub role: Role,
    pub is_successor: bool,
    /// Unknown as long as no answer and no mail has told it.
    pub id: Option<String>,
    /// The rank of the deed that sends it.
    pub deed: usize,
    /// An earlier one stood when it was asked for.
    is_repeat: bool,
    /// The account that its acceptance may open.
    newcomer: Option<Who>,
}

impl Invitation {
    /// The one that a deed sends, if it sends one. With another address it stays its inviter's.
    pub fn sent_by(what: &What, deed: usize, earlier: &[Self]) -> Option<Self> {
        match what {
            What::Invite { by, siret, to, last_name, role, is_successor } => Some(Self {
                siret: siret.clone(),
                by: *by,
                to: to.clone(),
                last_name: last_name.clone(),
                role: *role,
                is_successor: *is_successor,
                id: None,
                deed,
                is_repeat: false,
                newcomer: None,
            }),
            What::Correct { former, to, .. } => {
                let former = earlier.get(*former)?.clone();
                Some(Self { to: to.clone(), id: None, deed, is_repeat: false, newcomer: None, ..former })
            }
            _ => None,
        }
    }

    /// Notes the id that was answered: its own, or that of another that stands.
    pub fn note_id(&mut self, id: Option<String>, is_anothers: bool) {
        if is_anothers {
            self.is_repeat = true;
        } else {
            self.id = id;
        }
    }
}

/// Whether a change ends the open invitations by its member.
fn ends_invitations(change: Change) -> bool {
    matches!(change, Change::Leave | Change::Remove | Change::Demote | Change::Suspend)
}

impl Model {
    /// The invitation of an id that was answered.
    #[must_use]
    pub fn invitation_by_id(&self, id: &str) -> Option<usize> {
        self.invitations.iter().position(|sent| sent.id.as_deref() == Some(id))
    }

    /// The id of an invitation, once it is known.
    #[must_use]
    pub fn id_of_invitation(&self, invitation: usize) -> Option<String> {
        self.invitations.get(invitation)?.id.clone()
    }

    /// Invitations whose ids are known: each with its establishment.
    #[must_use]
    pub fn known_invitations(&self) -> Vec<(usize, String, String)> {
        let known = self.invitations.iter().enumerate();
        known.filter_map(|(rank, sent)| Some((rank, sent.siret.clone(), sent.id.clone()?))).collect()
    }

    /// The invitation of a link. One whose answer was lost was sent all the same: there is its mail.
    pub fn invitation_of(&mut self, known: &KnownInvitation) -> Option<usize> {
        if let Some(rank) = self.invitation_by_id(&known.id) {
            return Some(rank);
        }
        let is_it = |sent: &Invitation| {
            let is_same = sent.siret == known.siret && sent.to == known.to && sent.role == known.role;
            let deed = self.deeds.get(sent.deed);
            sent.id.is_none()
                && !sent.is_repeat
                && is_same
                && sent.is_successor == known.is_successor
                && deed.is_some_and(|deed| deed.happened.is_possible())
        };
        let rank = self.invitations.iter().position(is_it)?;
        let sent = self.invitations.get_mut(rank)?;
        sent.id = Some(known.id.clone());
        if let Some(deed) = self.deeds.get_mut(sent.deed) {
            deed.happened = Happened::Yes;
        }
        Some(rank)
    }

    /// The account that an acceptance of the invitation may open: one at most, however often it is tried.
    pub fn newcomer(&mut self, invitation: usize) -> Option<Who> {
        let sent = self.invitations.get_mut(invitation)?;
        if let Some(newcomer) = sent.newcomer {
            return Some(newcomer);
        }
        let who = Who(self.accounts.len());
        sent.newcomer = Some(who);
        let (address, last_name) = (Some(sent.to.clone()), Some(sent.last_name.clone()));
        self.accounts.push(Account { identifier: None, address, last_name });
        Some(who)
    }

    fn sent_at(&self, invitation: &Invitation) -> Span {
        self.deeds.get(invitation.deed).map_or(Span { from: 0, to: u64::MAX }, |deed| deed.span)
    }

    fn acceptances(&self, invitation: usize) -> impl Iterator<Item = &Deed> {
        let is_of =
            move |what: &What| matches!(what, What::Accept { invitation: of, .. } if *of == invitation);
        self.deeds.iter().filter(move |deed| is_of(&deed.what))
    }

    fn is_accepted(&self, invitation: usize, span: Span) -> bool {
        self.acceptances(invitation).any(|deed| deed.happened == Happened::Yes && deed.span.is_before(span))
    }

    fn may_be_accepted(&self, invitation: usize, span: Span) -> bool {
        self.acceptances(invitation).any(|deed| deed.happened.is_possible() && deed.span.can_precede(span))
    }

    /// Whether a holder has withdrawn it, or sent it to another address.
    fn is_withdrawn(&self, rank: usize, span: Span) -> bool {
        let Some(of) = self.invitations.get(rank) else { return false };
        self.deeds.iter().any(|deed| {
            let is_its = match &deed.what {
                What::Withdraw { invitation, siret, .. } => *invitation == rank && *siret == of.siret,
                What::Correct { former, .. } => *former == rank,
                _ => false,
            };
            is_its && deed.happened == Happened::Yes && deed.span.is_before(span)
        })
    }

    /// Whether it was withdrawn, by itself or with what ends it.
    fn is_over(&self, rank: usize, span: Span) -> bool {
        let Some(of) = self.invitations.get(rank) else { return false };
        let is_later = |deed: &Deed| self.sent_at(of).is_before(deed.span);
        let mut done =
            self.deeds.iter().filter(|deed| deed.happened == Happened::Yes && deed.span.is_before(span));
        self.is_withdrawn(rank, span) || done.any(|deed| is_later(deed) && self.ends(deed, (rank, of)))
    }

    /// Whether a deed ends an invitation that was open.
    fn ends(&self, deed: &Deed, (rank, of): (usize, &Invitation)) -> bool {
        // Whose membership has ended: as they were before.
        let before = Span { from: deed.span.from, to: deed.span.from };
        match &deed.what {
            What::CloseSpace { siret, .. } => *siret == of.siret,
            What::CloseAccount { by, .. } => {
                *by == of.by
                    || (self.must_have_address(*by, &of.to, before)
                        && self.must(*by, &of.siret, Standing::Member, before))
            }
            What::Change { who, siret, change, .. } if *siret == of.siret => {
                let is_end = matches!(change, Change::Leave | Change::Remove);
                (*who == of.by && ends_invitations(*change))
                    || (is_end
                        && self.must_have_address(*who, &of.to, before)
                        && self.must(*who, siret, Standing::Member, before))
            }
            What::Accept { by, invitation, .. } if *invitation != rank => {
                self.invitations.get(*invitation).is_some_and(|other| {
                    let is_left = other.is_successor && other.by != *by;
                    is_left && other.by == of.by && other.siret == of.siret
                })
            }
            _ => false,
        }
    }

    /// Whether something may have ended it: anything that ends invitations of the establishment.
    fn may_be_over(&self, rank: usize, span: Span) -> bool {
        let Some(of) = self.invitations.get(rank) else { return true };
        let sent = self.sent_at(of);
        self.deeds.iter().any(|deed| {
            deed.happened.is_possible()
                && deed.span.can_precede(span)
                && !deed.span.is_before(sent)
                && match &deed.what {
                    What::Withdraw { invitation, .. } => *invitation == rank,
                    What::Correct { former, .. } => *former == rank,
                    What::CloseAccount { .. } => true,
                    What::CloseSpace { siret, .. } => *siret == of.siret,
                    What::Change { siret, change, .. } => *siret == of.siret && ends_invitations(*change),
                    What::Accept { invitation, .. } => {
                        let other = self.invitations.get(*invitation);
                        other.is_some_and(|other| other.is_successor && other.siret == of.siret)
                    }
                    _ => false,
                }
        })
    }

    /// Invitations that certainly stand, or certainly do not: id, establishment, and which of both.
    #[must_use]
    pub fn standing_invitations(&self, span: Span) -> Vec<(String, String, bool)> {
        let stands = |rank: usize, sent: &Invitation| {
            let sent_at = self.sent_at(sent);
            // Rows of an opening that is over are not touched any more.
            let may_be_past = self.may_be_closed_between(&sent.siret, sent_at, span);
            let is_kept = sent_at.from + RETENTION_MS > span.to + REPEATED_MS_MAX;
            let may_be_gone = self.may_be_over(rank, span) || self.may_be_accepted(rank, span);
            if self.is_accepted(rank, span) || (self.is_withdrawn(rank, span) && !may_be_past) {
                Some(false)
            } else {
                (is_kept && !may_be_past && !may_be_gone).then_some(true)
            }
        };
        let sent = self.invitations.iter().enumerate();
        sent.filter_map(|(rank, sent)| Some((sent.id.clone()?, sent.siret.clone(), stands(rank, sent)?)))
            .collect()
    }

    pub(super) fn judge_invited(&self, by: Who, siret: &str, span: Span, answer: &Answer) -> Verdict {
        match (answer.status, answer.problem()) {
            (202, _) => {
                holds(self.can_hold(by, siret, span), || format!("who is no holder of {siret} invites"))
            }
            (403, "not-allowed") => {
                holds(!self.must_hold(by, siret, span), || format!("a holder of {siret} may not invite"))
            }
            (409, "too-many-invitations") => {
                let sent = self.invitations.iter().filter(|sent| sent.siret == siret).count() as u64;
                holds(sent > OPEN_INVITATIONS_MAX, || format!("{sent} invitations into {siret} are too many"))
            }
            (status, problem) => Err(format!("an invitation into {siret} answers {status} {problem}")),
        }
    }

    pub(super) fn judge_corrected(
        &self,
        (by, siret): (Who, &str),
        (former, to): (usize, &str),
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        // The same correction, asked for once more.
        let is_again = self.deeds.iter().any(|deed| {
            let What::Correct { former: of, to: there, .. } = &deed.what else { return false };
            *of == former && there == to && deed.happened.is_possible() && deed.span.can_precede(span)
        });
        let may_be_gone = self.may_be_over(former, span) || self.may_be_accepted(former, span);
        let of = self.invitations.get(former);
        match (answer.status, answer.problem()) {
            (202, _) if !is_again && (self.is_over(former, span) || self.is_accepted(former, span)) => {
                Err(format!("an invitation into {siret} that is over is sent to another address"))
            }
            (403, "not-allowed") if may_be_gone => Ok(()),
            // Whose place it offers says to whom.
            (403, "not-allowed") if of.is_some_and(|of| of.is_successor && of.by != by) => Ok(()),
            _ => self.judge_invited(by, siret, span, answer),
        }
    }

    /// One that is gone is withdrawn.
    pub(super) fn judge_withdrawn(&self, by: Who, siret: &str, span: Span, answer: &Answer) -> Verdict {
        match (answer.status, answer.problem()) {
            (204, _) => holds(self.can_hold(by, siret, span), || {
                format!("who is no holder of {siret} withdraws an invitation")
            }),
            (403, "not-allowed") => holds(!self.must_hold(by, siret, span), || {
                format!("a holder of {siret} may not withdraw an invitation")
            }),
            (status, problem) => Err(format!("a withdrawal in {siret} answers {status} {problem}")),
        }
    }

    pub(super) fn judge_shown(&self, invitation: usize, until: u64, span: Span, answer: &Answer) -> Verdict {
        if answer.status != 200 {
            let (status, problem) = (answer.status, answer.problem());
            return Err(format!("the link of an invitation answers {status} {problem}"));
        }
        let may_be_accepted = self.may_be_accepted(invitation, span);
        let siret = self.invitations.get(invitation).map_or("", |of| of.siret.as_str());
        let state = answer.body["state"].as_str().unwrap_or_default();
        let is_right = match state {
            "accepted" => may_be_accepted,
            _ if self.is_accepted(invitation, span) => false,
            "open" => !self.is_over(invitation, span) && span.from <= until + SLACK_MS,
            "expired" => span.to + SLACK_MS >= until,
            "withdrawn" => may_be_accepted || self.may_be_over(invitation, span),
            "closed" => self.closings(siret).any(|closing| closing.happened.is_possible()),
            _ => false,
        };
        holds(is_right, || format!("an invitation into {siret} is said to be {state}"))
    }

    pub(super) fn judge_accepted(
        &self,
        (by, is_new): (Who, bool),
        (invitation, until): (usize, u64),
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        let Some(of) = self.invitations.get(invitation) else { return Ok(()) };
        let siret = &of.siret;
        let may_be_accepted = self.may_be_accepted(invitation, span);
        let has_address = |who: Who| self.can_have_address(who, &of.to, span);
        let mut people = (0..self.accounts.len()).map(Who).filter(|who| *who == by || has_address(*who));
        match (answer.status, answer.problem()) {
            (410, "link-used") => {
                holds(may_be_accepted, || format!("an invitation into {siret} is used that nobody has used"))
            }
            (status, problem) if self.is_accepted(invitation, span) => {
                Err(format!("an invitation into {siret} that was accepted answers {status} {problem}"))
            }
            (200, _) => self.judge_joined((by, is_new), (invitation, until), span, answer),
            (410, "link-expired") => {
                let is_late = span.to + SLACK_MS >= until;
                holds(is_late || may_be_accepted || self.may_be_over(invitation, span), || {
                    format!("an open invitation into {siret} is said to be over")
                })
            }
            (410, "space-closed") => {
                holds(self.closings(siret).any(|closing| closing.happened.is_possible()), || {
                    format!("the space of {siret} is said to be closed")
                })
            }
            (409, "invitation-for-another-address") => {
                holds(!is_new && !self.must_have_address(by, &of.to, span), || {
                    format!("an invitation into {siret} is refused to the invited mailbox")
                })
            }
            (409, "already-member") => {
                holds(people.any(|who| who != by && self.can(who, siret, Standing::Member, span)), || {
                    format!("nobody of that address is a member of {siret}")
                })
            }
            (403, "not-allowed") => {
                holds(people.any(|who| self.can(who, siret, Standing::Suspended, span)), || {
                    format!("who is not suspended in {siret} may not accept an invitation")
                })
            }
            // The successor is a holder already, and the inviter the only other one.
            (409, "last-holder") => {
                holds(of.is_successor, || format!("an invitation into {siret} would lose its last holder"))
            }
            (status, problem) => Err(format!("an acceptance into {siret} answers {status} {problem}")),
        }
    }

    fn judge_joined(
        &self,
        (by, is_new): (Who, bool),
        (invitation, until): (usize, u64),
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        let Some(of) = self.invitations.get(invitation) else { return Ok(()) };
        let siret = &of.siret;
        let is_second = self.acceptances(invitation).any(|deed| deed.happened == Happened::Yes);
        holds(!is_second, || format!("an invitation into {siret} is accepted twice"))?;
        holds(!self.is_over(invitation, span), || {
            format!("an invitation into {siret} that was withdrawn is accepted")
        })?;
        holds(span.from <= until + SLACK_MS, || format!("an invitation into {siret} outlives its days"))?;
        holds(is_new || self.can_have_address(by, &of.to, span), || {
            format!("an invitation into {siret} is accepted by another mailbox")
        })?;
        holds(!self.must(by, siret, Standing::Suspended, span), || {
            format!("a suspended member of {siret} comes back by an invitation")
        })?;
        let told = answer.body["identifier"].as_str().unwrap_or_default();
        holds(is_new || self.identifier(by) == Some(told), || "it is accepted for somebody else".to_owned())
    }
}
