//! A talk of questions and answers on a connection, most of them lines of text.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::stream::Stream;
use super::{Finding, Pattern, evidence, failure};

/// The most bytes of an answer that are waited for.
const MAX_ANSWER: usize = 64 * 1024;

/// The most bytes that are read at once.
const CHUNK: usize = 4 * 1024;

pub(super) struct Dialogue<S> {
    stream: S,
    /// What was received and not looked at yet.
    heard: Vec<u8>,
    /// Whether the other side has said all that it says.
    is_over: bool,
}

impl<S: Stream> Dialogue<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self {
            stream,
            heard: Vec::new(),
            is_over: false,
        }
    }

    /// # Errors
    /// If the connection is gone.
    pub(super) async fn say(&mut self, words: impl AsRef<[u8]>) -> Result<(), Finding> {
        let said = async {
            self.stream.write_all(words.as_ref()).await?;
            self.stream.flush().await
        };
        Ok(said.await.map_err(|error| failure::later(&error, PEER))?)
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// If none comes.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Finding> {
        let end = |heard: &[u8]| heard.iter().position(|byte| *byte == b'\n');
        let mut line = self.until(|heard| end(heard).map(|end| end + 1)).await?;
        line.pop();
        line.pop_if(|byte| *byte == b'\r');
        Ok(line)
    }

    /// A line that begins so.
    ///
    /// # Errors
    /// If none comes, or another one.
    pub(super) async fn line_beginning(&mut self, beginning: &str) -> Result<Vec<u8>, Finding> {
        let line = self.line().await?;
        Self::begins(&line, beginning)?;
        Ok(line)
    }

    /// # Errors
    /// If `line` does not begin so.
    pub(super) fn begins(line: &[u8], beginning: &str) -> Result<(), Finding> {
        if line.starts_with(beginning.as_bytes()) {
            return Ok(());
        }
        let seen = evidence::quote(line);
        Err(Finding::down(format!(
            "answer {seen}, expected {beginning}"
        )))
    }

    /// A reply as in SMTP and FTP, of one line or of several, all of this code.
    ///
    /// # Errors
    /// If none comes, or one of another code.
    pub(super) async fn reply(&mut self, code: &str) -> Result<Vec<Vec<u8>>, Finding> {
        let mut lines = Vec::new();
        let mut size = 0;
        loop {
            let line = self.line().await?;
            Self::begins(&line, code)?;
            let goes_on = line.get(code.len()) == Some(&b'-');
            size += line.len();
            lines.push(line);
            if !goes_on {
                return Ok(lines);
            }
            if size > MAX_ANSWER {
                return Err(too_long());
            }
        }
    }

    /// So many bytes.
    ///
    /// # Errors
    /// If they do not come.
    pub(super) async fn exactly(&mut self, count: usize) -> Result<Vec<u8>, Finding> {
        self.until(|heard| (heard.len() >= count).then_some(count))
            .await
    }

    /// Everything up to the end of the first match.
    ///
    /// # Errors
    /// If the answer ends without one.
    pub(super) async fn matching(&mut self, pattern: &Pattern) -> Result<Vec<u8>, Finding> {
        self.until(|heard| pattern.end(heard)).await
    }

    /// What was received so far, and not looked at.
    pub(super) fn heard(&self) -> &[u8] {
        &self.heard
    }

    /// The line that the other side did not end before it closed, if it is over.
    pub(super) fn last_line(&mut self) -> Option<Vec<u8>> {
        let is_one = self.is_over && !self.heard.is_empty();
        is_one.then(|| std::mem::take(&mut self.heard))
    }

    /// Whether the other side closed after all that was heard.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The connection, for another protocol.
    ///
    /// # Errors
    /// If more was received than was asked for: somebody may want it to count as the other protocol.
    pub(super) fn into_inner(self) -> Result<S, Finding> {
        if self.heard.is_empty() {
            return Ok(self.stream);
        }
        let seen = evidence::quote(&self.heard);
        Err(Finding::down(format!("unasked answer {seen} before TLS")))
    }

    /// Reads until `end` finds where the answer ends, and takes it.
    async fn until(
        &mut self,
        mut end: impl FnMut(&[u8]) -> Option<usize>,
    ) -> Result<Vec<u8>, Finding> {
        loop {
            if let Some(end) = end(&self.heard) {
                let rest = self.heard.split_off(end);
                return Ok(std::mem::replace(&mut self.heard, rest));
            }
            if self.heard.len() > MAX_ANSWER {
                return Err(too_long());
            }
            let mut chunk = [0; CHUNK];
            let read = self.stream.read(&mut chunk).await;
            let read = read.map_err(|error| failure::later(&error, PEER))?;
            self.is_over = read == 0;
            match read {
                0 if self.heard.is_empty() => {
                    return Err(Finding::down("connection closed without an answer"));
                }
                0 => {
                    let seen = evidence::quote(&self.heard);
                    return Err(Finding::down(format!("connection closed after {seen}")));
                }
                count => self.heard.extend_from_slice(&chunk[..count]),
            }
        }
    }
}

/// Who is spoken to, where no other name is at hand.
const PEER: &str = "the server";

fn too_long() -> Finding {
    Finding::down(format!("answer of more than {MAX_ANSWER} bytes"))
}
