//! Mails of a succession: the notice with the link that objects, and what became of it.

use domain::succession::{News, State, Told};
use domain::{Email, Succession, SuccessionId};
use platform::outbox::Leased;

use super::space::{find_space, holders};
use super::{Body, Draft, NoMail, check_address, find_account, nobody, superseded, to_each};
use crate::Sender;
use crate::render::{self, Content};

/// A notice whose link is not minted yet.
pub struct Noticing {
    succession: Succession,
    to: Told,
}

/// A notice, while its round goes on.
pub(super) async fn notice(
    sender: &Sender,
    leased: &Leased,
    (id, round, to): (&SuccessionId, u64, &Told),
) -> Result<Draft, NoMail> {
    let succession = find(sender, id).await?;
    if succession.round != round || succession.state().is_over() {
        return Err(superseded("the succession is over, or in another round"));
    }
    let recipients = recipients(sender, leased, to).await?;
    let body = Body::Notice(Box::new(Noticing { succession, to: to.clone() }));
    Ok(Draft { to: recipients, is_unproven: false, reply_to: sender.agency.clone(), body })
}

impl Noticing {
    /// Mints the link and renders the mail.
    pub(super) async fn complete(&self, sender: &Sender, leased: &Leased) -> Result<Content, NoMail> {
        let Self { succession, to } = self;
        let token = sender.platform.successions.mint(leased.id, succession).await?;
        Ok(render::succession_notice(&sender.platform.config.site, succession, to, &token)?)
    }
}

/// What became of a succession, to one who had its notice.
pub(super) async fn news(
    sender: &Sender,
    leased: &Leased,
    (id, to, news): (&SuccessionId, &Told, News),
) -> Result<Draft, NoMail> {
    let succession = find(sender, id).await?;
    if news == News::Contested && succession.state() != State::Contested {
        return Err(superseded("the objection is judged"));
    }
    let recipients = recipients(sender, leased, to).await?;
    let site = &sender.platform.config.site;
    let content = render::succession_news(site, &succession, (to, news), leased.created_at)?;
    Ok(to_each(sender, recipients, content))
}

async fn find(sender: &Sender, id: &SuccessionId) -> Result<Succession, NoMail> {
    sender.platform.successions.find(id).await?.ok_or_else(|| nobody("no such succession"))
}

/// A person by the address of their account, a cabinet by those of its holders.
async fn recipients(sender: &Sender, leased: &Leased, to: &Told) -> Result<Vec<Email>, NoMail> {
    match to {
        Told::Holder(identifier) | Told::Member(identifier) => {
            let account = find_account(sender, identifier).await?;
            if !account.is_active {
                return Err(nobody("the account is not active"));
            }
            let email = account.application.email;
            check_address(sender, leased, &email).await?;
            Ok(vec![email])
        }
        Told::Cabinet(siret) => {
            let space = find_space(sender, siret).await?;
            holders(sender, leased, &space, None).await
        }
    }
}
