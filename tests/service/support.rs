//! The fixture of a test: a portal with its own database and mailbox, and a clock that the test moves.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once};
use std::time::Duration;
use std::{env, panic, process};

use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::MailId;
use domain::mail::{AGENCY_MAILS_MAX, Bounded, DigestPeriod};
use domain::time::{SignedDuration, Timestamp, after};
use http::{HeaderMap, Request};
use mail_sender::dns::MailDomains;
use platform::clock::Clock;
use platform::config::{Extranet, LoginProof};
use platform::http::Body;
use platform::notices::Notices;
use platform::passwords::Hashing;
use platform::random::Random;
use platform::telemetry;
use serde_json::{Value, json};
use sesame::emulator::{Emulator, ServiceResponse, Transit};
use sesame::functions::ALL;
use sesame::grants::Caller;
use sesame::mailbox::{Mail, Mailbox};
use sesame::{Hooks, Options, Portal};
pub use testkit::form::application;
use testkit::{document, proof};
use tracing::Level;

pub const EXTRANET: &str = "https://extranet.exemple.fr/ap/";
pub const SITE: &str = "http://localhost:8080";
pub const SIRET: &str = "73282932000074";
pub const OTHER_SIRET: &str = "35600000009075";
pub const EMAIL: &str = "jeanne.martin@exemple.fr";
/// Hashes in blocking threads as everywhere, and refusals at steps, at a fraction of their cost: stories make
/// hundreds of them.
pub const HASHING: Hashing =
    Hashing { memory_kib: 64, passes: 1, is_off_thread: true, refusal_step: Duration::from_millis(2) };
pub const PASSWORD: &str = "fenêtre sirop balcon 47 tambour";
pub const OTHER_PASSWORD: &str = "girafe octobre 12 velours marteau";

/// Every log line of this process.
pub static LOG: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Mutex::default);

struct LogWriter;

impl std::io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How long a slow call takes, in seconds: more than the timeout of any function that answers requests.
const SLOW_SECONDS: i64 = 20;

/// A fault of one call of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Throttled: nothing done.
    Throttled,
    /// Done, but the answer never arrives.
    AnswerLost,
    /// Another transaction holds the rows.
    Conflict,
    /// Throttled inside a transaction: a cancellation, which the SDK does not retry.
    ThrottledInside,
    /// The same, with the code of a table of provisioned capacity.
    BeyondCapacityInside,
    /// Done, after longer than any request may take.
    Slow,
    /// A permanent refusal of SES.
    Rejected,
    /// SES does not know the sender's domain, or in its sandbox the recipient, for one that was verified.
    Unverified,
    /// SES has paused the account.
    Paused,
    /// Done, and then the process dies: nothing reaches the table until `revive`.
    Crash,
}

/// Counts the calls of a service, and injects planned faults.
#[derive(Debug, Default)]
pub struct CallHook {
    calls: Mutex<Vec<String>>,
    faults: Mutex<VecDeque<Option<Fault>>>,
}

impl CallHook {
    /// The operations since the last call.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// Plans a fault for each of the next calls.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults.into_iter().map(Some));
    }

    /// One call passes before the faults that are planned next.
    pub fn let_one_pass(&self) {
        self.faults.lock().unwrap().push_back(None);
    }

    fn next(&self, operation: &str) -> Option<Fault> {
        self.calls.lock().unwrap().push(operation.to_owned());
        self.faults.lock().unwrap().pop_front().flatten()
    }
}

/// The API document.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(sesame::openapi::document()).unwrap());

pub struct App {
    pub portal: Portal,
    pub table: Arc<CallHook>,
    pub ses: Arc<CallHook>,
    is_dead: Arc<AtomicBool>,
    /// By how much this application's clock is ahead.
    pub ahead_seconds: Arc<AtomicI64>,
    domains_without_mail: Arc<Mutex<BTreeSet<String>>>,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The last part of the problem's type.
    pub fn problem(&self) -> &str {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], self.status);
        self.body["type"].as_str().unwrap().strip_prefix("/problems/").unwrap()
    }

    /// `field:code` of every fault, in their order.
    pub fn faults(&self) -> Vec<String> {
        assert_eq!(self.problem(), "invalid-form");
        let faults = self.body["errors"].as_array().unwrap().iter();
        faults
            .map(|fault| format!("{}:{}", fault["field"].as_str().unwrap(), fault["code"].as_str().unwrap()))
            .collect()
    }
}

/// Set, the first failure of a test ends them all: `cargo xtask mutants platform` asks for no more.
const FAIL_FAST: &str = "SESAME_FAIL_FAST";
const FAILED: i32 = 101;

fn end_at_first_failure() {
    static IS_SET: Once = Once::new();
    IS_SET.call_once(|| {
        if env::var_os(FAIL_FAST).is_some() {
            let tell = panic::take_hook();
            panic::set_hook(Box::new(move |failure| {
                tell(failure);
                process::exit(FAILED);
            }));
        }
    });
}

impl App {
    pub fn new() -> Self {
        Self::open(None)
    }

    /// With a data folder.
    pub fn open(data: Option<PathBuf>) -> Self {
        Self::with(data, LoginProof::AfterFailures)
    }

    /// With a data folder and an operator's setting.
    pub fn with(data: Option<PathBuf>, login_proof: LoginProof) -> Self {
        Self::of(data, login_proof, SignedDuration::ZERO)
    }

    /// Whose senders keep to a rate, of a thousand a second.
    pub fn paced() -> Self {
        Self::of(None, LoginProof::AfterFailures, SignedDuration::from_millis(1))
    }

    /// Whose calls of the table take some steps of the runtime, each way.
    pub fn with_way_to_the_table() -> Self {
        let steps = |count: usize| async move {
            for _ in 0..count {
                tokio::task::yield_now().await;
            }
        };
        let calls = AtomicI64::new(0);
        let transit: Transit = Arc::new(move || {
            let rank = usize::try_from(calls.fetch_add(1, Ordering::SeqCst)).unwrap_or(0);
            Box::pin(steps(1 + rank % 5))
        });
        Self::by(|options| {
            let hooks = Hooks { table_transit: Some(transit), ..options.hooks.clone() };
            Options { hooks, ..options }
        })
    }

    fn of(data: Option<PathBuf>, login_proof: LoginProof, mail_interval: SignedDuration) -> Self {
        Self::by(|options| Options { data, login_proof, mail_interval, ..options })
    }

    /// With an operator's settings, or other services.
    pub fn by(set: impl FnOnce(Options) -> Options) -> Self {
        end_at_first_failure();
        // The first test sets it; all tests share the log.
        let _ = tracing::subscriber::set_global_default(telemetry::subscriber(|| LogWriter, Level::INFO));
        let (table, ses) = (Arc::new(CallHook::default()), Arc::new(CallHook::default()));
        let (is_dead, ahead_seconds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
        let ahead = ahead_seconds.clone();
        let clock = Clock::new(move || {
            after(Timestamp::now(), SignedDuration::from_secs(ahead.load(Ordering::SeqCst)))
        });
        let domains_without_mail = Arc::<Mutex<BTreeSet<String>>>::default();
        let without_mail = domains_without_mail.clone();
        let hooks = Hooks {
            table: table_hook(table.clone(), is_dead.clone(), ahead_seconds.clone()),
            ses: ses_hook(ses.clone(), is_dead.clone()),
            mail_domains: MailDomains::new(move |domain| without_mail.lock().unwrap().contains(domain)),
            ..Hooks::default()
        };
        let extranet = Extranet::parse(EXTRANET);
        let hashing = HASHING;
        let options = set(Options { clock, extranet, hashing, hooks, ..Options::in_memory(SITE) });
        Self {
            portal: Portal::open(&options).unwrap(),
            table,
            ses,
            is_dead,
            ahead_seconds,
            domains_without_mail,
        }
    }

    pub fn wait_minutes(&self, minutes: i64) {
        self.wait_seconds(minutes * 60);
    }

    pub fn wait_seconds(&self, seconds: i64) {
        self.ahead_seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Restarts the process after [`Fault::Crash`].
    pub fn revive(&self) {
        self.is_dead.store(false, Ordering::SeqCst);
    }

    /// Waits for the next quarter of an hour to begin: a digest's period.
    pub fn wait_to_quarter(&self) {
        let clock = &self.portal.platform("mail-sender").unwrap().clock;
        let next = DigestPeriod::of(clock.now()).end();
        self.wait_seconds(i64::try_from(clock.until(next).as_secs()).unwrap() + 1);
    }

    /// From now on, name servers say that this domain takes no mail.
    pub fn takes_no_mail(&self, domain: &str) {
        self.domains_without_mail.lock().unwrap().insert(domain.to_owned());
    }

    /// The agency gets all the single mails that it may get within an hour.
    pub async fn fill_agency_quota(&self) {
        let platform = self.portal.platform("mail-sender").unwrap();
        for round in 0..AGENCY_MAILS_MAX {
            let mut random = [0; 10];
            random[2..].copy_from_slice(&round.to_be_bytes());
            let mail = MailId::new(platform.clock.now(), random);
            platform.outbox.count(mail, &Bounded::AgencyCopy.quotas()).await.unwrap();
        }
    }

    pub async fn send(&self, request: Request<Vec<u8>>) -> Answer {
        let (method, path) = (request.method().as_str().to_lowercase(), request.uri().path().to_owned());
        let response = self.portal.answer(request.map(Body::Binary)).await;
        let (parts, body) = response.into_parts();
        let bytes: &[u8] = body.as_ref();
        let kind = parts.headers.get("content-type");
        let is_text = kind.is_some_and(|kind| kind == "text/plain; charset=utf-8");
        let body = match bytes {
            [] => Value::Null,
            text if is_text => String::from_utf8(text.to_vec()).unwrap().into(),
            json => serde_json::from_slice(json).unwrap(),
        };
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        let stated = ALL.iter().find_map(|function| function.stated_path(&path)).unwrap_or(&path);
        let operation = &DOCUMENT["paths"][stated][&method];
        let fault = document::fault_of(operation, answer.status, &answer.headers, &answer.body);
        assert_eq!(fault, None, "{}", answer.body);
        answer
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string()).await
    }

    pub async fn post_text(&self, path: &str, body: &str) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request.body(body.as_bytes().to_vec()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Vec::new()).unwrap()).await
    }

    /// With the session's cookie.
    pub async fn with_cookie(&self, method: &str, path: &str, cookie: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("cookie", cookie);
        self.send(request.body(Vec::new()).unwrap()).await
    }

    /// A solved proof.
    pub async fn proof(&self, action: &str) -> String {
        let challenge = self.get(&format!("/api/challenge?action={action}")).await;
        proof::solve(&challenge.body).unwrap()
    }

    /// Posts a form with a fresh proof for that action.
    pub async fn post_proven(&self, path: &str, action: &str, mut form: Value) -> Answer {
        form["proof"] = self.proof(action).await.into();
        self.post(path, &form).await
    }

    /// Sends what is due; returns the number of deliveries.
    pub async fn deliver(&self) -> usize {
        self.portal.worker.drain().await
    }

    /// Hands over the events of mails that are due; returns how many there were.
    pub async fn track(&self) -> usize {
        self.portal.tracker.track_due().await
    }

    /// Where a mail is.
    pub async fn mail(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/mail/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// Sends a mail's application to another address.
    pub async fn correct(&self, mail: &str, email: &str) -> Answer {
        let path = format!("/api/mail/{mail}/address");
        self.post_proven(&path, "create-account", json!({"email": email})).await
    }

    /// Every mail, newest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.portal.mailbox.newest(usize::MAX).unwrap()
    }

    /// Sends what is due and gives the newest mail.
    pub async fn next_mail(&self) -> Mail {
        let before = self.mails().len();
        self.deliver().await;
        assert!(self.mails().len() > before, "no mail arrived");
        self.mails().remove(0)
    }

    /// The rows whose partition key begins with `prefix`.
    pub fn rows(&self, prefix: &str) -> Vec<Value> {
        let scan = json!({
            "TableName": sesame::emulator::TABLE,
            "FilterExpression": "begins_with(pk, :prefix)",
            "ExpressionAttributeValues": {":prefix": {"S": prefix}},
        });
        let page = self.operate("Scan", &scan);
        assert!(page.get("LastEvaluatedKey").is_none(), "more rows than a test has");
        page["Items"].as_array().unwrap().clone()
    }

    /// What the table answers an operator.
    pub fn operate(&self, operation: &str, request: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let answer = self.portal.emulator.answer(&Caller::Operator, &target, request.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// The banners, as an operator reaches them.
    pub fn notices(&self) -> Notices {
        let clock = Clock::system();
        Notices::new(&self.portal.operator_table, &clock, &Random::system())
    }

    /// The states of all mails, oldest first.
    pub fn mail_states(&self) -> Vec<String> {
        let mut rows = self.rows("MAIL#");
        rows.sort_by_key(|row| row["pk"]["S"].as_str().unwrap().to_owned());
        rows.iter().map(|row| row["mail_state"]["S"].as_str().unwrap().to_owned()).collect()
    }

    /// Applies for an account and gives the answer.
    pub async fn apply(&self, siret: &str, email: &str) -> Answer {
        self.post_proven("/api/create-account", "create-account", application(siret, email)).await
    }

    /// Chooses a password with a link's token.
    pub async fn set_password(&self, token: &str, password: &str) -> Answer {
        self.post("/api/set-password", &json!({"token": token, "password": password})).await
    }

    /// An account, active, with [`PASSWORD`]; gives its identifier. Its mails are all delivered.
    pub async fn account(&self, siret: &str, email: &str) -> String {
        assert_eq!(self.apply(siret, email).await.status, 202);
        let token = token(&self.next_mail().await);
        let answer = self.set_password(&token, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.deliver().await;
        answer.body["identifier"].as_str().unwrap().to_owned()
    }

    pub async fn login(&self, identifier: &str, password: &str) -> Answer {
        self.post("/api/session", &json!({"identifier": identifier, "password": password})).await
    }

    /// Tries passwords, each with a proof, until the identifier takes none for the rest of a day.
    pub async fn close_to_passwords(&self, identifier: &str) {
        for round in 0..=100 {
            let form = json!({"identifier": identifier, "password": format!("essai {round}")});
            let answer = self.post_proven("/api/session", "session", form).await;
            assert_eq!(answer.status, if round < 100 { 401 } else { 429 }, "{}", answer.body);
        }
    }

    pub async fn recover_password(&self, identifier: &str) -> Answer {
        self.post_proven("/api/recover/password", "recover", json!({"identifier": identifier})).await
    }

    pub async fn recover_identifier(&self, siret: &str, email: &str) -> Answer {
        self.post_proven("/api/recover/identifier", "recover", json!({"siret": siret, "email": email})).await
    }
}

pub fn ticket(submission: &str) -> Value {
    json!({
        "submission": submission,
        "siret": "732 829 320 00074",
        "establishment_name": "Boulangerie du Marché",
        "full_name": "Jeanne Martin-Ruiz",
        "phone": "+33 1 23 45 67 89",
        "email": EMAIL,
        "motive": "extranet-access",
        "description": "Ma collègue est partie.\nSa messagerie est fermée 🙁.",
    })
}

/// The token of a mail's link.
pub fn token(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once(&format!("{SITE}/mot-de-passe/#")).expect("a link in the mail");
    rest.split_whitespace().next().unwrap().to_owned()
}

/// The identifier that a mail tells. Any three letters may stand within a link's token.
pub fn identifier_in(mail: &Mail) -> &str {
    let mut words = mail.text.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
    words.find(|word| word.len() == 12 && word.starts_with("AP-")).expect("an identifier")
}

/// The code beside a mail's link.
pub fn code(mail: &Mail) -> String {
    let is_code = |line: &&str| {
        line.len() == 9
            && line.as_bytes()[4] == b'-'
            && line.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    mail.text.lines().find(is_code).expect("a code in the mail").to_owned()
}

/// `name=value` of the cookie that an answer sets.
pub fn cookie(answer: &Answer) -> String {
    let set = answer.headers["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

type TableHook =
    dyn Fn(&Emulator, &Caller, &str, &[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync;
type SesHook = dyn Fn(&Mailbox, &[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync;

fn table_hook(
    hook: Arc<CallHook>,
    is_dead: Arc<AtomicBool>,
    ahead_seconds: Arc<AtomicI64>,
) -> Arc<TableHook> {
    Arc::new(move |emulator, caller, target, body| {
        let operation = target.strip_prefix("DynamoDB_20120810.").unwrap();
        if is_dead.load(Ordering::SeqCst) {
            return Err(unreachable());
        }
        match hook.next(operation) {
            None => Ok(emulator.answer(caller, target, body)),
            Some(Fault::Throttled) => Ok(error(400, "ProvisionedThroughputExceededException")),
            Some(Fault::Conflict) if operation == "TransactWriteItems" => {
                Ok(cancelled("TransactionConflict"))
            }
            Some(Fault::ThrottledInside) => Ok(cancelled("ThrottlingError")),
            Some(Fault::BeyondCapacityInside) => Ok(cancelled("ProvisionedThroughputExceeded")),
            Some(Fault::Slow) => {
                ahead_seconds.fetch_add(SLOW_SECONDS, Ordering::SeqCst);
                Ok(emulator.answer(caller, target, body))
            }
            Some(Fault::Conflict) => Ok(error(400, "TransactionConflictException")),
            Some(Fault::AnswerLost) => {
                let _ = emulator.answer(caller, target, body);
                Err(unreachable())
            }
            Some(other) => panic!("the table knows no {other:?}"),
        }
    })
}

fn ses_hook(hook: Arc<CallHook>, is_dead: Arc<AtomicBool>) -> Arc<SesHook> {
    Arc::new(move |mailbox, body| match hook.next("SendEmail") {
        None => Ok(mailbox.take(body)),
        Some(Fault::Throttled) => Ok(error(429, "TooManyRequestsException")),
        Some(Fault::Rejected) => Ok(error(400, "MessageRejected")),
        Some(Fault::Unverified) => Ok(unverified()),
        Some(Fault::Paused) => Ok(error(400, "SendingPausedException")),
        Some(Fault::AnswerLost) => {
            let _ = mailbox.take(body);
            Err(unreachable())
        }
        Some(Fault::Crash) => {
            let _ = mailbox.take(body);
            is_dead.store(true, Ordering::SeqCst);
            Err(unreachable())
        }
        Some(other) => panic!("SES knows no {other:?}"),
    })
}

fn unreachable() -> ConnectorError {
    ConnectorError::timeout("no answer".into())
}

fn error(status: u16, code: &str) -> ServiceResponse {
    ServiceResponse { status, body: json!({"__type": code, "message": code}).to_string() }
}

fn unverified() -> ServiceResponse {
    let message = "Email address is not verified. The following identities failed the check in region \
                   EU-WEST-3: no-reply@exemple.fr";
    ServiceResponse {
        status: 400,
        body: json!({"__type": "MessageRejected", "message": message}).to_string(),
    }
}

/// What DynamoDB answers when it cancels a transaction for that reason, at its first item.
fn cancelled(code: &str) -> ServiceResponse {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [{"Code": code, "Message": "the first item"}, {"Code": "None"}],
    });
    ServiceResponse { status: 400, body: body.to_string() }
}
