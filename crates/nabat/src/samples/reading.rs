//! What is read of samples: from the file, from memory, and from what waits to be taken in, as it
//! all was at one moment.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::hour::{Day, Hour, hours as hours_between};
use super::rows::{self, Table};
use super::summary::{Summary, Tally, summarize};
use super::{Sample, SamplesError, Shared, codec, failed, locked};

/// What there is of one monitor at one moment.
struct View<'c> {
    monitor: MonitorId,
    /// None while there is no file.
    db: Option<Transaction<'c>>,
    /// What is not sealed, in the order in which it was put.
    open: BTreeMap<Hour, Vec<Sample>>,
}

/// Looks at a monitor, and shows `show` what there is.
fn look<T>(
    shared: &Shared,
    monitor: MonitorId,
    show: impl FnOnce(&View<'_>) -> rusqlite::Result<T>,
) -> Result<T, SamplesError> {
    let read = failed("read the samples");
    let mut reader = locked(&shared.reader);
    let memory = locked(&shared.memory);
    let db = reader.as_mut().map(snapshot).transpose().map_err(&read)?;
    let mut open: BTreeMap<Hour, Vec<Sample>> = BTreeMap::new();
    for hour in memory.hours() {
        open.insert(hour, memory.samples(hour, monitor));
    }
    for sample in locked(&shared.waiting).iter() {
        if sample.monitor == monitor {
            open.entry(Hour::of(sample.at)).or_default().push(*sample);
        }
    }
    drop(memory);
    open.retain(|_, samples| !samples.is_empty());
    show(&View { monitor, db, open }).map_err(&read)
}

/// Begins to read the file as it is now.
fn snapshot(reader: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    let transaction = reader.transaction()?;
    // Only with its first statement a transaction settles on what it sees.
    rows::next(&transaction, Table::Chunks, 0)?;
    Ok(transaction)
}

impl View<'_> {
    /// All samples of an hour, the oldest first.
    fn samples(&self, hour: Hour) -> rusqlite::Result<Vec<Sample>> {
        let mut samples = Vec::new();
        if let Some(db) = &self.db
            && let Some(chunk) = rows::chunk(db, hour, self.monitor)?
        {
            samples.extend(codec::decode(hour, self.monitor, &chunk));
        }
        samples.extend(self.open.get(&hour).into_iter().flatten());
        samples.sort_by_key(|sample| sample.at);
        Ok(samples)
    }

    /// The first number from `from` on that is in a table or among `others`.
    fn next(
        &self,
        table: Table,
        from: i64,
        others: impl Iterator<Item = i64>,
    ) -> rusqlite::Result<Option<i64>> {
        let stored = match &self.db {
            Some(db) => rows::next(db, table, from)?,
            None => None,
        };
        let others = others.filter(|number| *number >= from);
        Ok(stored.into_iter().chain(others).min())
    }

    /// The first hour from `from` on that is in a table or open.
    fn next_hour(&self, table: Table, from: Hour) -> rusqlite::Result<Option<Hour>> {
        let open = self.open.keys().map(|hour| hour.0);
        Ok(self.next(table, from.0, open)?.map(Hour))
    }
}

pub(super) fn range(
    shared: &Shared,
    monitor: MonitorId,
    from: Timestamp,
    to: Timestamp,
    limit: usize,
) -> Result<Vec<Sample>, SamplesError> {
    look(shared, monitor, |view| {
        let hours = hours_between(from, to);
        let mut found = Vec::new();
        let mut from_hour = hours.start;
        while found.len() < limit
            && let Some(hour) = view.next_hour(Table::Chunks, from_hour)?
            && hour < hours.end
        {
            let samples = view.samples(hour)?.into_iter();
            let wanted = samples.filter(|sample| (from..to).contains(&sample.at));
            found.extend(wanted.take(limit - found.len()));
            from_hour = hour.next();
        }
        Ok(found)
    })
}

pub(super) fn hours(
    shared: &Shared,
    monitor: MonitorId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Summary>, SamplesError> {
    look(shared, monitor, |view| {
        let hours = hours_between(from, to);
        let mut found = Vec::new();
        let mut from_hour = hours.start;
        while let Some(hour) = view.next_hour(Table::Hours, from_hour)?
            && hour < hours.end
        {
            found.extend(match &view.db {
                Some(db) if !view.open.contains_key(&hour) => {
                    rows::summary(db, Table::Hours, hour.0, monitor, hour.begin())?
                }
                _ => summarize(hour.begin(), &view.samples(hour)?),
            });
            from_hour = hour.next();
        }
        Ok(found)
    })
}

pub(super) fn days(
    shared: &Shared,
    monitor: MonitorId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Summary>, SamplesError> {
    look(shared, monitor, |view| {
        let hours = hours_between(from, to);
        let mut due: Vec<Day> = view.open.keys().map(|hour| hour.day()).collect();
        if let Some(db) = &view.db {
            due.extend(rows::due(db)?);
        }
        let mut found = Vec::new();
        let mut number = hours.start.day().0;
        while let Some(next) = view.next(Table::Days, number, due.iter().map(|day| day.0))?
            && Day(next).first_hour() < hours.end
        {
            let day = Day(next);
            found.extend(match &view.db {
                Some(db) if !due.contains(&day) => {
                    rows::summary(db, Table::Days, next, monitor, day.begin())?
                }
                _ => sum_up(view, day)?,
            });
            number = next.saturating_add(1);
        }
        Ok(found)
    })
}

/// What a day comes to of which samples may still come.
fn sum_up(view: &View<'_>, day: Day) -> rusqlite::Result<Option<Summary>> {
    let mut tally = Tally::default();
    let mut hour = day.first_hour();
    while hour < day.end() {
        for sample in view.samples(hour)? {
            tally.add(&sample);
        }
        hour = hour.next();
    }
    Ok(tally.finish(day.begin()))
}
