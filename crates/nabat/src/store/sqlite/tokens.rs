//! The rows of tokens.

use rusqlite::{Connection, Row, Transaction, params};

use nabat_core::matcher;
use nabat_core::time::Timestamp;
use nabat_core::token::Token;

use super::reader::Reader;
use super::rows::{from_text, text, time, time_if_any, unexpected};

/// Keeps a token as it is now.
pub(super) fn put(tx: &Transaction<'_>, token: &Token) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO tokens
             (name, digest, role, scope, created_at, expires_at, used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        token.name,
        token.digest,
        text(token.role)?,
        matcher::list_text(&token.scope),
        token.created_at.as_millis(),
        token.expires_at.map(Timestamp::as_millis),
        token.used_at.map(Timestamp::as_millis),
    ])
}

/// Forgets a token.
pub(super) fn remove(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<usize> {
    tx.prepare_cached("DELETE FROM tokens WHERE name = ?1")?
        .execute([name])
}

/// All tokens, by name. One whose row makes no sense admits to nothing.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Token>> {
    let all = Reader {
        connection,
        left_out: &Default::default(),
    };
    all.rows(
        "SELECT name, digest, role, scope, created_at, expires_at, used_at
         FROM tokens ORDER BY name",
        [],
        token,
    )
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let scope: String = row.get(3)?;
    Ok(Token {
        name: row.get(0)?,
        digest: row.get(1)?,
        role: from_text(row, 2)?,
        scope: matcher::parse_list(&scope).map_err(|_| unexpected(3))?,
        created_at: time(row, 4)?,
        expires_at: time_if_any(row, 5)?,
        used_at: time_if_any(row, 6)?,
    })
}
