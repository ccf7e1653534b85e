//! `cargo xtask deploy` and `destroy`: the whole of Sésame on an AWS account, pages included, or gone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::Outcome;
use crate::tools::Tools;

/// The environments of `samconfig.toml` that are deployed by this chore.
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];
/// Files whose names carry a hash of what they hold never change.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Pages are asked for again each time; unchanged, they are not sent again.
const REVALIDATED: &str = "no-cache";

/// Builds, deploys, uploads, and says the address.
pub fn deploy(environment: &str) -> Outcome {
    known(environment)?;
    let tools = Tools::find()?;
    tools.python()?;
    tools.npm(&["ci", "--no-audit", "--no-fund"])?;
    tools.npm(&["run", "build"])?;
    let pages = tools.root.join("web/dist");
    write_document(&pages)?;
    tools.run("sam", &["build", "--config-env", environment])?;
    tools.run("sam", &["deploy", "--config-env", environment])?;

    let outputs = outputs(&tools, environment)?;
    upload(&tools, &pages, output(&outputs, "PagesBucketName")?)?;
    let distribution = output(&outputs, "DistributionId")?;
    tools.run(
        "aws",
        &["cloudfront", "create-invalidation", "--distribution-id", distribution, "--paths", "/*"],
    )?;
    println!("\n{environment}: {}", output(&outputs, "SiteAddress")?);
    Ok(())
}

/// Deletes the stack, after its name was typed.
pub fn destroy(environment: &str) -> Outcome {
    known(environment)?;
    let tools = Tools::find()?;
    tools.python()?;
    let stack = stack(&tools, environment)?;
    print!(
        "This deletes the stack {stack}. A table under deletion protection stays. Type its name to go on: "
    );
    io::stdout().flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    if typed.trim() != stack {
        return Err("nothing was deleted".into());
    }
    tools.run("sam", &["delete", "--config-env", environment, "--no-prompts"])
}

fn known(environment: &str) -> Outcome {
    if ENVIRONMENTS.contains(&environment) {
        Ok(())
    } else {
        Err(format!("no environment {environment:?}: use {}", ENVIRONMENTS.join(" or ")).into())
    }
}

/// The API document is a file beside the pages: it changes with a deployment only.
fn write_document(pages: &Path) -> Outcome {
    let file = pages.join(sesame::openapi::PATH.trim_start_matches('/'));
    fs::create_dir_all(file.parent().ok_or("a document without a folder")?)?;
    fs::write(file, serde_json::to_string(&sesame::openapi::document())?)?;
    Ok(())
}

/// New files first, so that no page asks for what is not there; then the pages; then the old files go.
/// CloudFront compresses by itself: the precompressed files stay at home.
fn upload(tools: &Tools, pages: &Path, bucket: &str) -> Outcome {
    let pages = pages.to_string_lossy();
    let target = format!("s3://{bucket}");
    let (assets, target_assets) = (format!("{pages}/assets"), format!("{target}/assets"));
    let plain = ["--exclude", "*.br", "--exclude", "*.gz"];
    let sync = |from: &str, to: &str, more: &[&str]| {
        tools.run("aws", &[&["s3", "sync", from, to, "--no-progress"][..], more, &plain].concat())
    };
    sync(&assets, &target_assets, &["--cache-control", IMMUTABLE])?;
    sync(&pages, &target, &["--cache-control", REVALIDATED, "--exclude", "assets/*"])?;
    sync(&assets, &target_assets, &["--delete", "--cache-control", IMMUTABLE])
}

fn stack(tools: &Tools, environment: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let settings = fs::read_to_string(tools.root.join("samconfig.toml"))?;
    let (_, section) = settings
        .split_once(&format!("[{environment}.global.parameters]"))
        .ok_or("samconfig.toml does not know the environment")?;
    let line = section.lines().find_map(|line| line.strip_prefix("stack_name = ")).ok_or("no stack_name")?;
    Ok(line.trim_matches('"').to_owned())
}

fn outputs(
    tools: &Tools,
    environment: &str,
) -> Result<BTreeMap<String, String>, Box<dyn std::error::Error + Send + Sync>> {
    let stack = stack(tools, environment)?;
    let mut list = Command::new(tools.program("sam"));
    list.args([
        "list",
        "stack-outputs",
        "--stack-name",
        &stack,
        "--config-env",
        environment,
        "--output",
        "json",
    ]);
    let listed = list.current_dir(&tools.root).output()?;
    if !listed.status.success() {
        return Err(String::from_utf8_lossy(&listed.stderr).into_owned().into());
    }
    let outputs: Vec<Value> = serde_json::from_slice(&listed.stdout)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(outputs.iter().map(|output| (text(&output["OutputKey"]), text(&output["OutputValue"]))).collect())
}

fn output<'a>(outputs: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, String> {
    outputs.get(name).map(String::as_str).ok_or_else(|| format!("the stack has no output {name}"))
}
