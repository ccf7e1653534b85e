//! What the chores need of the machine, installed when it is missing and said when it is.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// A program, and the Debian package that brings it.
pub struct Tool {
    /// What is run.
    pub program: &'static str,
    /// What is installed.
    pub package: &'static str,
}

/// The folder of what outlives a checkout: `SESAME_CACHE`, or `~/.cache/sesame`.
pub fn cache() -> Result<PathBuf, &'static str> {
    match (env::var_os("SESAME_CACHE"), env::var_os("HOME")) {
        (Some(cache), _) => Ok(cache.into()),
        (None, Some(home)) => Ok(Path::new(&home).join(".cache/sesame")),
        (None, None) => Err("set SESAME_CACHE or HOME to a folder for the tools"),
    }
}

/// Runs a command to its end.
///
/// # Errors
/// What was run, and how it ended.
pub fn succeed(command: &mut Command) -> Outcome {
    let line = format!("{} {}", command.get_program().to_string_lossy(), words(command));
    println!("$ {line}");
    let status = command.status().map_err(|error| format!("`{line}` cannot be run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}").into()) }
}

/// Installs the Debian packages whose programs are missing.
///
/// # Errors
/// What is to be installed by hand, where this cannot do it.
pub fn install_packages(tools: &[Tool]) -> Outcome {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !is_there(tool.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    println!("Installing by apt: {}", packages.join(", "));
    if !is_there("apt-get") {
        let programs: Vec<&str> = missing.iter().map(|tool| tool.program).collect();
        return Err(format!("install these programs, then try again: {}", programs.join(", ")).into());
    }
    let is_root = Command::new("id").arg("-u").output()?.stdout == b"0\n";
    let apt = |arguments: &[&str]| {
        let mut command = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
        if !is_root {
            command.arg("apt-get");
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        succeed(&mut command)
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"][..], &packages[..]].concat())
}

/// Installs a program of crates.io into the cache, unless it is there.
///
/// # Errors
/// Cargo's own.
pub fn install_crate(cache: &Path, name: &str, version: &str) -> Outcome {
    if cache.join("bin").join(name).exists() {
        return Ok(());
    }
    println!("Installing {name} {version} (some minutes, once)");
    let mut cargo = Command::new("cargo");
    cargo.args(["install", name, "--version", version, "--locked", "--quiet", "--root"]).arg(cache);
    // Built apart from the project, whose target folder has other flags.
    cargo.env("CARGO_TARGET_DIR", cache.join("tools-target"));
    succeed(&mut cargo)
}

fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn words(command: &Command) -> String {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
