//! The seeds of CI, and the same history for the same seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use simulation::{Plan, run};

/// Seeds of a run of CI.
const SEEDS: u64 = 200;

#[test]
fn every_seed_holds() {
    let (next, steps) = (AtomicU64::new(1), AtomicU64::new(0));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let hold = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed > SEEDS {
            return;
        }
        let report = run(Plan::of(seed)).unwrap();
        let (broken, replay) = (&report.violations, format!("SESAME_SEED={seed} cargo xtask simulate"));
        assert!(broken.is_empty(), "seed {seed}: {broken:#?}\nreplay: {replay}");
        steps.fetch_add(report.steps, Ordering::Relaxed);
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(hold))));
    println!("{SEEDS} seeds, {} calls of the table and of SES", steps.into_inner());
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let [first, second] = [(); 2].map(|()| run(Plan::of(4_711)).unwrap());
    assert_eq!(first.digest, second.digest);
    assert_ne!(first.digest, run(Plan::of(4_712)).unwrap().digest);
}
