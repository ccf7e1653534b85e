//! `cargo xtask deploy` and `destroy`: the whole of Sésame on an AWS account, pages included, or gone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sesame::pages::{IMMUTABLE, REVALIDATED};

use crate::Outcome;
use crate::tools::Tools;

/// The environments of `samconfig.toml` that are deployed by this chore.
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];
/// What Lambda keeps of an account's concurrent executions for functions that reserve none.
const UNRESERVED_MIN: u64 = 100;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Builds, deploys, uploads, and says the address.
pub fn deploy(environment: &str) -> Outcome {
    known(environment)?;
    let tools = Tools::find()?;
    tools.python()?;
    check_quota(&tools, environment)?;
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
    let stack = setting(&tools, environment, "stack_name")?;
    print!(
        "This deletes the stack {stack}. The table and the bucket of the pages stay: see docs/operations.md, \
         \"Take it down\". Type the stack's name to go on: "
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

/// Says before a long build what Lambda would refuse in the middle of the deployment.
fn check_quota(tools: &Tools, environment: &str) -> Outcome {
    let template = fs::read_to_string(tools.root.join("infra/template.yaml"))?;
    let reserved = reserved(&template, &setting(tools, environment, "parameter_overrides")?)?;
    if reserved == 0 {
        return Ok(());
    }
    let region = setting(tools, environment, "region")?;
    let mut ask = tools.command("aws");
    ask.args(["lambda", "get-account-settings", "--region", &region, "--output", "text"]);
    ask.args(["--query", "AccountLimit.ConcurrentExecutions"]);
    let answer = ask.output()?;
    if !answer.status.success() {
        return Err(String::from_utf8_lossy(&answer.stderr).into_owned().into());
    }
    let quota: u64 = String::from_utf8(answer.stdout)?.trim().parse()?;
    if reserved + UNRESERVED_MIN <= quota {
        return Ok(());
    }
    Err(format!(
        "{environment} reserves {reserved} concurrent executions, Lambda keeps {UNRESERVED_MIN}, and this account has \
         {quota} in {region}: ask for more (docs/operations.md, \"The first day\"), or take Size=trial in samconfig.toml"
    )
    .into())
}

/// How many executions the functions reserve with these parameters.
fn reserved(template: &str, parameters: &str) -> Result<u64, Error> {
    let parameter = |name: &str| {
        let mut given = parameters.split(' ').filter_map(|pair| pair.split_once('='));
        let found = given.find_map(|(given, value)| (given == name).then_some(value));
        found.ok_or_else(|| format!("samconfig.toml sets no {name}"))
    };
    let size = parameter("Size")?;
    if size == "trial" {
        return Ok(0);
    }
    let (_, shares) = template.split_once("\n  Concurrency:\n").ok_or("the template has no Concurrency")?;
    let mut sum: u64 = parameter("MailSenders")?.parse()?;
    for share in shares.lines().take_while(|line| !line.is_empty()) {
        let (_, share) =
            share.split_once(&format!(" {size}: ")).ok_or("the template does not know the Size")?;
        sum += share.split([',', ' ']).next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(sum)
}

/// New files first, so that no page asks for what is not there; then the pages. Old files stay: a page that is open
/// asks for them by their names. CloudFront compresses by itself: the precompressed files stay at home.
fn upload(tools: &Tools, pages: &Path, bucket: &str) -> Outcome {
    let pages = pages.to_string_lossy();
    let target = format!("s3://{bucket}");
    let (assets, target_assets) = (format!("{pages}/assets"), format!("{target}/assets"));
    let plain = ["--exclude", "*.br", "--exclude", "*.gz"];
    let sync = |from: &str, to: &str, more: &[&str]| {
        tools.run("aws", &[&["s3", "sync", from, to, "--no-progress"][..], more, &plain].concat())
    };
    sync(&assets, &target_assets, &["--cache-control", IMMUTABLE])?;
    sync(&pages, &target, &["--cache-control", REVALIDATED, "--exclude", "assets/*"])
}

/// What `samconfig.toml` says of an environment to every command of `sam`.
fn setting(tools: &Tools, environment: &str, name: &str) -> Result<String, Error> {
    let settings = fs::read_to_string(tools.root.join("samconfig.toml"))?;
    let (_, section) = settings
        .split_once(&format!("[{environment}.global.parameters]"))
        .ok_or("samconfig.toml does not know the environment")?;
    let start = format!("{name} = ");
    let mut lines = section.lines().take_while(|line| !line.starts_with('['));
    let value = lines.find_map(|line| line.strip_prefix(&start));
    Ok(value.ok_or_else(|| format!("samconfig.toml sets no {name}"))?.trim_matches('"').to_owned())
}

fn outputs(tools: &Tools, environment: &str) -> Result<BTreeMap<String, String>, Error> {
    let stack = setting(tools, environment, "stack_name")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sizes_of_the_template_reserve() {
        let template = include_str!("../../infra/template.yaml");
        let of = |parameters| reserved(template, parameters).map_err(|error| error.to_string());
        assert_eq!(of("Size=trial"), Ok(0));
        assert_eq!(of("Architecture=arm64 Size=small MailSenders=5 MailDomain=a.example"), Ok(130));
        assert_eq!(of("Size=standard MailSenders=45"), Ok(885));
        assert_eq!(of("Size=deadline MailSenders=225"), Ok(3875));
        assert_eq!(of("Size=small"), Err("samconfig.toml sets no MailSenders".to_owned()));
        assert!(of("Size=huge MailSenders=2").is_err());
    }
}
