//! `cargo xtask sizes`: what each function weighs, as it is uploaded.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use crate::Outcome;
use crate::tools::{Tools, given_functions};

/// The largest zip of a function, in bytes.
const ZIP_BYTES_MAX: u64 = 4_000_000;

/// Builds every function for Lambda and prints the size of each; an error when one is too large.
pub fn sizes() -> Outcome {
    weigh(&Tools::find()?.functions()?)
}

/// The same of functions that were given. Else builds them for tests, and weighs the heaviest alone: it is
/// built as it is deployed, and takes its place among those that are tested.
pub fn of_tested(tools: &Tools) -> Outcome {
    if given_functions().is_some() {
        return sizes();
    }
    let functions = tools.build_for_tests()?;
    let bytes = |program: &PathBuf| fs::metadata(program).map(|file| file.len()).unwrap_or(0);
    let heaviest = functions.iter().max_by_key(|(_, program)| bytes(program));
    let (name, program) = heaviest.ok_or("no functions")?;
    let deployed = tools.build_one_for_lambda(name)?;
    weigh(&[(name, deployed.clone())])?;
    fs::copy(deployed, program)?;
    Ok(())
}

/// Prints the size of each; an error when one is too large.
fn weigh(functions: &[(&str, PathBuf)]) -> Outcome {
    let mut too_large = Vec::new();
    println!("{:<16} {:>12} {:>12}", "function", "binary", "zip");
    for (name, bootstrap) in functions {
        let zipped = zip_bytes(bootstrap)?;
        println!("{name:<16} {:>12} {zipped:>12}", fs::metadata(bootstrap)?.len());
        if zipped > ZIP_BYTES_MAX {
            too_large.push(*name);
        }
    }
    if too_large.is_empty() {
        Ok(())
    } else {
        Err(format!("over {ZIP_BYTES_MAX} bytes zipped: {}", too_large.join(", ")).into())
    }
}

/// The size of a zip of one file: deflated, with a header.
fn zip_bytes(file: &PathBuf) -> io::Result<u64> {
    let mut encoder = flate2::write::DeflateEncoder::new(Counter(0), flate2::Compression::default());
    io::copy(&mut File::open(file)?, &mut encoder)?;
    Ok(encoder.finish()?.0)
}

/// A writer that counts bytes.
struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
