//! What requests and mails pass: buckets, pools of executions, the table, the calendar of what is due.

use std::collections::VecDeque;

use super::super::limits::{self, Limit};

/// A token bucket: so many a second, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    pub a_second: f64,
    pub burst: f64,
}

/// A [`Rate`] and what is left of its burst.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    rate: Rate,
    tokens: f64,
}

impl Bucket {
    pub fn full(rate: Rate) -> Self {
        Self { rate, tokens: rate.burst }
    }

    /// What it gives within so many seconds.
    pub fn available(&self, seconds: f64) -> f64 {
        self.tokens + self.rate.a_second * seconds
    }

    /// Takes from it, and lets those seconds pass.
    pub fn take(&mut self, taken: f64, seconds: f64) {
        self.tokens = (self.available(seconds) - taken).clamp(0.0, self.rate.burst);
    }
}

/// What happens to a request that finds every execution busy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Full {
    /// Refused: Lambda.
    Refuse,
    /// It waits its turn: one machine.
    Wait,
}

/// The executions of one function, or the processors of one machine.
#[derive(Debug, Clone, Copy)]
pub struct PoolPlan {
    pub name: &'static str,
    pub executions: f64,
    /// Requests a second.
    pub calls: f64,
    pub full: Full,
    pub memory_gb: f64,
}

/// A pool at work.
#[derive(Debug)]
pub struct Pool {
    pub plan: PoolPlan,
    instances: f64,
    growth: Bucket,
    /// Work that waits, in seconds of one execution.
    pub backlog_s: f64,
    pub busy_s: f64,
}

impl Pool {
    pub fn new(plan: PoolPlan) -> Self {
        let a_second = f64::from(limits::GROWTH_INSTANCES) / f64::from(limits::GROWTH_SECONDS);
        let growth = Bucket::full(Rate { a_second, burst: f64::from(limits::GROWTH_INSTANCES) });
        Self { plan, instances: 0.0, growth, backlog_s: 0.0, busy_s: 0.0 }
    }

    /// Seconds of work that it takes within so many seconds, and what is short.
    pub fn available(&self, seconds: f64, is_lifted: impl Fn(Limit) -> bool) -> (f64, Limit) {
        let (most, grown) = (Limit::Concurrency(self.plan.name), Limit::Growth(self.plan.name));
        let executions = if is_lifted(most) { f64::INFINITY } else { self.plan.executions };
        let instances = self.instances + self.growth.available(seconds);
        if instances < executions && !is_lifted(grown) {
            (instances * seconds, grown)
        } else {
            (executions * seconds, most)
        }
    }

    /// Does so much work within so many seconds. Returns the instances that were started for it.
    pub fn work(&mut self, work_s: f64, seconds: f64) -> f64 {
        self.busy_s += work_s;
        let needed = (work_s / seconds).ceil();
        let new = (needed - self.instances).max(0.0);
        let idle = (self.instances - needed).max(0.0) * seconds / limits::IDLE_INSTANCE_SECONDS;
        self.instances += new - idle;
        self.growth.take(new, seconds);
        new
    }

    /// Adds work to the queue. Returns how long it waits before it begins.
    pub fn queue(&mut self, work_s: f64) -> f64 {
        let wait_s = self.backlog_s / self.plan.executions;
        self.backlog_s += work_s;
        self.busy_s += work_s;
        wait_s
    }

    /// Lets seconds pass.
    pub fn drain(&mut self, seconds: f64) {
        self.backlog_s = (self.backlog_s - seconds * self.plan.executions).max(0.0);
    }
}

/// The table's units of one kind, as an on-demand table grants them.
#[derive(Debug)]
pub struct Units {
    granted: f64,
    /// The highest mean over a minute, within the present half hour.
    peak: f64,
    minute: f64,
    /// What is left of the present slot.
    left: f64,
    pub all: f64,
    pub highest_a_second: f64,
}

const MINUTE_SECONDS: f64 = 60.0;

impl Units {
    pub fn new(granted_a_second: f64) -> Self {
        Self { granted: granted_a_second, peak: 0.0, minute: 0.0, left: 0.0, all: 0.0, highest_a_second: 0.0 }
    }

    pub fn begin_slot(&mut self, seconds: f64) {
        let most = self.granted * (seconds + limits::BURST_SECONDS);
        self.left = (self.left.max(0.0) + self.granted * seconds).min(most);
    }

    pub fn left(&self) -> f64 {
        self.left.max(0.0)
    }

    pub fn take(&mut self, units: f64) {
        self.left -= units;
        self.minute += units;
        self.all += units;
    }

    /// At each full minute of the clock: traffic is a new peak; after half an hour the table takes twice it.
    pub fn end_minute(&mut self, second: u64) {
        let mean = self.minute / MINUTE_SECONDS;
        self.minute = 0.0;
        self.peak = self.peak.max(mean);
        self.highest_a_second = self.highest_a_second.max(mean);
        if second.is_multiple_of(limits::PEAK_SECONDS) {
            let quota = f64::from(limits::TABLE_QUOTA_UNITS).max(self.granted);
            self.granted = self.granted.max(self.peak * limits::PEAK_RATIO).min(quota);
            self.peak = 0.0;
        }
    }
}

/// Counts of what is due, by slot and by state: a calendar queue, whose equal events are one.
#[derive(Debug)]
pub struct Calendar {
    states: usize,
    slots: VecDeque<Slot>,
    spare: Vec<Slot>,
}

/// Counts by state, and the states that have any.
#[derive(Debug, Default)]
struct Slot {
    counts: Vec<u32>,
    due: Vec<usize>,
}

impl Calendar {
    pub fn new(states: usize) -> Self {
        Self { states, slots: VecDeque::new(), spare: Vec::new() }
    }

    /// Adds to a slot: 0 is the one that comes next.
    pub fn add(&mut self, slot: usize, state: usize, count: u32) {
        if count == 0 {
            return;
        }
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, Slot::default);
        }
        let Slot { counts, due } = &mut self.slots[slot];
        if counts.is_empty() {
            *counts = self.spare.pop().unwrap_or_default().counts;
            counts.resize(self.states, 0);
        }
        if counts[state] == 0 {
            due.push(state);
        }
        counts[state] += count;
    }

    /// Takes the next slot out: states and their counts.
    pub fn advance(&mut self) -> Vec<(usize, u32)> {
        let mut slot = self.slots.pop_front().unwrap_or_default();
        let due = std::mem::take(&mut slot.due).into_iter();
        let due = due.map(|state| (state, std::mem::take(&mut slot.counts[state]))).collect();
        if !slot.counts.is_empty() {
            self.spare.push(slot);
        }
        due
    }

    pub fn is_empty(&self) -> bool {
        self.slots.iter().all(|slot| slot.due.is_empty())
    }
}

/// Whole parts of shares whose fractions are carried on, so that nothing is lost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whole {
    carried: f64,
}

impl Whole {
    pub fn of(&mut self, share: f64) -> u32 {
        self.carried += share;
        let whole = (self.carried + 1e-9).floor().max(0.0);
        self.carried -= whole;
        whole as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_once_and_then_its_rate() {
        let mut bucket = Bucket::full(Rate { a_second: 10.0, burst: 50.0 });
        let mut given = Vec::new();
        for _ in 0..4 {
            let taken = bucket.available(1.0).min(40.0);
            bucket.take(taken, 1.0);
            given.push(taken);
        }
        assert_eq!(given, [40.0, 30.0, 10.0, 10.0]);
        bucket.take(0.0, 100.0);
        assert_eq!(bucket.available(0.0), 50.0);
    }

    fn pool(executions: f64, full: Full) -> Pool {
        Pool::new(PoolPlan { name: "x", executions, calls: 1e9, full, memory_gb: 0.5 })
    }

    #[test]
    fn a_function_grows_by_a_thousand_and_then_by_a_hundred_a_second() {
        let mut function = pool(5_000.0, Full::Refuse);
        let mut instances = Vec::new();
        for _ in 0..4 {
            let (available, short) = function.available(1.0, |_| false);
            assert_eq!(short, Limit::Growth("x"));
            function.work(available, 1.0);
            instances.push(available);
        }
        assert_eq!(instances, [1_100.0, 1_200.0, 1_300.0, 1_400.0]);
        assert_eq!(pool(600.0, Full::Refuse).available(1.0, |_| false), (600.0, Limit::Concurrency("x")));
    }

    #[test]
    fn on_one_machine_a_request_waits_for_those_before_it() {
        let mut machine = pool(2.0, Full::Wait);
        assert_eq!(machine.queue(1.0), 0.0);
        assert_eq!(machine.queue(1.0), 0.5);
        machine.drain(0.25);
        assert_eq!(machine.queue(0.0), 0.75);
    }

    #[test]
    fn a_table_takes_twice_its_peak_half_an_hour_later() {
        let mut units = Units::new(4_000.0);
        for minute in 1..=30 {
            units.take(3_000.0 * 60.0);
            units.end_minute(minute * 60);
        }
        units.begin_slot(1.0);
        assert_eq!(units.left(), 6_000.0);
        // A burst is what was not used before.
        (0..9).for_each(|_| units.begin_slot(1.0));
        assert_eq!(units.left(), 36_000.0);
        assert_eq!(units.highest_a_second, 3_000.0);
    }

    #[test]
    fn shares_add_up_to_the_whole() {
        let mut whole = Whole::default();
        let parts: Vec<u32> = (0..10).map(|_| whole.of(0.3)).collect();
        assert_eq!(parts.iter().sum::<u32>(), 3);
    }

    #[test]
    fn what_is_due_comes_in_its_slot_and_equal_events_are_one() {
        let mut calendar = Calendar::new(2);
        calendar.add(1, 1, 3);
        calendar.add(1, 1, 4);
        assert_eq!(calendar.advance(), []);
        assert!(!calendar.is_empty());
        assert_eq!(calendar.advance(), [(1, 7)]);
        assert!(calendar.is_empty());
    }
}
