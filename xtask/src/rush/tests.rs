//! The model's own rules, and that the documents say what the command prints.
#![allow(clippy::unwrap_used)]

use std::fs;

use super::costs::Costs;
use super::crowd::{self, Crowd, DAY_SECONDS, JOURNEYS, Journey};
use super::ladder;
use super::limits::Limit;
use super::model::record::Record;
use super::model::{self, Load};
use super::report::{self, SETTINGS_PART};
use super::settings::{self, Settings};
use crate::generate::between;
use crate::tools::Tools;

fn costs() -> Costs {
    Costs::read(&Tools::find().unwrap().root).unwrap()
}

fn settings(pairs: &[&str]) -> Settings {
    let mut settings = Settings::at_first();
    for pair in pairs {
        settings.set(pair).unwrap();
    }
    settings
}

/// Some minutes before midnight.
fn load(minutes: f64) -> Load<'static> {
    Load {
        journeys: &JOURNEYS,
        rate: &|_| 0.0,
        begins_s: DAY_SECONDS - minutes * 60.0,
        ends_s: DAY_SECONDS,
        mails_before: 0.0,
        until_hit: false,
        is_traced: false,
    }
}

/// People at a steady rate.
fn steady(settings: &Settings, people_a_second: f64, minutes: f64) -> Record {
    let rate = |_| people_a_second;
    let load = Load { rate: &rate, ..load(minutes) };
    model::run(&settings.plan(&costs()).unwrap(), &load)
}

/// Enough of everything but what the test is about.
const PLENTY: [&str; 7] = [
    "ConcurrentExecutions=4000",
    "Size=deadline",
    "MailSenders=250",
    "MailRate=10000",
    "Max24HourSend=100000000",
    "WriteUnitsPerSecond=40000",
    "ReadUnitsPerSecond=40000",
];

#[test]
fn everybody_who_comes_ends_in_one_way_whatever_is_short() {
    let short = settings(&["Size=small", "MailRate=14"]);
    for (settings, rate) in [(settings(&PLENTY), 5.0), (short.clone(), 50.0), (short, 300.0)] {
        let record = steady(&settings, rate, 10.0);
        assert!(record.come.abs_diff((rate * 600.0) as u64) <= JOURNEYS.len() as u64, "{}", record.come);
        assert_eq!(record.ends.all(), record.come, "{settings:?} at {rate}: {:?}", record.ends);
        let by_minute: u64 = record.minutes.iter().map(|minute| minute.come).sum();
        assert_eq!(by_minute, record.come);
    }
}

#[test]
fn with_plenty_of_everything_nobody_is_refused_and_no_mail_waits() {
    let record = steady(&settings(&PLENTY), 20.0, 10.0);
    assert_eq!((record.refused, record.ends.done), (0, record.come));
    assert!(record.longest_delay_s(0) < 5.0, "{}", record.longest_delay_s(0));
    assert_eq!((record.dead, record.unsent), (0, 0));
}

#[test]
fn links_leave_at_the_rate_of_their_lane() {
    // Four senders share 14 mails a second; two of them are the lane of links.
    let record = steady(&settings(&["Max24HourSend=10000000"]), 20.0, 10.0);
    assert!(record.hits.contains_key(&Limit::MailRate), "{:?}", record.hits);
    assert!(record.longest_delay_s(0) > 600.0);
    let minutes = record.minutes.len() as f64;
    let in_a_second = record.mails[0] as f64 / (minutes * 60.0);
    assert!((6.0..=7.01).contains(&in_a_second), "{in_a_second}");
}

#[test]
fn a_day_of_mails_ends_where_ses_ends_it() {
    let mut few = settings(&PLENTY);
    few.set("Max24HourSend=1000").unwrap();
    let record = steady(&few, 20.0, 5.0);
    assert_eq!(record.mails_at_ses, 1_000.0);
    assert!(record.hits.contains_key(&Limit::SesDay) && record.unsent > 0 && record.ends.no_mail > 0);
}

#[test]
fn a_cold_table_throttles_a_crowd_and_a_warm_one_does_not() {
    let mut cold = settings(&PLENTY);
    cold.set("WriteUnitsPerSecond=4000").unwrap();
    assert!(steady(&cold, 400.0, 8.0).hits.contains_key(&Limit::Writes));
    assert!(!steady(&settings(&PLENTY), 400.0, 8.0).hits.contains_key(&Limit::Writes));
}

#[test]
fn one_row_counts_no_more_copies_to_the_agency_than_its_partition_takes() {
    let tickets = [Journey { percent: 100, ..JOURNEYS[4] }];
    let hits = |rate: f64| {
        let rate = |_| rate;
        let load = Load { journeys: &tickets, rate: &rate, ..load(5.0) };
        model::run(&settings(&PLENTY).plan(&costs()).unwrap(), &load).hits
    };
    assert!(hits(200.0).contains_key(&Limit::AgencyKey));
    assert!(!hits(50.0).contains_key(&Limit::AgencyKey));
}

#[test]
fn the_same_crowd_gives_the_same_record() {
    let run = || steady(&settings(&["Size=small"]), 100.0, 5.0);
    let (one, other) = (run(), run());
    assert_eq!((one.minutes, one.hits, one.refused), (other.minutes, other.hits, other.refused));
}

#[test]
fn a_limit_that_is_taken_away_is_not_hit_again() {
    let plan = settings(&["Size=small"]).plan(&costs()).unwrap();
    let rungs = ladder::climb(&plan, Crowd::of_rate(50.0), 3);
    let mut limits: Vec<Limit> = rungs.iter().map(|rung| rung.limit).collect();
    assert!(rungs.windows(2).all(|two| two[0].crowd.at_once <= two[1].crowd.at_once));
    limits.sort();
    limits.dedup();
    assert_eq!(limits.len(), rungs.len());
}

#[test]
fn the_documents_have_the_settings_that_the_command_prints() {
    let (root, costs) = (Tools::find().unwrap().root, costs());
    let stale = "stale, run `cargo xtask rush`";
    let operations = fs::read_to_string(root.join(report::OPERATIONS)).unwrap();
    let table = report::operations_table(&costs).unwrap();
    assert_eq!(between(&operations, SETTINGS_PART, &table).as_ref(), Some(&operations), "{stale}");
    let wanted = settings::for_crowd(crowd::DEFAULT, &costs).unwrap();
    let page = fs::read_to_string(root.join(report::PAGE)).unwrap();
    assert!(page.contains(&wanted.command()), "{stale}");
    for ((name, first), (_, wanted)) in Settings::at_first().named().iter().zip(wanted.named()) {
        assert!(page.contains(&format!("| `{name}` | {first} | {wanted} |")), "{stale}");
    }
}
