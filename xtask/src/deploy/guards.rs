//! Termination protection and stack policy: nothing is deleted or replaced by mistake.

use std::fs;

use super::stack::{Described, Stack, Template, now};
use super::{Error, Parameters};
use crate::Outcome;
use crate::tools::Tools;

/// What no change of the stack may replace or delete.
const POLICY: &str = "infra/stack-policy.json";

/// Turns deletion protection of the table on after the first deployment, unless the environment does without.
pub fn protect_table(stack: &Stack, after: &Described, stated: &Parameters) -> Outcome {
    if stated.get("TableDeletionProtection").is_some_and(|value| value == "false") {
        return Ok(());
    }
    let on = [("TableDeletionProtection", "true"), ("Published", &now())];
    let on = on.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    stack.change(after, Template::Own, &on)
}

/// Termination protection, and the stack policy.
pub fn guard(tools: &Tools, stack: &Stack) -> Outcome {
    terminate(stack, "--enable-termination-protection")?;
    set_policy(stack, &fs::read_to_string(tools.root.join(POLICY))?)
}

/// Removes termination protection, so that the stack can be deleted: a stack policy does not prevent that.
pub fn release(stack: &Stack) -> Outcome {
    terminate(stack, "--no-enable-termination-protection")
}

fn terminate(stack: &Stack, whether: &str) -> Outcome {
    let arguments = ["cloudformation", "update-termination-protection", whether, "--stack-name", &stack.name];
    stack.aws(&arguments).map(|_| ())
}

fn set_policy(stack: &Stack, policy: &str) -> Result<(), Error> {
    let arguments = ["cloudformation", "set-stack-policy", "--stack-name", &stack.name];
    stack.aws(&[&arguments[..], &["--stack-policy-body", policy]].concat()).map(|_| ())
}
