//! The pages in real browsers: each engine walks each journey against the portal's own binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod browser;
mod engines;
mod fields;
mod journeys;
mod keyboard;
mod last_metre;
mod links;
mod network;
mod people;
mod portal;
mod processes;
mod proxy;
mod refusals;
mod screenshots;
mod stage;
mod states;
mod ways;
mod worst_day;

use testkit::http;
