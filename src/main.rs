//! `cargo run`: the whole of Sésame at http://localhost:8080, its mails at /mailbox.

use std::env;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;

use domain::succession::SUCCESSION_DAYS;
use domain::time::SignedDuration;
use platform::boot::{self, PROOF_COUNTER_DEFAULT};
use platform::telemetry;
use sesame::mailbox::receivers::Receivers;
use sesame::mailbox::smtp::Smtp;
use sesame::{OpenError, Options, Portal, server, site};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;

/// A request makes a thousand small allocations; mimalloc frees them in half the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
Usage: cargo run [-- --ephemeral]

  --ephemeral            keep nothing

  SESAME_PORT            8080       the port; 0 for any that is free
  SESAME_DATA            .sesame    the folder of the data
  SESAME_PROOF_COUNTER   1000       how hard a proof of work is
  SESAME_EXTRANET                   the address of the extranet that my space opens
  SESAME_SUCCESSION_DAYS 7          the window of a succession, in days; 0 to try one out
  SESAME_MAIL_RATE                  mails a second, at the most
  SESAME_RECEIVERS                  a file of rules: what becomes of mails, by domain or address
  SESAME_SMTP                       host:port of an SMTP server that mails are handed to
  SESAME_LOG             warn       `info` writes a line for each request
  SESAME_ALSO_LISTEN                one address more, for containers that use the emulators";

/// Nanoseconds of a second.
const NANOS: i64 = 1_000_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_ephemeral = match arguments.as_slice() {
        [] => false,
        [only] if only == "--ephemeral" => true,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(is_ephemeral) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(is_ephemeral: bool) -> Result<(), OpenError> {
    let level = setting("SESAME_LOG", Level::WARN, "`warn` or `info`")?;
    tracing::subscriber::set_global_default(telemetry::subscriber(io::stderr, level))?;
    let port: u16 = setting("SESAME_PORT", 8080, "a port number")?;
    let data = PathBuf::from(env::var("SESAME_DATA").unwrap_or_else(|_| ".sesame".to_owned()));
    let also = env::var("SESAME_ALSO_LISTEN").ok();
    let extranet = boot::extranet()?;
    let built = site::build(&site::sources())?;
    let proof_counter = setting("SESAME_PROOF_COUNTER", PROOF_COUNTER_DEFAULT, "a whole number")?;
    let mail_interval = match setting("SESAME_MAIL_RATE", 0_u32, "a whole number")? {
        0 => SignedDuration::ZERO,
        rate => SignedDuration::from_nanos(NANOS / i64::from(rate)),
    };
    let succession_days = setting("SESAME_SUCCESSION_DAYS", SUCCESSION_DAYS, "a whole number")?;
    let smtp = env::var("SESAME_SMTP").ok().map(|text| Smtp::parse(&text)).transpose()?;
    let receivers = receivers()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (port, listeners) = listen(port, also.as_deref()).await?;
        let address = format!("http://localhost:{port}");
        let options = Options {
            data: (!is_ephemeral).then_some(data),
            proof_counter,
            extranet,
            succession_days,
            mail_interval,
            receivers,
            smtp,
            ..Options::in_memory(&address)
        };
        let portal = Portal::open(&options)?;
        portal.add_agents().await?;
        println!("{}Ready. Ctrl-C stops.", server::addresses(&address));
        let settings = server::Settings { also, ..server::Settings::default() };
        server::serve(portal, &built, listeners, settings, stop_signal()?).await?;
        println!("Stopped.");
        Ok(())
    })
}

/// The rules of `SESAME_RECEIVERS`, a file.
fn receivers() -> Result<Receivers, OpenError> {
    let Ok(file) = env::var("SESAME_RECEIVERS") else { return Ok(Receivers::default()) };
    let text = std::fs::read_to_string(&file).map_err(|error| format!("SESAME_RECEIVERS={file}: {error}"))?;
    Receivers::parse(&text).map_err(|error| format!("{file}: {error}").into())
}

/// Listens on both addresses of `localhost`, since browsers choose either; IPv4 alone is enough. Port 0 is
/// any free one.
async fn listen(port: u16, also: Option<&str>) -> Result<(u16, Vec<TcpListener>), OpenError> {
    let v4 = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!("port {port} is taken: stop what uses it, or set SESAME_PORT to another")
        }
        _ => format!("port {port}: {error}"),
    })?;
    let port = v4.local_addr()?.port();
    let mut listeners = vec![v4];
    listeners.extend(TcpListener::bind(("::1", port)).await.ok());
    if let Some(address) = also {
        let listener = TcpListener::bind((address, port)).await;
        listeners.push(listener.map_err(|error| format!("SESAME_ALSO_LISTEN={address}: {error}"))?);
    }
    Ok((port, listeners))
}

fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn setting<T: std::str::FromStr>(name: &str, default: T, wanted: &str) -> Result<T, OpenError> {
    match env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name}={text}: set it to {wanted}").into()),
        Err(_) => Ok(default),
    }
}
