//! The three engines: where they are, how they are started, what they are told at their start.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::processes::{Process, free_port, program, scratch};

const GET_FIREFOX: &str =
    "apt-get install firefox-esr; cargo install geckodriver --locked --root ~/.cache/sesame";
const GET_CHROMIUM: &str = "apt-get install chromium chromium-driver";
const GET_WEBKIT: &str = "apt-get install webkit2gtk-driver xvfb";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
    WebKit,
}

/// How a person has set their browser.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub is_dark: bool,
    pub text_percent: u32,
    /// Device pixels for one of the page's.
    pub scale: u32,
    pub has_scripts: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { is_dark: false, text_percent: 100, scale: 1, has_scripts: true }
    }
}

impl Look {
    pub fn dark() -> Self {
        Self { is_dark: true, ..Self::default() }
    }

    fn text_pixels(self) -> u32 {
        16 * self.text_percent / 100
    }
}

/// The engines that this run is about: those of `SESAME_ENGINES`, or all.
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

    /// Starts its driver; gives the port too.
    pub fn start_driver(self, look: Look) -> (Process, u16) {
        let port = free_port();
        let (program, mut arguments) = match self {
            Self::Chromium => (program(&["chromedriver"], GET_CHROMIUM), vec![]),
            Self::Firefox => (program(&["geckodriver"], GET_FIREFOX), vec!["--websocket-port=0".to_owned()]),
            Self::WebKit => (program(&["WebKitWebDriver"], GET_WEBKIT), vec![]),
        };
        arguments.push(format!("--port={port}"));
        let mut variables = vec![("LANG", "C.UTF-8".to_owned())];
        if self == Self::WebKit {
            variables.extend([
                ("DISPLAY", display().to_owned()),
                ("GDK_BACKEND", "x11".to_owned()),
                ("GDK_SCALE", look.scale.to_string()),
                ("NO_AT_BRIDGE", "1".to_owned()),
                ("XDG_RUNTIME_DIR", scratch().to_string_lossy().into_owned()),
            ]);
        }
        (Process::start(self.name(), &program, &arguments, &variables), port)
    }

    /// What a new session is asked to be.
    pub fn capabilities(self, look: Look, profile: &str) -> Map<String, Value> {
        let capabilities = match self {
            Self::Chromium => chromium(look, profile),
            Self::Firefox => firefox(look),
            Self::WebKit => webkit(look),
        };
        match capabilities {
            Value::Object(map) => map,
            _ => Map::new(),
        }
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
                "layout.css.prefers-color-scheme.content-override": i32::from(!look.is_dark),
                "layout.css.devPixelsPerPx": look.scale.to_string(),
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
    let browser = std::env::var("SESAME_MINIBROWSER").ok().unwrap_or_else(minibrowser);
    let mut arguments = vec!["--automation", "--enable-write-console-messages-to-stdout=true"];
    if look.is_dark {
        arguments.push("--dark-mode");
    }
    if !look.has_scripts {
        arguments.push("--enable-javascript-markup=false");
    }
    json!({"webkitgtk:browserOptions": {"binary": browser, "args": arguments}})
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

/// The screen that browsers without a headless mode are shown on; it lasts as long as the tests.
fn display() -> &'static str {
    static SCREEN: OnceLock<(Child, String)> = OnceLock::new();
    let (_, name) = SCREEN.get_or_init(|| {
        let keeper =
            r#"Xvfb -displayfd 1 -screen 0 1600x6000x24 -nolisten tcp 2>/dev/null & cat >/dev/null; kill $!"#;
        let _ = program(&["Xvfb"], GET_WEBKIT);
        let mut child = Command::new("sh")
            .args(["-c", keeper])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut number = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut number).unwrap();
        assert!(!number.trim().is_empty(), "Xvfb gave no display");
        (child, format!(":{}", number.trim()))
    });
    name
}
