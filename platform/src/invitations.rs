//! Invitations: their links, their acceptance, and requests for one.

use std::sync::Arc;

use domain::invitation::{Acceptance, Acceptor, InvitationState, Inviter, Offer, invitation_token};
use domain::link::LINK_REMEMBERED;
use domain::mail::{MailId, MailJob};
use domain::membership::Presence;
use domain::time::{SignedDuration, Timestamp, after};
use domain::{
    Account, Application, Email, FullName, Identifier, Invitation, InvitationId, Name, Opening, Phone,
    Refusal, Role, Siret, Token, TokenHash,
};

use crate::accounts::{self, Accounts};
use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;
use crate::metrics::Event;
use crate::proofs::{Proof, Proofs, Receipt, Spent};
use crate::random::Random;
use crate::sessions;
use crate::spaces::{
    Colleague, Draft, Invited, REQUEST_RETENTION, Space, Spaces, TRIES_MAX, Tools, Written, kept_changing,
    opening_of, with_membership,
};
use crate::table::{Change, Guard, Key, Outcome, Refused, Row, StringSet, TableError, Transaction};

/// The link of the invitation has not served.
const LIVE_INVITATION: Guard = Guard::new("live invitation");
/// The identifier of a new account is free, or that of an application of the same person.
const NEW_ACCOUNT: Guard = Guard::new("new account");
/// The account that accepts is as it was read, and may take another membership.
const OWN_ACCOUNT: Guard = Guard::new("own account");
/// The same person has not asked within a day.
const FIRST_REQUEST: Guard = Guard::new("first request of the day");
/// The span within which one person asks once for an invitation into one establishment.
const REQUEST_PERIOD: SignedDuration = SignedDuration::from_hours(24);

/// The agency, as who invites.
const THE_AGENCY: &str = "L'assistance Activité partielle";

const OPEN_ACCOUNT: &str = "SET siret = :siret, establishment_name = :establishment_name, \
     first_name = :first_name, last_name = :last_name, email = :email, phone = :phone, is_active = :true, \
     credentials_epoch = :one, password_hash = :hash, password_set_at = :now, terms_accepted_at = :now, \
     created_at = :now, sirets = :sirets REMOVE expires_at, applicant, applied_words";
/// An application of the same SIRET and address gives its place up.
const FREE_IDENTIFIER: &str =
    "attribute_not_exists(pk) OR (is_active = :false AND (applicant = :applicant OR expires_at <= :now))";

/// What the link of an invitation's mail says.
#[derive(Debug, Clone)]
pub struct InvitationLink {
    pub siret: Siret,
    pub opening: Opening,
    pub id: InvitationId,
    pub establishment_name: Name,
    /// Who invited, as they wrote their name.
    pub inviter: String,
    pub invited_by: Inviter,
    pub email: Email,
    pub name: FullName,
    pub offer: Offer,
    pub valid_until: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// Where an invitation is, for who has its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    Open,
    Accepted,
    Expired,
    Withdrawn,
    /// The space was closed.
    Closed,
}

impl LinkState {
    pub const ALL: [Self; 5] = [Self::Open, Self::Accepted, Self::Expired, Self::Withdrawn, Self::Closed];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Closed => "closed",
        }
    }
}

impl InvitationLink {
    /// The invitation, by what stands in its space: one without a row there was withdrawn.
    fn invitation(&self, space: &Space, now: Timestamp) -> Invitation {
        let standing = space.invitation(&self.id);
        Invitation {
            siret: self.siret.clone(),
            opening: self.opening,
            invited_by: self.invited_by.clone(),
            email: self.email.clone(),
            name: self.name.clone(),
            offer: self.offer,
            valid_until: self.valid_until,
            accepted_at: self.used_at,
            withdrawn_at: standing.is_none().then_some(now),
            bounced_at: None,
        }
    }

    /// Where it is, by what stands in its space.
    #[must_use]
    pub fn state(&self, space: &Space, now: Timestamp) -> LinkState {
        let invitation = self.invitation(space, now);
        let has_inviter = self.invited_by.decides(inviter_of(space, &self.invited_by).map(|m| m.membership));
        match invitation.state_by_link(now) {
            InvitationState::Accepted => LinkState::Accepted,
            _ if self.opening != space.opening => LinkState::Closed,
            InvitationState::Expired => LinkState::Expired,
            InvitationState::Withdrawn => LinkState::Withdrawn,
            InvitationState::Open | InvitationState::Bounced if has_inviter => LinkState::Open,
            InvitationState::Open | InvitationState::Bounced => LinkState::Withdrawn,
        }
    }
}

/// Who accepts an invitation.
#[derive(Debug)]
pub enum Accepting {
    /// The account of a session.
    Account(Box<Account>),
    /// A new account.
    New {
        phone: Phone,
        /// A PHC string.
        password_hash: String,
    },
}

/// An acceptance that is written.
#[derive(Debug)]
pub struct AcceptedBy {
    pub identifier: Identifier,
    /// Of the session that a new account opens.
    pub session: Option<Token>,
}

#[derive(Debug, Clone)]
pub struct Invitations {
    tools: Tools,
    config: Arc<Config>,
    spaces: Spaces,
    accounts: Accounts,
    proofs: Proofs,
    random: Random,
}

impl Invitations {
    pub(crate) fn new(
        tools: &Tools,
        config: &Arc<Config>,
        spaces: &Spaces,
        accounts: &Accounts,
        proofs: &Proofs,
        random: &Random,
    ) -> Self {
        Self {
            tools: tools.clone(),
            config: config.clone(),
            spaces: spaces.clone(),
            accounts: accounts.clone(),
            proofs: proofs.clone(),
            random: random.clone(),
        }
    }

    /// Mints the link of an invitation's mail. `None` when the invitation is over, or its inviter decides no
    /// longer: it is not to be sent.
    pub async fn mint(&self, mail: MailId, space: &Space, invited: &Invited) -> Result<Option<Token>, Error> {
        let Invited { id, invitation, .. } = invited;
        let now = self.tools.clock.now();
        let inviter = inviter_of(space, &invitation.invited_by);
        let is_decided = invitation.invited_by.decides(inviter.map(|member| member.membership));
        if !is_decided || invitation.state_by_link(now) != InvitationState::Open {
            return Ok(None);
        }
        let token = invitation_token(self.config.keys.of(Secret::Link)?, mail);
        let change = Change::new(
            Key::invitation_link(&token.hash()),
            "SET siret = :siret, opening = :opening, invitation = :id, establishment_name = :establishment, \
             inviter_name = :inviter, invited_by = :invited_by, email = :email, first_name = :first, \
             last_name = :last, member_role = :role, is_successor = :successor, valid_until = :until, \
             expires_at = :expires_at",
            "attribute_not_exists(used_at)",
        )
        .value("siret", space.siret.as_str())
        .value("opening", invitation.opening.0)
        .value("id", id.as_str())
        .value("establishment", space.name.as_str())
        .value("inviter", inviter_name(inviter))
        .value("invited_by", invitation.invited_by.as_str())
        .value("email", invitation.email.as_str())
        .value("first", invitation.name.first.as_str())
        .value("last", invitation.name.last.as_str())
        .value("role", invitation.offer.role().as_str())
        .value("successor", invitation.offer.is_successor())
        .value("until", invitation.valid_until)
        .value("expires_at", after(invitation.valid_until, LINK_REMEMBERED));
        Ok(match self.tools.table.update(change).await? {
            Outcome::Done(_) => Some(token),
            Outcome::Refused(_) => None,
        })
    }

    /// What a link says, unless it is unknown or its row has expired.
    pub async fn find(&self, token: &TokenHash) -> Result<Option<InvitationLink>, TableError> {
        let row = self.tools.table.find(&Key::invitation_link(token)).await?;
        let now = self.tools.clock.now();
        row.filter(|row| !row.is_past(now)).as_ref().map(read).transpose()
    }

    /// Accepts an invitation, at first in the space as it was read, if it was: consumes its link, writes the
    /// member, opens the account that is new, and tells it in the journal and by mail, in one transaction.
    ///
    /// # Errors
    /// Those of [`Invitation::accept`]; `LastHolder`; `AccountExists`; `NoSession` when the account has
    /// changed meanwhile.
    pub async fn accept(
        &self,
        token: &TokenHash,
        link: &InvitationLink,
        (by, mut known): (&Accepting, Option<Space>),
    ) -> Result<AcceptedBy, Error> {
        let request = self.spaces.request_name();
        let mut taken = 0;
        for tried in 0..TRIES_MAX {
            let space = match known.take() {
                Some(space) => space,
                None => self.spaces.find(&link.siret).await?.ok_or(Refusal::SpaceClosed)?,
            };
            if space.invitation(&link.id).is_none() && self.is_used(token).await? {
                return Err(Refusal::LinkUsed.into());
            }
            let mut draft = Draft::new(&space, self.tools.clock.now(), &request);
            let accepted = self.write(&mut draft, (token, link), by, taken)?;
            let refused = match self.spaces.write(draft.into_transaction(), &request).await? {
                Written::Yes => return Ok(accepted),
                Written::No(refused) => refused,
            };
            if is_by_request(&refused, &request) {
                return Ok(accepted);
            }
            if refused.is_by(LIVE_INVITATION) {
                return Err(Refusal::LinkUsed.into());
            }
            if refused.is_by(OWN_ACCOUNT) {
                return Err(refusal_of(by, refused.standing(OWN_ACCOUNT)).into());
            }
            if let Some(standing) = refused.standing(NEW_ACCOUNT) {
                check_new(standing, link)?;
                taken += 1;
            }
            self.spaces.pause(tried).await;
        }
        Err(kept_changing())
    }

    /// Whether a link has served, since it was read perhaps: its invitation is gone then, as if withdrawn.
    async fn is_used(&self, token: &TokenHash) -> Result<bool, TableError> {
        Ok(self.find(token).await?.is_some_and(|link| link.used_at.is_some()))
    }

    fn write(
        &self,
        draft: &mut Draft<'_>,
        (token, link): (&TokenHash, &InvitationLink),
        by: &Accepting,
        taken: u32,
    ) -> Result<AcceptedBy, Error> {
        let (space, now) = (draft.space, draft.now());
        let invitation = link.invitation(space, now);
        let own = match by {
            Accepting::Account(account) => space.member(&account.identifier),
            Accepting::New { .. } => None,
        };
        let inviter = inviter_of(space, &link.invited_by);
        let others: Vec<_> = others(space, &link.email, by).map(|member| member.membership).collect();
        let acceptance = Acceptance {
            sent_to: &link.email,
            by: acceptor(by, own),
            others: &others,
            inviter: inviter.map(|member| member.membership),
            opening: space.opening,
        };
        let accepted = invitation.accept(&acceptance, now)?;
        let leaver = accepted.leaves.and(inviter);
        let (joined, session) = match by {
            Accepting::Account(account) => {
                draft.transaction().change(OWN_ACCOUNT, with_membership(account, &space.siret));
                let joined = own.cloned().unwrap_or_else(|| newcomer(account.identifier.clone(), link, now));
                (Colleague { name: account.name(), ..joined }, None)
            }
            Accepting::New { phone, password_hash } => {
                let application = application(space, link, phone);
                let identifier = self.accounts.identifier_of(&application, taken)?;
                let opened = Token::from_bytes(self.random.bytes());
                let account = self.open_account(&identifier, &application, password_hash, now)?;
                let transaction = draft.transaction();
                transaction.change(NEW_ACCOUNT, account).count(Event::AccountOpened);
                sessions::add(transaction, &opened, &identifier, 1, now);
                self.tools.outbox.queue(transaction, &MailJob::Welcome { identifier: identifier.clone() })?;
                (newcomer(identifier, link, now), Some(opened))
            }
        };
        let identifier = joined.identifier.clone();
        let consume = consume(token, draft.request(), now);
        draft.transaction().change(LIVE_INVITATION, consume);
        let invited = Invited { id: link.id.clone(), invitation, mail: MailId::new(now, [0; 10]) };
        draft.accept(&invited, accepted, &joined, leaver)?;
        if accepted.joins.is_change() {
            let (siret, identifier) = (space.siret.clone(), identifier.clone());
            draft.mail(&self.tools.outbox, &MailJob::MemberJoined { siret, identifier })?;
        }
        if let Some(leaver) = leaver {
            draft.mail_change(&self.tools.outbox, leaver, domain::membership::Change::Leave)?;
        }
        Ok(AcceptedBy { identifier, session })
    }

    fn open_account(
        &self,
        identifier: &Identifier,
        application: &Application,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<Change, Error> {
        let change = Change::new(Key::account(identifier), OPEN_ACCOUNT, FREE_IDENTIFIER);
        Ok(accounts::with_application(change, application)
            .value("applicant", self.accounts.applicant_of(application)?)
            .value("sirets", StringSet(vec![application.siret.to_string()]))
            .value("hash", password_hash)
            .value("true", true)
            .value("false", false)
            .value("one", 1)
            .value("now", now))
    }

    /// Writes a request for an invitation and queues its mail to the holders, once a day for one SIRET and
    /// address. Whether anybody gets it is for `mail-sender` to find out: the answer is the same.
    ///
    /// # Errors
    /// `ProofAlreadyUsed`.
    pub async fn ask(
        &self,
        proof: &Proof,
        siret: &Siret,
        name: &FullName,
        email: &Email,
    ) -> Result<(), Error> {
        let now = self.tools.clock.now();
        // Of the mailbox: a tag in the address makes nobody else of it.
        let asker = self.config.keys.of(Secret::Hash)?.fingerprint("asker", &email.mailbox());
        let change = Change::new(
            Key::invitation_request(siret, &asker),
            "SET first_name = :first, last_name = :last, email = :email, created_at = :now, \
             expires_at = :until",
            "attribute_not_exists(pk) OR created_at <= :before",
        )
        .value("first", name.first.as_str())
        .value("last", name.last.as_str())
        .value("email", email.as_str())
        .value("now", now)
        .value("before", after(now, -REQUEST_PERIOD))
        .value("until", after(now, REQUEST_RETENTION));
        let mut transaction = Transaction::new();
        transaction.change(FIRST_REQUEST, change);
        let job = MailJob::InvitationRequest { siret: siret.clone(), asker };
        self.tools.outbox.queue(&mut transaction, &job)?;
        match self.proofs.spend(proof, &Receipt::InvitationRequest, transaction).await? {
            Spent::Now | Spent::Before(_) => Ok(()),
            // Spent all the same: the answer tells nothing.
            Spent::Refused(_) => {
                self.proofs.spend(proof, &Receipt::InvitationRequest, Transaction::new()).await.map(|_| ())
            }
        }
    }
}

/// The member who invites, if it is one.
#[must_use]
pub fn inviter_of<'a>(space: &'a Space, inviter: &Inviter) -> Option<&'a Colleague> {
    inviter.holder().and_then(|identifier| space.member(identifier))
}

/// Who invites, in the words of a mail and of a page.
#[must_use]
pub fn inviter_name(inviter: Option<&Colleague>) -> String {
    inviter.map_or_else(|| THE_AGENCY.to_owned(), |inviter| inviter.name.joined())
}

/// Whether the link was consumed by this very request: an answer was lost.
fn is_by_request(refused: &Refused, request: &str) -> bool {
    refused.standing(LIVE_INVITATION).is_some_and(|row| row.find_text("used_by") == Some(request))
}

fn consume(token: &TokenHash, request: &str, now: Timestamp) -> Change {
    Change::new(
        Key::invitation_link(token),
        "SET used_at = :now, used_by = :request",
        "attribute_exists(pk) AND attribute_not_exists(used_at)",
    )
    .value("now", now)
    .value("request", request)
}

/// Other accounts of the invited address that are members.
fn others<'a>(space: &'a Space, email: &Email, by: &Accepting) -> impl Iterator<Item = &'a Colleague> {
    let own = match by {
        Accepting::Account(account) => Some(account.identifier.clone()),
        Accepting::New { .. } => None,
    };
    let address = email.normalised();
    space.members.iter().filter(move |member| {
        Some(&member.identifier) != own.as_ref() && member.email.normalised() == address
    })
}

fn acceptor<'a>(by: &'a Accepting, own: Option<&Colleague>) -> Acceptor<'a> {
    match by {
        Accepting::New { .. } => Acceptor::NewAccount,
        Accepting::Account(account) => Acceptor::Account {
            identifier: &account.identifier,
            email: &account.application.email,
            membership: own.map(|member| member.membership),
            establishments: account.establishments.len() as u64,
        },
    }
}

/// A member who joins: the journal's entry gives them their mark.
fn newcomer(identifier: Identifier, link: &InvitationLink, now: Timestamp) -> Colleague {
    Colleague {
        identifier,
        membership: domain::Membership::active(link.offer.role()),
        name: link.name.clone(),
        email: link.email.clone(),
        since: now,
        mark: 0,
        presence: Presence::new(now),
        heir: None,
    }
}

fn application(space: &Space, link: &InvitationLink, phone: &Phone) -> Application {
    Application {
        siret: space.siret.clone(),
        establishment_name: space.name.clone(),
        first_name: link.name.first.clone(),
        last_name: link.name.last.clone(),
        email: link.email.clone(),
        phone: phone.clone(),
    }
}

/// An identifier that is taken is another's by chance, or that of the invited person, who has left.
///
/// # Errors
/// `AccountExists`.
fn check_new(standing: &Row, link: &InvitationLink) -> Result<(), Error> {
    let is_active = standing.is("is_active");
    if is_active && standing.parsed("email", Email::parse)?.normalised() == link.email.normalised() {
        return Err(Refusal::AccountExists.into());
    }
    Ok(())
}

/// Why an account takes no other membership: it has as many as it may, or it has changed since it was read.
fn refusal_of(by: &Accepting, standing: Option<&Row>) -> Refusal {
    let is_same = match (by, standing) {
        (Accepting::Account(account), Some(row)) => {
            row.find_number("credentials_epoch") == Some(account.credentials_epoch)
                && row.find_text("email") == Some(account.application.email.as_str())
        }
        _ => false,
    };
    if is_same { Refusal::TooManyEstablishments } else { Refusal::NoSession }
}

fn read(row: &Row) -> Result<InvitationLink, TableError> {
    let role = row.parsed("member_role", Role::parse)?;
    let offer = Offer::new(role, row.is("is_successor")).map_err(|_| TableError::corrupt("member_role"))?;
    Ok(InvitationLink {
        siret: row.parsed("siret", Siret::parse)?,
        opening: opening_of(row)?,
        id: row.parsed("invitation", |id| InvitationId::parse(id).ok_or(()))?,
        establishment_name: row.parsed("establishment_name", Name::parse)?,
        inviter: row.text("inviter_name")?.to_owned(),
        invited_by: row.parsed("invited_by", |text| Inviter::parse(text).ok_or(()))?,
        email: row.parsed("email", Email::parse)?,
        name: FullName {
            first: row.parsed("first_name", Name::parse)?,
            last: row.parsed("last_name", Name::parse)?,
        },
        offer,
        valid_until: row.moment("valid_until")?,
        used_at: row.find_moment("used_at"),
    })
}
