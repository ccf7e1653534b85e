//! The tools of the chores, installed when they are missing.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sesame::functions::ALL;

use crate::{Error, Outcome};

/// A program, and the Debian package that brings it.
pub struct Tool {
    pub program: &'static str,
    pub package: &'static str,
}

/// The project, and the tools that its chores use.
pub struct Tools {
    /// The project's folder.
    pub root: PathBuf,
    /// The cache: `SESAME_CACHE`, or `~/.cache/sesame`.
    cache: PathBuf,
}

/// Packages of PyPI in a virtual environment of the cache.
pub struct Packages {
    environment: &'static str,
    /// The pinned list, in the project.
    list: &'static str,
}

/// What tests and deploys the template.
pub const INFRA: Packages = Packages { environment: "venv", list: "infra/tests/requirements.txt" };
/// What holds the portal to its API document.
pub const SCHEMATHESIS: Packages =
    Packages { environment: "schemathesis", list: "tests/schemathesis/requirements.txt" };

/// What functions are measured beside.
pub const PEERS: Packages = Packages { environment: "peers", list: "bench/peers/python/requirements.txt" };

/// The browsers, and the screen of the one that has no headless mode.
pub const BROWSERS: [Tool; 4] = [
    Tool { program: "chromium", package: "chromium" },
    Tool { program: "firefox-esr", package: "firefox-esr" },
    Tool { program: "WebKitWebDriver", package: "webkit2gtk-driver" },
    Tool { program: "Xvfb", package: "xvfb" },
];

/// Build flags of programs of crates.io: a quick build, since they run for seconds.
const CRATE_PROFILE: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
];

impl Tools {
    pub fn find() -> Result<Self, Error> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let cache = match (env::var_os("SESAME_CACHE"), env::var_os("HOME")) {
            (Some(cache), _) => cache.into(),
            (None, Some(home)) => Path::new(&home).join(".cache/sesame"),
            (None, None) => return Err("set SESAME_CACHE or HOME to a folder for the tools".into()),
        };
        Ok(Self { root, cache })
    }

    /// Runs a program as [`command`](Self::command) makes it.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Outcome {
        succeed(self.command(program).args(arguments))
    }

    /// A [`program`](Self::program) in the project's folder, which finds those of the cache too.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.program(program));
        command.current_dir(&self.root).env("SESAME_CACHE", &self.cache);
        if let Ok(path) = self.path() {
            command.env("PATH", path);
        }
        command
    }

    /// The functions as tests run them, a folder each: those that were given, or what
    /// [`build_for_tests`](Self::build_for_tests) has built.
    pub fn tested_functions(&self) -> PathBuf {
        given_functions().unwrap_or_else(|| self.target().join("lambda-quick"))
    }

    /// The functions as they are deployed, a folder each.
    pub fn deployed_functions(&self) -> PathBuf {
        given_functions().unwrap_or_else(|| self.target().join("lambda"))
    }

    /// The portal's program, as the tests have built it.
    pub fn portal(&self) -> PathBuf {
        self.target().join("debug/sesame")
    }

    pub fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    /// Runs npm in the pages' folder.
    pub fn npm(&self, arguments: &[&str]) -> Outcome {
        self.npm_in("web", arguments)
    }

    /// Runs npm in a folder of the project.
    pub fn npm_in(&self, folder: &str, arguments: &[&str]) -> Outcome {
        succeed(Command::new("npm").args(arguments).current_dir(self.root.join(folder)))
    }

    /// Installs packages of PyPI, when their list has changed.
    pub fn python(&self, packages: &Packages) -> Outcome {
        let environment = self.cache.join(packages.environment);
        let installed = environment.join("requirements.txt");
        let list = fs::read_to_string(self.root.join(packages.list))?;
        if fs::read_to_string(&installed).is_ok_and(|before| before == list) {
            return Ok(());
        }
        println!("Installing by pip, into {}:\n{list}", environment.display());
        install_packages(&[Tool { program: "python3", package: "python3-venv" }])?;
        // The system's Python: that of the virtual environment is about to be deleted.
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", packages.list];
        self.run(&environment.join("bin/python").to_string_lossy(), &pip)?;
        Ok(fs::write(installed, list)?)
    }

    /// Installs a program of crates.io into the cache, unless that version is there.
    pub fn install_crate(&self, name: &str, version: &str) -> Outcome {
        let installed = fs::read_to_string(self.cache.join(".crates.toml")).unwrap_or_default();
        if installed.contains(&format!("\"{name} {version} ")) {
            return Ok(());
        }
        println!("Installing {name} {version} (some minutes, once)");
        let mut cargo = Command::new("cargo");
        cargo.args(["install", name, "--version", version, "--locked", "--quiet", "--root"]).arg(&self.cache);
        // A target folder of its own: the project's profiles differ.
        cargo.env("CARGO_TARGET_DIR", self.cache.join("tools-target")).envs(CRATE_PROFILE);
        succeed(&mut cargo)
    }

    /// Builds every function as it is deployed, unless they were given. Gives the name and the program of
    /// each.
    pub fn functions(&self) -> Result<Vec<(&'static str, PathBuf)>, Error> {
        if given_functions().is_none() {
            self.build_for_lambda(&names_of_functions())?;
        }
        Ok(programs(&self.deployed_functions()))
    }

    /// Builds every function for tests of its answers: as it is deployed, but linked without LTO, which takes
    /// a tenth of the time. Gives the name and the program of each.
    pub fn build_for_tests(&self) -> Result<Vec<(&'static str, PathBuf)>, Error> {
        println!("Building {} for tests", names_of_functions().join(", "));
        let folder = self.tested_functions();
        let options = ["--profile", "quick", "--lambda-dir", &folder.to_string_lossy()];
        self.lambda_build(&options, &names_of_functions())?;
        Ok(programs(&folder))
    }

    /// Builds packages as functions are deployed. Gives the folder in which each has one.
    pub fn build_for_lambda(&self, names: &[&str]) -> Result<PathBuf, Error> {
        println!("Building {} as functions are deployed (some minutes)", names.join(", "));
        self.lambda_build(&["--release"], names)?;
        Ok(self.target().join("lambda"))
    }

    /// Builds one function as it is deployed: with the features of all. Gives its program.
    pub fn build_one_for_lambda(&self, name: &str) -> Result<PathBuf, Error> {
        println!("Building {name} as functions are deployed");
        self.lambda_build(&["--release", "--bin", name], &names_of_functions())?;
        Ok(self.target().join("lambda").join(name).join("bootstrap"))
    }

    fn lambda_build(&self, options: &[&str], names: &[&str]) -> Outcome {
        self.python(&INFRA)?;
        let packages: Vec<&str> = names.iter().flat_map(|name| ["-p", name]).collect();
        self.run("cargo-lambda", &[&["lambda", "build"][..], options, &packages].concat())
    }

    /// Builds every function for that architecture of Lambda.
    pub fn build_for_architecture(&self, option: &str) -> Outcome {
        self.lambda_build(&["--release", option], &names_of_functions())
    }

    /// A program of the cache, or else of the machine.
    pub fn program(&self, name: &str) -> PathBuf {
        let cached = self.folders().into_iter().map(|folder| folder.join(name)).find(|file| file.exists());
        cached.unwrap_or_else(|| name.into())
    }

    /// The Python of an installed environment.
    pub fn python_of(&self, packages: &Packages) -> PathBuf {
        self.cache.join(packages.environment).join("bin/python")
    }

    fn folders(&self) -> [PathBuf; 3] {
        let environment = |packages: &Packages| self.cache.join(packages.environment).join("bin");
        [self.cache.join("bin"), environment(&INFRA), environment(&SCHEMATHESIS)]
    }

    fn path(&self) -> Result<OsString, env::JoinPathsError> {
        let old = env::var_os("PATH").unwrap_or_default();
        env::join_paths(self.folders().into_iter().chain(env::split_paths(&old)))
    }
}

/// Functions that were built before, such as those of an artefact: what is tested is what is deployed.
pub fn given_functions() -> Option<PathBuf> {
    env::var_os("SESAME_FUNCTIONS").map(PathBuf::from)
}

fn names_of_functions() -> Vec<&'static str> {
    ALL.iter().map(|function| function.name).collect()
}

fn programs(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    ALL.iter().map(|function| (function.name, folder.join(function.name).join("bootstrap"))).collect()
}

/// Runs a command to its end.
pub fn succeed(command: &mut Command) -> Outcome {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    let line = words.join(" ");
    println!("$ {line}");
    let status = command.status().map_err(|error| format!("`{line}` cannot be run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}").into()) }
}

/// Installs the Debian packages whose programs are missing; says what to install where it cannot.
pub fn install_packages(tools: &[Tool]) -> Outcome {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !is_there(tool.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_there("apt-get") {
        let programs: Vec<&str> = missing.iter().map(|tool| tool.program).collect();
        return Err(format!("install these programs, then try again: {}", programs.join(", ")).into());
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    println!("Installing by apt: {}", packages.join(", "));
    let as_root: &[&str] = if is_root() { &[] } else { &["sudo"] };
    let apt = |arguments: &[&str]| {
        let words = [as_root, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"], arguments].concat();
        succeed(Command::new(words[0]).args(&words[1..]))
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"][..], &packages].concat())
}

/// Whether this is Debian 12, with every right.
pub fn is_debian_as_root() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.contains("VERSION_CODENAME=bookworm") && is_root()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).exists())
}
