//! Asks a query, and takes the first value of what is answered.

use super::wire::{Refusal, Wire, foreign, little};
use crate::probe::Finding;
use crate::probe::stream::Stream;

/// The command that asks a query.
const QUERY: u8 = 3;

/// How an answer without rows begins, and how what ends columns and rows does.
const DONE: u8 = 0;
const END: u8 = 0xfe;

/// What stands for no value, and for the client's own file, which nobody gets here.
const NULL: u8 = 0xfb;

/// What ends columns and rows is shorter, in bytes; a row that begins like it is far longer.
const MAX_END: usize = 9;

/// The most packets that a query may be answered with.
const MAX_PACKETS: usize = 10_000;

/// The first value of the answer to `query`; nothing if there is none.
///
/// # Errors
/// If the query is refused, or answered otherwise than MySQL does.
pub(super) async fn ask<S: Stream>(
    wire: &mut Wire<S>,
    query: &str,
) -> Result<Option<Vec<u8>>, Finding> {
    wire.command(QUERY, query.as_bytes()).await?;
    let answer = next(wire).await?;
    match answer[0] {
        DONE => return Ok(None),
        NULL | END => return Err(foreign(&answer)),
        _ => {}
    }
    // The columns come first, and then the rows; something ends each of the two.
    let (mut are_rows, mut value, mut is_first) = (false, None, true);
    for _ in 0..MAX_PACKETS {
        let packet = next(wire).await?;
        let is_end = packet[0] == END && packet.len() < MAX_END;
        match (are_rows, is_end) {
            (true, true) => return Ok(value),
            (false, true) => are_rows = true,
            (true, false) if is_first => {
                value = first_value(&packet).ok_or_else(|| foreign(&packet))?;
                is_first = false;
            }
            _ => {}
        }
    }
    Err(Finding::down("query with too many answers"))
}

async fn next<S: Stream>(wire: &mut Wire<S>) -> Result<Vec<u8>, Finding> {
    let packet = wire.next().await?;
    match Refusal::read(&packet) {
        Some(refusal) => Err(refusal.down("query refused")),
        None => Ok(packet),
    }
}

/// The first value of a row, each of which has its size before it; nothing inside for none at all.
#[expect(clippy::option_option, reason = "a row without one is not a wrong row")]
fn first_value(row: &[u8]) -> Option<Option<Vec<u8>>> {
    let (first, rest) = row.split_first()?;
    // The size may be a byte itself, or stand in the two or three that follow.
    let width = match first {
        0..NULL => 0,
        &NULL => return Some(None),
        0xfc => 2,
        0xfd => 3,
        _ => return None,
    };
    let (size, rest) = rest.split_at_checked(width)?;
    let size = if width == 0 {
        usize::from(*first)
    } else {
        little(size)
    };
    rest.get(..size).map(|value| Some(value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_has_its_size_before_it() {
        let value = |row: &[u8]| first_value(row);
        assert_eq!(value(b"\x0242\x017"), Some(Some(b"42".to_vec())));
        assert_eq!(value(b"\0"), Some(Some(Vec::new())));
        assert_eq!(value(b"\xfb\x017"), Some(None));
        let long = [b"\xfc\x2c\x01".as_slice(), &[b'x'; 300]].concat();
        assert_eq!(value(&long), Some(Some(vec![b'x'; 300])));
        assert_eq!(value(b"\xfd\x02\0\0ab"), Some(Some(b"ab".to_vec())));
        for wrong in [
            &b""[..],
            b"\x05ab",
            b"\xfc\x01",
            b"\xfe\0\0\0\0\0\0\0\0",
            b"\xff",
        ] {
            assert_eq!(value(wrong), None, "{wrong:?}");
        }
    }
}
