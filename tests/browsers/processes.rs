//! The drivers' processes: programs, ports, scratch folder.

use std::fs;
use std::net::TcpListener;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use testkit::program::Program;

/// Below those of outgoing connections (32768 on Linux, 49152 elsewhere).
const PORTS: Range<u16> = 12_000..32_000;
/// Two for each test in each engine, and some more.
const PORTS_A_RUN: usize = 997;

/// Poll interval.
pub const POLL: Duration = Duration::from_millis(40);

/// Starts a driver, or what it needs.
pub fn start(program: &str, arguments: &[String], variables: &[(&str, String)]) -> Program {
    let variables = variables.iter().map(|(name, value)| (name, value));
    Program::start(Command::new(program).args(arguments).envs(variables)).unwrap()
}

/// Runs what blocks beside the stories of a test, which share its thread: a connection that one of them has
/// opened and not yet written to is closed after five seconds.
pub async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// The scratch folder of this run. Deletes those of runs that have ended.
pub fn scratch() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let process = name.strip_prefix("browsers-").map(|id| Path::new("/proc").join(id));
            if process.is_some_and(|process| !process.exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = parent.join(format!("browsers-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    });
    &FOLDER
}

/// A free port for a program that takes a number. Below the ephemeral range, so that no outgoing connection
/// takes it first; different for each call, and for other runs.
pub fn free_port() -> u16 {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let first = std::process::id() as usize * PORTS_A_RUN;
    loop {
        let rank = (first + COUNT.fetch_add(1, Ordering::Relaxed)) % PORTS.len();
        let port = PORTS.start + u16::try_from(rank).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Where a program is: in the project's cache or on the path.
pub fn program(names: &[&str], how_to_get: &str) -> String {
    let cache = std::env::var("SESAME_CACHE").map_or_else(
        |_| PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(".cache/sesame"),
        PathBuf::from,
    );
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::iter::once(cache.join("bin")).chain(std::env::split_paths(&path)).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("no {}: {how_to_get}", names.join(" or ")))
        .to_string_lossy()
        .into_owned()
}
