//! The report: `docs/benchmarks.json`, and the page and the pictures that are made of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use platform::clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SECTIONS;
use crate::chart::number;
use crate::tools::Tools;
use crate::{Error, Outcome};

const DATA: &str = "docs/benchmarks.json";
const PAGE: &str = "docs/benchmarks.md";
const PICTURES: &str = "docs/pictures";

/// What a section has measured.
#[derive(Default)]
pub struct Part {
    /// Markdown below the section's title.
    pub text: String,
    /// File names, what each shows, and SVG.
    pub pictures: Vec<(&'static str, &'static str, String)>,
    pub targets: Vec<Target>,
    /// For programs.
    pub values: Value,
    /// What could not be measured, and why.
    pub failures: Vec<String>,
}

/// What must be reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Target {
    /// What is measured, with its unit.
    pub what: String,
    pub most: f64,
    pub measured: f64,
}

impl Target {
    fn is_reached(&self) -> bool {
        self.measured <= self.most
    }
}

/// A section as it was last measured.
#[derive(Serialize, Deserialize)]
struct Measured {
    date: String,
    commit: String,
    machine: Machine,
    text: String,
    /// File names, and what each shows.
    pictures: Vec<(String, String)>,
    targets: Vec<Target>,
    values: Value,
}

/// What it was measured on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Machine {
    processor: String,
    processors: usize,
    memory_gib: u64,
    kernel: String,
    compiler: String,
}

impl Machine {
    fn here() -> Result<Self, Error> {
        let field = |file: &str, name: &str| -> Result<String, Error> {
            let text = fs::read_to_string(file)?;
            let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
            Ok(line.map_or("unknown", |(_, value)| value.trim()).to_owned())
        };
        let memory_kib = field("/proc/meminfo", "MemTotal")?;
        let memory_kib: u64 = memory_kib.trim_end_matches(" kB").parse()?;
        Ok(Self {
            processor: field("/proc/cpuinfo", "model name")?,
            processors: std::thread::available_parallelism()?.get(),
            memory_gib: (memory_kib + 512 * 1024) / (1024 * 1024),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            compiler: said(Command::new("rustc").arg("--version"))?,
        })
    }

    fn line(&self) -> String {
        let Self { processor, processors, memory_gib, kernel, compiler } = self;
        format!("{processor}, {processors} processors, {memory_gib} GiB; Linux {kernel}; {compiler}")
    }
}

/// Puts a section into the report, in place of what it measured before.
pub fn add(tools: &Tools, name: &str, part: Part) -> Outcome {
    let mut report = read(tools)?;
    let folder = tools.root.join(PICTURES);
    for (file, _, svg) in &part.pictures {
        fs::write(folder.join(file), svg)?;
    }
    let date = Clock::system().now().to_string();
    let measured = Measured {
        date: date.split('T').next().unwrap_or(&date).to_owned(),
        commit: commit(tools)?,
        machine: Machine::here()?,
        text: part.text,
        pictures: part.pictures.into_iter().map(|(file, shown, _)| (file.into(), shown.into())).collect(),
        targets: part.targets,
        values: part.values,
    };
    report.insert(name.to_owned(), measured);
    fs::write(tools.root.join(DATA), serde_json::to_string_pretty(&report)? + "\n")?;
    fs::write(tools.root.join(PAGE), page(&report)?)?;
    println!("{PAGE}");
    if part.failures.is_empty() { Ok(()) } else { Err(part.failures.join("\n").into()) }
}

fn read(tools: &Tools) -> Result<BTreeMap<String, Measured>, Error> {
    match fs::read(tools.root.join(DATA)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(_) => Ok(BTreeMap::new()),
    }
}

/// The commit, and whether files have changed since.
fn commit(tools: &Tools) -> Result<String, Error> {
    let git = |arguments: &[&str]| said(tools.command("git").args(arguments));
    let head = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs"])?;
    Ok(if changes.is_empty() { head } else { format!("{head} with changes") })
}

/// What a program prints.
pub fn said(command: &mut Command) -> Result<String, Error> {
    let output = command.output()?;
    if !output.status.success() {
        let name = command.get_program().to_string_lossy().into_owned();
        return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn page(report: &BTreeMap<String, Measured>) -> Result<String, Error> {
    let sections: Vec<_> =
        SECTIONS.iter().filter_map(|section| Some((section, report.get(section.name)?))).collect();
    let mut page = "# Benchmarks\n\nMade by `cargo xtask bench`, which measures everything again, or by \
                    `cargo xtask bench SECTION`;\nthe values are in [benchmarks.json](benchmarks.json).\n"
        .to_owned();
    targets(&mut page, sections.iter().flat_map(|(_, measured)| &measured.targets))?;
    for (section, measured) in sections {
        let Measured { date, commit, machine, text, pictures, .. } = measured;
        write!(page, "\n## {}\n\n{}\n", section.title, text.trim())?;
        for (file, shown) in pictures {
            write!(page, "\n![{shown}](pictures/{file})\n")?;
        }
        write!(page, "\n*`{}`, {date}, commit {commit}.\n{}.*\n", section.name, machine.line())?;
    }
    Ok(page)
}

fn targets<'a>(page: &mut String, targets: impl Iterator<Item = &'a Target> + Clone) -> Outcome {
    if targets.clone().next().is_some() {
        page.push_str("\n## What must be reached\n\n| what | at most | measured | |\n|---|---:|---:|---|\n");
    }
    for target in targets {
        let Target { what, most, measured } = target;
        let sign = if target.is_reached() { "✓" } else { "✗" };
        writeln!(page, "| {what} | {} | {} | {sign} |", number(*most), number(*measured))?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_was_reached_when_and_on_what() {
        let machine = Machine {
            processor: "Example 3000".into(),
            processors: 2,
            memory_gib: 4,
            kernel: "6.1".into(),
            compiler: "rustc 1.95.0".into(),
        };
        let target = |most| Target { what: "cold start / a peer's".into(), most, measured: 0.05 };
        let measured = Measured {
            date: "2026-11-26".into(),
            commit: "abc".into(),
            machine,
            text: "A table.".into(),
            pictures: vec![("bench-cold.svg".into(), "Cold starts".into())],
            targets: vec![target(0.05), target(0.04)],
            values: Value::Null,
        };
        let page = page(&BTreeMap::from([(SECTIONS[0].name.to_owned(), measured)])).unwrap();
        for part in [
            "| cold start / a peer's | 0.05 | 0.05 | ✓ |",
            "| cold start / a peer's | 0.04 | 0.05 | ✗ |",
            "A table.",
            "![Cold starts](pictures/bench-cold.svg)",
            "2026-11-26, commit abc.\nExample 3000, 2 processors, 4 GiB; Linux 6.1; rustc 1.95.0.*",
        ] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
    }
}
