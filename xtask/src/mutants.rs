//! `cargo xtask mutants`: mutation testing of `domain`, or of a sample of `platform`.

use std::collections::BTreeMap;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::tools::{self, Tools};
use crate::{Error, Outcome};

/// The mutants of `platform` that are tried, drawn by this seed from all of them.
const SAMPLE: usize = 150;
const SEED: u64 = 150;
/// Mutants that `cargo mutants` tries whatever is chosen: the sample is one of the others.
const UNFILTERED: &str = ": delete field ";
/// Set, the stories end at the first failure.
const FAIL_FAST: &str = "SESAME_FAIL_FAST";
/// After it they hang.
const STORIES_SECONDS_MAX: &str = "600";
/// Leaves out what was found before.
const ITERATE: &str = "--iterate";
/// Characters that mean something in a regular expression and stand in a mutant's name.
const SPECIAL: &str = r"\.+*?()|[]{}^$";

/// Those that change nothing are left out by `.cargo/mutants.toml`, with the reason. Options go to
/// `cargo mutants`: with `--iterate` it goes on where it was stopped.
pub fn run(arguments: &[&str]) -> Outcome {
    let tools = Tools::find()?;
    tools.install_crate("cargo-mutants", "27.1.0")?;
    match arguments {
        ["platform", options @ ..] => platform(&tools, options),
        options => domain(&tools, options),
    }
}

/// Two at once: a crate is compiled on one core, most of the time.
fn domain(tools: &Tools, options: &[&str]) -> Outcome {
    let mut rules = cargo_mutants(tools, "domain");
    // Each job builds in its own copy. With one target folder for both, cargo's lock makes one wait for the
    // other, and the tests of both time out.
    rules.env_remove("CARGO_TARGET_DIR").args(["--profile", "mutants", "--jobs", "2"]);
    tools::succeed(rules.args(options).args(["--", "--test", "rules"]))
}

/// First the stories of the service; then the tests of `platform` alone for what they left. One at a time:
/// each builds the whole service, on all cores.
fn platform(tools: &Tools, options: &[&str]) -> Outcome {
    let sample = sample(tools)?;
    let chosen: Vec<String> = sample.iter().flat_map(|name| ["--re".to_owned(), pattern(name)]).collect();
    // `cargo mutants` would try the tests of `platform` before, which has no such target. If a tree without
    // mutants did not pass, each would seem to be found. In the usual target folder: in that of the mutants,
    // cargo takes what a copy left there for what is built from the project.
    tools::succeed(tools.command("cargo").args(["test", "--workspace", "--test", "service"]))?;
    let target = tools.target().join("mutants");
    let of_sample = |options: &[&str]| {
        let mut mutants = cargo_mutants(tools, "platform");
        mutants.env("CARGO_TARGET_DIR", &target).args(["--profile", "mutants"]);
        mutants.args(&chosen).args(options);
        mutants
    };
    let mut stories = of_sample(options);
    stories.args(["--baseline", "skip", "--timeout", STORIES_SECONDS_MAX, "--test-package", "sesame"]);
    stories.arg("--cargo-arg=--test=service").env(FAIL_FAST, "1");
    // What they leave is no failure yet.
    stories.status()?;
    let others: Vec<_> = options.iter().copied().filter(|option| *option != ITERATE).collect();
    let mut alone = of_sample(&others);
    tools::succeed(alone.args([ITERATE, "--test-package", "platform", "--", "--lib"]))
}

fn cargo_mutants(tools: &Tools, package: &str) -> Command {
    let mut cargo = tools.command("cargo");
    cargo.args(["mutants", "--package", package, "--output"]).arg(tools.target().join(package));
    // Examples find nearly all; a property that finds the rest needs few cases.
    cargo.env("PROPTEST_CASES", "32").env("RUST_BACKTRACE", "0");
    cargo
}

/// The same mutants each time: a change of the sources changes no more of them than are in it.
fn sample(tools: &Tools) -> Result<Vec<String>, Error> {
    let listed = cargo_mutants(tools, "platform").arg("--list").output()?;
    let names = String::from_utf8(listed.stdout)?;
    let mut before = BTreeMap::new();
    let mut drawn: Vec<_> = names
        .lines()
        .filter(|name| !name.contains(UNFILTERED))
        .map(|name| {
            let known = without_position(name);
            let rank = before.entry(known).or_insert(0_u32);
            *rank += 1;
            (lot(known, *rank), name.to_owned())
        })
        .collect();
    drawn.sort_unstable();
    Ok(drawn.into_iter().map(|(_, name)| name).take(SAMPLE).collect())
}

/// The file and the change of a mutant, whose name has a line and a column between them.
fn without_position(name: &str) -> (&str, &str) {
    let (place, change) = name.split_once(": ").unwrap_or((name, ""));
    (place.split(':').next().unwrap_or(place), change)
}

/// By the seed, the file, the change, and which of those that are called alike it is.
fn lot((file, change): (&str, &str), rank: u32) -> Vec<u8> {
    Sha256::digest(format!("{SEED} {file} {change} {rank}")).to_vec()
}

/// Matches this name and no other.
fn pattern(name: &str) -> String {
    let escaped: String =
        name.chars().flat_map(|c| SPECIAL.contains(c).then_some('\\').into_iter().chain([c])).collect();
    format!("^{escaped}$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutant_is_known_by_its_file_and_its_change_wherever_it_stands() {
        let known = ("platform/src/form.rs", "replace f -> Option<(T)> with None: A");
        for position in ["57:9", "1:10"] {
            let name = format!("platform/src/form.rs:{position}: replace f -> Option<(T)> with None: A");
            assert_eq!(without_position(&name), known);
        }
    }

    #[test]
    fn a_name_is_matched_as_it_stands() {
        let name = "platform/src/form.rs:57:9: replace f -> Option<(T)> with None";
        assert_eq!(pattern(name), r"^platform/src/form\.rs:57:9: replace f -> Option<\(T\)> with None$");
    }
}
