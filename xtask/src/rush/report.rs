//! The report of a crowd: printed, or written as docs/rush.md with its pictures and a table of
//! docs/operations.md.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::costs::{self, Costs, MAIL};
use super::crowd::{self, Crowd, JOURNEYS};
use super::ladder::{self, Became, Bought, Rung};
use super::limits::prices;
use super::model::record::{Minute, Record};
use super::settings::{self, Settings};
use crate::chart::{self, number};
use crate::generate::between;
use crate::{Error, Outcome};

pub const PAGE: &str = "docs/rush.md";
pub const OPERATIONS: &str = "docs/operations.md";
/// What it says around the figures.
const TEMPLATE: &str = include_str!("page.md");
const PICTURES: [&str; 4] = [
    "docs/pictures/rush-queue.svg",
    "docs/pictures/rush-latency.svg",
    "docs/pictures/rush-delay.svg",
    "docs/pictures/rush-ladder.svg",
];
/// What the command writes.
pub const FILES: [&str; 6] = [PAGE, OPERATIONS, PICTURES[0], PICTURES[1], PICTURES[2], PICTURES[3]];
/// The part of docs/rush.md that `--check` writes.
pub const CHECK_PART: &str = "against the portal";
/// The part of docs/operations.md.
pub const SETTINGS_PART: &str = "settings of a crowd";

/// Crowds of docs/operations.md, in people a second; the last is the default one.
const OCCASIONS: [(&str, f64); 2] = [("an ordinary day", 10.0), ("a deadline", 100.0)];
/// What breaks first as it was and the five after it; and as set.
const RUNGS: [usize; 2] = [6, 3];
/// A point of a picture, in minutes.
const POINT_MINUTES: usize = 5;
const MINUTES_AN_HOUR: f64 = 60.0;
/// The shortest time that a picture shows: its axis is logarithmic.
const SHOWN_SECONDS_MIN: f64 = 0.01;
const GIGABYTE: f64 = 1e9;
/// Of a request and of a mail, with the platform's own report.
const LOG_LINE_BYTES: f64 = 900.0;

/// Everything that is told of a crowd.
pub struct Report {
    crowd: Crowd,
    first: Settings,
    wanted: Settings,
    costs: Costs,
    days: [Record; 2],
    rungs: [Vec<Rung>; 2],
    bought: Vec<Bought>,
}

/// What a row of the table says of one settings' day.
type Cell = fn(&Record, &Became) -> String;

impl Report {
    /// Of a crowd that meets these settings, and those that it wants.
    pub fn of(crowd: Crowd, first: Settings, costs: Costs) -> Result<Self, Error> {
        let wanted = settings::for_crowd(crowd, &costs)?;
        let plans = [first.plan(&costs)?, wanted.plan(&costs)?];
        let days = plans.each_ref().map(|plan| settings::run(plan, crowd, true, false));
        let rungs = [0, 1].map(|rank| ladder::climb(&plans[rank], crowd, RUNGS[rank]));
        let bought = ladder::bought(&first, &wanted, crowd, &costs)?;
        Ok(Self { crowd, first, wanted, costs, days, rungs, bought })
    }

    /// The figures, as Markdown that a terminal shows as well.
    pub fn text(&self) -> String {
        [self.summary(), self.ladder(), self.levers(), self.quotas(), self.bill()].join("\n")
    }

    fn summary(&self) -> String {
        let Crowd { people, at_once } = self.crowd;
        let head = format!(
            "{} people in a day, {} at once in the last hour: {} come each second then, and make {} requests \
             each.\n",
            number(people),
            number(at_once),
            number(self.crowd.rush_rate()),
            number(crowd::requests()),
        );
        let mut table = head + "\n| | as it was | as set |\n|---|---|---|\n";
        let became = self.days.each_ref().map(Became::of);
        let rows: [(&str, Cell); 9] = [
            ("people at once, at the most", |record, _| number(record.present_highest() as f64)),
            ("requests a second, at the most", |record, _| number(record.calls_highest_a_second)),
            ("requests refused, of all", |_, became| percent(became.refused)),
            ("people who leave without what they came for", |_, became| percent(became.lost)),
            ("of them without their mail", |record, _| number(record.ends.no_mail as f64)),
            ("mails waiting, at the most", |_, became| number(became.waiting as f64)),
            ("a link waits, at the most, or until the end", |_, became| span(became.link_s)),
            ("a receipt, likewise", |record, _| span(record.longest_delay_s(1))),
            ("units of writing a second, at the most", |record, _| number(record.writes_highest_a_second)),
        ];
        for (name, of) in rows {
            let [first, wanted] = [0, 1].map(|rank| of(&self.days[rank], &became[rank]));
            let _ = writeln!(table, "| {name} | {first} | {wanted} |");
        }
        for ((name, first), (_, wanted)) in self.first.named().iter().zip(self.wanted.named()) {
            let _ = writeln!(table, "| `{name}` | {first} | {wanted} |");
        }
        table
    }

    fn ladder(&self) -> String {
        let mut text = String::new();
        for (rungs, title) in self.rungs.iter().zip(["as it was", "as set"]) {
            let _ = writeln!(text, "What breaks first {title}, and next once that is raised:\n");
            text +=
                "| | people a second | at once | requests a second | raised by |\n|---|---|---|---|---|\n";
            for (rank, Rung { limit, crowd }) in rungs.iter().enumerate() {
                let (people, lever) = (crowd.rush_rate(), limit.lever());
                let calls = number(people * crowd::requests());
                let (people, at_once) = (number(people), number(crowd.at_once));
                let _ =
                    writeln!(text, "| {}. {limit} | {people} | {at_once} | {calls} | {lever} |", rank + 1);
            }
            text += "\n";
        }
        text
    }

    fn levers(&self) -> String {
        let mut text = "What each setting buys this crowd: refused requests, people who leave without what \
                        they came for,\nand the longest wait for a link.\n\n\
                        | | it alone is set | all but it are set |\n|---|---|---|\n"
            .to_owned();
        let cell = |became: &Became| {
            format!("{}, {}, {}", percent(became.refused), percent(became.lost), span(became.link_s))
        };
        for Bought { name, alone, without } in &self.bought {
            let _ = writeln!(text, "| {name} | {} | {} |", cell(alone), cell(without));
        }
        text
    }

    fn quotas(&self) -> String {
        let Settings { send_rate, send_day, executions, warm_writes, warm_reads, .. } = &self.wanted;
        let (day, executions) = (number(*send_day as f64), number(f64::from(*executions)));
        format!(
            "For this crowd, once SES has granted `MaxSendRate` {send_rate} and `Max24HourSend` {day}, and \
             Lambda {executions}\nconcurrent executions:\n\n```sh\n{}\naws dynamodb update-table \
             --table-name $(out TableName) --warm-throughput \
             ReadUnitsPerSecond={warm_reads},WriteUnitsPerSecond={warm_writes}\n```\n",
            self.wanted.command()
        )
    }

    fn bill(&self) -> String {
        let items = bill(&self.days[1]);
        let all: f64 = items.iter().map(|(_, dollars)| dollars).sum();
        let items: Vec<String> =
            items.iter().map(|(name, dollars)| format!("{name} {}", number(dollars.round()))).collect();
        format!(
            "What the day costs as set, in dollars: {} in all ({}).\n",
            number(all.round()),
            items.join(", ")
        )
    }

    /// Writes docs/rush.md, its pictures, and the table of docs/operations.md.
    pub fn write(&self, root: &Path) -> Outcome {
        let standing = fs::read_to_string(root.join(PAGE)).unwrap_or_default();
        let checked = part(&standing, CHECK_PART).unwrap_or_default();
        fs::write(root.join(PAGE), self.page(&checked))?;
        for (file, picture) in PICTURES.iter().zip(self.pictures()?) {
            fs::write(root.join(file), picture)?;
        }
        let operations = fs::read_to_string(root.join(OPERATIONS))?;
        let table = operations_table(&self.costs)?;
        let operations = between(&operations, SETTINGS_PART, &table);
        fs::write(root.join(OPERATIONS), operations.ok_or("docs/operations.md has no place for settings")?)?;
        Ok(())
    }

    fn page(&self, checked: &str) -> String {
        let shares: Vec<String> = JOURNEYS
            .iter()
            .filter(|journey| journey.percent > 0)
            .map(|journey| format!("{} {} %", journey.name, journey.percent))
            .collect();
        let source =
            if self.costs.is_measured { format!("`{}`", costs::FILE) } else { "counted by hand".into() };
        let pictures: String = [
            "Mails that wait, over the day",
            "Waits for an answer, over the day",
            "Waits for a mail with a link, over the day",
            "The crowd that meets each limit",
        ]
        .iter()
        .zip(PICTURES)
        .map(|(name, file)| format!("![{name}]({})\n", file.trim_start_matches("docs/")))
        .collect();
        let mail = self.costs.of(MAIL);
        let parts = [
            ("{figures}", self.text()),
            ("{pictures}", pictures),
            ("{shares}", shares.join(", ")),
            ("{source}", source),
            ("{mail}", format!("{} calls and {} ms of a processor", mail.calls, mail.cpu_ms)),
            ("{checked}", checked.to_owned()),
        ];
        parts.iter().fold(TEMPLATE.to_owned(), |page, (name, part)| page.replace(name, part))
    }

    /// Mails waiting, waits for an answer and for a link, over the day; and the crowd that meets each limit.
    fn pictures(&self) -> Result<[String; 4], Error> {
        let series = |of: &dyn Fn(&Minute) -> f64| {
            [("as it was", 0), ("as set", 1)].map(|(name, rank)| {
                let minutes = self.days[rank].minutes.chunks(POINT_MINUTES).enumerate();
                let points = minutes.map(|(chunk, minutes)| {
                    let hour = (chunk * POINT_MINUTES) as f64 / MINUTES_AN_HOUR;
                    (hour, minutes.iter().map(of).fold(0.0, f64::max))
                });
                (name, points.collect::<Vec<_>>())
            })
        };
        let waiting = series(&|minute| minute.waiting.iter().sum::<u64>().max(1) as f64);
        let answers = series(&|minute| minute.slow_answer_s().max(SHOWN_SECONDS_MIN));
        let delays = series(&|minute| minute.mean_delay_s(0).max(SHOWN_SECONDS_MIN));
        let rungs = self.rungs[0].iter().map(|rung| (rung.limit.to_string(), rung.crowd.rush_rate()));
        let rungs: Vec<(String, f64)> = rungs.collect();
        let hour = "hour of the day";
        Ok([
            chart::lines("Mails that wait", hour, "mails", &waiting, true)?,
            chart::lines("One request in a hundred waits longer", hour, "seconds", &answers, true)?,
            chart::lines("A link waits, by when it was asked for", hour, "seconds", &delays, true)?,
            chart::bars("What breaks first, as it was", "people/s", &rungs)?,
        ])
    }
}

/// What follows `# NAME: begin` in a text, until its end.
fn part(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("# {name}: begin -->\n"))?;
    Some(rest.split_once(&format!("<!-- # {name}: end"))?.0.to_owned())
}

/// The settings of docs/operations.md.
pub fn operations_table(costs: &Costs) -> Result<String, Error> {
    let mut table =
        "\n| what comes | people a second | Size | SES's `MaxSendRate`, which is MailRate | MailSenders | \
                     warm reads / writes |\n|---|---|---|---|---|---|\n"
            .to_owned();
    let occasions = OCCASIONS.map(|(name, rate)| (name.to_owned(), Crowd::of_rate(rate)));
    let default = format!("{} at once in the last hour", number(crowd::DEFAULT.at_once));
    for (name, crowd) in occasions.into_iter().chain([(default, crowd::DEFAULT)]) {
        let Settings { size, mail_rate, mail_senders, warm_reads, warm_writes, .. } =
            settings::for_crowd(crowd, costs)?;
        let [rate, sent, reads, writes] =
            [crowd.rush_rate(), f64::from(mail_rate), f64::from(warm_reads), f64::from(warm_writes)]
                .map(number);
        let _ = writeln!(
            table,
            "| {name} | up to {rate} | `{size}` | {sent} | {mail_senders} | {reads} / {writes} |"
        );
    }
    Ok(table + "\n")
}

/// What a day costs, in dollars.
fn bill(record: &Record) -> [(&'static str, f64); 6] {
    let (calls, mails) = (record.calls as f64 / 1e6, record.mails_at_ses);
    let messages = record.mails.iter().sum::<u64>() as f64 / 1e6;
    let logs = (record.calls as f64 + mails) * LOG_LINE_BYTES / GIGABYTE;
    [
        ("mails", mails / 1e3 * prices::MAILS_THOUSAND),
        ("API", calls * prices::API_MILLION),
        ("functions", calls * prices::CALLS_MILLION + record.gb_seconds * prices::GB_SECOND),
        ("table", record.writes / 1e6 * prices::WRITES_MILLION + record.reads / 1e6 * prices::READS_MILLION),
        ("queues", messages * prices::MESSAGES_MILLION),
        ("logs", logs * prices::LOG_GB),
    ]
}

fn percent(part: f64) -> String {
    let percent = part * 100.0;
    match percent {
        0.0 => "none".to_owned(),
        ..0.1 => "under 0.1 %".to_owned(),
        _ => format!("{} %", number(percent)),
    }
}

/// A time in the unit that is read best.
fn span(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{} s", number(seconds)),
        ..7_200.0 => format!("{} min", number(seconds / 60.0)),
        _ => format!("{} h", number(seconds / 3_600.0)),
    }
}
