//! Limits of connections: how many at once, and timeouts of head, body, answer and connection.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// Concurrent connections: half of the 1,024 files that a process may have open by default.
const CONNECTIONS_MAX: u32 = 512;
/// From the connection, or the previous answer, to the end of a request's head. Also the keep-alive timeout.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// For a whole body: as long as a page waits for an answer.
const BODY_TIME_MAX: Duration = Duration::from_secs(20);
/// From the end of a request's head to the answer: as long as API Gateway waits for a function.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// After which a connection takes no more requests: bounds a client that never reads the answer.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(120);

/// The limits of connections; tests lower them.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Concurrent connections; more wait in the listener's backlog.
    pub connections: u32,
    /// For the head of a request; then the connection is closed.
    pub head: Duration,
    /// For the body of a request: 408.
    pub body: Duration,
    /// For the answer, from the end of the head: 503.
    pub request: Duration,
    /// For all requests of one connection; its last one has `request` more.
    pub connection: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            head: HEAD_TIME_MAX,
            body: BODY_TIME_MAX,
            request: REQUEST_TIME_MAX,
            connection: CONNECTION_TIME_MAX,
        }
    }
}

/// Accepts until `stopped` changes; each connection holds one of `slots` until it ends.
pub(super) async fn accept(
    mut listener: impl Listener,
    app: Router,
    limits: Limits,
    slots: Arc<Semaphore>,
    mut stopped: watch::Receiver<()>,
) {
    loop {
        let next = async {
            let (stream, _) = listener.accept().await;
            (stream, slots.clone().acquire_owned().await)
        };
        let (stream, slot) = tokio::select! {
            next = next => next,
            _ = stopped.changed() => return,
        };
        let (app, stopped) = (app.clone(), stopped.clone());
        tokio::spawn(async move {
            hold(stream, app, limits, stopped).await;
            drop(slot);
        });
    }
}

/// Answers the requests of one connection, until it ends, its time is up, or `stopped` changes: then the
/// request under way is the last.
async fn hold(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    app: Router,
    limits: Limits,
    mut stopped: watch::Receiver<()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app)));
    // A connection's error is ignored: its client is gone.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => {}
        () = sleep(limits.connection) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits.request, connection).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::future::pending;
    use std::io;

    use axum::body::Body;
    use axum::extract::State;
    use axum::middleware;
    use axum::response::Response;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;
    use crate::server::{answer_in_time, read_body};

    const HOME: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    /// What a stream holds that nobody reads.
    const STREAM_BYTES: usize = 4 * 1024;

    /// A port in memory, on a clock that jumps to the next timer when nothing else is left to do.
    struct Port {
        streams: mpsc::UnboundedSender<DuplexStream>,
        stopper: Option<watch::Sender<()>>,
        accepting: JoinHandle<()>,
        slots: Arc<Semaphore>,
        limits: Limits,
    }

    struct InMemory(mpsc::UnboundedReceiver<DuplexStream>);

    impl Listener for InMemory {
        type Io = DuplexStream;
        type Addr = ();

        async fn accept(&mut self) -> (DuplexStream, ()) {
            match self.0.recv().await {
                Some(stream) => (stream, ()),
                None => pending().await,
            }
        }

        fn local_addr(&self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Port {
        fn open(limits: Limits) -> Self {
            let app = Router::new()
                .route("/", get(|| async { "home" }))
                .route("/never", get(pending::<()>))
                .route("/soon", get(|| async { sleep(Duration::from_secs(1)).await }))
                .route("/long", get(|| async { vec![0_u8; 100 * STREAM_BYTES] }))
                .route("/body", post(length))
                .layer(middleware::from_fn_with_state(limits, answer_in_time))
                .with_state(limits);
            let (streams, queue) = mpsc::unbounded_channel();
            let (stopper, stopped) = watch::channel(());
            let slots = Arc::new(Semaphore::new(limits.connections as usize));
            let accepting = tokio::spawn(accept(InMemory(queue), app, limits, slots.clone(), stopped));
            Self { streams, stopper: Some(stopper), accepting, slots, limits }
        }

        async fn connect(&self, sent: &[u8]) -> DuplexStream {
            let (mut client, server) = duplex(STREAM_BYTES);
            self.streams.send(server).unwrap();
            client.write_all(sent).await.unwrap();
            client
        }
    }

    async fn length(State(limits): State<Limits>, body: Body) -> Result<String, Response> {
        Ok(read_body(body, 100, limits).await?.len().to_string())
    }

    /// Everything that comes before the end.
    async fn read(client: &mut DuplexStream) -> String {
        let mut bytes = Vec::new();
        client.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_head_and_an_idle_connection_are_closed_in_time() {
        let port = Port::open(Limits::default());
        let began = Instant::now();
        let mut half = port.connect(b"GET / HTTP/1.1\r\nhost: loc").await;
        let mut silent = port.connect(b"").await;
        let mut idle = port.connect(HOME).await;
        assert_eq!(read(&mut half).await, "");
        assert_eq!(read(&mut silent).await, "");
        assert!(read(&mut idle).await.ends_with("home"));
        assert_eq!(began.elapsed().as_secs(), port.limits.head.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_letter_by_letter_has_no_more_time() {
        let port = Port::open(Limits::default());
        let began = Instant::now();
        let mut client = port.connect(b"GET / HTTP/1.1\r\nx: ").await;
        while client.write_all(b"y").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
        assert!(began.elapsed() < port.limits.head + Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_answered_and_its_connection_closed() {
        let port = Port::open(Limits::default());
        let began = Instant::now();
        let head = b"POST /body HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n";
        let mut client = port.connect(&[head.as_slice(), b"half"].concat()).await;
        let answer = read(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("\"type\":\"/problems/request-timeout\""), "{answer}");
        assert_eq!(began.elapsed().as_secs(), port.limits.body.as_secs());
        let mut client = port.connect(&[head.as_slice(), b"all of it"].concat()).await;
        assert!(read(&mut client).await.ends_with("\r\n\r\n9"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_never_answered_is_refused_for_now() {
        let port = Port::open(Limits::default());
        let began = Instant::now();
        let mut client = port.connect(b"GET /never HTTP/1.1\r\nconnection: close\r\n\r\n").await;
        let answer = read(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("retry-after: "), "{answer}");
        assert_eq!(began.elapsed().as_secs(), port.limits.request.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_is_dropped_in_time() {
        let port = Port::open(Limits { connections: 1, ..Limits::default() });
        let began = Instant::now();
        let _deaf = port.connect(b"GET /long HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        let mut next = port.connect(HOME).await;
        assert!(read(&mut next).await.ends_with("home"));
        let bound = port.limits.connection + port.limits.request + port.limits.head;
        assert_eq!(began.elapsed().as_secs(), bound.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn one_connection_too_many_waits_until_another_ends() {
        let port = Port::open(Limits { connections: 2, ..Limits::default() });
        let began = Instant::now();
        let _held = [port.connect(b"GET").await, port.connect(b"GET").await];
        let mut next = port.connect(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await;
        assert!(read(&mut next).await.ends_with("home"));
        assert_eq!(began.elapsed().as_secs(), port.limits.head.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_idle_connections_at_once_and_the_others_when_they_are_answered() {
        let mut port = Port::open(Limits::default());
        let began = Instant::now();
        let mut idle = port.connect(b"").await;
        let mut asking = port.connect(b"GET /soon HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        sleep(Duration::from_millis(1)).await;
        drop(port.stopper.take());
        assert_eq!(read(&mut idle).await, "");
        assert_eq!(began.elapsed().as_secs(), 0);
        assert!(read(&mut asking).await.starts_with("HTTP/1.1 200 "));
        assert_eq!(began.elapsed().as_secs(), 1);
        port.accepting.await.unwrap();
        let _all = port.slots.acquire_many(port.limits.connections).await.unwrap();
    }
}
