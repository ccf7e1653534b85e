//! The pages of the mailbox: the newest mails, and one as its reader sees it.

use std::io;

use askama::Template;

use super::{Mail, Mailbox};

/// Mails on the page; all of them are in the JSON.
const SHOWN_MAILS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Page {
    mails: Vec<Mail>,
}

impl Mailbox {
    /// The page that shows the newest mails.
    pub fn page(&self) -> io::Result<String> {
        let page = Page { mails: self.newest(SHOWN_MAILS_MAX)? };
        page.render().map_err(io::Error::other)
    }

    /// The HTML of one mail, as its reader sees it.
    pub fn html(&self, id: &str) -> io::Result<Option<String>> {
        Ok(self.pick(1, |mail| (mail.id == id).then(|| mail.html.clone()))?.pop())
    }
}
