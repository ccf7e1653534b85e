//! A simulation of the whole system: real functions, real SDK, embedded database; paused time, one thread,
//! and every choice from one seed.

pub mod cabinets;
pub mod checkers;
pub mod closings;
pub mod colleagues;
pub mod desk;
pub mod events;
pub mod faults;
pub mod history;
pub mod known;
pub mod model;
pub mod own_data;
pub mod people;
pub mod queue;
pub mod requests;
pub mod roles;
pub mod strangers;
pub mod visits;
pub mod world;
pub mod year;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::history::Digest;
use crate::people::Employer;
use crate::world::World;

/// One run of so many lasts for a year and longer.
const YEAR_ONE_IN: u64 = 3;
/// In one run of so many the desk has work, before that year.
const DESK_ONE_IN: u64 = 2;

/// What a run may contain. Shrinking takes away from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub seed: u64,
    /// Establishments with their first holders.
    pub establishments: usize,
    pub has_strangers: bool,
    /// Faults, in thousandths of the usual frequency.
    pub faults_permille: u32,
    /// Whether some of them go on in «Mon espace».
    #[serde(default)]
    pub has_spaces: bool,
    /// Whether the turns of the holders come, a year later.
    #[serde(default)]
    pub has_year: bool,
    /// Whether colleagues have left, and accounts change hands.
    #[serde(default)]
    pub has_desk: bool,
}

impl Plan {
    /// The usual run of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let has_year = seed.is_multiple_of(YEAR_ONE_IN);
        Self {
            seed,
            establishments: 4,
            has_strangers: true,
            faults_permille: 1_000,
            has_spaces: true,
            has_year,
            has_desk: seed.is_multiple_of(DESK_ONE_IN),
        }
    }

    /// Smaller plans, the smallest first.
    fn smaller(self) -> Vec<Self> {
        let mut plans = Vec::new();
        for establishments in 1..=self.establishments {
            for (has_spaces, has_strangers) in [(false, false), (false, true), (true, false), (true, true)] {
                let is_part = (self.has_strangers || !has_strangers) && (self.has_spaces || !has_spaces);
                for faults_permille in [0, 100, 300, 1_000] {
                    let later = [(false, false), (false, true), (true, false), (true, true)];
                    let later = later.into_iter().filter(|(has_year, has_desk)| {
                        is_part && (self.has_year || !has_year) && (self.has_desk || !has_desk)
                    });
                    plans.extend(later.map(|(has_year, has_desk)| Self {
                        establishments,
                        has_strangers,
                        faults_permille,
                        has_spaces,
                        has_year,
                        has_desk,
                        ..self
                    }));
                }
            }
        }
        plans.retain(|plan| *plan != self);
        plans
    }
}

/// A plan that once broke a rule, and the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub broke: String,
    pub plan: Plan,
}

impl Kept {
    /// The file of them all.
    #[must_use]
    pub fn file() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("kept.json")
    }

    /// All of them; every run of the tests runs them again.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn all() -> Result<Vec<Self>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(serde_json::from_str(&std::fs::read_to_string(Self::file())?)?)
    }

    /// Writes this one down with the others.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn keep(self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut all = Self::all()?;
        if all.iter().all(|kept| kept.plan != self.plan) {
            all.push(self);
        }
        Ok(std::fs::write(Self::file(), serde_json::to_string_pretty(&all)? + "\n")?)
    }
}

/// What a run has done.
#[derive(Debug)]
pub struct Report {
    /// Calls of the table and of SES.
    pub steps: u64,
    /// The hash of the history: the same for the same plan.
    pub digest: Digest,
    /// Rules that were broken, none in a right system.
    pub violations: Vec<String>,
    /// The history, a line each event.
    pub history: Vec<String>,
}

/// Runs a plan to its end.
///
/// # Errors
/// When the simulation itself cannot run.
pub fn run(plan: Plan) -> Result<Report, Box<dyn std::error::Error + Send + Sync>> {
    // The SDK draws the jitter of its retries from this thread's generator.
    fastrand::seed(plan.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let world = Rc::new(World::open(plan)?);
        let services = services(&world);
        let release = tokio::task::spawn_local(world::release(world.clone()));
        let employers: Vec<Employer> = people::population(&world, plan.establishments);
        let mut tasks = Vec::new();
        for employer in &employers {
            tasks.push(tokio::task::spawn_local(people::live(world.clone(), employer.clone())));
        }
        if plan.has_strangers {
            tasks.extend(strangers::all(&world, &employers));
        }
        for task in tasks {
            task.await?;
        }
        release.await?;
        world.calm();
        queue::settle(&world).await;
        checkers::check(&world, &employers)?;
        if plan.has_desk {
            world.storm();
            Box::pin(desk::pass(&world)).await?;
            world.calm();
            queue::settle(&world).await;
            checkers::desk::check(&world)?;
        }
        services.iter().for_each(JoinHandle::abort);
        if plan.has_year {
            Box::pin(year_after(&world, &employers)).await?;
        }
        Ok(world.report())
    })
}

/// What carries mails and events, and deletes what has expired.
fn services(world: &Rc<World>) -> [JoinHandle<()>; 3] {
    [
        tokio::task::spawn_local(queue::run(world.clone())),
        tokio::task::spawn_local(events::run(world.clone())),
        tokio::task::spawn_local(world::sweep_now_and_then(world.clone())),
    ]
}

/// Nothing happens for a year; then each holder is asked.
async fn year_after(world: &Rc<World>, employers: &[Employer]) -> Result<(), checkers::Error> {
    let lived = year::pass(world).await;
    world.storm();
    let services = services(world);
    let asked = year::question(world, employers, lived).await?;
    queue::settle(world).await;
    services.iter().for_each(JoinHandle::abort);
    checkers::presences::check_year(world, &asked)
}

/// The smallest plan of the same seed that still breaks a rule.
///
/// # Errors
/// When the simulation itself cannot run.
pub fn shrink(plan: Plan) -> Result<Plan, Box<dyn std::error::Error + Send + Sync>> {
    for smaller in plan.smaller() {
        if !run(smaller)?.violations.is_empty() {
            return Ok(smaller);
        }
    }
    Ok(plan)
}
