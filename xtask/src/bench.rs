//! `cargo xtask bench`: the report of the benchmarks; and `recover`, throughput over HTTP, cost of a request,
//! and accepted mails that were lost.

mod argon;
mod cold;
mod lambda;
mod load;
mod proofs;
mod report;
mod seed;
mod spread;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use load::Report;
use report::Part;
use seed::Seed;
use testkit::program;

use crate::tools::Tools;
use crate::{Error, Outcome, Usage};

/// A section of the report.
struct Section {
    name: &'static str,
    title: &'static str,
    run: fn(&Tools) -> Result<Part, Error>,
}

/// In the order of the report.
const SECTIONS: [Section; 3] = [
    Section { name: "cold", title: "Cold start and memory", run: cold::run },
    Section { name: "argon", title: "Argon2id", run: argon::run },
    Section { name: "proofs", title: "The visitor's proof of work", run: proofs::run },
];

/// Existing accounts; each is asked for at most five times, so that no mail is suppressed.
const ACCOUNTS: usize = 25_000;
/// Rows of the large table.
const ROWS_MANY: usize = 1_000_000;
/// Warm-up.
const WARMING_UP: Duration = Duration::from_secs(1);
/// Measurement.
const MEASURED: Duration = Duration::from_secs(8);
/// Length of the rush.
const RUSH: Duration = Duration::from_secs(25);
/// Timeout of sending the mails of the rush.
const DRAIN_MAX: Duration = Duration::from_secs(600);

/// Measures the whole report or a section of it, or what is only printed: `recover`.
pub fn run(arguments: &[&str]) -> Outcome {
    let asked: Vec<&Section> = match arguments {
        [] => SECTIONS.iter().collect(),
        ["recover", ..] => return recover(arguments),
        [name] => vec![SECTIONS.iter().find(|section| section.name == *name).ok_or(Usage)?],
        _ => return Err(Usage.into()),
    };
    let tools = Tools::find()?;
    for Section { name, title, run } in asked {
        println!("\n{title}");
        report::add(&tools, name, run(&tools)?)?;
    }
    Ok(())
}

/// A process that is killed with its value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures and prints, all of it or one part: `empty`, `rows` (a minute to fill the table) or `rush`.
fn recover(arguments: &[&str]) -> Outcome {
    let part = match arguments {
        ["recover"] => None,
        ["recover", part @ ("empty" | "rows" | "rush")] => Some(*part),
        _ => return Err(Usage.into()),
    };
    let program = build()?;
    println!(
        "\nrecover/password, half of the identifiers known; portal on a SQLite file, load from this machine\n"
    );
    match part {
        Some("empty") => throughput(&program, "an empty table", 0).map(drop),
        Some("rows") => throughput(&program, "1,000,000 rows", ROWS_MANY).map(drop),
        Some("rush") => rush(&program),
        _ => {
            let small = throughput(&program, "an empty table", 0)?;
            let large = throughput(&program, "1,000,000 rows", ROWS_MANY)?;
            println!("rate at 1,000,000 rows / rate at none: {:.2}\n", large.rate() / small.rate());
            rush(&program)
        }
    }
}

fn build() -> Result<PathBuf, Error> {
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

fn throughput(program: &Path, what: &str, rows: usize) -> Result<Report, Error> {
    let portal = Portal::start(program, rows)?;
    let warm = portal.load(32, WARMING_UP)?;
    let report = portal.load(32, MEASURED)?;
    drop(warm);
    println!("32 clients, {what} (ready in {} ms)\n{report}", portal.ready_in.as_millis());
    Ok(report)
}

/// 256 clients at once; then every answer is held against the table.
fn rush(program: &Path) -> Outcome {
    let portal = Portal::start(program, 0)?;
    let report = portal.load(256, RUSH)?;
    println!("256 clients for {} s\n{report}", RUSH.as_secs());
    let drained_in = portal.settle()?;
    let mails = seed::mails(&portal.folder.0)?;
    drop(portal);
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
    portal: program::Portal,
    seed: Seed,
    ready_in: Duration,
    folder: Folder,
}

impl Portal {
    fn start(program: &Path, rows: usize) -> Result<Self, Error> {
        let folder = Folder(std::env::temp_dir().join(format!("sesame-bench-{}-{rows}", std::process::id())));
        fs::create_dir_all(&folder.0)?;
        let seed = Seed::fill(&folder.0, ACCOUNTS, rows)?;
        let mut command = Command::new(program);
        command.env("SESAME_DATA", &folder.0);
        let started = Instant::now();
        let portal = program::Portal::start(command)?;
        let portal = Self { portal, seed, ready_in: started.elapsed(), folder };
        portal.settle()?;
        Ok(portal)
    }

    fn load(&self, clients: usize, length: Duration) -> Result<Report, Error> {
        load::run(self.portal.port, self.portal.program.id(), clients, length, &self.seed)
    }

    /// Waits until the portal is idle: at its start it takes up mails that were left, after a load it sends.
    fn settle(&self) -> Result<Duration, Error> {
        let started = Instant::now();
        let mut before = load::cpu(self.portal.program.id())?;
        while started.elapsed() < DRAIN_MAX {
            std::thread::sleep(Duration::from_secs(1));
            let now = load::cpu(self.portal.program.id())?;
            if now.saturating_sub(before) < Duration::from_millis(30) {
                return Ok(started.elapsed());
            }
            before = now;
        }
        Err("the portal does not come to rest".into())
    }
}
