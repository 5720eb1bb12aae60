//! `nabat schema`: what a configuration may hold, for editors and for the reference; and the REST
//! API.

use clap::Args;

use super::{Outcome, print};
use crate::{config, web};

/// Print the JSON Schema of the configuration, for editors
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Print the reference for people instead, as Markdown
    #[arg(long)]
    markdown: bool,
    /// Print the OpenAPI document of the REST API instead
    #[arg(long, conflicts_with = "markdown")]
    api: bool,
}

impl Schema {
    pub(super) fn run(self) -> Outcome {
        if self.markdown {
            print(&config::reference_markdown());
            return Ok(());
        }
        let schema = match self.api {
            true => web::api::document(""),
            false => config::json_schema(),
        };
        print(&format!("{}\n", serde_json::to_string_pretty(&schema)?));
        Ok(())
    }
}
