//! The world: copies of the functions, services that fail, one clock, one source of chance.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::proof::Action;
use domain::time::{SignedDuration, Timestamp, after};
use domain::{Identifier, SecretKey, Siret};
use fastrand::Rng;
use http::{HeaderMap, Request};
use mail_sender::dns::MailDomains;
use platform::clock::Clock;
use platform::function::{Function, Secret};
use platform::http::Body;
use platform::passwords::Hashing;
use platform::random::Random;
use platform::{Keys, proofs};
use serde_json::Value;
use sesame::emulator::{Emulator, ServiceResponse, Transit};
use sesame::grants::Caller;
use sesame::mailbox::Mailbox;
use sesame::{Hooks, Options, Portal};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::faults::{self, SesFate, TableFate, Weather};
use crate::history::History;
use crate::model::Model;
use crate::visits::Resident;
use crate::{Plan, Report};

pub const SITE: &str = "https://sesame.example";
/// When every run begins. Far ahead, since the proof library also compares with the machine's clock.
pub const BEGINNING: i64 = 4_102_444_800;
/// Copies of the functions that run at once.
const COPIES: usize = 3;
/// How far the clock of a copy is from the others', at the most, in milliseconds.
pub const SKEW_MS_MAX: i64 = 1_000;
/// What the path of a session begins with.
const SESSIONS: &str = "/api/space/sessions/";
/// Timeout of a client that waits for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

tokio::task_local! {
    /// Notes the calls of one request, which no fault hits.
    static OBSERVED: Rc<RefCell<Vec<String>>>;
}

/// An answer as a client sees it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    /// Of the body as it was sent.
    pub bytes: usize,
}

impl Answer {
    /// The last part of the problem's type.
    #[must_use]
    pub fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.strip_prefix("/problems/")).unwrap_or("")
    }

    /// `name=value` of the cookie that it sets; none when it removes one.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        let set = self.headers.get("set-cookie")?.to_str().ok()?;
        let pair = set.split(';').next()?;
        (!pair.ends_with('=')).then(|| pair.to_owned())
    }
}

/// What the hooks share.
#[derive(Debug)]
struct Shared {
    rng: Mutex<Rng>,
    weather: Mutex<Weather>,
    /// Until when a partition is hot, and every transaction is throttled inside.
    hot_until_ms: Mutex<u64>,
    history: Mutex<History>,
    violations: Mutex<Vec<String>>,
    steps: AtomicU64,
    rejected: AtomicU64,
    /// What may leave work behind: a call of the table or of SES.
    stirred: Notify,
    began: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn at_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Faults now: none for a request that is observed.
    fn weather(&self) -> Weather {
        if OBSERVED.try_with(|_| ()).is_ok() { Weather::CALM } else { *lock(&self.weather) }
    }

    fn note(&self, event: &str) {
        lock(&self.history).add(self.at_ms(), event);
    }

    fn violation(&self, what: String) {
        self.note(&format!("VIOLATION {what}"));
        lock(&self.violations).push(what);
    }

    /// Counts a call, after which who carries mails and events looks again.
    fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.stirred.notify_waiters();
    }

    /// A partition that throttles may do so for longer than the retries of one transaction.
    fn throttled_on(&self, weather: Weather, fate: TableFate) -> TableFate {
        let (now_ms, mut until_ms) = (self.at_ms(), lock(&self.hot_until_ms));
        if weather != Weather::CALM && now_ms < *until_ms {
            return TableFate::ThrottledInside;
        }
        if fate == TableFate::ThrottledInside {
            *until_ms = weather.hot_for(&mut lock(&self.rng)).map_or(0, |span_ms| now_ms + span_ms);
        }
        fate
    }

    fn call_table(
        &self,
        emulator: &Emulator,
        caller: &Caller,
        target: &str,
        body: &[u8],
    ) -> Result<ServiceResponse, ConnectorError> {
        self.step();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let is_transaction = operation == "TransactWriteItems";
        let weather = self.weather();
        let fate = weather.table(&mut lock(&self.rng), is_transaction);
        let fate = if is_transaction { self.throttled_on(weather, fate) } else { fate };
        let kinds = kinds_of(body);
        let _ =
            OBSERVED.try_with(|calls| calls.borrow_mut().push(format!("{operation} {}", kinds.join(" "))));
        self.note(&format!("table {operation} {} {fate:?}", kinds.join(" ")));
        let answer = match fate {
            TableFate::Done => emulator.answer(caller, target, body),
            TableFate::Throttled => faults::error(400, "ProvisionedThroughputExceededException"),
            // What reads one moment's rows without a transaction meets none.
            TableFate::Conflict if operation == "Query" => {
                faults::error(400, "ProvisionedThroughputExceededException")
            }
            TableFate::Conflict if !is_transaction => faults::error(400, "TransactionConflictException"),
            TableFate::Conflict | TableFate::ThrottledInside => {
                let at = lock(&self.rng).usize(0..kinds.len().max(1));
                let code =
                    if fate == TableFate::Conflict { "TransactionConflict" } else { "ThrottlingError" };
                faults::cancelled(code, kinds.len(), at)
            }
            TableFate::Failed => faults::error(500, "InternalServerError"),
            TableFate::Dropped => return Err(faults::unreachable()),
            TableFate::AnswerLost => {
                let _ = emulator.answer(caller, target, body);
                return Err(faults::unreachable());
            }
        };
        if answer.body.contains("AccessDenied") || answer.body.contains("ValidationException") {
            self.violation(format!("the table refuses {operation} {}: {}", kinds.join(" "), answer.body));
        }
        Ok(answer)
    }

    fn call_ses(&self, mailbox: &Mailbox, body: &[u8]) -> Result<ServiceResponse, ConnectorError> {
        self.step();
        let fate = self.weather().ses(&mut lock(&self.rng));
        self.note(&format!("ses {fate:?}"));
        match fate {
            SesFate::Taken => Ok(mailbox.take(body)),
            SesFate::Throttled => Ok(faults::error(429, "TooManyRequestsException")),
            SesFate::Rejected => {
                self.rejected.fetch_add(1, Ordering::Relaxed);
                Ok(faults::error(400, "MessageRejected"))
            }
            SesFate::Paused => Ok(faults::error(400, "SendingPausedException")),
            SesFate::Dropped => Err(faults::unreachable()),
            SesFate::AnswerLost => {
                let _ = mailbox.take(body);
                Err(faults::unreachable())
            }
        }
    }
}

/// The kinds of the rows of a call: the leading part of each partition key, in order.
fn kinds_of(body: &[u8]) -> Vec<String> {
    fn collect(value: &Value, kinds: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value["S"].as_str() {
                        Some(key) if name == "pk" || name == ":pk" => {
                            kinds.push(key.split_inclusive('#').next().unwrap_or_default().to_owned());
                        }
                        _ => collect(value, kinds),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, kinds)),
            _ => {}
        }
    }
    let mut kinds = Vec::new();
    if let Ok(request) = serde_json::from_slice::<Value>(body) {
        collect(&request, &mut kinds);
    }
    kinds
}

pub struct World {
    pub plan: Plan,
    /// Copies of the functions over the same services; the last is the next release, with new keys.
    copies: Vec<Portal>,
    /// How many copies serve: the next release joins in the middle.
    serving: RefCell<usize>,
    shared: Arc<Shared>,
    pub model: RefCell<Model>,
    /// A holder of each space that its people have told of, by SIRET.
    pub residents: RefCell<BTreeMap<String, Resident>>,
    /// Mailboxes that have died: what is delivered to them comes back.
    pub dead: RefCell<BTreeSet<String>>,
}

/// The keys of the next release: new ones, with those of today as the previous ones.
fn next_keys(function: &Function) -> Keys {
    let today = sesame::development_keys(function);
    function.secrets.iter().fold(Keys::default(), |keys, secret| {
        let mut of_secret: Vec<SecretKey> = today.all(*secret).to_vec();
        if matches!(secret, Secret::Challenge | Secret::Proof) {
            of_secret.insert(0, SecretKey::new("the proof key of the next release".to_owned()));
        }
        keys.with(*secret, of_secret)
    })
}

/// The keys of today, with those of the next release accepted: the first of the two steps of a rotation.
fn keys_of_today(function: &Function) -> Keys {
    let today = sesame::development_keys(function);
    function.secrets.iter().fold(Keys::default(), |keys, secret| {
        let mut of_secret = today.all(*secret).to_vec();
        if *secret == Secret::Proof {
            of_secret.push(SecretKey::new("the proof key of the next release".to_owned()));
        }
        keys.with(*secret, of_secret)
    })
}

impl World {
    /// # Errors
    /// When the embedded database does not open.
    pub fn open(plan: Plan) -> Result<Self, sesame::OpenError> {
        let mut rng = Rng::with_seed(plan.seed);
        let ids = Arc::new(Mutex::new(Rng::with_seed(rng.u64(..))));
        let random = Random::new(move |bytes| lock(&ids).fill(bytes));
        let shared = Arc::new(Shared {
            rng: Mutex::new(rng.fork()),
            weather: Mutex::new(Weather::new(plan.faults_permille)),
            hot_until_ms: Mutex::default(),
            history: Mutex::default(),
            violations: Mutex::default(),
            steps: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            stirred: Notify::new(),
            began: Instant::now(),
        });
        let options = |skew_ms: i64, keys: fn(&Function) -> Keys| Options {
            clock: clock(shared.began, skew_ms),
            random: random.clone(),
            hashing: Hashing::SIMULATED,
            keys,
            hooks: hooks(&shared),
            ..Options::in_memory(SITE)
        };
        let mut copies = vec![Portal::open(&options(0, keys_of_today))?];
        for _ in 1..COPIES {
            let skew_ms = rng.i64(-SKEW_MS_MAX..=SKEW_MS_MAX);
            copies.push(copies[0].another(&options(skew_ms, keys_of_today))?);
        }
        copies.push(copies[0].another(&options(rng.i64(-SKEW_MS_MAX..=SKEW_MS_MAX), next_keys))?);
        let (model, residents, dead) = (RefCell::default(), RefCell::default(), RefCell::default());
        Ok(Self { plan, copies, serving: RefCell::new(COPIES), shared, model, residents, dead })
    }

    /// Milliseconds since the beginning.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        self.shared.at_ms()
    }

    /// The moment by a clock that is right.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let beginning = Timestamp::from_second(BEGINNING).unwrap_or(Timestamp::UNIX_EPOCH);
        after(beginning, SignedDuration::from_millis(i64::try_from(self.at_ms()).unwrap_or(i64::MAX)))
    }

    pub fn note(&self, event: &str) {
        self.shared.note(event);
    }

    /// Says that work may wait for who carries mails and events.
    pub fn stir(&self) {
        self.shared.stirred.notify_waiters();
    }

    /// Until work may wait. A run lasts for weeks, through which who carries would look in vain.
    pub async fn stirred(&self) {
        self.shared.stirred.notified().await;
    }

    pub fn violation(&self, what: impl Into<String>) {
        self.shared.violation(what.into());
    }

    /// A short name of an opaque string in the history.
    #[must_use]
    pub fn name(&self, kind: &str, opaque: &str) -> String {
        lock(&self.shared.history).name(kind, opaque)
    }

    /// Draws from the world's chance.
    pub fn draw<T>(&self, draw: impl FnOnce(&mut Rng, Weather) -> T) -> T {
        let weather = self.shared.weather();
        draw(&mut lock(&self.shared.rng), weather)
    }

    /// From now on nothing fails.
    pub fn calm(&self) {
        self.note("the world is well");
        *lock(&self.shared.weather) = Weather::CALM;
    }

    /// From now on things fail again.
    pub fn storm(&self) {
        self.note("the world is as it was");
        *lock(&self.shared.weather) = Weather::new(self.plan.faults_permille);
    }

    /// Mails that SES has refused for good.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.shared.rejected.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn first(&self) -> &Portal {
        &self.copies[0]
    }

    /// Any copy that serves.
    #[must_use]
    pub fn some_copy(&self) -> &Portal {
        let serving = *self.serving.borrow();
        &self.copies[self.draw(|rng, _| rng.usize(0..serving))]
    }

    /// Every copy, those that do not serve yet too.
    #[must_use]
    pub fn copies(&self) -> &[Portal] {
        &self.copies
    }

    /// Sends a request to some copy. None: no answer has come, and whatever was at work has ended.
    pub async fn ask(&self, method: &str, path: &str, cookie: Option<&str>, body: &Value) -> Option<Answer> {
        let request = request(method, path, cookie, body)?;
        let killed_after = self.draw(|rng, weather| weather.killed_after(rng)).unwrap_or(ANSWER_TIME_MAX);
        let work = self.some_copy().answer(request);
        let response = tokio::time::timeout(killed_after, Box::pin(work)).await;
        let is_lost = self.draw(|rng, weather| weather.strikes(rng, 40));
        let answer = response.ok().map(|response| {
            let (parts, body) = response.into_parts();
            let bytes: &[u8] = body.as_ref();
            let json = serde_json::from_slice(bytes).unwrap_or(Value::Null);
            Answer { status: parts.status.as_u16(), headers: parts.headers, body: json, bytes: bytes.len() }
        });
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        let problem = answer.as_ref().map_or("", |answer| answer.problem());
        let shown = self.shown(path);
        self.note(&format!("{method} {shown} {status} {problem}{}", if is_lost { " lost" } else { "" }));
        if status == 500 {
            self.violation(format!("{method} {shown} answers 500: {answer:?}"));
        }
        answer.filter(|_| !is_lost)
    }

    /// The same without any fault: the answer, and the calls that it took.
    pub async fn observe(&self, method: &str, path: &str, body: &Value) -> Option<(Answer, Vec<String>)> {
        let calls = Rc::new(RefCell::new(Vec::new()));
        let answer = OBSERVED.scope(calls.clone(), self.ask(method, path, None, body)).await?;
        Some((answer, calls.take()))
    }

    /// A path as the history names it. The id of a session depends on the salts of proofs.
    #[must_use]
    pub fn shown(&self, path: &str) -> String {
        match path.strip_prefix(SESSIONS) {
            Some(id) => format!("{SESSIONS}{}", self.name("session", id)),
            None => path.to_owned(),
        }
    }

    /// The id of a member among colleagues, as the pages of holders have it.
    #[must_use]
    pub fn member_id(&self, siret: &str, identifier: &str) -> Option<String> {
        let spaces = &self.first().platform("space")?.spaces;
        let (siret, identifier) = (Siret::parse(siret).ok()?, Identifier::parse(identifier).ok()?);
        Some(spaces.member_id(&siret, &identifier).ok()?.to_string())
    }

    /// A proof of a recovery, or of an application, that is counted as asked for; or of anything else.
    #[must_use]
    pub fn proof(&self, action: Action) -> Option<String> {
        let mut model = self.model.borrow_mut();
        match action {
            Action::Recover => model.recoveries_asked += 1,
            Action::CreateAccount => model.applications_asked += 1,
            _ => {}
        }
        drop(model);
        self.solved(action)
    }

    /// A solved proof for that action. Its steps cost nothing here: how hard it is to find is not simulated.
    #[must_use]
    pub fn solved(&self, action: Action) -> Option<String> {
        let platform = self.some_copy().platform("challenge")?;
        let effort = proofs::Effort { cost: 1, counter: 1 };
        let challenge = platform.proofs.challenge_of(action, effort).ok()?;
        testkit::proof::solve(&serde_json::to_value(challenge).ok()?).ok()
    }

    #[must_use]
    pub fn report(&self) -> Report {
        let history = lock(&self.shared.history);
        Report {
            steps: self.shared.steps.load(Ordering::Relaxed),
            digest: history.digest(),
            violations: lock(&self.shared.violations).clone(),
            history: history.lines().to_vec(),
        }
    }
}

fn request(method: &str, path: &str, cookie: Option<&str>, body: &Value) -> Option<Request<Body>> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let body = if body.is_null() {
        Vec::new()
    } else {
        request = request.header("content-type", "application/json");
        body.to_string().into_bytes()
    };
    request.body(Body::Binary(body)).ok()
}

fn clock(began: Instant, skew_ms: i64) -> Clock {
    let beginning = Timestamp::from_second(BEGINNING).unwrap_or(Timestamp::UNIX_EPOCH);
    Clock::new(move || {
        let elapsed = SignedDuration::try_from(began.elapsed()).unwrap_or(SignedDuration::ZERO);
        after(beginning, elapsed + SignedDuration::from_millis(skew_ms))
    })
}

fn hooks(shared: &Arc<Shared>) -> Hooks {
    let (table, ses, transit) = (shared.clone(), shared.clone(), shared.clone());
    let transit: Transit = Arc::new(move || {
        let weather = transit.weather();
        let delay = weather.transit(&mut lock(&transit.rng));
        Box::pin(tokio::time::sleep(delay))
    });
    Hooks {
        table: Arc::new(move |emulator, caller, target, body| {
            table.call_table(emulator, caller, target, body)
        }),
        ses: Arc::new(move |mailbox, body| ses.call_ses(mailbox, body)),
        table_transit: Some(transit.clone()),
        ses_transit: Some(transit),
        outside: None,
        mail_domains: MailDomains::new(|_| false),
    }
}

/// Deletes expired rows, up to two days late.
pub async fn sweep_now_and_then(world: Rc<World>) {
    loop {
        let hours = world.draw(|rng, _| rng.u64(1..48));
        tokio::time::sleep(Duration::from_secs(hours * 3_600)).await;
        match world.first().emulator.sweep() {
            Ok(count) => world.note(&format!("expired rows deleted: {count}")),
            Err(error) => world.violation(format!("the sweep fails: {error}")),
        }
    }
}

/// A release in the middle of the run: its copies serve beside those of before.
pub async fn release(world: Rc<World>) {
    let minutes = world.draw(|rng, _| rng.u64(1..90));
    tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
    world.note("the next release serves too");
    *world.serving.borrow_mut() = world.copies.len();
}
