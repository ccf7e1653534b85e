//! `cargo xtask timing`: whether the time of an answer tells if an account exists.
//!
//! Known and unknown people are asked about in one run, in an order drawn from a fixed seed, by one
//! client of the portal's own server; Welch's t of the two samples says whether their means differ.

mod clients;
mod statistics;

use std::sync::Arc;
use std::time::Duration;

use platform::passwords::Hashing;
use sesame::{Hooks, Options, Portal, server, site};
use tokio::net::TcpListener;

use crate::population::{Population, SITE};
use crate::{Error, Outcome, Usage, optimised};
use clients::Question;
use statistics::Comparison;

/// Samples of either kind.
const SAMPLES: usize = 20_000;
/// The threshold of leakage assessment (ISO/IEC 17825, test vector leakage assessment).
const T_MAX: f64 = 4.5;
/// One way to a slow SES.
const SLOW_SES: Duration = Duration::from_millis(150);
/// Password hashes at a fraction of their cost, whose noise would hide what is looked for; refusals at steps
/// as much shorter, which still are longer than a login.
const HASHING: Hashing =
    Hashing { memory_kib: 64, passes: 1, is_off_thread: true, refusal_step: Duration::from_millis(10) };
/// Concurrent batches of the sender, beside the portal's own worker, which pauses under load.
const SENDERS: usize = 2;
/// Poll interval of a sender that has nothing to do.
const POLL: Duration = Duration::from_millis(1);

/// What happens beside the requests.
#[derive(Debug, Clone, Copy)]
enum Sending {
    /// Mails are sent as fast as they come.
    Busy,
    /// Each takes a third of a second.
    SesSlow,
}

impl Sending {
    const ALL: [Self; 2] = [Self::Busy, Self::SesSlow];

    fn name(self) -> &'static str {
        match self {
            Self::Busy => "the sender busy",
            Self::SesSlow => "SES slow",
        }
    }

    fn hooks(self) -> Hooks {
        match self {
            Self::Busy => Hooks::default(),
            Self::SesSlow => Hooks {
                ses_transit: Some(Arc::new(|| Box::pin(tokio::time::sleep(SLOW_SES)))),
                ..Hooks::default()
            },
        }
    }
}

/// Measures, prints, and fails when a difference shows.
pub fn run(arguments: &[&str]) -> Outcome {
    let samples = match arguments {
        [] => SAMPLES,
        ["--samples", samples] => samples.parse().map_err(|_| Usage)?,
        _ => return Err(Usage.into()),
    };
    if let Some(outcome) = optimised("timing", arguments) {
        return outcome;
    }
    println!(
        "{samples} samples of either kind, interleaved; cropped: without the slowest twentieth of both\n"
    );
    println!(
        "{:<20} {:<42} {:>10} {:>10} {:>8} {:>10}",
        "while", "known and unknown", "median µs", "median µs", "t", "t, cropped"
    );
    let mut telling = Vec::new();
    for sending in Sending::ALL {
        for question in Question::ALL {
            let compared = measure(sending, question, samples)?;
            let what = format!("{:<20} {:<42}", sending.name(), question.name());
            println!("{what} {compared}");
            if compared.t_max() >= T_MAX {
                telling.push(what);
            }
        }
    }
    if telling.is_empty() {
        println!("\nNo difference: every |t| is under {T_MAX}.");
        return Ok(());
    }
    Err(format!("the time tells who has an account:\n{}", telling.join("\n")).into())
}

/// One question, over a table of its own.
fn measure(sending: Sending, question: Question, samples: usize) -> Result<Comparison, Error> {
    let population = Population::of(samples)?;
    let folder = population.table("timing", HASHING, 0)?;
    let options = Options {
        data: Some(folder.0.clone()),
        hashing: HASHING,
        hooks: sending.hooks(),
        ..Options::in_memory(SITE)
    };
    let requests = question.requests(&population, samples)?;
    let portal = Portal::open(&options)?;
    let built = site::build(&site::sources())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let port = listener.local_addr()?.port();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    for _ in 0..SENDERS {
        let worker = portal.worker.clone();
        runtime.spawn(async move {
            loop {
                if worker.send_batch().await == 0 {
                    tokio::time::sleep(POLL).await;
                }
            }
        });
    }
    let serving = runtime.spawn(async move {
        let until = async move { drop(stopped.await) };
        server::serve(portal, &built, vec![listener], server::Settings::default(), until).await
    });
    let asked = clients::ask_all(port, &requests, question.status());
    drop(stop);
    runtime.block_on(serving)??;
    // The senders end with it.
    runtime.shutdown_background();
    Ok(Comparison::of(&asked?))
}
