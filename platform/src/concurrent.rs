//! Calls that run at the same time, as many as a person has establishments.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// A future, and what it came to.
type Running<F> = (Pin<Box<F>>, Option<<F as Future>::Output>);

/// The outputs of all, in their order. They run in this task, which has the deadline of the request.
pub async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<Running<F>> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(move |context| {
        for (future, output) in running.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = future.as_mut().poll(context) {
                *output = Some(ready);
            }
        }
        if running.iter().any(|(_, output)| output.is_none()) {
            return Poll::Pending;
        }
        Poll::Ready(running.drain(..).filter_map(|(_, output)| output).collect())
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    async fn wait(seconds: u64) -> u64 {
        sleep(Duration::from_secs(seconds)).await;
        seconds
    }

    #[tokio::test(start_paused = true)]
    async fn all_take_as_long_as_the_longest_and_keep_their_order() {
        let began = Instant::now();
        assert_eq!(all(vec![wait(3), wait(1), wait(2), wait(0)]).await, [3, 1, 2, 0]);
        assert_eq!(began.elapsed().as_secs(), 3);
        assert!(all(Vec::<std::future::Ready<()>>::new()).await.is_empty());
    }
}
