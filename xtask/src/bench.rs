//! `cargo xtask bench`: the report of the benchmarks; and `recover`, throughput over HTTP, cost of a request,
//! and accepted mails that were lost.

mod argon;
mod cold;
mod costs;
mod lambda;
pub mod load;
mod parts;
pub mod portal;
mod proofs;
mod recover;
mod report;
pub mod routes;

use std::process::Child;

use report::Part;

use crate::tools::Tools;
use crate::{Error, Outcome, Usage, optimised};

/// A section of the report.
struct Section {
    name: &'static str,
    title: &'static str,
    run: fn(&Tools) -> Result<Part, Error>,
}

/// In the order of the report.
const SECTIONS: [Section; 6] = [
    Section { name: "cold", title: "Cold start and memory", run: cold::run },
    Section { name: "costs", title: "What a request costs the table", run: costs::run },
    Section { name: "load", title: "The portal under load", run: routes::run },
    Section { name: "recovery", title: "A recovery and its parts", run: parts::run },
    Section { name: "argon", title: "Argon2id", run: argon::run },
    Section { name: "proofs", title: "The visitor's proof of work", run: proofs::run },
];

/// Measures the whole report or a section of it, or what is only printed: `recover`.
pub fn run(arguments: &[&str]) -> Outcome {
    if let Some(outcome) = optimised("bench", arguments) {
        return outcome;
    }
    let asked: Vec<&Section> = match arguments {
        [] => SECTIONS.iter().collect(),
        ["recover"] => return recover::run(None),
        ["recover", part @ ("empty" | "rows" | "rush")] => return recover::run(Some(part)),
        ["recover", "beside", program] => return recover::beside(program.as_ref()),
        ["load", method, path] => return routes::one(method, path),
        [name] => vec![SECTIONS.iter().find(|section| section.name == *name).ok_or(Usage)?],
        _ => return Err(Usage.into()),
    };
    let tools = Tools::find()?;
    for Section { name, title, run } in asked {
        println!("\n{title}");
        report::add(&tools, name, run(&tools)?)?;
    }
    Ok(())
}

/// A process that is killed with its value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
