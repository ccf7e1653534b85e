//! Who reaches the emulated table: a function may do what its grants say and nothing else, as its role has it on AWS.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use dynoxide::{AttributeValue, DynoxideError};
use platform::function::{Function, Grant, Operation, WARM_UP};

/// Whoever asks the emulated table for something.
#[derive(Clone)]
pub enum Caller {
    /// One of our functions: held to its grants.
    Function(Arc<Usage>),
    /// An operator, or a tool of AWS on this machine: everything is allowed.
    Operator,
}

/// A function's grants, and which of them have been used.
pub struct Usage {
    function: &'static Function,
    used: Mutex<BTreeSet<Grant>>,
}

impl Caller {
    /// A function that has done nothing yet.
    #[must_use]
    pub fn function(function: &'static Function) -> Self {
        Self::Function(Arc::new(Usage { function, used: Mutex::default() }))
    }

    /// The grants that were used since the start; none of an operator.
    #[must_use]
    pub fn used(&self) -> BTreeSet<Grant> {
        match self {
            Self::Function(usage) => usage.used.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::Operator => BTreeSet::new(),
        }
    }

    /// Lets an operation on the row of that key pass, or not.
    pub(crate) fn check(
        &self,
        operation: Operation,
        key: &HashMap<String, AttributeValue>,
    ) -> Result<(), DynoxideError> {
        self.check_partition(operation, key.get("pk"))
    }

    /// Lets an operation on that partition pass, or not. An operation that names no partition is refused.
    pub(crate) fn check_partition(
        &self,
        operation: Operation,
        partition: Option<&AttributeValue>,
    ) -> Result<(), DynoxideError> {
        let Self::Function(usage) = self else { return Ok(()) };
        let partition = match partition {
            Some(AttributeValue::S(partition)) => partition.as_str(),
            _ => "",
        };
        let grants = usage.function.grants.iter().chain([&WARM_UP]);
        match grants.into_iter().find(|grant| grant.covers(operation, partition)) {
            Some(grant) => {
                usage.used.lock().unwrap_or_else(PoisonError::into_inner).insert(*grant);
                Ok(())
            }
            None => Err(usage.denied(operation.as_str(), partition)),
        }
    }

    /// Refuses to a function what no grant can allow: whole tables, and batches.
    pub(crate) fn check_operator(&self, operation: &str) -> Result<(), DynoxideError> {
        match self {
            Self::Function(usage) => Err(usage.denied(operation, "")),
            Self::Operator => Ok(()),
        }
    }
}

impl Usage {
    fn denied(&self, operation: &str, partition: &str) -> DynoxideError {
        // The kind of row, not which one: that may be somebody's.
        let kind = partition.split_inclusive('#').next().unwrap_or("");
        let name = self.function.name;
        let message = format!("the function {name} states no grant of {operation} on {kind:?}");
        tracing::error!(function = name, operation, kind, "no grant");
        DynoxideError::AccessDeniedException(message)
    }
}
