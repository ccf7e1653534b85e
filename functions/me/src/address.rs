//! `/api/address`: links of a change of address, told, confirmed by the new mailbox, undone by the old.

use domain::address_change::AddressLink;
use domain::{Refusal, Token};
use platform::addresses::ChangeLink;
use platform::http::Json;
use platform::{Error, Field, Form, Platform, fields, form};
use serde::Serialize;
use utoipa::ToSchema;

form! {
    /// The token of a link that was opened.
    pub struct AddressLinkForm {
        token: Field<Option<Token>>,
    }
}

form! {
    /// The token of the link to a new address.
    pub struct ConfirmAddressForm {
        token: Field<Option<Token>>,
    }
}

form! {
    /// The token of the way back, which the address so far was sent.
    pub struct RestoreAddressForm {
        token: Field<Option<Token>>,
    }
}

/// What a link of a change of address is good for.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownAddressLink {
    pub purpose: Purpose,
    /// Whether it can be used.
    pub state: State,
    /// The address that it makes the account's: the new one, or the one before. Masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AddressLinkPurpose)]
pub enum Purpose {
    /// Makes the new address the account's.
    Confirm,
    /// Brings the address before back, and voids the password.
    Restore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AddressLinkState)]
pub enum State {
    Open,
    /// Too late; or another change, a new password or the way back came first.
    Expired,
    /// By itself.
    Used,
}

/// The address is the account's; every session has ended. What to log in with is not told: whoever reads a
/// mailbox that was mistyped would learn it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressConfirmed {
    /// The new address, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
}

/// The address before is the account's again, and the password is void.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressRestored {
    /// Where the link goes that chooses a new password: the address before, masked.
    #[schema(example = "j•••@exemple.fr")]
    pub sent_to: String,
}

impl From<AddressLink> for Purpose {
    fn from(link: AddressLink) -> Self {
        match link {
            AddressLink::Confirm => Self::Confirm,
            AddressLink::Restore => Self::Restore,
        }
    }
}

/// Tells what a link is good for, and writes nothing: mail scanners open links, and their pages.
#[utoipa::path(
    post, path = "/api/address", operation_id = "showAddressLink", tag = "me", request_body = AddressLinkForm,
    responses((status = 200, description = "What the link is good for", body = ShownAddressLink))
)]
pub async fn show(platform: &Platform, form: Form<AddressLinkForm>) -> Result<Json<ShownAddressLink>, Error> {
    let (token,) = fields!(form: token)?;
    let found = find(platform, token).await?;
    let (change, account, undone) = platform.addresses.of_link(&found).await?;
    let (checked, address) = match found.link {
        AddressLink::Confirm => {
            let email = &account.application.email;
            (change.check_confirm(email, account.credentials_epoch), &change.new)
        }
        AddressLink::Restore => (change.check_restore(&undone), &change.former),
    };
    let state = match checked {
        Err(Refusal::LinkUsed) => State::Used,
        Err(_) => State::Expired,
        Ok(()) if platform.clock.now() > found.valid_until => State::Expired,
        Ok(()) => State::Open,
    };
    Ok(Json(ShownAddressLink { purpose: found.link.into(), state, sent_to: address.masked() }))
}

/// Makes the new address the account's, for whoever reads its mailbox. Every session ends.
#[utoipa::path(
    post, path = "/api/address/confirm", operation_id = "confirmAddress", tag = "me",
    request_body = ConfirmAddressForm,
    responses((status = 200, description = "The address is the account's", body = AddressConfirmed))
)]
pub async fn confirm(
    platform: &Platform,
    form: Form<ConfirmAddressForm>,
) -> Result<Json<AddressConfirmed>, Error> {
    let (token,) = fields!(form: token)?;
    let found = find_for(platform, token, AddressLink::Confirm).await?;
    let address = platform.addresses.confirm(&found).await?;
    Ok(Json(AddressConfirmed { sent_to: address.masked() }))
}

/// Brings the address before back, for whoever reads its mailbox, whether or not the change was confirmed.
/// Every session ends, the password is void, and a link that chooses another is on its way.
#[utoipa::path(
    post, path = "/api/address/restore", operation_id = "restoreAddress", tag = "me",
    request_body = RestoreAddressForm,
    responses((status = 200, description = "The address before is the account's", body = AddressRestored))
)]
pub async fn restore(
    platform: &Platform,
    form: Form<RestoreAddressForm>,
) -> Result<Json<AddressRestored>, Error> {
    let (token,) = fields!(form: token)?;
    let found = find_for(platform, token, AddressLink::Restore).await?;
    let address = platform.addresses.restore(&found).await?;
    Ok(Json(AddressRestored { sent_to: address.masked() }))
}

/// `None` is what is no token: nobody typed it.
async fn find(platform: &Platform, token: Option<Token>) -> Result<ChangeLink, Error> {
    let token = token.ok_or(Refusal::LinkUnknown)?;
    Ok(platform.addresses.find_link(&token.hash()).await?.ok_or(Refusal::LinkUnknown)?)
}

/// The link, if it does this: one mailbox's link does not serve for the other's.
async fn find_for(
    platform: &Platform,
    token: Option<Token>,
    purpose: AddressLink,
) -> Result<ChangeLink, Error> {
    let found = find(platform, token).await?;
    if found.link == purpose { Ok(found) } else { Err(Refusal::LinkUnknown.into()) }
}
