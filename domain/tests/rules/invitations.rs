//! Tests of invitations: seven days, one mailbox, and nobody is let in twice.

use domain::invitation::{
    Acceptor, INVITATION_VALID, INVITATION_VALID_DAYS, InvitationState, OPEN_INVITATIONS_MAX, Offer,
    check_number, invitation_token,
};
use domain::link::link_token;
use domain::membership::{Effect, MEMBERS_MAX};
use domain::time::{SignedDuration, Timestamp, after};
use domain::{
    Email, FieldCode, FullName, Identifier, Invitation, InvitationId, MailId, MemberState, Membership, Name,
    Refusal, Role, SecretKey, Siret,
};

const DAY: SignedDuration = SignedDuration::from_secs(86_400);
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

fn sent_at() -> Timestamp {
    "2026-11-23T17:00:00Z".parse().unwrap()
}

fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

fn invitation(offer: Offer) -> Invitation {
    Invitation {
        siret: Siret::parse("73282932000074").unwrap(),
        email: email("Paul.Martin@exemple.fr"),
        name: FullName { first: Name::parse("Paul").unwrap(), last: Name::parse("Martin").unwrap() },
        offer,
        valid_until: Invitation::valid_until(sent_at()),
        accepted_at: None,
        withdrawn_at: None,
        bounced_at: None,
    }
}

fn accepted_by(
    invitation: &Invitation,
    address: &str,
    membership: Option<Membership>,
) -> Result<Effect, Refusal> {
    invitation.accept(Acceptor::Account { email: &email(address), membership }, sent_at())
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
    for (offer, role) in
        [(Offer::Member, Role::Member), (Offer::Holder, Role::Holder), (Offer::Successor, Role::Holder)]
    {
        let invitation = invitation(offer);
        assert_eq!(invitation.accept(Acceptor::NewAccount, sent_at()), Ok(Effect::join(role)));
        assert_eq!(accepted_by(&invitation, "paul.martin@EXEMPLE.fr", None), Ok(Effect::join(role)));
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
    let (holder, member) = (Membership::active(Role::Holder), Membership::active(Role::Member));
    let accepted = |offer, was| accepted_by(&invitation(offer), "paul.martin@exemple.fr", Some(was)).unwrap();
    assert_eq!(accepted(Offer::Successor, member).after, Some(holder));
    assert_eq!(accepted(Offer::Successor, member).holders_added(), 1);
    for (offer, was) in [(Offer::Member, holder), (Offer::Member, member), (Offer::Holder, holder)] {
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
    let accept = |invitation: &Invitation, now| invitation.accept(Acceptor::NewAccount, now);
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
