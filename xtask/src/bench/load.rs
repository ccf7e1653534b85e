//! A closed-loop load: clients that send the next request when the last was answered.

use std::fmt;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Error;
use crate::population::Request;
use crate::statistics::quantile;

/// Most answers come with one read.
const ANSWER_BYTES: usize = 4096;
/// Clock ticks a second, as Linux counts the time of processes.
const TICKS_PER_SECOND: u64 = 100;

/// The result of a load.
pub struct Report {
    /// Answered 2xx.
    pub accepted: usize,
    /// Answered otherwise, and the first such answer.
    pub refused: usize,
    pub refusal: Option<String>,
    took: Duration,
    server_cpu: Duration,
    /// Of accepted requests of people with and without an account, in milliseconds.
    known_ms: Vec<f64>,
    unknown_ms: Vec<f64>,
}

/// A request as it is written to a socket.
struct Prepared {
    bytes: Vec<u8>,
    is_known: bool,
}

/// The requests of a load.
#[derive(Clone)]
pub struct Requests {
    requests: Arc<Vec<Prepared>>,
    /// Whether they begin again after the last: those that carry no proof may.
    is_endless: bool,
    next: Arc<AtomicUsize>,
}

impl Requests {
    pub fn once(requests: &[Request]) -> Self {
        let prepared = |each: &Request| Prepared { bytes: each.bytes(), is_known: each.is_known };
        let requests = Arc::new(requests.iter().map(prepared).collect());
        Self { requests, is_endless: false, next: Arc::default() }
    }

    pub fn again_and_again(requests: &[Request]) -> Self {
        Self { is_endless: true, ..Self::once(requests) }
    }

    /// The same requests from the first on, for another table.
    pub fn anew(&self) -> Self {
        Self { next: Arc::default(), ..self.clone() }
    }

    fn next(&self) -> Option<&Prepared> {
        let rank = self.next.fetch_add(1, Ordering::Relaxed);
        let rank = if self.is_endless { rank % self.requests.len().max(1) } else { rank };
        self.requests.get(rank)
    }
}

impl Report {
    /// Accepted requests a second.
    pub fn rate(&self) -> f64 {
        self.accepted as f64 / self.took.as_secs_f64()
    }

    /// Milliseconds of the server's processor time for a request.
    pub fn cpu_ms(&self) -> f64 {
        self.server_cpu.as_secs_f64() * 1e3 / (self.accepted + self.refused).max(1) as f64
    }

    /// Milliseconds within which that share of the answers came, in thousandths.
    pub fn latency_ms(&self, permille: u32) -> f64 {
        quantile(self.all_ms(), permille)
    }

    fn all_ms(&self) -> Vec<f64> {
        [&self.known_ms[..], &self.unknown_ms].concat()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu_ms = self.cpu_ms();
        let Self { accepted, refused, refusal, .. } = self;
        writeln!(f, "  {:.0} requests/s accepted: {accepted}, and {refused} refused", self.rate())?;
        if let Some(refusal) = refusal {
            writeln!(f, "  the first refusal: {refusal}")?;
        }
        writeln!(f, "  {cpu_ms:.3} ms of the portal's CPU a request, its mails' sending meanwhile included")?;
        let all = self.all_ms();
        for (name, latencies) in [("all", &all), ("known", &self.known_ms), ("unknown", &self.unknown_ms)] {
            let [middle, most, longest] =
                [500, 990, 1_000].map(|permille| quantile(latencies.iter().copied(), permille));
            writeln!(f, "  {name:<8} p50 {middle:6.2} ms   p99 {most:6.2} ms   max {longest:6.2} ms")?;
        }
        Ok(())
    }
}

/// Processor time that a process has used.
pub fn cpu(process: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').ok_or_else(|| io::Error::other("no such process"))?;
    let fields: Vec<u64> = after_name.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    let ticks = fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0);
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// Runs clients against the port until the time is over or the requests are.
pub fn run(
    port: u16,
    process: u32,
    clients: usize,
    length: Duration,
    requests: &Requests,
) -> Result<Report, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..clients {
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let (before, started) = (cpu(process)?, Instant::now());
        let tasks: Vec<_> = streams
            .into_iter()
            .map(|stream| tokio::spawn(client(stream, requests.clone(), started + length)))
            .collect();
        let mut report = Report {
            accepted: 0,
            refused: 0,
            refusal: None,
            took: Duration::ZERO,
            server_cpu: Duration::ZERO,
            known_ms: Vec::new(),
            unknown_ms: Vec::new(),
        };
        for task in tasks {
            let answered = task.await??;
            report.accepted += answered.accepted.len();
            report.refused += answered.refused;
            report.refusal = report.refusal.or(answered.refusal);
            for (is_known, latency) in answered.accepted {
                let latency_ms = latency.as_secs_f64() * 1e3;
                if is_known { report.known_ms.push(latency_ms) } else { report.unknown_ms.push(latency_ms) }
            }
        }
        report.took = started.elapsed();
        report.server_cpu = cpu(process)? - before;
        Ok(report)
    })
}

/// Reads one answer to its end; whether it was a 2xx. Not by `testkit::http`, which keeps head and body: the
/// load takes its processor time from the portal that it measures.
pub async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(buffer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(head.starts_with("HTTP/1.1 2"));
        }
    }
}

/// What one client was answered.
#[derive(Default)]
struct Answered {
    /// Whether who asked has an account, and how long it took.
    accepted: Vec<(bool, Duration)>,
    refused: usize,
    refusal: Option<String>,
}

async fn client(mut stream: TcpStream, requests: Requests, end: Instant) -> io::Result<Answered> {
    let mut answered = Answered::default();
    let mut buffer = Vec::with_capacity(ANSWER_BYTES);
    while Instant::now() < end {
        let Some(request) = requests.next() else { break };
        let asked = Instant::now();
        stream.write_all(&request.bytes).await?;
        if read_answer(&mut stream, &mut buffer).await? {
            answered.accepted.push((request.is_known, asked.elapsed()));
        } else {
            answered.refused += 1;
            answered.refusal.get_or_insert_with(|| String::from_utf8_lossy(&buffer).into_owned());
        }
    }
    Ok(answered)
}
