//! The files that rules are held against.

use std::fs;
use std::path::{Path, PathBuf};

/// What is deployed, and the portal.
pub const SERVICE: [&str; 4] = ["domain/src", "platform/src", "functions", "src"];

/// Everything in Rust but these rules, which name what they forbid.
pub const ALL: [&str; 14] = [
    "bench",
    "domain",
    "domain/tests",
    "functions",
    "fuzz",
    "fuzz/tests",
    "platform",
    "src",
    "testkit",
    "tests/browsers",
    "tests/journeys",
    "tests/openid",
    "tests/service",
    "xtask",
];

/// Where the world is what is simulated: held to rules of shape alone.
pub const SIMULATION: [&str; 1] = ["tests/simulation"];

/// A rule: what is wrong with a text, a line each, with the number of the line.
pub type Rule = fn(&str) -> Vec<(usize, String)>;

/// Holds every file with that ending, in these folders, against a rule.
pub fn check(folders: &[&str], ending: &str, rule: Rule) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    folders.iter().for_each(|folder| collect(&root.join(folder), ending, &mut files));
    assert!(!files.is_empty(), "no file *{ending} in {folders:?}");
    let faults: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let path = file.strip_prefix(root).unwrap().display();
            let faults = rule(&fs::read_to_string(file).unwrap());
            faults.into_iter().map(|(line, fault)| format!("{path}:{line}: {fault}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn collect(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir()
            && !name.starts_with('.')
            && !["target", "node_modules", "dist", "pages", "tests"].contains(&name.as_str())
        {
            collect(&path, ending, files);
        } else if path.is_file() && name.ends_with(ending) {
            files.push(path);
        }
    }
}

/// The lines of a program that are no comment, before its unit tests, numbered from 1.
pub fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().take_while(|(_, line)| *line != "#[cfg(test)]");
    let code = lines.map(|(rank, line)| (rank + 1, line.split(" // ").next().unwrap_or("").trim()));
    code.filter(|(_, line)| !line.starts_with("//"))
}
