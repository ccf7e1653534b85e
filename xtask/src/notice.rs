//! `cargo xtask notice`: adds, lists and removes banners, on one machine or on AWS.

use std::env;

use aws_sdk_dynamodb::Client;
use domain::time::{Timestamp, after, in_paris, minutes};
use platform::boot::{BootError, dynamodb_client};
use platform::clock::Clock;
use platform::notices::{Level, Notice, Notices};
use platform::random::Random;
use platform::table::Table;

use crate::Outcome;

/// How the chore is called.
pub const USAGE: &str = "\
Usage: cargo xtask notice list
       cargo xtask notice remove ID
       cargo xtask notice add info|warning|closure TITLE BODY [FROM UNTIL [EVENT_FROM EVENT_UNTIL]]

FROM and UNTIL say when it is shown; without them: from now, for a day. EVENT_FROM and EVENT_UNTIL say when
what it tells of takes place; the pages write those. All are moments in Paris (2026-11-23T17:00) or RFC 3339.
The table is the portal's at http://localhost:8080, or the one that SESAME_TABLE names, with the credentials
and the AWS_REGION of the environment.";

/// Default duration of a banner.
const SHOWN_MINUTES: i64 = 24 * 60;

/// Runs one subcommand.
pub fn run(arguments: &[&str]) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments {
            ["list"] => list(&notices()?).await,
            ["remove", id] => Ok(notices()?.remove(id).await?),
            ["add", level, title, body] => {
                let now = Timestamp::now();
                add(level, title, body, (now, after(now, minutes(SHOWN_MINUTES))), None).await
            }
            ["add", level, title, body, from, until] => {
                add(level, title, body, (moment(from)?, moment(until)?), None).await
            }
            ["add", level, title, body, from, until, event_from, event_until] => {
                let event = (moment(event_from)?, moment(event_until)?);
                add(level, title, body, (moment(from)?, moment(until)?), Some(event)).await
            }
            _ => Err(USAGE.into()),
        }
    })
}

async fn list(notices: &Notices) -> Outcome {
    for (id, notice) in notices.all().await? {
        println!(
            "{id}\n  {} from {} until {}",
            notice.level.as_str(),
            paris(&notice.from),
            paris(&notice.until)
        );
        if let (Some(from), Some(until)) = (&notice.event_from, &notice.event_until) {
            println!("  tells of {} until {}", paris(from), paris(until));
        }
        println!("  {}: {}", notice.title, notice.body);
    }
    Ok(())
}

/// Two moments: from, until.
type Span = (Timestamp, Timestamp);

async fn add(level: &str, title: &str, body: &str, shown: Span, event: Option<Span>) -> Outcome {
    let (from, until) = shown;
    let level: Level = level.parse()?;
    if title.trim().is_empty() || body.trim().is_empty() {
        return Err("a notice needs a title and a body".into());
    }
    if until <= from {
        return Err("a notice must end after it begins".into());
    }
    if event.is_some_and(|(from, until)| until <= from) {
        return Err("what a notice tells of must end after it begins".into());
    }
    let notice = Notice {
        level,
        title: title.trim().to_owned(),
        body: body.trim().to_owned(),
        from: from.to_string(),
        until: until.to_string(),
        event_from: event.map(|(from, _)| from.to_string()),
        event_until: event.map(|(_, until)| until.to_string()),
    };
    println!("{}", notices()?.add(&notice).await?);
    Ok(())
}

/// The portal's table, or the one that the environment names.
pub fn table() -> Result<(Client, String), BootError> {
    match env::var("SESAME_TABLE") {
        Ok(name) => Ok((dynamodb_client()?, name)),
        Err(_) => Ok((sesame::emulator::client_at(&local_portal()), sesame::emulator::TABLE.to_owned())),
    }
}

fn notices() -> Result<Notices, BootError> {
    let random = Random::system();
    let (client, name) = table()?;
    let clock = Clock::system();
    Ok(Notices::new(&Table::new(client, name, clock.clone(), random.clone()), &clock, &random))
}

fn local_portal() -> String {
    format!("http://localhost:{}", env::var("SESAME_PORT").unwrap_or_else(|_| "8080".to_owned()))
}

/// Parses RFC 3339, or a local time in Paris.
fn moment(text: &str) -> Result<Timestamp, BootError> {
    text.parse().or_else(|_| domain::time::from_paris(text)).map_err(|_| {
        format!("{text:?} is no moment: write it like 2026-11-23T17:00 (Paris) or 2026-11-23T16:00:00Z")
            .into()
    })
}

fn paris(moment: &str) -> String {
    moment
        .parse()
        .map_or_else(|_| moment.to_owned(), |at| in_paris(at).strftime("%Y-%m-%dT%H:%M").to_string())
}
