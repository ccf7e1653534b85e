//! The portal: the whole of Sésame on one machine and one port.

pub mod emulator;
pub mod functions;
pub mod grants;
mod keys;
pub mod mailbox;
pub mod openapi;
pub mod pages;
pub mod provider;
pub mod schedule;
pub mod server;
pub mod site;
pub mod tracker;
pub mod worker;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::succession::SUCCESSION_DAYS;
use domain::time::SignedDuration;
use domain::{Email, SecretKey};
use mail_sender::dns::MailDomains;
use mail_sender::{AGENCY_ADDRESS_DEFAULT, MailConfig, Pacing, Sender};
use platform::clock::Clock;
use platform::config::{DeskConfig, Extranet, LoginProof};
use platform::function::{Function, Secret, Share, Size};
use platform::http::{Request, Response};
use platform::outside::Outside;
use platform::passwords::Hashing;
use platform::problems::{Kind, Problem};
use platform::proofs::PROOF_COUNTER_MIN;
use platform::random::Random;
use platform::table::{Table, TableError};
use platform::telemetry::Ids;
use platform::{Config, Keys, Platform};

use crate::emulator::{Emulator, OnMail, QueuedMail, ServiceResponse, TABLE, Transit};
use crate::grants::Caller;
use crate::mailbox::Mailbox;
use crate::mailbox::deliveries::Deliveries;
use crate::mailbox::receivers::Receivers;
use crate::mailbox::smtp::{Relay, Smtp};
use crate::provider::Provider;
use crate::schedule::Schedule;
use crate::tracker::Tracker;
use crate::worker::{Load, Queues, Worker};

/// The sender of mails on one machine.
const MAIL_FROM: &str = "Activite partielle <ne-pas-repondre@localhost>";

pub type OpenError = Box<dyn Error + Send + Sync>;

/// The settings of a portal.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; in memory without one.
    pub data: Option<PathBuf>,
    pub site: String,
    pub proof_counter: u32,
    pub clock: Clock,
    pub random: Random,
    pub login_proof: LoginProof,
    pub extranet: Option<Extranet>,
    /// The agents' desk. Without a provider, this machine's own, if the site is at localhost.
    pub desk: DeskConfig,
    /// The window of objection of a succession, in days.
    pub succession_days: u32,
    /// The interval between two mails, to which the sender keeps and the mailbox holds it; zero is none.
    pub mail_interval: SignedDuration,
    /// What becomes of mails.
    pub receivers: Receivers,
    /// The server that mails are handed to, in the place of receivers.
    pub smtp: Option<Smtp>,
    pub hashing: Hashing,
    /// The keys that each function is given.
    pub keys: fn(&Function) -> Keys,
    pub hooks: Hooks,
}

impl Options {
    /// In memory, by the machine's clock and random bytes, with the easiest proofs.
    #[must_use]
    pub fn in_memory(site: &str) -> Self {
        Self {
            data: None,
            site: site.to_owned(),
            proof_counter: PROOF_COUNTER_MIN,
            clock: Clock::system(),
            random: Random::system(),
            login_proof: LoginProof::AfterFailures,
            extranet: None,
            desk: DeskConfig::default(),
            succession_days: SUCCESSION_DAYS,
            mail_interval: SignedDuration::ZERO,
            receivers: Receivers::default(),
            smtp: None,
            hashing: Hashing::OWASP,
            keys: development_keys,
            hooks: Hooks::default(),
        }
    }
}

type TableHook =
    dyn Fn(&Emulator, &Caller, &str, &[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync;
type SesHook = dyn Fn(&Mailbox, &[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync;

/// Hooks around every call of a service: tests count, refuse, delay and lose calls there.
#[derive(Clone)]
pub struct Hooks {
    /// Calls of DynamoDB.
    pub table: Arc<TableHook>,
    /// Calls of SES.
    pub ses: Arc<SesHook>,
    /// The way of each call to the table and back. By default no time passes.
    pub table_transit: Option<Transit>,
    /// The way of each call to SES and back, in the same way.
    pub ses_transit: Option<Transit>,
    /// The way to services outside. By default this machine's own provider is all that there is.
    pub outside: Option<Outside>,
    /// Which domains take no mail. By default nobody is asked: mails leave no machine.
    pub mail_domains: MailDomains,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            table: Arc::new(|emulator, caller, target, body| Ok(emulator.answer(caller, target, body))),
            ses: Arc::new(|mailbox, body| Ok(mailbox.take(body))),
            table_transit: None,
            ses_transit: None,
            outside: None,
            mail_domains: MailDomains::new(|_| false),
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

/// The key of journals where nothing is kept, as base64 of 32 bytes.
const DEVELOPMENT_JOURNAL_KEY: &str = "YSBzZXNhbWUgZGV2ZWxvcG1lbnQgam91cm5hbCBrZXk=";

/// The keys of one machine. Not secret: no deployment has them. That of proofs also signs those of `events/`.
#[must_use]
pub fn development_keys(function: &Function) -> Keys {
    function.secrets.iter().fold(Keys::default(), |keys, secret| {
        let name = match secret {
            Secret::Challenge | Secret::Proof => "proof",
            Secret::Hash => "hash",
            Secret::Link => "link",
            Secret::Session => "session",
            Secret::Agents => "agents",
            Secret::Journal => return keys.with(*secret, vec![SecretKey::new(DEVELOPMENT_JOURNAL_KEY)]),
        };
        keys.with(*secret, vec![SecretKey::new(format!("sesame development {name} key"))])
    })
}

/// Answers 404 for a path that no function has.
static NOWHERE: Function = Function {
    name: "nowhere",
    routes: &[],
    grants: &[],
    secrets: &[],
    size: Size { memory_mb: 0, timeout_seconds: 10, slow_ms: 0, share: Share::Few },
};

/// A function on one machine: its keys, and a client of the table that is restricted to its grants.
#[derive(Clone)]
struct Running {
    function: &'static Function,
    platform: Platform,
    caller: Caller,
}

#[derive(Clone)]
pub struct Portal {
    pub emulator: Emulator,
    pub mailbox: Mailbox,
    /// The table, without restriction to grants.
    pub operator_table: Table,
    pub worker: Arc<Worker>,
    pub tracker: Arc<Tracker>,
    pub schedule: Arc<Schedule>,
    /// That of agents' logins; none where the site is not at localhost.
    pub provider: Option<Arc<Provider>>,
    functions: Arc<BTreeMap<&'static str, Running>>,
    queues: Arc<Queues>,
    deliveries: Arc<Deliveries>,
    /// That of the data folder, if there is one.
    journal_key: Option<SecretKey>,
    clock: Clock,
    random: Random,
    load: Load,
}

impl Portal {
    /// Opens a portal and its data.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        let queues = Arc::new(Queues::default());
        let arrivals = queues.clone();
        let on_mail: OnMail = Arc::new(move |mail| arrivals.push(mail));
        let (clock, random) = (options.clock.clone(), options.random.clone());
        let (emulator, mailbox, journal_key) = match &options.data {
            None => (Emulator::in_memory(&options.clock, on_mail)?, Mailbox::in_memory(clock, random), None),
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                let journal_key = keys::journal(folder, &random)?;
                let mailbox = Mailbox::in_folder(folder, clock, random)?;
                (Emulator::in_folder(folder, on_mail)?, mailbox, Some(journal_key))
            }
        };
        let deliveries = Arc::new(Deliveries::default());
        let mailbox = mailbox.with_interval(options.mail_interval);
        let mailbox = match &options.smtp {
            None => mailbox.with_receivers(options.receivers.clone(), deliveries.clone()),
            Some(smtp) => {
                let (clock, random) = (options.clock.clone(), options.random.clone());
                mailbox.with_relay(Relay::start(smtp, deliveries.clone(), clock, random)?)
            }
        };
        let provider = Provider::start(options)?.map(Arc::new);
        Self::over(emulator, mailbox, queues, deliveries, (journal_key, provider), options)
    }

    /// Another copy of every function over the same table, mailbox and queues, with its own clock, keys and
    /// hooks: what a deployment, or load, starts beside those that run.
    pub fn another(&self, options: &Options) -> Result<Self, OpenError> {
        let (emulator, mailbox) = (self.emulator.clone(), self.mailbox.clone());
        let (queues, deliveries) = (self.queues.clone(), self.deliveries.clone());
        let kept = (self.journal_key.clone(), self.provider.clone());
        Self::over(emulator, mailbox, queues, deliveries, kept, options)
    }

    fn over(
        emulator: Emulator,
        mailbox: Mailbox,
        queues: Arc<Queues>,
        deliveries: Arc<Deliveries>,
        (journal_key, provider): (Option<SecretKey>, Option<Arc<Provider>>),
        options: &Options,
    ) -> Result<Self, OpenError> {
        let (clock, random) = (options.clock.clone(), options.random.clone());
        let all = functions::ALL.iter().copied().chain([&openapi::FUNCTION, &NOWHERE]);
        let kept = (journal_key.as_ref(), provider.as_ref());
        let run = |function| Running::new(function, options, &emulator, kept);
        let running: BTreeMap<_, _> = all.map(|function| (function.name, run(function))).collect();
        let sender = platform_of(&running, &mail_sender::FUNCTION)?;
        let (hook, entrance) = (options.hooks.ses.clone(), mailbox.clone());
        let ses = mailbox.client(options.hooks.ses_transit.clone(), move |body| hook(&entrance, body));
        let agency = Email::parse(AGENCY_ADDRESS_DEFAULT).map_err(|_| "the agency's address is not one")?;
        let pacing = match options.mail_interval {
            SignedDuration::ZERO => Pacing::Off,
            _ => Pacing::BySes { mails_per_second_max: None },
        };
        let mail_config = MailConfig { pacing, ..MailConfig::new(MAIL_FROM.to_owned(), agency) };
        let domains = options.hooks.mail_domains.clone();
        let sender = Sender::new(sender, ses, mail_config, domains);
        let entrance = emulator.clone();
        let operator =
            emulator::client(None, move |target, body| Ok(entrance.answer(&Caller::Operator, target, body)));
        let operator_table = Table::new(operator, TABLE, clock.clone(), random.clone());
        let load = Load::default();
        let tracking = platform_of(&running, &mail_tracker::FUNCTION)?;
        let asking = platform_of(&running, &presence::FUNCTION)?;
        let measuring = platform_of(&running, &desk_watch::FUNCTION)?;
        let schedule = Arc::new(Schedule::new(asking, measuring, clock.clone()));
        let tracker = Arc::new(Tracker::new(deliveries.clone(), queues.clone(), tracking, clock.clone()));
        let worker = Arc::new(Worker::new(queues.clone(), sender, clock.clone(), load.clone()));
        Ok(Self {
            emulator,
            mailbox,
            operator_table,
            worker,
            tracker,
            schedule,
            provider,
            functions: Arc::new(running),
            queues,
            deliveries,
            journal_key,
            clock,
            random,
            load,
        })
    }

    /// Enqueues the mails that an earlier process left in the outbox. Returns their number.
    pub fn take_up_mails(&self) -> Result<usize, OpenError> {
        let due = self.emulator.mails_due()?;
        due.iter().for_each(|mail| self.queues.push(*mail));
        Ok(due.len())
    }

    /// Takes every message out of the queues: for who delivers them in the worker's place.
    #[must_use]
    pub fn take_queued(&self) -> Vec<QueuedMail> {
        self.queues.take_all()
    }

    /// Adds the provider's people to the desk, those who were never there: who was removed stays so.
    pub async fn add_agents(&self) -> Result<(), TableError> {
        let Some(provider) = &self.provider else { return Ok(()) };
        for agent in provider.agents() {
            let row = platform::agents::row(&agent, true).with("created_at", self.clock.now());
            self.operator_table.create(row).await?;
        }
        Ok(())
    }

    /// Answers one request of the API.
    pub async fn answer(&self, request: Request) -> Response {
        self.load.add();
        let path = request.uri().path();
        let running = self.functions.values().find(|running| running.function.has_path(path));
        let Some(Running { function, platform, .. }) = running.or_else(|| self.functions.get(NOWHERE.name))
        else {
            return platform::http::refuse(&Problem::new(Kind::NotFound));
        };
        let id = domain::token::hexadecimal(&self.random.bytes::<8>());
        let ids = Ids { function_request_id: id.clone(), correlation_id: id };
        platform::http::respond(function, platform, &ids, request).await
    }

    #[must_use]
    pub fn platform(&self, function: &str) -> Option<&Platform> {
        self.functions.get(function).map(|running| &running.platform)
    }

    /// Each function's principal, with the grants that it has used.
    pub fn callers(&self) -> impl Iterator<Item = (&'static Function, &Caller)> {
        self.functions.values().map(|running| (running.function, &running.caller))
    }
}

/// The platform of a function that no request calls.
fn platform_of(
    running: &BTreeMap<&'static str, Running>,
    function: &Function,
) -> Result<Platform, OpenError> {
    let found = running.get(function.name);
    let found = found.ok_or_else(|| format!("no {} in the list of functions", function.name))?;
    Ok(found.platform.clone())
}

impl Running {
    fn new(
        function: &'static Function,
        options: &Options,
        emulator: &Emulator,
        (journal_key, provider): (Option<&SecretKey>, Option<&Arc<Provider>>),
    ) -> Self {
        let caller = Caller::function(function);
        let (hook, entrance, who) = (options.hooks.table.clone(), emulator.clone(), caller.clone());
        let dynamodb = emulator::client(options.hooks.table_transit.clone(), move |target, body| {
            hook(&entrance, &who, target, body)
        });
        let config = Config {
            site: options.site.clone(),
            proof_counter: options.proof_counter,
            login_proof: options.login_proof,
            succession_days: options.succession_days,
            extranet: options.extranet.clone(),
            origin_secrets: Vec::new(),
            hashing: options.hashing,
            desk: desk_of(function, options, provider),
            keys: keys_of(function, options, journal_key),
        };
        let (clock, random) = (options.clock.clone(), options.random.clone());
        let table = Table::new(dynamodb, TABLE, clock.clone(), random.clone());
        let platform = Platform::new(config, &table, clock, random);
        let own = provider.map(|provider| provider.outside());
        let outside =
            options.hooks.outside.clone().or(own).filter(|_| function.secrets.contains(&Secret::Agents));
        let platform = outside.map_or(platform.clone(), |outside| platform.with_outside(&outside));
        Self { function, platform, caller }
    }
}

/// The desk of a function: the provider for who logs agents in, unless the options name another.
fn desk_of(function: &Function, options: &Options, provider: Option<&Arc<Provider>>) -> DeskConfig {
    let mut desk = options.desk.clone();
    let own = || provider.map(|provider| provider.config());
    desk.provider = desk.provider.or_else(own).filter(|_| function.secrets.contains(&Secret::Agents));
    desk
}

fn keys_of(function: &Function, options: &Options, journal_key: Option<&SecretKey>) -> Keys {
    let keys = (options.keys)(function);
    match journal_key {
        Some(key) if function.secrets.contains(&Secret::Journal) => {
            keys.with(Secret::Journal, vec![key.clone()])
        }
        _ => keys,
    }
}
