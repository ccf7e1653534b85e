//! SES's `SendEmail` on the wire.

use domain::time::Timestamp;
use serde::Deserialize;

use super::Mail;
use super::events::Accepted;

/// A mail with a simple message, which is all that the sender sends.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendEmail {
    from_email_address: String,
    destination: Destination,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    #[serde(default)]
    email_tags: Vec<EmailTag>,
    configuration_set_name: Option<String>,
    content: Content,
}

impl SendEmail {
    /// The mail as it is kept, with what its events tell of it.
    pub(super) fn accepted(self, message_id: String, at: Timestamp) -> Accepted {
        let tag = self.email_tags.iter().find(|tag| tag.name == mail_sender::TAG);
        let simple = self.content.simple;
        let mail = Mail {
            id: tag.map_or_else(|| message_id.clone(), |tag| tag.value.clone()),
            at: at.strftime("%FT%TZ").to_string(),
            from: self.from_email_address,
            to: self.destination.to_addresses,
            reply_to: self.reply_to_addresses,
            subject: simple.subject.data,
            text: simple.body.text.data,
            html: simple.body.html.data,
        };
        let tags = self.email_tags.into_iter().map(|tag| (tag.name, tag.value)).collect();
        Accepted { message_id, at, mail, tags, configuration_set: self.configuration_set_name }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EmailTag {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    #[serde(default)]
    to_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Simple,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Data,
    body: Parts,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parts {
    text: Data,
    html: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    data: String,
}
