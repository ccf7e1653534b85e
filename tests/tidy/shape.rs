//! How files look: what they open with, how long their lines and functions are.

use crate::sources::{ALL, SIMULATION, check};

/// The longest line of Rust, in characters: what `rustfmt` keeps to, for comments and strings as well.
const RUST_COLUMNS_MAX: usize = 110;
/// The longest line of prose: of Markdown, outside tables, code and addresses, and of comments in YAML, whose
/// conditions and ARNs are not wrapped.
const PROSE_COLUMNS_MAX: usize = 120;
/// The longest function, from its first line to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

type Faults = Vec<(usize, String)>;

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

fn too_long<'a>(lines: impl Iterator<Item = (usize, &'a str)>, columns_max: usize) -> Faults {
    let count = |line: &str| line.chars().count();
    lines
        .filter(|(_, line)| count(line) > columns_max)
        .map(|(number, line)| (number, format!("{} columns, over {columns_max}", count(line))))
        .collect()
}

/// Raw strings are left out: they hold another language, or a snapshot.
fn rust_lines(text: &str) -> Faults {
    let mut is_raw = false;
    let code = numbered(text).filter(|(_, line)| {
        let was_raw = is_raw;
        is_raw = match line.split_once("r#\"") {
            Some((_, rest)) if !is_raw => !rest.contains("\"#"),
            _ => is_raw && !line.contains("\"#"),
        };
        !was_raw
    });
    too_long(code, RUST_COLUMNS_MAX)
}

fn yaml_comments(text: &str) -> Faults {
    too_long(numbered(text).filter(|(_, line)| line.trim_start().starts_with('#')), PROSE_COLUMNS_MAX)
}

fn markdown_lines(text: &str) -> Faults {
    let mut is_code = false;
    let prose = numbered(text).filter(|(_, line)| {
        is_code ^= line.trim_start().starts_with("```");
        !is_code && !line.starts_with('|') && !line.contains("](") && !line.contains("<http")
    });
    too_long(prose, PROSE_COLUMNS_MAX)
}

fn opening(text: &str) -> Faults {
    let is_said = text.starts_with("//! ");
    if is_said { Vec::new() } else { vec![(1, "opens without `//!`: say in a line what it is for".into())] }
}

fn functions(text: &str) -> Faults {
    let mut faults = Vec::new();
    let mut begun: Option<(usize, &str)> = None;
    for (number, line) in numbered(text) {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        match begun {
            Some((first, of)) if line.len() == of.len() + 1 && indent == of && code == "}" => {
                let lines = number - first + 1;
                if lines > FUNCTION_LINES_MAX {
                    faults.push((first, format!("a function of {lines} lines, over {FUNCTION_LINES_MAX}")));
                }
                begun = None;
            }
            None if is_function(code) && !code.ends_with(['}', ';']) => begun = Some((number, indent)),
            _ => {}
        }
    }
    faults
}

fn is_function(code: &str) -> bool {
    const BEFORE: [&str; 6] = ["pub ", "pub(crate) ", "pub(super) ", "async ", "const ", "extern "];
    match BEFORE.iter().find_map(|word| code.strip_prefix(word)) {
        Some(rest) => is_function(rest),
        None => code.starts_with("fn "),
    }
}

fn everything() -> Vec<&'static str> {
    [&ALL[..], &SIMULATION].concat()
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    check(&everything(), ".rs", opening);
}

#[test]
fn no_line_is_too_long() {
    check(&everything(), ".rs", rust_lines);
    check(&["."], ".md", markdown_lines);
    check(&["."], ".yaml", yaml_comments);
}

#[test]
fn no_function_is_too_long() {
    check(&everything(), ".rs", functions);
}

#[test]
fn what_breaks_these_rules_is_found() {
    assert_eq!(opening("use std::fs;").len(), 1);
    assert_eq!(
        rust_lines(&format!("// {}\n// {}", "é".repeat(107), "é".repeat(108))),
        [(2, "111 columns, over 110".into())]
    );
    let long = "x".repeat(121);
    assert_eq!(
        markdown_lines(&format!("{long}\n| {long} |\n```\n{long}\n```\n{long}\n[a](b) {long}")).len(),
        2
    );
    assert_eq!(yaml_comments(&format!("a: {long}\n  # {long}")).len(), 1);
    let body = "    call();\n".repeat(69);
    for head in ["fn a() {", "pub(crate) async fn a(b: u8) -> u8 {", "const fn a() {"] {
        assert_eq!(functions(&format!("{head}\n{body}}}\n")).len(), 1, "{head}");
    }
    let body = "    call();\n".repeat(68);
    assert!(functions(&format!("fn a() {{\n{body}}}\nfn b() {{}}\n{body}")).is_empty());
}
