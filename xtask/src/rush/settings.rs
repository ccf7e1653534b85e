//! What an operator sets, by its name in the template or at AWS, and the system that comes of it.

use std::collections::BTreeSet;

use platform::function::{Cost as Hashing, Function, Share};

use super::costs::{Costs, MAIL};
use super::crowd::{self, Crowd, DAY_SECONDS, JOURNEYS};
use super::limits::{self, Limit};
use super::model::mails::MailPlan;
use super::model::parts::{Full, PoolPlan, Rate};
use super::model::record::Record;
use super::model::{self, Load, Plan, RoutePlan};
use crate::Error;

const TEMPLATE: &str = include_str!("../../../infra/template.yaml");
const MAIL_TEMPLATE: &str = include_str!("../../../infra/mail.yaml");

/// Sizes that reserve executions, the smallest first.
pub const SIZES: [&str; 3] = ["small", "standard", "deadline"];
/// What `samconfig.toml` begins production with.
const SIZE_AT_FIRST: &str = "standard";
const MAIL_SENDERS_AT_FIRST: u32 = 4;

/// Lambda's processor against that of the machine that measured: an assumption.
const PROCESSOR_RATIO: f64 = 2.0;
/// Memory that comes with a whole processor, in MB. *Configure Lambda function memory*.
const PROCESSOR_MEMORY_MB: f64 = 1_769.0;
/// A call of DynamoDB and one of SES, as its client sees it, in seconds: assumptions.
const TABLE_CALL_SECONDS: f64 = 0.006;
const SES_CALL_SECONDS: f64 = 0.080;
/// CloudFront, API Gateway and the way back, in seconds: an assumption.
const NETWORK_SECONDS: f64 = 0.040;
/// From commit to queue: half a poll of the stream on the way, and the pipe's own calls.
const PIPE_CALL_SECONDS: f64 = 0.05;
/// Mails of one batch of a pipe (`infra/mail.yaml`).
const PIPE_BATCH_MAILS: f64 = 10.0;
/// One step of the model.
const SLOT_SECONDS: f64 = 1.0;

/// A minute is the longest that a link may wait on a recommended setting.
const LINK_SECONDS_MAX: f64 = 60.0;
/// What is set over what the model needs: arrivals come in clumps.
const MARGIN: f64 = 1.2;
/// Mails a second of one sender, as docs/operations.md divides the rate.
const SENDER_MAILS_A_SECOND: f64 = 6.0;
/// Where a short run begins: a quarter of an hour before the last hour.
const SHORT_RUN_SECONDS: f64 = 1.25 * 3_600.0;
const MINUTE_SECONDS: f64 = 60.0;

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub size: String,
    pub mail_senders: u32,
    pub mail_rate: u32,
    pub send_rate: u32,
    pub send_day: u64,
    pub executions: u32,
    pub account_rate: u32,
    pub warm_writes: u32,
    pub warm_reads: u32,
}

impl Settings {
    /// As production begins, in an account with AWS's own quotas.
    pub fn at_first() -> Self {
        Self {
            size: SIZE_AT_FIRST.to_owned(),
            mail_senders: MAIL_SENDERS_AT_FIRST,
            mail_rate: limits::SES_MAILS_A_SECOND,
            send_rate: limits::SES_MAILS_A_SECOND,
            send_day: limits::SES_DAY_MAILS,
            executions: limits::CONCURRENT_EXECUTIONS,
            account_rate: limits::ACCOUNT_REQUESTS_A_SECOND,
            warm_writes: limits::TABLE_WRITE_UNITS,
            warm_reads: limits::TABLE_READ_UNITS,
        }
    }

    /// Changes what `NAME=VALUE` names.
    pub fn set(&mut self, pair: &str) -> Result<(), Error> {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("{pair}: say NAME=VALUE"))?;
        let number = || value.parse::<u32>().map_err(|_| format!("{pair}: a whole number is wanted"));
        match name {
            "Size" if SIZES.contains(&value) => self.size = value.to_owned(),
            "Size" => return Err(format!("Size is one of {}", SIZES.join(", ")).into()),
            "MailSenders" => self.mail_senders = number()?,
            "MailRate" => (self.mail_rate, self.send_rate) = (number()?, self.send_rate.max(number()?)),
            "MaxSendRate" => self.send_rate = number()?,
            "Max24HourSend" => self.send_day = value.parse().map_err(|_| format!("{pair}: a number"))?,
            "ConcurrentExecutions" => self.executions = number()?,
            "RequestsPerSecond" => self.account_rate = number()?,
            "WriteUnitsPerSecond" => self.warm_writes = number()?,
            "ReadUnitsPerSecond" => self.warm_reads = number()?,
            _ => return Err(format!("no setting is named {name}").into()),
        }
        self.senders().map(drop)
    }

    /// Each by its name: the template's parameters first.
    pub fn named(&self) -> [(&'static str, String); 9] {
        [
            ("Size", self.size.clone()),
            ("MailRate", self.mail_rate.to_string()),
            ("MailSenders", self.mail_senders.to_string()),
            ("MaxSendRate", self.send_rate.to_string()),
            ("Max24HourSend", self.send_day.to_string()),
            ("ConcurrentExecutions", self.executions.to_string()),
            ("RequestsPerSecond", self.account_rate.to_string()),
            ("WriteUnitsPerSecond", self.warm_writes.to_string()),
            ("ReadUnitsPerSecond", self.warm_reads.to_string()),
        ]
    }

    /// The line to type.
    pub fn command(&self) -> String {
        let Self { size, mail_rate, mail_senders, .. } = self;
        format!(
            "cargo xtask set Size={size} MailRate={mail_rate} MailSenders={mail_senders} --env production"
        )
    }

    /// Executions that the size reserves, which the account must have besides its own hundred.
    pub fn reserved(&self) -> Result<u32, Error> {
        let of_routes: Result<Vec<u32>, Error> =
            sesame::functions::ALL.iter().map(|function| self.reserved_for(function.size.share)).collect();
        Ok(of_routes?.iter().sum::<u32>() + self.mail_senders)
    }

    fn reserved_for(&self, share: Share) -> Result<u32, Error> {
        let name = match share {
            Share::Crowd => "Crowd",
            Share::Write => "Write",
            Share::Few => "Few",
            Share::Space => "Space",
            Share::Desk => "Desk",
            Share::Events => "Events",
            Share::Chores => "Chores",
            Share::Mails => return Ok(0),
        };
        cell(TEMPLATE, name, &self.size)
    }

    /// Senders of links and of the desk.
    pub fn senders(&self) -> Result<[u32; 2], Error> {
        let row = format!("\"{}\"", self.mail_senders);
        Ok([cell(MAIL_TEMPLATE, &row, "Links")?, cell(MAIL_TEMPLATE, &row, "Desk")?])
    }

    /// The system as it is set.
    pub fn plan(&self, costs: &Costs) -> Result<Plan, Error> {
        let wanted = self.reserved()? + limits::UNRESERVED_EXECUTIONS;
        if wanted > self.executions {
            return Err(format!("Size={} wants ConcurrentExecutions={wanted}", self.size).into());
        }
        let rate = |a_second: &str, burst: &str| -> Result<Rate, Error> {
            let cell = |name| cell(TEMPLATE, &self.size, name).map(f64::from);
            Ok(Rate { a_second: cell(a_second)?, burst: cell(burst)? })
        };
        let password = rate("Password", "PasswordBurst")?;
        let account =
            Rate { a_second: f64::from(self.account_rate), burst: f64::from(limits::ACCOUNT_BURST_REQUESTS) };
        let (mut pools, mut routes) = (Vec::new(), Vec::new());
        for (pool, function) in functions().enumerate() {
            pools.push(pool_of(function, f64::from(self.reserved_for(function.size.share)?)));
            for route in function.routes {
                // Routes that nobody of the crowd asks are left out.
                let Some(name) = name_of(route.method, route.path) else { continue };
                let rate = (route.cost == Hashing::Hash).then_some(password);
                routes.push((name, route_plan(function, pool, name, costs, rate)));
            }
        }
        Ok(Plan {
            slot_s: SLOT_SECONDS,
            rates: [Some(account), Some(rate("All", "AllBurst")?)],
            routes,
            pools,
            units: [f64::from(self.warm_writes), f64::from(self.warm_reads)],
            mail: self.mail_plan(costs)?,
            lifted: BTreeSet::new(),
        })
    }

    fn mail_plan(&self, costs: &Costs) -> Result<MailPlan, Error> {
        let (cost, function) = (costs.of(MAIL), &mail_sender::FUNCTION);
        let shards = f64::from(self.warm_writes / limits::PARTITION_WRITE_UNITS).max(1.0);
        let batches = f64::from(limits::SHARD_BATCHES) * shards;
        let send_rate = f64::from(self.send_rate);
        Ok(MailPlan {
            senders: self.senders()?,
            is_one_machine: false,
            pace_s: f64::from(self.mail_senders) / f64::from(self.mail_rate.max(1)),
            work_s: function_s(function, cost.cpu_ms, cost.calls) + SES_CALL_SECONDS,
            cpu_s: 0.0,
            pause_s: 0.0,
            stream_s: 0.5 / f64::from(limits::STREAM_POLLS_A_SECOND) + PIPE_CALL_SECONDS,
            pipes: batches * PIPE_BATCH_MAILS / PIPE_CALL_SECONDS,
            ses: Some(Rate { a_second: send_rate, burst: send_rate }),
            ses_day: Some(self.send_day as f64),
            write_units: cost.write_units,
            read_units: cost.read_units,
            memory_gb: gigabytes(function),
        })
    }
}

/// Functions with routes; the document of the API is a file on AWS.
fn functions() -> impl Iterator<Item = &'static Function> {
    sesame::functions::ALL.iter().copied().filter(|function| !function.routes.is_empty())
}

/// The route's name in the journeys.
fn name_of(method: &str, path: &str) -> Option<&'static str> {
    let is_it = |name: &&str| name.split_once(' ') == Some((method, path));
    JOURNEYS.iter().flat_map(|journey| journey.steps).map(|step| step.route).find(is_it)
}

fn gigabytes(function: &Function) -> f64 {
    f64::from(function.size.memory_mb) / 1024.0
}

fn pool_of(function: &'static Function, executions: f64) -> PoolPlan {
    PoolPlan {
        name: function.name,
        executions,
        calls: executions * f64::from(limits::CALLS_A_SECOND_FOR_EACH_EXECUTION),
        full: Full::Refuse,
        memory_gb: gigabytes(function),
    }
}

/// How long a function takes: its part of a processor, and its calls of the table.
fn function_s(function: &Function, cpu_ms: f64, calls: f64) -> f64 {
    let part = (f64::from(function.size.memory_mb) / PROCESSOR_MEMORY_MB).min(1.0);
    cpu_ms / 1_000.0 * PROCESSOR_RATIO / part + calls * TABLE_CALL_SECONDS
}

fn route_plan(function: &Function, pool: usize, name: &str, costs: &Costs, rate: Option<Rate>) -> RoutePlan {
    let cost = costs.of(name);
    let work_s = function_s(function, cost.cpu_ms, cost.calls);
    RoutePlan {
        pool,
        work_s,
        lump: None,
        answer_s: work_s + NETWORK_SECONDS,
        write_units: cost.write_units,
        read_units: cost.read_units,
        rate,
    }
}

/// A number of a mapping that the template has on one line: `row: { column: 1, … }`.
fn cell(template: &str, row: &str, column: &str) -> Result<u32, Error> {
    let line = template.lines().find_map(|line| line.trim().strip_prefix(row)?.strip_prefix(": { "));
    let line = line.ok_or_else(|| format!("the template has no {row}"))?;
    let cells = line.trim_end_matches(" }").split(", ").filter_map(|cell| cell.split_once(": "));
    let value = cells.into_iter().find(|(name, _)| *name == column).map(|(_, value)| value.parse());
    Ok(value.ok_or_else(|| format!("the template has no {column} of {row}"))??)
}

/// Values that the template allows a parameter, in its order.
fn allowed(parameter: &str) -> Vec<u32> {
    let rest = TEMPLATE.split_once(&format!("\n  {parameter}:\n")).map_or("", |(_, rest)| rest);
    let list = rest.split_once("AllowedValues: [").and_then(|(_, rest)| rest.split_once(']'));
    list.map_or("", |(list, _)| list).split(", ").filter_map(|value| value.parse().ok()).collect()
}

/// Runs a crowd's whole day, or a quarter of an hour before the last hour and what follows.
pub fn run(plan: &Plan, crowd: Crowd, is_whole: bool, until_hit: bool) -> Record {
    let rate = |second| crowd.rate(second);
    let begins_s = if is_whole { 0.0 } else { DAY_SECONDS - SHORT_RUN_SECONDS };
    let minutes = (0..(begins_s / MINUTE_SECONDS) as u32).map(|minute| f64::from(minute) * MINUTE_SECONDS);
    let before: f64 = minutes.map(|second| crowd.rate(second) * MINUTE_SECONDS).sum();
    let load = Load {
        journeys: &JOURNEYS,
        rate: &rate,
        begins_s,
        ends_s: DAY_SECONDS,
        mails_before: before * mails_a_person(),
        until_hit,
        is_traced: false,
    };
    model::run(plan, &load)
}

/// The smallest settings by which nobody of a crowd is refused, and no link waits for over a minute.
pub fn for_crowd(crowd: Crowd, costs: &Costs) -> Result<Settings, Error> {
    let mut settings = Settings { executions: u32::MAX, ..Settings::at_first() };
    // First what they need when nothing is in the way.
    let mut free = settings.plan(costs)?;
    free.lifted = every_limit(&free);
    let needed = run(&free, crowd, false, false);
    settings.warm_writes = warm(needed.writes_highest_a_second, limits::TABLE_WRITE_UNITS);
    let day_mails = crowd.people * mails_a_person();
    settings.send_day = round_up(day_mails * MARGIN) as u64;
    let rush = crowd.rush_rate();
    let (links, desk) = (rush * links_a_person(), rush * (mails_a_person() - links_a_person()));
    settings.mail_rate = round_up((links + desk) * MARGIN) as u32;
    for size in SIZES {
        settings.size = size.to_owned();
        loop {
            let wanted = (f64::from(settings.mail_rate) / SENDER_MAILS_A_SECOND).ceil() as u32;
            let senders = allowed("MailSenders");
            let enough = senders.iter().copied().find(|senders| *senders >= wanted);
            settings.mail_senders = enough.or(senders.last().copied()).ok_or("no MailSenders")?;
            settings.send_rate = settings.mail_rate;
            let [link_senders, _] = settings.senders()?;
            let share = f64::from(link_senders) / f64::from(settings.mail_senders);
            if f64::from(settings.mail_rate) * share >= links * MARGIN || settings.mail_rate > 1_000_000 {
                break;
            }
            settings.mail_rate = round_up(f64::from(settings.mail_rate) * 1.05) as u32;
        }
        let record = run(&settings.plan(costs)?, crowd, false, true);
        if record.hits.is_empty() && record.longest_delay_s(0) <= LINK_SECONDS_MAX {
            break;
        }
    }
    let executions = settings.reserved()? + limits::UNRESERVED_EXECUTIONS;
    // Quotas are asked for in thousands.
    settings.executions = executions.div_ceil(limits::CONCURRENT_EXECUTIONS) * limits::CONCURRENT_EXECUTIONS;
    Ok(settings)
}

/// Everything that a plan can be short of.
pub fn every_limit(plan: &Plan) -> BTreeSet<Limit> {
    let of_pools = plan
        .pools
        .iter()
        .flat_map(|pool| [Limit::Calls(pool.name), Limit::Concurrency(pool.name), Limit::Growth(pool.name)]);
    let of_routes = plan.routes.iter().map(|(route, _)| Limit::Password(route));
    let others = [
        Limit::Account,
        Limit::Stage,
        Limit::Writes,
        Limit::Reads,
        Limit::AgencyKey,
        Limit::Pipes,
        Limit::Senders,
        Limit::MailRate,
        Limit::SesRate,
        Limit::SesDay,
    ];
    of_pools.chain(of_routes).chain(others).collect()
}

fn mails_of(is_counted: impl Fn(&crowd::Mail) -> bool) -> f64 {
    let of = |journey: &crowd::Journey| {
        let mails = journey.steps.iter().flat_map(|step| step.mails).filter(|mail| is_counted(mail)).count();
        f64::from(journey.percent) / 100.0 * mails as f64
    };
    JOURNEYS.iter().map(of).sum()
}

/// Mails of one person, of both lanes.
pub fn mails_a_person() -> f64 {
    mails_of(|_| true)
}

fn links_a_person() -> f64 {
    mails_of(|mail| matches!(mail, crowd::Mail::Awaited | crowd::Mail::Link))
}

/// What a table is warmed to: whole thousands over what is needed, and what AWS gives at the least.
fn warm(needed: f64, least: u32) -> u32 {
    let thousands = (needed * MARGIN / 1_000.0).ceil() as u32 * 1_000;
    thousands.max(least)
}

/// To two digits.
fn round_up(value: f64) -> f64 {
    let unit = 10_f64.powf(value.max(1.0).log10().floor() - 1.0).max(1.0);
    (value / unit).ceil() * unit
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_sets_is_in_the_template() {
        let at_first = Settings::at_first();
        let config = include_str!("../../../samconfig.toml");
        let (_, production) = config.split_once("[production.global.parameters]").unwrap();
        for (name, value) in at_first.named().iter().take(3) {
            assert!(TEMPLATE.contains(&format!("\n  {name}:\n    Type: ")), "{name}");
            assert!(
                production.contains(&format!(" {name}={value} "))
                    || production.contains(&format!("{name}={value}"))
            );
        }
        assert_eq!(allowed("MailSenders"), [4, 6, 10, 20, 50, 100, 250]);
    }

    #[test]
    fn numbers_of_the_mappings_are_read_from_the_template() {
        let mut settings = Settings::at_first();
        assert_eq!(settings.senders().unwrap(), [2, 2]);
        settings.set("MailSenders=250").unwrap();
        settings.set("Size=deadline").unwrap();
        assert_eq!(settings.senders().unwrap(), [220, 30]);
        assert_eq!(settings.reserved_for(Share::Crowd).unwrap(), 420);
        assert!(settings.reserved().unwrap() + limits::UNRESERVED_EXECUTIONS <= 4_000);
        assert!(settings.set("MailSenders=7").is_err());
        assert!(settings.set("Size=huge").is_err());
        assert!(settings.set("Sizes=small").is_err());
    }

    #[test]
    fn rounding_goes_up_and_keeps_two_digits() {
        assert_eq!([0.2, 8.1, 11.0, 123.0, 686.0].map(round_up), [1.0, 9.0, 11.0, 130.0, 690.0]);
    }
}
