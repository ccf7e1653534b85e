//! What the chores need of the machine, installed when it is missing and said when it is.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// A program, and the Debian package that brings it.
pub struct Tool {
    /// What is run.
    pub program: &'static str,
    /// What is installed.
    pub package: &'static str,
}

/// The project, and the tools that its chores use.
pub struct Tools {
    /// The project's folder.
    pub root: PathBuf,
    /// What outlives a checkout: `SESAME_CACHE`, or `~/.cache/sesame`.
    pub cache: PathBuf,
}

/// What is installed of PyPI, each version pinned.
const PYTHON_TOOLS: &str = "infra/tests/requirements.txt";

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Tools {
    /// The project of this program.
    ///
    /// # Errors
    /// No folder for the tools.
    pub fn find() -> Result<Self, Error> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        Ok(Self { root, cache: cache()? })
    }

    /// Runs a program in the project's folder, with the tools of the cache first.
    ///
    /// # Errors
    /// What was run, and how it ended.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Outcome {
        succeed(self.command(program).args(arguments))
    }

    /// A program to be run in the project's folder, with the tools of the cache first.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.program(program));
        command.current_dir(&self.root).env("SESAME_CACHE", &self.cache);
        if let Ok(path) = self.path() {
            command.env("PATH", path);
        }
        command
    }

    /// The folder of the functions as they are deployed.
    #[must_use]
    pub fn built_functions(&self) -> PathBuf {
        self.target().join("lambda")
    }

    /// The portal's program, as the tests have built it.
    #[must_use]
    pub fn portal(&self) -> PathBuf {
        self.target().join("debug/sesame")
    }

    fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    /// Runs npm in the pages' folder.
    ///
    /// # Errors
    /// What was run, and how it ended.
    pub fn npm(&self, arguments: &[&str]) -> Outcome {
        succeed(Command::new("npm").args(arguments).current_dir(self.root.join("web")))
    }

    /// A program of the cache, or of the machine.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        let cached = self.folders().into_iter().map(|folder| folder.join(name)).find(|file| file.exists());
        cached.unwrap_or_else(|| name.into())
    }

    /// Installs the tools of PyPI into a virtual environment of the cache, when their list has changed.
    ///
    /// # Errors
    /// Python's own.
    pub fn python(&self) -> Outcome {
        let (wanted, venv) = (self.root.join(PYTHON_TOOLS), self.cache.join("venv"));
        let installed = venv.join("requirements.txt");
        let list = fs::read_to_string(&wanted)?;
        if fs::read_to_string(&installed).is_ok_and(|before| before == list) {
            return Ok(());
        }
        println!("Installing by pip, into {}:\n{list}", venv.display());
        install_packages(&[Tool { program: "python3", package: "python3-venv" }])?;
        // The machine's own: the one of the environment is about to go.
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", PYTHON_TOOLS];
        self.run(&venv.join("bin/python").to_string_lossy(), &pip)?;
        Ok(fs::write(installed, list)?)
    }

    /// Builds every function as it is deployed. Gives the name and the program of each.
    ///
    /// # Errors
    /// Cargo's own.
    pub fn functions(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        self.python()?;
        let mut names: Vec<String> = fs::read_dir(self.root.join("functions"))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()?;
        names.sort();
        println!("Building {} functions as they are deployed (some minutes)", names.len());
        let packages: Vec<&str> = names.iter().flat_map(|name| ["-p", name]).collect();
        self.run("cargo-lambda", &[&["lambda", "build", "--release"][..], &packages].concat())?;
        let built = self.built_functions();
        let bootstrap = |name: String| {
            let file = built.join(&name).join("bootstrap");
            (name, file)
        };
        Ok(names.into_iter().map(bootstrap).collect())
    }

    fn folders(&self) -> [PathBuf; 2] {
        [self.cache.join("bin"), self.cache.join("venv/bin")]
    }

    fn path(&self) -> Result<OsString, env::JoinPathsError> {
        let old = env::var_os("PATH").unwrap_or_default();
        env::join_paths(self.folders().into_iter().chain(env::split_paths(&old)))
    }
}

fn cache() -> Result<PathBuf, &'static str> {
    match (env::var_os("SESAME_CACHE"), env::var_os("HOME")) {
        (Some(cache), _) => Ok(cache.into()),
        (None, Some(home)) => Ok(Path::new(&home).join(".cache/sesame")),
        (None, None) => Err("set SESAME_CACHE or HOME to a folder for the tools"),
    }
}

/// Runs a command to its end.
///
/// # Errors
/// What was run, and how it ended.
pub fn succeed(command: &mut Command) -> Outcome {
    let line = format!("{} {}", command.get_program().to_string_lossy(), words(command));
    println!("$ {line}");
    let status = command.status().map_err(|error| format!("`{line}` cannot be run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}").into()) }
}

/// Installs the Debian packages whose programs are missing.
///
/// # Errors
/// What is to be installed by hand, where this cannot do it.
pub fn install_packages(tools: &[Tool]) -> Outcome {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !is_there(tool.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    println!("Installing by apt: {}", packages.join(", "));
    if !is_there("apt-get") {
        let programs: Vec<&str> = missing.iter().map(|tool| tool.program).collect();
        return Err(format!("install these programs, then try again: {}", programs.join(", ")).into());
    }
    let is_root = Command::new("id").arg("-u").output()?.stdout == b"0\n";
    let apt = |arguments: &[&str]| {
        let mut command = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
        if !is_root {
            command.arg("apt-get");
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        succeed(&mut command)
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"][..], &packages[..]].concat())
}

/// Installs a program of crates.io into the cache, unless it is there.
///
/// # Errors
/// Cargo's own.
pub fn install_crate(cache: &Path, name: &str, version: &str) -> Outcome {
    if cache.join("bin").join(name).exists() {
        return Ok(());
    }
    println!("Installing {name} {version} (some minutes, once)");
    let mut cargo = Command::new("cargo");
    cargo.args(["install", name, "--version", version, "--locked", "--quiet", "--root"]).arg(cache);
    // Built apart from the project, whose target folder has other flags.
    cargo.env("CARGO_TARGET_DIR", cache.join("tools-target"));
    succeed(&mut cargo)
}

/// Whether this is Debian 12, with every right.
#[must_use]
pub fn is_debian_as_root() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let id = Command::new("id").arg("-u").output().map(|output| output.stdout).unwrap_or_default();
    release.contains("VERSION_CODENAME=bookworm") && id == b"0\n"
}

fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn words(command: &Command) -> String {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
