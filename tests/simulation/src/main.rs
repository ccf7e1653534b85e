//! `cargo xtask simulate`: seeds on all cores, until one breaks a rule, which is shrunk and told.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use simulation::{Kept, Plan, Report, run, shrink};

/// A call makes a thousand small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
Usage: cargo xtask simulate [--seeds N] [--minutes M] [--from SEED]

SESAME_SEED=N replays one seed, or a plan of kept.json, and prints its history.
Without --minutes every seed is run, without --seeds as many as the minutes allow.
";
/// Seeds of a run that names none.
const SEEDS: u64 = 1_000;

struct Wanted {
    from: u64,
    seeds: u64,
    time_max: Duration,
}

fn wanted() -> Option<Wanted> {
    let (mut from, mut seeds, mut minutes) = (1, None, None);
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let number: u64 = arguments.next()?.parse().ok()?;
        match &*name {
            "--seeds" => seeds = Some(number),
            "--minutes" => minutes = Some(number),
            "--from" => from = number,
            _ => return None,
        }
    }
    let time_max = minutes.map_or(Duration::MAX, |minutes| Duration::from_secs(minutes * 60));
    let default = if minutes.is_some() { u64::MAX - from } else { SEEDS };
    Some(Wanted { from, seeds: seeds.unwrap_or(default), time_max })
}

fn main() -> ExitCode {
    if let Ok(seed) = env::var("SESAME_SEED") {
        let plan = seed.parse().map(Plan::of).ok().or_else(|| serde_json::from_str(&seed).ok());
        let Some(plan) = plan else {
            eprint!("SESAME_SEED is a number, or a plan of kept.json\n{USAGE}");
            return ExitCode::from(2);
        };
        return replay(plan);
    }
    let Some(wanted) = wanted() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match explore(&wanted) {
        None => ExitCode::SUCCESS,
        Some((seed, what)) => {
            println!("\nseed {seed} breaks a rule:\n{what}");
            println!("replay: SESAME_SEED={seed} cargo xtask simulate");
            ExitCode::FAILURE
        }
    }
}

fn replay(plan: Plan) -> ExitCode {
    match run(plan) {
        Ok(report) => {
            report.history.iter().for_each(|line| println!("{line}"));
            println!("{} calls, history {}\n{}", report.steps, report.digest, report.violations.join("\n"));
            if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the threads share.
struct Progress {
    next: AtomicU64,
    done: AtomicU64,
    steps: AtomicU64,
    is_over: AtomicBool,
    found: Mutex<Option<(u64, String)>>,
}

fn explore(wanted: &Wanted) -> Option<(u64, String)> {
    let progress = Progress {
        next: AtomicU64::new(0),
        done: AtomicU64::new(0),
        steps: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        found: Mutex::new(None),
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| work(wanted, started, &progress))).collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(200));
            if io::stdout().is_terminal() {
                print!("\r{}", state(&progress, started, threads));
                let _ = io::stdout().flush();
            }
        }
    });
    println!("\r{}", state(&progress, started, threads));
    progress.found.into_inner().unwrap_or_default()
}

fn state(progress: &Progress, started: Instant, threads: usize) -> String {
    let (steps, seconds) = (progress.steps.load(Ordering::Relaxed), started.elapsed().as_secs_f64());
    let (done, a_core) = (progress.done.load(Ordering::Relaxed), steps as f64 / threads as f64);
    format!(
        "{done} seeds, {steps} calls of the table and of SES in {seconds:.0} s: {:.0} a second a core",
        a_core / seconds.max(0.001)
    )
}

fn work(wanted: &Wanted, started: Instant, progress: &Progress) {
    while started.elapsed() < wanted.time_max && !progress.is_over.load(Ordering::Relaxed) {
        let rank = progress.next.fetch_add(1, Ordering::Relaxed);
        if rank >= wanted.seeds {
            return;
        }
        let plan = Plan::of(wanted.from + rank);
        let broken = match run(plan) {
            Ok(report) => {
                progress.steps.fetch_add(report.steps, Ordering::Relaxed);
                (!report.violations.is_empty()).then(|| told(plan, &report))
            }
            Err(error) => Some(error.to_string()),
        };
        progress.done.fetch_add(1, Ordering::Relaxed);
        if let Some(what) = broken
            && !progress.is_over.swap(true, Ordering::Relaxed)
            && let Ok(mut found) = progress.found.lock()
        {
            *found = Some((plan.seed, what));
        }
    }
}

/// Shrinks the plan and keeps what is left of it as a test. Tells what it breaks.
fn told(plan: Plan, report: &Report) -> String {
    let broke = report.violations.first().cloned().unwrap_or_default();
    let kept = shrink(plan).and_then(|plan| {
        Kept { broke, plan }.keep()?;
        Ok(serde_json::to_string(&plan)?)
    });
    let kept = kept.map_or_else(
        |error| format!("not kept: {error}"),
        |plan| format!("smallest, kept in {}:\nSESAME_SEED='{plan}'", Kept::file().display()),
    );
    format!("{}\n{kept}", report.violations.join("\n"))
}
