//! The rows of monitors, of their history and of signs of life.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use nabat_core::monitor::record::{Edge, Kept, Ping, Record};
use nabat_core::monitor::{MonitorId, State};
use nabat_core::time::Timestamp;

use super::reader::Reader;
use super::rows::{from_json, from_json_if_any, from_text, json, text, time};
use crate::store::{PINGS_KEPT, Watched};

/// Keeps a monitor as it is defined now.
pub(super) fn put(tx: &Transaction<'_>, record: &Record) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT INTO monitors (id, name, origin, definition, key, made_at, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, origin = excluded.origin,
             definition = excluded.definition, key = excluded.key,
             changed_at = excluded.changed_at",
    )?
    .execute(params![
        number(record.id),
        record.name,
        json(&record.origin)?,
        record.definition,
        record.key,
        record.made_at.as_millis(),
        record.changed_at.as_millis(),
    ])?;
    tx.prepare_cached("UPDATE monitor_numbers SET used = max(used, ?1)")?
        .execute([number(record.id)])
}

/// Keeps what is known of a monitor now.
pub(super) fn put_state(
    tx: &Transaction<'_>,
    id: MonitorId,
    state: &State,
) -> rusqlite::Result<usize> {
    tx.prepare_cached("UPDATE monitors SET state = ?2 WHERE id = ?1")?
        .execute(params![number(id), json(state)?])
}

/// Forgets a monitor with all that belongs to it.
pub(super) fn remove(tx: &Transaction<'_>, id: MonitorId) -> rusqlite::Result<usize> {
    for sql in [
        "DELETE FROM edges WHERE monitor = ?1",
        "DELETE FROM pings WHERE monitor = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([number(id)])?;
    }
    tx.prepare_cached("DELETE FROM monitors WHERE id = ?1")?
        .execute([number(id)])
}

/// Keeps an edge instead of those at and after its moment.
pub(super) fn put_edge(tx: &Transaction<'_>, edge: &Edge) -> rusqlite::Result<usize> {
    let at = edge.at.as_millis();
    tx.prepare_cached("DELETE FROM edges WHERE monitor = ?1 AND at >= ?2")?
        .execute(params![number(edge.monitor), at])?;
    tx.prepare_cached("INSERT INTO edges (monitor, at, status, words) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            number(edge.monitor),
            at,
            text(edge.status)?,
            edge.words
        ])
}

/// Forgets the edges that were over before `before`.
pub(super) fn remove_edges(tx: &Transaction<'_>, before: Timestamp) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "DELETE FROM edges WHERE at < (SELECT max(later.at) FROM edges AS later
             WHERE later.monitor = edges.monitor AND later.at <= ?1)",
    )?
    .execute([before.as_millis()])
}

/// Keeps a sign of life, and only so many of one monitor.
pub(super) fn put_ping(tx: &Transaction<'_>, ping: &Ping) -> rusqlite::Result<usize> {
    let oldest = ping.number.saturating_sub(PINGS_KEPT);
    tx.prepare_cached("DELETE FROM pings WHERE monitor = ?1 AND number <= ?2")?
        .execute(params![number(ping.monitor), oldest.cast_signed()])?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO pings (monitor, number, at, said, took_millis, came_from, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        number(ping.monitor),
        ping.number.cast_signed(),
        ping.at.as_millis(),
        ping.said,
        ping.took_millis.map(u64::cast_signed),
        ping.from,
        ping.body,
    ])
}

/// Keeps up to when monitors have been watched.
pub(super) fn put_watched(tx: &Transaction<'_>, until: Timestamp) -> rusqlite::Result<usize> {
    tx.prepare_cached("INSERT OR REPLACE INTO watched (one, until) VALUES (1, ?1)")?
        .execute([until.as_millis()])
}

/// All monitors, up to when they have been watched, and the last number of one.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Watched> {
    let all = Reader {
        connection,
        left_out: &Default::default(),
    };
    let monitors = all.rows(
        "SELECT id, name, origin, definition, key, made_at, changed_at, state,
             (SELECT max(number) FROM pings WHERE monitor = monitors.id)
         FROM monitors ORDER BY id",
        [],
        kept,
    )?;
    let until = connection
        .query_row("SELECT until FROM watched", [], |row| time(row, 0))
        .optional()?;
    let used: i64 =
        connection.query_row("SELECT used FROM monitor_numbers", [], |row| row.get(0))?;
    Ok(Watched {
        monitors,
        until,
        numbers_used: used.cast_unsigned(),
    })
}

/// The edges of one monitor from `since` on, and the last one before.
pub(super) fn edges(
    connection: &Connection,
    id: MonitorId,
    since: Timestamp,
) -> rusqlite::Result<Vec<Edge>> {
    connection
        .prepare_cached(
            "SELECT at, status, words FROM edges WHERE monitor = ?1 AND at >= coalesce(
                 (SELECT max(at) FROM edges WHERE monitor = ?1 AND at < ?2), ?2)
             ORDER BY at",
        )?
        .query_map(params![number(id), since.as_millis()], |row| {
            Ok(Edge {
                monitor: id,
                at: time(row, 0)?,
                status: from_text(row, 1)?,
                words: row.get(2)?,
            })
        })?
        .collect()
}

/// The last signs of life of a monitor, the newest first.
pub(super) fn pings(
    connection: &Connection,
    id: MonitorId,
    limit: usize,
) -> rusqlite::Result<Vec<Ping>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "SELECT number, at, said, took_millis, came_from, body FROM pings
             WHERE monitor = ?1 ORDER BY number DESC LIMIT ?2",
        )?
        .query_map(params![number(id), limit], |row| {
            Ok(Ping {
                monitor: id,
                number: row.get::<_, i64>(0)?.cast_unsigned(),
                at: time(row, 1)?,
                said: row.get(2)?,
                took_millis: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
                from: row.get(4)?,
                body: row.get(5)?,
            })
        })?
        .collect()
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        record: Record {
            id: MonitorId(row.get::<_, i64>(0)?.cast_unsigned()),
            name: row.get(1)?,
            origin: from_json(row, 2)?,
            definition: row.get(3)?,
            key: row.get(4)?,
            made_at: time(row, 5)?,
            changed_at: time(row, 6)?,
        },
        // Of a state that makes no sense any more the monitor begins anew.
        state: from_json_if_any(row, 7).unwrap_or_default(),
        pings: row.get::<_, Option<i64>>(8)?.map_or(0, i64::cast_unsigned),
    })
}

/// The monitor whose number stands in a column, if one does.
pub(super) fn id_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<MonitorId>> {
    let number: Option<i64> = row.get(column)?;
    Ok(number.map(|number| MonitorId(number.cast_unsigned())))
}

/// How the number of a monitor is stored.
pub(super) fn number(id: MonitorId) -> i64 {
    id.0.cast_signed()
}
