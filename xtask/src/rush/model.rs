//! The model: one step for each slot of time; what is the same in a slot is counted, not followed.
//!
//! There is no chance in it: shares and jitter are spread evenly, so the same plan and load give the same
//! record.

pub mod mails;
pub mod parts;
pub mod record;

use std::collections::BTreeSet;

use self::mails::{Around, MailPlan, Mails, Told};
use self::parts::{Bucket, Calendar, Full, Pool, PoolPlan, Rate, Units, Whole};
use self::record::Record;
use super::crowd::{AGAIN_RANK, Journey, Mail};
use super::limits::Limit;

/// `web/scripts/send.js`: the first pause after a refusal, doubled each time up to the longest.
const BACKOFF_SECONDS_FIRST: f64 = 2.0;
const BACKOFF_SECONDS_MAX: f64 = 60.0;
/// `web/scripts/send.js`: how long a page asks again.
const REFUSED_SECONDS_MAX: f64 = 1_800.0;
/// Of those who have waited for a mail for long, the part that asks again.
const IMPATIENT_PART: f64 = 0.5;
/// After the last arrival, until everybody has left: who is refused at every step of a journey.
const TAIL_SECONDS: f64 = 12.0 * 3_600.0;
const MINUTE_SECONDS: f64 = 60.0;

/// A route, as a system serves it.
#[derive(Debug, Clone, Copy)]
pub struct RoutePlan {
    pub pool: usize,
    /// Of one execution.
    pub work_s: f64,
    /// What comes on top of it from time to time.
    pub lump: Option<Lump>,
    /// From the request to its answer, when nothing is in the way.
    pub answer_s: f64,
    pub write_units: f64,
    pub read_units: f64,
    /// Its own rate.
    pub rate: Option<Rate>,
}

/// Work that comes at once after so many requests.
#[derive(Debug, Clone, Copy)]
pub struct Lump {
    pub requests: f64,
    pub work_s: f64,
}

/// A system: AWS as it is set, or a portal.
#[derive(Debug, Clone)]
pub struct Plan {
    pub slot_s: f64,
    /// The account's rate and the stage's.
    pub rates: [Option<Rate>; 2],
    pub routes: Vec<(&'static str, RoutePlan)>,
    pub pools: Vec<PoolPlan>,
    /// Units a second, of writing and of reading.
    pub units: [f64; 2],
    pub mail: MailPlan,
    pub lifted: BTreeSet<Limit>,
}

/// Who comes.
pub struct Load<'a> {
    pub journeys: &'a [Journey],
    /// People a second, at a second.
    pub rate: &'a dyn Fn(f64) -> f64,
    pub begins_s: f64,
    pub ends_s: f64,
    /// Mails that SES has taken earlier in the day.
    pub mails_before: f64,
    /// Stops at the first limit that is hit.
    pub until_hit: bool,
    /// Keeps every request and mail.
    pub is_traced: bool,
}

/// A request of a journey, with its route's plan.
#[derive(Debug, Clone, Copy)]
struct State {
    journey: usize,
    is_last: bool,
    think_s: f64,
    mails: &'static [Mail],
    route: usize,
}

/// People at one request, who were refused there so many times.
#[derive(Debug, Clone, Copy)]
struct Batch {
    state: usize,
    refusals: usize,
    count: u32,
}

/// A limit, and the routes that it concerns, each with the weight of a request.
#[derive(Debug)]
struct Gate {
    limit: Limit,
    kind: GateKind,
    routes: Vec<(usize, f64)>,
}

#[derive(Debug, Clone, Copy)]
enum GateKind {
    Bucket(Bucket),
    /// Requests a second of a pool.
    Calls(usize),
    /// Executions of a pool.
    Pool(usize),
    /// Of writing or of reading.
    Units(usize),
}

/// In the order in which a request meets them.
fn gates(plan: &Plan) -> Vec<Gate> {
    let mut gates = Vec::new();
    let mut add = |limit, kind, weight: &dyn Fn(usize, &RoutePlan) -> f64| {
        let weights = plan.routes.iter().enumerate().map(|(of, (_, route))| (of, weight(of, route)));
        gates.push(Gate { limit, kind, routes: weights.filter(|(_, weight)| *weight > 0.0).collect() });
    };
    for (rate, limit) in plan.rates.iter().zip([Limit::Account, Limit::Stage]) {
        if let Some(rate) = rate {
            add(limit, GateKind::Bucket(Bucket::full(*rate)), &|_, _| 1.0);
        }
    }
    for (of, (name, route)) in plan.routes.iter().enumerate() {
        if let Some(rate) = route.rate {
            let is_of = |other, _: &RoutePlan| f64::from(u8::from(other == of));
            add(Limit::Password(name), GateKind::Bucket(Bucket::full(rate)), &is_of);
        }
    }
    for (of, pool) in plan.pools.iter().enumerate().filter(|(_, pool)| pool.full == Full::Refuse) {
        let is_of = |_, route: &RoutePlan| f64::from(u8::from(route.pool == of));
        add(Limit::Calls(pool.name), GateKind::Calls(of), &is_of);
        add(Limit::Concurrency(pool.name), GateKind::Pool(of), &|rank, route| {
            is_of(rank, route) * route.work_s
        });
    }
    add(Limit::Writes, GateKind::Units(0), &|_, route| route.write_units);
    add(Limit::Reads, GateKind::Units(1), &|_, route| route.read_units);
    gates
}

/// The pauses of a page that is refused again and again.
#[derive(Debug)]
struct Patience {
    /// Before each retry: the shortest and the longest.
    pauses_s: Vec<(f64, f64)>,
}

impl Patience {
    fn new() -> Self {
        let (mut pauses_s, mut waited_s, mut backoff_s) = (Vec::new(), 0.0, BACKOFF_SECONDS_FIRST);
        while waited_s < REFUSED_SECONDS_MAX {
            pauses_s.push((backoff_s / 2.0, backoff_s));
            waited_s += backoff_s * 0.75;
            backoff_s = (backoff_s * 2.0).min(BACKOFF_SECONDS_MAX);
        }
        Self { pauses_s }
    }
}

/// How long a person has waited who was refused so many times, in seconds.
fn waited_s(refusals: usize) -> f64 {
    Patience::new().pauses_s.iter().take(refusals).map(|(least, most)| (least + most) / 2.0).sum()
}

/// The model at work.
struct Model<'a> {
    plan: &'a Plan,
    load: &'a Load<'a>,
    states: Vec<State>,
    /// The first state of each journey.
    first: Vec<usize>,
    patience: Patience,
    calendar: Calendar,
    gates: Vec<Gate>,
    pools: Vec<Pool>,
    units: [Units; 2],
    mails: Mails,
    arrivals: Vec<Whole>,
    passed: Vec<Whole>,
    lumps: Vec<Whole>,
    again: Whole,
    spread: usize,
    second: f64,
    record: Record,
}

/// Runs a load against a system.
pub fn run(plan: &Plan, load: &Load<'_>) -> Record {
    let mut model = Model::new(plan, load);
    let slots = ((load.ends_s + TAIL_SECONDS - load.begins_s) / plan.slot_s) as u64;
    let slots_a_minute = (MINUTE_SECONDS / plan.slot_s).round() as u64;
    for slot in 0..slots {
        model.second = load.begins_s + slot as f64 * plan.slot_s;
        model.step();
        if (slot + 1).is_multiple_of(slots_a_minute) {
            model.end_minute();
        }
        let is_ending = model.second >= load.ends_s;
        // Nobody is there any more; of a traced load every mail is followed to its end.
        let is_quiet = model.mails.people() == 0 && (!load.is_traced || model.mails.lengths() == [0; 2]);
        let is_over = is_ending && is_quiet && model.calendar.is_empty();
        if is_over || (load.until_hit && (is_ending || !model.record.hits.is_empty())) {
            break;
        }
    }
    model.finish()
}

impl<'a> Model<'a> {
    fn new(plan: &'a Plan, load: &'a Load<'a>) -> Self {
        let (mut states, mut first) = (Vec::new(), Vec::new());
        for (journey, of) in load.journeys.iter().enumerate() {
            first.push(states.len());
            for (rank, step) in of.steps.iter().enumerate() {
                let route = plan.routes.iter().position(|(route, _)| *route == step.route).unwrap_or(0);
                let is_last = rank + 1 == of.steps.len();
                let (think_s, mails) = (step.think_s, step.mails);
                states.push(State { journey, is_last, think_s, mails, route });
            }
        }
        let patience = Patience::new();
        let trace = load.is_traced.then(Default::default);
        Self {
            calendar: Calendar::new(states.len() * (patience.pauses_s.len() + 1)),
            states,
            first,
            patience,
            gates: gates(plan),
            pools: plan.pools.iter().copied().map(Pool::new).collect(),
            units: plan.units.map(Units::new),
            mails: Mails::new(plan.mail, load.mails_before),
            passed: vec![Whole::default(); plan.routes.len()],
            lumps: vec![Whole::default(); plan.routes.len()],
            arrivals: vec![Whole::default(); load.journeys.len()],
            again: Whole::default(),
            spread: 0,
            second: load.begins_s,
            record: Record { begins_s: load.begins_s, trace, ..Record::default() },
            plan,
            load,
        }
    }

    fn step(&mut self) {
        if self.second < self.load.ends_s {
            self.arrive();
        }
        self.units.iter_mut().for_each(|units| units.begin_slot(self.plan.slot_s));
        let batches = self.due();
        let parts = self.admit(&batches);
        for batch in batches {
            let route = self.states[batch.state].route;
            let passed = self.passed[route].of(f64::from(batch.count) * parts[route]).min(batch.count);
            self.answer(&Batch { count: passed, ..batch });
            self.refuse(&Batch { count: batch.count - passed, ..batch });
        }
        self.send();
        let slot_s = self.plan.slot_s;
        self.pools.iter_mut().filter(|pool| pool.plan.full == Full::Wait).for_each(|pool| pool.drain(slot_s));
    }

    fn arrive(&mut self) {
        let people = (self.load.rate)(self.second) * self.plan.slot_s;
        for (journey, of) in self.load.journeys.iter().enumerate() {
            let count = self.arrivals[journey].of(people * f64::from(of.percent) / 100.0);
            let first = self.first[journey];
            self.record.come += u64::from(count);
            self.record.minute(self.second).come += u64::from(count);
            self.go_on(first, self.states[first].think_s, count);
        }
    }

    /// Has people come to a state after so many seconds.
    fn go_on(&mut self, state: usize, after_s: f64, count: u32) {
        let slot = (after_s / self.plan.slot_s) as usize;
        self.calendar.add(slot, state * self.levels(), count);
    }

    /// How often one can be refused, and go on.
    fn levels(&self) -> usize {
        self.patience.pauses_s.len() + 1
    }

    fn due(&mut self) -> Vec<Batch> {
        let levels = self.levels();
        let due = self.calendar.advance().into_iter();
        due.map(|(cell, count)| Batch { state: cell / levels, refusals: cell % levels, count }).collect()
    }

    /// What part of the requests of each route every limit lets pass.
    fn admit(&mut self, batches: &[Batch]) -> Vec<f64> {
        let (plan, slot_s) = (self.plan, self.plan.slot_s);
        let mut asked = vec![0.0; plan.routes.len()];
        for batch in batches {
            asked[self.states[batch.state].route] += f64::from(batch.count);
        }
        let calls: f64 = asked.iter().sum();
        self.record.calls += calls as u64;
        self.record.calls_highest_a_second = self.record.calls_highest_a_second.max(calls / slot_s);
        let mut passing = asked.clone();
        for of in 0..self.gates.len() {
            let (available, limit) = match self.gates[of].kind {
                GateKind::Bucket(bucket) => (bucket.available(slot_s), self.gates[of].limit),
                GateKind::Calls(pool) => (plan.pools[pool].calls * slot_s, self.gates[of].limit),
                GateKind::Pool(pool) => {
                    self.pools[pool].available(slot_s, |limit| plan.lifted.contains(&limit))
                }
                GateKind::Units(kind) => (self.units[kind].left(), self.gates[of].limit),
            };
            let passed = self.pass(&mut passing, of, available, limit);
            match &mut self.gates[of].kind {
                GateKind::Bucket(bucket) => bucket.take(passed, slot_s),
                GateKind::Calls(_) => {}
                GateKind::Pool(pool) => {
                    let new = self.pools[*pool].work(passed, slot_s);
                    self.record.minute(self.second).cold += new;
                }
                GateKind::Units(kind) => self.units[*kind].take(passed),
            }
        }
        passing
            .iter()
            .zip(asked)
            .map(|(passed, asked)| if asked > 0.0 { passed / asked } else { 1.0 })
            .collect()
    }

    /// Lets no more than `available` pass a gate, of each of its routes the same part. Returns what passes.
    fn pass(&mut self, passing: &mut [f64], gate: usize, available: f64, limit: Limit) -> f64 {
        let routes = &self.gates[gate].routes;
        let mut asked = 0.0;
        for (route, weight) in routes {
            asked += passing[*route] * weight;
        }
        if asked <= available || self.plan.lifted.contains(&limit) {
            return asked;
        }
        let mut refused = 0.0;
        for (route, _) in routes {
            refused += passing[*route] * (1.0 - available / asked);
            passing[*route] *= available / asked;
        }
        self.record.hit(limit, self.second, refused);
        available
    }

    fn answer(&mut self, batch: &Batch) {
        if batch.count == 0 {
            return;
        }
        let state = self.states[batch.state];
        let route = self.plan.routes[state.route].1;
        let pool = &mut self.pools[route.pool];
        let count = f64::from(batch.count);
        let mut wait_s = 0.0;
        if pool.plan.full == Full::Wait {
            wait_s = pool.queue(route.work_s * count);
            if let Some(lump) = route.lump {
                pool.queue(lump.work_s * f64::from(self.lumps[state.route].of(count / lump.requests)));
            }
        }
        let took_s = route.answer_s + wait_s;
        self.record.gb_seconds += count * route.answer_s * pool.plan.memory_gb;
        let minute = self.record.minute(self.second);
        if minute.answered.len() <= batch.refusals {
            minute.answered.resize(batch.refusals + 1, 0);
        }
        minute.answered[batch.refusals] += u64::from(batch.count);
        minute.answer_s += took_s * count;
        if let Some(trace) = &mut self.record.trace {
            trace.requests.push((self.second, took_s));
        }
        for mail in state.mails {
            self.mails.queue(self.second + took_s, *mail, state.journey, batch.count);
        }
        if !state.mails.contains(&Mail::Awaited) {
            self.leave_step(batch.state, took_s, batch.count);
        }
    }

    /// Has people go on to the next request, or home.
    fn leave_step(&mut self, state: usize, after_s: f64, count: u32) {
        let State { journey, is_last, .. } = self.states[state];
        if !is_last {
            self.go_on(state + 1, after_s + self.states[state + 1].think_s, count);
        } else if journey != AGAIN_RANK {
            self.record.ends.done += u64::from(count);
        }
    }

    /// Has refused people ask again, spread evenly over the page's pause, or give up.
    fn refuse(&mut self, batch: &Batch) {
        if batch.count == 0 {
            return;
        }
        self.record.refused += u64::from(batch.count);
        self.record.minute(self.second).refused += u64::from(batch.count);
        let Some((least_s, most_s)) = self.patience.pauses_s.get(batch.refusals).copied() else {
            if self.states[batch.state].journey != AGAIN_RANK {
                self.record.ends.refused += u64::from(batch.count);
            }
            return;
        };
        let (first, last) = ((least_s / self.plan.slot_s) as usize, (most_s / self.plan.slot_s) as usize);
        let slots = (last - first).max(1);
        let cell = batch.state * self.levels() + batch.refusals + 1;
        let (each, rest) = (batch.count / slots as u32, batch.count as usize % slots);
        for slot in 0..slots {
            // The odd ones begin elsewhere each time.
            let is_odd = (slot + slots - self.spread % slots) % slots < rest;
            self.calendar.add(first + slot, cell, each + u32::from(is_odd));
        }
        self.spread += rest;
    }

    fn send(&mut self) {
        let lifted = |limit| self.plan.lifted.contains(&limit);
        let pool = if self.plan.mail.is_one_machine { self.pools.first_mut() } else { None };
        let mut told = Vec::new();
        let mut around = Around {
            lifted: &lifted,
            pool,
            units: &mut self.units,
            requests: self.record.calls,
            record: &mut self.record,
        };
        self.mails.step(self.second, self.plan.slot_s, &mut around, &mut told);
        for told in told {
            match told {
                Told::Arrived { journey, count, at_s } => {
                    let of_journey = self.states.iter().enumerate().skip(self.first[journey]);
                    let mut awaiting = of_journey.filter(|(_, state)| state.mails.contains(&Mail::Awaited));
                    if let Some((state, _)) = awaiting.next() {
                        self.leave_step(state, (at_s - self.second).max(0.0), count);
                    }
                }
                Told::Impatient { count } => {
                    let count = self.again.of(f64::from(count) * IMPATIENT_PART);
                    if let Some(first) = self.first.get(AGAIN_RANK).copied() {
                        self.go_on(first, self.states[first].think_s, count);
                    }
                }
                Told::Left { count } => self.record.ends.no_mail += u64::from(count),
            }
        }
    }

    fn end_minute(&mut self) {
        let present = self.record.come - self.record.ends.all();
        let minute = self.record.minute(self.second);
        minute.present = present;
        minute.waiting = self.mails.lengths();
        let clock = (self.second + self.plan.slot_s).round() as u64;
        self.units.iter_mut().for_each(|units| units.end_minute(clock));
    }

    fn finish(mut self) -> Record {
        self.end_minute();
        let mail = &self.plan.mail;
        let mails = self.record.mails_at_ses;
        self.record.gb_seconds += mails * mail.work_s.max(mail.pace_s) * mail.memory_gb;
        self.mails.give_up(self.second, &mut self.record);
        [self.record.writes, self.record.reads] = self.units.each_ref().map(|units| units.all);
        self.record.writes_highest_a_second = self.units[0].highest_a_second;
        self.record
    }
}
