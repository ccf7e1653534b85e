//! `cargo xtask test`: every test of the project, and before them whatever they need that is missing.

use std::time::Instant;

use crate::Outcome;
use crate::tools::{self, Tool, Tools};

/// One thing that must pass.
struct Step {
    name: &'static str,
    why: &'static str,
    run: fn(&Tools) -> Outcome,
}

const STEPS: [Step; 5] = [
    Step { name: "format", why: "one style, no talk of it", run: format },
    Step { name: "pages", why: "builds, valid HTML, unit tests of the scripts", run: pages },
    Step { name: "clippy", why: "lints are errors", run: clippy },
    Step { name: "browsers and drivers", why: "the journeys run in three engines", run: browsers },
    Step { name: "tests", why: "domain, service, mails, browsers", run: tests },
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
