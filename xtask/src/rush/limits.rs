//! What AWS publishes of its limits and prices, as of November 2026: each with its unit and its page.

use std::fmt;

/// HTTP API, requests a second over all APIs of an account in Paris; can be raised. *Amazon API Gateway
/// quotas*.
pub const ACCOUNT_REQUESTS_A_SECOND: u32 = 10_000;
/// HTTP API, requests at once of the same account; AWS sets it. *Amazon API Gateway quotas*.
pub const ACCOUNT_BURST_REQUESTS: u32 = 5_000;

/// Lambda, executions at once of an account; can be raised. *Lambda quotas*.
pub const CONCURRENT_EXECUTIONS: u32 = 1_000;
/// Lambda, executions of an account that nobody can reserve. *Configuring reserved concurrency*.
pub const UNRESERVED_EXECUTIONS: u32 = 100;
/// Lambda, new instances of one function in each [`GROWTH_SECONDS`]. *Lambda scaling behavior*.
pub const GROWTH_INSTANCES: u32 = 1_000;
/// Unused growth is not saved. *Lambda scaling behavior*.
pub const GROWTH_SECONDS: u32 = 10;
/// Lambda, requests a second for each execution reserved. *Understanding Lambda function scaling*.
pub const CALLS_A_SECOND_FOR_EACH_EXECUTION: u32 = 10;
/// How long an idle instance stays, in seconds: not published, minutes in practice.
pub const IDLE_INSTANCE_SECONDS: f64 = 300.0;

/// DynamoDB, write units a second of a new on-demand table. *Understanding DynamoDB warm throughput*.
pub const TABLE_WRITE_UNITS: u32 = 4_000;
/// DynamoDB, read units a second of the same. *Understanding DynamoDB warm throughput*.
pub const TABLE_READ_UNITS: u32 = 12_000;
/// DynamoDB, write units a second of one on-demand table; can be raised. *Quotas in Amazon DynamoDB*.
pub const TABLE_QUOTA_UNITS: u32 = 40_000;
/// DynamoDB, what an on-demand table takes at once of its highest traffic so far. *On-demand capacity mode*.
pub const PEAK_RATIO: f64 = 2.0;
/// DynamoDB, the time within which more than that may be throttled. *On-demand capacity mode*.
pub const PEAK_SECONDS: u64 = 30 * 60;
/// DynamoDB, seconds of unused units that a burst may take: of the 300 that it keeps at best. *Burst and
/// adaptive capacity*.
pub const BURST_SECONDS: f64 = 5.0;
/// DynamoDB, write units a second of one partition, and so of one key. *Burst and adaptive capacity*.
pub const PARTITION_WRITE_UNITS: u32 = 1_000;

/// Lambda and pipes, polls of a shard of the stream a second. *Polling and batching streams*.
pub const STREAM_POLLS_A_SECOND: u32 = 4;
/// Pipes, batches of one shard at once, as `infra/mail.yaml` sets it. *Pipes batching and concurrency*.
pub const SHARD_BATCHES: u32 = 10;

/// SQS, batches that its mapping begins with. *Scaling behavior for SQS event source mappings*.
pub const MAPPING_FIRST_BATCHES: f64 = 5.0;
/// SQS, batches more in each minute. *Scaling behavior for SQS event source mappings*.
pub const MAPPING_BATCHES_A_MINUTE: f64 = 300.0;

/// SES, mails in 24 hours and a second that a new account has outside the sandbox; AWS raises both. *Service
/// quotas in Amazon SES*.
pub const SES_DAY_MAILS: u64 = 50_000;
/// SES, mails a second of such an account. *Service quotas in Amazon SES*.
pub const SES_MAILS_A_SECOND: u32 = 14;

/// What can be short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// The account's rate of the HTTP API.
    Account,
    /// The stage's rate over all routes.
    Stage,
    /// The stage's rate of one route that hashes passwords.
    Password(&'static str),
    /// A function's executions at once.
    Concurrency(&'static str),
    /// A function's new instances.
    Growth(&'static str),
    /// A function's requests a second.
    Calls(&'static str),
    /// The table's units of writing.
    Writes,
    /// The table's units of reading.
    Reads,
    /// The row that counts the agency's mails.
    AgencyKey,
    /// The stream's way through the pipes.
    Pipes,
    /// Senders at once.
    Senders,
    /// What the senders keep to.
    MailRate,
    /// SES's rate.
    SesRate,
    /// SES's mails in a day.
    SesDay,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("API Gateway's rate for the account"),
            Self::Stage => f.write_str("the API's rate"),
            Self::Password(route) => write!(f, "the API's rate of `{route}`"),
            Self::Concurrency(function) => write!(f, "executions of `{function}` at once"),
            Self::Growth(function) => write!(f, "new instances of `{function}`"),
            Self::Calls(function) => write!(f, "calls of `{function}` a second (ten for each execution)"),
            Self::Writes => f.write_str("the table's units of writing"),
            Self::Reads => f.write_str("the table's units of reading"),
            Self::AgencyKey => f.write_str("the one row that counts the agency's mails"),
            Self::Pipes => f.write_str("the pipes' way from the stream"),
            Self::Senders => f.write_str("senders of links at once"),
            Self::MailRate => f.write_str("the senders' own rate"),
            Self::SesRate => f.write_str("SES's rate"),
            Self::SesDay => f.write_str("SES's mails in a day"),
        }
    }
}

impl Limit {
    /// What raises it.
    pub fn lever(self) -> &'static str {
        match self {
            Self::Account => "a quota of API Gateway",
            Self::Stage | Self::Password(_) => "`Size`",
            Self::Concurrency(_) | Self::Calls(_) => "`Size`; beyond `deadline`, the mapping `Concurrency`",
            Self::Growth(_) => "nothing: AWS's own",
            Self::Writes | Self::Reads => "warm throughput; over 40,000 a quota of DynamoDB",
            Self::AgencyKey => "nothing that is set: a design of several rows",
            Self::Pipes => "warm throughput: each 1,000 units of writing are a shard more",
            Self::Senders => "`MailSenders`",
            Self::MailRate => "`MailRate`, up to SES's `MaxSendRate`",
            Self::SesRate => "SES's `MaxSendRate`, a quota",
            Self::SesDay => "SES's `Max24HourSend`, a quota",
        }
    }
}

/// List prices in Paris, US dollars, without free tiers. *Pricing* of each service.
pub mod prices {
    /// A million requests of an HTTP API.
    pub const API_MILLION: f64 = 1.17;
    /// A million calls of functions.
    pub const CALLS_MILLION: f64 = 0.20;
    /// A GB-second of a function on arm64.
    pub const GB_SECOND: f64 = 0.000_013_333_4;
    /// A million units of writing.
    pub const WRITES_MILLION: f64 = 0.71;
    /// A million units of reading.
    pub const READS_MILLION: f64 = 0.14;
    /// A thousand mails.
    pub const MAILS_THOUSAND: f64 = 0.10;
    /// A million messages through queue and pipe: three requests of SQS and one of the pipe each.
    pub const MESSAGES_MILLION: f64 = 1.60;
    /// A GB of log lines.
    pub const LOG_GB: f64 = 0.57;
}
