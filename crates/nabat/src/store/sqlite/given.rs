//! The rows of answers that are given again, and how many of them there may be.

use std::time::Duration;

use rusqlite::{Connection, Row, Transaction, params};

use nabat_core::change::Given;
use nabat_core::time::Timestamp;

use super::reader::Reader;
use super::rows::time;
use crate::store::{GIVEN_BYTES_KEPT_OF_ONE, GIVEN_KEPT, GIVEN_KEPT_FOR, GIVEN_KEPT_OF_ONE};

/// Keeps an answer, and of all of them only those of late and not too many.
pub(super) fn put(tx: &Transaction<'_>, given: &Given) -> rusqlite::Result<usize> {
    let put = tx
        .prepare_cached(
            "INSERT OR REPLACE INTO given (number, asker, key, print, at, status, body)
             VALUES ((SELECT coalesce(max(number), 0) + 1 FROM given), ?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            given.asker,
            given.key,
            given.print,
            given.at.as_millis(),
            given.status,
            given.body,
        ])?;
    let old = |kept_for: Duration| given.at.before(kept_for).as_millis();
    tx.prepare_cached(
        "DELETE FROM given WHERE at <= ?1
             OR number <= (SELECT max(number) FROM given) - ?2",
    )?
    .execute(params![old(GIVEN_KEPT_FOR), GIVEN_KEPT.cast_signed()])?;
    tx.prepare_cached(
        "DELETE FROM given WHERE number IN (
             SELECT number FROM (
                 SELECT number, row_number() OVER newest AS place,
                     sum(length(body)) OVER newest AS bytes
                 FROM given WHERE asker = ?1
                 WINDOW newest AS (ORDER BY number DESC))
             WHERE place > ?2 OR (place > 1 AND bytes > ?3))",
    )?
    .execute(params![
        given.asker,
        GIVEN_KEPT_OF_ONE.cast_signed(),
        GIVEN_BYTES_KEPT_OF_ONE.cast_signed(),
    ])?;
    Ok(put)
}

/// Those of after `since`, the oldest first.
pub(super) fn since(connection: &Connection, since: Timestamp) -> rusqlite::Result<Vec<Given>> {
    let all = Reader {
        connection,
        left_out: &Default::default(),
    };
    all.rows(
        "SELECT asker, key, print, at, status, body FROM given WHERE at > ?1 ORDER BY number",
        [since.as_millis()],
        given,
    )
}

fn given(row: &Row<'_>) -> rusqlite::Result<Given> {
    Ok(Given {
        asker: row.get(0)?,
        key: row.get(1)?,
        print: row.get(2)?,
        at: time(row, 3)?,
        status: row.get(4)?,
        body: row.get(5)?,
    })
}
