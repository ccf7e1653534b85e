//! `cargo xtask test`: every test of the project, and before them whatever they need that is missing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::Outcome;
use crate::tools::{self, Tool};

/// One thing that must pass.
struct Step {
    name: &'static str,
    why: &'static str,
    run: fn(&Tools) -> Outcome,
}

/// Where the tools are.
pub struct Tools {
    /// The project's folder.
    pub root: PathBuf,
    /// What outlives a checkout: `SESAME_CACHE`, or `~/.cache/sesame`.
    pub cache: PathBuf,
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
    let tools = Tools { root: root(), cache: tools::cache()? };
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn format(tools: &Tools) -> Outcome {
    tools.cargo(&["fmt", "--all", "--check"])
}

fn clippy(tools: &Tools) -> Outcome {
    tools.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

fn pages(tools: &Tools) -> Outcome {
    for arguments in [&["ci", "--no-audit", "--no-fund"][..], &["run", "build"], &["run", "check"], &["test"]]
    {
        let mut npm = Command::new("npm");
        npm.args(arguments).current_dir(tools.root.join("web"));
        tools::succeed(&mut npm)?;
    }
    Ok(())
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
    tools.cargo(&["test", "--workspace", "--no-fail-fast"])
}

impl Tools {
    /// Runs cargo, with the tools of the cache at hand.
    fn cargo(&self, arguments: &[&str]) -> Outcome {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(&self.root).env("PATH", self.path()?);
        tools::succeed(&mut cargo)
    }

    fn path(&self) -> Result<std::ffi::OsString, env::JoinPathsError> {
        let old = env::var_os("PATH").unwrap_or_default();
        env::join_paths([self.cache.join("bin")].into_iter().chain(env::split_paths(&old)))
    }
}
