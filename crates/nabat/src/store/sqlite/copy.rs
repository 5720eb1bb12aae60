//! Copies what can be read of one table of a damaged store into a new one.
//!
//! SQLite ends a scan at the first page that it can't read. The scan is taken up again behind
//! that page, which is found by trying keys further and further on; at last the table is read
//! backwards, for what lies behind pages where no key helps.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Row, ToSql, params_from_iter};

/// With more unreadable places than this a table is not worth the time.
const GAPS_MAX: u32 = 10_000;

/// A table as it is declared.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// The leading column of its order.
    key: String,
    /// Whether the key is a number, so that the scan can be taken up anywhere.
    numbered: bool,
    /// What is read, in the order in which it is written.
    columns: Vec<String>,
}

/// What became of a table's rows.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Copied {
    /// Rows that the new store did not take.
    pub(super) refused: u64,
    /// Whether a part could not be read.
    pub(super) gaps: bool,
}

/// The tables of the new store.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    names
        .into_iter()
        .map(|name| describe(connection, name))
        .collect()
}

fn describe(connection: &Connection, name: String) -> rusqlite::Result<Table> {
    let declared: Vec<(String, String, i64)> = connection
        .prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?
        .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut columns: Vec<String> = declared.iter().map(|(name, ..)| name.clone()).collect();
    let leading = declared.into_iter().find(|(_, _, place)| *place == 1);
    let (key, numbered) = match leading {
        Some((key, kind, _)) => (key, kind == "INTEGER"),
        None => {
            columns.insert(0, "rowid".to_owned());
            ("rowid".to_owned(), true)
        }
    };
    Ok(Table {
        name,
        key,
        numbered,
        columns,
    })
}

/// Copies what can be read.
///
/// # Errors
/// When the new store can't be written; a mistake of the old one is no error.
pub(super) fn copy(from: &Connection, to: &Connection, table: &Table) -> rusqlite::Result<Copied> {
    let mut copied = Copied::default();
    let mut begin = None;
    for _ in 0..GAPS_MAX {
        let Scan::BrokenAfter(last) = run(from, to, table, begin, false, &mut copied)? else {
            break;
        };
        copied.gaps = true;
        // A key that makes no sense may be lower than where the scan began.
        let read_up_to = last.max(begin).unwrap_or(0);
        begin = read_up_to
            .checked_add(1)
            .filter(|_| table.numbered)
            .and_then(|next| behind_the_gap(from, table, next));
        if begin.is_none() {
            break;
        }
    }
    if copied.gaps {
        run(from, to, table, None, true, &mut copied)?;
    }
    Ok(copied)
}

/// How far a table could be read.
enum Scan {
    Whole,
    /// The key of the last row that was read, if any was and if it is a number.
    BrokenAfter(Option<i64>),
}

/// Copies rows in order until the end or until one can't be read.
fn run(
    from: &Connection,
    to: &Connection,
    table: &Table,
    begin: Option<i64>,
    backwards: bool,
    copied: &mut Copied,
) -> rusqlite::Result<Scan> {
    let (name, key, columns) = (&table.name, &table.key, table.columns.join(", "));
    let lower = begin.map_or(String::new(), |begin| format!("WHERE {key} >= {begin}"));
    let order = if backwards { "DESC" } else { "ASC" };
    let source =
        format!("SELECT {key}, {columns} FROM {name} NOT INDEXED {lower} ORDER BY {key} {order}");
    let marks = vec!["?"; table.columns.len()].join(", ");
    let mut insert = to.prepare_cached(&format!(
        "INSERT OR REPLACE INTO {name} ({columns}) VALUES ({marks})"
    ))?;
    let mut last = None;
    let Ok(mut statement) = from.prepare(&source) else {
        return Ok(Scan::BrokenAfter(last));
    };
    let mut rows = statement.query([])?;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(Scan::Whole),
            Err(_) => return Ok(Scan::BrokenAfter(last)),
        };
        last = row.get(0).ok().or(last);
        match insert.execute(params_from_iter(values(row, table.columns.len())?)) {
            Ok(_) => {}
            // What the table's own rules forbid was never written.
            Err(error) if is_refusal(&error) => copied.refused += 1,
            Err(error) => return Err(error),
        }
    }
}

fn values<'r>(row: &'r Row<'_>, count: usize) -> rusqlite::Result<Vec<ToSqlOutput<'r>>> {
    (1..=count)
        .map(|column| row.get_ref(column).map(ToSqlOutput::Borrowed))
        .collect()
}

fn is_refusal(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

/// The lowest key from `begin` on behind which rows can be read; `None` if there is none.
fn behind_the_gap(from: &Connection, table: &Table, begin: i64) -> Option<i64> {
    let sql = format!(
        "SELECT {columns} FROM {} NOT INDEXED WHERE {key} >= ?1 ORDER BY {key} LIMIT 1",
        table.name,
        columns = table.columns.join(", "),
        key = table.key,
    );
    let mut statement = from.prepare(&sql).ok()?;
    let mut readable = |key: i64| {
        let found = statement.query([&key as &dyn ToSql]);
        found.and_then(|mut rows| rows.next().map(|_| ())).is_ok()
    };
    if readable(begin) {
        return Some(begin);
    }
    let mut bad = begin;
    let mut good = (0..63)
        .map_while(|power| begin.checked_add(1 << power))
        .find(|key| {
            let found = readable(*key);
            if !found {
                bad = *key;
            }
            found
        })?;
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        if readable(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(good)
}
