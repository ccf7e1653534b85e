//! An artefact: functions, pages and templates in one folder, with their digests. What was tested is what is
//! deployed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde_json::{Value, json};
use sesame::functions::ALL;
use sha2::{Digest, Sha256};

use super::stack::Stack;
use super::{Error, text};
use crate::Outcome;
use crate::generate::logical;
use crate::tools::Tools;

/// The templates that are deployed.
const TEMPLATES: [&str; 8] = [
    "template.yaml",
    "site.yaml",
    "mail.yaml",
    "watch.yaml",
    "alarms.yaml",
    "backup.yaml",
    "edge.yaml",
    "outside.yaml",
];
const MANIFEST: &str = "manifest.json";

/// What is deployed.
#[derive(Debug)]
pub struct Artefact {
    pub folder: PathBuf,
    /// The tag of its commit, or the commit.
    pub version: String,
    architecture: String,
    /// By function: the SHA-256 of its zip in base 64, as Lambda states it.
    digests: BTreeMap<String, String>,
}

impl Artefact {
    /// Builds one: pages, functions for one architecture, templates.
    pub fn build(tools: &Tools, architecture: &str) -> Result<Self, Error> {
        let target = match architecture {
            "arm64" => "--arm64",
            "x86_64" => "--x86-64",
            other => return Err(format!("no architecture {other:?}: use arm64 or x86_64").into()),
        };
        tools.npm(&["ci", "--no-audit", "--no-fund"])?;
        tools.npm(&["run", "build"])?;
        tools.build_for_architecture(target)?;

        let built = tools.deployed_functions();
        let folder = built.with_file_name("artefact");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("functions"))?;
        let mut digests = BTreeMap::new();
        for function in ALL {
            let program = fs::read(built.join(function.name).join("bootstrap"))?;
            let zip = zipped(&program)?;
            digests.insert(function.name.to_owned(), digest(&zip));
            fs::write(folder.join("functions").join(format!("{}.zip", function.name)), zip)?;
            // The program beside its zip, for tests that run it.
            let beside = folder.join("functions").join(function.name);
            fs::create_dir(&beside)?;
            fs::copy(built.join(function.name).join("bootstrap"), beside.join("bootstrap"))?;
        }
        for template in TEMPLATES {
            fs::copy(tools.root.join("infra").join(template), folder.join(template))?;
        }
        copy(&tools.root.join("web/dist"), &folder.join("pages"))?;
        write_document(&folder.join("pages"))?;
        let artefact =
            Self { folder, version: version(tools)?, architecture: architecture.to_owned(), digests };
        artefact.write_down()?;
        Ok(artefact)
    }

    /// One that was built before.
    pub fn open(tools: &Tools, folder: PathBuf) -> Result<Self, Error> {
        let folder = if folder.is_absolute() { folder } else { tools.root.join(folder) };
        let manifest: Value = serde_json::from_str(&fs::read_to_string(folder.join(MANIFEST))?)?;
        let word =
            |name: &str| manifest[name].as_str().map(str::to_owned).ok_or("a manifest that says too little");
        let digests = serde_json::from_value(manifest["functions"].clone())?;
        Ok(Self { version: word("version")?, architecture: word("architecture")?, digests, folder })
    }

    fn write_down(&self) -> Outcome {
        let manifest =
            json!({"version": self.version, "architecture": self.architecture, "functions": self.digests});
        Ok(fs::write(self.folder.join(MANIFEST), serde_json::to_string_pretty(&manifest)? + "\n")?)
    }

    /// Whether it was built of files that no commit has.
    pub fn is_dirty(&self) -> bool {
        self.version.ends_with("-dirty")
    }

    /// The template, as it is written.
    pub fn template(&self) -> Result<String, Error> {
        Ok(fs::read_to_string(self.folder.join("template.yaml"))?)
    }

    /// The template whose code is in S3.
    pub fn packaged(&self) -> String {
        text(&self.folder.join("packaged.yaml"))
    }

    /// Checks that every function is there, with its digest, and built for that architecture.
    pub fn check(&self, architecture: &str) -> Outcome {
        if self.architecture != architecture {
            let built_for = &self.architecture;
            return Err(format!("built for {built_for}, and Architecture is {architecture}").into());
        }
        for function in ALL {
            let functions = self.folder.join("functions");
            let zip = fs::read(functions.join(format!("{}.zip", function.name)))?;
            if self.digests.get(function.name) != Some(&digest(&zip)) {
                return Err(format!("{} is not what was built", function.name).into());
            }
            let program = fs::read(functions.join(function.name).join("bootstrap"))?;
            if machine(&program) != Some(architecture) {
                return Err(format!("{} is no program for {architecture}", function.name).into());
            }
        }
        Ok(())
    }

    /// Checks that Lambda runs the digests of the artefact.
    pub fn compare(&self, stack: &Stack) -> Outcome {
        for function in ALL {
            let id = format!("{}Function", logical(function.name));
            let arguments = ["cloudformation", "describe-stack-resource", "--stack-name", &stack.name];
            let found = stack.aws(&[&arguments[..], &["--logical-resource-id", &id]].concat())?;
            let name = found["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap_or_default();
            let arguments =
                ["lambda", "get-function-configuration", "--qualifier", "live", "--function-name", name];
            let live = stack.aws(&arguments)?;
            if live["CodeSha256"].as_str() != self.digests.get(function.name).map(String::as_str) {
                return Err(format!("{name} does not run what was tested").into());
            }
        }
        Ok(())
    }
}

/// The API document is a file beside the pages: it changes with a deployment only.
fn write_document(pages: &Path) -> Outcome {
    let file = pages.join(sesame::openapi::PATH.trim_start_matches('/'));
    fs::create_dir_all(file.parent().ok_or("a document without a folder")?)?;
    Ok(fs::write(file, serde_json::to_string(&sesame::openapi::document())?)?)
}

/// The tag of the commit, or the commit; `-dirty` behind it where files were changed.
fn version(tools: &Tools) -> Result<String, Error> {
    let arguments = ["describe", "--tags", "--exact-match", "--dirty"];
    let tagged = tools.command("git").args(arguments).output()?;
    let named = if tagged.status.success() {
        tagged
    } else {
        tools
            .command("git")
            .args(["describe", "--always", "--exclude=*", "--dirty", "--abbrev=12"])
            .output()?
    };
    let version = String::from_utf8(named.stdout)?.trim().to_owned();
    if version.is_empty() { Err("git names no commit".into()) } else { Ok(version) }
}

/// The machine of an ELF header.
fn machine(program: &[u8]) -> Option<&'static str> {
    match (program.get(..4)?, program.get(18..20)?) {
        (b"\x7fELF", [62, 0]) => Some("x86_64"),
        (b"\x7fELF", [183, 0]) => Some("arm64"),
        _ => None,
    }
}

fn digest(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

/// A reproducible zip of one program, `bootstrap`.
fn zipped(program: &[u8]) -> Result<Vec<u8>, Error> {
    const NAME: &[u8] = b"bootstrap";
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(program)?;
    let deflated = encoder.finish()?;
    let mut crc = Crc::new();
    crc.update(program);
    let (size, packed) = (u32::try_from(program.len())?, u32::try_from(deflated.len())?);

    // Version 2.0, deflated, at the first moment that a zip knows (1980).
    let mut entry = Vec::new();
    for word in [20_u16, 0, 8, 0, 0x21] {
        entry.extend(word.to_le_bytes());
    }
    for word in [crc.sum(), packed, size] {
        entry.extend(word.to_le_bytes());
    }
    entry.extend(u16::try_from(NAME.len())?.to_le_bytes());
    entry.extend(0_u16.to_le_bytes());

    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend(&entry);
    zip.extend(NAME);
    zip.extend(&deflated);
    let directory = u32::try_from(zip.len())?;
    // Made on Unix, by version 2.0; no comment, first disk; a file that all may run.
    zip.extend(b"PK\x01\x02\x14\x03");
    zip.extend(&entry);
    zip.extend([0; 6]);
    zip.extend((0o100_755_u32 << 16).to_le_bytes());
    zip.extend(0_u32.to_le_bytes());
    zip.extend(NAME);
    let length = u32::try_from(zip.len())? - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(length.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0; 2]);
    Ok(zip)
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_machine_of_a_program() {
        let program = |machine: u8| [b"\x7fELF".as_slice(), &[0; 14], &[machine, 0]].concat();
        assert_eq!(machine(&program(62)), Some("x86_64"));
        assert_eq!(machine(&program(183)), Some("arm64"));
        assert_eq!(machine(&program(3)), None);
        assert_eq!(machine(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn the_same_program_makes_the_same_zip() {
        let program = b"\x7fELF and more".repeat(100);
        let zip = zipped(&program).unwrap();
        assert_eq!(zip, zipped(&program).unwrap());
        let packed = u32::from_le_bytes(zip[18..22].try_into().unwrap()) as usize;
        let mut unpacked = Vec::new();
        flate2::read::DeflateDecoder::new(&zip[39..39 + packed]).read_to_end(&mut unpacked).unwrap();
        assert_eq!((&zip[30..39], unpacked), (b"bootstrap".as_slice(), program));
    }

    #[test]
    fn every_template_that_is_nested_is_in_the_artefact() {
        let template = include_str!("../../../infra/template.yaml");
        let nested = template.lines().filter_map(|line| line.trim().strip_prefix("TemplateURL: "));
        for name in nested {
            assert!(TEMPLATES.contains(&name), "{name}");
        }
    }
}
