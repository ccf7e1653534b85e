//! Requests a second, processor time and latencies of every route of the portal.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::function::{Cost, Function, Route};
use platform::passwords::Hashing;
use serde_json::{Map, json};
use sesame::functions;

use super::load::{Report, Requests};
use super::portal::{self, Portal};
use super::report::{Part, Target};
use crate::population::{ACCOUNTS, Folder, Population, ROWS_MANY, can_be_made_up};
use crate::tools::Tools;
use crate::{Error, Outcome, chart};

/// Concurrent clients.
const CLIENTS: [usize; 5] = [1, 4, 16, 64, 256];
/// Of them, the number at which the processor time of a request is told: 64.
const TOLD: usize = 3;
const WARMING_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(2);
/// Requests prepared for a second of load: more than any portal answers.
const LIGHT_PER_SECOND: usize = 8_000;
/// The same where a password is hashed.
const HASH_PER_SECOND: usize = 400;

/// How much slower recovery may be at the large table.
const SLOWDOWN_MAX: f64 = 1.0 / 0.9;

/// The route of that method and path.
pub fn find(method: &str, path: &str) -> Result<(&'static Function, &'static Route), Error> {
    let mut routes = functions::routes();
    let found = routes.find(|(_, route)| route.method == method && route.path == path);
    found.ok_or_else(|| format!("no route {method} {path}").into())
}

/// Loads each route, at a small and at a large table: a fresh copy for each.
pub fn run(_: &Tools) -> Result<Part, Error> {
    let tables = Tables::fill()?;
    let mut part = Part { text: HEAD.to_owned(), ..Part::default() };
    let (mut rates, mut values) = (Vec::new(), Map::new());
    for (function, route) in functions::routes().filter(|(_, route)| can_be_made_up(route)) {
        let name = name_of(route);
        println!("{name}");
        let [at_small, at_large] = match tables.load(function, route) {
            Ok(measured) => measured,
            Err(error) => {
                println!("{error}");
                part.failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        part.text += &rows(route, &at_small, &at_large)?;
        let (few, many) = (&at_small[TOLD], &at_large[TOLD]);
        if route.path == "/api/recover/password" {
            part.targets.push(Target {
                what: format!("recover/password: its rate at no row / at {ROWS_MANY} rows"),
                most: SLOWDOWN_MAX,
                measured: few.rate() / many.rate(),
            });
        }
        values.insert(name.clone(), json!({"cpu_ms": few.cpu_ms(), "rate": few.rate()}));
        rates.push((name, few.rate()));
    }
    let svg = chart::bars(&format!("{} clients: answers", CLIENTS[TOLD]), "a second", &rates)?;
    part.pictures.push(("bench-load.svg", "Answers a second of each route", svg));
    part.values = values.into();
    Ok(part)
}

/// Prints what one route bears.
pub fn one(method: &str, path: &str) -> Outcome {
    let (function, route) = find(method, path)?;
    let [at_small, at_large] = Tables::fill()?.load(function, route)?;
    println!("{HEAD}{}", rows(route, &at_small, &at_large)?);
    Ok(())
}

/// The portal, who asks, and what it is over.
struct Tables {
    program: PathBuf,
    population: Population,
    small: Folder,
    large: Folder,
}

impl Tables {
    fn fill() -> Result<Self, Error> {
        let program = portal::build()?;
        let population = Population::of(ACCOUNTS)?;
        let small = population.table("bench-small", Hashing::OWASP, 0)?;
        println!("Filling a table with {ROWS_MANY} rows…");
        let large = population.table("bench-large", Hashing::OWASP, ROWS_MANY)?;
        Ok(Self { program, population, small, large })
    }

    /// By each number of clients, at the small table and at the large one.
    fn load(&self, function: &'static Function, route: &Route) -> Result<[Vec<Report>; 2], Error> {
        let requests = prepared(&self.population, function, route)?;
        // Hashes are bounded in number; beyond it a password is refused at once.
        let may_refuse = route.cost == Cost::Hash;
        let load = |table| of_route(&self.program, table, &requests, may_refuse);
        Ok([load(&self.small)?, load(&self.large)?])
    }
}

fn name_of(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn rows(route: &Route, at_small: &[Report], at_large: &[Report]) -> Result<String, Error> {
    let (mut text, name) = (String::new(), name_of(route));
    for ((clients, few), many) in CLIENTS.iter().zip(at_small).zip(at_large) {
        writeln!(text, "| `{name}` | {clients} | {} | {} |", cells(few), cells(many))?;
    }
    Ok(text)
}

const HEAD: &str = "\
Clients of this machine that ask again when they were answered; the portal on a file of SQLite, with 25,000
accounts, first without other rows, then with 1,000,000 of them. CPU is the portal's for a request, with the
mails that it sent meanwhile; quantiles are in milliseconds. Rates and quantiles are of accepted requests: of
passwords 68 at most are hashed or wait for it, others are refused at once (503).

| route | clients | /s | CPU ms | p50 | p99 | p99.9 | /s at 1,000,000 | CPU ms | p50 | p99 | p99.9 |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

fn cells(report: &Report) -> String {
    format!(
        "{:.0} | {:.3} | {:.2} | {:.2} | {:.2}",
        report.rate(),
        report.cpu_ms(),
        report.latency_ms(500),
        report.latency_ms(990),
        report.latency_ms(999)
    )
}

/// The route over a copy of the table, with each number of clients in turn.
fn of_route(
    program: &Path,
    table: &Folder,
    requests: &Requests,
    may_refuse: bool,
) -> Result<Vec<Report>, Error> {
    let copy = Folder::temporary("bench-copy")?;
    for entry in fs::read_dir(&table.0)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), copy.0.join(entry.file_name()))?;
        }
    }
    let portal = Portal::start(program, &copy)?;
    let requests = requests.anew();
    CLIENTS
        .into_iter()
        .map(|clients| {
            portal.load(clients, WARMING_UP, &requests)?;
            let report = portal.load(clients, MEASURED, &requests)?;
            portal.settle()?;
            if report.refused > 0 && !may_refuse {
                return Err(report.to_string().into());
            }
            Ok(report)
        })
        .collect()
}

/// Enough requests for all numbers of clients. What changes something is asked once only.
fn prepared(population: &Population, function: &'static Function, route: &Route) -> Result<Requests, Error> {
    let is_once = route.method == "POST" && !matches!(route.path, "/api/link" | "/api/session");
    if !is_once {
        return Ok(Requests::again_and_again(&population.requests(
            function,
            route,
            population.people.len(),
        )?));
    }
    let a_second = if route.cost == Cost::Hash { HASH_PER_SECOND } else { LIGHT_PER_SECOND };
    let seconds = CLIENTS.len() as f64 * (WARMING_UP + MEASURED).as_secs_f64();
    let count = (seconds * a_second as f64) as usize;
    Ok(Requests::once(&population.requests(function, route, count)?))
}
