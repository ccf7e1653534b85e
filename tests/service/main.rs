//! Tests of the service in process: stories, faults, equality of answers, contract, drift.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod agents;
mod bad_input;
mod codes;
mod contract;
mod counts;
mod deliveries;
mod desk;
mod drift;
mod equality;
mod faults;
mod fields;
mod grants;
mod journals;
mod links;
mod logins;
mod mails;
mod mandates;
mod me;
mod notices;
mod port;
mod presence;
mod proofs;
mod quotas;
mod recovery;
mod request;
mod restart;
mod secrets;
mod sender;
mod space;
mod succession;
mod successors;
mod support;
mod table;
mod tickets;
