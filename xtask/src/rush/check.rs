//! `cargo xtask rush --check`: the model, set as a portal is, against that portal under the same load.

mod portal;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use sesame::worker::PAUSE_UNDER_LOAD;

use self::portal::{Due, Met, Portal};
use super::crowd::{Journey, Mail, Step};
use super::model::mails::MailPlan;
use super::model::parts::{Full, PoolPlan};
use super::model::record::Trace;
use super::model::{self, Load, Lump, Plan, RoutePlan};
use super::report;
use crate::bench::{self, routes};
use crate::chart::number;
use crate::generate::between;
use crate::statistics::{mean, median, quantile};
use crate::tools::Tools;
use crate::{Error, Outcome};

/// How far prediction and measurement may be apart, of the measurement.
const APART_MAX: f64 = 0.2;
/// What cannot be told apart: a mail, and the load's own timer, in seconds.
const MAILS_APART: f64 = 1.0;
const SECONDS_APART: f64 = 0.001;

const CHALLENGE: &str = "GET /api/challenge";
const RECOVER: &str = "POST /api/recover/password";
const ROUTES: [&str; 2] = [CHALLENGE, RECOVER];
const CHALLENGE_REQUEST: &[u8] = b"GET /api/challenge?action=recover HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Alone, in requests a second: how long an answer takes when nothing is in its way.
const QUIET_RATE: f64 = 40.0;
const QUIET_SECONDS: f64 = 4.0;
/// All at once: how many a second are answered.
const CROWD_REQUESTS: usize = 8_000;
/// Of each load on requests.
const LOAD_SECONDS: f64 = 10.0;
/// Of each load on mails.
const MAIL_LOAD_SECONDS: f64 = 30.0;
/// Mails a second that the mailbox takes under a load on mails.
const MAIL_RATE: u32 = 40;
/// After a load, until the worker knows that it is over.
const REST_SECONDS: f64 = 1.0;
/// Step of the model.
const SLOT_SECONDS: f64 = 0.000_2;

/// Loads on requests, by part of what the portal answers a second; of those, half want a mail.
const REQUEST_LOADS: [(&str, f64); 3] = [("well below", 0.4), ("near", 0.8), ("above", 2.0)];
/// Loads on mails, by part of what the worker sends a second while requests come.
const MAIL_LOADS: [(&str, f64); 3] = [("well below", 0.4), ("near", 0.9), ("above", 2.0)];

/// What the model is told of the portal.
#[derive(Debug, Clone, Copy)]
struct Measured {
    /// Of an answer to each of [`ROUTES`] when it is quiet, in seconds.
    answer_s: [f64; 2],
    /// Of the whole machine for each, in seconds; for a recovery without the checkpoints.
    work_s: [f64; 2],
    /// Between two checkpoints of the database, how many recoveries; and the machine's time for one.
    checkpoint: Lump,
    /// Of one mail, in seconds; all that time the machine is busy: mails and requests share one database.
    mail_s: f64,
}

impl Measured {
    /// Of the whole machine for each, in seconds, checkpoints included.
    fn request_s(self) -> [f64; 2] {
        let [challenge_s, recover_s] = self.work_s;
        [challenge_s, recover_s + self.checkpoint.work_s / self.checkpoint.requests]
    }
}

/// One figure, as predicted and as measured.
struct Compared {
    load: String,
    what: &'static str,
    unit: &'static str,
    predicted: f64,
    measured: f64,
    apart: f64,
}

impl Compared {
    fn is_near(&self) -> bool {
        let apart = (self.predicted - self.measured).abs();
        apart <= self.apart.max(self.measured * APART_MAX)
    }
}

/// Measures, predicts, compares, prints, and writes the comparison into docs/rush.md.
pub fn run() -> Outcome {
    let program = bench::portal::build()?;
    let measured = calibrate(&program)?;
    let [challenge, recover] = measured.request_s().map(|request_s| 1.0 / request_s);
    let mut text = format!(
        "The portal answers {} challenges a second, or {} recoveries, and sends {} mails a second when it is \
         quiet.\n\
         \n| load | | predicted | measured | |\n|---|---|---|---|---|\n",
        number(challenge),
        number(recover),
        number(1.0 / measured.mail_s),
    );
    let mut compared = request_loads(&program, measured)?;
    compared.extend(mail_loads(&program, measured)?);
    for Compared { load, what, unit, predicted, measured, .. } in &compared {
        let ratio = format!("{:+.0} %", (predicted / measured - 1.0) * 100.0);
        let [predicted, measured] = [predicted, measured].map(|value| number(*value));
        let _ = writeln!(text, "| {load} | {what} | {predicted} {unit} | {measured} {unit} | {ratio} |");
    }
    let _ = writeln!(
        text,
        "\nApart by a fifth at most, or by what cannot be told apart: a mail that waits, {} ms of an answer.",
        number(SECONDS_APART * 1e3)
    );
    println!("\n{text}");
    let far: Vec<&Compared> = compared.iter().filter(|compared| !compared.is_near()).collect();
    if let Some(first) = far.first() {
        let (count, Compared { load, what, .. }) = (far.len(), first);
        return Err(format!("{count} figures are over 20 % apart, the first: {load}, {what}").into());
    }
    let page = Tools::find()?.root.join(report::PAGE);
    let standing = fs::read_to_string(&page)?;
    let written =
        between(&standing, report::CHECK_PART, &text).ok_or("docs/rush.md has no place for this")?;
    fs::write(page, written)?;
    Ok(())
}

/// Asks one route alone, quietly and all at once, and lets the mails that came of it be sent.
fn calibrate(program: &Path) -> Result<Measured, Error> {
    let (challenge_s, challenges) = alone(program, [1, 0])?;
    let (recover_s, recoveries) = alone(program, [0, 1])?;
    let checkpoints = recoveries.checkpoints.max(1);
    let requests = CROWD_REQUESTS as f64 / checkpoints as f64;
    let checkpoint = Lump { requests, work_s: mean(recoveries.pauses_s().take(checkpoints)) };
    let last_s = recoveries.last_s();
    let after = |at_s: &&f64| **at_s > last_s + REST_SECONDS;
    let mails: Vec<f64> = recoveries.sent_s.iter().filter(after).copied().collect();
    let [first, .., last] = mails[..] else { return Err("too few mails were left".into()) };
    Ok(Measured {
        answer_s: [challenge_s, recover_s],
        work_s: [
            challenges.last_s() / CROWD_REQUESTS as f64,
            last_s / CROWD_REQUESTS as f64 - checkpoint.work_s / checkpoint.requests,
        ],
        checkpoint,
        mail_s: (last - first) / mails.len() as f64,
    })
}

/// How long an answer takes when it is quiet, and what a crowd met.
fn alone(program: &Path, shares: [usize; 2]) -> Result<(f64, Met), Error> {
    let portal = Portal::start(program, 0)?;
    let quiet = portal.ask(due(&portal, QUIET_RATE, QUIET_SECONDS, shares)?)?;
    let answer_s = median(quiet.answers.iter().map(|answer| answer.took_s));
    let crowd = portal.ask(due(&portal, f64::INFINITY, CROWD_REQUESTS as f64, shares)?)?;
    Ok((answer_s, crowd))
}

/// Requests in even distances; at an infinite rate, `seconds` is their number, all at once.
fn due(portal: &Portal, rate: f64, seconds: f64, shares: [usize; 2]) -> Result<Vec<Due>, Error> {
    let count = if rate.is_finite() { (rate * seconds) as usize } else { seconds as usize };
    let [challenges, recoveries] = shares;
    let all = challenges + recoveries;
    // Every second one is of an identifier that nobody has.
    let (function, route) = routes::find("POST", "/api/recover/password")?;
    let asked = portal.population.requests(function, route, 2 * (count * recoveries).div_ceil(all))?;
    let known = asked.into_iter().filter(|request| request.is_known);
    let mut recover = known.map(|request| request.bytes()).peekable();
    let challenge: Arc<[u8]> = CHALLENGE_REQUEST.into();
    let due = (0..count).map(|rank| {
        let mail = recover.next_if(|_| rank % all >= challenges);
        let has_mail = mail.is_some();
        Due { at_s: rank as f64 / rate, bytes: mail.map_or(challenge.clone(), Into::into), has_mail }
    });
    Ok(due.collect())
}

/// Challenges and recoveries in turn, at a rate below, near and above what the portal answers.
fn request_loads(program: &Path, measured: Measured) -> Result<Vec<Compared>, Error> {
    let most = 2.0 / measured.request_s().iter().sum::<f64>();
    let mut compared = Vec::new();
    for (name, part) in REQUEST_LOADS {
        let rate = most * part;
        let portal = Portal::start(program, 0)?;
        let met = portal.ask(due(&portal, rate, LOAD_SECONDS, [1, 1])?)?;
        let trace = predict(measured, rate, LOAD_SECONDS, &BOTH, 0);
        let load = format!("{} requests a second ({name})", number(rate));
        compared.extend(compare_requests(&load, &trace, &met));
        compared.extend(compare_mails(&load, &trace, &met, LOAD_SECONDS));
    }
    Ok(compared)
}

/// Recoveries at a rate below, near and above what the worker sends at a rate that is turned down.
fn mail_loads(program: &Path, measured: Measured) -> Result<Vec<Compared>, Error> {
    let batch = sesame::worker::BATCH_MESSAGES_MAX as f64;
    let most = batch / (batch / f64::from(MAIL_RATE) + PAUSE_UNDER_LOAD.as_secs_f64());
    let mut compared = Vec::new();
    for (name, part) in MAIL_LOADS {
        let rate = most * part;
        let portal = Portal::start(program, MAIL_RATE)?;
        let met = portal.ask(due(&portal, rate, MAIL_LOAD_SECONDS, [0, 1])?)?;
        let trace = predict(measured, rate, MAIL_LOAD_SECONDS, &MAILS_ONLY, MAIL_RATE);
        let load = format!("{} mails a second, of {MAIL_RATE} ({name})", number(rate));
        compared.extend(compare_mails(&load, &trace, &met, MAIL_LOAD_SECONDS));
    }
    Ok(compared)
}

const fn journey(percent: u32, steps: &'static [Step]) -> Journey {
    Journey { name: "asks", percent, steps }
}

const ASKS_CHALLENGE: [Step; 1] = [Step { route: CHALLENGE, think_s: 0.0, mails: &[] }];
const ASKS_MAIL: [Step; 1] = [Step { route: RECOVER, think_s: 0.0, mails: &[Mail::Link] }];
const BOTH: [Journey; 2] = [journey(50, &ASKS_CHALLENGE), journey(50, &ASKS_MAIL)];
const MAILS_ONLY: [Journey; 1] = [journey(100, &ASKS_MAIL)];

/// What the model says of a load.
fn predict(measured: Measured, rate: f64, seconds: f64, journeys: &[Journey], mail_rate: u32) -> Trace {
    let plan = plan(measured, mail_rate);
    let rate = |_| rate;
    let load = Load {
        journeys,
        rate: &rate,
        begins_s: 0.0,
        ends_s: seconds,
        mails_before: 0.0,
        until_hit: false,
        is_traced: true,
    };
    model::run(&plan, &load).trace.unwrap_or_default()
}

/// One machine: its processors are one pool whose requests wait, its mails have one worker.
fn plan(measured: Measured, mail_rate: u32) -> Plan {
    let route = |rank: usize| RoutePlan {
        pool: 0,
        work_s: measured.work_s[rank],
        lump: (ROUTES[rank] == RECOVER).then_some(measured.checkpoint),
        answer_s: measured.answer_s[rank],
        write_units: 0.0,
        read_units: 0.0,
        rate: None,
    };
    let machine =
        PoolPlan { name: "portal", executions: 1.0, calls: f64::INFINITY, full: Full::Wait, memory_gb: 0.0 };
    Plan {
        slot_s: SLOT_SECONDS,
        rates: [None, None],
        routes: ROUTES.iter().enumerate().map(|(rank, name)| (*name, route(rank))).collect(),
        pools: vec![machine],
        units: [f64::INFINITY; 2],
        mail: MailPlan {
            senders: [1, 1],
            is_one_machine: true,
            pace_s: if mail_rate == 0 { 0.0 } else { 1.0 / f64::from(mail_rate) },
            work_s: measured.mail_s,
            cpu_s: measured.mail_s,
            pause_s: PAUSE_UNDER_LOAD.as_secs_f64(),
            stream_s: 0.0,
            pipes: f64::INFINITY,
            ses: None,
            ses_day: None,
            write_units: 0.0,
            read_units: 0.0,
            memory_gb: 0.0,
        },
        lifted: BTreeSet::new(),
    }
}

fn compare_requests(load: &str, trace: &Trace, met: &Met) -> [Compared; 2] {
    let predicted = || trace.requests.iter().map(|(_, took_s)| *took_s);
    let measured = || met.answers.iter().map(|answer| answer.took_s);
    let compared = |what, predicted: f64, measured: f64| Compared {
        load: load.to_owned(),
        what,
        unit: "ms",
        predicted: predicted * 1e3,
        measured: measured * 1e3,
        apart: SECONDS_APART * 1e3,
    };
    [
        compared("an answer takes, in the middle", median(predicted()), median(measured())),
        compared("an answer takes, in the mean", mean(predicted()), mean(measured())),
    ]
}

fn compare_mails(load: &str, trace: &Trace, met: &Met, seconds: f64) -> [Compared; 3] {
    let mut queued: Vec<f64> = met
        .answers
        .iter()
        .filter(|answer| answer.is_done && answer.has_mail)
        .map(|answer| answer.at_s + answer.took_s)
        .collect();
    queued.sort_by(f64::total_cmp);
    // Mails leave in the order in which they came.
    let delays = queued.iter().zip(&met.sent_s).map(|(queued_s, sent_s)| (sent_s - queued_s).max(0.0));
    let measured_delays: Vec<f64> = delays.collect();
    let predicted_delays: Vec<f64> = trace.mails.iter().map(|(_, delay_s, _)| *delay_s).collect();
    let until = |at_s: &&f64| **at_s <= seconds;
    let measured =
        queued.iter().filter(until).count() as f64 - met.sent_s.iter().filter(until).count() as f64;
    let predicted_queued = trace.mails.iter().filter(|(queued_s, ..)| *queued_s <= seconds).count() as f64;
    let sent =
        trace.mails.iter().filter(|(queued_s, delay_s, _)| queued_s + delay_s <= seconds).count() as f64;
    let compared = |what, unit, predicted, measured, apart| Compared {
        load: load.to_owned(),
        what,
        unit,
        predicted,
        measured,
        apart,
    };
    let seconds_of =
        |what, predicted: f64, measured: f64| compared(what, "s", predicted, measured, 2.0 * SECONDS_APART);
    [
        compared("mails wait when it ends", "", predicted_queued - sent, measured, MAILS_APART),
        seconds_of(
            "a mail waits, in the mean",
            mean(predicted_delays.iter().copied()),
            mean(measured_delays.iter().copied()),
        ),
        seconds_of(
            "nine in ten mails wait less than",
            quantile(predicted_delays, 900),
            quantile(measured_delays, 900),
        ),
    ]
}
