//! One program for all targets, for libFuzzer: `SESAME_FUZZ_TARGET` names the one that it runs.
#![no_main]

use std::env;
use std::sync::LazyLock;

use fuzz::Target;

/// The program ends when the variable names no target.
static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let wanted = env::var("SESAME_FUZZ_TARGET").unwrap_or_default();
    let target = fuzz::targets().into_iter().find(|target| target.name == wanted);
    target.unwrap_or_else(|| {
        eprintln!("SESAME_FUZZ_TARGET={wanted}: no such target");
        std::process::exit(2)
    })
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.run(input));
