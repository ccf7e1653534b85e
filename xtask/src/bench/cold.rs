//! Cold start and peak memory of every function, beside one function's job in Node, in Python, and bare.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde::Serialize;
use serde_json::{Value, json};
use sesame::functions::ALL;

use super::Running;
use super::lambda::Services;
use super::report::{Part, Target, said};
use crate::Error;
use crate::chart::{self, number};
use crate::statistics::Spread;
use crate::tools::{PEERS, Tools};

/// Starts of each program, after one that is not counted.
const ROUNDS: usize = 30;
/// The function whose job the peers do.
const OURS: &str = "check-siret";
const NODE: &str = "Node";
const PYTHON: &str = "Python";
const BARE: &str = "bare";
/// Its cold start over that of each peer, at most.
const START_RATIOS_MAX: [(&str, f64); 3] = [(NODE, 1.0 / 20.0), (PYTHON, 1.0 / 25.0), (BARE, 1.4)];
/// Its memory over that of the smaller of Node and Python, at most.
const MEMORY_RATIO_MAX: f64 = 1.0 / 6.0;

/// Events of functions without a route, and of the one whose first route asks another service.
const EVENTS: [(&str, &str); 5] = [
    ("agents", "agents-me"),
    ("desk-watch", "desk-watch"),
    ("mail-sender", "mail-sender"),
    ("mail-tracker", "ses/delivery"),
    ("presence", "presence-schedule"),
];

/// What is started, and the event that it answers.
struct Program {
    name: String,
    file: PathBuf,
    arguments: Vec<&'static str>,
    folder: PathBuf,
    event: String,
}

/// What one start took.
struct Start {
    ms: f64,
    cpu_ms: f64,
    peak_mib: f64,
}

/// What the starts of a program took.
#[derive(Serialize)]
struct Summary {
    start_ms: Spread,
    cpu_ms: Spread,
    peak_mib: Spread,
}

/// Starts every program in turn, round by round, so that noise falls on all alike.
pub fn run(tools: &Tools) -> Result<Part, Error> {
    let programs = programs(tools)?;
    let settings = settings(tools)?;
    let log = std::env::temp_dir().join(format!("sesame-cold-{}.log", std::process::id()));
    let mut starts: Vec<Vec<Start>> = programs.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for (program, starts) in programs.iter().zip(&mut starts) {
            let start = start(program, &settings, &log)
                .map_err(|error| format!("{}: {error}\n{}", program.name, read(&log)))?;
            if round > 0 {
                starts.push(start);
            }
        }
    }
    fs::remove_file(&log)?;
    let summaries = programs.iter().zip(&starts).map(|(program, starts)| {
        let spread = |value: fn(&Start) -> f64| Spread::of(&starts.iter().map(value).collect::<Vec<_>>());
        let summary = Summary {
            start_ms: spread(|start| start.ms),
            cpu_ms: spread(|start| start.cpu_ms),
            peak_mib: spread(|start| start.peak_mib),
        };
        (program.name.clone(), summary)
    });
    part(tools, &summaries.collect::<Vec<_>>())
}

/// Every function, then the peers.
fn programs(tools: &Tools) -> Result<Vec<Program>, Error> {
    let folder = tools.root.join("events");
    let events = events(&folder)?;
    let mut programs = Vec::new();
    for (name, file) in tools.functions()? {
        let event = match EVENTS.iter().find(|(of, _)| *of == name) {
            Some((_, event)) => serde_json::from_slice(&fs::read(folder.join(format!("{event}.json")))?)?,
            None => event_of(name, &events)?,
        };
        programs.push(Program {
            name: name.to_owned(),
            file,
            arguments: Vec::new(),
            folder: "/".into(),
            event: event.to_string(),
        });
    }
    let event = programs.iter().find(|program| program.name == OURS).ok_or("no such function")?.event.clone();
    for (name, file, arguments, folder) in peers(tools)? {
        let (name, event) = (name.to_owned(), event.clone());
        programs.push(Program { name, file, arguments, folder, event });
    }
    Ok(programs)
}

/// The sample event of a function's first route.
fn event_of(name: &str, events: &[Value]) -> Result<Value, Error> {
    let function = ALL.iter().find(|function| function.name == name).ok_or("a function of no name")?;
    let route =
        function.routes.first().ok_or_else(|| format!("{name} has no route, and no event in EVENTS"))?;
    let is_its = |event: &&Value| {
        let method = &event["requestContext"]["http"]["method"];
        event["routeKey"].as_str().and_then(|key| key.split(' ').next_back()) == Some(route.path)
            && *method == route.method
    };
    events.iter().find(is_its).cloned().ok_or_else(|| format!("{name} has no event").into())
}

/// The sample events.
fn events(folder: &Path) -> Result<Vec<Value>, Error> {
    let mut events = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // A folder has the events of a bus.
        if path.is_file() {
            events.push(serde_json::from_slice(&fs::read(path)?)?);
        }
    }
    Ok(events)
}

type Peer = (&'static str, PathBuf, Vec<&'static str>, PathBuf);

/// Builds and installs the peers.
fn peers(tools: &Tools) -> Result<[Peer; 3], Error> {
    const NODE_FOLDER: &str = "bench/peers/node";
    tools.npm_in(NODE_FOLDER, &["ci", "--no-audit", "--no-fund"])?;
    tools.npm_in(NODE_FOLDER, &["run", "build"])?;
    tools.python(&PEERS)?;
    let bare = tools.build_for_lambda(&[BARE])?.join(BARE).join("bootstrap");
    let node = said(Command::new("node").args(["--print", "process.execPath"]))?;
    Ok([
        (NODE, node.into(), vec!["runtime.js"], tools.root.join(NODE_FOLDER)),
        (
            PYTHON,
            tools.python_of(&PEERS),
            vec!["-m", "awslambdaric", "handler.handler"],
            tools.root.join("bench/peers/python"),
        ),
        (BARE, bare, Vec::new(), "/".into()),
    ])
}

/// The environment of a function, as Lambda and the template make it.
fn settings(tools: &Tools) -> Result<BTreeMap<String, String>, Error> {
    let local: Value = serde_json::from_slice(&fs::read(tools.root.join("infra/local.json"))?)?;
    let mut settings: BTreeMap<String, String> = serde_json::from_value(local["Parameters"].clone())?;
    let of_lambda = [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_REGION", "eu-west-3"),
        ("AWS_DEFAULT_REGION", "eu-west-3"),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda"),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ];
    settings.extend(of_lambda.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(settings)
}

/// From the spawn to the first answer.
fn start(program: &Program, settings: &BTreeMap<String, String>, log: &Path) -> Result<Start, Error> {
    let services = Services::start(&program.event)?;
    let address = format!("127.0.0.1:{}", services.port);
    let out = File::create(log)?;
    let mut command = Command::new(&program.file);
    command.args(&program.arguments).current_dir(&program.folder).env_clear().envs(settings);
    command.env("AWS_ENDPOINT_URL", format!("http://{address}")).env("AWS_LAMBDA_RUNTIME_API", address);
    command.stdout(out.try_clone()?).stderr(out);
    let spawned = Instant::now();
    let running = Running(command.spawn()?);
    let (answered, said) = services.answer()?;
    let answer: Value = serde_json::from_str(&said)?;
    if answer["statusCode"].as_u64().is_some_and(|status| status >= 500) || answer.get("errorType").is_some()
    {
        return Err(said.into());
    }
    let process = PathBuf::from(format!("/proc/{}", running.0.id()));
    Ok(Start {
        ms: (answered - spawned).as_secs_f64() * 1e3,
        cpu_ms: cpu_ms(&process)?,
        peak_mib: peak_mib(&process)?,
    })
}

/// Processor time of a process's threads.
fn cpu_ms(process: &Path) -> Result<f64, Error> {
    let mut nanoseconds = 0.0;
    for task in fs::read_dir(process.join("task"))? {
        let spent = fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += spent.split(' ').next().ok_or("no processor time")?.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e6)
}

/// The largest resident set of a process so far.
fn peak_mib(process: &Path) -> Result<f64, Error> {
    let status = fs::read_to_string(process.join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak of memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

fn read(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}

fn part(tools: &Tools, summaries: &[(String, Summary)]) -> Result<Part, Error> {
    let of = |name: &str| {
        let found = summaries.iter().find(|(known, _)| known == name);
        found.map(|(_, summary)| summary).ok_or_else(|| format!("{name} was not started"))
    };
    let ours = of(OURS)?;
    let mut targets = Vec::new();
    for (peer, most) in START_RATIOS_MAX {
        let measured = ours.start_ms.median / of(peer)?.start_ms.median;
        targets.push(Target { what: format!("cold start of {OURS} / {peer}'s"), most, measured });
    }
    let smaller = of(NODE)?.peak_mib.median.min(of(PYTHON)?.peak_mib.median);
    targets.push(Target {
        what: format!("memory of {OURS} / the smaller of {NODE}'s and {PYTHON}'s"),
        most: MEMORY_RATIO_MAX,
        measured: ours.peak_mib.median / smaller,
    });
    let bars = |value: fn(&Summary) -> f64| -> Vec<(&str, f64)> {
        summaries.iter().map(|(name, summary)| (name.as_str(), value(summary))).collect()
    };
    let starts = chart::bars("Cold start: spawn to first answer", "ms", &bars(|s| s.start_ms.median))?;
    let memory = chart::bars("Peak memory", "MiB", &bars(|s| s.peak_mib.median))?;
    Ok(Part {
        text: text(tools, summaries)?,
        pictures: vec![
            ("bench-cold-start.svg", "Cold start of each function and of the peers", starts),
            ("bench-memory.svg", "Peak memory of each function and of the peers", memory),
        ],
        targets,
        values: summaries.iter().map(|(name, summary)| (name.clone(), json!(summary))).collect(),
        ..Part::default()
    })
}

fn text(tools: &Tools, summaries: &[(String, Summary)]) -> Result<String, Error> {
    let node = said(Command::new("node").arg("--version"))?;
    let python = said(Command::new(tools.python_of(&PEERS)).arg("--version"))?;
    let mut text = format!(
        "From the spawn of the process to its first answer under Lambda's runtime API, {ROUNDS} times, all\n\
         programs in turn; medians, and the quartiles of the cold start. Files are in the page cache, and a\n\
         DynamoDB that is empty answers at once, without TLS: what is measured is the program.\n\
         `{NODE}` ({node}, SDK v3, one minified bundle) and `{PYTHON}` ({python}, boto3) do the job of\n\
         `{OURS}` as it is usually written (`bench/peers/`); `{BARE}` is `lambda_http`, the SDK's own\n\
         HTTP client and the two calls of `{OURS}`, with no rule, no proof and no log. Node's loop of the\n\
         runtime API is our own: that of the managed runtime does more.\n\n\
         | program | cold start, ms | quartiles | processor, ms | peak memory, MiB |\n\
         |---|---:|---:|---:|---:|\n"
    );
    for (name, Summary { start_ms, cpu_ms, peak_mib }) in summaries {
        writeln!(
            text,
            "| {name} | {} | {} to {} | {} | {} |",
            number(start_ms.median),
            number(start_ms.lower),
            number(start_ms.upper),
            number(cpu_ms.median),
            number(peak_mib.median)
        )?;
    }
    Ok(text)
}
