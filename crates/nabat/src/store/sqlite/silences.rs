//! The rows of silences.

use rusqlite::{Row, Transaction, params};

use nabat_core::matcher;
use nabat_core::silence::{Phase, Silence, SilenceId};

use super::reader::Reader;
use super::rows::{from_json, json, time, unexpected};

/// Keeps a silence as it is now.
pub(super) fn put(tx: &Transaction<'_>, silence: &Silence) -> rusqlite::Result<usize> {
    let (phase, since) = match silence.phase {
        Phase::Pending => ("pending", None),
        Phase::Active { since } => ("active", Some(since)),
        Phase::Expired => ("expired", None),
    };
    tx.prepare_cached(
        "INSERT OR REPLACE INTO silences (id, matchers, starts_at, ends_at, updated_at, created_by,
             comment, annotations, until_resolved, phase, since, origin)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        silence.id.0,
        matcher::list_text(&silence.matchers),
        silence.starts_at.as_millis(),
        silence.ends_at.as_millis(),
        silence.updated_at.as_millis(),
        silence.created_by,
        silence.comment,
        json(&silence.annotations)?,
        silence.until_resolved,
        phase,
        since,
        json(&silence.origin)?,
    ])
}

/// All silences.
pub(super) fn read(all: Reader<'_>) -> rusqlite::Result<Vec<Silence>> {
    all.rows(
        "SELECT id, matchers, starts_at, ends_at, updated_at, created_by, comment, annotations,
                until_resolved, phase, since, origin FROM silences",
        [],
        silence,
    )
}

fn silence(row: &Row<'_>) -> rusqlite::Result<Silence> {
    let matchers: String = row.get(1)?;
    let phase = match row.get_ref(9)?.as_str()? {
        "pending" => Phase::Pending,
        "active" => Phase::Active {
            since: row.get(10)?,
        },
        "expired" => Phase::Expired,
        _ => return Err(unexpected(9)),
    };
    Ok(Silence {
        id: SilenceId(row.get(0)?),
        matchers: matcher::parse_list(&matchers).map_err(|_| unexpected(1))?,
        starts_at: time(row, 2)?,
        ends_at: time(row, 3)?,
        updated_at: time(row, 4)?,
        created_by: row.get(5)?,
        comment: row.get(6)?,
        annotations: from_json(row, 7)?,
        until_resolved: row.get(8)?,
        phase,
        origin: from_json(row, 11)?,
    })
}
