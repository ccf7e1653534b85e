//! `cargo xtask explore`: the property tests of `domain` with random seeds.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::tools::{self, Tools};
use crate::{Outcome, Usage};

/// Default of `--minutes`.
const MINUTES_DEFAULT: u64 = 5;
/// Cases of each property with one seed: enough of them that most of the time goes there.
const CASES: &str = "2048";

/// Draws new seeds until one fails or the time is over.
pub fn run(arguments: &[&str]) -> Outcome {
    let minutes = match arguments {
        [] => MINUTES_DEFAULT,
        ["--minutes", minutes] => minutes.parse().map_err(|_| Usage)?,
        _ => return Err(Usage.into()),
    };
    let tools = Tools::find()?;
    let (started, span) = (Instant::now(), Duration::from_secs(minutes * 60));
    let mut seeds = 0;
    while seeds == 0 || started.elapsed() < span {
        let seed = RandomState::new().hash_one(seeds).to_string();
        println!("\nPROPTEST_RNG_SEED={seed}, {} s of {}", started.elapsed().as_secs(), span.as_secs());
        let mut cargo = tools.command("cargo");
        cargo.args(["test", "--quiet", "--package", "domain", "--no-fail-fast"]);
        cargo.env("PROPTEST_RNG_SEED", &seed).env("PROPTEST_CASES", CASES);
        tools::succeed(&mut cargo).map_err(|error| {
            format!("{error}\nagain: PROPTEST_RNG_SEED={seed} PROPTEST_CASES={CASES} cargo test -p domain")
        })?;
        seeds += 1;
    }
    println!("\nNo failure with {seeds} seeds.");
    Ok(())
}
