//! One connection that is kept open: writes a request, reads the answer whole. Knows only what a driver needs of
//! HTTP/1.1, because it shares its cores with what it measures.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAX_HEADERS: usize = 64;

/// Connected when it is first used, and again after it broke.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// An answer, in the buffer of its line until the next one.
#[derive(Debug)]
pub struct Answer<'a> {
    pub status: u16,
    /// It says when to come again.
    pub retry_after: bool,
    head: &'a [u8],
    pub body: &'a [u8],
}

struct Head {
    status: u16,
    retry_after: bool,
    bytes: usize,
    body: usize,
}

impl Line {
    #[must_use]
    pub const fn to(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::new() }
    }

    /// # Errors
    /// When the other end is gone or says something that is no answer.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        let head = match self.converse(request).await {
            Ok(head) => head,
            Err(error) => {
                self.stream = None;
                return Err(error);
            }
        };
        let (first, body) = self.buffer.split_at_checked(head.bytes).ok_or_else(malformed)?;
        let body = body.get(..head.body).ok_or_else(malformed)?;
        Ok(Answer { status: head.status, retry_after: head.retry_after, head: first, body })
    }

    async fn converse(&mut self, request: &[u8]) -> io::Result<Head> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(connect(self.address).await?),
        };
        stream.write_all(request).await?;
        self.buffer.clear();
        let mut head: Option<Head> = None;
        loop {
            if let Some(known) = head.take_if(|head| self.buffer.len() >= head.bytes + head.body) {
                return Ok(known);
            }
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if head.is_none() {
                head = read_head(&self.buffer)?;
            }
        }
    }
}

impl Answer<'_> {
    /// All headers, in their order.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let _ = response.parse(self.head);
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        response.headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value))).collect()
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver's own connections, to servers that it has started")]
async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn malformed() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

/// `None` until all of it is there.
fn read_head(buffer: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let bytes = match response.parse(buffer).map_err(|_| malformed())? {
        httparse::Status::Complete(bytes) => bytes,
        httparse::Status::Partial => return Ok(None),
    };
    let mut head = Head { status: response.code.ok_or_else(malformed)?, retry_after: false, bytes, body: 0 };
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let length = std::str::from_utf8(header.value).ok().and_then(|text| text.parse().ok());
            head.body = length.ok_or_else(malformed)?;
        } else if header.name.eq_ignore_ascii_case("retry-after") {
            head.retry_after = true;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            // Everything measured here is answered at once and whole.
            return Err(malformed());
        }
    }
    Ok(Some(head))
}

/// A request as it is sent.
#[must_use]
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push_str("\r\n");
    }
    if method == "POST" {
        text.push_str("content-length: ");
        text.push_str(&body.len().to_string());
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_only_when_it_is_whole() {
        let whole = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 5\r\n\r\nlater";
        for cut in 1..whole.len() - 5 {
            assert!(read_head(&whole[..cut]).unwrap().is_none(), "after {cut} bytes");
        }
        let head = read_head(whole).unwrap().unwrap();
        assert_eq!((head.status, head.retry_after, head.body), (503, true, 5));
        assert!(read_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
