//! Programs that a test starts; they end with it, even when it is killed.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Error;

/// Starts the program in a process group, prints its id, and kills the group when standard input closes,
/// which is when the test ends or dies.
const KEEPER: &str = r#"setsid "$@" </dev/null 2>&1 & group=$!; echo $group >&2; exec >/dev/null 2>&1
    trap 'kill -- -$group; wait' EXIT; cat"#;
/// Timeout of the portal's start: the first one may install and build the pages.
const READY_DELAY_MAX: Duration = Duration::from_secs(300);

/// A running program, killed on drop.
#[derive(Debug)]
pub struct Program {
    keeper: Child,
    id: u32,
    output: Arc<Output>,
}

/// What a program has printed, and whether it can still print.
#[derive(Debug, Default)]
struct Output {
    printed: Mutex<(String, bool)>,
    changed: Condvar,
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, (String, bool)> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Program {
    /// Starts what `command` describes; its input and output are this value's.
    pub fn start(command: &Command) -> Result<Self, Error> {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(command.get_program()).args(command.get_args());
        keeper.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            keeper.current_dir(folder);
        }
        keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = keeper.spawn()?;
        let mut id = String::new();
        BufReader::new(keeper.stderr.take().ok_or("no standard error")?).read_line(&mut id)?;
        let output = Arc::new(Output::default());
        let (source, sink) = (keeper.stdout.take().ok_or("no standard output")?, output.clone());
        std::thread::spawn(move || collect(source, &sink));
        Ok(Self { keeper, id: id.trim().parse()?, output })
    }

    /// Its process, which leads a group.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it has printed.
    #[must_use]
    pub fn printed(&self) -> String {
        self.output.lock().0.clone()
    }

    /// Waits until `found` finds something in what it has printed.
    pub fn wait_for<T>(&self, time_max: Duration, found: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
        let is_waiting = |(printed, is_over): &mut (String, bool)| !*is_over && found(printed).is_none();
        let waited = self.output.changed.wait_timeout_while(self.output.lock(), time_max, is_waiting);
        let (output, _) = waited.unwrap_or_else(PoisonError::into_inner);
        found(&output.0).ok_or_else(|| format!("the program did not get ready: {}", output.0).into())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Reads until the program and all its children have closed their output.
fn collect(mut source: impl Read, output: &Output) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = source.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..count]);
        *output.lock() = (String::from_utf8_lossy(&bytes).into_owned(), count == 0);
        output.changed.notify_all();
        if count == 0 {
            return;
        }
    }
}

/// A running portal, on a free port.
#[derive(Debug)]
pub struct Portal {
    /// Its port, on `localhost`.
    pub port: u16,
    /// Its process.
    pub program: Program,
}

/// One start at a time: two would build stale pages at once.
static STARTING: Mutex<()> = Mutex::new(());

impl Portal {
    /// Starts the portal's program with easy proofs and nothing kept, and waits until it answers.
    pub async fn ephemeral(program: &str, proof_counter: u32) -> Result<Self, Error> {
        Self::ephemeral_with(program, proof_counter, &[]).await
    }

    /// The same, with settings.
    pub async fn ephemeral_with(
        program: &str,
        proof_counter: u32,
        settings: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.arg("--ephemeral").env("SESAME_PROOF_COUNTER", proof_counter.to_string());
        command.envs(settings.iter().copied());
        tokio::task::spawn_blocking(|| Self::start(command)).await?
    }

    /// Starts the portal, as `command` describes it, and waits until it answers.
    pub fn start(mut command: Command) -> Result<Self, Error> {
        let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let program = Program::start(command.env("SESAME_PORT", "0"))?;
        let port = program.wait_for(READY_DELAY_MAX, port_of)?;
        Ok(Self { port, program })
    }
}

/// The port of the address that a portal prints when it is ready.
fn port_of(printed: &str) -> Option<u16> {
    let (before, _) = printed.split_once("Ready.")?;
    let (_, address) = before.split_once("http://localhost:")?;
    address.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    fn is_at_work(id: u32) -> bool {
        std::path::Path::new("/proc").join(id.to_string()).exists()
    }

    #[test]
    fn a_program_ends_with_its_value() {
        let program = shell("echo port 4711; exec sleep 600");
        let port = |printed: &str| printed.strip_prefix("port ")?.trim_end().parse::<u16>().ok();
        assert_eq!(program.wait_for(READY_DELAY_MAX, port).unwrap(), 4711);
        let id = program.id();
        assert!(is_at_work(id));
        drop(program);
        assert!(!is_at_work(id));
    }

    #[test]
    fn a_program_that_ends_before_it_is_ready_is_told_at_once_with_what_it_printed() {
        let waited = shell("echo error: no such folder >&2; exit 1").wait_for(READY_DELAY_MAX, port_of);
        assert!(waited.unwrap_err().to_string().ends_with("error: no such folder\n"));
        let missing = Program::start(&Command::new("/no/such/program")).unwrap();
        assert!(missing.wait_for(READY_DELAY_MAX, port_of).is_err());
    }

    #[test]
    fn the_port_is_known_once_the_portal_is_ready() {
        let banner = "Site     http://localhost:41234/\nMailbox  http://localhost:41234/mailbox\n";
        assert_eq!(port_of(banner), None);
        assert_eq!(port_of(&format!("{banner}Ready. Ctrl-C stops.\n")), Some(41234));
    }
}
