//! `nabat check`: every mistake of a configuration, before anything is started.

use clap::Args;

use super::file::File;
use super::{Outcome, print};
use crate::{clock, config};

/// Look for mistakes in a configuration, without starting anything
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    file: File,
}

impl Check {
    pub(super) fn run(self) -> Outcome {
        let (file, config) = self.file.load()?;
        let report = config::report(&file.path, &config, clock::now());
        print(&format!("{}\n", report.trim_end()));
        Ok(())
    }
}
