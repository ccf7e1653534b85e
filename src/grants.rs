//! IAM on one machine: refuses what a function's grants do not cover, before the database.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use dynoxide::{AttributeValue, DynoxideError};
use platform::function::{Function, Grant, Operation, WARM_UP};

/// The principal of a call to the emulated table.
#[derive(Clone)]
pub enum Caller {
    /// A function, with its grants.
    Function(Arc<Usage>),
    /// An operator, or an AWS tool on this machine: may do everything.
    Operator,
}

/// A function's grants, and which of them were used.
pub struct Usage {
    function: &'static Function,
    used: Mutex<BTreeSet<Grant>>,
}

impl Caller {
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

    /// Checks an operation on the row of that key.
    pub(crate) fn check(
        &self,
        operation: Operation,
        key: &HashMap<String, AttributeValue>,
    ) -> Result<(), DynoxideError> {
        self.check_partition(operation, key.get("pk"))
    }

    /// Checks an operation on that partition. An operation that names none is refused.
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

    /// Checks what only operators may do: scans, batches, operations on tables.
    pub(crate) fn check_operator(&self, operation: &str) -> Result<(), DynoxideError> {
        match self {
            Self::Function(usage) => Err(usage.denied(operation, "")),
            Self::Operator => Ok(()),
        }
    }
}

impl Usage {
    fn denied(&self, operation: &str, partition: &str) -> DynoxideError {
        // The kind of row only: a key may be an identifier.
        let kind = partition.split_inclusive('#').next().unwrap_or("");
        let name = self.function.name;
        let message = format!("the function {name} states no grant of {operation} on {kind:?}");
        tracing::error!(function = name, operation, kind, "no grant");
        DynoxideError::AccessDeniedException(message)
    }
}
