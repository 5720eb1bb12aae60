//! `nabat completions`: what a shell needs to complete commands, made of their definition.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Outcome, print};

/// Print what a shell needs to complete the commands and options of Nabat
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "nabat", &mut script);
        print(&String::from_utf8(script)?);
        Ok(())
    }
}
