//! How Sésame reaches the world: configuration, HTTP, one file for each aggregate of the table, logs.

pub mod accounts;
pub mod boot;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod error;
pub mod form;
pub mod function;
pub mod http;
pub mod links;
pub mod metrics;
pub mod notices;
pub mod outbox;
pub mod passwords;
pub mod problems;
pub mod proofs;
pub mod random;
pub mod scope;
pub mod sessions;
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

/// Everything a handler may reach. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Platform {
    /// What the operator set.
    pub config: Arc<Config>,
    /// What time it is.
    pub clock: Clock,
    /// Bytes that nobody can foresee.
    pub random: Random,
    /// Accounts, their establishments and members.
    pub accounts: accounts::Accounts,
    /// Passwords, set by links.
    pub credentials: credentials::Credentials,
    /// Links that choose a password.
    pub links: links::Links,
    /// Banners.
    pub notices: notices::Notices,
    /// Mails to be sent.
    pub outbox: outbox::Outbox,
    /// Proofs of work.
    pub proofs: proofs::Proofs,
    /// Logins.
    pub sessions: sessions::Sessions,
    /// Requests for assistance.
    pub tickets: tickets::Tickets,
}

impl Platform {
    /// Puts the rooms together around one table, one clock and one source of randomness.
    #[must_use]
    pub fn new(config: Config, table: &Table, clock: Clock, random: Random) -> Self {
        let config = Arc::new(config);
        let outbox = outbox::Outbox::new(table, &config, &clock, &random);
        let proofs = proofs::Proofs::new(table, &config, &clock, &random);
        Self {
            accounts: accounts::Accounts::new(table, &proofs, &outbox, &clock, &random),
            credentials: credentials::Credentials::new(table, &outbox, &clock, &random),
            links: links::Links::new(table, &config),
            notices: notices::Notices::new(table, &clock, &random),
            sessions: sessions::Sessions::new(table, &outbox, &clock, &random),
            tickets: tickets::Tickets::new(table, &proofs, &outbox, &clock, &random),
            config,
            clock,
            outbox,
            proofs,
            random,
        }
    }
}
