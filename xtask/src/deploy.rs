//! `cargo xtask deploy`, `destroy`, and changes of what is deployed.

mod artefact;
pub mod environment;
mod guards;
mod levers;
mod releases;
pub mod stack;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

pub use levers::{close, open, rollback, set};

use self::artefact::Artefact;
use self::environment::Environment;
use self::stack::{Described, Stack, Template};
use crate::tools::{self, Tools};
use crate::{Error, Outcome};

type Parameters = BTreeMap<String, String>;

/// What Lambda keeps of an account's concurrent executions for functions that reserve none.
const UNRESERVED_MIN: u64 = 100;
/// The region of certificates and web ACLs for CloudFront.
const EDGE_REGION: &str = "us-east-1";
/// Parameters that the chores set, never an operator.
const OURS: [&str; 3] = ["Version", "Published", "Release"];

/// What a release makes of a stack.
struct Release {
    /// Where its template is.
    address: String,
    changes: Parameters,
    tags: Vec<String>,
}

/// The arguments of `deploy`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    environment: &'a str,
    artefact: Option<&'a str>,
    is_confirmed: bool,
}

impl<'a> Asked<'a> {
    /// Reads `--env E [--artefact FOLDER] [--yes]`, in any order.
    pub fn parse(arguments: &[&'a str]) -> Result<Self, Error> {
        let mut asked = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match *word {
                "--env" => asked.environment = words.next().ok_or("--env of which environment?")?,
                "--artefact" => asked.artefact = Some(words.next().ok_or("--artefact of which folder?")?),
                "--yes" => asked.is_confirmed = true,
                other => return Err(format!("what is {other}?").into()),
            }
        }
        if asked.environment.is_empty() { Err("say --env".into()) } else { Ok(asked) }
    }
}

/// Builds an artefact: functions, pages and templates in one folder, to be tested and deployed as they are.
pub fn build(architecture: &str) -> Outcome {
    let tools = Tools::find()?;
    tools.python(&tools::INFRA)?;
    let artefact = Artefact::build(&tools, architecture)?;
    println!("{}: {} for {architecture}", artefact.folder.display(), artefact.version);
    Ok(())
}

/// Deploys an artefact, one that is there or one that is built for it, publishes the pages, and says the
/// address.
pub fn deploy(asked: &Asked) -> Outcome {
    let tools = Tools::find()?;
    tools.python(&tools::INFRA)?;
    let environment = Environment::find(&tools, asked.environment)?;
    let stack = Stack::of(&tools, &environment);
    let before = stack.describe()?;
    let stated = environment.parameters()?;
    let in_force = |name: &str| in_force(before.as_ref(), &stated, name);
    let architecture = in_force("Architecture").ok_or("samconfig.toml states no Architecture")?;
    let artefact = match asked.artefact {
        Some(folder) => Artefact::open(&tools, PathBuf::from(folder))?,
        None => Artefact::build(&tools, &architecture)?,
    };
    artefact.check(&architecture)?;
    if asked.environment == "production" && artefact.is_dirty() {
        return Err("production is deployed from a commit, and this tree has changes".into());
    }
    check_quota(&stack, &artefact.template()?, &in_force)?;

    let mut changes = changes(before.as_ref(), &stated, &artefact.version);
    changes.extend(edge(&tools, &stack, &artefact, &in_force)?);
    releases::store(&tools, &environment, &stack, &artefact)?;
    let address = releases::template_address(&environment, &stack, &artefact.version)?;
    let release = Release { address, changes, tags: environment.tags()? };
    execute(&stack, before.as_ref(), &release, asked.is_confirmed)?;

    let after = stack.describe()?.ok_or("the stack is gone")?;
    if after.output("DeployedVersion")? != artefact.version {
        return Err("the change was not made: the stack and its pages are as they were".into());
    }
    artefact.compare(&stack)?;
    releases::publish(&tools, &environment, &stack, &after, &artefact.version)?;
    if before.is_none() {
        guards::protect_table(&stack, &after, &stated)?;
    }
    guards::guard(&tools, &stack)?;
    outside(&tools, &stack, &artefact, &after)?;
    println!("\n{}: {} at {}", asked.environment, artefact.version, after.output("SiteAddress")?);
    Ok(())
}

/// A parameter's value: the stack's, once there is one; before that, what `samconfig.toml` begins with.
fn in_force(before: Option<&Described>, stated: &Parameters, name: &str) -> Option<String> {
    let standing = before.and_then(|stack| stack.parameters.get(name));
    standing.or_else(|| stated.get(name)).cloned()
}

/// The parameters of a deployment. Those of an existing stack are state (`cargo xtask set`): `samconfig.toml`
/// gives only parameters that the stack has not got yet.
fn changes(before: Option<&Described>, stated: &Parameters, version: &str) -> Parameters {
    let is_new = |name: &String| before.is_none_or(|stack| !stack.parameters.contains_key(name));
    let mut changes: Parameters = stated
        .iter()
        .filter(|(name, _)| is_new(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut say = |name: &str, value: &str| changes.insert(name.to_owned(), value.to_owned());
    say("Version", version);
    say("Published", &stack::now());
    say("Release", if before.is_some() { "canary" } else { "at-once" });
    if before.is_none() {
        // A first deployment that fails is rolled back, which a protected table would prevent.
        say("TableDeletionProtection", "false");
    }
    changes
}

/// Deploys certificate and web ACL in [`EDGE_REGION`], and returns their ARNs as parameters.
fn edge(
    tools: &Tools,
    stack: &Stack,
    artefact: &Artefact,
    in_force: &impl Fn(&str) -> Option<String>,
) -> Result<Parameters, Error> {
    let domain = in_force("SiteDomain").unwrap_or_default();
    let has_acl = in_force("WebAcl").is_none_or(|value| value == "on");
    if domain.is_empty() && !has_acl {
        return Ok(Parameters::new());
    }
    if !domain.is_empty() {
        println!("The certificate of {domain} waits for its record: see Certificate Manager, {EDGE_REGION}.");
    }
    let edge = stack.sibling("edge", EDGE_REGION);
    edge.deploy(tools, &artefact.folder.join("edge.yaml"), &[("SiteDomain", &domain)])?;
    let outputs = edge.describe()?.ok_or("the edge is gone")?.outputs;
    let handed = |name: &str| outputs.get(name).map(|value| (name.to_owned(), value.clone()));
    Ok([handed("CertificateArn"), handed("WebAclArn").filter(|_| has_acl)].into_iter().flatten().collect())
}

/// Deploys the checks from outside, in the only region that has their metrics.
fn outside(tools: &Tools, stack: &Stack, artefact: &Artefact, after: &Described) -> Outcome {
    let host = after.output("SiteAddress")?.trim_start_matches("https://").to_owned();
    let email = after.parameters.get("AlarmEmail").cloned().unwrap_or_default();
    let given = [
        ("SiteHost", host.as_str()),
        ("DistributionId", after.output("DistributionId")?),
        ("AlarmEmail", email.as_str()),
    ];
    stack.sibling("outside", EDGE_REGION).deploy(tools, &artefact.folder.join("outside.yaml"), &given)
}

/// Shows what the release would change, asks, and makes the change.
fn execute(stack: &Stack, before: Option<&Described>, release: &Release, is_confirmed: bool) -> Outcome {
    let template = Template::At(&release.address);
    let change = stack.propose(before, template, &release.changes, &release.tags)?;
    if !is_confirmed && !is_typed("Type yes to make these changes: ", "yes")? {
        return Err("nothing was changed, and the pages are as they were".into());
    }
    stack.execute(&change)
}

fn is_typed(question: &str, word: &str) -> Result<bool, Error> {
    print!("{question}");
    io::stdout().flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == word)
}

/// Deletes the stack, after its name was typed.
pub fn destroy(environment: &str) -> Outcome {
    let tools = Tools::find()?;
    let environment = Environment::find(&tools, environment)?;
    tools.python(&tools::INFRA)?;
    let stack = Stack::of(&tools, &environment);
    let question = format!(
        "This deletes the stack {0}. The table, its keys and the bucket of the pages stay: see \
         docs/operations.md, \"Take it down\". Type {0} to go on: ",
        stack.name
    );
    if !is_typed(&question, &stack.name)? {
        return Err("nothing was deleted".into());
    }
    guards::release(&stack)?;
    tools.run("sam", &["delete", "--config-env", &environment.name, "--no-prompts"])
}

/// Checks the quota of concurrent executions, which Lambda would refuse in the middle of a deployment.
fn check_quota(stack: &Stack, template: &str, in_force: &impl Fn(&str) -> Option<String>) -> Outcome {
    let size = in_force("Size").ok_or("samconfig.toml states no Size")?;
    let senders = in_force("MailSenders").ok_or("samconfig.toml states no MailSenders")?;
    let reserved = reserved(template, &size, senders.parse()?)?;
    if reserved == 0 {
        return Ok(());
    }
    let quota =
        stack.aws(&["lambda", "get-account-settings"])?["AccountLimit"]["ConcurrentExecutions"].as_u64();
    let quota = quota.ok_or("Lambda says no quota")?;
    if reserved + UNRESERVED_MIN <= quota {
        return Ok(());
    }
    Err(format!(
        "Size={size} reserves {reserved} concurrent executions, Lambda keeps {UNRESERVED_MIN}, and this \
         account has {quota} in {}: ask for more (docs/operations.md, \"The first day\"), or take Size=trial",
        stack.region
    )
    .into())
}

/// How many executions the functions reserve: each what its share says, the sender what the operator says.
fn reserved(template: &str, size: &str, senders: u64) -> Result<u64, Error> {
    if size == "trial" {
        return Ok(0);
    }
    let (_, shares) = template.split_once("\n  Concurrency:\n").ok_or("the template has no Concurrency")?;
    let mut sum = senders;
    for function in sesame::functions::ALL {
        let share = format!("    {:?}: ", function.size.share);
        let Some(line) =
            shares.lines().take_while(|line| !line.is_empty()).find(|line| line.starts_with(&share))
        else {
            continue;
        };
        let (_, value) =
            line.split_once(&format!(" {size}: ")).ok_or("the template does not know the Size")?;
        sum += value.split([',', ' ']).next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(sum)
}

/// A path as an argument.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn standing(parameters: &[(&str, &str)]) -> Described {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Described { parameters: parameters.iter().map(pair).collect(), ..Described::default() }
    }

    #[test]
    fn what_the_sizes_of_the_template_reserve() {
        let template = include_str!("../../infra/template.yaml");
        let quota = [("small", 1000, 50), ("standard", 1000, 50), ("deadline", 4000, 250)];
        for (size, quota, senders) in quota {
            let all = reserved(template, size, senders).unwrap();
            assert!(all > senders && all + UNRESERVED_MIN <= quota, "{size} reserves {all} of {quota}");
        }
        assert_eq!(reserved(template, "trial", 4).unwrap(), 0);
        assert!(reserved(template, "huge", 4).is_err());
    }

    #[test]
    fn the_parameters_of_a_stack_that_stands_are_its_own() {
        let stated = standing(&[("Size", "standard"), ("MailRate", "14")]).parameters;
        let stack = standing(&[("Size", "deadline"), ("TableGeneration", "2"), ("Version", "a")]);
        let changes = changes(Some(&stack), &stated, "b");
        let said = |name: &str| changes.get(name).map(String::as_str);
        assert_eq!((said("Size"), said("TableGeneration")), (None, None));
        assert_eq!(
            (said("MailRate"), said("Version"), said("Release")),
            (Some("14"), Some("b"), Some("canary"))
        );
        assert_eq!(in_force(Some(&stack), &stated, "Size").as_deref(), Some("deadline"));
    }

    #[test]
    fn a_first_deployment_protects_nothing_yet() {
        let stated = standing(&[("Size", "trial"), ("TableDeletionProtection", "true")]).parameters;
        let changes = changes(None, &stated, "a");
        assert_eq!(changes["TableDeletionProtection"], "false");
        assert_eq!((changes["Size"].as_str(), changes["Release"].as_str()), ("trial", "at-once"));
    }

    #[test]
    fn how_a_deployment_is_asked_for() {
        let asked = Asked::parse(&["--yes", "--env", "staging", "--artefact", "a"]).unwrap();
        assert_eq!(asked, Asked { environment: "staging", artefact: Some("a"), is_confirmed: true });
        for bad in [&["--env"][..], &["--yes"], &["--env", "staging", "more"]] {
            assert!(Asked::parse(bad).is_err(), "{bad:?}");
        }
    }
}
