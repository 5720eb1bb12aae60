//! Reads rows such that one that makes no sense keeps none of the others from being read.

use std::cell::Cell;

use rusqlite::{Connection, Row};

/// Reads rows, and counts those that make no sense.
#[derive(Clone, Copy)]
pub(super) struct Reader<'c> {
    pub(super) connection: &'c Connection,
    pub(super) left_out: &'c Cell<u64>,
}

impl Reader<'_> {
    pub(super) fn rows<T>(
        self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let mut statement = self.connection.prepare(sql)?;
        let mut readable = Vec::new();
        for row in statement.query_map(values, read)? {
            match row {
                Ok(value) => readable.push(value),
                Err(failure @ rusqlite::Error::SqliteFailure(..)) => return Err(failure),
                Err(error) => {
                    tracing::error!(%error, sql, "a stored row makes no sense and is left out");
                    self.left_out.set(self.left_out.get() + 1);
                }
            }
        }
        Ok(readable)
    }
}
