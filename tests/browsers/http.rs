//! The least HTTP that a test needs: one request a connection, read to its end.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A head and a body, of a request or of an answer, as they came.
#[derive(Debug, Clone, Default)]
pub struct Message {
    pub head: String,
    pub body: Vec<u8>,
}

impl Message {
    /// Reads one message; its body has the length that it states, or ends with the connection.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin), is_request: bool) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let head_bytes = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let body = bytes.split_off(head_bytes);
        let mut message = Self { head: String::from_utf8_lossy(&bytes).into_owned(), body };
        let length = message.header("content-length").and_then(|length| length.parse().ok());
        let length = if is_request { Some(length.unwrap_or(0)) } else { length };
        while length.is_none_or(|length: usize| message.body.len() < length) {
            if stream.read_buf(&mut message.body).await? == 0 {
                break;
            }
        }
        Ok(message)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The nth word of the first line.
    pub fn word(&self, rank: usize) -> &str {
        self.head.lines().next().and_then(|line| line.split(' ').nth(rank)).unwrap_or("")
    }

    /// An answer's status.
    pub fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or(0)
    }
}

/// Asks a server of this machine.
pub async fn ask(port: u16, method: &str, path: &str, body: &str) -> io::Result<Message> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    if method == "HEAD" {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        return Ok(Message { head: String::from_utf8_lossy(&bytes).into_owned(), body: Vec::new() });
    }
    Message::read(&mut stream, false).await
}
