//! Every statement about the history of deliveries.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params, params_from_iter};

use nabat_core::change::Change;
use nabat_core::delivery::{Attempt, DeliveryId, Done};

use super::rows::{destination, from_text, text, time};
use crate::store::{Keep, Query, Record};

const COLUMNS: &str = "SELECT id, destination, subject, priority, fate, attempts, created_at,
     done_at, (SELECT words FROM attempts WHERE delivery = deliveries.id
               ORDER BY number DESC LIMIT 1)
     FROM deliveries";

/// Notes an attempt, or what became of a delivery in the end.
pub(super) fn apply(tx: &Transaction<'_>, change: &Change) -> rusqlite::Result<usize> {
    match change {
        Change::DeliveryDone(done) => put_done(tx, done),
        Change::Attempt(attempt) => tx
            .prepare_cached(
                "INSERT OR REPLACE INTO attempts (delivery, number, at, fate, words)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                attempt.delivery.0,
                attempt.number,
                attempt.at.as_millis(),
                text(attempt.fate)?,
                attempt.words
            ]),
        // Of what ended without a trace in the history the attempts are no use either.
        Change::DeliveryGone(id) => tx
            .prepare_cached(
                "DELETE FROM attempts WHERE delivery = ?1
                   AND NOT EXISTS (SELECT 1 FROM deliveries WHERE id = ?1)",
            )?
            .execute([id.0]),
        _ => Ok(0),
    }
}

fn put_done(tx: &Transaction<'_>, done: &Done) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO deliveries (id, destination, subject, priority, fate, attempts,
             created_at, done_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        done.id.0,
        done.destination.to_string(),
        done.subject,
        text(done.priority)?,
        text(done.fate)?,
        done.attempts,
        done.created_at.as_millis(),
        done.done_at.as_millis(),
    ])
}

pub(super) fn deliveries(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Record>> {
    let before = query.before.map_or(i64::MAX, |id| id.0);
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut sql = format!("{COLUMNS} WHERE id < ?");
    let mut values = vec![Value::from(before)];
    if let Some(destination) = query.destination {
        sql.push_str(" AND destination = ?");
        values.push(destination.to_string().into());
    }
    if !query.fates.is_empty() {
        let marks = vec!["?"; query.fates.len()].join(", ");
        sql.push_str(&format!(" AND fate IN ({marks})"));
        for fate in &query.fates {
            values.push(text(fate)?.into());
        }
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    values.push(limit.into());
    connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), record)?
        .collect()
}

pub(super) fn delivery(
    connection: &Connection,
    id: DeliveryId,
) -> rusqlite::Result<Option<Record>> {
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE id = ?"))?
        .query_row([id.0], record)
        .optional()
}

pub(super) fn attempts(connection: &Connection, id: DeliveryId) -> rusqlite::Result<Vec<Attempt>> {
    connection
        .prepare_cached(
            "SELECT number, at, fate, words FROM attempts WHERE delivery = ?1 ORDER BY number",
        )?
        .query_map([id.0], |row| {
            Ok(Attempt {
                delivery: id,
                number: row.get(0)?,
                at: time(row, 1)?,
                fate: from_text(row, 2)?,
                words: row.get(3)?,
            })
        })?
        .collect()
}

/// Forgets at most `limit` deliveries that need not be kept, with their attempts.
pub(super) fn prune(tx: &Transaction<'_>, keep: Keep, limit: usize) -> rusqlite::Result<usize> {
    let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let rows: i64 = tx.query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0))?;
    let outdated: i64 = tx.query_row(
        "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE done_at < ?1 LIMIT ?2)",
        params![keep.since.as_millis(), signed(limit)],
        |row| row.get(0),
    )?;
    let gone = outdated.max(rows - signed(keep.rows)).min(signed(limit));
    if gone <= 0 {
        return Ok(0);
    }
    let oldest = "(SELECT id FROM deliveries ORDER BY done_at, id LIMIT ?1)";
    tx.execute(
        &format!("DELETE FROM attempts WHERE delivery IN {oldest}"),
        [gone],
    )?;
    tx.execute(
        &format!("DELETE FROM deliveries WHERE id IN {oldest}"),
        [gone],
    )
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        done: Done {
            id: DeliveryId(row.get(0)?),
            destination: destination(row, 1)?,
            subject: row.get(2)?,
            priority: from_text(row, 3)?,
            fate: from_text(row, 4)?,
            attempts: row.get(5)?,
            created_at: time(row, 6)?,
            done_at: time(row, 7)?,
        },
        last_error: row.get(8)?,
    })
}
