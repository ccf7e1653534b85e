//! What a proof costs its visitor: milliseconds in each browser, and on a processor six times slower.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use domain::proof::Action;
use platform::boot::PROOF_COUNTER_DEFAULT;
use platform::proofs::{COST, Effort};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use sesame::server::{self, Settings};
use sesame::{Options, Portal, site};
use testkit::program::Program;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::report::{Part, said};
use crate::Error;
use crate::chart::{self, number};
use crate::statistics::Spread;
use crate::tools::{self, BROWSERS, Tools};

/// Proofs at each speed, after one that is not counted.
const ROUNDS: usize = 7;
/// How many times slower the slow processor is.
const SLOWNESS: u32 = 6;
/// From one stop of a slowed browser to the next: much shorter than a proof takes.
const SLOW_PERIOD: Duration = Duration::from_millis(60);
/// The first proof waits for the browser's start.
const PROOF_DELAY_MAX: Duration = Duration::from_secs(120);
const SCREEN_DELAY_MAX: Duration = Duration::from_secs(20);

const PAGE: &str = include_str!("../../../bench/visitor/page.html");
const SCRIPT: &str = include_str!("../../../bench/visitor/page.js");

/// An engine, and how its browser opens an address.
struct Engine {
    name: &'static str,
    browser: &'static str,
    arguments: &'static [&'static str],
    /// Whether it wants a screen.
    has_screen: bool,
}

const ENGINES: [Engine; 3] = [
    Engine {
        name: "Chromium",
        browser: "chromium",
        arguments: &[
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--user-data-dir=PROFILE",
        ],
        has_screen: false,
    },
    Engine {
        name: "Firefox",
        browser: "firefox-esr",
        arguments: &["-headless", "-no-remote", "-profile", "PROFILE"],
        has_screen: false,
    },
    Engine { name: "WebKit", browser: "MiniBrowser", arguments: &[], has_screen: true },
];

/// What the page is given, and what it tells.
#[derive(Clone)]
struct Shared {
    portal: Portal,
    script: String,
    took: UnboundedSender<Value>,
}

/// A site with the page that measures, on a free port.
struct Site {
    address: String,
    took: UnboundedReceiver<Value>,
}

pub fn run(_: &Tools) -> Result<Part, Error> {
    tools::install_packages(&BROWSERS)?;
    let built = site::build(&site::sources())?;
    let runtime = Runtime::new()?;
    let mut site = runtime.block_on(serve(&built))?;
    let mut results = Vec::new();
    for engine in &ENGINES {
        let result =
            measure(engine, &runtime, &mut site).map_err(|error| format!("{}: {error}", engine.name))?;
        results.push((engine, result));
    }
    part(&results)
}

async fn serve(built: &Path) -> Result<Site, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    let portal = Portal::open(&Options::in_memory(&address))?;
    let (tell, took) = unbounded_channel();
    let shared = Shared { portal: portal.clone(), script: proof_script(built)?, took: tell };
    let javascript = [("content-type", "text/javascript")];
    let html = [("content-type", "text/html")];
    let bench = Router::new()
        .route("/bench/", get(async move || (html, PAGE)))
        .route("/bench/page.js", get(async move || (javascript, SCRIPT)))
        .route("/bench/script", get(async |State(shared): State<Shared>| shared.script))
        .route("/bench/challenge", get(challenge))
        .route("/bench/took", post(took_so_long))
        .with_state(shared);
    let app = server::router(&portal, built, &Settings::default()).merge(bench);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(Site { address, took })
}

/// The address of the script that pages load.
fn proof_script(built: &Path) -> Result<String, Error> {
    let mut names = fs::read_dir(built.join("assets"))?.flatten().map(|entry| entry.file_name());
    let name = names.find_map(|name| {
        let name = name.to_str()?;
        (name.starts_with("proof.") && name.ends_with(".js")).then(|| format!("/assets/{name}"))
    });
    name.ok_or_else(|| "the pages have no script for proofs".into())
}

/// A challenge whose solution takes as many steps as those of the site do on average.
async fn challenge(State(shared): State<Shared>) -> Result<String, String> {
    let platform = shared.portal.platform(challenge::FUNCTION.name).ok_or("no function makes challenges")?;
    let effort = Effort { cost: COST, counter: PROOF_COUNTER_DEFAULT };
    let challenge = platform.proofs.challenge_of(Action::CheckSiret, effort);
    let challenge = challenge.map_err(|error| error.to_string())?;
    serde_json::to_string(&challenge).map_err(|error| error.to_string())
}

async fn took_so_long(State(shared): State<Shared>, body: String) {
    let _ = shared.took.send(serde_json::from_str(&body).unwrap_or_default());
}

/// Milliseconds of a proof at full speed and slowed, and how many processors the browser sees.
struct Took {
    full_ms: Spread,
    slow_ms: Spread,
    processors: u64,
    version: String,
}

fn measure(engine: &Engine, runtime: &Runtime, site: &mut Site) -> Result<Took, Error> {
    let folder = std::env::temp_dir().join(format!("sesame-{}-{}", engine.browser, std::process::id()));
    fs::create_dir_all(&folder)?;
    let program = if engine.has_screen { minibrowser()? } else { engine.browser.into() };
    let screen = engine.has_screen.then(start_screen).transpose()?;
    let mut asked = Command::new(&program);
    if let Some((_, display)) = &screen {
        asked.env("DISPLAY", display);
    }
    let version = said(asked.arg("--version"))?;
    let mut command = Command::new(program);
    let profile = folder.to_string_lossy();
    command.args(engine.arguments.iter().map(|argument| argument.replace("PROFILE", &profile)));
    command.arg(format!("{}/bench/", site.address)).env("HOME", &folder).env("XDG_RUNTIME_DIR", &folder);
    if let Some((_, display)) = &screen {
        command.env("DISPLAY", display).env("GDK_BACKEND", "x11");
    }
    let browser = Program::start(&command)?;
    let mut proofs = || -> Result<(Spread, u64), Error> {
        let mut took = Vec::new();
        let mut processors = 0;
        for round in 0..=ROUNDS {
            let told = runtime.block_on(async { timeout(PROOF_DELAY_MAX, site.took.recv()).await });
            let told = told.map_err(|_| "no proof was found in time")?.ok_or("the site has ended")?;
            if round > 0 {
                took.push(told["ms"].as_f64().ok_or("no time was told")?);
            }
            processors = told["processors"].as_u64().unwrap_or(0);
        }
        Ok((Spread::of(&took), processors))
    };
    let (full_ms, processors) = proofs()?;
    let slowed = Slowed::start(browser.id())?;
    let (slow_ms, _) = proofs()?;
    drop(slowed);
    drop(browser);
    let _ = fs::remove_dir_all(&folder);
    // What the browser told while it was ended is another's.
    while site.took.try_recv().is_ok() {}
    Ok(Took { full_ms, slow_ms, processors, version })
}

/// WebKitGTK's own browser stands in the folder of its library.
fn minibrowser() -> Result<PathBuf, Error> {
    let folders =
        fs::read_dir("/usr/lib")?.flatten().flat_map(|folder| fs::read_dir(folder.path()).into_iter());
    let mut files = folders.flatten().flatten().map(|folder| folder.path().join("MiniBrowser"));
    files.find(|file| file.is_file()).ok_or_else(|| "no MiniBrowser".into())
}

fn start_screen() -> Result<(Program, String), Error> {
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1280x1000x24", "-nolisten", "tcp"]);
    let screen = Program::start(&command)?;
    let is_number = |line: &&str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    let number = screen.wait_for(SCREEN_DELAY_MAX, |printed| {
        let (lines, _) = printed.rsplit_once('\n')?;
        lines.lines().find(is_number).map(str::to_owned)
    })?;
    Ok((screen, format!(":{number}")))
}

/// Processes that run a part of the time: developer tools slow the page's own thread, in one engine, and a
/// proof is found in workers.
struct Slowed {
    is_over: Arc<AtomicBool>,
    group: Pid,
}

impl Slowed {
    fn start(group: u32) -> Result<Self, Error> {
        let group = Pid::from_raw(group.cast_signed()).ok_or("no process")?;
        let is_over = Arc::new(AtomicBool::new(false));
        let slowed = Self { is_over: is_over.clone(), group };
        let running = SLOW_PERIOD / SLOWNESS;
        thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                if kill_process_group(group, Signal::STOP).is_err() {
                    break;
                }
                thread::sleep(SLOW_PERIOD - running);
                let _ = kill_process_group(group, Signal::CONT);
                thread::sleep(running);
            }
        });
        Ok(slowed)
    }
}

impl Drop for Slowed {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        thread::sleep(SLOW_PERIOD);
        let _ = kill_process_group(self.group, Signal::CONT);
    }
}

fn part(results: &[(&Engine, Took)]) -> Result<Part, Error> {
    let mut text = format!(
        "Milliseconds until a proof is found by the pages' own script, when its solution takes as many\n\
         steps as the site's do on average ({PROOF_COUNTER_DEFAULT} of {COST} iterations). It is looked for\n\
         while the person types. Slowed: the whole browser is stopped for {} of {SLOWNESS} parts of the\n\
         time (`SIGSTOP`), so that its workers are slowed too, in every engine alike. Medians and\n\
         quartiles of {ROUNDS}.\n\n\
         | engine | workers | full speed, ms | quartiles | {SLOWNESS} times slower, ms | quartiles |\n\
         |---|---:|---:|---:|---:|---:|\n",
        SLOWNESS - 1
    );
    let mut bars = Vec::new();
    for (engine, Took { full_ms, slow_ms, processors, version }) in results {
        writeln!(
            text,
            "| {} ({version}) | {} | {} | {} to {} | {} | {} to {} |",
            engine.name,
            (*processors).clamp(1, 4),
            number(full_ms.median),
            number(full_ms.lower),
            number(full_ms.upper),
            number(slow_ms.median),
            number(slow_ms.lower),
            number(slow_ms.upper)
        )?;
        bars.push((engine.name.to_owned(), full_ms.median));
        bars.push((format!("{}, {SLOWNESS} times slower", engine.name), slow_ms.median));
    }
    let values = results.iter().map(|(engine, result)| {
        let Took { full_ms, slow_ms, processors, version } = result;
        let value =
            json!({"full_ms": full_ms, "slow_ms": slow_ms, "processors": processors, "version": version});
        (engine.name.to_owned(), value)
    });
    Ok(Part {
        text,
        pictures: vec![("bench-proof.svg", "A proof of work", chart::bars("A proof of work", "ms", &bars)?)],
        values: values.collect(),
        ..Part::default()
    })
}
