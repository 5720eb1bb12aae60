//! What commands that ask a running Nabat have in common: which one, and how its answer is shown.

use std::io::IsTerminal as _;

use clap::{Args, ValueEnum};

use super::api::Target;
use super::{Outcome, print};

/// How an answer is shown, and whose it is.
#[derive(Debug, Args)]
pub(super) struct How {
    /// For people or for scripts
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) target: Target,
}

/// For whom something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// People.
    Text,
    /// Scripts.
    Json,
}

/// Prints for scripts.
///
/// # Errors
/// When it is no JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Outcome {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?));
    Ok(())
}

/// How wide the terminal is in characters; `None` if there is none, so that nothing is cut.
pub(super) fn width() -> Option<usize> {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let (width, _) = terminal_size::terminal_size_of(out)?;
    Some(usize::from(width.0))
}
