//! What a function states of itself, once: its routes, what it may do to the table, its keys, its size.
//!
//! Everything else is made from it or held against it: dispatch (404, 405), the Lambda entry point, the block of
//! the deployment's template with its role, the routes of `cargo lambda watch`, the lists that tests walk.

use domain::time::SignedDuration;

use crate::http::Handler;
use crate::problems::{Kind, Problem};

/// One Lambda function.
pub struct Function {
    /// The name of its package, its binary and, behind the stack's, its deployed self.
    pub name: &'static str,
    /// What it answers; none for a function that a queue feeds.
    pub routes: &'static [Route],
    /// What it may do to the table. Enforced before the database on one machine, and by its role on AWS.
    pub grants: &'static [Grant],
    /// The keys that it is given.
    pub secrets: &'static [Secret],
    /// What it needs of Lambda.
    pub size: Size,
}

/// One method of one path, and who answers it.
#[derive(Clone, Copy)]
pub struct Route {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Without the site: `/api/…`.
    pub path: &'static str,
    /// What answers.
    pub handler: Handler,
    /// What one request costs.
    pub cost: Cost,
    /// The problems that only its rules make: those of every request and of every form are not repeated.
    pub refuses: &'static [Kind],
}

/// What one request of a route costs, which decides its share of the API's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Milliseconds of a processor.
    Light,
    /// A tenth of a second of a whole processor: a password is hashed (Argon2id).
    Hash,
}

/// States a route: `route!(POST "/api/recover/password", password; refuses ProofRejected)`, with `, hash` behind the
/// handler when it hashes a password. The handler takes the platform and anything that a request can be read as, and
/// gives anything that can be answered.
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

/// One thing that a function may do to rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    /// What it may do.
    pub operation: Operation,
    /// The partition key of the rows, or what it begins with when it ends in `#`.
    pub key: &'static str,
}

/// What can be done to a row, in the words of IAM: a transaction needs the grant of each of its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `dynamodb:GetItem`
    GetItem,
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
    /// The action's name behind `dynamodb:`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::Query => "Query",
            Self::ConditionCheckItem => "ConditionCheckItem",
            Self::PutItem => "PutItem",
            Self::UpdateItem => "UpdateItem",
            Self::DeleteItem => "DeleteItem",
        }
    }
}

impl Grant {
    /// Reads rows of this kind one by one.
    #[must_use]
    pub const fn get(key: &'static str) -> Self {
        Self { operation: Operation::GetItem, key }
    }

    /// Reads the rows of a partition of this kind.
    #[must_use]
    pub const fn query(key: &'static str) -> Self {
        Self { operation: Operation::Query, key }
    }

    /// Makes a transaction depend on a row of this kind.
    #[must_use]
    pub const fn check(key: &'static str) -> Self {
        Self { operation: Operation::ConditionCheckItem, key }
    }

    /// Writes whole rows of this kind.
    #[must_use]
    pub const fn put(key: &'static str) -> Self {
        Self { operation: Operation::PutItem, key }
    }

    /// Changes rows of this kind.
    #[must_use]
    pub const fn update(key: &'static str) -> Self {
        Self { operation: Operation::UpdateItem, key }
    }

    /// Deletes rows of this kind.
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

    /// The key as a condition on `dynamodb:LeadingKeys` writes it.
    #[must_use]
    pub fn leading_key(&self) -> String {
        if self.key.ends_with('#') { format!("{}*", self.key) } else { self.key.to_owned() }
    }
}

/// The read that warms the connection to the table while a function starts: every function may do it.
pub const WARM_UP: Grant = Grant::get("WARMUP");

/// A key that a function is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Secret {
    /// Signs challenges.
    Challenge,
    /// Checks proofs: the key that signs challenges, and the one before it.
    Proof,
    /// Makes keyed hashes: of bodies, and of what is counted.
    Hash,
    /// Derives the tokens of links.
    Link,
    /// Derives the tokens of sessions that a proof opened.
    Session,
}

impl Secret {
    /// The variables that carry it, the one in force first.
    #[must_use]
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Challenge => &["SESAME_PROOF_KEY"],
            Self::Proof => &["SESAME_PROOF_KEY", "SESAME_PROOF_KEY_PREVIOUS"],
            Self::Hash => &["SESAME_HASH_KEY"],
            Self::Link => &["SESAME_LINK_KEY"],
            Self::Session => &["SESAME_SESSION_KEY"],
        }
    }
}

/// What a function needs of Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Memory, in MB. A whole processor comes with 1,769.
    pub memory_mb: u32,
    /// The longest that one invocation may take, in seconds. A request's own deadline is a second less.
    pub timeout_seconds: u32,
    /// From what p90 duration on somebody is told, in milliseconds.
    pub slow_ms: u32,
    /// How many may run at once.
    pub share: Share,
}

/// How many executions a function may have at once, which is also what is reserved for it: whoever floods one
/// route leaves the others theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Share {
    /// What everybody calls several times.
    Crowd,
    /// What a person calls once or twice.
    Write,
    /// What few call, or what a cache answers.
    Few,
    /// As many as the operator lets mails be sent at once.
    Mails,
}

/// What is left of a function's time for the answer and its log line once a request's deadline has passed.
const DEADLINE_MARGIN_SECONDS: u32 = 1;

impl Size {
    /// How long one request may be worked on.
    #[must_use]
    pub fn request_time_max(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.timeout_seconds.saturating_sub(DEADLINE_MARGIN_SECONDS)))
    }
}

impl Function {
    /// Whether the function answers this path.
    #[must_use]
    pub fn has_path(&self, path: &str) -> bool {
        self.routes.iter().any(|route| route.path == path)
    }

    /// What answers a request.
    ///
    /// # Errors
    /// `not-found` for a path that is not the function's; `method-not-allowed`, with the methods that there are.
    pub fn handler_of(&self, method: &str, path: &str) -> Result<Handler, Problem> {
        let of_path = || self.routes.iter().filter(|route| route.path == path);
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
