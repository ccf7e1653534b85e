//! Argon2id as the functions compute it, beside libargon2 at equal parameters.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use platform::passwords::{Hashing, LANES};
use serde_json::json;

use super::Running;
use super::report::{Part, Target};
use crate::Error;
use crate::chart::{self, number};
use crate::statistics::Spread;
use crate::tools::{PEERS, Tools};

/// Hashes of each, after some that are not counted.
const ROUNDS: usize = 60;
const WARMING_UP: usize = 3;
const OURS: &str = "hashes";
/// Our time over libargon2's, at most.
const RATIO_MAX: f64 = 1.1;

/// A program that hashes a password for each line, and says how many milliseconds that took.
struct Hasher {
    _running: Running,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Hasher {
    fn start(command: &mut Command) -> Result<Self, Error> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ask = child.stdin.take().ok_or("no standard input")?;
        let told = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { _running: Running(child), ask, told })
    }

    fn hash(&mut self) -> Result<f64, Error> {
        self.ask.write_all(b"\n")?;
        let mut line = String::new();
        self.told.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    }
}

pub fn run(tools: &Tools) -> Result<Part, Error> {
    tools.python(&PEERS)?;
    let program = tools.build_for_lambda(&[OURS])?.join(OURS).join("bootstrap");
    let Hashing { memory_kib, passes, .. } = Hashing::OWASP;
    let mut ours = Hasher::start(&mut Command::new(program))?;
    let mut peer = Command::new(tools.python_of(&PEERS));
    peer.arg(tools.root.join("bench/peers/python/hashes.py"));
    peer.args([memory_kib, passes, LANES].map(|number| number.to_string()));
    let mut peer = Hasher::start(&mut peer)?;
    let (mut our_ms, mut peer_ms) = (Vec::new(), Vec::new());
    for round in 0..WARMING_UP + ROUNDS {
        let (our, its) = (ours.hash()?, peer.hash()?);
        if round >= WARMING_UP {
            our_ms.push(our);
            peer_ms.push(its);
        }
    }
    let (our, its) = (Spread::of(&our_ms), Spread::of(&peer_ms));
    let bars = [("the functions'", our.median), ("libargon2", its.median)];
    let row = |name: &str, Spread { lower, median, upper }: Spread| {
        format!("| {name} | {} | {} to {} |\n", number(median), number(lower), number(upper))
    };
    Ok(Part {
        text: format!(
            "One hash with {memory_kib} KiB, {passes} passes and {LANES} lane (OWASP), {ROUNDS} times in\n\
             turn: the functions' own, in their build profile, and libargon2 by argon2-cffi.\n\n\
             | | ms | quartiles |\n|---|---:|---:|\n{}{}",
            row("the functions'", our),
            row("libargon2", its)
        ),
        pictures: vec![("bench-argon2id.svg", "One hash", chart::bars("Argon2id: one hash", "ms", &bars)?)],
        targets: vec![Target {
            what: "Argon2id / libargon2".to_owned(),
            most: RATIO_MAX,
            measured: our.median / its.median,
        }],
        values: json!({"ours_ms": our, "libargon2_ms": its}),
        ..Part::default()
    })
}
