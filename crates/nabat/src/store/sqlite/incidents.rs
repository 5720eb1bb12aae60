//! Every statement about the history of incidents.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use nabat_core::history::{Entry, EntryId};
use nabat_core::incident::{Incident, IncidentId, title_of};
use nabat_core::subscription::SubscriptionId;
use nabat_core::subscription::index::Index;
use nabat_core::time::Timestamp;
use nabat_core::token::covers;

use super::rows::{INCIDENT_COLUMNS, from_json, incident, json, time};
use crate::store::{IncidentPage, IncidentQuery, Keep};

/// How many incidents are looked at for one page. Then the page ends, and the next goes on there.
const LOOKED_AT_MAX: usize = 20_000;

pub(super) fn put_entry(tx: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO entries (incident, id, at, what) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        entry.incident.0,
        entry.id.0,
        entry.at.as_millis(),
        json(&entry.what)?
    ])
}

pub(super) fn page(
    connection: &Connection,
    query: &IncidentQuery,
) -> rusqlite::Result<IncidentPage> {
    let sql = format!(
        "SELECT {INCIDENT_COLUMNS} FROM incidents
         WHERE id < ?1 AND opened_at <= ?2 AND (ended_at IS NULL OR ended_at >= ?3)
           AND (?4 IS NULL OR (ended_at IS NULL) = ?4)
         ORDER BY id DESC"
    );
    let until = query.until.map_or(i64::MAX, Timestamp::as_millis);
    let since = query.since.map_or(i64::MIN, Timestamp::as_millis);
    let before = query.before.map_or(i64::MAX, |id| id.0);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![before, until, since, query.open])?;
    let selector = query.selector.as_ref();
    let wanted = selector.map(|selector| Index::new([(SubscriptionId::default(), selector)]));
    let mut page = IncidentPage::default();
    let mut looked_at = 0;
    while let Some(row) = rows.next()? {
        let found = incident(row)?;
        if page.incidents.len() >= query.limit || looked_at >= LOOKED_AT_MAX {
            page.next = Some(IncidentId(found.id.0.saturating_add(1)));
            break;
        }
        looked_at += 1;
        let is_selected = wanted.as_ref().is_none_or(|wanted| selects(wanted, &found));
        if is_selected && covers(&query.scope, &found.labels) {
            page.incidents.push(found);
        }
    }
    Ok(page)
}

fn selects(wanted: &Index, incident: &Incident) -> bool {
    let title = title_of(&incident.labels, &incident.annotations);
    !wanted.find(&incident.labels, &title).is_empty()
}

pub(super) fn one(connection: &Connection, id: IncidentId) -> rusqlite::Result<Option<Incident>> {
    let sql = format!("SELECT {INCIDENT_COLUMNS} FROM incidents WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row([id.0], incident).optional()
}

pub(super) fn entries(connection: &Connection, id: IncidentId) -> rusqlite::Result<Vec<Entry>> {
    connection
        .prepare_cached("SELECT id, at, what FROM entries WHERE incident = ?1 ORDER BY id")?
        .query_map([id.0], |row| {
            Ok(Entry {
                id: EntryId(row.get(0)?),
                incident: id,
                at: time(row, 1)?,
                what: from_json(row, 2)?,
            })
        })?
        .collect()
}

/// Forgets at most `limit` incidents that ended, that no card shows and that need not be kept, with
/// what happened to them.
pub(super) fn prune(tx: &Transaction<'_>, keep: Keep, limit: usize) -> rusqlite::Result<usize> {
    let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let ended: i64 = tx.query_row(
        "SELECT count(*) FROM incidents WHERE ended_at IS NOT NULL",
        [],
        |row| row.get(0),
    )?;
    let beyond = (ended - signed(keep.rows)).max(0);
    let gone: Vec<i64> = tx
        .prepare_cached(
            "SELECT id FROM (
                 SELECT id, ended_at, row_number() OVER (ORDER BY ended_at, id) AS place
                 FROM incidents WHERE ended_at IS NOT NULL
                 ORDER BY ended_at, id LIMIT max(?1, ?2))
             WHERE (ended_at < ?3 OR place <= ?2)
               AND NOT EXISTS (SELECT 1 FROM ledger WHERE incident = id)
             LIMIT ?1",
        )?
        .query_map(
            params![signed(limit), beyond, keep.since.as_millis()],
            |row| row.get(0),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let mut incidents = tx.prepare_cached("DELETE FROM incidents WHERE id = ?1")?;
    let mut entries = tx.prepare_cached("DELETE FROM entries WHERE incident = ?1")?;
    for id in &gone {
        incidents.execute([id])?;
        entries.execute([id])?;
    }
    Ok(gone.len())
}
