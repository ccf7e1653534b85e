//! `cargo xtask simulate`: seeds of the simulation on all cores; `--mutants`: whether it finds mistakes.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::tools::{self, Tools};
use crate::{Error, Outcome};

/// The planted mistakes.
const MUTATIONS: &str = "tests/simulation/mutations.json";
/// Seeds within which each of them is found.
const MUTANT_SEEDS_MAX: &str = "200";
/// What a copy of the project does not need.
const NOT_COPIED: [&str; 4] = [".git", "target", "node_modules", "dist"];

/// A mistake: a text of one file, which stands there once, and what takes its place.
#[derive(Debug, Deserialize)]
struct Mutation {
    name: String,
    file: String,
    from: String,
    to: String,
}

/// Runs seeds, or the mutants.
pub fn run(arguments: &[&str]) -> Outcome {
    let tools = Tools::find()?;
    match arguments {
        ["--mutants"] => mutants(&tools, ""),
        ["--mutants", name] => mutants(&tools, name),
        _ => tools::succeed(simulate(&tools).args(arguments)),
    }
}

fn simulate(tools: &Tools) -> Command {
    let mut cargo = tools.command("cargo");
    cargo.args(["run", "--quiet", "--profile", "simulation", "--package", "simulation", "--"]);
    // Every seed has tables of its own: pages that are given back to the system are asked for anew at once,
    // by all threads under one lock.
    cargo.env("MIMALLOC_PURGE_DELAY", "-1");
    cargo
}

fn mutations(root: &Path) -> Result<Vec<Mutation>, Error> {
    Ok(serde_json::from_str(&fs::read_to_string(root.join(MUTATIONS))?)?)
}

/// Plants each mistake whose name has these words in a copy of the project and looks for it.
fn mutants(tools: &Tools, words: &str) -> Outcome {
    let copy = tools.target().join("mutated");
    copy_project(&tools.root, &copy)?;
    // Cargo takes what is built from the copy for what is built from the project: another target folder.
    let target = tools.target().join("mutants");
    let mut missed = Vec::new();
    let planted = mutations(&tools.root)?.into_iter().filter(|mutation| mutation.name.contains(words));
    for mutation in planted {
        let (original, file) =
            (fs::read_to_string(tools.root.join(&mutation.file))?, copy.join(&mutation.file));
        fs::write(&file, original.replacen(&mutation.from, &mutation.to, 1))?;
        // As tests are built: most are found by the first seeds, sooner than they are compiled for speed.
        let mut build = tools.command("cargo");
        build.current_dir(&copy).args(["build", "--quiet", "--workspace", "--bin", "simulation"]);
        tools::succeed(build.env("CARGO_TARGET_DIR", &target))?;
        let simulation = target.join("debug/simulation");
        let mut seeds = tools.command(&simulation.to_string_lossy());
        let found = seeds.current_dir(&copy).args(["--seeds", MUTANT_SEEDS_MAX]).output()?;
        fs::write(&file, original)?;
        let output = String::from_utf8_lossy(&found.stdout);
        match output.lines().skip_while(|line| !line.starts_with("seed ")).nth(1) {
            Some(what) if !found.status.success() => println!("found: {}: {what}", mutation.name),
            _ => missed.push(mutation.name),
        }
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("not found: {}", missed.join(", ")).into()) }
}

fn copy_project(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if NOT_COPIED.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_project(&source, &target)?;
        } else {
            fs::copy(&source, &target).map(drop)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_mutation_stands_once_in_its_file() {
        let root = Tools::find().unwrap().root;
        for Mutation { name, file, from, to } in mutations(&root).unwrap() {
            let text = fs::read_to_string(root.join(&file)).unwrap();
            assert_eq!(text.matches(&from).count(), 1, "{name}: {file}");
            assert_ne!(from, to, "{name}");
        }
    }
}
