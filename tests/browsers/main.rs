//! The pages in real browsers: each engine walks each journey against the portal's own binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod accounts;
mod browser;
mod colleagues;
mod deliveries;
mod desk;
mod desk_states;
mod doors;
mod engines;
mod fields;
mod journeys;
mod keyboard;
mod links;
mod mail_step;
mod mandates;
mod network;
mod people;
mod portal;
mod presence;
mod processes;
mod proxy;
mod refusals;
mod screenshots;
mod sending;
mod space;
mod space_states;
mod stage;
mod states;
mod verifier;
mod ways;
mod widths;
mod words;
mod worst_day;

use testkit::http;
