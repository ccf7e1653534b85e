//! `cargo xtask test`: every test of the project, after installing what they need.

mod steps;

use std::fmt::Write;
use std::time::Instant;

use crate::tools::Tools;
use crate::{Outcome, Usage};
use steps::{FAST, STEPS, Step};

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Passed,
    Failed,
    /// Skipped: a step that it needs has not passed.
    Skipped(&'static str),
}

/// One line of the table.
#[derive(Debug)]
struct Line {
    step: &'static Step,
    fate: Fate,
    seconds: u64,
}

/// Runs every step, or those that are named. `--times N` runs them until one fails, at most N times.
pub fn run(arguments: &[&str]) -> Outcome {
    let (times, names) = match arguments {
        ["--times", times, names @ ..] => (times.parse().map_err(|_| Usage)?, names),
        names => (1_u32, names),
    };
    let steps = chosen(names)?;
    let tools = Tools::find()?;
    for time in 1..=times {
        if times > 1 {
            println!("\nRun {time} of {times}");
        }
        let lines = run_each(&steps, &tools);
        println!("\n{}", table(&lines));
        let failed = lines.iter().filter(|line| line.fate != Fate::Passed).count();
        if failed > 0 {
            return Err(format!("{failed} of {} steps did not pass", lines.len()).into());
        }
    }
    Ok(())
}

/// What `cargo xtask list` says of the steps.
pub fn list() -> String {
    let mut text = format!("{:<11} {:<18} {:<8} {}\n", "step", "needs", "takes", "what");
    for step in &STEPS {
        let _ = writeln!(
            text,
            "{:<11} {:<18} {:<8} {}",
            step.name,
            step.needs.join(", "),
            step.takes,
            step.about
        );
    }
    text + &format!("fast        = {}\n", FAST.join(", "))
}

/// The steps of these names, in their own order; all of them when none is named.
fn chosen(names: &[&str]) -> Result<Vec<&'static Step>, String> {
    let names: Vec<&str> =
        names.iter().flat_map(|name| if *name == "fast" { FAST.to_vec() } else { vec![*name] }).collect();
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("no step {unknown:?}; there are: fast, {}", known.join(", ")));
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name)).collect())
}

/// Runs the steps in order. A failed step skips those that need it, and no others.
fn run_each(steps: &[&'static Step], tools: &Tools) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (rank, step) in steps.iter().enumerate() {
        let place = format!("[{}/{}] {}", rank + 1, steps.len(), step.name);
        let missing = step
            .needs
            .iter()
            .find(|need| lines.iter().any(|line| line.step.name == **need && line.fate != Fate::Passed));
        if let Some(need) = missing {
            println!("\n{place} skipped: it needs {need}");
            lines.push(Line { step, fate: Fate::Skipped(need), seconds: 0 });
            continue;
        }
        println!("\n{place}: {}", step.about);
        let started = Instant::now();
        let outcome = (step.run)(tools);
        let seconds = started.elapsed().as_secs();
        let fate = match outcome {
            Ok(()) => Fate::Passed,
            Err(error) => {
                println!("error: {error}");
                Fate::Failed
            }
        };
        println!("{place} {} in {seconds} s", if fate == Fate::Passed { "passed" } else { "failed" });
        lines.push(Line { step, fate, seconds });
    }
    lines
}

/// Step, result, seconds, and what to run again.
fn table(lines: &[Line]) -> String {
    let mut text = format!("{:<11} {:<26} {:>7}  {}\n", "step", "result", "seconds", "run again");
    for Line { step, fate, seconds } in lines {
        let (result, again) = match fate {
            Fate::Passed => ("passed".to_owned(), String::new()),
            Fate::Failed => ("FAILED".to_owned(), format!("cargo xtask test {}", step.name)),
            Fate::Skipped(need) => {
                let again = format!("cargo xtask test {} {}", step.needs.join(" "), step.name);
                (format!("skipped: needs {need}"), again)
            }
        };
        let line = format!("{:<11} {result:<26} {seconds:>7}  {again}", step.name);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const fn step(name: &'static str, needs: &'static [&'static str], run: fn(&Tools) -> Outcome) -> Step {
        Step { name, about: "", needs, takes: "", run }
    }

    static PAGES: Step = step("pages", &[], |_| Err("no pages".into()));
    static JOURNEYS: Step = step("journeys", &["pages"], |_| Ok(()));
    static DEPLOYED: Step = step("deployed", &["journeys", "pages"], |_| Ok(()));
    static DOMAIN: Step = step("domain", &[], |_| Ok(()));

    fn fates(steps: &[&'static Step]) -> Vec<Fate> {
        run_each(steps, &Tools::find().unwrap()).into_iter().map(|line| line.fate).collect()
    }

    #[test]
    fn a_failure_keeps_back_what_needs_it_and_nothing_else() {
        let skipped = Fate::Skipped;
        assert_eq!(
            fates(&[&PAGES, &JOURNEYS, &DEPLOYED, &DOMAIN]),
            [Fate::Failed, skipped("pages"), skipped("journeys"), Fate::Passed]
        );
        assert_eq!(fates(&[&JOURNEYS]), [Fate::Passed], "what was not asked for is taken to stand");
    }

    #[test]
    fn the_table_says_what_to_run_again() {
        let lines = run_each(&[&PAGES, &DEPLOYED, &DOMAIN], &Tools::find().unwrap());
        let expected = "\
step        result                     seconds  run again
pages       FAILED                           0  cargo xtask test pages
deployed    skipped: needs pages             0  cargo xtask test journeys pages deployed
domain      passed                           0
";
        assert_eq!(table(&lines), expected);
    }

    #[test]
    fn steps_are_chosen_by_name_in_their_own_order() {
        let names = |typed: &[&str]| {
            chosen(typed).map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        assert_eq!(names(&["service", "format"]).unwrap(), ["format", "service"]);
        assert_eq!(names(&["fast"]).unwrap(), ["format", "clippy", "domain", "service"]);
        assert!(names(&["servce"]).unwrap_err().starts_with("no step \"servce\"; there are: fast, format"));
    }

    #[test]
    fn a_step_needs_steps_that_come_before_it() {
        for (rank, step) in STEPS.iter().enumerate() {
            for need in step.needs {
                assert!(
                    STEPS[..rank].iter().any(|before| before.name == *need),
                    "{} needs {need}",
                    step.name
                );
            }
        }
    }
}
