//! What a request of each route costs the table, counted: calls, units, bytes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use platform::http::Body;
use platform::passwords::Hashing;
use serde::Serialize;
use serde_json::Value;
use sesame::emulator::ServiceResponse;
use sesame::{Hooks, Options, Portal, functions};

use super::report::Part;
use crate::Error;
use crate::chart::number;
use crate::population::{Population, Request, SITE, can_be_made_up};
use crate::rush::{JOURNEYS, prices};
use crate::tools::Tools;

/// Calls of the table, and what DynamoDB bills for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Cost {
    pub calls: u32,
    /// Of 4 kB, strongly consistent.
    pub read_units: f64,
    /// Of 1 kB; twice as many in a transaction.
    pub write_units: f64,
    /// Of the requests and answers, without their headers.
    pub bytes: usize,
}

type Counter = Arc<Mutex<Cost>>;

/// The costs by name: of each route, and of the mails that it causes (`mail of …`).
type Costs = Vec<(String, Cost)>;

pub fn run(_: &Tools) -> Result<Part, Error> {
    let costs = count()?;
    let mut text = HEAD.to_owned();
    for (name, Cost { calls, read_units, write_units, bytes }) in &costs {
        writeln!(text, "| {name} | {calls} | {read_units} | {write_units} | {} |", number(*bytes as f64))?;
    }
    text += &a_million_people(&costs);
    let values = serde_json::to_value(costs.into_iter().collect::<BTreeMap<_, _>>())?;
    Ok(Part { text, values, ..Part::default() })
}

/// What a million people of the rush's crowd cost the table.
fn a_million_people(costs: &Costs) -> String {
    let of =
        |name: &str| costs.iter().find(|(known, _)| known == name).map_or(Cost::default(), |(_, cost)| *cost);
    let (mut read_units, mut write_units) = (0.0, 0.0);
    for journey in &JOURNEYS {
        for step in journey.steps {
            let mail =
                if step.mails.is_empty() { Cost::default() } else { of(&format!("mail of {}", step.route)) };
            let request = of(step.route);
            let millions = f64::from(journey.percent) / 100.0;
            read_units += millions * (request.read_units + mail.read_units);
            write_units += millions * (request.write_units + mail.write_units);
        }
    }
    let price = write_units * prices::WRITES_MILLION + read_units * prices::READS_MILLION;
    format!(
        "\nA million people who do what [the rush](rush.md)'s do: {} million units written and {} million\n\
         read, {} dollars of the table. What mails, functions and the rest cost them stands there.\n",
        number(write_units),
        number(read_units),
        number(price)
    )
}

/// Asks one request of each route, each of a person of their own, then sends the mails that came of it.
fn count() -> Result<Costs, Error> {
    let population = Population::of(functions::routes().count())?;
    let folder = population.table("costs", Hashing::SIMULATED, 0)?;
    let counter = Counter::default();
    let options = Options {
        data: Some(folder.0.clone()),
        hashing: Hashing::SIMULATED,
        hooks: counting(&counter),
        ..Options::in_memory(SITE)
    };
    let portal = Portal::open(&options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(count_each(&portal, &population, &counter))
}

async fn count_each(portal: &Portal, population: &Population, counter: &Counter) -> Result<Costs, Error> {
    let mut costs = Vec::new();
    let routes = functions::routes().filter(|(_, route)| can_be_made_up(route));
    for (rank, (function, route)) in routes.enumerate() {
        let name = format!("{} {}", route.method, route.path);
        // Each is of somebody else who has an account: where strangers ask too, it is every other request.
        let requests = population.requests(function, route, 2 * rank + 1)?;
        let request =
            requests.into_iter().filter(|request| request.is_known).nth(rank).ok_or("no request")?;
        let status = ask(portal, &request).await?;
        if !(200..300).contains(&status) {
            return Err(format!("{name} answers {status}").into());
        }
        costs.push((name.clone(), take(counter)));
        if portal.worker.drain().await > 0 {
            costs.push((format!("mail of {name}"), take(counter)));
        }
    }
    Ok(costs)
}

const HEAD: &str = "\
Counted, not timed: one request of each route, and the mails that came of it. Units are those that DynamoDB
bills on demand; bytes are those of the calls and their answers, without headers.

| | calls | read units | write units | bytes |
|---|--:|--:|--:|--:|
";

/// Asks in process. The status.
pub async fn ask(portal: &Portal, request: &Request) -> Result<u16, Error> {
    let mut builder = http::Request::builder().method(request.method).uri(&request.target);
    if let Some(cookie) = request.cookie() {
        builder = builder.header("cookie", cookie);
    }
    if !request.body.is_empty() {
        builder = builder.header("content-type", "application/json");
    }
    let answer = portal.answer(builder.body(Body::Binary(request.body.clone().into_bytes()))?).await;
    Ok(answer.status().as_u16())
}

fn take(counter: &Counter) -> Cost {
    std::mem::take(&mut *counter.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Asks every call for the units that it consumes.
fn counting(counter: &Counter) -> Hooks {
    let counter = counter.clone();
    Hooks {
        table: Arc::new(move |emulator, caller, target, body| {
            let mut call: Value = serde_json::from_slice(body).unwrap_or_default();
            call["ReturnConsumedCapacity"] = "INDEXES".into();
            let answer = emulator.answer(caller, target, call.to_string().as_bytes());
            let is_write = !target.ends_with("GetItem") && !target.ends_with("Query");
            add(&mut counter.lock().unwrap_or_else(PoisonError::into_inner), is_write, body, &answer);
            Ok(answer)
        }),
        ..Hooks::default()
    }
}

fn add(cost: &mut Cost, is_write: bool, body: &[u8], answer: &ServiceResponse) {
    let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    // One table: one object, or a list of one.
    let consumed = &said["ConsumedCapacity"];
    let consumed = if consumed.is_array() { &consumed[0] } else { consumed };
    let units = consumed["CapacityUnits"].as_f64().unwrap_or(0.0);
    cost.calls += 1;
    cost.bytes += body.len() + answer.body.len();
    if is_write { cost.write_units += units } else { cost.read_units += units }
}
