//! `cargo xtask fuzz`: libFuzzer over every target, guided by coverage, on as many cores as there are.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::SystemTime;

use ::fuzz::{Target, corpus};

use crate::tools::{self, Tools};
use crate::{Error, Outcome, Usage};

/// Default of `--minutes`, for each target.
const MINUTES_DEFAULT: u64 = 2;
/// Time to make a failing input smaller, in seconds.
const SHRINK_SECONDS_MAX: u32 = 60;
/// An input that takes longer has failed, in seconds.
const INPUT_SECONDS_MAX: u32 = 5;
const MEMORY_MB_MAX: u32 = 2_048;

/// What `cargo fuzz --sanitizer none` gives the compiler, which a stable one takes: it counts edges,
/// comparisons and the depth of the stack.
const COVERAGE: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-sanitizer-coverage-stack-depth",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

struct Wanted {
    targets: Vec<Target>,
    minutes: u64,
    /// Whether inputs that cover more are kept in the project.
    keep: bool,
}

fn wanted(arguments: &[&str]) -> Result<Wanted, Error> {
    let (mut names, mut minutes, mut keep) = (Vec::new(), MINUTES_DEFAULT, false);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--minutes" => minutes = arguments.next().and_then(|text| text.parse().ok()).ok_or(Usage)?,
            "--keep" => keep = true,
            option if option.starts_with('-') => return Err(Usage.into()),
            name => names.push(name),
        }
    }
    let mut targets = ::fuzz::targets();
    if let Some(unknown) = names.iter().find(|name| targets.iter().all(|target| target.name != **name)) {
        let known: Vec<&str> = targets.iter().map(|target| &*target.name).collect();
        return Err(format!("no target {unknown:?}; there are: {}", known.join(", ")).into());
    }
    targets.retain(|target| names.is_empty() || names.contains(&&*target.name));
    Ok(Wanted { targets, minutes, keep })
}

/// Fuzzes each target, or those that are named. Fails when one was found to fail.
pub fn run(arguments: &[&str]) -> Outcome {
    let wanted = wanted(arguments)?;
    let tools = Tools::find()?;
    let fuzzer = Fuzzer { program: build(&tools)?, folder: tools.target().join("fuzzed"), wanted: &wanted };
    fs::create_dir_all(&fuzzer.folder)?;
    fs::write(fuzzer.dictionary(), dictionary())?;
    let (queue, outcomes) = (Mutex::new(wanted.targets.iter()), Mutex::new(Vec::new()));
    let next = || queue.lock().ok()?.next();
    let work = || {
        while let Some(target) = next() {
            let outcome = fuzzer.fuzz(target);
            match &outcome {
                Ok(line) => println!("{}: {line}", target.name),
                Err(error) => println!("{}: FAILS: {error}", target.name),
            }
            if let Ok(mut outcomes) = outcomes.lock() {
                outcomes.push(outcome.is_ok());
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let failed = outcomes.into_inner()?.into_iter().filter(|is_ok| !is_ok).count();
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} of {} targets fail", wanted.targets.len()).into())
    }
}

/// Builds the program of all targets. With a triple, so that nothing which runs in the build is instrumented.
fn build(tools: &Tools) -> Result<PathBuf, Error> {
    let host = tools.command("rustc").args(["--print", "host-tuple"]).output()?;
    let host = String::from_utf8(host.stdout)?.trim().to_owned();
    let mut cargo = tools.command("cargo");
    cargo.args([
        "build",
        "--profile",
        "fuzz",
        "--package",
        "fuzz",
        "--features",
        "guided",
        "--bin",
        "guided",
    ]);
    cargo.args(["--target", &host]).env("RUSTFLAGS", COVERAGE.join(" "));
    tools::succeed(&mut cargo)?;
    Ok(tools.target().join(host).join("fuzz/guided"))
}

/// Words for libFuzzer, one a line.
fn dictionary() -> String {
    corpus::words().iter().fold(String::new(), |mut lines, word| {
        let bytes = word.bytes().fold(String::new(), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
            text
        });
        lines.push_str(&format!("\"{bytes}\"\n"));
        lines
    })
}

struct Fuzzer<'a> {
    program: PathBuf,
    /// What is found, and logs: a folder for each target.
    folder: PathBuf,
    wanted: &'a Wanted,
}

impl Fuzzer<'_> {
    fn dictionary(&self) -> PathBuf {
        self.folder.join("dictionary")
    }

    fn command(&self, target: &Target, log: &Path) -> Result<Command, Error> {
        let mut command = Command::new(&self.program);
        command.env("SESAME_FUZZ_TARGET", &target.name).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(log)?);
        command.arg(format!("-timeout={INPUT_SECONDS_MAX}")).arg(format!("-rss_limit_mb={MEMORY_MB_MAX}"));
        command.arg(format!("-max_len={}", target.bytes_max));
        command.arg(format!("-dict={}", self.dictionary().display()));
        Ok(command)
    }

    /// Fuzzes a target for its time. Gives libFuzzer's last line; fails with where the failing input is.
    fn fuzz(&self, target: &Target) -> Result<String, Error> {
        let folder = self.folder.join(&target.name);
        let [found, seeds, failed] = ["found", "seeds", "failed"].map(|name| folder.join(name));
        for made in [&found, &seeds, &failed, &corpus::folder(&target.name)] {
            fs::create_dir_all(made)?;
        }
        for (rank, seed) in corpus::seeds(&target.name).iter().enumerate() {
            fs::write(seeds.join(rank.to_string()), seed)?;
        }
        let log = folder.join("log");
        let mut command = self.command(target, &log)?;
        command.arg(format!("-max_total_time={}", self.wanted.minutes * 60));
        command.arg(format!("-artifact_prefix={}/", failed.display()));
        command.arg(&found).arg(corpus::folder(&target.name)).arg(&seeds);
        let began = SystemTime::now();
        let status = command.status()?;
        let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        let last = said.lines().rfind(|line| line.starts_with('#')).unwrap_or_default().to_owned();
        if status.success() {
            if self.wanted.keep {
                self.keep(target, &found, &seeds)?;
            }
            return Ok(last);
        }
        let is_new =
            |file: &PathBuf| file.metadata().and_then(|data| data.modified()).is_ok_and(|at| at >= began);
        let Some(input) = files(&failed)?.into_iter().find(is_new) else {
            return Err(format!("{status}; see {}", log.display()).into());
        };
        let kept = self.shrink(target, &input)?;
        let why = said.lines().find(|line| line.contains("panicked at") || line.contains("ERROR: libFuzzer"));
        Err(format!("{}: see {} ({last})", why.unwrap_or("no reason"), kept.display()).into())
    }

    /// Makes a failing input smaller and puts it where tests run it.
    fn shrink(&self, target: &Target, input: &Path) -> Result<PathBuf, Error> {
        let name = input.file_name().ok_or("an input without a name")?;
        let kept = corpus::folder(&target.name).join(name);
        let mut command = self.command(target, &self.folder.join(&target.name).join("shrinking"))?;
        command.args(["-minimize_crash=1", &format!("-max_total_time={SHRINK_SECONDS_MAX}")]);
        command.arg(format!("-exact_artifact_path={}", kept.display())).arg(input);
        command.status()?;
        if !kept.exists() {
            fs::copy(input, &kept)?;
        }
        Ok(kept)
    }

    /// Replaces the project's inputs by the fewest that cover what these and the found ones cover, besides
    /// the seeds. Those that have failed stay.
    fn keep(&self, target: &Target, found: &Path, seeds: &Path) -> Outcome {
        let folder = corpus::folder(&target.name);
        let fewest = self.folder.join(&target.name).join("fewest");
        if fewest.exists() {
            fs::remove_dir_all(&fewest)?;
        }
        fs::create_dir_all(&fewest)?;
        let mut merge = self.command(target, &self.folder.join(&target.name).join("merging"))?;
        merge.arg("-set_cover_merge=1").args([&fewest, &folder, found, seeds]);
        tools::succeed(&mut merge)?;
        for file in files(&folder)? {
            if !file.file_name().is_some_and(|name| name.to_string_lossy().contains('-')) {
                fs::remove_file(file)?;
            }
        }
        let seeds = corpus::seeds(&target.name);
        for file in files(&fewest)? {
            if let Some(name) = file.file_name()
                && !seeds.contains(&fs::read(&file)?)
            {
                fs::copy(&file, folder.join(name))?;
            }
        }
        Ok(())
    }
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}
