//! Every target over its seeds, what was found, and mutations of these: the same inputs on every run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use fuzz::{Target, corpus, targets};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngSeed, TestError, TestRunner};

const SEED: u64 = 20_261_126;
/// Changes of one input.
const EDITS_MAX: usize = 4;
/// Bytes that a change takes away.
const CUT_BYTES_MAX: usize = 12;
/// Bytes that it puts in their place, unless it puts a word there.
const NOISE_BYTES_MAX: usize = 4;

/// Inputs with some of their bytes cut out, and words or noise put in.
fn mutated(inputs: Vec<Vec<u8>>, bytes_max: usize) -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<Vec<u8>> = corpus::words().into_iter().map(String::into_bytes).collect();
    let piece = prop_oneof![select(words), vec(any::<u8>(), 0..=NOISE_BYTES_MAX), select(inputs.clone())];
    let edit = (any::<Index>(), 0..=CUT_BYTES_MAX, piece);
    (select(inputs), vec(edit, 1..=EDITS_MAX)).prop_map(move |(mut input, edits)| {
        for (at, cut, piece) in edits {
            let start = at.index(input.len() + 1);
            let end = (start + cut).min(input.len());
            input.splice(start..end, piece);
        }
        input.truncate(bytes_max);
        input
    })
}

/// Says what has failed, and keeps the input for a debugger.
fn fail(target: &Target, input: &[u8]) -> ! {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
    fs::write(&file, input).unwrap();
    let folder = corpus::folder(&target.name);
    panic!(
        "{} fails (above) with {} bytes: {}\n{} holds them; moved to {} they are run by every test",
        target.name,
        input.len(),
        input.escape_ascii(),
        file.display(),
        folder.display()
    );
}

/// Runs a target. Gives the number of its inputs.
fn hold(target: &Target) -> usize {
    let inputs = [corpus::seeds(&target.name), corpus::found(&target.name)].concat();
    for input in &inputs {
        if catch_unwind(AssertUnwindSafe(|| target.run(input))).is_err() {
            fail(target, input);
        }
    }
    let (known, cases) = (inputs.len(), target.mutations);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(SEED),
        ..ProptestConfig::default()
    };
    let run = |input: Vec<u8>| {
        target.run(&input);
        Ok(())
    };
    match TestRunner::new(config).run(&mutated(inputs, target.bytes_max), run) {
        Ok(()) => known + usize::try_from(cases).unwrap(),
        Err(TestError::Fail(_, input)) => fail(target, &input),
        Err(error) => panic!("{}: {error}", target.name),
    }
}

#[test]
fn every_target_holds() {
    let (targets, next) = (targets(), AtomicUsize::new(0));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let hold_all = || {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            println!("{}: {} inputs", target.name, hold(target));
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(hold_all))));
}

#[test]
fn every_route_is_a_target_and_every_folder_a_targets() {
    let targets: BTreeSet<String> = targets().into_iter().map(|target| target.name).collect();
    for (_, route) in sesame::functions::routes() {
        let of_path = route.path.trim_start_matches("/api/").replace('/', "-");
        let name = format!("{}-{of_path}", route.method.to_lowercase());
        assert!(targets.contains(&name), "{}", route.path);
    }
    for entry in fs::read_dir(corpus::folder("")).into_iter().flatten() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(targets.contains(&name), "no target {name} any more");
    }
}
