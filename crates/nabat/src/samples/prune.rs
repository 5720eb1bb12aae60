//! Removes what need not be kept any longer, a little at a time.

use std::time::Duration;

use rusqlite::{Connection, Result};

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::Keep;
use super::hour::Hour;
use super::rows::{self, Table};

/// Hours, or days, that are removed from one table at once: about 50 ms each for 10,000 monitors.
const AT_ONCE: usize = 4;

pub(super) fn prune(db: &mut Connection, keep: Keep, now: Timestamp) -> Result<()> {
    let first_kept = |period: Duration| Hour::of(now.before(period));
    // What a day comes to is found from its samples.
    let due = rows::due(db)?.first().map(|day| day.first_hour());
    let samples = first_kept(keep.samples);
    let samples = due.map_or(samples, |due| due.min(samples));
    prune_table(db, Table::Chunks, samples.0)?;
    prune_table(db, Table::Hours, first_kept(keep.hours).0)?;
    if let Some(days) = keep.days {
        prune_table(db, Table::Days, first_kept(days).day().0)?;
    }
    Ok(())
}

/// Removes rows from before the number `first_kept`.
fn prune_table(db: &mut Connection, table: Table, first_kept: i64) -> Result<()> {
    for _ in 0..AT_ONCE {
        match rows::next(db, table, i64::MIN)? {
            Some(number) if number < first_kept => rows::remove(db, table, number)?,
            _ => break,
        }
    }
    Ok(())
}

pub(super) fn forget(db: &mut Connection, monitor: MonitorId) -> Result<()> {
    let transaction = db.transaction()?;
    for table in [Table::Chunks, Table::Hours, Table::Days] {
        rows::forget(&transaction, table, monitor)?;
    }
    transaction.commit()
}
