//! Lambda's runtime API and a DynamoDB that is empty and takes every write, for one program at a time.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;

const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
/// What a function is given to answer.
const DEADLINE: Duration = Duration::from_secs(30);
/// The answer of DynamoDB to an update, whose row is never there.
const NOT_THERE: &str =
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"absent"}"#;

/// An answer, or what went wrong, and when it came.
type Answer = (Instant, Result<String, String>);

/// Both services, on one port, for one program: what another has left behind does not reach it.
pub struct Services {
    pub port: u16,
    answers: Receiver<Answer>,
    is_over: Arc<AtomicBool>,
}

impl Services {
    /// The program is given this event, once.
    pub fn start(event: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let (tell, answers) = channel();
        let event = Arc::new(Mutex::new(Some(event.to_owned())));
        let is_over = Arc::new(AtomicBool::new(false));
        let has_ended = is_over.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if has_ended.load(Ordering::Relaxed) {
                    break;
                }
                let (event, tell) = (event.clone(), tell.clone());
                // A connection ends with its program.
                thread::spawn(move || serve(&stream, &event, &tell));
            }
        });
        Ok(Self { port, answers, is_over })
    }

    /// Waits for the answer.
    pub fn answer(&self) -> Result<(Instant, String), Error> {
        let (at, answer) = self.answers.recv_timeout(DEADLINE).map_err(|_| "no answer")?;
        Ok((at, answer?))
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: &TcpStream, event: &Mutex<Option<String>>, tell: &Sender<Answer>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader)? {
        let now = Instant::now();
        let (status, body) = match request.path.strip_prefix(INVOCATION) {
            Some("next") => match event.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(event) => ("200 OK", event),
                // There is no other: the program waits until it is killed.
                None => continue,
            },
            Some(path) if path.ends_with("/response") => {
                let _ = tell.send((now, Ok(request.body)));
                ("202 Accepted", "{}".to_owned())
            }
            None if request.path == "/" => dynamodb(&request.target),
            _ => {
                let _ = tell.send((now, Err(request.body)));
                ("202 Accepted", "{}".to_owned())
            }
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
             lambda-runtime-deadline-ms: 4102444800000\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-3:000000000000:function:bench\r\n\
             lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\r\n",
            body.len()
        );
        (&mut &*stream).write_all((head + &body).as_bytes())?;
    }
    Ok(())
}

fn dynamodb(target: &str) -> (&'static str, String) {
    match target.rsplit('.').next() {
        Some("Query") => ("200 OK", r#"{"Items":[],"Count":0,"ScannedCount":0}"#.to_owned()),
        Some("UpdateItem") => ("400 Bad Request", NOT_THERE.to_owned()),
        _ => ("200 OK", "{}".to_owned()),
    }
}

struct Request {
    path: String,
    /// `X-Amz-Target`: the call of DynamoDB.
    target: String,
    body: String,
}

impl Request {
    /// Reads one; `None` when the connection has ended. By hand: a server of the debug build would take
    /// longer than what is measured.
    fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let path = line.split(' ').nth(1).unwrap_or("").to_owned();
        let (mut target, mut length) = (String::new(), 0);
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(io::Error::other)?;
            } else if name.eq_ignore_ascii_case("x-amz-target") {
                target = value.trim().to_owned();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok(Some(Self { path, target, body: String::from_utf8_lossy(&body).into_owned() }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use testkit::http;

    use super::*;

    #[tokio::test]
    async fn an_event_is_given_once_and_its_answer_is_told() {
        let services = Services::start(r#"{"version":"2.0"}"#).unwrap();
        let ask =
            async |method, path: &str, body| http::ask(services.port, method, path, body).await.unwrap();
        let event = ask("GET", &format!("{INVOCATION}next"), "").await;
        assert_eq!((event.status(), event.json()["version"].as_str()), (200, Some("2.0")));
        assert!(event.header("lambda-runtime-aws-request-id").is_some());
        assert_eq!(ask("POST", &format!("{INVOCATION}1/response"), "said").await.status(), 202);
        assert_eq!(services.answer().unwrap().1, "said");
        assert_eq!(ask("POST", "/2018-06-01/runtime/init/error", "bad").await.status(), 202);
        assert_eq!(services.answer().unwrap_err().to_string(), "bad");
    }
}
