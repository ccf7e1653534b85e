//! The portal under load: started over a filled table, and waited for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dynoxide::Database;
use serde_json::{Value, json};
use sesame::emulator::{SCAN_PAGE_ROWS, TABLE};
use testkit::program;

use super::load::{self, Report, Requests};
use crate::Error;
use crate::population::Folder;

/// Timeout of sending the mails that a load left.
const DRAIN_MAX: Duration = Duration::from_secs(600);
/// Processor time within a second of a portal at rest: its timers.
const REST: Duration = Duration::from_millis(30);

/// Builds the portal for speed; its program.
pub fn build() -> Result<PathBuf, Error> {
    println!("Building the portal, optimised (some minutes the first time)…");
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--package", "sesame", "--profile", "portal"])
        .status()?;
    if !built.success() {
        return Err("the portal does not build".into());
    }
    let here = std::env::current_exe()?;
    let target = here.parent().and_then(Path::parent).ok_or("no target folder")?;
    Ok(target.join("portal/sesame"))
}

pub struct Portal {
    portal: program::Portal,
    pub ready_in: Duration,
}

impl Portal {
    /// Starts it over the data of a folder, and waits until it is at rest.
    pub fn start(program: &Path, folder: &Folder) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.env("SESAME_DATA", &folder.0);
        let started = Instant::now();
        let portal = program::Portal::start(command)?;
        let portal = Self { portal, ready_in: started.elapsed() };
        portal.settle()?;
        Ok(portal)
    }

    pub fn load(&self, clients: usize, length: Duration, requests: &Requests) -> Result<Report, Error> {
        load::run(self.portal.port, self.portal.program.id(), clients, length, requests)
    }

    /// Waits until the portal is idle: at its start it takes up mails that were left, after a load it sends.
    pub fn settle(&self) -> Result<Duration, Error> {
        settle(self.portal.program.id())
    }
}

/// Waits until a portal is idle.
pub fn settle(process: u32) -> Result<Duration, Error> {
    let started = Instant::now();
    let mut before = load::cpu(process)?;
    while started.elapsed() < DRAIN_MAX {
        std::thread::sleep(Duration::from_secs(1));
        let now = load::cpu(process)?;
        if now.saturating_sub(before) < REST {
            return Ok(started.elapsed());
        }
        before = now;
    }
    Err("the portal does not come to rest".into())
}

/// Mails by state.
pub fn mails(folder: &Folder) -> Result<BTreeMap<String, usize>, Error> {
    let database = Database::new(&folder.0.join("table.sqlite").to_string_lossy())?;
    let mut states = BTreeMap::new();
    let mut start = Value::Null;
    loop {
        let mut scan = json!({
            "TableName": TABLE,
            "Limit": SCAN_PAGE_ROWS,
            "FilterExpression": "attribute_exists(job)",
            "ProjectionExpression": "mail_state",
        });
        if !start.is_null() {
            scan["ExclusiveStartKey"] = start;
        }
        let page = serde_json::to_value(database.scan(serde_json::from_value(scan)?)?)?;
        for row in page["Items"].as_array().into_iter().flatten() {
            let state = row["mail_state"]["S"].as_str().unwrap_or("none").to_owned();
            *states.entry(state).or_insert(0) += 1;
        }
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            return Ok(states);
        }
    }
}
