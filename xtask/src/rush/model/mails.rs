//! Outbox, stream, queues of two lanes, senders and SES.

use std::collections::VecDeque;

use super::super::crowd::{DELIVERY_SECONDS, IMPATIENT_SECONDS, Mail, PATIENT_SECONDS};
use super::super::limits::{self, Limit};
use super::parts::{Bucket, Pool, Rate, Units};
use super::record::Record;

/// Mails of one batch, as in the mapping (`infra/mail.yaml`) and on one machine.
const BATCH_MAILS: u32 = 10;
/// Until a mail that was put off is tried again: the queue's visibility timeout.
const PUT_OFF_SECONDS: f64 = 60.0;
/// Tries of a mail before it is a dead letter.
const TRIES_MAX: u32 = 60;
/// Of a sender whose mail SES throttles twice.
const THROTTLED_SECONDS: f64 = 0.6;
/// Copies that the agency gets within an hour; the others are lines of a digest.
const AGENCY_COPIES: u32 = 300;
/// Units of writing of one more id in the row of those copies, once it is full: 300 ids of 27 bytes.
const AGENCY_ROW_UNITS: f64 = 9.0;
const HOUR_SECONDS: f64 = 3_600.0;

/// How mails are sent.
#[derive(Debug, Clone, Copy)]
pub struct MailPlan {
    /// Senders at once for links and for the desk.
    pub senders: [u32; 2],
    /// Whether one worker serves both lanes, links first, on the processors of the requests: one machine.
    pub is_one_machine: bool,
    /// The least time between two mails of one sender.
    pub pace_s: f64,
    /// To prepare and send one, when nothing is in the way.
    pub work_s: f64,
    /// Of that, on a processor.
    pub cpu_s: f64,
    /// After a batch while requests keep coming.
    pub pause_s: f64,
    /// From the commit to the queue.
    pub stream_s: f64,
    /// Rows a second that all shards hand on.
    pub pipes: f64,
    pub ses: Option<Rate>,
    pub ses_day: Option<f64>,
    pub write_units: f64,
    pub read_units: f64,
    pub memory_gb: f64,
}

/// Mails of one kind that were queued at one moment.
#[derive(Debug, Clone, Copy)]
struct Parcel {
    id: u64,
    kind: Mail,
    journey: usize,
    count: u32,
    queued_s: f64,
    ready_s: f64,
    tries: u32,
}

/// Who goes on, or asks again, or leaves, because of a mail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told {
    /// The mail is there at that second.
    Arrived { journey: usize, count: u32, at_s: f64 },
    /// So many have waited for [`IMPATIENT_SECONDS`].
    Impatient { count: u32 },
    /// So many leave.
    Left { count: u32 },
}

/// One worker on AWS for each lane, that stands for all its senders; one in all on one machine.
#[derive(Debug, Clone, Copy, Default)]
struct Worker {
    free_s: f64,
    /// When its senders may send the next mail.
    turn_s: f64,
    left_in_batch: u32,
    grown: f64,
    requests_seen: u64,
}

/// What a step of the mails takes from.
pub struct Around<'a> {
    pub lifted: &'a dyn Fn(Limit) -> bool,
    pub pool: Option<&'a mut Pool>,
    /// Of writing and of reading.
    pub units: &'a mut [Units; 2],
    /// Requests so far.
    pub requests: u64,
    pub record: &'a mut Record,
}

/// Everything between a committed mail and SES.
#[derive(Debug)]
pub struct Mails {
    plan: MailPlan,
    lanes: [VecDeque<Parcel>; 2],
    put_off: [VecDeque<Parcel>; 2],
    lengths: [u64; 2],
    workers: [Worker; 2],
    ses: Option<Bucket>,
    ses_at_s: f64,
    sent_today: f64,
    agency_key: Bucket,
    agency_hour: (u64, u32),
    pipes: f64,
    /// People who wait for the mails of a parcel, by its id.
    waiting: VecDeque<u32>,
    /// All of them.
    people: u64,
    first_id: u64,
    checks: [VecDeque<(f64, u64)>; 2],
    /// The last that was short, and when.
    short: Option<(Limit, f64)>,
}

impl Mails {
    pub fn new(plan: MailPlan, sent_today: f64) -> Self {
        let key = f64::from(limits::PARTITION_WRITE_UNITS);
        Self {
            plan,
            lanes: Default::default(),
            put_off: Default::default(),
            lengths: [0; 2],
            workers: Default::default(),
            ses: plan.ses.map(Bucket::full),
            ses_at_s: 0.0,
            sent_today,
            agency_key: Bucket::full(Rate { a_second: key, burst: key }),
            agency_hour: (0, 0),
            pipes: 0.0,
            waiting: VecDeque::new(),
            people: 0,
            first_id: 0,
            checks: Default::default(),
            short: None,
        }
    }

    /// Mails that wait, links and the desk's.
    pub fn lengths(&self) -> [u64; 2] {
        self.lengths
    }

    /// People who wait for a mail.
    pub fn people(&self) -> u64 {
        self.people
    }

    /// Counts what has not left by then.
    pub fn give_up(&self, at_s: f64, record: &mut Record) {
        for lane in 0..2 {
            for parcel in self.lanes[lane].iter().chain(&self.put_off[lane]) {
                record.unsent += u64::from(parcel.count);
                record.delay(lane, parcel.queued_s, at_s - parcel.queued_s, parcel.count);
            }
        }
    }

    /// Takes in what a request has committed.
    pub fn queue(&mut self, now_s: f64, kind: Mail, journey: usize, count: u32) {
        let lane = lane_of(kind);
        let id = self.first_id + self.waiting.len() as u64;
        self.waiting.push_back(if kind == Mail::Awaited { count } else { 0 });
        if kind == Mail::Awaited {
            self.people += u64::from(count);
            self.checks[0].push_back((now_s + IMPATIENT_SECONDS, id));
            self.checks[1].push_back((now_s + PATIENT_SECONDS, id));
        }
        // What the pipes cannot hand on waits in the stream.
        self.pipes += f64::from(count);
        let stream_s = self.plan.stream_s + self.pipes / self.plan.pipes;
        let ready_s = now_s + stream_s;
        self.lanes[lane].push_back(Parcel { id, kind, journey, count, queued_s: now_s, ready_s, tries: 0 });
        self.lengths[lane] += u64::from(count);
    }

    /// Sends for so many seconds.
    pub fn step(&mut self, from_s: f64, seconds: f64, around: &mut Around<'_>, told: &mut Vec<Told>) {
        self.pipes = (self.pipes - self.plan.pipes * seconds).max(0.0);
        self.agency_key.take(0.0, seconds);
        for worker in 0..2 {
            let again = &mut self.put_off[worker];
            while let Some(parcel) = again.pop_front_if(|parcel| parcel.ready_s <= from_s) {
                self.lanes[worker].push_back(parcel);
            }
            let is_waiting = self.lengths[worker] > 0;
            let growth = limits::MAPPING_BATCHES_A_MINUTE / 60.0 * seconds;
            let grown = self.workers[worker].grown + if is_waiting { growth } else { -growth };
            self.workers[worker].grown = grown.max(0.0);
            let is_there = worker == 0 || !self.plan.is_one_machine;
            while is_there && self.round(worker, from_s, from_s + seconds, around, told) {}
        }
        self.check(from_s, around, told);
        while self.waiting.pop_front_if(|waiting| *waiting == 0).is_some() {
            self.first_id += 1;
        }
    }

    /// One mail of each sender of a worker. False when there is none before `end_s`.
    fn round(
        &mut self,
        worker: usize,
        from_s: f64,
        end_s: f64,
        around: &mut Around<'_>,
        told: &mut Vec<Told>,
    ) -> bool {
        let start_s = self.workers[worker].free_s.max(from_s);
        if start_s >= end_s {
            return false;
        }
        let lanes: &[usize] = if self.plan.is_one_machine { &[0, 1] } else { &[worker] };
        let is_ready = |lane: &usize| self.lanes[*lane].front().is_some_and(|first| first.ready_s <= start_s);
        let Some(lane) = lanes.iter().copied().find(is_ready) else {
            self.workers[worker].left_in_batch = 0;
            return false;
        };
        let senders = self.senders(worker, lane, around.lifted);
        if self.workers[worker].left_in_batch == 0 {
            self.workers[worker].left_in_batch = self.ready(lane, start_s, senders * BATCH_MAILS);
        }
        let count = self.workers[worker].left_in_batch.min(senders);
        let done_s = self.turn(worker, start_s, around);
        self.send(lane, count, done_s, around, told);
        let this = &mut self.workers[worker];
        // With senders in plenty only their rate holds the next mail up.
        let is_plenty = (around.lifted)(Limit::Senders);
        this.free_s = this.free_s.max(if is_plenty { done_s - self.plan.work_s } else { done_s });
        this.left_in_batch -= count;
        if this.left_in_batch == 0 && this.requests_seen != around.requests {
            this.requests_seen = around.requests;
            this.free_s += self.plan.pause_s;
        }
        true
    }

    /// Mails of a lane that can be taken at that second, up to so many.
    fn ready(&self, lane: usize, at_s: f64, most: u32) -> u32 {
        let mut ready = 0;
        for parcel in self.lanes[lane].iter().take_while(|parcel| parcel.ready_s <= at_s) {
            ready += parcel.count;
            if ready >= most {
                return most;
            }
        }
        ready
    }

    fn senders(&self, worker: usize, lane: usize, lifted: &dyn Fn(Limit) -> bool) -> u32 {
        let (most, grown) =
            (self.plan.senders[lane], limits::MAPPING_FIRST_BATCHES + self.workers[worker].grown);
        if self.plan.is_one_machine || lifted(Limit::Senders) { most } else { most.min(grown as u32) }
    }

    /// When the mail of each sender is at SES.
    fn turn(&mut self, worker: usize, start_s: f64, around: &mut Around<'_>) -> f64 {
        let wait_s = around.pool.as_mut().map_or(0.0, |pool| pool.queue(self.plan.cpu_s));
        let prepared_s = start_s + self.plan.work_s + wait_s;
        let pace_s = if (around.lifted)(Limit::MailRate) { 0.0 } else { self.plan.pace_s };
        let done_s = prepared_s.max(self.workers[worker].turn_s);
        self.workers[worker].turn_s = done_s + pace_s;
        done_s
    }

    /// Sends so many of a lane's mails, or puts them off.
    fn send(&mut self, lane: usize, count: u32, at_s: f64, around: &mut Around<'_>, told: &mut Vec<Told>) {
        let mut left = count;
        while left > 0 {
            let Some(mut parcel) = self.lanes[lane].pop_front() else { return };
            let part = parcel.count.min(left);
            left -= part;
            if parcel.count > part {
                let rest = Parcel { count: parcel.count - part, ..parcel };
                self.lanes[lane].push_front(rest);
            }
            parcel.count = part;
            let taken = self.grant(&parcel, at_s, around);
            self.deliver(&Parcel { count: taken, ..parcel }, lane, at_s, around.record, told);
            self.put_off(Parcel { count: part - taken, ..parcel }, lane, at_s, around.record);
        }
    }

    /// How many of a parcel pass table, key and SES.
    fn grant(&mut self, parcel: &Parcel, at_s: f64, around: &mut Around<'_>) -> u32 {
        let mut most = f64::from(parcel.count);
        let each = [self.plan.write_units, self.plan.read_units];
        for (rank, limit) in [Limit::Writes, Limit::Reads].into_iter().enumerate() {
            let units = &mut around.units[rank];
            if units.left() < most * each[rank] && !(around.lifted)(limit) {
                most = (units.left() / each[rank]).floor();
                self.is_short(limit, at_s, around.record);
            }
            units.take(most * each[rank]);
        }
        if parcel.kind == Mail::AgencyCopy {
            return self.grant_copies(most, at_s, around);
        }
        self.grant_ses(most, at_s, around) as u32
    }

    /// The agency's copies: one row counts them all; past its quota they are lines of a digest.
    fn grant_copies(&mut self, most: f64, at_s: f64, around: &mut Around<'_>) -> u32 {
        let mut most = most;
        let row = (self.agency_key.available(0.0) / AGENCY_ROW_UNITS).floor();
        if row < most && !(around.lifted)(Limit::AgencyKey) {
            self.is_short(Limit::AgencyKey, at_s, around.record);
            around.record.hit(Limit::AgencyKey, at_s, most - row);
            most = row;
        }
        self.agency_key.take(most * AGENCY_ROW_UNITS, 0.0);
        let hour = (at_s / HOUR_SECONDS) as u64;
        if self.agency_hour.0 != hour {
            self.agency_hour = (hour, 0);
        }
        let single = f64::from(AGENCY_COPIES.saturating_sub(self.agency_hour.1)).min(most);
        let sent = self.grant_ses(single, at_s, around);
        self.agency_hour.1 += sent as u32;
        (most - single + sent) as u32
    }

    fn grant_ses(&mut self, most: f64, at_s: f64, around: &mut Around<'_>) -> f64 {
        let mut most = most;
        if let Some(bucket) = &mut self.ses {
            let is_lifted = (around.lifted)(Limit::SesRate) || (around.lifted)(Limit::MailRate);
            bucket.take(0.0, (at_s - self.ses_at_s).max(0.0));
            self.ses_at_s = self.ses_at_s.max(at_s);
            let tokens = bucket.available(0.0).floor();
            if tokens < most && !is_lifted {
                most = tokens;
                self.is_short(Limit::SesRate, at_s, around.record);
            }
            if let Some(bucket) = &mut self.ses {
                bucket.take(most, 0.0);
            }
        }
        let day = self.plan.ses_day.filter(|_| !(around.lifted)(Limit::SesDay));
        if let Some(left) = day.map(|day| (day - self.sent_today).max(0.0)).filter(|left| *left < most) {
            most = left;
            self.is_short(Limit::SesDay, at_s, around.record);
            around.record.hit(Limit::SesDay, at_s, 1.0);
        }
        self.sent_today += most;
        around.record.mails_at_ses += most;
        most
    }

    fn is_short(&mut self, limit: Limit, at_s: f64, record: &mut Record) {
        self.short = Some((limit, at_s));
        record.put_off += 1;
    }

    fn deliver(
        &mut self,
        parcel: &Parcel,
        lane: usize,
        at_s: f64,
        record: &mut Record,
        told: &mut Vec<Told>,
    ) {
        if parcel.count == 0 {
            return;
        }
        self.lengths[lane] -= u64::from(parcel.count);
        record.mail(lane, parcel.queued_s, at_s - parcel.queued_s, parcel.count);
        let rank = parcel.id.wrapping_sub(self.first_id) as usize;
        if let Some(waiting) = self.waiting.get_mut(rank).filter(|_| parcel.kind == Mail::Awaited) {
            let count = parcel.count.min(*waiting);
            *waiting -= count;
            self.people -= u64::from(count);
            let at_s = at_s + DELIVERY_SECONDS;
            told.push(Told::Arrived { journey: parcel.journey, count, at_s });
        }
    }

    fn put_off(&mut self, mut parcel: Parcel, lane: usize, at_s: f64, record: &mut Record) {
        if parcel.count == 0 {
            return;
        }
        parcel.tries += 1;
        if parcel.tries >= TRIES_MAX {
            self.lengths[lane] -= u64::from(parcel.count);
            record.dead += u64::from(parcel.count);
            record.delay(lane, parcel.queued_s, at_s - parcel.queued_s, parcel.count);
            return;
        }
        parcel.ready_s = at_s + PUT_OFF_SECONDS;
        let worker = if self.plan.is_one_machine { 0 } else { lane };
        self.workers[worker].free_s = self.workers[worker].free_s.max(at_s + THROTTLED_SECONDS);
        self.put_off[lane].push_back(parcel);
    }

    /// Who has waited for long asks again, or leaves.
    fn check(&mut self, now_s: f64, around: &mut Around<'_>, told: &mut Vec<Told>) {
        while let Some((at_s, id)) = self.checks[0].front().copied().filter(|(at_s, _)| *at_s <= now_s) {
            self.checks[0].pop_front();
            let count = self.waiting_of(id).map_or(0, |waiting| *waiting);
            if count > 0 {
                let limit = self.cause(at_s);
                if !(around.lifted)(limit) {
                    around.record.hit(limit, at_s, f64::from(count));
                }
                told.push(Told::Impatient { count });
            }
        }
        while let Some((_, id)) = self.checks[1].front().copied().filter(|(at_s, _)| *at_s <= now_s) {
            self.checks[1].pop_front();
            let count = self.waiting_of(id).map_or(0, std::mem::take);
            if count > 0 {
                self.people -= u64::from(count);
                told.push(Told::Left { count });
            }
        }
    }

    fn waiting_of(&mut self, id: u64) -> Option<&mut u32> {
        self.waiting.get_mut(id.checked_sub(self.first_id)? as usize)
    }

    /// Why links wait.
    fn cause(&self, now_s: f64) -> Limit {
        match self.short {
            Some((limit, at_s)) if now_s - at_s < IMPATIENT_SECONDS => limit,
            _ if self.pipes > self.plan.pipes * IMPATIENT_SECONDS / 2.0 => Limit::Pipes,
            _ if self.plan.pace_s > self.plan.work_s => Limit::MailRate,
            _ => Limit::Senders,
        }
    }
}

fn lane_of(kind: Mail) -> usize {
    match kind {
        Mail::Awaited | Mail::Link => 0,
        Mail::Receipt | Mail::AgencyCopy => 1,
    }
}
