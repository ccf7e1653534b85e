//! A WebDriver client in a person's terms: go, type, click, look. Every wait has a timeout.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use testkit::program::Program;
use tokio::runtime::{self, Runtime};

use crate::engines::{Engine, Look};
use crate::http;
use crate::processes::{POLL, beside, scratch};

/// Timeout of every wait, on a loaded machine.
const DELAY_MAX: Duration = Duration::from_secs(60);
const START_DELAY_MAX: Duration = Duration::from_secs(180);

/// Whether an element that `arguments[0]` selects can be seen.
const IS_SEEN: &str = "
    return [...document.querySelectorAll(arguments[0])].some((element) =>
        element.getClientRects().length > 0 && getComputedStyle(element).visibility === 'visible')";
const IS_READY: &str = "
    const element = document.querySelector(arguments[0]);
    return Boolean(element) && !element.disabled && element.getClientRects().length > 0
        && getComputedStyle(element).visibility === 'visible';";
const TEXT: &str = "
    const element = document.querySelector(arguments[0]);
    return element ? element.textContent.replace(/\\s+/g, ' ').trim() : '';";
/// Resolves in the second frame from now, when the first is painted.
const PAINTED: &str = "
    const done = arguments[arguments.length - 1];
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));";

/// Clears what a site has stored, but for cookies.
const CLEAR_STORAGE: &str = "localStorage.clear(); sessionStorage.clear(); return true";

/// Browsers whose story is over, each for the next of its engine: a start takes more processor time than most
/// stories. They end with this process.
static IDLE: Mutex<Vec<Browser>> = Mutex::new(Vec::new());
/// What their connections live on: a test's own runtime ends with the test.
static CONNECTIONS: LazyLock<Runtime> =
    LazyLock::new(|| runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

#[derive(Debug)]
pub struct Browser {
    pub engine: Engine,
    pub client: Client,
    look: Look,
    /// Its driver, and the screen if it has one.
    processes: Vec<Program>,
    driver_port: u16,
    site: String,
    /// Lines that the driver had printed when this story began.
    printed_before: usize,
}

impl Browser {
    /// A browser that knows nothing of the site: a new one, or one that has told another story. Each site has
    /// a port of its own: what another has stored or cached is never its.
    pub async fn open(engine: Engine, look: Look, site_port: u16) -> Self {
        let site = format!("http://localhost:{site_port}");
        let idle = {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            let rank = idle.iter().position(|browser| browser.engine == engine && browser.look == look);
            rank.map(|rank| idle.swap_remove(rank))
        };
        let browser = match idle {
            Some(browser) => browser.again(site).await,
            None => Self::start(engine, look, site).await,
        };
        browser.size(1280, 900).await;
        browser
    }

    /// For another story: what the last page said while it was left is not this one's.
    async fn again(self, site: String) -> Self {
        if self.engine == Engine::Chromium {
            self.console().await;
        }
        Self { printed_before: self.processes[0].printed().matches('\n').count(), site, ..self }
    }

    async fn start(engine: Engine, look: Look, site: String) -> Self {
        let (processes, driver_port) = beside(move || engine.start_driver()).await;
        let profile = scratch().join(format!("profile-{driver_port}"));
        let capabilities = engine.capabilities(look, &profile.to_string_lossy());
        let start = Instant::now();
        while http::ask(driver_port, "GET", "/status", "").await.is_err() {
            assert!(start.elapsed() < DELAY_MAX, "{engine:?}'s driver: {}", processes[0].printed());
            tokio::time::sleep(POLL).await;
        }
        let address = format!("http://127.0.0.1:{driver_port}");
        let connecting = CONNECTIONS.spawn(async move {
            ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&address).await
        });
        let client = tokio::time::timeout(START_DELAY_MAX, connecting)
            .await
            .unwrap_or_else(|_| panic!("{engine:?} does not start: {}", processes[0].printed()))
            .unwrap()
            .unwrap_or_else(|error| panic!("{engine:?} did not start: {error}\n{}", processes[0].printed()));
        let browser = Self { engine, client, look, processes, driver_port, site, printed_before: 0 };
        if engine != Engine::Chromium {
            browser.leave_toolbars().await;
        }
        browser
    }

    /// A window with toolbars cannot be as narrow as a phone: one without them takes its place.
    async fn leave_toolbars(&self) {
        let features = "popup,toolbar=no,location=no,menubar=no,status=no,width=640,height=480";
        self.client.execute("window.open('', '', arguments[0])", vec![json!(features)]).await.unwrap();
        let start = Instant::now();
        let mut windows = self.client.windows().await.unwrap();
        while windows.len() < 2 {
            assert!(start.elapsed() < DELAY_MAX, "{:?} opened no window", self.engine);
            tokio::time::sleep(POLL).await;
            windows = self.client.windows().await.unwrap();
        }
        let first = self.client.window().await.unwrap();
        self.client.close_window().await.unwrap();
        windows.retain(|window| *window != first);
        self.client.switch_to_window(windows.remove(0)).await.unwrap();
    }

    /// Ends the story. A browser with one window, which has cleared what the site stored, is for the next.
    pub async fn close(self) {
        if self.clear().await.is_ok_and(|is_fresh| is_fresh) {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(self);
            return;
        }
        let closed = self.client.clone().close().await;
        assert!(closed.is_ok(), "{:?} did not end: {closed:?}", self.engine);
    }

    async fn clear(&self) -> Result<bool, CmdError> {
        if self.look != Look::default() || self.client.windows().await?.len() != 1 {
            return Ok(false);
        }
        self.delete_cookies().await?;
        self.client.execute(CLEAR_STORAGE, vec![]).await?;
        self.client.release_actions().await?;
        self.client.goto("about:blank").await?;
        Ok(true)
    }

    /// The site's cookies are gone, also for the next request of the page. WebKitGTK answers before it has
    /// deleted them: a form that was sent at once was still logged in.
    pub async fn forget_cookies(&self) {
        self.delete_cookies().await.unwrap();
    }

    async fn delete_cookies(&self) -> Result<(), CmdError> {
        self.client.delete_all_cookies().await?;
        let start = Instant::now();
        while !self.client.get_all_cookies().await?.is_empty() {
            assert!(start.elapsed() < DELAY_MAX, "{:?} keeps its cookies", self.engine);
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Opens a page of the site.
    pub async fn go(&self, path: &str) {
        let address = format!("{}{path}", self.site);
        if path.contains('#') {
            // Without it, another fragment of the same page is no navigation.
            self.client.goto("about:blank").await.unwrap();
        }
        let mut gone = self.client.goto(&address).await;
        if gone.as_ref().is_err_and(|error| error.to_string().contains("timed out")) {
            // Firefox now and then never ends its first navigation, without asking for anything.
            gone = self.client.goto(&address).await;
        }
        gone.unwrap_or_else(|error| panic!("{:?} at {address}: {error}", self.engine));
    }

    /// Opens a page from this machine's disk.
    pub async fn open_file(&self, file: &Path) {
        self.client.goto(&format!("file://{}", file.display())).await.unwrap();
    }

    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// The path and fragment of the page.
    pub async fn place(&self) -> String {
        let address = self.client.current_url().await.unwrap().to_string();
        address.strip_prefix(&self.site).unwrap_or(&address).to_owned()
    }

    /// Runs a script in the page; null while the page is being replaced.
    pub async fn run(&self, script: &str, arguments: Value) -> Value {
        let Value::Array(arguments) = arguments else { panic!("arguments are an array") };
        self.client.execute(script, arguments).await.unwrap_or(Value::Null)
    }

    /// Waits until the script answers `true`.
    pub async fn until(&self, what: &str, script: &str, arguments: Value) {
        let start = Instant::now();
        while self.run(script, arguments.clone()).await != Value::Bool(true) {
            if start.elapsed() > DELAY_MAX {
                self.fail(&format!("waited in vain: {what}")).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Panics with what the person would see.
    async fn fail(&self, what: &str) -> ! {
        let picture = scratch().join(format!("failure-{}.png", self.driver_port));
        if let Ok(png) = self.client.screenshot().await {
            let _ = std::fs::write(&picture, png);
        }
        let text = self.run("return document.body.innerText", json!([])).await;
        let place = self.place().await;
        panic!(
            "{what}, in {:?} at {place} ({})\n{}",
            self.engine,
            picture.display(),
            text.as_str().unwrap_or("")
        );
    }

    pub async fn sees(&self, css: &str) {
        self.until(&format!("{css} is seen"), IS_SEEN, json!([css])).await;
    }

    pub async fn sees_not(&self, css: &str) {
        let script = IS_SEEN.replace("return ", "return !");
        self.until(&format!("{css} is gone"), &script, json!([css])).await;
    }

    /// The text of an element that is there, with plain single spaces.
    pub async fn text(&self, css: &str) -> String {
        self.run(TEXT, json!([css])).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the element has a text that contains `part`.
    pub async fn reads(&self, css: &str, part: &str) {
        let script = TEXT.replace(".trim() : ''", ".includes(arguments[1]) : false");
        self.until(&format!("{css} says {part:?}"), &script, json!([css, part])).await;
    }

    pub async fn value(&self, css: &str) -> String {
        let value = self.run("return document.querySelector(arguments[0]).value", json!([css])).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// The element, once a person could use it.
    pub async fn ready(&self, css: &str) -> Element {
        self.until(&format!("{css} can be used"), IS_READY, json!([css])).await;
        match self.client.find(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => self.fail(&format!("{css}: {error}")).await,
        }
    }

    /// Acts on an element once it is usable; retries when the page re-rendered meanwhile.
    async fn act(&self, css: &str, act: impl AsyncFn(&Element) -> Result<(), CmdError>) {
        let start = Instant::now();
        while let Err(error) = act(&self.ready(css).await).await {
            if start.elapsed() > DELAY_MAX {
                self.fail(&format!("{css}: {error}")).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Types into a field, in place of what stands there.
    pub async fn fill(&self, css: &str, text: &str) {
        self.act(css, async |field| {
            field.clear().await?;
            field.send_keys(text).await
        })
        .await;
    }

    /// Chooses files of this machine.
    pub async fn choose(&self, css: &str, files: &[PathBuf]) {
        let paths: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
        self.act(css, async |field| field.send_keys(&paths.join("\n")).await).await;
    }

    /// Types into the fields of those names.
    pub async fn fill_all(&self, form: &str, fields: &[(&str, &str)]) {
        for (name, text) in fields {
            self.fill(&format!("{form} #{name}"), text).await;
        }
    }

    pub async fn click(&self, css: &str) {
        self.act(css, async |element| element.click().await).await;
    }

    /// Ticks a box unless it is ticked: a page restores its forms.
    pub async fn tick(&self, css: &str) {
        self.act(
            css,
            async |element| if element.is_selected().await? { Ok(()) } else { element.click().await },
        )
        .await;
    }

    /// Sends a form by its button, once its script is ready.
    pub async fn submit(&self, form: &str) {
        self.click(&format!("{form} [type=submit]")).await;
    }

    /// The page is that wide and high, in its own pixels.
    pub async fn size(&self, width: u32, height: u32) {
        if self.engine == Engine::Chromium {
            let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
            self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
            return;
        }
        self.client.set_window_size(width, height).await.unwrap();
        // What the browser puts around the page is known once it has a size.
        let outside = "return [outerWidth - innerWidth, outerHeight - innerHeight]";
        let outside = self.run(outside, json!([])).await;
        let frame = |rank: usize| u32::try_from(outside[rank].as_u64().unwrap_or(0)).unwrap_or(0);
        self.client.set_window_size(width + frame(0), height + frame(1)).await.unwrap();
    }

    /// A picture of the page as it is once it has been painted: after a change of size that takes a while.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.execute_async(PAINTED, vec![]).await.unwrap();
        self.client.screenshot().await.unwrap()
    }

    /// Whether the person prefers `light` or `dark`. In Chromium.
    pub async fn prefers(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// A command of Chromium's developer tools.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.drive("/goog/cdp/execute", &json!({"cmd": command, "params": parameters})).await
    }

    /// A command that only this driver knows.
    async fn drive(&self, command: &str, body: &Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let path = format!("/session/{session}{command}");
        let answer = http::ask(self.driver_port, "POST", &path, &body.to_string()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer["value"]["error"].is_null(), "{command}: {answer}");
        answer["value"].clone()
    }

    /// Console messages, exceptions and failed requests. Leaves out Chromium's lines for the API's own
    /// refusals, for requests that are retried, and for the icon, which it asks for when it likes, also while
    /// a story has cut the network.
    pub async fn complaints(&self) -> Vec<String> {
        match self.engine {
            Engine::Chromium => self.console().await,
            Engine::Firefox => {
                // Messages of the browser's own parts begin with their names.
                let marks =
                    ["JavaScript error: http", "console.error: \"", "console.error: (", "console.warn: \""];
                // Its compatibility list says which of its parts no site of ours needs.
                let own = ["\"resource://", "\"chrome://", "\"un-needed interventions\""];
                let is_own = |line: &str| own.iter().any(|mark| line.contains(mark));
                let is_complaint =
                    |line: &&str| marks.iter().any(|mark| line.contains(mark)) && !is_own(line);
                let printed = self.processes[0].printed();
                printed.lines().skip(self.printed_before).filter(is_complaint).map(str::to_owned).collect()
            }
            // WebKit gives a driver no console: the proxy injects a listener.
            Engine::WebKit => Vec::new(),
        }
    }

    async fn console(&self) -> Vec<String> {
        let entries = self.drive("/se/log", &json!({"type": "browser"})).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        let counted =
            entries.iter().filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        let failed = "Failed to load resource";
        let left_out = [
            ("/api/", failed),
            ("/assets/proof", failed),
            ("/assets/rules", failed),
            ("/assets/icon.", "net::ERR_EMPTY_RESPONSE"),
        ];
        let is_left_out = |message: &String| {
            left_out.iter().any(|(address, what)| message.contains(address) && message.contains(what))
        };
        counted.map(|entry| entry["message"].to_string()).filter(|message| !is_left_out(message)).collect()
    }
}
