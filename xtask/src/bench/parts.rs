//! What a recovery is made of: its processor time beside the sum of its parts, in one run.

use std::fmt::Write;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use aws_sdk_dynamodb::{Client, error::DisplayErrorContext};
use domain::proof::Action;
use domain::{EncodedProof, FieldValue};
use fastrand::Rng;
use platform::Form;
use platform::http::{Body, FromRequest};
use platform::passwords::Hashing;
use serde_json::json;
use sesame::emulator::{self, TABLE};
use sesame::grants::Caller;
use sesame::{Options, Portal as Service};

use super::costs;
use super::load::{self, Requests};
use super::portal::{self, Portal};
use super::report::{Part, Target};
use super::routes;
use crate::Error;
use crate::population::{ACCOUNTS, Folder, Population, Request, SITE};
use crate::tools::Tools;

const CLIENTS: usize = 32;
const WARMING_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);
/// Requests prepared for a second of load: more than any portal answers.
const REQUESTS_PER_SECOND: u64 = 9_000;
/// Calls of a part that is measured in this process.
const CALLS: usize = 20_000;

/// Recovery over the sum of its parts, at most.
const RATIO_MAX: f64 = 1.5;

/// Measures the whole and its parts.
pub fn run(_: &Tools) -> Result<Part, Error> {
    let program = portal::build()?;
    let population = Population::of(ACCOUNTS)?;
    let folder = population.table("parts", Hashing::OWASP, 0)?;
    let portal = Portal::start(&program, &folder)?;
    let (function, route) = routes::find("POST", "/api/recover/password")?;
    let count = usize::try_from((WARMING_UP + MEASURED).as_secs() * REQUESTS_PER_SECOND)?;
    let recoveries = population.requests(function, route, count)?;
    let recovery = recoveries.first().ok_or("no request")?;
    let nowhere = Request {
        method: "GET",
        target: "/api/nowhere".to_owned(),
        session: None,
        body: String::new(),
        is_known: false,
    };
    let of_requests = |requests: &Requests| -> Result<f64, Error> {
        portal.load(CLIENTS, WARMING_UP, requests)?;
        let cpu_ms = portal.load(CLIENTS, MEASURED, requests)?.cpu_ms();
        portal.settle()?;
        Ok(cpu_ms)
    };
    let parts = [
        (
            "the server's answer to a path that no function has",
            of_requests(&Requests::again_and_again(&[nowhere]))?,
        ),
        ("a transaction that puts two rows, by the SDK", transaction()?),
        ("the check of a proof", proof(&population, recovery)?),
    ];
    let whole = of_requests(&Requests::once(&recoveries))?;
    let sum: f64 = parts.iter().map(|(_, cpu_ms)| cpu_ms).sum();
    let mut text = String::from("| | ms of CPU |\n|---|--:|\n");
    for (name, cpu_ms) in parts.into_iter().chain([("their sum", sum), ("a recovery", whole)]) {
        writeln!(text, "| {name} | {cpu_ms:.3} |")?;
    }
    let mail = mails(&population, &recoveries)?;
    writeln!(text, "| a mail of a recovery, prepared and handed over | {mail:.3} |")?;
    let target = Target {
        what: "recover/password: CPU / its parts'".to_owned(),
        most: RATIO_MAX,
        measured: whole / sum,
    };
    Ok(Part { text, targets: vec![target], values: json!({"mail": {"cpu_ms": mail}}), ..Part::default() })
}

/// This process's time for one of [`CALLS`] calls.
fn of_a_call(before: Duration) -> Result<f64, Error> {
    let took = load::cpu(std::process::id())?.saturating_sub(before);
    Ok(took.as_secs_f64() * 1e3 / CALLS as f64)
}

/// Two rows as large as those of a recovery, on condition that they are new.
fn transaction() -> Result<f64, Error> {
    let folder = Folder::temporary("transactions")?;
    let options = Options { data: Some(folder.0.clone()), ..Options::in_memory(SITE) };
    let entrance = Service::open(&options)?.emulator;
    let client =
        emulator::client(None, move |target, body| Ok(entrance.answer(&Caller::Operator, target, body)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rng = Rng::with_seed(1);
    let before = load::cpu(std::process::id())?;
    runtime.block_on(async {
        for _ in 0..CALLS {
            put_two(&client, &mut rng).await?;
        }
        of_a_call(before)
    })
}

async fn put_two(client: &Client, rng: &mut Rng) -> Result<(), Error> {
    let mut call = client.transact_write_items();
    for (kind, attributes) in [("RAW", 6), ("PAIR", 3)] {
        let mut put = Put::builder()
            .table_name(TABLE)
            .item("pk", AttributeValue::S(format!("{kind}#{:032x}", rng.u128(..))))
            .item("sk", AttributeValue::S(kind.to_owned()))
            .condition_expression("attribute_not_exists(pk)");
        for rank in 0..attributes {
            put = put.item(format!("attribute_{rank}"), AttributeValue::S("0123456789abcdef".repeat(3)));
        }
        call = call.transact_items(TransactWriteItem::builder().put(put.build()?).build());
    }
    call.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
    Ok(())
}

/// The mails of as many recoveries, half of them of people who have an account.
fn mails(population: &Population, recoveries: &[Request]) -> Result<f64, Error> {
    let folder = population.table("mails", Hashing::OWASP, 0)?;
    let service = Service::open(&Options { data: Some(folder.0.clone()), ..Options::in_memory(SITE) })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for recovery in recoveries.iter().take(CALLS) {
            costs::ask(&service, recovery).await?;
        }
        let before = load::cpu(std::process::id())?;
        service.worker.drain().await;
        of_a_call(before)
    })
}

/// Signature, action, age and the keyed hash of the body: all but the spending.
fn proof(population: &Population, request: &Request) -> Result<f64, Error> {
    let service = Service::open(&Options::in_memory(SITE))?;
    let platform = service.platform(recover::FUNCTION.name).ok_or("no function recovers")?;
    let encoded = EncodedProof::read(population.proof(Action::Recover)?).map_err(|_| "no proof")?;
    let request = http::Request::post(&request.target).header("content-type", "application/json");
    let body = Body::Text(r#"{"identifier":"AP-7K3M-Q2FD"}"#.to_owned());
    let form = Form::<recover::PasswordForm>::from_request(request.body(body)?);
    let form = form.map_err(|problem| format!("{problem:?}"))?;
    let before = load::cpu(std::process::id())?;
    for _ in 0..CALLS {
        platform
            .proofs
            .verify(&encoded, Action::Recover, &form.body)
            .map_err(|error| format!("{error:?}"))?;
    }
    of_a_call(before)
}
