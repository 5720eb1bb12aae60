//! As much HTTP/1.1 over plain TCP as the load needs: a client that keeps its connection, and
//! the server's side of one. Blocking, with a time-out on every read.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer of the programs under load takes longer.
const READ_MAX: Duration = Duration::from_secs(60);

/// A connection that stays open between requests.
pub(crate) struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_MAX))?;
        Ok(Self {
            address,
            stream: BufReader::new(stream),
        })
    }

    /// Posts JSON; returns status and body of the answer.
    pub(crate) fn post(&mut self, path: &str, json: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            json.len()
        );
        // One write, so that small requests travel in one packet.
        self.request([head.as_bytes(), json].concat().as_slice())
    }

    /// Gets `path`; returns status and body of the answer.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<(u16, Vec<u8>)> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.request(head.as_bytes())
    }

    fn request(&mut self, bytes: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        self.stream.get_mut().write_all(bytes)?;
        let Some(Message { first_line, body }) = read(&mut self.stream)? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let status = first_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok());
        status
            .map(|status| (status, body))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, first_line))
    }
}

/// A request or an answer.
pub(crate) struct Message {
    pub(crate) first_line: String,
    pub(crate) body: Vec<u8>,
}

/// Reads one message; `None` when the other side closed the connection between two.
pub(crate) fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Message>> {
    let mut first_line = String::new();
    if stream.read_line(&mut first_line)? == 0 {
        return Ok(None);
    }
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let mut header = String::new();
        stream.read_line(&mut header)?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        is_chunked |= header == "transfer-encoding: chunked";
    }
    let body = if is_chunked {
        chunks(stream)?
    } else {
        exactly(stream, length)?
    };
    Ok(Some(Message { first_line, body }))
}

fn exactly(stream: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        stream.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        let end = body.len() + size;
        stream.take(size as u64).read_to_end(&mut body)?;
        if body.len() < end {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Each chunk, the empty last one too, ends with an empty line.
        exactly(stream, 2)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        let mut wire: &[u8] = b"4\r\nnaba\r\n1\r\nt\r\n0\r\n\r\nrest";
        assert_eq!(chunks(&mut wire).unwrap(), b"nabat");
        assert_eq!(wire, b"rest");
    }
}
