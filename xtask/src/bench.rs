//! `cargo xtask bench recover`: what the portal takes over HTTP, what one request costs, and whether
//! every accepted mail is written down and sent.

mod load;
mod seed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use load::{Report, run};
use seed::Seed;

/// The port of the portal under load.
const PORT: u16 = 18_080;
/// Accounts that exist: each asked for at most five times, so that no mail is suppressed.
const ACCOUNTS: usize = 25_000;
/// Rows of the large table.
const ROWS_MANY: usize = 1_000_000;
/// How long the throughput is measured, after a second of warming up.
const MEASURED: Duration = Duration::from_secs(8);
/// How long the rush lasts.
const RUSH: Duration = Duration::from_secs(25);
/// How long the mails of the rush may take to be sent.
const DRAIN_MAX: Duration = Duration::from_secs(600);
/// The longest that a portal may take to be ready.
const READY_MAX: Duration = Duration::from_secs(30);

/// Measures and prints, all of it or one part: `empty`, `rows` (a minute to fill the table) or `rush`.
pub fn recover(part: Option<&str>) -> Outcome {
    let program = build()?;
    println!(
        "\nrecover/password, half of the identifiers known; portal on a SQLite file, load from this machine\n"
    );
    match part {
        Some("empty") => throughput(&program, "an empty table", 0).map(drop),
        Some("rows") => throughput(&program, "1,000,000 rows", ROWS_MANY).map(drop),
        Some("rush") => rush(&program),
        Some(_) => Err("the parts are: empty, rows, rush".into()),
        None => {
            let small = throughput(&program, "an empty table", 0)?;
            let large = throughput(&program, "1,000,000 rows", ROWS_MANY)?;
            println!("rate at 1,000,000 rows / rate at none: {:.2}\n", large.rate() / small.rate());
            rush(&program)
        }
    }
}

fn build() -> Result<PathBuf, Box<dyn std::error::Error + Send + Sync>> {
    println!("Building the portal, optimised (some minutes the first time)…");
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--package", "sesame", "--profile", "portal"])
        .status()?;
    if !built.success() {
        return Err("the portal does not build".into());
    }
    let here = std::env::current_exe()?;
    let target = here.parent().and_then(Path::parent).ok_or("no target folder")?;
    Ok(target.join("portal/sesame"))
}

fn throughput(
    program: &Path,
    what: &str,
    rows: usize,
) -> Result<Report, Box<dyn std::error::Error + Send + Sync>> {
    let portal = Portal::start(program, rows)?;
    let warm = run(PORT, portal.id(), 32, Duration::from_secs(1), &portal.seed)?;
    let report = run(PORT, portal.id(), 32, MEASURED, &portal.seed)?;
    drop(warm);
    println!("32 clients, {what} (ready in {} ms)\n{report}", portal.ready_in.as_millis());
    portal.stop()?;
    Ok(report)
}

/// 256 clients at once; then every answer is held against the table.
fn rush(program: &Path) -> Outcome {
    let portal = Portal::start(program, 0)?;
    let report = run(PORT, portal.id(), 256, RUSH, &portal.seed)?;
    println!("256 clients for {} s\n{report}", RUSH.as_secs());
    let drained_in = portal.settle()?;
    let mails = seed::mails(&portal.folder.0)?;
    portal.stop()?;
    println!("accepted {}, mail rows {}, {:?}", report.accepted, mails.values().sum::<usize>(), mails);
    println!("all sent {} s after the last request", drained_in.as_secs());
    let lost = report.accepted.abs_diff(mails.values().sum());
    if lost > 0 || report.refused > 0 {
        return Err(format!("{lost} mails differ, {} requests were not accepted", report.refused).into());
    }
    Ok(())
}

/// A folder that is removed with its value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A portal under load, and its data.
struct Portal {
    process: Child,
    seed: Seed,
    ready_in: Duration,
    folder: Folder,
}

impl Portal {
    fn start(program: &Path, rows: usize) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let folder = Folder(std::env::temp_dir().join(format!("sesame-bench-{}-{rows}", std::process::id())));
        fs::create_dir_all(&folder.0)?;
        let seed = Seed::fill(&folder.0, ACCOUNTS, rows)?;
        let started = Instant::now();
        let process = Command::new(program)
            .env("SESAME_PORT", PORT.to_string())
            .env("SESAME_DATA", &folder.0)
            .stdout(Stdio::null())
            .spawn()?;
        let mut portal = Self { process, seed, ready_in: Duration::ZERO, folder };
        while std::net::TcpStream::connect(("127.0.0.1", PORT)).is_err() {
            if started.elapsed() > READY_MAX || portal.process.try_wait()?.is_some() {
                return Err("the portal did not start".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        portal.ready_in = started.elapsed();
        portal.settle()?;
        Ok(portal)
    }

    fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the portal rests: at its start it reads the table for mails that were left, after a load it
    /// sends those that are due.
    fn settle(&self) -> Result<Duration, Box<dyn std::error::Error + Send + Sync>> {
        let started = Instant::now();
        let mut before = load::cpu(self.id())?;
        while started.elapsed() < DRAIN_MAX {
            std::thread::sleep(Duration::from_secs(1));
            let now = load::cpu(self.id())?;
            if now.saturating_sub(before) < Duration::from_millis(30) {
                return Ok(started.elapsed());
            }
            before = now;
        }
        Err("the portal does not come to rest".into())
    }

    fn stop(mut self) -> Outcome {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
