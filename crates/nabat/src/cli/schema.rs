//! `nabat schema`: what a configuration may hold, for editors and for the reference.

use clap::Args;

use super::{Outcome, print};
use crate::config;

/// Print the JSON Schema of the configuration, for editors
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Print the reference for people instead, as Markdown
    #[arg(long)]
    markdown: bool,
}

impl Schema {
    pub(super) fn run(self) -> Outcome {
        if self.markdown {
            print(&config::reference_markdown());
        } else {
            let schema = serde_json::to_string_pretty(&config::json_schema())?;
            print(&format!("{schema}\n"));
        }
        Ok(())
    }
}
