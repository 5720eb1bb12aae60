//! Packets of MySQL's protocol: three bytes of length, a number that counts, and what they hold.

use crate::probe::dialogue::Dialogue;
use crate::probe::stream::Stream;
use crate::probe::{Finding, evidence};

/// The largest packet that is taken, in bytes.
const MAX_PACKET: usize = 32 * 1024;

/// The connection, and where in the talk it is.
pub(super) struct Wire<S> {
    dialogue: Dialogue<S>,
    /// The number that the next packet has; both sides count together.
    number: u8,
}

impl<S: Stream> Wire<S> {
    /// A connection on which nothing was said.
    pub(super) const fn new(stream: S) -> Self {
        Self::going_on(stream, 0)
    }

    /// A connection on which the next packet has this `number`.
    pub(super) const fn going_on(stream: S, number: u8) -> Self {
        Self {
            dialogue: Dialogue::new(stream),
            number,
        }
    }

    /// The connection, for TLS, and the number that the next packet has.
    ///
    /// # Errors
    /// If more was received than was asked for.
    pub(super) fn into_inner(self) -> Result<(S, u8), Finding> {
        Ok((self.dialogue.into_inner()?, self.number))
    }

    /// What the next packet holds; that is never nothing.
    ///
    /// # Errors
    /// If none comes, or what is none of MySQL.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, Finding> {
        let head = self.dialogue.exactly(4).await?;
        let size = little(&head[..3]);
        if size == 0 || size > MAX_PACKET {
            return Err(foreign(&head));
        }
        self.number = head[3].wrapping_add(1);
        self.dialogue.exactly(size).await
    }

    /// # Errors
    /// If the connection is gone.
    pub(super) async fn say(&mut self, body: &[u8]) -> Result<(), Finding> {
        let size = u32::try_from(body.len()).unwrap_or_default().to_le_bytes();
        let head = [size[0], size[1], size[2], self.number];
        self.number = self.number.wrapping_add(1);
        self.dialogue.say([&head, body].concat()).await
    }

    /// Begins anew with a command.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub(super) async fn command(&mut self, command: u8, words: &[u8]) -> Result<(), Finding> {
        self.number = 0;
        self.say(&[&[command], words].concat()).await
    }
}

/// What the server says against something: a number, a state that may be left out, and words.
pub(super) struct Refusal {
    pub(super) code: u16,
    /// Its words, as they are shown.
    pub(super) seen: String,
}

impl Refusal {
    /// That in a packet, if it is one.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let (code, rest) = packet.strip_prefix(&[0xff])?.split_first_chunk()?;
        let words = match rest {
            [b'#', _, _, _, _, _, words @ ..] => words,
            words => words,
        };
        Some(Self {
            code: u16::from_le_bytes(*code),
            seen: evidence::quote(words),
        })
    }

    /// That `what` was refused.
    pub(super) fn down(&self, what: &str) -> Finding {
        Finding::down(format!("{what} with {}: {}", self.code, self.seen))
    }
}

/// A number, its lowest byte first.
pub(super) fn little(bytes: &[u8]) -> usize {
    let highest_first = bytes.iter().rev();
    highest_first.fold(0, |number, byte| number << 8 | usize::from(*byte))
}

pub(super) fn foreign(answer: &[u8]) -> Finding {
    let seen = evidence::quote(answer);
    Finding::down(format!("answer {seen}, expected that of MySQL"))
}
