//! A portal in process with accounts, links, sessions and queued mails, the same at the start of every input.

use std::cell::RefCell;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use domain::MailId;
use domain::proof::Action;
use domain::time::{SignedDuration, Timestamp, after};
use http::{HeaderMap, Request};
use mail_sender::dns::MailDomains;
use platform::clock::Clock;
use platform::http::Body;
use platform::passwords::Hashing;
use platform::proofs::Effort;
use platform::random::Random;
use platform::telemetry;
use serde_json::{Value, json};
use sesame::emulator::{ServiceResponse, TABLE};
use sesame::grants::Caller;
use sesame::{Hooks, Options, Portal};
use testkit::form::application;
use tokio::runtime::Runtime;
use tracing::Level;
use tracing::subscriber::DefaultGuard;

pub const SITE: &str = "https://sesame.example";
/// When inputs run: within the validity of the proofs of `events/`.
const NOW: &str = "2099-12-31T23:30:00Z";
/// From when the links that have expired were sent.
const EARLIER: SignedDuration = SignedDuration::from_hours(-2);
const SIRET: &str = "73282932000074";
const EMAIL: &str = "jeanne.martin@exemple.fr";
const PASSWORD: &str = "fenêtre sirop balcon 47 tambour";
/// An application that waits for its activation.
const WAITING: (&str, &str) = ("35600000009075", "paul.durand@exemple.fr");
/// Two applications for one establishment.
const RIVALS: [(&str, &str); 2] =
    [("55210055400013", "lea.petit@exemple.fr"), ("55210055400013", "marc.roux@exemple.fr")];
/// Items of one `BatchWriteItem`.
const BATCH_ITEMS_MAX: usize = 25;

thread_local! {
    /// Never dropped: a runtime cannot be while its thread ends.
    static FIXTURE: &'static Fixture = Box::leak(Box::new(Fixture::open()));
    /// The log lines of this thread.
    static LOG: RefCell<Vec<u8>> = RefCell::default();
}

/// Runs on this thread's fixture, as it was when it was opened.
pub fn with<T>(work: impl FnOnce(&Fixture) -> T) -> T {
    FIXTURE.with(|fixture| {
        fixture.restore();
        work(fixture)
    })
}

/// What the services were asked.
#[derive(Debug, Default)]
struct Calls {
    table: AtomicU64,
    /// Of those, the ones that have changed a row.
    writes: AtomicU64,
    mails: Mutex<Vec<Value>>,
}

pub struct Fixture {
    pub portal: Portal,
    /// What stands for a name with a `$` in an input.
    names: Vec<(String, String)>,
    /// What no log line and no problem holds.
    secrets: Vec<String>,
    /// Every row.
    rows: Vec<Value>,
    calls: Arc<Calls>,
    random: Arc<Mutex<fastrand::Rng>>,
    runtime: Runtime,
    _log: DefaultGuard,
}

/// An answer, and what it took.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub table_calls: u64,
    pub writes: u64,
    pub log: String,
}

impl Answer {
    /// Its JSON; null without any.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

struct LogWriter;

impl std::io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Fixture {
    fn open() -> Self {
        let calls = Arc::<Calls>::default();
        let random = Arc::new(Mutex::new(fastrand::Rng::with_seed(0)));
        let now: Timestamp = NOW.parse().unwrap();
        let seconds = Arc::new(AtomicI64::new(after(now, EARLIER).as_second()));
        let (moment, source) = (seconds.clone(), random.clone());
        let options = Options {
            clock: Clock::new(move || Timestamp::from_second(moment.load(Ordering::Relaxed)).unwrap()),
            random: Random::new(move |bytes| source.lock().unwrap().fill(bytes)),
            hashing: Hashing::SIMULATED,
            hooks: hooks(&calls),
            ..Options::in_memory(SITE)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let subscriber = telemetry::subscriber(|| LogWriter, Level::INFO);
        let mut fixture = Self {
            portal: Portal::open(&options).unwrap(),
            names: Vec::new(),
            secrets: Vec::new(),
            rows: Vec::new(),
            calls,
            random,
            runtime: runtime.unwrap(),
            _log: tracing::subscriber::set_default(subscriber),
        };
        fixture.tell(|| seconds.store(now.as_second(), Ordering::Relaxed));
        fixture.rows = fixture.scan();
        fixture.calls.writes.store(0, Ordering::Relaxed);
        fixture
    }

    /// What has happened before an input, some of it before time goes by.
    fn tell(&mut self, wait: impl FnOnce()) {
        let used = self.apply((SIRET, EMAIL));
        let opened = self.set_password(&used);
        let account = opened.json()["identifier"].as_str().unwrap().to_owned();
        let cookie = opened.headers["set-cookie"].to_str().unwrap();
        let session = cookie.split([';', '=']).nth(1).unwrap().to_owned();
        let expired = self.recover(&account);
        wait();
        let reset = self.recover(&account);
        let waiting = self.apply(WAITING);
        let [overtaken, overtaking] = RIVALS.map(|rival| self.apply(rival));
        let rival = self.set_password(&overtaking).json()["identifier"].as_str().unwrap().to_owned();
        for _ in 0..3 {
            let wrong = json!({"identifier": rival, "password": "no"});
            assert_eq!(self.post("/api/session", &wrong).status, 401);
        }
        self.deliver();
        let secrets = [&session, &used, &expired, &reset, &waiting, &overtaken].map(String::clone);
        self.secrets = secrets.into_iter().chain([EMAIL, PASSWORD].map(str::to_owned)).collect();
        let given = [
            ("siret", SIRET),
            ("email", EMAIL),
            ("password", PASSWORD),
            ("account", &*account),
            ("watched", &*rival),
            ("session", &*session),
            ("link-used", &*used),
            ("link-expired", &*expired),
            ("link-reset", &*reset),
            ("link-activation", &*waiting),
            ("link-overtaken", &*overtaken),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let proofs = Action::ALL.map(|action| (format!("proof-{}", action.as_str()), self.proof(action)));
        let mails = self.queue_mails(&account).into_iter().enumerate();
        let mails = mails.map(|(rank, mail)| (format!("mail-{rank}"), mail.to_string()));
        self.names = given.into_iter().chain(proofs).chain(mails).collect();
        // Of two names that begin alike the longer one is meant.
        self.names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    }

    /// Leaves mails of several kinds in the queue.
    fn queue_mails(&self, account: &str) -> Vec<MailId> {
        let ticket = json!({
            "submission": "0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70",
            "siret": SIRET,
            "establishment_name": "Boulangerie du Marché",
            "full_name": "Jeanne Martin",
            "phone": "01 23 45 67 89",
            "email": EMAIL,
            "motive": "other",
            "description": "Ma collègue est partie.",
        });
        let of_account = json!({"identifier": account});
        let of_nobody = json!({"identifier": "AP-7K3M-Q2FD"});
        let of_address = json!({"siret": SIRET, "email": EMAIL});
        for (path, action, form) in [
            ("/api/submit-ticket", Action::SubmitTicket, ticket),
            ("/api/recover/password", Action::Recover, of_account),
            ("/api/recover/password", Action::Recover, of_nobody),
            ("/api/recover/identifier", Action::Recover, of_address),
        ] {
            self.post_proven(path, action, form);
        }
        self.portal.take_queued().into_iter().map(|(mail, _)| mail).collect()
    }

    fn proof(&self, action: Action) -> String {
        let platform = self.portal.platform("challenge").unwrap();
        let challenge = platform.proofs.challenge_of(action, Effort { cost: 1, counter: 1 }).unwrap();
        testkit::proof::solve(&serde_json::to_value(challenge).unwrap()).unwrap()
    }

    fn post(&self, path: &str, form: &Value) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.ask(request.body(Body::Text(form.to_string())).unwrap())
    }

    fn post_proven(&self, path: &str, action: Action, mut form: Value) {
        form["proof"] = self.proof(action).into();
        let answer = self.post(path, &form);
        assert!(answer.status < 300, "{path}: {}", answer.text);
    }

    /// Applies for an account. Gives the token of its link.
    fn apply(&self, (siret, email): (&str, &str)) -> String {
        self.post_proven("/api/create-account", Action::CreateAccount, application(siret, email));
        self.next_link()
    }

    /// Asks for a new password. Gives the token of its link.
    fn recover(&self, account: &str) -> String {
        let form = json!({"identifier": account});
        self.post_proven("/api/recover/password", Action::Recover, form);
        self.next_link()
    }

    fn set_password(&self, token: &str) -> Answer {
        let answer = self.post("/api/set-password", &json!({"token": token, "password": PASSWORD}));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }

    fn deliver(&self) {
        self.block_on(self.portal.worker.drain());
    }

    fn next_link(&self) -> String {
        self.deliver();
        let mails = self.calls.mails.lock().unwrap();
        let text = mails.last().unwrap()["Content"]["Simple"]["Body"]["Text"]["Data"].as_str().unwrap();
        let (_, rest) = text.split_once(&format!("{SITE}/mot-de-passe/#")).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// What an operator is answered.
    fn operate(&self, operation: &str, request: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let answer = self.portal.emulator.answer(&Caller::Operator, &target, request.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Every row.
    pub fn scan(&self) -> Vec<Value> {
        let page = self.operate("Scan", &json!({"TableName": TABLE}));
        assert!(page.get("LastEvaluatedKey").is_none(), "more rows than one page has");
        page["Items"].as_array().unwrap().clone()
    }

    /// Undoes what an input has written.
    fn restore(&self) {
        self.random.lock().unwrap().seed(1);
        self.calls.mails.lock().unwrap().clear();
        if self.calls.writes.swap(0, Ordering::Relaxed) == 0 {
            return;
        }
        let _ = self.portal.take_queued();
        let key = |row: &Value| json!({"pk": row["pk"], "sk": row["sk"]});
        let known: Vec<Value> = self.rows.iter().map(key).collect();
        let keys = self.scan().iter().map(key).filter(|key| !known.contains(key)).collect::<Vec<_>>();
        let deletes = keys.into_iter().map(|key| json!({"DeleteRequest": {"Key": key}}));
        let puts = self.rows.iter().map(|row| json!({"PutRequest": {"Item": row}}));
        let writes: Vec<Value> = deletes.chain(puts).collect();
        for batch in writes.chunks(BATCH_ITEMS_MAX) {
            self.operate("BatchWriteItem", &json!({"RequestItems": {TABLE: batch}}));
        }
    }

    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The answer to a request.
    pub fn ask(&self, request: Request<Body>) -> Answer {
        let table = self.calls.table.load(Ordering::Relaxed);
        let writes = self.calls.writes.load(Ordering::Relaxed);
        LOG.take();
        let (parts, body) = self.block_on(Box::pin(self.portal.answer(request))).into_parts();
        let bytes: &[u8] = body.as_ref();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
            table_calls: self.calls.table.load(Ordering::Relaxed) - table,
            writes: self.calls.writes.load(Ordering::Relaxed) - writes,
            log: String::from_utf8(LOG.take()).unwrap(),
        }
    }

    /// The ids of the mails that SES was given since the start of this input, in their order.
    pub fn mails_sent(&self) -> Vec<String> {
        let mails = self.calls.mails.lock().unwrap();
        mails.iter().map(|mail| mail["EmailTags"][0]["Value"].as_str().unwrap().to_owned()).collect()
    }

    /// What no log line and no problem may hold.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    /// The names that inputs may have, with their `$`.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.names.iter().map(|(name, _)| format!("${name}"))
    }

    /// An input with values in the place of names.
    pub fn filled(&self, input: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(input.len());
        let mut rest = input;
        while let Some((first, after)) = rest.split_first() {
            let named = || {
                let mut names = self.names.iter();
                names.find_map(|(name, value)| Some((value, after.strip_prefix(name.as_bytes())?)))
            };
            match (*first == b'$').then(named).flatten() {
                Some((value, after)) => {
                    filled.extend_from_slice(value.as_bytes());
                    rest = after;
                }
                None => {
                    filled.push(*first);
                    rest = after;
                }
            }
        }
        filled
    }
}

/// A table that counts, and an SES that keeps what it is given.
fn hooks(calls: &Arc<Calls>) -> Hooks {
    let (of_table, of_ses) = (calls.clone(), calls.clone());
    Hooks {
        table: Arc::new(move |emulator, caller, target, body| {
            let answer = emulator.answer(caller, target, body);
            of_table.table.fetch_add(1, Ordering::Relaxed);
            let is_read = target.ends_with(".GetItem") || target.ends_with(".Query");
            of_table.writes.fetch_add((!is_read && answer.status == 200).into(), Ordering::Relaxed);
            assert!(!answer.body.contains("AccessDenied"), "a function without the grant: {}", answer.body);
            Ok(answer)
        }),
        ses: Arc::new(move |_, body| {
            of_ses.mails.lock().unwrap().push(serde_json::from_slice(body).unwrap());
            Ok(ServiceResponse::ok(json!({"MessageId": "1"}).to_string()))
        }),
        mail_domains: MailDomains::new(|_| false),
        ..Hooks::default()
    }
}
