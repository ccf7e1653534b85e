//! Tests of invitations: seven days, one mailbox, and nobody is let in twice.

use domain::invitation::{
    Acceptance, Accepted, Acceptor, Designation, INVITATION_VALID, INVITATION_VALID_DAYS, InvitationState,
    Inviter, OPEN_INVITATIONS_MAX, Offer, check_number, invitation_token,
};
use domain::link::link_token;
use domain::membership::{Change, ESTABLISHMENTS_MAX, Effect, MEMBERS_MAX};
use domain::time::{SignedDuration, Timestamp, after};
use domain::{
    Email, FieldCode, FullName, Identifier, Invitation, InvitationId, MailId, MemberState, Membership, Name,
    Opening, Refusal, Role, SecretKey, Siret,
};

const DAY: SignedDuration = SignedDuration::from_secs(86_400);
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);
const HOLDER: Membership = Membership::active(Role::Holder);
const MEMBER: Membership = Membership::active(Role::Member);
const SUSPENDED: Membership = Membership { role: Role::Member, state: MemberState::Suspended };

fn sent_at() -> Timestamp {
    "2026-11-23T17:00:00Z".parse().unwrap()
}

fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

fn inviter() -> Identifier {
    Identifier::from_random([1; 7])
}

fn invited() -> Identifier {
    Identifier::from_random([2; 7])
}

fn invitation(offer: Offer) -> Invitation {
    Invitation {
        siret: Siret::parse("73282932000074").unwrap(),
        opening: Opening::FIRST,
        invited_by: Inviter::Holder(inviter()),
        email: email("Paul.Martin@exemple.fr"),
        name: FullName { first: Name::parse("Paul").unwrap(), last: Name::parse("Martin").unwrap() },
        offer,
        valid_until: Invitation::valid_until(sent_at()),
        accepted_at: None,
        withdrawn_at: None,
        bounced_at: None,
    }
}

/// A new account by the invitation's own mail, while its inviter is a holder of the space as it was opened.
fn by_new_account(sent_to: &Email) -> Acceptance<'_> {
    Acceptance {
        sent_to,
        by: Acceptor::NewAccount,
        others: &[],
        inviter: Some(HOLDER),
        opening: Opening::FIRST,
    }
}

/// The same by the account of a session.
fn accepted_by(
    invitation: &Invitation,
    address: &str,
    membership: Option<Membership>,
) -> Result<Accepted, Refusal> {
    let (identifier, email) = (invited(), email(address));
    let by = Acceptor::Account { identifier: &identifier, email: &email, membership, establishments: 0 };
    invitation.accept(&Acceptance { by, ..by_new_account(&invitation.email) }, sent_at())
}

/// Somebody joins, and nobody leaves.
fn joins(role: Role) -> Accepted {
    Accepted { joins: Effect::join(role), leaves: None }
}

#[test]
fn an_invitation_lives_seven_days_from_its_sending() {
    assert_eq!((INVITATION_VALID_DAYS, INVITATION_VALID), (7, SignedDuration::from_secs(7 * 86_400)));
    assert_eq!(Invitation::valid_until(sent_at()), "2026-11-30T17:00:00Z".parse().unwrap());
    let open = invitation(Offer::Member);
    assert_eq!(open.state(sent_at()), InvitationState::Open);
    assert_eq!(open.state(open.valid_until), InvitationState::Open);
    assert_eq!(open.state(after(open.valid_until, INSTANT)), InvitationState::Expired);
}

#[test]
fn the_state_that_tells_most_is_told_first() {
    let (open, late) = (sent_at(), after(sent_at(), DAY * 8));
    let bounced = Invitation { bounced_at: Some(open), ..invitation(Offer::Member) };
    let withdrawn = Invitation { withdrawn_at: Some(open), ..bounced.clone() };
    let accepted = Invitation { accepted_at: Some(open), ..bounced.clone() };
    for now in [open, late] {
        assert_eq!(bounced.state(now), InvitationState::Bounced);
        assert_eq!(withdrawn.state(now), InvitationState::Withdrawn);
        assert_eq!(accepted.state(now), InvitationState::Accepted);
    }
    assert_eq!(bounced.state_by_link(open), InvitationState::Open, "who has the link has the mail");
    assert_eq!(bounced.state_by_link(late), InvitationState::Expired);
}

#[test]
fn states_have_the_names_of_the_contract() {
    let states = [
        InvitationState::Open,
        InvitationState::Accepted,
        InvitationState::Expired,
        InvitationState::Withdrawn,
        InvitationState::Bounced,
    ];
    assert_eq!(states.map(InvitationState::as_str), ["open", "accepted", "expired", "withdrawn", "bounced"]);
}

#[test]
fn a_successor_is_a_holder() {
    assert_eq!(Offer::new(Role::Holder, true), Ok(Offer::Successor));
    assert_eq!(Offer::new(Role::Holder, false), Ok(Offer::Holder));
    assert_eq!(Offer::new(Role::Member, false), Ok(Offer::Member));
    assert_eq!(Offer::new(Role::Member, true), Err(FieldCode::RoleUnknown));
    assert_eq!(Offer::Successor.role(), Role::Holder);
    assert!(Offer::Successor.is_successor() && !Offer::Holder.is_successor());
}

#[test]
fn the_invited_mailbox_joins_in_the_role_that_was_offered() {
    for (offer, role) in [(Offer::Member, Role::Member), (Offer::Holder, Role::Holder)] {
        let invitation = invitation(offer);
        assert_eq!(invitation.accept(&by_new_account(&invitation.email), sent_at()), Ok(joins(role)));
        assert_eq!(accepted_by(&invitation, "paul.martin@EXEMPLE.fr", None), Ok(joins(role)));
    }
}

#[test]
fn a_successor_comes_in_the_place_of_the_inviter() {
    let successor = invitation(Offer::Successor);
    let leaves = Some(HOLDER.change(Change::Leave));
    let new = successor.accept(&by_new_account(&successor.email), sent_at()).unwrap();
    assert_eq!(new, Accepted { joins: Effect::join(Role::Holder), leaves });
    assert_eq!((new.holders_added(), new.count(1)), (0, Ok(1)), "also of the last holder");
    let promoted = accepted_by(&successor, "paul.martin@exemple.fr", Some(MEMBER)).unwrap();
    assert_eq!(promoted, Accepted { joins: MEMBER.change(Change::Promote), leaves });
    assert_eq!(promoted.count(1), Ok(1));
    let holder = accepted_by(&successor, "paul.martin@exemple.fr", Some(HOLDER)).unwrap();
    assert_eq!((holder.joins.is_change(), holder.leaves), (false, leaves));
    assert_eq!((holder.count(2), holder.count(1)), (Ok(1), Err(Refusal::LastHolder)));
}

#[test]
fn nobody_is_their_own_successor() {
    let own = Invitation { invited_by: Inviter::Holder(invited()), ..invitation(Offer::Successor) };
    let accepted = accepted_by(&own, "paul.martin@exemple.fr", Some(HOLDER)).unwrap();
    assert!(!accepted.joins.is_change() && accepted.leaves.is_none());
}

#[test]
fn an_invitation_is_worth_what_its_inviter_is() {
    let suspended_holder = Membership { state: MemberState::Suspended, ..HOLDER };
    for offer in [Offer::Member, Offer::Holder, Offer::Successor] {
        let invitation = invitation(offer);
        for inviter in [None, Some(MEMBER), Some(SUSPENDED), Some(suspended_holder)] {
            let by = Acceptance { inviter, ..by_new_account(&invitation.email) };
            assert_eq!(invitation.accept(&by, sent_at()), Err(Refusal::LinkExpired), "{inviter:?}");
        }
    }
}

#[test]
fn the_invitations_to_and_by_somebody_end_with_their_part_in_the_space() {
    let (open, other) = (invitation(Offer::Holder), Identifier::from_random([3; 7]));
    let (mine, elsewhere) = (email("paul.MARTIN@exemple.fr"), email("p@exemple.fr"));
    for change in Change::ALL {
        let ends = !matches!(change, Change::Promote | Change::Resume);
        assert_eq!(change.ends_invitations(), ends, "{change:?}");
        assert_eq!(open.ends_with(change, &invited(), &mine, sent_at()), ends, "to: {change:?}");
        assert_eq!(open.ends_with(change, &inviter(), &elsewhere, sent_at()), ends, "by: {change:?}");
        assert!(!open.ends_with(change, &other, &elsewhere, sent_at()), "of others: {change:?}");
        let withdrawn = open.withdraw(sent_at()).unwrap();
        assert!(!withdrawn.ends_with(change, &invited(), &mine, sent_at()), "once: {change:?}");
    }
}

#[test]
fn a_closing_ends_an_invitation_also_when_the_space_is_open_anew() {
    let open = invitation(Offer::Member);
    let now_open = Acceptance { opening: Opening::FIRST.next(), ..by_new_account(&open.email) };
    assert_eq!(open.accept(&now_open, sent_at()), Err(Refusal::SpaceClosed));
    assert_eq!(open.accept(&now_open, after(sent_at(), DAY * 8)), Err(Refusal::SpaceClosed));
    let accepted = Invitation { accepted_at: Some(sent_at()), ..open.clone() };
    assert_eq!(accepted.accept(&now_open, sent_at()), Err(Refusal::LinkUsed));
}

#[test]
fn a_second_account_of_a_member_does_not_get_in() {
    let (open, identifier) = (invitation(Offer::Holder), invited());
    let by_session = Acceptor::Account {
        identifier: &identifier,
        email: &open.email,
        membership: None,
        establishments: 1,
    };
    for by in [Acceptor::NewAccount, by_session] {
        let accept = |others: &[Membership]| {
            open.accept(&Acceptance { by, others, ..by_new_account(&open.email) }, sent_at())
        };
        assert_eq!(accept(&[SUSPENDED]), Err(Refusal::NotAllowed));
        assert_eq!(accept(&[MEMBER, SUSPENDED]), Err(Refusal::NotAllowed));
        assert_eq!(accept(&[MEMBER]), Err(Refusal::AlreadyMember));
        assert_eq!(accept(&[]), Ok(joins(Role::Holder)));
    }
}

#[test]
fn the_link_of_another_mail_lets_nobody_in() {
    let (open, wrong) = (invitation(Offer::Member), email("paul@exemple.fr"));
    let refused = open.accept(&by_new_account(&wrong), sent_at());
    assert_eq!(refused, Err(Refusal::InvitationForAnotherAddress));
}

#[test]
fn a_corrected_invitation_is_a_new_one_and_the_first_link_serves_no_longer() {
    let later = after(sent_at(), DAY * 8);
    let bounced = Invitation { bounced_at: Some(sent_at()), ..invitation(Offer::Holder) };
    let (old, new) = bounced.corrected(email("paul@exemple.fr"), later).unwrap();
    assert_eq!(old.accept(&by_new_account(&old.email), later), Err(Refusal::LinkExpired));
    assert_eq!(old, Invitation { withdrawn_at: Some(later), ..bounced.clone() });
    assert_eq!(new.state(later), InvitationState::Open);
    assert_eq!(
        (new.valid_until, &new.invited_by),
        (Invitation::valid_until(later), &Inviter::Holder(inviter()))
    );
    assert_eq!(new.accept(&by_new_account(&new.email), later), Ok(joins(Role::Holder)));
    assert_eq!((&new.email, new.bounced_at), (&email("paul@exemple.fr"), None));
    assert_eq!(old.corrected(email("p@exemple.fr"), later), Err(Refusal::LinkExpired));
    let accepted = Invitation { accepted_at: Some(later), ..bounced };
    assert_eq!(accepted.corrected(email("p@exemple.fr"), later), Err(Refusal::LinkUsed));
}

#[test]
fn one_person_has_thirty_establishments_at_most() {
    assert_eq!(ESTABLISHMENTS_MAX, 30);
    let (open, identifier) = (invitation(Offer::Holder), invited());
    let accept = |establishments, membership| {
        let by =
            Acceptor::Account { identifier: &identifier, email: &open.email, membership, establishments };
        open.accept(&Acceptance { by, ..by_new_account(&open.email) }, sent_at())
    };
    assert_eq!(accept(29, None), Ok(joins(Role::Holder)));
    assert_eq!(accept(30, None), Err(Refusal::TooManyEstablishments));
    assert!(accept(30, Some(MEMBER)).is_ok(), "this one is among them");
}

#[test]
fn a_successor_named_in_advance_counts_while_the_holder_is_one() {
    let named = Designation {
        siret: Siret::parse("73282932000074").unwrap(),
        opening: Opening::FIRST,
        by: inviter(),
        name: invitation(Offer::Successor).name,
        email: email("paul.martin@exemple.fr"),
        made_at: sent_at(),
    };
    assert!(named.stands(Some(HOLDER), Opening::FIRST));
    assert!(!named.stands(Some(HOLDER), Opening::FIRST.next()));
    for author in [None, Some(MEMBER), Some(SUSPENDED)] {
        assert!(!named.stands(author, Opening::FIRST), "{author:?}");
    }
}

#[test]
fn another_mailbox_does_not_get_in_and_a_sub_address_is_another() {
    for address in ["paul@exemple.fr", "paul.martin+paie@exemple.fr", "paul.martin@exemple.com"] {
        let refused = accepted_by(&invitation(Offer::Holder), address, None);
        assert_eq!(refused, Err(Refusal::InvitationForAnotherAddress), "{address}");
    }
}

#[test]
fn a_member_is_promoted_and_a_holder_is_never_demoted() {
    let accepted =
        |offer, was| accepted_by(&invitation(offer), "paul.martin@exemple.fr", Some(was)).unwrap().joins;
    assert_eq!(accepted(Offer::Holder, MEMBER).after, Some(HOLDER));
    assert_eq!(accepted(Offer::Holder, MEMBER).holders_added(), 1);
    for (offer, was) in [(Offer::Member, HOLDER), (Offer::Member, MEMBER), (Offer::Holder, HOLDER)] {
        assert!(!accepted(offer, was).is_change(), "{offer:?} {was:?}");
        assert_eq!(accepted(offer, was).after, Some(was));
    }
}

#[test]
fn a_suspension_is_not_ended_by_an_invitation() {
    for role in Role::ALL {
        let suspended = Membership { role, state: MemberState::Suspended };
        for offer in [Offer::Member, Offer::Holder, Offer::Successor] {
            let refused = accepted_by(&invitation(offer), "paul.martin@exemple.fr", Some(suspended));
            assert_eq!(refused, Err(Refusal::NotAllowed), "{role:?} {offer:?}");
        }
    }
}

#[test]
fn what_is_over_lets_nobody_in() {
    let open = invitation(Offer::Member);
    let accepted = Invitation { accepted_at: Some(sent_at()), ..open.clone() };
    let withdrawn = open.withdraw(sent_at()).unwrap();
    let accept = |invitation: &Invitation, now| invitation.accept(&by_new_account(&invitation.email), now);
    assert_eq!(accept(&accepted, sent_at()), Err(Refusal::LinkUsed));
    assert_eq!(accept(&withdrawn, sent_at()), Err(Refusal::LinkExpired));
    assert_eq!(accept(&open, after(sent_at(), DAY * 8)), Err(Refusal::LinkExpired));
    let bounced = Invitation { bounced_at: Some(sent_at()), ..open };
    assert!(accept(&bounced, sent_at()).is_ok());
}

#[test]
fn withdrawing_twice_is_once_and_after_the_acceptance_is_too_late() {
    let later = after(sent_at(), DAY);
    let withdrawn = invitation(Offer::Member).withdraw(sent_at()).unwrap();
    assert_eq!(withdrawn.withdraw(later).unwrap().withdrawn_at, Some(sent_at()));
    let accepted = Invitation { accepted_at: Some(sent_at()), ..invitation(Offer::Member) };
    assert_eq!(accepted.withdraw(later), Err(Refusal::LinkUsed));
}

#[test]
fn open_invitations_and_members_are_bounded() {
    assert_eq!(OPEN_INVITATIONS_MAX, 20);
    assert_eq!(check_number(1, OPEN_INVITATIONS_MAX - 1), Ok(()));
    assert_eq!(check_number(1, OPEN_INVITATIONS_MAX), Err(Refusal::TooManyInvitations));
    assert_eq!(check_number(MEMBERS_MAX - 3, 2), Ok(()));
    assert_eq!(check_number(MEMBERS_MAX - 2, 2), Err(Refusal::TooManyInvitations));
    assert_eq!(check_number(u64::MAX, u64::MAX), Err(Refusal::TooManyInvitations));
}

#[test]
fn a_mails_token_is_one_of_invitations_alone_and_the_same_however_often_it_is_sent() {
    let key = SecretKey::new("link key");
    let mail = |byte| MailId::new(sent_at(), [byte; 10]);
    assert_eq!(invitation_token(&key, mail(1)), invitation_token(&key, mail(1)));
    assert_ne!(invitation_token(&key, mail(1)), invitation_token(&key, mail(2)));
    let identifier = Identifier::parse("AP-7K3M-Q2FD").unwrap();
    assert_ne!(invitation_token(&key, mail(1)), link_token(&key, mail(1), &identifier));
}

#[test]
fn who_invited_is_read_as_it_is_written() {
    for (inviter, printed) in [(Inviter::Holder(inviter()), inviter().as_str()), (Inviter::Agency, "agency")]
    {
        assert_eq!(inviter.as_str(), printed);
        assert_eq!(Inviter::parse(printed), Some(inviter));
    }
    assert_eq!(Inviter::parse("nobody"), None);
}

#[test]
fn an_id_prints_and_reads_back_the_same() {
    let id = InvitationId::from_bytes([0xFF; 16]);
    assert_eq!(id.to_string(), "z".repeat(16));
    assert_eq!(InvitationId::parse("zzzzzzzzzzzzzzzz"), Some(id));
}

#[test]
fn a_log_never_shows_whom_an_invitation_is_for() {
    let shown = format!("{:?}", invitation(Offer::Member)).to_lowercase();
    assert!(!shown.contains("paul") && !shown.contains("martin"), "{shown}");
}
