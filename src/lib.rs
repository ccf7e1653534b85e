//! The portal: the whole of Sésame on one machine and one port.

pub mod emulator;
pub mod mailbox;
pub mod openapi;
pub mod pages;
pub mod pump;
pub mod routes;
pub mod server;
pub mod site;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::{Email, SecretKey};
use mail_sender::{AGENCY_ADDRESS_DEFAULT, MailConfig, Sender};
use platform::http::{Request, Response};
use platform::table::Table;
use platform::world::{Clock, Random};
use platform::{Config, Platform};

use crate::emulator::{Answer, Emulator, OnMail, TABLE};
use crate::mailbox::Mailbox;
use crate::pump::{Load, Pump, Queue};

/// Signs challenges on one machine, and those of `events/`. Not a secret: nothing of AWS knows it.
pub const DEVELOPMENT_PROOF_KEY: &str = "sesame development proof key";
/// Derives links on one machine. Not a secret either.
pub const DEVELOPMENT_LINK_KEY: &str = "sesame development link key";
/// Who the mails of one machine are from.
const MAIL_FROM: &str = "Sesame <ne-pas-repondre@localhost>";

/// Why a portal cannot be opened.
pub type OpenError = Box<dyn Error + Send + Sync>;

/// How a portal is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of its data; none keeps nothing.
    pub data: Option<PathBuf>,
    /// The address of the pages.
    pub site: String,
    /// Steps of a proof.
    pub proof_counter: u32,
    /// What time it is.
    pub clock: Clock,
    /// Where random bytes come from.
    pub random: Random,
    /// What stands between the functions and their services.
    pub doors: Doors,
}

type TableDoor = dyn Fn(&Emulator, &str, &[u8]) -> Result<Answer, ConnectorError> + Send + Sync;
type PostDoor = dyn Fn(&Mailbox, &[u8]) -> Result<Answer, ConnectorError> + Send + Sync;

/// The two doors that the functions go through: a test may count, refuse, or lose what passes.
#[derive(Clone)]
pub struct Doors {
    /// To DynamoDB.
    pub table: Arc<TableDoor>,
    /// To SES.
    pub post: Arc<PostDoor>,
}

impl Default for Doors {
    fn default() -> Self {
        Self {
            table: Arc::new(|emulator, target, body| Ok(emulator.answer(target, body))),
            post: Arc::new(|mailbox, body| Ok(mailbox.take(body))),
        }
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doors")
    }
}

/// Everything on one machine: functions, DynamoDB, queue, SES.
#[derive(Clone)]
pub struct Portal {
    /// What the functions reach.
    pub platform: Platform,
    /// DynamoDB.
    pub emulator: Emulator,
    /// SES.
    pub mailbox: Mailbox,
    /// Stream, pipe and queue.
    pub pump: Arc<Pump>,
    queue: Arc<Queue>,
    load: Load,
}

impl Portal {
    /// Opens a portal, and its data if it keeps any.
    ///
    /// # Errors
    /// The data folder cannot be read or written.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let Options { data, site, proof_counter, clock, random, doors } = options;
        let queue = Arc::new(Queue::default());
        let arrivals = queue.clone();
        let on_mail: OnMail = Arc::new(move |mail| arrivals.push(mail));
        let (emulator, mailbox) = match &data {
            None => {
                (Emulator::in_memory(&clock, on_mail)?, Mailbox::in_memory(clock.clone(), random.clone()))
            }
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                let mailbox = Mailbox::in_folder(folder, clock.clone(), random.clone())?;
                (Emulator::in_folder(folder, on_mail)?, mailbox)
            }
        };
        let config = Config {
            site,
            proof_keys: vec![SecretKey::new(DEVELOPMENT_PROOF_KEY)],
            link_key: SecretKey::new(DEVELOPMENT_LINK_KEY),
            proof_counter,
        };
        let (door, passage) = (doors.table, emulator.clone());
        let dynamodb = emulator::client(move |target, body| door(&passage, target, body));
        let (door, passage) = (doors.post, mailbox.clone());
        let ses = mailbox::client(move |body| door(&passage, body));

        let table = Table::new(dynamodb, TABLE, random.clone());
        let platform = Platform::new(config, &table, clock.clone(), random);
        let agency = Email::parse(AGENCY_ADDRESS_DEFAULT).map_err(|_| "the agency's address is not one")?;
        let mail_config = MailConfig { from: MAIL_FROM.to_owned(), agency, configuration_set: None };
        let sender = Sender::new(platform.clone(), ses, mail_config);
        let load = Load::default();
        let pump = Arc::new(Pump::new(queue.clone(), sender, clock, load.clone()));
        Ok(Self { platform, emulator, mailbox, pump, queue, load })
    }

    /// Takes up the mails that an earlier process left in the outbox. Gives their number.
    ///
    /// # Errors
    /// The database's own.
    pub fn take_up_mails(&self) -> Result<usize, OpenError> {
        let due = self.emulator.mails_due()?;
        due.iter().for_each(|mail| self.queue.push(*mail));
        Ok(due.len())
    }

    /// Answers one request of the API.
    pub async fn answer(&self, request: Request) -> Response {
        self.load.add();
        let handler = routes::handler_of(request.uri().path());
        let id = domain::token::hexadecimal(&self.platform.random.bytes::<8>());
        platform::http::respond(&self.platform, &id, request, handler).await
    }
}
