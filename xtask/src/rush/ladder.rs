//! What breaks first as a crowd grows, what breaks next, and what each setting buys.

use super::costs::Costs;
use super::crowd::Crowd;
use super::limits::Limit;
use super::model::Plan;
use super::model::record::Record;
use super::settings::{self, Settings};
use crate::Error;

/// Each search begins so many times higher, and ends within this part of what it looks for.
const STEP: f64 = 2.0;
const PRECISION: f64 = 0.04;
/// Above which nothing is looked for, in people a second.
const RATE_MAX: f64 = 100_000.0;

/// A limit, and the smallest crowd that meets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rung {
    pub limit: Limit,
    pub crowd: Crowd,
}

/// Raises the crowd until a limit is hit, takes that limit away, and goes on.
pub fn climb(plan: &Plan, shape: Crowd, rungs_max: usize) -> Vec<Rung> {
    let mut plan = plan.clone();
    let mut rungs = Vec::new();
    let mut lowest = 1.0 / shape.rush_rate();
    while rungs.len() < rungs_max {
        let Some((factor, limit)) = first_hit(&plan, shape, lowest) else { break };
        rungs.push(Rung { limit, crowd: shape.times(factor) });
        plan.lifted.insert(limit);
        lowest = factor;
    }
    rungs
}

/// The smallest multiple of a crowd, from `lowest` on, by which a limit is hit.
fn first_hit(plan: &Plan, shape: Crowd, lowest: f64) -> Option<(f64, Limit)> {
    let hit_at = |factor: f64| {
        settings::run(plan, shape.times(factor), false, true).first_hit().map(|(limit, _)| limit)
    };
    let (mut below, mut above) = (lowest, lowest);
    let mut limit = loop {
        if let Some(limit) = hit_at(above) {
            break limit;
        }
        if above * shape.rush_rate() > RATE_MAX {
            return None;
        }
        below = above;
        above *= STEP;
    };
    while above / below > 1.0 + PRECISION {
        let middle = (above * below).sqrt();
        match hit_at(middle) {
            Some(earlier) => (above, limit) = (middle, earlier),
            None => below = middle,
        }
    }
    Some((above, limit))
}

/// What became of a crowd.
#[derive(Debug, Clone, PartialEq)]
pub struct Became {
    /// Requests refused, of all.
    pub refused: f64,
    /// People who left without what they came for, of all.
    pub lost: f64,
    /// The longest that a link waited, in seconds.
    pub link_s: f64,
    pub waiting: u64,
}

impl Became {
    pub fn of(record: &Record) -> Self {
        let lost = record.ends.refused + record.ends.no_mail;
        Self {
            refused: record.refused as f64 / record.calls.max(1) as f64,
            lost: lost as f64 / record.come.max(1) as f64,
            link_s: record.longest_delay_s(0),
            waiting: record.longest_queue(),
        }
    }
}

/// A group of settings that are changed together, and what it buys.
#[derive(Debug, Clone, PartialEq)]
pub struct Bought {
    pub name: &'static str,
    /// It alone is as wanted, all others are as at first.
    pub alone: Became,
    /// All others are as wanted, it is as at first.
    pub without: Became,
}

type Change = fn(&mut Settings, &Settings);

/// What is set together, since one is of no use without the other.
const GROUPS: [(&str, Change); 4] = [
    ("`Size`", |to, from| to.size.clone_from(&from.size)),
    ("`MailRate` and `MailSenders`", |to, from| {
        (to.mail_rate, to.send_rate, to.mail_senders) = (from.mail_rate, from.send_rate, from.mail_senders);
    }),
    ("`Max24HourSend`", |to, from| to.send_day = from.send_day),
    ("warm throughput", |to, from| (to.warm_writes, to.warm_reads) = (from.warm_writes, from.warm_reads)),
];

/// What each group of settings buys a crowd.
pub fn bought(
    first: &Settings,
    wanted: &Settings,
    crowd: Crowd,
    costs: &Costs,
) -> Result<Vec<Bought>, Error> {
    let run = |settings: &Settings| -> Result<Became, Error> {
        Ok(Became::of(&settings::run(&settings.plan(costs)?, crowd, false, false)))
    };
    GROUPS
        .iter()
        .map(|(name, change)| {
            // The quota of executions is one of AWS's, and no setting.
            let (mut alone, mut without) =
                (Settings { executions: wanted.executions, ..first.clone() }, wanted.clone());
            change(&mut alone, wanted);
            change(&mut without, first);
            Ok(Bought { name, alone: run(&alone)?, without: run(&without)? })
        })
        .collect()
}
