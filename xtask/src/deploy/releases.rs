//! Releases in the bucket of SAM: template, code and pages.

use sesame::pages::{IMMUTABLE, REVALIDATED};

use super::artefact::Artefact;
use super::environment::Environment;
use super::stack::{Described, Stack};
use super::{Error, text};
use crate::Outcome;
use crate::tools::Tools;

/// The stack by which SAM keeps its bucket.
const BUCKET_STACK: &str = "aws-sam-cli-managed-default";

/// Uploads the code, the templates and the pages of an artefact, under its version.
pub fn store(tools: &Tools, environment: &Environment, stack: &Stack, artefact: &Artefact) -> Outcome {
    let (template, packaged) = (text(&artefact.folder.join("template.yaml")), artefact.packaged());
    // SAM would look for its settings beside the template.
    let settings = text(&tools.root.join("samconfig.toml"));
    let settings = ["--config-file", &settings, "--config-env", &environment.name];
    let arguments = ["package", "--resolve-s3", "--s3-prefix", &environment.prefix];
    let files = ["--template-file", &template, "--output-template-file", &packaged];
    tools.run("sam", &[&arguments[..], &settings, &files].concat())?;
    let release = format!("s3://{}/{}", bucket(stack)?, folder(environment, &artefact.version));
    let region = ["--region", &environment.region];
    tools
        .run("aws", &[&["s3", "cp", &packaged, &format!("{release}/template.yaml")][..], &region].concat())?;
    // CloudFront compresses by itself: the precompressed files are not uploaded.
    let plain = ["--no-progress", "--exclude", "*.br", "--exclude", "*.gz"];
    let pages = text(&artefact.folder.join("pages"));
    let upload = |from: &str, to: &str, more: &[&str]| {
        tools.run("aws", &[&["s3", "sync", from, to][..], &plain, &region, more].concat())
    };
    upload(&format!("{pages}/assets"), &format!("{release}/pages/assets"), &["--cache-control", IMMUTABLE])?;
    let rest = ["--cache-control", REVALIDATED, "--exclude", "assets/*"];
    upload(&pages, &format!("{release}/pages"), &rest)
}

/// Where the template of a release is.
pub fn template_address(environment: &Environment, stack: &Stack, version: &str) -> Result<String, Error> {
    let (bucket, key) = (bucket(stack)?, format!("{}/template.yaml", folder(environment, version)));
    stack
        .aws(&["s3api", "head-object", "--bucket", &bucket, "--key", &key])
        .map_err(|error| format!("no release {version} is kept in {bucket}: {error}"))?;
    Ok(format!("https://s3.{}.amazonaws.com/{bucket}/{key}", environment.region))
}

/// Publishes the pages of a release: assets first, so that no page refers to a missing one, then pages. Old
/// assets stay for pages that are open.
pub fn publish(
    tools: &Tools,
    environment: &Environment,
    stack: &Stack,
    described: &Described,
    version: &str,
) -> Outcome {
    let from = format!("s3://{}/{}/pages", bucket(stack)?, folder(environment, version));
    let to = format!("s3://{}", described.output("PagesBucketName")?);
    let region = ["--no-progress", "--region", &environment.region];
    let s3 = |order: &[&str], from: &str, to: &str, more: &[&str]| {
        tools.run("aws", &[&["s3"][..], order, &[from, to], &region, more].concat())
    };
    s3(&["sync"], &format!("{from}/assets"), &format!("{to}/assets"), &[])?;
    // Not `sync`, which leaves a page that is as long as the older one that comes back.
    s3(&["cp", "--recursive"], &from, &to, &["--exclude", "assets/*"])?;
    let distribution = described.output("DistributionId")?;
    let invalidate =
        ["cloudfront", "create-invalidation", "--distribution-id", distribution, "--paths", "/*"];
    stack.aws(&invalidate).map(|_| ())
}

fn folder(environment: &Environment, version: &str) -> String {
    format!("{}/releases/{version}", environment.prefix)
}

fn bucket(stack: &Stack) -> Result<String, Error> {
    let arguments = ["cloudformation", "describe-stacks", "--stack-name", BUCKET_STACK];
    let answer = stack.aws(&arguments)?;
    let outputs = answer["Stacks"][0]["Outputs"].as_array().cloned().unwrap_or_default();
    let found = outputs.iter().find(|output| output["OutputKey"] == "SourceBucket");
    let name = found.and_then(|output| output["OutputValue"].as_str());
    Ok(name.ok_or("SAM has no bucket here: deploy once")?.to_owned())
}
