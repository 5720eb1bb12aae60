//! What was wrong with the store at the start, what of it is in use again, and where the rest is.

use std::fmt;
use std::path::PathBuf;

/// What became of a store that was not what had been written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What was wrong.
    pub problem: String,
    /// Where the files are kept as they were found; `None` if there was nothing to keep.
    pub kept_as: Option<PathBuf>,
    /// What became of the rows.
    pub outcome: Outcome,
}

/// What became of the rows of a damaged store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All that is in the database is in use; this many of its last writes are not in it.
    Behind {
        /// How many transactions.
        writes: i64,
    },
    /// All is in use but this many rows of which nobody can make sense; they stay in the database.
    LeftOut {
        /// How many.
        rows: u64,
    },
    /// What could be read is in use.
    Salvaged(Vec<Salvaged>),
    /// Nothing could be read: the store begins anew.
    Anew,
}

/// What became of the rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// The table.
    pub table: String,
    /// How many rows were read.
    pub read: u64,
    /// How many of them are in use: neither contradictory nor about what is lost.
    pub kept: u64,
    /// Whether a part of the table could not be read, so that nobody knows how many rows it had.
    pub gaps: bool,
}

impl Salvaged {
    fn lost_some(&self) -> bool {
        self.gaps || self.kept < self.read
    }
}

impl Damage {
    /// Whether something is known, or has to be assumed, to be lost.
    pub fn lost_some(&self) -> bool {
        match &self.outcome {
            Outcome::Behind { .. } | Outcome::LeftOut { .. } | Outcome::Anew => true,
            Outcome::Salvaged(tables) => tables.iter().any(Salvaged::lost_some),
        }
    }
}

/// A few sentences for operators.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nabat found its store damaged: {}. ", self.problem)?;
        match &self.outcome {
            Outcome::Behind { writes } => write!(
                f,
                "The last {writes} changes are lost: its log was damaged or removed, or an older \
                 copy was put in its place. Everything before them is in use."
            )?,
            Outcome::LeftOut { rows } => write!(
                f,
                "{rows} rows are left out, the log says which; all else is in use. Look whether \
                 chats, people and subscriptions are complete, or restore a backup."
            )?,
            Outcome::Anew => f.write_str(
                "Nothing could be read, the store begins anew: chats have to subscribe again, \
                 unless you restore a backup.",
            )?,
            Outcome::Salvaged(tables) => {
                f.write_str("In use again: ")?;
                list(f, tables.iter().filter(|table| table.kept > 0), |table| {
                    format!("{} {}", table.kept, table.table)
                })?;
                f.write_str(". ")?;
                if self.lost_some() {
                    f.write_str("Some could not be read: ")?;
                    list(
                        f,
                        tables.iter().filter(|table| table.lost_some()),
                        |table| table.table.clone(),
                    )?;
                    f.write_str(
                        ". Look whether chats, people and subscriptions are complete, or restore \
                         a backup.",
                    )?;
                } else {
                    f.write_str("Nothing was lost.")?;
                }
            }
        }
        match &self.kept_as {
            Some(path) => write!(f, " What was found is kept as {}.", path.display()),
            None => Ok(()),
        }
    }
}

fn list<'t>(
    f: &mut fmt::Formatter<'_>,
    tables: impl Iterator<Item = &'t Salvaged>,
    text: impl Fn(&Salvaged) -> String,
) -> fmt::Result {
    let texts: Vec<String> = tables.map(text).collect();
    match texts.is_empty() {
        true => f.write_str("nothing"),
        false => f.write_str(&texts.join(", ")),
    }
}
