//! For people or for scripts: what commands that speak to a running Nabat have in common.

use clap::{Args, ValueEnum};

use super::api::Target;
use super::{Outcome, print};

#[derive(Debug, Args)]
pub(super) struct How {
    /// For people or for scripts
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

impl Output {
    /// Prints `value`, to people as `text` says it.
    pub(super) fn show<T: serde::Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Outcome {
        match self {
            Self::Json => json(value),
            Self::Text => {
                print(&text(value));
                Ok(())
            }
        }
    }
}

/// Prints it as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Outcome {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?));
    Ok(())
}
