//! The statement of a function: its routes, grants, keys and size, once.
//!
//! Everything else is made from it or held against it: dispatch (404, 405), the Lambda entry point, the block
//! of the template with its role, the routes of `cargo lambda watch`, the lists that tests walk.

use domain::SecretKey;
use domain::time::SignedDuration;

use crate::http::Handler;
use crate::problems::{Kind, Problem};

/// One Lambda function.
pub struct Function {
    /// The name of its package and its binary; deployed, the stack's name comes before it.
    pub name: &'static str,
    /// None for a function that a queue, a rule or a schedule calls.
    pub routes: &'static [Route],
    /// Its rights to the table: enforced before the database on one machine, by its role on AWS.
    pub grants: &'static [Grant],
    /// The keys that it gets.
    pub secrets: &'static [Secret],
    pub size: Size,
}

/// A method of a path, and its handler.
#[derive(Clone, Copy)]
pub struct Route {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Without the site: `/api/…`; `{id}` for a part that varies.
    pub path: &'static str,
    pub handler: Handler,
    pub cost: Cost,
    /// The problems of its rules, besides those of any request and of any form.
    pub refuses: &'static [Kind],
}

impl Route {
    /// Whether a path is this one. `{id}` stands for one part of it that is not empty.
    #[must_use]
    pub fn has_path(&self, path: &str) -> bool {
        let (mut stated, mut asked) = (self.path.split('/'), path.split('/'));
        loop {
            match (stated.next(), asked.next()) {
                (None, None) => return true,
                (Some(part), Some(given)) if part == given => {}
                (Some(part), Some(given)) if part.starts_with('{') && !given.is_empty() => {}
                _ => return false,
            }
        }
    }
}

/// The cost of a request, which decides the rate limit of its route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Milliseconds of a processor.
    Light,
    /// A tenth of a second of a whole processor: a password is hashed (Argon2id).
    Hash,
}

/// States a route: `route!(POST "/api/recover/password", password; refuses ProofRejected)`, with `, hash`
/// after the handler when it hashes a password. The handler takes the platform and any `FromRequest`, and
/// returns any `IntoResponse`.
#[macro_export]
macro_rules! route {
    ($method:ident $path:literal, $handler:path $(; refuses $($kind:ident),+)?) => {
        $crate::route!(@ $method $path, $handler, Light, [$($($kind),+)?])
    };
    ($method:ident $path:literal, $handler:path, hash $(; refuses $($kind:ident),+)?) => {
        $crate::route!(@ $method $path, $handler, Hash, [$($($kind),+)?])
    };
    (@ $method:ident $path:literal, $handler:path, $cost:ident, [$($kind:ident),*]) => {
        $crate::function::Route {
            method: stringify!($method),
            path: $path,
            handler: |platform, request| {
                Box::pin(async move {
                    let asked = $crate::http::FromRequest::from_request(request)?;
                    Ok($crate::http::IntoResponse::into_response($handler(platform, asked).await?))
                })
            },
            cost: $crate::function::Cost::$cost,
            refuses: &[$($crate::problems::Kind::$kind),*],
        }
    };
}

/// One operation on one kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    pub operation: Operation,
    /// The partition key of the rows, or its prefix when it ends in `#`.
    pub key: &'static str,
}

/// An operation on a row, as IAM names it. A transaction needs the grant of each of its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `dynamodb:GetItem`
    GetItem,
    /// `dynamodb:BatchGetItem`
    BatchGetItem,
    /// `dynamodb:Query`
    Query,
    /// `dynamodb:ConditionCheckItem`
    ConditionCheckItem,
    /// `dynamodb:PutItem`
    PutItem,
    /// `dynamodb:UpdateItem`
    UpdateItem,
    /// `dynamodb:DeleteItem`
    DeleteItem,
}

impl Operation {
    /// The action's name after `dynamodb:`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::BatchGetItem => "BatchGetItem",
            Self::Query => "Query",
            Self::ConditionCheckItem => "ConditionCheckItem",
            Self::PutItem => "PutItem",
            Self::UpdateItem => "UpdateItem",
            Self::DeleteItem => "DeleteItem",
        }
    }
}

impl Grant {
    #[must_use]
    pub const fn get(key: &'static str) -> Self {
        Self { operation: Operation::GetItem, key }
    }

    #[must_use]
    pub const fn get_many(key: &'static str) -> Self {
        Self { operation: Operation::BatchGetItem, key }
    }

    #[must_use]
    pub const fn query(key: &'static str) -> Self {
        Self { operation: Operation::Query, key }
    }

    /// A condition check in a transaction.
    #[must_use]
    pub const fn check(key: &'static str) -> Self {
        Self { operation: Operation::ConditionCheckItem, key }
    }

    #[must_use]
    pub const fn put(key: &'static str) -> Self {
        Self { operation: Operation::PutItem, key }
    }

    #[must_use]
    pub const fn update(key: &'static str) -> Self {
        Self { operation: Operation::UpdateItem, key }
    }

    #[must_use]
    pub const fn delete(key: &'static str) -> Self {
        Self { operation: Operation::DeleteItem, key }
    }

    /// Whether it covers this operation on this partition key.
    #[must_use]
    pub fn covers(&self, operation: Operation, partition: &str) -> bool {
        let is_key =
            if self.key.ends_with('#') { partition.starts_with(self.key) } else { partition == self.key };
        self.operation == operation && is_key
    }

    /// The key as a value of `dynamodb:LeadingKeys`.
    #[must_use]
    pub fn leading_key(&self) -> String {
        if self.key.ends_with('#') { format!("{}*", self.key) } else { self.key.to_owned() }
    }
}

/// The read that warms the connection at start: granted to every function.
pub const WARM_UP: Grant = Grant::get("WARMUP");

/// A secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Secret {
    /// Signs challenges.
    Challenge,
    /// Verifies proofs: the key that signs challenges, and the previous one.
    Proof,
    /// Makes keyed hashes of bodies, addresses and quotas.
    Hash,
    /// Derives the tokens of links.
    Link,
    /// Derives the tokens of sessions opened with a proof.
    Session,
    /// Shared with the provider of agents' logins.
    Agents,
    /// Signs journals: the seed of an Ed25519 key. What the previous key signed is still verified.
    Journal,
}

impl Secret {
    /// Its environment variables, the current key first.
    #[must_use]
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Challenge => &["SESAME_PROOF_KEY"],
            Self::Proof => &["SESAME_PROOF_KEY", "SESAME_PROOF_KEY_PREVIOUS"],
            Self::Hash => &["SESAME_HASH_KEY"],
            Self::Link => &["SESAME_LINK_KEY"],
            Self::Session => &["SESAME_SESSION_KEY"],
            Self::Agents => &["SESAME_AGENTS_CLIENT_SECRET"],
            Self::Journal => &["SESAME_JOURNAL_KEY", "SESAME_JOURNAL_KEY_PREVIOUS"],
        }
    }

    /// Whether a key can serve: any can, but for signatures.
    #[must_use]
    pub fn takes(self, key: &SecretKey) -> bool {
        self != Self::Journal || key.seed().is_some()
    }
}

/// The resources of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Memory, in MB. A whole processor comes with 1,769.
    pub memory_mb: u32,
    /// Timeout of an invocation. A request's deadline is a second earlier.
    pub timeout_seconds: u32,
    /// Threshold of the alarm on the p90 duration.
    pub slow_ms: u32,
    pub share: Share,
}

/// Reserved concurrency: who floods one route leaves the others theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Share {
    /// Called by everybody, several times.
    Crowd,
    /// Called once or twice by a person.
    Write,
    /// Called by few, or cached, or answered in milliseconds.
    Few,
    /// Called by people who are logged in, about their establishments and themselves.
    Space,
    /// Called by the agency's agents: a rush of the public takes nothing of it, nor the reverse.
    Desk,
    /// The operator's `MailSenders`.
    Mails,
    /// Events of mails: as many as are sent.
    Events,
    /// Called by a schedule, one at a time.
    Chores,
}

/// From a request's deadline to the function's timeout: for the answer and its log line.
const DEADLINE_MARGIN_SECONDS: u32 = 1;

impl Size {
    /// From the start of a request to its deadline.
    #[must_use]
    pub fn request_time_max(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.timeout_seconds.saturating_sub(DEADLINE_MARGIN_SECONDS)))
    }
}

impl Function {
    #[must_use]
    pub fn has_path(&self, path: &str) -> bool {
        self.routes.iter().any(|route| route.has_path(path))
    }

    /// The path as it is stated, `/api/mail/{id}` for `/api/mail/01J…`: what logs say of a request.
    #[must_use]
    pub fn stated_path(&self, path: &str) -> Option<&'static str> {
        self.routes.iter().find(|route| route.has_path(path)).map(|route| route.path)
    }

    /// The handler of a request.
    ///
    /// # Errors
    /// `not-found` for a path that is not the function's; `method-not-allowed`, with the methods that there
    /// are.
    pub fn handler_of(&self, method: &str, path: &str) -> Result<Handler, Problem> {
        // Of two paths that fit the one that is stated first: `text` before `{mandate}`.
        let stated = self.stated_path(path);
        let of_path = || self.routes.iter().filter(|route| Some(route.path) == stated);
        if let Some(route) = of_path().find(|route| route.method == method) {
            return Ok(route.handler);
        }
        let allowed: Vec<&str> = of_path().map(|route| route.method).collect();
        if allowed.is_empty() {
            Err(Problem::new(Kind::NotFound))
        } else {
            Err(Problem::method_not_allowed(allowed.join(", ")))
        }
    }
}
