//! The scope of a request or a batch: deadline and correlation id, in a task-local.

use domain::time::Timestamp;

#[derive(Debug, Clone)]
pub struct Scope {
    /// No call of a service begins after it, and one in progress is given up.
    pub deadline: Timestamp,
    /// Ties the log lines of a request, its function and its mails together.
    pub correlation_id: String,
}

tokio::task_local! {
    static SCOPE: Scope;
}

impl Scope {
    pub async fn run<T>(self, work: impl Future<Output = T>) -> T {
        SCOPE.scope(self, work).await
    }
}

/// The current deadline, if there is one.
#[must_use]
pub fn deadline() -> Option<Timestamp> {
    SCOPE.try_with(|scope| scope.deadline).ok()
}

/// The current correlation id, if there is one.
#[must_use]
pub fn correlation_id() -> Option<String> {
    SCOPE.try_with(|scope| scope.correlation_id.clone()).ok()
}
