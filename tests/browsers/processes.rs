//! Programs that a test starts: none outlives it, even when it is killed.

use std::fs::{self, File};
use std::net::TcpListener;
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Starts the program in a process group of its own, and ends the group when standard input closes:
/// when the test is done with it, or is dead.
const KEEPER: &str =
    r#"setsid "$@" </dev/null & group=$!; trap 'kill -- -$group 2>/dev/null' EXIT; cat >/dev/null"#;

/// Below those of outgoing connections (32768 on Linux, 49152 elsewhere).
const PORTS: Range<u16> = 12_000..32_000;
/// Two for each test in each engine, and some more.
const PORTS_A_RUN: usize = 509;

/// How often something that is awaited is looked at.
pub const POLL: Duration = Duration::from_millis(40);

/// A program at work; it ends with this value.
#[derive(Debug)]
pub struct Process {
    keeper: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with what it prints going to a file.
    pub fn start(name: &str, program: &str, arguments: &[String], variables: &[(&str, String)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let rank = COUNT.fetch_add(1, Ordering::Relaxed);
        let log = scratch().join(format!("{name}-{rank}.log"));
        let out = File::options().create_new(true).append(true).open(&log).unwrap();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", program])
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        Self { keeper, log }
    }

    /// What it has printed.
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A folder for what this run of the tests writes. Those of runs that have ended go.
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

/// A port that nothing uses, for a program that will. It is none of those that a system gives to whoever
/// asks for any, so that nobody takes it before the program does; no two calls give the same, and other
/// runs of the tests begin elsewhere.
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
