//! What is read of the table by who looks behind a link or a name: never what a page shows.

use domain::time::{Timestamp, parse_day};
use domain::{AddressChangeId, Identifier, Role, Scopes, Side, Token};
use platform::mandates::MandateName;
use platform::table::{Key, Row};

use crate::model::{KnownChange, KnownInvitation, KnownMandate};
use crate::world::{BEGINNING, World};

/// A moment of a row, in milliseconds since the beginning.
fn at_ms(moment: Timestamp) -> Option<u64> {
    u64::try_from(moment.as_second() - BEGINNING).ok().map(|seconds| seconds * 1_000)
}

/// A moment of a row, as [`at_ms`].
fn moment_of(row: &Row, name: &str) -> Option<u64> {
    at_ms(row.find_moment(name)?)
}

async fn find(world: &World, key: &Key) -> Option<Row> {
    world.first().operator_table.find(key).await.ok()?
}

/// The invitation of a link, as the table has it.
pub async fn invitation(world: &World, token: &str) -> Option<KnownInvitation> {
    let row = find(world, &Key::invitation_link(&Token::parse(token)?.hash())).await?;
    Some(KnownInvitation {
        token: token.to_owned(),
        id: row.find_text("invitation")?.to_owned(),
        siret: row.find_text("siret")?.to_owned(),
        to: row.find_text("email")?.to_owned(),
        role: Role::parse(row.find_text("member_role")?).ok()?,
        is_successor: row.is("is_successor"),
        until: moment_of(&row, "valid_until")?,
    })
}

/// The change of address of a link, as the table has it.
pub async fn change(world: &World, token: &str) -> Option<KnownChange> {
    let link = find(world, &Key::address_link(&Token::parse(token)?.hash())).await?;
    let identifier = Identifier::parse(link.find_text("identifier")?).ok()?;
    let id = AddressChangeId::parse(link.find_text("address_change")?)?;
    let row = find(world, &Key::address_change(&identifier, &id)).await?;
    Some(KnownChange {
        token: token.to_owned(),
        id: id.to_string(),
        identifier: identifier.as_str().to_owned(),
        former: row.find_text("former_email")?.to_owned(),
        new: row.find_text("new_email")?.to_owned(),
        is_confirmation: link.find_text("purpose")? == "confirm",
        asked: moment_of(&row, "created_at")?,
        until: moment_of(&link, "valid_until")?,
    })
}

/// The link of a mail «toujours là ?», as the table has it.
#[derive(Debug, Clone)]
pub struct KnownPresence {
    pub token: String,
    pub identifier: String,
    pub siret: String,
    /// In milliseconds since the beginning.
    pub until: u64,
}

pub async fn presence(world: &World, token: &str) -> Option<KnownPresence> {
    let row = find(world, &Key::presence_link(&Token::parse(token)?.hash())).await?;
    Some(KnownPresence {
        token: token.to_owned(),
        identifier: row.find_text("identifier")?.to_owned(),
        siret: row.find_text("siret")?.to_owned(),
        until: moment_of(&row, "valid_until")?,
    })
}

/// A mandate, as the client's row states it.
pub async fn mandate(world: &World, name: &str) -> Option<KnownMandate> {
    let parsed = MandateName::parse(name)?;
    let row = find(world, &Key::mandate(Side::Client, &parsed.client, &parsed.cabinet, &parsed.id)).await?;
    Some(KnownMandate {
        name: name.to_owned(),
        client: parsed.client.to_string(),
        cabinet: parsed.cabinet.to_string(),
        scopes: Scopes::parse(row.find_text("scopes")?)?,
        from: parse_day(row.find_text("term_from")?)?,
        until: parse_day(row.find_text("term_until")?)?,
        offered_by: Side::parse(row.find_text("offered_by")?).ok()?,
        seen: world.at_ms(),
    })
}
