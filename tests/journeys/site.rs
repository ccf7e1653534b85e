//! A site over HTTP: its API and its inbox, as any program sees them.

use std::env;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use altcha::{Challenge, Payload, SolveChallengeOptions, solve_challenge};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::world::Random;
use serde_json::Value;
use ureq::Agent;

/// How long a mail may take to arrive.
const MAIL_MAX: Duration = Duration::from_secs(60);
/// How long a portal may take to be ready.
const READY_MAX: Duration = Duration::from_secs(60);

pub struct Site {
    address: String,
    agent: Agent,
    run: String,
    /// The portal that was started for this site.
    portal: Option<Child>,
}

pub struct Answer {
    pub status: u16,
    pub body: Value,
    set_cookie: Option<String>,
}

impl Answer {
    /// `name=value` of the cookie that was set.
    pub fn cookie(&self) -> String {
        self.set_cookie.as_deref().unwrap().split(';').next().unwrap().to_owned()
    }
}

impl Site {
    /// The site of `SESAME_SITE`, or a portal of its own.
    pub fn open() -> Self {
        let (address, portal) = match env::var("SESAME_SITE") {
            Ok(address) => (address, None),
            Err(_) => start_portal(),
        };
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(MAIL_MAX)).build();
        let run = domain::token::hexadecimal(&Random::system().bytes::<4>());
        Self { address, agent: config.into(), run, portal }
    }

    /// An address that no other run writes to.
    pub fn address(&self, name: &str) -> String {
        format!("{name}.{}@exemple.fr", self.run)
    }

    pub fn send(&self, method: &str, path: &str, cookie: Option<&str>, body: Option<&Value>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.address));
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let request = request.header("content-type", "application/json");
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut response = match body {
            Some(_) => self.agent.run(request.body(text).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        }
        .unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        Answer {
            status: response.status().as_u16(),
            set_cookie: response.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned()),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
        }
    }

    pub fn post(&self, path: &str, form: &Value) -> Answer {
        self.send("POST", path, None, Some(form))
    }

    /// Posts a form with the proof that a browser would make.
    pub fn post_proven(&self, path: &str, action: &str, form: &Value) -> Answer {
        let challenge = self.send("GET", &format!("/api/challenge?action={action}"), None, None);
        assert_eq!(challenge.status, 200, "{}", challenge.body);
        let challenge: Challenge = serde_json::from_value(challenge.body).unwrap();
        let solution = solve_challenge(SolveChallengeOptions::new(&challenge)).unwrap().unwrap();
        let mut form = form.clone();
        form["proof"] = STANDARD.encode(serde_json::to_vec(&Payload { challenge, solution }).unwrap()).into();
        self.post(path, &form)
    }

    /// The newest mail to an address, once so many have come.
    pub fn mail_to(&self, email: &str, count: usize) -> Value {
        self.mail(|mail| mail["to"] == serde_json::json!([email]), count)
    }

    /// The newest of the mails that are meant, once so many have come.
    pub fn mail(&self, is_meant: impl Fn(&Value) -> bool, count: usize) -> Value {
        let started = Instant::now();
        loop {
            let mailbox = self.send("GET", "/mailbox.json", None, None).body;
            let meant: Vec<&Value> =
                mailbox.as_array().unwrap().iter().filter(|mail| is_meant(mail)).collect();
            if meant.len() >= count {
                return meant[0].clone();
            }
            assert!(started.elapsed() < MAIL_MAX, "{count} mails were awaited, {} came", meant.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(portal) = &mut self.portal {
            let _ = portal.kill();
            let _ = portal.wait();
        }
    }
}

/// Starts the portal on a free port, with easy proofs and nothing kept.
fn start_portal() -> (String, Option<Child>) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let portal = Command::new(env!("CARGO_BIN_EXE_sesame"))
        .arg("--ephemeral")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("SESAME_PORT", port.to_string())
        .env("SESAME_PROOF_COUNTER", "1")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < READY_MAX, "the portal is not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    (format!("http://localhost:{port}"), Some(portal))
}

/// The token of a mail's link.
pub fn token(mail: &Value) -> String {
    let (_, rest) = mail["text"].as_str().unwrap().split_once("/mot-de-passe/#").expect("a link in the mail");
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
