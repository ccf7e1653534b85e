//! The steps of `cargo xtask test`: what each runs, and what it needs.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;
use testkit::program::Portal;

use crate::tools::{self, Tool, Tools};
use crate::{Error, Outcome, sizes};

/// The exit code of a script that this machine cannot run.
const CANNOT: i32 = 77;

#[derive(Debug)]
pub struct Step {
    pub name: &'static str,
    pub about: &'static str,
    /// Steps that must pass first.
    pub needs: &'static [&'static str],
    /// On two cores, once everything is installed and built.
    pub takes: &'static str,
    pub run: fn(&Tools) -> Outcome,
}

/// The steps of `fast`.
pub const FAST: [&str; 4] = ["format", "clippy", "domain", "service"];

/// Every step, in the order in which they run.
pub static STEPS: [Step; 18] = [
    Step {
        name: "format",
        about: "rustfmt",
        needs: &[],
        takes: "1 s",
        run: |tools| tools.run("cargo", &["fmt", "--all", "--check"]),
    },
    Step {
        name: "deny",
        about: "licences, sources and bans of the dependencies",
        needs: &[],
        takes: "2 s",
        run: deny,
    },
    Step {
        name: "pages",
        about: "the pages build, are valid HTML, and their scripts' unit tests",
        needs: &[],
        takes: "10 s",
        run: pages,
    },
    Step {
        name: "clippy",
        about: "lints are errors",
        needs: &[],
        takes: "20 s",
        run: |tools| tools.run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step {
        name: "domain",
        about: "the rules alone",
        needs: &[],
        takes: "5 s",
        run: |tools| test_target(tools, "rules"),
    },
    Step {
        name: "units",
        about: "unit tests of every package, and integration tests that are no step of their own",
        needs: &[],
        takes: "20 s",
        run: units,
    },
    Step {
        name: "tidy",
        about: "rules about the sources themselves",
        needs: &[],
        takes: "1 s",
        run: |tools| test_target(tools, "tidy"),
    },
    Step {
        name: "service",
        about: "whole stories over the portal in process, with faults",
        needs: &[],
        takes: "2 min",
        run: |tools| test_target(tools, "service"),
    },
    Step {
        name: "openid",
        about: "agents log in at the npm package oidc-provider",
        needs: &[],
        takes: "10 s",
        run: openid,
    },
    Step {
        name: "simulation",
        about: "200 seeds of the whole system under faults",
        needs: &[],
        takes: "8 min",
        run: |tools| test_target(tools, "simulation"),
    },
    Step {
        name: "fuzz",
        about: "every entrance with its seeds, what fuzzing has found, and mutations of these",
        needs: &[],
        takes: "40 s",
        run: |tools| test_target(tools, "fuzz"),
    },
    Step {
        name: "document",
        about: "schemathesis: the portal answers as its API document says, whatever it is asked",
        needs: &["pages"],
        takes: "30 s",
        run: document,
    },
    Step {
        name: "journeys",
        about: "journeys over HTTP against the portal",
        needs: &["pages"],
        takes: "5 s",
        run: |tools| test_target(tools, "journeys"),
    },
    Step {
        name: "browsers",
        about: "the pages in three engines, which are installed when they are missing",
        needs: &["pages"],
        takes: "15 min",
        run: browsers,
    },
    Step {
        name: "template",
        about: "what the deployment must say, what its roles may do, and the chores that change it",
        needs: &[],
        takes: "4 min",
        run: template,
    },
    Step {
        name: "functions",
        about: "their answers under Lambda's interface, and the size of the heaviest as it is deployed",
        needs: &[],
        takes: "5 min",
        run: functions,
    },
    Step {
        name: "deployed",
        about: "the template in an emulator, and the journeys against it",
        needs: &["pages", "functions"],
        takes: "1 min",
        run: deployed,
    },
    Step {
        name: "containers",
        about: "sam local, as a developer uses it",
        needs: &["pages", "functions"],
        takes: "1 min",
        run: containers,
    },
];

/// Its integration tests are the step of its name.
const DOMAIN: &str = "domain";

fn deny(tools: &Tools) -> Outcome {
    tools.install_crate("cargo-deny", "0.20.2")?;
    tools.run("cargo", &["deny", "check", "licenses", "bans", "sources"])
}

fn pages(tools: &Tools) -> Outcome {
    tools.npm(&["ci", "--no-audit", "--no-fund"])?;
    tools.npm(&["run", "build"])?;
    tools.npm(&["run", "check"])?;
    tools.npm(&["test"])
}

fn openid(tools: &Tools) -> Outcome {
    tools.npm_in("tests/openid", &["ci", "--no-audit", "--no-fund"])?;
    test_target(tools, "openid")
}

/// One integration test, with the workspace's features, so that nothing is compiled twice.
fn test_target(tools: &Tools, name: &str) -> Outcome {
    tools.run("cargo", &["test", "--workspace", "--test", name])
}

fn units(tools: &Tools) -> Outcome {
    let others = other_targets(tools)?;
    let others: Vec<&str> = others.iter().flat_map(|name| ["--test", name]).collect();
    let units = ["test", "--workspace", "--no-fail-fast", "--lib", "--bins"];
    tools.run("cargo", &[&units[..], &others].concat())
}

/// The integration tests that no other step runs.
fn other_targets(tools: &Tools) -> Result<Vec<String>, Error> {
    let mut metadata = tools.command("cargo");
    metadata.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let metadata: Value = serde_json::from_slice(&metadata.output()?.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let targets = packages
        .iter()
        .filter(|package| package["name"] != DOMAIN)
        .flat_map(|package| package["targets"].as_array().into_iter().flatten())
        .filter(|target| target["kind"][0] == "test")
        .filter_map(|target| target["name"].as_str())
        .filter(|name| STEPS.iter().all(|step| step.name != *name));
    Ok(targets.map(str::to_owned).collect())
}

/// The same cases on every run: `tests/schemathesis/schemathesis.toml`.
fn document(tools: &Tools) -> Outcome {
    tools.python(&tools::SCHEMATHESIS)?;
    build_portal(tools)?;
    let mut portal = tools.command(&tools.portal().to_string_lossy());
    portal.arg("--ephemeral").env("SESAME_PROOF_COUNTER", "1");
    let portal = Portal::start(portal)?;
    let (site, hooks) = (format!("http://localhost:{}", portal.port), "tests/schemathesis");
    let mut schemathesis = tools.command("schemathesis");
    schemathesis.args(["--config-file", "tests/schemathesis/schemathesis.toml", "run"]);
    schemathesis.arg(format!("{site}/api/openapi.json"));
    schemathesis.env("SESAME_SITE", &site).env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", hooks);
    tools::succeed(&mut schemathesis)
}

/// With the workspace's features, like its tests: the SDKs are compiled once.
fn build_portal(tools: &Tools) -> Outcome {
    tools.run("cargo", &["build", "--workspace", "--bin", "sesame"])
}

fn browsers(tools: &Tools) -> Outcome {
    tools::install_packages(&tools::BROWSERS)?;
    tools::install_packages(&[
        Tool { program: "chromedriver", package: "chromium-driver" },
        Tool { program: "xauth", package: "xauth" },
        Tool { program: "dbus-run-session", package: "dbus" },
    ])?;
    tools.install_crate("geckodriver", "0.37.1")?;
    test_target(tools, "browsers")
}

fn template(tools: &Tools) -> Outcome {
    tools.python(&tools::INFRA)?;
    // Each file with an emulator of its own; their waits are for the clients' starts.
    let beside = ["--numprocesses", "2", "--dist", "loadfile"];
    pytest(tools, &[&beside[..], &["infra/tests", "--ignore", "infra/tests/test_runtime.py"]].concat())
}

fn functions(tools: &Tools) -> Outcome {
    sizes::of_tested(tools)?;
    pytest(tools, &["infra/tests/test_runtime.py"])
}

fn pytest(tools: &Tools, files: &[&str]) -> Outcome {
    let mut python = tools.command("python");
    python.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).args(files);
    // This very program, for tests of the chores.
    python.env("SESAME_FUNCTIONS", tools.tested_functions()).env("SESAME_XTASK", env::current_exe()?);
    tools::succeed(&mut python)
}

/// Deploys the template as it is into an emulator, with a provider of agents' logins beside it, and runs the
/// journeys against it, unchanged.
fn deployed(tools: &Tools) -> Outcome {
    tools.python(&tools::INFRA)?;
    tools.npm_in("tests/openid", &["ci", "--no-audit", "--no-fund"])?;
    let mut emulator = tools.command("python");
    emulator.args(["infra/tests/emulator/deploy.py", "--watch-stdin", "--pages", "web/dist", "--functions"]);
    emulator.arg(tools.tested_functions()).env("SESAME_XTASK", env::current_exe()?);
    emulator.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut emulator = emulator.spawn()?;
    let outcome = journeys_against(tools, &mut emulator);
    // The end of its standard input stops it.
    drop(emulator.stdin.take());
    emulator.wait()?;
    outcome
}

fn journeys_against(tools: &Tools, emulator: &mut Child) -> Outcome {
    let output = emulator.stdout.take().ok_or("the emulator has no output")?;
    let line = BufReader::new(output).lines().next().ok_or("the template was not deployed: see above")??;
    let deployed: Value = serde_json::from_str(&line)?;
    let site = deployed["site"].as_str().ok_or("the deployment names no site")?;
    println!("deployed: {site}");
    let mut cargo = tools.command("cargo");
    cargo.args(["test", "--workspace", "--test", "journeys"]).env("SESAME_SITE", site);
    tools::succeed(&mut cargo)
}

/// `sam local` in containers; where no engine can run, says so and why.
fn containers(tools: &Tools) -> Outcome {
    tools.python(&tools::INFRA)?;
    build_portal(tools)?;
    let mut prove = tools.command("infra/tests/containers.sh");
    prove.arg("prove").env("SESAME_FUNCTIONS", tools.tested_functions()).env("SESAME_PORTAL", tools.portal());
    let status = prove.status()?;
    match status.code() {
        Some(0) => Ok(()),
        // Said by the script; on Debian 12 as root an engine must run.
        Some(CANNOT) if !tools::is_debian_as_root() => Ok(()),
        _ => Err(format!("infra/tests/containers.sh prove: {status}").into()),
    }
}
