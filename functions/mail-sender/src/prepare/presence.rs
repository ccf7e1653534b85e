//! The mail «toujours là ?», to a holder.

use domain::{Identifier, Siret};
use platform::outbox::Leased;
use platform::spaces::{Colleague, Space};

use super::space::{find_space, of};
use super::{Body, Draft, NoMail, check_address, superseded};
use crate::Sender;
use crate::render::{self, Content};

/// A holder who is asked, and whose link is not minted yet.
pub struct Asking {
    space: Space,
    holder: Identifier,
}

/// The question, while it waits for an answer.
pub(super) async fn still_there(
    sender: &Sender,
    leased: &Leased,
    siret: &Siret,
    identifier: &Identifier,
) -> Result<Draft, NoMail> {
    let space = find_space(sender, siret).await?;
    let to = asked(&space, identifier)?.email.clone();
    check_address(sender, leased, &to).await?;
    let body = Body::Presence(Box::new(Asking { space, holder: identifier.clone() }));
    Ok(Draft { to: vec![to], is_unproven: false, reply_to: sender.agency.clone(), body })
}

impl Asking {
    /// Mints the link and renders the mail.
    pub(super) async fn complete(&self, sender: &Sender, leased: &Leased) -> Result<Content, NoMail> {
        let Self { space, holder } = self;
        let (token, until) = sender.platform.presences.mint(leased.id, space, holder).await?;
        Ok(render::still_there(&sender.platform.config.site, of(space), &token, until)?)
    }
}

fn asked<'a>(space: &'a Space, identifier: &Identifier) -> Result<&'a Colleague, NoMail> {
    let holder = space.active_holders().find(|holder| holder.identifier == *identifier);
    let holder = holder.ok_or_else(|| superseded("no active holder any more"))?;
    if holder.presence.is_unanswered() { Ok(holder) } else { Err(superseded("the question is answered")) }
}
