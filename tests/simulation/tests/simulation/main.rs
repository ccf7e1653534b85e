//! The seeds of CI, and the same history for the same seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backlog;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use simulation::{Kept, Plan, run};

/// Seeds of a run of CI.
const SEEDS: u64 = 200;

#[test]
fn every_seed_holds() {
    let kept = Kept::all().unwrap();
    let plans: Vec<Plan> = kept.iter().map(|kept| kept.plan).chain((1..=SEEDS).map(Plan::of)).collect();
    let (next, steps) = (AtomicUsize::new(0), AtomicU64::new(0));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let hold = || {
        while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (report, replay) = (run(*plan).unwrap(), serde_json::to_string(plan).unwrap());
            let broken = &report.violations;
            assert!(broken.is_empty(), "{broken:#?}\nreplay: SESAME_SEED='{replay}' cargo xtask simulate");
            steps.fetch_add(report.steps, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(hold))));
    let kept = kept.len();
    println!("{SEEDS} seeds and {kept} kept, {} calls of the table and of SES", steps.into_inner());
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let [first, second] = [(); 2].map(|()| run(Plan::of(4_711)).unwrap());
    assert_eq!(first.digest, second.digest);
    assert_ne!(first.digest, run(Plan::of(4_712)).unwrap().digest);
}
