//! What a run leaves: ends, limits that were hit, each minute, and, if wanted, every request and mail.

use std::collections::BTreeMap;

use super::super::limits::Limit;

const MINUTE_SECONDS: f64 = 60.0;
/// A new instance: code, keys, the first call of the table, in seconds: an assumption.
const COLD_SECONDS: f64 = 0.3;

/// How a person's visit ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    pub done: u64,
    /// Refused for thirty minutes.
    pub refused: u64,
    /// Without the mail that they waited for.
    pub no_mail: u64,
}

impl Ends {
    pub fn all(self) -> u64 {
        self.done + self.refused + self.no_mail
    }
}

/// A limit that was hit: when first, and how many requests or people it concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    pub first_s: f64,
    pub count: f64,
}

/// One minute of the day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Minute {
    pub come: u64,
    /// At its end.
    pub present: u64,
    pub refused: u64,
    /// Requests answered, by how many times they had been refused before.
    pub answered: Vec<u64>,
    /// Of them, those that met a new instance.
    pub cold: f64,
    pub answer_s: f64,
    /// Mails that wait at its end, links and the desk's.
    pub waiting: [u64; 2],
    /// Of the mails that were queued in it and have left, or never did: how many, their delays added up, the
    /// longest.
    pub mails: [u64; 2],
    pub delay_s: [f64; 2],
    pub delay_s_max: [f64; 2],
}

impl Minute {
    /// The mean delay of the mails that were queued in it.
    pub fn mean_delay_s(&self, lane: usize) -> f64 {
        if self.mails[lane] == 0 { 0.0 } else { self.delay_s[lane] / self.mails[lane] as f64 }
    }

    /// What one request in a hundred takes longer than, its refusals included, in seconds.
    pub fn slow_answer_s(&self) -> f64 {
        let answered = self.answered.iter().sum::<u64>().max(1) as f64;
        let cold_s = if self.cold > answered / 100.0 { COLD_SECONDS } else { 0.0 };
        super::waited_s(self.refusals(99.0)) + self.answer_s / answered + cold_s
    }

    /// How often the request at that percentage had been refused before it was answered.
    fn refusals(&self, percent: f64) -> usize {
        let all: u64 = self.answered.iter().sum();
        let mut left = (all as f64 * percent / 100.0).ceil() as u64;
        for (refusals, count) in self.answered.iter().enumerate() {
            if *count >= left {
                return refusals;
            }
            left -= count;
        }
        0
    }
}

/// Every request and mail, for the comparison with a portal.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// When it came, and how long it took.
    pub requests: Vec<(f64, f64)>,
    /// When it was queued, how long until it was sent, how many.
    pub mails: Vec<(f64, f64, u32)>,
}

/// Of one run.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub begins_s: f64,
    pub come: u64,
    pub ends: Ends,
    pub hits: BTreeMap<Limit, Hit>,
    pub minutes: Vec<Minute>,
    pub calls: u64,
    pub calls_highest_a_second: f64,
    pub refused: u64,
    pub mails: [u64; 2],
    pub mails_at_ses: f64,
    pub put_off: u64,
    pub dead: u64,
    pub unsent: u64,
    pub writes: f64,
    pub writes_highest_a_second: f64,
    pub reads: f64,
    pub gb_seconds: f64,
    pub trace: Option<Trace>,
}

impl Record {
    pub fn minute(&mut self, second: f64) -> &mut Minute {
        let rank = ((second - self.begins_s).max(0.0) / MINUTE_SECONDS) as usize;
        if self.minutes.len() <= rank {
            self.minutes.resize_with(rank + 1, Minute::default);
        }
        &mut self.minutes[rank]
    }

    pub fn hit(&mut self, limit: Limit, at_s: f64, count: f64) {
        let hit = self.hits.entry(limit).or_insert(Hit { first_s: at_s, count: 0.0 });
        hit.first_s = hit.first_s.min(at_s);
        hit.count += count;
    }

    pub fn mail(&mut self, lane: usize, queued_s: f64, delay_s: f64, count: u32) {
        if let Some(trace) = &mut self.trace {
            trace.mails.push((queued_s, delay_s, count));
        }
        self.mails[lane] += u64::from(count);
        self.delay(lane, queued_s, delay_s, count);
    }

    /// Counts the delay of mails, sent or not.
    pub fn delay(&mut self, lane: usize, queued_s: f64, delay_s: f64, count: u32) {
        let minute = self.minute(queued_s);
        minute.mails[lane] += u64::from(count);
        minute.delay_s[lane] += delay_s * f64::from(count);
        minute.delay_s_max[lane] = minute.delay_s_max[lane].max(delay_s);
    }

    /// The first limit that was hit.
    pub fn first_hit(&self) -> Option<(Limit, Hit)> {
        let by_time = |a: &(Limit, Hit), b: &(Limit, Hit)| a.1.first_s.total_cmp(&b.1.first_s);
        self.hits.iter().map(|(limit, hit)| (*limit, *hit)).min_by(by_time)
    }

    pub fn longest_delay_s(&self, lane: usize) -> f64 {
        self.minutes.iter().map(|minute| minute.delay_s_max[lane]).fold(0.0, f64::max)
    }

    pub fn longest_queue(&self) -> u64 {
        self.minutes.iter().map(|minute| minute.waiting.iter().sum()).max().unwrap_or(0)
    }

    pub fn present_highest(&self) -> u64 {
        self.minutes.iter().map(|minute| minute.present).max().unwrap_or(0)
    }
}
