//! `cargo xtask pictures`: the home page, for the README.

pub mod architecture;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use sesame::server::{self, Settings};
use sesame::{Options, Portal, site};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Outcome;
use crate::tools::Tools;

/// The largest picture, in bytes: the README is read on phones.
const PICTURE_BYTES_MAX: u64 = 150_000;
/// Width and height of the window, in pixels.
const WINDOW: &str = "--window-size=1280,1000";

/// Writes `docs/pictures/home.png`. The architecture is written by `generate`.
pub fn write() -> Outcome {
    let home = Tools::find()?.root.join("docs/pictures/home.png");
    tokio::runtime::Runtime::new()?.block_on(photograph(&home))?;
    let bytes = fs::metadata(&home)?.len();
    if bytes > PICTURE_BYTES_MAX {
        return Err(format!("{} has {bytes} bytes, over {PICTURE_BYTES_MAX}", home.display()).into());
    }
    println!("docs/pictures/home.png ({bytes} bytes)");
    Ok(())
}

/// Serves a portal that keeps nothing on a free port, and has Chromium write its home page to `file`.
async fn photograph(file: &Path) -> Outcome {
    let built = site::build(&site::sources())?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    let portal = Portal::open(&Options::in_memory(&address))?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = server::serve(portal, &built, vec![listener], Settings::default(), async {
        let _ = stopped.await;
    });
    let file = file.to_owned();
    let shooting = tokio::task::spawn_blocking(move || {
        let shot = screenshot(&address, &file);
        drop(stop);
        shot
    });
    serving.await?;
    shooting.await?
}

fn screenshot(address: &str, file: &Path) -> Outcome {
    let status = Command::new("chromium")
        .args([
            "--headless=new",
            "--no-sandbox",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            WINDOW,
        ])
        .arg(format!("--screenshot={}", file.display()))
        .arg(address)
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("chromium: {error}; `cargo xtask test` installs it"))?;
    if status.success() { Ok(()) } else { Err(format!("chromium ended with {status}").into()) }
}
