//! `cargo xtask mutants`: mutation testing of `domain`, or of a sample of `platform`.

use std::process::Command;

use fastrand::Rng;

use crate::tools::{self, Tools};
use crate::{Error, Outcome};

/// The mutants of `platform` that are tried, drawn by this seed from all of them.
const SAMPLE: usize = 150;
const SEED: u64 = 150;
/// Characters that mean something in a regular expression and stand in a mutant's name.
const SPECIAL: &str = r"\.+*?()|[]{}^$";

/// Those that change nothing are left out by `.cargo/mutants.toml`, with the reason. Options go to
/// `cargo mutants`.
pub fn run(arguments: &[&str]) -> Outcome {
    let tools = Tools::find()?;
    tools.install_crate("cargo-mutants", "27.1.0")?;
    match arguments {
        ["platform", options @ ..] => platform(&tools, options),
        options => tools::succeed(cargo_mutants(&tools, "domain").args(options)),
    }
}

fn cargo_mutants(tools: &Tools, package: &str) -> Command {
    let mut cargo = tools.command("cargo");
    cargo.args(["mutants", "--package", package, "--output"]).arg(tools.target().join(package));
    // Examples find nearly all; a property that finds the rest needs few cases.
    cargo.env("PROPTEST_CASES", "64");
    cargo
}

/// First the tests of `platform` alone, which are quick; then the stories of the service for what they left.
fn platform(tools: &Tools, options: &[&str]) -> Outcome {
    let sample = sample(tools)?;
    let chosen: Vec<String> = sample.iter().flat_map(|name| ["--re".to_owned(), pattern(name)]).collect();
    let mut alone = cargo_mutants(tools, "platform");
    alone.args(&chosen).args(options).args(["--test-package", "platform", "--", "--lib"]);
    // What it leaves is no failure yet.
    alone.status()?;
    let mut stories = cargo_mutants(tools, "platform");
    stories.args(&chosen).args(options).args([
        "--iterate",
        "--test-package",
        "sesame",
        "--",
        "--test",
        "service",
    ]);
    tools::succeed(&mut stories)
}

/// The same mutants each time, as long as the sources are the same.
fn sample(tools: &Tools) -> Result<Vec<String>, Error> {
    let listed = cargo_mutants(tools, "platform").arg("--list").output()?;
    let mut names: Vec<String> = String::from_utf8(listed.stdout)?.lines().map(str::to_owned).collect();
    Rng::with_seed(SEED).shuffle(&mut names);
    names.truncate(SAMPLE);
    Ok(names)
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
    fn a_name_is_matched_as_it_stands() {
        let name = "platform/src/form.rs:57:9: replace f -> Option<(T)> with None";
        assert_eq!(pattern(name), r"^platform/src/form\.rs:57:9: replace f -> Option<\(T\)> with None$");
    }
}
