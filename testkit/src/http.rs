//! A minimal HTTP/1.1 client and parser: one request a connection, the message as received.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request or an answer, as received.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The first line and the headers, with the empty line that ends them.
    pub head: String,
    pub body: Vec<u8>,
}

/// Most answers come with one read.
const READ_BYTES: usize = 4096;

impl Message {
    /// Reads one message; its body has the length that it states, or ends with the connection.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin), is_request: bool) -> io::Result<Self> {
        let mut message = Self::read_head(stream).await?;
        let length = message.header("content-length").and_then(|length| length.parse().ok());
        let length = if is_request { Some(length.unwrap_or(0)) } else { length };
        while length.is_none_or(|length: usize| message.body.len() < length) {
            if stream.read_buf(&mut message.body).await? == 0 {
                break;
            }
        }
        Ok(message)
    }

    /// Reads up to the empty line; what came along of the body is kept.
    async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(READ_BYTES);
        let head_bytes = loop {
            // A head is ASCII: what follows it does not move its end.
            if let Some(at) = String::from_utf8_lossy(&bytes).find("\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let body = bytes.split_off(head_bytes);
        Ok(Self { head: String::from_utf8_lossy(&bytes).into_owned(), body })
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The nth word of the first line.
    #[must_use]
    pub fn word(&self, rank: usize) -> &str {
        self.head.lines().next().and_then(|line| line.split(' ').nth(rank)).unwrap_or("")
    }

    /// An answer's status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or(0)
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// GET from a server of this machine.
pub async fn ask(port: u16, method: &str, path: &str, body: &str) -> io::Result<Message> {
    send(&format!("localhost:{port}"), method, path, &[], body).await
}

/// Sends one request to `host:port` and reads the answer to its end. A body is JSON.
pub async fn send(
    server: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Message> {
    // IPv4: the same port of `::1` may be another program's.
    let mut stream = TcpStream::connect(server.replace("localhost", "127.0.0.1")).await?;
    let length = body.len();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    // The answer to HEAD states the length of a body that does not come.
    if method == "HEAD" {
        Message::read_head(&mut stream).await
    } else {
        Message::read(&mut stream, false).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_has_the_length_that_is_stated_or_ends_with_the_connection() {
        let read =
            async |text: &str, is_request| Message::read(&mut text.as_bytes(), is_request).await.unwrap();
        let stated = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", false).await;
        assert_eq!(
            (stated.status(), stated.body.as_slice(), stated.json()),
            (200, &b"{}"[..], Value::Object(Default::default()))
        );
        let open = read("HTTP/1.1 410 Gone\r\nServer: x\r\n\r\ngone", false).await;
        assert_eq!((open.status(), open.body.as_slice(), open.json()), (410, &b"gone"[..], Value::Null));
        let request = read("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true).await;
        assert_eq!((request.word(0), request.header("host"), request.body.len()), ("GET", Some("x"), 0));
        let cut = Message::read(&mut &b"HTTP/1.1 200 OK\r\n"[..], false).await;
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
