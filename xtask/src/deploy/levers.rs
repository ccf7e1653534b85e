//! Changes without a build: parameters, closing the site, rollback.

use serde_json::Value;
use sesame::functions::ALL;

use super::environment::{Environment, pairs};
use super::stack::{Described, Stack, Template, now};
use super::{OURS, Parameters, guards, releases};
use crate::Outcome;
use crate::generate::logical;
use crate::tools::Tools;

/// Parameters that may only rise: a lower one would create a table or key whose name is taken.
const RISING: [&str; 2] = ["TableGeneration", "KeysGeneration"];
/// The parameter that protects the table.
const PROTECTION: &str = "TableDeletionProtection";
/// Attempts of a change whose new table has a stream that cannot be read yet.
const TRIES_MAX: usize = 3;

/// Sets parameters of the deployed stack: same template, all other parameters unchanged.
pub fn set(words: &[&str], environment: &str) -> Outcome {
    let tools = Tools::find()?;
    let stack = Stack::of(&tools, &Environment::find(&tools, environment)?);
    let before = stack.describe()?.ok_or_else(|| format!("there is no stack {}", stack.name))?;
    let mut changes = pairs(words.iter().copied())?;
    check(&before, &changes)?;
    for (name, value) in &changes {
        // CloudFormation does not show it either.
        let value = if name.ends_with("Secret") { "another" } else { value };
        println!("{name}: {} -> {value}", before.parameters[name]);
    }
    publish_at_once(&mut changes);
    if changes.contains_key("TableGeneration") {
        return another_table(&stack, &before, changes);
    }
    stack.change(&before, Template::Own, &changes)
}

/// A new table is not protected until it stands: a change that is rolled back must be able to delete it, or
/// its name is taken. Its stream may not be readable when the pipes are made: then the change is retried.
fn another_table(stack: &Stack, before: &Described, mut changes: Parameters) -> Outcome {
    let protection = changes.insert(PROTECTION.to_owned(), "false".to_owned());
    for attempt in 1.. {
        match stack.change(before, Template::Own, &changes) {
            Ok(()) => break,
            Err(error) if attempt < TRIES_MAX && error.to_string().contains("Cannot access stream") => {
                println!("The stream of the new table cannot be read yet: retrying.");
            }
            Err(error) => return Err(error),
        }
    }
    let mut stated = before.parameters.clone();
    stated.extend(protection.map(|value| (PROTECTION.to_owned(), value)));
    let after = stack.describe()?.ok_or("the stack is gone")?;
    guards::protect_table(stack, &after, &stated)
}

/// A published version keeps its variables: a change publishes new versions, without a canary.
fn publish_at_once(changes: &mut Parameters) {
    changes.insert("Published".to_owned(), now());
    changes.insert("Release".to_owned(), "at-once".to_owned());
}

fn check(before: &Described, changes: &Parameters) -> Outcome {
    if changes.is_empty() {
        return Err("set what? NAME=VALUE".into());
    }
    for (name, value) in changes {
        let standing = before.parameters.get(name).filter(|_| !OURS.contains(&name.as_str()));
        let standing = standing.ok_or_else(|| format!("{name} is no parameter to set"))?;
        if RISING.contains(&name.as_str()) && value.parse::<u32>()? < standing.parse::<u32>()? {
            return Err(format!("{name} is {standing} and never falls (docs/operations.md)").into());
        }
    }
    Ok(())
}

/// Closes the site: every page answers 503 and says until when. The API goes on.
pub fn close(environment: &str) -> Outcome {
    say(environment, "yes")
}

/// Opens the site again.
pub fn open(environment: &str) -> Outcome {
    say(environment, "no")
}

/// Writes the key that the CloudFront function reads.
fn say(environment: &str, is_closed: &str) -> Outcome {
    let tools = Tools::find()?;
    let stack = Stack::of(&tools, &Environment::find(&tools, environment)?);
    let outputs = stack.describe()?.ok_or_else(|| format!("there is no stack {}", stack.name))?;
    let store = outputs.output("SiteStateArn")?;
    let keys = |arguments: &[&str]| {
        let service = ["cloudfront-keyvaluestore", arguments[0], "--kvs-arn", store];
        stack.aws(&[&service[..], &arguments[1..]].concat())
    };
    let state = keys(&["describe-key-value-store"])?;
    let tag = state["ETag"].as_str().ok_or("the state of the site has no tag")?;
    keys(&["put-key", "--key", "closed", "--value", is_closed, "--if-match", tag])?;
    println!("{}: closed is {is_closed}; everywhere within seconds", stack.name);
    Ok(())
}

/// Rolls back. Without a tag to the previous release, by the aliases, in seconds; with one to the code and
/// the pages of that release, with today's parameters.
pub fn rollback(environment: &str, tag: Option<&str>) -> Outcome {
    let tools = Tools::find()?;
    let environment = Environment::find(&tools, environment)?;
    let stack = Stack::of(&tools, &environment);
    let before = stack.describe()?.ok_or_else(|| format!("there is no stack {}", stack.name))?;
    let Some(tag) = tag else {
        return by_alias(&stack);
    };
    let address = releases::template_address(&environment, &stack, tag)?;
    let mut changes = Parameters::from([("Version".to_owned(), tag.to_owned())]);
    publish_at_once(&mut changes);
    stack.change(&before, Template::At(&address), &changes)?;
    releases::publish(&tools, &environment, &stack, &before, tag)
}

/// Moves every alias to the version published before this release, which has the variables of its time.
fn by_alias(stack: &Stack) -> Outcome {
    for function in ALL {
        let id = format!("{}Function", logical(function.name));
        let arguments = ["cloudformation", "describe-stack-resource", "--stack-name", &stack.name];
        let found = stack.aws(&[&arguments[..], &["--logical-resource-id", &id]].concat())?;
        let name =
            found["StackResourceDetail"]["PhysicalResourceId"].as_str().ok_or("a function without a name")?;
        let of_function = ["--function-name", name];
        let alias = stack.aws(&[&["lambda", "get-alias", "--name", "live"][..], &of_function].concat())?;
        let listed = stack.aws(&[&["lambda", "list-versions-by-function"][..], &of_function].concat())?;
        let live = alias["FunctionVersion"].as_str().unwrap_or_default();
        let to = version_before(&listed["Versions"], live)
            .ok_or_else(|| format!("{} has no version of an earlier release", function.name))?;
        let move_to = ["lambda", "update-alias", "--name", "live", "--routing-config", "{}"];
        stack.aws(&[&move_to[..], &of_function, &["--function-version", &to]].concat())?;
        println!("{}: {live} -> {to}", function.name);
    }
    println!("Make it last: cargo xtask rollback --env … TAG. The next deployment or set publishes anew.");
    Ok(())
}

/// The newest version below the live one whose description names another release. It is «release moment».
fn version_before(versions: &Value, live: &str) -> Option<String> {
    let live_number: u64 = live.parse().ok()?;
    let release = |version: &Value| version["Description"].as_str()?.split(' ').next().map(str::to_owned);
    let number = |version: &Value| version["Version"].as_str()?.parse::<u64>().ok();
    let versions = versions.as_array()?;
    let of_live = release(versions.iter().find(|version| version["Version"] == live)?)?;
    let earlier =
        versions.iter().filter(|version| release(version).is_some_and(|release| release != of_live));
    let before = earlier.filter_map(number).filter(|number| *number < live_number).max();
    before.map(|number| number.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn standing() -> Described {
        let parameters = [("Size", "small"), ("TableGeneration", "2"), ("Version", "a")];
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Described { parameters: parameters.into_iter().map(pair).collect(), ..Described::default() }
    }

    #[test]
    fn what_may_be_set() {
        let check = |word: &str| check(&standing(), &pairs([word].into_iter()).unwrap()).is_ok();
        assert!(check("Size=deadline") && check("TableGeneration=3") && check("TableGeneration=2"));
        assert!(!check("TableGeneration=1") && !check("Sise=deadline") && !check("Version=b"));
    }

    #[test]
    fn the_version_of_the_release_before() {
        let version = |number: &str, said: &str| json!({"Version": number, "Description": said});
        let versions = json!([
            version("$LATEST", ""),
            version("1", "a 10"),
            version("2", "a 20"),
            version("9", "b 30"),
            version("10", "b 40"),
            version("11", "c 50"),
        ]);
        assert_eq!(version_before(&versions, "10").as_deref(), Some("2"));
        assert_eq!(version_before(&versions, "11").as_deref(), Some("10"));
        assert_eq!(version_before(&versions, "2"), None);
    }
}
