//! The portal under test: its binary, ephemeral, on a free port.

use std::time::{Duration, Instant};

use serde::Deserialize;
use testkit::{http, program};

use crate::processes::POLL;

const MAIL_DELAY_MAX: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Portal {
    pub port: u16,
    _program: program::Portal,
}

/// What a test reads of a mail.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    pub id: String,
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
}

impl Mail {
    /// The fragment of its link: `#` and the token.
    pub fn fragment(&self) -> &str {
        self.fragment_of("/mot-de-passe/")
    }

    /// The fragment of its link to that page.
    pub fn fragment_of(&self, page: &str) -> &str {
        let (_, rest) = self.text.split_once(page).expect("a link in the mail");
        rest.split_whitespace().next().unwrap()
    }
}

impl Portal {
    /// Starts a portal and waits until it answers.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// The same, that knows the address of the extranet.
    pub async fn start_with(extranet: Option<&str>) -> Self {
        Self::start_set(&[("SESAME_EXTRANET", extranet.unwrap_or_default())]).await
    }

    /// The same, with those settings.
    pub async fn start_set(settings: &[(&str, &str)]) -> Self {
        let program = env!("CARGO_BIN_EXE_sesame");
        let program = program::Portal::ephemeral_with(program, 20, settings).await.unwrap();
        Self { port: program.port, _program: program }
    }

    /// Every mail, newest first.
    pub async fn mails(&self) -> Vec<Mail> {
        let answer = http::ask(self.port, "GET", "/mailbox.json", "").await.unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Waits for a mail to that address whose subject or text has that part; gives the newest.
    pub async fn mail_to(&self, address: &str, part: &str) -> Mail {
        let start = Instant::now();
        loop {
            let mails = self.mails().await;
            let is_it = |mail: &&Mail| mail.subject.contains(part) || mail.text.contains(part);
            if let Some(mail) = mails.iter().filter(|mail| mail.to == [address]).find(is_it) {
                return mail.clone();
            }
            let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
            let waited = start.elapsed();
            assert!(waited < MAIL_DELAY_MAX, "no mail to {address} with {part}, these came: {subjects:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until that many mails have arrived in all; gives the newest. More is a failure.
    pub async fn mail(&self, count: usize) -> Mail {
        let start = Instant::now();
        loop {
            let mut mails = self.mails().await;
            let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
            assert!(mails.len() <= count, "more than {count} mails: {subjects:?}");
            if mails.len() == count {
                return mails.swap_remove(0);
            }
            let waited = start.elapsed();
            assert!(waited < MAIL_DELAY_MAX, "{count} mails expected, these came: {subjects:?}");
            tokio::time::sleep(POLL).await;
        }
    }
}
