//! The rows of the people, as the service would have written them.

use std::collections::HashMap;

use domain::Password;
use dynoxide::{AttributeValue, Item};
use platform::passwords::Hashing;
use sesame::{Options, Portal};

use super::{PASSWORD, Person, SITE};
use crate::Error;

/// Epoch seconds, far enough for no row to expire meanwhile: the year 2096.
const FAR: &str = "4000000000";
/// Epoch seconds of a day when the rows were written.
const WRITTEN: &str = "1795000000";
/// The times that everybody's password was set.
const EPOCH: &str = "1";

/// Makes rows; everybody's password is hashed once.
#[derive(Debug)]
pub struct Rows {
    password_hash: String,
}

impl Rows {
    /// With the password hashed at that cost.
    pub fn new(hashing: Hashing) -> Result<Self, Error> {
        let portal = Portal::open(&Options { hashing, ..Options::in_memory(SITE) })?;
        let platform = portal.platform(session::FUNCTION.name).ok_or("no function opens sessions")?;
        let password = Password::parse(PASSWORD).map_err(|_| "the password is none")?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let hash = runtime.block_on(async {
            let passwords = &platform.passwords;
            passwords.hash(passwords.place()?, password).await
        });
        Ok(Self { password_hash: hash.map_err(|error| format!("{error:?}"))? })
    }

    /// Account, establishment, member, an unused link, an open session and the mail of the activation.
    pub fn of(&self, person: &Person) -> [Item; 6] {
        let (identifier, siret) = (person.identifier.as_str(), person.siret.as_str());
        let account = row(&format!("ACCOUNT#{identifier}"), "ACCOUNT")
            .application(person)
            .flag("is_active", true)
            .with("sirets", AttributeValue::SS(vec![siret.to_owned()]))
            .number("credentials_epoch", EPOCH)
            .text("password_hash", &self.password_hash)
            .number("password_set_at", WRITTEN)
            .number("terms_accepted_at", WRITTEN)
            .number("created_at", WRITTEN);
        let establishment = row(&format!("SIRET#{siret}"), "ESTABLISHMENT")
            .text("establishment_name", ESTABLISHMENT)
            .number("created_at", WRITTEN)
            .number("opening", "1")
            .number("holders", "1")
            .number("journal_entries", "1")
            .text("journal_head", &"0".repeat(64));
        let member = row(&format!("SIRET#{siret}"), &format!("MEMBER#{identifier}"))
            .text("identifier", identifier)
            .number("opening", "1")
            .text("member_role", "holder")
            .text("member_state", "active")
            .text("first_name", "Jeanne")
            .text("last_name", "Martin-Ruiz")
            .text("email", &person.email)
            .number("since", WRITTEN)
            .number("mark", "1");
        let link = row(&format!("LINK#{}", person.link.key()), "LINK")
            .application(person)
            .text("purpose", "password_reset")
            .text("identifier", identifier)
            .number("credentials_epoch", EPOCH)
            .number("valid_until", FAR)
            .number("expires_at", FAR);
        let session = row(&format!("SESSION#{}", person.session.key()), "SESSION")
            .text("identifier", identifier)
            .number("credentials_epoch", EPOCH)
            .number("expires_at", FAR);
        let mail = mail(
            &person.mail.to_string(),
            &format!(r#"{{"kind":"activation","identifier":"{identifier}"}}"#),
        )
        .text("sent_to", "p•••@exemple.fr");
        [account.0, establishment.0, member.0, link.0, session.0, mail.0]
    }
}

/// The name of every establishment.
const ESTABLISHMENT: &str = "Boulangerie du Marché";

/// A mail of an earlier day, which was sent.
pub fn old_mail(rank: usize) -> Item {
    let id = format!("0{rank:025}");
    mail(&id, r#"{"kind":"recovery_by_identifier","identifier":"AP-7K3M-Q2FD"}"#).0
}

fn mail(id: &str, job: &str) -> Row {
    row(&format!("MAIL#{id}"), "MAIL")
        .text("mail_id", id)
        .text("mail_state", "sent")
        .text("lane", "links")
        .text("job", job)
        .text("correlation_id", "0123456789abcdef")
        .number("created_at", WRITTEN)
        .text("note", "010b0199a1b2c3d4-5e6f7a8b-9c0d-1e2f-3a4b-5c6d7e8f9a0b-000000")
        .number("ended_at", WRITTEN)
        .number("expires_at", FAR)
}

struct Row(Item);

fn row(pk: &str, sk: &str) -> Row {
    Row(HashMap::new()).text("pk", pk).text("sk", sk)
}

impl Row {
    fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    fn text(self, name: &str, value: &str) -> Self {
        self.with(name, AttributeValue::S(value.to_owned()))
    }

    fn number(self, name: &str, value: &str) -> Self {
        self.with(name, AttributeValue::N(value.to_owned()))
    }

    fn flag(self, name: &str, value: bool) -> Self {
        self.with(name, AttributeValue::BOOL(value))
    }

    fn application(self, person: &Person) -> Self {
        self.text("siret", person.siret.as_str())
            .text("establishment_name", ESTABLISHMENT)
            .text("first_name", "Jeanne")
            .text("last_name", "Martin")
            .text("email", &person.email)
            .text("phone", "+33123456789")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use platform::table::schema::{self, Presence};

    use super::*;
    use crate::population::Population;

    #[test]
    fn every_row_has_what_the_schema_says() {
        let population = Population::of(1).unwrap();
        let rows = Rows::new(Hashing::SIMULATED).unwrap().of(&population.people[0]);
        for row in rows.into_iter().chain([old_mail(7)]) {
            let key = |name: &str| match &row[name] {
                AttributeValue::S(key) => key.clone(),
                other => unreachable!("{other:?}"),
            };
            let begins = |pattern: &str, key: &str| key.starts_with(pattern.split('<').next().unwrap());
            let (pk, sk) = (key("pk"), key("sk"));
            let kind = schema::kinds().find(|kind| begins(kind.pk, &pk) && begins(kind.sk, &sk)).unwrap();
            for attribute in kind.attributes.iter().filter(|each| each.presence == Presence::Always) {
                assert!(row.contains_key(attribute.name), "{} without {}", kind.name, attribute.name);
            }
            let is_known = |name: &String| kind.attributes.iter().any(|each| each.name == name);
            let unknown: Vec<_> =
                row.keys().filter(|name| !["pk", "sk"].contains(&name.as_str()) && !is_known(name)).collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", kind.name);
        }
    }
}
