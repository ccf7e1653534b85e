//! What every function shares: configuration, HTTP, the table with a file for each aggregate, logs.

pub mod accounts;
pub mod addresses;
pub mod agents;
pub mod boot;
pub mod cases;
pub mod clock;
pub mod codes;
pub mod concurrent;
pub mod config;
pub mod cookie;
pub mod credentials;
pub mod error;
pub mod form;
pub mod function;
pub mod http;
pub mod invitations;
pub mod links;
pub mod mandates;
pub mod metrics;
pub mod notices;
pub mod outbox;
pub mod outside;
pub mod passwords;
pub mod people;
pub mod presences;
pub mod problems;
pub mod proofs;
pub mod random;
pub mod refusals;
pub mod scope;
pub mod sessions;
pub mod signing;
pub mod spaces;
pub mod successions;
pub mod table;
pub mod telemetry;
pub mod tickets;

use std::sync::Arc;

pub use crate::boot::serve;
use crate::clock::Clock;
pub use crate::config::{Config, Keys};
pub use crate::error::Error;
pub use crate::form::{Field, Form};
use crate::random::Random;
use crate::table::Table;

/// Everything that a handler needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Platform {
    pub config: Arc<Config>,
    pub clock: Clock,
    pub random: Random,
    pub accounts: accounts::Accounts,
    pub addresses: addresses::Addresses,
    pub agents: agents::Agents,
    pub cases: cases::Cases,
    pub codes: codes::Codes,
    pub credentials: credentials::Credentials,
    pub invitations: invitations::Invitations,
    pub links: links::Links,
    pub mandates: mandates::Mandates,
    pub notices: notices::Notices,
    pub openid: outside::openid::OpenId,
    pub outbox: outbox::Outbox,
    pub passwords: passwords::Passwords,
    pub presences: presences::Presences,
    pub proofs: proofs::Proofs,
    pub refusals: refusals::Refusals,
    pub sessions: sessions::Sessions,
    pub signing: signing::Signing,
    pub spaces: spaces::Spaces,
    pub successions: successions::Successions,
    pub tickets: tickets::Tickets,
}

impl Platform {
    /// Wires it to one table, one clock and one source of random bytes.
    #[must_use]
    pub fn new(config: Config, table: &Table, clock: Clock, random: Random) -> Self {
        let config = Arc::new(config);
        let outbox = outbox::Outbox::new(table, &config, &clock, &random);
        let codes = codes::Codes::new(table, &config, &clock);
        let proofs = proofs::Proofs::new(table, &config, &clock, &random);
        let spaces = spaces::Spaces::new(table, &config, &clock, &random);
        let accounts = accounts::Accounts::new(table, &config, &proofs, &outbox, &clock);
        let sessions = sessions::Sessions::new(table, &proofs, &outbox, &clock, &random);
        let tickets = tickets::Tickets::new(table, &proofs, &outbox, &clock, &random);
        let tools = spaces::Tools { table: table.clone(), outbox: outbox.clone(), clock: clock.clone() };
        let mandates = mandates::Mandates::new(&tools, &spaces, &random);
        let cases = cases::Cases::new(&tools, &config, &spaces, &accounts, &sessions);
        Self {
            addresses: addresses::Addresses::new(&tools, &config, &spaces, &random),
            agents: agents::Agents::new(table, &clock, &random),
            credentials: credentials::Credentials::new(table, &outbox, &clock, &random),
            invitations: invitations::Invitations::new(&tools, &config, &spaces, &accounts, &proofs, &random),
            links: links::Links::new(table, &config, &codes),
            notices: notices::Notices::new(table, &clock, &random),
            openid: outside::openid::OpenId::new(&config, &outside::Outside::none(), &clock),
            passwords: passwords::Passwords::new(config.hashing, &random),
            presences: presences::Presences::new(&tools, &config),
            refusals: refusals::Refusals::new(config.hashing.refusal_step, &clock),
            signing: signing::Signing::new(&config),
            successions: successions::Successions::new(
                &tools,
                &config,
                (&spaces, &tickets, &mandates, &cases),
                &random,
            ),
            accounts,
            cases,
            sessions,
            spaces,
            config,
            clock,
            codes,
            mandates,
            outbox,
            proofs,
            random,
            tickets,
        }
    }

    /// The same with a way to services outside, which none has by itself.
    #[must_use]
    pub fn with_outside(mut self, outside: &outside::Outside) -> Self {
        self.openid = outside::openid::OpenId::new(&self.config, outside, &self.clock);
        self
    }
}
