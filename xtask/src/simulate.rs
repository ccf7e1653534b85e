//! `cargo xtask simulate`: seeds of the simulation on all cores; `--mutants`: whether it finds mistakes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

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
        ["--mutants", words @ ..] => mutants(&tools, words),
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

/// Plants each mistake whose name has one of these words, or every one, in a copy of the project and looks
/// for it: while one is looked for, the next is built.
fn mutants(tools: &Tools, words: &[&str]) -> Outcome {
    let copy = tools.target().join("mutated");
    copy_project(&tools.root, &copy)?;
    let is_asked =
        |planted: &Mutation| words.is_empty() || words.iter().any(|words| planted.name.contains(words));
    let mut planted: Vec<Mutation> = mutations(&tools.root)?.into_iter().filter(is_asked).collect();
    // Those of one file follow each other: what is built for one serves the next.
    planted.sort_by(|a, b| a.file.cmp(&b.file));
    let (all, mut missed) = (planted.len(), Vec::new());
    thread::scope(|scope| -> Outcome {
        let (built, next) = mpsc::sync_channel(0);
        let builder = scope.spawn(|| -> Result<(), String> {
            for (rank, mutation) in planted.into_iter().enumerate() {
                let simulation = build(tools, &copy, rank, &mutation).map_err(|error| error.to_string())?;
                if built.send((mutation.name, simulation)).is_err() {
                    break;
                }
            }
            drop(built);
            Ok(())
        });
        for (rank, (name, simulation)) in next.into_iter().enumerate() {
            let found = find(tools, &copy, &simulation)?;
            println!("{}/{all} {name}: {}", rank + 1, found.as_deref().unwrap_or("NOT FOUND"));
            missed.extend(found.is_none().then_some(name));
        }
        builder.join().map_err(|_| "the mistakes were not built")?.map_err(Into::into)
    })?;
    if missed.is_empty() { Ok(()) } else { Err(format!("not found: {}", missed.join(", ")).into()) }
}

/// Builds the simulation of a copy with a mistake, as tests are built: most are found by the first seeds,
/// sooner than they are compiled for speed. Its program.
fn build(tools: &Tools, copy: &Path, rank: usize, mutation: &Mutation) -> Result<PathBuf, Error> {
    let (original, file) = (fs::read_to_string(tools.root.join(&mutation.file))?, copy.join(&mutation.file));
    fs::write(&file, original.replacen(&mutation.from, &mutation.to, 1))?;
    // Cargo takes what is built from the copy for what is built from the project: another target folder.
    let target = tools.target().join("mutants");
    let mut cargo = tools.command("cargo");
    cargo.current_dir(copy).args(["build", "--quiet", "--workspace", "--bin", "simulation"]);
    cargo.env("CARGO_TARGET_DIR", &target).env("CARGO_PROFILE_DEV_DEBUG", "none");
    let outcome = tools::succeed(&mut cargo);
    fs::write(&file, original)?;
    outcome.map_err(|error| format!("{}: {error}", mutation.name))?;
    // The next build writes over it while it runs.
    let mine = target.join(format!("simulation-{rank}"));
    fs::copy(target.join("debug/simulation"), &mine)?;
    Ok(mine)
}

/// What the first seed that finds the mistake says of it.
fn find(tools: &Tools, copy: &Path, simulation: &Path) -> Result<Option<String>, Error> {
    let mut seeds = tools.command(&simulation.to_string_lossy());
    let found = seeds.current_dir(copy).args(["--seeds", MUTANT_SEEDS_MAX]).output()?;
    fs::remove_file(simulation)?;
    let output = String::from_utf8_lossy(&found.stdout);
    let what = output.lines().skip_while(|line| !line.starts_with("seed ")).nth(1);
    Ok(what.filter(|_| !found.status.success()).map(str::to_owned))
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
        } else if fs::read(&target).ok() != Some(fs::read(&source)?) {
            // What is the same keeps its time: it is not built again.
            fs::copy(&source, &target)?;
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
