//! Takes addresses that are written with `"`, `<` or letters of another alphabet as they are, as
//! `curl -g '…?filter=host="db"'` sends them and every server in Go takes them.
//!
//! The parser behind it refuses such a request before a handler or the log hears of it, so what may
//! not stand in a request line is percent-encoded on the way in. Where the next request line begins
//! is known as long as no request has a body; from the first that has one, all passes untouched.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// The headers that announce a body, in lower case.
const BODY: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];
/// As much of a header's name as tells whether it is one of them.
const NAME_BYTES: usize = 18;

/// What a client sends, with its request lines mended.
#[derive(Debug)]
pub(super) struct Lenient<R> {
    reader: R,
    lines: Lines,
    /// What was mended and how much of it was read.
    mended: Vec<u8>,
    read: usize,
}

impl<R> Lenient<R> {
    /// Reads from `reader`, where a first request is about to begin.
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            lines: Lines::default(),
            mended: Vec::new(),
            read: 0,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Lenient<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.read == this.mended.len() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.reader).poll_read(context, buffer))?;
            if this.lines.place == Place::Beyond {
                return Poll::Ready(Ok(()));
            }
            this.mended.clear();
            this.read = 0;
            for byte in &buffer.filled()[before..] {
                this.lines.pass(*byte, &mut this.mended);
            }
            buffer.set_filled(before);
        }
        let rest = &this.mended[this.read..];
        let fitting = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..fitting]);
        this.read += fitting;
        Poll::Ready(Ok(()))
    }
}

/// Where in a request the next byte stands.
#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before a request line, where empty lines may stand.
    #[default]
    Before,
    Request,
    Name,
    Value,
    /// Behind the announcement of a body.
    Beyond,
}

#[derive(Debug, Default)]
struct Lines {
    place: Place,
    /// The beginning of the header's name, in lower case.
    name: Vec<u8>,
}

impl Lines {
    /// Adds `byte` to `mended`, encoded if it stands where it may not.
    fn pass(&mut self, byte: u8, mended: &mut Vec<u8>) {
        let ends = byte == b'\n';
        match self.place {
            Place::Before if !matches!(byte, b'\r' | b'\n') => self.place = Place::Request,
            Place::Request | Place::Value if ends => {
                self.place = Place::Name;
                self.name.clear();
            }
            Place::Name if ends => {
                if matches!(self.name.as_slice(), b"" | b"\r") {
                    self.place = Place::Before;
                }
                self.name.clear();
            }
            Place::Name if byte == b':' => {
                let body = BODY.contains(&self.name.as_slice());
                self.place = if body { Place::Beyond } else { Place::Value };
            }
            Place::Name if self.name.len() < NAME_BYTES => {
                self.name.push(byte.to_ascii_lowercase());
            }
            Place::Before | Place::Request | Place::Name | Place::Value | Place::Beyond => {}
        }
        let forbidden = matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'#' | 0x80..);
        if self.place == Place::Request && forbidden {
            mended.extend(format!("%{byte:02X}").bytes());
        } else {
            mended.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    /// What is read of `sent` when it arrives in two pieces.
    async fn read(sent: &str, cut: usize) -> String {
        let (first, second) = sent.as_bytes().split_at(cut);
        let mut text = Vec::new();
        let mut lenient = Lenient::new(first.chain(second));
        // Little room at first: what is mended is longer than what was read.
        let mut little = [0; 5];
        let count = lenient.read(&mut little).await.unwrap();
        text.extend(&little[..count]);
        lenient.read_to_end(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn request_lines_are_mended_and_nothing_else() {
        let sent = "GET /a\"?b=\"é<\" HTTP/1.1\r\nHost: \"é\"\r\n\r\n\
            \r\nGET /?\"#\" HTTP/1.1\nX: 1\n\n\
            POST /?\" HTTP/1.1\r\nContent-LENGTH: 25\r\n\r\nGET /\" HTTP/1.1\r\nX: 1\r\n\r\nGET /\"";
        let expected = "GET /a%22?b=%22%C3%A9%3C%22 HTTP/1.1\r\nHost: \"é\"\r\n\r\n\
            \r\nGET /?%22%23%22 HTTP/1.1\nX: 1\n\n\
            POST /?%22 HTTP/1.1\r\nContent-LENGTH: 25\r\n\r\nGET /\" HTTP/1.1\r\nX: 1\r\n\r\nGET /\"";
        for cut in 0..sent.len() {
            assert_eq!(read(sent, cut).await, expected, "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_left_alone() {
        let sent = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\n\"<\r\n";
        assert_eq!(read(sent, 7).await, sent);
    }
}
