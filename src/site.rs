//! Builds the pages when they are missing or older than their sources.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The folder of the built pages.
const BUILT: &str = "dist";
const MODULES: &str = "node_modules";
const LOCK: &str = "package-lock.json";

/// The folder of the pages' sources: in the working directory, else in the package.
#[must_use]
pub fn sources() -> PathBuf {
    let here = PathBuf::from("web");
    if here.join("package.json").exists() { here } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("web") }
}

/// Builds the pages if need be, and returns their folder.
pub fn build(web: &Path) -> io::Result<PathBuf> {
    let built = web.join(BUILT);
    if is_current(web, &built)? {
        return Ok(built);
    }
    let modules = modified(&web.join(MODULES).join(".package-lock.json"));
    if modules.is_none() || modules < modified(&web.join(LOCK)) {
        println!("Installing what the pages are built with (npm ci)…");
        npm(web, &["ci", "--no-audit", "--no-fund"])?;
    }
    println!("Building the pages (npm run build)…");
    npm(web, &["run", "build"])?;
    Ok(built)
}

fn is_current(web: &Path, built: &Path) -> io::Result<bool> {
    let Some(built_at) = modified(&built.join("index.html")) else {
        return Ok(false);
    };
    Ok(newest(web)? <= built_at)
}

/// When the newest source was changed, without `dist` and `node_modules`.
fn newest(folder: &Path) -> io::Result<SystemTime> {
    let mut latest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == BUILT || name == MODULES {
            continue;
        }
        let metadata = entry.metadata()?;
        let changed = if metadata.is_dir() { newest(&entry.path())? } else { metadata.modified()? };
        latest = latest.max(changed);
    }
    Ok(latest)
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

fn npm(web: &Path, arguments: &[&str]) -> io::Result<()> {
    let status = Command::new("npm").args(arguments).current_dir(web).status().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            io::Error::other("the pages are built with Node.js 20 or later: install it (https://nodejs.org)")
        } else {
            error
        }
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("`npm {}` failed in {}: see above", arguments.join(" "), web.display())))
    }
}
