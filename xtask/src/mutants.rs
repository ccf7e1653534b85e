//! `cargo xtask mutants`: mutation testing of `domain`.

use crate::Outcome;
use crate::tools::{self, Tools};

/// Those that change nothing are left out by `.cargo/mutants.toml`, with the reason. Options go to
/// `cargo mutants`.
pub fn run(options: &[&str]) -> Outcome {
    let tools = Tools::find()?;
    tools.install_crate("cargo-mutants", "27.1.0")?;
    let mut cargo = tools.command("cargo");
    cargo.args(["mutants", "--package", "domain", "--output"]).arg(tools.target()).args(options);
    // Examples find nearly all; a property that finds the rest needs few cases.
    cargo.env("PROPTEST_CASES", "64");
    tools::succeed(&mut cargo)
}
