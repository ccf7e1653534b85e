//! `cargo xtask test`: every test of the project, and before them whatever they need that is missing.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::tools::{self, Tool, Tools};
use crate::{Outcome, sizes};

/// How a script says that this machine cannot do what it is for.
const CANNOT: i32 = 77;

/// One thing that must pass.
struct Step {
    name: &'static str,
    why: &'static str,
    run: fn(&Tools) -> Outcome,
}

const STEPS: [Step; 9] = [
    Step { name: "format", why: "one style, no talk of it", run: format },
    Step { name: "pages", why: "builds, valid HTML, unit tests of the scripts", run: pages },
    Step { name: "clippy", why: "lints are errors", run: clippy },
    Step { name: "browsers", why: "three engines and their drivers, for the tests", run: browsers },
    Step { name: "tests", why: "domain, mails, service, journeys, browsers", run: tests },
    Step { name: "template", why: "what the deployment must say, and what its roles may do", run: template },
    Step {
        name: "functions",
        why: "as they are built for Lambda: their size, their answers",
        run: functions,
    },
    Step { name: "deployed", why: "the template in an emulator, and the journeys against it", run: deployed },
    Step { name: "containers", why: "sam local, as a developer uses it", run: containers },
];

/// Runs every step, or the one of that name.
pub fn run(only: Option<&str>) -> Outcome {
    let tools = Tools::find()?;
    let steps: Vec<&Step> = STEPS.iter().filter(|step| only.is_none_or(|name| name == step.name)).collect();
    if steps.is_empty() {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("no such step; there are: {}", names.join(", ")).into());
    }
    let count = steps.len();
    for (rank, step) in steps.into_iter().enumerate() {
        println!("\n[{}/{count}] {}: {}", rank + 1, step.name, step.why);
        let started = Instant::now();
        (step.run)(&tools).map_err(|error| format!("{}: {error}", step.name))?;
        println!("[{}/{count}] {} passed in {} s", rank + 1, step.name, started.elapsed().as_secs());
    }
    println!("\nEvery step passed.");
    Ok(())
}

fn format(tools: &Tools) -> Outcome {
    tools.run("cargo", &["fmt", "--all", "--check"])
}

fn clippy(tools: &Tools) -> Outcome {
    tools.run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

fn pages(tools: &Tools) -> Outcome {
    tools.npm(&["ci", "--no-audit", "--no-fund"])?;
    tools.npm(&["run", "build"])?;
    tools.npm(&["run", "check"])?;
    tools.npm(&["test"])
}

fn browsers(tools: &Tools) -> Outcome {
    tools::install_packages(&[
        Tool { program: "chromium", package: "chromium" },
        Tool { program: "chromedriver", package: "chromium-driver" },
        Tool { program: "firefox-esr", package: "firefox-esr" },
        Tool { program: "WebKitWebDriver", package: "webkit2gtk-driver" },
        Tool { program: "xvfb-run", package: "xvfb" },
        Tool { program: "xauth", package: "xauth" },
        Tool { program: "dbus-run-session", package: "dbus" },
    ])?;
    tools::install_crate(&tools.cache, "geckodriver", "0.37.1")
}

fn tests(tools: &Tools) -> Outcome {
    tools.run("cargo", &["test", "--workspace", "--no-fail-fast"])
}

fn template(tools: &Tools) -> Outcome {
    tools.python()?;
    pytest(tools, &["infra/tests/test_template.py", "infra/tests/test_emulator.py"])
}

fn functions(tools: &Tools) -> Outcome {
    sizes::sizes()?;
    pytest(tools, &["infra/tests/test_runtime.py"])
}

fn pytest(tools: &Tools, files: &[&str]) -> Outcome {
    let mut python = tools.command("python");
    python.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).args(files);
    python.env("SESAME_FUNCTIONS", tools.built_functions());
    tools::succeed(&mut python)
}

/// Deploys the template as it is into an emulator and runs the journeys against it, unchanged.
fn deployed(tools: &Tools) -> Outcome {
    let mut emulator = tools.command("python");
    emulator.args(["infra/tests/emulator/deploy.py", "--watch-stdin", "--pages", "web/dist", "--functions"]);
    emulator.arg(tools.built_functions()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut emulator = emulator.spawn()?;
    let outcome = journeys(tools, &mut emulator);
    // The end of its standard input stops it.
    drop(emulator.stdin.take());
    emulator.wait()?;
    outcome
}

fn journeys(tools: &Tools, emulator: &mut Child) -> Outcome {
    let output = emulator.stdout.take().ok_or("the emulator has no output")?;
    let line = BufReader::new(output).lines().next().ok_or("the template was not deployed: see above")??;
    let deployed: Value = serde_json::from_str(&line)?;
    let site = deployed["site"].as_str().ok_or("the deployment names no site")?;
    println!("deployed: {site}");
    let mut cargo = tools.command("cargo");
    cargo.args(["test", "--package", "sesame", "--test", "journeys"]).env("SESAME_SITE", site);
    tools::succeed(&mut cargo)
}

/// `sam local` in containers; where no engine can run, says so and why.
fn containers(tools: &Tools) -> Outcome {
    let mut prove = tools.command("infra/tests/containers.sh");
    prove.arg("prove").env("SESAME_FUNCTIONS", tools.built_functions()).env("SESAME_PORTAL", tools.portal());
    let status = prove.status()?;
    match status.code() {
        Some(0) => Ok(()),
        // Said by the script; on Debian 12 as root an engine must run.
        Some(CANNOT) if !tools::is_debian_as_root() => Ok(()),
        _ => Err(format!("infra/tests/containers.sh prove: {status}").into()),
    }
}
