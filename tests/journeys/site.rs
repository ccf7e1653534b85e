//! A site over HTTP: its API and its inbox, as any program sees them.

use std::env;
use std::time::{Duration, Instant};

use platform::random::Random;
use serde_json::{Value, json};
use testkit::http::Message;
use testkit::program::Portal;
use testkit::{http, proof};

/// How long a mail may take to arrive.
const MAIL_DELAY_MAX: Duration = Duration::from_secs(60);

pub struct Site {
    /// Its host and port.
    server: String,
    run: String,
    /// The portal that was started for this site.
    _portal: Option<Portal>,
}

pub struct Answer {
    pub status: u16,
    pub body: Value,
    location: Option<String>,
    set_cookie: Option<String>,
}

impl Answer {
    fn of(answer: &Message) -> Self {
        let header = |name| answer.header(name).map(str::to_owned);
        Self {
            status: answer.status(),
            body: answer.json(),
            location: header("location"),
            set_cookie: header("set-cookie"),
        }
    }

    /// `name=value` of the cookie that was set.
    pub fn cookie(&self) -> String {
        self.set_cookie.as_deref().unwrap().split(';').next().unwrap().to_owned()
    }
}

impl Site {
    /// The site of `SESAME_SITE`, or a portal of its own with easy proofs and nothing kept.
    pub async fn open() -> Self {
        let run = domain::token::hexadecimal(&Random::system().bytes::<4>());
        if let Ok(address) = env::var("SESAME_SITE") {
            let server = address.strip_prefix("http://").expect("SESAME_SITE is an http address");
            return Self { server: server.trim_end_matches('/').to_owned(), run, _portal: None };
        }
        let portal = Portal::ephemeral(env!("CARGO_BIN_EXE_sesame"), 1).await.unwrap();
        Self { server: format!("localhost:{}", portal.port), run, _portal: Some(portal) }
    }

    /// An address that no other run writes to.
    pub fn address(&self, name: &str) -> String {
        format!("{name}.{}@exemple.fr", self.run)
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.server)
    }

    /// As a browser goes to an address, and where it is sent on to.
    pub async fn go(&self, path: &str, cookie: &str) -> (Answer, String) {
        let headers = [("Cookie", cookie), ("Accept", "text/html")];
        let answer = Answer::of(&http::send(&self.server, "GET", path, &headers, "").await.unwrap());
        let location = answer.location.clone().unwrap_or_else(|| panic!("{path}: {}", answer.status));
        (answer, location)
    }

    pub async fn send(&self, method: &str, path: &str, cookie: Option<&str>, body: Option<&Value>) -> Answer {
        let headers: Vec<_> = cookie.map(|cookie| ("Cookie", cookie)).into_iter().collect();
        let body = body.map(Value::to_string).unwrap_or_default();
        Answer::of(&http::send(&self.server, method, path, &headers, &body).await.unwrap())
    }

    pub async fn post(&self, path: &str, form: &Value) -> Answer {
        self.send("POST", path, None, Some(form)).await
    }

    /// Posts a form with the proof that a browser would make.
    pub async fn post_proven(&self, path: &str, action: &str, form: &Value) -> Answer {
        let challenge = self.send("GET", &format!("/api/challenge?action={action}"), None, None).await;
        assert_eq!(challenge.status, 200, "{}", challenge.body);
        let mut form = form.clone();
        form["proof"] = proof::solve(&challenge.body).unwrap().into();
        self.post(path, &form).await
    }

    /// The newest mail to an address, once so many have come.
    pub async fn mail_to(&self, email: &str, count: usize) -> Value {
        self.mail(|mail| mail["to"] == json!([email]), count).await
    }

    /// The newest of the mails that are meant, once so many have come.
    pub async fn mail(&self, is_meant: impl Fn(&Value) -> bool, count: usize) -> Value {
        let started = Instant::now();
        loop {
            let mailbox = self.send("GET", "/mailbox.json", None, None).await.body;
            let meant: Vec<&Value> =
                mailbox.as_array().unwrap().iter().filter(|mail| is_meant(mail)).collect();
            if meant.len() >= count {
                return meant[0].clone();
            }
            assert!(started.elapsed() < MAIL_DELAY_MAX, "{count} mails were awaited, {} came", meant.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The token of a mail's link to a page.
pub fn token(mail: &Value, page: &str) -> String {
    let (_, rest) = mail["text"].as_str().unwrap().split_once(&format!("/{page}/#")).expect("a link");
    rest.split_whitespace().next().unwrap().to_owned()
}

/// A SIRET that passes the check and that no other run uses.
pub fn siret() -> String {
    let digits = u64::from_le_bytes(Random::system().bytes()) % 1_000_000_000_000;
    let body = format!("{:013}", 1_000_000_000_000 + digits);
    (0..10).map(|last| format!("{body}{last}")).find(|siret| domain::Siret::parse(siret).is_ok()).unwrap()
}

/// A random UUID.
pub fn uuid() -> String {
    let hex = domain::token::hexadecimal(&Random::system().bytes::<16>());
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
