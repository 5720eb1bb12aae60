//! The rows of bots that are not of the configuration.

use rusqlite::{Row, Transaction, params};

use nabat_core::chat::{BotId, BotToken, MadeBot};

use super::reader::Reader;
use super::rows::time;

/// Keeps a bot as it is now.
pub(super) fn put(tx: &Transaction<'_>, bot: &MadeBot) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO bots (id, username, token, made_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        bot.id.0,
        bot.username,
        bot.token.0,
        bot.made_at.as_millis()
    ])
}

/// Forgets a bot.
pub(super) fn remove(tx: &Transaction<'_>, bot: BotId) -> rusqlite::Result<usize> {
    tx.prepare_cached("DELETE FROM bots WHERE id = ?1")?
        .execute([bot.0])
}

/// All of them.
pub(super) fn all(all: Reader<'_>) -> rusqlite::Result<Vec<MadeBot>> {
    all.rows("SELECT id, username, token, made_at FROM bots", [], bot)
}

fn bot(row: &Row<'_>) -> rusqlite::Result<MadeBot> {
    Ok(MadeBot {
        id: BotId(row.get(0)?),
        username: row.get(1)?,
        token: BotToken(row.get(2)?),
        made_at: time(row, 3)?,
    })
}
