//! `cargo xtask rush`: the evening of a deadline in a model, what breaks first, and what to set against it.

mod check;
mod costs;
mod crowd;
mod ladder;
mod limits;
mod model;
mod report;
mod settings;
#[cfg(test)]
mod tests;

use self::costs::Costs;
use self::crowd::Crowd;
pub use self::crowd::JOURNEYS;
pub use self::limits::prices;
use self::report::Report;
use self::settings::Settings;
use crate::tools::Tools;
use crate::{Outcome, Usage, optimised};

/// Prints the report of a crowd; that of the default one is also written to docs/.
pub fn run(arguments: &[&str]) -> Outcome {
    if arguments == ["--check"] {
        return optimised("rush", arguments).unwrap_or_else(check::run);
    }
    let root = Tools::find()?.root;
    let costs = Costs::read(&root)?;
    let mut crowd = crowd::DEFAULT;
    let mut first = Settings::at_first();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number =
            || words.next().and_then(|text| text.replace('_', "").parse::<f64>().ok()).ok_or(Usage);
        match *word {
            "--people" => crowd.people = number()?,
            "--last-hour" => crowd.at_once = number()?,
            pair => first.set(pair)?,
        }
    }
    let crowd: Crowd = crowd.check()?;
    let report = Report::of(crowd, first, costs)?;
    print!("{}", report.text());
    if arguments.is_empty() {
        report.write(&root)?;
        println!("\nWritten: {}", report::FILES.join(", "));
    }
    Ok(())
}
