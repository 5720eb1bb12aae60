//! Messages of PostgreSQL's protocol: a letter, a length that counts itself, and what they hold.

use crate::probe::dialogue::Dialogue;
use crate::probe::stream::Stream;
use crate::probe::{Finding, evidence};

/// The largest message that is taken, in bytes.
const MAX_MESSAGE: usize = 32 * 1024;

/// One message of the server.
pub(super) struct Message {
    pub(super) letter: u8,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// The next one.
    ///
    /// # Errors
    /// If none comes, or what is none of PostgreSQL.
    pub(super) async fn next<S: Stream>(dialogue: &mut Dialogue<S>) -> Result<Self, Finding> {
        let head = dialogue.exactly(5).await?;
        let size = head[1..]
            .iter()
            .fold(0, |size, byte| (size << 8) | usize::from(*byte));
        if !head[0].is_ascii_alphabetic() || !(4..=MAX_MESSAGE).contains(&size) {
            let seen = evidence::quote(&head);
            return Err(Finding::down(format!(
                "answer {seen}, expected that of PostgreSQL"
            )));
        }
        Ok(Self {
            letter: head[0],
            body: dialogue.exactly(size - 4).await?,
        })
    }

    /// A part of a refusal, by its letter.
    pub(super) fn field(&self, letter: u8) -> &[u8] {
        let mut fields = self.body.split(|byte| *byte == 0);
        let field = fields.find(|field| field.first() == Some(&letter));
        field.and_then(|field| field.get(1..)).unwrap_or_default()
    }

    /// What kind of login an `R` asks for, and what comes with it.
    pub(super) fn login(&self) -> Option<(u32, &[u8])> {
        let (kind, rest) = self.body.split_first_chunk()?;
        Some((u32::from_be_bytes(*kind), rest))
    }
}

/// A message to the server.
pub(super) fn framed(letter: u8, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 4).unwrap_or_default();
    [&[letter], &size.to_be_bytes()[..], body].concat()
}
