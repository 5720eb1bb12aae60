//! The statements of the samples' file.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Result, Row};

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::hour::{Day, Hour};
use super::summary::{Counts, Latency, Summary};

/// A table with rows for a number of an hour or a day and a monitor.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Chunks,
    Hours,
    Days,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Chunks => "chunks",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }
}

pub(super) fn append(db: &Connection, hour: Hour, samples: &[u8]) -> Result<()> {
    db.prepare_cached("INSERT INTO journal (hour, samples) VALUES (?1, ?2)")?
        .execute((hour.0, samples))
        .map(drop)
}

/// Shows `show` all of the journal, the oldest first.
pub(super) fn replay(db: &Connection, mut show: impl FnMut(Hour, &[u8])) -> Result<()> {
    let mut statement = db.prepare("SELECT hour, samples FROM journal ORDER BY number")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        show(Hour(row.get(0)?), row.get_ref(1)?.as_blob()?);
    }
    Ok(())
}

pub(super) fn clear_journal(db: &Connection, hour: Hour) -> Result<()> {
    db.execute("DELETE FROM journal WHERE hour = ?1", [hour.0])
        .map(drop)
}

pub(super) fn put_chunk(
    db: &Connection,
    hour: Hour,
    monitor: MonitorId,
    samples: &[u8],
) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO chunks (number, monitor, samples) VALUES (?1, ?2, ?3)",
    )?
    .execute((hour.0, monitor.0.cast_signed(), samples))
    .map(drop)
}

pub(super) fn chunk(db: &Connection, hour: Hour, monitor: MonitorId) -> Result<Option<Vec<u8>>> {
    db.prepare_cached("SELECT samples FROM chunks WHERE number = ?1 AND monitor = ?2")?
        .query_row((hour.0, monitor.0.cast_signed()), |row| row.get(0))
        .optional()
}

/// Whose chunks there are of the hours of a day, in order.
pub(super) fn monitors(db: &Connection, day: Day) -> Result<Vec<i64>> {
    db.prepare_cached(
        "SELECT DISTINCT monitor FROM chunks WHERE number >= ?1 AND number < ?2 ORDER BY monitor",
    )?
    .query_map((day.first_hour().0, day.end().0), |row| row.get(0))?
    .collect()
}

/// Shows `show` the chunks of an hour of the monitors from `first` to `last`.
pub(super) fn chunks(
    db: &Connection,
    hour: Hour,
    (first, last): (i64, i64),
    mut show: impl FnMut(MonitorId, &[u8]),
) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT monitor, samples FROM chunks WHERE number = ?1 AND monitor BETWEEN ?2 AND ?3",
    )?;
    let mut rows = statement.query((hour.0, first, last))?;
    while let Some(row) = rows.next()? {
        let monitor = MonitorId(row.get::<_, i64>(0)?.cast_unsigned());
        show(monitor, row.get_ref(1)?.as_blob()?);
    }
    Ok(())
}

pub(super) fn put_summary(
    db: &Connection,
    table: Table,
    number: i64,
    monitor: MonitorId,
    summary: &Summary,
) -> Result<()> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let micros = |of: fn(&Latency) -> Duration| {
        let latency = summary.latency.as_ref().map(of);
        latency.map(|latency| i64::try_from(latency.as_micros()).unwrap_or(i64::MAX))
    };
    let name = table.name();
    db.prepare_cached(&format!(
        "INSERT OR REPLACE INTO {name} (number, monitor, up, degraded, down, unknown, loss, min, max, mean, p50, p95, p99)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    ))?
    .execute((
        number,
        monitor.0.cast_signed(),
        count(summary.counts.up),
        count(summary.counts.degraded),
        count(summary.counts.down),
        count(summary.counts.unknown),
        summary.loss_percent,
        micros(|latency| latency.min),
        micros(|latency| latency.max),
        micros(|latency| latency.mean),
        micros(|latency| latency.p50),
        micros(|latency| latency.p95),
        micros(|latency| latency.p99),
    ))
    .map(drop)
}

/// What an hour or a day, which began at `at`, came to.
pub(super) fn summary(
    db: &Connection,
    table: Table,
    number: i64,
    monitor: MonitorId,
    at: Timestamp,
) -> Result<Option<Summary>> {
    let name = table.name();
    db.prepare_cached(&format!(
        "SELECT up, degraded, down, unknown, loss, min, max, mean, p50, p95, p99 FROM {name}
         WHERE number = ?1 AND monitor = ?2"
    ))?
    .query_row((number, monitor.0.cast_signed()), |row| {
        read_summary(row, at)
    })
    .optional()
}

fn read_summary(row: &Row<'_>, at: Timestamp) -> Result<Summary> {
    let count = |column: usize| -> Result<u64> { Ok(row.get::<_, i64>(column)?.cast_unsigned()) };
    let micros = |column: usize| -> Result<Option<Duration>> {
        let micros: Option<i64> = row.get(column)?;
        Ok(micros.map(|micros| Duration::from_micros(micros.cast_unsigned())))
    };
    let mut latency = None;
    if let (Some(min), Some(max), Some(mean), Some(p50), Some(p95), Some(p99)) = (
        micros(5)?,
        micros(6)?,
        micros(7)?,
        micros(8)?,
        micros(9)?,
        micros(10)?,
    ) {
        latency = Some(Latency {
            min,
            max,
            mean,
            p50,
            p95,
            p99,
        });
    }
    Ok(Summary {
        at,
        counts: Counts {
            up: count(0)?,
            degraded: count(1)?,
            down: count(2)?,
            unknown: count(3)?,
        },
        latency,
        loss_percent: row.get(4)?,
    })
}

/// The first hour or day from `number` on of which a table has a row.
pub(super) fn next(db: &Connection, table: Table, number: i64) -> Result<Option<i64>> {
    let name = table.name();
    db.prepare_cached(&format!(
        "SELECT min(number) FROM {name} WHERE number >= ?1"
    ))?
    .query_row([number], |row| row.get(0))
}

/// Removes all rows of an hour or a day.
pub(super) fn remove(db: &Connection, table: Table, number: i64) -> Result<()> {
    let name = table.name();
    db.prepare_cached(&format!("DELETE FROM {name} WHERE number = ?1"))?
        .execute([number])
        .map(drop)
}

/// Removes the rows of a monitor.
pub(super) fn forget(db: &Connection, table: Table, monitor: MonitorId) -> Result<()> {
    let name = table.name();
    let mut delete = db.prepare_cached(&format!(
        "DELETE FROM {name} WHERE number = ?1 AND monitor = ?2"
    ))?;
    let mut from = i64::MIN;
    while let Some(number) = next(db, table, from)? {
        delete.execute((number, monitor.0.cast_signed()))?;
        from = number.saturating_add(1);
    }
    Ok(())
}

pub(super) fn put_due(db: &Connection, day: Day) -> Result<()> {
    db.execute(
        "INSERT OR IGNORE INTO days_due (number) VALUES (?1)",
        [day.0],
    )
    .map(drop)
}

pub(super) fn remove_due(db: &Connection, day: Day) -> Result<()> {
    db.execute("DELETE FROM days_due WHERE number = ?1", [day.0])
        .map(drop)
}

/// The days that wait to be summed up, the oldest first.
pub(super) fn due(db: &Connection) -> Result<Vec<Day>> {
    db.prepare_cached("SELECT number FROM days_due ORDER BY number")?
        .query_map([], |row| row.get(0).map(Day))?
        .collect()
}
