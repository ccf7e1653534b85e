//! A CloudFormation stack: its description, its changes.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::environment::Environment;
use super::{Error, Parameters, text};
use crate::Outcome;
use crate::tools::Tools;

/// Poll interval of a change.
const POLL: Duration = Duration::from_secs(3);
/// Timeout of a change without code. CloudFront alone takes minutes.
const CHANGE_MAX: Duration = Duration::from_secs(30 * 60);
/// How many of the last events are looked at for failures.
const EVENTS_MAX: usize = 100;
/// What a template of ours may do: make roles, and be transformed by SAM.
const CAPABILITIES: [&str; 2] = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"];
/// A stack policy that forbids nothing.
const REPLACE: &str =
    r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"Update:*","Resource":"*"}]}"#;

/// A stack of one region.
pub struct Stack<'a> {
    tools: &'a Tools,
    pub name: String,
    pub region: String,
}

/// A stack's description.
#[derive(Debug, Default)]
pub struct Described {
    /// `UPDATE_COMPLETE`, say.
    pub status: String,
    pub parameters: Parameters,
    pub outputs: BTreeMap<String, String>,
}

/// Which template a change is of.
#[derive(Debug, Clone, Copy)]
pub enum Template<'a> {
    /// The stack's own.
    Own,
    /// One that was stored with a release.
    At(&'a str),
}

impl Described {
    pub fn output(&self, name: &str) -> Result<&str, String> {
        self.outputs.get(name).map(String::as_str).ok_or_else(|| format!("the stack has no output {name}"))
    }
}

impl<'a> Stack<'a> {
    /// The stack of an environment.
    pub fn of(tools: &'a Tools, environment: &Environment) -> Self {
        Self { tools, name: environment.stack.clone(), region: environment.region.clone() }
    }

    /// A companion stack, in another region.
    pub fn sibling(&self, role: &str, region: &str) -> Stack<'a> {
        Stack { tools: self.tools, name: format!("{}-{role}", self.name), region: region.to_owned() }
    }

    /// Runs the AWS CLI. `None` when it prints nothing.
    pub fn aws(&self, arguments: &[&str]) -> Result<Value, Error> {
        let mut command = self.tools.command("aws");
        let answer = command.args(arguments).args(["--region", &self.region, "--output", "json"]).output()?;
        if !answer.status.success() {
            return Err(String::from_utf8_lossy(&answer.stderr).trim().into());
        }
        Ok(if answer.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&answer.stdout)? })
    }

    /// The stack's description; `None` when there is no such stack.
    pub fn describe(&self) -> Result<Option<Described>, Error> {
        let asked = self.aws(&["cloudformation", "describe-stacks", "--stack-name", &self.name]);
        let answer = match asked {
            Err(error) if error.to_string().contains("does not exist") => return Ok(None),
            other => other?,
        };
        let stack = described(&answer["Stacks"][0]);
        // A change set of a stack that was never made.
        Ok(Some(stack).filter(|stack| stack.status != "REVIEW_IN_PROGRESS"))
    }

    /// What failed lately in the stack, and in those that it nests, and why.
    pub fn failures(&self) -> Result<Vec<String>, Error> {
        let mut stacks = vec![self.name.clone()];
        let resources =
            self.aws(&["cloudformation", "describe-stack-resources", "--stack-name", &self.name])?;
        let nested = resources["StackResources"].as_array().into_iter().flatten();
        let nested = nested.filter(|each| each["ResourceType"] == "AWS::CloudFormation::Stack");
        stacks.extend(nested.filter_map(|each| each["PhysicalResourceId"].as_str().map(str::to_owned)));
        let mut failures = Vec::new();
        for stack in stacks {
            let events = self.aws(&["cloudformation", "describe-stack-events", "--stack-name", &stack])?;
            let events = events["StackEvents"].as_array().into_iter().flatten().take(EVENTS_MAX);
            let word = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let failed = events.filter(|event| word(event, "ResourceStatus").contains("FAILED"));
            failures.extend(failed.map(|event| {
                format!("{}: {}", word(event, "LogicalResourceId"), word(event, "ResourceStatusReason"))
            }));
        }
        Ok(failures)
    }

    /// Deploys a small template of its own.
    pub fn deploy(&self, tools: &Tools, template: &Path, parameters: &[(&str, &str)]) -> Outcome {
        let template = text(template);
        let given: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut arguments = vec!["cloudformation", "deploy", "--no-fail-on-empty-changeset"];
        arguments.extend([
            "--region",
            &self.region,
            "--stack-name",
            &self.name,
            "--template-file",
            &template,
        ]);
        arguments.push("--parameter-overrides");
        arguments.extend(given.iter().map(String::as_str));
        tools.run("aws", &arguments)
    }

    /// Changes parameters of the stack's own template, or takes another template, and waits until that is
    /// done. Every other parameter stays as it is.
    pub fn change(&self, before: &Described, template: Template, changes: &Parameters) -> Outcome {
        let parameters = self.parameters(Some(before), template, changes)?;
        let mut arguments = vec!["cloudformation", "update-stack", "--stack-name", &self.name];
        arguments.extend(template.arguments());
        arguments.extend(["--parameters", &parameters, "--capabilities"]);
        arguments.extend(CAPABILITIES);
        if changes.contains_key("TableGeneration") {
            // The stack policy forbids replacing the table, which is what was asked for.
            arguments.extend(["--stack-policy-during-update-body", REPLACE]);
        }
        self.aws(&arguments)?;
        self.wait()
    }

    /// What a template would change of the stack, or make of it where there is none. Gives the change set's
    /// name.
    pub fn propose(
        &self,
        before: Option<&Described>,
        template: Template,
        changes: &Parameters,
        tags: &[String],
    ) -> Result<String, Error> {
        let (name, parameters) = (format!("release-{}", now()), self.parameters(before, template, changes)?);
        let kind = if before.is_some() { "UPDATE" } else { "CREATE" };
        let mut arguments = vec!["cloudformation", "create-change-set", "--stack-name", &self.name];
        arguments.extend(["--change-set-name", &name, "--change-set-type", kind]);
        arguments.extend(template.arguments());
        arguments.extend(["--parameters", &parameters, "--capabilities"]);
        arguments.extend(CAPABILITIES);
        arguments.push("--tags");
        arguments.extend(tags.iter().map(String::as_str));
        self.aws(&arguments)?;
        let of_set = ["--stack-name", &self.name, "--change-set-name", &name];
        self.until(|| {
            let set = self.aws(&[&["cloudformation", "describe-change-set"][..], &of_set].concat())?;
            match set["Status"].as_str().unwrap_or_default() {
                "CREATE_COMPLETE" => {
                    for change in set["Changes"].as_array().into_iter().flatten() {
                        let of = |name: &str| change["ResourceChange"][name].as_str().unwrap_or_default();
                        println!("{:<8} {} ({})", of("Action"), of("LogicalResourceId"), of("ResourceType"));
                    }
                    Ok(true)
                }
                "FAILED" => Err(set["StatusReason"].as_str().unwrap_or("no reason").into()),
                _ => Ok(false),
            }
        })?;
        Ok(name)
    }

    /// Makes a change that was proposed, and waits until that is done.
    pub fn execute(&self, change: &str) -> Outcome {
        let arguments = ["cloudformation", "execute-change-set", "--stack-name", &self.name];
        self.aws(&[&arguments[..], &["--change-set-name", change]].concat())?;
        self.wait()
    }

    /// Every parameter that the template knows: those that change with their value, the others as they are,
    /// and those that are new by their default.
    fn parameters(
        &self,
        before: Option<&Described>,
        template: Template,
        changes: &Parameters,
    ) -> Result<String, Error> {
        let standing: Vec<String> =
            before.iter().flat_map(|stack| stack.parameters.keys()).cloned().collect();
        let known = match template {
            Template::Own => standing.clone(),
            Template::At(address) => {
                let summary =
                    self.aws(&["cloudformation", "get-template-summary", "--template-url", address])?;
                let names = summary["Parameters"].as_array().into_iter().flatten();
                names.filter_map(|each| each["ParameterKey"].as_str().map(str::to_owned)).collect()
            }
        };
        Ok(said(&known, &standing, changes))
    }

    fn wait(&self) -> Outcome {
        let started = Instant::now();
        self.until(|| {
            let status = self.describe()?.ok_or("the stack is gone")?.status;
            match Change::of(&status) {
                Change::Done => {
                    println!("{}: {status} after {} s", self.name, started.elapsed().as_secs());
                    Ok(true)
                }
                Change::Undone => {
                    let reasons = self.failures()?.join("\n  ");
                    Err(format!("{}: {status}, nothing was changed\n  {reasons}", self.name).into())
                }
                Change::UnderWay => Ok(false),
            }
        })
    }

    fn until(&self, is_done: impl Fn() -> Result<bool, Error>) -> Outcome {
        let started = Instant::now();
        while !is_done()? {
            if started.elapsed() > CHANGE_MAX {
                return Err(format!("{} takes over {} minutes", self.name, CHANGE_MAX.as_secs() / 60).into());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

/// What a stack's status says of its last change.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Done,
    /// Rolled back, to the end: a stack takes no other change before.
    Undone,
    UnderWay,
}

impl Change {
    fn of(status: &str) -> Self {
        match status {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => Self::Done,
            status if status.ends_with("_IN_PROGRESS") => Self::UnderWay,
            _ => Self::Undone,
        }
    }
}

impl<'a> Template<'a> {
    fn arguments(self) -> Vec<&'a str> {
        match self {
            Self::Own => vec!["--use-previous-template"],
            Self::At(address) => vec!["--template-url", address],
        }
    }
}

fn described(stack: &Value) -> Described {
    let list = |name: &str, key: &str, value: &str| {
        let pairs = stack[name].as_array().into_iter().flatten();
        let word = |each: &Value, name: &str| each[name].as_str().unwrap_or_default().to_owned();
        pairs.map(|each| (word(each, key), word(each, value))).collect()
    };
    Described {
        status: stack["StackStatus"].as_str().unwrap_or_default().to_owned(),
        parameters: list("Parameters", "ParameterKey", "ParameterValue"),
        outputs: list("Outputs", "OutputKey", "OutputValue"),
    }
}

fn said(known: &[String], standing: &[String], changes: &Parameters) -> String {
    let parameter = |name: &String| match changes.get(name) {
        Some(value) => Some(json!({"ParameterKey": name, "ParameterValue": value})),
        None if standing.contains(name) => Some(json!({"ParameterKey": name, "UsePreviousValue": true})),
        None => None,
    };
    Value::from(known.iter().filter_map(parameter).collect::<Vec<_>>()).to_string()
}

/// Seconds since 1970, as `Published` takes them.
pub fn now() -> String {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_undone_only_when_its_rollback_has_ended() {
        for (status, change) in [
            ("UPDATE_IN_PROGRESS", Change::UnderWay),
            ("UPDATE_ROLLBACK_IN_PROGRESS", Change::UnderWay),
            ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", Change::UnderWay),
            ("UPDATE_ROLLBACK_COMPLETE", Change::Undone),
            ("UPDATE_ROLLBACK_FAILED", Change::Undone),
            ("ROLLBACK_COMPLETE", Change::Undone),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Change::Done),
            ("CREATE_COMPLETE", Change::Done),
        ] {
            assert_eq!(Change::of(status), change, "{status}");
        }
    }

    #[test]
    fn every_other_parameter_stays_as_it_is() {
        let changes = Parameters::from([("Size".to_owned(), "deadline".to_owned())]);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (known, standing) =
            (names(&["MailDomain", "New", "Size"]), names(&["MailDomain", "Old", "Size"]));
        let said: Value = serde_json::from_str(&said(&known, &standing, &changes)).unwrap();
        let wanted = json!([
            {"ParameterKey": "MailDomain", "UsePreviousValue": true},
            {"ParameterKey": "Size", "ParameterValue": "deadline"},
        ]);
        assert_eq!(said, wanted);
    }
}
