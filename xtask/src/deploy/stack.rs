//! A stack of CloudFormation: what it is, what it says, how it is changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::environment::Environment;
use super::{Error, Parameters, text};
use crate::Outcome;
use crate::tools::Tools;

/// How often a change is asked how far it is.
const POLL: Duration = Duration::from_secs(3);
/// The longest that a change without code may take. CloudFront alone takes minutes.
const CHANGE_MAX: Duration = Duration::from_secs(30 * 60);
/// A stack policy that forbids nothing.
const REPLACE: &str =
    r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"Update:*","Resource":"*"}]}"#;

/// A stack of one region.
pub struct Stack<'a> {
    tools: &'a Tools,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub region: String,
}

/// What a stack says of itself.
#[derive(Debug, Default)]
pub struct Described {
    /// `UPDATE_COMPLETE`, say.
    pub status: String,
    /// The parameters in force.
    pub parameters: Parameters,
    /// The outputs.
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
    /// An output.
    ///
    /// # Errors
    /// None of that name.
    pub fn output(&self, name: &str) -> Result<&str, String> {
        self.outputs.get(name).map(String::as_str).ok_or_else(|| format!("the stack has no output {name}"))
    }
}

impl<'a> Stack<'a> {
    /// The stack of an environment.
    pub fn of(tools: &'a Tools, environment: &Environment) -> Self {
        Self { tools, name: environment.stack.clone(), region: environment.region.clone() }
    }

    /// A stack beside it, which belongs to it.
    pub fn sibling(&self, role: &str, region: &str) -> Stack<'a> {
        Stack { tools: self.tools, name: format!("{}-{role}", self.name), region: region.to_owned() }
    }

    /// Asks AWS. Gives what it says, or nothing when it says nothing.
    ///
    /// # Errors
    /// AWS's own words.
    pub fn aws(&self, arguments: &[&str]) -> Result<Value, Error> {
        let mut command = self.tools.command("aws");
        let answer = command.args(arguments).args(["--region", &self.region, "--output", "json"]).output()?;
        if !answer.status.success() {
            return Err(String::from_utf8_lossy(&answer.stderr).trim().into());
        }
        Ok(if answer.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&answer.stdout)? })
    }

    /// What the stack says of itself; none when there is no such stack.
    pub fn describe(&self) -> Result<Option<Described>, Error> {
        let asked = self.aws(&["cloudformation", "describe-stacks", "--stack-name", &self.name]);
        let answer = match asked {
            Err(error) if error.to_string().contains("does not exist") => return Ok(None),
            other => other?,
        };
        Ok(Some(described(&answer["Stacks"][0])))
    }

    /// Whether an event of the stack, or of one that it nests, failed for this reason.
    pub fn failed_with(&self, reason: &str) -> Result<bool, Error> {
        let mut stacks = vec![self.name.clone()];
        let resources =
            self.aws(&["cloudformation", "describe-stack-resources", "--stack-name", &self.name])?;
        let nested = resources["StackResources"].as_array().into_iter().flatten();
        let nested = nested.filter(|each| each["ResourceType"] == "AWS::CloudFormation::Stack");
        stacks.extend(nested.filter_map(|each| each["PhysicalResourceId"].as_str().map(str::to_owned)));
        for stack in stacks {
            let events = self.aws(&["cloudformation", "describe-stack-events", "--stack-name", &stack])?;
            let mut reasons = events["StackEvents"].as_array().into_iter().flatten();
            if reasons
                .any(|event| event["ResourceStatusReason"].as_str().is_some_and(|said| said.contains(reason)))
            {
                return Ok(true);
            }
        }
        Ok(false)
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

    /// Changes parameters, and the template if another one is given, and waits until that is done. Every
    /// other parameter stays as it is.
    pub fn change(&self, before: &Described, template: Template, changes: &Parameters) -> Outcome {
        let mut known: Vec<String> = before.parameters.keys().cloned().collect();
        let mut arguments = vec!["cloudformation", "update-stack", "--stack-name", &self.name];
        match template {
            Template::Own => arguments.push("--use-previous-template"),
            Template::At(address) => {
                let summary =
                    self.aws(&["cloudformation", "get-template-summary", "--template-url", address])?;
                let names = summary["Parameters"].as_array().into_iter().flatten();
                let names: Vec<&str> = names.filter_map(|each| each["ParameterKey"].as_str()).collect();
                // One that the older template does not know cannot be said to it.
                known.retain(|name| names.contains(&name.as_str()));
                arguments.extend(["--template-url", address]);
            }
        }
        let parameters = said(&known, changes);
        arguments.extend(["--parameters", &parameters]);
        arguments.extend(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);
        if changes.contains_key("TableGeneration") {
            // The stack policy keeps the table from being replaced: here that is what is asked for.
            arguments.extend(["--stack-policy-during-update-body", REPLACE]);
        }
        self.aws(&arguments)?;
        self.wait()
    }

    fn wait(&self) -> Outcome {
        let started = Instant::now();
        loop {
            let status = self.describe()?.ok_or("the stack is gone")?.status;
            match status.as_str() {
                "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => {
                    println!("{}: {status} after {} s", self.name, started.elapsed().as_secs());
                    return Ok(());
                }
                status if status.contains("ROLLBACK") || status.contains("FAILED") => {
                    return Err(
                        format!("{}: {status}, nothing was changed; its events say why", self.name).into()
                    );
                }
                _ if started.elapsed() > CHANGE_MAX => {
                    return Err(format!("{}: still {status}", self.name).into());
                }
                _ => thread::sleep(POLL),
            }
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

/// Every known parameter: those that change with their value, the others as they are.
fn said(known: &[String], changes: &Parameters) -> String {
    let parameter = |name: &String| match changes.get(name) {
        Some(value) => json!({"ParameterKey": name, "ParameterValue": value}),
        None => json!({"ParameterKey": name, "UsePreviousValue": true}),
    };
    Value::from(known.iter().map(parameter).collect::<Vec<_>>()).to_string()
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
    fn every_other_parameter_stays_as_it_is() {
        let changes = Parameters::from([("Size".to_owned(), "deadline".to_owned())]);
        let said: Value =
            serde_json::from_str(&said(&["MailDomain".to_owned(), "Size".to_owned()], &changes)).unwrap();
        let wanted = json!([
            {"ParameterKey": "MailDomain", "UsePreviousValue": true},
            {"ParameterKey": "Size", "ParameterValue": "deadline"},
        ]);
        assert_eq!(said, wanted);
    }
}
