//! What holds for one request or one batch while it is worked on: its deadline, and the correlation id of its logs.

use domain::time::Timestamp;

/// The deadline and the correlation id of the work under way.
#[derive(Debug, Clone)]
pub struct Scope {
    /// After this moment no call of a service is begun, and one that is under way is given up.
    pub deadline: Timestamp,
    /// Ties the log lines of a request, its function and its mails together.
    pub correlation_id: String,
}

tokio::task_local! {
    static SCOPE: Scope;
}

impl Scope {
    /// Runs `work` within this scope: whatever it calls finds it.
    pub async fn run<T>(self, work: impl Future<Output = T>) -> T {
        SCOPE.scope(self, work).await
    }
}

/// The deadline of the work under way, if it has one.
#[must_use]
pub fn deadline() -> Option<Timestamp> {
    SCOPE.try_with(|scope| scope.deadline).ok()
}

/// The correlation id of the work under way, if it has one.
#[must_use]
pub fn correlation_id() -> Option<String> {
    SCOPE.try_with(|scope| scope.correlation_id.clone()).ok()
}
