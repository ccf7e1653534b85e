//! A portal under an open-loop load: requests come when they are due, however slow the answers are.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use platform::passwords::Hashing;
use testkit::program;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::Error;
use crate::bench::load::read_answer;
use crate::bench::portal::settle;
use crate::population::{ACCOUNTS, Folder, Population};

/// Connections of the load: under the portal's own limit.
const CONNECTIONS: usize = 256;
/// How often the mailbox is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Until the mails of a load must have been sent.
const DRAIN_MAX: Duration = Duration::from_secs(180);
/// The database's write-ahead log in a data folder.
const LOG: &str = "table.sqlite-wal";
/// The file of the mails in it.
const MAILBOX: &str = "mailbox.jsonl";
const ANSWER_BYTES: usize = 4_096;

/// A request and when it is due, in seconds from the beginning.
pub struct Due {
    pub at_s: f64,
    pub bytes: Arc<[u8]>,
    /// Whether a mail comes of it.
    pub has_mail: bool,
}

/// When a request was due, how long until its answer, and whether it was carried out.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    pub at_s: f64,
    pub took_s: f64,
    pub is_done: bool,
    pub has_mail: bool,
}

/// What a load met.
#[derive(Debug, Default)]
pub struct Met {
    /// In the order in which they were due.
    pub answers: Vec<Answer>,
    /// When each mail was in the mailbox, in seconds from the beginning.
    pub sent_s: Vec<f64>,
    /// How often the database wrote its log back while it was answered.
    pub checkpoints: usize,
}

impl Met {
    /// When the last answer came, in seconds from the beginning.
    pub fn last_s(&self) -> f64 {
        self.came_s().last().copied().unwrap_or(0.0)
    }

    /// Between two answers, whichever; the longest first, in seconds.
    pub fn pauses_s(&self) -> impl Iterator<Item = f64> {
        let came_s = self.came_s();
        let mut pauses_s: Vec<f64> = came_s.windows(2).map(|pair| pair[1] - pair[0]).collect();
        pauses_s.sort_by(|a, b| b.total_cmp(a));
        pauses_s.into_iter()
    }

    /// When answers came, in their order.
    fn came_s(&self) -> Vec<f64> {
        let mut came_s: Vec<f64> = self.answers.iter().map(|answer| answer.at_s + answer.took_s).collect();
        came_s.sort_by(f64::total_cmp);
        came_s
    }
}

/// A running portal and its data, which end with it.
pub struct Portal {
    program: program::Portal,
    folder: Folder,
    pub population: Population,
}

impl Portal {
    /// Starts one, whose mailbox takes so many mails a second, 0 is any number; and waits until it is idle.
    pub fn start(program: &Path, mail_rate: u32) -> Result<Self, Error> {
        let population = Population::of(ACCOUNTS)?;
        let folder = population.table("rush", Hashing::OWASP, 0)?;
        let mut command = Command::new(program);
        command.env("SESAME_DATA", &folder.0).env("SESAME_MAIL_RATE", mail_rate.to_string());
        let program = program::Portal::start(command)?;
        settle(program.program.id())?;
        Ok(Self { program, folder, population })
    }

    /// Asks each request when it is due, and waits until every mail is sent.
    pub fn ask(&self, due: Vec<Due>) -> Result<Met, Error> {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let checkpoints = self.checkpoints()?;
        let began = Instant::now();
        let (mailbox, is_over, count) = (self.folder.0.join(MAILBOX), stop.clone(), sent.clone());
        let watch = thread::spawn(move || look(&mailbox, began, &is_over, &count));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answers = runtime.block_on(all(self.program.port, due, began));
        let mails = answers
            .as_ref()
            .map_or(0, |answers| answers.iter().filter(|answer| answer.is_done && answer.has_mail).count());
        let checkpoints = self.checkpoints()?.wrapping_sub(checkpoints) as usize;
        let waited = Instant::now();
        while sent.load(Ordering::Relaxed) < mails && waited.elapsed() < DRAIN_MAX {
            thread::sleep(LOOK);
        }
        stop.store(true, Ordering::Relaxed);
        let sent_s = watch.join().map_err(|_| "the mailbox was not watched")??;
        let mut answers = answers?;
        answers.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        if sent_s.len() < mails {
            return Err(format!("{} of {mails} mails were not sent", mails - sent_s.len()).into());
        }
        Ok(Met { answers, sent_s, checkpoints })
    }

    /// How often SQLite has begun its log anew: a number in the log's header
    /// (<https://sqlite.org/fileformat.html#walformat>).
    fn checkpoints(&self) -> io::Result<u32> {
        let mut header = [0; 16];
        fs::File::open(self.folder.0.join(LOG))?.read_exact(&mut header)?;
        let [.., a, b, c, d] = header;
        Ok(u32::from_be_bytes([a, b, c, d]))
    }
}

/// When each line of the mailbox came.
fn look(mailbox: &Path, began: Instant, is_over: &AtomicBool, count: &AtomicUsize) -> io::Result<Vec<f64>> {
    let (mut sent_s, mut bytes) = (Vec::new(), Vec::new());
    let mut read = fs::metadata(mailbox).map_or(0, |of| of.len());
    loop {
        let is_last = is_over.load(Ordering::Relaxed);
        if let Ok(mut file) = fs::File::open(mailbox) {
            file.seek(SeekFrom::Start(read))?;
            bytes.clear();
            read += file.read_to_end(&mut bytes)? as u64;
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            sent_s.resize(sent_s.len() + lines, began.elapsed().as_secs_f64());
            count.store(sent_s.len(), Ordering::Relaxed);
        }
        if is_last {
            return Ok(sent_s);
        }
        thread::sleep(LOOK);
    }
}

async fn all(port: u16, due: Vec<Due>, began: Instant) -> Result<Vec<Answer>, Error> {
    let (due, next) = (Arc::new(due), Arc::new(AtomicUsize::new(0)));
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS.min(due.len()) {
        tasks.push(tokio::spawn(some(port, due.clone(), next.clone(), began)));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.extend(task.await??);
    }
    Ok(answers)
}

/// One connection: takes the next request that is due, until there is none.
async fn some(
    port: u16,
    due: Arc<Vec<Due>>,
    next: Arc<AtomicUsize>,
    began: Instant,
) -> io::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    let mut buffer = Vec::with_capacity(ANSWER_BYTES);
    let mut stream: Option<TcpStream> = None;
    while let Some(request) = due.get(next.fetch_add(1, Ordering::Relaxed)) {
        let at = began + Duration::from_secs_f64(request.at_s);
        // A late connection counts from when the request was due; an early one, from when it woke up.
        let is_early = Instant::now() < at;
        if is_early {
            tokio::time::sleep_until(at.into()).await;
        }
        let asked = if is_early { Instant::now() } else { at };
        // The portal closes what was idle for some seconds.
        let is_done = loop {
            let mut open = match stream.take() {
                Some(open) => open,
                None => connect(port).await?,
            };
            let answered = match open.write_all(&request.bytes).await {
                Ok(()) => read_answer(&mut open, &mut buffer).await,
                Err(error) => Err(error),
            };
            match answered {
                Ok(is_done) => {
                    stream = Some(open);
                    break is_done;
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(error) => return Err(error),
            }
        };
        let took_s = asked.elapsed().as_secs_f64();
        answers.push(Answer { at_s: request.at_s, took_s, is_done, has_mail: request.has_mail });
    }
    Ok(answers)
}

async fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
