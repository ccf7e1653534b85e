//! `cargo xtask bench recover`: throughput over HTTP, cost of a request, and accepted mails that were lost.

use std::path::Path;
use std::time::Duration;

use platform::passwords::Hashing;

use super::load::{Report, Requests};
use super::portal::{self, Portal};
use super::routes;
use crate::population::{ACCOUNTS, Population, ROWS_MANY};
use crate::statistics::median;
use crate::{Error, Outcome};

/// Requests prepared for each second of load: more than any portal answers.
const REQUESTS_PER_SECOND: u64 = 7_000;
/// Pairs of a comparison with another build.
const PAIRS: usize = 9;
/// Warm-up.
const WARMING_UP: Duration = Duration::from_secs(1);
/// Measurement.
const MEASURED: Duration = Duration::from_secs(8);
/// Length of the rush.
const RUSH: Duration = Duration::from_secs(25);

/// Measures and prints, all of it or one part: `empty`, `rows` (a minute to fill the table) or `rush`.
pub fn run(part: Option<&str>) -> Outcome {
    let program = portal::build()?;
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

fn requests(population: &Population, length: Duration) -> Result<Requests, Error> {
    let count = usize::try_from(length.as_secs() * REQUESTS_PER_SECOND)?;
    let (function, route) = routes::find("POST", "/api/recover/password")?;
    Ok(Requests::once(&population.requests(function, route, count)?))
}

fn throughput(program: &Path, what: &str, rows: usize) -> Result<Report, Error> {
    let (report, ready_in) = at_rows(program, rows)?;
    println!("32 clients, {what} (ready in {} ms)\n{report}", ready_in.as_millis());
    Ok(report)
}

/// The load over a table with that many rows besides the accounts; how long the portal took to be ready.
fn at_rows(program: &Path, rows: usize) -> Result<(Report, Duration), Error> {
    let population = Population::of(ACCOUNTS)?;
    let folder = population.table("bench", Hashing::OWASP, rows)?;
    let requests = requests(&population, WARMING_UP + MEASURED)?;
    let portal = Portal::start(program, &folder)?;
    portal.load(32, WARMING_UP, &requests)?;
    Ok((portal.load(32, MEASURED, &requests)?, portal.ready_in))
}

/// This portal beside another build of it, in turn: what a change costs, in one run.
pub fn beside(other: &Path) -> Outcome {
    let program = portal::build()?;
    let mut ratios = Vec::new();
    println!(
        "{:>4} {:>14} {:>14} {:>12} {:>12}",
        "pair", "requests/s", "the other's", "CPU ms", "the other's"
    );
    for pair in 1..=PAIRS {
        // Who begins has a quieter machine, or a colder one: they take turns.
        let (ours, others) = if pair % 2 == 0 {
            let (others, _) = at_rows(other, 0)?;
            (at_rows(&program, 0)?.0, others)
        } else {
            let (ours, _) = at_rows(&program, 0)?;
            (ours, at_rows(other, 0)?.0)
        };
        let (rate, other_rate) = (ours.rate(), others.rate());
        let (cpu, other_cpu) = (ours.cpu_ms(), others.cpu_ms());
        println!("{pair:>4} {rate:>14.0} {other_rate:>14.0} {cpu:>12.4} {other_cpu:>12.4}");
        ratios.push((rate / other_rate, cpu / other_cpu));
    }
    let rate = median(ratios.iter().map(|(rate, _)| *rate));
    let cpu = median(ratios.iter().map(|(_, cpu)| *cpu));
    println!("medians of the ratios: rate {rate:.3}, CPU {cpu:.3}");
    Ok(())
}

/// 256 clients at once; then every answer is held against the table.
fn rush(program: &Path) -> Outcome {
    let population = Population::of(ACCOUNTS)?;
    let folder = population.table("bench", Hashing::OWASP, 0)?;
    let requests = requests(&population, RUSH)?;
    let portal = Portal::start(program, &folder)?;
    let report = portal.load(256, RUSH, &requests)?;
    println!("256 clients for {} s\n{report}", RUSH.as_secs());
    let drained_in = portal.settle()?;
    drop(portal);
    let mails = portal::mails(&folder)?;
    println!("accepted {}, mail rows {}, {:?}", report.accepted, mails.values().sum::<usize>(), mails);
    println!("all sent {} s after the last request", drained_in.as_secs());
    let lost = report.accepted.abs_diff(mails.values().sum());
    if lost > 0 || report.refused > 0 {
        return Err(format!("{lost} mails differ, {} requests were not accepted", report.refused).into());
    }
    Ok(())
}
