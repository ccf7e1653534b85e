//! `cargo xtask`: the project's chores.

mod agent;
mod bench;
mod chart;
mod deploy;
mod events;
mod explore;
mod fuzz;
mod generate;
mod mail;
mod mutants;
mod notice;
mod pictures;
mod population;
mod rows;
mod rush;
mod simulate;
mod sizes;
mod statistics;
mod successors;
mod test;
mod timing;
mod tools;
mod verify;

use std::env;
use std::fmt;
use std::process::ExitCode;

use tools::Tools;

/// As the portal has: what is measured here is held against it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Outcome = Result<(), Error>;

/// Wrong arguments.
#[derive(Debug)]
struct Usage;

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrong arguments")
    }
}

impl std::error::Error for Usage {}

/// One thing to be done for the project.
struct Chore {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[&str]) -> Outcome,
}

const CHORES: [Chore; 26] = [
    Chore {
        name: "test",
        arguments: "[--times N] [STEP…]",
        about: "every test, or these steps; `fast` is the short ones",
        run: test::run,
    },
    Chore {
        name: "list",
        arguments: "",
        about: "chores, and the steps of `test` with what they need and how long they take",
        run: list,
    },
    Chore {
        name: "explore",
        arguments: "[--minutes N]",
        about: "property tests with new seeds",
        run: explore::run,
    },
    Chore {
        name: "fuzz",
        arguments: "[TARGET…] [--minutes M] [--keep]",
        about: "every entrance, guided by coverage; what is found lands in fuzz/corpus",
        run: fuzz::run,
    },
    Chore {
        name: "mutants",
        arguments: "[platform] [OPTION…]",
        about: "changes to `domain`, or 150 of `platform`, that no test notices",
        run: mutants::run,
    },
    Chore {
        name: "simulate",
        arguments: "[--seeds N] [--minutes M] [--from SEED] | --mutants [NAME…]",
        about: "the whole system under faults, from seeds; or whether planted mistakes are found",
        run: simulate::run,
    },
    Chore {
        name: "bench",
        arguments: "[SECTION] | load METHOD PATH | recover [empty|rows|rush|beside PROGRAM]",
        about: "docs/benchmarks.md anew, or a section of it; or throughput, cost and losses under load",
        run: bench::run,
    },
    Chore {
        name: "timing",
        arguments: "[--samples N]",
        about: "whether the time of an answer tells who has an account",
        run: timing::run,
    },
    Chore {
        name: "rush",
        arguments: "[--people N] [--last-hour N] [NAME=VALUE…] | --check",
        about: "a crowd in a model: what breaks first, what to set; or the model against the portal",
        run: rush::run,
    },
    Chore {
        name: "sizes",
        arguments: "",
        about: "what each function weighs, as it is uploaded",
        run: |arguments| if arguments.is_empty() { sizes::sizes() } else { Err(Usage.into()) },
    },
    Chore {
        name: "generate",
        arguments: "[--check]",
        about: "what the functions' statements make of the template, or which of it is stale",
        run: |arguments| match arguments {
            [] => generate::write(),
            ["--check"] => generate::check(),
            _ => Err(Usage.into()),
        },
    },
    Chore {
        name: "build",
        arguments: "[--architecture A]",
        about: "functions, pages and templates in one folder, to be tested and deployed",
        run: |arguments| match arguments {
            [] => deploy::build("arm64"),
            ["--architecture", architecture] => deploy::build(architecture),
            _ => Err(Usage.into()),
        },
    },
    Chore {
        name: "deploy",
        arguments: "--env ENVIRONMENT [--artefact FOLDER] [--yes]",
        about: "deploys such a folder, or builds it first, to `staging` or `production`",
        run: |arguments| deploy::deploy(&deploy::Asked::parse(arguments).map_err(|_| Usage)?),
    },
    Chore {
        name: "set",
        arguments: "NAME=VALUE… --env ENVIRONMENT",
        about: "changes parameters of what is deployed, and nothing else",
        run: |arguments| match arguments {
            [words @ .., "--env", environment] => deploy::set(words, environment),
            _ => Err(Usage.into()),
        },
    },
    Chore {
        name: "close",
        arguments: "--env ENVIRONMENT",
        about: "answers every page with 503, within seconds",
        run: |arguments| with_environment(arguments, deploy::close),
    },
    Chore {
        name: "open",
        arguments: "--env ENVIRONMENT",
        about: "opens the site again",
        run: |arguments| with_environment(arguments, deploy::open),
    },
    Chore {
        name: "rollback",
        arguments: "--env ENVIRONMENT [TAG]",
        about: "the release before, in seconds; or that one, with the parameters of today",
        run: |arguments| match arguments {
            ["--env", environment] => deploy::rollback(environment, None),
            ["--env", environment, tag] => deploy::rollback(environment, Some(tag)),
            _ => Err(Usage.into()),
        },
    },
    Chore {
        name: "destroy",
        arguments: "--env ENVIRONMENT",
        about: "deletes it, after a question",
        run: |arguments| with_environment(arguments, deploy::destroy),
    },
    Chore {
        name: "notice",
        arguments: "list | remove ID | add …",
        about: "puts banners up, lists them, takes them down",
        run: notice::run,
    },
    Chore {
        name: "mail",
        arguments: "show ID [--env ENVIRONMENT] | redrive --env ENVIRONMENT",
        about: "where a mail is and why; or dead letters back to their lanes",
        run: mail::run,
    },
    Chore {
        name: "successors",
        arguments: "SIRET [--env ENVIRONMENT]",
        about: "whom the holders of an establishment named to take over, for who decides a succession",
        run: successors::run,
    },
    Chore {
        name: "agent",
        arguments: "add SUB --name NAME [--supervisor] | remove SUB | list [--env ENVIRONMENT]",
        about: "who of the agency may enter the desk, by the subject that its login shows",
        run: agent::run,
    },
    Chore {
        name: "verify",
        arguments: "FILE… [--key KEY… | --site URL]",
        about: "whether a journal is whole and by which key it is signed, or the first line that is not",
        run: verify::run,
    },
    Chore {
        name: "event",
        arguments: "[NAME]",
        about: "writes the events of events/ anew, with proofs that do not expire",
        run: events::run,
    },
    Chore {
        name: "pictures",
        arguments: "",
        about: "writes the picture of the home page anew",
        run: |arguments| if arguments.is_empty() { pictures::write() } else { Err(Usage.into()) },
    },
    Chore { name: "help", arguments: "", about: "this", run: help },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, rest) = arguments.split_first().map_or(("", &[][..]), |(name, rest)| (*name, rest));
    let Some(chore) = CHORES.iter().find(|chore| chore.name == name) else {
        eprint!("{}", usage());
        return ExitCode::from(2);
    };
    match (chore.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Usage>() => {
            eprintln!("Usage: cargo xtask {} {}", chore.name, chore.arguments);
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let chores = CHORES.iter().map(|Chore { name, arguments, about, .. }| {
        format!("  {:<32} {about}\n", format!("{name} {arguments}"))
    });
    "Usage: cargo xtask CHORE\n\n".to_owned() + &chores.collect::<String>()
}

fn help(_: &[&str]) -> Outcome {
    print!("{}", usage());
    Ok(())
}

fn list(_: &[&str]) -> Outcome {
    print!("{}\n{}", usage(), test::list());
    Ok(())
}

/// Runs a chore by an optimised build of this program, unless this is one: who measures must not be slower
/// than what is measured.
fn optimised(chore: &str, arguments: &[&str]) -> Option<Outcome> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let words = ["run", "--quiet", "--package", "xtask", "--profile", "portal", "--", chore];
    Some(Tools::find().and_then(|tools| tools.run("cargo", &[&words[..], arguments].concat())))
}

fn with_environment(arguments: &[&str], chore: fn(&str) -> Outcome) -> Outcome {
    match arguments {
        ["--env", environment] => chore(environment),
        _ => Err(Usage.into()),
    }
}
