//! The three engines: their drivers, how they are started, their capabilities.

use std::time::Duration;

use serde_json::{Map, Value, json};
use testkit::program::Program;

use crate::processes::{free_port, program, scratch, start};

const GET_FIREFOX: &str =
    "apt-get install firefox-esr; cargo install geckodriver --locked --root ~/.cache/sesame";
const GET_CHROMIUM: &str = "apt-get install chromium chromium-driver";
const GET_WEBKIT: &str = "apt-get install webkit2gtk-driver xvfb";

/// How long a page may load, in milliseconds.
const PAGE_LOAD_MS_MAX: u32 = 60_000;
const SCREEN_DELAY_MAX: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
    WebKit,
}

/// How a person has set their browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub text_percent: u32,
    pub has_scripts: bool,
    /// Whether the browser stores anything for sites.
    pub has_storage: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { text_percent: 100, has_scripts: true, has_storage: true }
    }
}

impl Look {
    fn text_pixels(self) -> u32 {
        16 * self.text_percent / 100
    }
}

/// The engines of this run: `SESAME_ENGINES`, or all.
pub fn chosen() -> Vec<Engine> {
    let names = std::env::var("SESAME_ENGINES").unwrap_or_else(|_| "chromium,firefox,webkit".to_owned());
    names.split(',').map(|name| Engine::named(name.trim())).collect()
}

impl Engine {
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        }
    }

    fn named(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|engine| engine.name() == name)
            .unwrap_or_else(|| panic!("SESAME_ENGINES: no engine is named {name:?}"))
    }

    /// Starts its driver, and the screen that it needs, the driver first; gives the driver's port too.
    pub fn start_driver(self) -> (Vec<Program>, u16) {
        let port = free_port();
        let mut arguments = vec![format!("--port={port}")];
        let mut variables = vec![("LANG", "C.UTF-8".to_owned())];
        let mut screens = Vec::new();
        let program = match self {
            Self::Chromium => program(&["chromedriver"], GET_CHROMIUM),
            Self::Firefox => {
                arguments.push("--websocket-port=0".to_owned());
                program(&["geckodriver"], GET_FIREFOX)
            }
            Self::WebKit => {
                let (screen, display) = start_screen();
                screens.push(screen);
                variables.extend([
                    ("DISPLAY", display),
                    ("GDK_BACKEND", "x11".to_owned()),
                    ("NO_AT_BRIDGE", "1".to_owned()),
                    ("XDG_CONFIG_HOME", flat_theme()),
                    ("XDG_RUNTIME_DIR", scratch().to_string_lossy().into_owned()),
                ]);
                program(&["WebKitWebDriver"], GET_WEBKIT)
            }
        };
        let driver = start(&program, &arguments, &variables);
        (std::iter::once(driver).chain(screens).collect(), port)
    }

    /// The capabilities of a new session.
    pub fn capabilities(self, look: Look, profile: &str) -> Map<String, Value> {
        let capabilities = match self {
            Self::Chromium => chromium(look, profile),
            Self::Firefox => firefox(look),
            Self::WebKit => webkit(look),
        };
        let Value::Object(mut capabilities) = capabilities else { return Map::new() };
        capabilities.insert("timeouts".to_owned(), json!({"pageLoad": PAGE_LOAD_MS_MAX}));
        capabilities
    }
}

fn chromium(look: Look, profile: &str) -> Value {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
    ];
    let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    arguments.push(format!("--user-data-dir={profile}"));
    let mut preferences = json!({
        "webkit.webprefs.default_font_size": look.text_pixels(),
        "credentials_enable_service": false,
    });
    if !look.has_scripts {
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    if !look.has_storage {
        preferences["profile.default_content_setting_values.cookies"] = json!(2);
    }
    json!({
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {
            "binary": program(&["chromium", "chromium-browser", "google-chrome"], GET_CHROMIUM),
            "args": arguments,
            "prefs": preferences,
        },
    })
}

fn firefox(look: Look) -> Value {
    json!({
        "moz:firefoxOptions": {
            "binary": program(&["firefox-esr", "firefox"], GET_FIREFOX),
            "args": ["-headless"],
            "prefs": {
                "layout.css.prefers-color-scheme.content-override": 1,
                "font.size.variable.x-western": look.text_pixels(),
                "javascript.enabled": look.has_scripts,
                "browser.dom.window.dump.enabled": true,
                "devtools.console.stdout.content": true,
                "signon.rememberSignons": false,
            },
        },
    })
}

fn webkit(look: Look) -> Value {
    let mut arguments = vec!["--automation", "--javascript-can-open-windows-automatically=true"];
    if !look.has_scripts {
        arguments.push("--enable-javascript-markup=false");
    }
    json!({"webkitgtk:browserOptions": {"binary": minibrowser(), "args": arguments}})
}

/// WebKitGTK's own browser stands in the folder of its library.
fn minibrowser() -> String {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = folders
        .flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten())
        .filter(|folder| folder.file_name().to_string_lossy().starts_with("webkit2gtk-"))
        .map(|folder| folder.path().join("MiniBrowser"))
        .filter(|file| file.is_file());
    found.next().unwrap_or_else(|| panic!("no MiniBrowser: {GET_WEBKIT}")).to_string_lossy().into_owned()
}

/// A theme whose window frame takes no space: else the window would be wider than a phone.
fn flat_theme() -> String {
    let home = scratch().join("settings");
    let folder = home.join("gtk-3.0");
    std::fs::create_dir_all(&folder).unwrap();
    let styles = "window * { min-width: 0; min-height: 0; margin: 0; padding: 0; font-size: 1px; \
                  -gtk-icon-transform: scale(0.01); }";
    std::fs::write(folder.join("gtk.css"), styles).unwrap();
    home.to_string_lossy().into_owned()
}

/// A screen for a browser that has no headless mode. It has no window manager: the window under the
/// pointer, which rests in the middle, has the focus. One screen a browser, then.
fn start_screen() -> (Program, String) {
    let arguments = ["-displayfd", "1", "-screen", "0", "1280x1000x24", "-nolisten", "tcp"];
    let screen = start(&program(&["Xvfb"], GET_WEBKIT), &arguments.map(str::to_owned), &[]);
    let is_number = |line: &&str| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit());
    let number = screen.wait_for(SCREEN_DELAY_MAX, |printed| {
        let (lines, _) = printed.rsplit_once('\n')?;
        lines.lines().find(is_number).map(str::to_owned)
    });
    (screen, format!(":{}", number.unwrap()))
}
