//! `cargo xtask`: the project's chores.

mod bench;
mod deploy;
mod events;
mod notice;
mod sizes;
mod test;
mod tools;

use std::env;
use std::process::ExitCode;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
Usage: cargo xtask <chore>

  test [STEP]      every test, with what they need installed first
  bench recover [PART]  how many recoveries a second the portal takes, and what each costs
  sizes            what each function weighs, as it is uploaded
  deploy --env E   builds and deploys everything to `staging` or `production`
  destroy --env E  deletes it, after a question
  notice …         puts banners up, lists them, takes them down
  event [NAME]     writes the events of events/ anew, with proofs that do not expire";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome: Outcome = match arguments.as_slice() {
        ["test"] => test::run(None),
        ["test", step] => test::run(Some(step)),
        ["bench", "recover"] => bench::recover(None),
        ["bench", "recover", part] => bench::recover(Some(part)),
        ["sizes"] => sizes::sizes(),
        ["deploy", "--env", environment] => deploy::deploy(environment),
        ["destroy", "--env", environment] => deploy::destroy(environment),
        ["notice", order @ ..] => notice::run(order),
        ["event"] => events::write(None),
        ["event", name] => events::write(Some(name)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
