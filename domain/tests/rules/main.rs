//! Tests of the rules, a module for each source file. One program: every further one would be linked anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod address_changes;
mod agents;
mod authority;
mod cases;
mod codes;
mod common;
mod deliveries;
mod desk;
mod email;
mod forms;
mod identifier;
mod invitations;
mod journals;
mod links;
mod mail;
mod mandates;
mod memberships;
mod names;
mod notes;
mod password;
mod phone;
mod proofs;
mod schemas;
mod secrets;
mod siret;
mod siret_lists;
mod successions;
mod tickets;
mod time;
mod tokens;
