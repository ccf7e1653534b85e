//! `cargo xtask agent`: who of the agency may enter the desk, on one machine or on AWS.

use std::collections::BTreeMap;

use domain::Name;
use domain::agent::{AgentRole, AgentSub};
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::rows::{self, Written};
use crate::{Outcome, Usage};

const ADD: &str = "SET agent_name = :name, agent_roles = :roles, agent_state = :state, \
                   created_at = if_not_exists(created_at, :now)";
const REMOVE: &str = "SET agent_state = :state";
const REMOVE_CONDITION: &str = "attribute_exists(pk)";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    Add { sub: &'a str, name: &'a str, role: AgentRole },
    Remove { sub: &'a str },
    List,
}

/// Adds an agent, or changes one; removes one; or lists all.
pub fn run(arguments: &[&str]) -> Outcome {
    let (asked, environment) = parse(arguments).ok_or(Usage)?;
    match asked {
        Asked::List => {
            print!("{}", shown(&rows::scan(environment, "AGENT#")?));
            return Ok(());
        }
        Asked::Add { sub, name, role } => {
            let (sub, name) = (subject(sub)?, Name::parse(name));
            let name = name.map_err(|code| format!("the name is not one: {}", code.as_str()))?;
            let now = Timestamp::now().as_second().to_string();
            let values = [
                (":name", json!({"S": name.as_str()})),
                (":roles", json!({"S": role.names().join(",")})),
                (":state", json!({"S": "active"})),
                (":now", json!({"N": now})),
            ];
            rows::update(environment, &written(&sub, ADD, None, values.into()))?;
            println!("{sub} may enter the desk as {}: {}", name.as_str(), role.names().join(", "));
        }
        Asked::Remove { sub } => {
            let sub = subject(sub)?;
            let values = BTreeMap::from([(":state", json!({"S": "removed"}))]);
            let is_there = rows::update(environment, &written(&sub, REMOVE, Some(REMOVE_CONDITION), values))?;
            if !is_there {
                return Err(format!("no agent has the subject {sub}: see `cargo xtask agent list`").into());
            }
            println!("{sub} may enter the desk no longer; a session that is open has ended");
        }
    }
    Ok(())
}

fn parse<'a>(arguments: &[&'a str]) -> Option<(Asked<'a>, Option<&'a str>)> {
    let (words, environment) = match arguments {
        [words @ .., "--env", environment] => (words, Some(*environment)),
        words => (words, None),
    };
    let asked = match words {
        ["add", sub, "--name", name] => Asked::Add { sub, name, role: AgentRole::Agent },
        ["add", sub, "--name", name, "--supervisor"] => Asked::Add { sub, name, role: AgentRole::Supervisor },
        ["remove", sub] => Asked::Remove { sub },
        ["list"] => Asked::List,
        _ => return None,
    };
    Some((asked, environment))
}

fn subject(text: &str) -> Result<AgentSub, String> {
    AgentSub::parse(text).ok_or_else(|| {
        "the subject is not one: it is what the page of the login shows to who is not an agent yet".to_owned()
    })
}

fn written(
    sub: &AgentSub,
    update: &'static str,
    condition: Option<&'static str>,
    values: BTreeMap<&'static str, Value>,
) -> Written {
    Written { pk: format!("AGENT#{sub}"), sk: "AGENT".to_owned(), update, condition, values }
}

/// A line for each agent, those who may enter first.
fn shown(rows: &[Value]) -> String {
    let text = |row: &Value, name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<(String, String)> = rows
        .iter()
        .map(|row| {
            let (pk, state) = (text(row, "pk"), text(row, "agent_state"));
            let sub = pk.trim_start_matches("AGENT#");
            let (name, roles) = (text(row, "agent_name"), text(row, "agent_roles"));
            (state.clone(), format!("{sub}  {name}, {roles}, {state}\n"))
        })
        .collect();
    lines.sort();
    if lines.is_empty() { "nobody\n".to_owned() } else { lines.into_iter().map(|(_, line)| line).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_and_nothing_else() {
        let add = |role| Asked::Add { sub: "f3b8", name: "Camille Moreau", role };
        let typed = ["add", "f3b8", "--name", "Camille Moreau"];
        assert_eq!(parse(&typed), Some((add(AgentRole::Agent), None)));
        let supervisor = [&typed[..], &["--supervisor", "--env", "staging"]].concat();
        assert_eq!(parse(&supervisor), Some((add(AgentRole::Supervisor), Some("staging"))));
        assert_eq!(parse(&["remove", "f3b8"]), Some((Asked::Remove { sub: "f3b8" }, None)));
        assert_eq!(parse(&["list", "--env", "staging"]), Some((Asked::List, Some("staging"))));
        for bad in
            [&[][..], &["add", "f3b8"], &["remove"], &["list", "--env"], &["add", "--name", "x", "f3b8"]]
        {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        assert!(subject("f3b8 7").is_err() && subject("f3b8#7").is_err() && subject("f3b8").is_ok());
    }

    #[test]
    fn agents_are_listed_with_their_state() {
        let agent = |sub: &str, state: &str| {
            json!({
                "pk": {"S": format!("AGENT#{sub}")}, "agent_name": {"S": "Camille Moreau"},
                "agent_roles": {"S": "agent"}, "agent_state": {"S": state},
            })
        };
        let rows = [agent("a1", "removed"), agent("b2", "active")];
        let listed = "b2  Camille Moreau, agent, active\na1  Camille Moreau, agent, removed\n";
        assert_eq!((shown(&rows), shown(&[])), (listed.to_owned(), "nobody\n".to_owned()));
    }
}
