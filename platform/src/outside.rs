//! Services outside AWS, reached by HTTP: a function that tests and one machine replace.

pub mod client;
pub mod openid;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};

use crate::clock::Clock;
use crate::error::Source;
use crate::scope;

/// Timeout of one call, from its connection to the last byte of its answer.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(4);
/// The largest body of an answer: a set of keys has some thousands.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The service did not answer, or not as it should. The source is for the log.
#[derive(Debug)]
pub struct Unavailable(pub Source);

/// An answer to come.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, Unavailable>> + Send>>;

type Call = dyn Fn(Request<Vec<u8>>) -> Answering + Send + Sync;

/// The way to services outside.
#[derive(Clone)]
pub struct Outside(Arc<Call>);

impl Outside {
    /// A way that is a function.
    #[must_use]
    pub fn new<F>(call: impl Fn(Request<Vec<u8>>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Response<Vec<u8>>, Unavailable>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(call(request))))
    }

    /// No way: nothing answers.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|_| async { Err(Unavailable("this function reaches no service outside".into())) })
    }

    /// The answer to a request, within [`CALL_TIME_MAX`] and the request's deadline. Redirections are not
    /// followed.
    ///
    /// # Errors
    /// `Unavailable` without a whole answer in time.
    pub async fn answer(
        &self,
        clock: &Clock,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Unavailable> {
        let call = async {
            tokio::select! {
                biased;
                answer = (self.0)(request) => answer,
                () = clock.sleep(CALL_TIME_MAX) => Err(Unavailable("no answer in time".into())),
            }
        };
        let answer = scope::in_time(clock, Box::pin(call)).await;
        answer.unwrap_or_else(|| Err(Unavailable("the request's deadline has passed".into())))
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside")
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unavailable {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_service_that_does_not_answer_is_given_up() {
        let clock = Clock::system();
        let slow = |seconds| {
            Outside::new(move |_| async move {
                sleep(Duration::from_secs(seconds)).await;
                Ok(Response::new(Vec::new()))
            })
        };
        let began = Instant::now();
        assert!(slow(3).answer(&clock, Request::new(Vec::new())).await.is_ok());
        let late = slow(5).answer(&clock, Request::new(Vec::new())).await;
        assert_eq!(late.unwrap_err().to_string(), "no answer in time");
        assert_eq!(began.elapsed(), Duration::from_secs(3) + CALL_TIME_MAX);
        assert!(Outside::none().answer(&clock, Request::new(Vec::new())).await.is_err());
    }
}
