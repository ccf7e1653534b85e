//! `cargo xtask mail`: where a mail is, on one machine or on AWS; dead letters back to their lanes.

use domain::MailId;
use domain::time::in_paris;
use serde_json::Value;

use crate::deploy::environment::Environment;
use crate::deploy::stack::Stack;
use crate::tools::Tools;
use crate::{Outcome, Usage, rows};

/// What is shown of a mail's row, and of what kind it is. Never its job, which leads to a person.
const SHOWN: [(&str, &str); 11] = [
    ("mail_state", "S"),
    ("reason", "S"),
    ("note", "S"),
    ("lane", "S"),
    ("sendings", "N"),
    ("created_at", "N"),
    ("due_at", "N"),
    ("lease_until", "N"),
    ("ended_at", "N"),
    ("event_at", "N"),
    ("expires_at", "N"),
];

/// Runs one subcommand.
pub fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["show", id] => show(id, None),
        ["show", id, "--env", environment] => show(id, Some(environment)),
        ["redrive", "--env", environment] => redrive(environment),
        _ => Err(Usage.into()),
    }
}

fn show(id: &str, environment: Option<&str>) -> Outcome {
    let id =
        MailId::parse(id).ok_or("a mail's id has 26 symbols, as the page that waits for it was given")?;
    let found = rows::find(environment, &format!("MAIL#{id}"), ("MAIL", "MAIL"))?;
    let row = found.first().ok_or("no such mail; a mail's row is deleted after 30 days")?;
    print!("{}", shown(row));
    Ok(())
}

/// The attributes of a row, a line each; moments on a clock in Paris.
fn shown(row: &Value) -> String {
    let job: Value =
        row["job"]["S"].as_str().and_then(|job| serde_json::from_str(job).ok()).unwrap_or_default();
    let mut text = format!("kind           {}\n", job["kind"].as_str().unwrap_or_default());
    for (name, kind) in SHOWN {
        let Some(value) = row[name][kind].as_str() else { continue };
        let moment = value.parse().ok().filter(|_| kind == "N" && name.contains('_'));
        let moment = moment.and_then(|seconds| domain::time::Timestamp::from_second(seconds).ok());
        let value =
            moment.map_or(value.to_owned(), |at| in_paris(at).strftime("%Y-%m-%d %H:%M:%S").to_string());
        text += &format!("{name:<14} {value}\n");
    }
    text
}

/// Has SQS move each dead letter back to the queue that it came from. A mail that was sent meanwhile is not
/// sent twice: its row says so.
fn redrive(environment: &str) -> Outcome {
    let tools = Tools::find()?;
    let environment = Environment::find(&tools, environment)?;
    let stack = Stack::of(&tools, &environment);
    let described = stack.describe()?.ok_or("there is no such stack")?;
    let queue = described.output("MailDeadLettersUrl")?;
    let names = "QueueArn ApproximateNumberOfMessages";
    let names: Vec<&str> = names.split(' ').collect();
    let asked =
        [&["sqs", "get-queue-attributes", "--queue-url", queue, "--attribute-names"], &names[..]].concat();
    let attributes = stack.aws(&asked)?["Attributes"].take();
    let arn = attributes["QueueArn"].as_str().ok_or("the queue has no name")?;
    println!("{} dead letters", attributes["ApproximateNumberOfMessages"].as_str().unwrap_or("?"));
    stack.aws(&["sqs", "start-message-move-task", "--source-arn", arn])?;
    println!("on their way back to their lanes");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mail_is_shown_without_whom_it_is_for() {
        let row = json!({
            "mail_state": {"S": "bounced"}, "reason": {"S": "mailbox-full"},
            "created_at": {"N": "1795428000"},
            "sendings": {"N": "2"}, "sent_to": {"S": "j•••@exemple.fr"},
            "job": {"S": r#"{"kind":"activation","identifier":"AP-7K3M-Q2FD"}"#},
        });
        let text = shown(&row);
        assert_eq!(
            text,
            "kind           activation\nmail_state     bounced\nreason         mailbox-full\n\
             sendings       2\ncreated_at     2026-11-23 11:00:00\n"
        );
    }
}
