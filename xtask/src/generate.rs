//! `cargo xtask generate`: what is made from the statements of functions and rows, and whether it is current.

mod template;
mod watch;

use std::fs;

use platform::function::{Function, Grant, Route};
use platform::table::schema;
use serde_json::{Value, json};
use sesame::functions::ALL;

use crate::pictures::architecture;
use crate::tools::Tools;
use crate::{Error, Outcome, events};

/// The statement as data, for tests in another language.
const STATEMENT: &str = "infra/functions.json";

/// Every kind of row.
const ROWS: &str = "docs/table.md";

/// The picture of functions, rows and mails.
const PICTURE: &str = "docs/pictures/architecture.svg";

/// A part of a file that is made, between `# NAME: begin` and `# NAME: end`.
struct Part {
    file: &'static str,
    name: &'static str,
    make: fn() -> String,
}

const PARTS: [Part; 8] = [
    Part { file: "Cargo.toml", name: "router", make: router },
    Part { file: "infra/template.yaml", name: "limited routes", make: template::limited_routes },
    Part { file: "infra/template.yaml", name: "limits", make: template::limits },
    Part { file: "infra/template.yaml", name: "functions", make: template::functions },
    Part { file: "infra/template.yaml", name: "watched functions", make: watch::arguments },
    Part { file: "infra/watch.yaml", name: "parameters", make: watch::parameters },
    Part { file: "infra/watch.yaml", name: "alarms", make: watch::alarms },
    Part { file: "infra/watch.yaml", name: "widgets", make: watch::widgets },
];

/// Writes everything that is generated.
pub fn write() -> Outcome {
    let stale = stale()?;
    for (file, fresh) in &stale {
        fs::write(Tools::find()?.root.join(file), fresh)?;
        println!("{file}");
    }
    if stale.is_empty() {
        println!("nothing to write");
    }
    events::write_missing()
}

/// An error when something generated is stale.
pub fn check() -> Outcome {
    let stale: Vec<&str> = stale()?.into_iter().map(|(file, _)| file).collect();
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("stale, run `cargo xtask generate`: {}", stale.join(", ")).into())
    }
}

/// The files that are not as the functions state, and how they should be.
fn stale() -> Result<Vec<(&'static str, String)>, Error> {
    let root = Tools::find()?.root;
    let mut files: Vec<(&'static str, String)> =
        vec![(STATEMENT, statement()?), (ROWS, schema::document()), (PICTURE, architecture::svg())];
    for part in PARTS {
        let standing = match files.iter_mut().find(|(file, _)| *file == part.file) {
            Some(found) => found,
            None => {
                files.push((part.file, fs::read_to_string(root.join(part.file))?));
                files.last_mut().ok_or("a file was just added")?
            }
        };
        standing.1 = between(&standing.1, part.name, &(part.make)())
            .ok_or_else(|| format!("{} has no part `# {}: begin`", part.file, part.name))?;
    }
    files.retain(|(file, fresh)| fs::read_to_string(root.join(file)).ok().as_ref() != Some(fresh));
    Ok(files)
}

/// The text with other lines between the two marks of a part, `# NAME: begin` and `# NAME: end`.
pub fn between(text: &str, name: &str, fresh: &str) -> Option<String> {
    let (begin, end) = (format!("# {name}: begin"), format!("# {name}: end"));
    let after_begin = text.find(&begin)?;
    let from = after_begin + text[after_begin..].find('\n')? + 1;
    let to = text[from..].find(&end).map(|place| from + place)?;
    let to = text[..to].rfind('\n')? + 1;
    Some(format!("{}{fresh}{}", &text[..from], &text[to..]))
}

/// `"/api/…" = "function"`, once for each path.
fn router() -> String {
    let mut lines: Vec<String> = Vec::new();
    for function in ALL {
        for path in paths(function) {
            lines.push(format!("\"{path}\" = \"{}\"\n", function.name));
        }
    }
    lines.concat()
}

fn statement() -> Result<String, Error> {
    let functions: Vec<Value> = ALL.iter().map(|function| stated(function)).collect();
    Ok(serde_json::to_string_pretty(&functions)? + "\n")
}

fn stated(function: &Function) -> Value {
    let route = |route: &Route| {
        let cost = format!("{:?}", route.cost);
        json!({"method": route.method, "path": route.path, "cost": cost})
    };
    let grant = |grant: &Grant| json!([grant.operation.as_str(), grant.leading_key()]);
    json!({
        "name": function.name,
        "logical": logical(function.name),
        "routes": function.routes.iter().map(route).collect::<Vec<_>>(),
        "grants": function.grants.iter().map(grant).collect::<Vec<_>>(),
        "variables": variables(function),
        "memory_mb": function.size.memory_mb,
        "timeout_seconds": function.size.timeout_seconds,
        "slow_ms": function.size.slow_ms,
        "share": format!("{:?}", function.size.share),
    })
}

/// The variables of a function's keys, each once.
fn variables(function: &Function) -> Vec<&'static str> {
    let mut names: Vec<&str> =
        function.secrets.iter().flat_map(|secret| secret.variables()).copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The paths of a function, each once, in the order in which it states them.
fn paths(function: &Function) -> Vec<&'static str> {
    let mut paths: Vec<&str> = Vec::new();
    for route in function.routes {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    paths
}

/// A name as CloudFormation takes it: `mail-sender` or `/mail/{id}` become `MailSender`, `MailId`.
pub(crate) fn logical(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_generated_is_up_to_date() {
        let stale: Vec<&str> = stale().unwrap().into_iter().map(|(file, _)| file).collect();
        assert_eq!(stale, [""; 0], "run `cargo xtask generate`");
    }

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let text = "a\n  # part: begin (made)\nold\nolder\n  # part: end\nb\n";
        let fresh = "a\n  # part: begin (made)\nnew\n  # part: end\nb\n";
        assert_eq!(between(text, "part", "new\n").as_deref(), Some(fresh));
        assert_eq!(
            between(fresh, "part", "").as_deref(),
            Some("a\n  # part: begin (made)\n  # part: end\nb\n")
        );
        assert_eq!(between(text, "other", ""), None);
    }

    #[test]
    fn names_of_resources() {
        assert_eq!(logical("mail-sender"), "MailSender");
        assert_eq!(logical("/mail/{id}/address"), "MailIdAddress");
    }
}
