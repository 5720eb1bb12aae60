//! Seals hours that are over into chunks, and sums up days that are.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, Transaction};

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::hour::{Day, Hour};
use super::rows::{self, Table};
use super::summary::{Tally, summarize};
use super::writer::GRACE;
use super::{SamplesError, Shared, codec, failed, locked};

/// A day is summed up for so many monitors at once: their latencies are in memory meanwhile.
const MONITORS_AT_ONCE: usize = 256;

/// Seals what is over; says whether anything was.
///
/// # Errors
/// When the file can't be written. What is not sealed stays in memory.
pub(super) fn seal(
    db: &mut Connection,
    shared: &Shared,
    now: Timestamp,
) -> Result<bool, SamplesError> {
    let mut sealed = false;
    loop {
        let Some(hour) = locked(&shared.memory).over(now, GRACE) else {
            break;
        };
        seal_hour(db, shared, hour).map_err(failed("seal an hour of samples"))?;
        sealed = true;
    }
    for day in rows::due(db).map_err(failed("read the samples"))? {
        if day.is_over(now, GRACE) {
            sum_up(db, day).map_err(failed("sum up a day of samples"))?;
        }
    }
    Ok(sealed)
}

fn seal_hour(db: &mut Connection, shared: &Shared, hour: Hour) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    let mut bytes = 0;
    let monitors = locked(&shared.memory).monitors(hour);
    for monitor in monitors {
        // After the clock was set back an hour may come a second time.
        let before = rows::chunk(&transaction, hour, monitor)?.unwrap_or_default();
        let mut samples: Vec<_> = codec::decode(hour, monitor, &before).collect();
        samples.extend(locked(&shared.memory).samples(hour, monitor));
        samples.sort_by_key(|sample| sample.at);
        let chunk = codec::encode(hour, &samples);
        rows::put_chunk(&transaction, hour, monitor, &chunk)?;
        if let Some(summary) = summarize(hour.begin(), &samples) {
            rows::put_summary(&transaction, Table::Hours, hour.0, monitor, &summary)?;
        }
        bytes += chunk.len() as u64;
    }
    rows::put_due(&transaction, hour.day())?;
    rows::clear_journal(&transaction, hour)?;
    // Whoever reads sees the hour in one of the two, never in both or in neither.
    let mut memory = locked(&shared.memory);
    transaction.commit()?;
    memory.remove(hour);
    shared.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
    Ok(())
}

fn sum_up(db: &mut Connection, day: Day) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    for monitors in rows::monitors(&transaction, day)?.chunks(MONITORS_AT_ONCE) {
        if let (Some(first), Some(last)) = (monitors.first(), monitors.last()) {
            sum_up_some(&transaction, day, (*first, *last))?;
        }
    }
    rows::remove_due(&transaction, day)?;
    transaction.commit()
}

fn sum_up_some(
    transaction: &Transaction<'_>,
    day: Day,
    monitors: (i64, i64),
) -> rusqlite::Result<()> {
    let mut tallies: BTreeMap<MonitorId, Tally> = BTreeMap::new();
    let mut hour = day.first_hour();
    while hour < day.end() {
        rows::chunks(transaction, hour, monitors, |monitor, bytes| {
            let tally = tallies.entry(monitor).or_default();
            for sample in codec::decode(hour, monitor, bytes) {
                tally.add(&sample);
            }
        })?;
        hour = hour.next();
    }
    for (monitor, tally) in tallies {
        if let Some(summary) = tally.finish(day.begin()) {
            rows::put_summary(transaction, Table::Days, day.0, monitor, &summary)?;
        }
    }
    Ok(())
}
